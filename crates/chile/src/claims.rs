//! What a document uses up of earlier ones, and what it gives back: nothing is annulled, returned or billed twice.
//! What is left of one that is given back in parts is reckoned in `rest`.

use std::collections::BTreeSet;

use timbre_core::{Amount, Claim, DocumentId, Documents};

use crate::follow::{Earlier, is_own};
use crate::makeup::Difference;
use crate::money;
use crate::rest;
use crate::rules::{Making, header_path, notes};
use crate::tags::Group;
use crate::tipo::Tipo;

/// The document that a note annuls (CodRef 1): one of this folder, or the company's own of another system.
pub fn annuls(making: &Making<'_>, earlier: &[Earlier]) -> Option<DocumentId> {
    let document = &making.order.document;
    let annuls = making.tipo.is_note() && notes::reasons(document).any(|reason| reason == "1");
    let foreign = || foreign(making, earlier).filter(|_| annuls).map(|(_, id)| id);
    annulled(making.tipo, document, earlier).map(|of| of.document.id.clone()).or_else(foreign)
}

/// The only document that a note corrects, where the company issued it with another system, and its reference.
fn foreign(making: &Making<'_>, earlier: &[Earlier]) -> Option<(usize, DocumentId)> {
    let mut corrected = notes::correcting(&making.order.document);
    let ((at, reference), None) = (corrected.next()?, corrected.next()) else { return None };
    if !is_own(reference, making.firm.rut) || earlier.iter().any(|earlier| earlier.at == at) {
        return None;
    }
    Some((at, DocumentId::new(reference.leaf("TpoDocRef")?, reference.leaf("FolioRef")?.parse().ok()?)))
}

/// The one of this folder.
fn annulled<'e>(tipo: Tipo, document: &Group, earlier: &'e [Earlier]) -> Option<&'e Earlier> {
    let annuls = tipo.is_note() && notes::reasons(document).any(|reason| reason == "1");
    earlier.iter().find(|earlier| earlier.corrected && annuls)
}

/// What a document of `total` uses up of earlier ones, or why it can't.
///
/// A credit note uses up what it gives back, so that no document is given back twice or beyond its total. A
/// factura or a boleta uses up its guías, each once, whichever of the two billed it before: of one alone what it
/// charges and no more than what is left, for the rest of it may be billed later. What a boleta of an exchange names
/// it does not use up. What annuls a document gives back
/// what that had used: the guías of a factura can be billed anew, and a factura whose credit note was annulled can
/// be annulled again; a debit note that corrects a credit note gives back its part. Where a note corrects several,
/// the first are used up first. The writer judges all of it again.
pub fn of(making: &mut Making<'_>, earlier: &[Earlier], total: i64, known: &dyn Documents) -> Vec<Claim> {
    let tipo = making.tipo;
    let annulled = annulled(tipo, &making.order.document, earlier);
    if annulled.is_some_and(|of| is_used(making, of, known)) {
        return Vec::new();
    }
    if let Some((at, id)) = foreign(making, earlier) {
        return of_foreign(making, at, id, total, known).into_iter().collect();
    }
    match tipo {
        Tipo::NotaCredito => match annulled {
            Some(annulled) => {
                std::iter::once(claim(annulled, total)).chain(undone(annulled, known)).collect()
            }
            None => given_back(making, earlier, total, known),
        },
        Tipo::NotaDebito => match annulled {
            Some(note) => std::iter::once(claim(note, total)).chain(undone(note, known)).collect(),
            None => charged_again(making, earlier, total, known),
        },
        Tipo::Factura | Tipo::FacturaExenta => of_guias(making, earlier, total, known),
        Tipo::Boleta | Tipo::BoletaExenta => {
            let guias = of_guias(making, earlier, total, known);
            exchanged(making, earlier, known).into_iter().chain(guias).collect()
        }
        Tipo::Guia => Vec::new(),
    }
}

