//! Rows 4, 5, 9, 10, 12, 13, 16, 17 and 26 to 33: what an upload may be answered.

use super::{AGAIN, ARRIVED, STRAIGHT, open};
use timbre_agent::view::Mood;
use timbre_tests::scripted::{Act, Asked};

fn reception(status: &str, rest: &str) -> String {
    format!("<?xml version=\"1.0\"?>\n<RECEPCIONDTE>\n <STATUS>{status}</STATUS>{rest}\n</RECEPCIONDTE>\n")
}

const PAGE: &str = "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01 Transitional//EN\"><html><body>HA OCURRIDO UN ERROR EN EL UPLOAD DEL ARCHIVO DE DOCUMENTOS TRIBUTARIOS ELECTRONICOS.</body></html>";

/// Rows 4, 16 and "otro": an answer that does not say that nothing was stored leaves doubt.
#[tokio::test]
async fn an_answer_that_says_nothing_clear_is_asked_about() {
    let bodies = [
        (500, "Error 500".to_owned()),
        (200, "Error 500".to_owned()),
        (200, String::new()),
        (502, "<html>Bad Gateway</html>".to_owned()),
        (200, PAGE.to_owned()),
        (200, "{\"estado\":".to_owned()),
    ];
    for (status, body) in bodies {
        let shop = open().await;
        shop.sii.next(Asked::Upload, [Act::keep(status, &body)]);
        let kept = shop.boleta("1").await;
        shop.settled(&kept, "ACEPTADO").await;
        shop.went(&kept, ARRIVED);
        shop.sii.next(Asked::Upload, [Act::say(status, &body)]);
        let not = shop.boleta("2").await;
        shop.settled(&not, "ACEPTADO").await;
        shop.went(&not, AGAIN);
        assert_eq!((shop.sii.held("39-1"), shop.sii.held("39-2")), (1, 1), "{body}");
        shop.stop().await;
    }
    // On the other channel: a missing STATUS is not 0, an unknown one is "Error Interno".
    for body in [reception("", ""), reception("0", ""), reception("12", ""), reception("77", "")] {
        let shop = open().await;
        shop.sii.next(Asked::Upload, [Act::say(200, &body)]);
        let id = shop.factura("1").await;
        shop.settled(&id, "ACEPTADO").await;
        shop.went(&id, AGAIN);
        shop.stop().await;
    }
}

/// Rows 17, 26 and 27: rights or configuration. The channel stops and is no document's fault; the other
/// channel and the selling go on.
#[tokio::test]
async fn a_refusal_of_rights_stops_the_channel_and_no_document_is_at_fault() {
    let answers = [
        Act::say(200, &reception("1", "")),
        Act::say(200, &reception("6", "")),
        Act::say(200, "<html><body>NO ESTA AUTORIZADA</body></html>"),
    ];
    for act in answers {
        let shop = open().await;
        shop.sii.next(Asked::Upload, [act]);
        let id = shop.factura("1").await;
        let row = shop.until(&id, |row| row.state == "PENDIENTE").await;
        assert_eq!(row.attention, None);
        assert_eq!(shop.running.agent.snapshot().sentence.mood, Mood::Attention);
        let other = shop.boleta("2").await;
        shop.settled(&other, "ACEPTADO").await;
        let second = shop.factura("3").await;
        shop.running.agent.resend_pending().await.unwrap();
        shop.settled(&id, "ACEPTADO").await;
        shop.settled(&second, "ACEPTADO").await;
        assert_eq!(shop.sii.held("33-1"), 1);
        shop.stop().await;
    }
}

/// Rows 5, 9 and 12: the wrong host, no cookie, another method. It is Timbre's fault or its settings', nothing was
/// stored, and no document is to blame.
#[tokio::test]
async fn a_request_that_the_service_does_not_take_stops_the_channel_and_not_the_document() {
    let denied = "<env:Envelope xmlns:env=\"e\"><env:Body><env:Fault><faultstring>Acceso Denegado (from client)</faultstring></env:Fault></env:Body></env:Envelope>";
    for act in [Act::say(500, denied), Act::say(400, "No trae TOKEN"), Act::say(405, "Method Not Allowed")] {
        let shop = open().await;
        shop.sii.next(Asked::Upload, [act.clone()]);
        let id = shop.boleta("1").await;
        let row = shop.until(&id, |row| row.state == "PENDIENTE").await;
        assert_eq!(row.attention, None, "{act:?}");
        assert_eq!(shop.running.agent.snapshot().sentence.mood, Mood::Attention, "{act:?}");
        let other = shop.factura("2").await;
        shop.settled(&other, "ACEPTADO").await;
        shop.running.agent.resend_pending().await.unwrap();
        shop.settled(&id, "ACEPTADO").await;
        assert_eq!(shop.sii.held("39-1"), 1);
        shop.stop().await;
    }
}

