//! The data folder at hand: the settings that people change without opening the file, where it is and how full, and
//! a second look at it while it is in use.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use timbre_agent::clock::{Clock, SystemClock};
use timbre_agent::damage::Told;
use timbre_agent::view::{
    CheckView, OtherSettingView, PlaceView, ProblemView, SealingView, SettingsOrder, SettingsView,
};
use timbre_agent::{Agent, Answer, DataFolder};
use timbre_core::Refusal;
use timbre_pos::Standing;
use toml_edit::{Item, Table};

use crate::check::{Checked, check_with};
use crate::config::{Config, PrinterConfig};
use crate::knobs::{self, KNOBS};
use crate::paper::Printer;
use crate::printers::capital;
use crate::sealing;
use crate::settings_file::{SettingsFile, put, table_of};
use crate::vault::{CustodyUsed, RecoveryKey, Vault};

pub(crate) struct Place {
    dir: PathBuf,
    training: bool,
    file: Arc<SettingsFile>,
    /// Its settings hold at once.
    printer: Arc<Printer>,
    /// What holds since the start.
    started: Config,
    /// Opens what is sealed.
    vault: Option<Arc<Vault>>,
    /// Who keeps the key of that.
    custody: Option<CustodyUsed>,
    /// A recovery key that was shown, until it is typed back.
    recovery: Mutex<Option<RecoveryKey>>,
    drop: OnceLock<Arc<Standing>>,
    /// Who tells what a second look found.
    agent: Arc<OnceLock<Told>>,
    looked: Arc<Mutex<CheckView>>,
}

impl Place {
    pub fn new(
        dir: &Path,
        training: bool,
        printer: Arc<Printer>,
        started: Config,
        vault: Option<Arc<Vault>>,
        custody: Option<CustodyUsed>,
    ) -> Place {
        let file = Arc::clone(printer.file());
        let (recovery, drop, agent, looked) =
            (Mutex::default(), OnceLock::new(), Arc::default(), Arc::default());
        Place {
            dir: dir.to_owned(),
            training,
            file,
            printer,
            started,
            vault,
            custody,
            recovery,
            drop,
            agent,
            looked,
        }
    }

    /// How the drop folder stands; once.
    pub fn drops(&self, standing: Arc<Standing>) {
        // Nobody opens it twice.
        let _ = self.drop.set(standing);
    }

    /// Whose folder this is: it tells what a second look finds; once.
    pub fn is_of(&self, agent: &Agent) {
        // Nobody starts it twice.
        let _ = self.agent.set(agent.told_of_damage());
    }

    fn view(&self, file: &Table, config: &Config) -> SettingsView {
        let apart = |config: &Config| Config {
            printer: PrinterConfig::default(),
            printers: BTreeMap::new(),
            ..config.clone()
        };
        SettingsView {
            file: self.file.path.display().to_string(),
            settings: KNOBS.iter().map(|knob| knob.view(file, self.training)).collect(),
            others: others(file),
            waits: apart(config) != apart(&self.started),
        }
    }

    fn config(&self) -> Answer<Config> {
        Config::read(&self.dir).map_err(|error| self.file.wrong(&error.to_string()))
    }
}

/// What stands in the file and is changed nowhere else; printers have a room of their own.
fn others(file: &Table) -> Vec<OtherSettingView> {
    let mut found = Vec::new();
    for (name, item) in file {
        if !matches!(name, "printer" | "printers") {
            gather(name, item, &mut found);
        }
    }
    found.retain(|other| knobs::named(&other.name).is_none());
    found
}

fn gather(name: &str, item: &Item, found: &mut Vec<OtherSettingView>) {
    if let Some(table) = item.as_table_like() {
        for (key, item) in table.iter() {
            gather(&format!("{name}.{key}"), item, found);
        }
    } else if let Some(value) = item.as_value() {
        found.push(OtherSettingView { name: name.to_owned(), value: knobs::bare(value) });
    }
}

impl DataFolder for Place {
    fn settings(&self) -> Answer<SettingsView> {
        Ok(self.view(self.file.read()?.as_table(), &self.config()?))
    }

    fn set(&self, order: &SettingsOrder) -> Answer<(SettingsView, Vec<String>)> {
        let mut wanted = Vec::new();
        let mut wrong = Vec::new();
        for (name, said) in &order.settings {
            match knobs::named(name).map(|knob| (knob, knob.read(said.as_deref()))) {
                Some((knob, Ok(value))) => wanted.push((knob, value)),
                Some((_, Err(why))) => wrong.push(Refusal::new("setting-invalid", name, why)),
                None => {
                    let why = "Ese ajuste no se cambia aquí: se escribe en timbre.toml.";
                    wrong.push(Refusal::new("setting-unknown", name, why));
                }
            }
        }
        if !wrong.is_empty() {
            return Err(timbre_core::Refusals(wrong).into());
        }
        let mut changed = Vec::new();
        let (config, set) = self.file.change(
            |file| {
                for (knob, value) in wanted {
                    let now = value.as_ref().map(knobs::text);
                    if knob.written(file) != now {
                        let now = now.map_or_else(|| "lo normal".to_owned(), |now| knob.words_of(&now));
                        changed.push(format!("{} a {now}", knob.words));
                        put(table_of(file.as_table_mut(), knob.table), knob.key, value);
                    }
                }
                Ok(())
            },
            |config| {
                let settings = config.settings(self.training);
                if settings.retry_base > settings.retry_cap {
                    let why = "La pausa más larga no puede ser menor que la primera.";
                    return Err(Refusal::new("setting-invalid", "sender.retry_cap_seconds", why).into());
                }
                Ok((config.clone(), self.printer.read(config)?))
            },
        )?;
        self.printer.take(set);
        Ok((self.view(self.file.read()?.as_table(), &config), changed))
    }

