//! The program as scripts run it: a folder of its own, and what a run came to.

// Not every test needs all of it.
#![allow(dead_code)]

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use crate::shop;

/// A folder for one test, its own keys and anchors in it.
pub struct Shop(pub tempfile::TempDir);

/// What a run of the program came to.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Shop {
    pub fn empty() -> Shop {
        Shop(tempfile::tempdir().unwrap())
    }

    /// A demo shop that has sold nothing.
    pub fn open() -> Shop {
        let shop = Shop::empty();
        assert_eq!(shop.run(&["demo", "--documents", "0"]).code, 0);
        shop
    }

    pub fn data(&self) -> PathBuf {
        self.0.path().join("shop")
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_timbre"));
        command.env("TIMBRE_CUSTODY", "keyfile").env("XDG_STATE_HOME", self.0.path().join("state"));
        command.env_remove("TIMBRE_DATA").env_remove("TIMBRE_CERT_PASSWORD");
        command.arg("--data").arg(self.data()).args(words);
        command
    }

    pub fn run(&self, words: &[&str]) -> Ran {
        self.run_with(words, "")
    }

    pub fn run_with(&self, words: &[&str], input: &str) -> Ran {
        ran(self.command(words), input)
    }

    pub fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// What is left and next of every type, and how many documents there are.
    pub fn standing(&self) -> (Vec<Value>, Vec<Value>) {
        (self.run(&["caf", "list", "--json"]).objects(), self.run(&["list", "--json"]).objects())
    }
}

pub fn ran(mut command: Command, input: &str) -> Ran {
    let output = shop::ended(&mut command, input);
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let (out, err) = (text(output.stdout), text(output.stderr));
    let code = output.status.code().unwrap_or_else(|| panic!("{command:?}: {} {out} {err}", output.status));
    Ran { code, out, err }
}

impl Ran {
    pub fn objects(&self) -> Vec<Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }
}

pub fn boleta() -> Value {
    json!({
        "Encabezado": { "IdDoc": { "TipoDTE": 39 } },
        "Detalle": [{ "NmbItem": "Pan amasado", "QtyItem": 2, "PrcItem": 350 }],
    })
}
