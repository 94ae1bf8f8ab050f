//! Golden documents: a sale in, the exact signed bytes out. `UPDATE=1` rewrites them; look at the diff.

mod desk;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use timbre_chile::envelope::{self, Kind};
use timbre_chile::tags::{By, Field, Shape, boleta, factura};
use timbre_chile::tipo::Tipo;
use timbre_chile::{Chile, dom, hour, latin1};
use timbre_core::{Document, Draft, Regime, Wrapping};

/// The sales of a folder, each with the folio its file name begins with.
fn cases(folder: &str) -> Vec<(PathBuf, u64)> {
    let mut cases: Vec<(PathBuf, u64)> = std::fs::read_dir(desk::golden(folder))
        .expect("the folder is committed")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let number = name.split('-').next().and_then(|n| n.parse().ok());
            (path, number.unwrap_or_else(|| panic!("{name} does not begin with a folio")))
        })
        .collect();
    cases.sort();
    cases
}

/// Folders of sales, by the envelope their documents travel in.
const BOLETAS: [&str; 2] = ["boleta", "boleta-exenta"];
const DTES: [&str; 6] = ["factura", "factura-exenta", "impuestos", "guia", "nota-debito", "nota-credito"];

fn all() -> Vec<(PathBuf, u64)> {
    BOLETAS.into_iter().chain(DTES).flat_map(cases).collect()
}

/// Those called "todo" say all there is to say, and so does their company.
fn says_all(path: &Path) -> bool {
    path.file_stem().is_some_and(|name| name.to_string_lossy().ends_with("-todo"))
}

fn draft(path: &Path) -> Box<dyn Draft> {
    let sale = std::fs::read_to_string(path).expect("UTF-8");
    let company = if says_all(path) { desk::branch() } else { desk::company() };
    desk::draft_by(&desk::issuer_of(&company), &sale).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn document(path: &Path, folio: u64) -> Document {
    desk::seal(&*draft(path), folio)
}

/// Every element of the schemas that a sale of any type, or a company, may fill in stands in a document that
/// other programs judge.
#[test]
fn all_that_can_be_said_is_said_somewhere() {
    for (folders, fields) in [(&BOLETAS[..], boleta::DOCUMENTO), (&DTES[..], factura::DOCUMENTO)] {
        let said: Vec<_> = folders.iter().flat_map(|folder| cases(folder)).collect();
        let roots: Vec<dom::Element> = said
            .iter()
            .map(|(path, folio)| dom::read(&latin1::decode(&document(path, *folio).bytes)).expect("our own"))
            .collect();
        let documents: Vec<_> = roots.iter().filter_map(|dte| dte.child("Documento")).collect();
        let mut missing = Vec::new();
        unsaid(&documents, fields, "", &mut missing);
        assert_eq!(missing, Vec::<String>::new(), "{folders:?}");
    }
}

fn unsaid(elements: &[&dom::Element], fields: &'static [Field], path: &str, missing: &mut Vec<String>) {
    let issued = |by: By| by == By::Timbre || Tipo::ALL.into_iter().any(|tipo| by.till(tipo.code()));
    for field in fields.iter().filter(|f| issued(f.by)) {
        let found: Vec<_> =
            elements.iter().flat_map(|e| e.elements()).filter(|e| e.name == field.tag).collect();
        let path = format!("{path}/{}", field.tag);
        match field.shape {
            _ if found.is_empty() => missing.push(path),
            Shape::Group(inner) => unsaid(&found, inner, &path, missing),
            _ => {}
        }
    }
}

#[test]
fn every_sale_makes_its_golden_document() {
    let (boletas, facturas) = (cases("boleta").len(), cases("factura").len());
    assert!(boletas >= 12 && facturas >= 10, "{boletas} boletas, {facturas} facturas");
    let mut differ = Vec::new();
    for (path, folio) in all() {
        let made = Chile::default().file(&document(&path, folio));
        let file = path.with_extension("xml");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&file, &made).expect("the folder can be written");
        } else if std::fs::read(&file).ok().as_deref() != Some(&made[..]) {
            differ.push(file);
        }
    }
    assert!(differ.is_empty(), "these differ (UPDATE=1 rewrites them): {differ:#?}");
}

#[test]
fn the_same_sale_makes_the_same_bytes() {
    for (path, _) in all() {
        let draft = draft(&path);
        let grant = desk::grant(&draft.series().0);
        timbre_core::conformance::same_sale_same_bytes(&*draft, &grant, desk::Desk::get(), desk::now());
    }
}

