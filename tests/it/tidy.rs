//! The architecture's own rules: who may know whom, and habits that a reviewer should not have to
//! look for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace is there")
}

/// Each file of ours with one of these endings, with its path from the root.
fn files(endings: &[&str]) -> Vec<(String, String)> {
    fn walk(dir: &Path, root: &Path, endings: &[&str], out: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(dir).expect("a folder of ours can be read") {
            let path = entry.expect("its entries too").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                let skipped = ["target", "node_modules", "dist", "gen", "artifacts"];
                if !skipped.contains(&name.as_str()) && !name.starts_with('.') {
                    walk(&path, root, endings, out);
                }
            } else if endings.iter().any(|end| name.ends_with(end))
                && let Ok(text) = fs::read_to_string(&path)
            {
                let short = path.strip_prefix(root).expect("below the root");
                out.push((short.to_string_lossy().replace('\\', "/"), text));
            }
        }
    }
    let root = root();
    let mut out = Vec::new();
    walk(&root, &root, endings, &mut out);
    assert!(out.len() > 5, "the walk found the code");
    out
}

/// The crates of ours that a manifest names under `[dependencies]` (its tests may name more).
fn arrows() -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for (path, text) in files(&["Cargo.toml"]) {
        let who = match path.as_str() {
            "Cargo.toml" => "shell".to_owned(),
            "tests/Cargo.toml" => continue,
            path => path.trim_start_matches("crates/").trim_end_matches("/Cargo.toml").to_owned(),
        };
        let mut inside = false;
        let mut whom = BTreeSet::new();
        for line in text.lines() {
            if line.starts_with('[') {
                inside = line == "[dependencies]";
            } else if inside {
                let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
                if let Some(name) = name.strip_prefix("timbre-").or((name == "sii-sim").then_some(name)) {
                    whom.insert(name.to_owned());
                }
            }
        }
        found.insert(who, whom);
    }
    found
}

#[test]
fn the_arrows_between_crates_are_the_drawn_ones() {
    let allowed: &[(&str, &[&str])] = &[
        ("core", &[]),
        ("xmldsig", &[]),
        ("sii-sim", &[]),
        ("chile", &["core", "xmldsig"]),
        ("store", &["core"]),
        ("agent", &["core", "store"]),
        ("pos", &["core", "store", "agent"]),
        ("app", &["core", "chile", "store", "agent", "pos", "sii-sim"]),
        ("cli", &["core", "agent", "app", "sii-sim"]),
        ("shell", &["agent", "app"]),
    ];
    let found = arrows();
    assert_eq!(found.len(), allowed.len(), "a crate is drawn and not there, or the other way round");
    for (who, whom) in allowed {
        let allowed: BTreeSet<_> = whom.iter().map(|s| (*s).to_owned()).collect();
        let extra: Vec<_> = found[*who].difference(&allowed).collect();
        assert!(extra.is_empty(), "{who} may not know {extra:?}");
    }
}

/// Text without line comments: what the compiler sees.
fn code(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Whole identifiers (or parts between underscores) of a text, in lower case.
fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect()
}

#[test]
fn the_core_and_the_engine_name_no_country() {
    let forbidden = ["sii", "caf", "rut", "timbrado", "cufe", "sunat", "dian", "sifen", "dte"];
    for (path, text) in files(&[".rs"]) {
        let core = path.starts_with("crates/core/src") || path.starts_with("crates/agent/src");
        if !core {
            continue;
        }
        // Sentences for people may name what the shop knows; identifiers may not.
        let identifiers: String = code(&text).split('"').step_by(2).collect::<Vec<_>>().join(" ");
        let named: Vec<_> =
            words(&identifiers).into_iter().filter(|w| forbidden.contains(&w.as_str())).collect();
        assert!(named.is_empty(), "{path} names {named:?}");
    }
}

#[test]
fn what_is_one_crates_business_is_named_by_it_alone() {
    let own: &[(&str, &[&str])] = &[
        ("sled::", &["crates/store/"]),
        ("tauri::", &["src-tauri/"]),
        ("reqwest::", &["crates/agent/src/carrier.rs", "crates/cli/", "tests/"]),
        ("timbre_chile", &["crates/chile/", "crates/app/", "tests/"]),
        ("SystemTime::now", &[]),
    ];
    for (path, text) in files(&[".rs"]) {
        if path == "tests/it/tidy.rs" {
            continue;
        }
        for (name, places) in own {
            let allowed = places.iter().any(|place| path.starts_with(place));
            assert!(allowed || !code(&text).contains(name), "{path} names {name}");
        }
    }
    for (path, text) in files(&[".ts", ".svelte"]) {
        let allowed = path == "ui/src/lib/tauri.ts" || path == "ui/src/lib/tauri.test.ts";
        assert!(allowed || !text.contains("@tauri-apps"), "{path} names @tauri-apps");
    }
}

#[test]
fn time_comes_in_through_a_clock() {
    let may =
        ["crates/agent/src/clock.rs", "crates/sii-sim/src/serve/", "crates/app/src/demo.rs", "crates/cli/"];
    for (path, text) in files(&[".rs"]) {
        let production = path.contains("/src/") && !path.contains("tests");
        if production && code(&text).contains("Timestamp::now()") {
            assert!(may.iter().any(|place| path.starts_with(place)), "{path} asks the machine for the time");
        }
    }
}

#[test]
fn every_file_says_what_it_is_for_and_stays_readable() {
    let mut long = Vec::new();
    for (path, text) in files(&[".rs", ".ts", ".svelte"]) {
        let of_tests = path.ends_with("/tests.rs") || path.contains("/tests/");
        if path.ends_with(".rs") && !of_tests {
            assert!(text.starts_with("//!") || text.starts_with("#!"), "{path} does not begin with //!");
        }
        let made = path == "ui/src/lib/types.ts";
        if !made && text.lines().count() > 500 {
            long.push(format!("{path}: {}", text.lines().count()));
        }
    }
    assert!(long.is_empty(), "two ideas in one file? {long:#?}");
}

#[test]
fn nothing_is_left_for_later_in_the_code() {
    let marks = ["todo!(", "unimplemented!(", "FIXME", "XXX", "danger_accept_invalid", "dbg!("];
    for (path, text) in files(&[".rs", ".ts", ".svelte"]) {
        if path == "tests/it/tidy.rs" {
            continue;
        }
        for mark in marks {
            assert!(!text.contains(mark), "{path} has {mark}");
        }
    }
}

#[test]
fn the_project_speaks_of_itself_alone() {
    let endings =
        [".rs", ".ts", ".svelte", ".md", ".toml", ".json", ".py", ".sh", ".txt", ".yml", "dev", "run"];
    let strange = ["/work/", "../shared", "artifactory", "/root/"];
    for (path, text) in files(&endings) {
        if path == "tests/it/tidy.rs" {
            continue;
        }
        for mark in strange {
            assert!(!text.contains(mark), "{path} names {mark}");
        }
    }
}
