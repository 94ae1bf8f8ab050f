//! The printers of a folder: read from `timbre.toml`, chosen for each paper, and set up anew in that same file,
//! whose other lines stay as they are.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use timbre_agent::view::PrinterView;
use timbre_core::paper::Copy;
use timbre_core::receipt::Receipt;
use timbre_core::{Refusal, Series};
use timbre_printer::{Codepage, Device, Logo, Paper, Profile, Status};
use toml_edit::{DocumentMut, Table, value};

use crate::config::{Config, PlaceConfig, Takes};
use crate::settings_file::table_of;

/// The name of the printer that `[printer]` describes.
pub const MAIN: &str = "principal";

/// A printer, ready to print.
#[derive(Debug, Clone)]
pub(crate) struct Ready {
    pub device: Device,
    pub profile: Profile,
    takes: Takes,
    /// As it is written.
    pub place: PlaceConfig,
}

/// What a folder prints on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Set {
    pub each: BTreeMap<String, Ready>,
    pub on_issue: bool,
    /// Sheets of an original bring the copy to be ceded, where there is one.
    pub cedible: bool,
    /// What a printer may take beside drawing a paper, when the program is about to end.
    pub patience: Option<Duration>,
    pub logo: Option<Arc<Logo>>,
    /// What is wrong with the logo that is set: it stops no sale.
    pub logo_trouble: Option<String>,
}

impl Set {
    /// What the file says. In training a drawer stays shut.
    pub fn read(config: &Config, dir: &Path, training: bool) -> Result<Set, String> {
        let (logo, logo_trouble) = match config.printer.logo.as_deref().map(|file| read_logo(&dir.join(file)))
        {
            None => (None, None),
            Some(Ok(logo)) => (Some(Arc::new(logo)), None),
            Some(Err(why)) => (None, Some(why)),
        };
        let main = (MAIN.to_owned(), config.printer.place());
        let main = std::iter::once(main).filter(|(_, place)| !place.device.trim().is_empty());
        let mut each = BTreeMap::new();
        for (name, place) in main.chain(config.printers.clone()) {
            let named = check_name(&name).and_then(|()| {
                let device: Device = place.device.trim().parse().map_err(|e| format!("{e}"))?;
                let mut profile = place.profile.clone();
                profile.drawer &= !training;
                profile.logo = logo.clone();
                let takes = place.takes;
                let device = device.at(place.baud).silent(profile.status == Status::None);
                Ok(Ready { device, profile, takes, place })
            });
            let ready = named.map_err(|why| format!("la impresora «{name}»: {why}"))?;
            if each.insert(name.clone(), ready).is_some() {
                return Err(format!("la impresora «{name}» está dos veces"));
            }
        }
        let (on_issue, cedible) = (config.printer.on_issue, config.printer.cedible);
        Ok(Set {
            each,
            on_issue: on_issue.unwrap_or(true),
            cedible: cedible.unwrap_or(true),
            patience: config.printer.patience.map(|seconds| Duration::from_secs(seconds.into())),
            logo,
            logo_trouble,
        })
    }

    /// The printer for a paper: the one that is named; else the one for its kind before one for everything, the
    /// shop's own before the others, and these by their names.
    pub fn choose(&self, receipt: &Receipt, named: Option<&str>) -> Option<&Ready> {
        if let Some(name) = named {
            return self.each.get(name);
        }
        self.taker(receipt.narrow)
    }

    fn taker(&self, narrow: bool) -> Option<&Ready> {
        let kind = if narrow { Takes::Narrow } else { Takes::Wide };
        let own = |wanted: Takes| {
            let main = self.each.get(MAIN).into_iter();
            // Paper that bears boletas alone takes nothing else.
            main.chain(self.each.values())
                .find(|ready| ready.takes == wanted && (narrow || !ready.profile.paper.is_narrow()))
        };
        own(kind).or_else(|| own(Takes::All))
    }

    /// A printer of sheets gives the copy to be ceded with the original, unless the shop wants it otherwise.
    pub fn beside(&self, receipt: &Receipt, named: Option<&str>) -> Option<Copy> {
        let sheets = self.choose(receipt, named).is_some_and(|ready| ready.profile.paper.is_sheet());
        (sheets && self.cedible && receipt.ceded.is_some()).then_some(Copy::Ceded)
    }

    /// The one that a test without a name is for.
    pub fn first(&self) -> Option<&Ready> {
        self.each.get(MAIN).or_else(|| self.each.values().next())
    }

    /// A document of this type is printed unasked. One that no printer takes lacks nothing.
    pub fn prints(&self, series: &Series, named: Option<&str>) -> bool {
        // Paper of 57 mm and more (Res. Ex. SII 74/2020, G); all else takes 7.5 cm (muestras impresas 4.0, 1.1).
        let narrow = matches!(series.0.as_str(), "39" | "41");
        self.on_issue && (named.is_some() || self.taker(narrow).is_some())
    }
}

fn read_logo(file: &Path) -> Result<Logo, String> {
    let bytes = std::fs::read(file).map_err(|e| format!("no se pudo leer {} ({e})", file.display()))?;
    Logo::read(&bytes).map_err(|e| e.to_string())
}

