//! What tills remember of this folder: the last folios that they were given. A till that was given one which the journal
//! does not know tells of an older copy, also where the anchor was put back with it (reliability.md 5.3, layer 2).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use timbre_core::{DocumentId, GrantId, Refusal, Series, thousands};

use crate::index::Keys;
use crate::live::{Counter, Live};
use crate::overlay::Overlay;
use crate::{LockReason, Locked, Reader, StoreError, key};

/// A till's word that it was given a folio. It may err, so that it decides nothing: a person does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    pub till: String,
    pub series: Series,
    pub grant: GrantId,
    pub number: u64,
}

/// What a till's word is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// The journal has used that folio, too.
    Known,
    /// No range that was ever loaded here has it.
    Outside,
    /// The journal does not know that it was used.
    News(Said),
    /// The same; but a person went on below what this till said of this range before, and it locks nothing any more.
    Disbelieved,
}

impl Reader {
    /// Weighs the word of a till that it was given a folio.
    pub fn hear(&self, till: &str, seen: &DocumentId) -> Heard {
        self.live().hear(till, seen)
    }

    /// The lock that these words ask for, with all that was said before; `None` where they are nothing new. For the
    /// writer: [`Fact::IssuingLocked`](crate::Fact::IssuingLocked) has it.
    pub fn lock_for(&self, said: &[Said]) -> Option<Locked> {
        self.live().lock_for(said)
    }
}

impl Live {
    fn hear(&self, till: &str, seen: &DocumentId) -> Heard {
        let mut own = self.grants().filter(|row| row.grant.series == seen.series);
        let Some(row) = own.find(|row| (row.first..=row.last).contains(&seen.number)) else {
            return Heard::Outside;
        };
        let grant = row.grant.id.clone();
        match self.counter(&grant) {
            Some(counter) if seen.number < counter.next => Heard::Known,
            Some(counter) if counter.disbelieved.iter().any(|name| name == till) => Heard::Disbelieved,
            Some(_) | None => Heard::News(Said {
                till: till.to_owned(),
                series: seen.series.clone(),
                grant,
                number: seen.number,
            }),
        }
    }

    /// One word of each till about a range: it issues nothing while it is locked, and so was given nothing since. Where it
    /// is locked for another reason that one stands, and who unlocks sees the tills' words with it.
    pub(crate) fn lock_for(&self, said: &[Said]) -> Option<Locked> {
        let ours = || Locked { reason: LockReason::TillAhead, beyond: Vec::new(), said: Vec::new() };
        let lock = self.locked().cloned().unwrap_or_else(ours);
        let reason = match lock.reason {
            // True of this machine alone, and no fact of the journal.
            LockReason::AnchorMissing => LockReason::TillAhead,
            reason => reason,
        };
        let mut all = lock.said.clone();
        let before = all.len();
        for word in said {
            let id = DocumentId { series: word.series.clone(), number: word.number };
            let news = matches!(self.hear(&word.till, &id), Heard::News(news) if news == *word);
            if news && !all.iter().any(|other| (&other.till, &other.grant) == (&word.till, &word.grant)) {
                all.push(word.clone());
            }
        }
        (all.len() > before).then(|| Locked { reason, said: all, ..lock.knowing(self.marks()) })
    }
}

impl Locked {
    /// Has a person said of each type that a till spoke of how far it is used? Their word alone moves a counter: a till's
    /// would use up a range by a mistake.
    pub fn decided(&self, used_up_to: &BTreeMap<Series, u64>) -> Result<(), StoreError> {
        let open = self.said.iter().find(|said| !used_up_to.contains_key(&said.series));
        let Some(Said { till, series, number, .. }) = open else { return Ok(()) };
        let highest = self.highest_said(series).unwrap_or(*number);
        Err(StoreError::Refused(Refusal::new(
            "last-seen-undecided",
            format!("used_up_to.{series}"),
            format!(
                "La caja «{till}» recuerda folios del tipo {series} que esta carpeta no conoce (hasta el {}). Diga hasta \
                 cuál se usaron: ése, si es cierto; si la caja recuerda mal, el último que se usó, o 0 si ninguno más.",
                thousands(highest)
            ),
        )))
    }

    /// The highest folio of a type that a till was given, as it says.
    pub fn highest_said(&self, series: &Series) -> Option<u64> {
        self.said.iter().filter(|said| said.series == *series).map(|said| said.number).max()
    }
}

/// Issuing was unlocked: a till whose folio is still to be given was not believed.
pub(crate) fn disbelieve(on: &mut Overlay<'_>, lock: &Locked) -> Result<(), StoreError> {
    for Said { till, grant, number, .. } in &lock.said {
        if let Some(mut counter) = on.json::<Counter>(&key::counter(grant))?
            && counter.next <= *number
            && !counter.disbelieved.contains(till)
        {
            counter.disbelieved.push(till.clone());
            on.put_json(key::counter(grant), &counter)?;
        }
    }
    Ok(())
}
