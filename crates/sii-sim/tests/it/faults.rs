//! Faults and shapes of answers: what a client must live with, as data of a scenario.

use crate::{
    client::{Boleta, Client, Dte, get, soap, upload, upload_host},
    maker::{Stage::Document, between, boleta, change, credit_note, envelope, factura, latin1},
};
use serde_json::Value;
use sii_sim::{Host, Outcome, Reply, Wire};
use std::time::Duration;

fn boletas(client: &Client) -> Outcome {
    let file = latin1(&envelope("EnvioBOLETA", &[(39, boleta(7).make())], &[]));
    client.ask(upload_host(Boleta), &upload(Boleta, &client.token(Boleta), &file))
}

fn facturas(client: &Client) -> Outcome {
    let file = latin1(&envelope("EnvioDTE", &[(33, factura(5).make())], &[]));
    client.ask(upload_host(Dte), &upload(Dte, &client.token(Dte), &file))
}

#[track_caller]
fn reply(outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Reply { reply, .. } => reply,
        other => panic!("no reply: {other:?}"),
    }
}

fn held(client: &Client) -> u64 {
    client.sim.ledger().totals.documents
}

#[test]
fn an_upload_is_met_as_the_fault_says_before_or_after_it_is_stored() {
    for (fault, status, body, stored) in [
        ("does = \"html\"", 200, "HA OCURRIDO UN ERROR", 0),
        ("does = \"html\"\nstored = true", 200, "HA OCURRIDO UN ERROR", 1),
        ("does = \"error-501\"", 200, "Error 501", 0),
        ("does = \"empty\"", 200, "", 0),
        ("does = \"status\"", 500, "Error 500", 0),
        ("does = \"status\"\nstatus = 200\nbody = \"Error 500\"", 200, "Error 500", 0),
        ("does = \"status\"\nstatus = 502\nstored = true", 502, "", 1),
        ("does = \"status\"\nstatus = 503\nseconds = 30", 503, "", 0),
        ("does = \"reception\"\nstatus = 9", 200, "<STATUS>9</STATUS>", 0),
        ("does = \"reception\"\nstatus = 2", 200, "<STATUS>2</STATUS>", 0),
    ] {
        let client = Client::in_weather(&format!("[[faults]]\n{fault}"));
        let reply = reply(facturas(&client));
        assert_eq!((reply.status, held(&client)), (status, stored), "{fault}");
        assert!(reply.body_text().contains(body), "{fault}: {}", reply.body_text());
    }
}

#[test]
fn a_valid_token_may_be_refused_once() {
    let client = Client::in_weather(
        "[[faults]]\ndoes = \"status\"\nstatus = 401\nbody = \"NO ESTA AUTENTICADO\"\ntimes = 1\nchannel = \"boleta\"",
    );
    assert_eq!(reply(boletas(&client)).status, 401);
    assert_eq!(reply(boletas(&client)).status, 200);
}

#[test]
fn a_reply_may_come_too_late_after_it_was_stored() {
    let client = Client::in_weather("[[faults]]\ndoes = \"delay\"\nseconds = 300");
    let Outcome::Reply { after, reply } = boletas(&client) else { panic!("no reply") };
    assert_eq!((after, reply.status, held(&client)), (Duration::from_secs(300), 200, 1));
}

#[test]
fn a_reply_may_be_spoilt_on_its_way() {
    for (deed, wire) in [
        ("half-close", Wire::HalfClosed),
        ("reset", Wire::Reset),
        ("drip", Wire::Drip(Duration::from_secs(1))),
        ("huge", Wire::Filled(100_000_000)),
        ("wrong-length", Wire::WrongLength),
    ] {
        let client = Client::in_weather(&format!("[[faults]]\ndoes = \"{deed}\""));
        assert_eq!((reply(boletas(&client)).wire, held(&client)), (wire, 1), "{deed}");
    }
    let client = Client::in_weather("[[faults]]\ndoes = \"truncated\"\nat = \"seed\"");
    let cut = client.reply(Host::Dte, &soap("/DTEWS/CrSeed.jws", "getSeed", &[])).body_text();
    assert!(cut.starts_with("<?xml") && !cut.contains("</soapenv:Envelope>"), "{cut}");
}

