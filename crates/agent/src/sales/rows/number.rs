//! Numbers as a table writes them. One that can be read in two ways is none.

use serde::Deserialize;

/// What stands before the decimals; the other of the two groups thousands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum Decimal {
    #[default]
    #[serde(rename = ".")]
    Point,
    #[serde(rename = ",")]
    Comma,
}

impl Decimal {
    /// `1.234,50` as `1234.50`. The grouping is one only where each group has three digits and the first does
    /// not begin with a zero: `350.50` and `0.500` under a decimal comma are nobody's thousands.
    pub fn read(self, text: &str) -> Option<String> {
        let (mark, grouping) = match self {
            Decimal::Point => ('.', ','),
            Decimal::Comma => (',', '.'),
        };
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let (sign, number) = text.strip_prefix('-').map_or(("", text), |number| ("-", number));
        let (whole, part) =
            number.split_once(mark).map_or((number, None), |(whole, part)| (whole, Some(part)));
        if part.is_some_and(|part| !digits(part)) {
            return None;
        }
        let mut groups = whole.split(grouping);
        let first = groups.next().filter(|first| digits(first))?;
        let rest: Vec<&str> = groups.collect();
        let grouped = first.len() <= 3 && !first.starts_with('0');
        let in_threes = || grouped && rest.iter().all(|group| group.len() == 3 && digits(group));
        if !rest.is_empty() && !in_threes() {
            return None;
        }
        let part = part.map_or_else(String::new, |part| format!(".{part}"));
        Some(format!("{sign}{first}{}{part}", rest.concat()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grouping_is_one_only_where_it_groups() {
        for (text, comma, point) in [
            ("350", Some("350"), Some("350")),
            ("-1.234,50", Some("-1234.50"), None),
            ("1,234.50", None, Some("1234.50")),
            ("1.234.567", Some("1234567"), None),
            ("1.500", Some("1500"), Some("1.500")),
            ("1,500", Some("1.500"), Some("1500")),
            ("350.50", None, Some("350.50")),
            ("1.5", None, Some("1.5")),
            ("350,50", Some("350.50"), None),
            ("0.500", None, Some("0.500")),
            ("0,500", Some("0.500"), None),
            ("1234.567", None, Some("1234.567")),
            ("12.34.567", None, None),
            ("1.234,", None, None),
            (",5", None, None),
            ("$1.990", None, None),
            ("1 990", None, None),
            ("1e3", None, None),
            ("-", None, None),
        ] {
            assert_eq!(Decimal::Comma.read(text).as_deref(), comma, "{text} with a comma");
            assert_eq!(Decimal::Point.read(text).as_deref(), point, "{text} with a point");
        }
    }
}
