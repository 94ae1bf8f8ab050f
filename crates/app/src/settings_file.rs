//! `timbre.toml` as it is changed from the window, the command line and the API: its other lines, and what the shop
//! wrote beside them, stay as they are.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use timbre_agent::Answer;
use timbre_agent::view::ProblemView;
use timbre_core::Refusal;
use timbre_store::whole;
use toml_edit::{DocumentMut, Item, Table, Value};

use crate::config::Config;
use crate::printers::capital;

/// The file of one folder.
#[derive(Debug)]
pub(crate) struct SettingsFile {
    pub path: PathBuf,
    /// Held by whoever writes it.
    writing: Mutex<()>,
}

impl SettingsFile {
    pub fn of(dir: &Path) -> SettingsFile {
        SettingsFile { path: dir.join("timbre.toml"), writing: Mutex::default() }
    }

    /// What stands there; of a folder without one, nothing.
    pub fn read(&self) -> Answer<DocumentMut> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(self.wrong(&error.to_string())),
        };
        text.parse().map_err(|error: toml_edit::TomlError| {
            self.wrong(&in_words(&text, error.span(), error.message()))
        })
    }

    /// Changes it and answers what is `made` of it. A file that would not be read again is not written, nor is one of
    /// which nothing can be made.
    pub fn change<T>(
        &self,
        change: impl FnOnce(&mut DocumentMut) -> Answer<()>,
        make: impl FnOnce(&Config) -> Answer<T>,
    ) -> Answer<T> {
        let _alone = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut file = self.read()?;
        change(&mut file)?;
        let text = file.to_string();
        let config: Config = read(&text).map_err(|why| self.wrong(&why))?;
        let made = make(&config)?;
        whole::write_plain(&self.path, text.as_bytes()).map_err(|error| self.wrong(&error.to_string()))?;
        Ok(made)
    }

    /// Why it can't be changed.
    pub fn wrong(&self, why: &str) -> ProblemView {
        let message = format!("No se pudo cambiar {}: {why}", self.path.display());
        Refusal::new("settings-wrong", "", capital(&message)).into()
    }
}

/// The settings in a text, or what is wrong with it.
pub(crate) fn read(text: &str) -> Result<Config, String> {
    toml::from_str(text).map_err(|error| in_words(text, error.span(), error.message()))
}

/// What is wrong with a line, for who wrote it; the parser's own words are English, and the log's.
fn in_words(text: &str, span: Option<Range<usize>>, message: &str) -> String {
    tracing::warn!(message, "timbre.toml can't be read");
    let named = |of: &str| message.strip_prefix(of)?.split_once('`').map(|(name, _)| name);
    let why = match (named("unknown field `"), named("unknown variant `")) {
        (Some(name), _) => format!("el ajuste «{name}» no existe"),
        (_, Some(value)) => format!("«{value}» no es un valor que se pueda poner ahí"),
        (None, None) if message.starts_with("invalid") => "ese valor no sirve ahí".to_owned(),
        (None, None) => "no se entiende".to_owned(),
    };
    let Some(before) = span.and_then(|span| text.get(..span.start)) else {
        return why;
    };
    let number = before.matches('\n').count();
    let line = text.lines().nth(number).unwrap_or_default().trim();
    format!("línea {}, «{line}»: {why}", number + 1)
}

/// The table of this name, made where there is none. One that was written on a line becomes one of its own.
pub(crate) fn table_of<'a>(above: &'a mut Table, name: &str) -> &'a mut Table {
    if !above.get(name).is_some_and(Item::is_table) {
        let held = above.remove(name).and_then(|item| item.into_table().ok());
        let mut table = held.unwrap_or_default();
        // A table of tables alone has no line of its own.
        table.set_implicit(true);
        above.insert(name, Item::Table(table));
    }
    above[name].as_table_mut().expect("it is one")
}

/// Writes a value, or takes it away. What is written beside it stays.
pub(crate) fn put(table: &mut Table, key: &str, value: Option<Value>) {
    let Some(mut value) = value else {
        table.remove(key);
        return;
    };
    if let Some(before) = table.get(key).and_then(Item::as_value) {
        *value.decor_mut() = before.decor().clone();
    }
    table[key] = Item::Value(value);
}
