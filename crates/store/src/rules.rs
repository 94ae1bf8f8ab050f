//! What may be written: the invariants that the store keeps whoever asks. Each fact is judged
//! against the changes of those before it; nothing is changed here.

use std::collections::BTreeMap;

use timbre_core::{
    Cause, Company, DocState, DocumentId, Environment, Grant, GrantId, Refusal, Series, thousands,
};

use crate::fact::{GrantLoaded, Issued, Moved, Sending};
use crate::index::Keys;
use crate::live::{Counter, GrantRow, Live};
use crate::overlay::Overlay;
use crate::{Counts, Fact, Mark, Row, StoreError, claims, key, numbering, travel, voucher};

/// As many documents as one parcel may hold, so that its row stays small.
const MOST_IN_PARCEL: usize = 3000;

/// Judges the facts of one batch in their order.
pub(crate) struct Rules<'a> {
    live: &'a Live,
    /// Grants loaded by this batch.
    grants: Vec<Grant>,
    /// Documents made again, and moved because of it: a batch has both or none.
    reissued: BTreeMap<DocumentId, (u32, u32)>,
    /// Documents that took over the key of another one: a batch replaces that one too.
    successors: Vec<(DocumentId, String, DocumentId)>,
}

impl<'a> Rules<'a> {
    pub fn new(live: &'a Live) -> Rules<'a> {
        Rules { live, grants: Vec::new(), reissued: BTreeMap::new(), successors: Vec::new() }
    }

    pub fn judge(&mut self, on: &Overlay<'_>, fact: &Fact) -> Result<(), StoreError> {
        match fact {
            Fact::Issued(issued) => self.issued(on, issued),
            Fact::Sending(sending) => sent(on, sending),
            Fact::Moved(moved) => self.moved(on, moved),
            Fact::Attention { document, .. }
            | Fact::Annulled { document, .. }
            | Fact::Printed { document, .. }
            | Fact::Mailed { document, .. }
            | Fact::Notified { document, .. } => known(on, document).map(drop),
            Fact::GrantLoaded(loaded) => self.grant(loaded),
            Fact::GrantStopped { grant, .. } => match on.get(&key::grant(grant))? {
                Some(_) => Ok(()),
                None => Err(StoreError::refused("grant-unknown", "Ese CAF no está cargado.")),
            },
            Fact::Company { company, environment } => one_company(on, self.live, company, *environment),
            Fact::IssuingLocked(lock) if self.live.lock_for(&lock.said).as_ref() == Some(lock) => Ok(()),
            Fact::IssuingLocked(_) => Err(StoreError::refused(
                "lock-by-hand",
                "Solo la carpeta misma detiene la emisión, al abrirse.",
            )),
            Fact::IssuingUnlocked { beyond, used_up_to, .. } => self.unlocked(beyond, used_up_to),
            Fact::SkippedAnnulled { grant, first, last } => skipped(on, grant, *first, *last),
            Fact::Vouched(vouched) => voucher::judge(self.live, on, vouched),
            Fact::VouchedUndone(undone) => voucher::judge_undo(on, undone),
            Fact::Answered(_)
            | Fact::CertificateLoaded(_)
            | Fact::Line { .. }
            | Fact::Login { .. }
            | Fact::Acted { .. }
            | Fact::Warned(_)
            | Fact::ClockSeen { .. }
            | Fact::ClockAccepted { .. }
            | Fact::VoucherTerm(_)
            | Fact::StampsResumed { .. } => Ok(()),
        }
    }

    /// Judges the batch as a whole.
    pub fn judge_batch(&self, on: &Overlay<'_>) -> Result<(), StoreError> {
        for (document, (issued, moved)) in &self.reissued {
            if issued != moved {
                let row = known(on, document)?;
                let why = "rehacerlo es un documento nuevo y su movimiento, juntos";
                return Err(bad_move(&row, row.version, why));
            }
        }
        for (before, key, document) in &self.successors {
            if known(on, before)?.replaced_by.as_ref() != Some(document) {
                return Err(StoreError::KeyTaken { key: key.clone(), document: before.clone() });
            }
        }
        Ok(())
    }

    fn issued(&mut self, on: &Overlay<'_>, issued: &Issued) -> Result<(), StoreError> {
        if let Some(lock) = self.live.locked() {
            return Err(StoreError::Locked(lock.clone()));
        }
        claims::judge(on, issued)?;
        voucher::no_document(on, issued)?;
        voucher::judge_part(self.live, on, issued)?;
        let document = &issued.document;
        if let Some(idempotency) = &issued.key
            && let Some(order) = on.number(&key::idempotency(idempotency))?
            && let Some(row) = on.json::<Row>(&key::row(order))?
            && row.id != document.id
        {
            // A key names the current document of its sale.
            if !replaceable(&row) || document.version != 1 {
                return Err(StoreError::KeyTaken { key: idempotency.clone(), document: row.id });
            }
            self.successors.push((row.id, idempotency.clone(), document.id.clone()));
        }
        match document.version {
            1 => next_folio(on, issued),
            version => {
                let row = known(on, &document.id)?;
                if on.get(&key::version(row.order, version))?.is_some() {
                    return Err(StoreError::Exists { document: document.id.clone(), version });
                }
                if version != row.version + 1 {
                    return Err(bad_move(&row, version, "no es la versión que sigue"));
                }
                self.reissued.entry(document.id.clone()).or_default().0 += 1;
                Ok(())
            }
        }
    }

    fn moved(&mut self, on: &Overlay<'_>, moved: &Moved) -> Result<(), StoreError> {
        let row = known(on, &moved.document)?;
        let again = moved.cause == Cause::Reissued;
        // A reissue says its version before its move: a reader to whom that version is lost knows the move by it.
        if moved.version != row.version {
            return Err(bad_move(&row, moved.version, "el hecho es de otra versión"));
        }
        if moved.from != row.state {
            let why = format!("el hecho parte de {}", moved.from.word());
            return Err(bad_move(&row, moved.version, why));
        }
        if row.state.after(&moved.cause) != Some(moved.to) {
            let why = format!("{:?} no lo lleva a {}", moved.cause, moved.to.word());
            return Err(bad_move(&row, moved.version, why));
        }
        if let Cause::Replaced { by, .. } = &moved.cause {
            known(on, by)?;
            if !replaceable(&row) {
                return Err(bad_move(&row, moved.version, "ya se envió: primero se pregunta por él"));
            }
        }
        if moved.cause == Cause::Overruled && row.noted.is_none() {
            return Err(bad_move(&row, moved.version, "su veredicto es de la autoridad"));
        }
        // What it used up of others was given back when it was rejected, and may be another's by now.
        if matches!(moved.cause, Cause::FoundAccepted { .. }) && row.state == DocState::Rechazado {
            claims::judge_again(on, &row)?;
        }
        if again {
            self.reissued.entry(moved.document.clone()).or_default().1 += 1;
        }
        Ok(())
    }

    fn grant(&mut self, loaded: &GrantLoaded) -> Result<(), StoreError> {
        let grant = &loaded.grant;
        if loaded.again {
            // The vault lost its key, and the file brings it back.
            return match self.live.grants().any(|row| row.grant == *grant) {
                true => Ok(()),
                false => Err(StoreError::refused("grant-unknown", "Ese CAF no estaba cargado.")),
            };
        }
        if numbering::share(grant, loaded.share).is_none() {
            let (part, parts) = loaded.share;
            let message = format!("El rango {} no tiene una parte {part} de {parts}.", span(grant));
            return Err(StoreError::refused("grant-share", message));
        }
        for other in self.live.grants().map(|row| &row.grant).chain(&self.grants) {
            if other.id == grant.id {
                let message = format!("Este CAF ya está cargado: folios {}.", span(grant));
                return Err(StoreError::refused("grant-repeated", message));
            }
            if other.overlaps(grant) {
                let message = format!(
                    "Los folios {} se cruzan con los de otro CAF cargado del mismo tipo, {}.",
                    span(grant),
                    span(other)
                );
                return Err(StoreError::refused("grant-overlap", message));
            }
        }
        if loaded.used_up_to.is_some_and(|used| used > grant.last) {
            let message = format!(
                "El rango termina en el folio {}: no se pueden haber usado hasta uno más alto.",
                thousands(grant.last)
            );
            return Err(StoreError::refused("grant-used-beyond", message));
        }
        // A digit that is missing would give used folios again.
        if loaded.used_up_to.is_some_and(|used| used < grant.first) {
            let message = format!(
                "El rango empieza en el folio {}: el último usado no puede ser uno más bajo. Si no se ha usado \
                 ninguno, no diga ninguno.",
                thousands(grant.first)
            );
            return Err(StoreError::refused("grant-used-below", message));
        }
        something_left(loaded)?;
        self.remembered(loaded)?;
        self.grants.push(grant.clone());
        Ok(())
    }

    /// Folios of a grant that is not loaded here any more are remembered by their number alone. The
    /// authority may have lent the same range again, in another file.
    fn remembered(&self, loaded: &GrantLoaded) -> Result<(), StoreError> {
        let grant = &loaded.grant;
        let of_another = |mark: &Mark| {
            mark.series == grant.series && mark.grant != grant.id && self.live.grant(&mark.grant).is_none()
        };
        // What is only known by a lock that stands is used, too.
        let known = self.live.locked().map(|lock| lock.beyond.clone()).unwrap_or_default();
        let used = self
            .live
            .marks()
            .into_iter()
            .chain(known)
            .filter(of_another)
            .map(|mark| mark.next.saturating_sub(1));
        match used.filter(|used| (grant.first..=grant.last).contains(used)).max() {
            Some(used) if loaded.used_up_to.is_none_or(|said| said < used) => {
                let message = format!(
                    "De los folios {} se recuerda que se usaron hasta el {}, con un CAF que ya no está cargado. Cárguelo \
                     diciendo que se usaron hasta ese folio.",
                    span(grant),
                    thousands(used)
                );
                Err(StoreError::refused("grant-remembered", message))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn unlocked(&self, beyond: &[Mark], used_up_to: &BTreeMap<Series, u64>) -> Result<(), StoreError> {
        let Some(lock) = self.live.locked() else {
            return Err(StoreError::refused("not-locked", "La emisión no está detenida."));
        };
        lock.decided(used_up_to)?;
        let covered =
            |mark: &Mark| beyond.iter().any(|given| given.grant == mark.grant && given.next >= mark.next);
        match lock.beyond.iter().find(|mark| !covered(mark)) {
            None => Ok(()),
            Some(mark) => Err(StoreError::Refused(Refusal::new(
                "unlock-too-low",
                "",
                format!(
                    "Del tipo {} se recuerdan folios usados hasta el {}; no se puede seguir desde más abajo.",
                    mark.series,
                    thousands(mark.next.saturating_sub(1))
                ),
            ))),
        }
    }
}

/// `1 a 1.000`.
fn span(grant: &Grant) -> String {
    format!("{} a {}", thousands(grant.first), thousands(grant.last))
}

/// A share of which every folio was used is most likely another machine's: loaded, it could never be loaded rightly.
fn something_left(loaded: &GrantLoaded) -> Result<(), StoreError> {
    let (grant, (part, parts)) = (&loaded.grant, loaded.share);
    let next = loaded.used_up_to.map_or(grant.first, |used| used.saturating_add(1));
    let own = numbering::share(grant, loaded.share);
    if own.is_some_and(|(_, last)| next <= last) {
        return Ok(());
    }
    let message = match numbering::part_of(grant, parts, next) {
        Some(theirs) => format!(
            "A la parte {part} de {parts} de este CAF no le queda ningún folio: se usaron hasta el {}, y el {} \
             es de la parte {theirs}. Si ésa es la de esta caja, cárguelo con ella.",
            thousands(next.saturating_sub(1)),
            thousands(next)
        ),
        None => format!("De los folios {} no queda ninguno: se usaron todos.", span(grant)),
    };
    Err(StoreError::refused("grant-share-empty", message))
}

/// Only what was passed over is ticked off, and nothing else with it.
fn skipped(on: &Overlay<'_>, grant: &GrantId, first: u64, last: u64) -> Result<(), StoreError> {
    let counter: Option<Counter> = on.json(&key::counter(grant))?;
    let waits = counter
        .is_some_and(|counter| counter.skipped.iter().any(|span| span.first <= first && last <= span.last));
    match waits && first <= last {
        true => Ok(()),
        false => {
            Err(StoreError::refused("nothing-to-annul", "Esos folios no se saltaron, o ya se anotaron."))
        }
    }
}

/// A new document carries exactly the next folio of a grant that may be used.
fn next_folio(on: &Overlay<'_>, issued: &Issued) -> Result<(), StoreError> {
    let document = &issued.document;
    if on.order(&document.id)?.is_some() {
        return Err(StoreError::Exists { document: document.id.clone(), version: 1 });
    }
    let row: Option<GrantRow> = on.json(&key::grant(&document.grant))?;
    let counter: Option<Counter> = on.json(&key::counter(&document.grant))?;
    let next = match (row, counter) {
        (Some(row), Some(counter)) => {
            let open = counter.stopped.is_none()
                && counter.next <= row.last
                && row.grant.series == document.id.series;
            open.then_some(counter.next)
        }
        _ => None,
    };
    match next == Some(document.id.number) {
        true => Ok(()),
        false => Err(StoreError::NotNext { document: document.id.clone(), next }),
    }
}

/// Another document may take its place: the authority rejected it, or never had it offered.
fn replaceable(row: &Row) -> bool {
    row.state == DocState::Rechazado || row.never_left()
}

fn sent(on: &Overlay<'_>, sending: &Sending) -> Result<(), StoreError> {
    if sending.documents.is_empty() || sending.documents.len() > MOST_IN_PARCEL {
        let message = format!("Un envío lleva entre 1 y {MOST_IN_PARCEL} documentos.");
        return Err(StoreError::refused("parcel-size", message));
    }
    if let Some(before) = on.parcel(&sending.parcel)?
        && (before.parcel.documents != sending.documents || before.sha256 != sending.sha256)
    {
        let message = "Un envío que ya salió no cambia: para otros documentos se hace uno nuevo.";
        return Err(StoreError::refused("parcel-changed", message));
    }
    for (document, version) in &sending.documents {
        let row = known(on, document)?;
        if row.version != *version {
            return Err(bad_move(&row, *version, "solo viaja la última versión"));
        }
        // The fact comes before its documents' moves. Whatever is with the authority, or may be, is
        // asked about and not sent; one that needs a person does not hold the others of its parcel.
        let why = match row.state {
            DocState::Generado | DocState::Pendiente => continue,
            DocState::Verificando if row.attention.is_some() => continue,
            // Its parcel is lost: nobody would ask about it in any other.
            DocState::Verificando if !travel::is_followed(on, &row)? => continue,
            DocState::Verificando | DocState::Enviando | DocState::Enviado => {
                "puede estar en manos de la autoridad: primero se pregunta"
            }
            DocState::Aceptado | DocState::Reparo | DocState::Rechazado | DocState::Reemplazado => {
                "la autoridad ya respondió por él"
            }
        };
        return Err(bad_move(&row, *version, why));
    }
    Ok(())
}

/// One folder is one company in one environment, and the environment never changes: a certificate
/// of training must not end up under real documents. Where the fact that says so can't be read any more, its grants say
/// whose it is.
fn one_company(
    on: &Overlay<'_>,
    live: &Live,
    company: &Company,
    environment: Environment,
) -> Result<(), StoreError> {
    let before: Option<(Company, Environment)> = on.json(key::COMPANY)?;
    let counts: Counts = on.json(key::COUNTS)?.unwrap_or_default();
    let is_other = |(id, world): &(&str, Environment)| {
        *world != environment || (counts.total() > 0 && *id != company.id)
    };
    let other = match &before {
        Some((known, world)) => Some((known.id.as_str(), *world)).filter(is_other),
        None => live.grants().map(|row| (row.grant.issuer.as_str(), row.grant.environment)).find(is_other),
    };
    match other {
        Some((id, _)) => Err(StoreError::refused(
            "company-other",
            format!("Esta carpeta es de {id}: otra empresa u otro ambiente va en otra carpeta."),
        )),
        None => Ok(()),
    }
}

fn known(on: &Overlay<'_>, document: &DocumentId) -> Result<Row, StoreError> {
    on.row(document)?.ok_or_else(|| StoreError::NoDocument(document.clone()))
}

fn bad_move(row: &Row, version: u32, why: impl Into<String>) -> StoreError {
    StoreError::BadMove { document: row.id.clone(), version, state: row.state, why: why.into() }
}
