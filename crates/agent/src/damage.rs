//! Damage of what is kept, told for as long as this run knows of it: found at the opening or by a second look at
//! everything, and over once such a look finds none.

use std::sync::{Arc, Weak};

use timbre_core::DocumentId;
use timbre_store::{Locked, Opened};

use crate::Agent;
use crate::engine::Inner;
use crate::show::thousands;

/// Its place among the troubles: before all others.
pub(crate) const DAMAGE: &str = "damage";

/// How much of what is kept is not as it was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Damaged {
    /// Parts that can't be read.
    pub parts: u64,
    /// Documents that were issued and are not there.
    pub missing: u64,
    /// Documents that are not what was signed.
    pub altered: u64,
}

impl Damaged {
    /// What an opening found.
    pub fn at_opening(opened: &Opened) -> Option<Damaged> {
        let (parts, missing) = (opened.damage.len() as u64, numbers(&opened.missing));
        (parts > 0 || missing > 0).then_some(Damaged { parts, missing, altered: 0 })
    }
}

/// How many documents are in gaps of which first and last are told.
pub fn numbers(gaps: &[(DocumentId, DocumentId)]) -> u64 {
    gaps.iter().map(|(first, last)| last.number.saturating_sub(first.number) + 1).sum()
}

/// What people are told, with what to do. Where issuing is locked, or nothing can be signed, nobody is told to go on.
pub(crate) fn words(found: Damaged, stopped: bool) -> String {
    let count = |n: u64, one: &str, many: &str| match n {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{} {many}", thousands(n))),
    };
    let said = [
        count(found.parts, "parte no se puede leer", "partes no se pueden leer"),
        count(found.missing, "documento falta", "documentos faltan"),
        count(found.altered, "documento no es el que se firmó", "documentos no son los que se firmaron"),
    ];
    let said = said.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let said = if said.is_empty() { said } else { format!(": {said}") };
    let sell = if stopped { "Copie" } else { "Puede seguir vendiendo; copie" };
    format!(
        "Hay datos dañados en el registro de ventas{said}. {sell} la carpeta de datos a otro disco y pida ayuda. \
         El detalle, en Ajustes, «Revisar todos los datos»"
    )
}

/// The trouble that an opening leaves.
pub(crate) fn at_start(opened: &Opened) -> Option<(&'static str, String)> {
    let found = Damaged::at_opening(opened)?;
    Some((DAMAGE, words(found, opened.locked.is_some())))
}

/// Who is told of damage. Whoever keeps it keeps no folder open: once the agent has stopped there is nobody.
pub struct Told(Weak<Inner>);

impl Told {
    pub fn agent(&self) -> Option<Agent> {
        self.0.upgrade().map(|inner| Agent(inner, None))
    }
}

impl Agent {
    pub fn told_of_damage(&self) -> Told {
        Told(Arc::downgrade(&self.0))
    }

    /// What a look at everything found damaged; `None`: nothing.
    pub fn set_damage(&self, found: Option<Damaged>) {
        let keys_lost = self.look_at_keys();
        let stopped = keys_lost || self.locked().is_some();
        self.set_trouble(DAMAGE, found.map(|found| words(found, stopped)));
    }

    /// Why issuing is locked in this folder, as who has it open knows.
    pub fn locked(&self) -> Option<Locked> {
        self.reader().locked()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_damaged_is_counted_and_nobody_is_told_to_sell_where_issuing_is_locked() {
        let found = Damaged { parts: 1, missing: 1_200, altered: 0 };
        assert_eq!(
            words(found, false),
            "Hay datos dañados en el registro de ventas: 1 parte no se puede leer, 1.200 documentos faltan. Puede seguir \
             vendiendo; copie la carpeta de datos a otro disco y pida ayuda. El detalle, en Ajustes, «Revisar todos los datos»"
        );
        let locked = words(Damaged { altered: 2, ..Damaged::default() }, true);
        assert!(locked.contains(": 2 documentos no son los que se firmaron. Copie la carpeta"), "{locked}");
        assert!(
            words(Damaged::default(), false).starts_with("Hay datos dañados en el registro de ventas. Puede")
        );
    }

    #[test]
    fn a_gap_counts_its_first_and_its_last() {
        let id = |text: &str| text.parse::<DocumentId>().unwrap();
        assert_eq!(numbers(&[(id("TAF3"), id("TAF5")), (id("TAF9"), id("TAF9"))]), 4);
        assert_eq!(Damaged::at_opening(&Opened::default()), None);
        let lost = Opened { missing: vec![(id("TAF3"), id("TAF5"))], ..Opened::default() };
        assert_eq!(Damaged::at_opening(&lost), Some(Damaged { missing: 3, ..Damaged::default() }));
    }
}
