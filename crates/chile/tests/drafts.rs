//! Drafts: what Timbre fills in, which CAF they take, previews, and properties of every sale.

mod desk;

use std::sync::Arc;

use desk::{draft, issuer, now, sale, seal};
use proptest::prelude::*;
use serde_json::json;
use timbre_chile::rules::Limits;
use timbre_chile::{Chile, latin1};
use timbre_core::document::NoDocuments;
use timbre_core::{Amount, DocState, Document, DocumentId, Documents, Folio, Grant, KeyError, Regime};

const PAN: &str =
    r#"{"Encabezado":{"IdDoc":{"TipoDTE":39}},"Detalle":{"NmbItem":"Pan","QtyItem":2,"PrcItem":350}}"#;

fn factura(id: &str, rest: &str) -> String {
    format!(
        r#"{{"Encabezado":{{"IdDoc":{{"TipoDTE":33{id}}},"Receptor":{{"RUTRecep":"77777777-7","RznSocRecep":"R","GiroRecep":"G","DirRecep":"D","CmnaRecep":"C"}}}},
           "Detalle":{{"NmbItem":"Pan","QtyItem":1,"PrcItem":1000}}{rest}}}"#
    )
}

fn text(document: &Document) -> String {
    latin1::decode(&document.bytes)
}

#[test]
fn a_plain_sale_is_filled_in() {
    let document = seal(&*draft(PAN).expect("a good sale"), 7);
    assert_eq!(document.id.to_string(), "T39F7");
    assert_eq!((document.total, document.version), (Amount(700), 1));
    assert_eq!((document.date.to_string().as_str(), document.stamped), ("2026-01-15", now()));
    assert_eq!(
        (document.receiver.id.as_str(), document.receiver.name.as_str()),
        ("66666666-6", "CONSUMIDOR FINAL")
    );
    assert_eq!((document.channel.0.as_str(), document.words.as_str()), ("boleta", "Pan"));
    assert_eq!(document.facts["TipoDTE"], 39);
    assert_eq!(document.facts["NroResol"], 0);
    let text = text(&document);
    assert!(text.contains("<IndServicio>3</IndServicio>") && text.contains("<NroLinDet>1</NroLinDet>"));
}

