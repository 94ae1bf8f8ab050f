//! What holds of every answer, whatever is in it: EPR is no acceptance by itself, what is absent is no zero, and a
//! code that nobody knows ends nothing.

use super::*;
use timbre_core::Verdict;

fn count() -> impl Strategy<Value = Count> {
    // Small numbers, so that sums come right often.
    (prop_oneof![Just(39u16), Just(41), Just(33)], 0u32..4, 0u32..4, 0u32..4, 0u32..4).prop_map(
        |(kind, informed, accepted, rejected, objected)| Count {
            kind,
            informed,
            accepted,
            rejected,
            objected,
        },
    )
}

/// A line that adds up as often as one that does not.
fn line() -> impl Strategy<Value = Count> {
    (count(), any::<bool>()).prop_map(|(count, sound)| match sound {
        true => Count { informed: count.accepted + count.rejected + count.objected, ..count },
        false => count,
    })
}

fn detail() -> impl Strategy<Value = Detail> {
    let state = prop_oneof![Just("RCH"), Just("RPR"), Just("RLV"), Just("DOK"), Just("XYZ"), Just("")];
    (
        proptest::option::of(prop_oneof![Just(39u16), Just(41)]),
        proptest::option::weighted(0.9, 1u64..4),
        state,
    )
        .prop_map(|(kind, folio, state)| Detail {
            kind,
            folio,
            state: state.to_owned(),
            remarks: Vec::new(),
        })
}

fn sent() -> impl Strategy<Value = Vec<(u16, u64)>> {
    let one = (prop_oneof![Just(39u16), Just(41)], 1u64..4);
    proptest::collection::btree_set(one, 1..4).prop_map(|all| all.into_iter().collect())
}

fn processed() -> impl Strategy<Value = Processed> {
    let details = proptest::option::of(proptest::collection::vec(detail(), 0..4));
    (proptest::collection::vec(line(), 0..4), any::<bool>(), details).prop_map(
        |(counts, detailed, details)| Processed { counts, detailed: detailed || details.is_some(), details },
    )
}

