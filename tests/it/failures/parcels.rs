//! Rows 6, 7, 11, 18, 25, 26, 28 to 31, 34 to 36, 38 to 49: how an upload may be said to be doing.

use super::{LOST, STRAIGHT, Shop, open, open_with};
use timbre_tests::scripted::{Act, Asked, respuesta, soap_of};

/// The counts of an upload of one boleta that was rejected.
const ONE_REJECTED: &str = "[{\"tipo\":39,\"informados\":1,\"aceptados\":0,\"rechazados\":1,\"reparos\":0}]";

fn rest(track: u32, estado: &str, statistics: &str, detail: &str) -> Act {
    Act::say(
        200,
        &format!(
            "{{\"trackid\":{track},\"estado\":\"{estado}\",\"estadistica\":{statistics},\"detalle_rep_rech\":{detail}}}"
        ),
    )
}

fn soap(header: &str) -> Act {
    Act::say(200, &soap_of(&respuesta("", &format!("<TRACKID>900000</TRACKID>{header}"))))
}

/// Rows 18, 36, 43, 44, 46, 48: whatever is not the end is asked again, and nothing is taken for zero.
#[tokio::test]
async fn an_upload_in_process_is_asked_about_until_it_ends() {
    let shop = open().await;
    let accepted_none = "[{\"tipo\":39,\"informados\":1,\"aceptados\":0,\"rechazados\":0,\"reparos\":0}]";
    let other_number = "[{\"tipo\":39,\"informados\":2,\"aceptados\":2,\"rechazados\":0,\"reparos\":0}]";
    shop.sii.next(
        Asked::Parcel,
        [
            rest(900_000, "REC", "null", "null"),
            rest(900_000, "PRD", "null", "null"),
            rest(900_000, "VOF", "null", "null"),
            rest(900_000, "XYZ", "null", "null"),
            rest(900_000, "EPR", "null", "null"),
            rest(900_000, "EPR", accepted_none, "[]"),
            rest(900_000, "EPR", other_number, "[]"),
            Act::say(200, "falta algo"),
            Act::say(404, "No existe recurso"),
        ],
    );
    let id = shop.boleta("1").await;
    let row = shop.settled(&id, "ACEPTADO").await;
    shop.went(&id, STRAIGHT);
    assert_eq!(row.attention, None);
    assert!(shop.sii.asked(Asked::Parcel) >= 10);
    shop.stop().await;
}

/// Rows 6, 7, 28, 44, 45 and 48 on the other channel.
#[tokio::test]
async fn a_service_that_does_not_answer_the_question_is_asked_again() {
    let shop = open().await;
    let fault = "<e:Envelope xmlns:e=\"e\"><e:Body><e:Fault><faultstring>No such operation 'getEstUp'</faultstring></e:Fault></e:Body></e:Envelope>";
    let sax = "<e:Envelope xmlns:e=\"e\"><e:Body><e:Fault><faultstring>SAXParseException: prefix \"xsi\" is not bound</faultstring></e:Fault></e:Body></e:Envelope>";
    shop.sii.next(
        Asked::Parcel,
        [
            Act::say(500, fault),
            Act::say(500, sax),
            soap("<ESTADO>-11</ESTADO><ERR_CODE>2</ERR_CODE>"),
            soap("<ESTADO>-11</ESTADO><ERR_CODE>1</ERR_CODE>"),
            soap("<ESTADO>CRT</ESTADO>"),
            soap("<ESTADO>-1</ESTADO>"),
            soap("<ESTADO>PDR</ESTADO>"),
            soap("<ESTADO>XYZ</ESTADO>"),
            soap("<ESTADO>EPR</ESTADO>"),
        ],
    );
    let id = shop.factura("1").await;
    let row = shop.settled(&id, "ACEPTADO").await;
    shop.went(&id, STRAIGHT);
    assert_eq!(row.attention, None);
    shop.stop().await;
}

