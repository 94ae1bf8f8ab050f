use super::*;
use timbre_core::{Remark, Verdict};

const ACCEPTED: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><SII:RESPUESTA xmlns:SII=\"http://www.sii.cl/XMLSchema\">\n    \
    <SII:RESP_BODY>\n        <TIPO_DOCTO>33</TIPO_DOCTO>\n        <INFORMADOS>1</INFORMADOS>\n        <ACEPTADOS>1</ACEPTADOS>\n        \
    <RECHAZADOS>0</RECHAZADOS>\n        <REPAROS>0</REPAROS>\n    </SII:RESP_BODY>\n    <SII:RESP_HDR>\n        \
    <TRACKID>0260003916</TRACKID>\n        <ESTADO>EPR</ESTADO>\n        <GLOSA>Envio Procesado</GLOSA>\n        \
    <NUM_ATENCION>34909   ( 2026/09/23 16:29:53)</NUM_ATENCION>\n    </SII:RESP_HDR>\n</SII:RESPUESTA>";
const TRACK: &str = "0260003916";

pub(super) fn counts(lines: &[(u16, u32, u32, u32, u32)]) -> Vec<Count> {
    let count = |&(kind, informed, accepted, rejected, objected): &_| Count {
        kind,
        informed,
        accepted,
        rejected,
        objected,
    };
    lines.iter().map(count).collect()
}

fn dte(inner: &str) -> Progress {
    with(200, &soap("getEstUp", inner), |r| dte_parcel(r, TRACK))
}

pub(super) fn boleta(text: &str) -> Progress {
    with(200, text, |r| boleta_parcel(r, "25873531"))
}

pub(super) fn remark(code: &str) -> Remark {
    crate::words::remark(code, "")
}

fn header(state: &str, more: &str) -> String {
    format!(
        "<SII:RESPUESTA xmlns:SII=\"u\"><SII:RESP_HDR>\r\n<ESTADO>{state}</ESTADO>\r\n<GLOSA>g</GLOSA>{more}</SII:RESP_HDR></SII:RESPUESTA>"
    )
}

pub(super) fn processed(progress: Progress) -> Processed {
    match progress {
        Progress::Processed(processed) => processed,
        other => panic!("{other:?}"),
    }
}

pub(super) fn told(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Accepted { remarks: None, .. } => "accepted untold".to_owned(),
        Verdict::Accepted { remarks, .. } => {
            remarks.iter().flatten().fold("accepted".to_owned(), |text, r| text + " " + &r.code)
        }
        Verdict::Rejected { reasons, number } => {
            reasons.iter().fold(format!("rejected {number:?}"), |text, r| text + " " + &r.code)
        }
        Verdict::Fallen { reasons, number, blame } => {
            reasons.iter().fold(format!("fallen {number:?} {blame:?}"), |text, r| text + " " + &r.code)
        }
        Verdict::AlreadyThere => "there".to_owned(),
        Verdict::Unknown { .. } => "unknown".to_owned(),
        Verdict::Conflict { why, alike } => {
            format!("{} {}", if *alike { "twin" } else { "conflict" }, why.code)
        }
        other => format!("{other:?}"),
    }
}

#[track_caller]
pub(super) fn settled(sent: &[(u16, u64)], processed: &Processed, patient: bool) -> Vec<String> {
    match settle(sent, processed, patient) {
        Settled::Keep => vec!["keep".to_owned()],
        Settled::Decided(verdicts) => {
            verdicts.iter().map(|v| v.as_ref().map_or("ask".to_owned(), told)).collect()
        }
    }
}

