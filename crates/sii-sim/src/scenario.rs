//! Scenarios: the weather a run is made in, as data. The files lie in `scenarios/`; how the faults strike is
//! in `faults`.

use crate::{
    fault::{Deed, Fault, Where},
    message::Host,
    shape::{Ending, RestShape, SoapShape},
};
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
    /// A token dies after so many seconds, used or not.
    pub token_seconds: Option<u64>,
    /// The least time a client may leave between questions about one upload; sooner is a violation.
    pub min_poll_seconds: Option<u64>,
    /// The same mishaps on everything that is no upload: seeds, tokens, questions.
    pub questions: Mishaps,
    /// Anything else that goes wrong.
    pub faults: Vec<Fault>,
    pub soap: SoapShape,
    pub rest: RestShape,
    /// Uploads that end otherwise than they should.
    pub endings: Vec<Ending>,
    pub rejections: Rejections,
    pub stuck: Stuck,
}

/// How often a request or its reply is lost or spoilt.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mishaps {
    pub lost_replies: Rate,
    pub lost_requests: Rate,
    pub html_errors: Rate,
    pub server_errors: Rate,
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
    /// Only that host is dead: `dte`, `boleta-query` or `boleta-upload`.
    #[serde(default)]
    pub host: Option<Host>,
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
    /// In which: REC, SOK, FOK, PDR or CRT. CRT when it is none of them.
    pub step: String,
}

static FILES: [(&str, &str); 10] = [
    ("calm", include_str!("../scenarios/calm.toml")),
    ("slow", include_str!("../scenarios/slow.toml")),
    ("outage", include_str!("../scenarios/outage.toml")),
    ("lost-replies", include_str!("../scenarios/lost-replies.toml")),
    ("html-errors", include_str!("../scenarios/html-errors.toml")),
    ("token-expiry", include_str!("../scenarios/token-expiry.toml")),
    ("rejections", include_str!("../scenarios/rejections.toml")),
    ("stuck", include_str!("../scenarios/stuck.toml")),
    ("wholesale", include_str!("../scenarios/wholesale.toml")),
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

impl Scenario {
    /// Every fault of the scenario, in the order of precedence.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        let uploads = Mishaps {
            lost_replies: self.lost_replies,
            lost_requests: self.lost_requests,
            html_errors: self.html_errors,
            server_errors: self.server_errors,
        };
        let mut faults = self.faults.clone();
        faults.extend(uploads.faults(Where::Upload));
        faults.extend(self.questions.faults(Where::Questions));
        faults
    }
}

impl Mishaps {
    fn faults(&self, at: Where) -> impl Iterator<Item = Fault> + use<> {
        [
            (Deed::LostRequest, self.lost_requests),
            (Deed::Html, self.html_errors),
            (Deed::Status, self.server_errors),
            (Deed::LostReply, self.lost_replies),
        ]
        .into_iter()
        .filter(|(_, rate)| rate.every > 0 || rate.permille > 0)
        .map(move |(deed, rate)| Fault {
            every: rate.every,
            permille: rate.permille,
            ..Fault::new(deed, at)
        })
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
