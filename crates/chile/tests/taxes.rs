//! Additional taxes, what the totals state by themselves, and documents without tax.

mod desk;

use desk::folder::{Folder, line, of_type};
use desk::seal;
use serde_json::{Value, json};

#[test]
fn a_tax_has_its_lines_its_rate_and_its_base() {
    let none = Folder::default();
    let with = |line: Value| of_type(33, json!([line, { "NmbItem": "Vaso", "QtyItem": 1, "PrcItem": 1000 }]));
    let wine = json!({ "NmbItem": "Vino", "QtyItem": 1, "PrcItem": 1000, "CodImpAdic": 25 });
    let tax = |code: &str, rate: f64, amount: u64| json!([{ "TipoImp": code, "TasaImp": rate, "MontoImp": amount }]);
    assert_eq!(none.comes_to(&with(wine.clone())).0["ImptoReten"], tax("25", 20.5, 205));
    let changed = |tag: &str, value: Value| {
        let mut wine = wine.clone();
        wine[tag] = value;
        with(wine)
    };
    none.refuses(&changed("CodImpAdic", 28.into()), "additional-tax-unsupported", "Detalle[0].CodImpAdic");
    none.refuses(&changed("CodImpAdic", 99.into()), "value-not-allowed", "Detalle[0].CodImpAdic");
    none.refuses(&changed("CodImpAdic", json!([25, 25])), "tax-repeated", "Detalle[0].CodImpAdic");
    none.refuses(&changed("CodImpAdic", json!([24, 25, 26])), "too-many", "Detalle[0].CodImpAdic");
    none.refuses(&changed("IndExe", 1.into()), "tax-on-exempt", "Detalle[0].CodImpAdic");
    none.refuses(&changed("CodImpAdic", 17.into()), "tax-base-missing", "Detalle[0].Retenedor.MntBaseFaena");
    none.refuses(&changed("CodImpAdic", 50.into()), "tax-base-missing", "Detalle[0].Retenedor.MntMargComer");
    let mut gross = with(wine.clone());
    gross["Encabezado"]["IdDoc"]["MntBruto"] = 1.into();
    none.refuses(&gross, "tax-with-gross", "Encabezado.IdDoc.MntBruto");
    let mut off = with(wine.clone());
    off["DscRcgGlobal"] = json!({ "TpoMov": "D", "TpoValor": "$", "ValorDR": 100 });
    none.refuses(&off, "tax-global-amount", "DscRcgGlobal");
    off["DscRcgGlobal"]["TpoValor"] = "%".into();
    off["DscRcgGlobal"]["ValorDR"] = 10.into();
    // 20.5 % of 900.
    assert_eq!(none.comes_to(&off).0["ImptoReten"], tax("25", 20.5, 185));
    for (code, line) in [
        ("34", of_type(34, wine.clone())),
        ("39", json!({ "Encabezado": { "IdDoc": { "TipoDTE": 39 } }, "Detalle": wine })),
    ] {
        let wants = if code == "34" { "tag-not-for-type" } else { "unknown-tag" };
        none.refuses(&line, wants, "Detalle[0].CodImpAdic");
    }
    // What the till says of it.
    let said = |tax: Value| {
        let mut sale = with(wine.clone());
        sale["Encabezado"]["Totales"] = json!({ "ImptoReten": tax });
        sale
    };
    assert!(none.draft(&said(json!({ "TipoImp": 25, "TasaImp": 20.5, "MontoImp": 205 }))).is_ok());
    let warned = none.warned(&said(json!({ "TipoImp": 25, "MontoImp": 204 })));
    assert!(warned.contains(&"total-rounding".to_owned()), "{warned:?}");
    let place = "Encabezado.Totales.ImptoReten[0]";
    none.refuses(
        &said(json!({ "TipoImp": 25, "MontoImp": 203 })),
        "total-mismatch",
        &format!("{place}.MontoImp"),
    );
    none.refuses(
        &said(json!({ "TipoImp": 24, "MontoImp": 205 })),
        "total-mismatch",
        &format!("{place}.MontoImp"),
    );
    none.refuses(
        &said(json!({ "TipoImp": 25, "TasaImp": 15, "MontoImp": 205 })),
        "tax-rate",
        &format!("{place}.TasaImp"),
    );
}

#[test]
fn what_the_totals_state_by_themselves_is_held_to_the_iva() {
    let none = Folder::default();
    let stated = |totals: Value| {
        let mut sale = of_type(33, line(1000));
        sale["Encabezado"]["Totales"] = totals;
        sale
    };
    let place = "Encabezado.Totales";
    // 65 % of 190 is 123.5.
    assert_eq!(none.comes_to(&stated(json!({ "CredEC": 123 }))).0["MntTotal"], 1067);
    none.refuses(&stated(json!({ "CredEC": 124 })), "credit-exceeds", &format!("{place}.CredEC"));
    assert!(none.draft(&stated(json!({ "IVAProp": 100, "IVATerc": 90 }))).is_ok());
    none.refuses(
        &stated(json!({ "IVAProp": 100, "IVATerc": 91 })),
        "shared-iva",
        &format!("{place}.IVAProp"),
    );
}

#[test]
fn an_exempt_document_has_no_tax_and_its_lines_do_not_say_so() {
    let none = Folder::default();
    for (tipo, lines) in [
        (34, json!([line(1000), { "NmbItem": "Libro", "IndExe": 1, "MontoItem": 500 }])),
        (41, json!([line(1500)])),
    ] {
        let sale = of_type(34, lines);
        let mut sale = sale;
        sale["Encabezado"]["IdDoc"]["TipoDTE"] = tipo.into();
        if tipo == 41 {
            sale["Encabezado"]["Receptor"] = Value::Null;
        }
        assert_eq!(none.comes_to(&sale).0, json!({ "MntExe": 1500, "MntTotal": 1500 }));
        let document = seal(&*none.draft(&sale).expect("good"), 1);
        assert!(!String::from_utf8_lossy(&document.bytes).contains("IndExe"));
        sale["Encabezado"]["Totales"] = json!({ "IVA": 285 });
        none.refuses(&sale, "total-mismatch", "Encabezado.Totales.IVA");
    }
}
