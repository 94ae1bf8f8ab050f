//! The developer's entrance, `./dev`, on a machine made of stubs: what hides what, and what it asks
//! of the machine. Nothing is built here.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// Programs that say what they were asked, and answer as told.
struct Machine(TempDir);

impl Machine {
    fn new(rust: &str) -> Machine {
        let machine = Machine(tempfile::tempdir().unwrap());
        let root = Path::new("..");
        for dir in ["ui/dist", "ui/node_modules", "icons", "bin"] {
            fs::create_dir_all(machine.at(dir)).unwrap();
        }
        fs::write(machine.at("ui/package-lock.json"), "{}").unwrap();
        fs::write(machine.at("ui/dist/index.html"), "").unwrap();
        machine.program("dev", &fs::read_to_string(root.join("dev")).unwrap());
        machine.stub("rustc", &format!("echo 'rustc {rust} (stub)'"));
        machine.stub("cargo", "echo \"cargo $*\" >>\"$ASKED\"; env >\"$ASKED.env.$$\"; mv \"$ASKED.env.$$\" \"$ASKED.env\"; [ \"$1\" = test ] || exit 0; case \" $* \" in *\" --no-run \"*) exit 0;; esac; echo 'test result: ok. 7 passed; 0 failed; 0 ignored; 0 measured'");
        machine.stub("cargo-clippy", "exit 0");
        machine.stub("dpkg-query", "echo installed");
        machine.stub("apt-get", "exit 0");
        machine.stub("node", "exit 0");
        machine.stub("npm", "echo ' Tests  3 passed (3)'");
        machine
    }

