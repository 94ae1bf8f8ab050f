//! `timbre.toml`: technical settings of a folder. No secret and no law in it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use timbre_agent::Settings;
use timbre_agent::carrier::Witnesses;
use timbre_chile::hosts::{REGISTRY, USER_AGENT};
use timbre_core::paper::Drawing;
use timbre_pos::{FolderSettings, NetworkSettings};
use timbre_printer::Profile;

use crate::paper::Printer;
use crate::{StartError, origins, settings_file};

/// What the file may say. Unknown names are refused: a mistyped one must not pass in silence.
#[derive(Debug, Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub sender: SenderConfig,
    pub api: ApiConfig,
    pub folder: FolderConfig,
    pub network: NetworkConfig,
    pub wire: WireConfig,
    pub line: LineConfig,
    pub clock: ClockConfig,
    pub folios: FoliosConfig,
    pub till: TillConfig,
    /// Legal terms in seconds by type of document: what the law's own text says can only be made shorter (39), any
    /// other can be told (33: 43200), and 0 does without.
    pub terms: BTreeMap<String, u64>,
    pub reissue: ReissueConfig,
    pub training: TrainingConfig,
    pub certification: CertificationConfig,
    /// The shop's own printer, «principal», and what is said once for all of them.
    pub printer: PrinterConfig,
    /// Further printers, by the names that tills call them.
    pub printers: BTreeMap<String, PlaceConfig>,
}

#[derive(Debug, Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct SenderConfig {
    /// Conversations with the SII at once (5).
    pub workers: Option<usize>,
    /// Uploads of the same bytes before the long pause (3).
    pub attempts: Option<u32>,
    /// Documents of one upload at the most (50, as the SII recommends; 500 at the most).
    pub parcel: Option<usize>,
    pub retry_base_seconds: Option<u64>,
    pub retry_cap_seconds: Option<u64>,
}

#[derive(Debug, Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct ApiConfig {
    /// Loopback port of the API and the panel (4578).
    pub port: Option<u16>,
    /// Origins of web tills that may call from a browser of this machine, as `https://caja.cl` (none).
    pub origins: Vec<String>,
}

/// The API, and the panel, for other machines of the shop's network: over TLS, and only where `listen` is set.
#[derive(Debug, Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkConfig {
    /// `0.0.0.0:4579` (none: this machine alone).
    pub listen: Option<SocketAddr>,
    /// What tills call this machine, as `["192.168.1.10", "caja.local"]`.
    pub names: Vec<String>,
    /// PEM files as seen from this folder: the certificate with its chain, and its key.
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Serve the panel there too, to who knows its password (false).
    pub panel: bool,
    /// Minutes after which the panel asks for the password again from who does nothing (30; 480 at the most).
    pub idle_minutes: Option<u64>,
}

impl NetworkConfig {
    pub fn settings(&self, dir: &Path) -> Option<NetworkSettings> {
        let (certificate, key) = (dir.join(&self.certificate), dir.join(&self.key));
        let idle = Duration::from_secs(60 * self.idle_minutes.unwrap_or(30).clamp(1, 480));
        let panel = self.panel.then_some(idle);
        Some(NetworkSettings { listen: self.listen?, names: self.names.clone(), certificate, key, panel })
    }
}

/// The drop folder.
#[derive(Debug, Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct FolderConfig {
    /// Take sales from `entrada` (true).
    pub enabled: Option<bool>,
    /// What is put beside each answer in `salida`: `pdf`, `80mm` or `58mm` (nothing).
    pub paper: Option<FolderPaper>,
    /// Other users of this machine may write to `entrada` too: each of them can issue documents (false).
    pub shared: bool,
    /// How many milliseconds a sale without a key of its own must stand unchanged before it is taken, ten thousand at
    /// the most (300).
    pub unchanged_ms: Option<u64>,
}

#[derive(Debug, Clone, Copy, Deserialize, PartialEq, Eq)]
pub enum FolderPaper {
    #[serde(rename = "pdf")]
    Pdf,
    #[serde(rename = "80mm")]
    Wide,
    #[serde(rename = "58mm")]
    Narrow,
}

impl FolderConfig {
    pub fn settings(&self) -> FolderSettings {
        let drawing = |paper| match paper {
            FolderPaper::Pdf => Drawing::Pdf,
            FolderPaper::Wide => Drawing::Ticket80,
            FolderPaper::Narrow => Drawing::Ticket58,
        };
        let still = Duration::from_millis(self.unchanged_ms.unwrap_or(300).clamp(1, 10_000));
        FolderSettings { paper: self.paper.map(drawing), shared: self.shared, still }
    }
}