/// Letters, digits and a sign, as the SII's codes are; none that is in a table.
fn unknown() -> impl Strategy<Value = String> {
    "-?[A-Z0-9]{1,5}".prop_filter("a code of a table", |code| {
        let named = [code.clone(), format!("ESTADO {code}")];
        crate::answer::parcel::codes()
            .chain(crate::answer::document::codes())
            .all(|known| !named.contains(&known))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// An acceptance is proved: by one line of its type that adds up to what was sent and leaves room for it, with
    /// no word against it.
    #[test]
    fn no_document_is_accepted_without_proof(sent in sent(), processed in processed(), patient in any::<bool>()) {
        let Settled::Decided(verdicts) = settle(&sent, &processed, patient) else { return Ok(()) };
        for kind in [39u16, 41] {
            let places: Vec<usize> = (0..sent.len()).filter(|&at| sent[at].0 == kind).collect();
            let accepted = |at: &&usize| matches!(verdicts[**at], Some(Verdict::Accepted { .. }));
            let all: Vec<usize> = places.iter().filter(accepted).copied().collect();
            if all.is_empty() {
                continue;
            }
            let lines: Vec<&Count> = processed.counts.iter().filter(|count| count.kind == kind).collect();
            prop_assert_eq!(lines.len(), 1);
            let Count { informed, accepted, rejected, objected, .. } = *lines[0];
            prop_assert_eq!(informed as usize, places.len());
            prop_assert_eq!(informed, accepted + rejected + objected);
            prop_assert_eq!(all.len(), (accepted + objected) as usize);
            for detail in processed.details.iter().flatten() {
                let about = |at: &usize| {
                    detail.folio.is_none_or(|folio| folio == sent[*at].1) && detail.kind.is_none_or(|k| k == kind)
                };
                let against = !matches!(detail.state.as_str(), "DOK" | "RPR" | "RLV");
                prop_assert!(!(against && all.iter().any(about)), "{:?}", detail);
            }
        }
    }

    /// Whatever is left out of an answer that accepts, or is null, empty or no number: nothing is accepted by it.
    #[test]
    fn what_is_absent_is_no_zero(
        key in prop_oneof![Just("tipo"), Just("informados"), Just("aceptados"), Just("rechazados"), Just("reparos"), Just("estadistica")],
        with in prop_oneof![Just(None), Just(Some("null")), Just(Some("\"\"")), Just(Some("\"x\"")), Just(Some("-1")), Just(Some("0.5")), Just(Some("[]")), Just(Some("{}"))],
        patient in any::<bool>(),
    ) {
        let mut line = serde_json::json!({"tipo": 39, "informados": 1, "aceptados": 1, "rechazados": 0, "reparos": 0});
        let mut answer = serde_json::json!({"trackid": 1, "estado": "EPR", "detalle_rep_rech": []});
        let with: Option<serde_json::Value> = with.map(|text| serde_json::from_str(text).expect("JSON"));
        if key != "estadistica" {
            let fields = line.as_object_mut().expect("fields");
            match &with {
                None => fields.remove(key),
                Some(value) => fields.insert(key.to_owned(), value.clone()),
            };
        }
        answer["estadistica"] = match (key, with) {
            ("estadistica", with) => with.unwrap_or(serde_json::Value::Null),
            _ => serde_json::json!([line]),
        };
        if let super::Progress::Processed(processed) = super::with(200, &answer.to_string(), |r| boleta_parcel(r, "1")) {
            let accepted = |verdicts: &[Option<Verdict>]| verdicts.iter().any(|v| matches!(v, Some(Verdict::Accepted { .. })));
            if let Settled::Decided(verdicts) = settle(&[(39, 1)], &processed, patient) {
                prop_assert!(!accepted(&verdicts), "{}", answer);
            }
        }
    }

    /// An unknown state of an upload or of a document keeps the question open, whatever counts come with it.
    #[test]
    fn a_code_that_nobody_knows_ends_nothing(code in unknown(), count in line()) {
        let statistics = format!(
            "[{{\"tipo\":{},\"informados\":{},\"aceptados\":{},\"rechazados\":{},\"reparos\":{}}}]",
            count.kind, count.informed, count.accepted, count.rejected, count.objected
        );
        let rest = format!("{{\"trackid\":1,\"estado\":\"{code}\",\"estadistica\":{statistics},\"detalle_rep_rech\":[]}}");
        let open = |progress: &Progress| matches!(progress, Progress::Working { .. } | Progress::Unclear { .. });
        let heard = super::with(200, &rest, |r| boleta_parcel(r, "1"));
        prop_assert!(open(&heard), "{heard:?}");
        let inner = |state: &str| format!(
            "<SII:RESPUESTA xmlns:SII=\"u\"><SII:RESP_HDR><TRACKID>1</TRACKID><ESTADO>{state}</ESTADO></SII:RESP_HDR></SII:RESPUESTA>"
        );
        let heard = super::with(200, &soap("getEstUp", &inner(&code)), |r| dte_parcel(r, "1"));
        prop_assert!(open(&heard), "{heard:?}");
        let heard = super::with(200, &soap("getEstDte", &inner(&code)), dte_document);
        prop_assert!(matches!(heard, Held::Later(_)), "{heard:?}");
        let rest = format!("{{\"codigo\":\"{code}\",\"descripcion\":\"\"}}");
        let heard = super::with(200, &rest, boleta_document);
        prop_assert!(matches!(heard, Held::Later(_)), "{heard:?}");
    }

    /// Nor does an unknown STATUS of an upload: it is not 0.
    #[test]
    fn a_status_that_nobody_knows_is_doubt(status in "-?[0-9]{1,4}|[A-Z]{1,4}| ?") {
        prop_assume!(!["0", "1", "2", "3", "5", "6", "7", "8", "9", "99", "-1"].contains(&status.trim()));
        let reply = format!("<RECEPCIONDTE><STATUS>{status}</STATUS><TRACKID>0260003916</TRACKID></RECEPCIONDTE>");
        let heard = super::with(200, &reply, dte_upload);
        prop_assert!(matches!(heard, Upload::Unclear(_)), "{heard:?}");
    }
}