/// What is billed of the guías that a factura or a boleta names.
fn of_guias(making: &mut Making<'_>, earlier: &[Earlier], total: i64, known: &dyn Documents) -> Vec<Claim> {
    let guias: Vec<&Earlier> = earlier.iter().filter(|earlier| earlier.tipo == Tipo::Guia).collect();
    match guias[..] {
        [only] => billed(making, only, total, known).into_iter().collect(),
        _ => guias.iter().filter_map(|guia| rest_of(making, guia, known)).collect(),
    }
}

/// The notes without which there is not enough left of an earlier document for what is used up of it, as long as the
/// SII has not accepted them: one that it rejected gave nothing back, and the same would be billed or returned twice.
/// Who uses it waits for them.
pub fn freed_by(making: &mut Making<'_>, earlier: &[Earlier], known: &dyn Documents) -> Vec<DocumentId> {
    let mut notes: Vec<DocumentId> = Vec::new();
    for claim in making.claims.clone().iter().filter(|claim| claim.amount > Amount::ZERO) {
        // For one that it names it waits anyhow.
        let is_named = |note: &DocumentId| earlier.iter().any(|earlier| earlier.document.id == *note);
        let mut pending = rest::pending(&claim.document, known);
        pending.retain(|(note, _)| !is_named(note));
        let freed: i128 = pending.iter().map(|(_, amount)| i128::from(amount.0)).sum();
        let claimed = i128::from(known.usage(&claim.document).claimed.0);
        let total = known.find(&claim.document).map(|(document, _)| i128::from(document.total.0));
        let is_enough = total.is_some_and(|total| total - claimed - freed >= i128::from(claim.amount.0));
        if pending.is_empty() || is_enough {
            continue;
        }
        let ids: Vec<DocumentId> = pending.into_iter().map(|(note, _)| note).collect();
        let named = earlier.iter().find(|earlier| earlier.document.id == claim.document);
        let place = named.map_or("Referencia".to_owned(), |e| format!("Referencia[{}].FolioRef", e.at));
        let message = format!(
            "Usa lo que devuelve {}, que el SII todavía no acepta: este documento espera a que lo acepte, y si lo rechazara no se \
             envía hasta que se vuelva a emitir.",
            listed(&ids)
        );
        making.warn("freed-pending", place, message);
        notes.extend(ids.into_iter().filter(|id| !notes.contains(id)).collect::<Vec<_>>());
    }
    notes
}

/// A boleta that names an earlier one charges what an exchange costs besides: it uses nothing up of it, whose
/// amount stays charged, and who exchanges it again hears of it.
fn exchanged(making: &mut Making<'_>, earlier: &[Earlier], known: &dyn Documents) -> Vec<Claim> {
    let boletas: Vec<&Earlier> = earlier.iter().filter(|earlier| earlier.tipo.is_boleta()).collect();
    for boleta in &boletas {
        let is_boleta = |id: &&DocumentId| notes::is_boleta(&id.series.0);
        if let Some(other) = known.usage(&boleta.document.id).used_by.iter().find(is_boleta) {
            let message = format!(
                "La boleta {} ya la cambia {other}: revise que no se devuelva lo mismo otra vez.",
                boleta.document.id
            );
            making.warn("exchange-again", format!("Referencia[{}].FolioRef", boleta.at), message);
        }
    }
    boletas.into_iter().map(|boleta| claim(boleta, 0)).collect()
}

/// Refuses to annul what is annulled already, or given back in part.
fn is_used(making: &mut Making<'_>, of: &Earlier, known: &dyn Documents) -> bool {
    let id = &of.document.id;
    let usage = known.usage(id);
    let place = format!("Referencia[{}].FolioRef", of.at);
    if let Some(note) = rest::annulled(id, known) {
        let message = format!(
            "{id} ya lo anula {note}. Un documento no se anula dos veces; para deshacer esa anulación, anule {note}."
        );
        making.refuse("already-annulled", place, message);
        return true;
    }
    let claimed = usage.claimed.0;
    if claimed > 0 {
        let message = format!(
            "De {id} ya se devolvieron {} ({}): no se anula entero. Para lo que queda, {}, corrija montos (CodRef 3).",
            money::dotted(claimed),
            listed(&usage.used_by),
            money::dotted(of.document.total.0.saturating_sub(claimed).max(0))
        );
        making.refuse("claim-exceeds", place, message);
    }
    claimed > 0
}

