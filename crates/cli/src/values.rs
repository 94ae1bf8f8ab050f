//! Values of the command line that are more than text: durations, dates, shares, numbers, states.
//! Every complaint is a Spanish sentence; clap's own parsers speak English.

use std::str::FromStr;
use std::time::Duration;

use timbre_core::{Date, DocState, DocumentId};

/// `2s`, `500ms`, `1m`, `1,5s`; a bare number is seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let bad = || format!("«{text}» no es una duración; escriba por ejemplo 500ms, 2s o 1m");
    let unit_at = text.find(|c: char| c.is_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let seconds_each = match unit {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(bad()),
    };
    let number: f64 = number.trim().replace(',', ".").parse().map_err(|_| bad())?;
    Duration::try_from_secs_f64(number * seconds_each).map_err(|_| bad())
}

/// `AAAA-MM-DD`.
pub fn date(text: &str) -> Result<Date, String> {
    text.trim()
        .parse()
        .map_err(|_| format!("«{text}» no es una fecha; se escribe AAAA-MM-DD, como 2026-11-22"))
}

/// `T39F1234`.
pub fn id(text: &str) -> Result<DocumentId, String> {
    text.parse().map_err(|e: timbre_core::document::BadDocumentId| e.to_string())
}

/// Part `n` of `m`: `1/3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share(pub u32, pub u32);

impl Share {
    pub fn parse(text: &str) -> Result<Share, String> {
        text.split_once('/')
            .and_then(|(n, m)| Some(Share(n.trim().parse().ok()?, m.trim().parse().ok()?)))
            .filter(|Share(n, m)| (1..=*m).contains(n))
            .ok_or_else(|| format!("«{text}» no es una parte; la primera de tres cajas se escribe 1/3"))
    }
}

impl std::fmt::Display for Share {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.0, self.1)
    }
}

/// A whole number.
pub fn number<N: FromStr>(text: &str) -> Result<N, String> {
    text.trim().parse().map_err(|_| format!("«{text}» no es un número entero válido aquí"))
}

/// A type and a folio of it: `39=120`.
pub fn used_up_to(text: &str) -> Result<(u16, u64), String> {
    let parts = text.split_once('=');
    parts
        .and_then(|(kind, folio)| Some((kind.trim().parse().ok()?, folio.trim().parse().ok()?)))
        .ok_or_else(|| format!("«{text}» no es un tipo y su folio; el 120 del tipo 39 se escribe 39=120"))
}

/// A state, or one of the panel's counters, in Spanish or as the API names it.
pub fn state(text: &str) -> Result<String, String> {
    if let Some(state) = DocState::from_word(text) {
        return Ok(state.word().to_owned());
    }
    let counter = match text.trim().to_lowercase().replace([' ', '_'], "-").as_str() {
        "por-enviar" | "queued" => "queued",
        "sending" => "sending",
        "en-el-sii" | "at-authority" => "at_authority",
        "aceptados" | "accepted" => "accepted",
        "con-problema" | "problem" => "problem",
        "por-anular" | "to-annul" => "to_annul",
        _ => {
            let words: Vec<_> = DocState::ALL.iter().map(|s| s.word()).collect();
            return Err(format!(
                "«{text}» no es un estado; pueden ser {}, por-enviar, en-el-sii, aceptados, con-problema o por-anular",
                words.join(", ")
            ));
        }
    };
    Ok(counter.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, millis) in [
            ("2s", 2000),
            ("500ms", 500),
            ("1m", 60_000),
            ("0", 0),
            ("3", 3000),
            ("1.5s", 1500),
            ("1,5 s", 1500),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for bad in ["", "s", "-1s", "2 días", "1e999s", "NaN"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_share_is_one_of_as_many() {
        assert_eq!(Share::parse("2/3"), Ok(Share(2, 3)));
        for bad in ["0/3", "4/3", "3", "a/b", "1/0", "-1/2"] {
            assert!(Share::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn states_and_counters_are_read_in_both_languages() {
        assert_eq!(state("pendiente").as_deref(), Ok("PENDIENTE"));
        assert_eq!(state("En el SII").as_deref(), Ok("at_authority"));
        assert_eq!(state("at_authority").as_deref(), Ok("at_authority"));
        assert_eq!(state("Por anular"), state("to_annul"));
        assert!(state("perdido").unwrap_err().contains("GENERADO"));
    }

    #[test]
    fn dates_numbers_and_ids_complain_in_spanish() {
        assert!(date("2026-02-30").unwrap_err().contains("AAAA-MM-DD"));
        assert_eq!(date("2026-11-22").unwrap().to_string(), "2026-11-22");
        assert!(number::<u16>("70000").unwrap_err().contains("número entero"));
        assert!(id("39-1").unwrap_err().contains("T39F1234"));
    }
}
