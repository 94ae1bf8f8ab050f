//! Seeds, `getToken` and tokens.

use crate::{
    client::{Boleta, Client, Dte, get, header, soap},
    maker::{C14N, ENVELOPED, Signatory, between, seller},
};
use sii_sim::{Config, Holder, Host, Rules};

const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// `ESTADO` of the answer to a login changed so, on both channels.
#[track_caller]
fn denied(edit: impl Fn(String) -> String, estado: &str) {
    for channel in [Dte, Boleta] {
        let client = Client::new();
        let signed = edit(seller().login(&client.seed(channel)));
        let answer = client.login(channel, &signed);
        assert_eq!(between(&answer, "<ESTADO>", "</ESTADO>"), estado, "{answer}");
        assert!(!answer.contains("<TOKEN>"));
    }
}

#[test]
fn a_signed_seed_brings_a_token_on_either_channel() {
    let client = Client::new();
    assert_eq!(client.seed(Dte).len(), 12);
    assert_eq!((client.token(Dte).len(), client.token(Boleta).len()), (13, 13));
}

#[test]
fn the_document_must_be_exact() {
    denied(|text| text.split_once('\n').expect("two lines").1.to_owned(), "11");
    denied(|text| text + "\n", "01");
    denied(|text| text.replace("</item>", "<item>"), "02");
    denied(|text| text.replace("Semilla>", "Seed>"), "05");
    denied(|text| text.replace("<getToken>", "<getToken >").replace("<item>", "<item> "), "05");
}

#[test]
fn what_is_signed_must_be_a_seed_and_nothing_else() {
    let sign = |text: String| {
        let end = text.rfind("</").expect("an end tag");
        let signature = seller().sign_xml("", ENVELOPED, &text, "");
        format!("<?xml version=\"1.0\"?>\n{}{signature}{}", &text[..end], &text[end..])
    };
    let client = Client::new();
    let estado = |text: String| {
        let answer = client.login(Boleta, &sign(text));
        between(&answer, "<ESTADO>", "</ESTADO>").to_owned()
    };
    let seed = || client.seed(Boleta);
    assert_eq!(estado(format!("<getToken><item><Semilla>{}</Semilla></item></getToken>", seed())), "00");
    for text in [
        format!("<gettoken><item><Semilla>{}</Semilla></item></gettoken>", seed()),
        format!("<getToken><item><Semilla>{}</Semilla></item><more></more></getToken>", seed()),
        "<getToken><item><Semilla>123</Semilla></item></getToken>".to_owned(),
        format!("<getToken><Semilla>{}</Semilla></getToken>", seed()),
    ] {
        assert_eq!(estado(text.clone()), "06", "{text}");
    }
}

#[test]
fn the_login_of_the_wild_is_taken_only_when_it_holds() {
    let rules = Rules { official_only: false, ..Rules::default() };
    let client = Client::of(Config { rules, ..Config::default() });
    let sign = |transform: &str, text: &str| {
        let end = text.rfind("</").expect("an end tag");
        let signature = seller().sign_xml("", transform, text, "");
        format!("{}{signature}\n{}", &text[..end], &text[end..])
    };
    let estado = |signed: &str| between(&client.login(Dte, signed), "<ESTADO>", "</ESTADO>").to_owned();
    let bare = |seed: &str| format!("<getToken><Semilla>{seed}</Semilla></getToken>");
    assert_eq!(estado(&sign(C14N, &bare(&client.seed(Dte)))), "00");
    assert_eq!(estado(&sign(ENVELOPED, &bare(&client.seed(Dte)))), "00");
    assert_eq!(estado(&sign("urn:other", &bare(&client.seed(Dte)))), "05");
    let other = sign(C14N, &bare(&client.seed(Dte))).replace("<Semilla>", "<Semilla>0");
    assert_eq!(estado(&other), "05");
    assert_eq!(estado(&sign(C14N, "<getToken><other></other></getToken>")), "06");
}

