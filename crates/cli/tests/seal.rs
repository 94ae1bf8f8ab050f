//! A shop that writes sealed, as a person and a script know it: nothing of a sale is in its folder, it sells as ever,
//! and a machine that lost its key has it again with the recovery key alone.

mod desk;
mod life;
mod shop;

use std::path::{Path, PathBuf};

use desk::{Ran, Shop, boleta, ran};
use serde_json::{Value, json};

/// What the sale says, as journal, index and answers would hold it.
const WORDS: [&str; 3] = ["Pan amasado", "caja-7-0001", "Cliente Secreto"];

fn with_key(shop: &Shop, words: &[&str], recovery: &str) -> Ran {
    let mut command = shop.command(words);
    command.env("TIMBRE_RECOVERY_KEY", recovery);
    ran(command, "")
}

fn fresh_key(shop: &Shop) -> String {
    let told = shop.run(&["seal", "key"]);
    assert_eq!((told.code, told.err.as_str()), (0, ""), "{told:?}");
    told.out.trim().to_owned()
}

fn sold(shop: &Shop, key: &str) -> Value {
    let mut sale = boleta();
    sale["Encabezado"]["Receptor"] = json!({ "RUTRecep": "76192083-9", "RznSocRecep": "Cliente Secreto" });
    let told = shop.run_with(&["issue", "--json", "--key", key], &sale.to_string());
    assert_eq!(told.code, 0, "{told:?}");
    told.objects()[0]["id"].clone()
}

/// The files below a folder that say one of the words.
fn saying(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            saying(&path, found);
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        if WORDS.iter().any(|word| bytes.windows(word.len()).any(|part| part == word.as_bytes())) {
            found.push(path);
        }
    }
}

fn plain(shop: &Shop) -> Vec<PathBuf> {
    let mut found = Vec::new();
    saying(shop.0.path(), &mut found);
    found
}

/// Without a terminal none is shown: that would be another refusal (2).
#[test]
fn a_folder_that_is_in_use_is_told_before_a_key_is_shown_for_it() {
    let shop = Shop::open();
    let agent = life::Agent::start(shop.0.path());
    let on = shop.run(&["seal", "on"]);
    assert_eq!(on.code, 3, "{on:?}");
    assert!(on.err.contains("ciérrelo primero"), "{on:?}");
    agent.die();
    assert_eq!(shop.run(&["seal", "on"]).code, 2, "there is nobody to show a key to");
}

#[test]
fn a_sealed_shop_sells_as_ever_and_nothing_of_its_sales_is_in_its_folder() {
    let shop = Shop::open();
    let status = |shop: &Shop| shop.run(&["seal", "status", "--json"]).objects()[0].clone();
    assert_eq!(status(&shop), json!({ "sealing": false, "segments": 1, "sealed": [] }));
    let key = fresh_key(&shop);
    let on = with_key(&shop, &["seal", "on", "--json"], &key);
    assert_eq!((on.code, &on.objects()[0]["sealing"]), (0, &json!(true)), "{on:?}");
    assert_eq!(status(&shop), json!({ "sealing": true, "segments": 2, "sealed": [2] }));
    assert_eq!(with_key(&shop, &["seal", "on"], &key).code, 1, "it is on already");

    assert_eq!(sold(&shop, "caja-7-0001"), "T39F1");
    assert_eq!(sold(&shop, "caja-7-0001"), "T39F1", "its key is known");
    assert_eq!(plain(&shop), Vec::<PathBuf>::new());
    let listed = shop.run(&["list", "--json", "--query", "76192083-9"]).objects();
    assert_eq!((listed.len(), &listed[0]["receiver"]), (1, &json!("Cliente Secreto")));
    assert!(shop.run(&["show", "T39F1", "--xml"]).out.contains("Pan amasado"));
    let check = shop.run(&["check", "--json"]);
    let report = &check.objects()[0];
    assert_eq!(
        (check.code, &report["sound"], &report["index"]),
        (0, &json!(true), &json!("agrees")),
        "{check:?}"
    );
    assert_eq!(report["sealed"], json!({ "segments": [2], "unread": 0 }));
    assert_eq!(plain(&shop), Vec::<PathBuf>::new(), "nor after it was looked at");

    let off = shop.run(&["seal", "off"]);
    assert_eq!(off.code, 0, "{off:?}");
    assert_eq!(sold(&shop, "caja-7-0002"), "T39F2");
    assert_eq!(status(&shop), json!({ "sealing": false, "segments": 3, "sealed": [2] }));
    assert!(!plain(&shop).is_empty(), "in clear it would have been found");
    assert!(shop.run(&["show", "T39F1", "--xml"]).out.contains("Pan amasado"));
    assert_eq!(shop.run(&["check"]).code, 0);
    assert_eq!(shop.run(&["seal", "off"]).code, 1, "it is off already");
}

