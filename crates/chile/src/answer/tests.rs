//! Replies as the SII gave them, or as its manuals print them, and what must be made of each.

mod documents;
mod logins;
mod parcels;
mod properties;
mod rejections;
mod uploads;

use super::*;
use proptest::prelude::*;

/// A reply with this status and text.
fn with<T>(status: u16, text: &str, hear: impl FnOnce(Reply<'_>) -> T) -> T {
    hear(Reply { status, headers: &[], body: text.as_bytes() })
}

/// The SOAP envelope round a payload, escaped as the SII does.
fn soap(operation: &str, inner: &str) -> String {
    let escaped = inner
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\r', "&#xd;");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n <soapenv:Body>\n  \
         <{operation}Response soapenv:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\">\n   \
         <{operation}Return xsi:type=\"xsd:string\">{escaped}</{operation}Return>\n  </{operation}Response>\n </soapenv:Body>\n\
         </soapenv:Envelope>"
    )
}

const AXIS_FAULT: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope \
    xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Body><soapenv:Fault><faultcode>soapenv:Client</faultcode>\
    <faultstring>No such operation 'getEstUp'</faultstring></soapenv:Fault></soapenv:Body></soapenv:Envelope>";

const ERROR_501: &str = "<HTML> <HEAD> <TITLE>Error 501</TITLE></HEAD><BODY>Error 501</BODY></HTML>";

const ERROR_PAGE: &str = "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01 Transitional//EN\"><html><body>HA OCURRIDO UN ERROR EN EL \
    UPLOAD DEL ARCHIVO DE DOCUMENTOS TRIBUTARIOS ELECTRONICOS.</body></html>";

#[test]
fn retry_after_is_read_and_capped() {
    let headers = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    for (name, value, seconds) in [
        ("x-retry-after", "10", Some(10)),
        ("Retry-After", " 120 ", Some(120)),
        ("Retry-After", "99999999", Some(86_400)),
        ("Retry-After", "mañana", None),
        ("Otro", "10", None),
    ] {
        let headers = headers(name, value);
        let reply = Reply { status: 429, headers: &headers, body: b"" };
        assert_eq!(reply.retry_after().map(|d| d.as_secs()), seconds, "{name}: {value}");
    }
}

#[test]
fn what_is_not_understood_is_quoted_in_one_line() {
    let said = |status, text: &str| with(status, text, |r| r.unclear());
    assert_eq!(said(503, " \n"), "el SII respondió HTTP 503 sin contenido");
    assert_eq!(said(200, "no\n  sé"), "el SII respondió HTTP 200 con algo que no se entiende: no sé");
    assert_eq!(said(200, "\u{1f}\u{8b}\u{8}\0ab"), "el SII respondió HTTP 200 con algo que no es texto");
    assert!(said(200, &"x".repeat(500)).ends_with(&format!(": {}", "x".repeat(160))));
}

#[test]
fn an_endless_answer_is_no_answer() {
    let huge = format!("{{\"trackid\":1,\"x\":\"{}\"}}", "a".repeat(CAP));
    assert!(matches!(with(200, &huge, boleta_upload), Upload::Unclear(_)));
}

#[test]
fn a_track_is_digits_as_they_came() {
    assert_eq!(track(" 0251552460 "), Some("0251552460".to_owned()));
    for bad in ["", "0", "000", "12a", "-1", "1.0", &"1".repeat(41)] {
        assert_eq!(track(bad), None, "{bad}");
    }
    assert!(same_track("0251552460", "251552460") && !same_track("1", "2"));
}

proptest! {
    /// Total functions: any bytes, any status, and nothing is ever taken or accepted by chance.
    #[test]
    fn any_bytes_are_an_answer_of_some_kind(body in proptest::collection::vec(any::<u8>(), 0..200), status in 100u16..600) {
        let reply = Reply { status, headers: &[], body: &body };
        for login in [dte_seed(reply), dte_token(reply), boleta_seed(reply), boleta_token(reply)] {
            prop_assert!(!matches!(login, Login::Got(_)));
        }
        for upload in [dte_upload(reply), boleta_upload(reply)] {
            let taken = matches!(upload, Upload::Received { .. } | Upload::Already | Upload::Rejected { .. });
            prop_assert!(!taken);
        }
        for progress in [dte_parcel(reply, "1"), boleta_parcel(reply, "1")] {
            let open = matches!(progress, Progress::Unclear { .. } | Progress::NoPass(_));
            prop_assert!(open);
        }
        for held in [dte_document(reply), boleta_document(reply)] {
            prop_assert!(matches!(held, Held::Later(_) | Held::NoPass(_)));
        }
        prop_assert!(matches!(dte_exact(reply), Exact::Later(_)));
    }
}