#[derive(Debug, Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct WireConfig {
    pub user_agent: Option<String>,
    /// Before the first question about an upload (600).
    pub first_poll_seconds: Option<u64>,
    /// The same for facturas and guías, and for boletas whose hour is near (60).
    pub quick_poll_seconds: Option<u64>,
    /// Between the ones that follow.
    pub poll_seconds: Option<Vec<u64>>,
    /// How old an upload in doubt must be before «not received» is believed (600).
    pub absence_after_seconds: Option<u64>,
    pub absence_gap_seconds: Option<u64>,
    /// How long the SII may leave an upload without an end before its documents are asked about (86400).
    pub settle_after_seconds: Option<u64>,
    /// For how many days the SII is asked about a verdict that a person noted (60: the tax of its month is declared by the 20th of
    /// the next one; DL 825 art. 64, UNCONFIRMED).
    pub noted_days: Option<u64>,
    /// Is a factura in doubt accepted when the SII has its data and says that it can't compare its signature (false)?
    pub data_alone: Option<bool>,
}

#[derive(Debug, Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct ClockConfig {
    /// How far this machine's clock may be from the SII's before somebody in charge is asked (300; 60 at least).
    pub tolerance_seconds: Option<u64>,
}

/// When it is time to load more folios.
#[derive(Debug, Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct FoliosConfig {
    /// They last no longer than this at the pace of past weeks (72).
    pub last_hours: Option<u64>,
    /// Less than so many percent are left, where the pace can't be told (20).
    pub percent: Option<u64>,
}

/// The panel's till.
#[derive(Debug, Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct TillConfig {
    /// It sells only for who said their PIN there, where anybody has one (false).
    pub ask_cashier: bool,
}

/// How the lack of data coverage is told from the SII's silence: it alone stops the boleta's hour.
#[derive(Debug, Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct LineConfig {
    /// Names that this machine's name server is asked for when the SII is not heard; nothing is sent to whom they
    /// belong. `[]` asks for none (nic.cl).
    pub names: Option<Vec<String>>,
    /// Hosts that a connection is opened to when the SII is not heard, `host` or `host:port`: two at least, or their
    /// silence tells nothing (none).
    pub witnesses: Vec<String>,
    /// This machine's network comes and goes with the coverage, as with a mobile modem (false: a cable that is out
    /// is no lack of coverage).
    pub own_network_counts: bool,
}

impl LineConfig {
    pub fn witnesses(&self) -> Witnesses {
        let names = self.names.clone().unwrap_or_else(|| vec![REGISTRY.to_owned()]);
        Witnesses { names, hosts: self.witnesses.clone() }
    }
}

#[derive(Debug, Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct ReissueConfig {
    pub folio: ReissueFolio,
}

/// The folio of a rejected document that is made again. Sources disagree whether the SII holds a folio for
/// used once it has processed and rejected its document.
#[derive(Debug, Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum ReissueFolio {
    /// Its own, where the SII says that it does not have the document (the default).
    #[default]
    SameWhenAbsent,
    AlwaysNew,
}

#[derive(Debug, Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingConfig {
    /// A simulator that runs by itself (`timbre simulator`), `http://127.0.0.1:4581`. Without it a
    /// training folder starts its own. Of no effect in another environment.
    pub simulator: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct CertificationConfig {
    /// Boletas go by DTEUpload, as the SII wants those of the set with which a company is certified: its
    /// reviewers do not see what comes by REST. Refused in a folder of another environment. To be switched
    /// with nothing on its way: what was sent by one way is not found by asking on the other.
    pub boleta_set: bool,
}

/// The printer of this folder's till.
#[derive(Debug, Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct PrinterConfig {
    /// As [`PlaceConfig`]; none without it.
    pub device: String,
    pub takes: Takes,
    pub baud: Option<u32>,
    pub profile: Profile,
    /// Print each document when it is issued (true).
    pub on_issue: Option<bool>,
    /// Sheets bring the copy to be ceded with the original (true).
    pub cedible: Option<bool>,
    /// Seconds that a printer may take, beside drawing a paper, when a command ends with one under way (8).
    pub patience: Option<u16>,
    /// The shop's logo: a PNG, its path as seen from this folder.
    pub logo: Option<PathBuf>,
}

impl PrinterConfig {
    pub fn place(&self) -> PlaceConfig {
        let (device, takes, baud) = (self.device.clone(), self.takes, self.baud);
        PlaceConfig { device, takes, baud, profile: self.profile.clone() }
    }
}