#[test]
fn a_processed_upload_tells_its_counts() {
    let one = processed(dte(ACCEPTED));
    assert_eq!(one.counts, counts(&[(33, 1, 1, 0, 0)]));
    assert_eq!(settled(&[(33, 5)], &one, true), ["accepted"]);
    // LIVE: several types repeat flat, without a wrapper.
    let flat = "<TIPO_DOCTO>33</TIPO_DOCTO><INFORMADOS>22</INFORMADOS><ACEPTADOS>22</ACEPTADOS><RECHAZADOS>0</RECHAZADOS><REPAROS>0\
        </REPAROS><TIPO_DOCTO>61</TIPO_DOCTO><INFORMADOS>6</INFORMADOS><ACEPTADOS>3</ACEPTADOS><RECHAZADOS>0</RECHAZADOS><REPAROS>3</REPAROS>";
    let both = format!(
        "<RESPUESTA><RESP_HDR><ESTADO>EPR</ESTADO></RESP_HDR><RESP_BODY>{flat}</RESP_BODY></RESPUESTA>"
    );
    assert_eq!(processed(dte(&both)).counts, counts(&[(33, 22, 22, 0, 0), (61, 6, 3, 0, 3)]));
    // HDR 0 with the state in the body.
    let body = "<RESPUESTA><RESP_HDR><ESTADO>0</ESTADO></RESP_HDR><RESP_BODY><ESTADO>EPR</ESTADO></RESP_BODY></RESPUESTA>";
    assert_eq!(processed(dte(body)).counts, []);
}

#[test]
fn counts_that_are_not_whole_are_missing() {
    for (from, to) in [
        ("<REPAROS>0</REPAROS>", ""),
        ("<REPAROS>0</REPAROS>", "<REPAROS></REPAROS>"),
        ("<REPAROS>0</REPAROS>", "<REPAROS>-1</REPAROS>"),
        ("<REPAROS>0</REPAROS>", "<REPAROS>0</REPAROS><REPAROS>0</REPAROS>"),
        ("<TIPO_DOCTO>33</TIPO_DOCTO>", ""),
        ("<ACEPTADOS>1</ACEPTADOS>", "<ACEPTADOS>0</ACEPTADOS>"),
        ("<INFORMADOS>1</INFORMADOS>", "<INFORMADOS>2</INFORMADOS>"),
        ("<TIPO_DOCTO>33</TIPO_DOCTO>", "<TIPO_DOCTO>61</TIPO_DOCTO>"),
    ] {
        assert_eq!(settled(&[(33, 5)], &processed(dte(&ACCEPTED.replace(from, to))), true), ["keep"], "{to}");
    }
}

