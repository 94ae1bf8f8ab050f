//! Uploads: the form, the envelope, the pipeline, and the same file twice.

use crate::{
    client::{Boleta, Channel, Client, Dte, form, header, root, upload, upload_form},
    maker::{Change, Stage::*, between, boleta, change, envelope, factura, latin1},
};
use sii_sim::{Host, Outcome, Reply, Request};

fn boletas(changes: &[Change]) -> Vec<u8> {
    latin1(&envelope("EnvioBOLETA", &[(39, boleta(7).make())], changes))
}

fn facturas(changes: &[Change]) -> Vec<u8> {
    latin1(&envelope("EnvioDTE", &[(33, factura(5).make())], changes))
}

fn file(channel: Channel) -> Vec<u8> {
    match channel {
        Dte => facturas(&[]),
        Boleta => boletas(&[]),
    }
}

fn status(reply: &Reply) -> String {
    between(&reply.body_text(), "<STATUS>", "</STATUS>").to_owned()
}

/// Both channels refuse an upload changed so; gives their answers.
#[track_caller]
fn refused(edit: impl Fn(&mut Request)) -> (Reply, Reply) {
    let client = Client::new();
    let replies = [Dte, Boleta].map(|channel| {
        let mut request = upload(channel, &client.token(channel), &file(channel));
        edit(&mut request);
        client.send(channel, &request)
    });
    let totals = client.sim.ledger().totals;
    assert_eq!((totals.documents, totals.uploads), (0, 2), "nothing may be stored");
    let [dte, boleta] = replies;
    assert!(!dte.body_text().contains("<STATUS>0</STATUS>"));
    assert!(boleta.status >= 400);
    (dte, boleta)
}

fn set_header(request: &mut Request, name: &str, value: &str) {
    request.headers.retain(|(key, _)| key != name);
    request.headers.push(header(name, value));
}

#[test]
fn a_sound_upload_is_received_on_both_channels() {
    let client = Client::new();
    let reply = client.upload(Dte, &facturas(&[]));
    assert_eq!(status(&reply), "0");
    let reply = client.upload(Boleta, &boletas(&[]));
    let body: serde_json::Value = serde_json::from_slice(&reply.body).expect("JSON");
    assert_eq!(body["estado"], "REC");
    assert!(body["trackid"].is_u64());
}

#[test]
fn the_user_agent_must_say_it_is_a_program() {
    for agent in ["", "Timbre/0.1", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"] {
        let (dte, boleta) = refused(|request| set_header(request, "User-Agent", agent));
        assert!(dte.body_text().contains("HA OCURRIDO UN ERROR EN EL UPLOAD"));
        assert_eq!((boleta.status, boleta.body_text().as_str()), (401, "NO ESTA AUTENTICADO"));
    }
}

#[test]
fn a_user_agent_must_be_there_at_all() {
    let (dte, boleta) = refused(|request| request.headers.retain(|(key, _)| key != "User-Agent"));
    assert!(dte.body_text().contains("HA OCURRIDO UN ERROR EN EL UPLOAD"));
    assert_eq!(boleta.status, 401);
}

#[test]
fn the_cookie_must_be_there_and_its_token_good() {
    let (dte, boleta) = refused(|request| request.headers.retain(|(key, _)| key != "Cookie"));
    assert!(dte.body_text().contains("Error 501"));
    assert_eq!((boleta.status, boleta.body_text().as_str()), (400, "No trae TOKEN"));
    let (dte, boleta) = refused(|request| set_header(request, "Cookie", "TOKEN=AAAAAAAAAAAAA"));
    assert_eq!((status(&dte).as_str(), boleta.status), ("5", 401));
}

#[test]
fn a_token_of_the_other_channel_opens_nothing() {
    let client = Client::new();
    let reply = client.send(Dte, &upload(Dte, &client.token(Boleta), &facturas(&[])));
    assert_eq!(status(&reply), "5");
    let reply = client.send(Boleta, &upload(Boleta, &client.token(Dte), &boletas(&[])));
    assert_eq!(reply.status, 401);
}

