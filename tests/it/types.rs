//! Every type of document that a shop issues, end to end, and what follows from one document to the next.

use jiff::Timestamp;
use serde_json::{Value, json};
use sii_sim::Scenario;
use timbre_agent::reissue::Reissue;
use timbre_agent::view::{IssuedView, ProblemView};
use timbre_app::{DemoOptions, Options, Running};
use timbre_tests::{boleta, factura, options, sell, shop_of_company, until};

/// A training shop with CAFs of every type, against the simulator of its own folder.
pub(crate) async fn shop(dir: &std::path::Path) -> Running {
    let types = [33, 34, 39, 41, 52, 56, 61];
    shop_of_company(dir, sii_sim::Desk::company(), &types.map(|tipo| (tipo, 1, 50))).await;
    let demo = DemoOptions { latency: std::time::Duration::ZERO, scenario: "calm".to_owned() };
    timbre_app::start(Options { demo: Some(demo), ..options(dir) }).await.expect("the shop opens")
}

fn state(shop: &Running, id: &str) -> String {
    shop.agent.detail(id).expect("it is there").row.state.to_string()
}

pub(crate) async fn accepted(shop: &Running, ids: &[&str]) {
    until(shop, |shop| {
        ids.iter().all(|id| !["GENERADO", "ENVIANDO", "ENVIADO"].contains(&&*state(shop, id)))
    })
    .await;
    for id in ids {
        let detail = shop.agent.detail(id).expect("it is there");
        assert_eq!(detail.row.state, "ACEPTADO", "{id}: {:#?}", detail.row);
    }
}

/// The code of the only reason.
fn code(refused: Result<IssuedView, ProblemView>) -> String {
    let problem = refused.expect_err("it is refused");
    problem.errors.first().map_or(problem.code, |first| first.code.clone())
}

pub(crate) fn as_type(mut sale: Value, tipo: u16) -> Value {
    sale["Encabezado"]["IdDoc"]["TipoDTE"] = tipo.into();
    sale
}

/// A note that says no more than what it corrects and why.
pub(crate) fn note(tipo: u16, of: (u16, u64), reason: u8) -> Value {
    json!({
        "Encabezado": { "IdDoc": { "TipoDTE": tipo } },
        "Referencia": { "TpoDocRef": of.0, "FolioRef": of.1, "CodRef": reason, "RazonRef": "Donde dice Pan debe decir Té" },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_is_accepted_and_so_is_what_corrects_it() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path()).await;
    let mut wines = factura(3_361);
    wines["Detalle"][0]["CodImpAdic"] = 25.into();
    let mut guia = as_type(factura(900), 52);
    guia["Encabezado"]["IdDoc"]["IndTraslado"] = 1.into();
    guia["Encabezado"]["Transporte"] = json!({ "DirDest": "Camino Real 55", "CmnaDest": "Buin" });
    let mut taxed_boleta = boleta(1_190);
    taxed_boleta["Detalle"][0]["QtyItem"] = "1.5".into();
    for (key, sale) in [
        ("33", factura(1_000)),
        ("33 with a tax", wines),
        ("34", as_type(factura(1_000), 34)),
        ("39", taxed_boleta),
        ("41", as_type(boleta(1_500), 41)),
        ("52", guia),
    ] {
        let issued = sell(&shop, &sale, key).await.unwrap_or_else(|no| panic!("{key}: {no:#?}"));
        assert!(!issued.repeated);
    }
    accepted(&shop, &["T33F1", "T33F2", "T34F1", "T39F1", "T41F1", "T52F1"]).await;

    // Each of them annulled, by its number alone; a text corrected; a note annulled.
    for (key, sale, total) in [
        ("a 33", note(61, (33, 1), 1), 2_380),
        ("a 33 with a tax", note(61, (33, 2), 1), 9_377),
        ("a 34", note(61, (34, 1), 1), 2_000),
        ("a 39", note(61, (39, 1), 1), 1_785),
        ("a 41", note(61, (41, 1), 1), 1_500),
    ] {
        let issued = sell(&shop, &sale, key).await.unwrap_or_else(|no| panic!("{key}: {no:#?}"));
        assert_eq!(issued.totals["MntTotal"], total, "{key}: {:#}", issued.totals);
    }
    accepted(&shop, &["T61F1", "T61F2", "T61F3", "T61F4", "T61F5"]).await;
    let undone =
        sell(&shop, &note(56, (61, 1), 1), "the note").await.expect("a debit note annuls a credit note");
    assert_eq!(undone.totals["MntTotal"], 2_380);
    let text = sell(&shop, &note(61, (33, 1), 2), "a text").await.expect("a text is corrected");
    assert_eq!(text.totals["MntTotal"], 0);
    let of_guias = json!({
        "Encabezado": { "IdDoc": { "TipoDTE": 33, "FmaPago": 2 } },
        "Referencia": { "TpoDocRef": 52, "FolioRef": 1 },
    });
    let nameless =
        sell(&shop, &as_type(factura(1), 61), "no reference").await.expect_err("it corrects nothing");
    let said = serde_json::to_value(&nameless).expect("as the API says it");
    assert_eq!(said["errors"][0]["authority_codes"], json!(["REF-3-415"]), "{said:#}");
    let billed = sell(&shop, &of_guias, "guías").await.expect("a factura of guías");
    assert_eq!(billed.totals["MntTotal"], 2_142);
    accepted(&shop, &["T56F1", "T61F6", "T33F3"]).await;
    let sim = shop.sim.as_ref().unwrap();
    assert_eq!(sim.ledger().violations, []);
    // What was undone may be given back again, once.
    let annulled_by = |id: &str| shop.agent.detail(id).expect("it is there").row.annulled_by;
    assert_eq!(annulled_by("T33F2").as_deref(), Some("T61F2"));
    assert_eq!((annulled_by("T33F1"), annulled_by("T61F1").as_deref()), (None, Some("T56F1")));
    assert_eq!(annulled_by("T33F3"), None);
    assert_eq!(code(sell(&shop, &note(56, (61, 1), 1), "again").await), "already-annulled");
    assert!(sell(&shop, &note(61, (33, 1), 1), "once more").await.is_ok());
    assert_eq!(code(sell(&shop, &note(61, (33, 1), 1), "and more").await), "already-annulled");
    assert_eq!(code(sell(&shop, &of_guias, "guías again").await), "claim-exceeds");
    shop.stop().await;
}

/// A document is given back once, whoever asks first.
#[tokio::test(flavor = "multi_thread")]
async fn two_tills_that_annul_at_once_annul_once() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path()).await;
    sell(&shop, &factura(5_000), "f").await.unwrap();
    let annul = note(61, (33, 1), 1);
    let tills = (0..8).map(|till| {
        let (agent, annul) = (shop.agent.clone(), annul.to_string());
        tokio::spawn(async move { agent.issue(annul.into(), Some(format!("till {till}"))).await })
    });
    let mut outcomes = Vec::new();
    for till in tills.collect::<Vec<_>>() {
        outcomes.push(till.await.expect("no till panics"));
    }
    let (issued, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert_eq!((issued.len(), refused.len()), (1, 7));
    assert!(refused.into_iter().all(|no| code(no) == "already-annulled"));
    let folios = shop.agent.folios();
    let left = folios.iter().find(|kind| kind.series == "61").map(|kind| kind.left);
    assert_eq!(left, Some(49), "a refused note spends no folio");
    shop.stop().await;
}

