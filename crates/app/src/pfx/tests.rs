//! Certificates as people bring them: of several ages, incomplete, with a forgotten password.

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkcs12::Pkcs12Builder;
use openssl::rsa::Rsa;
use openssl::stack::Stack;
use openssl::x509::X509NameBuilder;

use super::*;

const RC2: &[u8] = include_bytes!("../../tests/pfx/rc2-40.pfx");
const TRIPLE_DES: &[u8] = include_bytes!("../../tests/pfx/3des.pfx");
const RC2_NO_MAC: &[u8] = include_bytes!("../../tests/pfx/rc2-40-no-mac.pfx");

pub(super) fn rsa(bits: u32) -> PKey<Private> {
    PKey::from_rsa(Rsa::generate(bits).unwrap()).unwrap()
}

pub(super) fn certificate(key: &PKey<Private>, until: i64) -> X509 {
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_nid(Nid::COMMONNAME, "JUANA PÉREZ").unwrap();
    name.append_entry_by_nid(Nid::SERIALNUMBER, "11.111.111-1").unwrap();
    let name = name.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    builder.set_serial_number(&BigNum::from_u32(7).unwrap().to_asn1_integer().unwrap()).unwrap();
    builder.set_subject_name(&name).unwrap();
    builder.set_issuer_name(&name).unwrap();
    builder.set_not_before(&Asn1Time::from_unix(1_700_000_000).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_unix(until).unwrap()).unwrap();
    builder.set_pubkey(key).unwrap();
    builder.sign(key, MessageDigest::sha256()).unwrap();
    builder.build()
}

pub(super) fn packed(password: &str, fill: impl FnOnce(&mut Pkcs12Builder)) -> Vec<u8> {
    let mut builder = Pkcs12::builder();
    fill(&mut builder);
    builder.build2(password).unwrap().to_der().unwrap()
}

/// What today's OpenSSL and Windows write: AES-256, PBKDF2, MAC with SHA-256.
fn modern(key: &PKey<Private>, password: &str) -> Vec<u8> {
    packed(password, |pfx| {
        pfx.name("juana").pkey(key).cert(&certificate(key, 1_900_000_000));
    })
}

#[track_caller]
fn refused(bytes: &[u8], password: &str) -> PfxError {
    read(bytes, password).expect_err("it should be refused")
}

#[test]
fn a_modern_file_is_read_whole() {
    let key = rsa(2048);
    let pfx = read(&modern(&key, "timbre"), "timbre").unwrap();
    assert_eq!(pfx.subject, "CN=JUANA PÉREZ, serialNumber=11.111.111-1");
    assert_eq!(pfx.holder.as_deref(), Some("11111111-1"));
    assert_eq!((pfx.not_before.as_second(), pfx.not_after.as_second()), (1_700_000_000, 1_900_000_000));
    assert_eq!((pfx.bits, pfx.warning()), (2048, None));
    assert!(PKey::private_key_from_pkcs8(&pfx.key).unwrap().public_eq(&key));
    assert!(X509::from_der(&pfx.der).unwrap().public_key().unwrap().public_eq(&key));
}

#[test]
fn old_files_are_read_too() {
    for (name, bytes) in [("RC2-40", RC2), ("3DES", TRIPLE_DES)] {
        let pfx = read(bytes, "timbre").unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(pfx.holder.as_deref(), Some("11111111-1"), "{name}");
        for wrong in ["Timbre", "timbre ", "", "clave\0timbre"] {
            assert_eq!(refused(bytes, wrong), PfxError::WrongPassword, "{name} {wrong:?}");
        }
    }
    assert_eq!(refused(RC2_NO_MAC, "timbre"), PfxError::NoMac);
    // The old module did not take the place of the new one.
    read(&modern(&rsa(2048), "timbre"), "timbre").unwrap();
}

#[test]
fn old_and_new_files_are_read_by_many_threads_at_once() {
    let modern = modern(&rsa(2048), "timbre");
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let bytes = if thread % 2 == 0 { RC2 } else { &modern };
            scope.spawn(move || (0..25).for_each(|_| drop(read(bytes, "timbre").unwrap())));
        }
    });
}

