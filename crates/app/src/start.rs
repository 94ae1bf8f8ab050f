//! Starting and stopping an agent on a folder: the one place where everything is wired.

mod error;
pub(crate) mod progress;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sii_sim::{Running as SimRunning, Sim};
use timbre_agent::carrier::HttpCarrier;
use timbre_agent::chance::SystemChance;
use timbre_agent::clock::{Clock, SystemClock};
use timbre_agent::{Agent, AgentParts, DataFolder, Leftover, Printers, Seat};
use timbre_core::Environment;
use timbre_core::paper::Paper;
use timbre_pos::{Safe, Tokens, Webhooks, Window};
use timbre_store::{Fact, OpenOptions, Opened, SegmentKeys, Store};

use crate::config::Config;
use crate::data_folder::Place;
use crate::doors::Open;
use crate::folder::{self, Address, Lock, Turn, data_dir, demo_dir};
use crate::keeper::Keeper;
use crate::logs::{self, Log};
use crate::paper::Printer;
use crate::practice::Beside;
use crate::staff::Workers;
use crate::vault::{Custody, CustodyUsed, Vault};
use crate::{authorities, country, demo, room, sealing, simulator};
pub use error::StartError;
pub use progress::Progress;
use progress::telling;

/// The port that tills know.
pub const PORT: u16 = 4578;

/// Said for as long as boletas go by the way of the certification set.
const CERTIFICATION_SET: &str = "Las boletas se envían como set de certificación, por el envío de facturas \
     (DTEUpload): lo pide timbre.toml ([certification] boleta_set).";

/// How an agent is started.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The folder; without it `TIMBRE_DATA`, or the platform's place.
    pub data: Option<PathBuf>,
    /// Work the queue too, or only issue and look.
    pub sender: bool,
    /// Only look: the vault stays closed, and nothing can be issued.
    pub look: bool,
    /// The API's port; without it the folder's setting, else 4578, else any.
    pub port: Option<u16>,
    /// A demo shop against the built-in simulator.
    pub demo: Option<DemoOptions>,
    /// How the keys are kept; without it what the environment says.
    pub custody: Option<Custody>,
    /// Where anchors are; without it the platform's place for state.
    pub state: Option<PathBuf>,
    /// The printing of the folder that this program has already.
    pub turn: Option<Turn>,
    /// Who is told how far the index is, where it has to be made anew.
    pub progress: Option<Progress>,
}

#[cfg(test)]
impl Options {
    /// A demo shop in `dir` that touches nothing outside it.
    pub(crate) fn demo_in(dir: &Path) -> Options {
        Options {
            data: Some(dir.join("shop")),
            port: Some(0),
            demo: Some(DemoOptions { latency: Duration::ZERO, scenario: "calm".to_owned() }),
            custody: Some(Custody::forced(crate::vault::Kind::KeyFile)),
            state: Some(dir.join("state")),
            ..Options::default()
        }
    }
}

#[derive(Debug, Clone)]
pub struct DemoOptions {
    /// How long each answer of the simulator takes.
    pub latency: Duration,
    /// One of [`Scenario::names`].
    pub scenario: String,
}

/// An agent at work.
pub struct Running {
    pub agent: Agent,
    /// Where its printers are set up.
    pub printers: Arc<dyn Printers>,
    /// Its folder, with the settings.
    pub data_folder: Arc<dyn DataFolder>,
    /// Who may come in by its doors.
    pub tokens: Arc<Tokens>,
    /// Who is told what becomes of documents.
    pub webhooks: Arc<Webhooks>,
    /// Where a shell that has a window hears that it is asked for.
    pub window: Arc<Window>,
    pub address: Address,
    /// The built-in simulator, in a training folder.
    pub sim: Option<Sim>,
    /// How the folder's keys are kept: to be told when it is the weaker way. `None` while its vault
    /// is closed.
    pub custody: Option<CustodyUsed>,
    /// What was found when the store was opened.
    pub opened: Opened,
    /// Its folder can't be written to: it is read as it stands.
    pub still: bool,
    doors: Open,
    simulator: Option<SimRunning>,
    practice: Option<Arc<Beside>>,
    printer: Arc<Printer>,
    /// Looks at the disk; of a command that ends nobody.
    looks: Option<tokio::task::JoinHandle<()>>,
    lock: Lock,
    _log: Option<Log>,
}

