//! The table of failures (what the SII does wrong, or says is wrong), row by row: a signal in, what the
//! conversation does out. Rows of a dead line are the carrier's, those of the document the engine's.

use super::*;
use timbre_core::Sent;

/// What a step comes to.
fn outcome(step: &Step) -> String {
    let told = told(step).join(", ");
    match step {
        Step::Ask(request, _, _) => format!("asks {}", request.what),
        Step::Wait(wait, _, _) if told.is_empty() => format!("waits {}", wait.as_secs()),
        Step::Wait(wait, _, _) => format!("waits {}, {told}", wait.as_secs()),
        Step::Stale(_) => "renews".to_owned(),
        Step::Granted(_) => "granted".to_owned(),
        Step::Done(_) => told,
    }
}

/// Where in a conversation a signal comes.
#[derive(Clone, Copy, Debug)]
enum At {
    Seed,
    Token,
    Upload,
    Poll,
    Probe,
}

const SEED: &str = "<SII:RESPUESTA xmlns:SII=\"u\"><SII:RESP_HDR><ESTADO>00</ESTADO></SII:RESP_HDR><SII:RESP_BODY>\
    <SEMILLA>030530912644</SEMILLA></SII:RESP_BODY></SII:RESPUESTA>";

fn reach(channel: &dyn Channel, desk: &Desk, at: At, documents: &[Arc<Document>], rest: bool) -> Step {
    match at {
        At::Seed => channel.login(&desk.cx()).unwrap(),
        At::Token => {
            let seed = channel.login(&desk.cx()).unwrap();
            let inner = SEED.strip_prefix("<SII:RESPUESTA xmlns:SII=\"u\">").unwrap();
            let answer = if rest {
                reply(200, SEED)
            } else {
                soap_reply(inner.strip_suffix("</SII:RESPUESTA>").unwrap())
            };
            desk.go_on(channel, &seed, answer, &[])
        }
        At::Upload => channel.begin(&desk.parcel(channel, documents.to_vec()), &desk.cx()).unwrap(),
        At::Poll => {
            let upload = reach(channel, desk, At::Upload, documents, rest);
            let taken = match rest {
                true => reply(200, r#"{"trackid":7,"estado":"REC"}"#),
                false => reply(200, "<RECEPCIONDTE><STATUS>0</STATUS><TRACKID>7</TRACKID></RECEPCIONDTE>"),
            };
            let sent = desk.go_on(channel, &upload, taken, documents);
            desk.go_on(channel, &sent, Heard::Elapsed, documents)
        }
        At::Probe => channel.probe(&documents[0], &desk.cx()).unwrap(),
    }
}

fn status(status: &str, more: &str) -> Heard {
    reply(200, &format!("<RECEPCIONDTE><STATUS>{status}</STATUS>{more}</RECEPCIONDTE>"))
}

fn counts(accepted: u8, rejected: u8, objected: u8, detail: &str) -> Heard {
    reply(
        200,
        &format!(
            r#"{{"estado":"EPR","trackid":"7","estadistica":[{{"tipo":39,"informados":1,"aceptados":{accepted},"rechazados":{rejected},"reparos":{objected}}}],"detalle_rep_rech":{detail}}}"#
        ),
    )
}

fn rejected(section: &str, level: u8, code: u16) -> Heard {
    let detail = format!(
        r#"[{{"tipo":39,"folio":1,"estado":"RCH","error":[{{"seccion":"{section}","nivel":{level},"codigo":{code}}}]}}]"#
    );
    counts(0, 1, 0, &detail)
}

fn code(code: &str) -> Heard {
    reply(200, &format!(r#"{{"codigo":"{code}","descripcion":"x"}}"#))
}

const PAGE: &str = "<!DOCTYPE HTML PUBLIC \"x\"><html>HA OCURRIDO UN ERROR EN EL UPLOAD</html>";
const FAULT: &str = "<e:Envelope xmlns:e='u'><e:Body><e:Fault><faultstring>No such operation</faultstring></e:Fault></e:Body></e:Envelope>";

#[test]
fn each_row_of_the_table_of_failures_has_its_end() {
    use At::*;
    let (rest, soap) = (true, false);
    let error = |state: &str| {
        soap_reply(&format!("<SII:RESP_HDR><ESTADO>-11</ESTADO><ERR_CODE>{state}</ERR_CODE></SII:RESP_HDR>"))
    };
    let rows = [
        (1, soap, Upload, silence(Sent::No), "T39F1 refused Parcel SIN RESPUESTA"),
        (2, soap, Upload, silence(Sent::Perhaps), "T39F1 unknown"),
        (3, soap, Seed, silence(Sent::Perhaps), "TF0 refused ChannelForNow SIN RESPUESTA"),
        (3, rest, Poll, silence(Sent::Perhaps), "waits 1200"),
        (4, soap, Upload, reply(200, "Error 500"), "T39F1 unknown"),
        (4, soap, Upload, reply(200, ""), "T39F1 unknown"),
        (4, rest, Upload, reply(503, ""), "T39F1 unknown"),
        (4, rest, Poll, reply(503, ""), "waits 1200"),
        (
            5,
            rest,
            Upload,
            reply(500, "<Fault>Acceso Denegado (from client)</Fault>"),
            "T39F1 refused Channel HTTP 500",
        ),
        (6, soap, Poll, reply(500, FAULT), "waits 1200"),
        (7, soap, Token, reply(500, FAULT), "TF0 refused ChannelForNow HTTP 500"),
        (8, rest, Upload, reply(401, "NO ESTA AUTENTICADO"), "renews"),
        (9, rest, Upload, reply(400, "No trae TOKEN"), "T39F1 refused Channel HTTP 400"),
        (10, rest, Upload, reply(400, "otra cosa"), "T39F1 unknown"),
        (11, rest, Poll, reply(404, "No existe recurso"), "waits 1200"),
        (12, rest, Upload, reply(405, "no"), "T39F1 refused Channel HTTP 405"),
        (13, rest, Upload, reply(429, ""), "T39F1 refused ChannelForNow HTTP 429"),
        (13, rest, Poll, reply(429, ""), "waits 1200"),
        (14, rest, Probe, reply(200, "falta monto"), "waits 120"),
        (15, soap, Upload, reply(200, "<HTML> <HEAD> <TITLE>Error 501</TITLE>"), "renews"),
        (16, soap, Upload, reply(200, PAGE), "T39F1 unknown"),
        (17, soap, Upload, reply(200, "<html>NO ESTA AUTORIZADA</html>"), "T39F1 refused Channel STATUS 6"),
        (18, rest, Poll, reply(200, "hola"), "waits 1200"),
        (19, soap, Seed, header("-1"), "TF0 refused ChannelForNow SEMILLA -1"),
        (20, soap, Token, header("08"), "asks semilla"),
        (21, soap, Token, header("09"), "TF0 refused ChannelForNow TOKEN 09"),
        (22, soap, Token, header("05"), "TF0 refused Channel TOKEN 05"),
        (23, soap, Token, header("-07"), "TF0 refused Channel TOKEN -07"),
        (25, soap, Poll, header("002"), "renews"),
        (25, soap, Upload, status("5", ""), "renews"),
        (26, soap, Upload, status("1", ""), "T39F1 refused Channel STATUS 1"),
        (26, soap, Poll, header("106"), "waits 3600, T39F1 refused Channel ESTADO 106"),
        (27, soap, Upload, status("6", ""), "T39F1 refused Channel STATUS 6"),
        (27, rest, Probe, code("EMP"), "waits 2700, T39F1 refused Channel EMP"),
        (28, soap, Upload, status("2", ""), "T39F1 refused Parcel STATUS 2"),
        (28, soap, Upload, status("3", ""), "T39F1 refused Parcel STATUS 3"),
        (28, soap, Upload, status("-1", ""), "T39F1 refused Parcel STATUS -1"),
        (29, soap, Upload, status("7", ""), "T39F1 fallen FreeForSame Documents"),
        (29, soap, Poll, header("RSC"), "T39F1 fallen FreeForSame Documents"),
        (30, soap, Upload, status("8", ""), "T39F1 fallen FreeForSame Documents"),
        (30, soap, Poll, header("RFR"), "T39F1 fallen FreeForSame Documents"),
        (31, soap, Poll, header("RCT"), "T39F1 fallen FreeForSame Envelope"),
        (32, soap, Upload, status("9", ""), "T39F1 refused ChannelForNow STATUS 9"),
        (
            33,
            soap,
            Upload,
            status("99", " Archivo ya fue enviado 2 veces con Trackid 251550580."),
            "waits 60, T39F1 sent 251550580",
        ),
        (33, soap, Upload, status("99", ""), "T39F1 there"),
        (34, rest, Poll, reply(200, r#"{"estado":"RPT","trackid":7}"#), "T39F1 there"),
        (34, rest, Poll, rejected("DTE", 3, 100), "T39F1 there"),
        (35, rest, Poll, rejected("DTE", 3, 101), "T39F1 rejected Taken"),
        (35, rest, Probe, code("DNK"), "T39F1 conflict"),
        (36, rest, Probe, code("FAU"), "waits 120"),
        (38, rest, Poll, rejected("CAF", 3, 517), "T39F1 rejected Ungranted"),
        (38, rest, Probe, code("FNA"), "T39F1 rejected Ungranted"),
        (39, rest, Poll, rejected("CAF", 3, 514), "T39F1 rejected Ungranted"),
        (40, rest, Probe, code("FAN"), "T39F1 rejected Annulled"),
        (40, rest, Poll, rejected("DTE", 3, 601), "T39F1 rejected Annulled"),
        (
            41,
            rest,
            Poll,
            counts(
                0,
                0,
                1,
                r#"[{"tipo":39,"folio":1,"estado":"RPR","error":[{"seccion":"DTE","nivel":1,"codigo":650}]}]"#,
            ),
            "T39F1 objected",
        ),
        (42, rest, Poll, rejected("DTE", 3, 505), "T39F1 rejected AskByProbe"),
        (43, rest, Poll, counts(0, 0, 0, "[]"), "waits 1200"),
        (43, rest, Poll, reply(200, r#"{"estado":"EPR","trackid":7,"estadistica":null}"#), "waits 1200"),
        (44, soap, Poll, error("2"), "waits 30"),
        (45, soap, Poll, error("1"), "waits 1200"),
        (46, rest, Poll, reply(200, r#"{"estado":"VOF","trackid":7}"#), "waits 1200"),
        (47, soap, Poll, header("CRT"), "waits 1200"),
        (48, soap, Poll, header("XYZ"), "waits 1200"),
        (49, rest, Poll, rejected("REF", 3, 750), "T39F1 rejected AskByProbe"),
    ];
    let (boleta, dte) = (BoletaChannel::new(), DteChannel::new());
    let (desk, documents) = (desk(), boletas(1));
    for (row, rest, at, heard, end) in rows {
        let channel: &dyn Channel = if rest { &boleta } else { &dte };
        let about: &[Arc<Document>] = if matches!(at, Seed | Token) { &[] } else { &documents };
        let step = reach(channel, &desk, at, &documents, rest);
        let got = outcome(&desk.go_on(channel, &step, heard, about));
        assert_eq!(got, end, "row {row}, {at:?}");
    }
}
