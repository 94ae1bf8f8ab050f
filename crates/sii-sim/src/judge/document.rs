//! One document of an envelope, judged by itself, in the order the SII was seen to go: CAF (its date, then its
//! signature), stamp, signature, data, arithmetic, dates. The first group that rejects ends it: an early error hides the later ones.

use super::{
    DocumentKey, Facts, Finding, Reference, World, format, kinds, notes,
    reason::{self, Reason},
    stamp, totals,
};
use crate::{
    c14n::canonical,
    desk::Company,
    latin1,
    schema::SII,
    signature::{C14N, ENVELOPED, Signature},
    sum::Sum,
    tree, zone,
};
use jiff::{Timestamp, civil::DateTime};
use roxmltree::{Document, Node};

/// What is known of a `<DTE>` before it is judged. `None` when it bears no type or no folio.
pub(super) fn identify(dte: Node<'_, '_>) -> Option<Finding> {
    let documento = tree::at(dte, "Documento")?;
    let text = |path: &str| tree::text(documento, path);
    let key = DocumentKey {
        issuer: text("Encabezado/Emisor/RUTEmisor")?,
        tipo: text("Encabezado/IdDoc/TipoDTE")?.parse().ok()?,
        folio: text("Encabezado/IdDoc/Folio")?.parse().ok()?,
    };
    let signature = tree::text(dte, "Signature/SignatureValue").unwrap_or_default();
    let facts = Facts {
        receptor: text("Encabezado/Receptor/RUTRecep").unwrap_or_default(),
        date: text("Encabezado/IdDoc/FchEmis").and_then(|date| date.parse().ok()),
        total: text("Encabezado/Totales/MntTotal").and_then(|total| total.parse().ok()).unwrap_or(0),
        signature: signature.split_ascii_whitespace().collect(),
        references: tree::children(documento, "Referencia").map(reference).collect(),
    };
    let bytes = latin1::encode(tree::source(dte))?;
    Some(Finding { key, digest: Sum::of(&bytes), facts, reasons: Vec::new() })
}

fn reference(node: Node<'_, '_>) -> Reference {
    Reference {
        tipo: tree::text(node, "TpoDocRef").unwrap_or_default(),
        folio: tree::text(node, "FolioRef").unwrap_or_default(),
        code: tree::text(node, "CodRef"),
        issuer: tree::text(node, "RUTOtr"),
    }
}

pub(super) fn judge(
    dte: Node<'_, '_>,
    key: &DocumentKey,
    world: &World,
    company: &Company,
    now: Timestamp,
) -> Vec<Reason> {
    let Some(documento) = tree::at(dte, "Documento") else { return Vec::new() };
    let signed = tree::text(documento, "TmstFirma").and_then(|text| text.parse::<DateTime>().ok());
    let tipo = key.tipo;
    let groups: [&dyn Fn() -> Vec<Reason>; 10] = [
        &|| stamp::caf_in_time(documento, tipo, signed),
        &|| stamp::caf_signature(documento, &world.registry),
        &|| stamp::caf_lends(documento, tipo, key.folio),
        &|| stamp::signature(documento),
        &|| stamp::agreement(documento, world.rules.official_only),
        &|| signature(tree::source(dte), world, company, signed),
        &|| {
            let obligatory = format::obligatory(documento, tipo, &world.rules);
            [obligatory, kinds::check(documento, tipo, &world.rules)].concat()
        },
        &|| [format::registered(documento, company), notes::check(documento, tipo)].concat(),
        &|| totals::check(documento, tipo),
        &|| format::dates(documento, now),
    ];
    let mut reasons: Vec<Reason> = Vec::new();
    for group in groups {
        reasons.extend(group());
        if reasons.iter().any(|reason| reason.rejects) {
            break;
        }
    }
    reasons
}

/// The document is taken out of its envelope and verified alone, so that only the namespaces written on it
/// count: what the envelope declares does not leak in.
fn signature(source: &str, world: &World, company: &Company, signed: Option<DateTime>) -> Vec<Reason> {
    match verify_alone(source, world, signed) {
        Ok(Some(rut)) if company.signers.contains(&rut.as_str()) => Vec::new(),
        Ok(rut) => vec![reason::NOT_PERMITTED.because(rut.unwrap_or_default())],
        Err(why) => vec![reason::DOCUMENT_SIGNATURE.because(why)],
    }
}

/// The RUT of who signed.
fn verify_alone(source: &str, world: &World, signed: Option<DateTime>) -> Result<Option<String>, String> {
    let alone = Document::parse(source).map_err(|error| error.to_string())?;
    let dte = alone.root_element();
    let documento = tree::at(dte, "Documento").ok_or("sin Documento")?;
    let node = tree::at(dte, "Signature").ok_or("sin Signature")?;
    let signature = Signature::read(node, &world.rules).map_err(|flaw| flaw.to_string())?;
    let id = documento.attribute("ID").unwrap_or_default();
    if signature.uri != format!("#{id}") {
        return Err(format!("Reference {} no es #{id}", signature.uri));
    }
    if !matches!(signature.transform, None | Some(C14N | ENVELOPED)) {
        return Err("Transform desconocido".to_owned());
    }
    let verified = signature.verify(&canonical(documento, None)).or_else(|flaw| {
        // The SII's own portal signs with the default namespace although the DTE does not write it.
        let bare = dte.namespaces().len() == 0;
        let clothed = format!("<DTE xmlns=\"{SII}\"{}", source.strip_prefix("<DTE").unwrap_or_default());
        match Document::parse(&clothed) {
            Ok(document) if bare => {
                let documento = tree::at(document.root_element(), "Documento");
                documento.map_or(Err(flaw.clone()), |node| signature.verify(&canonical(node, None)))
            }
            _ => Err(flaw),
        }
    });
    verified.map_err(|flaw| flaw.to_string())?;
    let certificate = signature.certificate;
    if !world.trusts(&certificate) {
        return Err("certificado de emisor desconocido".to_owned());
    }
    if !world.in_time(&certificate, signed.and_then(zone::moment)) {
        return Err("certificado no vigente al firmar".to_owned());
    }
    Ok(certificate.rut)
}
