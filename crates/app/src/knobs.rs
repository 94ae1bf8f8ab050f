//! The settings of `timbre.toml` that people change without opening it: what each may be, and how the journal calls
//! it. What is not here is changed in the file.

use timbre_agent::Settings;
use timbre_agent::view::SettingView;
use toml_edit::{Item, Table, Value};

use crate::config::Config;
use crate::country;

/// One setting.
#[derive(Debug)]
pub(crate) struct Knob {
    pub table: &'static str,
    pub key: &'static str,
    /// As the journal tells of its change.
    pub words: &'static str,
    may: May,
}

/// What it may be.
#[derive(Debug)]
enum May {
    /// A whole number within bounds; what holds where none is written.
    Number { least: u32, most: u32, default: fn(&Settings) -> String },
    /// Yes or no.
    Flag { default: bool },
    /// One of some words; the first where none is written, and then nothing is.
    Word(&'static [&'static str]),
}

/// In the order in which they are shown.
pub(crate) const KNOBS: &[Knob] = &[
    // 50 is what the SII recommends, and 500 the most (envío de boletas, instructivo).
    number("sender", "parcel", "documentos por envío", 1, 500, |s| s.parcel.to_string()),
    number("sender", "workers", "envíos a la vez", 1, 20, |s| s.workers.to_string()),
    number("sender", "attempts", "intentos antes de la pausa larga", 1, 10, |s| s.attempts.to_string()),
    number("sender", "retry_base_seconds", "primera pausa", 1, 3_600, |s| seconds(s.retry_base)),
    number("sender", "retry_cap_seconds", "pausa más larga", 60, 86_400, |s| seconds(s.retry_cap)),
    // The SII asks for ten minutes; a real folder waits one at the least, whatever is written.
    number("wire", "first_poll_seconds", "primera consulta", 60, 3_600, |s| seconds(s.conduct.first_poll)),
    number("folios", "last_hours", "aviso de folios por horas", 1, 720, |s| {
        (s.folios_last.as_secs() / 3_600).to_string()
    }),
    number("folios", "percent", "aviso de folios por porcentaje", 1, 90, |s| s.folios_percent.to_string()),
    number("clock", "tolerance_seconds", "tolerancia del reloj", 60, 3_600, |s| seconds(s.clock_tolerance)),
    // An hour (Res. Ex. SII 74/2020, F.6), which can only be made shorter.
    number("terms", "39", "plazo de la boleta", 600, 3_600, |_| term("39")),
    number("terms", "41", "plazo de la boleta exenta", 600, 3_600, |_| term("41")),
    Knob { table: "folder", key: "enabled", words: "carpeta de entrada", may: May::Flag { default: true } },
    Knob {
        table: "folder",
        key: "paper",
        words: "papel en la carpeta de salida",
        may: May::Word(&["", "pdf", "80mm", "58mm"]),
    },
    Knob {
        table: "till",
        key: "ask_cashier",
        words: "pedir el cajero antes de cobrar",
        may: May::Flag { default: false },
    },
    Knob { table: "printer", key: "on_issue", words: "imprimir al emitir", may: May::Flag { default: true } },
    Knob { table: "printer", key: "cedible", words: "copia cedible", may: May::Flag { default: true } },
];

const fn number(
    table: &'static str,
    key: &'static str,
    words: &'static str,
    least: u32,
    most: u32,
    default: fn(&Settings) -> String,
) -> Knob {
    Knob { table, key, words, may: May::Number { least, most, default } }
}

/// The one that the file calls so, `sender.parcel`.
pub(crate) fn named(name: &str) -> Option<&'static Knob> {
    let (table, key) = name.split_once('.')?;
    KNOBS.iter().find(|knob| knob.table == table && knob.key == key)
}

fn seconds(span: std::time::Duration) -> String {
    span.as_secs_f64().to_string()
}

fn term(series: &str) -> String {
    let regime = country::regime();
    let kind = regime.profile().kinds.iter().find(|kind| kind.series == series);
    kind.and_then(|kind| kind.term).map(|term| term.seconds.to_string()).unwrap_or_default()
}

impl Knob {
    pub fn view(&self, file: &Table, training: bool) -> SettingView {
        let name = format!("{}.{}", self.table, self.key);
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let view = SettingView { name, value: self.written(file), ..SettingView::default() };
        match &self.may {
            May::Number { least, most, default } => SettingView {
                default: default(&Config::default().settings(training)),
                least: Some(*least),
                most: Some(*most),
                ..view
            },
            May::Flag { default } => {
                SettingView { default: default.to_string(), choices: words(&["true", "false"]), ..view }
            }
            May::Word(known) => SettingView { default: known[0].to_owned(), choices: words(known), ..view },
        }
    }

    /// What the file says; a text without its quotes.
    pub fn written(&self, file: &Table) -> Option<String> {
        file.get(self.table).and_then(Item::as_table_like)?.get(self.key)?.as_value().map(text)
    }

    /// What is to be written for what a person said: nothing for the default. The error is a sentence.
    pub fn read(&self, said: Option<&str>) -> Result<Option<Value>, String> {
        let Some(said) = said.map(str::trim) else { return Ok(None) };
        match &self.may {
            May::Number { least, most, .. } => match said.parse::<u32>() {
                Ok(number) if (*least..=*most).contains(&number) => Ok(Some(i64::from(number).into())),
                Ok(_) | Err(_) => Err(format!("Es un número entero de {least} a {most}.")),
            },
            May::Flag { .. } => match said.parse::<bool>() {
                Ok(flag) => Ok(Some(flag.into())),
                Err(_) => Err("Es sí o no.".to_owned()),
            },
            May::Word(known) if known.contains(&said) => Ok((said != known[0]).then(|| said.into())),
            May::Word(known) => Err(format!("«{said}» no se conoce; use {}.", known[1..].join(", "))),
        }
    }

    /// What was said, in words.
    pub fn words_of(&self, said: &str) -> String {
        match (&self.may, said) {
            (May::Flag { .. }, "true") => "sí".to_owned(),
            (May::Flag { .. }, _) => "no".to_owned(),
            (May::Word(_) | May::Number { .. }, said) => said.to_owned(),
        }
    }
}

/// A value as a person would say it: a text without its quotes.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.value().clone(),
        other => bare(other),
    }
}

/// A value as it is written, without what stands around it.
pub(crate) fn bare(value: &Value) -> String {
    let mut value = value.clone();
    value.decor_mut().clear();
    value.to_string()
}
