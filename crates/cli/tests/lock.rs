//! A journal put back from an older copy: `check` says so, nothing is issued, and `unlock` is the
//! way out.

mod life;
mod shop;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use shop::{timbre, told};

fn object(text: &str) -> Value {
    serde_json::from_str(text.lines().next().expect("a line")).expect("JSON")
}

const SALE: &str =
    r#"{"Encabezado":{"IdDoc":{"TipoDTE":39}},"Detalle":[{"NmbItem":"Pan","QtyItem":1,"PrcItem":500}]}"#;

#[track_caller]
fn sell(data: &Path, key: &str) -> u64 {
    let output = timbre(data, &["issue", "--json", "--key", key], SALE);
    let answer = object(&told(&output, 0));
    answer["document"]["folio"].as_u64().or(answer["folio"].as_u64()).expect("a folio")
}

#[test]
fn an_older_journal_is_told_locks_issuing_and_is_unlocked_by_a_person() {
    let data = tempfile::tempdir().expect("a folder for the test");
    let data = data.path();
    told(&timbre(data, &["demo", "--documents", "0", "--json"], ""), 0);
    assert_eq!(sell(data, "a"), 1);
    told(&timbre(data, &["check"], ""), 0);
    let segment = data.join("shop/journal/000001.tj");
    let monday = fs::read(&segment).expect("the journal");
    assert_eq!((sell(data, "b"), sell(data, "c")), (2, 3));
    fs::write(&segment, monday).expect("the older copy");
    fs::remove_dir_all(data.join("shop/db")).expect("an index");

    // The index is gone: only the anchor knows.
    let report = object(&told(&timbre(data, &["check", "--json"], ""), 4));
    assert_eq!((&report["sound"], &report["locked"]["reason"]), (&false.into(), &"anchor-ahead".into()));
    let refused = timbre(data, &["issue", "--key", "d"], SALE);
    assert_eq!(refused.status.code(), Some(1), "{}", String::from_utf8_lossy(&refused.stderr));
    let asked = told(&timbre(data, &["unlock"], "no\n"), 1);
    assert!(asked.contains("los folios 2 a 3 pueden estar usados; se sigue con el 4"), "{asked}");
    told(&timbre(data, &["unlock", "--json"], ""), 2);
    told(&timbre(data, &["unlock", "--who", "Ana"], "DESBLOQUEAR\n"), 0);
    told(&timbre(data, &["unlock", "--json", "--yes"], ""), 0);
    assert_eq!(sell(data, "d"), 4);
    told(&timbre(data, &["check"], ""), 0);
}

/// The folder copied to another machine, which has its own state.
#[test]
fn a_folder_brought_from_another_machine_issues_nothing_until_a_person_says_that_it_is_the_only_one() {
    let data = tempfile::tempdir().expect("a folder for the test");
    let there = data.path();
    told(&timbre(there, &["demo", "--documents", "0", "--json"], ""), 0);
    assert_eq!(sell(there, "a"), 1);
    let other = tempfile::tempdir().expect("another machine");
    let here = other.path();
    shop::copy(&there.join("shop"), &here.join("shop"));

    let report = object(&told(&timbre(here, &["check", "--json"], ""), 0));
    assert_eq!((&report["sound"], &report["locked"]["reason"]), (&true.into(), &"anchor-missing".into()));
    let refused = timbre(here, &["issue", "--key", "b"], SALE);
    assert_eq!(refused.status.code(), Some(1), "{}", String::from_utf8_lossy(&refused.stderr));
    let asked = told(&timbre(here, &["unlock"], "no\n"), 1);
    assert!(asked.contains("¿es ésta la única copia de la carpeta que va a"), "{asked}");
    // The one that stays where it was goes on.
    assert_eq!(sell(there, "b"), 2);
    told(&timbre(here, &["unlock", "--who", "Ana", "--yes"], ""), 0);
    assert_eq!(sell(here, "c"), 2);
}

/// A copy on the same machine has the same anchor, which tells them apart only once one of them has sold.
#[test]
fn of_a_folder_and_its_copy_one_at_a_time_may_issue_on_a_machine() {
    let data = tempfile::tempdir().expect("a folder for the test");
    let data = data.path();
    told(&timbre(data, &["demo", "--documents", "0", "--json"], ""), 0);
    assert_eq!(sell(data, "a"), 1);
    shop::copy(&data.join("shop"), &data.join("copy"));
    let in_copy = |words: &[&str], input: &str| -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_timbre"));
        command.env("TIMBRE_CUSTODY", "keyfile").env("XDG_STATE_HOME", data.join("state"));
        shop::ended(command.arg("--data").arg(data.join("copy")).args(words), input)
    };
    let agent = life::Agent::start(data);
    assert!(agent.address.keys);
    let refused = in_copy(&["issue", "--key", "b"], SALE);
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(3), "{why}");
    assert!(why.contains("una copia de ella") && why.contains("copy"), "{why}");
    told(&in_copy(&["list"], ""), 0);
    agent.die();
    // From here on the anchor tells them apart: the first one has written since.
    let refused = in_copy(&["issue", "--key", "b"], SALE);
    assert_eq!(refused.status.code(), Some(1), "{}", String::from_utf8_lossy(&refused.stderr));
    assert_eq!(sell(data, "b"), 2);
}
