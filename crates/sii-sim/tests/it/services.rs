//! The services beside uploads and their states: mail with results, claims, descriptions, folios given back.

use crate::{
    client::{Boleta, Client, Dte, get, header, soap},
    judging::verdict,
    maker::{Stage::*, between, boleta, change, envelope, factura, latin1},
};
use sii_sim::{Action, Config, Host, Rules};

#[test]
fn the_mail_says_why_a_factura_was_rejected() {
    let client = Client::new();
    let wrong = factura(6).with(&[change(Document, "<MntTotal>41784", "<MntTotal>41785")]);
    let track = client.deliver(Dte, &[(33, factura(5).make()), (33, wrong.make())]);
    client.deliver(Boleta, &[(39, boleta(7).make())]);
    assert!(client.sim.mail(client.now()).is_empty());
    client.wait(50);
    let mail = client.sim.mail(client.now());
    assert_eq!(mail.iter().map(|mail| mail.track.as_str()).collect::<Vec<_>>(), [track.as_str()]);
    let text = &mail[0].attachment;
    for part in [
        "<ESTADO>EPR - Envio Procesado</ESTADO>",
        "<TIPODOC>33</TIPODOC><INFORMADO>2</INFORMADO><RECHAZO>1</RECHAZO><REPARO>0</REPARO><ACEPTA>1</ACEPTA>",
        "<FOLIO>6</FOLIO><TIPODTE>33</TIPODTE><ESTADO>DTE Rechazado</ESTADO><DETALLE>(HED-3-211)",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains("<FOLIO>5</FOLIO>"));
}

#[test]
fn the_mail_of_a_fallen_envelope_bears_its_error() {
    let client = Client::in_weather("[[endings]]\nstate = \"RFR\"");
    client.deliver(Dte, &[(33, factura(5).make())]);
    client.wait(50);
    let mail = client.sim.mail(client.now());
    assert!(mail[0].attachment.contains("<ERRORENVIO><DETERRENVIO>(ENV-3-0) RFR"), "{}", mail[0].attachment);
}

#[test]
fn the_mail_can_be_asked_for_again() {
    let client = Client::new();
    let track = client.deliver(Dte, &[(33, factura(5).make())]);
    let token = client.token(Dte);
    let ask = |token: &str, rut: &str, dv: &str, track: &str| {
        let arguments = [("Token", token), ("RutEmpresa", rut), ("DvEmpresa", dv), ("TrackId", track)];
        let answer = client.soap("/DTEWS/services/wsDTECorreo", "reenvioCorreo", &arguments);
        between(&answer, "<SII:ESTADO>", "</SII:ESTADO>").to_owned()
    };
    assert_eq!(ask(&token, "99999999", "9", &track), "114", "not yet processed");
    client.wait(50);
    assert_eq!(ask(&token, "99999999", "9", &track), "0");
    assert_eq!(client.sim.mail(client.now()).len(), 2);
    assert_eq!(ask(&token, "99999999", "8", &track), "101");
    assert_eq!(ask(&token, "99999999", "9", ""), "102");
    assert_eq!(ask("AAAA", "99999999", "9", &track), "104");
    assert_eq!(ask(&token, "99999999", "9", "0000000001"), "105");
    assert_eq!(ask(&token, "88888888", "8", &track), "106");
}

fn claims(client: &Client, token: Option<&str>, operation: &str, arguments: &[(&str, &str)]) -> String {
    let mut request = soap("/WSREGISTRORECLAMODTECERT/registroreclamodteservice", operation, arguments);
    request.body = String::from_utf8(request.body)
        .expect("text")
        .replace("http://DefaultNamespace", "http://ws.registroreclamodte.diii.sdi.sii.cl")
        .into_bytes();
    request.headers.extend(token.map(|token| header("Cookie", &format!("TOKEN={token}"))));
    client.reply(Host::Dte, &request).body_text()
}

