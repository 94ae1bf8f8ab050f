//! The printers of a folder at work: the `Paper` that the engine prints by, and the `Printers` that people set up.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use timbre_agent::carrier::is_of_a_link;
use timbre_agent::view::{FoundPrinterView, PrinterView, PrintersView, ProblemView};
use timbre_agent::{Answer, Printers};
use timbre_core::paper::{Copy, Drawing, Hold, Paper, Printing};
use timbre_core::receipt::Receipt;
use timbre_core::{Refusal, Series};
use timbre_printer::{
    Device, Hurry, Load, Logo, NotPrinted, Profile, device, pdf, svg, ticket, trial, trial_sheet,
};
use timbre_store::whole;
use toml_edit::DocumentMut;

use crate::config::Config;
use crate::folder::Turn;
use crate::printers::{self, MAIN, Ready, Set, capital};
use crate::settings_file::SettingsFile;

/// The folder's logo, as the window and the command line set it.
const LOGO: &str = "logo.png";

/// The printers, and what draws where there is none.
pub struct Printer {
    dir: PathBuf,
    training: bool,
    set: RwLock<Set>,
    file: Arc<SettingsFile>,
    /// The printing of the folder, while it is ours.
    turn: Mutex<Option<Turn>>,
    hurry: Hurry,
}

impl Printer {
    /// As it is written in the folder's settings; the error is a sentence.
    pub fn new(config: &Config, dir: &Path, training: bool) -> Result<Printer, String> {
        let set = Set::read(config, dir, training)?;
        if let Some(why) = &set.logo_trouble {
            tracing::warn!(%why, "the logo is left out");
        }
        Ok(Printer {
            dir: dir.to_owned(),
            training,
            set: RwLock::new(set),
            file: Arc::new(SettingsFile::of(dir)),
            turn: Mutex::default(),
            hurry: Hurry::default(),
        })
    }

    /// Goes on with a printing that was this program's before.
    pub fn resume(&self, turn: Option<Turn>) {
        *self.turn.lock().unwrap_or_else(PoisonError::into_inner) = turn;
    }

    /// The printing of the folder, where it is ours.
    pub fn turn(&self) -> Option<Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self) -> Set {
        self.set.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn send(
        &self,
        ready: Option<&Ready>,
        none: &str,
        name: &str,
        hold: Hold,
        made: impl FnOnce(&Profile) -> Made,
    ) -> Printing {
        let Some(ready) = ready else { return Printing::Failed { why: none.to_owned() } };
        match made(&ready.profile) {
            Ok((load, bytes)) => {
                ready.device.print(name, load, &bytes, hold, &self.hurry.giving(self.set().patience))
            }
            Err(error) => Printing::Failed { why: error.to_string() },
        }
    }

    /// The file that it is set up in.
    pub(crate) fn file(&self) -> &Arc<SettingsFile> {
        &self.file
    }

    /// What settings mean for it, if they mean anything.
    pub(crate) fn read(&self, config: &Config) -> Answer<Set> {
        Set::read(config, &self.dir, self.training).map_err(|why| self.file.wrong(&why))
    }

    /// From now on it is set up so.
    pub(crate) fn take(&self, set: Set) {
        *self.set.write().unwrap_or_else(PoisonError::into_inner) = set;
    }

    /// Changes the folder's settings and takes them over.
    fn change(&self, change: impl FnOnce(&mut DocumentMut) -> Answer<()>) -> Answer<PrintersView> {
        self.take(self.file.change(change, |config| self.read(config))?);
        Ok(self.list())
    }
}

/// What is sent, or why there is nothing to send.
type Made = Result<(Load, Vec<u8>), NotPrinted>;

const NONE: &str = "No hay una impresora configurada: agréguela en Ajustes.";

impl Paper for Printer {
    fn on_issue(&self, series: &Series, printer: Option<&str>) -> bool {
        self.set().prints(series, printer)
    }

    fn knows(&self, printer: &str) -> bool {
        self.set().each.contains_key(printer)
    }

    /// By the device: two names may stand for one, on which papers must not mix.
    fn place(&self, receipt: &Receipt, printer: Option<&str>) -> Option<String> {
        self.set().choose(receipt, printer).map(|ready| ready.place.device.trim().to_owned())
    }