/// A name is said by tills and shown to people: short, and without what would break a line or a path.
fn check_name(name: &str) -> Result<(), String> {
    let lawful = |c: char| c.is_alphanumeric() || " -_".contains(c);
    let good =
        !name.is_empty() && name.chars().count() <= 30 && name.chars().all(lawful) && name.trim() == name;
    match good {
        true => Ok(()),
        false => Err("el nombre lleva de 1 a 30 letras, números, espacios o guiones".to_owned()),
    }
}

/// A printer as people are shown it.
pub(crate) fn view(name: &str, place: &PlaceConfig) -> PrinterView {
    let profile = &place.profile;
    PrinterView {
        name: name.to_owned(),
        device: place.device.clone(),
        takes: place.takes.word().to_owned(),
        paper: profile.paper.word().to_owned(),
        codepage: profile.codepage.word().to_owned(),
        codepage_number: profile.codepage_number,
        pictures: profile.pictures,
        cut: profile.cut,
        drawer: profile.drawer,
        stamp_on_boletas: profile.stamp_on_boletas,
        status: profile.status.word().to_owned(),
        baud: place.baud,
    }
}

/// A printer as people said it, if that means anything.
pub(crate) fn place(view: &PrinterView) -> Result<PlaceConfig, Refusal> {
    let bad = |path: &str, why: String| Refusal::new("printer-invalid", path, why);
    check_name(&view.name).map_err(|why| bad("name", capital(&why)))?;
    let device: Device = view.device.trim().parse().map_err(|e| bad("device", capital(&format!("{e}"))))?;
    let word = |field: &str, said: &str, known: &[&str]| {
        bad(field, format!("«{said}» no se conoce; use {}.", known.join(", ")))
    };
    let takes = Takes::ALL.into_iter().find(|takes| takes.word() == view.takes);
    let takes = takes.ok_or_else(|| word("takes", &view.takes, &Takes::ALL.map(Takes::word)))?;
    let papers = [Paper::Mm80, Paper::Mm58, Paper::Letter];
    let paper = papers.into_iter().find(|paper| paper.word() == view.paper);
    let paper = paper.ok_or_else(|| word("paper", &view.paper, &papers.map(Paper::word)))?;
    let pages = [Codepage::Pc858, Codepage::Pc850, Codepage::Wpc1252, Codepage::Ascii];
    let codepage = pages.into_iter().find(|page| page.word() == view.codepage);
    let codepage = codepage.ok_or_else(|| word("codepage", &view.codepage, &pages.map(Codepage::word)))?;
    let statuses = [Status::Ask, Status::None];
    let status = statuses.into_iter().find(|status| status.word() == view.status);
    let status = status.ok_or_else(|| word("status", &view.status, &statuses.map(Status::word)))?;
    let speeds = 300..=921_600;
    if let Some(baud) = view.baud.filter(|baud| !speeds.contains(baud)) {
        return Err(bad(
            "baud",
            format!("{baud} no es una velocidad de puerto serie; lo común es 9600 o 19200."),
        ));
    }
    let serial = matches!(device, Device::Serial(..));
    let profile = Profile {
        paper,
        codepage,
        codepage_number: view.codepage_number,
        pictures: view.pictures,
        cut: view.cut,
        drawer: view.drawer,
        stamp_on_boletas: view.stamp_on_boletas,
        status,
        logo: None,
    };
    Ok(PlaceConfig {
        device: view.device.trim().to_owned(),
        takes,
        baud: view.baud.filter(|_| serial),
        profile,
    })
}

/// The sentence of an error, as it begins.
pub(crate) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

/// Writes a printer's lines, or takes them away.
pub(crate) fn write_printer(file: &mut DocumentMut, name: &str, place: Option<&PlaceConfig>) {
    let table = match name {
        MAIN => table_of(file.as_table_mut(), "printer"),
        name => table_of(table_of(file.as_table_mut(), "printers"), name),
    };
    let Some(place) = place else {
        if name == MAIN {
            for key in ["device", "takes", "baud", "profile"] {
                table.remove(key);
            }
        } else {
            table_of(file.as_table_mut(), "printers").remove(name);
        }
        return;
    };
    table["device"] = value(&place.device);
    table["takes"] = value(place.takes.word());
    set(table, "baud", place.baud.map(i64::from));
    let profile = table_of(table, "profile");
    profile["paper"] = value(place.profile.paper.word());
    profile["codepage"] = value(place.profile.codepage.word());
    set(profile, "codepage_number", place.profile.codepage_number.map(i64::from));
    profile["pictures"] = value(place.profile.pictures);
    profile["cut"] = value(place.profile.cut);
    profile["drawer"] = value(place.profile.drawer);
    profile["stamp_on_boletas"] = value(place.profile.stamp_on_boletas);
    profile["status"] = value(place.profile.status.word());
}

/// Writes where the logo is, or that there is none.
pub(crate) fn write_logo(file: &mut DocumentMut, logo: Option<&str>) {
    let table = table_of(file.as_table_mut(), "printer");
    match logo {
        Some(name) => table["logo"] = value(name),
        None => _ = table.remove("logo"),
    }
}

fn set(table: &mut Table, key: &str, number: Option<i64>) {
    match number {
        Some(number) => table[key] = value(number),
        None => _ = table.remove(key),
    }
}

#[cfg(test)]
mod tests;
