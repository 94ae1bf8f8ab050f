//! What is read out of a sale, and what any JSON does to the reader.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::read_body as read;
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
/// Every name that SimpleAPI has of its own, by the group it stands in.
#[test]
fn each_of_simpleapis_names_is_the_siis() {
    let theirs = json!({
        "Encabezado": {
            "IdentificacionDTE": {
                "TipoDTE": 33, "FechaEmision": "a", "FechaVencimiento": "b", "FormaPago": 1, "IndicadorServicio": 2,
                "IndicadorMontosNetosBoleta": 3, "TipoDespacho": 4, "TipoTraslado": 5,
            },
            "Emisor": {
                "Rut": "a", "RazonSocial": "b", "RazonSocialBoleta": "c", "Giro": "d", "GiroBoleta": "e",
                "ActividadEconomica": [1], "DireccionOrigen": "f", "ComunaOrigen": "g", "CiudadOrigen": "h",
            },
            "Receptor": {
                "Rut": "a", "RazonSocial": "b", "Giro": "c", "Direccion": "d", "Comuna": "e", "Ciudad": "f",
                "CorreoElectronico": "g",
            },
            "RutSolicitante": "a",
            "Totales": { "MontoNeto": 1, "MontoExento": 2, "MontoTotal": 3 },
        },
        "Detalles": [{
            "IndicadorExento": 1, "Nombre": "a", "Descripcion": "b", "Cantidad": 2, "UnidadMedida": "c", "Precio": 3,
            "DescuentoPorcentaje": 4, "Descuento": 5, "RecargoPorcentaje": 6, "Recargo": 7,
        }],
        "Referencias": [{
            "TipoDocumento": 801, "FolioReferencia": "a", "FechaDocumentoReferencia": "b", "CodigoReferencia": 1,
            "RazonReferencia": "c",
        }],
        "DescuentosRecargos": [
            { "TipoMovimiento": "Descuento", "Descripcion": "a", "TipoValor": "Porcentaje", "Valor": 1 },
            { "TipoMovimiento": "Recargo", "Descripcion": "b", "TipoValor": "Pesos", "Valor": 2 },
        ],
    });
    let ours = json!({
        "Encabezado": {
            "IdDoc": {
                "TipoDTE": 33, "FchEmis": "a", "FchVenc": "b", "FmaPago": 1, "IndServicio": 2, "IndMntNeto": 3,
                "TipoDespacho": 4, "IndTraslado": 5,
            },
            "Emisor": {
                "RUTEmisor": "a", "RznSoc": "b", "RznSocEmisor": "c", "GiroEmis": "d", "GiroEmisor": "e", "Acteco": [1],
                "DirOrigen": "f", "CmnaOrigen": "g", "CiudadOrigen": "h",
            },
            "Receptor": {
                "RUTRecep": "a", "RznSocRecep": "b", "GiroRecep": "c", "DirRecep": "d", "CmnaRecep": "e",
                "CiudadRecep": "f", "CorreoRecep": "g",
            },
            "RUTSolicita": "a",
            "Totales": { "MntNeto": 1, "MntExe": 2, "MntTotal": 3 },
        },
        "Detalle": [{
            "IndExe": 1, "NmbItem": "a", "DscItem": "b", "QtyItem": 2, "UnmdItem": "c", "PrcItem": 3, "DescuentoPct": 4,
            "DescuentoMonto": 5, "RecargoPct": 6, "RecargoMonto": 7,
        }],
        "Referencia": [{ "TpoDocRef": 801, "FolioRef": "a", "FchRef": "b", "CodRef": 1, "RazonRef": "c" }],
        "DscRcgGlobal": [
            { "TpoMov": "D", "GlosaDR": "a", "TpoValor": "%", "ValorDR": 1 },
            { "TpoMov": "R", "GlosaDR": "b", "TpoValor": "$", "ValorDR": 2 },
        ],
    });
    assert_eq!(own(&theirs), ours);
    assert_eq!(own(&json!({ "Documento": theirs })), ours);
}

#[test]
fn a_date_at_midnight_is_that_date_and_any_other_hour_stays_as_it_was_sent() {
    let dated = |date: &str| {
        own(&json!({
            "Encabezado": { "IdentificacionDTE": { "TipoDTE": 33, "FechaEmision": date, "FechaVencimiento": date } },
            "Detalles": [{ "Nombre": "2026-11-27T00:00:00" }],
            "Referencias": [{ "FechaDocumentoReferencia": date, "RazonReferencia": "2026-11-27T00:00:00" }],
        }))
    };
    let read = dated("2026-11-27T00:00:00");
    let dates = |read: &Value| {
        let id = &read["Encabezado"]["IdDoc"];
        [&id["FchEmis"], &id["FchVenc"], &read["Referencia"][0]["FchRef"]].map(Value::clone)
    };
    assert_eq!(dates(&read), ["2026-11-27"; 3]);
    assert_eq!(read["Detalle"][0]["NmbItem"], "2026-11-27T00:00:00", "a name is none");
    for other in ["2026-11-27T10:30:00", "2026-11-27T00:00:00Z", "2026-11-27T00:00:00-03:00"] {
        assert_eq!(dates(&dated(other)), [other; 3]);
    }
}

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

