//! The RUT, a person's or a company's tax id: read leniently, written one way only.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A RUT whose check digit is right.
///
/// Body from 100.000 to 99.999.999 (formato DTE 2.4.2, RUTEmisor y RUTRecep).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rut {
    body: u32,
}

/// Why a text is no RUT.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadRut {
    #[error("«{0}» no es un RUT; se escribe como 76192083-9")]
    Shape(String),
    #[error("el RUT {0} está fuera de rango; van de 100000 a 99999999 más el dígito verificador")]
    Range(String),
    #[error("el dígito verificador de {written} no corresponde; debe ser {expected}")]
    Digit { written: String, expected: char },
}

impl Rut {
    /// The consumer without a name of a boleta (formato boleta electrónica, RUTRecep).
    pub const CONSUMER: Rut = Rut { body: 66_666_666 };
    /// No RUT at all, `0-0`: the buyer of a boleta whom its issuer knows by CdgIntRecep (formato boletas
    /// 4.2, RUTRecep). [`FromStr`] does not read it: nowhere else may it stand.
    pub const NONE: Rut = Rut { body: 0 };
    /// The SII itself, receptor of every carátula that is sent to it.
    pub const SII: Rut = Rut { body: 60_803_000 };
    /// A receptor without a RUT: exports and tourists (formato DTE, RUTRecep).
    pub const FOREIGN: Rut = Rut { body: 55_555_555 };

    const BODIES: std::ops::RangeInclusive<u32> = 100_000..=99_999_999;

    /// The RUT of this body, with the digit that belongs to it; `None` out of range.
    pub fn of(body: u32) -> Option<Rut> {
        Rut::BODIES.contains(&body).then_some(Rut { body })
    }

    /// The receptor of a document: a RUT, or the `0-0` that a boleta may say.
    pub fn of_receptor(text: &str) -> Result<Rut, BadRut> {
        if text.trim() == "0-0" { Ok(Rut::NONE) } else { text.parse() }
    }

    /// The number without its check digit.
    pub fn digits(self) -> u32 {
        self.body
    }

    /// The check digit: `0` to `9` or `K`.
    pub fn dv(self) -> char {
        check_digit(self.body)
    }

    /// As people read it: `76.192.083-9`.
    pub fn dotted(self) -> String {
        let digits = self.body.to_string();
        let mut out = String::with_capacity(12);
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                out.push('.');
            }
            out.push(digit);
        }
        out.push('-');
        out.push(self.dv());
        out
    }
}

/// Modulo 11: digits from right to left by 2, 3, 4, 5, 6, 7, and again.
fn check_digit(body: u32) -> char {
    let (mut rest, mut factor, mut sum) = (body, 2, 0);
    while rest > 0 {
        sum += rest % 10 * factor;
        rest /= 10;
        factor = if factor == 7 { 2 } else { factor + 1 };
    }
    match 11 - sum % 11 {
        11 => '0',
        10 => 'K',
        n => char::from_digit(n, 10).expect("between 1 and 9"),
    }
}

impl FromStr for Rut {
    type Err = BadRut;

    /// Dots, spaces, a lower-case `k`, leading zeros and a missing dash are forgiven.
    fn from_str(text: &str) -> Result<Rut, BadRut> {
        let shape = || BadRut::Shape(text.to_owned());
        let plain: String = text.chars().filter(|c| !matches!(c, '.' | ' ' | '\u{A0}')).collect();
        let (body, dv) = match plain.split_once('-') {
            Some((body, dv)) => (body, dv),
            None => plain.split_at_checked(plain.len().wrapping_sub(1)).ok_or_else(shape)?,
        };
        let dv = match dv.as_bytes() {
            [b'k' | b'K'] => 'K',
            [digit @ b'0'..=b'9'] => char::from(*digit),
            _ => return Err(shape()),
        };
        if body.is_empty() || !body.bytes().all(|b| b.is_ascii_digit()) {
            return Err(shape());
        }
        let range = || BadRut::Range(text.trim().to_owned());
        let rut = Rut::of(body.parse().map_err(|_| range())?).ok_or_else(range)?;
        if rut.dv() != dv {
            return Err(BadRut::Digit { written: text.trim().to_owned(), expected: rut.dv() });
        }
        Ok(rut)
    }
}

impl fmt::Display for Rut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.body, self.dv())
    }
}

impl Serialize for Rut {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rut {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Rut, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rut_is_read_leniently_and_written_one_way() {
        for (text, written, dotted) in [
            ("76192083-9", "76192083-9", "76.192.083-9"),
            (" 76.192.083-9 ", "76192083-9", "76.192.083-9"),
            ("761920839", "76192083-9", "76.192.083-9"),
            ("60803000-k", "60803000-K", "60.803.000-K"),
            ("60.803.000k", "60803000-K", "60.803.000-K"),
            ("08414240-9", "8414240-9", "8.414.240-9"),
            ("66666666-6", "66666666-6", "66.666.666-6"),
            ("55555555-5", "55555555-5", "55.555.555-5"),
            ("96670340-7", "96670340-7", "96.670.340-7"),
            ("78416626-0", "78416626-0", "78.416.626-0"),
            ("97975000-5", "97975000-5", "97.975.000-5"),
        ] {
            let rut: Rut = text.parse().unwrap();
            assert_eq!((rut.to_string().as_str(), rut.dotted().as_str()), (written, dotted));
        }
        assert_eq!("66.666.666-6".parse(), Ok(Rut::CONSUMER));
        assert_eq!("60803000-K".parse(), Ok(Rut::SII));
        assert_eq!("55555555-5".parse(), Ok(Rut::FOREIGN));
    }

    #[test]
    fn what_is_no_rut_says_why() {
        for bad in [
            "",
            "-",
            "9",
            "K",
            "76192083-",
            "-9",
            "76192083-99",
            "7619208x-9",
            "76192083-9-9",
            "ñ",
            "76192083–9",
        ] {
            assert!(matches!(bad.parse::<Rut>(), Err(BadRut::Shape(_) | BadRut::Range(_))), "{bad}");
        }
        assert_eq!(
            "76192083-K".parse::<Rut>(),
            Err(BadRut::Digit { written: "76192083-K".into(), expected: '9' })
        );
        for far in ["1-9", "99999-7", "100000000-7", "99999999999-1", "0-0"] {
            assert!(matches!(far.parse::<Rut>(), Err(BadRut::Range(_))), "{far}");
        }
        assert_eq!(Rut::of_receptor("0-0").map(|rut| rut.to_string()).as_deref(), Ok("0-0"));
        assert!(Rut::of_receptor("1-9").is_err());
    }
}