#[test]
fn its_signature_must_hold() {
    denied(|text| text[..text.find("<Signature").expect("signed")].to_owned() + "</getToken>", "04");
    denied(|text| text.replace(ENVELOPED, crate::maker::C14N), "05");
    denied(|text| text.replace("<DigestValue>", "<DigestValue>A"), "05");
    denied(|text| text.replace("<SignatureValue>", "<SignatureValue>AAAA"), "05");
    denied(|text| text.replace("rsa-sha1", "rsa-sha256"), "05");
    denied(
        |text| {
            text.replace("Signature xmlns=", "ds:Signature xmlns:ds=")
                .replace("</Signature>", "</ds:Signature>")
        },
        "10",
    );
    denied(
        |text| {
            let certificate = between(&text, "<X509Data>", "</X509Data>").to_owned();
            text.replace(&format!("<X509Data>{certificate}</X509Data>"), "")
        },
        "11",
    );
    denied(
        |text| {
            let other = Signatory::new(&Holder::default()).login("000000000000");
            let modulus = |text: &str| between(text, "<Modulus>", "</Modulus>").to_owned();
            text.replace(&modulus(&text), &modulus(&other))
        },
        "21",
    );
    denied(
        |text| {
            let key = between(&text, "<KeyValue>", "</KeyValue>").to_owned();
            let key = format!("<KeyValue>{key}</KeyValue>");
            text.replace(&key, "").replace("</X509Data>", &format!("</X509Data>{key}"))
        },
        "05",
    );
    assert!(seller().login("1").contains(DSIG));
    // Sound, and not the official form: a reference with a name, another transform.
    for (uri, transform) in [("#a", ENVELOPED), ("", C14N)] {
        denied(
            |text| {
                let seed = between(&text, "<Semilla>", "</Semilla>").to_owned();
                let signed = format!("<getToken><item><Semilla>{seed}</Semilla></item></getToken>");
                let signature = seller().sign_xml(uri, transform, &signed, "");
                let root = signed.replace("</getToken>", &format!("{signature}</getToken>"));
                format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{root}")
            },
            "05",
        );
    }
}

#[test]
fn the_certificate_must_be_known_in_time_and_enabled() {
    let expired = Holder { not_after: "20260114000000Z".to_owned(), ..Holder::default() };
    let other = Holder { rut: "22222222-2".to_owned(), ..Holder::default() };
    for (signatory, estado) in
        [(Signatory::self_made(), "10"), (Signatory::new(&expired), "-3"), (Signatory::new(&other), "-07")]
    {
        let client = Client::new();
        let answer = client.login(Boleta, &signatory.login(&client.seed(Boleta)));
        assert_eq!(between(&answer, "<ESTADO>", "</ESTADO>"), estado, "{answer}");
    }
}

#[test]
fn a_seed_is_good_once_for_two_minutes_on_its_channel() {
    let client = Client::new();
    let estado = |answer: &str| between(answer, "<ESTADO>", "</ESTADO>").to_owned();
    let seed = client.seed(Dte);
    assert_eq!(estado(&client.login(Boleta, &seller().login(&seed))), "08");
    assert_eq!(estado(&client.login(Dte, &seller().login(&seed))), "00");
    assert_eq!(estado(&client.login(Dte, &seller().login(&seed))), "08");
    assert_eq!(estado(&client.login(Dte, &seller().login("000000000001"))), "08");
    let last = client.seed(Dte);
    client.wait(120);
    assert_eq!(estado(&client.login(Dte, &seller().login(&last))), "00", "to the second");
    let late = client.seed(Dte);
    client.wait(121);
    let answer = client.login(Dte, &seller().login(&late));
    assert!(answer.contains("TIME-OUT DEL SEED"));
}

#[test]
fn a_token_lasts_an_hour_from_its_last_use() {
    let client = Client::new();
    let token = client.token(Boleta);
    let status = |client: &Client| {
        client.reply(Host::BoletaQuery, &get("boleta.electronica.envio/99999999-9-1", Some(&token))).status
    };
    for _ in 0..3 {
        client.wait(3600);
        assert_eq!(status(&client), 404);
    }
    client.wait(3601);
    assert_eq!(status(&client), 401);
}

#[test]
fn a_scenario_may_end_tokens_early() {
    let client = Client::in_weather("token_uses = 2");
    let token = client.token(Boleta);
    let request = get("boleta.electronica.envio/99999999-9-1", Some(&token));
    let statuses: Vec<u16> = (0..3).map(|_| client.reply(Host::BoletaQuery, &request).status).collect();
    assert_eq!(statuses, [404, 404, 401]);
}

#[test]
fn the_soap_door_is_particular() {
    let client = Client::new();
    let sound = || soap("/DTEWS/CrSeed.jws", "getSeed", &[]);
    assert_eq!(client.reply(Host::Dte, &sound()).status, 200);
    let mut request = sound();
    request.headers.retain(|(name, _)| name != "SOAPAction");
    assert_eq!(client.reply(Host::Dte, &request).status, 500);
    let mut request = sound();
    request.headers[0] = header("Content-Type", "application/xml");
    assert_eq!(client.reply(Host::Dte, &request).status, 500);
    let mut request = soap("/DTEWS/GetTokenFromSeed.jws", "getToken", &[("pszXml", "x")]);
    request.body = String::from_utf8(request.body)
        .expect("text")
        .replace(" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"", "")
        .into_bytes();
    let reply = client.reply(Host::Dte, &request);
    assert!(reply.status == 500 && reply.body_text().contains("SAXParseException"));
    let six =
        [("RutCompania", "1"), ("DvCompania", "9"), ("TrackId", "1"), ("Token", "x"), ("a", "1"), ("b", "2")];
    let reply = client.reply(Host::Dte, &soap("/DTEWS/QueryEstUp.jws", "getEstUp", &six));
    assert!(reply.status == 500 && reply.body_text().contains("No such operation 'getEstUp'"));
}