    fn at(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn stub(&self, name: &str, what: &str) {
        self.program(&format!("bin/{name}"), &format!("#!/bin/sh\n{what}\n"));
    }

    fn program(&self, name: &str, text: &str) {
        fs::write(self.at(name), text).unwrap();
        fs::set_permissions(self.at(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn dev(&self, words: &[&str]) -> Output {
        let path = std::env::join_paths(
            std::iter::once(self.at("bin"))
                .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
        )
        .unwrap();
        Command::new("bash")
            .arg(self.at("dev"))
            .args(words)
            .env("PATH", path)
            .env("TIMBRE_CACHE", self.at("cache"))
            .env("CARGO_TARGET_DIR", self.at("target"))
            .env("ASKED", self.at("asked"))
            .output()
            .expect("bash runs")
    }

    fn asked(&self) -> String {
        fs::read_to_string(self.at("asked")).unwrap_or_default()
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), output.stderr.as_slice()].concat()).into_owned()
}

#[test]
fn a_lint_fails_the_run_and_hides_no_test() {
    let machine = Machine::new("1.95.0");
    let good = machine.dev(&["test", "rust", "ui"]);
    assert!(good.status.success(), "{}", text(&good));
    assert!(text(&good).contains("27 passed, 0 failed"), "{}", text(&good));
    machine.stub("cargo", "echo \"cargo $*\" >>\"$ASKED\"; [ \"$1\" = clippy ] && exit 1; [ \"$1\" = test ] || exit 0; case \" $* \" in *\" --no-run \"*) exit 0;; esac; echo 'test result: ok. 7 passed; 0 failed; 0 ignored; 0 measured'");
    fs::remove_file(machine.at("asked")).unwrap();
    let bad = machine.dev(&["test", "rust", "ui"]);
    assert_eq!(bad.status.code(), Some(1), "{}", text(&bad));
    assert!(text(&bad).contains("27 passed, 1 failed"), "{}", text(&bad));
    let asked = machine.asked();
    let at = |what: &str| asked.find(what).unwrap_or_else(|| panic!("no {what}: {asked}"));
    assert!(at("cargo test --locked --workspace") < at("cargo clippy --locked --workspace"), "{asked}");
    assert!(asked.contains("cargo test --locked -p timbre-desktop"), "{asked}");
}

#[test]
fn tests_keep_their_keys_and_anchors_to_themselves() {
    let machine = Machine::new("1.95.0");
    machine.dev(&["test", "rust"]);
    let seen = fs::read_to_string(machine.at("asked.env")).unwrap();
    let said = |name: &str| seen.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    assert_eq!(said("TIMBRE_CUSTODY="), "keyfile");
    let state = said("XDG_STATE_HOME=");
    assert!(!state.is_empty() && !Path::new(state).exists(), "its own, and gone by now: {state}");
}

#[test]
fn a_rust_that_is_too_old_is_named() {
    for (rust, good) in [("1.89.0", false), ("1.90.0", true), ("1.100.0-nightly", true), ("2.0.0", true)] {
        let output = Machine::new(rust).dev(&["test", "ui"]);
        assert_eq!(output.status.success(), good, "{rust}: {}", text(&output));
        assert!(good || text(&output).contains(rust), "{rust}: {}", text(&output));
    }
}

#[test]
fn elsewhere_the_window_is_left_out_with_a_word() {
    let mac = Machine::new("1.95.0");
    mac.stub("uname", "echo Darwin");
    let left_out = mac.dev(&["test", "ui", "window", "browser"]);
    assert!(left_out.status.success(), "{}", text(&left_out));
    assert!(text(&left_out).contains("2 skipped") && text(&left_out).contains("Linux only"));
}

/// A cargo that finds twenty faults, of which the tests catch so many; the first of the others is said to be equal.
fn mutants(caught: usize, listed: bool) -> Output {
    let machine = Machine::new("1.95.0");
    machine.stub(
        "cargo",
        "echo \"cargo $*\" >>\"$ASKED\"; [ \"$1\" = mutants ] || exit 0\n\
         case \"$*\" in *--list*) cat all; exit ;; esac\n\
         while [ \"$1\" != --output ]; do shift; done; mkdir \"$2/mutants.out\"; cp ./*.txt \"$2/mutants.out\"",
    );
    let fault = |n| format!("src/a.rs:{n}:5: replace + with - in sum\n");
    let some = |range: std::ops::RangeInclusive<usize>| range.map(fault).collect::<String>();
    fs::create_dir_all(machine.at("src")).unwrap();
    fs::create_dir_all(machine.at("tests/mutants")).unwrap();
    let source: String = (1..=20).map(|n| format!("    line + {n}\n")).collect();
    let reason = "src/a.rs: replace + with - in sum: line + 20\n  why\n";
    for (name, text) in [
        ("src/a.rs", source.as_str()),
        ("all", &some(1..=20)),
        ("caught.txt", &some(1..=caught)),
        ("missed.txt", &some(caught + 1..=20)),
        ("timeout.txt", ""),
        ("unviable.txt", ""),
        ("tests/mutants/survivors.txt", if listed { reason } else { "" }),
    ] {
        fs::write(machine.at(name), text).unwrap();
    }
    let output = machine.dev(&["mutants", "7", "answers"]);
    let chosen = fs::read_to_string(machine.at("artifacts/mutants/answers/sample.toml")).unwrap();
    assert_eq!(chosen.matches(r"^src/a\.rs:").count(), 7, "{chosen}");
    assert!(machine.asked().contains("cargo-mutants@"), "pinned: {}", machine.asked());
    output
}

#[test]
fn a_fault_that_survives_wants_a_reason_and_company() {
    for (caught, listed, good, said) in [
        (20, false, true, "100 % caught"),
        (19, true, true, "95 % caught"),
        (19, false, false, "gives no reason: src/a.rs: replace + with - in sum: line + 20"),
        (18, true, false, "90 % caught"),
    ] {
        let output = mutants(caught, listed);
        assert_eq!(output.status.success(), good, "{caught} {listed}: {}", text(&output));
        assert!(text(&output).contains(said), "{caught} {listed}: {}", text(&output));
    }
}

#[test]
fn a_soak_is_as_long_as_one_says_on_the_harness_s_own_build() {
    let machine = Machine::new("1.95.0");
    fs::create_dir_all(machine.at("target/release")).unwrap();
    fs::write(machine.at("target/release/timbre"), "").unwrap();
    let harness = "#!/bin/sh\necho \"timbre-soak $*\" >>\"$ASKED\"\n";
    machine.program("target/release/timbre-soak", harness);
    let soak = machine.dev(&["soak", "kill", "damage", "--kills", "7", "--seed", "9", "--damages", "8"]);
    assert!(soak.status.success(), "{}", text(&soak));
    let asked = machine.asked();
    assert!(
        asked.contains("cargo build --locked -p timbre-cli --features crash-points --release"),
        "{asked}"
    );
    assert!(asked.contains("timbre-soak kill --kills 7 --seed 9"), "{asked}");
    let seen = fs::read_to_string(machine.at("asked.env")).unwrap();
    assert!(seen.contains("TIMBRE_RUNS=8") && seen.contains("TIMBRE_SEED=9"), "{seen}");
    for words in [["soak", "kill", "--kills", "many"], ["soak", "nada", "--kills", "1"]] {
        let refused = Machine::new("1.95.0").dev(&words);
        assert!(!refused.status.success(), "{}", text(&refused));
    }
}

#[test]
fn help_is_the_page_that_no_word_gives() {
    let machine = Machine::new("1.95.0");
    let (page, none) = (machine.dev(&["help"]), machine.dev(&[]));
    assert!(page.status.success() && none.status.success());
    assert_eq!(text(&page), text(&none));
    assert!(text(&page).contains("Rust 1.90"), "{}", text(&page));
    assert!(!machine.dev(&["nada"]).status.success());
}