/// A line without a quantity is one unit: not where the program had another and lost it.
#[test]
fn a_quantity_that_is_there_and_empty_is_refused_and_one_that_is_left_out_is_not() {
    for empty in [json!(""), json!(" "), json!(null), json!([])] {
        let line =
            json!([{"NmbItem": "Té", "PrcItem": 5}, {"NmbItem": "Pan", "QtyItem": empty, "PrcItem": 10}]);
        assert_eq!(faults(&boleta(line)), [("value-empty".to_owned(), "Detalle[1].QtyItem".to_owned())]);
    }
    for out in
        [json!({"NmbItem": "Pan", "PrcItem": 10}), json!({"NmbItem": "Pan", "QtyItem": false, "PrcItem": 10})]
    {
        assert_eq!(faults(&boleta(out)), []);
    }
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

fn faults(sale: &Value) -> Vec<(String, String)> {
    read(sale).expect("a type").faults.into_iter().map(|fault| (fault.code, fault.path)).collect()
}

/// A price is a decimal by its schema, so nothing but what the till made of it tells.
#[test]
fn a_price_that_may_be_thousands_is_refused_unless_the_sale_says_what_it_comes_to() {
    for (price, refused) in [
        (json!("1.990"), true),
        (json!(" 350.000 "), true),
        (json!(1.990), false),
        (json!("1.99"), false),
        (json!("0.990"), false),
        (json!("1990.500"), false),
    ] {
        let line = json!({"NmbItem": "Pan", "QtyItem": "1.000", "PrcItem": price});
        let told: Vec<(String, String)> =
            refused.then(|| ("price-thousands".into(), "Detalle[0].PrcItem".into())).into_iter().collect();
        assert_eq!(faults(&boleta(json!([line]))), told, "{price}");
        let mut said = line.clone();
        said["MontoItem"] = json!(2);
        assert_eq!(faults(&boleta(json!([said]))), [], "{price}");
        let mut sale = boleta(json!([line]));
        sale["Encabezado"]["Totales"] = json!({"MntTotal": 2});
        assert_eq!(faults(&sale), [], "{price}");
    }
}

#[test]
fn a_point_of_thousands_is_no_decimal_point() {
    let with = |global: Value| {
        let mut sale = boleta(json!([{"NmbItem": "Pan", "QtyItem": 1, "PrcItem": 10}]));
        sale["DscRcgGlobal"] = global;
        faults(&sale)
    };
    let refused = |path: &str| vec![("number-thousands".to_owned(), path.to_owned())];
    let global = |value: &str| json!({"TpoMov": "D", "TpoValor": "$", "ValorDR": value});
    assert_eq!(with(global("1.000")), refused("DscRcgGlobal[0].ValorDR"));
    assert_eq!(with(global("1.00")), []);
    assert_eq!(with(global("1000.50")), []);
    let line = |tags: Value| {
        let mut line = json!({"NmbItem": "Pan", "QtyItem": 1, "PrcItem": 10});
        line.as_object_mut().expect("an object").extend(tags.as_object().expect("an object").clone());
        json!({"Encabezado": {"IdDoc": {"TipoDTE": 33}}, "Detalle": [line]})
    };
    let off = line(json!({"SubDscto": {"TipoDscto": "$", "ValorDscto": "2.500"}}));
    assert_eq!(faults(&off), refused("Detalle[0].SubDscto[0].ValorDscto"));
    let on = line(json!({"SubRecargo": {"TipoRecargo": "$", "ValorRecargo": "2.500"}}));
    assert_eq!(faults(&on), refused("Detalle[0].SubRecargo[0].ValorRecargo"));
    // A thousand per cent is none.
    assert_eq!(faults(&line(json!({"DescuentoPct": "10.000"}))), []);
    let mut sale = boleta(json!([{"NmbItem": "Pan", "QtyItem": 1, "PrcItem": 10}]));
    sale["SubTotInfo"] = json!({"ValSubtotSTI": "12.345"});
    assert_eq!(faults(&sale), refused("SubTotInfo[0].ValSubtotSTI"));
}

/// A sale without a type has no rules, but what is wrong in every type is still told.
#[test]
fn a_missing_type_does_not_hide_the_rest() {
    let sale = json!({"Encabezado": {"IdDoc": {"FmaPago": 1}}, "Otra": 1,
        "Detalle": [{"NmbItem": "Pan", "QtyItem": "1,5", "PrcItem": 10}]});
    let Err(Refusals(refused)) = read(&sale) else { panic!("no type") };
    let told: Vec<_> = refused.iter().map(|r| (r.code.as_str(), r.path.as_str())).collect();
    assert_eq!(
        told,
        [
            ("type-missing", "Encabezado.IdDoc.TipoDTE"),
            ("unknown-tag", "Otra"),
            ("number-malformed", "Detalle[0].QtyItem")
        ]
    );
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

#[test]
fn cash_is_rounded_by_less_than_ten_pesos() {
    for (by, is_refused) in [(-10, true), (-9, false), (4, false), (9, false), (10, true)] {
        let body = json!({
            "Encabezado": { "IdDoc": { "TipoDTE": 39 } },
            "Detalle": { "NmbItem": "Pan", "QtyItem": 1, "PrcItem": 1_000 },
            "Timbre": { "Redondeo": by },
        });
        let order = super::read(&Sale::read(body.to_string().into(), None).unwrap()).unwrap();
        let told: Vec<_> = order.faults.iter().map(|fault| fault.path.as_str()).collect();
        assert_eq!(told, ["Timbre.Redondeo"][..usize::from(is_refused)], "{by}");
    }
}
