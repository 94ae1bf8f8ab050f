//! What tests of documents share: a company, throw-away keys that never change, and a clock that stands.

#![allow(dead_code)]

pub mod folder;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::sign::Signer;
use openssl::x509::X509;
use serde_json::{Value, json};
use timbre_chile::Chile;
use timbre_chile::tipo::Tipo;
use timbre_core::document::NoDocuments;
use timbre_core::{
    Certificate, Document, Draft, Environment, Folio, Grant, Issuer, KeyError, KeyName, Keys, Refusals,
    Regime, Sale, Scheme, Timestamp,
};

pub fn golden(path: &str) -> PathBuf {
    // Its neighbours draw these documents too.
    PathBuf::from("../chile/tests/golden").join(path)
}

fn key_file(name: &str) -> Vec<u8> {
    let path = golden("keys").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Thursday 15 January 2026, 12:34:56 in Santiago.
pub fn now() -> Timestamp {
    "2026-01-15T15:34:56Z".parse().unwrap()
}

pub fn company() -> Value {
    json!({
        "RUTEmisor": "99999999-9", "RznSoc": "COMERCIAL ÑUÑOA & HIJOS LTDA", "GiroEmis": "Venta al por menor en almacén",
        "Acteco": 472101, "DirOrigen": "Av. Irarrázaval 1234", "CmnaOrigen": "Ñuñoa", "CiudadOrigen": "Santiago",
        "FchResol": "2014-08-22", "NroResol": 0, "UnidadSII": "ÑUÑOA"
    })
}

/// The same company, telling all that it may.
pub fn branch() -> Value {
    let mut branch = company();
    for (tag, value) in [
        ("Telefono", json!(["+56 2 2345 6789", "600 123 4567"])),
        ("CorreoEmisor", json!("ventas@example.cl")),
        ("Acteco", json!([472101, 471100])),
        ("Sucursal", json!("Casa Matriz")),
        ("CdgSIISucur", json!(81_234_567)),
    ] {
        branch[tag] = value;
    }
    branch
}

pub fn issuer() -> Issuer {
    issuer_of(&company())
}

pub fn issuer_of(company: &Value) -> Issuer {
    let environment = Environment::Training;
    let company = Chile::default().company(company, environment).expect("the company is whole");
    Issuer { company, environment }
}

/// The grant of the committed CAF of a series.
pub fn grant(series: &str) -> Arc<Grant> {
    let file = key_file(&format!("caf-{series}.xml"));
    Arc::new(Chile::default().grant(&file, &issuer()).expect("a sound CAF").grant)
}

/// Signs with the committed keys.
pub struct Desk {
    certificate: X509,
    person: PKey<Private>,
    cafs: Vec<(String, PKey<Private>)>,
}

impl Desk {
    pub fn get() -> &'static Desk {
        static DESK: OnceLock<Desk> = OnceLock::new();
        DESK.get_or_init(|| Desk {
            certificate: X509::from_pem(&key_file("certificate.pem")).unwrap(),
            person: PKey::private_key_from_pem(&key_file("certificate-key.pem")).unwrap(),
            cafs: Tipo::ALL.map(|tipo| caf_key(tipo.series())).into(),
        })
    }
}

fn caf_key(series: &str) -> (String, PKey<Private>) {
    let file =
        Chile::default().grant(&key_file(&format!("caf-{series}.xml")), &issuer()).expect("a sound CAF");
    (file.grant.id.0, PKey::private_key_from_pem(&file.secret).unwrap())
}

impl Keys for Desk {
    fn sign(&self, key: KeyName<'_>, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        assert_eq!(scheme, Scheme::RsaSha1, "the SII knows no other");
        let key = match key {
            KeyName::Certificate => &self.person,
            KeyName::Grant(id) => {
                let found = self.cafs.iter().find(|(known, _)| *known == id.0);
                &found.ok_or_else(|| KeyError::NoGrantKey(id.0.clone()))?.1
            }
        };
        let mut signer = Signer::new(MessageDigest::sha1(), key).unwrap();
        Ok(signer.sign_oneshot_to_vec(message).unwrap())
    }

    fn certificate(&self) -> Result<Certificate, KeyError> {
        let rsa = self.person.rsa().unwrap();
        Ok(Certificate {
            der: self.certificate.to_der().unwrap().into(),
            modulus: rsa.n().to_vec().into(),
            exponent: rsa.e().to_vec().into(),
            holder: "11111111-1".into(),
            not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
            not_after: "2050-01-01T00:00:00Z".parse().unwrap(),
        })
    }
}

pub fn sale(text: &str) -> Result<Sale, Refusals> {
    Sale::read(Bytes::copy_from_slice(text.as_bytes()), None)
}

pub fn draft(text: &str) -> Result<Box<dyn Draft>, Refusals> {
    draft_by(&issuer(), text)
}

pub fn draft_by(issuer: &Issuer, text: &str) -> Result<Box<dyn Draft>, Refusals> {
    Chile::default().draft(&sale(text)?, issuer, &NoDocuments, now())
}

pub fn seal(draft: &dyn Draft, number: u64) -> Document {
    let grant = grant(&draft.series().0);
    draft.accepts(&grant).expect("the CAF takes it");
    let folio = Folio::of(grant, number).expect("in range");
    draft.seal(folio, Desk::get(), now()).expect("the keys are there")
}

/// Codes and paths of what refuses this sale.
#[track_caller]
pub fn refused(text: &str) -> Vec<(String, String)> {
    match draft(text) {
        Ok(_) => panic!("nothing refuses {text}"),
        Err(Refusals(refusals)) => refusals.into_iter().map(|r| (r.code, r.path)).collect(),
    }
}

/// Codes of what a second look finds, but for the one thing it must find in all that these keys sign: a CAF
/// of training, once a document.
pub fn findings(bytes: &[u8]) -> Vec<String> {
    let (training, found): (Vec<_>, Vec<_>) =
        Chile::default().verify(bytes).into_iter().partition(|finding| finding.code == "caf-training");
    let documents = bytes.windows(5).filter(|w| *w == b"<DTE ").count();
    assert_eq!(training.len(), documents, "each document bears a CAF of training: {training:?}");
    found.into_iter().map(|finding| format!("{} {}", finding.code, finding.place)).collect()
}
