//! An envelope as a whole: its bytes, its lines, its schema, the signature over the set and the carátula. Its
//! documents are judged one by one in `document`.

use super::{
    Examined, Fault, Finding, World, document,
    reason::{self, Reason},
};
use crate::{
    c14n::canonical,
    desk::Company,
    latin1,
    schema::{self, Element},
    signature::{C14N, ENVELOPED, Signature},
    state::Channel,
    tree, zone,
};
use jiff::{Timestamp, civil::DateTime};
use roxmltree::{Document, Node};
use std::collections::BTreeMap;

/// The uploader reads lines of this many bytes; a longer one is `CHR-00002`.
const MAX_LINE: usize = 4090;
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// A file and who brought it.
pub(crate) struct Parcel {
    pub sender: String,
    pub company: String,
    pub file: String,
    pub bytes: Vec<u8>,
}

pub(crate) fn examine(
    channel: Channel,
    parcel: &Parcel,
    world: &World,
    company: &Company,
    now: Timestamp,
) -> Examined {
    let text = latin1::decode(&parcel.bytes);
    if let Err(complaint) = surface(&text) {
        return Examined { fault: Some(Fault::Schema(vec![complaint])), findings: identify_all(&text) };
    }
    let parsed = match Document::parse(&text) {
        Ok(parsed) => parsed,
        Err(error) => {
            let complaint = parser_complaint(&error);
            return Examined { fault: Some(Fault::Schema(vec![complaint])), findings: Vec::new() };
        }
    };
    let root = parsed.root_element();
    let by_dte_upload = world.rules.boletas_by_dte_upload && root.has_tag_name((schema::SII, "EnvioBOLETA"));
    let schema = if by_dte_upload { Channel::Boleta } else { channel };
    let fault = schema_fault(schema, root)
        .or_else(|| signature_fault(root, &parcel.bytes, world).map(Fault::Signature))
        .or_else(|| cover_fault(root, parcel, company).map(Fault::Cover));
    let mut findings = Vec::new();
    for dte in documents(root) {
        let Some(mut finding) = document::identify(dte) else { continue };
        if fault.is_none() {
            finding.reasons = document::judge(dte, &finding.key, world, company, now);
        }
        findings.push(finding);
    }
    Examined { fault, findings }
}

fn documents<'a, 'i>(root: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    tree::at(root, "SetDTE").into_iter().flat_map(|set| tree::children(set, "DTE"))
}

fn identify_all(text: &str) -> Vec<Finding> {
    let Ok(parsed) = Document::parse(text) else { return Vec::new() };
    documents(parsed.root_element()).filter_map(document::identify).collect()
}

/// What the reader of bytes sees before anything is parsed.
fn surface(text: &str) -> Result<(), String> {
    let prolog = text.split_once("?>").map_or("", |(prolog, _)| prolog);
    let latin1 = prolog.contains("encoding=\"ISO-8859-1\"") || prolog.contains("encoding='ISO-8859-1'");
    if !prolog.starts_with("<?xml version=") || !latin1 {
        return Err("SCH-00001: Invalid Schema Name".to_owned());
    }
    // One character is one byte.
    let long = text.split('\n').position(|line| line.chars().count() > MAX_LINE);
    long.map_or(Ok(()), |line| Err(format!("[{}]CHR-00002: Line too long ({MAX_LINE})", line + 1)))
}

fn parser_complaint(error: &roxmltree::Error) -> String {
    let row = error.pos().row;
    match error {
        roxmltree::Error::UnexpectedEndOfStream | roxmltree::Error::UnclosedRootNode => {
            "LPX-00007: unexpected end-of-file encountered".to_owned()
        }
        other => format!("[{row}]LPX-00210: {other}"),
    }
}

/// The uploader picks the schema by `xsi:schemaLocation`, so the name must be there and right.
fn schema_fault(channel: Channel, root: Node<'_, '_>) -> Option<Fault> {
    let (element, name): (&Element, &str) = match channel {
        Channel::Dte => (schema::dte(), "EnvioDTE"),
        Channel::Boleta => (schema::boleta(), "EnvioBOLETA"),
    };
    let file = match channel {
        Channel::Dte => "EnvioDTE_v10.xsd",
        Channel::Boleta => "EnvioBOLETA_v11.xsd",
    };
    let location = root.attribute((XSI, "schemaLocation")).unwrap_or_default();
    let mut words = location.split_ascii_whitespace();
    let right = words.next() == Some(schema::SII) && words.next() == Some(file) && words.next().is_none();
    if root.tag_name().name() != name || !right || root.attribute("ID").is_some() {
        return Some(Fault::Schema(vec!["SCH-00001: Invalid Schema Name".to_owned()]));
    }
    let complaints = schema::validate(root, element);
    (!complaints.is_empty()).then_some(Fault::Schema(complaints))
}

