//! The text of one element: read leniently from a sale, held strictly against a document. Both ask the
//! same shape.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::{Date, DateTime, Time, date};

use super::Shape;
use crate::rut::{BadRut, Rut};
use crate::{latin1, money};

/// Why a text is not what an element holds. Each has a stable code and a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    #[error("«{0}» no es un número; escríbalo con dígitos y punto decimal, sin separador de miles")]
    NotNumber(String),
    #[error("{}", not_figures(.0))]
    NotFigures(String),
    #[error("«{0}» debe ser un número entero, sin decimales")]
    NotWhole(String),
    #[error("«{text}» tiene más de {most} decimales; redondéelo")]
    TooManyDecimals { text: String, most: u32 },
    #[error("«{text}» está fuera de rango; debe ir de {least} a {most}")]
    OutOfRange { text: String, least: String, most: String },
    #[error("tiene {length} caracteres y el SII acepta hasta {most}; acórtelo")]
    TooLong { length: usize, most: usize },
    #[error("no dice nada y el SII exige un texto")]
    Empty,
    #[error(
        "tiene el carácter {}, que no existe en ISO-8859-1, la codificación que exige el SII; quítelo o cámbielo",
        latin1::shown(*.0)
    )]
    NotLatin1(char),
    #[error("«{0}» no es una fecha; escríbala como 2026-01-31")]
    NotDate(String),
    #[error("la fecha {text} está fuera de rango; el SII acepta desde {from} hasta 2050-12-31")]
    DateOutOfRange { text: String, from: Date },
    #[error("«{0}» no es fecha y hora; escríbalas como 2026-01-31T15:04:05")]
    NotMoment(String),
    #[error("«{0}» no es una hora; escríbala como 15:04:05")]
    NotHour(String),
    #[error("no está en base64")]
    NotBase64,
    #[error("{0}")]
    BadRut(#[from] BadRut),
    #[error("«{text}» no es un valor permitido; use {}", .allowed.join(", "))]
    NotAllowed { text: String, allowed: &'static [&'static str] },
}

impl Problem {
    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Problem::NotNumber(_) | Problem::NotFigures(_) => "number-malformed",
            Problem::NotWhole(_) => "number-not-whole",
            Problem::TooManyDecimals { .. } => "decimals-too-many",
            Problem::OutOfRange { .. } => "number-out-of-range",
            Problem::TooLong { .. } => "text-too-long",
            Problem::Empty => "text-empty",
            Problem::NotLatin1(_) => "text-not-latin1",
            Problem::NotDate(_) => "date-malformed",
            Problem::DateOutOfRange { .. } => "date-out-of-range",
            Problem::NotMoment(_) => "moment-malformed",
            Problem::NotHour(_) => "hour-malformed",
            Problem::NotBase64 => "base64-malformed",
            Problem::BadRut(BadRut::Shape(_)) => "rut-malformed",
            Problem::BadRut(BadRut::Range(_)) => "rut-out-of-range",
            Problem::BadRut(BadRut::Digit { .. }) => "rut-check-digit",
            Problem::NotAllowed { .. } => "value-not-allowed",
        }
    }
}

/// A person's text as a document holds it: brought into ISO-8859-1, without blanks at its ends, and
/// without quotes: `"` becomes `¨` and `'` becomes `´`, one character each.
///
/// Quotes are legal, but two engines have disagreed about `&apos;` in what is signed, and a whole
/// envelope fell for "PLC'S"; with neither quote there is nothing to disagree about.
pub fn paper_text(text: &str) -> String {
    let tidied = latin1::tidy(text);
    // Every blank is a plain one by now; what Unicode takes for one beside it is a control character.
    tidied.trim_matches(' ').chars().map(unquoted).collect()
}

fn unquoted(ch: char) -> char {
    match ch {
        '"' => '¨',
        '\'' => '´',
        other => other,
    }
}