/// A printer: `[printer]`, `[printers.NAME]`.
#[derive(Debug, Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct PlaceConfig {
    /// `red:192.168.1.50`, `cola:NOMBRE`, `dispositivo:/dev/usb/lp0`, `serie:/dev/ttyUSB0`, `carpeta:RUTA`.
    pub device: String,
    pub takes: Takes,
    /// Bits a second of a serial line (9600).
    pub baud: Option<u32>,
    /// What it is like: `[printer.profile]`, `[printers.NAME.profile]`.
    pub profile: Profile,
}

/// Which documents a printer takes that name none.
#[derive(Debug, Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Takes {
    #[default]
    All,
    /// What may stand on paper of 58 mm: boletas.
    Narrow,
    /// What may not.
    Wide,
    /// Only what names it.
    Asked,
}

impl Takes {
    pub const ALL: [Takes; 4] = [Takes::All, Takes::Narrow, Takes::Wide, Takes::Asked];

    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Takes::All => "all",
            Takes::Narrow => "narrow",
            Takes::Wide => "wide",
            Takes::Asked => "asked",
        }
    }
}

impl Config {
    /// The folder's printers. In training their drawers stay shut.
    pub fn printer(&self, dir: &Path, training: bool) -> Result<Printer, StartError> {
        Printer::new(self, dir, training).map_err(|error| StartError::Config(dir.join("timbre.toml"), error))
    }