#[test]
fn a_receptor_says_what_he_thinks_within_eight_days() {
    let client = Client::new();
    // For the company itself, so that its own holder is the receptor.
    let to_itself = |folio| factura(folio).with(&[change(Document, "77777777-7", "99999999-9")]);
    client.deliver(Dte, &[(33, to_itself(5).make()), (33, to_itself(6).make()), (33, factura(8).make())]);
    client.wait(50);
    let tell = |folio: &str, action: &str| {
        let token = client.token(Dte);
        let arguments = [
            ("rutEmisor", "99999999"),
            ("dvEmisor", "9"),
            ("tipoDoc", "33"),
            ("folio", folio),
            ("accionDoc", action),
        ];
        let answer = claims(&client, Some(&token), "ingresarAceptacionReclamoDoc", &arguments);
        between(&answer, "<codResp>", "</codResp>").to_owned()
    };
    assert_eq!(tell("5", "ERM"), "0");
    assert_eq!(tell("5", "ERM"), "7");
    assert_eq!(tell("5", "RFT"), "12", "the goods were received");
    assert_eq!(tell("5", "ACD"), "0");
    assert_eq!(tell("5", "RCD"), "11", "it was accepted");
    assert_eq!(tell("6", "RCD"), "0");
    assert_eq!(tell("6", "ACD"), "5", "it was claimed");
    assert_eq!(tell("7", "ACD"), "10", "not received");
    assert_eq!(tell("8", "ACD"), "14", "for somebody else");
    assert_eq!(tell("5", "QQQ"), "4");
    client.wait(9 * 24 * 3600);
    assert_eq!(tell("6", "RFP"), "5");
    client.deliver(Dte, &[(33, to_itself(9).with(&[change(Document, "2026-01-15", "2026-01-24")]).make())]);
}

#[test]
fn the_window_of_eight_days_closes() {
    let client = Client::new();
    client.deliver(Dte, &[(33, factura(5).make())]);
    client.wait(50);
    let claim = || client.sim.claim("99999999-9", 33, 5, Action::Rcd, client.now()).expect("told");
    client.wait(8 * 24 * 3600 + 60);
    assert_eq!(claim(), 8);
}

#[test]
fn what_was_said_is_listed_and_the_reception_is_dated() {
    let client = Client::new();
    client.deliver(Dte, &[(33, factura(5).make())]);
    client.wait(50);
    let token = client.token(Dte);
    let document = [("rutEmisor", "99999999"), ("dvEmisor", "9"), ("tipoDoc", "33"), ("folio", "5")];
    let list = || claims(&client, Some(&token), "listarEventosHistDoc", &document);
    assert!(list().contains("<codResp>16</codResp>"));
    assert_eq!(client.sim.claim("99999999-9", 33, 5, Action::Erm, client.now()).expect("told"), 0);
    let listed = list();
    assert!(
        listed.contains("<codResp>15</codResp>") && listed.contains("<codEvento>ERM</codEvento>"),
        "{listed}"
    );
    assert!(listed.contains("<rutResponsable>77777777</rutResponsable><dvResponsable>7</dvResponsable>"));
    let dated = claims(&client, Some(&token), "consultarFechaRecepcionSii", &document);
    assert!(dated.contains("<return>15-01-2026 12:41:50</return>"), "{dated}");
    let boleta = [("rutEmisor", "99999999"), ("dvEmisor", "9"), ("tipoDoc", "39"), ("folio", "5")];
    assert!(claims(&client, Some(&token), "listarEventosHistDoc", &boleta).contains("<codResp>3</codResp>"));
    for token in [None, Some("AAAA")] {
        assert!(claims(&client, token, "listarEventosHistDoc", &document).contains("TOKEN invalido"));
    }
}

#[test]
fn every_service_of_the_dte_channel_describes_itself_and_says_its_version() {
    let client = Client::new();
    for (path, operation, parameter) in [
        ("/DTEWS/CrSeed.jws", "getSeed", "getSeedReturn"),
        ("/DTEWS/GetTokenFromSeed.jws", "getToken", "pszXml"),
        ("/DTEWS/QueryEstUp.jws", "getEstUp", "TrackId"),
        ("/DTEWS/QueryEstDte.jws", "getEstDte", "FechaEmisionDte"),
        ("/DTEWS/services/QueryEstDteAv", "getEstDteAv", "FirmaDte"),
        ("/DTEWS/services/wsDTECorreo", "reenvioCorreo", "TrackId"),
    ] {
        let mut request = get("", None);
        request.path_and_query = format!("{path}?WSDL");
        request.headers.push(header("Host", "127.0.0.1:4500"));
        let text = client.reply(Host::Dte, &request).body_text();
        assert!(text.contains(&format!("<wsdl:operation name=\"{operation}\">")), "{text}");
        assert!(text.contains(&format!("name=\"{parameter}\"")), "{text}");
        assert!(text.contains(&format!("location=\"http://127.0.0.1:4500{path}\"")), "{text}");
        assert!(!client.soap(path, "getVersion", &[]).is_empty());
    }
}