/// Row 26: 106 is a matter for a person; the question goes on, slowly, and the document keeps its state.
#[tokio::test]
async fn without_permission_to_ask_the_document_keeps_its_state() {
    let shop = open().await;
    shop.sii.always(Asked::Parcel, soap("<ESTADO>106</ESTADO>"));
    let id = shop.factura("1").await;
    let told = || shop.running.agent.snapshot().sentence.mood == timbre_agent::view::Mood::Attention;
    timbre_tests::until(&shop.running, |_| told()).await;
    assert_eq!(shop.row(&id).state, "ENVIADO");
    shop.sii.heal(Asked::Parcel);
    shop.running.agent.resend_pending().await.unwrap();
    shop.settled(&id, "ACEPTADO").await;
    shop.went(&id, STRAIGHT);
    shop.stop().await;
}

/// Rows 29 and 30: the whole envelope was rejected, and with it the one document that it held.
#[tokio::test]
async fn an_envelope_that_was_rejected_whole_rejects_its_document() {
    for estado in ["RSC", "RFR"] {
        let shop = open().await;
        let detail = "[{\"estado\":\"RCH\",\"error\":[{\"seccion\":\"ENV\",\"detalle\":\"CHR-00002: Line too long (4090)\"}]}]";
        shop.sii.next(Asked::Parcel, [rest(900_000, estado, "null", detail)]);
        let id = shop.boleta("1").await;
        let row = shop.settled(&id, "RECHAZADO").await;
        assert!(!row.remarks.is_empty(), "{estado}");
        shop.went(&id, &["ENVIANDO", "ENVIADO", "RECHAZADO"]);
        assert_eq!(shop.sii.asked(Asked::Upload), 1);
        shop.stop().await;
    }
}

/// Row 31: the carátula is no document's fault, whether it is told of the envelope or of the document. The channel
/// stops, a person mends it, and the document goes.
#[tokio::test]
async fn a_cover_that_was_rejected_stops_the_channel_and_not_the_document() {
    let of_document = |section: &str, code: u32| {
        let detail = format!(
            "[{{\"tipo\":39,\"folio\":1,\"estado\":\"RCH\",\"error\":[{{\"seccion\":\"{section}\",\"nivel\":3,\"codigo\":{code}}}]}}]"
        );
        rest(900_000, "EPR", ONE_REJECTED, &detail)
    };
    for said in [rest(900_000, "RCT", "null", "null"), of_document("CRT", 19), of_document("ENV", 6)] {
        let shop = open().await;
        shop.sii.next(Asked::Parcel, [said]);
        let id = shop.boleta("1").await;
        shop.settled(&id, "PENDIENTE").await;
        timbre_tests::until(&shop.running, |running| !running.agent.snapshot().down.is_empty()).await;
        shop.running.agent.resend_pending().await.unwrap();
        shop.settled(&id, "ACEPTADO").await;
        shop.went(&id, &["ENVIANDO", "ENVIADO", "PENDIENTE", "GENERADO", "ENVIANDO", "ENVIADO", "ACEPTADO"]);
        shop.stop().await;
    }
}

/// Rows 38 to 42: processed, and this document with it.
#[tokio::test]
async fn a_processed_upload_says_what_became_of_each_document() {
    let (rejected, objected) = ((0, 1, 0), (0, 0, 1));
    let cases = [
        ("RCH", "DTE-3-505", "RECHAZADO", rejected),
        ("RCH", "DTE-3-601", "RECHAZADO", rejected),
        ("RCH", "CAF-3-517", "RECHAZADO", rejected),
        ("RCH", "CAF-3-514", "RECHAZADO", rejected),
        ("RCH", "REF-3-750", "RECHAZADO", rejected),
        ("RPR", "REF-2-780", "REPARO", objected),
        ("RLV", "DTE-1-650", "REPARO", objected),
    ];
    for (estado, spelled, state, (accepted, rejected, objected)) in cases {
        let shop = open().await;
        let counts = format!(
            "[{{\"tipo\":39,\"informados\":1,\"aceptados\":{accepted},\"rechazados\":{rejected},\"reparos\":{objected}}}]"
        );
        let mut words = spelled.split('-');
        let mut word = || words.next().expect("three words");
        let (section, nivel, code) = (word(), word(), word());
        let detail = format!(
            "[{{\"tipo\":39,\"folio\":1,\"estado\":\"{estado}\",\"descripcion\":\"d\",\"error\":[{{\"seccion\":\"{section}\",\"nivel\":{nivel},\"codigo\":{code},\"descripcion\":\"d\"}}]}}]"
        );
        shop.sii.next(Asked::Parcel, [rest(900_000, "EPR", &counts, &detail)]);
        let id = shop.boleta("1").await;
        let row = shop.settled(&id, state).await;
        assert!(
            row.remarks.iter().any(|remark| remark.code == spelled && !remark.meaning.is_empty()),
            "{row:?}"
        );
        shop.stop().await;
    }
}

