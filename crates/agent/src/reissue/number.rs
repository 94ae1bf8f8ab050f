//! Under which number a rejected document is made again: pure. A number is kept only on proof that the authority
//! does not have it and that nothing is wrong with it.

use timbre_core::{DocumentId, Number, NumberFate, Remark};

use crate::void::is_void;

/// What the authority said when it was asked about the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// It never left: it follows a document that another one took the place of.
    NeverLeft { follows: DocumentId, by: DocumentId },
    /// It does not have it.
    Absent,
    /// It has this very document, although it rejected it.
    Ours,
    /// It has this number with other data.
    Other(Remark),
    /// It has another document under this number, with the same data: it may be the same sale, made twice.
    Alike(Remark),
    /// The number itself is no good.
    Void { reasons: Vec<Remark>, number: NumberFate },
}

/// All there is to choose by.
pub(crate) struct Evidence<'a> {
    pub found: &'a Found,
    /// What the rejection on record says of the number.
    pub fate: NumberFate,
    /// A person asked for another one.
    pub asked: bool,
    /// The setting: a rejection uses a number up.
    pub always_new: bool,
    /// Why nothing can be stamped with its own range any more.
    pub unusable: Option<String>,
}

/// The number, and why, for people.
pub(crate) fn choose(evidence: &Evidence<'_>, authority: &str) -> (Number, String) {
    let new = |why: String| (Number::New, format!("{why}; se usa un folio nuevo"));
    match evidence.found {
        Found::NeverLeft { follows, by } => {
            return new(format!("en lugar de {follows}, que corrige, está {by}"));
        }
        Found::Ours => return new(format!("el {authority} tiene este folio con este mismo documento")),
        Found::Other(why) => {
            return new(format!("el {authority} tiene este folio con otros datos ({})", why.code));
        }
        Found::Alike(why) => {
            return new(format!("el {authority} tiene este folio con otro documento igual ({})", why.code));
        }
        Found::Void { reasons, .. } => {
            let code = reasons.first().map(|why| why.code.as_str()).unwrap_or_default();
            return new(format!("el {authority} dice que el folio no se puede usar ({code})"));
        }
        Found::Absent => {}
    }
    match evidence.fate {
        NumberFate::Consumed
        | NumberFate::MustBeVoided
        | NumberFate::Taken
        | NumberFate::Annulled
        | NumberFate::Ungranted => {
            return new("fue rechazado por su folio".to_owned());
        }
        NumberFate::FreeForSame | NumberFate::FreeIfIdUnchanged | NumberFate::AskByProbe => {}
    }
    if evidence.asked {
        return new("así se pidió".to_owned());
    }
    if evidence.always_new {
        return new("así está en los ajustes".to_owned());
    }
    match &evidence.unusable {
        Some(why) => new(format!("el suyo no sirve: {}", why.trim_end_matches('.'))),
        None => (Number::Same, format!("el {authority} no tiene este documento; se conserva su folio")),
    }
}

impl Found {
    /// What makes the number itself no good, whatever the document says.
    pub(crate) fn void(&self) -> Option<NumberFate> {
        match self {
            Found::Void { number, .. } if is_void(*number) => Some(*number),
            _ => None,
        }
    }

    /// What a person must know before they annul the number that is left behind.
    pub(crate) fn task(&self, authority: &str) -> String {
        match self {
            Found::Ours => format!(
                "El {authority} dice tener este mismo documento aunque lo rechazó: si allá figura como aceptado, no \
                 anule el folio y avise a su contador."
            ),
            Found::Other(_) => format!(
                "El {authority} tiene este folio con otros datos: vea primero de quién son, y no anule un documento \
                 que otra caja emitió."
            ),
            Found::Alike(_) => format!(
                "El {authority} tiene este folio con otro documento de los mismos datos: no anule uno que otra caja emitió, \
                 y si es esta misma venta avise a su contador."
            ),
            Found::Void { .. } => "Si ya está anulado, solo márquelo aquí como hecho.".to_owned(),
            Found::NeverLeft { .. } => format!("Nunca se envió al {authority}."),
            Found::Absent => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FATES: [NumberFate; 8] = [
        NumberFate::Consumed,
        NumberFate::FreeForSame,
        NumberFate::FreeIfIdUnchanged,
        NumberFate::MustBeVoided,
        NumberFate::Taken,
        NumberFate::AskByProbe,
        NumberFate::Annulled,
        NumberFate::Ungranted,
    ];

    #[test]
    fn a_number_is_kept_only_when_it_is_absent_free_good_and_nobody_wants_another() {
        let remark = || Remark::ours("DNK", "");
        let found = [
            Found::Absent,
            Found::Ours,
            Found::Other(remark()),
            Found::Alike(remark()),
            Found::Void { reasons: vec![remark()], number: NumberFate::Consumed },
            Found::NeverLeft { follows: DocumentId::new("33", 1), by: DocumentId::new("33", 2) },
        ];
        let mut kept = 0;
        for found in &found {
            for fate in FATES {
                for bits in 0..8 {
                    let [asked, always_new, bad] = [1, 2, 4].map(|bit| bits & bit != 0);
                    let unusable = bad.then(|| "El CAF venció.".to_owned());
                    let (number, why) = choose(&Evidence { found, fate, asked, always_new, unusable }, "SII");
                    let free = matches!(
                        fate,
                        NumberFate::FreeForSame | NumberFate::FreeIfIdUnchanged | NumberFate::AskByProbe
                    );
                    let keep = *found == Found::Absent && free && bits == 0;
                    assert_eq!(number == Number::Same, keep, "{found:?} {fate:?} {bits}");
                    assert_eq!(why.contains("folio nuevo"), !keep, "{why}");
                    kept += usize::from(keep);
                }
            }
        }
        assert_eq!(kept, 3);
    }
}
