//! The printer of a folder: its settings, and the `Paper` that the engine prints by.

use timbre_core::Refusal;
use timbre_core::paper::{Copy, Drawing, Paper, Printing};
use timbre_core::receipt::Receipt;
use timbre_printer::{Device, NotPrinted, Profile, pdf, svg, ticket, trial};

/// A printer, and what draws where there is none.
pub struct Printer {
    device: Option<Device>,
    profile: Profile,
    on_issue: bool,
}

impl Printer {
    /// `device` as it is written in the folder's settings; empty for none.
    pub fn new(device: &str, profile: Profile, on_issue: bool) -> Result<Printer, timbre_printer::BadDevice> {
        let device = match device.trim() {
            "" => None,
            text => Some(text.parse()?),
        };
        Ok(Printer { device, profile, on_issue })
    }

    fn send(&self, name: &str, bytes: Result<Vec<u8>, NotPrinted>) -> Printing {
        let none = || "No hay una impresora configurada ([printer] en timbre.toml).".to_owned();
        match (&self.device, bytes) {
            (None, _) => Printing::Failed { why: none() },
            (_, Err(error)) => Printing::Failed { why: error.to_string() },
            (Some(device), Ok(bytes)) => device.print(name, &bytes),
        }
    }
}

impl Paper for Printer {
    fn on_issue(&self) -> bool {
        self.on_issue && self.device.is_some()
    }

    fn knows(&self, _: &str) -> bool {
        false
    }

    fn print(&self, name: &str, receipt: &Receipt, copy: Copy, _: Option<&str>) -> Printing {
        let name = match copy {
            Copy::Original => name.to_owned(),
            Copy::Repeated | Copy::Ceded => format!("{name}-{copy}"),
        };
        self.send(&name, ticket(receipt, copy, &self.profile))
    }

    fn test(&self, _: Option<&str>) -> Printing {
        self.send("prueba", Ok(trial(&self.profile)))
    }

    fn draw(&self, receipt: &Receipt, copies: &[Copy], drawing: Drawing) -> Result<Vec<u8>, Refusal> {
        let on = |paper| Profile { paper, ..self.profile.clone() };
        let tickets = |profile: &Profile| -> Result<Vec<u8>, NotPrinted> {
            let each: Result<Vec<_>, _> = copies.iter().map(|copy| ticket(receipt, *copy, profile)).collect();
            Ok(each?.concat())
        };
        let drawn = match drawing {
            Drawing::Pdf => pdf(receipt, copies),
            Drawing::Ticket80 => tickets(&on(timbre_printer::Paper::Mm80)),
            Drawing::Ticket58 => tickets(&on(timbre_printer::Paper::Mm58)),
            Drawing::Svg => {
                // The screen shows what the shop's own paper could bear.
                let wide = on(timbre_printer::Paper::Mm80);
                let profile = if receipt.narrow { &self.profile } else { &wide };
                let copy = copies.first().copied().unwrap_or_default();
                svg(receipt, copy, profile).map(String::into_bytes)
            }
        };
        drawn.map_err(|error| Refusal::new(code(&error), "", sentence(&error)))
    }
}

fn code(error: &NotPrinted) -> &'static str {
    match error {
        NotPrinted::PaperTooNarrow => "paper-narrow",
        NotPrinted::NotCeded => "paper-not-ceded",
        NotPrinted::StampTooLarge | NotPrinted::TooLong(_) => "stamp-large",
        NotPrinted::Sheet(_) => "paper-failed",
    }
}

fn sentence(error: &NotPrinted) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first: String = letters.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_printer_nothing_is_printed_and_it_is_said() {
        let none = Printer::new("", Profile::default(), true).unwrap();
        assert!(!none.on_issue());
        let how = none.print("T39F1", &Receipt::default(), Copy::Original, None);
        assert!(how.why().contains("[printer]"), "{how:?}");
        assert!(
            none.draw(&Receipt::default(), &[Copy::Original], Drawing::Pdf).unwrap().starts_with(b"%PDF")
        );
    }

    #[test]
    fn what_may_not_be_drawn_is_refused_in_a_sentence() {
        let printer = Printer::new("carpeta:papel", Profile::default(), true).unwrap();
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
        assert!(Printer::new("lpt", Profile::default(), true).is_err());
    }
}
