use super::*;
use timbre_core::NumberFate;

fn told(held: Held) -> String {
    match held {
        Held::Same { code } => format!("same {code}"),
        Held::Differs(why) => format!("differs {}", why.code),
        Held::Absent(why) => format!("absent {}", why.code),
        Held::Void(why, NumberFate::Annulled) => format!("annulled {}", why.code),
        Held::Void(why, _) => format!("void {}", why.code),
        Held::NoPass(why) => format!("no pass {}", why.code),
        Held::Refused(why) => format!("refused {}", why.code),
        Held::Later(_) => "later".to_owned(),
    }
}

const STATES: &[(&str, &str)] = &[
    ("DOK", "same DOK"),
    ("TMD", "same TMD"),
    ("TMC", "same TMC"),
    ("MMD", "same MMD"),
    ("MMC", "same MMC"),
    ("AND", "same AND"),
    ("ANC", "same ANC"),
    ("DNK", "differs DNK"),
    ("FAU", "absent FAU"),
    ("FNA", "void FNA"),
    ("FAN", "annulled FAN"),
    ("EMP", "refused EMP"),
    ("001", "no pass ESTADO 001"),
    ("002", "no pass ESTADO 002"),
    ("003", "no pass ESTADO 003"),
    ("-1", "later"),
    ("-2", "later"),
    ("-3", "later"),
    ("-4", "later"),
    ("XYZ", "later"),
    ("", "later"),
];

#[test]
fn each_state_of_a_document_has_its_meaning() {
    for (state, outcome) in STATES {
        let inner = format!(
            "<SII:RESPUESTA xmlns:SII=\"http://www.sii.cl/XMLSchema\"><SII:RESP_HDR>\n <ESTADO>{state}</ESTADO><GLOSA_ESTADO>DTE No \
             Recibido</GLOSA_ESTADO><ERR_CODE>3</ERR_CODE><GLOSA_ERR>x</GLOSA_ERR><NUM_ATENCION>532 ( 2004/06/14 16:44:20)\
             </NUM_ATENCION>\n</SII:RESP_HDR></SII:RESPUESTA>"
        );
        assert_eq!(told(with(200, &soap("getEstDte", &inner), dte_document)), *outcome, "{state}");
        let json = format!("{{\"codigo\":\"{state}\",\"descripcion\":\"Documento\"}}");
        assert_eq!(told(with(200, &json, boleta_document)), *outcome, "{state}");
    }
}

#[test]
fn trouble_says_nothing_about_a_document() {
    let whole = |state: &str| {
        soap("getEstDte", &format!("<RESPUESTA><RESP_HDR><ESTADO>{state}</ESTADO></RESP_HDR></RESPUESTA>"))
    };
    assert_eq!(told(with(200, &whole("FAU"), dte_document)), "absent FAU");
    for (status, state) in [(500, "FAU"), (503, "DOK"), (404, "DNK"), (401, "FAN"), (500, "001")] {
        assert_eq!(told(with(status, &whole(state), dte_document)), "later", "{status} {state}");
    }
    let cut = &soap("getEstDte", "<R><RESP_HDR><ESTADO>FAU</ESTADO></RESP_HDR></R>");
    for (status, text) in [
        (200, AXIS_FAULT),
        (500, AXIS_FAULT),
        (200, ERROR_PAGE),
        (503, ""),
        (200, ""),
        (200, &cut[..cut.len() - 1]),
    ] {
        assert_eq!(told(with(status, text, dte_document)), "later", "{text}");
    }
    for (status, text, outcome) in [
        (200, "falta rut_receptor", "later"),
        (200, "falta monto", "later"),
        (200, "{\"codigo\":\"DOK\"", "later"),
        // The upload's field, not the document's.
        (200, "{\"estado\":\"DOK\"}", "later"),
        (500, "{\"codigo\":\"FAU\"}", "later"),
        (404, "No existe recurso", "absent HTTP 404"),
        (404, "", "later"),
        (404, ERROR_PAGE, "later"),
        (401, "NO ESTA AUTENTICADO", "no pass HTTP 401"),
        (401, "", "no pass HTTP 401"),
        (200, "NO ESTA AUTENTICADO", "no pass HTTP 401"),
        (200, ERROR_501, "later"),
        // A state counts only where the manual puts it, under 200.
        (206, "{\"codigo\":\"DOK\"}", "later"),
        // A page, or a long text, is of whatever stands between, whatever it says.
        (404, "<html>no existe</html>", "later"),
        (404, &format!("no existe{}", "_".repeat(191)), "later"),
    ] {
        assert_eq!(told(with(status, text, boleta_document)), outcome, "{status} {text}");
    }
}

#[test]
fn the_signed_document_itself_is_compared() {
    let answer = |header: &str, body: &str| {
        soap(
            "getEstDteAv",
            &format!(
                "<SII:RESPUESTA xmlns:SII=\"u\"><SII:RESP_HDR>{header}</SII:RESP_HDR><SII:RESP_BODY>{body}</SII:RESP_BODY></SII:RESPUESTA>"
            ),
        )
    };
    let hear = |text: &str| with(200, text, dte_exact);
    assert_eq!(
        hear(&answer(
            "<SII:ESTADO>0</SII:ESTADO><SII:GLOSA/>",
            "<RECIBIDO>SI</RECIBIDO><ESTADO>DOK</ESTADO>"
        )),
        Exact::Same
    );
    assert!(matches!(
        hear(&answer("<SII:ESTADO>0</SII:ESTADO>", "<RECIBIDO>NO</RECIBIDO>")),
        Exact::Other(_)
    ));
    assert!(matches!(hear(&answer("<ESTADO>001</ESTADO>", "")), Exact::NoPass(_)));
    assert!(matches!(hear(&answer("<ESTADO>-1</ESTADO><ERR_CODE>1</ERR_CODE>", "")), Exact::NoPass(_)));
    for code in ["5", "9"] {
        let unable = hear(&answer(&format!("<ESTADO>-1</ESTADO><ERR_CODE>{code}</ERR_CODE>"), ""));
        assert!(matches!(&unable, Exact::Unable(why) if why.code == format!("FIRMA {code}")), "{unable:?}");
    }
    // Its own trouble, a fault, a page: no answer.
    let same = answer("<SII:ESTADO>0</SII:ESTADO>", "<RECIBIDO>SI</RECIBIDO>");
    for (status, text) in [
        (200, answer("<ESTADO>-1</ESTADO><ERR_CODE>3</ERR_CODE>", "").as_str()),
        (200, &answer("<ESTADO>0</ESTADO>", "")),
        (200, AXIS_FAULT),
        (200, ERROR_PAGE),
        (503, ERROR_PAGE),
        (503, &same),
        (200, &same[..same.len() - 1]),
    ] {
        assert!(matches!(with(status, text, dte_exact), Exact::Later(_)), "{status} {text}");
    }
}
