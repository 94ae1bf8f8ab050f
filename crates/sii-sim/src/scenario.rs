//! Scenarios: the weather a run is made in, as data. The files lie in `scenarios/`; how the faults strike is
//! in `faults`.

use serde::Deserialize;
use std::time::Duration;

/// What goes wrong, how often and when. Everything is off unless the file says so.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    pub name: String,
    /// One sentence for people.
    pub about: String,
    /// How many documents a demonstration of this scenario issues when it is told nothing else.
    pub documents: u64,
    /// Added to every reply.
    pub latency_ms: u64,
    /// Up to this much more, drawn from the seed.
    pub jitter_ms: u64,
    /// Some replies take much longer.
    pub slow: Slow,
    pub outages: Vec<Outage>,
    /// The upload is stored and the connection is cut without a reply.
    pub lost_replies: Rate,
    /// The connection is cut before the upload is read: nothing is stored.
    pub lost_requests: Rate,
    /// HTTP 200 with a page of HTML in place of an answer to an upload; nothing is stored.
    pub html_errors: Rate,
    /// HTTP 500 with the body `Error 500`; nothing is stored.
    pub server_errors: Rate,
    /// A token dies after so many uses, long before its hour.
    pub token_uses: Option<u64>,
    pub rejections: Rejections,
    pub stuck: Stuck,
}

/// How often something happens: every k-th time, and besides with a probability. Zero is never.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rate {
    pub every: u64,
    pub permille: u64,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Slow {
    pub every: u64,
    pub permille: u64,
    pub delay_ms: u64,
}

/// A dead line, from a time after the start or once so many documents are stored.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outage {
    #[serde(default)]
    pub after_seconds: Option<u64>,
    #[serde(default)]
    pub after_documents: Option<u64>,
    pub for_seconds: u64,
}

/// Some sound documents are rejected all the same, as when the SII's own data are not ready.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rejections {
    pub every: u64,
    pub permille: u64,
    /// `SECCION-nivel-codigo`, as in `HED-3-861`.
    pub code: String,
    pub text: String,
}

/// Some uploads stay in a state of the pipeline for long.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Stuck {
    pub every: u64,
    pub permille: u64,
    pub for_seconds: u64,
}

static FILES: [(&str, &str); 9] = [
    ("calm", include_str!("../scenarios/calm.toml")),
    ("slow", include_str!("../scenarios/slow.toml")),
    ("outage", include_str!("../scenarios/outage.toml")),
    ("lost-replies", include_str!("../scenarios/lost-replies.toml")),
    ("html-errors", include_str!("../scenarios/html-errors.toml")),
    ("token-expiry", include_str!("../scenarios/token-expiry.toml")),
    ("rejections", include_str!("../scenarios/rejections.toml")),
    ("stuck", include_str!("../scenarios/stuck.toml")),
    ("black-friday", include_str!("../scenarios/black-friday.toml")),
];

impl Scenario {
    /// A scenario of this crate by its name.
    pub fn named(name: &str) -> Option<Scenario> {
        let (_, text) = FILES.iter().find(|(known, _)| *known == name)?;
        Some(Scenario::parse(text).expect("the embedded scenarios are well formed: a test reads them all"))
    }

    pub fn names() -> impl Iterator<Item = &'static str> {
        FILES.iter().map(|(name, _)| *name)
    }

    /// A scenario written by somebody else.
    pub fn parse(text: &str) -> Result<Scenario, toml::de::Error> {
        toml::from_str(text)
    }
}

impl Slow {
    pub(crate) fn rate(&self) -> Rate {
        Rate { every: self.every, permille: self.permille }
    }

    pub(crate) fn delay(&self) -> Duration {
        Duration::from_millis(self.delay_ms)
    }
}

impl Rejections {
    pub(crate) fn rate(&self) -> Rate {
        Rate { every: self.every, permille: self.permille }
    }
}

impl Stuck {
    pub(crate) fn rate(&self) -> Rate {
        Rate { every: self.every, permille: self.permille }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_scenario_reads_and_bears_its_own_name() {
        for name in Scenario::names() {
            let scenario = Scenario::named(name).expect(name);
            assert_eq!(scenario.name, name);
            assert!(!scenario.about.is_empty() && scenario.documents > 0, "{name}");
        }
        assert!(Scenario::named("sunshine").is_none());
    }
}
