//! The way to the agent: the one that runs on the folder, or one of our own for as long as the
//! command lasts. The only file that names `timbre_app`.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use timbre_app::vault::{Custody, CustodyUsed, Kind, Vault, VaultError};
use timbre_app::{DemoOptions, Left, Options, Progress, Running, StartError};
use timbre_core::Regime;
use tokio::sync::Mutex;
use tokio::task::block_in_place;
use zeroize::Zeroizing;

pub use timbre_app::sealing::{Asker, Recovered};
pub use timbre_app::vault::RecoveryKey;
pub use timbre_app::{Address, Checked, Sealed};

use crate::ask;
use crate::failure::{Exit, Failure};
use crate::out::Out;

/// For remarks, which are words for people with `--json`, too.
const TERMINAL: Out = Out { json: false };

/// What an engine of our own must do beside keeping the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Make the folder when there is none: the first step of a shop, who it is.
    Setup,
    /// Read only: neither keys nor a sender.
    Look,
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

    /// Stops an engine of our own; leaves another's alone. Papers that are under way then go on without the folder, so
    /// that whoever sells next has it at once. Answers what did not come out.
    pub async fn close(self) -> Vec<String> {
        let Some(engine) = self.way.into_inner().engine else { return Vec::new() };
        let mut left = engine.stop().await;
        let mut troubles = std::mem::take(&mut left.papers.troubles);
        troubles.extend(print_on(&self.data, left).await);
        troubles
    }
}

impl Way {
    async fn find(data: &Path, need: Need) -> Result<Way, Failure> {
        if let Some(address) = running(data, need)? {
            return Ok(Way::through(address));
        }
        let fresh = !timbre_app::is_shop(data);
        if fresh && need != Need::Setup {
            // A name written wrong must not become an empty shop, nor a folder of other things.
            return Err(Failure::refused(
                "folder-missing",
                format!(
                    "No hay datos en {}. Guarde primero la empresa con «timbre company set», o pruebe con «timbre demo».",
                    data.display()
                ),
            ));
        }
        // Any free port: the one that tills know is for an agent that stays.
        let options = Options {
            data: Some(data.to_owned()),
            sender: need == Need::Verdicts,
            look: need == Need::Look,
            port: Some(0),
            ..Options::default()
        };
        let engine = match start(options).await {
            // Somebody took the folder between our look and our start: it is the agent now.
            Err(busy @ StartError::Busy(_)) => {
                return running(data, need)?.map(Way::through).ok_or_else(|| busy.into());
            }
            started => started?,
        };
        if fresh {
            remarks(&engine);
        }
        if engine.still {
            eprintln!(
                "aviso: en {} no se puede escribir: se muestra tal como está, y no se guarda nada.",
                data.display()
            );
        }
        Ok(Way { address: Arc::new(engine.address.clone()), engine: Some(engine) })
    }

    fn through(address: Address) -> Way {
        Way { address: Arc::new(address), engine: None }
    }
}

/// Waits for papers, and comes back to the folder each time to write how they ended and to begin what waits. Where an
/// agent that stays has taken it meanwhile, that one leaves them to a person, and prints what waits.
async fn print_on(data: &Path, mut left: Left) -> Vec<String> {
    let mut troubles = Vec::new();
    while !left.papers.is_empty() {
        let ended = left.papers.ended().await;
        troubles.extend(ended.iter().filter_map(timbre_agent::Printed::trouble));
        let data = data.to_owned();
        let options = Options {
            data: Some(data.clone()),
            look: true,
            port: Some(0),
            turn: left.turn,
            ..Options::default()
        };
        let engine = match running(&data, Need::Verdicts) {
            Ok(None) => start(options).await.map_err(Failure::from),
            Ok(Some(_)) => return troubles,
            Err(busy) => Err(busy),
        };
        left = match engine {
            Ok(engine) => {
                let waiting = engine.agent.end_papers(ended).await.unwrap_or_else(|problem| {
                    troubles.push(problem.detail);
                    0
                });
                let mut left = engine.stop().await;
                left.papers.waiting = left.papers.waiting.max(waiting);
                troubles.append(&mut left.papers.troubles);
                left
            }
            Err(failure) => {
                troubles.push(format!("no se pudo anotar cómo terminó la impresión: {failure}"));
                return troubles;
            }
        };
    }
    if left.papers.waiting > 0 {
        let few = match left.papers.waiting {
            1 => "queda un papel por imprimir: sale".to_owned(),
            n => format!("quedan {n} papeles por imprimir: salen"),
        };
        troubles.push(format!("{few} con la próxima venta, o con el agente en marcha (timbre serve)"));
    }
    troubles
}

