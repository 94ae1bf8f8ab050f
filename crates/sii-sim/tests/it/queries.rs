//! Questions about uploads and documents.

use crate::{
    client::{Boleta, Client, Dte, get},
    maker::{Stage::Document, between, boleta, change, credit_note, factura},
};
use sii_sim::Host;

fn document_state(client: &Client, changes: &[(usize, &str)]) -> String {
    let token = client.token(Dte);
    let mut values =
        ["11111111", "1", "99999999", "9", "77777777", "7", "33", "5", "15012026", "41784", token.as_str()];
    for (index, value) in changes {
        values[*index] = value;
    }
    let answer = client.document_state(values);
    between(&answer, "<ESTADO>", "</ESTADO>").to_owned()
}

#[test]
fn a_factura_is_known_once_it_is_processed() {
    let client = Client::new();
    client.deliver(Dte, &[(33, factura(5).make())]);
    assert_eq!(document_state(&client, &[]), "FAU", "still in process");
    client.wait(50);
    assert_eq!(document_state(&client, &[]), "DOK");
    assert_eq!(document_state(&client, &[(9, "41785")]), "DNK");
    assert_eq!(document_state(&client, &[(8, "16012026")]), "DNK");
    assert_eq!(document_state(&client, &[(4, "76192083"), (5, "9")]), "DNK");
    assert_eq!(document_state(&client, &[(7, "6")]), "FAU");
    assert_eq!(document_state(&client, &[(2, "88888888"), (3, "8")]), "EMP");
    assert_eq!(document_state(&client, &[(8, "15-01-2026")]), "-3");
    assert_eq!(document_state(&client, &[(0, "22222222"), (1, "2")]), "-3");
    assert_eq!(document_state(&client, &[(10, "AAAAAAAAAAAAA")]), "001");
}

#[test]
fn a_factura_that_a_note_corrects_says_so_once_the_note_is_processed() {
    let client = Client::new();
    client.deliver(Dte, &[(33, factura(5).make())]);
    client.wait(50);
    client.deliver(Dte, &[(61, credit_note(2, 5).make())]);
    assert_eq!(document_state(&client, &[]), "DOK");
    client.wait(50);
    assert_eq!(document_state(&client, &[]), "ANC");
    let amounts = credit_note(3, 5).with(&[change(Document, "<CodRef>1", "<CodRef>3")]);
    client.deliver(Dte, &[(61, amounts.make())]);
    client.wait(50);
    assert_eq!(document_state(&client, &[]), "MMC");
    assert_eq!(document_state(&client, &[(9, "41785")]), "DNK");
}

#[test]
fn the_advanced_question_knows_the_very_document() {
    let client = Client::new();
    let dte = factura(5).make();
    let signature = between(&dte, "<SignatureValue>", "</SignatureValue>").to_owned();
    client.deliver(Dte, &[(33, dte)]);
    let received = |signature: &str| {
        let token = client.token(Dte);
        let arguments = [
            ("RutEmpresa", "99999999"),
            ("DvEmpresa", "9"),
            ("RutReceptor", "77777777"),
            ("DvReceptor", "7"),
            ("TipoDte", "33"),
            ("FolioDte", "5"),
            ("FechaEmisionDte", "15012026"),
            ("MontoDte", "41784"),
            ("FirmaDte", signature),
            ("Token", &token),
        ];
        let answer = client.soap("/DTEWS/services/QueryEstDteAv", "getEstDteAv", &arguments);
        between(&answer, "<RECIBIDO>", "</RECIBIDO>").to_owned()
    };
    assert_eq!(received(&signature), "NO", "still in process");
    client.wait(50);
    assert_eq!(received(&signature), "SI");
    assert_eq!(received("AAAA"), "NO");
}

#[test]
fn the_advanced_question_has_its_own_codes() {
    let client = Client::new();
    let token = client.token(Dte);
    let code = |changes: &[(usize, &str)]| {
        let mut values = ["99999999", "9", "77777777", "7", "33", "5", "15012026", "41784", "AAAA", &token];
        for (index, value) in changes {
            values[*index] = value;
        }
        let names = [
            "RutEmpresa",
            "DvEmpresa",
            "RutReceptor",
            "DvReceptor",
            "TipoDte",
            "FolioDte",
            "FechaEmisionDte",
            "MontoDte",
            "FirmaDte",
            "Token",
        ];
        let arguments: Vec<(&str, &str)> = names.into_iter().zip(values).collect();
        let answer = client.soap("/DTEWS/services/QueryEstDteAv", "getEstDteAv", &arguments);
        between(&answer, "<ERR_CODE>", "</ERR_CODE>").to_owned()
    };
    assert_eq!(code(&[]), "0");
    assert_eq!(code(&[(6, "15-01-2026")]), "5");
    assert_eq!(code(&[(0, "88888888"), (1, "8")]), "9");
    assert_eq!(code(&[(9, "AAAAAAAAAAAAA")]), "2");
    client.wait(3601);
    assert_eq!(code(&[]), "1");
}

#[test]
fn an_upload_is_told_to_its_company_only() {
    let client = Client::new();
    let track = client.deliver(Dte, &[(33, factura(5).make())]);
    assert!(client.dte_status(&track).contains("<ESTADO>REC</ESTADO>"));
    assert!(client.dte_status("0000000001").contains("<ESTADO>-11</ESTADO>"));
    let arguments =
        [("RutCompania", "99999999"), ("DvCompania", "9"), ("TrackId", track.as_str()), ("Token", "x")];
    let answer = client.soap("/DTEWS/QueryEstUp.jws", "getEstUp", &arguments);
    assert!(answer.contains("<ESTADO>001</ESTADO>") && answer.contains("TOKEN NO EXISTE"));
}

#[test]
fn a_boleta_is_asked_for_with_four_parameters() {
    let client = Client::new();
    client.deliver(Boleta, &[(39, boleta(7).make())]);
    client.wait(50);
    let ask = |query: &str| {
        let token = client.token(Boleta);
        let path = format!("boleta.electronica/99999999-9-39-7/estado{query}");
        let reply = client.reply(Host::BoletaQuery, &get(&path, Some(&token)));
        (reply.status, reply.body_text())
    };
    let whole = "?rut_receptor=66666666&dv_receptor=6&monto=10784&fechaEmision=15-01-2026";
    assert!(ask(whole).1.contains("\"codigo\":\"DOK\""));
    assert!(ask(&whole.replace("10784", "10785")).1.contains("\"codigo\":\"DNK\""));
    let factura = get("boleta.electronica/99999999-9-33-7/estado", Some(&client.token(Boleta)));
    let reply = client.reply(Host::BoletaQuery, &factura);
    assert_eq!((reply.status, reply.body_text().as_str()), (404, "No existe recurso"));
    assert_eq!(ask(""), (200, "falta rut_receptor".to_owned()));
    assert_eq!(ask(&whole.replace("monto", "total")), (200, "falta monto".to_owned()));
    assert_eq!(ask(&whole.replace("15-01-2026", "2026-01-15")).0, 400);
    let unknown = get(&format!("boleta.electronica.envio/99999999-9-{}", 1), Some(&client.token(Boleta)));
    let reply = client.reply(Host::BoletaQuery, &unknown);
    assert_eq!((reply.status, reply.body_text().as_str()), (404, "No existe recurso"));
    assert_eq!(
        client.reply(Host::BoletaQuery, &get("boleta.electronica.envio/99999999-9-1", None)).status,
        400
    );
}
