use super::*;
use timbre_core::Sent;

fn dok() -> Heard {
    header("DOK")
}

fn probe(desk: &Desk, channel: &dyn Channel, documents: &[Arc<Document>]) -> Step {
    channel.probe(&documents[0], &desk.cx()).unwrap()
}

#[test]
fn a_document_with_our_data_and_our_signature_is_accepted() {
    let (desk, channel, documents) = (desk(), DteChannel::new(), boletas(1));
    let step = probe(&desk, &channel, &documents);
    assert_eq!(asks(&step).url, "http://127.0.0.1:4581/DTEWS/QueryEstDte.jws");
    same_question_after_a_stop(&desk, &channel, &step, &documents);
    let step = desk.go_on(&channel, &step, dok(), &documents);
    assert_eq!(asks(&step).url, "http://127.0.0.1:4581/DTEWS/services/QueryEstDteAv");
    let body = String::from_utf8(asks(&step).body.to_vec()).unwrap();
    assert!(body.contains("<FirmaDte xsi:type=\"xsd:string\">AAAABBBB</FirmaDte>"));
    same_question_after_a_stop(&desk, &channel, &step, &documents);
    assert_eq!(told(&desk.go_on(&channel, &step, exact("SI"), &documents)), ["T39F1 accepted"]);
    // A signature that is not ours is another's document under our number.
    assert_eq!(told(&desk.go_on(&channel, &step, exact("NO"), &documents)), ["T39F1 twin"]);
    assert!(matches!(desk.go_on(&channel, &step, header("001"), &documents), Step::Stale(_)));
}

/// An HTTP 503 to the second question was taken for "accepted".
#[test]
fn half_a_proof_accepts_nothing() {
    let (mut desk, channel, documents) = (desk(), DteChannel::new(), boletas(1));
    let step = probe(&desk, &channel, &documents);
    let mut step = desk.go_on(&channel, &step, dok(), &documents);
    for heard in
        [reply(503, "<html></html>"), reply(500, "Error 500"), reply(200, ""), silence(Sent::Perhaps)]
    {
        let waiting = desk.go_on(&channel, &step, heard, &documents);
        assert_eq!((waits(&waiting), told(&waiting)), (120, vec![]));
        step = desk.go_on(&channel, &waiting, Heard::Elapsed, &documents);
        assert_eq!(asks(&step).what, "firma del documento");
    }
    // The service says that it can't say: a person is told, unless a setting passes over it.
    let unable = soap_reply("<SII:RESP_HDR><SII:ESTADO>-1</SII:ESTADO><ERR_CODE>9</ERR_CODE></SII:RESP_HDR>");
    let waiting = desk.go_on(&channel, &step, unable.clone(), &documents);
    assert_eq!((waits(&waiting), told(&waiting)), (3600, vec!["T39F1 unknown".to_owned()]));
    let again = desk.go_on(&channel, &waiting, Heard::Elapsed, &documents);
    assert_eq!(told(&desk.go_on(&channel, &again, exact("SI"), &documents)), ["T39F1 accepted"]);
    desk.conduct.data_alone = true;
    assert_eq!(told(&desk.go_on(&channel, &step, unable, &documents)), ["T39F1 accepted"]);
    let waiting = desk.go_on(&channel, &step, reply(503, ""), &documents);
    assert_eq!((waits(&waiting), told(&waiting)), (120, vec![]), "trouble is never passed over");
}

#[test]
fn each_answer_about_a_boleta_has_its_verdict() {
    let (desk, channel, documents) = (desk(), BoletaChannel::new(), boletas(1));
    let step = probe(&desk, &channel, &documents);
    for (code, outcome) in [
        ("DOK", "T39F1 accepted"),
        ("ANC", "T39F1 accepted"),
        ("DNK", "T39F1 conflict"),
        ("FNA", "T39F1 rejected Ungranted"),
        ("FAN", "T39F1 rejected Annulled"),
    ] {
        let end = desk.go_on(&channel, &step, reply(200, &format!("{{\"codigo\":\"{code}\"}}")), &documents);
        assert!(is_done(&end));
        assert_eq!(told(&end), [outcome], "{code}");
    }
    let held = desk.go_on(&channel, &step, reply(200, "{\"codigo\":\"EMP\"}"), &documents);
    assert_eq!(
        (waits(&held), told(&held)),
        (2700, vec!["T39F1 refused Channel EMP".to_owned()]),
        "while its hour runs"
    );
}

