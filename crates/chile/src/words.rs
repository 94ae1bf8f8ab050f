//! A plain Spanish sentence for every code of the SII: what it means and what to do. The sentences
//! are data; what a code does to a document is decided elsewhere.

mod documents;
mod errors;
mod services;
mod states;

use timbre_core::Remark;

/// Code and sentence. Codes of services that answer in bare numbers bear the service's name.
type Table = &'static [(&'static str, &'static str)];

const TABLES: [Table; 4] = [services::TABLE, states::TABLE, documents::TABLE, errors::TABLE];

/// A remark of the SII with our own sentence beside its words.
pub fn remark(code: impl Into<String>, words: impl Into<String>) -> Remark {
    let code = code.into();
    let meaning = meaning(&code);
    Remark { code, words: words.into(), meaning }
}

/// What a code means. An unknown one is said to be unknown; its level, where it has one, still tells.
pub fn meaning(code: &str) -> String {
    if let Some(sentence) = known(code).or_else(|| at_another_level(code)) {
        return sentence.to_owned();
    }
    let tail = "Timbre no conoce este código: lea las palabras del SII o consulte con su contador.";
    match level(code) {
        Some("1") => format!("El SII aceptó el documento con un reparo leve ({code}). {tail}"),
        Some("2") => format!("El SII aceptó el documento con un reparo ({code}). {tail}"),
        Some("3") => format!("El SII rechazó el documento ({code}). {tail}"),
        _ if code.is_empty() => "El SII no dio un código. Lea sus palabras.".to_owned(),
        _ => format!("El SII respondió {code}. {tail}"),
    }
}

fn known(code: &str) -> Option<&'static str> {
    TABLES.iter().flat_map(|table| table.iter()).find(|(c, _)| *c == code).map(|(_, sentence)| *sentence)
}

/// `SECCION-nivel-codigo`: the same fault may come at another level, or the level be ours to guess.
fn at_another_level(code: &str) -> Option<&'static str> {
    let (section, _, number) = grammar(code)?;
    let same = |other: &str| grammar(other).is_some_and(|(s, _, n)| s == section && n == number);
    errors::TABLE.iter().find(|(c, _)| same(c)).map(|(_, sentence)| *sentence)
}

fn level(code: &str) -> Option<&str> {
    grammar(code).map(|(_, level, _)| level)
}

fn grammar(code: &str) -> Option<(&str, &str, &str)> {
    let mut parts = code.split('-');
    let parsed = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (parts.next().is_none() && digits(parsed.1) && digits(parsed.2)).then_some(parsed)
}

#[cfg(test)]
mod tests;
