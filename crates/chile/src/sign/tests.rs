use super::*;
use crate::fixture::{TestKeys, VectorKeys, vector};
use crate::latin1;

fn envelope() -> String {
    latin1::decode(&vector("EnvioBOLETA-F7-variantB.xml"))
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> &'a str {
    let start = text.find(open).unwrap();
    &text[start..start + text[start..].find(close).unwrap() + close.len()]
}

#[test]
fn a_document_is_signed_to_the_byte() {
    let envelope = envelope();
    let dte = between(&envelope, "<DTE ", "</DTE>");
    let inner = between(dte, "<Documento ", "</Documento>");
    assert_eq!(standing_alone(inner, "Documento").as_bytes(), vector("T39F7.B.Documento.c14n"));
    let keys = VectorKeys::of(dte);
    assert_eq!(document(inner, "F7T39", &keys).unwrap(), dte);
    assert_eq!(keys.asked.lock().unwrap()[0], vector("T39F7.B.SignedInfo.c14n"));
}

#[test]
fn facturas_notes_and_guides_have_the_same_canonical_form() {
    let envelope = latin1::decode(&vector("EnvioDTE-33-61-52-variantB.xml"));
    for (id, name) in [("F5T33", "T33F5"), ("F2T61", "T61F2"), ("F9T52", "T52F9")] {
        let inner = between(&envelope, &format!("<Documento ID=\"{id}\">"), "</Documento>");
        let canonical = standing_alone(inner, "Documento");
        assert_eq!(canonical.as_bytes(), vector(&format!("{name}.B.Documento.c14n")), "{name}");
    }
}

#[test]
fn a_set_is_signed_to_the_byte() {
    for (file, name) in [
        ("EnvioBOLETA-F7-variantB.xml", "EnvioBOLETA-F7-variantB"),
        ("EnvioDTE-33-61-52-variantB.xml", "EnvioDTE-33-61-52-variantB"),
    ] {
        let envelope = latin1::decode(&vector(file));
        let inner = between(&envelope, "<SetDTE ", "</SetDTE>");
        let inside = inner.replace(DTE_OPEN, DTE_OPEN_INSIDE);
        assert_eq!(standing_alone(&inside, "SetDTE").as_bytes(), vector(&format!("{name}.SetDTE.c14n")));
        let last = &envelope[envelope.rfind("<Signature ").unwrap()..];
        let keys = VectorKeys::of(last);
        let signature = set(inner, "SetDoc", &keys).unwrap();
        assert_eq!(signature, between(last, "<Signature ", "</Signature>"));
        assert_eq!(keys.asked.lock().unwrap()[0], vector(&format!("{name}.SetDTE.SignedInfo.c14n")));
    }
}

#[test]
fn references_in_the_authoritys_own_text_are_signed_as_characters() {
    // A CAF may say L&apos;OREAL; the file keeps it, the digest is over the canonical form.
    let raw = "<Documento ID=\"F1T39\"><RS>L&apos;OREAL &amp; CO</RS></Documento>";
    let plain = "<Documento ID=\"F1T39\"><RS>L'OREAL &amp; CO</RS></Documento>";
    let digest = |inner: &str| {
        let dte = document(inner, "F1T39", TestKeys::get()).unwrap();
        assert!(dte.contains(inner));
        between(&dte, "<DigestValue>", "</DigestValue>").to_owned()
    };
    assert_eq!(digest(raw), digest(plain));
}

#[test]
fn no_key_no_document() {
    struct None;
    impl Keys for None {
        fn sign(&self, _: KeyName<'_>, _: Scheme, _: &[u8]) -> Result<Vec<u8>, KeyError> {
            Err(KeyError::Locked)
        }
        fn certificate(&self) -> Result<Certificate, KeyError> {
            TestKeys::get().certificate()
        }
    }
    assert_eq!(document("<Documento ID=\"F1T39\"></Documento>", "F1T39", &None), Err(KeyError::Locked));
}
