//! Rows 8, 15, 19 to 25: seeds and tokens.

use super::{STRAIGHT, open};
use timbre_tests::scripted::{Act, Asked, respuesta, soap_of};

fn denied(estado: &str) -> (String, String) {
    let inner = respuesta("", &format!("<ESTADO>{estado}</ESTADO><GLOSA>no</GLOSA>"));
    (inner.clone(), soap_of(&inner))
}

/// Rows 3, 4, 19, 20, 21 and 50: the SII's own trouble passes, and the document goes straight once it has.
#[tokio::test]
async fn trouble_at_the_login_passes_by_itself() {
    for estado in ["-1", "-2"] {
        let shop = open().await;
        shop.sii.next(Asked::Seed, [Act::say(200, &denied(estado).0)]);
        let id = shop.boleta("1").await;
        shop.settled(&id, "ACEPTADO").await;
        shop.stop().await;
    }
    for estado in ["07", "08", "09", "12", "-1", "-2"] {
        let shop = open().await;
        shop.sii.next(Asked::Token, [Act::say(200, &denied(estado).1)]);
        let id = shop.factura("1").await;
        let row = shop.settled(&id, "ACEPTADO").await;
        assert_eq!((row.attempts, row.attention), (1, None), "{estado}");
        shop.stop().await;
    }
    for act in [
        Act::Reset,
        Act::Cut,
        Act::say(503, ""),
        Act::say(500, "Error 500"),
        Act::say(200, "<HTML>mantención</HTML>"),
    ] {
        let shop = open().await;
        shop.sii.next(Asked::Seed, [act]);
        let id = shop.boleta("1").await;
        let row = shop.settled(&id, "ACEPTADO").await;
        assert_eq!(row.attempts, 1);
        shop.stop().await;
    }
}

/// Rows 22 to 24: certificate or configuration. Nothing is uploaded, selling goes on, a person is told.
#[tokio::test]
async fn a_certificate_that_the_sii_does_not_take_stops_the_sending_and_not_the_selling() {
    for estado in ["01", "05", "06", "10", "11", "21", "-3", "-07"] {
        let shop = open().await;
        shop.sii.always(Asked::Token, Act::say(200, &denied(estado).0));
        let id = shop.boleta("1").await;
        let attention = || shop.running.agent.snapshot().sentence.mood == timbre_agent::view::Mood::Attention;
        timbre_tests::until(&shop.running, |_| attention()).await;
        shop.boleta("2").await;
        assert_eq!(shop.sii.asked(Asked::Upload), 0, "{estado}");
        assert_eq!(shop.row(&id).attempts, 0, "{estado}");
        // Mended: a person says so.
        shop.sii.heal(Asked::Token);
        shop.running.agent.resend_pending().await.unwrap();
        shop.settled(&id, "ACEPTADO").await;
        shop.stop().await;
    }
}

/// Rows 8, 15 and 25: a token that died is renewed once, and what was asked is asked again.
#[tokio::test]
async fn a_dead_token_is_renewed_once() {
    let error_501 = "<HTML> <HEAD> <TITLE>Error 501</TITLE></HEAD></HTML>";
    let status_5 = "<?xml version=\"1.0\"?><RECEPCIONDTE><STATUS>5</STATUS></RECEPCIONDTE>";
    for (soap, act) in [
        (false, Act::say(401, "NO ESTA AUTENTICADO")),
        (true, Act::say(200, error_501)),
        (true, Act::say(200, status_5)),
    ] {
        let shop = open().await;
        shop.sii.next(Asked::Upload, [act]);
        let id = if soap { shop.factura("1").await } else { shop.boleta("1").await };
        shop.settled(&id, "ACEPTADO").await;
        shop.went(&id, STRAIGHT);
        assert_eq!((shop.sii.asked(Asked::Token), shop.sii.asked(Asked::Upload)), (2, 2));
        let files = shop.sii.files();
        assert_eq!(files[0], files[1], "the same bytes");
        shop.stop().await;
    }
    for estado in ["001", "002", "003"] {
        let shop = open().await;
        shop.sii.next(Asked::Parcel, [Act::say(200, &denied(estado).1)]);
        let id = shop.factura("1").await;
        shop.settled(&id, "ACEPTADO").await;
        shop.went(&id, STRAIGHT);
        assert_eq!((shop.sii.asked(Asked::Token), shop.sii.asked(Asked::Upload)), (2, 1), "{estado}");
        shop.stop().await;
    }
}

/// Row 8: the second refusal is a matter for a person, and not for another login.
#[tokio::test]
async fn a_token_refused_twice_is_not_renewed_for_ever() {
    let shop = open().await;
    shop.sii.always(Asked::Upload, Act::say(401, "NO ESTA AUTENTICADO"));
    let id = shop.boleta("1").await;
    shop.until(&id, |row| row.state == "PENDIENTE").await;
    assert_eq!((shop.sii.asked(Asked::Token), shop.sii.asked(Asked::Upload)), (2, 2));
    shop.sii.heal(Asked::Upload);
    shop.running.agent.resend_pending().await.unwrap();
    shop.settled(&id, "ACEPTADO").await;
    shop.stop().await;
}
