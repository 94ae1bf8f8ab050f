//! A shop whose disk lets nothing be written any more reads its documents all the same.

mod shop;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use shop::{timbre, told};

const SALE: &str =
    r#"{"Encabezado":{"IdDoc":{"TipoDTE":39}},"Detalle":[{"NmbItem":"Pan","QtyItem":1,"PrcItem":500}]}"#;

/// A folder that can be read and not written to: over itself, mounted to be read.
struct Shut(PathBuf);

impl Shut {
    /// `Err(why)` where this machine lets nobody mount.
    fn new(folder: &Path) -> Result<Shut, String> {
        mount(&["--bind".as_ref(), folder, folder])?;
        let shut = Shut(folder.to_owned());
        mount(&["-o".as_ref(), "remount,ro,bind".as_ref(), folder])?;
        Ok(shut)
    }
}

impl Drop for Shut {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn mount(words: &[&Path]) -> Result<(), String> {
    let output = Command::new("mount").args(words).output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}

#[test]
fn a_folder_that_can_only_be_read_is_read_and_nothing_else() {
    let data = tempfile::tempdir().expect("a folder for the test");
    let data = data.path();
    told(&timbre(data, &["demo", "--documents", "2", "--json"], ""), 0);
    let lists: &[&[&str]] = &[
        &["list", "--json"],
        &["show", "T39F1", "--json"],
        &["show", "T39F1", "--xml"],
        &["show", "T39F1", "--history"],
        &["caf", "list", "--json"],
        &["company", "show", "--json"],
        &["cert", "show", "--json"],
    ];
    let before: Vec<_> = lists.iter().map(|words| told(&timbre(data, words, ""), 0)).collect();
    let shop = data.join("shop");
    let shut = match Shut::new(&shop) {
        Ok(shut) => shut,
        Err(why) => return eprintln!("skipped: nothing can be mounted to be read here ({why})"),
    };
    fs::write(shop.join("x"), "").expect_err("it can't be written to");
    for (words, before) in lists.iter().zip(before) {
        let output = timbre(data, words, "");
        assert_eq!(told(&output, 0), before, "{words:?}");
        let warned = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(warned.contains("no se puede escribir") && warned.lines().count() == 1, "{words:?} {warned}");
    }
    told(&timbre(data, &["check", "--json"], ""), 0);
    told(&timbre(data, &["stats", "--json"], ""), 0);
    // Who wants to write hears the way out, and what is asked to be printed is not.
    for words in [&["issue", "--key", "a"][..], &["print", "T39F1"]] {
        let output = timbre(data, words, SALE);
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{words:?} {why}");
        assert!(why.contains("no deja escribir"), "{words:?} {why}");
    }
    // Nothing of it was changed, and it goes on as soon as it may.
    drop(shut);
    told(&timbre(data, &["issue", "--key", "a"], SALE), 0);
}
