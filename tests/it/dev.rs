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
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for dir in ["ui/dist", "ui/node_modules", "icons", "bin"] {
            fs::create_dir_all(machine.at(dir)).unwrap();
        }
        fs::write(machine.at("ui/package-lock.json"), "{}").unwrap();
        fs::write(machine.at("ui/dist/index.html"), "").unwrap();
        machine.program("dev", &fs::read_to_string(root.join("dev")).unwrap());
        machine.stub("rustc", &format!("echo 'rustc {rust} (stub)'"));
        machine.stub("cargo", "echo \"cargo $*\" >>\"$ASKED\"; env >\"$ASKED.env\"; [ \"$1\" = test ] || exit 0; echo 'test result: ok. 7 passed; 0 failed; 0 ignored; 0 measured'");
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
    assert!(text(&good).contains("20 passed, 0 failed"), "{}", text(&good));
    machine.stub("cargo", "echo \"cargo $*\" >>\"$ASKED\"; [ \"$1\" = clippy ] && exit 1; [ \"$1\" = test ] || exit 0; echo 'test result: ok. 7 passed; 0 failed; 0 ignored; 0 measured'");
    fs::remove_file(machine.at("asked")).unwrap();
    let bad = machine.dev(&["test", "rust", "ui"]);
    assert!(!bad.status.success(), "{}", text(&bad));
    assert!(text(&bad).contains("20 passed, 1 failed"), "{}", text(&bad));
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
    let left_out = mac.dev(&["test", "ui", "window"]);
    assert!(left_out.status.success(), "{}", text(&left_out));
    assert!(text(&left_out).contains("1 skipped") && text(&left_out).contains("Linux only"));
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
