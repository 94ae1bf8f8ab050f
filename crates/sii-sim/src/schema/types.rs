//! The simple types of `SiiTypes_v10.xsd` and their facets: what a value may look like. Dates and times are held
//! to the form the format documents print (AAAA-MM-DD, no zone), which is narrower than XML Schema's.

use jiff::civil::{Date, DateTime, Time};
use std::cmp::Ordering;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    Rut,
    Text,
    Positive,
    Natural,
    Integer,
    Decimal,
    Date,
    Moment,
    Time,
    Base64,
}

#[derive(Debug)]
pub(super) struct Type {
    base: Base,
    min: Option<&'static str>,
    max: Option<&'static str>,
    digits: Option<usize>,
    fraction: Option<usize>,
    choices: Vec<&'static str>,
}

impl Type {
    /// `text max=80`, `positive digits=9`, `text enum=D|R`: the enumeration, which may hold blanks, is last.
    pub(super) fn read(text: &'static str) -> Type {
        let (facets, choices) = text.split_once("enum=").unwrap_or((text, ""));
        let mut words = facets.split_whitespace();
        let base = match words.next().expect("a type has a name") {
            "rut" => Base::Rut,
            "text" => Base::Text,
            "positive" => Base::Positive,
            "natural" => Base::Natural,
            "integer" => Base::Integer,
            "decimal" => Base::Decimal,
            "date" => Base::Date,
            "moment" => Base::Moment,
            "time" => Base::Time,
            "base64" => Base::Base64,
            other => panic!("an outline names the unknown type {other}"),
        };
        let mut read = Type {
            base,
            min: None,
            max: None,
            digits: None,
            fraction: None,
            choices: choices.split('|').filter(|choice| !choice.is_empty()).collect(),
        };
        for facet in words {
            let (name, value) = facet.split_once('=').expect("a facet is name=value");
            match name {
                "min" => read.min = Some(value),
                "max" => read.max = Some(value),
                "digits" => read.digits = value.parse().ok(),
                "fraction" => read.fraction = value.parse().ok(),
                other => panic!("an outline names the unknown facet {other}"),
            }
        }
        read
    }

    /// What the SII's parser would say of the value, when it is not right.
    pub(super) fn complaint(&self, value: &str) -> Option<String> {
        match self.base {
            Base::Text => self.text(value),
            Base::Rut => (!is_rut(value)).then(|| pattern(value)),
            Base::Base64 => (!is_base64(value)).then(|| pattern(value)),
            Base::Positive | Base::Natural | Base::Integer | Base::Decimal => self.number(value),
            Base::Date => self.dated::<Date>(value, 10),
            Base::Moment => self.dated::<DateTime>(value, 19),
            Base::Time => self.dated::<Time>(value, 8),
        }
    }

    fn text(&self, value: &str) -> Option<String> {
        let length = value.chars().count();
        let bound = |facet: Option<&str>| facet.and_then(|text| text.parse::<usize>().ok());
        if bound(self.max).is_some_and(|max| length > max) {
            return Some(format!(
                "LSX-00221: \"{value}\" is too long (maximum length is {})",
                self.max.unwrap_or("")
            ));
        }
        if bound(self.min).is_some_and(|min| length < min) {
            return Some(format!(
                "LSX-00222: \"{value}\" is too short (minimum length is {})",
                self.min.unwrap_or("")
            ));
        }
        let listed = self.choices.is_empty() || self.choices.contains(&value);
        (!listed).then(|| choice(value))
    }

    fn number(&self, value: &str) -> Option<String> {
        let Some(number) = Number::read(value) else { return Some(pattern(value)) };
        let whole = self.base == Base::Decimal || number.fraction.is_empty() && !value.contains('.');
        let signed = match self.base {
            Base::Positive => !number.negative && !number.is_zero(),
            Base::Natural => !number.negative || number.is_zero(),
            _ => true,
        };
        if !whole || !signed {
            return Some(pattern(value));
        }
        if self.digits.is_some_and(|digits| number.whole.len() + number.fraction.len() > digits) {
            return Some(format!("LSX-00347: \"{value}\" has too many digits"));
        }
        if self.fraction.is_some_and(|fraction| number.fraction.len() > fraction) {
            return Some(format!("LSX-00348: \"{value}\" has too many fraction digits"));
        }
        let bound = |facet: Option<&'static str>| facet.and_then(Number::read);
        if bound(self.min).is_some_and(|min| number.order(&min) == Ordering::Less) {
            return Some(format!("LSX-00293: value \"{value}\" is less than minimum"));
        }
        if bound(self.max).is_some_and(|max| number.order(&max) == Ordering::Greater) {
            return Some(format!("LSX-00292: value \"{value}\" is greater than maximum"));
        }
        let mut listed = self.choices.iter().filter_map(|choice| Number::read(choice));
        let known = self.choices.is_empty() || listed.any(|choice| number.order(&choice) == Ordering::Equal);
        (!known).then(|| choice(value))
    }

