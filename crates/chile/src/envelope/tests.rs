use super::*;
use crate::fixture::{TestKeys, VectorKeys, company, document, vector};
use timbre_core::Parcel;

fn parcel(wrapping: Wrapping, documents: Vec<Arc<Document>>) -> Vec<u8> {
    Parcel {
        id: timbre_core::ParcelId("0".into()),
        channel: timbre_core::ChannelId("boleta".into()),
        head: wrapping.head,
        tail: wrapping.tail,
        documents,
    }
    .body()
}

/// Takes a vector's documents out and puts them in again: the envelope must be the same to the byte.
#[track_caller]
fn check(kind: Kind, file: &str) {
    let whole = latin1::decode(&vector(file));
    let mut documents = Vec::new();
    let mut rest = whole.as_str();
    while let Some(start) = rest.find("<DTE ") {
        let end = rest.find("</DTE>").unwrap() + "</DTE>".len();
        let bytes = latin1::encode(&rest[start..end]).unwrap();
        let tipo = rest[start..].split_once("<TipoDTE>").unwrap().1.split_once('<').unwrap().0;
        let folio = rest[start..].split_once("<Folio>").unwrap().1.split_once('<').unwrap().0;
        documents.push(document(tipo, folio.parse().unwrap(), bytes));
        rest = &rest[end..];
    }
    let mut company = company();
    company.id = "99999999-9".to_owned();
    let keys = VectorKeys::of(&whole[whole.rfind("<Signature ").unwrap()..]);
    let stamped = stamped(whole.as_bytes()).unwrap();
    let wrapping = wrap(kind, &documents, &company, &keys, stamped).unwrap();
    let ours = latin1::decode(&parcel(wrapping, documents));
    // The vector ends where its root does; a file ends in a line feed.
    assert_eq!(ours.trim_end(), whole.trim_end());
    assert!(ours.lines().all(|line| line.len() < 4090));
}

#[test]
fn a_boleta_envelope_is_met_to_the_byte() {
    check(Kind::Boleta, "EnvioBOLETA-F7-variantB.xml");
}

#[test]
fn an_envelope_of_several_types_is_met_to_the_byte() {
    check(Kind::Dte, "EnvioDTE-33-61-52-variantB.xml");
}

#[test]
fn the_same_moment_gives_the_same_envelope() {
    let documents =
        vec![document("39", 1, b"<DTE>\xD1</DTE>".to_vec()), document("41", 2, b"<DTE></DTE>".to_vec())];
    let when = "2026-03-01T09:00:00".parse().unwrap();
    let once = wrap(Kind::Boleta, &documents, &company(), TestKeys::get(), when).unwrap();
    assert_eq!(once, wrap(Kind::Boleta, &documents, &company(), TestKeys::get(), when).unwrap());
    assert_eq!(stamped(&once.head), Some(when));
    let head = latin1::decode(&once.head);
    assert!(head.contains(
        "<SubTotDTE>\n<TpoDTE>39</TpoDTE>\n<NroDTE>1</NroDTE>\n</SubTotDTE>\n<SubTotDTE>\n<TpoDTE>41<"
    ));
    assert!(head.contains("<RutEnvia>11111111-1</RutEnvia>\n<RutReceptor>60803000-K</RutReceptor>"));
}

#[test]
fn no_envelope_without_a_resolution_or_a_sender() {
    let when = "2026-03-01T09:00:00".parse().unwrap();
    let mut bare = company();
    bare.data = serde_json::json!({ "FchResol": "2014-08-22" });
    assert!(matches!(wrap(Kind::Dte, &[], &bare, TestKeys::get(), when), Err(KeyError::Failed(_))));
    bare.id = "nadie".to_owned();
    assert!(issuer(&bare).is_err());
}

/// The customer's copy: the documents' same bytes, another carátula, another signature of the set.
#[test]
fn an_envelope_for_the_receptor_carries_the_same_documents() {
    let named = |series: &str, folio: u64, receiver: &str| {
        let mut one = (*document(series, folio, b"<DTE>\xD1</DTE>".to_vec())).clone();
        one.receiver.id = receiver.to_owned();
        Arc::new(one)
    };
    let when = "2026-03-01T09:00:00".parse().unwrap();
    let documents = vec![named("33", 1, "77777777-7"), named("61", 2, "77777777-7")];
    let to_sii = wrap(Kind::Dte, &documents, &company(), TestKeys::get(), when).unwrap();
    let to_him = wrap_for_receiver(&documents, &company(), TestKeys::get(), when).unwrap();
    let (sii, him) = (latin1::decode(&to_sii.head), latin1::decode(&to_him.head));
    assert_eq!(sii.replace("60803000-K", "77777777-7"), him);
    assert_ne!(to_sii.tail, to_him.tail);
    let mixed = [named("33", 1, "77777777-7"), named("33", 2, "76192083-9")];
    assert!(wrap_for_receiver(&mixed, &company(), TestKeys::get(), when).is_err());
    let boletas = [named("39", 1, "77777777-7"), named("39", 2, "77777777-7")];
    assert!(wrap_for_receiver(&boletas, &company(), TestKeys::get(), when).is_err());
    assert!(wrap_for_receiver(&[], &company(), TestKeys::get(), when).is_err());
}

#[test]
fn no_envelope_holds_more_than_its_schema_lets_it() {
    let when = "2026-03-01T09:00:00".parse().unwrap();
    for (kind, series, most) in [(Kind::Boleta, "39", 500), (Kind::Dte, "33", 2_000)] {
        let mut documents: Vec<_> =
            (1..=most).map(|n| document(series, n, b"<DTE></DTE>".to_vec())).collect();
        assert!(wrap(kind, &documents, &company(), TestKeys::get(), when).is_ok(), "{most}");
        documents.push(document(series, most + 1, b"<DTE></DTE>".to_vec()));
        assert!(wrap(kind, &documents, &company(), TestKeys::get(), when).is_err(), "{most} and one more");
    }
}