    fn print(
        &self,
        name: &str,
        receipt: &Receipt,
        copy: Copy,
        printer: Option<&str>,
        hold: Hold,
    ) -> Printing {
        let name = match copy {
            Copy::Original => name.to_owned(),
            copy => format!("{name}-{}", copy.to_string().replace(' ', "-")),
        };
        let set = self.set();
        let none = match printer {
            Some(gone) => format!("Ya no hay una impresora «{gone}» configurada."),
            None if set.each.is_empty() => NONE.to_owned(),
            None => "Ninguna impresora configurada toma este tipo de documento (en papel de 58 mm solo salen boletas)."
                .to_owned(),
        };
        self.send(set.choose(receipt, printer), &none, &name, hold, |profile| {
            match profile.paper.is_sheet() {
                true => {
                    let beside = set.beside(receipt, printer).filter(|_| copy == Copy::Original);
                    let copies: Vec<Copy> = [copy].into_iter().chain(beside).collect();
                    Ok((Load::Sheets, pdf(receipt, &copies, profile.logo.as_deref())?))
                }
                false => Ok((Load::Ticket, ticket(receipt, copy, profile)?)),
            }
        })
    }

    fn beside(&self, receipt: &Receipt, printer: Option<&str>) -> Option<Copy> {
        self.set().beside(receipt, printer)
    }

    fn claim(&self) -> bool {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if turn.is_none() {
            match Turn::take(&self.dir) {
                Ok(taken) => *turn = taken,
                Err(error) => tracing::error!(%error, "who prints for this folder can't be told"),
            }
        }
        turn.is_some()
    }

    fn hurry(&self) {
        self.hurry.say();
    }

    fn leave(&self) {
        self.resume(None);
    }

    fn test(&self, printer: Option<&str>) -> Printing {
        let set = self.set();
        let ready = match printer {
            Some(name) => set.each.get(name),
            None => set.first(),
        };
        self.send(ready, NONE, "prueba", Box::new(()), |profile| match profile.paper.is_sheet() {
            true => Ok((Load::Sheets, trial_sheet(profile)?)),
            false => Ok((Load::Ticket, trial(profile))),
        })
    }

    fn draw(&self, receipt: &Receipt, copies: &[Copy], drawing: Drawing) -> Result<Vec<u8>, Refusal> {
        let set = self.set();
        // The screen shows what the shop's own paper could bear.
        let like = set.choose(receipt, None).map(|ready| ready.profile.clone());
        let like = like.unwrap_or_else(|| Profile { logo: set.logo.clone(), ..Profile::default() });
        let on = |paper| Profile { paper, ..like.clone() };
        let tickets = |profile: &Profile| -> Result<Vec<u8>, NotPrinted> {
            let each: Result<Vec<_>, _> = copies.iter().map(|copy| ticket(receipt, *copy, profile)).collect();
            Ok(each?.concat())
        };
        let drawn = match drawing {
            Drawing::Pdf => pdf(receipt, copies, like.logo.as_deref()),
            Drawing::Ticket80 => tickets(&on(timbre_printer::Paper::Mm80)),
            Drawing::Ticket58 => tickets(&on(timbre_printer::Paper::Mm58)),
            Drawing::Svg => {
                let wide = on(timbre_printer::Paper::Mm80);
                let profile = if receipt.narrow { &like } else { &wide };
                let copy = copies.first().copied().unwrap_or_default();
                svg(receipt, copy, profile).map(String::into_bytes)
            }
        };
        drawn.map_err(|error| Refusal::new(code(&error), "", capital(&error.to_string())))
    }
}

impl Printers for Printer {
    fn list(&self) -> PrintersView {
        let set = self.set();
        let mut printers: Vec<PrinterView> =
            set.each.iter().map(|(name, ready)| printers::view(name, &ready.place)).collect();
        printers.sort_by_key(|printer| (printer.name != MAIN, printer.name.clone()));
        let (on_issue, logo) = (set.on_issue, set.logo.is_some());
        PrintersView { printers, on_issue, logo, logo_trouble: set.logo_trouble }
    }

    /// No caller names a path of this machine: what is not on the network was found here, or stands in the settings
    /// already. Nor one of a link's own, where a cloud tells its machines their keys.
    fn put(&self, printer: &PrinterView) -> Answer<PrintersView> {
        let place = printers::place(printer)?;
        let device = place.device.parse();
        let network = matches!(device, Ok(Device::Network(_)));
        let set_up = self.set().each.values().any(|ready| ready.place.device == place.device);
        if let Ok(Device::Network(address)) = &device
            && !set_up
            && address.parse::<SocketAddr>().is_ok_and(|address| is_of_a_link(address.ip()))
        {
            return Err(Refusal::new("printer-link-local", "device", LINK).into());
        }
        if !network && !set_up {
            let found = device::find();
            if !found.iter().any(|found| found.device == place.device) {
                return Err(not_found(&place.device, &found).into());
            }
        }
        self.change(|file| {
            printers::write_printer(file, &printer.name, Some(&place));
            Ok(())
        })
    }

