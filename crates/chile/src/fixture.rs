//! What tests of this half of the crate share: keys made for the run, CAFs signed by the training
//! authority, and the vectors in `tests/vectors`.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sign::Signer;
use timbre_core::{Certificate, KeyError, KeyName, Keys, Scheme};

use crate::latin1;

/// A file of `tests/vectors`.
pub(crate) fn vector(name: &str) -> Vec<u8> {
    let path = format!("../../tests/vectors/{name}");
    std::fs::read(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

pub(crate) fn sign_sha1(key: &PKey<Private>, message: &[u8]) -> Vec<u8> {
    Signer::new(MessageDigest::sha1(), key).unwrap().sign_oneshot_to_vec(message).unwrap()
}

/// The training authority's key, public by design.
pub(crate) fn authority() -> PKey<Private> {
    let path = "../sii-sim/src/desk/authority-999.pem";
    PKey::private_key_from_pem(&std::fs::read(path).unwrap()).unwrap()
}

/// A key as CAFs bear them: RSA-512, e = 3.
pub(crate) fn caf_key() -> Rsa<Private> {
    Rsa::generate_with_e(512, &BigNum::from_u32(3).unwrap()).unwrap()
}

/// The text of a CAF's file, signed by the training authority.
pub(crate) fn caf_text(
    rut: &str,
    name: &str,
    kind: u16,
    range: (u64, u64),
    authorised: &str,
    idk: u32,
    key: &Rsa<Private>,
) -> String {
    let (m, e) = (STANDARD.encode(key.n().to_vec()), STANDARD.encode(key.e().to_vec()));
    let (d, h) = range;
    let da = format!(
        "<DA>\n<RE>{rut}</RE>\n<RS>{name}</RS>\n<TD>{kind}</TD>\n<RNG><D>{d}</D><H>{h}</H></RNG>\n<FA>{authorised}</FA>\n\
         <RSAPK><M>{m}</M><E>{e}</E></RSAPK>\n<IDK>{idk}</IDK>\n</DA>"
    );
    let frma = STANDARD.encode(sign_sha1(&authority(), &latin1::encode(&da.replace('\n', "")).unwrap()));
    let private = String::from_utf8(key.private_key_to_pem().unwrap()).unwrap();
    let public = String::from_utf8(key.public_key_to_pem().unwrap()).unwrap();
    format!(
        "<?xml version=\"1.0\"?>\n<AUTORIZACION>\n<CAF version=\"1.0\">\n{da}\n<FRMA algoritmo=\"SHA1withRSA\">{frma}</FRMA>\n\
         </CAF>\n<RSASK>{private}</RSASK>\n\n<RSAPUBK>{public}</RSAPUBK>\n</AUTORIZACION>\n"
    )
}

/// A person's key and certificate, and one CAF key for every grant.
pub(crate) struct TestKeys {
    person: PKey<Private>,
    pub caf: PKey<Private>,
    pub holder: &'static str,
}

impl TestKeys {
    pub fn get() -> &'static TestKeys {
        static KEYS: OnceLock<TestKeys> = OnceLock::new();
        KEYS.get_or_init(|| TestKeys {
            person: PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap(),
            caf: PKey::from_rsa(caf_key()).unwrap(),
            holder: "11111111-1",
        })
    }

    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let public = PKey::public_key_from_pem(&self.person.public_key_to_pem().unwrap()).unwrap();
        openssl::sign::Verifier::new(MessageDigest::sha1(), &public)
            .unwrap()
            .verify_oneshot(signature, message)
            .unwrap()
    }
}

impl Keys for TestKeys {
    fn sign(&self, key: KeyName<'_>, _: Scheme, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        Ok(match key {
            KeyName::Certificate => sign_sha1(&self.person, message),
            KeyName::Grant(_) => sign_sha1(&self.caf, message),
        })
    }

    fn certificate(&self) -> Result<Certificate, KeyError> {
        let rsa = self.person.rsa().unwrap();
        Ok(Certificate {
            der: Bytes::from_static(&[0x30; 700]),
            modulus: rsa.n().to_vec().into(),
            exponent: rsa.e().to_vec().into(),
            holder: self.holder.to_owned(),
            not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
            not_after: "2029-01-01T00:00:00Z".parse().unwrap(),
        })
    }
}

/// Keys that give back the certificate and signatures found in a vector, and remember what they were
/// asked to sign.
pub(crate) struct VectorKeys {
    pub certificate: Certificate,
    pub signature: Vec<u8>,
    pub asked: std::sync::Mutex<Vec<Vec<u8>>>,
}

impl VectorKeys {
    /// From a text that holds one `Signature` and perhaps a stamp.
    pub fn of(text: &str) -> VectorKeys {
        let find = |name: &str| {
            let (_, rest) = text.split_once(&format!("<{name}>")).unwrap();
            let flat: String = rest.split_once('<').unwrap().0.split_whitespace().collect();
            STANDARD.decode(flat).unwrap()
        };
        VectorKeys {
            certificate: Certificate {
                der: find("X509Certificate").into(),
                modulus: find("Modulus").into(),
                exponent: find("Exponent").into(),
                ..TestKeys::get().certificate().unwrap()
            },
            signature: find("SignatureValue"),
            asked: Default::default(),
        }
    }
}

impl Keys for VectorKeys {
    fn sign(&self, _: KeyName<'_>, _: Scheme, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        self.asked.lock().unwrap().push(message.to_vec());
        Ok(self.signature.clone())
    }

    fn certificate(&self) -> Result<Certificate, KeyError> {
        Ok(self.certificate.clone())
    }
}

/// A company under resolution 80 of 2014.
pub(crate) fn company() -> timbre_core::Company {
    timbre_core::Company {
        id: "76192083-9".to_owned(),
        name: "ALMACÉN DE PRUEBA SPA".to_owned(),
        data: serde_json::json!({ "FchResol": "2014-08-22", "NroResol": 80 }),
    }
}

/// A document as channels see it: its total is 1190 and its receptor the nameless consumer.
pub(crate) fn document(series: &str, folio: u64, bytes: Vec<u8>) -> std::sync::Arc<timbre_core::Document> {
    std::sync::Arc::new(timbre_core::Document {
        id: timbre_core::DocumentId::new(series, folio),
        version: 1,
        grant: timbre_core::GrantId("ab".repeat(32)),
        channel: timbre_core::ChannelId("boleta".to_owned()),
        date: "2026-03-01".parse().unwrap(),
        stamped: "2026-03-01T12:00:00Z".parse().unwrap(),
        receiver: timbre_core::Party { id: "66666666-6".to_owned(), name: String::new() },
        total: timbre_core::Amount(1190),
        words: String::new(),
        facts: serde_json::json!({ "TipoDTE": 39, "RUTRecep": "66666666-6", "SignatureValue": "AAAA\nBBBB" }),
        bytes: bytes.into(),
    })
}
