//! The way to the agent: the one that runs on the folder, or one of our own for as long as the
//! command lasts. The only file that names `timbre_app`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use timbre_app::{Options, Running, StartError};
use timbre_core::Regime;
use tokio::sync::Mutex;

pub use timbre_app::Address;

use crate::failure::{Exit, Failure};

/// What an engine of our own must do beside keeping the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Read and write; documents wait for the agent to send them.
    Store,
    /// Send too, and hear verdicts.
    Verdicts,
}

/// An open way to an agent.
pub struct Door {
    data: PathBuf,
    need: Need,
    way: Mutex<Way>,
}

struct Way {
    address: Arc<Address>,
    engine: Option<Running>,
}

impl Door {
    /// Through the agent that runs on `data`, or through an engine started here.
    pub async fn open(data: Option<&Path>, need: Need) -> Result<Door, Failure> {
        let data = folder(data);
        let way = Way::find(&data, need).await?;
        Ok(Door { data, need, way: Mutex::new(way) })
    }

    pub async fn address(&self) -> Arc<Address> {
        self.way.lock().await.address.clone()
    }

    /// True when no agent was running and the engine is ours.
    pub async fn is_ours(&self) -> bool {
        self.way.lock().await.engine.is_some()
    }

    /// The agent behind `dead` has gone (it was another command's, say): looks for a way again.
    /// False when there is nothing new to try.
    pub async fn reopen(&self, dead: &Address) -> Result<bool, Failure> {
        let mut way = self.way.lock().await;
        if way.address.base != dead.base || way.address.token != dead.token {
            return Ok(true);
        }
        if way.engine.is_some() {
            return Ok(false);
        }
        *way = Way::find(&self.data, self.need).await?;
        Ok(true)
    }

    /// Stops an engine of our own; leaves another's alone.
    pub async fn close(self) {
        if let Some(engine) = self.way.into_inner().engine {
            engine.stop().await;
        }
    }
}

impl Way {
    async fn find(data: &Path, need: Need) -> Result<Way, Failure> {
        if let Some(address) = timbre_app::find(data).await? {
            return Ok(Way { address: Arc::new(address), engine: None });
        }
        let options = Options {
            data: Some(data.to_owned()),
            sender: need == Need::Verdicts,
            port: Some(0),
            demo: None,
            passphrase: None,
        };
        let engine = timbre_app::start(options).await?;
        Ok(Way { address: Arc::new(engine.address.clone()), engine: Some(engine) })
    }
}

/// The agent without a window, for `timbre serve`.
pub async fn serve(data: Option<&Path>, port: Option<u16>) -> Result<Running, Failure> {
    let data = folder(data);
    if let Some(address) = timbre_app::find(&data).await? {
        return Err(Failure::unreachable(format!(
            "Ya hay un agente en marcha en {} ({}).",
            data.display(),
            address.base
        )));
    }
    let options = Options { data: Some(data), sender: true, port, demo: None, passphrase: None };
    Ok(timbre_app::start(options).await?)
}

/// A demo shop's engine with its simulator, and the way to it.
pub struct Demo {
    pub door: Door,
    pub sim: sii_sim::Sim,
    pub data: PathBuf,
}

/// Starts the demo on its own folder, or on `data`.
pub async fn demo(data: Option<&Path>, latency: Duration, scenario: &str) -> Result<Demo, Failure> {
    let data = data.map_or_else(demo_folder, Path::to_owned);
    if let Some(address) = timbre_app::find(&data).await? {
        return Err(Failure::unreachable(format!(
            "Ya hay un agente en marcha en {} ({}): ciérrelo antes de la demostración.",
            data.display(),
            address.base
        )));
    }
    let options = Options {
        data: Some(data.clone()),
        sender: true,
        port: None,
        demo: Some(timbre_app::DemoOptions { latency, scenario: scenario.to_owned() }),
        passphrase: None,
    };
    let engine = timbre_app::start(options).await?;
    let Some(sim) = engine.sim.clone() else {
        engine.stop().await;
        return Err(Failure::refused(
            "not-training",
            format!("{} no es una carpeta de entrenamiento: la demostración no la toca.", data.display()),
        ));
    };
    let way = Way { address: Arc::new(engine.address.clone()), engine: Some(engine) };
    let door = Door { data: data.clone(), need: Need::Verdicts, way: Mutex::new(way) };
    Ok(Demo { door, sim, data })
}

/// Beside the shop's own folder, so that the two never mix.
fn demo_folder() -> PathBuf {
    timbre_app::data_dir(None).with_file_name("demo")
}

pub fn folder(data: Option<&Path>) -> PathBuf {
    timbre_app::data_dir(data)
}

/// The law, without a folder: for looking at documents and previews.
pub fn regime() -> Arc<dyn Regime> {
    timbre_app::regime("CL")
}

/// Reads the whole store back: what was found, and the exit code it deserves.
pub fn check(data: Option<&Path>) -> Result<(Value, Exit), Failure> {
    let report = timbre_app::check(&folder(data))?;
    let exit = Exit::from_code(report.exit_code());
    let told = serde_json::to_value(&report)
        .map_err(|e| Failure::refused("output", format!("El informe no se pudo escribir ({e}).")))?;
    Ok((told, exit))
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Failure {
        let exit = Exit::from_code(error.exit_code());
        let code = match exit {
            Exit::Done | Exit::Refused => "refused",
            Exit::Usage => "usage",
            Exit::Unreachable => "unreachable",
            Exit::Damaged => "damaged",
        };
        Failure::Said { exit, code, message: error.to_string() }
    }
}

// While timbre-app is being written: its signatures, and nothing behind them.
#[allow(dead_code)]
mod timbre_app {
    use super::*;
    pub struct Options {
        pub data: Option<PathBuf>,
        pub sender: bool,
        pub port: Option<u16>,
        pub demo: Option<DemoOptions>,
        pub passphrase: Option<String>,
    }
    pub struct DemoOptions {
        pub latency: Duration,
        pub scenario: String,
    }
    #[derive(Debug)]
    pub struct StartError;
    impl StartError {
        pub fn exit_code(&self) -> u8 {
            3
        }
    }
    impl std::fmt::Display for StartError {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("el motor no está todavía")
        }
    }
    #[derive(Debug, Clone)]
    pub struct Address {
        pub base: String,
        pub token: String,
    }
    pub struct Running {
        pub address: Address,
        pub sim: Option<sii_sim::Sim>,
    }
    impl Running {
        pub async fn stop(self) {}
    }
    pub async fn start(_: Options) -> Result<Running, StartError> {
        Err(StartError)
    }
    pub async fn find(_: &Path) -> Result<Option<Address>, StartError> {
        match (std::env::var("STUB_BASE"), std::env::var("STUB_TOKEN")) {
            (Ok(base), Ok(token)) => Ok(Some(Address { base, token })),
            _ => Ok(None),
        }
    }
    pub fn data_dir(data: Option<&Path>) -> PathBuf {
        data.map_or_else(|| PathBuf::from("/tmp/timbre"), Path::to_owned)
    }
    pub fn regime(_: &str) -> Arc<dyn Regime> {
        unimplemented!()
    }
    #[derive(serde::Serialize)]
    pub struct CheckReport;
    impl CheckReport {
        pub fn exit_code(&self) -> u8 {
            0
        }
    }
    pub fn check(_: &Path) -> Result<CheckReport, StartError> {
        Err(StartError)
    }
}
