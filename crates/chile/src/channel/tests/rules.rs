//! The rules that every country's channel passes (`timbre_core::conformance`).

use super::*;
use timbre_core::{Sent, conformance};

/// A desk whose clock the channel can wind: each look at it is a minute later.
fn winding() -> impl Fn() -> Cx<'static> {
    let desk: &'static Desk = Box::leak(Box::new(desk()));
    let minutes = std::cell::Cell::new(0);
    move || {
        minutes.set(minutes.get() + 1);
        let now = desk.now.checked_add(Duration::from_secs(60 * minutes.get())).unwrap();
        Cx { now, ..desk.cx() }
    }
}

fn boleta(request: &Request) -> Heard {
    match request.what {
        "subir envío" => reply(200, r#"{"trackid":7,"estado":"REC"}"#),
        "estado del envío" => reply(
            200,
            r#"{"estado":"EPR","trackid":7,"estadistica":[{"tipo":39,"informados":2,"aceptados":2,"rechazados":0,"reparos":0}]}"#,
        ),
        _ => reply(200, r#"{"codigo":"FAU"}"#),
    }
}

fn dte(request: &Request) -> Heard {
    match request.what {
        "subir envío" => reply(200, "<RECEPCIONDTE><STATUS>0</STATUS><TRACKID>7</TRACKID></RECEPCIONDTE>"),
        "estado del envío" => soap_reply(
            "<SII:RESP_BODY><TIPO_DOCTO>39</TIPO_DOCTO><INFORMADOS>2</INFORMADOS><ACEPTADOS>1</ACEPTADOS>\
             <RECHAZADOS>1</RECHAZADOS><REPAROS>0</REPAROS></SII:RESP_BODY><SII:RESP_HDR><ESTADO>EPR</ESTADO></SII:RESP_HDR>",
        ),
        "firma del documento" => exact("SI"),
        _ if String::from_utf8_lossy(&request.body).contains("<FolioDte xsi:type=\"xsd:string\">1<") => {
            header("DOK")
        }
        _ => header("FAU"),
    }
}

#[test]
fn both_channels_pass_the_rules_of_every_channel() {
    type Authority = fn(&Request) -> Heard;
    let channels: [(Box<dyn Channel>, Authority); 2] =
        [(Box::new(BoletaChannel::new()), boleta), (Box::new(DteChannel::new()), dte)];
    for (channel, authority) in channels {
        let cx = winding();
        let documents = boletas(2);
        let parcel = desk().parcel(&*channel, documents.clone());
        let once = conformance::survives_a_stop_at_every_step(&*channel, &parcel, &cx, &mut |r| authority(r));
        assert_eq!(once, 1);
        conformance::silence_is_answered_by_questions(&*channel, &documents, &cx, &mut |r| authority(r));
        conformance::a_lost_answer_is_no_verdict(&*channel, &documents[0], &cx);
        conformance::what_is_not_understood_is_no_verdict(&*channel, &parcel, &cx);
        // No answer at all: delivered once, and left to be asked about.
        let lost = conformance::survives_a_stop_at_every_step(&*channel, &parcel, &cx, &mut |_| {
            silence(Sent::Perhaps)
        });
        assert_eq!(lost, 1);
    }
}

/// The set of boletas of a certification goes by the form, in the boletas' own envelope, and nothing else
/// may: what production sends that way nobody reviews.
#[test]
fn the_certification_set_goes_by_the_form_and_never_in_production() {
    let (desk, channel) = (desk(), DteChannel::of_the_certification_set());
    let documents = boletas(2);
    let parcel = desk.parcel(&channel, documents.clone());
    assert!(crate::latin1::decode(&parcel.head).contains("<EnvioBOLETA "));
    let cx = Cx { environment: Environment::Certification, ..desk.cx() };
    let upload = channel.begin(&parcel, &cx).unwrap();
    assert_eq!(asks(&upload).url, "https://maullin.sii.cl/cgi_dte/UPL/DTEUpload");
    let taken = "<RECEPCIONDTE><STATUS>0</STATUS><TRACKID>0260003916</TRACKID></RECEPCIONDTE>";
    let sent = channel.resume(stored(&upload), reply(200, taken), &documents, &cx).unwrap();
    let poll = channel.resume(stored(&sent), Heard::Elapsed, &documents, &cx).unwrap();
    assert_eq!(asks(&poll).url, "https://maullin.sii.cl/DTEWS/QueryEstUp.jws");
    // A renewed pass sends the same bytes: the envelope is still the boletas'.
    let stale = channel.resume(stored(&upload), reply(401, ""), &documents, &cx).unwrap();
    let again = channel.resume(stored(&stale), Heard::Elapsed, &documents, &cx).unwrap();
    assert_eq!(asks(&again).body, asks(&upload).body);
    let cx = Cx { environment: Environment::Production, ..desk.cx() };
    for step in [
        channel.login(&cx).unwrap(),
        channel.begin(&parcel, &cx).unwrap(),
        channel.probe(&documents[0], &cx).unwrap(),
        channel.resume(stored(&poll), Heard::Elapsed, &documents, &cx).unwrap(),
    ] {
        let told = told(&step);
        let refused = |one: &String| one.ends_with("refused Channel SOLO CERTIFICACION");
        assert!(!told.is_empty() && told.iter().all(refused), "{step:?}");
    }
}
