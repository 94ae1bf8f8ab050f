//! What is printed: read back from signed bytes, and never more than they say.

mod desk;

use timbre_chile::{Chile, latin1};
use timbre_core::receipt::{Field, Sum};
use timbre_core::{Amount, Document, Regime, TillData};

const SALE: &str = r#"{ "Encabezado": { "IdDoc": { "TipoDTE": 39 } },
  "Detalle": [ { "NmbItem": "Pan amasado", "QtyItem": 1.5, "UnmdItem": "KG", "PrcItem": 2000, "DescuentoPct": 10 },
               { "NmbItem": "Diario", "IndExe": 1, "QtyItem": 1, "PrcItem": 1000 } ],
  "Timbre": { "Pagos": [ { "Medio": "efectivo", "Monto": 5000 } ], "Vuelto": 1300 } }"#;

fn document(text: &str) -> (Document, TillData) {
    let draft = desk::draft(text).expect("a good sale");
    (desk::seal(&*draft, 9), desk::sale(text).expect("a sale").till)
}

fn said(sums: &[Sum]) -> Vec<String> {
    sums.iter().map(|sum| format!("{} {}", sum.name, sum.sum)).collect()
}

fn labelled(fields: &[Field]) -> Vec<String> {
    fields.iter().map(|field| format!("{}: {}", field.label, field.value)).collect()
}

/// The same bytes as if a CAF of the SII's own had stamped them; only the printing cares.
fn as_if_real(document: &Document) -> Document {
    let text = latin1::decode(&document.bytes).replace("<IDK>999</IDK>", "<IDK>300</IDK>");
    Document { bytes: latin1::encode(&text).expect("Latin-1").into(), ..document.clone() }
}

#[test]
fn training_paper_can_not_be_taken_for_a_document() {
    let (document, till) = document(SALE);
    let receipt = Chile::default().receipt(&document, &till);
    assert_eq!(receipt.watermark, "ENTRENAMIENTO · SIN VALOR TRIBUTARIO");
    assert_eq!(receipt.code, None);
    let everything = format!("{receipt:?}").to_uppercase();
    for word in ["BOLETA", "FACTURA", "TIMBRE ELECTR", "SII.CL"] {
        assert!(!everything.contains(word), "{word} in {everything}");
    }
}

#[test]
fn a_boleta_is_printed_as_it_was_signed() {
    let (document, till) = document(SALE);
    let receipt = Chile::default().receipt(&as_if_real(&document), &till);
    let heading = &receipt.heading;
    assert_eq!((heading.title.as_str(), heading.number.as_str()), ("BOLETA ELECTRÓNICA", "N° 9"));
    assert_eq!((heading.tax_id.as_str(), heading.framed), ("R.U.T.: 99.999.999-9", true));
    assert_eq!(receipt.issuer.name, "COMERCIAL ÑUÑOA & HIJOS LTDA");
    assert!(receipt.receiver.is_empty(), "{:?}", receipt.receiver);
    assert_eq!(receipt.date, "15-01-2026 12:34");
    let line = &receipt.lines[0];
    assert_eq!((line.name.as_str(), line.quantity.as_str()), ("Pan amasado", "1,5 KG"));
    assert_eq!(line.notes, ["Descuento 10%: 300"]);
    assert_eq!((line.price.as_str(), line.amount, line.sum.as_str()), ("2.000", Amount(2700), "2.700"));
    assert_eq!(receipt.lines[1].name, "Diario (exento)");
    assert_eq!(
        said(&receipt.totals),
        ["Monto neto 2.269", "Monto exento 1.000", "IVA (19%) 431", "Total 3.700"]
    );
    assert!(receipt.totals.iter().all(|sum| sum.grand == (sum.name == "Total")));
    assert_eq!(said(&receipt.till), ["Efectivo 5.000", "Vuelto 1.300"]);
    assert_eq!(
        receipt.legend,
        ["Timbre Electrónico SII", "Res. 0 de 2014 - Verifique documento: www.sii.cl"]
    );
    assert_eq!(receipt.watermark, "");
}

