//! An index that has to be made anew is told at a terminal, and nowhere else. Only Linux has a `script` that
//! makes one for a command and hands on how that ended.
#![cfg(target_os = "linux")]

mod shop;

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

use shop::{timbre, told};

const WORDS: &str = "Rehaciendo el índice: ";
/// To the line's begin, and it is wiped.
const WIPED: &str = "\r\x1b[2K";

/// What `timbre list --json` writes to a terminal that has only its error output; its list is in `file`.
fn at_a_terminal(data: &Path, file: &Path) -> Option<String> {
    let (shop, binary) = (data.join("shop"), env!("CARGO_BIN_EXE_timbre"));
    let line = format!("'{binary}' --data '{}' list --json >'{}'", shop.display(), file.display());
    let mut command = Command::new("script");
    command.env("TIMBRE_CUSTODY", "keyfile").env("XDG_STATE_HOME", data.join("state"));
    command.args(["-qec", &line, "/dev/null"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = match command.spawn() {
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        child => child.expect("a terminal"),
    };
    // Its end would be written to the terminal.
    let _keyboard = child.stdin.take();
    Some(told(&child.wait_with_output().expect("it ends"), 0))
}

#[test]
fn an_index_that_is_made_anew_is_told_at_a_terminal_and_nowhere_else() {
    let data = tempfile::tempdir().expect("a folder for the test");
    let data = data.path();
    told(&timbre(data, &["demo", "--documents", "2", "--json"], ""), 0);
    let list = || timbre(data, &["list", "--json"], "");
    let sold = told(&list(), 0);
    let no_index = || fs::remove_dir_all(data.join("shop/db")).expect("its index");

    no_index();
    let piped = list();
    assert_eq!((told(&piped, 0), piped.stderr), (sold.clone(), Vec::new()));

    no_index();
    let file = data.join("list.json");
    let Some(said) = at_a_terminal(data, &file) else {
        return eprintln!("skipped: this machine has no «script» to make a terminal with");
    };
    let lines: Vec<_> = said.split(WIPED).collect();
    let [before, percents @ .., after] = &lines[..] else { panic!("{said:?}") };
    assert_eq!((*before, *after), ("", ""), "{said:?}");
    assert_eq!(
        (percents.first(), percents.last()),
        (Some(&&*format!("{WORDS}0 %")), Some(&&*format!("{WORDS}100 %")))
    );
    assert_eq!(fs::read_to_string(&file).expect("its list"), sold);
    assert_eq!(at_a_terminal(data, &file).as_deref(), Some(""), "an index that is there is not told of");
}
