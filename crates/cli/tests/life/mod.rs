//! The real binary as an agent that is started, and killed.

// Each test takes what it needs.
#![allow(dead_code)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use timbre_app::Address;

pub fn timbre(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_timbre"));
    command.env("TIMBRE_CUSTODY", "keyfile").env("XDG_STATE_HOME", data.join("state"));
    command.arg("--data").arg(data.join("shop"));
    command
}

/// An agent that was started and says that it answers; killed without a word when dropped.
pub struct Agent {
    child: Mutex<Child>,
    pub address: Address,
}

impl Agent {
    pub fn start(data: &Path) -> Agent {
        let mut child = timbre(data)
            .args(["serve", "--port", "0", "--json"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary of this test starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("it was piped");
        BufReader::new(out).read_line(&mut line).expect("it says where it is");
        let address = timbre_app::find(&data.join("shop")).expect("its folder").expect("it announced itself");
        Agent { child: Mutex::new(child), address }
    }

    /// `kill -9`, and the folder is free again when this returns.
    pub fn die(&self) {
        let mut child = self.child.lock().expect("nobody panics with it");
        child.kill().expect("a process of ours can be killed");
        child.wait().expect("and waited for");
    }
}

/// The end of the test's own process must not leave an agent behind.
impl Drop for Agent {
    fn drop(&mut self) {
        if let Ok(child) = self.child.get_mut() {
            // It may be dead already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
