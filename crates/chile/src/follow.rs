//! From document to document: what a sale that names an earlier one needs not say again, and what it uses
//! up of it. Only documents of this folder are known; of others the till says all. Judging is in `rules`.

use timbre_core::{Amount, Claim, DocState, Document, DocumentId, Documents};

use crate::company::Firm;
use crate::dte;
use crate::money;
use crate::rest;
use crate::rules::{Making, header_path, notes};
use crate::rut::Rut;
use crate::tags::Group;
use crate::tipo::{self, Tipo};

/// A document of this folder that a sale refers to.
pub struct Earlier {
    /// Which of the references names it.
    pub at: usize,
    /// The reference says so in order to correct it.
    pub corrected: bool,
    pub tipo: Tipo,
    pub document: Document,
    pub state: DocState,
    /// Its elements, read back from the signed bytes.
    pub body: Group,
}

/// Those that the references of `document` name.
pub fn earlier(document: &Group, issuer: Rut, known: &dyn Documents) -> Vec<Earlier> {
    let find = |(at, reference): (usize, &Group)| {
        let number = reference.leaf("FolioRef")?.parse().ok()?;
        let (document, state) = known.find(&DocumentId::new(reference.leaf("TpoDocRef")?, number))?;
        let (tipo, body) = dte::read(&document.bytes)?;
        Some(Earlier { at, corrected: false, tipo, document, state, body })
    };
    let corrected: Vec<usize> = notes::correcting(document).map(|(at, _)| at).collect();
    let references =
        document.groups("Referencia").enumerate().filter(|(_, reference)| is_own(reference, issuer));
    references.filter_map(find).map(|e| Earlier { corrected: corrected.contains(&e.at), ..e }).collect()
}

/// Fills in what follows from the earlier documents. What the sale says itself stands.
pub fn fill(tipo: Tipo, document: &mut Group, firm: &Firm, earlier: &[Earlier], known: &dyn Documents) {
    match tipo {
        Tipo::NotaCredito | Tipo::NotaDebito => note(document, firm, earlier),
        Tipo::Factura | Tipo::FacturaExenta => of_guias(tipo, document, earlier, known),
        Tipo::Guia if document.at(&["Encabezado", "IdDoc", "IndTraslado"]) == Some("5") => {
            issuer_as_receiver(document, firm);
        }
        Tipo::Guia | Tipo::Boleta | Tipo::BoletaExenta => {}
    }
}

fn note(document: &mut Group, firm: &Firm, earlier: &[Earlier]) {
    let first = earlier.iter().find(|earlier| earlier.corrected);
    match first {
        Some(first) if !names_nobody(first) => same_receiver(document, first),
        Some(_) => issuer_as_receiver(document, firm),
        // Another system's boleta, whose buyer the till does not name.
        None if notes::on_boletas(document) => issuer_as_receiver(document, firm),
        None => {}
    }
    if document.has("Detalle") {
        return;
    }
    let reason = notes::reasons(document).next().map(str::to_owned);
    match (reason.as_deref(), first) {
        (Some("1"), Some(first)) => whole(document, first),
        (Some("2"), _) => text_line(document),
        _ => {}
    }
}

/// A boleta to the consumer whom nobody knows.
fn names_nobody(earlier: &Earlier) -> bool {
    let nobody = [Rut::CONSUMER.to_string(), Rut::NONE.to_string()];
    nobody.contains(&earlier.document.receiver.id)
}

fn same_receiver(document: &mut Group, earlier: &Earlier) {
    let receiver = document.within("Encabezado").within("Receptor");
    let same = receiver.leaf("RUTRecep").is_none_or(|rut| rut == earlier.document.receiver.id);
    if same && let Some(theirs) = earlier.body.group("Encabezado").and_then(|e| e.group("Receptor")) {
        receiver.carry(theirs);
    }
}

/// A note on a boleta whose buyer is not known goes to the issuer itself, and so does what moves between
/// its own places.
fn issuer_as_receiver(document: &mut Group, firm: &Firm) {
    /// `GiroRecep` is half as long as `GiroEmis`, and `DirRecep` as long.
    const ACTIVITY: usize = 40;
    let receiver = document.within("Encabezado").within("Receptor");
    if receiver.leaf("RUTRecep").is_some_and(|rut| rut != firm.rut.to_string()) {
        return;
    }
    receiver.fill("RUTRecep", firm.rut.to_string());
    for (tag, own) in [
        ("RznSocRecep", "RznSoc"),
        ("GiroRecep", "GiroEmis"),
        ("DirRecep", "DirOrigen"),
        ("CmnaRecep", "CmnaOrigen"),
        ("CiudadRecep", "CiudadOrigen"),
    ] {
        if let Some(text) = firm.tag(own) {
            let most = if tag == "GiroRecep" { ACTIVITY } else { usize::MAX };
            receiver.fill(tag, text.chars().take(most).collect::<String>().trim_end());
        }
    }
}