impl Shape {
    /// Reads what a till or a person wrote, and gives it as the document holds it.
    pub fn read(&self, written: &str) -> Result<String, Problem> {
        let text = written.trim();
        let held = match self {
            Shape::Text { .. } => paper_text(written),
            Shape::Whole { .. } => {
                let number = money::parse(text).ok_or_else(|| Problem::NotFigures(short(text)))?;
                if !number.is_integer() {
                    return Err(Problem::NotWhole(short(text)));
                }
                money::plain(number)
            }
            Shape::Decimal { .. } => {
                money::plain(money::parse(text).ok_or_else(|| Problem::NotNumber(short(text)))?)
            }
            Shape::Rut => text.parse::<Rut>()?.to_string(),
            Shape::RutOrNone => Rut::of_receptor(text)?.to_string(),
            Shape::OneOf(allowed) => one_of(text, allowed)?,
            Shape::Date { .. }
            | Shape::Moment { .. }
            | Shape::Hour
            | Shape::Base64
            | Shape::Group(_)
            | Shape::Markup => text.to_owned(),
        };
        self.holds(&held)?;
        Ok(held)
    }

    /// Is this text right as it stands in a document?
    pub fn holds(&self, text: &str) -> Result<(), Problem> {
        match *self {
            Shape::Text { least, most } => text_holds(text, least, most),
            Shape::Whole { least, most } => whole_holds(text, least, most),
            Shape::Decimal { decimals, zero, most } => decimal_holds(text, decimals, zero, most),
            Shape::Date { from: (year, month, day) } => date_holds(text, date(year, month, day)),
            Shape::Moment { from: (year, month, day) } => moment_holds(text, date(year, month, day)),
            Shape::Hour => match text.parse::<Time>() {
                Ok(hour) if hour.to_string() == text => Ok(()),
                _ => Err(Problem::NotHour(short(text))),
            },
            Shape::Rut => rut_holds(text.parse()?, text),
            Shape::RutOrNone => rut_holds(Rut::of_receptor(text)?, text),
            Shape::OneOf(allowed) if allowed.contains(&text) => Ok(()),
            Shape::OneOf(allowed) => Err(Problem::NotAllowed { text: short(text), allowed }),
            Shape::Base64 => {
                let flat: String = text.split_ascii_whitespace().collect();
                match STANDARD.decode(&flat) {
                    Ok(bytes) if !bytes.is_empty() => Ok(()),
                    _ => Err(Problem::NotBase64),
                }
            }
            Shape::Group(_) | Shape::Markup => Ok(()),
        }
    }
}

fn text_holds(text: &str, least: usize, most: usize) -> Result<(), Problem> {
    if let Err(stranger) = latin1::encode(text) {
        return Err(Problem::NotLatin1(stranger.ch));
    }
    match text.chars().count() {
        length if length > most => Err(Problem::TooLong { length, most }),
        length if length < least => Err(Problem::Empty),
        _ => Ok(()),
    }
}

/// A document writes a RUT one way only.
fn rut_holds(rut: Rut, text: &str) -> Result<(), Problem> {
    if rut.to_string() == text { Ok(()) } else { Err(BadRut::Shape(short(text)).into()) }
}

fn whole_holds(text: &str, least: i64, most: i64) -> Result<(), Problem> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Problem::NotFigures(short(text)));
    }
    match text.parse::<i64>() {
        Ok(number) if (least..=most).contains(&number) => Ok(()),
        _ => {
            let bound = |number: i64| in_words(&number.to_string());
            Err(Problem::OutOfRange { text: short(text), least: bound(least), most: bound(most) })
        }
    }
}

fn decimal_holds(text: &str, decimals: u32, zero: bool, most: i128) -> Result<(), Problem> {
    // xs:decimal has no exponent; JSON has.
    let plain = Some(text).filter(|text| !text.contains(['e', 'E']));
    let number = plain.and_then(money::parse).ok_or_else(|| Problem::NotNumber(short(text)))?;
    let unit = 10_i128.pow(decimals);
    let bounds = || {
        let most = money::Decimal::try_from_i128_with_scale(most, 6).map(money::plain).unwrap_or_default();
        let least = if zero { "0".to_owned() } else { money::plain(money::Decimal::new(1, decimals)) };
        Problem::OutOfRange { text: short(text), least: in_words(&least), most: in_words(&most) }
    };
    if number.is_sign_negative() || (number.is_zero() && !zero) {
        return Err(bounds());
    }
    if number.scale() > decimals {
        return Err(Problem::TooManyDecimals { text: short(text), most: decimals });
    }
    let scaled = number.mantissa().checked_mul(unit / 10_i128.pow(number.scale())).ok_or_else(bounds)?;
    if scaled > most / (1_000_000 / unit) { Err(bounds()) } else { Ok(()) }
}