/// Asks until the end, each time answered FAU after its wait; how many answers and seconds it took.
fn until_absent(channel: &dyn Channel, fau: impl Fn() -> Heard) -> (usize, i64) {
    let (mut desk, documents) = (desk(), boletas(1));
    let start = desk.now;
    let mut step = probe(&desk, channel, &documents);
    for answers in 1..100 {
        step = desk.go_on(channel, &step, fau(), &documents);
        if is_done(&step) {
            assert_eq!(told(&step), ["T39F1 absent"]);
            return (answers, desk.now.duration_since(start).as_secs());
        }
        desk.now = desk.now.checked_add(Duration::from_secs(waits(&step))).unwrap();
        step = desk.go_on(channel, &step, Heard::Elapsed, &documents);
    }
    panic!("never absent")
}

#[test]
fn absence_is_believed_when_it_is_old_and_said_twice() {
    assert_eq!(until_absent(&DteChannel::new(), || header("FAU")), (6, 600));
    assert_eq!(until_absent(&BoletaChannel::new(), || reply(200, "{\"codigo\":\"FAU\"}")), (6, 600));
}

#[test]
fn absence_said_once_or_too_early_is_not_believed() {
    let (mut desk, channel, documents) = (desk(), DteChannel::new(), boletas(1));
    let first = probe(&desk, &channel, &documents);
    // Long after the question was begun, but said once only.
    desk.now = desk.now.checked_add(Duration::from_secs(100_000)).unwrap();
    let once = desk.go_on(&channel, &first, header("FAU"), &documents);
    assert_eq!(waits(&once), 120);
    // A second answer a moment later is the same answer.
    let again = desk.go_on(&channel, &once, Heard::Elapsed, &documents);
    desk.now = desk.now.checked_add(Duration::from_secs(119)).unwrap();
    let still = desk.go_on(&channel, &again, header("FAU"), &documents);
    assert_eq!(waits(&still), 1);
    desk.now = desk.now.checked_add(Duration::from_secs(1)).unwrap();
    let again = desk.go_on(&channel, &still, Heard::Elapsed, &documents);
    assert_eq!(told(&desk.go_on(&channel, &again, header("FAU"), &documents)), ["T39F1 absent"]);
    // It turns up in between: accepted after all.
    let there = desk.go_on(&channel, &again, dok(), &documents);
    assert_eq!(asks(&there).what, "firma del documento");
    // A clock that went back proves nothing.
    desk.now = "2026-02-28T12:00:00Z".parse().unwrap();
    assert!(waits(&desk.go_on(&channel, &again, header("FAU"), &documents)) >= 1);
}

#[test]
fn trouble_on_the_way_is_no_absence() {
    let (mut desk, channel, documents) = (desk(), BoletaChannel::new(), boletas(1));
    let mut step = probe(&desk, &channel, &documents);
    for heard in [
        reply(500, ""),
        reply(404, "<html></html>"),
        silence(Sent::No),
        silence(Sent::Perhaps),
        reply(200, "falta monto"),
    ] {
        let waiting = desk.go_on(&channel, &step, heard, &documents);
        desk.now = desk.now.checked_add(Duration::from_secs(waits(&waiting).max(100_000))).unwrap();
        assert_eq!(told(&waiting), Vec::<String>::new());
        step = desk.go_on(&channel, &waiting, Heard::Elapsed, &documents);
    }
    assert_eq!(waits(&desk.go_on(&channel, &step, reply(200, "{\"codigo\":\"FAU\"}"), &documents)), 120);
}