/// What the law takes off a payment in cash (Ley 20.956) is no credit, and nothing else is taken off.
#[test]
fn a_factura_that_cash_pays_to_the_ten_below_is_paid() {
    let form = |price: u32, till: &str| {
        let sale = format!(
            r#"{{"Encabezado":{{"IdDoc":{{"TipoDTE":34}},"Receptor":{{"RUTRecep":"77777777-7","RznSocRecep":"R","GiroRecep":"G","DirRecep":"D","CmnaRecep":"C"}}}},
               "Detalle":{{"NmbItem":"Pan","QtyItem":1,"PrcItem":{price},"IndExe":1}},"Timbre":{{"Pagos":[{till}}}}}"#
        );
        let text = text(&seal(&*draft(&sale).expect("a good factura"), 1));
        text.split_once("<FmaPago>").map(|(_, rest)| rest[..1].to_owned())
    };
    for (price, till, paid) in [
        (1003, r#"{"Medio":"efectivo","Monto":1000}]"#, true),
        (1005, r#"{"Medio":"Efectivo","Monto":1000}]"#, true),
        (1003, r#"{"Medio":"efectivo","Monto":2000}],"Vuelto":1000"#, true),
        (1003, r#"{"Medio":"tarjeta","Monto":501},{"Medio":"efectivo","Monto":500}]"#, true),
        // Up to the ten above, or none to round.
        (1006, r#"{"Medio":"efectivo","Monto":1000}]"#, false),
        (1000, r#"{"Medio":"efectivo","Monto":995}]"#, false),
        (1003, r#"{"Medio":"efectivo","Monto":999}]"#, false),
        (1003, r#"{"Medio":"tarjeta","Monto":500},{"Medio":"efectivo","Monto":499}]"#, false),
        (1003, r#"{"Medio":"transferencia","Monto":1000}]"#, false),
        (1003, r#"{"Medio":"efectivo","Monto":1000}],"Redondeo":0"#, false),
    ] {
        assert_eq!(form(price, till).as_deref(), Some(if paid { "1" } else { "2" }), "{price} {till}");
    }
}

/// At one in the morning of UTC it still is yesterday in Chile.
#[test]
fn the_day_is_chiles() {
    let late = "2026-01-16T02:30:00Z".parse().expect("an instant");
    let draft =
        Chile::default().draft(&sale(PAN).expect("a sale"), &issuer(), &NoDocuments, late).expect("good");
    let folio = Folio::of(desk::grant("39"), 1).expect("in range");
    let document = draft.seal(folio, desk::Desk::get(), late).expect("sealed");
    assert_eq!(document.date.to_string(), "2026-01-15");
    assert!(text(&document).contains("<TSTED>2026-01-15T23:30:00</TSTED>"));
}

/// The SII takes it, and a buyer would ask.
#[test]
fn two_things_that_can_not_both_be_are_told() {
    let warned = |id: &str| {
        let draft = draft(&factura(id, "")).expect("a good factura");
        draft.warnings().iter().map(|w| w.code.clone()).collect::<Vec<_>>()
    };
    let none: Vec<String> = Vec::new();
    assert_eq!(warned(r#","FmaPago":2,"FchVenc":"2026-01-15""#), none);
    assert_eq!(warned(r#","FmaPago":2,"FchVenc":"2026-01-14""#), ["dates-reversed"]);
    assert_eq!(warned(r#","FmaPago":3"#), ["payment-free"]);
    let pays =
        |amount: u32| format!(r#","FmaPago":2,"MntPagos":{{"FchPago":"2026-02-01","MntPago":{amount}}}"#);
    assert_eq!(warned(&pays(1190)), none);
    assert_eq!(warned(&pays(1191)), ["payments-exceed"]);
    // There are no payments to be more than what is to be paid, though that is less than nothing.
    let less = PAN.replace("\"TipoDTE\":39}", "\"TipoDTE\":39},\"Totales\":{\"SaldoAnterior\":-5000}");
    assert_eq!(draft(&less).expect("a good boleta").warnings(), []);
}

#[test]
fn the_form_of_payment_follows_the_payments() {
    let of = |id: &str, rest: &str| {
        let draft = draft(&factura(id, rest)).expect("a good factura");
        let warned = draft.warnings().iter().map(|w| w.code.clone()).collect::<Vec<_>>();
        let text = text(&seal(&*draft, 1));
        let form = text.split_once("<FmaPago>").map(|(_, rest)| rest[..1].to_owned());
        (form, warned)
    };
    let pays = |rest: &str| format!(r#","Timbre":{{{rest}}}"#);
    assert_eq!(of("", ""), (None, vec!["payment-form-missing".to_owned()]));
    assert_eq!(of(r#","FmaPago":2"#, ""), (Some("2".into()), vec![]));
    for (till, form) in [
        (r#""Pagos":[{"Medio":"efectivo","Monto":1190}]"#, "1"),
        (r#""Pagos":[{"Medio":"efectivo","Monto":2000}],"Vuelto":810"#, "1"),
        (r#""Pagos":[{"Medio":"efectivo","Monto":1185}],"Redondeo":-5"#, "1"),
        (r#""Pagos":[{"Medio":"tarjeta","Monto":1290}],"Propina":100"#, "1"),
        (r#""Pagos":[{"Medio":"tarjeta","Monto":1190}],"Propina":100"#, "2"),
        (
            r#""Pagos":[{"Medio":"efectivo","Monto":999999999999999},{"Medio":"x","Monto":999999999999999}]"#,
            "1",
        ),
    ] {
        assert_eq!(of("", &pays(till)).0.as_deref(), Some(form), "{till}");
    }
}

/// A document of this folder.
struct One(Document);

impl Documents for One {
    fn find(&self, id: &DocumentId) -> Option<(Document, DocState)> {
        (self.0.id == *id).then(|| (self.0.clone(), DocState::Aceptado))
    }
}

#[test]
fn the_date_of_a_known_reference_is_filled_in() {
    let known = One(seal(&*draft(PAN).expect("good"), 41));
    let refers =
        factura(r#","FmaPago":1"#, r#","Referencia":{"TpoDocRef":39,"FolioRef":41,"RazonRef":"Boleta"}"#);
    let sale = sale(&refers).expect("a sale");
    let drafted = Chile::default().draft(&sale, &issuer(), &known, now()).expect("the date is known");
    assert!(text(&seal(&*drafted, 1)).contains("<FchRef>2026-01-15</FchRef>"));
    assert!(Chile::default().draft(&sale, &issuer(), &NoDocuments, now()).is_err());
}

#[test]
fn a_draft_takes_only_a_caf_of_its_time_and_kind() {
    let drafted = draft(PAN).expect("good");
    let grant: Grant = (*desk::grant("39")).clone();
    let day = |text: &str| text.parse().expect("a date");
    for (grant, code) in [
        (Grant { authorised: day("2026-01-16"), ..grant.clone() }, "grant-not-yet"),
        (Grant { expires: Some(day("2026-01-14")), ..grant.clone() }, "grant-expired"),
        (Grant { issuer: "76192083-9".into(), ..grant.clone() }, "grant-other-company"),
        ((*desk::grant("33")).clone(), "grant-other-kind"),
        (Grant { environment: timbre_core::Environment::Production, ..grant.clone() }, "grant-other-kind"),
    ] {
        let refused = drafted.accepts(&grant).expect_err(code);
        assert_eq!(
            (refused.code.as_str(), refused.temporary),
            (code, true),
            "another CAF, or the clock, mends it"
        );
    }
    // No CAF to come is from before the sale.
    let dated = PAN.replace(r#""TipoDTE":39"#, r#""TipoDTE":39,"FchEmis":"2026-01-14""#);
    let early =
        draft(&dated).expect("good").accepts(&Grant { authorised: day("2026-01-15"), ..grant.clone() });
    let early = early.expect_err("dated before its CAF");
    assert_eq!((early.code.as_str(), early.temporary), ("grant-not-yet", false));
    let expired = Arc::new(Grant { expires: Some(day("2026-01-14")), ..grant.clone() });
    let folio = Folio::of(expired, 1).expect("in range");
    assert!(matches!(drafted.seal(folio, desk::Desk::get(), now()), Err(KeyError::Failed(_))));
    assert!(drafted.accepts(&Grant { expires: Some(day("2026-01-15")), ..grant }).is_ok());
}

/// A document that can't be handed over is refused before it takes a folio: in the stamp's names an ampersand is five
/// bytes. What fits has the very length that was reckoned.
#[test]
fn a_stamp_that_fits_no_paper_is_refused_before_a_folio() {
    let grant = desk::grant("33");
    let named = |name: &str| {
        let receiver = format!(r#""RznSocRecep":"{}""#, "&".repeat(40));
        let sale = factura(r#","FmaPago":1"#, "").replace(r#""RznSocRecep":"R""#, &receiver);
        draft(&sale.replace("Pan", name)).expect("lawful texts")
    };
    let fits = named("Pan");
    fits.accepts(&grant).expect("it fits");
    let stamp = text(&seal(&*fits, grant.last));
    let stamp = &stamp[stamp.find("<TED").unwrap()..stamp.find("</TED>").unwrap() + 6];
    assert!(stamp.chars().count() <= 1029 && stamp.contains("&amp;&amp;"), "{stamp}");
    // Each further one is five bytes; the first that is too much is refused.
    let room = (1029 - stamp.chars().count()) / 5;
    named(&format!("Pan{}", "&".repeat(room))).accepts(&grant).expect("up to the last byte");
    let refused = named(&format!("Pan{}", "&".repeat(room + 1))).accepts(&grant).expect_err("too long");
    assert_eq!((refused.code.as_str(), refused.temporary), ("stamp-too-long", false));
}

#[test]
fn a_preview_needs_neither_company_nor_folio() {
    let own = Chile::default()
        .preview(&sale(PAN).expect("a sale"), Some(&issuer()), &NoDocuments, now())
        .expect("good");
    assert_eq!(own.totals, json!({"MntNeto": 588, "IVA": 112, "MntTotal": 700}));
    assert!(own.xml.starts_with("<Documento ID=\"F0T39\">\n") && own.xml.contains("<Folio>0</Folio>"));
    assert!(!own.xml.contains("<TED") && !own.xml.contains("Signature") && !own.xml.contains("TmstFirma"));
    let with = PAN.replace(
        r#""IdDoc":{"TipoDTE":39}"#,
        r#""IdDoc":{"TipoDTE":39},"Emisor":{"RUTEmisor":"76192083-9","RznSocEmisor":"Otra SpA"}"#,
    );
    let bare = Chile::default()
        .preview(&sale(&with).expect("a sale"), None, &NoDocuments, now())
        .expect("it has an Emisor");
    assert!(bare.xml.contains("<RznSocEmisor>Otra SpA</RznSocEmisor>"));
    let none = Chile::default()
        .preview(&sale(PAN).expect("a sale"), None, &NoDocuments, now())
        .expect_err("no Emisor");
    assert_eq!((none.0[0].code.as_str(), none.0[0].path.as_str()), ("company-missing", "Encabezado.Emisor"));
}

#[test]
fn a_large_boleta_names_its_buyer_where_the_limit_is_set() {
    let chile = Chile { limits: Limits { identify_above: Some(Amount(699)), ..Limits::default() } };
    let codes = |text: &str| -> Vec<String> {
        match chile.draft(&sale(text).expect("a sale"), &issuer(), &NoDocuments, now()) {
            Ok(_) => vec![],
            Err(refused) => refused.0.into_iter().map(|r| r.code).collect(),
        }
    };
    assert_eq!(codes(PAN), ["large-sale-receiver", "large-sale-payment"]);
    let named = PAN.replace(
        r#""IdDoc":{"TipoDTE":39}"#,
        r#""IdDoc":{"TipoDTE":39,"MedioPago":1},"Receptor":{"RUTRecep":"76192083-9","RznSocRecep":"Ana"}"#,
    );
    assert_eq!(codes(&named), Vec::<String>::new());
    // A code of the shop's own names nobody to the SII.
    let coded = named.replace(r#""RUTRecep":"76192083-9""#, r#""RUTRecep":"0-0","CdgIntRecep":"socio 41""#);
    assert_eq!(codes(&coded), ["large-sale-receiver"]);
    assert_eq!(codes(&PAN.replace("350", "349")), Vec::<String>::new());
}

/// A till says its payments already: what the format wants of a large boleta follows from them.
#[test]
fn a_large_boleta_says_how_it_was_paid_by_what_its_till_says() {
    let chile = Chile { limits: Limits { identify_above: Some(Amount(699)), ..Limits::default() } };
    let of = |id: &str, till: serde_json::Value| {
        let mut sale: serde_json::Value = serde_json::from_str(PAN).expect("a sale");
        sale["Encabezado"]["IdDoc"] = serde_json::from_str(id).expect("its header");
        sale["Encabezado"]["Receptor"] = json!({ "RUTRecep": "76192083-9", "RznSocRecep": "Ana" });
        sale["Timbre"] = till;
        let draft =
            chile.draft(&self::sale(&sale.to_string()).expect("a sale"), &issuer(), &NoDocuments, now());
        text(&seal(&*draft.expect("a good sale"), 7))
    };
    let cash = json!({ "Pagos": [{ "Medio": "efectivo", "Monto": 1_000 }], "Vuelto": 300 });
    let bare = r#"{"TipoDTE":39}"#;
    assert!(of(bare, cash.clone()).contains("<MedioPago>1</MedioPago>"));
    assert!(
        of(bare, json!({ "Pagos": [{ "Medio": "Débito", "Monto": 700 }] }))
            .contains("<MedioPago>2</MedioPago>")
    );
    // What the sale says itself stays.
    assert!(of(r#"{"TipoDTE":39,"MedioPago":4}"#, cash.clone()).contains("<MedioPago>4</MedioPago>"));
    // A smaller one says only what it was told to.
    let small = PAN.replace("\"Detalle\"", &format!("\"Timbre\":{cash},\"Detalle\""));
    assert!(!text(&seal(&*draft(&small).expect("a good sale"), 7)).contains("MedioPago"));
}

/// Formato boletas 4.2, RUTRecep: who is known by a code of the shop's own.
#[test]
fn a_buyer_known_by_a_code_is_carried_through() {
    let sale = PAN.replace(
        r#""IdDoc":{"TipoDTE":39}"#,
        r#""IdDoc":{"TipoDTE":39},"Receptor":{"RUTRecep":"0-0","CdgIntRecep":"socio 41"}"#,
    );
    let document = seal(&*draft(&sale).expect("a good sale"), 7);
    let text = text(&document);
    assert!(text.contains("<RUTRecep>0-0</RUTRecep>") && text.contains("<RR>0-0</RR><RSR>socio 41</RSR>"));
    assert_eq!((document.receiver.id.as_str(), &document.facts["RUTRecep"]), ("0-0", &json!("0-0")));
    let receipt = Chile::default().receipt(&document, &Default::default());
    assert_eq!(receipt.receiver, [timbre_core::receipt::Field::new("Cliente", "socio 41")]);
}

/// A sale from before midnight may come a little after it; older ones are no boletas of today.
#[test]
fn a_boleta_is_of_today_or_of_last_night() {
    let of = |day: &str| PAN.replace(r#""TipoDTE":39"#, &format!(r#""TipoDTE":39,"FchEmis":"{day}""#));
    assert!(draft(&of("2026-01-14")).is_ok_and(|draft| draft.warnings().is_empty()));
    assert_eq!(desk::refused(&of("2026-01-13"))[0].0, "date-late");
    let old = factura(r#","FmaPago":1,"FchEmis":"2026-01-10""#, "");
    assert_eq!(draft(&old).expect("a factura of last week").warnings()[0].code, "date-late");
}

prop_compose! {
    fn any_item()(name in "[ -~¡-ÿ]{1,80}", quantity in 1..2_000_000_i64, price in 1..50_000_000_i64, exempt in any::<bool>(), off in 0..=100_u8)
        -> serde_json::Value {
        let mut item = json!({ "NmbItem": format!("x{}", name.chars().take(79).collect::<String>()),
            "QtyItem": format!("{}.{:03}", quantity / 1000, quantity % 1000), "PrcItem": format!("{}.{:02}", price / 100, price % 100) });
        if exempt { item["IndExe"] = 1.into(); }
        if off > 50 { item["DescuentoPct"] = (off - 50).into(); }
        item
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any sale that is drafted is sound: a second look finds nothing, and the parts are the total.
    #[test]
    fn whatever_is_drafted_is_sound(items in proptest::collection::vec(any_item(), 1..8), kind in 0..3_u8, percent in 0..=30_u8) {
        let mut sale = json!({ "Encabezado": { "IdDoc": { "TipoDTE": if kind == 0 { 39 } else { 33 } } }, "Detalle": items });
        if kind > 0 {
            sale["Encabezado"]["Receptor"] = json!({ "RUTRecep": "77777777-7", "RznSocRecep": "Ñandú & 'Cía'", "GiroRecep": "G", "DirRecep": "D", "CmnaRecep": "C" });
        }
        if kind == 2 { sale["Encabezado"]["IdDoc"]["MntBruto"] = 1.into(); }
        if percent > 0 {
            sale["DscRcgGlobal"] = json!({ "TpoMov": "D", "TpoValor": "%", "ValorDR": percent });
        }
        let draft = match draft(&sale.to_string()) {
            Ok(draft) => draft,
            Err(refused) => {
                // All that these sales can be refused for.
                for refusal in refused.0 {
                    let codes = ["all-exempt", "total-zero", "large-sale-receiver", "large-sale-payment"];
                    prop_assert!(codes.contains(&refusal.code.as_str()), "{:?}", refusal);
                }
                return Ok(());
            }
        };
        let document = seal(&*draft, 3);
        prop_assert_eq!(desk::findings(&document.bytes), Vec::<String>::new());
        let totals = draft.totals();
        let of = |tag: &str| totals[tag].as_i64().unwrap_or(0);
        prop_assert_eq!(of("MntNeto") + of("IVA") + of("MntExe"), of("MntTotal"));
        prop_assert!(of("MntNeto") >= 0 && of("IVA") >= 0 && of("MntExe") >= 0);
        prop_assert_eq!(document.total, Amount(of("MntTotal")));
        prop_assert_eq!(seal(&*draft, 3), document);
    }

    /// What a till types stands in the document as it was tidied, and is printed so.
    #[test]
    fn a_text_comes_back_as_it_went_in(name in "[A-Za-zÑñÁ-Úá-ú&<>%#.,;:()/ -]{1,78}") {
        let sale = json!({ "Encabezado": { "IdDoc": { "TipoDTE": 39 } }, "Detalle": [{ "NmbItem": format!("x{name}"), "MontoItem": 1000 }] });
        let document = seal(&*draft(&sale.to_string()).expect("a good sale"), 3);
        let receipt = Chile::default().receipt(&document, &Default::default());
        let kept = format!("x{name}").trim().to_owned();
        prop_assert_eq!(&receipt.lines[0].name, &kept);
    }
}