/// Row 10: a 400 that nobody knows says nothing of what was stored.
#[tokio::test]
async fn a_400_that_nobody_knows_leaves_doubt() {
    let shop = open().await;
    shop.sii.next(Asked::Upload, [Act::keep(400, "otra cosa"), Act::say(400, "otra cosa")]);
    let kept = shop.boleta("1").await;
    shop.settled(&kept, "ACEPTADO").await;
    shop.went(&kept, ARRIVED);
    let lost = shop.boleta("2").await;
    shop.settled(&lost, "ACEPTADO").await;
    shop.went(&lost, AGAIN);
    assert_eq!((shop.sii.held("39-1"), shop.sii.held("39-2")), (1, 1));
    shop.stop().await;
}

/// Rows 28 and 32: the SII's trouble or the form's; nothing was stored, and the same bytes go again.
#[tokio::test]
async fn a_form_that_was_not_understood_goes_again() {
    for status in ["2", "3", "-1", "9"] {
        let shop = open().await;
        shop.sii.next(Asked::Upload, [Act::say(200, &reception(status, ""))]);
        let id = shop.factura("1").await;
        shop.until(&id, |row| row.state == "PENDIENTE").await;
        shop.running.agent.resend_pending().await.unwrap();
        let row = shop.settled(&id, "ACEPTADO").await;
        assert_eq!(row.attention, None, "STATUS {status}");
        assert_eq!(shop.sii.held("33-1"), 1);
        shop.stop().await;
    }
}

/// Rows 29 and 30: schema or signature. The document is rejected, nothing was registered, its folio is free, and the
/// same bytes are never sent again.
#[tokio::test]
async fn a_file_that_breaks_the_schema_is_rejected_and_not_sent_again() {
    let detail = "<DETAIL><ERROR>SCH-00001: Invalid Schema Name</ERROR></DETAIL>";
    for status in ["7", "8"] {
        let shop = open().await;
        shop.sii.next(Asked::Upload, [Act::say(200, &reception(status, detail))]);
        let id = shop.factura("1").await;
        let row = shop.settled(&id, "RECHAZADO").await;
        assert!(row.remarks.iter().any(|remark| remark.code == format!("STATUS {status}")), "{row:?}");
        shop.running.agent.resend_pending().await.unwrap();
        let next = shop.factura("2").await;
        shop.settled(&next, "ACEPTADO").await;
        assert_eq!((shop.sii.held("33-1"), shop.sii.asked(Asked::Upload)), (0, 2));
        shop.stop().await;
    }
}

/// Row 33: the same file came before. Its TrackID is adopted, and it is followed as if nothing had been lost.
#[tokio::test]
async fn a_file_that_came_before_brings_its_track_id() {
    let shop = open().await;
    let text = "<DETAIL><ERROR>Archivo ya fue enviado 2 veces con Trackid 900000. Debe esperar 900 segundos antes de reintentar</ERROR></DETAIL>";
    shop.sii.next(Asked::Upload, [Act::keep(200, &reception("99", text))]);
    let id = shop.factura("1").await;
    let row = shop.settled(&id, "ACEPTADO").await;
    shop.went(&id, STRAIGHT);
    assert_eq!(row.track.as_deref(), Some("900000"));
    assert_eq!(shop.sii.asked(Asked::Upload), 1);
    // Without a TrackID in the text there is nothing to adopt: the document is asked about, and is there.
    shop.sii.next(Asked::Upload, [Act::keep(200, &reception("99", ""))]);
    let id = shop.factura("2").await;
    shop.settled(&id, "ACEPTADO").await;
    shop.went(&id, ARRIVED);
    assert_eq!((shop.sii.asked(Asked::Upload), shop.sii.held("33-2")), (2, 1));
    shop.stop().await;
}

/// Row 13: the SII wants it slower. The channel waits as it was told, and no attempt is a failure.
#[tokio::test]
async fn a_throttled_channel_waits_as_it_was_told() {
    let shop = open().await;
    shop.sii.next(Asked::Upload, [Act::say_with(429, "X-Retry-After", "1", "")]);
    let id = shop.boleta("1").await;
    let row = shop.settled(&id, "ACEPTADO").await;
    assert_eq!(row.attention, None);
    assert_eq!(shop.sii.held("39-1"), 1);
    shop.stop().await;
}
