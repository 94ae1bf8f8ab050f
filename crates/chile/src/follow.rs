//! From document to document: what a sale that names an earlier one needs not say again. Only documents of this
//! folder are known; of others the till says all. What it uses up of them is in `claims`, judging in `rules`.

use timbre_core::{DocState, Document, DocumentId, Documents};

use crate::company::Firm;
use crate::dte;
use crate::rules::notes;
use crate::rut::Rut;
use crate::tags::Group;
use crate::tipo::{self, Tipo};

/// A document of this folder that a sale refers to.
#[derive(Clone)]
pub struct Earlier {
    /// Which of the references names it.
    pub at: usize,
    /// The reference says so in order to correct it.
    pub corrected: bool,
    pub tipo: Tipo,
    pub document: Document,
    pub state: DocState,
    /// What is in its place by now, where another document took it.
    pub by: Option<DocumentId>,
    /// Its elements, read back from the signed bytes.
    pub body: Group,
}

impl Earlier {
    /// Another document of this folder, named by the same reference.
    pub fn in_place_of(&self, id: &DocumentId, known: &dyn Documents) -> Option<Earlier> {
        let (document, state) = known.find(id)?;
        let (tipo, body) = dte::read(&document.bytes)?;
        Some(Earlier { tipo, document, state, by: in_place_of(id, known), body, ..*self })
    }
}

/// Those that the references of `document` name.
pub fn earlier(document: &Group, issuer: Rut, known: &dyn Documents) -> Vec<Earlier> {
    let find = |(at, reference): (usize, &Group)| {
        let number = reference.leaf("FolioRef")?.parse().ok()?;
        let (document, state) = known.find(&DocumentId::new(reference.leaf("TpoDocRef")?, number))?;
        let (tipo, body) = dte::read(&document.bytes)?;
        let by = in_place_of(&document.id, known);
        Some(Earlier { at, corrected: false, tipo, document, state, by, body })
    };
    let corrected: Vec<usize> = notes::correcting(document).map(|(at, _)| at).collect();
    let references =
        document.groups("Referencia").enumerate().filter(|(_, reference)| is_own(reference, issuer));
    references.filter_map(find).map(|e| Earlier { corrected: corrected.contains(&e.at), ..e }).collect()
}

/// The last of those that took each other's place, the first of them this one's.
pub fn in_place_of(id: &DocumentId, known: &dyn Documents) -> Option<DocumentId> {
    // None takes the place of one that came after it: there is an end.
    std::iter::successors(known.successor(id), |by| known.successor(by)).last()
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
            line.set_some("IndExe", kind.or(exempt.then_some("1")));
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

/// One document of the issuer's: what is another's (`RUTOtr`), or many at once (`IndGlobal`), is not looked for.
pub fn is_own(reference: &Group, issuer: Rut) -> bool {
    !reference.has("IndGlobal") && reference.leaf("RUTOtr").is_none_or(|rut| rut == issuer.to_string())
}