#[test]
fn the_length_must_be_told_and_the_body_not_chunked() {
    let (dte, boleta) = refused(|request| request.headers.retain(|(key, _)| key != "Content-Length"));
    assert_eq!((dte.status, boleta.status), (411, 411));
    let (dte, boleta) = refused(|request| {
        request.headers.retain(|(key, _)| key != "Content-Length");
        set_header(request, "Transfer-Encoding", "chunked");
    });
    assert_eq!((status(&dte).as_str(), boleta.status), ("3", 400));
}

#[test]
fn the_form_must_be_framed_to_the_byte() {
    let breaks: [(&str, &str); 9] = [
        ("rutSender", "rutsender"),
        ("name=\"dvSender\"\r\n\r\n1", "name=\"dvCompany\"\r\n\r\n9"),
        ("name=\"rutSender\"\r\n\r\n11111111", "name=\"rutSender\"\r\n\r\n11.111.111"),
        ("name=\"dvSender\"\r\n\r\n", "name=\"dvSender\"\r\nContent-Type: text/plain\r\n\r\n"),
        ("Content-Type: text/xml", "Content-Type: application/octet-stream"),
        ("; filename=\"envio.xml\"", ""),
        ("\r\n--XYZ--\r\n", "\r\n"),
        ("--XYZ--\r\n", "--XYZ--\r\nmore"),
        ("--XYZ\r\n", "\r\n--XYZ\r\n"),
    ];
    for (from, to) in breaks {
        let (dte, boleta) = refused(|request| {
            let body = crate::maker::latin1_text(&request.body);
            assert!(body.contains(from));
            request.body = latin1(&body.replacen(from, to, 1));
            let length = request.body.len().to_string();
            set_header(request, "Content-Length", &length);
        });
        assert_eq!((status(&dte).as_str(), boleta.status), ("-1", 400), "{from}");
    }
}

#[test]
fn the_parts_must_come_in_their_order() {
    let client = Client::new();
    let body = crate::maker::latin1_text(&form(("11111111", "1"), ("99999999", "9"), &facturas(&[])));
    let (head, rest) = body
        .split_at(body.find("--XYZ\r\nContent-Disposition: form-data; name=\"rutCompany\"").expect("there"));
    let (company, archivo) =
        rest.split_at(rest.find("--XYZ\r\nContent-Disposition: form-data; name=\"archivo\"").expect("there"));
    let swapped = latin1(&format!("{company}{head}{archivo}"));
    let reply = client.send(Dte, &upload_form(Dte, &client.token(Dte), swapped));
    assert_eq!(status(&reply), "-1");
}

#[test]
fn sender_and_company_must_be_who_they_are() {
    let client = Client::new();
    for (sender, company, dte_status, boleta_status) in
        [(("22222222", "2"), ("99999999", "9"), "1", 401), (("11111111", "1"), ("88888888", "8"), "6", 400)]
    {
        let body = form(sender, company, &facturas(&[]));
        let reply = client.send(Dte, &upload_form(Dte, &client.token(Dte), body.clone()));
        assert_eq!(status(&reply), dte_status);
        let reply = client.send(Boleta, &upload_form(Boleta, &client.token(Boleta), body));
        assert_eq!(reply.status, boleta_status);
    }
}

#[test]
fn an_upload_to_the_wrong_host_reaches_nothing() {
    let client = Client::new();
    let request = upload(Boleta, &client.token(Boleta), &boletas(&[]));
    let reply = client.reply(Host::BoletaQuery, &request);
    assert_eq!(reply.status, 500);
    assert!(reply.body_text().contains("Acceso Denegado"));
    assert_eq!(client.reply(Host::Dte, &request).status, 404);
    let request = upload(Dte, &client.token(Dte), &facturas(&[]));
    assert_eq!(client.reply(Host::BoletaUpload, &request).status, 404);
    assert_eq!(client.sim.ledger().totals.uploads, 0);
}

/// The DTE channel refuses the file on the spot; the boleta channel takes it and rejects it later.
#[track_caller]
fn bad_schema(changes: &[Change], complaint: &str) {
    let client = Client::new();
    let text = client.upload(Dte, &facturas(changes)).body_text();
    assert!(text.contains("<STATUS>7</STATUS>"), "{text}");
    assert!(text.contains(complaint), "{text}");
    fallen(&boletas(changes), "RSC", complaint);
}

