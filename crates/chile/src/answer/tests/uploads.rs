use super::*;
use timbre_core::Scope;

const OK: &str = "<?xml version=\"1.0\"?>\n<RECEPCIONDTE>\n <RUTSENDER>22222222-2</RUTSENDER>\n <RUTCOMPANY>78416626-0</RUTCOMPANY>\n \
    <FILE>rcof.xml</FILE>\n <TIMESTAMP>2026-06-12 14:56:57</TIMESTAMP>\n <STATUS>0</STATUS>\n\n\n <TRACKID>0251552460</TRACKID>\n\n\
    </RECEPCIONDTE>\n";

fn status(code: &str, rest: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><RECEPCIONDTE><RUTSENDER>1- 9</RUTSENDER><TIMESTAMP >2026</TIMESTAMP><STATUS>{code}</STATUS >{rest}</RECEPCIONDTE>"
    )
}

fn told(upload: Upload) -> String {
    match upload {
        Upload::Received { track } => format!("received {track}"),
        Upload::Already => "already".to_owned(),
        Upload::NoPass(_) => "no pass".to_owned(),
        Upload::Refused { scope: Scope::Channel, why, .. } => format!("channel {}", why.code),
        Upload::Refused { scope: Scope::ChannelForNow, why, .. } => format!("for now {}", why.code),
        Upload::Refused { scope, why, .. } => format!("{scope:?} {}", why.code),
        Upload::Rejected { how, reasons } => {
            reasons.iter().fold(format!("rejected {}", how.code), |text, r| text + " " + &r.code)
        }
        Upload::Unclear(_) => "unclear".to_owned(),
    }
}

#[track_caller]
fn dte(text: &str) -> String {
    told(with(200, text, dte_upload))
}

#[test]
fn a_form_taken_has_a_track() {
    assert_eq!(dte(OK), "received 0251552460");
    // The manual's own examples write tags with blanks.
    assert_eq!(
        dte(&OK.replace("<RECEPCIONDTE>", "< RECEPCIONDTE>").replace("</STATUS>", "</STATUS >")),
        "received 0251552460"
    );
    for length in 0..OK.trim_end().len() {
        assert_eq!(dte(&OK[..length]), "unclear", "cut at {length}");
    }
}

#[test]
fn each_status_has_its_action() {
    for (code, rest, outcome) in [
        ("1", "", "channel STATUS 1"),
        ("2", "", "Parcel STATUS 2"),
        ("3", "", "Parcel STATUS 3"),
        ("5", "", "no pass"),
        ("6", "", "channel STATUS 6"),
        (
            "7",
            "<DETAIL><ERROR>SCH-00001: Invalid Schema Name</ERROR></DETAIL>",
            "rejected STATUS 7 SCH-00001",
        ),
        (
            "7",
            "<DETAIL><ERROR>LSX-00265: attribute \"version\" value \"1.1\"</ERROR><ERROR>[155]LSX-00290 x</ERROR></DETAIL>",
            "rejected STATUS 7 LSX-00265 LSX-00290",
        ),
        ("8", " texto suelto ", "rejected STATUS 8"),
        ("9", "", "for now STATUS 9"),
        ("-1", "", "Parcel STATUS -1"),
        (
            "99",
            "<DETAIL><ERROR>Archivo ya fue enviado 2 veces con Trackid 251550580. Debe esperar 900 segundos antes de reintentar</ERROR></DETAIL>",
            "received 251550580",
        ),
        (
            "99",
            "Archivo ya fue enviado 2 veces con Trackid 251550580. Debe esperar 900 segundos antes de reintentar",
            "received 251550580",
        ),
        ("99", "<DETAIL><ERROR>ya fue previamente recibido</ERROR></DETAIL>", "already"),
        // In no manual: doubt.
        ("4", "", "unclear"),
        ("10", "", "unclear"),
        ("-2", "", "unclear"),
        ("Otro", "", "unclear"),
        // Zero wants a track; a missing or doubled STATUS is not zero.
        ("0", "", "unclear"),
        ("0", "<TRACKID>0</TRACKID>", "unclear"),
        ("0", "<TRACKID>1</TRACKID><TRACKID>2</TRACKID>", "unclear"),
        ("", "<TRACKID>1</TRACKID>", "unclear"),
        ("0", "<STATUS>7</STATUS><TRACKID>1</TRACKID>", "unclear"),
    ] {
        assert_eq!(dte(&status(code, rest)), outcome, "{code} {rest}");
    }
    assert_eq!(dte("<RECEPCIONDTE><TRACKID>1</TRACKID></RECEPCIONDTE>"), "unclear");
}