/// The agent without a window, for `timbre serve`.
pub async fn serve(data: Option<&Path>, port: Option<u16>) -> Result<Running, Failure> {
    let data = folder(data);
    alone(&data)?;
    let options = Options { data: Some(data), sender: true, port, ..Options::default() };
    let engine = start(options).await?;
    remarks(&engine);
    Ok(engine)
}

/// The agent that has `data` and can do what is needed; waits while one is just going.
fn running(data: &Path, need: Need) -> Result<Option<Address>, Failure> {
    let enough = |agent: &Address| match need {
        Need::Look => true,
        Need::Setup | Need::Store => agent.keys,
        Need::Verdicts => agent.sender,
    };
    Ok(block_in_place(|| timbre_app::find_able(data, enough))?)
}

/// Starts an engine here, and tells a terminal how far that is where its index has to be made anew.
async fn start(options: Options) -> Result<Running, StartError> {
    let telling = Telling::default();
    start_open(Options { progress: Some(telling.progress()), ..options }).await
}

/// Where the vault wants its passphrase, and somebody is there, it is asked for.
async fn start_open(options: Options) -> Result<Running, StartError> {
    let wanted = match timbre_app::start(options.clone()).await {
        Err(StartError::Vault(wanted @ VaultError::NeedsPassphrase)) if ask::somebody() => wanted,
        other => return other,
    };
    let new = options.data.as_deref().is_some_and(|data| !timbre_app::is_shop(data));
    let Some(passphrase) = block_in_place(|| passphrase(new)) else { return Err(wanted.into()) };
    let custody = Custody { passphrase: Some(passphrase), ..Custody::from_env()? };
    timbre_app::start(Options { custody: Some(custody), ..options }).await
}

/// The line of a terminal with how far an index is; wiped at the end where it was written.
#[derive(Default)]
struct Telling(Arc<AtomicBool>);

impl Telling {
    fn progress(&self) -> Progress {
        let told = Arc::clone(&self.0);
        Progress::new(move |percent| {
            told.store(true, Ordering::Relaxed);
            TERMINAL.progress(&format!("Rehaciendo el índice: {percent} %"));
        })
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        if self.0.load(Ordering::Relaxed) {
            TERMINAL.progress("");
        }
    }
}

/// What the person types; of a folder that is just being made twice, as a slip would lock it for ever.
fn passphrase(new: bool) -> Option<Zeroizing<String>> {
    let first = ask::secret("Frase de paso de esta carpeta: ").ok()?;
    if new && ask::secret("Otra vez, para estar seguros: ").ok()? != first {
        eprintln!("timbre: las dos frases no son iguales.");
        return None;
    }
    Some(first)
}

/// Makes the vault of `data` anew; what keeps its key now.
pub fn remake_vault(data: Option<&Path>) -> Result<CustodyUsed, Failure> {
    let data = shop_alone(data)?;
    Ok(block_in_place(|| timbre_app::remake_vault(&data, None))?)
}

/// Gives the key of `data` to a custody again.
pub fn recover_vault(data: Option<&Path>, who: &str, recovery: &RecoveryKey) -> Result<Recovered, Failure> {
    let telling = Telling::default();
    let at = at(data, true, &telling)?;
    Ok(block_in_place(|| timbre_app::sealing::recover_vault(&at, who, recovery))?)
}

/// What `data` writes is sealed from now on; what keeps its key.
pub fn seal(data: Option<&Path>, who: &Asker, recovery: &RecoveryKey) -> Result<CustodyUsed, Failure> {
    let telling = Telling::default();
    let at = at(data, false, &telling)?;
    Ok(block_in_place(|| timbre_app::sealing::seal(&at, who, recovery))?)
}

/// What it writes is in clear again.
pub fn unseal(data: Option<&Path>, who: &Asker) -> Result<(), Failure> {
    let telling = Telling::default();
    let at = at(data, false, &telling)?;
    Ok(block_in_place(|| timbre_app::sealing::unseal(&at, who))?)
}

/// What of `data` is sealed. An agent may have it meanwhile.
pub fn sealed(data: Option<&Path>) -> Result<Sealed, Failure> {
    Ok(timbre_app::sealing::sealed(&shop(data)?)?)
}

pub fn asks_for_pin(data: Option<&Path>) -> bool {
    timbre_app::sealing::asks_for_pin(&folder(data))
}

pub fn recovery_key() -> Result<RecoveryKey, Failure> {
    Ok(RecoveryKey::fresh().map_err(StartError::from)?)
}

pub fn read_recovery_key(text: &str) -> Result<RecoveryKey, Failure> {
    RecoveryKey::parse(text)
        .map_err(|e| Failure::refused("recovery-key-invalid", format!("No se hizo nada: {e}.")))
}