#[test]
fn a_text_may_come_under_the_header_of_json() {
    let client = Client::in_weather(
        "[[faults]]\ndoes = \"status\"\nat = \"document-state\"\nstatus = 200\nbody = \"falta monto\"",
    );
    let request = get("boleta.electronica/99999999-9-39-7/estado", Some(&client.token(Boleta)));
    let reply = client.reply(Host::BoletaQuery, &request);
    assert_eq!((reply.status, reply.body_text().as_str()), (200, "falta monto"));
    assert_eq!(reply.headers[0].1, "application/json");
}

#[test]
fn the_soap_answer_takes_every_shape_it_was_seen_in() {
    let seed = |toml: &str| {
        let client = Client::in_weather(&format!("[soap]\n{toml}"));
        client.reply(Host::Dte, &soap("/DTEWS/CrSeed.jws", "getSeed", &[])).body_text()
    };
    assert!(seed("prefix = \"always\"").contains("<ns1:getSeedReturn"));
    assert!(seed("prefix = \"never\"").contains("<getSeedReturn"));
    assert!(seed("cdata = true").contains("<![CDATA[<?xml"));
    assert!(seed("short_ok = true").contains("&lt;ESTADO&gt;0&lt;"));
    let turned = seed("header_first = true");
    assert!(turned.find("RESP_HDR") < turned.find("RESP_BODY"));
    let usual = seed("");
    assert!(usual.find("RESP_BODY") < usual.find("RESP_HDR"));

    let client = Client::in_weather("[soap]\nlatin1 = true\ncarriage_returns = \"always\"");
    let failed = client.login(Dte, "<?xml version=\"1.0\"?><a/>");
    assert!(failed.contains("04"), "{failed}");
    let request = soap(
        "/DTEWS/GetTokenFromSeed.jws",
        "getToken",
        &[("pszXml", "&lt;?xml version=\"1.0\"?&gt;&lt;a/&gt;")],
    );
    let bytes = client.reply(Host::Dte, &request).body;
    assert!(std::str::from_utf8(&bytes).is_err(), "función in Latin-1");
    assert!(String::from_utf8_lossy(&bytes).contains("&#xd;\n"));
}

#[test]
fn the_state_may_stand_in_the_body_under_a_header_that_says_0() {
    let client = Client::in_weather("[soap]\nstate_in_body = true");
    let track = client.deliver(Dte, &[(33, factura(5).make())]);
    client.wait(50);
    let status = client.dte_status(&track);
    let (body, header) = status.split_once("<SII:RESP_HDR>").expect("a header");
    assert!(body.contains("<ESTADO>EPR</ESTADO>") && header.contains("<ESTADO>0</ESTADO>"), "{status}");
}

fn late(folio: u64) -> (u16, String) {
    (39, boleta(folio).with(&[change(Document, "<FchEmis>2026-01-15", "<FchEmis>2026-01-10")]).make())
}

#[test]
fn the_rest_answer_takes_every_shape_it_was_seen_in() {
    let status = |toml: &str| -> Value {
        let client = Client::in_weather(&format!("[rest]\n{toml}"));
        let track = client.deliver(Boleta, &[late(8)]);
        client.wait(50);
        client.boleta_status(track.trim_matches('"'))
    };
    let usual = status("");
    assert!(
        usual["trackid"].is_string() && usual["fecha_recepcion"].as_str().is_some_and(|at| at.contains('/'))
    );
    assert_eq!(usual["detalle_rep_rech"][0]["estado"], "RLV");
    let swapped = status("swap_track = true\nswap_dates = true");
    assert!(
        swapped["trackid"].is_u64() && swapped["fecha_recepcion"].as_str().is_some_and(|at| at.contains('-'))
    );
    let bare = status("no_type = true\nno_description = true\nno_level = true\nrpr_for_light = true");
    let detail = &bare["detalle_rep_rech"][0];
    assert!(detail.get("tipo").is_none() && detail.get("descripcion").is_none());
    assert!(detail["error"][0].get("nivel").is_none());
    assert_eq!(detail["estado"], "RPR");
    assert!(status("null_detail = true")["detalle_rep_rech"].is_null());

    let client = Client::in_weather("[rest]\nleave_nulls_out = true");
    let track = client.deliver(Boleta, &[late(8)]);
    assert!(client.boleta_status(&track).get("estadistica").is_none());
}

