//! What people did, for a list of its own: who, what, when. The facts are the truth; here is where to look.

use serde::{Deserialize, Serialize};
use timbre_core::{Timestamp, thousands};

use crate::apply::Stand;
use crate::index::decode;
use crate::overlay::Overlay;
use crate::{Fact, Reader, StoreError, VouchedUndone, key};

/// One act of a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    /// Its place among the facts.
    pub sequence: u64,
    pub at: Timestamp,
    pub who: String,
    pub what: String,
    /// The documents it was about, the first ones of many.
    pub documents: Vec<String>,
    /// How many those were.
    pub count: u64,
}

/// Some of them, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Acts {
    pub rows: Vec<Act>,
    /// Ask for older ones with it; there may be none.
    pub next: Option<u64>,
}

/// As many documents as an act names in a list; its fact names all.
const NAMED: usize = 20;

/// As many acts as are looked at for one page.
const LOOKED_AT: usize = 20_000;

pub(crate) fn note(on: &mut Overlay<'_>, fact: &Fact, stand: Stand) -> Result<(), StoreError> {
    let (who, what, documents) = match fact {
        Fact::Acted { who, what, documents } => (who, what.clone(), documents.as_slice()),
        Fact::IssuingUnlocked { who, used_up_to, unasked, .. } => {
            let used = used_up_to.iter().map(|(series, last)| match last {
                0 => format!("; del tipo {series}, ninguno más"),
                last => format!("; del tipo {series}, usados hasta el {}", thousands(*last)),
            });
            let unasked = unasked.iter().map(|why| format!("; sin haber podido preguntar: {why}"));
            let said: String = used.chain(unasked).collect();
            (who, format!("Desbloquear la emisión{said}"), [].as_slice())
        }
        Fact::ClockAccepted { who, offset_seconds } => {
            (who, format!("Aceptar el reloj con {offset_seconds} s de diferencia"), [].as_slice())
        }
        Fact::StampsResumed { who, last } => (
            who,
            format!("Seguir emitiendo, aunque el último documento se selló a las {last}"),
            [].as_slice(),
        ),
        Fact::VouchedUndone(VouchedUndone { key, who, why, total }) => {
            let what = format!("Deshacer la venta con voucher «{key}», por {total}: {why}");
            (who, what, [].as_slice())
        }
        _ => return Ok(()),
    };
    let act = Act {
        sequence: stand.sequence,
        at: stand.at,
        who: who.clone(),
        what,
        documents: documents.iter().take(NAMED).map(ToString::to_string).collect(),
        count: documents.len() as u64,
    };
    on.put_json(key::act(stand.sequence), &act)
}

impl Reader {
    /// At most `limit` acts older than `before`, the newest first, in which each word of `words` is found (who,
    /// what, a document's name), whatever its case.
    pub fn acts(&self, words: &str, before: Option<u64>, limit: usize) -> Result<Acts, StoreError> {
        let words: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
        let last = match before {
            Some(0) => return Ok(Acts::default()),
            Some(before) => before - 1,
            None => u64::MAX,
        };
        self.view.ask(|entries| {
            let mut acts = Acts::default();
            for (n, entry) in entries.between_back(key::act(0), key::act(last)).enumerate() {
                let act: Act = decode(&entry?.1)?;
                // The last one that was looked at, so that the next page goes on behind it.
                acts.next = Some(act.sequence);
                let text = [act.who.as_str(), &act.what, &act.documents.join(" ")].join(" ").to_lowercase();
                if words.iter().all(|word| text.contains(word)) {
                    acts.rows.push(act);
                }
                if acts.rows.len() == limit || n + 1 == LOOKED_AT {
                    return Ok(acts);
                }
            }
            acts.next = None;
            Ok(acts)
        })
    }
}