fn date_holds(text: &str, from: Date) -> Result<(), Problem> {
    let malformed = || Problem::NotDate(short(text));
    if text.len() != 10 {
        return Err(malformed());
    }
    let day: Date = text.parse().map_err(|_| malformed())?;
    if day < from || day > date(2050, 12, 31) {
        return Err(Problem::DateOutOfRange { text: text.to_owned(), from });
    }
    Ok(())
}

/// One spelling alone: a blank or `t` for the `T`, or a second 60, is a time to a parser and not to the
/// schema, and a document that the schema refuses takes its whole envelope with it.
fn moment_holds(text: &str, from: Date) -> Result<(), Problem> {
    match text.parse::<DateTime>() {
        Ok(moment) if moment.to_string() == text => date_holds(&moment.date().to_string(), from),
        _ => Err(Problem::NotMoment(short(text))),
    }
}

/// An enumerated value; `1`, `1.0` and `01` are the same where the values are numbers.
fn one_of(text: &str, allowed: &'static [&'static str]) -> Result<String, Problem> {
    let number = money::parse(text).filter(money::Decimal::is_integer);
    let same = |value: &&&str| {
        value.eq_ignore_ascii_case(text) || (number.is_some() && money::parse(value) == number)
    };
    let found = allowed.iter().find(same).map(|value| (*value).to_owned());
    found.ok_or_else(|| Problem::NotAllowed { text: short(text), allowed })
}

fn not_figures(text: &str) -> String {
    match text.strip_suffix('%') {
        Some(_) => format!("«{text}» es un porcentaje y aquí va el monto, en pesos"),
        None => format!("«{text}» no es un número entero; escríbalo solo con dígitos"),
    }
}

/// A plain number as it is read in Chile: `999.999,5`.
fn in_words(plain: &str) -> String {
    let (whole, decimals) = plain.split_once('.').unwrap_or((plain, ""));
    let (sign, digits) = whole.split_at(whole.len() - whole.trim_start_matches('-').len());
    let whole = digits.parse().map_or_else(|_| digits.to_owned(), timbre_core::thousands);
    let comma = if decimals.is_empty() { "" } else { "," };
    format!("{sign}{whole}{comma}{decimals}")
}

