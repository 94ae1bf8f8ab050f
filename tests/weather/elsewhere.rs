//! The countries that exist nowhere.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use timbre_agent::{Agent, Custody, ReadCertificate, Settings};
use timbre_core::*;
use timbre_elsewhere::{Country, NoKeys, Office, SERIES};
use timbre_store::{CertificateLoaded, Reader};

use crate::dice::Dice;
use crate::sky::Sky;
use crate::world::{Authority, Entry, Theme, Told, WHOLESALE, World};

pub struct Elsewhere(pub Country, pub Theme);

impl World for Elsewhere {
    fn name(&self) -> String {
        match self.1 {
            Theme::Weather => format!("{:?}", self.0),
            theme => format!("{:?}, {theme:?}", self.0),
        }
    }

    fn theme(&self) -> Theme {
        self.1
    }

    fn lines(&self) -> &'static [&'static str] {
        &["post", "mail"]
    }

    fn line_of(&self, request: &Request) -> &'static str {
        if request.url.starts_with("mem://mail/") { "mail" } else { "post" }
    }

    fn regime(&self) -> Arc<dyn Regime> {
        self.0.regime()
    }

    fn channels(&self) -> BTreeMap<ChannelId, Arc<dyn Channel>> {
        self.0.channels()
    }

    fn custody(&self, _: &Path, _: Reader) -> Arc<dyn Custody> {
        Arc::new(Purse)
    }

    fn settings(&self) -> Settings {
        let settings = Settings::new("");
        match self.1 {
            Theme::Weather => settings,
            Theme::Wholesale => Settings { parcel: 500, ..settings },
        }
    }

    async fn set_up(&self, agent: &Agent) {
        agent.set_company(Environment::Training, &json!({})).await.expect("a company");
        agent.load_certificate(b"", "", None).await.expect("a certificate");
        for series in SERIES {
            for range in ["1-7", "8-500"] {
                let file = format!("{series}:{range}");
                agent.load_grant(file.as_bytes(), (1, 1), None).await.expect("a grant");
            }
        }
    }

    fn authority(&self, _: u64, _: &Sky) -> Box<dyn Authority> {
        Box::new(Office::new(self.0))
    }

    fn sales(&self, dice: &mut Dice) -> u64 {
        match self.1 {
            Theme::Weather => dice.range(4, 24),
            Theme::Wholesale => WHOLESALE,
        }
    }

    fn takes_gaps(&self) -> bool {
        self.0 != Country::Numbering
    }

    fn sale(&self, dice: &mut Dice, bad: bool) -> Value {
        if self.1 == Theme::Wholesale {
            // The authority judges the total: see its words.
            return json!({ "series": "A", "total": if bad { 13 } else { 20 * dice.range(1, 500) } });
        }
        let series = dice.one_of(&["A", "A", "A", "B", "C"]);
        json!({ "series": series, "total": dice.range(1, 500) })
    }

    fn delivered(&self, request: &Request) -> Vec<String> {
        let text = String::from_utf8_lossy(&request.body).into_owned();
        let id = |line: &str| {
            let (name, _) = line.split_once(':')?;
            Some(format!("T{}F{}", name.get(..1)?, name.get(1..)?))
        };
        text.lines().skip(1).filter_map(id).collect()
    }
}

impl Authority for Office {
    fn answer(&mut self, request: &Request, now: Timestamp) -> Told {
        Told::Heard { after: Duration::from_millis(200), heard: Office::answer(self, request, now) }
    }

    fn ledger(&self, _: Timestamp) -> BTreeMap<String, Entry> {
        let entry = |held: &timbre_elsewhere::Held| Entry {
            state: match held.word {
                "yes" => "ACEPTADO",
                "hm" => "REPARO",
                _ => "RECHAZADO",
            },
            words: held.word.to_owned(),
            offered: held.offered.into(),
            given: Some(held.given.clone()).filter(|given| !given.is_empty()),
        };
        self.held().iter().map(|(id, held)| (id.to_string(), entry(held))).collect()
    }

    fn violations(&self) -> Vec<String> {
        Office::violations(self).iter().map(|one| format!("{} {}", one.at, one.what)).collect()
    }

    fn kill_passes(&mut self) {
        Office::kill_passes(self);
    }

    fn stick(&mut self, until: Timestamp) {
        Office::stick(self, until);
    }
}

/// Keys that sign nothing, kept.
struct Purse;

impl Keys for Purse {
    fn sign(&self, key: KeyName<'_>, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        NoKeys.sign(key, scheme, message)
    }

    fn certificate(&self) -> Result<Certificate, KeyError> {
        NoKeys.certificate()
    }
}

impl Seals for Purse {
    fn seal(&self, purpose: &str, secret: &[u8]) -> Result<Bytes, KeyError> {
        NoKeys.seal(purpose, secret)
    }
}

impl Custody for Purse {
    fn read_certificate(
        &self,
        _: &[u8],
        _: &str,
        _: Option<&str>,
        _: Environment,
    ) -> Result<ReadCertificate, Refusal> {
        let loaded = CertificateLoaded {
            holder: "1".into(),
            subject: "Nadie".into(),
            not_before: Timestamp::MIN,
            not_after: Timestamp::MAX,
            der: Bytes::new(),
            sealed: Bytes::new(),
        };
        Ok(ReadCertificate { loaded, warning: None })
    }

    fn forget(&self) {}
}
