//! What is kept to sign with and can't be read any more: whoever is stopped by it hears that it is to be loaded again.

use timbre_core::{Profile, Refusal, Series};
use timbre_store::{Range, Reader, StoreError};

use crate::Agent;
use crate::show::thousands;

/// Its place among the troubles.
pub(crate) const KEYS: &str = "keys";

/// The certificate loaded last is there and can't be read.
pub(crate) fn certificate(reader: &Reader) -> Option<Refusal> {
    let text = "No se puede leer el certificado guardado: cárguelo otra vez.";
    let damaged = is_damaged(&reader.certificate());
    damaged.then(|| Refusal::temporary("certificate-unreadable", "", text))
}

/// Why nothing of this series, called `kind`, could be signed; `None`: all that signs it can be read.
pub(crate) fn why(reader: &Reader, series: &Series, kind: &str) -> Option<Refusal> {
    let grant = || ranges(reader).find(|range| range.grant.series == *series);
    certificate(reader).or_else(|| grant().map(|range| again(&range, kind)))
}

/// All of it, for whoever looks at the panel.
pub(crate) fn told(reader: &Reader, profile: &Profile) -> Option<String> {
    let kind = |series: &Series| {
        profile.kind(series).map_or_else(|| format!("tipo {}", series.0), |kind| kind.name.to_lowercase())
    };
    let grants = ranges(reader).map(|range| again(&range, &kind(&range.grant.series)));
    let all: Vec<_> = certificate(reader).into_iter().chain(grants).map(|refusal| refusal.message).collect();
    (!all.is_empty()).then(|| all.join(" ").trim_end_matches('.').to_owned())
}

fn again(range: &Range, kind: &str) -> Refusal {
    let text = format!(
        "No se puede leer el CAF de {kind} {} a {} que está guardado: cárguelo otra vez.",
        thousands(range.grant.first),
        thousands(range.grant.last)
    );
    Refusal::temporary("grant-unreadable", "", text)
}

/// The ranges that give folios and whose keys can't be read.
fn ranges(reader: &Reader) -> impl Iterator<Item = Range> {
    let in_use = |range: &Range| range.stopped.is_none() && range.next <= range.last;
    let all = reader.ranges().into_iter().filter(in_use);
    all.filter(|range| is_damaged(&reader.grant_key(&range.grant.id)))
}

/// It is there, and can't be read.
pub(crate) fn is_damaged<T>(read: &Result<T, StoreError>) -> bool {
    matches!(read, Err(StoreError::Damaged { .. }))
}

impl Agent {
    /// Is a certificate there that can't be read?
    pub fn certificate_lost(&self) -> bool {
        certificate(&self.0.reader).is_some()
    }

    /// Is there anything to sign with that can't be read?
    pub fn keys_lost(&self) -> bool {
        told(&self.0.reader, self.0.regime.profile()).is_some()
    }

    /// The same, looked at and told.
    pub(crate) fn look_at_keys(&self) -> bool {
        let told = told(&self.0.reader, self.0.regime.profile());
        let lost = told.is_some();
        self.set_trouble(KEYS, told);
        lost
    }
}