/// Everything that an annulled document charges, as it charged it: lines, globals, kind of price, and what
/// its totals state by themselves.
fn whole(document: &mut Group, earlier: &Earlier) {
    let said = |tag| earlier.body.at(&["Encabezado", "IdDoc", tag]).is_some();
    let gross = said("MntBruto") || (earlier.tipo == Tipo::Boleta && !said("IndMntNeto"));
    if gross {
        document.within("Encabezado").within("IdDoc").fill("MntBruto", "1");
    }
    lines(document, earlier);
    let exempt = earlier.tipo.is_exempt();
    for global in earlier.body.groups("DscRcgGlobal") {
        let own = document.add("DscRcgGlobal");
        own.carry(global);
        own.clear("NroLinDR");
        if exempt && !global.has("IndExeDR") {
            own.set("IndExeDR", "1");
        }
    }
    let Some(totals) = earlier.body.group("Encabezado").and_then(|e| e.group("Totales")) else { return };
    for tag in ["CredEC", "IVAProp", "IVATerc"] {
        if let Some(amount) = totals.leaf(tag) {
            document.within("Encabezado").within("Totales").fill(tag, amount);
        }
    }
}

/// The lines of an earlier document, but for what was no part of its sale. A boleta of more lines than a note
/// may have becomes one line of each kind.
fn lines(document: &mut Group, earlier: &Earlier) {
    const MOST: usize = 60;
    let sold: Vec<&Group> = earlier
        .body
        .groups("Detalle")
        .filter(|line| !matches!(line.leaf("IndExe"), Some("4" | "5")))
        .collect();
    let exempt = earlier.tipo.is_exempt();
    if sold.len() > MOST {
        for kind in [None, Some("1"), Some("2"), Some("6")] {
            let of_kind: Vec<_> = sold.iter().filter(|line| line.leaf("IndExe") == kind).collect();
            if of_kind.is_empty() {
                continue;
            }
            let amount: i128 = of_kind.iter().filter_map(|l| l.leaf("MontoItem")?.parse::<i128>().ok()).sum();
            let line = document.add("Detalle");
            let name = tipo::name_of(earlier.tipo.series()).unwrap_or_default();
            line.set("NmbItem", format!("{name} {}", earlier.document.id.number));
            line.set("MontoItem", amount.to_string());
            line.set_some("IndExe", if exempt { Some("1") } else { kind });
        }
        return;
    }
    for theirs in sold {
        let line = document.add("Detalle");
        line.carry(theirs);
        line.clear("NroLinDet");
        // A boleta may say zero where nothing else does.
        for tag in ["DescuentoPct", "DescuentoMonto", "RecargoPct", "RecargoMonto"] {
            line.clear_if(tag, "0");
        }
        if exempt && !theirs.has("IndExe") {
            line.set("IndExe", "1");
        }
    }
}

/// The one line of a note that corrects a text: what RazonRef says, worth nothing (formato DTE 2.4.2, CodRef
/// 2).
fn text_line(document: &mut Group) {
    /// Longest NmbItem.
    const NAME: usize = 80;
    let reference = notes::correcting(document).next();
    let Some(text) = reference.and_then(|(_, r)| r.leaf("RazonRef")).map(str::to_owned) else { return };
    let line = document.add("Detalle");
    line.set("NmbItem", text.chars().take(NAME).collect::<String>().trim_end());
    if text.chars().count() > NAME {
        line.set("DscItem", text);
    }
    line.set("MontoItem", "0");
}

/// A factura of guías: their receptor and their lines, in the order of the references. A guía's prices are net
/// and its lines bear what taxes they bear: no lines are taken over where the factura says that its prices are
/// gross, nor taxed ones to an exempt one, nor where another factura has billed a part of them already.
fn of_guias(tipo: Tipo, document: &mut Group, earlier: &[Earlier], known: &dyn Documents) {
    let guias: Vec<&Earlier> = earlier.iter().filter(|earlier| earlier.tipo == Tipo::Guia).collect();
    let named = document.groups("Referencia").filter(|r| r.leaf("TpoDocRef") == Some("52")).count();
    let Some(first) = guias.first() else { return };
    same_receiver(document, first);
    let gross = document.at(&["Encabezado", "IdDoc", "MntBruto"]).is_some();
    let taxed = |guia: &&Earlier| guia.body.groups("Detalle").any(|line| !line.has("IndExe"));
    let billed =
        |guia: &&Earlier| (1..guia.document.total.0).contains(&known.usage(&guia.document.id).claimed.0);
    let otherwise = gross || (tipo.is_exempt() && guias.iter().any(taxed)) || guias.iter().any(billed);
    // One that nobody here knows would be forgotten in silence.
    if !document.has("Detalle") && !otherwise && guias.len() == named {
        guias.into_iter().for_each(|guia| lines(document, guia));
    }
}

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

