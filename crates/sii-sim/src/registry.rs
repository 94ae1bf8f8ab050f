//! Whom the SII knows: the keys that sign its CAFs, the companies with who may sign for them, and the companies
//! that issue certificates. By default only what the desk gives out for training.

use crate::{
    certificate::{Certificate, Root},
    desk::{Company, Desk},
    rsa::PublicKey,
};
use std::sync::{Arc, Mutex, PoisonError};

/// A key that signs CAFs, by its `IDK`.
#[derive(Clone, Debug)]
pub struct Authority {
    pub(crate) idk: u32,
    pub(crate) key: PublicKey,
}

impl Authority {
    /// From the big-endian modulus; the exponent of every key of the SII is 65537. `None` when it is no key.
    pub fn new(idk: u32, modulus: &[u8]) -> Option<Authority> {
        Some(Authority { idk, key: PublicKey::new(modulus, &[1, 0, 1])? })
    }
}

/// A certificate, and whether one of the roots issued it.
type Known = (Vec<u8>, bool);

#[derive(Clone, Debug)]
pub struct Registry {
    authorities: Vec<Authority>,
    companies: Vec<Company>,
    roots: Vec<Root>,
    /// Nearly every signature bears the same certificate, so the answer about the last one is kept.
    last: Arc<Mutex<Option<Known>>>,
}

impl Default for Registry {
    /// The training authority (IDK 999), company and CA. The SII's own keys, 100 and 300, are strangers here.
    fn default() -> Self {
        let authority = Authority::new(999, &TRAINING_MODULUS).expect("a key of 512 bits");
        let root = Root::read(Desk::ca()).expect("the committed certificate is whole");
        Registry::empty().with_authority(authority).with_company(Desk::company().clone()).with_root(root)
    }
}

impl Registry {
    pub fn empty() -> Registry {
        Registry { authorities: Vec::new(), companies: Vec::new(), roots: Vec::new(), last: Arc::default() }
    }

    #[must_use]
    pub fn with_authority(mut self, authority: Authority) -> Registry {
        self.authorities.push(authority);
        self
    }

    #[must_use]
    pub fn with_company(mut self, company: Company) -> Registry {
        self.companies.push(company);
        self
    }

    #[must_use]
    pub fn with_root(mut self, root: Root) -> Registry {
        self.roots.push(root);
        self.last = Arc::default();
        self
    }

    pub(crate) fn authority(&self, idk: &str) -> Option<&PublicKey> {
        self.authorities.iter().find(|known| known.idk.to_string() == idk).map(|known| &known.key)
    }

    pub(crate) fn company(&self, rut: &str) -> Option<&Company> {
        self.companies.iter().find(|company| company.rut == rut)
    }

    /// Is this person enabled for any company at all?
    pub(crate) fn knows_signer(&self, rut: &str) -> bool {
        self.companies.iter().any(|company| company.signers.contains(&rut))
    }

    /// The companies a person signs for.
    pub(crate) fn companies_of(&self, holder: &str) -> Vec<&str> {
        let theirs = self.companies.iter().filter(|company| company.signers.contains(&holder));
        theirs.map(|company| company.rut).collect()
    }

    pub(crate) fn issued(&self, certificate: &Certificate) -> bool {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = last.as_ref().filter(|(seen, _)| *seen == certificate.der) {
            return *known;
        }
        let answer = self.roots.iter().any(|root| root.issued(certificate));
        *last = Some((certificate.der.clone(), answer));
        answer
    }
}

pub(crate) const TRAINING_MODULUS: [u8; 64] = [
    0xa4, 0xab, 0xb1, 0x03, 0xd4, 0xa1, 0x35, 0x05, 0xc8, 0xaa, 0x33, 0x58, 0xb8, 0xe3, 0xa4, 0x74, 0x9a,
    0x15, 0xe2, 0xa8, 0xe3, 0xda, 0x21, 0x3b, 0xfd, 0xa7, 0x22, 0xb2, 0x8d, 0xee, 0x95, 0x2d, 0x77, 0xb8,
    0x8a, 0x0f, 0x84, 0x3c, 0xe0, 0x55, 0x3a, 0xdd, 0x7f, 0x1a, 0x6e, 0xb1, 0x41, 0x2e, 0x01, 0x8d, 0x8a,
    0xf3, 0x41, 0x0e, 0xc8, 0x8a, 0xad, 0xeb, 0x12, 0x40, 0x6f, 0x11, 0x66, 0x87,
];
