use super::*;
use proptest::prelude::*;
use timbre_core::{Effect, Sent};

fn poll(channel: &dyn Channel, desk: &Desk, documents: &[Arc<Document>], taken: &str) -> Step {
    let parcel = desk.parcel(channel, documents.to_vec());
    let upload = channel.begin(&parcel, &desk.cx()).unwrap();
    let sent = desk.go_on(channel, &upload, reply(200, taken), documents);
    desk.go_on(channel, &sent, Heard::Elapsed, documents)
}

pub fn boleta_poll(desk: &Desk, documents: &[Arc<Document>]) -> Step {
    poll(&BoletaChannel::new(), desk, documents, r#"{"trackid":1014,"estado":"REC"}"#)
}

pub fn dte_poll(desk: &Desk, documents: &[Arc<Document>]) -> Step {
    poll(
        &DteChannel::new(),
        desk,
        documents,
        "<RECEPCIONDTE><STATUS>0</STATUS><TRACKID>0260003916</TRACKID></RECEPCIONDTE>",
    )
}

pub fn working(state: &str) -> Heard {
    reply(
        200,
        &format!(r#"{{"estado":"{state}","trackid":1014,"estadistica":null,"detalle_rep_rech":null}}"#),
    )
}

pub fn counted(informed: u32, accepted: u32, rejected: u32, objected: u32, details: &str) -> Heard {
    reply(
        200,
        &format!(
            r#"{{"estado":"EPR","trackid":"1014","estadistica":[{{"tipo":39,"informados":{informed},"aceptados":{accepted},"rechazados":{rejected},"reparos":{objected}}}],"detalle_rep_rech":{details}}}"#
        ),
    )
}

fn dte_counted(informed: u32, accepted: u32, rejected: u32, objected: u32) -> Heard {
    soap_reply(&format!(
        "<SII:RESP_BODY><TIPO_DOCTO>39</TIPO_DOCTO><INFORMADOS>{informed}</INFORMADOS><ACEPTADOS>{accepted}</ACEPTADOS><RECHAZADOS>\
         {rejected}</RECHAZADOS><REPAROS>{objected}</REPAROS></SII:RESP_BODY><SII:RESP_HDR><TRACKID>260003916</TRACKID>\
         <ESTADO>EPR</ESTADO></SII:RESP_HDR>"
    ))
}

#[test]
fn counts_of_another_companys_upload_are_no_verdict() {
    let (desk, channel, documents) = (desk(), BoletaChannel::new(), boletas(1));
    let counts = |company: crate::rut::Rut| {
        reply(
            200,
            &format!(
                r#"{{"rut_emisor":"{company}","estado":"EPR","trackid":1014,"estadistica":[{{"tipo":39,"informados":1,"aceptados":1,"rechazados":0,"reparos":0}}]}}"#
            ),
        )
    };
    let step = boleta_poll(&desk, &documents);
    let other = desk.go_on(&channel, &step, counts(crate::rut::Rut::of(76_000_000).unwrap()), &documents);
    assert_eq!((waits(&other), told(&other)), (1200, Vec::new()), "it is asked again");
    let ours = desk.go_on(&channel, &step, counts(desk.company.id.parse().unwrap()), &documents);
    assert_eq!(told(&ours), ["T39F1 accepted"]);
}

#[test]
fn questions_are_paced_until_the_counts_are_in() {
    let (desk, channel, documents) = (desk(), BoletaChannel::new(), boletas(2));
    let mut step = boleta_poll(&desk, &documents);
    assert_eq!(asks(&step).url, "http://127.0.0.1:4582/recursos/v1/boleta.electronica.envio/76192083-9-1014");
    let answers = [
        (working("REC"), 1200),
        (working("XYZ"), 2400),
        (silence(Sent::Perhaps), 3600),
        (reply(200, "<html>"), 3600),
        (counted(2, 0, 0, 0, "null"), 3600),
    ];
    for (heard, wait) in answers {
        same_question_after_a_stop(&desk, &channel, &step, &documents);
        let waiting = desk.go_on(&channel, &step, heard, &documents);
        assert_eq!((waits(&waiting), told(&waiting)), (wait, vec![]));
        step = desk.go_on(&channel, &waiting, Heard::Elapsed, &documents);
    }
    let detail =
        r#"[{"tipo":39,"folio":2,"estado":"RPR","error":[{"seccion":"DTE","nivel":1,"codigo":650}]}]"#;
    let done = desk.go_on(&channel, &step, counted(2, 1, 0, 1, detail), &documents);
    assert!(is_done(&done));
    assert_eq!(told(&done), ["T39F1 accepted", "T39F2 objected"]);
}

#[test]
fn the_sii_may_say_how_long_to_wait() {
    let (desk, channel, documents) = (desk(), BoletaChannel::new(), boletas(1));
    let step = boleta_poll(&desk, &documents);
    let headers = vec![("X-Retry-After".to_owned(), "45".to_owned())];
    let heard = Heard::Reply { status: 429, headers, body: "".into() };
    assert_eq!(waits(&desk.go_on(&channel, &step, heard, &documents)), 45);
    let dte = dte_poll(&desk, &documents);
    let soon = soap_reply("<SII:RESP_HDR><ESTADO>-11</ESTADO><ERR_CODE>2</ERR_CODE></SII:RESP_HDR>");
    assert_eq!(waits(&desk.go_on(&DteChannel::new(), &dte, soon, &documents)), 30);
}

/// Each thirty seconds for a day they were over two thousand questions about one upload.
#[test]
fn an_upload_that_is_not_in_the_tables_yet_is_asked_about_soon_a_few_times_and_then_at_the_pace_of_all() {
    let (mut desk, channel, documents) = (desk(), DteChannel::new(), boletas(1));
    let mut step = dte_poll(&desk, &documents);
    let soon = || soap_reply("<SII:RESP_HDR><ESTADO>-11</ESTADO><ERR_CODE>2</ERR_CODE></SII:RESP_HDR>");
    let mut wait = || {
        let waiting = desk.go_on(&channel, &step, soon(), &documents);
        desk.now += Duration::from_secs(waits(&waiting));
        step = desk.go_on(&channel, &waiting, Heard::Elapsed, &documents);
        waits(&waiting)
    };
    assert_eq!((0..8).map(|_| wait()).collect::<Vec<_>>(), [30, 30, 30, 30, 30, 30, 3600, 3600]);
}

#[test]
fn after_a_day_without_an_answer_of_use_a_question_is_asked_daily_though_the_sii_names_a_time() {
    let (mut desk, documents) = (desk(), boletas(1));
    let began = desk.now;
    let named = || Heard::Reply {
        status: 503,
        headers: vec![("Retry-After".to_owned(), "60".to_owned())],
        body: "".into(),
    };
    let (boletas, dtes) = (BoletaChannel::new(), DteChannel::new());
    let probe = |channel: &dyn Channel, desk: &Desk| channel.probe(&documents[0], &desk.cx()).unwrap();
    for (channel, step) in [
        (&boletas as &dyn Channel, boleta_poll(&desk, &documents)),
        (&dtes, dte_poll(&desk, &documents)),
        (&boletas, probe(&boletas, &desk)),
        (&dtes, probe(&dtes, &desk)),
    ] {
        desk.now = began;
        // What is waited for is kept with its beginning.
        let waiting = desk.go_on(channel, &step, named(), &documents);
        assert_eq!(waits(&waiting), 60);
        for (hours, wait) in [(23, 60), (24, 86_400), (500, 86_400)] {
            desk.now = began + Duration::from_secs(3600 * hours);
            let step = desk.go_on(channel, &waiting, Heard::Elapsed, &documents);
            assert_eq!(waits(&desk.go_on(channel, &step, named(), &documents)), wait, "{hours}");
        }
        let step = desk.go_on(channel, &waiting, Heard::Elapsed, &documents);
        for heard in [silence(Sent::Perhaps), reply(200, "<html>")] {
            assert_eq!(waits(&desk.go_on(channel, &step, heard, &documents)), 86_400);
        }
    }
}

/// `Retry-After: 86400` on a page of whatever stands between put the next question off for a day.
#[test]
fn a_time_that_is_named_puts_no_question_off_beyond_the_pace_nor_the_hour() {
    let (mut desk, documents) = (desk(), boletas(1));
    let day = |status| Heard::Reply {
        status,
        headers: vec![("Retry-After".to_owned(), "86400".to_owned())],
        body: "<html>".into(),
    };
    let channels: [(&dyn Channel, Step); 2] = [
        (&BoletaChannel::new(), boleta_poll(&desk, &documents)),
        (&DteChannel::new(), dte_poll(&desk, &documents)),
    ];
    let stamped = documents[0].stamped;
    for (minutes, boleta, dte) in [(0, 45, 60), (20, 25, 60), (50, 15, 60), (61, 60, 60)] {
        desk.now = stamped + Duration::from_secs(60 * minutes);
        for ((channel, step), longest) in channels.iter().zip([boleta, dte]) {
            let waiting = desk.go_on(*channel, step, day(503), &documents);
            assert_eq!(waits(&waiting), 60 * longest, "{minutes} minutes after");
        }
    }
    let probe = DteChannel::new().probe(&documents[0], &desk.cx()).unwrap();
    assert_eq!(waits(&desk.go_on(&DteChannel::new(), &probe, day(503), &documents)), 3600);
}

#[test]
fn a_pass_is_renewed_once_a_question_and_trouble_is_said_without_giving_up() {
    let (desk, channel, documents) = (desk(), DteChannel::new(), boletas(1));
    let step = dte_poll(&desk, &documents);
    let stale = desk.go_on(&channel, &step, header("001"), &documents);
    assert!(matches!(stale, Step::Stale(_)));
    let again = desk.go_on(&channel, &stale, Heard::Elapsed, &documents);
    let held = desk.go_on(&channel, &again, header("003"), &documents);
    assert_eq!((waits(&held), told(&held)), (3600, vec!["T39F1 refused Channel ESTADO 003".to_owned()]));
    // An answer in between forgets the renewal.
    let waiting = desk.go_on(&channel, &again, header("SOK"), &documents);
    let next = desk.go_on(&channel, &waiting, Heard::Elapsed, &documents);
    assert!(matches!(desk.go_on(&channel, &next, header("001"), &documents), Step::Stale(_)));
    // No permission: said, and asked again slowly.
    let held = desk.go_on(&channel, &next, header("106"), &documents);
    assert_eq!((waits(&held), told(&held)), (3600, vec!["T39F1 refused Channel ESTADO 106".to_owned()]));
}

#[test]
fn a_repeated_upload_is_no_rejection() {
    let (desk, documents) = (desk(), boletas(2));
    let step = boleta_poll(&desk, &documents);
    let done = desk.go_on(&BoletaChannel::new(), &step, working("RPT"), &documents);
    assert_eq!(told(&done), ["T39F1 there", "T39F2 there"]);
    let detail = r#"[{"folio":1,"estado":"RCH","error":[{"seccion":"DTE","nivel":3,"codigo":100}]},{"folio":2,"estado":"RCH","error":[{"seccion":"DTE","nivel":3,"codigo":101}]}]"#;
    let done = desk.go_on(&BoletaChannel::new(), &step, counted(2, 0, 2, 0, detail), &documents);
    assert_eq!(told(&done), ["T39F1 there", "T39F2 rejected Taken"]);
}

#[test]
fn an_envelope_rejected_whole_frees_every_folio() {
    let (desk, documents) = (desk(), boletas(2));
    for (state, blame) in [("RSC", "Documents"), ("RFR", "Documents"), ("RCT", "Envelope")] {
        let done = desk.go_on(&DteChannel::new(), &dte_poll(&desk, &documents), header(state), &documents);
        let fallen = [1, 2].map(|folio| format!("T39F{folio} fallen FreeForSame {blame}"));
        assert_eq!(told(&done), fallen, "{state}");
        let done =
            desk.go_on(&BoletaChannel::new(), &boleta_poll(&desk, &documents), working(state), &documents);
        assert_eq!(told(&done).len(), 2);
    }
}

#[test]
fn mixed_counts_are_settled_by_asking_about_each() {
    let (desk, channel, documents) = (desk(), DteChannel::new(), boletas(3));
    let step = dte_poll(&desk, &documents);
    let mut step = desk.go_on(&channel, &step, dte_counted(3, 2, 1, 0), &documents);
    for (folio, heard) in [(1, header("DOK")), (2, header("FAU"))] {
        assert_eq!(asks(&step).what, "estado del documento");
        let body = String::from_utf8(asks(&step).body.to_vec()).unwrap();
        assert!(body.contains(&format!("<FolioDte xsi:type=\"xsd:string\">{folio}</FolioDte>")));
        assert!(body.contains("<FechaEmisionDte xsi:type=\"xsd:string\">01032026</FechaEmisionDte>"));
        assert!(body.contains("<MontoDte xsi:type=\"xsd:string\">1190</MontoDte>"));
        assert!(body.contains("<RutConsultante xsi:type=\"xsd:string\">11111111</RutConsultante>"));
        same_question_after_a_stop(&desk, &channel, &step, &documents);
        // Trouble about one document is asked again, not counted.
        let waiting = desk.go_on(&channel, &step, reply(503, ""), &documents);
        let again = desk.go_on(&channel, &waiting, Heard::Elapsed, &documents);
        assert_eq!(asks(&again).body, asks(&step).body);
        step = desk.go_on(&channel, &again, heard, &documents);
        if folio == 1 {
            // Its data are there; the next document's turn comes when the signature was compared.
            assert_eq!(asks(&step).what, "firma del documento");
            same_question_after_a_stop(&desk, &channel, &step, &documents);
            let waiting = desk.go_on(&channel, &step, silence(Sent::Perhaps), &documents);
            let again = desk.go_on(&channel, &waiting, Heard::Elapsed, &documents);
            assert_eq!(asks(&again).body, asks(&step).body);
            step = desk.go_on(&channel, &again, exact("SI"), &documents);
        }
    }
    let step = desk.go_on(&channel, &step, header("DOK"), &documents);
    let done = desk.go_on(&channel, &step, exact("SI"), &documents);
    assert_eq!(told(&done), ["T39F1 accepted", "T39F2 rejected AskByProbe", "T39F3 accepted"]);
}

/// Two tills of one company sold the same factura under one folio. The SII rejected the second's (DTE-3-101), said that
/// it had its data, and it was taken for accepted.
#[test]
fn a_rejected_document_whose_data_are_there_is_accepted_only_by_its_signature() {
    let (mut desk, channel, documents) = (desk(), DteChannel::new(), boletas(1));
    let rejected = |desk: &Desk| {
        let step = desk.go_on(&channel, &dte_poll(desk, &documents), dte_counted(1, 0, 1, 0), &documents);
        desk.go_on(&channel, &step, header("DOK"), &documents)
    };
    let step = rejected(&desk);
    assert_eq!(told(&desk.go_on(&channel, &step, exact("NO"), &documents)), ["T39F1 rejected Taken"]);
    // It left once, and that upload was rejected.
    assert_eq!(told(&desk.go_on(&channel, &step, exact("SI"), &documents)), ["T39F1 rejected AskByProbe"]);
    desk.repeated = true;
    assert_eq!(told(&desk.go_on(&channel, &step, exact("SI"), &documents)), ["T39F1 accepted"]);
    assert!(matches!(desk.go_on(&channel, &step, header("001"), &documents), Step::Stale(_)));
    // The service can't compare: nobody knows, and the counts are against it. A setting that believes data does not
    // believe them against a rejection.
    let unable = soap_reply("<SII:RESP_HDR><SII:ESTADO>-1</SII:ESTADO><ERR_CODE>9</ERR_CODE></SII:RESP_HDR>");
    for data_alone in [false, true] {
        desk.conduct.data_alone = data_alone;
        let waiting = desk.go_on(&channel, &rejected(&desk), unable.clone(), &documents);
        assert!(matches!(waiting, Step::Wait(..)) && told(&waiting).is_empty(), "{waiting:?}");
    }
}

/// The first upload's answer was lost, the second was rejected since the SII had the first, and its tables were late.
#[test]
fn a_factura_that_left_twice_and_is_not_there_yet_is_asked_about_for_a_day_before_it_is_rejected() {
    let (mut desk, channel, documents) = (desk(), DteChannel::new(), boletas(1));
    desk.repeated = true;
    let began = desk.now;
    let counted = || dte_counted(1, 0, 1, 0);
    let mut step = desk.go_on(&channel, &dte_poll(&desk, &documents), counted(), &documents);
    let mut calls = Vec::new();
    loop {
        match asks(&step).what {
            "estado del envío" => step = desk.go_on(&channel, &step, counted(), &documents),
            _ if desk.now >= began + Duration::from_secs(24 * 3600) => break,
            _ => {
                let waiting = desk.go_on(&channel, &step, header("FAU"), &documents);
                calls.extend(told(&waiting));
                desk.now += Duration::from_secs(waits(&waiting));
                step = desk.go_on(&channel, &waiting, Heard::Elapsed, &documents);
            }
        }
    }
    assert!(
        !calls.is_empty() && calls.iter().all(|call| call == "T39F1 unknown"),
        "a person is called: {calls:?}"
    );
    // It may be there by now; what still is not was rejected.
    let there = desk.go_on(&channel, &step, header("DOK"), &documents);
    assert_eq!(told(&desk.go_on(&channel, &there, exact("SI"), &documents)), ["T39F1 accepted"]);
    assert_eq!(told(&desk.go_on(&channel, &step, header("FAU"), &documents)), ["T39F1 rejected AskByProbe"]);
}

#[test]
fn answers_that_contradict_the_counts_call_a_person_and_are_asked_again_until_they_agree() {
    let (mut desk, channel, documents) = (desk(), DteChannel::new(), boletas(2));
    let step = dte_poll(&desk, &documents);
    let mut step = desk.go_on(&channel, &step, dte_counted(2, 1, 1, 0), &documents);
    let unknown = vec!["T39F1 unknown".to_owned(), "T39F2 unknown".to_owned()];
    for again in 0..3 {
        if again == 2 {
            desk.now += Duration::from_secs(2 * 24 * 3600);
        }
        for (calls, what) in
            [(false, "estado del documento"), (false, "estado del documento"), (true, "estado del envío")]
        {
            let mut waiting = step;
            for _ in &documents {
                waiting = desk.go_on(&channel, &waiting, header("FAU"), &documents);
            }
            assert_eq!(told(&waiting), if calls { unknown.clone() } else { Vec::new() }, "{again}");
            let seldom = [waits(&waiting), 3600, 24 * 3600][again];
            assert_eq!(waits(&waiting), seldom, "hourly for a day, then daily");
            step = desk.go_on(&channel, &waiting, Heard::Elapsed, &documents);
            assert_eq!(asks(&step).what, what);
        }
        step = desk.go_on(&channel, &step, dte_counted(2, 1, 1, 0), &documents);
    }
    // The SII's tables come late: what is there now proves what became of the other.
    let step = desk.go_on(&channel, &step, header("DOK"), &documents);
    let step = desk.go_on(&channel, &step, exact("SI"), &documents);
    let done = desk.go_on(&channel, &step, header("FAU"), &documents);
    assert!(is_done(&done));
    assert_eq!(told(&done), ["T39F1 accepted", "T39F2 rejected AskByProbe"]);
}

#[test]
fn a_boleta_without_its_detail_is_waited_for_and_then_asked_about() {
    let (desk, channel, documents) = (desk(), BoletaChannel::new(), boletas(1));
    let mut step = boleta_poll(&desk, &documents);
    let mut waited = 0;
    loop {
        step = desk.go_on(&channel, &step, counted(1, 0, 1, 0, "null"), &documents);
        match step {
            Step::Wait(..) => step = desk.go_on(&channel, &step, Heard::Elapsed, &documents),
            _ => break,
        }
        waited += 1;
    }
    assert_eq!(waited, 6);
    assert_eq!(
        asks(&step).url,
        "http://127.0.0.1:4582/recursos/v1/boleta.electronica/76192083-9-39-1/estado?rut_receptor=66666666&dv_receptor=6\
         &monto=1190&fechaEmision=01-03-2026"
    );
    let done = desk.go_on(&channel, &step, reply(200, r#"{"codigo":"FAU","descripcion":"x"}"#), &documents);
    assert_eq!(told(&done), ["T39F1 rejected AskByProbe"]);
}

/// Replies of every kind, whole, cut and wrong.
fn any_heard() -> impl Strategy<Value = Heard> {
    let texts = [
        r#"{"trackid":1014,"estado":"REC"}"#,
        r#"{"estado":"EPR","trackid":1014,"estadistica":[{"tipo":39,"informados":2,"aceptados":1,"rechazados":1,"reparos":0}],"detalle_rep_rech":null}"#,
        r#"{"estado":"EPR","estadistica":[{"tipo":39,"informados":1,"aceptados":1,"rechazados":0,"reparos":0}]}"#,
        r#"{"estado":"RPR","trackid":1014}"#,
        r#"{"codigo":"FAU"}"#,
        r#"{"codigo":"DOK"}"#,
        r#"{"codigo":"XYZ"}"#,
        "<RECEPCIONDTE><STATUS>0</STATUS><TRACKID>0260003916</TRACKID></RECEPCIONDTE>",
        "<HTML><TITLE>Error 501</TITLE>",
        "NO ESTA AUTENTICADO",
        "falta monto",
        "",
    ];
    let text = proptest::sample::select(texts.to_vec());
    prop_oneof![
        (
            proptest::sample::select(vec![200u16, 200, 200, 401, 404, 500, 503]),
            text,
            any::<prop::sample::Index>(),
            any::<bool>()
        )
            .prop_map(|(status, text, cut, whole)| reply(
                status,
                if whole { text } else { &text[..cut.index(text.len() + 1)] }
            )),
        proptest::sample::select(vec!["EPR", "FAU", "DOK", "001", "-11", "SOK"]).prop_map(header),
        Just(silence(Sent::Perhaps)),
        Just(silence(Sent::No)),
        Just(Heard::Elapsed),
    ]
}

proptest! {
    /// Whatever is heard, in whatever order: a delivery leaves a second time only after the SII said
    /// that the pass, and nothing else, was the matter; and no two of its bytes differ.
    #[test]
    fn a_parcel_never_leaves_twice_in_doubt(heard in proptest::collection::vec(any_heard(), 1..30), boleta in any::<bool>()) {
        let (desk, documents) = (desk(), boletas(2));
        let channel: Box<dyn Channel> = if boleta { Box::new(BoletaChannel::new()) } else { Box::new(DteChannel::new()) };
        let parcel = desk.parcel(&*channel, documents.clone());
        let mut step = channel.begin(&parcel, &desk.cx()).unwrap();
        let mut left = Vec::new();
        for heard in heard {
            if let Step::Ask(request, ..) = &step && request.effect == Effect::Deliver {
                left.push(request.body.clone());
            }
            let delivering = left.len();
            step = match &step {
                Step::Done(_) => break,
                Step::Stale(_) | Step::Wait(..) => desk.go_on(&*channel, &step, Heard::Elapsed, &documents),
                _ => desk.go_on(&*channel, &step, heard, &documents),
            };
            if let Step::Stale(state) = &step && delivering > 0 && state.0["step"] == "upload" {
                prop_assert_eq!(delivering, 1, "renewed once only");
            }
        }
        prop_assert!(left.len() <= 2);
        prop_assert!(left.windows(2).all(|w| w[0] == w[1]));
    }
}

/// The mail with reasons comes of facturas alone.
#[test]
fn what_was_left_out_of_an_envelope_sends_nobody_of_a_boleta_to_the_mail() {
    let mail = |channel: &dyn Channel| channel.left_out().unwrap().meaning.contains("correo");
    assert_eq!((mail(&BoletaChannel::new()), mail(&DteChannel::new())), (false, true));
}
