//! A figure, what it is measured against, and how both are printed.

use std::time::Duration;

use serde_json::json;

/// One line of the table.
pub struct Figure {
    what: String,
    value: f64,
    unit: &'static str,
    beside: String,
    /// Times the yardstick.
    ratio: Option<f64>,
    aim: Option<Aim>,
}

#[derive(Clone, Copy)]
enum Aim {
    Ratio(f64),
    Value(f64),
}

impl Figure {
    pub fn time(what: impl Into<String>, value: Duration) -> Figure {
        Figure::new(what, value.as_secs_f64() * 1e3, "ms")
    }

    pub fn megabytes(what: impl Into<String>, value: f64) -> Figure {
        Figure::new(what, value, "MB")
    }

    pub fn kilobytes(what: impl Into<String>, value: f64) -> Figure {
        Figure::new(what, value, "KB")
    }

    pub fn count(what: impl Into<String>, value: f64) -> Figure {
        Figure::new(what, value, "")
    }

    fn new(what: impl Into<String>, value: f64, unit: &'static str) -> Figure {
        Figure { what: what.into(), value, unit, beside: String::new(), ratio: None, aim: None }
    }

    /// Its yardstick in words, and how often that goes into it.
    pub fn beside(self, words: String, ratio: f64) -> Figure {
        Figure { beside: words, ratio: Some(ratio), ..self }
    }

    /// Words that are no yardstick.
    pub fn note(self, words: String) -> Figure {
        Figure { beside: words, ..self }
    }

    /// Where it was measured, before its words; a line that belongs to the one above has them from that.
    pub fn shown(self, place: &str) -> Figure {
        let what = if self.what.starts_with(' ') { self.what } else { format!("{place}: {}", self.what) };
        Figure { what, ..self }
    }

    /// At most so many times the yardstick.
    pub fn aim(self, ratio: f64) -> Figure {
        Figure { aim: Some(Aim::Ratio(ratio)), ..self }
    }

    /// At most this, in its own unit.
    pub fn at_most(self, value: f64) -> Figure {
        Figure { aim: Some(Aim::Value(value)), ..self }
    }

    fn aim_in_words(&self) -> String {
        match self.aim {
            Some(Aim::Ratio(aim)) => format!("≤ {aim} times"),
            Some(Aim::Value(aim)) => format!("≤ {aim} {}", self.unit),
            None => String::new(),
        }
    }

    pub fn is_met(&self) -> Option<bool> {
        match self.aim? {
            Aim::Ratio(aim) => self.ratio.map(|ratio| ratio <= aim),
            Aim::Value(aim) => Some(self.value <= aim),
        }
    }
}

pub fn print(machine: &str, figures: &[Figure]) {
    println!("{machine}\n");
    println!("{:<44} {:>10}     {:>7}  {:<14} its yardstick", "", "measured", "times", "aim");
    for figure in figures {
        let ratio = figure.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
        let aim = match figure.is_met() {
            Some(false) => format!("{}: missed", figure.aim_in_words()),
            Some(true) | None => figure.aim_in_words(),
        };
        let line = format!(
            "{:<44} {:>10.2} {:<3} {ratio:>7}  {aim:<14} {}",
            figure.what, figure.value, figure.unit, figure.beside
        );
        println!("{}", line.trim_end());
    }
}

pub fn json(machine: &str, figures: &[Figure]) {
    let figures: Vec<_> = figures
        .iter()
        .map(|figure| {
            json!({
                "what": figure.what.trim(),
                "value": figure.value,
                "unit": figure.unit,
                "yardstick": figure.beside,
                "ratio": figure.ratio,
                "aim": figure.aim_in_words(),
                "met": figure.is_met(),
            })
        })
        .collect();
    println!("{}", json!({ "machine": machine, "figures": figures }));
}

pub fn ms(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

pub fn ratio(time: Duration, yardstick: Duration) -> f64 {
    time.div_duration_f64(yardstick)
}
