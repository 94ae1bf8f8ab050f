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

/// Each by itself, in the place where its program puts it.
#[test]
fn each_member_that_is_named_is_left_out_and_told_and_each_secret_is_refused() {
    let dte = serde_json::from_str::<Value>(&foreign("openfactura")).unwrap()["dte"].clone();
    let plain = desk::seal(&*desk::draft(&json!({ "dte": dte }).to_string()).unwrap(), 7);
    for name in [
        "LibreDTE",
        "response",
        "custom",
        "customization",
        "customizePage",
        "customer",
        "sendEmail",
        "selfService",
        "tipo",
        "normalizar",
    ] {
        let draft = desk::draft(&json!({ "dte": dte, name: { "x": 1 } }).to_string());
        let draft = draft.unwrap_or_else(|e| panic!("{name}: {e}"));
        let told: Vec<_> = draft.warnings().iter().map(|w| (w.code.as_str(), w.path.as_str())).collect();
        assert_eq!(told, [("member-ignored", name)]);
        assert!(desk::seal(&*draft, 7).bytes == plain.bytes, "{name}");
        // Where it is the document's own neighbour.
        let mut inside = dte.clone();
        inside[name] = json!("x");
        let draft =
            desk::draft(&json!({ "dte": inside }).to_string()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(draft.warnings()[0].path, format!("dte.{name}"));
    }
    for name in ["Certificado", "certificado", "auth"] {
        let refused = desk::refused(&json!({ "dte": dte, name: "x" }).to_string());
        assert_eq!(refused, [("secret-given".to_owned(), name.to_owned())]);
    }
}

fn faults(sale: &Value) -> Vec<(String, String)> {
    desk::refused(&sale.to_string())
}

/// The alias took the place of the SII's own tag: half of a sale, at another's price, of another type.
#[test]
fn two_names_of_one_tag_are_refused_and_both_are_named() {
    let sale = |change: fn(&mut Value)| {
        let mut sale: Value = serde_json::from_str(&foreign("simpleapi")).unwrap();
        change(&mut sale["Documento"]);
        sale
    };
    let twice = |path: &str| vec![("json-duplicate-key".to_owned(), path.to_owned())];
    let lines = sale(|d| d["Detalle"] = json!([{ "NmbItem": "Queso", "QtyItem": 1, "PrcItem": 100 }]));
    assert_eq!(faults(&lines), twice("Documento.Detalle"));
    let told = desk::draft(&lines.to_string()).err().expect("it is refused").0.remove(0).message;
    assert!(told.contains("«Detalles»") && told.contains("«Detalle»"), "{told}");
    let price = sale(|d| d["Detalles"][0]["PrcItem"] = json!(1));
    assert_eq!(faults(&price), twice("Documento.Detalles[0].PrcItem"));
    let kind = sale(|d| d["Encabezado"]["IdDoc"] = json!({ "TipoDTE": 41 }));
    assert_eq!(faults(&kind), twice("Documento.Encabezado.IdDoc"));
    let same_lines = sale(|d| d["Detalle"] = d["Detalles"].clone());
    assert_eq!(faults(&same_lines), twice("Documento.Detalle"), "lists are never one thing");
    // Said twice and the same, or not said at all, be that before or behind.
    let before =
        sale(|d| d["Detalles"] = json!([{ "PrcItem": null, "Nombre": "Pan", "Cantidad": 2, "Precio": 350 }]));
    assert_eq!(desk::draft(&before.to_string()).unwrap().totals()["MntTotal"], 700);
    let same = sale(|d| {
        d["Encabezado"]["Totales"]["MntTotal"] = json!(700);
        d["Detalles"][0]["PrcItem"] = Value::Null;
    });
    assert_eq!(desk::draft(&same.to_string()).unwrap().totals()["MntTotal"], 700);
}

/// `Rebaja` is a discount and became a surcharge.
#[test]
fn only_simpleapis_own_words_become_letters() {
    let with = |word: &str| {
        let mut sale: Value = serde_json::from_str(&foreign("simpleapi-nota")).unwrap();
        sale["Documento"]["DescuentosRecargos"][0]["TipoMovimiento"] = json!(word);
        sale
    };
    for word in ["Rebaja", "Dcto", "Recarga"] {
        let place = "Documento.DescuentosRecargos[0].TipoMovimiento".to_owned();
        assert_eq!(faults(&with(word)), [("value-not-allowed".to_owned(), place)], "{word}");
    }
    let total = |word: &str| desk::draft(&with(word).to_string()).unwrap().totals()["MntTotal"].clone();
    assert_eq!((total("Descuento"), total("D")), (json!(2142), json!(2142)));
    assert_eq!((total("Recargo"), total("R")), (json!(2618), json!(2618)));
}

/// A path names what stands in the JSON that was sent, whatever we call it.
#[test]
fn refusals_of_another_programs_sale_name_its_own_tags() {
    let of = |change: fn(&mut Value)| {
        let mut sale: Value = serde_json::from_str(&foreign("simpleapi-nota")).unwrap();
        change(&mut sale["Documento"]);
        faults(&sale)
    };
    let one = |code: &str, path: &str| vec![(code.to_owned(), format!("Documento.{path}"))];
    assert_eq!(
        of(|d| d["Encabezado"]["IdentificacionDTE"]["FechaEmision"] = json!("15/01/2026")),
        one("date-malformed", "Encabezado.IdentificacionDTE.FechaEmision")
    );
    assert_eq!(
        of(|d| d["Detalles"][0]["Cantidad"] = json!("x")),
        one("number-malformed", "Detalles[0].Cantidad")
    );
    assert_eq!(of(|d| d["Detalles"][0]["Otro"] = json!(1)), one("unknown-tag", "Detalles[0].Otro"));
    assert_eq!(
        of(|d| d["Encabezado"]["Receptor"]["Rut"] = json!("77777777-8")),
        one("rut-check-digit", "Encabezado.Receptor.Rut")
    );
    // What is missing has the name that its sender would give it.
    let missing = of(|d| drop(d["Detalles"][0].as_object_mut().unwrap().remove("Nombre")));
    assert_eq!(missing[0].1, "Documento.Detalles[0].Nombre");
    let untyped =
        of(|d| drop(d["Encabezado"]["IdentificacionDTE"].as_object_mut().unwrap().remove("TipoDTE")));
    assert_eq!(untyped, one("type-missing", "Encabezado.IdentificacionDTE.TipoDTE"));
}

/// Members that these clients always send and that change nothing, or nothing that we would not do anyway.
#[test]
fn what_says_nothing_holds_up_no_sale() {
    let mut factura: Value = serde_json::from_str(&foreign("simpleapi-nota")).unwrap();
    let header = &mut factura["Documento"]["Encabezado"];
    header["RutSolicitante"] = json!("");
    header["Transporte"] = Value::Null;
    header["Emisor"] = json!({ "Rut": "99999999-9", "Telefono": [] });
    assert!(desk::draft(&factura.to_string()).is_ok());
    factura["Documento"]["Encabezado"]["RutSolicitante"] = json!("77777777-8");
    let place = "Documento.Encabezado.RutSolicitante".to_owned();
    assert_eq!(faults(&factura), [("rut-check-digit".to_owned(), place)], "it is the SII's RUTSolicita");

    let mut shop: Value = serde_json::from_str(&foreign("openfactura")).unwrap();
    shop["customizePage"] = json!({ "externalReference": { "hyperlinkText": "Orden 7" } });
    shop["dte"]["Encabezado"]["Emisor"] =
        json!({ "RUTEmisor": "99999999-9", "Telefono": "22", "CdgSIISucur": "81303347" });
    let draft = desk::draft(&shop.to_string()).unwrap();
    let ignored: Vec<_> =
        draft.warnings().iter().filter(|w| w.code == "member-ignored").map(|w| w.path.as_str()).collect();
    for path in ["customizePage", "dte.Encabezado.Emisor.Telefono", "dte.Encabezado.Emisor.CdgSIISucur"] {
        assert!(ignored.contains(&path), "{path}: {ignored:?}");
    }

    let mut libre: Value = serde_json::from_str(&foreign("libredte")).unwrap();
    libre["Detalle"][0]["CdgItem"] = json!({ "TpoCodigo": false, "VlrCodigo": false });
    assert!(desk::draft(&libre.to_string()).is_ok());
    libre["Detalle"][0]["CdgItem"] = json!({ "TpoCodigo": "EAN", "VlrCodigo": false });
    assert_eq!(faults(&libre), [("required".to_owned(), "Detalle[0].CdgItem[0].VlrCodigo".to_owned())]);
}

/// `2` says that the lines are net amounts: another total, so it is no member to be left out.
#[test]
fn simpleapis_indicator_of_net_lines_is_the_siis() {
    let with = |said: Value| {
        let mut sale: Value = serde_json::from_str(&foreign("simpleapi")).unwrap();
        sale["Documento"]["Encabezado"]["IdentificacionDTE"]["IndicadorMontosNetosBoleta"] = said;
        sale["Documento"]["Encabezado"]["Totales"] = Value::Null;
        sale
    };
    let total = |said: Value| desk::draft(&with(said).to_string()).unwrap().totals()["MntTotal"].clone();
    assert_eq!((total(json!(0)), total(json!(2))), (json!(700), json!(833)));
    let place = "Documento.Encabezado.IdentificacionDTE.IndicadorMontosNetosBoleta".to_owned();
    assert_eq!(faults(&with(json!(1))), [("value-not-allowed".to_owned(), place)]);
}