/// The boleta channel rejects the whole envelope, in that state and for that reason.
#[track_caller]
fn fallen(file: &[u8], state: &str, why: &str) {
    let client = Client::new();
    let track = client.deliver_file(Boleta, file);
    client.wait(50);
    let status = client.boleta_status(&track);
    assert_eq!(status["estado"], state, "{status}");
    assert!(status["detalle_rep_rech"].to_string().contains(why), "{status}");
    assert!(status["detalle_rep_rech"][0].get("folio").is_none());
    assert!(client.sim.ledger_at(client.now()).totals.accepted == 0);
}

#[test]
fn the_prolog_and_the_name_of_the_schema_must_be_there() {
    let name = "SCH-00001: Invalid Schema Name";
    bad_schema(&[change(File, "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n", "")], name);
    bad_schema(&[change(File, "ISO-8859-1", "UTF-8")], name);
    bad_schema(&[change(File, "iiDte Envio", "iiDte Otro")], name);
    bad_schema(&[change(File, "xsi:schemaLocation", "xsi:schemalocation")], name);
    bad_schema(&[change(File, " version=\"1.0\">\n<SetDTE", " version=\"1.0\" ID=\"E1\">\n<SetDTE")], name);
}

#[test]
fn an_envelope_of_one_channel_is_no_envelope_of_the_other() {
    let client = Client::new();
    assert_eq!(status(&client.upload(Dte, &boletas(&[]))), "7");
    fallen(&facturas(&[]), "RSC", "SCH-00001");
}

#[test]
fn a_line_of_more_than_4090_bytes_is_not_read() {
    let long: &'static str =
        Box::leak(format!("</DTE>{}\n", " ".repeat(4090 - "</DTE>".len() + 1)).into_boxed_str());
    // The parser counts lines from one.
    let file = crate::maker::latin1_text(&facturas(&[change(File, "</DTE>\n", long)]));
    let line = file.lines().position(|line| line.len() > 4090).expect("a long line") + 1;
    let refused = Client::new().upload(Dte, &latin1(&file)).body_text();
    assert!(refused.contains(&format!("[{line}]CHR-00002")), "{refused}");
    bad_schema(&[change(File, "</DTE>\n", long)], "CHR-00002: Line too long (4090)");
    let fits: &'static str =
        Box::leak(format!("</DTE>{}\n", " ".repeat(4090 - "</DTE>".len())).into_boxed_str());
    // White space between the documents is signed: it has to be there before.
    assert_eq!(status(&Client::new().upload(Dte, &facturas(&[change(Set, "</DTE>\n", fits)]))), "0");
}

#[test]
fn elements_must_be_known_and_in_the_order_of_the_schema() {
    bad_schema(&[change(File, "<Folio>", "<Numero>1</Numero>\n<Folio>")], "LSX-00213");
    bad_schema(&[change(File, "</IdDoc>", "<Nuevo>1</Nuevo>\n</IdDoc>")], "LSX-00204");
    bad_schema(
        &[
            change(File, "<QtyItem>2</QtyItem>\n", ""),
            change(File, "</MontoItem>", "</MontoItem>\n<QtyItem>2</QtyItem>"),
        ],
        "LSX-00204",
    );
    bad_schema(&[change(File, "<Folio>", "<Folio xmlns=\"\">")], "LSX-00213");
    bad_schema(&[change(File, "<Folio>", "<Folio nota=\"x\">")], "LSX-00260");
    bad_schema(&[change(File, "<Encabezado>", "<Encabezado>texto")], "LSX-00022");
}

