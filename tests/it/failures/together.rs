//! Rows 11, 34, 35 and 37, where several travel together: what is said of one folio is no word about the others.

use timbre_agent::reissue::Reissue;
use timbre_tests::scripted::{Act, Asked, respuesta, soap_of};

use super::{Shop, open};

/// The SII's word about one document, in each channel.
fn of_document(code: &str, soap: bool) -> Act {
    match soap {
        true => {
            let said = respuesta("", &format!("<ESTADO>{code}</ESTADO><ERR_CODE>0</ERR_CODE>"));
            Act::say(200, &soap_of(&said))
        }
        false => Act::say(200, &format!("{{\"codigo\":\"{code}\",\"descripcion\":\"d\"}}")),
    }
}

/// So many that leave in one envelope.
async fn sold_together(shop: &Shop, many: usize, soap: bool) -> Vec<String> {
    shop.running.agent.set_running(false);
    let mut ids = Vec::new();
    for key in 0..many {
        let key = key.to_string();
        ids.push(if soap { shop.factura(&key).await } else { shop.boleta(&key).await });
    }
    shop.running.agent.set_running(true);
    ids
}

/// How many documents each upload was of.
fn uploads(shop: &Shop) -> Vec<usize> {
    let of = |upload: Vec<u8>| String::from_utf8_lossy(&upload).matches("<TipoDTE>").count();
    shop.sii.wire(Asked::Upload).into_iter().map(of).collect()
}

/// FAN and FNA are said of the folio, whether or not the SII has the upload.
#[tokio::test]
async fn a_folio_that_is_void_does_not_prove_that_the_others_arrived() {
    for (void, soap) in [("FAN", false), ("FNA", false), ("FAN", true)] {
        let shop = open().await;
        shop.sii.next(Asked::Upload, [Act::Reset]);
        shop.sii.next(Asked::Document, [of_document(void, soap)]);
        let ids = sold_together(&shop, 2, soap).await;
        shop.settled(&ids[0], "RECHAZADO").await;
        let row = shop.settled(&ids[1], "ACEPTADO").await;
        assert_eq!(row.attention, None, "{void}");
        assert_eq!(uploads(&shop), [2, 1]);
        shop.stop().await;
    }
}

/// RPT, or DTE-3-100 and DTE-3-101 told of a whole envelope, for one folio that another till used: the others go
/// without it, and a person puts that one right.
#[tokio::test]
async fn an_envelope_that_is_repeated_for_one_folio_goes_again_without_it() {
    let of_envelope = |code: u32| {
        let detail = format!(
            "[{{\"estado\":\"RCH\",\"error\":[{{\"seccion\":\"DTE\",\"nivel\":3,\"codigo\":{code}}}]}}]"
        );
        Act::say(
            200,
            &format!(
                "{{\"trackid\":900000,\"estado\":\"RCH\",\"estadistica\":null,\"detalle_rep_rech\":{detail}}}"
            ),
        )
    };
    let boleta = "{\"trackid\":900000,\"estado\":\"RPT\",\"estadistica\":null,\"detalle_rep_rech\":null}";
    let factura = soap_of(&respuesta("", "<TRACKID>900000</TRACKID><ESTADO>RPT</ESTADO>"));
    for (said, soap) in [
        (Act::say(200, boleta), false),
        (of_envelope(100), false),
        (of_envelope(101), false),
        (Act::say(200, &factura), true),
    ] {
        let shop = open().await;
        shop.sii.next(Asked::Parcel, [said]);
        // The first is another till's; the others are not there, said twice of each.
        let answers = ["DNK", "FAU", "FAU", "FAU", "FAU"];
        shop.sii.next(Asked::Document, answers.map(|code| of_document(code, soap)));
        let ids = sold_together(&shop, 3, soap).await;
        for id in &ids[1..] {
            let row = shop.settled(id, "ACEPTADO").await;
            assert_eq!(row.attention, None);
        }
        assert_eq!(uploads(&shop), [3, 2]);
        let row = shop.until(&ids[0], |row| row.attention.is_some()).await;
        assert_eq!(row.state, "VERIFICANDO");
        shop.sii.next(Asked::Document, [of_document("DNK", soap)]);
        let order = Reissue { sale: None, new_number: true, who: "Ana".to_owned() };
        // Its range is stopped, and there is no other: it is put right all the same, and made with the next CAF.
        if let Err(problem) = shop.running.agent.reissue(&ids[0], order).await {
            assert_ne!(problem.code, "parcel-undecided", "{problem:?}");
        }
        shop.until(&ids[0], |row| matches!(row.state.as_str(), "RECHAZADO" | "REEMPLAZADO")).await;
        shop.stop().await;
    }
}