#[test]
fn a_folio_that_was_given_back_is_worth_nothing() {
    let client = Client::new();
    client.sim.annul(39, 5, 9).expect("noted");
    let (found, reasons) = verdict(&client, &boleta(7));
    assert!(found == "rejected" && reasons[0].contains("(DTE-3-601)"), "{reasons:?}");
    assert_eq!(verdict(&client, &boleta(10)).0, "accepted");
    let whole = "?rut_receptor=66666666&dv_receptor=6&monto=10784&fechaEmision=15-01-2026";
    let path = format!("boleta.electronica/99999999-9-39-7/estado{whole}");
    let answer = client.reply(Host::BoletaQuery, &get(&path, Some(&client.token(Boleta)))).body_text();
    assert!(answer.contains("\"codigo\":\"FAN\""), "{answer}");
}

#[test]
fn boletas_go_over_dte_upload_for_the_certification_only() {
    let rules = Rules { boletas_by_dte_upload: true, ..Rules::default() };
    let client = Client::of(Config { rules, ..Config::default() });
    let track = client.deliver_file(Dte, &latin1(&envelope("EnvioBOLETA", &[(39, boleta(7).make())], &[])));
    client.wait(50);
    let status = client.dte_status(&track);
    assert!(
        status.contains("<TIPO_DOCTO>39</TIPO_DOCTO>") && status.contains("<ACEPTADOS>1</ACEPTADOS>"),
        "{status}"
    );
    assert_eq!(client.sim.mail(client.now()).len(), 1);
}

fn lenient() -> Client {
    let rules = Rules { official_only: false, ..Rules::default() };
    Client::of(Config { rules, ..Config::default() })
}

#[test]
fn forms_that_live_clients_get_through_with_pass_unless_only_the_official_ones_do() {
    // A stamp without accents (devlas, 2.18.1).
    let folded = boleta(7).with(&[change(Stamp, "<IT1>Café Ñandú &amp; Té", "<IT1>Cafe Nandu &amp; Te")]);
    assert_eq!(verdict(&lenient(), &folded).0, "accepted");
    assert_eq!(verdict(&Client::new(), &folded).0, "rejected");
    // Another text is another text.
    let other = boleta(7).with(&[change(Stamp, "<IT1>Café Ñandú &amp; Té", "<IT1>Cafe Nandi &amp; Te")]);
    assert_eq!(verdict(&lenient(), &other).0, "rejected");

    // Names of their own for the parameters: only the order counts (LIB, RDT).
    let named = |client: &Client| {
        let token = client.token(Dte);
        let arguments = [("arg0", "99999999"), ("arg1", "9"), ("arg2", "1"), ("arg3", token.as_str())];
        client.reply(Host::Dte, &soap("/DTEWS/QueryEstUp.jws", "getEstUp", &arguments)).status
    };
    assert_eq!((named(&lenient()), named(&Client::new())), (200, 500));

    // Dates with hyphens (PYFE, S16).
    let dated = |client: &Client| {
        client.deliver(Dte, &[(33, factura(5).make())]);
        client.wait(50);
        let token = client.token(Dte);
        let values =
            ["11111111", "1", "99999999", "9", "77777777", "7", "33", "5", "15-01-2026", "41784", &token];
        client.document_state(values).contains("<ESTADO>DOK</ESTADO>")
    };
    assert!(dated(&lenient()) && !dated(&Client::new()));

    // The official login is good in both.
    assert_eq!(lenient().token(Dte).len(), 13);
}