#[test]
fn a_wrong_password_is_told_apart_from_a_file_that_is_none() {
    let bytes = modern(&rsa(2048), "timbre");
    for wrong in ["", "TIMBRE", "contraseña", "timbre\0"] {
        assert_eq!(refused(&bytes, wrong), PfxError::WrongPassword, "{wrong:?}");
    }
    for garbage in
        [&b""[..], b"hola", b"-----BEGIN CERTIFICATE-----", &bytes[..bytes.len() / 2], &[0x30; 4096]]
    {
        assert_eq!(refused(garbage, "timbre"), PfxError::NotPfx);
    }
    let certificate_alone = certificate(&rsa(2048), 1_900_000_000).to_der().unwrap();
    assert_eq!(refused(&certificate_alone, "timbre"), PfxError::NotPfx);
}

#[test]
fn empty_passwords_and_passwords_with_letters_of_ours_open() {
    let key = rsa(2048);
    read(&modern(&key, ""), "").unwrap();
    read(&modern(&key, "contraseña €"), "contraseña €").unwrap();
    // As OpenSSL 1.0 understood that password on a UTF-8 terminal.
    let misread: String = "contraseña".bytes().map(char::from).collect();
    read(&modern(&key, &misread), "contraseña").unwrap();
}

#[test]
fn what_the_file_lacks_is_named() {
    let (key, other) = (rsa(2048), rsa(2048));
    let cert = certificate(&key, 1_900_000_000);
    let build = |with_key: Option<&PKey<Private>>, chain: &[&X509]| {
        packed("timbre", |pfx| {
            if let Some(key) = with_key {
                pfx.pkey(key);
            }
            let mut stack = Stack::new().unwrap();
            chain.iter().for_each(|cert| stack.push((*cert).clone()).unwrap());
            pfx.ca(stack);
        })
    };
    assert_eq!(refused(&build(None, &[&cert]), "timbre"), PfxError::NoKey);
    assert_eq!(refused(&build(Some(&key), &[]), "timbre"), PfxError::NoCertificate);
    assert_eq!(refused(&build(Some(&other), &[&cert]), "timbre"), PfxError::Mismatch);
}

#[test]
fn of_several_certificates_it_is_the_keys_and_the_latest() {
    let (key, authority) = (rsa(2048), rsa(2048));
    let bytes = packed("timbre", |pfx| {
        let mut chain = Stack::new().unwrap();
        chain.push(certificate(&authority, 2_000_000_000)).unwrap();
        chain.push(certificate(&key, 1_800_000_000)).unwrap();
        chain.push(certificate(&key, 1_950_000_000)).unwrap();
        chain.push(certificate(&key, 1_900_000_000)).unwrap();
        pfx.pkey(&key).ca(chain);
    });
    let pfx = read(&bytes, "timbre").unwrap();
    assert_eq!(pfx.not_after.as_second(), 1_950_000_000);
}

#[test]
fn keys_that_the_authority_would_not_take_are_refused() {
    let curve = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let ec = PKey::from_ec_key(EcKey::generate(&curve).unwrap()).unwrap();
    assert_eq!(refused(&modern(&ec, "timbre"), "timbre"), PfxError::NotRsa);
    assert_eq!(refused(&modern(&rsa(768), "timbre"), "timbre"), PfxError::ShortKey(768));
    let short = read(&modern(&rsa(1024), "timbre"), "timbre").unwrap();
    assert!(short.warning().unwrap().contains("1024"));
}

#[test]
fn no_text_shows_the_key_or_the_password() {
    let bytes = modern(&rsa(2048), "frase-secreta");
    let pfx = read(&bytes, "frase-secreta").unwrap();
    let mut shown = format!("{pfx:?} {pfx:#?}");
    for error in [refused(&bytes, "frase-secreta "), refused(RC2, "frase-secreta")] {
        shown += &format!("{error} {error:?}");
    }
    let key = format!("{:?}", &pfx.key[40..48]);
    assert!(!shown.contains("frase-secreta") && !shown.contains(key.trim_matches(['[', ']'])));
    assert!(!shown.contains("key:"));
}
