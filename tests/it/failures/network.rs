//! Rows 1 to 4 and broken TCP: a line that is dead, cut, slow to say no, or endless.

use std::time::Duration;

use timbre_agent::carrier::{Carrier, HttpCarrier};
use timbre_chile::channel::BoletaChannel;
use timbre_core::channel::Method;
use timbre_core::{Channel, Effect, Environment, Heard, Request, Sent};

use super::{AGAIN, ARRIVED, STRAIGHT, open, prepare};
use timbre_tests::scripted::{Act, Asked, Scripted};
use timbre_tests::{boleta, options, sell, until};

/// Row 1: nothing leaves, no attempt is used, and it goes by itself when the line is back.
#[tokio::test]
async fn where_nobody_listens_documents_wait_without_using_an_attempt() {
    let dir = tempfile::tempdir().unwrap();
    let sii = Scripted::dead();
    prepare(dir.path(), &sii.base(), "").await;
    let shop = timbre_app::start(options(dir.path())).await.unwrap();
    let id = sell(&shop, &boleta(990), "1").await.unwrap().document.id;
    let row = || shop.agent.detail(&id).unwrap().row;
    until(&shop, |_| row().state == "PENDIENTE").await;
    assert_eq!((row().attempts, row().attention), (0, None));
    let sii = sii.listen();
    until(&shop, |_| row().state == "ACEPTADO").await;
    assert_eq!(sii.held("39-1"), 1);
    shop.stop().await;
}

/// Row 2: the SII took it and the answer was lost. It is found by asking, and never sent again.
#[tokio::test]
async fn an_upload_whose_answer_was_lost_is_asked_about_and_not_sent_again() {
    let shop = open().await;
    shop.sii.next(Asked::Upload, [Act::KeepAndReset]);
    let id = shop.boleta("1").await;
    shop.settled(&id, "ACEPTADO").await;
    shop.went(&id, ARRIVED);
    assert_eq!((shop.sii.asked(Asked::Upload), shop.sii.held("39-1")), (1, 1));
    shop.stop().await;
}

/// Row 2: the SII never got it. Only after two absent answers do the same bytes go again.
#[tokio::test]
async fn an_upload_that_never_arrived_goes_again_to_the_byte() {
    for cut in [Act::Reset, Act::ResetEarly] {
        let shop = open().await;
        shop.sii.next(Asked::Upload, [cut]);
        let id = shop.boleta("1").await;
        shop.settled(&id, "ACEPTADO").await;
        shop.went(&id, AGAIN);
        let files = shop.sii.files();
        let last = files.last().unwrap();
        assert!(files.iter().all(|file| file == last), "the same bytes");
        assert!(shop.sii.asked(Asked::Document) >= 2);
        assert_eq!(shop.sii.held("39-1"), 1);
        shop.stop().await;
    }
}

/// An answer that is cut, in JSON or XML, is no answer, although what came of it can be read.
#[tokio::test]
async fn a_cut_answer_to_an_upload_is_no_answer() {
    for cut in [Act::Cut, Act::CutShort] {
        let shop = open().await;
        shop.sii.next(Asked::Upload, [cut.clone(), cut]);
        let (one, two) = (shop.boleta("1").await, shop.factura("2").await);
        shop.settled(&one, "ACEPTADO").await;
        shop.settled(&two, "ACEPTADO").await;
        shop.went(&one, ARRIVED);
        shop.went(&two, ARRIVED);
        assert_eq!((shop.sii.held("39-1"), shop.sii.held("33-1")), (1, 1));
        shop.stop().await;
    }
}

/// An answer without an end is not read for ever, and nothing of it is believed.
#[tokio::test]
async fn an_endless_answer_is_cut_off_and_not_believed() {
    let shop = open().await;
    for endless in [Act::Endless, Act::EndlessUnsaid] {
        shop.sii.next(Asked::Upload, [endless.clone()]);
        shop.sii.next(Asked::Document, [endless.clone()]);
        let id = shop.boleta(&format!("{endless:?}")).await;
        shop.settled(&id, "ACEPTADO").await;
        shop.went(&id, ARRIVED);
    }
    shop.stop().await;
}

