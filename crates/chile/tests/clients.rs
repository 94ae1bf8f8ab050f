//! Sales as the clients of other programs write them (examples of our own writing, in `clients/`): each makes the
//! very document that the SII's own tags make, and what was left out is named.

mod desk;

use serde_json::{Value, json};

fn foreign(name: &str) -> String {
    std::fs::read_to_string(format!("tests/clients/{name}.json")).expect("it is committed")
}

#[track_caller]
fn check(name: &str, plain: &Value, left_out: &[&str]) {
    let theirs = desk::draft(&foreign(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    let ours = desk::draft(&plain.to_string()).unwrap_or_else(|e| panic!("{name}: {e}"));
    let warned: Vec<_> =
        theirs.warnings().iter().filter(|w| w.code == "member-ignored").map(|w| w.path.as_str()).collect();
    assert_eq!(warned, left_out, "{name}");
    let (theirs, ours) = (desk::seal(&*theirs, 7), desk::seal(&*ours, 7));
    assert!(theirs.bytes == ours.bytes, "{name}: {}", String::from_utf8_lossy(&theirs.bytes));
}

#[test]
fn what_others_clients_send_makes_the_document_that_was_meant() {
    let boleta = |extra: Value| {
        let mut sale = json!({
            "Encabezado": { "IdDoc": { "TipoDTE": 39, "FchEmis": "2026-01-15", "IndServicio": 3 } },
            "Detalle": [{ "NmbItem": "Pan amasado", "QtyItem": 2, "PrcItem": 350 }],
        });
        if !extra.is_null() {
            sale["Encabezado"]["Receptor"] = extra;
        }
        sale
    };
    let nobody = json!({ "RUTRecep": "66666666-6", "RznSocRecep": "Sin RUT" });
    check("libredte", &boleta(nobody), &["LibreDTE"]);
    check("openfactura", &boleta(Value::Null), &["response", "customer", "custom"]);
    check("simpleapi", &boleta(Value::Null), &[]);
    let factura = json!({
        "Encabezado": {
            "IdDoc": { "TipoDTE": 33, "FchEmis": "2026-01-15", "FmaPago": 1 },
            "Receptor": {
                "RUTRecep": "77777777-7", "RznSocRecep": "Panadería Ñuñoa Ltda.", "GiroRecep": "Elaboración de pan",
                "DirRecep": "Irarrázaval 2450", "CmnaRecep": "Ñuñoa",
            },
        },
        "Detalle": [{ "NmbItem": "Harina 25 kg", "QtyItem": 2, "UnmdItem": "un", "PrcItem": 1000 }],
        "Referencia": [{ "TpoDocRef": 801, "FolioRef": "OC-17", "FchRef": "2026-01-10", "RazonRef": "Orden de compra" }],
        "DscRcgGlobal": [{ "TpoMov": "D", "GlosaDR": "Cliente frecuente", "TpoValor": "%", "ValorDR": 10 }],
    });
    check("simpleapi-nota", &factura, &[]);
}

#[test]
fn a_certificate_beside_a_sale_is_refused_and_so_is_what_nobody_named() {
    let mut sale: Value = serde_json::from_str(&foreign("simpleapi")).unwrap();
    sale["Certificado"] = json!({ "Rut": "11111111-1", "Password": "x" });
    assert_eq!(desk::refused(&sale.to_string()), [("secret-given".to_owned(), "Certificado".to_owned())]);
    let mut sale: Value = serde_json::from_str(&foreign("openfactura")).unwrap();
    sale["otro"] = json!(1);
    assert_eq!(desk::refused(&sale.to_string()), [("unknown-tag".to_owned(), "otro".to_owned())]);
}
