//! Documents to be printed: the golden ones, and as many as wanted of drawn ones. Their CAF is the simulator's,
//! so that they would be printed as training; here the receipt is that of a real one, with the stamp's true bytes.

#![allow(dead_code)]

use serde_json::json;
use timbre_chile::{Chile, latin1};
use timbre_core::receipt::Receipt;
use timbre_core::{Amount, ChannelId, Date, Document, DocumentId, GrantId, Party, Regime, TillData};

use crate::desk;

/// A document as paper has it.
pub struct Sample {
    pub name: String,
    /// `TipoDTE`.
    pub kind: String,
    pub receipt: Receipt,
    /// The stamp as it stands in the document.
    pub ted: Vec<u8>,
    /// The document's text.
    pub text: String,
}

const TILL: &str =
    r#"{"Pagos":[{"Medio":"efectivo","Monto":20000}],"Vuelto":1300,"Redondeo":-3,"Propina":500}"#;

/// Every golden document.
pub fn golden() -> Vec<Sample> {
    let mut found = Vec::new();
    for dir in std::fs::read_dir(desk::golden("")).expect("committed") {
        let dir = dir.expect("readable").path();
        for file in std::fs::read_dir(&dir).into_iter().flatten() {
            let path = file.expect("readable").path();
            if path.extension().is_some_and(|end| end == "xml") && !dir.ends_with("keys") {
                let stem = |path: &std::path::Path| {
                    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
                };
                let name = format!("{}-{}", stem(&dir), stem(&path));
                found.push(sample(name, &latin1::decode(&std::fs::read(&path).expect("readable"))));
            }
        }
    }
    // Types that are issued by others, from the vectors.
    let path = "../../tests/vectors/EnvioDTE-33-61-52-variantB.xml";
    let envelope = latin1::decode(&std::fs::read(path).expect("committed"));
    for part in envelope.split_inclusive("</DTE>").filter(|part| part.contains("<DTE")) {
        let sample = sample(String::new(), part);
        found.push(Sample { name: format!("vector-{}", sample.kind), ..sample });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// Documents that were drawn: names of every length, every letter of Latin-1, one to five lines.
pub fn drawn(count: u64) -> Vec<Sample> {
    let letters: Vec<char> = (0x20..0x7f)
        .chain(0xa1..=0xff)
        .filter_map(char::from_u32)
        .filter(|c| !"<>\"'\\\u{ad}".contains(*c))
        .collect();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move |below: usize| {
        // xorshift: the same documents in every run.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    let mut draw = |count: u64| {
        let text = |next: &mut dyn FnMut(usize) -> usize, most: usize| -> String {
            let length = 1 + next(most);
            let text: String = (0..length).map(|_| letters[next(letters.len())]).collect();
            format!("Ñ{}", text.split_whitespace().collect::<Vec<_>>().join(" "))
        };
        let lines: Vec<_> = (0..=next(5))
            .map(|_| json!({ "NmbItem": text(&mut next, 76), "QtyItem": 1 + next(9), "PrcItem": 1 + next(99_999) }))
            .collect();
        let mut sale = json!({ "Encabezado": { "IdDoc": { "TipoDTE": 39 } }, "Detalle": lines });
        if count % 2 == 1 {
            sale["Encabezado"]["IdDoc"]["TipoDTE"] = 33.into();
            sale["Encabezado"]["Receptor"] = json!({
                "RUTRecep": "77777777-7", "RznSocRecep": text(&mut next, 96), "GiroRecep": text(&mut next, 36),
                "DirRecep": text(&mut next, 60), "CmnaRecep": text(&mut next, 18) });
        }
        let draft = desk::draft(&sale.to_string()).unwrap_or_else(|refusals| panic!("{sale}: {refusals:?}"));
        let document = desk::seal(&*draft, 1 + count);
        sample(format!("drawn-{count:03}"), &latin1::decode(&document.bytes))
    };
    (0..count).map(&mut draw).collect()
}

/// The one whose stamp is the longest that is issued: in the names of a stamp an ampersand is five bytes.
pub fn longest() -> Sample {
    let named = |ampersands: usize, letters: usize| {
        let name = "&".repeat(ampersands) + &"x".repeat(letters);
        let sale = json!({
            "Encabezado": { "IdDoc": { "TipoDTE": 33 }, "Receptor": {
                "RUTRecep": "77777777-7", "RznSocRecep": "&".repeat(40), "GiroRecep": "Servicios",
                "DirRecep": "Calle Uno 1", "CmnaRecep": "Providencia" } },
            "Detalle": [{ "NmbItem": name, "QtyItem": 1, "PrcItem": 1000 }] });
        desk::draft(&sale.to_string()).unwrap_or_else(|refusals| panic!("{sale}: {refusals:?}"))
    };
    let grant = desk::grant("33");
    let mut names =
        (1..=40).rev().flat_map(|ampersands| (0..5).rev().map(move |letters| (ampersands, letters)));
    let longest = names.find_map(|(ampersands, letters)| {
        let draft = named(ampersands, letters);
        draft.accepts(&grant).is_ok().then_some(draft)
    });
    let document = desk::seal(&*longest.expect("a name that fits"), grant.last);
    sample("drawn-longest".to_owned(), &latin1::decode(&document.bytes))
}

/// A document from its text.
pub fn sample(name: String, text: &str) -> Sample {
    let begin = text.find("<DTE").expect("a DTE");
    let end = text.find("</DTE>").expect("its end") + "</DTE>".len();
    let text = text[begin..end].replace('\r', "");
    let ted = text.find("<TED").expect("a stamp")..text.find("</TED>").expect("its end") + "</TED>".len();
    let ted = latin1::encode(&text[ted]).expect("Latin-1");
    let (_, kind) = text.split_once("<TipoDTE>").expect("a type");
    let kind = kind.split_once('<').expect("its end").0.to_owned();
    let real = text.replace("<IDK>999</IDK>", "<IDK>300</IDK>");
    let till: TillData = serde_json::from_str(TILL).expect("a till's data");
    let mut receipt = Chile::default().receipt(&document(&real), &till);
    receipt.code.as_mut().expect("a stamp").bytes = ted.clone();
    Sample { name, kind, receipt, ted, text }
}

/// What paper reads of a document besides its bytes.
pub fn document(text: &str) -> Document {
    let mut facts = json!({ "FchResol": "2014-08-22", "NroResol": 80, "UnidadSII": "ÑUÑOA" });
    if text.contains("<CdgSIISucur>") {
        facts["CasaMatriz"] = "Calle Matriz 1, Providencia".into();
    }
    Document {
        id: DocumentId::new("39", 1),
        version: 1,
        grant: GrantId(String::new()),
        channel: ChannelId(String::new()),
        date: Date::constant(2026, 1, 15),
        stamped: desk::now(),
        receiver: Party::default(),
        total: Amount(0),
        words: String::new(),
        facts,
        bytes: latin1::encode(text).expect("Latin-1").into(),
    }
}
