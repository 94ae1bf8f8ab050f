//! The drop folder, end to end: sales in, answers out, what waits, what is refused, and nothing twice.

mod cafs;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use notify::{RecursiveMode, Watcher};
use openssl::sha::sha256;
use serde_json::{Value, json};
use timbre_app::{DemoOptions, Options, Running};
use timbre_tests::{boleta, factura, options, shop_of, until};

struct Drop {
    dir: PathBuf,
}

impl Drop {
    fn new(dir: &Path) -> Drop {
        Drop { dir: dir.join("shop") }
    }

    async fn open(&self, root: &Path) -> Running {
        let demo = DemoOptions { latency: Duration::ZERO, scenario: "calm".to_owned() };
        timbre_app::start(Options { demo: Some(demo), ..options(root) }).await.expect("it opens")
    }

    fn at(&self, path: &str) -> PathBuf {
        self.dir.join(path)
    }

    /// Put into its place by a rename, as a careful till does.
    fn put(&self, name: &str, text: &str) {
        let (half, whole) = (self.at(&format!("entrada/.{name}.tmp")), self.at(&format!("entrada/{name}")));
        fs::create_dir_all(self.at("entrada")).unwrap();
        fs::write(&half, text).unwrap();
        fs::rename(half, whole).unwrap();
    }