    fn dated<T: std::str::FromStr + PartialOrd>(&self, value: &str, length: usize) -> Option<String> {
        let written = value.len() == length && !value.contains(' ');
        let Some(moment) = written.then(|| value.parse::<T>().ok()).flatten() else {
            return Some(pattern(value));
        };
        let bound = |facet: Option<&'static str>| facet.and_then(|text| text.parse::<T>().ok());
        let early = bound(self.min).is_some_and(|min| moment < min);
        let late = bound(self.max).is_some_and(|max| moment > max);
        (early || late).then(|| format!("LSX-00292: value \"{value}\" is out of range"))
    }
}

/// A decimal without exponent, its zeros that do not count cut off.
struct Number<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
}

impl<'a> Number<'a> {
    fn read(text: &'a str) -> Option<Number<'a>> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return None,
            None => (digits, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        (!whole.is_empty() && all_digits(whole) && all_digits(fraction)).then(|| Number {
            negative,
            whole: whole.trim_start_matches('0'),
            fraction: fraction.trim_end_matches('0'),
        })
    }

    fn is_zero(&self) -> bool {
        self.whole.is_empty() && self.fraction.is_empty()
    }

    fn order(&self, other: &Number<'_>) -> Ordering {
        match (self.negative && !self.is_zero(), other.negative && !other.is_zero()) {
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (true, true) => other.size(self),
            (false, false) => self.size(other),
        }
    }

    fn size(&self, other: &Number<'_>) -> Ordering {
        self.whole
            .len()
            .cmp(&other.whole.len())
            .then_with(|| self.whole.cmp(other.whole))
            .then_with(|| self.fraction.cmp(other.fraction))
    }
}

/// `RUTType`: `[0-9]+-([0-9]|K)`, three to ten characters.
fn is_rut(value: &str) -> bool {
    let Some((number, check)) = value.split_once('-') else { return false };
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let check = check.len() == 1 && check.bytes().all(|byte| byte.is_ascii_digit() || byte == b'K');
    digits && check && value.len() <= 10
}

fn is_base64(value: &str) -> bool {
    crate::base64::decode(value).is_some_and(|bytes| !bytes.is_empty())
}

fn pattern(value: &str) -> String {
    format!("LSX-00333: literal \"{value}\" is not valid with respect to the pattern")
}

fn choice(value: &str) -> String {
    format!("LSX-00290: invalid enumeration choice \"{value}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: &'static str, good: &[&str], bad: &[&str]) {
        let kind = Type::read(kind);
        for value in good {
            assert_eq!(kind.complaint(value), None, "{value}");
        }
        for value in bad {
            assert!(kind.complaint(value).is_some(), "{value}");
        }
    }

    #[test]
    fn values_are_held_to_their_types() {
        check(
            "rut",
            &["1-9", "60803000-K", "99999999-9"],
            &[
                "",
                "60.803.000-K",
                "60803000-k",
                "608030000-K1",
                "-9",
                "1-",
                "1-10",
                "1-X",
                "1a-9",
                "100000000-9",
            ],
        );
        check("text min=1 max=3", &["a", "ñññ"], &["", "abcd"]);
        check("positive enum=39|41", &["39"], &["33", "", "39.0", "-39", "0"]);
        check("natural digits=18", &["0", "10"], &["-1", "1.5", "1234567890123456789", " 1", "1e3"]);
        check("integer", &["-5", "5"], &["+", "--5"]);
        check("text enum=D|R", &["D", "R"], &["X", "", "D|R"]);
        check("text enum=Con blancos|No", &["Con blancos"], &["Con"]);
        check("positive", &["1", "007"], &["0", "00", "-1", "-0", "1.0", "1.5"]);
        check("natural", &["0", "-0"], &["-1", "0.0", "0.5"]);
        check("integer min=-10 max=10", &["-10", "-9", "0", "10"], &["-11", "-100", "11", "100"]);
        check("decimal enum=19|20.5", &["19", "19.0", "20.50"], &["20", "-19", "190"]);
        check("decimal min=0 max=1", &["0", "-0", "0.5", "1", "1.0", "00.25"], &["-0.5", "1.5", "1.01", "2"]);
        check("decimal min=-1.5 max=-0.5", &["-1.5", "-1", "-0.5"], &["-1.6", "-2", "-0.4", "0", "0.7", "1"]);
        check("decimal digits=3", &["123", "1.23", "0.120", "000123"], &["1234", "12.34"]);
        check(
            "decimal digits=18 fraction=6 min=0.000001",
            &["0.755", "2", "1.500000"],
            &["0", "0.0000001", ".5", "1."],
        );
        check("decimal digits=5 fraction=2 max=100.00", &["100", "99.99"], &["100.01", "1.234"]);
        check(
            "date min=2000-01-01 max=2050-12-31",
            &["2026-02-28", "2000-01-01", "2050-12-31"],
            &[
                "2026-02-29",
                "1999-12-31",
                "2051-01-01",
                "2026-2-8",
                "2026-01-01Z",
                "+02026-01-01",
                "20260101",
            ],
        );
        check("time", &["12:34:56"], &["12:34", "123456", "25:00:00", "12:34:56.5", "T12:34:5"]);
        check(
            "moment",
            &["2026-01-15T12:34:56"],
            &["2026-01-15 12:34:56", "2026-01-15T12:34:56Z", "2026-01-15"],
        );
        check("base64", &["AQAB", "AQ\nAB"], &["", "A", "AQ$B"]);
    }
}
