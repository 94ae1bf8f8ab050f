//! Signing with what is sealed, as a country does it.

mod load;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::rsa::Rsa;
use openssl::sign::Verifier;
use openssl::x509::X509NameBuilder;
use tempfile::{TempDir, tempdir};
use timbre_core::{Date, Environment, Grant, Series};
use zeroize::Zeroizing;

use super::*;
use crate::vault::{Custody, Kind};

#[derive(Default)]
struct Shelf {
    certificate: Mutex<Option<CertificateLoaded>>,
    grants: Mutex<HashMap<GrantId, Bytes>>,
    asked: AtomicUsize,
}

impl Sealed for Arc<Shelf> {
    fn certificate(&self) -> Result<Option<CertificateLoaded>, KeyError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(self.certificate.lock().unwrap().clone())
    }

    fn grant_key(&self, id: &GrantId) -> Result<Option<Bytes>, KeyError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(self.grants.lock().unwrap().get(id).cloned())
    }
}

struct Bench {
    shelf: Arc<Shelf>,
    vault: Arc<Vault>,
    keys: FolderKeys<Arc<Shelf>>,
    _folder: TempDir,
}

fn bench() -> Bench {
    let folder = tempdir().unwrap();
    let vault = Arc::new(Vault::open(folder.path(), &Custody::forced(Kind::KeyFile)).unwrap().0);
    let shelf = Arc::new(Shelf::default());
    Bench { keys: FolderKeys::new(shelf.clone(), vault.clone()), shelf, vault, _folder: folder }
}

fn pfx(holder: Option<&str>) -> (PKey<Private>, Pfx) {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let name = X509NameBuilder::new().unwrap().build();
    let mut builder = X509::builder().unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_not_before(&Asn1Time::from_unix(1_700_000_000).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_unix(1_900_000_000).unwrap()).unwrap();
    builder.set_pubkey(&key).unwrap();
    builder.sign(&key, MessageDigest::sha256()).unwrap();
    let packed =
        openssl::pkcs12::Pkcs12::builder().pkey(&key).cert(&builder.build()).build2("timbre").unwrap();
    let mut pfx = crate::pfx::read(&packed.to_der().unwrap(), "timbre").unwrap();
    pfx.holder = holder.map(str::to_owned);
    (key, pfx)
}

/// A CAF's key: RSA of 512 bits with exponent 3, PKCS#1 PEM.
fn caf(id: &str) -> (PKey<Private>, GrantFile) {
    let three = BigNum::from_u32(3).unwrap();
    let rsa = Rsa::generate_with_e(512, &three).unwrap();
    let pem = rsa.private_key_to_pem().unwrap();
    assert!(pem.starts_with(b"-----BEGIN RSA PRIVATE KEY-----"));
    let grant = Grant {
        id: GrantId(id.to_owned()),
        series: Series("39".to_owned()),
        first: 1,
        last: 100,
        environment: Environment::Training,
        issuer: "76192083-9".to_owned(),
        authorised: Date::constant(2026, 1, 2),
        expires: None,
        public: "<CAF/>".to_owned(),
    };
    let secret = [b"\n  ", &pem[..], b"\r\n "].concat();
    (PKey::from_rsa(rsa).unwrap(), GrantFile { grant, secret: Zeroizing::new(secret) })
}

fn load(bench: &Bench, holder: &str) -> PKey<Private> {
    let (key, pfx) = pfx(Some(holder));
    *bench.shelf.certificate.lock().unwrap() = Some(seal_certificate(&pfx, &bench.vault).unwrap());
    key
}

#[track_caller]
fn check(public: &PKey<Private>, scheme: Scheme, message: &[u8], signature: &[u8]) {
    let digest = if scheme == Scheme::RsaSha1 { MessageDigest::sha1() } else { MessageDigest::sha256() };
    assert_eq!(signature.len(), public.size());
    assert!(Verifier::new(digest, public).unwrap().verify_oneshot(signature, message).unwrap());
}

#[test]
fn the_certificate_signs_and_tells_its_public_half() {
    let bench = bench();
    assert_eq!(bench.keys.certificate(), Err(KeyError::NoCertificate));
    assert_eq!(bench.keys.sign(KeyName::Certificate, Scheme::RsaSha1, b"x"), Err(KeyError::NoCertificate));
    let key = load(&bench, "11111111-1");
    for scheme in [Scheme::RsaSha1, Scheme::RsaSha256] {
        let signature = bench.keys.sign(KeyName::Certificate, scheme, b"un documento").unwrap();
        check(&key, scheme, b"un documento", &signature);
        assert_eq!(bench.keys.sign(KeyName::Certificate, scheme, b"un documento").unwrap(), signature);
    }
    let certificate = bench.keys.certificate().unwrap();
    assert_eq!(certificate.holder, "11111111-1");
    assert_eq!((certificate.modulus.len(), &certificate.exponent[..]), (256, &[1, 0, 1][..]));
    let public = X509::from_der(&certificate.der).unwrap().public_key().unwrap();
    assert!(public.public_eq(&key));
}