    fn place(&self) -> Answer<PlaceView> {
        let told = |error: std::io::Error| {
            ProblemView::internal(format!("No se puede mirar {} ({error}).", self.dir.display()))
        };
        Ok(PlaceView {
            path: self.dir.display().to_string(),
            bytes: held(&self.dir).map_err(told)?,
            journal_bytes: held(&self.dir.join("journal")).map_err(told)?,
            free_bytes: fs2::available_space(&self.dir).ok(),
            drop: self.drop.get().map(|standing| standing.view()),
        })
    }

    fn begin_check(&self) -> Answer<CheckView> {
        let mut looked = at(&self.looked);
        if looked.running {
            return Ok(looked.clone());
        }
        *looked = CheckView { running: true, ..CheckView::default() };
        let begun = looked.clone();
        let (dir, vault, standing) = (self.dir.clone(), self.vault.clone(), Arc::clone(&self.looked));
        let told = Arc::clone(&self.agent);
        let look = move || {
            let (sound, lines) = match check_with(&dir, vault, &|percent| at(&standing).percent = percent) {
                Ok(mut checked) => {
                    if let Some(agent) = told.get().and_then(Told::agent) {
                        tell(&agent, &mut checked);
                    }
                    (!checked.lost_data() && checked.store.unread.is_none(), checked.words())
                }
                Err(error) => (false, vec![capital(&error.to_string())]),
            };
            let ended = Some(SystemClock.now().to_string());
            *at(&standing) = CheckView { running: false, percent: 100, at: ended, sound: Some(sound), lines };
        };
        std::thread::Builder::new().name("check".to_owned()).spawn(look).map_err(|error| {
            *looked = CheckView::default();
            ProblemView::internal(error)
        })?;
        Ok(begun)
    }

    fn check(&self) -> CheckView {
        at(&self.looked).clone()
    }

    fn sealing(&self) -> Answer<SealingView> {
        let sealed = sealing::sealed(&self.dir).map_err(unsealed)?;
        Ok(SealingView {
            on: sealed.on,
            segments: sealed.segments,
            sealed: sealed.sealed.len() as u64,
            unconfirmed: at(&self.recovery).is_some(),
            keeper: self.custody.as_ref().map(|used| capital(&used.to_string())).unwrap_or_default(),
            weaker: self.custody.as_ref().is_some_and(CustodyUsed::is_weaker),
        })
    }

    fn recovery_key(&self) -> Answer<String> {
        if sealing::sealed(&self.dir).map_err(unsealed)?.on {
            return Err(sealing::already());
        }
        let key = RecoveryKey::fresh().map_err(unsealed)?;
        let words = key.words().to_string();
        *at(&self.recovery) = Some(key);
        Ok(words)
    }

    fn agree(&self, typed: &str) -> Answer<()> {
        let Some(vault) = &self.vault else {
            return Err(Refusal::new("no-segment-keys", "", "La bóveda de la carpeta está cerrada.").into());
        };
        let shown = at(&self.recovery);
        let Some(key) = &*shown else {
            return Err(
                Refusal::new("recovery-key-unknown", "", "Pida primero una clave de recuperación.").into()
            );
        };
        if !RecoveryKey::parse(typed).map_err(unsealed)?.is(key) {
            let message = "No es la clave que se mostró: mire su papel. No se cifró nada.";
            return Err(Refusal::new("recovery-key-differs", "typed", message).into());
        }
        sealing::has_room(&self.dir)?;
        // The vault has it before the first segment that needs it.
        vault.recoverable_by(&self.dir, key).map_err(unsealed)
    }

    fn sealed(&self) {
        *at(&self.recovery) = None;
    }
}

/// Who has the folder open knows whether issuing is locked; and it tells what is damaged, until a look finds nothing.
fn tell(agent: &Agent, checked: &mut Checked) {
    checked.store.locked = agent.locked();
    checked.store.keys_lost = agent.keys_lost();
    // What could not be read may be damaged or not.
    if checked.lost_data() || checked.store.unread.is_none() {
        agent.set_damage(checked.damaged());
    }
}

fn at<T>(looked: &Mutex<T>) -> MutexGuard<'_, T> {
    looked.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why nothing could be sealed, in the vault's or the store's own words.
fn unsealed(why: impl std::fmt::Display) -> ProblemView {
    Refusal::new("seal-failed", "", capital(&why.to_string())).into()
}

/// The bytes of all files below; what goes away meanwhile weighs nothing, and no link is followed.
pub(crate) fn held(dir: &Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && folder != dir => continue,
            entries => entries?,
        };
        for entry in entries {
            match entry.and_then(|entry| Ok((entry.path(), entry.metadata()?))) {
                Ok((path, about)) if about.is_dir() => folders.push(path),
                Ok((_, about)) => bytes += about.len(),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