/// Row 34: RPT is no rejection. Each document is asked about, and is there.
#[tokio::test]
async fn a_repeated_upload_is_settled_by_asking_for_its_documents() {
    let shop = open().await;
    shop.sii.next(Asked::Parcel, [rest(900_000, "RPT", "null", "null")]);
    let id = shop.boleta("1").await;
    shop.settled(&id, "ACEPTADO").await;
    shop.went(&id, &["ENVIANDO", "ENVIADO", "VERIFICANDO", "ACEPTADO"]);
    assert_eq!(shop.sii.asked(Asked::Upload), 1);
    shop.stop().await;
}

/// Row 34: a document rejected as repeated (100) is there already, also where the whole envelope was rejected for it.
#[tokio::test]
async fn a_document_rejected_as_repeated_is_asked_about() {
    let detail = |folio: &str| {
        format!(
            "[{{{folio}\"estado\":\"RCH\",\"error\":[{{\"seccion\":\"DTE\",\"nivel\":3,\"codigo\":100}}]}}]"
        )
    };
    let of_it = rest(900_000, "EPR", ONE_REJECTED, &detail("\"tipo\":39,\"folio\":1,"));
    for said in [of_it, rest(900_000, "RCH", "null", &detail(""))] {
        let shop = open().await;
        shop.sii.next(Asked::Parcel, [said]);
        let id = shop.boleta("1").await;
        shop.settled(&id, "ACEPTADO").await;
        shop.went(&id, &["ENVIANDO", "ENVIADO", "VERIFICANDO", "ACEPTADO"]);
        assert_eq!(shop.sii.asked(Asked::Upload), 1);
        shop.stop().await;
    }
}

/// Row 35: the folio is there with other data, told of the whole envelope. Its range is stopped, and a person called.
#[tokio::test]
async fn an_envelope_rejected_for_a_folio_with_other_data_stops_its_range() {
    let shop = open().await;
    let detail = "[{\"estado\":\"RCH\",\"error\":[{\"seccion\":\"DTE\",\"nivel\":3,\"codigo\":101}]}]";
    shop.sii.always(Asked::Document, Act::say(200, "{\"codigo\":\"DNK\",\"descripcion\":\"d\"}"));
    shop.sii.next(Asked::Parcel, [rest(900_000, "RCH", "null", detail)]);
    let id = shop.boleta("1").await;
    let row = shop.settled(&id, "RECHAZADO").await;
    assert_eq!((row.attention, row.remarks[0].code.as_str()), (None, "DTE-3-101"));
    let stopped = |agent: &timbre_agent::Agent| {
        agent.folios().iter().flat_map(|kind| &kind.ranges).any(|range| range.stopped.is_some())
    };
    assert!(stopped(&shop.running.agent));
    assert_eq!(shop.sii.asked(Asked::Upload), 1);
    shop.stop().await;
}