/// What is quoted back, never a page of it.
fn short(text: &str) -> String {
    if text.chars().count() <= 40 { text.to_owned() } else { text.chars().take(40).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tags::{MOST_12_6, MOST_16_2};

    #[test]
    fn what_is_wrong_with_a_number_is_told_as_numbers_are_read_in_chile() {
        let told = |shape: Shape, text: &str| shape.read(text).unwrap_err().to_string();
        assert_eq!(
            told(QUANTITY, "0"),
            "«0» está fuera de rango; debe ir de 0,000001 a 999.999.999.999,999999"
        );
        let number = Shape::Whole { least: 0, most: 999_999 };
        assert_eq!(told(number, "1000000"), "«1000000» está fuera de rango; debe ir de 0 a 999.999");
        assert_eq!(told(number, "abc"), "«abc» no es un número entero; escríbalo solo con dígitos");
        assert_eq!(told(number, "200%"), "«200%» es un porcentaje y aquí va el monto, en pesos");
    }

    const TEXT: Shape = Shape::Text { least: 1, most: 5 };
    const MOMENT: Shape = Shape::Moment { from: (2010, 3, 10) };
    const QUANTITY: Shape = Shape::Decimal { decimals: 6, zero: false, most: MOST_12_6 };

    #[test]
    fn what_is_read_is_what_a_document_holds() {
        for (shape, written, held) in [
            (TEXT, "  Ñuño ", "Ñuño"),
            (TEXT, "a\"b'c", "a¨b´c"),
            (TEXT, "‘x’", "´x´"),
            (Shape::Whole { least: 0, most: 9000 }, "1000.0", "1000"),
            (QUANTITY, "0.500", "0.5"),
            (QUANTITY, "999999999999.999999", "999999999999.999999"),
            (
                Shape::Decimal { decimals: 2, zero: false, most: MOST_16_2 },
                "9999999999999999.99",
                "9999999999999999.99",
            ),
            (Shape::Rut, "76.192.083-9", "76192083-9"),
            (Shape::RutOrNone, " 0-0", "0-0"),
            (Shape::RutOrNone, "76.192.083-9", "76192083-9"),
            (Shape::OneOf(&["01", "02"]), "2", "02"),
            (Shape::OneOf(&["D", "R"]), "d", "D"),
            (Shape::Date { from: (2003, 4, 1) }, " 2026-01-31 ", "2026-01-31"),
            (Shape::Hour, "08:30:00", "08:30:00"),
            (MOMENT, "2026-01-31T00:00:00", "2026-01-31T00:00:00"),
        ] {
            assert_eq!(shape.read(written).as_deref(), Ok(held), "{written}");
            assert_eq!(shape.holds(held), Ok(()), "{held}");
        }
    }

    #[test]
    fn an_exponent_is_read_and_never_held() {
        assert_eq!(QUANTITY.read("25e-1").as_deref(), Ok("2.5"));
        assert_eq!(QUANTITY.holds("25e-1").map_err(|p| p.code()), Err("number-malformed"));
    }

    #[test]
    fn what_does_not_fit_says_why() {
        for (shape, written, code) in [
            (TEXT, "", "text-empty"),
            (TEXT, "seis66", "text-too-long"),
            (TEXT, "🍞", "text-not-latin1"),
            (Shape::Whole { least: 0, most: 9 }, "1.5", "number-not-whole"),
            (Shape::Whole { least: 0, most: 9 }, "-1", "number-out-of-range"),
            (Shape::Whole { least: 0, most: 9 }, "diez", "number-malformed"),
            (QUANTITY, "0", "number-out-of-range"),
            (QUANTITY, "-2", "number-out-of-range"),
            (QUANTITY, "0.0000001", "decimals-too-many"),
            (QUANTITY, "1000000000000", "number-out-of-range"),
            (QUANTITY, "1,5", "number-malformed"),
            (Shape::Rut, "76192083-8", "rut-check-digit"),
            (Shape::Rut, "hola", "rut-malformed"),
            (Shape::Rut, "1-9", "rut-out-of-range"),
            (Shape::Rut, "0-0", "rut-out-of-range"),
            (Shape::RutOrNone, "1-9", "rut-out-of-range"),
            (Shape::OneOf(&["1", "2"]), "3", "value-not-allowed"),
            (Shape::Date { from: (2003, 4, 1) }, "31-01-2026", "date-malformed"),
            (Shape::Date { from: (2003, 4, 1) }, "2026-02-30", "date-malformed"),
            (Shape::Date { from: (2003, 4, 1) }, "2003-03-31", "date-out-of-range"),
            (MOMENT, "2026-01-31", "moment-malformed"),
            (MOMENT, "2026-01-31 15:04:05", "moment-malformed"),
            (MOMENT, "2026-01-31t15:04:05", "moment-malformed"),
            (MOMENT, "2026-01-31T15:04:60", "moment-malformed"),
            (MOMENT, "20260131T150405.123", "moment-malformed"),
            (MOMENT, "0001-01-01T00:00:00", "date-out-of-range"),
            (MOMENT, "2051-01-01T00:00:00", "date-out-of-range"),
            (Shape::Hour, "8:30", "hour-malformed"),
            (Shape::Hour, "23:59:60", "hour-malformed"),
        ] {
            assert_eq!(shape.read(written).map_err(|p| p.code()), Err(code), "{written}");
        }
    }
}