/// The printing column of formato boletas 4.2.
#[test]
fn a_bill_says_its_period_its_due_date_and_how_it_was_paid() {
    let sale =
        std::fs::read_to_string(desk::golden("boleta/011-servicio-periodico.json")).expect("committed");
    let (bill, till) = document(&sale);
    let terms = Chile::default().receipt(&as_if_real(&bill), &till).terms;
    assert_eq!(labelled(&terms), ["Período: 01-12-2025 al 31-12-2025", "Vencimiento: 30-01-2026"]);
    let (paid, till) = document(&SALE.replace(r#""TipoDTE": 39"#, r#""TipoDTE": 39, "MedioPago": 2"#));
    let receipt = Chile::default().receipt(&as_if_real(&paid), &till);
    assert_eq!(labelled(&receipt.terms), ["Medio de pago: Medio electrónico"]);
}

/// Where lines that sum to more, or less, than the net amount would be read as wrong.
#[test]
fn prices_that_are_meant_otherwise_than_usual_are_said_to_be() {
    let read = |sale: &str| {
        let (document, till) = document(sale);
        Chile::default().receipt(&as_if_real(&document), &till).prices
    };
    let golden = |name: &str| read(&std::fs::read_to_string(desk::golden(name)).expect("committed"));
    assert_eq!(golden("factura/002-precios-con-iva.json"), "Precios con IVA incluido");
    assert_eq!(golden("nota-credito/404-de-boleta-con-iva.json"), "Precios con IVA incluido");
    assert_eq!(golden("factura/005-referencias.json"), "");
    assert_eq!(read(SALE), "");
    let net = SALE.replace(r#""TipoDTE": 39"#, r#""TipoDTE": 39, "IndMntNeto": 2"#);
    assert_eq!(read(&net), "Precios netos, sin IVA");
}

/// Discounts are printed as amounts, the percentage besides (manual de muestras impresas 4.0, 1.4); each is of what the
/// ones before it left, as in the totals.
#[test]
fn a_global_in_percent_says_what_it_comes_to() {
    for (name, globals) in [
        ("boleta/005-descuento-global-porcentaje", vec!["Descuento socios 10% -3.768"]),
        (
            "boleta/006-globales-monto-y-exento",
            vec!["Cupón -1.500", "Cargo por servicio 300,5", "Día del espectador 20% (exento) -2.000"],
        ),
        ("boleta-exenta/002-dice-que-es-exenta", vec!["Descuento global 5% -500"]),
        ("factura/011-bruto-con-descuento-y-exento", vec!["Convenio 5% -5.625"]),
        ("factura-exenta/102-descuento-y-no-facturable", vec!["Descuento global -330", "Despacho 2,5% 825"]),
        ("impuestos/202-descuento-porcentual", vec!["Descuento global 10% -1.200", "Recargo global 3% 324"]),
    ] {
        let sale = std::fs::read_to_string(desk::golden(&format!("{name}.json"))).expect("committed");
        let (document, till) = document(&sale);
        let totals = said(&Chile::default().receipt(&as_if_real(&document), &till).totals);
        assert_eq!(totals[..globals.len()], globals, "{name}");
        assert!(totals[globals.len()].starts_with("Monto"), "{name}: {totals:?}");
    }
}

/// The code on paper is the very stamp of the document, byte for byte.
#[test]
fn the_code_is_the_stamp() {
    let (document, till) = document(SALE);
    let real = as_if_real(&document);
    let code = Chile::default().receipt(&real, &till).code.expect("a stamp").bytes;
    assert!(code.starts_with(b"<TED version=\"1.0\"><DD>") && code.ends_with(b"</FRMT></TED>"));
    assert!(real.bytes.windows(code.len()).any(|window| window == code));
}

#[test]
fn a_factura_names_its_receptor_and_references() {
    let sale = std::fs::read_to_string(desk::golden("factura/005-referencias.json")).expect("committed");
    let (document, till) = document(&sale);
    let receipt = Chile::default().receipt(&as_if_real(&document), &till);
    assert_eq!(receipt.heading.title, "FACTURA ELECTRÓNICA");
    assert_eq!(receipt.heading.office.as_deref(), Some("S.I.I. - ÑUÑOA"));
    assert_eq!(
        labelled(&receipt.receiver)[..2],
        ["Señor(es): Receptora de Prueba S.A.", "R.U.T.: 77.777.777-7"]
    );
    assert!(
        receipt.references.contains(&"Orden de compra N° OC-4471 del 10-01-2026: Orden de compra".to_owned())
    );
    assert!(labelled(&receipt.terms).contains(&"Forma de pago: Crédito".to_owned()));
    let ceded = receipt.ceded.expect("a factura may be ceded");
    assert_eq!(ceded.legend, "CEDIBLE");
    assert!(!receipt.narrow && !receipt.code.expect("a stamp").optional);
}

/// Documents of the vectors, of types that come from elsewhere too: read by what their bytes say.
fn vector(id: &str) -> Document {
    let path = "../../tests/vectors/EnvioDTE-33-61-52-variantB.xml";
    let envelope = latin1::decode(&std::fs::read(path).expect("committed"));
    let at = envelope.find(&format!("ID=\"{id}\"")).expect("it is in the envelope");
    let begin = envelope[..at].rfind("<DTE ").expect("a DTE");
    let end = begin + envelope[begin..].find("</DTE>").expect("its end") + "</DTE>".len();
    let (mut document, _) = document(SALE);
    document.bytes = latin1::encode(&envelope[begin..end]).expect("Latin-1").into();
    as_if_real(&document)
}

#[test]
fn a_guia_says_its_transfer_and_a_note_what_it_corrects() {
    let read = |id: &str| Chile::default().receipt(&vector(id), &TillData::default());
    let guia = read("F9T52");
    assert_eq!(guia.heading.title, "GUÍA DE DESPACHO ELECTRÓNICA");
    assert!(guia.terms.iter().any(|term| term.label == "Traslado"), "{:?}", guia.terms);
    let note = read("F2T61");
    assert_eq!(note.heading.title, "NOTA DE CRÉDITO ELECTRÓNICA");
    assert!(note.ceded.is_none(), "a note is never ceded");
    assert!(note.references[0].starts_with("Factura electrónica N° "), "{:?}", note.references);
    assert!(note.references[0].contains("(anula)") || note.references[0].contains("(corrige"));
}

/// Only a guía of a sale has a copy to be ceded, and it goes with its factura.
#[test]
fn a_guia_is_ceded_only_when_it_is_a_sale() {
    let guia = vector("F9T52");
    let text = latin1::decode(&guia.bytes);
    let (_, rest) = text.split_once("<IndTraslado>").expect("a guía has one");
    let kind = &rest[..1];
    for code in 1..=9u8 {
        let other = text.replace(
            &format!("<IndTraslado>{kind}</IndTraslado>"),
            &format!("<IndTraslado>{code}</IndTraslado>"),
        );
        let document = Document { bytes: latin1::encode(&other).expect("Latin-1").into(), ..guia.clone() };
        let ceded = Chile::default().receipt(&document, &TillData::default()).ceded;
        let legend = ceded.map(|ceded| ceded.legend);
        assert_eq!(legend.as_deref(), (code == 1).then_some("CEDIBLE CON SU FACTURA"), "{code}");
    }
}