/// The signature over the set, verified where it stands.
fn signature_fault(root: Node<'_, '_>, bytes: &[u8], world: &World) -> Option<String> {
    if let Some(at) = latin1::stray_byte(bytes) {
        return Some(format!("byte 0x{:02X} en la posicion {at}: el archivo no es ISO-8859-1", bytes[at]));
    }
    verify_set(root, world).err()
}

fn verify_set(root: Node<'_, '_>, world: &World) -> Result<(), String> {
    let set = tree::at(root, "SetDTE").ok_or("sin SetDTE")?;
    let node = tree::at(root, "Signature").ok_or("sin Signature")?;
    let signature = Signature::read(node, &world.rules).map_err(|flaw| flaw.to_string())?;
    let id = set.attribute("ID").unwrap_or_default();
    if signature.uri != format!("#{id}") {
        return Err(format!("Reference {} no es #{id}", signature.uri));
    }
    if !matches!(signature.transform, None | Some(C14N | ENVELOPED)) {
        return Err("Transform desconocido".to_owned());
    }
    signature.verify(&canonical(set, None)).map_err(|flaw| flaw.to_string())?;
    let certificate = &signature.certificate;
    let signed = tree::text(set, "Caratula/TmstFirmaEnv")
        .and_then(|text| text.parse::<DateTime>().ok())
        .and_then(zone::moment);
    if !world.trusts(certificate) || !world.in_time(certificate, signed) {
        return Err("certificado desconocido o no vigente".to_owned());
    }
    if certificate.rut != tree::text(set, "Caratula/RutEnvia") {
        return Err("el certificado no es de RutEnvia".to_owned());
    }
    Ok(())
}

/// The carátula against the upload, the company and the documents it announces.
fn cover_fault(root: Node<'_, '_>, parcel: &Parcel, company: &Company) -> Option<Reason> {
    let cover = tree::at(root, "SetDTE/Caratula")?;
    let text = |name: &str| tree::text(cover, name).unwrap_or_default();
    if text("RutEnvia") != parcel.sender {
        return Some(reason::COVER_SENDER.because(format!("[{}] <> [{}]", text("RutEnvia"), parcel.sender)));
    }
    if text("RutEmisor") != parcel.company {
        let found = format!("RutEmisor [{}] <> [{}]", text("RutEmisor"), parcel.company);
        return Some(reason::COVER_SENDER.because(found));
    }
    if text("RutReceptor") != "60803000-K" {
        return Some(reason::COVER_RECEPTOR.because(text("RutReceptor")));
    }
    let resolution = (text("FchResol").parse().ok(), text("NroResol").parse().ok());
    if resolution != (Some(company.resolution_date), Some(company.resolution_number)) {
        let found = format!("{} {}", text("FchResol"), text("NroResol"));
        return Some(reason::COVER_RESOLUTION.because(found));
    }
    let mut announced: BTreeMap<String, u64> = BTreeMap::new();
    for subtotal in tree::children(cover, "SubTotDTE") {
        let number = tree::text(subtotal, "NroDTE").and_then(|text| text.parse::<u64>().ok());
        let tipo = tree::text(subtotal, "TpoDTE").unwrap_or_default();
        if announced.insert(tipo.clone(), number.unwrap_or(0)).is_some() {
            return Some(reason::BAD_DATA.because(format!("SubTotDTE {tipo} repetido")));
        }
    }
    let mut counted: BTreeMap<String, u64> = BTreeMap::new();
    for dte in documents(root) {
        let tipo = tree::text(dte, "Documento/Encabezado/IdDoc/TipoDTE").unwrap_or_default();
        *counted.entry(tipo).or_default() += 1;
    }
    (announced != counted)
        .then(|| reason::BAD_DATA.because(format!("SubTotDTE {announced:?} <> {counted:?}")))
}
