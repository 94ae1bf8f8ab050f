//! Why issuing is locked, and what a person must know to unlock it. Finding out is `opening`'s, and `witness`'s.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use timbre_core::{GrantId, Series, thousands};

use crate::verdict::collect;
use crate::{Fact, Said};

/// How far a grant is used, as somebody remembers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub series: Series,
    pub grant: GrantId,
    /// The first folio that was certainly not given.
    pub next: u64,
}

/// Issuing is locked: the journal may not know all the folios that were given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Locked {
    pub reason: LockReason,
    /// From here on folios are certainly free, for each grant where that is known.
    pub beyond: Vec<Mark>,
    /// What tills remember, where that is the reason. `beyond` does not have it: they may err.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<Said>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockReason {
    /// The index knows facts that the journal does not: an older copy was put back.
    IndexAhead,
    /// The anchor outside the folder knows more than the journal.
    AnchorAhead,
    /// There is a journal and no anchor that can be read: the folder came from another machine, or
    /// what is remembered on this one was deleted.
    AnchorMissing,
    /// The anchor belongs to another history: the folder was replaced, or is a clone that went on.
    OtherHistory,
    /// A damaged part of the journal may have held the last folios of a range.
    Damage,
    /// A till was given a folio that the journal does not know, as it says.
    TillAhead,
    /// A range was used, and what was lent with it stood in a part of the journal that can't be read.
    GrantUnreadable,
}

impl Locked {
    /// The same, knowing that these are used, too.
    pub fn knowing(&self, used: Vec<Mark>) -> Locked {
        let mut marks = BTreeMap::new();
        collect(&mut marks, self.beyond.clone());
        collect(&mut marks, used);
        Locked { reason: self.reason, beyond: marks.into_values().collect(), said: self.said.clone() }
    }

    /// What is to be known of a lock that was found: with all that is known where issuing is locked already, since the
    /// other copy may have gone on meanwhile. `None` where that says it all.
    pub(crate) fn beside(self, known: Option<&Locked>) -> Option<Locked> {
        let Some(known) = known else { return Some(self) };
        let reason = match (known.reason, self.reason) {
            // No fact of the journal.
            (LockReason::AnchorMissing, found) => found,
            (reason, LockReason::AnchorMissing) => reason,
            // A till may err; what was found does not.
            (LockReason::TillAhead, found) => found,
            (reason, _) => reason,
        };
        let all = Locked { reason, ..known.knowing(self.beyond) };
        (all != *known).then_some(all)
    }

    /// The fact that `who` decided to go on: each grant from where nobody remembers a folio used. What they said, and
    /// why nobody could be asked, is for the record alone.
    pub fn lifted_by(&self, who: &str, used_up_to: BTreeMap<Series, u64>, unasked: Option<String>) -> Fact {
        Fact::IssuingUnlocked { who: who.to_owned(), beyond: self.beyond.clone(), used_up_to, unasked }
    }
}

impl LockReason {
    /// Its word, as in the journal.
    pub fn word(self) -> &'static str {
        match self {
            LockReason::IndexAhead => "index-ahead",
            LockReason::AnchorAhead => "anchor-ahead",
            LockReason::AnchorMissing => "anchor-missing",
            LockReason::OtherHistory => "other-history",
            LockReason::Damage => "damage",
            LockReason::TillAhead => "till-ahead",
            LockReason::GrantUnreadable => "grant-unreadable",
        }
    }
}

impl fmt::Display for Locked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.reason {
            LockReason::IndexAhead => {
                "el diario termina antes de lo que recuerda su índice; parece una copia antigua"
            }
            LockReason::AnchorAhead => {
                "el diario termina antes de lo que se recuerda fuera de la carpeta; parece una copia antigua, o que \
                 otra copia emite en este equipo"
            }
            LockReason::AnchorMissing => {
                "este equipo no recuerda haber usado esta carpeta; parece traída de otro, que puede seguir emitiendo \
                 con ella"
            }
            LockReason::OtherHistory => {
                "la carpeta no es la que se usó aquí la última vez; parece otra, o una copia que siguió por su lado"
            }
            LockReason::Damage => "una parte dañada del diario puede haber contenido los últimos folios",
            LockReason::TillAhead => {
                "una caja recuerda folios que esta carpeta no tiene; parece una copia antigua, o la caja recuerda mal"
            }
            LockReason::GrantUnreadable => {
                "está dañado, y no se puede leer, el registro de un rango de folios que se usó aquí"
            }
        };
        let act = match self.reason {
            LockReason::GrantUnreadable => {
                "revisar qué folios se usaron, desbloquear en Ajustes y cargar otra vez en Folios el archivo de ese rango"
            }
            _ => "revisar qué folios se usaron y desbloquear en Ajustes",
        };
        let said = self.said.iter().take(3).map(|Said { till, series, number, .. }| {
            format!(" La caja «{till}» dice que recibió el folio {} del tipo {series}.", thousands(*number))
        });
        write!(
            f,
            "La emisión y el envío están detenidos: {what}. Alguien a cargo tiene que {act}.{}",
            said.collect::<String>()
        )
    }
}