#[test]
fn values_must_be_of_their_types() {
    bad_schema(&[change(File, "<FchEmis>2026-01-15", "<FchEmis>15-01-2026")], "LSX-00333");
    bad_schema(&[change(File, "<Folio>", "<Folio>A")], "LSX-00333");
    bad_schema(
        &[change(
            File,
            "<NmbItem>",
            "<NmbItem>0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890",
        )],
        "LSX-00221",
    );
    bad_schema(&[change(File, "<RUTRecep>", "<RUTRecep>.")], "LSX-00333");
    bad_schema(&[change(File, "<QtyItem>2<", "<QtyItem>0<")], "LSX-00293");
    bad_schema(
        &[change(
            File,
            "<DTE xmlns=\"http://www.sii.cl/SiiDte\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" version=\"1.0\"",
            "<DTE version=\"1.1\"",
        )],
        "LSX-00265",
    );
    bad_schema(&[change(File, "<Documento ID=\"F", "<Documento ID=\"7F")], "LSX-00333");
    bad_schema(&[change(File, "<SetDTE ID=\"SetDoc\"", "<SetDTE")], "LSX-00264");
}

#[test]
fn a_file_cut_short_is_not_well_formed() {
    let whole = boletas(&[]);
    fallen(&whole[..whole.len() - 20], "RSC", "LPX-00007");
}

#[test]
fn utf8_under_a_latin1_prolog_breaks_the_signature_of_the_set() {
    let short = boleta(7).with(&[change(Document, "Café Ñandú &amp; Té", "Ñandú")]);
    let text = envelope("EnvioBOLETA", &[(39, short.make())], &[]);
    fallen(text.as_bytes(), "RFR", "ISO-8859-1");
}

#[test]
fn the_set_must_be_signed_by_who_sends_it() {
    fallen(&boletas(&[change(File, "<NroDTE>1<", "<NroDTE>2<")]), "RFR", "DigestValue");
    fallen(
        &boletas(&[
            change(File, "</SetDTE>\n<Signature", "</SetDTE>\n<!-- --><Signature"),
            change(File, "</DTE>", " </DTE>"),
        ]),
        "RFR",
        "DigestValue",
    );
    let signature = change(
        File,
        "</SetDTE>\n<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><SignedInfo>",
        "</SetDTE>\n<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><SignedInfo>\n",
    );
    fallen(&boletas(&[signature]), "RFR", "SignatureValue");
}

#[test]
fn the_cover_must_be_true() {
    fallen(&boletas(&[change(Set, "<RutEnvia>11111111-1", "<RutEnvia>22222222-2")]), "RFR", "RutEnvia");
    fallen(
        &boletas(&[change(Set, "<RutReceptor>60803000-K", "<RutReceptor>66666666-6")]),
        "RCT",
        "60803000-K",
    );
    fallen(&boletas(&[change(Set, "<NroResol>0", "<NroResol>80")]), "RCT", "Resolucion");
    fallen(&boletas(&[change(Set, "<FchResol>2014-08-22", "<FchResol>2014-08-23")]), "RCT", "Resolucion");
    fallen(&boletas(&[change(Set, "<NroDTE>1", "<NroDTE>2")]), "RCT", "SubTotDTE");
    fallen(&boletas(&[change(Set, "<RutEmisor>99999999-9", "<RutEmisor>88888888-8")]), "RCT", "RutEmisor");
}

#[test]
fn an_upload_goes_through_the_pipeline_step_by_step() {
    let client = Client::new();
    let boleta = client.deliver(Boleta, &[(39, boleta(7).make())]);
    let dte = client.deliver(Dte, &[(33, factura(5).make())]);
    for (boleta_state, dte_state) in
        [("REC", "REC"), ("SOK", "SOK"), ("FOK", "FOK"), ("PRD", "PDR"), ("CRT", "CRT"), ("EPR", "EPR")]
    {
        let status = client.boleta_status(&boleta);
        assert_eq!(status["estado"], boleta_state);
        assert_eq!(status["estadistica"].is_null(), boleta_state != "EPR");
        assert!(status["trackid"].is_string());
        let status = client.dte_status(&dte);
        assert_eq!(between(&status, "<ESTADO>", "</ESTADO>"), dte_state);
        assert_eq!(status.contains("RESP_BODY"), dte_state == "EPR");
        client.wait(10);
    }
}

