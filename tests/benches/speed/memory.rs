//! A document in memory only: from the till's bytes to a draft, from the draft to signed bytes. No disk, no
//! threads; what one issue takes longer than this and an fsync is the engine's own.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use timbre_agent::Agent;
use timbre_app::keys::FolderKeys;
use timbre_app::vault::{Custody, Vault};
use timbre_core::{Folio, Grant, Issuer, Sale, Timestamp};
use timbre_store::Reader;

use crate::{Done, shop};

pub struct Memory {
    agent: Agent,
    issuer: Issuer,
    grant: Arc<Grant>,
    keys: FolderKeys<Reader>,
    pub drafting: Vec<Duration>,
    pub sealing: Vec<Duration>,
}

impl Memory {
    pub fn new(agent: &Agent, folder: &Path) -> Done<Memory> {
        let (company, environment) = agent.company().ok_or("the shop has a company")?;
        let range = agent.reader().ranges().into_iter().find(|range| range.grant.series.0 == "39");
        let (vault, _) = Vault::open(folder, &Custody::from_env()?)?;
        Ok(Memory {
            agent: agent.clone(),
            issuer: Issuer { company, environment },
            grant: Arc::new(range.ok_or("the shop has folios for boletas")?.grant),
            keys: FolderKeys::new(agent.reader().clone(), Arc::new(vault)),
            drafting: Vec::new(),
            sealing: Vec::new(),
        })
    }

    pub fn measure(&mut self) -> Done<()> {
        let now = Timestamp::now();
        let folio = Folio::of(self.grant.clone(), self.grant.last).ok_or("a range has its last folio")?;
        let received = shop::sale().into();
        let begun = Instant::now();
        let sale = Sale::read(received, None)?;
        let draft = self
            .agent
            .reader()
            .knowing(|known| self.agent.regime().draft(&sale, &self.issuer, known, now))??;
        let drafted = Instant::now();
        draft.seal(folio, &self.keys, now)?;
        self.sealing.push(drafted.elapsed());
        self.drafting.push(drafted - begun);
        Ok(())
    }
}