#[test]
fn without_its_key_nothing_is_lost_and_the_recovery_key_alone_brings_it_back() {
    let shop = Shop::open();
    let key = fresh_key(&shop);
    assert_eq!(with_key(&shop, &["seal", "on"], &key).code, 0);
    sold(&shop, "a");
    std::fs::remove_file(shop.data().join("vault.key")).unwrap();
    for words in [&["list"][..], &["issue"], &["show", "T39F1"]] {
        let told = shop.run_with(words, &boleta().to_string());
        assert_eq!(told.code, 1, "{words:?} {told:?}");
        assert!(told.err.contains("timbre vault recover"), "{words:?} {told:?}");
    }
    let check = shop.run(&["check", "--json"]);
    assert_eq!(check.code, 1, "{check:?}");
    let report = check.objects()[0].clone();
    assert_eq!(
        (&report["sound"], &report["damage"], &report["missing"]),
        (&json!(false), &json!([]), &json!([]))
    );
    assert!(report["sealed"]["unread"].as_u64().unwrap() > 0);
    let remade = shop.run(&["vault", "remake", "--yes"]);
    assert_eq!(remade.code, 1, "with a new vault nothing could be read: {remade:?}");

    assert_eq!(shop.run(&["vault", "recover"]).code, 2, "nobody to ask for the key");
    let slip = with_key(&shop, &["vault", "recover"], &key[1..]);
    assert_eq!(slip.code, 1, "{slip:?}");
    let other = with_key(&shop, &["vault", "recover"], &fresh_key(&shop));
    assert!(other.code == 1 && other.err.contains("no es la de esta carpeta"), "{other:?}");
    assert!(!shop.data().join("vault.key").exists());

    let back = with_key(&shop, &["vault", "recover", "--json"], &key.to_lowercase());
    assert_eq!((back.code, &back.objects()[0]["recovered"]), (0, &json!(true)), "{back:?}");
    assert!(shop.run(&["show", "T39F1", "--xml"]).out.contains("Pan amasado"));
    assert_eq!(sold(&shop, "a"), "T39F1");
    assert_eq!(sold(&shop, "b"), "T39F2", "certificate and CAF open too");
    assert_eq!(shop.run(&["check"]).code, 0);
}

#[test]
fn the_journal_alone_and_the_paper_are_enough() {
    let shop = Shop::open();
    let key = fresh_key(&shop);
    assert_eq!(with_key(&shop, &["seal", "on"], &key).code, 0);
    sold(&shop, "a");
    std::fs::write(shop.data().join("vault.json"), "{").unwrap();
    let check = shop.run(&["check", "--json"]);
    assert_eq!(
        (check.code, &check.objects()[0]["damage"]),
        (1, &json!([])),
        "the chain is proved without it: {check:?}"
    );
    for name in ["vault.key", "vault.json"] {
        std::fs::remove_file(shop.data().join(name)).unwrap();
    }
    std::fs::remove_dir_all(shop.data().join("db")).unwrap();
    let told = shop.run(&["list"]);
    assert!(told.code == 1 && told.err.contains("timbre vault recover"), "{told:?}");
    let back = with_key(&shop, &["vault", "recover"], &key);
    assert_eq!(back.code, 0, "{back:?}");
    assert!(shop.run(&["show", "T39F1", "--xml"]).out.contains("Pan amasado"));
    assert_eq!(sold(&shop, "b"), "T39F2");
}