/// What a stopped agent has left: papers that are still being printed, and the printing of the folder for as long as
/// they are.
pub struct Left {
    pub papers: Leftover,
    pub turn: Option<Turn>,
}

impl Running {
    /// Where other machines of the network call, if they may.
    pub fn network_port(&self) -> Option<u16> {
        self.doors.server.network_port()
    }

    /// Stops taking requests, lets what is on the wire end, closes the store, gives the folder back. A command's papers
    /// may go on: who has the folder next finds that this program prints.
    pub async fn stop(self) -> Left {
        self.lock.withdraw();
        if let Some(looks) = &self.looks {
            looks.abort();
        }
        self.agent.closing();
        if let Some(practice) = &self.practice {
            practice.stop().await;
        }
        self.doors.stop().await;
        let papers = self.agent.stop().await;
        if papers.is_empty() {
            self.printer.leave();
        }
        let turn = self.printer.turn();
        if let Some(simulator) = self.simulator {
            simulator.stop().await;
        }
        drop(self.sim);
        drop(self.lock);
        Left { papers, turn }
    }
}

/// What people read where a folder with documents had no vault any more, and so has another name for its anchor, too.
const VAULT_LOST: &str = "Faltaba la bóveda de la carpeta (vault.json) y se hizo una nueva: cargue otra vez el certificado \
    y los CAF. Si es esta carpeta y no una traída de otro equipo, eso es lo que detuvo la emisión.";

/// Starts an agent. Who only looks is shown a folder that can't be written to, too.
pub async fn start(options: Options) -> Result<Running, StartError> {
    match begin(options.clone(), false).await {
        Err(error) if options.look && error.is_of_writing() => begin(options, true).await,
        begun => begun,
    }
}