/// One document of the issuer's: what is another's (`RUTOtr`), or many at once (`IndGlobal`), is not looked for.
fn is_own(reference: &Group, issuer: Rut) -> bool {
    !reference.has("IndGlobal") && reference.leaf("RUTOtr").is_none_or(|rut| rut == issuer.to_string())
}

/// The one of this folder.
fn annulled<'e>(tipo: Tipo, document: &Group, earlier: &'e [Earlier]) -> Option<&'e Earlier> {
    let annuls = tipo.is_note() && notes::reasons(document).any(|reason| reason == "1");
    earlier.iter().find(|earlier| earlier.corrected && annuls)
}

/// What a document of `total` uses up of earlier ones, or why it can't.
///
/// A credit note uses up what it gives back, so that no document is given back twice or beyond its total. A
/// factura uses up its guías, each once: of one alone what the factura charges and no more than what is left, for
/// the rest of it may be billed later. A boleta of an exchange uses nothing up. What annuls a document gives back
/// what that had used: the guías of a factura can be billed anew, and a factura whose credit note was annulled can
/// be annulled again. Where a note corrects several, the first are used up first. The writer judges all of it again.
pub fn claims(making: &mut Making<'_>, earlier: &[Earlier], total: i64, known: &dyn Documents) -> Vec<Claim> {
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
        Tipo::NotaDebito => annulled.map_or_else(Vec::new, |note| {
            std::iter::once(claim(note, total)).chain(undone(note, known)).collect()
        }),
        Tipo::Factura | Tipo::FacturaExenta => {
            let guias: Vec<&Earlier> = earlier.iter().filter(|earlier| earlier.tipo == Tipo::Guia).collect();
            match guias[..] {
                [only] => billed(making, only, total, known).into_iter().collect(),
                _ => guias.iter().filter_map(|guia| rest_of(making, guia, known)).collect(),
            }
        }
        Tipo::Boleta | Tipo::BoletaExenta => exchanged(making, earlier, known),
        Tipo::Guia => Vec::new(),
    }
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
            "De {id} ya se devolvieron {} ({}): no se anula entero. Para lo que queda, {}, use CodRef 3.",
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
    gives_back.then_some(Claim { document: id, amount: Amount(total) })
}

fn listed(ids: &[DocumentId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// What a document used up, taken back.
fn undone(document: &Earlier, known: &dyn Documents) -> Vec<Claim> {
    let used = known.usage(&document.document.id).claims.0.into_iter();
    used.filter(|claim| claim.amount != Amount::ZERO)
        .map(|claim| Claim { amount: Amount(-claim.amount.0), ..claim })
        .collect()
}

fn given_back(making: &mut Making<'_>, earlier: &[Earlier], total: i64, known: &dyn Documents) -> Vec<Claim> {
    let corrected: Vec<&Earlier> = earlier.iter().filter(|earlier| earlier.corrected).collect();
    // Nobody knows how much is of the unknown one.
    if total == 0 || corrected.len() != notes::correcting(&making.order.document).count() {
        return Vec::new();
    }
    if let [only] = corrected[..] {
        return one_part(making, only, total, known).into_iter().collect();
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
    }
    claims
}

fn one_part(making: &mut Making<'_>, of: &Earlier, total: i64, known: &dyn Documents) -> Option<Claim> {
    let id = &of.document.id;
    match rest::part(making.tipo, &making.order.document, total, of, known) {
        Ok(part) => {
            for more in part.beyond {
                let message = format!(
                    "Con esta nota se devuelven {} por {} de {id}, que tiene {}: revise si las líneas son afectas o exentas y \
                     sus impuestos.",
                    more.said(),
                    more.words(),
                    more.right()
                );
                making.refuse("claim-exceeds", header_path("Totales", more.tag()), message);
            }
            if part.off != 0 {
                let (more, pesos) =
                    (if part.off > 0 { "más" } else { "menos" }, money::dotted(part.off.abs()));
                let exact = total - part.off;
                let message = format!(
                    "Con esta nota se devuelve todo {id}, y las notas suman ${pesos} {more} que él porque cada una redondea lo \
                     suyo. Si debe calzar al peso, emita esta por ${} con MntBruto 1.",
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

/// What a factura bills of its only guía. Of one that was billed in part before, each factura rounded its own, so
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
                "De la guía {} quedan {} por facturar (lo demás lo cobran {}), y esta factura es por {}.",
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
                "La guía {id} no dice precios y ya la cobra {}: revise que esta factura no cobre lo mismo otra vez.",
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
    earlier.document.total.0.saturating_sub(known.usage(&earlier.document.id).claimed.0)
}

fn claim(earlier: &Earlier, amount: i64) -> Claim {
    Claim { document: earlier.document.id.clone(), amount: Amount(amount) }
}
