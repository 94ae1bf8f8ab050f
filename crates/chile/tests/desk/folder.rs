//! The documents of a folder, each in a state, with what each uses up of others; and sales that follow from them.

use std::collections::BTreeMap;
use std::convert::Infallible;

use serde_json::{Value, json};
use timbre_chile::Chile;
use timbre_core::claims::{Links, claimed};
use timbre_core::{
    Amount, Claims, DocState, Document, DocumentId, Documents, Draft, Refusals, Regime, Usage,
};

use super::{issuer, now, sale, seal};

#[derive(Clone)]
struct Kept {
    document: Document,
    state: DocState,
    claims: Claims,
    annuls: Option<DocumentId>,
}

#[derive(Default, Clone)]
pub struct Folder(BTreeMap<DocumentId, Kept>);

impl Documents for Folder {
    fn find(&self, id: &DocumentId) -> Option<(Document, DocState)> {
        self.0.get(id).map(|kept| (kept.document.clone(), kept.state))
    }

    /// Folios that were loaded and not given yet.
    fn is_unused(&self, id: &DocumentId) -> bool {
        (500..600).contains(&id.number)
    }

    /// As the store reckons it: what is rejected uses nothing up.
    fn usage(&self, id: &DocumentId) -> Usage {
        let Ok(claimed) = claimed(id, &|id| Ok::<Links, Infallible>(self.links(id)));
        let Links { claims, used_by } = self.links(id);
        Usage { claims, annuls: self.0.get(id).and_then(|own| own.annuls.clone()), claimed, used_by }
    }
}

impl Folder {
    fn links(&self, id: &DocumentId) -> Links {
        let claims = self.0.get(id).map(|own| own.claims.clone()).unwrap_or_default();
        let stands = |kept: &&Kept| !matches!(kept.state, DocState::Rechazado | DocState::Reemplazado);
        let uses = |kept: &&Kept| {
            let mut claims = kept.claims.0.iter();
            claims.any(|claim| claim.document == *id && claim.amount >= Amount::ZERO)
                || kept.annuls.as_ref() == Some(id)
        };
        let used_by = self.0.values().filter(stands).filter(uses).map(|kept| kept.document.id.clone());
        Links { claims, used_by: used_by.collect() }
    }

    pub fn with(self, sale: &Value, number: u64) -> Folder {
        let draft = self.draft(sale).unwrap_or_else(|no| panic!("{sale}: {no}"));
        self.keep(&*draft, number)
    }

    pub fn keep(mut self, draft: &dyn Draft, number: u64) -> Folder {
        let document = seal(draft, number);
        let (claims, annuls) = (draft.claims(), draft.annuls());
        let kept = Kept { document: document.clone(), state: DocState::Aceptado, claims, annuls };
        self.0.insert(document.id, kept);
        self
    }

    /// The machine's clock was ahead when it was issued.
    pub fn dated(mut self, id: &str, date: &str) -> Folder {
        let kept = self.0.get_mut(&id.parse().expect("an id")).expect("it is there");
        kept.document.date = date.parse().expect("a date");
        self
    }

    pub fn in_state(mut self, id: &str, state: DocState) -> Folder {
        self.0.get_mut(&id.parse().expect("an id")).expect("it is there").state = state;
        self
    }

    pub fn draft(&self, text: &Value) -> Result<Box<dyn Draft>, Refusals> {
        Chile::default().draft(&sale(&text.to_string())?, &issuer(), self, now())
    }

    #[track_caller]
    pub fn refused(&self, sale: &Value) -> Vec<(String, String)> {
        match self.draft(sale) {
            Ok(_) => panic!("nothing refuses {sale}"),
            Err(Refusals(refusals)) => refusals.into_iter().map(|r| (r.code, r.path)).collect(),
        }
    }

    #[track_caller]
    pub fn refuses(&self, sale: &Value, code: &str, path: &str) {
        let found = self.refused(sale);
        assert!(found.contains(&(code.into(), path.into())), "{sale} wants {code} at {path}: {found:?}");
    }

    #[track_caller]
    pub fn warned(&self, sale: &Value) -> Vec<String> {
        let draft = self.draft(sale).unwrap_or_else(|no| panic!("{sale}: {no}"));
        draft.warnings().iter().map(|warning| warning.code.clone()).collect()
    }

    /// A draft's totals, and the claims it makes.
    #[track_caller]
    pub fn comes_to(&self, sale: &Value) -> (Value, Vec<(String, i64)>) {
        let draft = self.draft(sale).unwrap_or_else(|no| panic!("{sale}: {no}"));
        let claims = draft.claims().0.into_iter().map(|c| (c.document.to_string(), c.amount.0)).collect();
        (draft.totals(), claims)
    }
}

pub fn receptor() -> Value {
    json!({ "RUTRecep": "77777777-7", "RznSocRecep": "R", "GiroRecep": "G", "DirRecep": "D", "CmnaRecep": "C" })
}

pub fn of_type(tipo: u16, lines: Value) -> Value {
    json!({ "Encabezado": { "IdDoc": { "TipoDTE": tipo }, "Receptor": receptor() }, "Detalle": lines })
}

pub fn line(price: u64) -> Value {
    json!({ "NmbItem": "Pan", "QtyItem": 1, "PrcItem": price })
}

pub fn guia(kind: u8, lines: Value) -> Value {
    let mut guia = of_type(52, lines);
    guia["Encabezado"]["IdDoc"]["IndTraslado"] = kind.into();
    guia
}

/// A note with this reference and no more.
pub fn bare(tipo: u16, reference: Value) -> Value {
    json!({ "Encabezado": { "IdDoc": { "TipoDTE": tipo } }, "Referencia": reference })
}

pub fn reference(tipo: u16, folio: u64, reason: u8) -> Value {
    json!({ "TpoDocRef": tipo, "FolioRef": folio, "CodRef": reason, "RazonRef": "Motivo" })
}

/// A note that says everything itself, of a document that nobody here knows.
pub fn foreign(tipo: u16, mut reference: Value, lines: Value) -> Value {
    reference["FchRef"] = "2026-01-15".into();
    let mut note = of_type(tipo, lines);
    note["Referencia"] = reference;
    note
}