/// Rows 46 and 47: an upload that is lost or stuck for longer than the SII may be silent. Its documents are asked about,
/// and nothing is sent again that is there.
#[tokio::test]
async fn an_upload_that_is_stuck_is_settled_by_asking_for_its_documents() {
    let lost = rest(900_000, "VOF", "null", "null");
    let doubted: &[&str] = &["ENVIANDO", "ENVIADO", "VERIFICANDO", "ACEPTADO"];
    for (is_soap, act, trail) in [
        (false, lost, doubted),
        (false, rest(900_000, "CRT", "null", "null"), STRAIGHT),
        (true, soap("<ESTADO>SOK</ESTADO>"), STRAIGHT),
    ] {
        let shop = open_with("settle_after_seconds = 1\n").await;
        shop.sii.always(Asked::Parcel, act);
        let id = if is_soap { shop.factura("1").await } else { shop.boleta("1").await };
        shop.settled(&id, "ACEPTADO").await;
        shop.went(&id, trail);
        assert!(shop.sii.asked(Asked::Document) >= 1, "its document was asked about");
        assert_eq!(shop.sii.asked(Asked::Upload), 1);
        shop.stop().await;
    }
}

/// Rows 11, 37 and 46: the SII gave a TrackID, and has neither the upload nor its document. The same bytes go again.
#[tokio::test]
async fn an_upload_that_the_sii_lost_goes_again_to_the_byte() {
    let rest_404 = Act::say(404, "No existe recurso");
    for (is_soap, act) in [
        (false, rest(900_000, "VOF", "null", "null")),
        (false, rest_404),
        (true, soap("<ESTADO>-11</ESTADO><ERR_CODE>1</ERR_CODE>")),
    ] {
        let shop = open_with("settle_after_seconds = 1\n").await;
        shop.sii.always(Asked::Parcel, act);
        let none = if is_soap {
            Act::say(200, &soap_of(&respuesta("", "<ESTADO>FAU</ESTADO><ERR_CODE>3</ERR_CODE>")))
        } else {
            Act::say(200, "{\"codigo\":\"FAU\"}")
        };
        shop.sii.always(Asked::Document, none);
        let id = if is_soap { shop.factura("1").await } else { shop.boleta("1").await };
        shop.until(&id, |_| shop.sii.asked(Asked::Upload) == 2).await;
        lost_and_sent_again(shop, &id).await;
    }
}

/// The same bytes went twice, and the SII that is well again takes them.
async fn lost_and_sent_again(shop: Shop, id: &str) {
    shop.sii.heal(Asked::Parcel);
    shop.sii.heal(Asked::Document);
    shop.settled(id, "ACEPTADO").await;
    shop.went(id, LOST);
    let files = shop.sii.files();
    assert_eq!(files[0], files[1]);
    shop.stop().await;
}

/// Row 47: an upload that is stuck for a day is not sent again blindly. A person can, and then its documents are asked
/// about first.
#[tokio::test]
async fn an_upload_that_is_stuck_goes_again_only_by_hand_and_when_its_documents_are_not_there() {
    let shop = open_with("settle_after_seconds = 1\n").await;
    shop.sii.always(Asked::Parcel, rest(900_000, "CRT", "null", "null"));
    shop.sii.always(Asked::Document, Act::say(200, "{\"codigo\":\"FAU\"}"));
    let id = shop.boleta("1").await;
    let row = shop.until(&id, |row| row.attention.is_some()).await;
    assert!(row.attention.is_some_and(|why| why.contains("Reenviar")));
    shop.until(&id, |_| shop.sii.asked(Asked::Document) >= 3).await;
    assert_eq!((shop.row(&id).state.as_str(), shop.sii.asked(Asked::Upload)), ("ENVIADO", 1));
    let again = shop
        .running
        .agent
        .reissue(&id, timbre_agent::reissue::Reissue { sale: None, new_number: true, who: "Ana".to_owned() });
    let problem = again.await.unwrap_err();
    assert!(problem.detail.contains("Reenviar"), "{problem:?}");
    let resent = shop.running.agent.resend(std::slice::from_ref(&id)).await.unwrap();
    assert_eq!((resent.queued, resent.asked), (1, 0));
    shop.until(&id, |_| shop.sii.asked(Asked::Upload) == 2).await;
    lost_and_sent_again(shop, &id).await;
}
