//! Documents that the SII rejected, end to end: envelopes that fall as a whole are taken apart, and what was
//! rejected is made again, against a simulator that judges every byte.

use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};
use sii_sim::{Config, Desk, Rules, Scenario, Sim};
use timbre_agent::view::{RowView, VouchedView, VoucherOrder};
use timbre_app::Running;
use timbre_tests::{boleta, factura, options, sell, shop_of_company, until};

/// One in which every document is rejected for its issuer's register.
const REGISTER: &str = "[rejections]\nevery = 1\ncode = \"HED-3-861\"\ntext = \"Actividad no registrada\"";

struct Town {
    sii: sii_sim::Running,
    shop: Running,
}

/// A training shop beside a simulator of its own.
async fn town(dir: &Path, rules: Rules, settings: &str) -> Town {
    let sim = Sim::new(Config { rules, ..Config::default() });
    let sii = sii_sim::serve(sim, None).await.expect("a simulator listens");
    let shop = shop_at(dir, &sii.base, settings).await;
    Town { sii, shop }
}

/// A training shop of the one company, beside this simulator.
async fn shop_at(dir: &Path, base: &str, settings: &str) -> Running {
    shop_of_company(dir, Desk::company(), &[(33, 1, 50), (39, 1, 200)]).await;
    let text = format!(
        "[training]\nsimulator = \"{base}\"\n[wire]\nabsence_after_seconds = 0\nabsence_gap_seconds = 0\n{settings}"
    );
    std::fs::write(dir.join("shop/timbre.toml"), text).expect("the shop's settings");
    timbre_app::start(options(dir)).await.expect("the shop opens")
}

impl Town {
    fn weather(&self, scenario: &str) {
        let now = self.sii.sim().time(Timestamp::now());
        self.sii.sim().play(Scenario::parse(scenario).expect("sound"), 1, now);
    }

    fn row(&self, id: &str) -> RowView {
        self.shop.agent.detail(id).expect("it is there").row
    }

    async fn settled(&self, id: &str, state: &str) -> RowView {
        until(&self.shop, |_| self.row(id).state == state).await;
        self.row(id)
    }