#[test]
fn accepted_leaves_out_what_was_objected_to() {
    let client = Client::new();
    let late = boleta(8).with(&[change(Document, "<FchEmis>2026-01-15", "<FchEmis>2026-01-10")]);
    let wrong = boleta(9).with(&[change(Document, "<MntTotal>10784", "<MntTotal>1")]);
    let documents = [(39, boleta(7).make()), (39, late.make()), (39, wrong.make())];
    let track = client.deliver(Boleta, &documents);
    client.wait(50);
    let status = client.boleta_status(&track);
    let counts = &status["estadistica"][0];
    assert_eq!((&counts["informados"], &counts["aceptados"]), (&3.into(), &1.into()));
    assert_eq!((&counts["reparos"], &counts["rechazados"]), (&1.into(), &1.into()));
    let listed = status["detalle_rep_rech"].as_array().expect("a list");
    assert_eq!(listed.iter().map(|d| d["folio"].as_u64()).collect::<Vec<_>>(), [Some(8), Some(9)]);
    assert_eq!((&listed[0]["estado"], &listed[1]["estado"]), (&"RLV".into(), &"RCH".into()));
}

#[test]
fn the_same_file_again_is_known_on_one_channel_and_repeated_on_the_other() {
    let client = Client::new();
    let first = client.deliver_file(Dte, &facturas(&[]));
    // A signature is the same bytes each time, so the maker's file is too.
    let again = client.upload(Dte, &facturas(&[])).body_text();
    let text = format!(
        "Archivo ya fue enviado 1 veces con Trackid {first}. Debe esperar 900 segundos antes de reintentar"
    );
    assert!(again.contains("<STATUS>99</STATUS>") && again.contains(&text), "{again}");

    let first = client.deliver_file(Boleta, &boletas(&[]));
    let second = client.deliver_file(Boleta, &boletas(&[]));
    assert_ne!(first, second);
    client.wait(50);
    assert_eq!(client.boleta_status(&first)["estado"], "EPR");
    let status = client.boleta_status(&second);
    assert_eq!(status["estado"], "RPT");
    assert_eq!(status["detalle_rep_rech"][0]["error"][0]["codigo"], 100);
    let ledger = client.sim.ledger();
    assert_eq!(ledger.totals.accepted, 2);
    assert_eq!(ledger.totals.duplicated, 2);
    assert_eq!(ledger.document("T33F5").expect("there").offered, 2);
}

#[test]
fn a_file_whose_documents_were_rejected_is_no_repetition() {
    let client = Client::new();
    // Its code is 100 too, but of another section.
    let wrong = boleta(7).with(&[change(Document, "<MontoItem>1804", "<MontoItem>1904")]);
    let file = latin1(&envelope("EnvioBOLETA", &[(39, wrong.make())], &[]));
    client.deliver_file(Boleta, &file);
    client.wait(50);
    let again = client.deliver_file(Boleta, &file);
    client.wait(50);
    assert_eq!(client.boleta_status(&again)["estado"], "EPR");
}

#[test]
fn after_its_900_seconds_the_same_file_is_taken_again_and_its_documents_are_repeated() {
    let client = Client::new();
    let first = client.deliver_file(Dte, &facturas(&[]));
    client.wait(899);
    assert_eq!(status(&client.upload(Dte, &facturas(&[]))), "99");
    client.wait(900);
    let second = client.deliver_file(Dte, &facturas(&[]));
    client.wait(50);
    let counts = |track: &str| {
        let status = client.dte_status(track);
        (between(&status, "<ACEPTADOS>", "<").to_owned(), between(&status, "<RECHAZADOS>", "<").to_owned())
    };
    assert_eq!(counts(&first), ("1".to_owned(), "0".to_owned()));
    assert_eq!(counts(&second), ("0".to_owned(), "1".to_owned()));
    assert_eq!(client.sim.ledger().document("T33F5").expect("there").verdict, "accepted");
}

#[test]
fn a_dead_line_stores_nothing() {
    let client = Client::new();
    let request = upload(Dte, &client.token(Dte), &facturas(&[]));
    client.sim.set_outage(true);
    assert_eq!(client.ask(Host::Dte, &request), Outcome::DropBefore);
    assert_eq!(client.sim.ledger().totals.documents, 0);
    client.sim.set_outage(false);
    assert_eq!(status(&client.send(Dte, &request)), "0");
    assert_eq!(root(Dte), "EnvioDTE");
}