#[test]
fn each_state_of_an_upload_has_its_meaning() {
    for state in ["REC", "SOK", "CRT", "FOK", "PDR", "PRD", "VOF", "XYZ", "004", "107", "-1", "-11", "-14"] {
        assert!(matches!(dte(&header(state, "")), Progress::Working { .. }), "{state}");
    }
    for state in ["001", "002", "003"] {
        assert!(matches!(dte(&header(state, "")), Progress::NoPass(_)), "{state}");
    }
    for state in ["106", "-3", "-6", "-13"] {
        assert!(matches!(dte(&header(state, "")), Progress::Refused(_)), "{state}");
    }
    for state in ["RSC", "RFR", "RCT", "RCO", "RCH"] {
        assert!(matches!(dte(&header(state, "")), Progress::Rejected { .. }), "{state}");
    }
    // An envelope is rejected whole only where nothing tells its documents apart.
    for state in ["RCH", "RCO"] {
        let counted = header(state, "").replace(
            "</SII:RESPUESTA>",
            "<RESP_BODY><TIPO_DOCTO>33</TIPO_DOCTO><INFORMADOS>1</INFORMADOS><ACEPTADOS>0</ACEPTADOS><RECHAZADOS>1</RECHAZADOS>\
             <REPAROS>0</REPAROS></RESP_BODY></SII:RESPUESTA>",
        );
        assert_eq!(processed(dte(&counted)).counts, counts(&[(33, 1, 0, 1, 0)]), "{state}");
        let detail = |of: &str| {
            format!(r#"{{"estado":"{state}","detalle_rep_rech":[{{{of}"estado":"RCH","error":[]}}]}}"#)
        };
        assert!(matches!(boleta(&detail("")), Progress::Rejected { .. }), "{state}");
        assert!(matches!(boleta(&detail("\"folio\":1,")), Progress::Processed(_)), "{state}");
    }
    assert_eq!(dte(&header("RPT", "")), Progress::Repeated);
    let soon = dte(&header("-11", "<ERR_CODE>2</ERR_CODE>"));
    assert_eq!(soon, Progress::Working { code: super::super::NOT_YET.to_owned(), after: None });
    // The error is that of -11 alone.
    let other = dte(&header("-1", "<ERR_CODE>2</ERR_CODE>"));
    assert_eq!(other, Progress::Working { code: "ESTADO -1".to_owned(), after: None });
    let unknown = dte(&header("-11", "<ERR_CODE>1</ERR_CODE>"));
    assert!(matches!(unknown, Progress::Working { code, after: None } if code == "ESTADO -11 ERR 1"));
    let other = header("EPR", "<TRACKID>999</TRACKID>");
    assert!(matches!(dte(&other), Progress::Unclear { .. }));
    for text in ["", "Error 500", ERROR_PAGE, AXIS_FAULT] {
        assert!(matches!(with(200, text, |r| dte_parcel(r, TRACK)), Progress::Unclear { .. }), "{text}");
    }
    for (status, state) in [(500, "RSC"), (503, "RPT"), (404, "106"), (500, "001"), (502, "EPR")] {
        let said = with(status, &soap("getEstUp", &header(state, "")), |r| dte_parcel(r, TRACK));
        assert!(matches!(said, Progress::Unclear { .. }), "{status} {state}");
    }
}

#[test]
fn bytes_in_another_encoding_than_their_header_says_are_read() {
    let text = soap("getEstUp", &ACCEPTED.replace("Envio Procesado", "Envío Procesado"));
    let bytes = crate::latin1::encode(&text).unwrap();
    let reply = Reply { status: 200, headers: &[], body: &bytes };
    assert!(matches!(dte_parcel(reply, TRACK), Progress::Processed(_)));
}

/// OAS boleta electrónica: the full example, with one type more than it lists details for.
const EXAMPLE: &str = r#"{"rut_emisor":"45000054-K","rut_envia":"8315495-0","trackid":"25873531","fecha_recepcion":"30/07/2020 07:57:42","estado":"EPR",
 "estadistica":[{"tipo":39,"informados":3,"aceptados":2,"rechazados":1,"reparos":0},{"tipo":41,"informados":1,"aceptados":0,"rechazados":0,"reparos":1}],
 "detalle_rep_rech":[
  {"tipo":39,"folio":1202,"estado":"RCH","descripcion":"Dte Rechazado","error":[
    {"seccion":"CRT","linea":155,"nivel":3,"codigo":11,"descripcion":"RUT envia diferente al Upload","detalle":"[155]LSX-00291 value 0.52 is not declared"},
    {"seccion":"HED","linea":222,"nivel":3,"codigo":100,"descripcion":"Valor Detalle Distinto a Precio * Cantidad","detalle":"[83154495-0] <> [9145888-K]"}]},
  {"folio":3500,"estado":"RPR","descripcion":"Dte Aceptado con reparos","error":[{"seccion":"DET","linea":2,"nivel":1,"codigo":200,"descripcion":"…","detalle":"[2500 <> 3500]"}]}]}"#;

#[test]
fn boletas_are_settled_one_by_one() {
    let sent = [(39, 1200), (39, 1202), (41, 3500), (39, 1201)];
    assert_eq!(
        settled(&sent, &processed(boleta(EXAMPLE)), true),
        ["accepted", "rejected AskByProbe CRT-3-11 HED-3-100", "accepted DET-1-200", "accepted"]
    );
    // LIVE 2025-12-17.
    let real = r#"{"rut_emisor":"76387093-6","rut_envia":"17084686-9","trackid":"25873531","fecha_recepcion":"17/12/2025 23:25:30","estado":"EPR","estadistica":[{"tipo":39,"informados":1,"aceptados":1,"rechazados":0,"reparos":0}],"detalle_rep_rech":[]}"#;
    assert_eq!(settled(&[(39, 1)], &processed(boleta(real)), true), ["accepted"]);
    assert_eq!(
        settled(&[(39, 1)], &processed(boleta(&real.replace("\"25873531\"", "25873531"))), true),
        ["accepted"]
    );
    let null = real.replace("[]", "null");
    assert_eq!(settled(&[(39, 1)], &processed(boleta(&null)), true), ["accepted"]);
}

