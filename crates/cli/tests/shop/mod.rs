//! A shop in a folder of the test's own, at the command line.

// Each test takes what it needs.
#![allow(dead_code)]

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// Runs `timbre` there with `input`, to its end.
pub fn timbre(data: &Path, words: &[&str], input: &str) -> Output {
    started(data, words, input).wait_with_output().expect("it ends")
}

/// Starts `timbre` there with `input`.
pub fn started(data: &Path, words: &[&str], input: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_timbre"));
    command.env("TIMBRE_CUSTODY", "keyfile").env("XDG_STATE_HOME", data.join("state"));
    start(command.arg("--data").arg(data.join("shop")).args(words), input)
}

/// Runs it with `input`, to its end.
pub fn ended(command: &mut Command, input: &str) -> Output {
    start(command, input).wait_with_output().expect("it ends")
}

fn start(command: &mut Command, input: &str) -> Child {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary of this test starts");
    // One that reads nothing may have ended already.
    let _ = child.stdin.take().expect("it was piped").write_all(input.as_bytes());
    child
}

/// What it printed; it must have ended with `exit`.
#[track_caller]
pub fn told(output: &Output, exit: i32) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(exit), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// Copies a folder as a person does, with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("its entry");
        let target = to.join(entry.file_name());
        match entry.file_type().expect("a kind").is_dir() {
            true => copy(&entry.path(), &target),
            false => _ = std::fs::copy(entry.path(), target).expect("a copy"),
        }
    }
}