#[test]
fn requests_beyond_the_limit_of_a_minute_wait() {
    let client = Client::in_weather("[rest]\nrate_limit = 2");
    let seed = || client.reply(Host::BoletaQuery, &get("boleta.electronica.semilla", None));
    let header = |reply: &Reply, name: &str| {
        reply.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    };
    assert_eq!(header(&seed(), "X-RateLimit-Remaining").as_deref(), Some("1"));
    assert_eq!(seed().status, 200);
    let refused = seed();
    assert_eq!((refused.status, header(&refused, "X-Retry-After").as_deref()), (429, Some("60")));
    client.wait(61);
    assert_eq!(seed().status, 200);
}

#[test]
fn a_processed_upload_may_say_false_counts_for_a_while() {
    let counts = |deed: &str| {
        let client = Client::in_weather(&format!(
            "[[faults]]\ndoes = \"{deed}\"\nat = \"upload-state\"\neach = true\ntimes = 2"
        ));
        let track = client.deliver(Dte, &[(33, factura(5).make()), (61, credit_note(2, 5).make())]);
        // Polls before the end do not count.
        client.dte_status(&track);
        client.wait(50);
        let polls = [0; 3].map(|_| client.dte_status(&track));
        assert!(polls.iter().all(|poll| poll.contains("<ESTADO>EPR</ESTADO>")));
        assert_eq!(polls[2].matches("<ACEPTADOS>1</ACEPTADOS>").count(), 2, "true in the end: {}", polls[2]);
        polls[1].clone()
    };
    assert!(counts("zero-counts").contains("<INFORMADOS>1</INFORMADOS>\n        <ACEPTADOS>0</ACEPTADOS>"));
    assert!(!counts("no-counts").contains("RESP_BODY"));
    assert!(counts("other-counts").contains("<INFORMADOS>2</INFORMADOS>"));
    assert!(!counts("no-notes").contains("<TIPO_DOCTO>61</TIPO_DOCTO>"));

    let client = Client::in_weather("[[faults]]\ndoes = \"no-counts\"\nat = \"upload-state\"\ntimes = 1");
    let track = client.deliver(Boleta, &[(39, boleta(7).make())]);
    client.wait(50);
    assert!(client.boleta_status(&track)["estadistica"].is_null());
    assert_eq!(client.boleta_status(&track)["estadistica"][0]["aceptados"], 1);
}

#[test]
fn a_state_question_may_be_answered_with_any_code() {
    let say = |at: &str, more: &str| {
        Client::in_weather(&format!("[[faults]]\ndoes = \"say\"\nat = \"{at}\"\n{more}"))
    };
    for code in ["106", "XYZ"] {
        let client = say("upload-state", &format!("code = \"{code}\"\ntimes = 1"));
        let track = client.deliver(Dte, &[(33, factura(5).make())]);
        assert!(client.dte_status(&track).contains(&format!("<ESTADO>{code}</ESTADO>")));
        assert!(client.dte_status(&track).contains("<ESTADO>REC</ESTADO>"));
    }
    let client = say("upload-state", "code = \"-11\"\nerr = \"2\"\neach = true\ntimes = 2");
    let track = client.deliver(Dte, &[(33, factura(5).make())]);
    let errs = [0; 3].map(|_| client.dte_status(&track).contains("<ERR_CODE>2</ERR_CODE>"));
    assert_eq!(errs, [true, true, false]);

    let client = say("document-state", "code = \"FAU\"\ntimes = 2\neach = true");
    client.deliver(Boleta, &[(39, boleta(7).make())]);
    client.wait(50);
    let codes = [0; 3].map(|_| {
        let whole = "?rut_receptor=66666666&dv_receptor=6&monto=10784&fechaEmision=15-01-2026";
        let path = format!("boleta.electronica/99999999-9-39-7/estado{whole}");
        let reply = client.reply(Host::BoletaQuery, &get(&path, Some(&client.token(Boleta))));
        let answer: Value = serde_json::from_slice(&reply.body).expect("JSON");
        answer["codigo"].as_str().expect("a code").to_owned()
    });
    assert_eq!(codes, ["FAU", "FAU", "DOK"]);
}