/// A line of which one half was closed before a word was said: the SII has it, and nobody knows.
#[tokio::test]
async fn a_line_closed_without_a_word_leaves_doubt() {
    let shop = open().await;
    shop.sii.next(Asked::Upload, [Act::KeepAndHush, Act::KeepAndHush]);
    let (one, two) = (shop.boleta("1").await, shop.factura("2").await);
    for id in [&one, &two] {
        shop.settled(id, "ACEPTADO").await;
        shop.went(id, ARRIVED);
    }
    assert_eq!((shop.sii.held("39-1"), shop.sii.held("33-1")), (1, 1));
    shop.stop().await;
}

/// Answers that come a byte at a time are read to their end, on both channels, whatever is asked.
#[tokio::test]
async fn an_answer_that_drips_is_read_whole() {
    let shop = open().await;
    let drip = || Act::Drip(Duration::from_micros(500));
    for asked in [Asked::Seed, Asked::Token, Asked::Upload, Asked::Parcel] {
        shop.sii.always(asked, drip());
    }
    let (one, two) = (shop.boleta("1").await, shop.factura("2").await);
    for id in [&one, &two] {
        shop.settled(id, "ACEPTADO").await;
        shop.went(id, STRAIGHT);
    }
    assert_eq!(shop.sii.asked(Asked::Upload), 2);
    shop.stop().await;
}

/// One byte now and then is not for ever: what was asked ends at its time, a delivery in doubt.
#[tokio::test]
async fn an_answer_that_drips_for_too_long_is_none() {
    let sii = Scripted::start().await;
    for asked in [Asked::Upload, Asked::Seed] {
        sii.always(asked, Act::Drip(Duration::from_millis(50)));
    }
    let short = Duration::from_millis(300);
    let limits = timbre_core::Limits {
        query_timeout: short,
        deliver_timeout: short,
        ..BoletaChannel::default().limits().clone()
    };
    let carrier = HttpCarrier::new(Environment::Training).unwrap();
    for (effect, path) in [(Effect::Deliver, "/cgi_dte/UPL/DTEUpload"), (Effect::Query, "/DTEWS/CrSeed.jws")]
    {
        let request = Request {
            effect,
            method: Method::Post,
            url: format!("{}{path}", sii.base()),
            headers: Vec::new(),
            body: bytes::Bytes::from_static(b"x"),
            what: "prueba",
            secret: false,
        };
        let heard = carrier.carry(&request, &limits).await;
        assert!(matches!(heard, Heard::Nothing { sent: Sent::Perhaps, .. }), "{path}: {heard:?}");
    }
    sii.stop().await;
}

/// Rows 3 and 4: a question that comes to nothing changes no state.
#[tokio::test]
async fn a_question_that_fails_changes_no_state() {
    let acts = [
        Act::Reset,
        Act::ResetEarly,
        Act::Cut,
        Act::CutShort,
        Act::Endless,
        Act::EndlessUnsaid,
        Act::KeepAndHush,
        Act::say(500, "Error 500"),
        Act::say(503, ""),
        Act::say(502, "<html>Bad Gateway</html>"),
        Act::say(200, ""),
    ];
    for soap in [false, true] {
        let shop = open().await;
        shop.sii.next(Asked::Parcel, acts.clone());
        let id = if soap { shop.factura("1").await } else { shop.boleta("1").await };
        shop.settled(&id, "ACEPTADO").await;
        shop.went(&id, STRAIGHT);
        assert_eq!(shop.sii.asked(Asked::Upload), 1);
        shop.stop().await;
    }
}

/// A line that fails says nothing against the token: it is looked at by a seed, and the token is used on (the SII wants
/// one token for all uploads).
#[tokio::test]
async fn a_pass_that_nobody_refused_outlives_a_dead_line() {
    let shop = open().await;
    let first = shop.boleta("1").await;
    shop.settled(&first, "ACEPTADO").await;
    shop.sii.next(Asked::Upload, [Act::Reset]);
    let second = shop.boleta("2").await;
    shop.settled(&second, "ACEPTADO").await;
    assert!(shop.sii.asked(Asked::Seed) >= 2, "the line was looked at");
    assert_eq!(shop.sii.asked(Asked::Token), 1);
    shop.stop().await;
}