#[test]
fn a_rejection_tells_what_becomes_of_the_folio() {
    for (section, number, outcome) in [
        ("DTE", 505, "rejected AskByProbe DTE-3-505"),
        ("DTE", 100, "there"),
        ("DTE", 101, "rejected Taken DTE-3-101"),
        ("DTE", 601, "rejected Annulled DTE-3-601"),
        ("CAF", 514, "rejected Ungranted CAF-3-514"),
        ("CAF", 516, "rejected Ungranted CAF-3-516"),
        ("CAF", 517, "rejected Ungranted CAF-3-517"),
        ("HED", 100, "rejected AskByProbe HED-3-100"),
    ] {
        let text = format!(
            r#"{{"estado":"EPR","estadistica":[{{"tipo":39,"informados":1,"aceptados":0,"rechazados":1,"reparos":0}}],"detalle_rep_rech":[{{"tipo":39,"folio":1,"estado":"RCH","error":[{{"seccion":"{section}","codigo":{number},"descripcion":"x"}}]}}]}}"#
        );
        assert_eq!(settled(&[(39, 1)], &processed(boleta(&text)), true), [outcome]);
    }
}

#[test]
fn nothing_is_accepted_on_counts_that_do_not_prove_it() {
    let clean = r#"{"estado":"EPR","estadistica":[{"tipo":39,"informados":2,"aceptados":2,"rechazados":0,"reparos":0}],"detalle_rep_rech":[]}"#;
    let sent = [(39, 1), (39, 2)];
    assert_eq!(settled(&sent, &processed(boleta(clean)), true), ["accepted", "accepted"]);
    for (from, to) in [
        (r#"[{"tipo":39,"informados":2,"aceptados":2,"rechazados":0,"reparos":0}]"#, "null"),
        (r#"[{"tipo":39,"informados":2,"aceptados":2,"rechazados":0,"reparos":0}]"#, "[]"),
        (r#""aceptados":2"#, r#""aceptados":0"#),
        (r#""aceptados":2"#, r#""aceptados":null"#),
        (r#""aceptados":2,"#, ""),
        (r#""informados":2,"aceptados":2"#, r#""informados":1,"aceptados":1"#),
        (r#""informados":2,"aceptados":2"#, r#""informados":3,"aceptados":3"#),
        (r#""tipo":39"#, r#""tipo":41"#),
        // A rejection without its detail, and a detail about somebody else.
        (r#""aceptados":2,"rechazados":0"#, r#""aceptados":1,"rechazados":1"#),
        (
            r#"{"tipo":39,"informados"#,
            r#"{"tipo":41,"informados":0,"aceptados":0,"rechazados":0,"reparos":0},{"tipo":39,"informados"#,
        ),
    ] {
        let text = clean.replace(from, to);
        assert_ne!(text, clean);
        assert_eq!(settled(&sent, &processed(boleta(&text)), true), ["keep"], "{text}");
        let late = settled(&sent, &processed(boleta(&text)), false);
        assert!(
            late.iter().all(|v| v == "ask" || (to.starts_with("{\"tipo\":41") && v == "accepted")),
            "{late:?} {text}"
        );
    }
}

#[test]
fn details_that_do_not_agree_with_their_counts_prove_nothing() {
    let detail = |folio, state: &str| Detail {
        kind: Some(39),
        folio: Some(folio),
        state: state.to_owned(),
        remarks: vec![remark(state)],
    };
    let settled = |line, details: &[Detail]| {
        let processed =
            Processed { counts: counts(&[line]), detailed: true, details: Some(details.to_vec()) };
        settled(&[(39, 1), (39, 2)], &processed, true)
    };
    let (rejected, objected, sound) = (detail(1, "RCH"), detail(2, "RPR"), detail(2, "DOK"));
    assert_eq!(
        settled((39, 2, 0, 1, 1), &[rejected.clone(), objected.clone()]),
        ["rejected AskByProbe RCH", "accepted RPR"]
    );
    // Nor does one that was accepted without remarks have to be left out.
    assert_eq!(
        settled((39, 2, 1, 1, 0), &[rejected.clone(), sound]),
        ["rejected AskByProbe RCH", "accepted"]
    );
    for details in [
        vec![rejected.clone()],
        vec![objected.clone()],
        vec![rejected.clone(), rejected.clone(), objected.clone()],
        vec![detail(1, "XYZ"), objected],
    ] {
        assert_eq!(settled((39, 2, 0, 1, 1), &details), ["keep"], "{details:?}");
    }
}

/// When the wait is over and details still speak against counts without a rejection, each document is asked about;
/// which one was objected to is a lesser matter, for all of them were accepted.
#[test]
fn a_detail_against_the_counts_is_never_passed_over() {
    let detail = |folio, state: &str| Detail {
        kind: Some(39),
        folio,
        state: state.to_owned(),
        remarks: vec![remark(state)],
    };
    let late = |line, details: &[Detail]| {
        let processed =
            Processed { counts: counts(&[line]), detailed: true, details: Some(details.to_vec()) };
        settled(&[(39, 1), (39, 2)], &processed, false)
    };
    for against in [detail(Some(1), "RCH"), detail(Some(2), "XYZ"), detail(None, "RCH")] {
        assert_eq!(late((39, 2, 2, 0, 0), std::slice::from_ref(&against)), ["ask", "ask"], "{against:?}");
    }
    let one_objection = (39, 2, 1, 0, 1);
    for details in [
        vec![],
        vec![detail(Some(1), "RPR"), detail(Some(2), "RLV")],
        vec![detail(Some(1), "DOK")],
        // Of no document that was sent.
        vec![detail(Some(9), "RCH")],
    ] {
        assert_eq!(late(one_objection, &details), ["accepted RPR", "accepted RPR"], "{details:?}");
    }
}

#[test]
fn facturas_without_details_are_asked_about_when_any_was_rejected() {
    let of = |lines| Processed { counts: counts(lines), detailed: false, details: None };
    let sent = [(33, 1), (33, 2), (61, 1)];
    assert_eq!(
        settled(&sent, &of(&[(33, 2, 2, 0, 0), (61, 1, 0, 0, 1)]), true),
        ["accepted", "accepted", "accepted RPR"]
    );
    assert_eq!(settled(&sent, &of(&[(33, 2, 1, 1, 0), (61, 1, 1, 0, 0)]), true), ["ask", "ask", "accepted"]);
    assert_eq!(settled(&sent, &of(&[(33, 2, 0, 2, 0), (61, 1, 0, 1, 0)]), true), ["ask", "ask", "ask"]);
    // Polls were seen that leave a type out.
    assert_eq!(settled(&sent, &of(&[(33, 2, 2, 0, 0)]), true), ["keep"]);
    assert_eq!(settled(&sent, &of(&[(33, 2, 2, 0, 0)]), false), ["accepted", "accepted", "ask"]);
}

#[test]
fn trouble_keeps_the_question_open() {
    for (status, text) in
        [(200, ERROR_PAGE), (500, "Error 500"), (503, ""), (404, ERROR_PAGE), (200, "{}"), (200, "")]
    {
        assert!(
            matches!(with(status, text, |r| boleta_parcel(r, "1")), Progress::Unclear { .. }),
            "{status} {text}"
        );
    }
    for text in ["<html>no existe</html>".to_owned(), format!("no existe{}", "_".repeat(191))] {
        let page = with(404, &text, |r| boleta_parcel(r, "1"));
        assert!(matches!(page, Progress::Unclear { .. }), "{text}");
    }
    assert!(matches!(with(401, "", |r| boleta_parcel(r, "1")), Progress::NoPass(_)));
    let missing = with(404, "No existe recurso", |r| boleta_parcel(r, "1"));
    assert_eq!(missing, Progress::Working { code: "HTTP 404".to_owned(), after: None });
    assert!(matches!(with(401, "NO ESTA AUTENTICADO", |r| boleta_parcel(r, "1")), Progress::NoPass(_)));
    assert!(matches!(with(200, "NO ESTA AUTENTICADO", |r| boleta_parcel(r, "1")), Progress::NoPass(_)));
    assert!(matches!(
        with(200, r#"{"estado":"EPR","trackid":7}"#, |r| boleta_parcel(r, "1")),
        Progress::Unclear { .. }
    ));
    let good = r#"{"estado":"EPR","trackid":1}"#;
    assert!(matches!(with(200, good, |r| boleta_parcel(r, "1")), Progress::Processed(_)));
    assert!(matches!(with(500, good, |r| boleta_parcel(r, "1")), Progress::Unclear { .. }));
    for state in ["REC", "SOK", "CRT", "FOK", "PRD", "VOF", "XYZ"] {
        let text =
            format!(r#"{{"estado":"{state}","trackid":1,"estadistica":null,"detalle_rep_rech":null}}"#);
        assert!(matches!(with(200, &text, |r| boleta_parcel(r, "1")), Progress::Working { .. }), "{state}");
    }
}
