//! Uploads of which no verdict comes: what the SII lost, does not know, or never finishes.

use super::polls::{boleta_poll, counted, dte_poll, working};
use super::*;
use timbre_core::Sent;

/// Rows 11 and 45 to 47 of the SII's failures: what it lost, does not know, or never finishes.
#[test]
fn an_upload_without_an_end_is_asked_about_document_by_document_after_a_day() {
    let (mut desk, documents) = (desk(), boletas(2));
    let began = desk.now;
    let lost = |code: &str| {
        soap_reply(&format!("<SII:RESP_HDR><ESTADO>{code}</ESTADO><ERR_CODE>1</ERR_CODE></SII:RESP_HDR>"))
    };
    type Poll = fn(&Desk, &[Arc<Document>]) -> Step;
    let (boletas, dtes) = (BoletaChannel::new(), DteChannel::new());
    let (boleta, dte): ((&dyn Channel, Poll), (&dyn Channel, Poll)) =
        ((&boletas, boleta_poll), (&dtes, dte_poll));
    for ((channel, poll), heard, verdict) in [
        (boleta, working("VOF"), "lost"),
        (boleta, working("CRT"), "unknown"),
        (boleta, working("XYZ"), "unknown"),
        (boleta, reply(404, "No existe recurso"), "lost"),
        (dte, lost("-11"), "lost"),
        (dte, lost("SOK"), "unknown"),
    ] {
        desk.now = began;
        let step = poll(&desk, &documents);
        desk.now = began + Duration::from_secs(12 * 3600);
        let waiting = desk.go_on(channel, &step, heard.clone(), &documents);
        let step = desk.go_on(channel, &waiting, Heard::Elapsed, &documents);
        desk.now = began + Duration::from_secs(24 * 3600 - 1);
        let waiting = desk.go_on(channel, &step, heard.clone(), &documents);
        assert_eq!((waits(&waiting), told(&waiting)), (2400, vec![]));
        desk.now = began + Duration::from_secs(24 * 3600);
        let step = desk.go_on(channel, &waiting, Heard::Elapsed, &documents);
        let done = desk.go_on(channel, &step, heard, &documents);
        assert_eq!(
            (is_done(&done), told(&done)),
            (true, vec![format!("T39F1 {verdict}"), format!("T39F2 {verdict}")])
        );
        // What says nothing of the upload ends nothing.
        for heard in [silence(Sent::Perhaps), reply(503, ""), reply(404, "<html>no existe</html>")] {
            assert_eq!(told(&desk.go_on(channel, &step, heard, &documents)), Vec::<String>::new());
        }
    }
}

/// After days of "in process" one odd -11 was taken for a lost upload, and the same bytes went again.
#[test]
fn an_upload_is_lost_only_when_that_was_said_three_times_in_a_row() {
    let (mut desk, channel, documents) = (desk(), DteChannel::new(), boletas(1));
    let mut step = dte_poll(&desk, &documents);
    desk.now += Duration::from_secs(30 * 3600);
    let mut hear = |heard: Heard| {
        let next = desk.go_on(&channel, &step, heard, &documents);
        let (told, wait) = (told(&next), matches!(next, Step::Wait(..)).then(|| waits(&next)));
        if wait.is_some() {
            step = desk.go_on(&channel, &next, Heard::Elapsed, &documents);
        }
        (told, wait)
    };
    for _ in 0..2 {
        assert_eq!(hear(header("-11")), (vec![], Some(3600)), "and asked sooner than daily");
    }
    // A dead line says nothing of it, and neither forgets what was said.
    assert_eq!(hear(silence(Sent::No)).0, Vec::<String>::new());
    assert_eq!(hear(header("-11")), (vec!["T39F1 lost".to_owned()], None));
    // Stuck is not lost: it is a person's.
    assert_eq!(hear(header("PDR")), (vec!["T39F1 unknown".to_owned()], None));
}

/// A dead line must not use up the patience with counts that are not complete yet.
#[test]
fn questions_asked_in_vain_use_up_no_patience() {
    let (desk, channel, documents) = (desk(), BoletaChannel::new(), boletas(1));
    let mut step = boleta_poll(&desk, &documents);
    for heard in
        [silence(Sent::No), reply(503, ""), working("PRD"), reply(200, "<html>")].iter().cycle().take(20)
    {
        let waiting = desk.go_on(&channel, &step, heard.clone(), &documents);
        step = desk.go_on(&channel, &waiting, Heard::Elapsed, &documents);
    }
    let waiting = desk.go_on(&channel, &step, counted(1, 0, 1, 0, "null"), &documents);
    assert_eq!((waits(&waiting), told(&waiting)), (3600, vec![]));
}

/// A state that was written before it said when the upload was taken.
#[test]
fn an_old_state_counts_its_day_from_now() {
    let (mut desk, channel, documents) = (desk(), BoletaChannel::new(), boletas(1));
    let old = State(serde_json::json!({"step": "poll", "track": "1014", "asked": 3}));
    let step = channel.resume(old, Heard::Elapsed, &documents, &desk.cx()).unwrap();
    let waiting = desk.go_on(&channel, &step, working("CRT"), &documents);
    assert_eq!(told(&waiting), Vec::<String>::new());
    desk.now += Duration::from_secs(24 * 3600);
    let step = desk.go_on(&channel, &waiting, Heard::Elapsed, &documents);
    assert_eq!(told(&desk.go_on(&channel, &step, working("CRT"), &documents)), ["T39F1 unknown"]);
}
