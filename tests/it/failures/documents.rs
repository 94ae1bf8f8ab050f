//! Rows 14, 18, 27, 28, 35 to 38 and 40: what the SII may say when it is asked for one document.

use super::{AGAIN, open};
use timbre_tests::scripted::{Act, Asked, respuesta, soap_of};

fn rest(code: &str) -> Act {
    Act::say(200, &format!("{{\"codigo\":\"{code}\",\"descripcion\":\"d\"}}"))
}

fn soap(code: &str) -> Act {
    Act::say(200, &soap_of(&respuesta("", &format!("<ESTADO>{code}</ESTADO>"))))
}

/// Row 35: the folio is there with other data. It is never sent again, and a person is called.
#[tokio::test]
async fn a_folio_known_with_other_data_calls_a_person_and_is_never_sent_again() {
    for is_soap in [false, true] {
        let shop = open().await;
        shop.sii.next(Asked::Upload, [Act::Reset]);
        shop.sii.always(Asked::Document, if is_soap { soap("DNK") } else { rest("DNK") });
        let id = if is_soap { shop.factura("1").await } else { shop.boleta("1").await };
        let row = shop.until(&id, |row| row.attention.is_some()).await;
        assert_eq!(row.state, "VERIFICANDO");
        assert_eq!(shop.sii.asked(Asked::Upload), 1);
        shop.stop().await;
    }
}

/// Rows 14, 18, 27, 28: an answer about something else is not "not received".
#[tokio::test]
async fn only_not_received_said_twice_lets_the_same_bytes_go_again() {
    let shop = open().await;
    shop.sii.next(Asked::Upload, [Act::Reset]);
    shop.sii.next(
        Asked::Document,
        [
            Act::say(200, "falta monto"),
            Act::say(500, "Error 500"),
            Act::say(200, "<html>mantención</html>"),
            rest("XYZ"),
            rest("FAU"),
            Act::say(503, ""),
        ],
    );
    let id = shop.boleta("1").await;
    shop.settled(&id, "ACEPTADO").await;
    shop.went(&id, AGAIN);
    // Six that were scripted, and one more absence at the least.
    assert!(shop.sii.asked(Asked::Document) >= 7, "{}", shop.sii.asked(Asked::Document));
    let files = shop.sii.files();
    assert_eq!(files[0], files[1]);
    shop.stop().await;
}

/// Row 40: the folio was annulled before it was sent.
#[tokio::test]
async fn a_folio_that_was_annulled_is_a_rejection() {
    let shop = open().await;
    shop.sii.next(Asked::Upload, [Act::Reset]);
    shop.sii.always(Asked::Document, rest("FAN"));
    let id = shop.boleta("1").await;
    let row = shop.settled(&id, "RECHAZADO").await;
    assert!(row.remarks.iter().any(|remark| remark.code == "FAN"));
    assert_eq!(shop.sii.asked(Asked::Upload), 1);
    shop.stop().await;
}

/// Rows 27 and 38: what is said of the company or of the CAF. EMP says nothing of the document and stops the channel;
/// FNA is for a new folio.
#[tokio::test]
async fn a_company_that_may_not_and_a_caf_that_does_not_lend_are_told_apart() {
    let shop = open().await;
    shop.sii.next(Asked::Upload, [Act::KeepAndReset]);
    shop.sii.always(Asked::Document, rest("EMP"));
    let id = shop.boleta("1").await;
    let told = || shop.running.agent.snapshot().sentence.mood == timbre_agent::view::Mood::Attention;
    timbre_tests::until(&shop.running, |_| told()).await;
    assert_eq!(shop.row(&id).state, "VERIFICANDO");
    shop.sii.heal(Asked::Document);
    shop.running.agent.resend_pending().await.unwrap();
    shop.settled(&id, "ACEPTADO").await;
    assert_eq!(shop.sii.asked(Asked::Upload), 1);
    shop.stop().await;

    let shop = open().await;
    shop.sii.next(Asked::Upload, [Act::Reset]);
    shop.sii.always(Asked::Document, rest("FNA"));
    let id = shop.boleta("1").await;
    let row = shop.settled(&id, "RECHAZADO").await;
    let remark = row.remarks.iter().find(|remark| remark.code == "FNA").expect("its code");
    assert!(!remark.meaning.is_empty(), "{row:?}");
    assert_eq!(shop.sii.asked(Asked::Upload), 1);
    shop.stop().await;
}

/// On the channel that compares signatures: the folio is there, and it is another document.
#[tokio::test]
async fn another_document_under_our_folio_is_not_ours() {
    let shop = open().await;
    let other =
        respuesta("<SII:RESP_BODY><RECIBIDO>NO</RECIBIDO></SII:RESP_BODY>", "<SII:ESTADO>0</SII:ESTADO>");
    shop.sii.next(Asked::Upload, [Act::KeepAndReset]);
    shop.sii.always(Asked::Exact, Act::say(200, &soap_of(&other)));
    let id = shop.factura("1").await;
    let row = shop.until(&id, |row| row.attention.is_some()).await;
    assert_eq!(row.state, "VERIFICANDO");
    assert_eq!(shop.sii.asked(Asked::Upload), 1);
    shop.stop().await;
}
