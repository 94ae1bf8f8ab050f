//! What is kept to sign with and can't be read any more, damaged or closed by a vault that is no more: whoever is stopped
//! by it hears that it is to be loaded again.

use timbre_core::{KeyError, KeyName, Keys, Profile, Refusal, Scheme, Series};
use timbre_store::{Range, Reader, StoreError};

use crate::Agent;
use crate::show::thousands;

/// Its place among the troubles.
pub(crate) const KEYS: &str = "keys";

/// The certificate loaded last is there and can't be read.
pub(crate) fn certificate(reader: &Reader, keys: &dyn Keys) -> Option<Refusal> {
    let text = "No se puede leer el certificado guardado: cárguelo otra vez.";
    let lost =
        is_damaged(&reader.certificate()) || keys.certificate() == Err(KeyError::CertificateUnreadable);
    lost.then(|| Refusal::temporary("certificate-unreadable", "", text))
}

/// Why nothing of this series, called `kind`, could be signed; `None`: all that signs it can be read.
pub(crate) fn why(reader: &Reader, keys: &dyn Keys, series: &Series, kind: &str) -> Option<Refusal> {
    let grant = || ranges(reader, keys).find(|range| range.grant.series == *series);
    certificate(reader, keys).or_else(|| grant().map(|range| again(&range, kind)))
}

/// All of it, for whoever looks at the panel. Each key in use signs for it: not for every look.
pub(crate) fn told(reader: &Reader, keys: &dyn Keys, profile: &Profile) -> Option<String> {
    let kind = |series: &Series| {
        profile.kind(series).map_or_else(|| format!("tipo {}", series.0), |kind| kind.name.to_lowercase())
    };
    let grants = ranges(reader, keys).map(|range| again(&range, &kind(&range.grant.series)));
    let all: Vec<_> =
        certificate(reader, keys).into_iter().chain(grants).map(|refusal| refusal.message).collect();
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
fn ranges(reader: &Reader, keys: &dyn Keys) -> impl Iterator<Item = Range> {
    let in_use = |range: &Range| range.stopped.is_none() && range.next <= range.last;
    let all = reader.ranges().into_iter().filter(in_use);
    all.filter(|range| {
        let id = &range.grant.id;
        let signs = || keys.sign(KeyName::Grant(id), Scheme::RsaSha1, b"");
        is_damaged(&reader.grant_key(id)) || matches!(signs(), Err(KeyError::GrantKeyUnreadable(_)))
    })
}

/// It is there, and can't be read.
pub(crate) fn is_damaged<T>(read: &Result<T, StoreError>) -> bool {
    matches!(read, Err(StoreError::Damaged { .. }))
}

impl Agent {
    /// Is a certificate there that can't be read?
    pub fn certificate_lost(&self) -> bool {
        certificate(&self.0.reader, &*self.0.custody).is_some()
    }

    /// Is there anything to sign with that can't be read?
    pub fn keys_lost(&self) -> bool {
        self.what_is_lost().is_some()
    }

    /// The same, looked at and told.
    pub(crate) fn look_at_keys(&self) -> bool {
        let told = self.what_is_lost();
        let lost = told.is_some();
        self.set_trouble(KEYS, told);
        lost
    }

    fn what_is_lost(&self) -> Option<String> {
        told(&self.0.reader, &*self.0.custody, self.0.regime.profile())
    }
}