    /// Asks the shop's API.
    async fn post(&self, path: &str, body: String) -> (u16, Value) {
        let client = reqwest::Client::new();
        let url = format!("{}/v1{path}", self.shop.address.base);
        let request = client.post(url).bearer_auth(&*self.shop.address.token).body(body);
        let request = request.header("Timbre-Client", "tests").header("Content-Type", "application/json");
        let answer = request.send().await.expect("the shop answers");
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.expect("a whole answer")).expect("JSON"))
    }

    /// The simulator found nothing to complain of in how it was spoken to.
    async fn end(self) {
        assert_eq!(self.sii.sim().ledger().violations, []);
        self.shop.stop().await;
        self.sii.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_boletas_the_bad_ones_end_alone_and_the_others_are_accepted_within_the_hour() {
    let dir = tempfile::tempdir().unwrap();
    let town = town(dir.path(), Rules::default(), "").await;
    town.weather("[[endings]]\nstate = \"RSC\"\nfolios = [7, 31]");
    town.shop.agent.set_running(false);
    for n in 0..50 {
        sell(&town.shop, &boleta(500 + n), &format!("k{n}")).await.unwrap();
    }
    town.shop.agent.set_running(true);
    until(&town.shop, |shop| shop.agent.stats().accepted + shop.agent.stats().rejected == 50).await;
    for folio in 1..=50 {
        let row = town.row(&format!("T39F{folio}"));
        let bad = folio == 7 || folio == 31;
        assert_eq!(row.state, if bad { "RECHAZADO" } else { "ACEPTADO" }, "{row:?}");
        assert!(!bad || row.remarks.iter().any(|remark| remark.code == "RSC"), "{row:?}");
    }
    let uploads: Vec<_> = town.sii.sim().ledger().uploads.iter().map(|upload| upload.documents).collect();
    assert_eq!(uploads.iter().max(), Some(&50));
    assert!(uploads.len() <= 1 + 8 + 14, "{uploads:?}");
    // What was wrong is mended, and the paper of both customers stays true.
    town.weather("");
    for id in ["T39F7", "T39F31"] {
        let (status, made) = town.post(&format!("/documents/{id}/reissue"), String::new()).await;
        assert_eq!((status, &made["number"]), (200, &json!("same")), "{made}");
        assert_eq!(town.settled(id, "ACEPTADO").await.version, 2);
    }
    assert_eq!(town.shop.agent.stats().total, 50);
    town.end().await;
}

/// Two tills of one company were lent the same ranges and sell the same: the SII has the first one's document, rejects
/// the second's (DTE-3-101), and says of both that their data are there.
#[tokio::test(flavor = "multi_thread")]
async fn a_twins_document_is_rejected_though_its_data_are_at_the_sii() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let town = town(dir.path(), Rules::default(), "").await;
    let twin = shop_at(other.path(), &town.sii.base, "").await;
    for (id, sale, said) in [("T33F1", factura(1_000), "FIRMA NO"), ("T39F1", boleta(990), "DTE-3-101")] {
        sell(&town.shop, &sale, id).await.unwrap();
        town.settled(id, "ACEPTADO").await;
        sell(&twin, &sale, id).await.unwrap();
        let row = |shop: &Running| shop.agent.detail(id).expect("it is there").row;
        until(&twin, |shop| row(shop).state == "RECHAZADO" || row(shop).state == "ACEPTADO").await;
        let row = row(&twin);
        assert_eq!((row.state.as_str(), row.remarks[0].code.as_str()), ("RECHAZADO", said), "{row:?}");
        // Its range stops, and by itself no other document is made of what may be the same sale.
        let stopped = |kind: &timbre_agent::view::FoliosView| kind.ranges[0].stopped.is_some();
        assert!(
            twin.agent
                .folios()
                .iter()
                .filter(|kind| id.starts_with(&format!("T{}", kind.series)))
                .all(stopped)
        );
        let plain = timbre_agent::reissue::Reissue { sale: None, new_number: false, who: "Ana".to_owned() };
        let problem = twin.agent.reissue(id, plain).await.unwrap_err();
        let held = if said == "FIRMA NO" { "same-data-held" } else { "accepted-after-all" };
        assert_eq!(problem.code, held, "{problem:?}");
        assert_eq!(twin.agent.found_accepted(id, "Ana").await.unwrap_err().code, "not-held");
    }
    let twin = Town { sii: town.sii, shop: twin };
    let refused = sell(&twin.shop, &boleta(990), "c").await.unwrap_err();
    assert_eq!(refused.code, "grant-stopped");
    assert!(refused.detail.contains("lo reanuda en Folios"), "{}", refused.detail);
    let order = |why: &str| json!({ "type": "39", "folio": 1, "who": "Ana", "why": why }).to_string();
    assert_eq!(twin.post("/folios/resume", order(" ")).await.1["code"], "why-missing");
    let (status, range) = twin.post("/folios/resume", order("el folio es nuestro")).await;
    assert_eq!((status, &range["stopped"]), (200, &Value::Null), "{range}");
    assert_eq!(twin.post("/folios/resume", order("otra vez")).await.0, 409);
    sell(&twin.shop, &boleta(990), "c").await.expect("it sells again");
    twin.shop.stop().await;
    town.shop.stop().await;
    twin.sii.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resolution_that_is_not_ours_stops_the_channel_and_rejects_nothing() {
    let dir = tempfile::tempdir().unwrap();
    // However slow the machine is, nothing tries again before the look.
    let patient = "[sender]\nretry_base_seconds = 3600\nretry_cap_seconds = 3600\n";
    let town = town(dir.path(), Rules::default(), patient).await;
    town.weather("[[endings]]\nstate = \"RCT\"");
    town.shop.agent.set_running(false);
    for n in 0..10 {
        sell(&town.shop, &boleta(500 + n), &format!("k{n}")).await.unwrap();
    }
    town.shop.agent.set_running(true);
    until(&town.shop, |shop| shop.agent.stats().pending == 10).await;
    let (status, refused) = town.post("/documents/T39F1/reissue", String::new()).await;
    assert_eq!((status, &refused["code"]), (409, &json!("not-rejected")), "{refused}");
    assert_eq!(town.shop.agent.snapshot().down[0].channel, "boleta");
    assert_eq!(town.sii.sim().ledger().uploads.len(), 1, "nothing was taken apart");
    town.weather("");
    town.shop.agent.resend_pending().await.unwrap();
    until(&town.shop, |shop| shop.agent.stats().accepted == 10).await;
    town.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_factura_is_mended_under_its_folio_and_the_sii_takes_it() {
    let dir = tempfile::tempdir().unwrap();
    let town = town(dir.path(), Rules::default(), "").await;
    town.weather(REGISTER);
    let sale = factura(1_000);
    let id = sell(&town.shop, &sale, "f").await.unwrap().document.id;
    town.settled(&id, "RECHAZADO").await;
    let before = town.shop.agent.file(&id).unwrap();

    let with = |pointer: &str, value: Value| {
        let mut sale = sale.clone();
        *sale.pointer_mut(pointer).expect("the path is in the sale") = value;
        sale.to_string()
    };
    let path = format!("/documents/{id}/reissue?who=Ana");
    for (pointer, value, refused) in [
        ("/Encabezado/Receptor/RUTRecep", json!("99999999-9"), "Encabezado.Receptor.RUTRecep"),
        ("/Detalle/0/NmbItem", json!("Otra cosa"), "Detalle[0].NmbItem"),
    ] {
        let (status, problem) = town.post(&path, with(pointer, value)).await;
        assert_eq!((status, &problem["errors"][0]["path"]), (422, &json!(refused)), "{problem}");
    }
    // The line is down: it says so, and nothing is done.
    town.sii.sim().set_outage(true);
    let (status, problem) = town.post(&path, String::new()).await;
    assert_eq!(status, 504, "{problem}");
    town.sii.sim().set_outage(false);
    assert_eq!(town.shop.agent.file(&id).unwrap(), before);
    assert_eq!(town.row(&id).state, "RECHAZADO");

    town.weather("");
    let (status, made) = town.post(&path, with("/Encabezado/Receptor/GiroRecep", json!("Panadería"))).await;
    assert_eq!(
        (status, &made["number"], &made["document"]["version"]),
        (200, &json!("same"), &json!(2)),
        "{made}"
    );
    town.settled(&id, "ACEPTADO").await;
    let after = String::from_utf8_lossy(&town.shop.agent.file(&id).unwrap()).into_owned();
    assert!(after.contains("<GiroRecep>Panader"), "{after}");
    let ledger = town.sii.sim().ledger();
    let held = ledger.document(&id).unwrap();
    assert_eq!((held.verdict, held.versions.len()), ("accepted", 2));
    let found: Vec<_> = town.shop.agent.regime().verify(&town.shop.agent.file(&id).unwrap());
    assert_eq!(found.iter().map(|f| f.code.as_str()).collect::<Vec<_>>(), ["caf-training"]);
    town.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folio_that_was_annulled_gets_another_and_the_task_is_ticked_once() {
    let dir = tempfile::tempdir().unwrap();
    let town = town(dir.path(), Rules::default(), "").await;
    town.sii.sim().annul(39, 1, 1).unwrap();
    let id = sell(&town.shop, &boleta(990), "b").await.unwrap().document.id;
    town.settled(&id, "RECHAZADO").await;
    let (status, made) = town.post(&format!("/documents/{id}/reissue"), String::new()).await;
    assert_eq!((status, &made["document"]["id"]), (200, &json!("T39F2")), "{made}");
    assert!(made["task"].as_str().unwrap().contains("Anule el folio 1"), "{made}");
    town.settled("T39F2", "ACEPTADO").await;
    assert_eq!(town.row(&id).replaced_by.as_deref(), Some("T39F2"));
    let stats = town.shop.agent.stats();
    assert_eq!((stats.total, stats.issued_today, stats.to_annul), (1, 1, 1));
    let tick = || town.post("/documents/T39F1/number-annulled", json!({ "who": "Ana" }).to_string());
    assert_eq!(tick().await.0, 200);
    assert_eq!(town.shop.agent.stats().to_annul, 0);
    assert_eq!(tick().await.0, 409);
    town.end().await;
}

/// The accountant annulled the whole range at the SII's site: two boletas are void, not a day of them, and the next CAF
/// goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_range_that_was_annulled_at_the_sii_gives_two_folios_and_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let town = town(dir.path(), Rules::default(), "").await;
    let agent = &town.shop.agent;
    town.sii.sim().annul(39, 1, 200).unwrap();
    let stopped =
        || agent.folios().into_iter().find(|kind| kind.series == "39").unwrap().ranges[0].stopped.clone();
    sell(&town.shop, &boleta(990), "a").await.unwrap();
    town.settled("T39F1", "RECHAZADO").await;
    assert_eq!(stopped(), None, "it may have been annulled alone");
    let (status, made) = town.post("/documents/T39F1/reissue", String::new()).await;
    assert_eq!((status, &made["document"]["id"]), (200, &json!("T39F2")), "{made}");
    town.settled("T39F2", "RECHAZADO").await;
    let why = stopped().expect("two in a row");
    assert!(why.contains("Lo dijo de T39F1 y de T39F2"), "{why}");
    let refused = sell(&town.shop, &boleta(990), "b").await.unwrap_err();
    assert_eq!((refused.status, refused.code.as_str()), (503, "grant-stopped"), "{refused:?}");
    assert!(
        refused.detail.contains("lo reanuda en Folios") && refused.detail.contains("otro CAF"),
        "{refused:?}"
    );
    let told = agent.snapshot().sentence.text;
    assert!(told.contains("Están detenidos los folios que quedan de boleta"), "{told}");

    let company = Desk::company();
    let caf = Desk::caf(company.rut, 39, 201, 250, "2026-11-01".parse().unwrap(), company.name);
    agent.load_grant(&caf, (1, 1), None).await.unwrap();
    let (status, made) = town.post("/documents/T39F2/reissue", String::new()).await;
    assert_eq!((status, &made["document"]["id"]), (200, &json!("T39F201")), "{made}");
    assert_eq!(sell(&town.shop, &boleta(990), "b").await.unwrap().document.id, "T39F202");
    for id in ["T39F201", "T39F202"] {
        town.settled(id, "ACEPTADO").await;
    }
    let order = json!({ "type": "39", "folio": 201, "who": "Ana", "why": "son de la otra caja" }).to_string();
    let (status, range) = town.post("/folios/stop", order.clone()).await;
    assert_eq!((status, &range["next"]), (200, &json!(203)), "{range}");
    assert_eq!(town.post("/folios/stop", order).await.1["code"], "already-stopped");
    assert_eq!(sell(&town.shop, &boleta(990), "c").await.unwrap_err().code, "grant-stopped");
    town.end().await;
}

/// The record of what a card paid names the document that is there for the rest, not the one that was rejected.
#[tokio::test(flavor = "multi_thread")]
async fn the_record_of_a_card_s_part_names_the_document_that_took_the_place_of_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let town = town(dir.path(), Rules::default(), "").await;
    let agent = &town.shop.agent;
    let today = agent.today().unwrap().date;
    let order = VoucherOrder { stands: true, since: today.clone(), two_sales: false, who: "Ana".to_owned() };
    agent.set_vouchers(order).await.unwrap();
    town.sii.sim().annul(39, 1, 1).unwrap();
    let mut both = boleta(3_000);
    both["Timbre"] =
        json!({ "Pagos": [{ "Medio": "debito", "Monto": 1_000 }, { "Medio": "efectivo", "Monto": 2_000 }] });
    let first = sell(&town.shop, &both, "b").await.unwrap();
    let part = first.voucher.clone().expect("a part by card");
    assert_eq!((first.document.id.as_str(), part.rest.as_deref()), ("T39F1", Some("T39F1")));
    town.settled("T39F1", "RECHAZADO").await;
    let (status, made) = town.post("/documents/T39F1/reissue", String::new()).await;
    assert_eq!((status, &made["document"]["id"]), (200, &json!("T39F2")), "{made}");

    let again = sell(&town.shop, &both, "b").await.unwrap().voucher.expect("a part by card");
    assert_eq!((again.rest.as_deref(), again.repeated), (Some("T39F2"), true));
    assert_eq!(
        VouchedView { rest: part.rest.clone(), repeated: false, ..again },
        part,
        "nothing else of it changed"
    );
    let rows = agent.vouched_between(&today, &today, None).unwrap().rows;
    assert_eq!((rows.len(), rows[0].rest.as_deref()), (1, Some("T39F2")));
    let mut file = Vec::new();
    agent.export_vouched(&today, &today, &mut file).unwrap();
    assert!(String::from_utf8(file).unwrap().trim_end().ends_with(";T39F2;"));
    town.end().await;
}

/// Sources disagree whether a rejection burns a folio. Where it does, a second version is refused as known with
/// other data, and made again under another folio; with the setting the second version isn't.
#[tokio::test(flavor = "multi_thread")]
async fn where_a_rejection_burns_the_folio_the_setting_gives_another() {
    for (setting, number) in [("", "same"), ("[reissue]\nfolio = \"always-new\"\n", "new")] {
        let dir = tempfile::tempdir().unwrap();
        let rules = Rules { rejected_burns_folio: true, ..Rules::default() };
        let town = town(dir.path(), rules, setting).await;
        town.weather(REGISTER);
        let id = sell(&town.shop, &boleta(990), "b").await.unwrap().document.id;
        town.settled(&id, "RECHAZADO").await;
        town.weather("");
        let (status, made) = town.post(&format!("/documents/{id}/reissue"), String::new()).await;
        assert_eq!((status, &made["number"]), (200, &json!(number)), "{made}");
        if number == "new" {
            town.settled("T39F2", "ACEPTADO").await;
            town.end().await;
            continue;
        }
        // It knows the folio with other data, and rejects it for that; they are its own earlier version's, and the range
        // goes on.
        until(&town.shop, |_| (town.row(&id).version, town.row(&id).state.as_str()) == (2, "RECHAZADO"))
            .await;
        sell(&town.shop, &boleta(990), "c").await.expect("the range goes on");
        let (status, made) = town.post(&format!("/documents/{id}/reissue"), String::new()).await;
        assert_eq!((status, &made["number"]), (200, &json!("new")), "{made}");
        town.shop.stop().await;
        town.sii.stop().await;
    }
}
