//! How things are written for people in Chile: money, moments, tables. Pure functions.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;
pub use timbre_agent::show::thousands;

/// `$1.190`, `-$50`.
pub fn pesos(amount: i64) -> String {
    let sign = if amount < 0 { "-" } else { "" };
    format!("{sign}${}", thousands(amount.unsigned_abs()))
}

/// `22-11-2026 10:58:03` in Chile's time; what is no moment stays as it came.
pub fn moment(rfc3339: &str) -> String {
    let Ok(at) = rfc3339.parse::<Timestamp>() else { return rfc3339.to_owned() };
    match TimeZone::get("America/Santiago") {
        Ok(zone) => at.to_zoned(zone).strftime("%d-%m-%Y %H:%M:%S").to_string(),
        Err(_) => rfc3339.to_owned(),
    }
}

/// `22-11-2026 10:58:03`: what was told by Chile's time already.
pub fn local(civil: &str) -> String {
    let at = civil.parse::<jiff::civil::DateTime>();
    at.map_or_else(|_| civil.to_owned(), |at| at.strftime("%d-%m-%Y %H:%M:%S").to_string())
}

/// Milliseconds with one decimal: `12,4 ms`.
pub fn millis(value: f64) -> String {
    format!("{value:.1} ms").replace('.', ",")
}

/// Seconds with one decimal: `3,2 s`.
pub fn seconds(value: f64) -> String {
    format!("{value:.1} s").replace('.', ",")
}

/// `neto $1.000 · IVA $190`: the parts of a total, from the SII's own tags.
pub fn parts(totals: &Value) -> String {
    let named = [("MntNeto", "neto"), ("MntExe", "exento"), ("IVA", "IVA")];
    let parts: Vec<_> = named
        .iter()
        .filter_map(|(tag, name)| Some(format!("{name} {}", pesos(whole(totals.get(tag)?)?))))
        .collect();
    parts.join(" · ")
}

/// `$1.190 (neto $1.000 · IVA $190)`; of what has no parts, the amount alone.
pub fn with_parts(total: i64, totals: &Value) -> String {
    match parts(totals) {
        text if text.is_empty() => pesos(total),
        text => format!("{} ({text})", pesos(total)),
    }
}

/// A whole number written as a number or as text.
pub fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// An environment as people say it.
pub fn environment_word(environment: &str) -> &str {
    match environment {
        "certification" => "certificación",
        "production" => "producción",
        "training" => "entrenamiento",
        other => other,
    }
}

/// Which way a column leans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lean {
    Left,
    Right,
}

/// Lines of columns, two blanks apart; the last one is not filled up.
pub fn table(heads: &[(&str, Lean)], rows: &[Vec<String>]) -> Vec<String> {
    let width = |i: usize| {
        let longest = rows.iter().filter_map(|row| row.get(i)).map(|cell| cell.chars().count()).max();
        longest.unwrap_or(0).max(heads[i].0.chars().count())
    };
    let widths: Vec<_> = (0..heads.len()).map(width).collect();
    let head: Vec<_> = heads.iter().map(|(name, _)| (*name).to_owned()).collect();
    std::iter::once(&head)
        .chain(rows)
        .map(|row| {
            let cells: Vec<_> = row
                .iter()
                .zip(heads)
                .zip(&widths)
                .map(|((cell, (_, lean)), &width)| match lean {
                    Lean::Left => format!("{cell:<width$}"),
                    Lean::Right => format!("{cell:>width$}"),
                })
                .collect();
            cells.join("  ").trim_end().to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn money_has_dots() {
        for (amount, text) in [(0, "$0"), (999, "$999"), (1190, "$1.190"), (-1_234_567, "-$1.234.567")] {
            assert_eq!(pesos(amount), text);
        }
        assert_eq!(thousands(100_000), "100.000");
    }

    #[test]
    fn moments_are_told_in_chiles_time() {
        assert_eq!(moment("2026-11-22T13:58:03Z"), "22-11-2026 10:58:03");
        assert_eq!(moment("ayer"), "ayer");
        assert_eq!(local("2026-11-22T10:58:03"), "22-11-2026 10:58:03");
    }

    #[test]
    fn parts_of_a_total_are_those_that_are_there() {
        assert_eq!(
            parts(&json!({"MntNeto": 1000, "IVA": "190", "MntTotal": 1190})),
            "neto $1.000 · IVA $190"
        );
        assert_eq!(parts(&json!({"MntExe": 500})), "exento $500");
        assert_eq!(with_parts(500, &json!({"MntExe": 500})), "$500 (exento $500)");
        assert_eq!(with_parts(0, &json!({"MntTotal": 0})), "$0");
    }

    #[test]
    fn columns_stand_under_their_heads() {
        let rows = vec![
            vec!["T39F1".to_owned(), "$1.190".to_owned(), "ACEPTADO".to_owned()],
            vec!["T39F10".to_owned(), "$50".to_owned(), "ÑANDÚ".to_owned()],
        ];
        let lines = table(&[("ID", Lean::Left), ("TOTAL", Lean::Right), ("ESTADO", Lean::Left)], &rows);
        assert_eq!(lines, ["ID       TOTAL  ESTADO", "T39F1   $1.190  ACEPTADO", "T39F10     $50  ÑANDÚ"]);
    }
}
