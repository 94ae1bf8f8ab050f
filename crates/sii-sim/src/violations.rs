//! What a client may never do, noted when it does (annex A, invariants). Nothing is refused for it here: the SII
//! does not, and that is what makes it dangerous.

use crate::{
    state::{Channel, State},
    upload::{Upload, Verdict},
};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// One breach, by the name of its rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    pub at: Timestamp,
    pub rule: Rule,
    pub what: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// A document was signed again while the SII may have had it.
    Resigned,
    /// Its folio was used for other data.
    FolioReused,
    /// Documents on their way were sent in another envelope.
    EnvelopeRemade,
    /// A document the SII holds, and speaks of, was sent again.
    OfferedAfterHeld,
    /// A second token although the first was never used.
    TokenHoarded,
    /// An upload was asked about too soon.
    PolledTooSoon,
}

/// A token that has not been used within so long was not waited for.
const HASTE: SignedDuration = SignedDuration::from_secs(60);
const MOST: usize = 10_000;

impl State {
    pub(crate) fn violate(&mut self, at: Timestamp, rule: Rule, what: String) {
        tracing::warn!(?rule, what, "a client broke a rule");
        if self.violations.len() < MOST {
            self.violations.push(Violation { at, rule, what });
        }
    }

    /// Before an upload is taken in: does it bring again what may be there already?
    pub(crate) fn watch_upload(&mut self, upload: &Upload, documents: &[crate::judge::Finding]) {
        let at = upload.received;
        let mut found = Vec::new();
        for finding in documents {
            let id = format!("T{}F{}", finding.key.tipo, finding.key.folio);
            let Some(record) = self.documents.get(&finding.key) else { continue };
            for version in &record.versions {
                let pending = version.known_from > at;
                let held = version.verdict != Verdict::Rejected;
                if !pending && !held {
                    continue;
                }
                if version.digest == finding.digest {
                    let other = version.tracks.iter().all(|track| {
                        let earlier = self.upload(upload.channel, track);
                        earlier.is_none_or(|earlier| earlier.content != upload.content)
                    });
                    if held && !pending {
                        found.push((Rule::OfferedAfterHeld, id.clone()));
                    } else if other {
                        found.push((Rule::EnvelopeRemade, id.clone()));
                    }
                } else {
                    let same = version.facts.receptor == finding.facts.receptor
                        && version.facts.date == finding.facts.date
                        && version.facts.total == finding.facts.total;
                    found.push((if same { Rule::Resigned } else { Rule::FolioReused }, id.clone()));
                }
            }
        }
        for (rule, what) in found {
            self.violate(at, rule, what);
        }
    }

    /// A new token is given out: was the one before it of any use?
    pub(crate) fn watch_token(&mut self, channel: Channel, holder: &str, now: Timestamp) {
        let unused = self.tokens.values().any(|token| {
            let mine = token.channel == channel && token.holder == holder;
            mine && token.heard && token.uses == 0 && now.duration_since(token.issued) < HASTE
        });
        if unused {
            self.violate(now, Rule::TokenHoarded, holder.to_owned());
        }
    }

    pub(crate) fn watch_poll(&mut self, channel: Channel, track: &str, now: Timestamp) {
        let Some(least) = self.faults.scenario.min_poll_seconds else { return };
        let least = SignedDuration::from_secs(i64::try_from(least).unwrap_or(i64::MAX));
        let last = self.polled.insert((channel, track.to_owned()), now);
        let last = last.or_else(|| self.upload(channel, track).map(|upload| upload.received));
        if last.is_some_and(|last| now.duration_since(last) < least) {
            self.violate(now, Rule::PolledTooSoon, track.to_owned());
        }
    }
}