#[test]
fn the_siis_own_words_are_kept() {
    let words = |text: &str| match with(200, text, dte_upload) {
        Upload::Refused { why, .. } => why.words,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        words(&status("6", " suelto <DETAIL> </DETAIL><GLOSA>una glosa</GLOSA>")),
        "suelto. una glosa"
    );
    // An empty error is no reason.
    assert_eq!(dte(&status("7", "<DETAIL><ERROR> </ERROR></DETAIL>")), "rejected STATUS 7");
}

#[test]
fn a_parsers_code_is_found_by_its_form() {
    for (text, code) in [
        ("[155]LSX-00290 x", "LSX-00290"),
        ("attribute SCH-00001: Invalid", "SCH-00001"),
        ("Lsx-00290", ""),
        ("LSX-0029A", ""),
        ("LSXX00290", ""),
        ("LSX-002901", ""),
        ("LSX-0029", ""),
        ("123-45678", ""),
        ("", ""),
    ] {
        assert_eq!(statistics::parser_remark(text).code, code, "{text}");
    }
}

#[test]
fn pages_instead_of_an_answer() {
    assert_eq!(dte(ERROR_501), "no pass");
    assert_eq!(dte("<HTML> <HEAD> <TITLE>Error 501</TITLE>"), "no pass");
    assert_eq!(dte(ERROR_PAGE), "unclear");
    assert_eq!(dte("<html><body>NO ESTA AUTORIZADA</body></html>"), "channel STATUS 6");
    for text in ["", "Error 500", "<html></html>", "OK"] {
        assert_eq!(dte(text), "unclear", "{text}");
    }
    assert_eq!(told(with(503, "", dte_upload)), "unclear");
    assert_eq!(told(with(401, "", dte_upload)), "no pass");
    assert_eq!(told(with(429, "", dte_upload)), "for now HTTP 429");
}

/// A form that was taken was answered by an HTTP 500 with STATUS 7 in it, and its documents were taken for rejected.
#[test]
fn a_form_answered_with_an_http_error_is_in_doubt_whatever_its_text_says() {
    for http in [201, 302, 400, 403, 404, 500, 502, 503, 504] {
        let said = |text: &str| told(with(http, text, dte_upload));
        assert_eq!(said(OK), "unclear", "{http}");
        for code in ["1", "2", "3", "5", "6", "7", "8", "9", "99", "-1"] {
            assert_eq!(said(&status(code, "con Trackid 251550580")), "unclear", "{http} STATUS {code}");
        }
        for page in [ERROR_501, ERROR_PAGE, "<html><body>NO ESTA AUTORIZADA</body></html>"] {
            assert_eq!(said(page), "unclear", "{http} {page}");
        }
    }
    assert_eq!(told(with(500, "NO ESTA AUTENTICADO", boleta_upload)), "unclear");
}

#[test]
fn boletas_are_answered_in_json() {
    // OAS boleta electrónica, examples; and answers seen.
    let ok = r#"{"rut_emisor":"45000054-K","rut_envia":"83154595-0","trackid":1014,"fecha_recepcion":"2020-09-01 20:30:10","estado":"REC","file":"boleta-2020-09-01-001.xml"}"#;
    for (http, text, outcome) in [
        (200, ok, "received 1014"),
        (201, &ok.replace("1014", "\"25873531\""), "received 25873531"),
        (200, &ok.replace("1014", "\"00123\""), "received 00123"),
        (200, &ok[..ok.len() - 1], "unclear"),
        (200, &ok.replace("1014", "null"), "unclear"),
        (200, &ok.replace("1014", "0"), "unclear"),
        (
            200,
            r#"{"estado":"RSC","detalle_rep_rech":[{"estado":"RCH","descripcion":"DTE Rechazado","error":[{"seccion":"ENV","descripcion":"Error en Schema","detalle":"CHR-00002: Line too long (4090)"}]}]}"#,
            "rejected RSC CHR-00002",
        ),
        (401, "NO ESTA AUTENTICADO", "no pass"),
        (401, "", "no pass"),
        (200, "NO ESTA AUTENTICADO", "no pass"),
        (400, "No trae TOKEN", "channel HTTP 400"),
        (400, "otra cosa", "unclear"),
        (404, "No existe recurso", "channel HTTP 404"),
        (404, ERROR_PAGE, "unclear"),
        (429, "", "for now HTTP 429"),
        (500, "<soap:Fault>Acceso Denegado (from client)</soap:Fault>", "channel HTTP 500"),
        (500, "Error 500", "unclear"),
        (502, ERROR_PAGE, "unclear"),
        (200, ERROR_PAGE, "unclear"),
        (200, "", "unclear"),
        (200, "[]", "unclear"),
        (200, "1014", "unclear"),
        (500, ok, "unclear"),
    ] {
        assert_eq!(told(with(http, text, boleta_upload)), outcome, "{http} {text}");
    }
}