async fn begin(options: Options, still: bool) -> Result<Running, StartError> {
    let dir = match &options.demo {
        Some(_) => demo_dir(options.data.as_deref()),
        None => data_dir(options.data.as_deref()),
    };
    let folder = dir.clone();
    let (custody, state, sends) = (options.custody.clone(), options.state.clone(), options.sender);
    let (look, progress) = (options.look, options.progress.clone());
    let open = move || -> Result<_, StartError> {
        let mut lock = if still { Lock::still(&dir) } else { Lock::take(&dir) }?;
        let config = Config::read(&dir)?;
        let log = sends.then(|| logs::start(&dir)).flatten();
        let sealed = sealing::sealed(&dir)?;
        // Who only looks needs no key, but to read what is sealed.
        let (vault, used) = match look && sealed.sealed.is_empty() {
            true => None,
            false => Some(sealing::open_vault(&dir, custody, &sealed)?),
        }
        .unzip();
        let vault = vault.map(Arc::new);
        let keys = vault.clone().map(|vault| vault as Arc<dyn SegmentKeys>);
        let anchor = anchor(state, &dir);
        // Who only looks gives no folio.
        if !look {
            lock.alone(anchor.as_deref())?;
        }
        let options = OpenOptions { anchor, keys, still, ..OpenOptions::default() };
        let (mut store, opened) = Store::open(&dir, &options, &telling(progress.as_ref()))?;
        if config.certification.boleta_set {
            announce_set(&mut store, &dir, sends)?;
        }
        let vault = vault.filter(|_| !look);
        Ok((lock, log, config, vault, used, sealed, store, opened))
    };
    // Disk, and perhaps a person at the keyring: not for an async task.
    let opening = tokio::task::spawn_blocking(open).await;
    let (lock, log, config, vault, custody, sealed, store, opened) =
        opening.map_err(|e| StartError::Network(e.to_string()))??;

    let lost = opened.documents > 0 && vault.as_ref().is_some_and(|vault| vault.is_new());
    report(&opened, lost, custody.as_ref());
    let reader = store.reader();
    let environment = match (reader.company(), &options.demo) {
        // Before anything of it could begin to be sent.
        (Some((_, real)), Some(_)) if real != Environment::Training => {
            return Err(demo::not_training().into());
        }
        (Some((_, environment)), _) => environment,
        (None, Some(_)) => Environment::Training,
        // Nothing is sent before there is a company; it decides when it comes.
        (None, None) => Environment::Certification,
    };
    let training = environment == Environment::Training;
    // One that sends may be given a company later: it is judged before.
    let real = !training && (reader.company().is_some() || options.sender);
    if real && let Some((variable, whom)) = authorities::foreign(|name| std::env::var_os(name)) {
        return Err(StartError::ForeignAuthority(variable, whom));
    }
    let set = config.certification.boleta_set;
    let mut settings = config.settings(training);
    settings.standing = set.then(|| CERTIFICATION_SET.to_owned());
    let staff = Workers::open(&folder, Arc::new(SystemClock));
    let paper = Arc::new(config.printer(&folder, training)?);
    paper.resume(options.turn.clone());
    let (printers, printer): (Arc<dyn Printers>, _) = (paper.clone(), paper.clone());
    let mut simulated = None;
    // A command that only issues or looks sends nothing, and so needs no simulator.
    if training && (options.sender || options.demo.is_some()) {
        settings.simulator = match (&options.demo, &config.training.simulator) {
            (None, Some(base)) => Some(base.clone()),
            (demo, _) => {
                let running = simulator::start(demo.as_ref(), &folder).await?;
                let base = running.base.clone();
                simulated = Some(running);
                Some(base)
            }
        };
    }
    // All that can fail comes before the engine: it must not go on without its folder's lock.
    let wanted = options.port.or(config.api.port);
    let port = wanted.unwrap_or(PORT);
    let loopback = timbre_pos::bind(port, wanted.is_some()).await.map_err(|e| StartError::Port(port, e))?;
    let token = token()?;
    let carrier = HttpCarrier::new(environment).map_err(|e| StartError::Network(e.to_string()))?;
    let carrier = carrier.witnessed_by(config.line.witnesses());
    let keeper = Arc::new(Keeper::new(reader, vault.clone()));
    let agent = Agent::start(AgentParts {
        store,
        opened: opened.clone(),
        regime: country::regime(),
        channels: country::channels(set),
        custody: keeper.clone(),
        clock: Arc::new(SystemClock),
        chance: Arc::new(SystemChance),
        carrier: Arc::new(carrier),
        settings,
        seat: Seat::Thread,
        paper: paper.clone(),
        send: options.sender,
    })
    .map_err(|e| StartError::Network(e.to_string()))?;
    agent.employ(Arc::new(staff));
    if options.demo.is_some()
        && let Err(problem) = demo::open_shop(&agent).await
    {
        agent.stop().await;
        return Err(problem.into());
    }
    let weaker = custody.iter().filter(|custody| custody.is_weaker());
    let notices = lost.then(|| VAULT_LOST.to_owned()).into_iter().chain(weaker.map(ToString::to_string));
    let notices = notices.chain(sealing::notice(&sealed).map(str::to_owned)).collect();
    let stays = options.sender;
    let place = Arc::new(Place::new(&folder, training, paper, config.clone(), vault, custody.clone()));
    place.is_of(&agent);
    let data_folder: Arc<dyn DataFolder> = place.clone();
    let safe: Arc<dyn Safe> = keeper;
    let behind = (&agent, &printers, &data_folder, safe);
    let practice = (stays && !training).then(|| Beside::new(&folder, &options));
    let opening =
        Open::open(behind, loopback, token.clone(), (&folder, &config), stays, practice.clone(), notices)
            .await;
    let doors = match opening {
        Ok(doors) => doors,
        Err(error) => {
            agent.stop().await;
            return Err(error);
        }
    };
    if let Some(standing) = doors.drop_folder() {
        place.drops(standing);
    }
    let (sender, keys) = (options.sender, !options.look);
    let address = Address { base: folder::base(doors.server.port()), token, sender, keys };
    if let Err(error) = lock.announce(&address, doors.server.port()) {
        doors.stop().await;
        agent.stop().await;
        return Err(error);
    }
    agent.set_address(address.base.clone());
    let looks = stays.then(|| room::watch(agent.clone(), folder));
    Ok(Running {
        agent,
        printers,
        data_folder,
        tokens: Arc::clone(&doors.tokens),
        webhooks: Arc::clone(&doors.webhooks),
        window: doors.server.window(),
        address,
        sim: simulated.as_ref().map(|running| running.sim().clone()),
        custody,
        opened,
        still,
        doors,
        simulator: simulated,
        practice,
        printer,
        looks,
        lock,
        _log: log,
    })
}

/// Makes the vault of a folder anew, when its key is lost: see [`Vault::remake`]. No agent may have
/// the folder meanwhile.
pub fn remake_vault(dir: &Path, custody: Option<Custody>) -> Result<CustodyUsed, StartError> {
    let _lock = Lock::take(dir)?;
    if !sealing::sealed(dir)?.sealed.is_empty() {
        return Err(StartError::SealedFolder(dir.to_owned()));
    }
    let how = custody.map_or_else(Custody::from_env, Ok)?;
    let (_, used) = Vault::remake(dir, &how)?;
    Ok(used)
}

