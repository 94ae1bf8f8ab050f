//! A first contact: questions that use up no folio and leave nothing behind, and what their answers
//! tell of the company's and the certificate holder's rights (sii-services, annex B).

use timbre_core::{Date, Finding, Heard, Inquiry, KeyError, Pass, Remark, Request, Series, Severity};

use super::Wire;
use super::subject::Subject;
use super::talk::{Here, reply};
use crate::answer::{Held, Progress};
use crate::words::remark;

/// An upload that nobody made: the answer says what this person may ask about this company.
const NO_UPLOAD: &str = "1";
/// The highest folio there can be (`Folio`, ten digits): no CAF reaches it, and no document bears it.
const NO_FOLIO: u64 = 9_999_999_999;

const UPLOAD: &str = "upload-status";
const DOCUMENT: &str = "document-status";

pub(super) fn inquiries<W: Wire>(here: &Here<'_>, pass: &Pass) -> Result<Vec<Inquiry>, KeyError> {
    let nobodys = nobodys::<W>(here);
    Ok(vec![
        Inquiry {
            code: UPLOAD,
            title: "Permiso para consultar envíos",
            request: W::ask_parcel(here, pass, NO_UPLOAD),
        },
        Inquiry {
            code: DOCUMENT,
            title: "Permiso para consultar documentos",
            request: W::ask_document(here, pass, here.sender()?, &nobodys),
        },
    ])
}

/// A document that nobody made.
fn nobodys<W: Wire>(here: &Here<'_>) -> Subject {
    Subject {
        kind: W::SOME_TYPE.to_owned(),
        folio: NO_FOLIO,
        receiver: here.company,
        date: Date::constant(2020, 1, 2),
        total: 1,
        signature: String::new(),
    }
}

pub(super) fn inquired<W: Wire>(code: &str, heard: &Heard) -> Finding {
    let (severity, message) = match heard {
        Heard::Reply { status, headers, body } => {
            let reply = reply(*status, headers, body);
            match code {
                UPLOAD => upload(W::hear_parcel(reply, NO_UPLOAD)),
                _ => document(W::hear_document(reply)),
            }
        }
        Heard::Nothing { why, .. } => (Severity::Refuses, format!("No hubo respuesta: {why}.")),
        Heard::Elapsed => (Severity::Note, String::new()),
    };
    Finding { severity, code: code.to_owned(), place: String::new(), message, authority_codes: Vec::new() }
}

/// A question about one folio. Who, when and how much are nobody's: the SII knows the folio or not
/// whatever they are, and of one it knows it says that they differ (DNK).
pub(super) fn ask_number<W: Wire>(
    here: &Here<'_>,
    pass: &Pass,
    series: &Series,
    folio: u64,
) -> Result<Request, KeyError> {
    let subject = Subject { kind: series.0.clone(), folio, ..nobodys::<W>(here) };
    Ok(W::ask_document(here, pass, here.sender()?, &subject))
}

/// Is that folio used, or good for nothing?
pub(super) fn number_taken<W: Wire>(heard: &Heard) -> Result<Option<Remark>, String> {
    let held = match heard {
        Heard::Reply { status, headers, body } => W::hear_document(reply(*status, headers, body)),
        Heard::Nothing { why, .. } => return Err(why.clone()),
        Heard::Elapsed => return Err("nadie respondió".to_owned()),
    };
    match held {
        Held::Same { code } => Ok(Some(remark(code, ""))),
        Held::Differs(why) | Held::Void(why, _) => Ok(Some(why)),
        Held::Absent(_) => Ok(None),
        Held::NoPass(why) | Held::Refused(why) => Err(why.meaning),
        Held::Later(why) => Err(why),
    }
}

fn refused(why: &Remark) -> (Severity, String) {
    (Severity::Refuses, format!("{} ({})", why.meaning, why.code))
}

fn upload(progress: Progress) -> (Severity, String) {
    match progress {
        Progress::NoPass(why) | Progress::Refused(why) => refused(&why),
        // Another company's upload, or nobody's: the question itself was taken. REST says so by a 404.
        Progress::Working { code, .. } if code == "HTTP 404" => {
            (Severity::Note, "El SII responde que ese envío no existe.".to_owned())
        }
        Progress::Working { code, .. } => (Severity::Note, format!("El SII responde ({code}).")),
        Progress::Repeated | Progress::Rejected { .. } | Progress::Processed(_) => {
            (Severity::Note, "El SII responde.".to_owned())
        }
        Progress::Unclear { why, .. } => (Severity::Objects, capital(&why)),
    }
}

