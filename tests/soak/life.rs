//! One life of the agent: the real binary on a folder, from its start to its death, and what the
//! commands say of the folder it leaves.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};

use serde_json::Value;

use crate::fault;
use crate::fault::Found;

/// Where a shop is: its folder, and beside it what the machine keeps for it.
#[derive(Debug, Clone)]
pub struct Place {
    pub binary: PathBuf,
    pub root: PathBuf,
    /// Where the harness itself may write, whatever becomes of the disk.
    pub scratch: PathBuf,
}

/// A shop's index waits for thousands of keys before it is written. Here it waits for a few documents', so that a
/// death meets it often.
const INDEX_KEYS: &str = "50";

/// A recovery key like any other.
const RECOVERY: &str = "60RK-4CSM-6MV3-EE1S-C5H6-6S35-CVHD";

/// What is said to a process in its environment.
pub type Said = Vec<(&'static str, OsString)>;

impl Place {
    pub fn shop(&self) -> PathBuf {
        self.root.join("shop")
    }

    pub fn journal(&self) -> PathBuf {
        self.shop().join("journal")
    }

    pub fn index(&self) -> PathBuf {
        self.shop().join("db")
    }

    /// What an agent says while it lives.
    fn log(&self) -> PathBuf {
        self.scratch.join("stderr.log")
    }

    fn command(&self, words: &[&str], said: &Said) -> Command {
        let mut command = Command::new(&self.binary);
        command.env("TIMBRE_CUSTODY", "keyfile").env("XDG_STATE_HOME", self.root.join("state"));
        command
            .env_remove("TIMBRE_CRASH")
            .env("TIMBRE_INDEX_KEYS", INDEX_KEYS)
            .envs(said.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).arg("--data").arg(self.shop()).args(words);
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, words: &[&str], said: &Said) -> Found<Output> {
        Ok(self.command(words, said).output()?)
    }

    /// An agent that was told to start.
    pub fn spawn(&self, said: &Said) -> Found<Child> {
        let log = fs::File::create(self.log())?;
        let mut command = self.command(&["serve", "--port", "0", "--json"], said);
        Ok(command.stdout(Stdio::piped()).stderr(log).spawn()?)
    }

    /// Makes the shop: company, certificate and ranges of training.
    pub fn make(&self, said: &Said) -> Found<Output> {
        self.run(&["demo", "--documents", "0", "--json"], said)
    }

    /// Turns sealing on in a folder that writes in clear, and off in one that is sealed.
    pub fn seal(&self, said: &Said) -> Found<Output> {
        let status = self.run(&["seal", "status", "--json"], &Said::new())?;
        let on = serde_json::from_slice::<Value>(&status.stdout)?["sealing"] == true;
        let mut said = said.clone();
        said.push(("TIMBRE_RECOVERY_KEY", RECOVERY.into()));
        let output = self.run(&["seal", if on { "off" } else { "on" }, "--json"], &said)?;
        if !output.status.success() && output.status.code().is_some() {
            return fault!("seal: {} {}", output.status, String::from_utf8_lossy(&output.stderr));
        }
        Ok(output)
    }

    /// Writes the folder's settings: whom it trains with, and short waits.
    pub fn settle(&self, simulator: &str) -> Found<()> {
        let text = format!(
            "[training]\nsimulator = \"{simulator}\"\n[wire]\nabsence_after_seconds = 1\nabsence_gap_seconds = 0\n"
        );
        let mut file = fs::File::create(self.shop().join("timbre.toml"))?;
        file.write_all(text.as_bytes())?;
        // It has to be there after a power cut, too.
        file.sync_all()?;
        Ok(fs::File::open(self.shop())?.sync_all()?)
    }

    /// The folder, as no agent has it: sound, or a fault.
    pub fn check(&self) -> Found<Value> {
        let output = self.run(&["check", "--json"], &Vec::new())?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            return fault!("check: {} {text}{}", output.status, String::from_utf8_lossy(&output.stderr));
        }
        Ok(serde_json::from_str(&text)?)
    }

    /// Documents in files, as anybody would look at them: well, or a fault.
    pub fn verify(&self, files: &[PathBuf]) -> Found<()> {
        for some in files.chunks(100) {
            let names = some.iter().map(|file| file.to_str().unwrap_or_default());
            let words: Vec<_> = ["verify", "--json"].into_iter().chain(names).collect();
            let output = self.run(&words, &Vec::new())?;
            let told = String::from_utf8_lossy(&output.stdout);
            for line in told.lines() {
                let file: Value = serde_json::from_str(line)?;
                let all = file["findings"].as_array();
                // All that is wrong with a document of training.
                let of_training = |finding: &Value| finding["code"] == "caf-training";
                if !all.is_some_and(|all| all.iter().all(of_training)) {
                    return fault!("verify: {line}");
                }
            }
            if told.lines().count() != some.len() {
                return fault!("verify: {told}{}", String::from_utf8_lossy(&output.stderr));
            }
        }
        Ok(())
    }
}