/// What was found at the opening, for the log: nothing is stepped over in silence.
fn report(opened: &Opened, vault_lost: bool, custody: Option<&CustodyUsed>) {
    if let Some(weaker) = custody.filter(|custody| custody.is_weaker()) {
        tracing::warn!(%weaker, "the folder's key is kept the weaker way");
    }
    if vault_lost {
        tracing::error!("the folder's vault was lost: certificate and CAFs have to be loaded again");
    }
    if opened.torn_bytes > 0 {
        tracing::warn!(
            bytes = opened.torn_bytes,
            "the journal ended in a batch that was never answered; it was cut"
        );
    }
    if opened.rebuilt {
        tracing::warn!(put_aside = ?opened.put_aside, "the index was rebuilt from the journal");
    }
    for damage in &opened.damage {
        tracing::error!(?damage, "a damaged part of the journal was stepped over");
    }
    if let Some(locked) = &opened.locked {
        tracing::error!(%locked, "issuing is locked");
    }
}

/// Boletas are to go by the way of the certification set: only where a company is being certified, and
/// written down before anything can leave.
fn announce_set(store: &mut Store, dir: &Path, sends: bool) -> Result<(), StartError> {
    let why = match store.reader().company() {
        Some((_, Environment::Certification)) => None,
        Some((_, Environment::Production)) => Some("ésta es de producción"),
        Some((_, Environment::Training)) => Some("ésta es de entrenamiento"),
        None => Some("ésta no tiene empresa todavía"),
    };
    if let Some(why) = why {
        return Err(StartError::OnlyCertification(dir.join("timbre.toml"), why));
    }
    if sends {
        let (who, what) = ("timbre.toml".to_owned(), CERTIFICATION_SET.to_owned());
        store.commit(vec![Fact::Acted { who, what, documents: Vec::new() }], SystemClock.now())?;
    }
    Ok(())
}

/// Where the folder's anchor is: outside the folder, under its vault's name. Who only looks does
/// without one where that can't be read.
pub(crate) fn anchor(state: Option<PathBuf>, folder: &Path) -> Option<PathBuf> {
    let dir = state.or_else(state_dir)?;
    let name = Vault::name(folder).ok().flatten()?;
    Some(dir.join("anchors").join(format!("{name}.json")))
}

/// The platform's place for what is no document and no setting.
fn state_dir() -> Option<PathBuf> {
    state_of(|name| std::env::var_os(name), std::env::home_dir())
}

/// A service may be started without variables: then the system's list of users tells the `home`.
fn state_of(said: impl Fn(&str) -> Option<OsString>, home: Option<PathBuf>) -> Option<PathBuf> {
    let set = |name: &str| said(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = home.filter(|home| !home.as_os_str().is_empty());
    if cfg!(windows) {
        let local = set("LOCALAPPDATA").or_else(|| home.map(|home| home.join("AppData").join("Local")));
        return local.map(|dir| dir.join("Timbre"));
    }
    let base = set("XDG_STATE_HOME").or_else(|| home.map(|home| home.join(".local/state")));
    base.map(|dir| dir.join("timbre"))
}

/// A fresh owner's token: 256 bits, hexadecimal.
fn token() -> Result<String, StartError> {
    let mut bytes = [0u8; 32];
    openssl::rand::rand_bytes(&mut bytes).map_err(|e| StartError::Network(e.to_string()))?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_anchor_is_under_the_home_of_the_user_where_no_variable_says_more() {
        let state = |said: &[(&str, &str)], home: Option<&str>| {
            let value = |name: &str| said.iter().find(|(known, _)| *known == name).map(|said| said.1.into());
            state_of(value, home.map(PathBuf::from))
        };
        let at = |path: &str| Some(PathBuf::from(path));
        assert_eq!(state(&[], Some("/casa")), at("/casa/.local/state/timbre"));
        assert_eq!(state(&[("XDG_STATE_HOME", "")], Some("/casa")), at("/casa/.local/state/timbre"));
        assert_eq!(state(&[("XDG_STATE_HOME", "/estado")], None), at("/estado/timbre"));
        assert_eq!(state(&[], None), None);
        assert_eq!(state(&[], Some("")), None);
    }
}