fn document(held: Held) -> (Severity, String) {
    match held {
        Held::NoPass(why) | Held::Refused(why) => refused(&why),
        Held::Same { code } => {
            (Severity::Objects, format!("El SII dice tener un documento que no existe ({code})."))
        }
        Held::Differs(why) | Held::Absent(why) | Held::Void(why, _) => {
            (Severity::Note, format!("El SII responde sobre los documentos de la empresa ({}).", why.code))
        }
        Held::Later(why) => (Severity::Objects, capital(&why)),
    }
}

/// A sentence of its own.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::{boleta::Boleta, dte::Dte};

    fn soap(inner: &str) -> Heard {
        let inner = format!(
            "<SII:RESPUESTA xmlns:SII=\"http://www.sii.cl/XMLSchema\"><SII:RESP_HDR>{inner}</SII:RESP_HDR></SII:RESPUESTA>"
        );
        let escaped = inner.replace('<', "&lt;").replace('>', "&gt;");
        rest(
            200,
            &format!(
                "<e:Envelope xmlns:e=\"e\"><e:Body><getEstUpResponse><getEstUpReturn>{escaped}</getEstUpReturn>\
                 </getEstUpResponse></e:Body></e:Envelope>"
            ),
        )
    }

    fn rest(status: u16, body: &str) -> Heard {
        Heard::Reply { status, headers: Vec::new(), body: body.to_owned().into() }
    }

    #[test]
    fn a_folio_that_the_sii_knows_is_taken_and_one_it_does_not_know_is_free() {
        let code = |heard: &Heard| number_taken::<Dte>(heard).map(|why| why.map(|why| why.code));
        for state in ["DNK", "DOK", "FAN", "FNA", "AND"] {
            let heard = soap(&format!("<ESTADO>{state}</ESTADO>"));
            assert_eq!(code(&heard), Ok(Some(state.to_owned())), "{state}");
        }
        assert_eq!(code(&soap("<ESTADO>FAU</ESTADO>")), Ok(None));
        assert_eq!(number_taken::<Boleta>(&rest(404, "No existe recurso")), Ok(None));
        for unsaid in [soap("<ESTADO>-1</ESTADO>"), soap("<ESTADO>001</ESTADO>"), rest(200, "<html>")] {
            assert!(code(&unsaid).is_err(), "{unsaid:?}");
        }
    }

    #[test]
    fn a_question_that_was_taken_is_a_right_and_a_refusal_says_what_to_mend() {
        let not_ours = soap("<ESTADO>-11</ESTADO><ERR_CODE>1</ERR_CODE>");
        assert_eq!(inquired::<Dte>(UPLOAD, &not_ours).severity, Severity::Note);
        let no_permission = inquired::<Dte>(UPLOAD, &soap("<ESTADO>106</ESTADO>"));
        assert_eq!(no_permission.severity, Severity::Refuses);
        assert!(no_permission.message.contains("Mantención de usuarios"), "{}", no_permission.message);
        assert_eq!(inquired::<Dte>(DOCUMENT, &soap("<ESTADO>FAU</ESTADO>")).severity, Severity::Note);
        assert_eq!(inquired::<Dte>(DOCUMENT, &soap("<ESTADO>EMP</ESTADO>")).severity, Severity::Refuses);
        assert_eq!(inquired::<Boleta>(UPLOAD, &rest(404, "No existe recurso")).severity, Severity::Note);
        assert_eq!(inquired::<Boleta>(UPLOAD, &rest(401, "NO ESTA AUTENTICADO")).severity, Severity::Refuses);
        let silence = Heard::Nothing { sent: timbre_core::Sent::No, why: "no conecta".to_owned() };
        assert_eq!(inquired::<Boleta>(DOCUMENT, &silence).severity, Severity::Refuses);
        assert_eq!(inquired::<Boleta>(DOCUMENT, &rest(200, "<html>")).severity, Severity::Objects);
    }
}
