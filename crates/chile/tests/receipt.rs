//! What is printed: read back from signed bytes, and never more than they say.

mod desk;

use timbre_chile::{Chile, latin1};
use timbre_core::{Amount, Document, Regime, TillData};

const SALE: &str = r#"{ "Encabezado": { "IdDoc": { "TipoDTE": 39 } },
  "Detalle": [ { "NmbItem": "Pan amasado", "QtyItem": 1.5, "UnmdItem": "KG", "PrcItem": 2000, "DescuentoPct": 10 },
               { "NmbItem": "Diario", "IndExe": 1, "QtyItem": 1, "PrcItem": 1000 } ],
  "Timbre": { "Pagos": [ { "Medio": "efectivo", "Monto": 5000 } ], "Vuelto": 1300 } }"#;

fn document(text: &str) -> (Document, TillData) {
    let draft = desk::draft(text).expect("a good sale");
    (desk::seal(&*draft, 9), desk::sale(text).expect("a sale").till)
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
    assert_eq!((receipt.title.as_str(), receipt.number.as_str()), ("BOLETA ELECTRÓNICA", "N° 9"));
    assert_eq!(receipt.issuer[0], "R.U.T.: 99.999.999-9");
    assert!(receipt.receiver.is_empty(), "{:?}", receipt.receiver);
    assert_eq!(receipt.date, "15-01-2026 12:34");
    let line = &receipt.lines[0];
    assert_eq!((line.name.as_str(), line.quantity.as_str()), ("Pan amasado\nDescuento 10%: 300", "1,5 KG"));
    assert_eq!((line.price.as_str(), line.amount), ("2.000", Amount(2700)));
    let totals: Vec<(&str, i64)> =
        receipt.totals.iter().map(|(name, amount)| (name.as_str(), amount.0)).collect();
    assert_eq!(totals, [("Monto neto", 2269), ("Monto exento", 1000), ("IVA (19%)", 431), ("Total", 3700)]);
    assert_eq!(receipt.till, [("Efectivo".to_owned(), Amount(5000)), ("Vuelto".to_owned(), Amount(1300))]);
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
    let receiver = Chile::default().receipt(&as_if_real(&bill), &till).receiver;
    assert_eq!(receiver[3..], ["Período: 01-12-2025 al 31-12-2025", "Vencimiento: 30-01-2026"]);
    let (paid, till) = document(&SALE.replace(r#""TipoDTE": 39"#, r#""TipoDTE": 39, "MedioPago": 2"#));
    let receipt = Chile::default().receipt(&as_if_real(&paid), &till);
    assert_eq!(receipt.receiver, ["Medio de pago: Medio electrónico"]);
}

/// The code on paper is the very stamp of the document, byte for byte.
#[test]
fn the_code_is_the_stamp() {
    let (document, till) = document(SALE);
    let real = as_if_real(&document);
    let code = Chile::default().receipt(&real, &till).code.expect("a stamp");
    assert!(code.starts_with(b"<TED version=\"1.0\"><DD>") && code.ends_with(b"</FRMT></TED>"));
    assert!(real.bytes.windows(code.len()).any(|window| window == code));
}

#[test]
fn a_factura_names_its_receptor_and_references() {
    let sale = std::fs::read_to_string(desk::golden("factura/005-referencias.json")).expect("committed");
    let (document, till) = document(&sale);
    let receipt = Chile::default().receipt(&as_if_real(&document), &till);
    assert_eq!(receipt.title, "FACTURA ELECTRÓNICA");
    assert_eq!(receipt.issuer[1], "S.I.I. - ÑUÑOA");
    assert_eq!(receipt.receiver[..2], ["Señor(es): Receptora de Prueba S.A.", "R.U.T.: 77.777.777-7"]);
    assert!(
        receipt
            .receiver
            .contains(&"Ref.: Orden de compra N° OC-4471 del 10-01-2026 Orden de compra".to_owned())
    );
    assert!(receipt.receiver.contains(&"Forma de pago: Crédito".to_owned()));
}