    /// Reads the folder's file; a folder without one has the defaults.
    pub fn read(dir: &Path) -> Result<Config, StartError> {
        let path = dir.join("timbre.toml");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Config::default()),
            Err(e) => return Err(StartError::Folder(path, e)),
        };
        let config = settings_file::read(&text).map_err(|why| StartError::Config(path.clone(), why))?;
        let wrong = config.api.origins.iter().find_map(|origin| Some((origin, origins::no_origin(origin)?)));
        match wrong {
            Some((origin, why)) => {
                let why = format!(
                    "[api] origins: «{origin}» no sirve: {why}. Un origen se escribe como https://caja.cl"
                );
                Err(StartError::Config(path, why))
            }
            None => Ok(config),
        }
    }

    /// The engine's settings: defaults, hurried for training, then what the file says.
    pub fn settings(&self, training: bool) -> Settings {
        let agent = self.wire.user_agent.as_deref().unwrap_or(USER_AGENT);
        let mut s = Settings::new(agent);
        if training {
            s = s.hurried();
        }
        let seconds = Duration::from_secs;
        let set = |place: &mut Duration, said: Option<u64>| {
            if let Some(n) = said {
                *place = seconds(n);
            }
        };
        set(&mut s.retry_base, self.sender.retry_base_seconds);
        set(&mut s.retry_cap, self.sender.retry_cap_seconds);
        set(&mut s.conduct.first_poll, self.wire.first_poll_seconds);
        set(&mut s.conduct.quick_poll, self.wire.quick_poll_seconds);
        set(&mut s.conduct.absence_after, self.wire.absence_after_seconds);
        set(&mut s.conduct.absence_gap, self.wire.absence_gap_seconds);
        set(&mut s.conduct.settle_after, self.wire.settle_after_seconds);
        set(&mut s.noted_for, self.wire.noted_days.map(|days| days.saturating_mul(24 * 3600)));
        s.conduct.data_alone = self.wire.data_alone.unwrap_or(s.conduct.data_alone);
        if let Some(polls) = &self.wire.poll_seconds {
            s.conduct.polls = polls.iter().copied().map(seconds).collect();
        }
        if !training {
            // A folder's file may make the real SII be asked less, never believed sooner.
            let c = &mut s.conduct;
            c.first_poll = c.first_poll.max(seconds(60));
            c.quick_poll = c.quick_poll.max(seconds(60));
            c.polls.iter_mut().for_each(|wait| *wait = (*wait).max(seconds(60)));
            c.absence_after = c.absence_after.max(seconds(600));
            c.absence_gap = c.absence_gap.max(seconds(120));
            c.settle_after = c.settle_after.max(seconds(3600));
        }
        s.terms = self.terms.iter().map(|(kind, n)| (kind.clone(), seconds(*n))).collect();
        set(&mut s.clock_tolerance, self.clock.tolerance_seconds.map(|n| n.max(60)));
        s.ask_cashier = self.till.ask_cashier;
        set(&mut s.folios_last, self.folios.last_hours.map(|n| n.saturating_mul(3600)));
        s.folios_percent = self.folios.percent.unwrap_or(s.folios_percent);
        s.own_network_counts = self.line.own_network_counts;
        s.same_number = self.reissue.folio == ReissueFolio::SameWhenAbsent;
        s.parcel = self.sender.parcel.unwrap_or(s.parcel).clamp(1, 500);
        if let Some(workers) = self.sender.workers {
            s.workers = workers.max(1);
        }
        if let Some(attempts) = self.sender.attempts {
            s.attempts = attempts.max(1);
        }
        s
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_name_is_refused_with_its_file() {
        let dir = tempfile::tempdir().unwrap();
        for (text, why) in [
            ("[sender]\nworker = 9\n", "línea 2, «worker = 9»: el ajuste «worker» no existe"),
            ("[nueva]\na = 1\n", "línea 1, «[nueva]»: el ajuste «nueva» no existe"),
            ("[sender]\n\nworkers = \"dos\"\n", "línea 3, «workers = \"dos\"»: ese valor no sirve ahí"),
            (
                "[printer]\ntakes = \"todo\"\n",
                "línea 2, «takes = \"todo\"»: «todo» no es un valor que se pueda poner ahí",
            ),
            ("[sender\n", "línea 1, «[sender»: no se entiende"),
        ] {
            std::fs::write(dir.path().join("timbre.toml"), text).unwrap();
            let error = Config::read(dir.path()).unwrap_err().to_string();
            assert!(error.contains("timbre.toml") && error.ends_with(why), "{error}");
        }
    }

    #[test]
    fn no_file_weakens_the_proof_that_the_sii_has_nothing() {
        let text = "[wire]\nabsence_after_seconds = 0\nabsence_gap_seconds = 0\npoll_seconds = [0]\nfirst_poll_seconds = 0\nquick_poll_seconds = 0\n";
        let config: Config = toml::from_str(text).unwrap();
        let conduct = config.settings(false).conduct;
        assert_eq!(conduct.absence_after, Duration::from_secs(600));
        assert_eq!(conduct.absence_gap, Duration::from_secs(120));
        assert_eq!(
            (conduct.polls, conduct.first_poll, conduct.quick_poll),
            (vec![Duration::from_secs(60)], Duration::from_secs(60), Duration::from_secs(60))
        );
        assert_eq!(config.settings(true).conduct.absence_after, Duration::ZERO);
    }

    #[test]
    fn terms_clock_folios_and_witnesses_are_told_by_the_file() {
        let text = "[terms]\n33 = 3600\n[line]\nnames = []\nwitnesses = [\"a.cl\", \"b.cl:80\"]\nown_network_counts = true\n\
                    [clock]\ntolerance_seconds = 1\n[folios]\nlast_hours = 5\npercent = 7\n";
        let config: Config = toml::from_str(text).unwrap();
        let settings = config.settings(false);
        assert_eq!(settings.terms, BTreeMap::from([("33".to_owned(), Duration::from_secs(3600))]));
        assert!(settings.own_network_counts);
        assert_eq!(settings.clock_tolerance, Duration::from_secs(60));
        assert_eq!((settings.folios_last, settings.folios_percent), (Duration::from_secs(5 * 3600), 7));
        let hosts = vec!["a.cl".to_owned(), "b.cl:80".to_owned()];
        assert_eq!(config.line.witnesses(), Witnesses { names: vec![], hosts });
        assert_eq!(Config::default().line.witnesses().names, ["nic.cl"]);
    }

    #[test]
    fn a_printer_is_read_with_its_ways_and_its_drawer_stays_shut_in_training() {
        let text =
            "[printer]\ndevice = \"red:192.168.1.50\"\n[printer.profile]\npaper = \"58mm\"\ndrawer = true\n";
        let config: Config = toml::from_str(text).unwrap();
        assert!(config.printer.profile.drawer && config.printer.profile.cut);
        assert!(config.printer(Path::new("."), true).is_ok());
        let wrong: Config = toml::from_str("[printer]\ndevice = \"lpt1\"\n").unwrap();
        let error = wrong.printer(Path::new("tienda"), false).err().unwrap().to_string();
        assert!(error.contains("timbre.toml") && error.contains("red:192.168.1.50"), "{error}");
    }

    #[test]
    fn what_the_file_says_wins() {
        let config: Config = toml::from_str(
            "[sender]\nworkers = 2\nparcel = 5000\n[wire]\nfirst_poll_seconds = 7\n[reissue]\nfolio = \"always-new\"\n",
        )
        .unwrap();
        let settings = config.settings(true);
        assert!(!settings.same_number);
        assert_eq!((settings.workers, settings.parcel), (2, 500));
        assert_eq!(settings.conduct.first_poll, Duration::from_secs(7));
        assert_eq!(Config::default().settings(false), Settings::new(USER_AGENT));
    }
}