/// Rejections CHR-00002 (lines) and ENV-3-0 (characters).
#[test]
fn no_line_is_long_and_every_byte_is_latin1() {
    for (path, folio) in all() {
        let document = document(&path, folio);
        let longest = document.bytes.split(|b| *b == b'\n').map(<[u8]>::len).max();
        assert!(longest < Some(4_000), "{}: {longest:?}", path.display());
        let text = latin1::decode(&document.bytes);
        assert_eq!(latin1::encode(&text).as_deref(), Ok(&document.bytes[..]), "{}", path.display());
        assert!(!text.contains(['\r', '\t']) && !text.contains("/>"), "{}", path.display());
    }
}

#[test]
fn a_second_look_finds_nothing_in_them() {
    for (path, folio) in all() {
        let document = document(&path, folio);
        assert_eq!(desk::findings(&document.bytes), [""; 0], "{}", path.display());
        let file = Chile::default().file(&document);
        assert_eq!(desk::findings(&file), [""; 0], "{}", path.display());
    }
}

/// All of a family in one envelope: each signature holds there too.
#[test]
fn a_second_look_finds_nothing_in_their_envelopes() {
    for (folders, kind) in [(&BOLETAS[..], Kind::Boleta), (&DTES[..], Kind::Dte)] {
        let cases: Vec<_> = folders.iter().flat_map(|folder| cases(folder)).collect();
        let documents: Vec<Arc<Document>> =
            cases.iter().map(|(path, folio)| Arc::new(document(path, *folio))).collect();
        let (company, stamped) = (desk::issuer().company, hour::local(desk::now()));
        let wrapping =
            envelope::wrap(kind, &documents, &company, desk::Desk::get(), stamped).expect("keys are there");
        assert_eq!(desk::findings(&whole(&wrapping, &documents)), [""; 0], "{folders:?}");
    }
}

fn whole(wrapping: &Wrapping, documents: &[Arc<Document>]) -> Vec<u8> {
    let mut bytes = wrapping.head.to_vec();
    for document in documents {
        bytes.extend_from_slice(&document.bytes);
        bytes.push(b'\n');
    }
    bytes.extend_from_slice(&wrapping.tail);
    bytes
}

/// And all that one customer gets, in the envelope that is his.
#[test]
fn a_second_look_finds_nothing_in_a_customers_envelope() {
    let all =
        DTES.iter().flat_map(|folder| cases(folder)).map(|(path, folio)| Arc::new(document(&path, folio)));
    let his: Vec<Arc<Document>> = all.filter(|document| document.receiver.id == "77777777-7").collect();
    assert!(his.len() > 20, "{}", his.len());
    let (company, stamped) = (desk::issuer().company, hour::local(desk::now()));
    let wrapping =
        envelope::wrap_for_receiver(&his, &company, desk::Desk::get(), stamped).expect("keys are there");
    assert_eq!(desk::findings(&whole(&wrapping, &his)), [""; 0]);
}

#[test]
fn the_stamp_repeats_the_document() {
    for (path, folio) in all() {
        let document = document(&path, folio);
        let text = latin1::decode(&document.bytes);
        let root = dom::read(&text).expect("our own");
        let documento = root.child("Documento").expect("it has one");
        let said = |path: &[&str]| documento.at(path).unwrap_or_else(|| panic!("no {path:?}")).text();
        let stamped = |tag: &str| said(&["TED", "DD", tag]);
        let cut = |text: String| -> String { text.chars().take(40).collect() };
        let receiver = ["Encabezado", "Receptor"];
        assert_eq!(stamped("F"), folio.to_string());
        assert_eq!(stamped("MNT"), said(&["Encabezado", "Totales", "MntTotal"]));
        assert_eq!(stamped("RR"), said(&[&receiver[..], &["RUTRecep"]].concat()));
        assert_eq!(stamped("FE"), said(&["Encabezado", "IdDoc", "FchEmis"]));
        assert_eq!(stamped("IT1"), cut(said(&["Detalle", "NmbItem"])));
        assert_eq!(stamped("RSR"), cut(said(&[&receiver[..], &["RznSocRecep"]].concat())));
        assert_eq!(document.facts["SignatureValue"].as_str().map(str::len), Some(344));
        assert!(text.contains(&format!("<Documento ID=\"F{folio}T{}\">", document.id.series)));
    }
}