/// What a note gives back of a document of another system: what it came to nobody here knows, but what notes of this
/// folder did to it.
fn of_foreign(
    making: &mut Making<'_>,
    at: usize,
    id: DocumentId,
    total: i64,
    known: &dyn Documents,
) -> Option<Claim> {
    let usage = known.usage(&id);
    let annuls = notes::reasons(&making.order.document).any(|reason| reason == "1");
    let gives_back = annuls || (making.tipo == Tipo::NotaCredito && total > 0);
    let fault = match rest::annulled(&id, known) {
        Some(note) if gives_back => Some(("already-annulled", format!("{id} ya lo anula {note}."))),
        _ if annuls && usage.claimed > Amount::ZERO => {
            let (claimed, notes) = (money::dotted(usage.claimed.0), listed(&usage.used_by));
            Some((
                "claim-exceeds",
                format!("De {id} ya se devolvieron {claimed} ({notes}): no se anula entero."),
            ))
        }
        _ => None,
    };
    if let Some((code, message)) = fault {
        making.refuse(code, format!("Referencia[{at}].FolioRef"), message);
        return None;
    }
    gives_back.then(|| Claim::new(id, Amount(total)))
}

fn listed(ids: &[DocumentId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// What a document used up, taken back.
fn undone(document: &Earlier, known: &dyn Documents) -> Vec<Claim> {
    let used = known.usage(&document.document.id).claims.0.into_iter();
    used.filter(|claim| claim.amount != Amount::ZERO)
        .map(|claim| Claim::undoing(document.document.id.clone(), claim.document, Amount(-claim.amount.0)))
        .collect()
}

/// What a note that corrects the amount of another undoes of what that did, up to `part`, the last first: what it had
/// given back is charged again, and what had been free since is used again as far as it still is.
fn undone_in_part(of: &Earlier, part: i64, known: &dyn Documents) -> Vec<Claim> {
    let usage = known.usage(&of.document.id);
    let stands = |user: &DocumentId| {
        let own = known.usage(user);
        known.find(user).is_none_or(|(user, _)| own.claimed < user.total).then_some(own.claims.0)
    };
    let before: Vec<Claim> = usage.used_by.iter().filter_map(stands).flatten().collect();
    let mut claims = Vec::new();
    // What a debit note itself used up is the credit note's that it corrects, and no money's.
    let signs: &[i64] = if of.tipo == Tipo::NotaDebito { &[1] } else { &[-1, 1] };
    for &sign in signs {
        let mut left = part;
        for done in usage.claims.0.iter().rev().filter(|done| done.amount.0.signum() == -sign) {
            let of_it = before.iter().filter(|c| c.document == done.document && c.amount.0.signum() == sign);
            let undone: i64 = of_it.map(|claim| claim.amount.0.saturating_abs()).sum();
            let free = match known.find(&done.document) {
                Some((document, _)) if sign > 0 => rest::left(&document, known),
                Some(_) | None => i64::MAX,
            };
            let amount = left.min(done.amount.0.saturating_abs() - undone).min(free);
            if amount > 0 {
                let undone = of.document.id.clone();
                claims.push(Claim::undoing(undone, done.document.clone(), Amount(sign * amount)));
                left -= amount;
            }
        }
    }
    claims
}

/// A debit note that corrects the amount of one credit note charges again what that gave back, and what is beyond that
/// is a charge of its own. One on anything else (interest) uses nothing up.
fn charged_again(
    making: &mut Making<'_>,
    earlier: &[Earlier],
    total: i64,
    known: &dyn Documents,
) -> Vec<Claim> {
    let corrected: Vec<&Earlier> = earlier.iter().filter(|earlier| earlier.corrected).collect();
    let [note] = corrected[..] else { return Vec::new() };
    if note.tipo != Tipo::NotaCredito || notes::correcting(&making.order.document).count() > 1 {
        return Vec::new();
    }
    let left = left_of(note, known).max(0);
    if total > left {
        let message = format!(
            "De lo que devolvió {} quedan {} por volver a cobrar, y esta nota es por {}: lo demás es un cobro nuevo. Revise el monto.",
            note.document.id,
            money::dotted(left),
            money::dotted(total)
        );
        making.warn("debit-exceeds", header_path("Totales", "MntTotal"), message);
    }
    let part = total.min(left);
    let own = (part > 0).then(|| claim(note, part));
    own.into_iter().chain(undone_in_part(note, part, known)).collect()
}

/// What a credit note gives back of, where that is one document of this folder: a further one upon that note gives back
/// of the same.
fn origin(of: &Earlier, known: &dyn Documents) -> Option<Earlier> {
    let claims = known.usage(&of.document.id).claims.0;
    let mut used = claims.into_iter().filter(|claim| claim.amount > Amount::ZERO);
    let (claim, None) = (used.next()?, used.next()) else { return None };
    of.in_place_of(&claim.document, known)
}

fn given_back(making: &mut Making<'_>, earlier: &[Earlier], total: i64, known: &dyn Documents) -> Vec<Claim> {
    let of = |earlier: &Earlier| match earlier.tipo {
        // Of several, of a text, of another system's: what that note gave back itself is all that is known.
        Tipo::NotaCredito => origin(earlier, known).or_else(|| Some(earlier.clone())),
        _ => Some(earlier.clone()),
    };
    let mut corrected: Vec<Earlier> = earlier.iter().filter(|e| e.corrected).filter_map(of).collect();
    // Nobody knows how much is of the unknown one, and a note that corrects nothing is refused for that.
    if total == 0
        || corrected.is_empty()
        || corrected.len() != notes::correcting(&making.order.document).count()
    {
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    corrected.retain(|earlier| seen.insert(earlier.document.id.clone()));
    let corrected: Vec<&Earlier> = corrected.iter().collect();
    let bound = rest::bound(&corrected, known);
    let bound: Vec<&Earlier> = bound.iter().collect();
    if let [only] = corrected[..] {
        let part = one_part(making, only, total, known);
        if bound.len() > 1 {
            together(making, &bound, known);
        }
        // What a debit note had given back to another it takes no more.
        let undone = part.iter().filter(|_| only.tipo == Tipo::NotaDebito);
        let undone: Vec<Claim> = undone.flat_map(|part| undone_in_part(only, part.amount.0, known)).collect();
        return part.into_iter().chain(undone).collect();
    }
    let mut left = total;
    let mut claims = Vec::new();
    for earlier in &corrected {
        let part = left.min(left_of(earlier, known));
        if part > 0 {
            claims.push(claim(earlier, part));
            left -= part;
        }
    }
    if left > 0 {
        let ids: Vec<_> = corrected.iter().map(|earlier| earlier.document.id.clone()).collect();
        let message = format!(
            "Lo que queda de {} suma {}, y esta nota es por {}.",
            listed(&ids),
            money::dotted(total - left),
            money::dotted(total)
        );
        making.refuse("claim-exceeds", "Referencia", message);
        return claims;
    }
    together(making, &bound, known);
    claims
}

/// Holds a note to what several documents were made of together.
fn together(making: &mut Making<'_>, of: &[&Earlier], known: &dyn Documents) {
    let beyond = rest::beyond(making.tipo, &making.order.document, of, known);
    let ids: Vec<_> = of.iter().map(|earlier| earlier.document.id.clone()).collect();
    refuse_beyond(making, beyond, &format!("{}, que suman", listed(&ids)));
}

/// Refuses to give back as exempt what was taxed, or with a tax that it never bore; `of` says of what, before its amount.
fn refuse_beyond(making: &mut Making<'_>, beyond: Vec<Difference>, of: &str) {
    for more in beyond {
        let message = format!(
            "Con esta nota se devuelven {} por {} de {of} {}: revise si las líneas son afectas o exentas y sus impuestos.",
            more.said(),
            more.words(),
            more.right()
        );
        making.refuse("claim-exceeds", header_path("Totales", more.tag()), message);
    }
}

fn one_part(making: &mut Making<'_>, of: &Earlier, total: i64, known: &dyn Documents) -> Option<Claim> {
    let id = &of.document.id;
    match rest::part(making.tipo, &making.order.document, total, of, known) {
        Ok(part) => {
            refuse_beyond(making, part.beyond, &format!("{id}, que tiene"));
            if part.off != 0 {
                let (more, pesos) =
                    (if part.off > 0 { "más" } else { "menos" }, money::dotted(part.off.abs()));
                let exact = total - part.off;
                let message = format!(
                    "Con esta nota se devuelve todo {id}, y las notas suman ${pesos} {more} que él porque cada una redondea lo \
                     suyo. Si debe calzar al peso, emita esta por ${} con precios que llevan IVA (MntBruto 1).",
                    money::dotted(exact)
                );
                making.warn("note-rounding", header_path("Totales", "MntTotal"), message);
            }
            Some(part.claim)
        }
        Err(exceeds) => {
            let notes = listed(&exceeds.notes);
            let left = money::dotted(exceeds.left);
            let (code, message) = match rest::annulled(id, known) {
                Some(note) => {
                    ("already-annulled", format!("{id} ya lo anula {note}: no queda nada que devolver."))
                }
                None if notes.is_empty() => ("claim-exceeds", format!("De {id} quedan {left} por devolver.")),
                None => (
                    "claim-exceeds",
                    format!(
                        "De {id} quedan {left} por devolver (lo demás lo devuelven {notes}), y esta nota es por {}.",
                        money::dotted(total)
                    ),
                ),
            };
            making.refuse(code, format!("Referencia[{}].FolioRef", of.at), message);
            None
        }
    }
}

/// What a factura or a boleta bills of its only guía. Of one that was billed in part before, each rounded its own, so
/// that the last is held against the rest before rounding, as a note is. One that says no prices is billed by who
/// wrote it down: how much of it is left nobody can tell.
fn billed(making: &mut Making<'_>, guia: &Earlier, total: i64, known: &dyn Documents) -> Option<Claim> {
    let usage = known.usage(&guia.document.id);
    if guia.document.total == Amount::ZERO {
        return rest_of(making, guia, known);
    }
    if usage.claimed <= Amount::ZERO {
        return Some(claim(guia, guia.document.total.0.min(total)));
    }
    match rest::part(making.tipo, &making.order.document, total, guia, known) {
        Ok(part) => Some(part.claim),
        Err(exceeds) => {
            let message = format!(
                "De la guía {} quedan {} por cobrar (lo demás lo cobran {}), y este documento es por {}.",
                guia.document.id,
                money::dotted(exceeds.left),
                listed(&exceeds.notes),
                money::dotted(total)
            );
            making.refuse("claim-exceeds", format!("Referencia[{}].FolioRef", guia.at), message);
            None
        }
    }
}

/// What is left of a guía that is billed among others.
fn rest_of(making: &mut Making<'_>, guia: &Earlier, known: &dyn Documents) -> Option<Claim> {
    let usage = known.usage(&guia.document.id);
    let (id, place) = (&guia.document.id, format!("Referencia[{}].FolioRef", guia.at));
    if guia.document.total == Amount::ZERO {
        if !usage.used_by.is_empty() {
            let message = format!(
                "La guía {id} no dice precios y ya la cobra {}: revise que no se cobre lo mismo otra vez.",
                listed(&usage.used_by)
            );
            making.warn("guia-billed", place, message);
        }
        return Some(claim(guia, 0));
    }
    let left = left_of(guia, known);
    if left <= 0 {
        let message = format!("La guía {id} ya la cobra entera {}.", listed(&usage.used_by));
        making.refuse("claim-exceeds", place, message);
        return None;
    }
    Some(claim(guia, left))
}

fn left_of(earlier: &Earlier, known: &dyn Documents) -> i64 {
    rest::left(&earlier.document, known)
}

fn claim(earlier: &Earlier, amount: i64) -> Claim {
    Claim::new(earlier.document.id.clone(), Amount(amount))
}