/// Part by part, until nothing is left.
#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_given_back_than_was_charged() {
    let dir = tempfile::tempdir().unwrap();
    let shop = shop(dir.path()).await;
    sell(&shop, &boleta(1_000), "b").await.unwrap();
    let part = |price: u64| {
        let mut part = note(61, (39, 1), 3);
        part["Encabezado"]["IdDoc"]["MntBruto"] = 1.into();
        part["Detalle"] = json!({ "NmbItem": "Pan amasado", "QtyItem": 1, "PrcItem": price });
        part
    };
    assert_eq!(code(sell(&shop, &part(1_001), "too much").await), "note-exceeds");
    sell(&shop, &part(600), "first").await.unwrap();
    assert_eq!(code(sell(&shop, &part(401), "too much again").await), "claim-exceeds");
    assert_eq!(code(sell(&shop, &note(61, (39, 1), 1), "the whole").await), "claim-exceeds");
    sell(&shop, &part(400), "the rest").await.unwrap();
    assert_eq!(code(sell(&shop, &part(1), "nothing is left").await), "claim-exceeds");
    shop.stop().await;
}

/// A guía whose factura was annulled is billed again before the SII has judged the note. It rejects the note, and so the
/// first factura stands: the second does not leave until the note was made again and accepted.
#[tokio::test(flavor = "multi_thread")]
async fn no_guia_is_billed_twice_by_a_note_that_is_rejected() {
    let dir = tempfile::tempdir().unwrap();
    shop_of_company(dir.path(), sii_sim::Desk::company(), &[33, 52, 61].map(|tipo| (tipo, 1, 50))).await;
    let settings = "[wire]\nabsence_after_seconds = 0\nabsence_gap_seconds = 0\n";
    std::fs::write(dir.path().join("shop/timbre.toml"), settings).expect("the shop's settings");
    let demo = DemoOptions { latency: std::time::Duration::ZERO, scenario: "calm".to_owned() };
    let shop =
        timbre_app::start(Options { demo: Some(demo), ..options(dir.path()) }).await.expect("it opens");
    let weather = |scenario: &str| {
        let sim = shop.sim.as_ref().unwrap();
        sim.play(Scenario::parse(scenario).expect("sound"), 1, sim.time(Timestamp::now()));
    };
    let mut guia = as_type(factura(900), 52);
    guia["Encabezado"]["IdDoc"]["IndTraslado"] = 1.into();
    let bill = json!({ "Encabezado": { "IdDoc": { "TipoDTE": 33, "FmaPago": 1 } },
        "Referencia": { "TpoDocRef": 52, "FolioRef": 1 } });
    sell(&shop, &guia, "guía").await.unwrap();
    sell(&shop, &bill, "factura").await.unwrap();
    accepted(&shop, &["T52F1", "T33F1"]).await;

    shop.agent.set_running(false);
    sell(&shop, &note(61, (33, 1), 1), "annul").await.unwrap();
    let again = sell(&shop, &bill, "again").await.unwrap();
    assert!(again.warnings.iter().any(|told| told.code == "freed-pending"), "{:?}", again.warnings);
    weather("[rejections]\nevery = 1\ncode = \"HED-3-861\"\ntext = \"Actividad no registrada\"");
    shop.agent.set_running(true);
    let attention = |id: &str| shop.agent.detail(id).expect("it is there").row.attention.unwrap_or_default();
    until(&shop, |_| attention("T33F2").starts_with("Usa lo que devolvía T61F1, que el SII rechazó")).await;
    assert_eq!((state(&shop, "T61F1").as_str(), state(&shop, "T33F2").as_str()), ("RECHAZADO", "GENERADO"));

    weather("");
    let order = Reissue { sale: None, new_number: false, who: "Ana".to_owned() };
    shop.agent.reissue("T61F1", order).await.unwrap();
    accepted(&shop, &["T61F1", "T33F2"]).await;
    assert_eq!(attention("T33F2"), "");
    shop.stop().await;
}