#[test]
fn an_upload_may_end_in_any_state_whatever_is_in_it() {
    for (state, verdict) in [
        ("RSC", "rejected"),
        ("RFR", "rejected"),
        ("RCT", "rejected"),
        ("RCH", "rejected"),
        ("RCO", "rejected"),
        ("VOF", "rejected"),
        ("RPR", "objected"),
        ("RLV", "objected"),
        ("RPT", "accepted"),
        ("XYZ", "accepted"),
    ] {
        let client = Client::in_weather(&format!("[[endings]]\nstate = \"{state}\"\ntimes = 2"));
        let boleta_track = client.deliver(Boleta, &[(39, boleta(7).make())]);
        let dte_track = client.deliver(Dte, &[(33, factura(5).make())]);
        let third = client.deliver(Boleta, &[(39, boleta(8).make())]);
        client.wait(50);
        assert_eq!(client.boleta_status(&boleta_track)["estado"], state);
        assert!(client.dte_status(&dte_track).contains(&format!("<ESTADO>{state}</ESTADO>")), "{state}");
        assert_eq!(client.boleta_status(&third)["estado"], "EPR");
        let ledger = client.sim.ledger_at(client.now());
        assert_eq!(ledger.document("T39F7").expect("there").verdict, verdict, "{state}");
        // What was rejected has to come again; what is held comes twice.
        client.deliver(Boleta, &[(39, boleta(9).make()), (39, boleta(7).make())]);
        let twice = u64::from(verdict != "rejected");
        assert_eq!(client.sim.ledger_at(client.now()).totals.duplicated, twice, "{state}");
    }
}

#[test]
fn an_upload_may_be_stuck_in_any_step() {
    for (step, at) in [("REC", 5), ("SOK", 15), ("FOK", 25), ("PDR", 35), ("CRT", 45)] {
        let client =
            Client::in_weather(&format!("[stuck]\nevery = 1\nfor_seconds = 1000\nstep = \"{step}\""));
        let track = client.deliver(Dte, &[(33, factura(5).make())]);
        for moment in [at, 900] {
            client.wait(moment);
            assert!(client.dte_status(&track).contains(&format!("<ESTADO>{step}</ESTADO>")), "{step}");
        }
        client.wait(200);
        assert!(client.dte_status(&track).contains("<ESTADO>EPR</ESTADO>"));
    }
}

#[test]
fn tokens_may_die_by_time_or_at_once() {
    let client = Client::in_weather("token_seconds = 30");
    let token = client.token(Boleta);
    let status = |token: &str| {
        client.reply(Host::BoletaQuery, &get("boleta.electronica.envio/99999999-9-1", Some(token))).status
    };
    client.wait(29);
    assert_eq!(status(&token), 404);
    client.wait(1);
    assert_eq!(status(&token), 401);
    let token = client.token(Boleta);
    client.sim.kill_tokens();
    assert_eq!(status(&token), 401);
}

#[test]
fn one_host_may_be_dead_alone() {
    let client =
        Client::in_weather("[[outages]]\nafter_seconds = 0\nfor_seconds = 60\nhost = \"boleta-upload\"");
    let token = client.token(Boleta);
    let file = latin1(&envelope("EnvioBOLETA", &[(39, boleta(7).make())], &[]));
    assert_eq!(client.ask(Host::BoletaUpload, &upload(Boleta, &token, &file)), Outcome::DropBefore);
    client.wait(60);
    assert!(matches!(client.ask(Host::BoletaUpload, &upload(Boleta, &token, &file)), Outcome::Reply { .. }));
}

#[test]
fn a_fault_may_be_armed_for_the_next_request() {
    let client = Client::new();
    let fault = serde_json::json!({ "does": "empty", "at": "seed", "times": 1 });
    client.sim.arm(serde_json::from_value(fault).expect("a fault"));
    let seed = || client.reply(Host::BoletaQuery, &get("boleta.electronica.semilla", None)).body_text();
    assert_eq!(seed(), "");
    assert_eq!(between(&seed(), "<SEMILLA>", "</SEMILLA>").len(), 12);
}