/// The folder, which is a shop's.
fn shop(data: Option<&Path>) -> Result<PathBuf, Failure> {
    let data = folder(data);
    match timbre_app::is_shop(&data) {
        true => Ok(data),
        false => Err(Failure::refused("folder-missing", format!("No hay datos en {}.", data.display()))),
    }
}

/// The folder, which is a shop's and which no agent has.
pub fn shop_alone(data: Option<&Path>) -> Result<PathBuf, Failure> {
    let data = shop(data)?;
    alone(&data)?;
    Ok(data)
}

/// A shop that is ours alone, and what opens its vault.
fn at(data: Option<&Path>, new: bool, telling: &Telling) -> Result<Options, Failure> {
    let data = shop_alone(data)?;
    let (custody, progress) = (Some(custody(&data, new)?), Some(telling.progress()));
    Ok(Options { data: Some(data), custody, progress, ..Options::default() })
}

/// What the environment says of the custody, and the passphrase of a person where that is wanted (`new`: twice, for a
/// vault that is made).
fn custody(data: &Path, new: bool) -> Result<Custody, Failure> {
    let mut custody = Custody::from_env().map_err(StartError::from)?;
    let wanted = match new {
        true => custody.force,
        // One that can't be read says so when it is opened.
        false => Vault::kind(data).unwrap_or(None),
    };
    if wanted == Some(Kind::Passphrase) && custody.passphrase.is_none() && ask::somebody() {
        custody.passphrase = block_in_place(|| passphrase(new));
    }
    Ok(custody)
}

/// For what can't share a folder with an agent that is running. A passing command's is waited for.
fn alone(data: &Path) -> Result<(), Failure> {
    match running(data, Need::Verdicts)? {
        None => Ok(()),
        Some(address) => Err(Failure::unreachable(format!(
            "Ya hay un agente en marcha en {} ({}): ciérrelo primero.",
            data.display(),
            address.base
        ))),
    }
}

/// What a person should know about a folder that was just opened: keys kept the weaker way, a store
/// that was not as it was left.
fn remarks(engine: &Running) {
    if let Some(weaker) = engine.custody.as_ref().filter(|custody| custody.is_weaker()) {
        eprintln!("aviso: {weaker}");
    }
    if let Some(standing) = engine.agent.snapshot().standing {
        eprintln!("aviso: {standing}");
    }
    for trouble in engine.agent.troubles() {
        eprintln!("aviso: {trouble}");
    }
    if !engine.opened.damage.is_empty() || !engine.opened.missing.is_empty() {
        eprintln!("aviso: el detalle de lo dañado, en esta terminal: «timbre check».");
    }
    if let Some(locked) = &engine.opened.locked {
        eprintln!("aviso: {locked}");
    }
}

/// A demo shop's engine with its simulator, and the way to it.
pub struct Demo {
    pub door: Door,
    pub sim: sii_sim::Sim,
    pub data: PathBuf,
}

/// Starts the demo on its own folder, or on `data`.
pub async fn demo(data: Option<&Path>, latency: Duration, scenario: &str) -> Result<Demo, Failure> {
    let data = timbre_app::demo_dir(data);
    alone(&data)?;
    let options = Options {
        data: Some(data.clone()),
        sender: true,
        port: None,
        demo: Some(DemoOptions { latency, scenario: scenario.to_owned() }),
        ..Options::default()
    };
    let engine = start(options).await?;
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

/// Is there a shop in the folder?
pub fn is_shop(data: Option<&Path>) -> bool {
    timbre_app::is_shop(&folder(data))
}

pub fn folder(data: Option<&Path>) -> PathBuf {
    timbre_app::data_dir(data)
}

/// The law, without a folder: for looking at documents and previews.
pub fn regime() -> Arc<dyn Regime> {
    timbre_app::regime()
}

/// Reads the whole store back, and verifies every document. `progress` hears how much was
/// read, in whole percents.
pub fn check(data: &Path, progress: &dyn Fn(u32)) -> Result<Checked, Failure> {
    let sealed = !timbre_app::sealing::sealed(data)?.sealed.is_empty();
    let custody = if sealed { Some(custody(data, false)?) } else { None };
    Ok(block_in_place(|| timbre_app::check(data, custody, progress))?)
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Failure {
        let exit = Exit::from_code(error.exit_code());
        if let StartError::Problem(problem) = error {
            return Failure::Problem(Box::new(problem));
        }
        let code = match exit {
            Exit::Done | Exit::Refused => "refused",
            Exit::Usage => "usage",
            Exit::Unreachable => "unreachable",
            Exit::Damaged => "damaged",
        };
        Failure::Said { exit, code, message: error.to_string() }
    }
}