/// How an agent was told to start, and what came of it.
pub enum Start {
    Alive(Life),
    /// It died before it answered.
    Died(ExitStatus),
}

/// An agent that answers; killed when dropped.
pub struct Life {
    child: Child,
    /// Held, so that its standard output stays open.
    _out: BufReader<ChildStdout>,
    log: PathBuf,
    pub base: String,
    pub token: String,
}

impl Life {
    pub fn start(place: &Place, said: &Said) -> Found<Start> {
        let mut child = place.spawn(said)?;
        let mut out = BufReader::new(child.stdout.take().expect("it was piped"));
        let mut line = String::new();
        out.read_line(&mut line)?;
        let card = fs::read(place.shop().join("agent.json")).ok();
        let card: Option<Value> = card.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let (Ok(said), Some(card)) = (serde_json::from_str::<Value>(&line), card) else {
            // It says nothing, or why it can't: either way it has ended or is about to.
            return Ok(Start::Died(child.wait()?));
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (base, token) = (text(&said["address"]), text(&card["token"]));
        if base.is_empty() {
            return Ok(Start::Died(child.wait()?));
        }
        Ok(Start::Alive(Life { child, _out: out, log: place.log(), base, token }))
    }

    /// One that must live.
    pub fn begin(place: &Place, said: &Said) -> Found<Life> {
        match Life::start(place, said)? {
            Start::Alive(life) => Ok(life),
            Start::Died(status) => {
                let words = fs::read_to_string(place.log()).unwrap_or_default();
                fault!("the agent does not start: {status} {words}")
            }
        }
    }

    /// `kill -9`, and the folder is free again when this returns.
    pub fn kill(&mut self) -> Found<()> {
        // It may be dead already.
        let _ = self.child.kill();
        self.child.wait()?;
        Ok(())
    }

    /// Told to stop, as a system does that shuts down; it must end by itself.
    pub fn end(&mut self) -> Found<()> {
        let told = Command::new("kill").arg(self.child.id().to_string()).status()?;
        let ended = self.child.wait()?;
        match (told.success(), ended.code()) {
            (true, Some(0)) => Ok(()),
            _ => {
                let words = fs::read_to_string(&self.log).unwrap_or_default();
                fault!("told to stop it ends with {ended} {words}")
            }
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Has it ended, or is it about to? One whose answers break off is.
    pub fn ends_soon(&mut self) -> Found<bool> {
        for _ in 0..100 {
            if self.child.try_wait()?.is_some() {
                return Ok(true);
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        Ok(false)
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        // The harness's end must leave no agent behind; it may be dead already.
        let _ = self.kill();
    }
}

/// Says of an index that it failed while in use.
pub fn mark_suspect(index: &Path) -> Found<()> {
    Ok(fs::write(index.with_extension("in-use"), "suspect")?)
}