    fn remove(&self, name: &str) -> Answer<PrintersView> {
        if !self.knows(name) {
            let why = format!("No hay una impresora «{name}» configurada.");
            return Err(Refusal::new("printer-unknown", "name", why).into());
        }
        self.change(|file| {
            printers::write_printer(file, name, None);
            Ok(())
        })
    }

    fn find(&self) -> Vec<FoundPrinterView> {
        let view = |found: device::Found| FoundPrinterView { device: found.device, name: found.name };
        device::find().into_iter().map(view).collect()
    }

    fn set_logo(&self, file: Option<&[u8]>) -> Answer<PrintersView> {
        let path = self.dir.join(LOGO);
        if let Some(bytes) = file {
            let bad = |why: String| ProblemView::from(Refusal::new("logo-invalid", "", capital(&why)));
            Logo::read(bytes).map_err(|error| bad(error.to_string()))?;
            whole::write_plain(&path, bytes)
                .map_err(|error| bad(format!("no se pudo guardar {} ({error})", path.display())))?;
        }
        self.change(|settings| {
            printers::write_logo(settings, file.map(|_| LOGO));
            Ok(())
        })
    }
}

const LINK: &str = "La dirección de una impresora no puede ser de enlace local (169.254.0.0/16, fe80::/10): déle una de la \
                    red de la tienda. Si está conectada directo a este equipo, se escribe en timbre.toml.";

/// With what there is in its place.
fn not_found(device: &str, found: &[device::Found]) -> Refusal {
    let here = match found {
        [] => "Timbre no encuentra ninguna".to_owned(),
        found => {
            let each: Vec<String> = found.iter().map(|found| format!("«{}»", found.device)).collect();
            format!("Timbre encuentra {}", each.join(", "))
        }
    };
    let why = format!(
        "«{device}» no está entre las impresoras de este equipo: {here}. Use una de esas o una dirección de red; otro \
         lugar se escribe en timbre.toml."
    );
    Refusal::new("printer-not-found", "device", why)
}

fn code(error: &NotPrinted) -> &'static str {
    match error {
        NotPrinted::PaperTooNarrow => "paper-narrow",
        NotPrinted::NotCeded => "paper-not-ceded",
        NotPrinted::StampTooLarge | NotPrinted::TooLong(_) => "stamp-large",
        NotPrinted::Sheet(_) => "paper-failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printer(settings: &str) -> Result<Printer, String> {
        Printer::new(&toml::from_str(settings).unwrap(), Path::new("."), false)
    }

    #[test]
    fn without_a_printer_nothing_is_printed_and_it_is_said() {
        let none = printer("").unwrap();
        assert!(!none.on_issue(&Series("39".to_owned()), None));
        let how = none.print("T39F1", &Receipt::default(), Copy::Original, None, Box::new(()));
        assert!(how.why().contains("No hay una impresora configurada"), "{how:?}");
        assert!(
            none.draw(&Receipt::default(), &[Copy::Original], Drawing::Pdf).unwrap().starts_with(b"%PDF")
        );
    }

    #[test]
    fn a_printer_that_is_not_here_is_refused_with_those_that_are() {
        let found = |device: &str| device::Found { device: device.to_owned(), name: String::new() };
        let here = [found("cola:Caja"), found("dispositivo:/dev/usb/lp0")];
        let refused = not_found("cola:Cja", &here);
        assert!(refused.message.contains("«cola:Caja», «dispositivo:/dev/usb/lp0»"), "{}", refused.message);
        assert!(not_found("cola:Cja", &[]).message.contains("no encuentra ninguna"));
    }

    #[test]
    fn what_may_not_be_drawn_is_refused_in_a_sentence() {
        let printer = printer("[printer]\ndevice = \"carpeta:papel\"\n").unwrap();
        let refused = |copies: &[Copy], drawing| {
            let refusal = printer.draw(&Receipt::default(), copies, drawing).unwrap_err();
            (refusal.code, refusal.message)
        };
        let (code, message) = refused(&[Copy::Original], Drawing::Ticket58);
        assert!(
            code == "paper-narrow" && message.starts_with("Este documento necesita papel de 80 mm"),
            "{message}"
        );
        assert_eq!(refused(&[Copy::Ceded], Drawing::Pdf).0, "paper-not-ceded");
    }
}