    fn json(&self, path: &str) -> Value {
        serde_json::from_slice(&fs::read(self.at(path)).expect(path)).expect(path)
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.at(folder)).into_iter().flatten();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.file_type().unwrap().is_file())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// Nothing waits, nor is on its way to where it is put aside.
    fn has_taken_all(&self) -> bool {
        ["entrada", "procesados/en-paso", "rechazados/en-paso"]
            .iter()
            .all(|folder| self.names(folder).is_empty())
    }

    /// Looks again whenever something happens in the shop's folder.
    async fn until(&self, done: impl Fn(&Drop) -> bool) {
        let (tell, told) = std::sync::mpsc::channel();
        let mut watcher = notify::recommended_watcher(move |_event| {
            // Nobody waits any more.
            let _ = tell.send(());
        })
        .unwrap();
        watcher.watch(&self.dir, RecursiveMode::Recursive).unwrap();
        let late = Instant::now() + Duration::from_secs(120);
        while !done(self) {
            if Instant::now() > late {
                let found: Vec<_> = ["entrada", "salida", "procesados", "rechazados"]
                    .iter()
                    .map(|f| (f, self.names(f)))
                    .collect();
                panic!("it never came to be: {found:?}");
            }
            // A hint may be lost: then the next second looks.
            let _ = tokio::task::block_in_place(|| told.recv_timeout(Duration::from_secs(1)));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sales_are_issued_answered_and_put_aside_and_a_wrong_one_says_why() {
    let root = tempfile::tempdir().unwrap();
    let drop = Drop::new(root.path());
    fs::create_dir_all(&drop.dir).unwrap();
    fs::write(drop.at("timbre.toml"), "[folder]\npaper = \"pdf\"\n").unwrap();
    let shop = drop.open(root.path()).await;
    drop.put("venta001.json", &boleta(990).to_string());
    drop.put("con-clave.json", &json!({ "key": "k-7", "sale": factura(1_000) }).to_string());
    drop.put("mala.json", r#"{"Encabezado":{"IdDoc":{"TipoDTE":39}},"Detalle":[]}"#);
    drop.until(|drop| drop.has_taken_all() && drop.at("rechazados/mala.json").exists()).await;
    let answer = drop.json("salida/venta001.json");
    assert_eq!(
        (answer["document"]["total"].clone(), answer["environment"].clone()),
        (json!(990), json!("training"))
    );
    assert!(fs::read(drop.at("salida/venta001.pdf")).unwrap().starts_with(b"%PDF"));
    assert_eq!(drop.json("salida/con-clave.json")["key"], "k-7");
    assert_eq!(drop.names("rechazados"), ["mala.error.json", "mala.json"]);
    let why = drop.json("rechazados/mala.error.json");
    assert_eq!(why["status"], 422);
    assert!(why["errors"][0]["message"].as_str().unwrap().ends_with('.'), "{why}");
    assert_eq!(drop.names("procesados").len(), 2, "{:?}", drop.names("procesados"));
    assert_eq!(shop.agent.stats().total, 2);

    // A till uses the same name every day, and may sell the same again at once.
    drop.put("venta001.json", &boleta(990).to_string());
    drop.until(|drop| drop.names("procesados").len() == 3).await;
    assert_eq!(shop.agent.stats().total, 3, "another sale of the same name and content");
    until(&shop, |shop| shop.agent.stats().accepted == 3).await;
    shop.stop().await;
}

/// A sale that was read goes by `en-paso` to where it is put aside. A stop leaves it there, or what a till had written over
/// it in that moment.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_stop_left_on_its_way_is_aside_or_is_another_sale_and_is_issued() {
    let root = tempfile::tempdir().unwrap();
    let drop = Drop::new(root.path());
    let shop = drop.open(root.path()).await;
    let wrong = |n| json!({ "key": n, "sale": { "Detalle": [] } }).to_string();
    let sales = [
        ("dejada", "procesados", boleta(1_001).to_string()),
        ("pisada", "procesados", boleta(1_002).to_string()),
        ("mala", "rechazados", wrong("m")),
        ("mala-pisada", "rechazados", wrong("p")),
    ];
    for (stem, _, text) in &sales {
        drop.put(&format!("{stem}.json"), text);
    }
    drop.until(|drop| drop.has_taken_all() && drop.names("procesados").len() == 2).await;
    assert_eq!(drop.names("rechazados").len(), 4);
    shop.stop().await;

    for (stem, aside, text) in &sales {
        let names = drop.names(aside);
        let is_it = |name: &&String| name.starts_with(&format!("{stem}.")) && !name.ends_with(".error.json");
        let from = drop.at(aside).join(names.iter().find(is_it).expect(stem));
        let mark = sha256(text.as_bytes())[..12].iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let by = drop.at(aside).join("en-paso").join(format!("{mark}.{stem}.json"));
        fs::rename(from, &by).unwrap();
        if stem.ends_with("pisada") {
            fs::write(by, boleta(2_000 + stem.len() as u64).to_string()).unwrap();
        }
    }
    fs::write(drop.at("procesados/en-paso/ajeno.json"), "{}").unwrap();
    let shop = drop.open(root.path()).await;
    let answered = |drop: &Drop, stem: &str, total: u64| {
        let answer = fs::read(drop.at(&format!("salida/{stem}.json"))).unwrap_or_default();
        let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
        answer["document"]["total"] == total
    };
    drop.until(|drop| answered(drop, "pisada", 2_006) && answered(drop, "mala-pisada", 2_011)).await;
    drop.until(|drop| drop.names("procesados").len() == 3).await;
    assert_eq!(
        drop.names("rechazados"),
        ["mala.error.json", "mala.json"],
        "no reason stays of one that is issued"
    );
    assert_eq!(shop.agent.stats().total, 4, "what was issued is not issued again");
    assert!(answered(&drop, "dejada", 1_001));
    assert_eq!(drop.names("procesados/en-paso"), ["ajeno.json"]);
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_issued_yet_waits_in_its_place_and_goes_when_folios_come() {
    let root = tempfile::tempdir().unwrap();
    shop_of(root.path(), &[(1, 2)]).await;
    let drop = Drop::new(root.path());
    // Of a sale that somebody took back while nobody looked.
    fs::create_dir_all(drop.at("salida")).unwrap();
    fs::write(drop.at("salida/ida.espera.json"), "{}").unwrap();
    let shop = timbre_app::start(options(root.path())).await.unwrap();
    drop.until(|drop| !drop.at("salida/ida.espera.json").exists()).await;
    for n in 1..=4 {
        drop.put(&format!("v{n}.json"), &boleta(500 + n).to_string());
        drop.until(|drop| {
            drop.at(&format!("salida/v{n}.json")).exists()
                || drop.at(&format!("salida/v{n}.espera.json")).exists()
        })
        .await;
    }
    assert_eq!(drop.names("entrada"), ["v3.json", "v4.json"]);
    let waits = drop.json("salida/v3.espera.json");
    assert_eq!(
        (waits["state"].as_str(), waits["code"].as_str()),
        (Some("en espera"), Some("folio-exhausted"))
    );
    let company = sii_sim::Desk::company();
    let today: timbre_core::Date = shop.agent.today().unwrap().date.parse().unwrap();
    let caf = sii_sim::Desk::caf(company.rut, 39, 3, 50, today, company.name);
    fs::write(drop.at("caf/nuevo.xml"), caf).unwrap();
    drop.until(|drop| drop.has_taken_all()).await;
    assert_eq!(drop.json("salida/v3.json")["document"]["id"], "T39F3");
    assert_eq!(drop.json("salida/v4.json")["document"]["id"], "T39F4");
    assert!(!drop.at("salida/v3.espera.json").exists(), "it waits no more");
    assert_eq!(drop.names("caf/cargados"), ["nuevo.aviso.json", "nuevo.xml"]);
    let notice = drop.json("caf/cargados/nuevo.aviso.json");
    assert_eq!((&notice["first"], &notice["warnings"][0]["code"]), (&json!(3), &json!("caf-terms-assumed")));
    fs::write(drop.at("caf/.foto.tmp"), vec![b' '; (1 << 20) + 1]).unwrap();
    fs::rename(drop.at("caf/.foto.tmp"), drop.at("caf/foto.xml")).unwrap();
    drop.until(|drop| drop.names("caf/rechazados") == ["foto.error.json", "foto.xml"]).await;
    assert_eq!(drop.json("caf/rechazados/foto.error.json")["code"], "file-too-large");
    // One that is older than its CAF waits for nothing: those to come are later still.
    let mut early = boleta(500);
    early["Encabezado"]["IdDoc"]["FchEmis"] = json!(today.yesterday().unwrap().to_string());
    drop.put("antes.json", &early.to_string());
    drop.until(|drop| drop.at("rechazados/antes.json").exists()).await;
    let why = drop.json("rechazados/antes.error.json");
    assert_eq!((&why["status"], &why["errors"][0]["code"]), (&json!(422), &json!("grant-not-yet")), "{why}");
    shop.stop().await;
}

/// A till uses the same name every day: yesterday's answer must never stand for today's sale.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_of_an_earlier_sale_of_that_name_makes_room_before_anything_is_said() {
    let root = tempfile::tempdir().unwrap();
    shop_of(root.path(), &[(1, 2)]).await;
    let drop = Drop::new(root.path());
    fs::write(drop.at("timbre.toml"), "[folder]\npaper = \"pdf\"\n").unwrap();
    let shop = timbre_app::start(options(root.path())).await.unwrap();
    let sell = async |price: u64| {
        drop.put("caja.json", &boleta(price).to_string());
        drop.until(|drop| drop.has_taken_all() || drop.at("salida/caja.espera.json").exists()).await;
    };
    sell(700).await;
    assert_eq!(drop.json("salida/caja.json")["document"]["id"], "T39F1");
    // One that is refused leaves nothing that looks like its answer.
    drop.put("caja.json", r#"{"Encabezado":{"IdDoc":{"TipoDTE":39}},"Detalle":[]}"#);
    drop.until(|drop| drop.at("rechazados/caja.json").exists()).await;
    assert_eq!(drop.names("salida"), Vec::<String>::new());
    assert_eq!(drop.names("salida/anteriores"), ["caja.T39F1.json", "caja.T39F1.pdf"]);
    assert_eq!(drop.json("salida/anteriores/caja.T39F1.json")["document"]["total"], 700);
    // Nor does the refusal stand beside the answer of the next.
    sell(1_980).await;
    assert_eq!(drop.json("salida/caja.json")["document"]["id"], "T39F2");
    assert_eq!(drop.names("rechazados"), Vec::<String>::new());
    assert_eq!(drop.names("rechazados/anteriores"), ["caja.error.json", "caja.json"]);
    // One that waits.
    sell(2_500).await;
    assert_eq!(drop.names("entrada"), ["caja.json"]);
    assert_eq!(drop.names("salida"), ["caja.espera.json"]);
    // A key that is known, with another sale: refused, and the old answer makes room too.
    fs::remove_file(drop.at("entrada/caja.json")).unwrap();
    drop.until(|drop| drop.names("salida").is_empty()).await;
    let keyed = |name: &str, price| {
        drop.put(&format!("{name}.json"), &json!({ "key": "k-1", "sale": boleta(price) }).to_string());
    };
    let company = sii_sim::Desk::company();
    let caf = sii_sim::Desk::caf(company.rut, 39, 3, 50, "2026-11-01".parse().unwrap(), company.name);
    fs::write(drop.at("caf/nuevo.xml"), caf).unwrap();
    drop.until(|drop| drop.names("caf/cargados") == ["nuevo.aviso.json", "nuevo.xml"]).await;
    keyed("k", 100);
    drop.until(|drop| drop.at("salida/k.json").exists() && drop.has_taken_all()).await;
    // The very same again is the same document, and its answer stays where it is.
    keyed("k", 100);
    drop.until(|drop| drop.has_taken_all()).await;
    assert_eq!(drop.json("salida/k.json")["repeated"], true);
    keyed("k", 200);
    drop.until(|drop| drop.at("rechazados/k.json").exists()).await;
    assert!(!drop.at("salida/k.json").exists() && drop.at("salida/anteriores/k.T39F3.json").exists());
    shop.stop().await;
}

/// A file system that knows one name from the other.
#[tokio::test(flavor = "multi_thread")]
#[cfg(target_os = "linux")]
async fn two_sales_whose_answers_would_have_one_name_are_both_answered() {
    let root = tempfile::tempdir().unwrap();
    let drop = Drop::new(root.path());
    for (name, price) in [("caso.json", 100), ("caso.JSON", 200)] {
        drop.put(name, &boleta(price).to_string());
    }
    fs::set_permissions(drop.at("entrada"), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let shop = drop.open(root.path()).await;
    drop.until(|drop| drop.has_taken_all()).await;
    let mut totals = vec![drop.json("salida/caso.json")["document"]["total"].clone()];
    let before = drop.names("salida/anteriores");
    totals.extend(
        before.iter().map(|n| drop.json(&format!("salida/anteriores/{n}"))["document"]["total"].clone()),
    );
    totals.sort_by_key(Value::as_u64);
    assert_eq!(totals, [json!(100), json!(200)]);
    shop.stop().await;
}

/// What can't be answered has no folio; what is no sale is told of.
#[tokio::test(flavor = "multi_thread")]
async fn names_that_leave_no_room_for_an_answer_are_refused_and_what_is_left_aside_is_told() {
    let root = tempfile::tempdir().unwrap();
    let drop = Drop::new(root.path());
    let shop = drop.open(root.path()).await;
    let long = "ñ".repeat(122); // 244 bytes, and 249 with its ending
    drop.put("a.espera.json", &boleta(100).to_string());
    fs::write(drop.at(&format!("entrada/{long}.json")), boleta(100).to_string()).unwrap();
    let fits = "f".repeat(200);
    drop.put(&format!("{fits}.json"), &boleta(300).to_string());
    #[cfg(target_os = "linux")]
    {
        let name: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"caf\xe9.json");
        fs::write(drop.at("entrada").join(name), boleta(400).to_string()).unwrap();
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/hostname", drop.at("entrada/enlace.json")).unwrap();
    drop.until(|drop| {
        drop.names("rechazados").len() == 4 && drop.at(&format!("salida/{fits}.json")).exists()
    })
    .await;
    assert_eq!(shop.agent.stats().total, 1, "none of the refused has a folio");
    assert_eq!(drop.json("rechazados/a.espera.error.json")["code"], "file-name");
    let short = "ñ".repeat(100);
    assert_eq!(drop.json(&format!("rechazados/{short}.error.json"))["code"], "file-name");
    let url = format!("{}/v1/folder", shop.address.base);
    let told = async || -> Value {
        let answer = reqwest::Client::new().get(&url).bearer_auth(&shop.address.token).send().await;
        answer.unwrap().json().await.unwrap()
    };
    let mut folder = told().await;
    // The look that took the others tells of them at its end.
    while cfg!(target_os = "linux") && folder["left_total"].as_u64() < Some(2) {
        folder = told().await;
    }
    #[cfg(target_os = "linux")]
    for (file, word) in [("caf\u{fffd}.json", "UTF-8"), ("enlace.json", "enlace")] {
        let left = folder["left"].as_array().unwrap().iter().find(|left| left["file"] == file);
        assert!(left.expect(file)["why"].as_str().unwrap().contains(word), "{folder}");
    }
    shop.stop().await;
}

/// What lies there when Timbre starts: who was written first gets the lower folio, whatever its name; those of one
/// moment go by their names.
#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_is_issued_in_the_order_in_which_it_was_written() {
    let root = tempfile::tempdir().unwrap();
    let drop = Drop::new(root.path());
    let wrote = |second| SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000 + second);
    let mut expected = Vec::new();
    for n in 0..20 {
        // Two of each moment; the later the moment, the earlier the name.
        let name = format!("v{:02}-{}", 50 - n / 2, n % 2);
        drop.put(&format!("{name}.json"), &boleta(1_000 + n).to_string());
        let file = fs::File::options().write(true).open(drop.at(&format!("entrada/{name}.json"))).unwrap();
        file.set_modified(wrote(n / 2)).unwrap();
        expected.push((name, format!("T39F{}", n + 1)));
    }
    #[cfg(unix)]
    fs::set_permissions(drop.at("entrada"), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let shop = drop.open(root.path()).await;
    drop.until(|drop| drop.has_taken_all()).await;
    let mut written = BTreeSet::new();
    for (name, id) in expected {
        let document = drop.json(&format!("salida/{name}.json"))["document"].take();
        assert_eq!(document["id"], *id, "{name}");
        written.insert(document["since"].to_string());
    }
    assert!(written.len() < 20, "none shares its fsync with another: {written:?}");
    shop.stop().await;
}

/// The states that a death between two steps leaves behind: each ends in one document, one answer, one file aside.
#[tokio::test(flavor = "multi_thread")]
async fn a_death_between_any_two_steps_makes_nothing_twice() {
    let root = tempfile::tempdir().unwrap();
    let drop = Drop::new(root.path());
    let shop = drop.open(root.path()).await;
    let text = boleta(990).to_string();
    drop.put("v.json", &text);
    drop.until(|drop| drop.names("procesados").len() == 1).await;
    shop.stop().await;
    let aside = drop.at(&format!("procesados/{}", drop.names("procesados")[0]));
    // It died after it answered, and after it issued: the file never moved.
    for answered in [true, false] {
        fs::rename(&aside, drop.at("entrada/v.json")).unwrap();
        if !answered {
            fs::remove_file(drop.at("salida/v.json")).unwrap();
        }
        let shop = drop.open(root.path()).await;
        drop.until(|drop| drop.names("procesados").len() == 1).await;
        assert_eq!(shop.agent.stats().total, 1, "the same document");
        let answer = drop.json("salida/v.json");
        // Who emptied `procesados` and sold the same again reads so that there is no other document.
        let said = &answer["warnings"][0]["code"];
        assert_eq!((&answer["repeated"], said), (&json!(true), &json!("file-known")), "{answer}");
        shop.stop().await;
    }
}

/// Some tills write the last line end apart. Who gave no key is known by what the file says, so that must stand first.
#[tokio::test(flavor = "multi_thread")]
async fn a_sale_that_was_whole_before_its_last_line_end_is_one_sale() {
    let root = tempfile::tempdir().unwrap();
    let drop = Drop::new(root.path());
    fs::create_dir_all(&drop.dir).unwrap();
    fs::write(drop.at("timbre.toml"), "[folder]\nunchanged_ms = 3000\n").unwrap();
    let shop = drop.open(root.path()).await;
    let mut slow = fs::File::create(drop.at("entrada/lenta.json")).unwrap();
    slow.write_all(boleta(990).to_string().as_bytes()).unwrap();
    // Written after it: the look that takes this one has read that one.
    drop.put("con-clave.json", &json!({ "key": "k-1", "sale": boleta(500) }).to_string());
    drop.until(|drop| drop.at("salida/con-clave.json").exists()).await;
    assert_eq!((drop.at("salida/lenta.json").exists(), shop.agent.stats().total), (false, 1));
    slow.write_all(b"\r\n").unwrap();
    std::mem::drop(slow);
    drop.until(|drop| drop.has_taken_all()).await;
    assert_eq!((drop.names("procesados").len(), shop.agent.stats().total), (2, 2));
    assert_eq!(drop.names("salida/anteriores"), Vec::<String>::new());
    assert_eq!(drop.json("salida/lenta.json")["document"]["total"], 990);
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_written_file_is_not_taken_and_no_link_is_followed() {
    let root = tempfile::tempdir().unwrap();
    let drop = Drop::new(root.path());
    let shop = drop.open(root.path()).await;
    let (text, outside) = (boleta(990).to_string(), root.path().join("fuera.json"));
    fs::write(&outside, &text).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&outside, drop.at("entrada/enlace.json")).unwrap();
    #[cfg(unix)]
    fs::create_dir(drop.at("entrada/carpeta.json")).unwrap();
    fs::write(drop.at("entrada/media.json"), &text[..text.len() / 2]).unwrap();
    drop.put("entera.json", &text);
    drop.until(|drop| drop.at("salida/entera.json").exists()).await;
    assert!(drop.names("entrada").contains(&"media.json".to_owned()));
    fs::write(drop.at("entrada/media.json"), &text).unwrap();
    drop.until(|drop| drop.at("salida/media.json").exists()).await;
    assert_eq!(shop.agent.stats().total, 2);
    assert!(!drop.at("salida/enlace.json").exists() && outside.exists(), "nobody asked for that one");
    shop.stop().await;
}

/// It has neither document nor folio, and so its answer has another name than a document's. A death leaves it to be
/// recorded once, whatever was declared since.
#[tokio::test(flavor = "multi_thread")]
async fn a_sale_that_its_voucher_stands_for_is_recorded_once_and_answered_by_a_name_of_its_own() {
    let root = tempfile::tempdir().unwrap();
    let drop = Drop::new(root.path());
    let shop = drop.open(root.path()).await;
    let declare = async |shop: &Running, stands| {
        let since = shop.agent.today().unwrap().date;
        let who = "Ana".to_owned();
        let order = timbre_agent::view::VoucherOrder { stands, since, two_sales: false, who };
        shop.agent.set_vouchers(order).await.unwrap();
    };
    declare(&shop, true).await;
    let mut card = boleta(1_190);
    card["Timbre"] = json!({ "Pagos": [{ "Medio": "debito", "Monto": 1_190 }] });
    drop.put("caja.json", &card.to_string());
    drop.put("nota.voucher.json", &card.to_string());
    drop.until(|drop| drop.has_taken_all() && drop.names("procesados").len() == 1).await;
    assert_eq!(drop.names("salida"), ["caja.voucher.json"]);
    let answer = drop.json("salida/caja.voucher.json");
    assert_eq!((&answer["total"], &answer["repeated"]), (&json!(1_190), &json!(false)));
    assert_eq!((&answer["kind"], &answer["environment"]), (&json!("Boleta"), &json!("training")));
    assert_eq!(
        drop.json("rechazados/nota.voucher.error.json")["code"],
        "file-name",
        "it would be an answer's"
    );
    // It died after it recorded the sale; then the company declared otherwise.
    declare(&shop, false).await;
    shop.stop().await;
    let aside = drop.at(&format!("procesados/{}", drop.names("procesados")[0]));
    for answered in [true, false] {
        fs::rename(&aside, drop.at("entrada/caja.json")).unwrap();
        if !answered {
            fs::remove_file(drop.at("salida/caja.voucher.json")).unwrap();
        }
        let shop = drop.open(root.path()).await;
        drop.until(|drop| drop.has_taken_all() && drop.names("procesados").len() == 1).await;
        let today = shop.agent.today().unwrap();
        assert_eq!((today.vouchers.sales, shop.agent.stats().total), (1, 0), "the same record");
        let again = drop.json("salida/caja.voucher.json");
        assert_eq!((&again["repeated"], &again["key"]), (&json!(true), &answer["key"]));
        shop.stop().await;
    }
    // Of the next sale under that name nothing that was said before stands for it.
    let shop = drop.open(root.path()).await;
    drop.put("caja.json", &boleta(500).to_string());
    drop.until(|drop| drop.has_taken_all() && drop.names("procesados").len() == 2).await;
    assert_eq!(drop.names("salida"), ["caja.json"]);
    assert_eq!(drop.names("salida/anteriores"), ["caja.voucher.json"]);
    shop.stop().await;
}
