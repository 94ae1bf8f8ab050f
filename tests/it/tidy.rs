//! The architecture's own rules: who may know whom, and habits that a reviewer should not have to
//! look for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new("..").canonicalize().expect("the workspace is there")
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

/// Is this heading of a manifest one of dependencies that the product has? (Its tests may name more.)
/// `[dependencies]`, `[build-dependencies]`, the same of one target, and one of them by itself.
fn of_the_product(heading: &str) -> Option<Option<&str>> {
    let inner = heading.trim().trim_matches(['[', ']']);
    let tail = inner.strip_prefix("target.").map_or(inner, |rest| {
        // `cfg(…)` may have dots of its own.
        ["dependencies", "build-dependencies", "dev-dependencies"]
            .iter()
            .filter_map(|kind| rest.find(&format!(".{kind}")))
            .min()
            .map_or(rest, |at| &rest[at + 1..])
    });
    ["dependencies", "build-dependencies"].iter().find_map(|kind| {
        let rest = tail.strip_prefix(kind)?;
        if rest.is_empty() { Some(None) } else { rest.strip_prefix('.').map(Some) }
    })
}

/// Which crate of ours is it that goes by `name` there? A renamed one says its own name.
fn ours(name: &str, rest: &str) -> Option<String> {
    let renamed = rest.split("package").nth(1).and_then(|after| after.split('"').nth(1));
    let name = renamed.unwrap_or(name.trim_matches('"'));
    name.strip_prefix("timbre-").or((name == "sii-sim").then_some(name)).map(str::to_owned)
}

/// The crates of ours that the text of a manifest names, where the product has them.
fn named(text: &str) -> BTreeSet<String> {
    let mut whom = BTreeSet::new();
    let mut inside = false;
    // A table of one dependency: its name, and what it says.
    let mut alone: Option<(String, String)> = None;
    for line in text.lines().chain(["[]"]) {
        if line.starts_with('[') {
            whom.extend(alone.take().and_then(|(name, rest)| ours(&name, &rest)));
            let heading = of_the_product(line);
            inside = heading == Some(None);
            alone = heading.flatten().map(|name| (name.to_owned(), String::new()));
        } else if let Some((_, rest)) = &mut alone {
            rest.push_str(line);
        } else if inside {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            whom.extend(ours(name, line.strip_prefix(name).unwrap_or_default()));
        }
    }
    whom
}

#[test]
fn every_way_to_name_a_dependency_is_seen() {
    let whom = named(
        "[dependencies]\ntimbre-core.workspace = true\nserde = \"1\"\n\
         laws = { package = \"timbre-chile\", path = \"x\" }\n\
         [build-dependencies]\ntimbre-pos = { path = \"x\" }\n\
         [target.'cfg(target_os = \"linux\")'.dependencies]\nsii-sim.workspace = true\n\
         [dependencies.timbre-store]\npath = \"x\"\n\
         [target.x86_64-pc-windows-msvc.build-dependencies.doors]\npackage = \"timbre-agent\"\n\
         [dev-dependencies]\ntimbre-app.workspace = true\n\
         [target.'cfg(unix)'.dev-dependencies]\ntimbre-xmldsig.workspace = true\n",
    );
    let all = ["agent", "chile", "core", "pos", "sii-sim", "store"].map(str::to_owned);
    assert_eq!(whom, BTreeSet::from(all));
}

/// The crates of ours that each manifest names.
fn arrows() -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for (path, text) in files(&["Cargo.toml"]) {
        let who = match path.as_str() {
            "Cargo.toml" => "shell".to_owned(),
            "tests/Cargo.toml" | "fuzz/Cargo.toml" => continue,
            path => path.trim_start_matches("crates/").trim_end_matches("/Cargo.toml").to_owned(),
        };
        found.insert(who, named(&text));
    }
    found
}

#[test]
fn the_arrows_between_crates_are_the_drawn_ones() {
    let allowed: &[(&str, &[&str])] = &[
        ("core", &[]),
        ("xmldsig", &[]),
        ("sii-sim", &[]),
        // Of the tests alone: nobody of the product may know it.
        ("elsewhere", &["core"]),
        ("chile", &["core", "xmldsig"]),
        ("store", &["core"]),
        ("agent", &["core", "store"]),
        ("pos", &["core", "store", "agent"]),
        ("printer", &["core"]),
        ("app", &["core", "chile", "store", "agent", "pos", "printer", "sii-sim"]),
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

/// What the engine and the regime say is read at a till and in the window: the command line adds its own commands.
#[test]
fn no_sentence_of_the_engine_names_a_command() {
    for (path, text) in files(&[".rs"]) {
        let read_by_all = ["core", "store", "chile", "agent"].map(|name| format!("crates/{name}/src"));
        if read_by_all.iter().any(|place| path.starts_with(place)) {
            let named = ["«timbre ", "(timbre "].into_iter().find(|word| code(&text).contains(word));
            assert_eq!(named, None, "{path} names a command");
        }
    }
}

/// A `\` that was lost at a line's end leaves the next line's indent in the sentence.
#[test]
fn no_sentence_has_an_indent_in_it() {
    for (name, text) in files(&[".rs"]).iter().filter(|(name, _)| name.starts_with("crates/agent/")) {
        for line in text.lines().map(str::trim_start).filter(|line| line.contains('"')) {
            let gap = line.split_once(&" ".repeat(8)).map(|(_, rest)| rest.trim_start());
            let is_word = gap.is_some_and(|rest| rest.starts_with(char::is_alphabetic));
            assert!(!is_word, "{name}: {line}");
        }
    }
}

/// One way in every sentence: «solo» bears no accent (RAE and ASALE, Ortografía de la lengua española, 2010, II 3.4.3).
#[test]
fn solo_is_written_without_an_accent() {
    for (path, text) in files(&[".rs", ".ts", ".svelte", ".html", ".md"]) {
        assert!(!text.to_lowercase().contains("s\u{f3}lo"), "{path}");
    }
}

#[test]
fn what_is_one_crates_business_is_named_by_it_alone() {
    let own: &[(&str, &[&str])] = &[
        ("sled::", &["crates/store/"]),
        ("tauri::", &["src-tauri/"]),
        ("reqwest::", &["crates/agent/src/carrier", "crates/cli/", "tests/"]),
        ("timbre_chile", &["crates/chile/", "crates/app/", "crates/printer/tests/", "tests/"]),
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

/// Builds are shared by the clones of one machine (`./dev`), and cargo takes what another clone built for its own:
/// a folder that was compiled in may be gone.
#[test]
fn no_folder_is_compiled_in() {
    for (path, text) in files(&[".rs"]) {
        let compiled_in = concat!("env!(\"CARGO_MANIFEST", "_DIR");
        assert!(
            !text.contains(compiled_in),
            "{path}: a test begins in its package's folder, so \"../x\" will do"
        );
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
        // One is made from Rust, and one has all that is said in a language: another one is one more file.
        let one = ["ui/src/lib/types.ts", "ui/src/lib/text.ts"].contains(&path.as_str());
        if !one && text.lines().count() > 500 {
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
