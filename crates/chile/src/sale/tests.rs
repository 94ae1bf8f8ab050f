//! What is read out of a sale, and what any JSON does to the reader.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn boleta(detail: Value) -> Value {
    json!({"Encabezado": {"IdDoc": {"TipoDTE": 39}}, "Detalle": detail})
}

#[test]
fn a_list_of_one_may_be_an_object_and_wrappings_are_seen_through() {
    let line = json!({"NmbItem": "Pan", "QtyItem": "2", "PrcItem": 350});
    let plain = read(&boleta(json!([line]))).expect("a list").document;
    assert_eq!(read(&boleta(line.clone())).expect("an object").document, plain);
    for wrapped in [json!({"dte": boleta(line.clone())}), json!({"DTE": {"Documento": boleta(line)}})] {
        assert_eq!(read(&wrapped).expect("wrapped").document, plain);
    }
}

/// `0.1 + 0.2` never happens: a decimal is what was written.
#[test]
fn decimals_are_never_floats() {
    let body: Value = serde_json::from_str(
        r#"{"Encabezado":{"IdDoc":{"TipoDTE":39}},"Detalle":{"NmbItem":"x","QtyItem":0.123456,"PrcItem":123456789012.123456}}"#,
    )
    .expect("JSON");
    let document = read(&body).expect("a sale").document;
    let line = document.group("Detalle").expect("a line");
    assert_eq!((line.leaf("QtyItem"), line.leaf("PrcItem")), (Some("0.123456"), Some("123456789012.123456")));
}

#[test]
fn nothing_is_nothing_however_it_is_said() {
    let line = json!({"NmbItem": "Pan", "QtyItem": 1, "PrcItem": 10, "DscItem": "", "UnmdItem": null, "CdgItem": [], "DescuentoMonto": "0", "RecargoPct": 0.0});
    let bare = json!({"NmbItem": "Pan", "QtyItem": 1, "PrcItem": 10});
    assert_eq!(read(&boleta(line)).expect("a sale").document, read(&boleta(bare)).expect("a sale").document);
}

/// Programs say zero and `false` where a person would leave the tag out.
#[test]
fn an_indicator_of_zero_indicates_nothing() {
    let receptor = json!({"RUTRecep": "77777777-7"});
    let line = json!({"NmbItem": "Pan", "QtyItem": 1, "PrcItem": 10});
    let factura = |id: Value, totals: Value, line: Value| json!({"Encabezado": {"IdDoc": id, "Receptor": receptor, "Totales": totals}, "Detalle": line});
    let bare = factura(json!({"TipoDTE": 33}), json!({"MntTotal": 12}), line);
    let full = factura(
        json!({"TipoDTE": 33, "MntBruto": 0, "TipoDespacho": "0", "IndNoRebaja": 0, "FmaPago": false}),
        json!({"MntTotal": 12, "CredEC": 0, "IVANoRet": 0, "ImptoReten": false}),
        json!({"NmbItem": "Pan", "QtyItem": 1, "PrcItem": 10, "IndExe": 0, "CodImpAdic": 0, "UnmdItem": false}),
    );
    let (bare, full) = (read(&bare).expect("a sale"), read(&full).expect("a sale"));
    assert_eq!(full.faults, []);
    assert_eq!(full.document, bare.document);
}

#[test]
fn a_price_that_looks_like_thousands_is_asked_about() {
    for (price, doubts) in [
        (json!("1.990"), 1),
        (json!("350.000"), 1),
        (json!(1.990), 0),
        (json!("1.99"), 0),
        (json!("0.990"), 0),
        (json!("1990.500"), 0),
    ] {
        let order =
            read(&boleta(json!({"NmbItem": "Pan", "QtyItem": "1.000", "PrcItem": price}))).expect("a sale");
        assert_eq!((order.faults.len(), order.doubts.len()), (0, doubts), "{price}");
    }
}

#[test]
fn a_price_of_zero_is_a_gift() {
    let document =
        read(&boleta(json!({"NmbItem": "Bolsa", "QtyItem": 1, "PrcItem": 0}))).expect("a sale").document;
    let line = document.group("Detalle").expect("a line");
    assert_eq!((line.leaf("PrcItem"), line.leaf("MontoItem")), (None, Some("0")));
}

fn any_json() -> impl Strategy<Value = Value> {
    let tags = [
        "Encabezado",
        "IdDoc",
        "TipoDTE",
        "Detalle",
        "NmbItem",
        "QtyItem",
        "PrcItem",
        "Receptor",
        "RUTRecep",
        "Totales",
        "Nada",
        "dte",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
        Just(json!(39)),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((proptest::sample::select(tags.to_vec()), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

proptest! {
    /// Any JSON is either a sale or refused with reasons that say where.
    #[test]
    fn any_json_is_read_or_refused(body in any_json()) {
        let refusals = match read(&body) {
            Ok(order) => order.faults,
            Err(Refusals(refusals)) => {
                prop_assert!(!refusals.is_empty());
                refusals
            }
        };
        for refusal in refusals {
            prop_assert!(!refusal.code.is_empty() && refusal.message.ends_with('.'), "{:?}", refusal);
        }
    }
}