#[test]
fn a_cafs_key_signs_a_stamp_that_verifies() {
    let bench = bench();
    let (key, file) = caf("a1");
    let sealed = seal_grant(&file, &bench.vault).unwrap();
    bench.shelf.grants.lock().unwrap().insert(file.grant.id.clone(), sealed);
    for message in [&b"<DD><RE>76192083-9</RE></DD>"[..], b"", "áéí".as_bytes()] {
        let stamp = bench.keys.sign(KeyName::Grant(&file.grant.id), Scheme::RsaSha1, message).unwrap();
        assert_eq!(stamp.len(), 64);
        check(&key, Scheme::RsaSha1, message, &stamp);
    }
    assert_eq!(bench.shelf.asked.load(Ordering::Relaxed), 1, "unsealed once");
    let absent = GrantId("b2".to_owned());
    let refused = bench.keys.sign(KeyName::Grant(&absent), Scheme::RsaSha1, b"x");
    assert_eq!(refused, Err(KeyError::NoGrantKey("b2".to_owned())));
}

#[test]
fn one_grants_key_does_not_pass_for_anothers() {
    let bench = bench();
    let (_, file) = caf("a1");
    let other = GrantId("a2".to_owned());
    bench.shelf.grants.lock().unwrap().insert(other.clone(), seal_grant(&file, &bench.vault).unwrap());
    assert!(matches!(
        bench.keys.sign(KeyName::Grant(&other), Scheme::RsaSha1, b"x"),
        Err(KeyError::GrantKeyUnreadable(id)) if id == "a2"
    ));
}

/// As where the vault was lost and another one took its place.
#[test]
fn what_another_vault_closed_is_to_be_loaded_again_and_says_so() {
    let (old, new) = (bench(), bench());
    load(&old, "11111111-1");
    let (_, file) = caf("a1");
    let sealed = seal_grant(&file, &old.vault).unwrap();
    *new.shelf.certificate.lock().unwrap() = old.shelf.certificate.lock().unwrap().clone();
    new.shelf.grants.lock().unwrap().insert(file.grant.id.clone(), sealed);
    let told = |key| new.keys.sign(key, Scheme::RsaSha1, b"x").unwrap_err().refusal();
    let certificate = told(KeyName::Certificate);
    assert_eq!(certificate.code, "certificate-unreadable");
    assert!(certificate.message.contains("cárguelo otra vez"), "{}", certificate.message);
    let grant = told(KeyName::Grant(&file.grant.id));
    assert_eq!(grant.code, "grant-unreadable");
    assert!(grant.message.contains("cargue otra vez ese CAF"), "{}", grant.message);
}

#[test]
fn what_is_no_key_is_not_sealed_as_one() {
    let bench = bench();
    let (_, mut file) = caf("a1");
    for secret in [&b""[..], b"hola", b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----"]
    {
        file.secret = Zeroizing::new(secret.to_vec());
        assert!(matches!(seal_grant(&file, &bench.vault), Err(KeyError::Failed(_))));
    }
    // A key under a passphrase must not make OpenSSL ask for it on a terminal.
    let under = Rsa::generate(1024).unwrap();
    let cipher = openssl::symm::Cipher::aes_256_cbc();
    file.secret = Zeroizing::new(under.private_key_to_pem_passphrase(cipher, b"clave").unwrap());
    assert!(matches!(seal_grant(&file, &bench.vault), Err(KeyError::Failed(_))));
    let (_, nobody) = pfx(None);
    assert!(seal_certificate(&nobody, &bench.vault).unwrap_err().to_string().contains("RUT"));
}

#[test]
fn a_new_certificate_is_used_once_the_old_one_is_forgotten() {
    let bench = bench();
    let old = load(&bench, "11111111-1");
    check(
        &old,
        Scheme::RsaSha1,
        b"x",
        &bench.keys.sign(KeyName::Certificate, Scheme::RsaSha1, b"x").unwrap(),
    );
    let new = load(&bench, "60803000-K");
    assert_eq!(bench.keys.certificate().unwrap().holder, "11111111-1");
    bench.keys.forget();
    assert_eq!(bench.keys.certificate().unwrap().holder, "60803000-K");
    check(
        &new,
        Scheme::RsaSha1,
        b"x",
        &bench.keys.sign(KeyName::Certificate, Scheme::RsaSha1, b"x").unwrap(),
    );
}

#[test]
fn a_certificate_that_is_not_its_keys_is_refused() {
    let bench = bench();
    load(&bench, "11111111-1");
    let (_, other) = pfx(Some("11111111-1"));
    bench.shelf.certificate.lock().unwrap().as_mut().unwrap().der = other.der.clone().into();
    assert!(matches!(bench.keys.certificate(), Err(KeyError::Failed(_))));
}

#[test]
fn no_text_shows_a_key() {
    let bench = bench();
    load(&bench, "11111111-1");
    let (_, file) = caf("a1");
    let wrong = bench.vault.unseal("otro", &seal_grant(&file, &bench.vault).unwrap()).unwrap_err();
    let damaged =
        parse(b"-----BEGIN RSA PRIVATE KEY-----\nSECRETO\n-----END RSA PRIVATE KEY-----").unwrap_err();
    let loaded = bench.shelf.certificate.lock().unwrap().clone().unwrap();
    let shown = format!("{:?} {wrong} {wrong:?} {damaged} {damaged:?} {loaded:?}", bench.keys);
    let pem = String::from_utf8(file.secret.to_vec()).unwrap();
    let line = pem.lines().find(|line| line.len() > 40).unwrap();
    assert!(!shown.contains("SECRETO") && !shown.contains(line) && !shown.contains("PRIVATE KEY"), "{shown}");
}
