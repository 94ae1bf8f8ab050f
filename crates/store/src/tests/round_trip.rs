//! Every fact is read back as it was written, blobs to the byte.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::json;
use timbre_core::{
    Advice, Cause, ChannelId, DocState, Label, NumberFate, ParcelId, Refusal, Remark, Series, State, TillData,
};

use super::shop::*;
use crate::body;
use crate::{Answered, CertificateLoaded, Fact, LockReason, Locked, Mark, Moved};

fn remark() -> Remark {
    Remark {
        words: "Firma <mala>".into(),
        advice: Some(Advice {
            whose: Label::new("sale", "La venta."),
            number: Label::new("burnt", "Ya no sirve."),
            action: Label::new("mend", "Corrija la venta."),
        }),
        ..Remark::ours("DTE-3-505", "La firma…")
    }
}

fn every_fact() -> Vec<Fact> {
    let mut full = sale(7);
    full.till = TillData { vuelto: Some(timbre_core::Amount(-3)), ..TillData::default() };
    full.warnings = vec![Refusal::new("iva-off", "Totales.IVA", "Un peso de diferencia.")];
    full.totals = json!({"exact": 0.1, "long": 12345678901234567890u64, "tiny": 1e-30, "no": -7});
    full.document.bytes = Bytes::from((0..=255).collect::<Vec<u8>>());
    full.document.facts =
        serde_json::from_str(r#"{"q":1.0,"r":10.500,"e":1e5,"big":123456789012345678901234567890.1}"#)
            .unwrap();
    let causes = vec![
        (DocState::Generado, DocState::Enviando, Cause::Sending),
        (DocState::Enviando, DocState::Pendiente, Cause::NotSent { why: "sin ruta".into() }),
        (DocState::Generado, DocState::Pendiente, Cause::NoLine { why: "sin línea".into() }),
        (DocState::Enviando, DocState::Verificando, Cause::Doubt { why: "corte".into() }),
        (DocState::Enviando, DocState::Enviado, Cause::Sent { track: "0245".into() }),
        (DocState::Verificando, DocState::Pendiente, Cause::Absent),
        (DocState::Enviado, DocState::Reparo, Cause::Accepted { remarks: vec![remark()], given: None }),
        (
            DocState::Enviado,
            DocState::Rechazado,
            Cause::Rejected { reasons: vec![remark()], number: NumberFate::AskByProbe },
        ),
        (DocState::Enviando, DocState::Pendiente, Cause::Refused { why: "permiso".into() }),
        (DocState::Enviado, DocState::Pendiente, Cause::Fell { why: "RSC".into(), most: Some(7) }),
        (DocState::Enviado, DocState::Pendiente, Cause::Fell { why: "RCT".into(), most: None }),
        (DocState::Rechazado, DocState::Generado, Cause::Reissued),
        (DocState::Rechazado, DocState::Reemplazado, Cause::Replaced { by: id(8), number: None }),
        (DocState::Pendiente, DocState::Generado, Cause::ByHand),
        (
            DocState::Rechazado,
            DocState::Aceptado,
            Cause::FoundAccepted { who: Some("Ana".into()), given: Some("7".into()) },
        ),
    ];
    let mut facts: Vec<Fact> = causes
        .into_iter()
        .map(|(from, to, cause)| {
            let next_try = Some(at(60));
            Fact::Moved(Moved { document: id(7), version: 3, from, to, cause, next_try, attempts: 4 })
        })
        .collect();
    let mark =
        Mark { series: timbre_core::Series("39".into()), grant: timbre_core::GrantId("a".into()), next: 9 };
    facts.extend([
        issued(full),
        sending("p", &[7, 8]),
        Fact::Answered(Answered {
            parcel: ParcelId("p".into()),
            document: Some(id(7)),
            what: "estado del envío".into(),
            status: Some(200),
            took_ms: 812,
            state: Some(State(json!({"track": 245, "asked": 2, "f": 0.50}))),
            due: Some(at(9)),
            heard: Bytes::from_static(b"\x00<html>\xff"),
        }),
        Fact::Attention { document: id(7), reason: Some("mírelo".into()) },
        Fact::Attention { document: id(7), reason: None },
        Fact::Annulled { document: id(7), by: id(8) },
        shared_caf("a", "39", (1, 100), (2, 3), Some(40)),
        company("1-9"),
        Fact::CertificateLoaded(CertificateLoaded {
            holder: "1-9".into(),
            subject: "CN=Ana".into(),
            not_before: at(0),
            not_after: at(1),
            der: Bytes::from_static(b"der"),
            sealed: Bytes::new(),
        }),
        Fact::Line { what: "internet".into(), up: false, why: "sin DNS".into() },
        Fact::Login { channel: ChannelId("dte".into()), ok: true, why: String::new() },
        Fact::Printed {
            document: id(7),
            copy: timbre_core::paper::Copy::Ceded,
            how: Default::default(),
            printer: None,
        },
        Fact::Mailed { document: id(7), to: "a@b.cl".into() },
        Fact::Notified { document: id(7), to: "http://caja".into() },
        Fact::Acted { who: "ana".into(), what: "reenviar".into(), documents: vec![id(7)] },
        Fact::GrantStopped { grant: timbre_core::GrantId("a".into()), why: Some("conflicto".into()) },
        Fact::IssuingLocked(Locked {
            reason: LockReason::TillAhead,
            beyond: vec![mark.clone()],
            said: vec![crate::Said {
                till: "caja1".into(),
                series: mark.series.clone(),
                grant: mark.grant.clone(),
                number: 7,
            }],
        }),
        Fact::IssuingUnlocked {
            who: "ana".into(),
            beyond: vec![mark],
            used_up_to: BTreeMap::from([(Series("39".into()), 6)]),
            unasked: Some("sin línea".into()),
        },
        Fact::Warned(crate::Warned {
            series: timbre_core::Series("39".into()),
            level: 80,
            orders: vec![7, 9],
            first: id(7),
            limit: at(3600),
        }),
        Fact::ClockSeen { offset_seconds: -301, good: false },
        Fact::ClockAccepted { who: "ana".into(), offset_seconds: -301 },
        vouched("caja1-9", date(3), 1990),
        declared(1),
        undone("caja1-9", 1990),
        Fact::StampsResumed { who: "ana".into(), last: at(86_400) },
        Fact::SkippedAnnulled { grant: timbre_core::GrantId("a".into()), first: 4, last: 8 },
    ]);
    facts
}

#[test]
fn every_fact_is_read_back_to_the_byte() {
    let mut kinds = std::collections::BTreeSet::new();
    for fact in every_fact() {
        kinds.insert(fact.kind());
        let body = Bytes::from(body::encode(&fact).unwrap());
        assert_eq!(body::decode(&body).unwrap(), fact, "{fact:?}");
        // Written again, it gives the same bytes: exact decimals stay as they were.
        assert_eq!(body::encode(&body::decode(&body).unwrap()).unwrap(), body, "{fact:?}");
        for end in 0..body.len() {
            assert!(body::decode(&body.slice(..end)).is_err(), "{end} bytes of {fact:?}");
        }
    }
    assert_eq!(kinds, (1..=26).collect());
}

#[test]
fn what_was_committed_is_read_by_its_place() {
    let (_shop, mut store) = Shop::ready();
    let mut big = sale(1);
    big.document.bytes = Bytes::from(vec![0xe1; 300_000]);
    let committed = store.commit(vec![issued(big.clone()), issued(sale(2))], at(5)).unwrap();
    let reader = store.reader();
    assert_eq!(reader.issued(&id(1)).unwrap().unwrap(), big);
    assert_eq!(reader.document(&id(2)).unwrap().unwrap(), sale(2).document);
    assert_eq!(committed.rows.len(), 2);
    assert_eq!(
        committed.places,
        [reader.row(&id(1)).unwrap().unwrap().frame, reader.row(&id(2)).unwrap().unwrap().frame]
    );
    assert_eq!(reader.grant_key(&timbre_core::GrantId("a".into())).unwrap().unwrap(), "sealed key of a");
    assert_eq!(reader.company().unwrap().0.data, json!({"acteco": 472101, "factor": 1.10}));
}

#[test]
fn a_batch_is_one_fsync() {
    let (_shop, mut store) = Shop::ready();
    let before = store.fsyncs();
    store.commit((1..=50).map(|n| issued(sale(n))).collect(), at(1)).unwrap();
    assert_eq!(store.fsyncs(), before + 1);
    store.commit(Vec::new(), at(2)).unwrap();
    assert_eq!(store.fsyncs(), before + 1);
}
