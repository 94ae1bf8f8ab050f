//! Questions byte for byte, and the answers that the SII's manuals and others' tests show.

use std::time::Duration;

use timbre_core::{Conduct, Effect, Environment, Pass, Request};

use super::claims::{Act, Answer, Factura};
use super::mail::Mail;
use super::*;
use crate::answer::Reply;
use crate::fixture::{TestKeys, company};

fn with<T>(environment: Environment, pass: Option<&Pass>, ask: impl FnOnce(&Cx<'_>) -> T) -> T {
    let conduct = Conduct {
        user_agent: crate::hosts::USER_AGENT.to_owned(),
        first_poll: Duration::ZERO,
        quick_poll: Duration::ZERO,
        polls: vec![],
        absence_after: Duration::ZERO,
        absence_gap: Duration::ZERO,
        settle_after: Duration::ZERO,
        data_alone: false,
    };
    ask(&Cx {
        now: "2026-03-01T12:00:00Z".parse().unwrap(),
        entropy: [7; 32],
        keys: TestKeys::get(),
        pass,
        company: &company(),
        environment,
        simulator: None,
        conduct: &conduct,
        repeated: false,
    })
}

fn pass() -> Pass {
    Pass::new("a<b".to_owned())
}

fn hear<T>(status: u16, text: &str, hear: impl FnOnce(Reply<'_>) -> T) -> T {
    hear(Reply { status, headers: &[], body: text.as_bytes() })
}

fn body(request: &Request) -> String {
    String::from_utf8(request.body.to_vec()).unwrap()
}

fn factura() -> Factura {
    Factura { issuer: "76192083-9".parse().unwrap(), kind: 33, folio: 41 }
}

fn soap(inner: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\">\n<soapenv:Body>\
         {inner}</soapenv:Body></soapenv:Envelope>"
    )
}

fn registry(inner: &str) -> String {
    soap(&format!(
        "<ns:xResponse xmlns:ns=\"http://ws.registroreclamodte.diii.sdi.sii.cl\"><return>{inner}</return></ns:xResponse>"
    ))
}

#[test]
fn nothing_is_asked_without_a_pass_or_a_host() {
    let none = |environment, pass: Option<&Pass>| {
        with(environment, pass, |cx| claims::ask_history(cx, &factura()).err().map(|e| e.to_string()))
    };
    assert!(none(Environment::Production, None).is_some());
    assert!(none(Environment::Training, Some(&pass())).is_some());
    assert!(with(Environment::Production, None, |cx| mail::ask(cx, "1").is_err()));
    assert!(with(Environment::Production, None, |cx| version::ask(cx).is_ok()));
}

#[test]
fn the_version_tells_that_the_sii_is_there() {
    let request = with(Environment::Certification, None, |cx| version::ask(cx).unwrap());
    assert_eq!(
        (request.url.as_str(), request.effect),
        ("https://maullin.sii.cl/DTEWS/CrSeed.jws", Effect::Query)
    );
    assert!(body(&request).contains("<ns1:getVersion "));
    let answer = soap(
        "<getVersionResponse><ns1:getVersionReturn xmlns:ns1='n'>1.1</ns1:getVersionReturn></getVersionResponse>",
    );
    assert_eq!(hear(200, &answer, version::hear).as_deref(), Some("1.1"));
    assert_eq!(hear(200, &answer[..answer.len() - 1], version::hear), None);
    assert_eq!(hear(200, "<html></html>", version::hear), None);
}

#[test]
fn the_mail_with_the_results_is_asked_for_again() {
    let request = with(Environment::Production, Some(&pass()), |cx| mail::ask(cx, "0251552460").unwrap());
    assert_eq!(request.url, "https://palena.sii.cl/DTEWS/services/wsDTECorreo");
    let text = body(&request);
    let order = [
        "<Token xsi:type=\"xsd:string\">a&lt;b<",
        ">76192083<",
        ">9<",
        "<TrackId xsi:type=\"xsd:string\">0251552460<",
    ];
    let places: Vec<_> = order.iter().map(|part| text.find(part).unwrap()).collect();
    assert!(places.is_sorted() && text.contains("<ns1:reenvioCorreo "), "{text}");
    let answer = |state: &str| {
        soap(&format!(
            "<r><xReturn><![CDATA[<SII:RESPUESTA xmlns:SII=\"u\"><SII:RESP_HDR><SII:ESTADO>{state}</SII:ESTADO><SII:GLOSA>g\
             </SII:GLOSA></SII:RESP_HDR></SII:RESPUESTA>]]></xReturn></r>"
        ))
    };
    for (state, told) in [
        ("0", "sent"),
        ("00", "sent"),
        ("114", "later CORREO 114"),
        ("103", "later CORREO 103"),
        ("999", "later CORREO 999"),
        ("104", "pass CORREO 104"),
        ("001", "pass ESTADO 001"),
        ("106", "refused CORREO 106"),
        ("105", "refused CORREO 105"),
    ] {
        let said = match hear(200, &answer(state), mail::hear) {
            Mail::Sent => "sent".to_owned(),
            Mail::Later(why) => format!("later {}", why.code),
            Mail::NoPass(why) => format!("pass {}", why.code),
            Mail::Refused(why) => format!("refused {}", why.code),
            Mail::Unclear => "unclear".to_owned(),
        };
        assert_eq!(said, told);
    }
    assert_eq!(hear(500, "Error 500", mail::hear), Mail::Unclear);
    // An error's page may come from whatever stands between, whatever it looks like.
    for status in [302, 403, 429, 500, 502, 503] {
        for state in ["0", "114", "105"] {
            assert_eq!(hear(status, &answer(state), mail::hear), Mail::Unclear, "{status} {state}");
        }
    }
    assert!(matches!(hear(401, "", mail::hear), Mail::NoPass(_)));
}

#[test]
fn the_registry_is_asked_in_its_own_words() {
    let request = with(Environment::Certification, Some(&pass()), |cx| {
        claims::ask_act(cx, &factura(), Act::ClaimPart).unwrap()
    });
    assert_eq!(request.url, "https://ws2.sii.cl/WSREGISTRORECLAMODTECERT/registroreclamodteservice");
    assert!(request.headers.contains(&("Cookie".to_owned(), "TOKEN=a<b".to_owned())));
    assert_eq!(
        body(&request),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:ws=\"http://ws.registroreclamodte.diii.sdi.sii.cl\"><soapenv:Body><ws:ingresarAceptacionReclamoDoc>\
         <rutEmisor>76192083</rutEmisor><dvEmisor>9</dvEmisor><tipoDoc>33</tipoDoc><folio>41</folio><accionDoc>RFP</accionDoc>\
         </ws:ingresarAceptacionReclamoDoc></soapenv:Body></soapenv:Envelope>"
    );
    with(Environment::Production, Some(&pass()), |cx| {
        for (request, operation) in [
            (claims::ask_history(cx, &factura()), "listarEventosHistDoc"),
            (claims::ask_cedible(cx, &factura()), "consultarDocDteCedible"),
            (claims::ask_reception(cx, &factura()), "consultarFechaRecepcionSii"),
        ] {
            let request = request.unwrap();
            assert!(body(&request).contains(&format!("<ws:{operation}><rutEmisor>")));
            assert!(request.url.starts_with("https://ws1.sii.cl/WSREGISTRORECLAMODTE/"));
        }
    });
}

fn told<T>(answer: Answer<T>) -> String {
    match answer {
        Answer::Told(_) => "told".to_owned(),
        Answer::NoPass(why) => format!("pass {}", why.code),
        Answer::Refused(why) => format!("refused {}", why.code),
        Answer::Later(why) => format!("later {}", why.code),
        Answer::Unclear => "unclear".to_owned(),
    }
}

#[test]
fn an_act_is_registered_once_however_often_it_is_said() {
    for (code, outcome) in [
        ("0", "told"),
        ("7", "told"),
        ("8", "refused RECLAMO 8"),
        ("14", "refused RECLAMO 14"),
        ("-1", "later RECLAMO -1"),
        ("77", "later RECLAMO 77"),
    ] {
        let text = registry(&format!("<codResp>{code}</codResp><descResp>Lo que sea</descResp>"));
        assert_eq!(told(hear(200, &text, claims::hear_act)), outcome);
    }
    for status in [302, 500, 502, 503] {
        let text = registry("<codResp>0</codResp><descResp>Lo que sea</descResp>");
        assert_eq!(told(hear(status, &text, claims::hear_act)), "unclear");
        let moment = registry("21-02-2017 19:02:03");
        assert_eq!(told(hear(status, &moment, claims::hear_reception)), "unclear");
    }
    let fault = soap(
        "<soapenv:Fault><faultcode>x</faultcode><faultstring>Error de Autenticacion: TOKEN invalido</faultstring></soapenv:Fault>",
    );
    for status in [200, 500] {
        assert_eq!(told(hear(status, &fault, claims::hear_act)), "pass RECLAMO TOKEN");
        assert_eq!(told(hear(status, &fault, claims::hear_reception)), "pass RECLAMO TOKEN");
    }
    assert_eq!(told(hear(401, "", claims::hear_act)), "pass RECLAMO TOKEN");
    for text in
        ["", "<html></html>", &registry("<codResp>0</codResp>")[..60], &registry("<descResp>x</descResp>")]
    {
        assert_eq!(told(hear(200, text, claims::hear_act)), "unclear");
    }
}

/// One event or several, in both forms of date that were seen.
#[test]
fn a_history_has_its_events_in_order() {
    let one = "<listaEventosDoc><codEvento>ERM</codEvento><descEvento>Otorga Recibo</descEvento><rutResponsable>45000055</rutResponsable>\
               <dvResponsable>8</dvResponsable><fechaEvento>29-12-2016 12:05:36</fechaEvento></listaEventosDoc>";
    let two = one.replace("ERM", "RFT").replace("29-12-2016 12:05:36", "2026-09-20");
    let text = registry(&format!("<codResp>15</codResp><descResp>Listado</descResp>{one}{two}"));
    let Answer::Told(events) = hear(200, &text, claims::hear_history) else { panic!() };
    let short: Vec<_> = events
        .iter()
        .map(|e| (e.what.code.as_str(), e.by.as_str(), e.at.map(|at| at.to_string()).unwrap_or_default()))
        .collect();
    assert_eq!(
        short,
        [
            ("ERM", "45000055-8", "2016-12-29T12:05:36".to_owned()),
            ("RFT", "45000055-8", "2026-09-20T00:00:00".to_owned())
        ]
    );
    assert!(events[1].what.meaning.contains("no llegó"));
    let none = registry("<codResp>16</codResp><descResp>No presenta eventos</descResp>");
    assert_eq!(hear(200, &none, claims::hear_history), Answer::Told(vec![]));
    let absent = registry("<codResp>18</codResp><descResp>No recibido</descResp>");
    assert_eq!(told(hear(200, &absent, claims::hear_history)), "refused RECLAMO 18");
}

#[test]
fn the_day_of_reception_is_a_bare_text() {
    let Answer::Told(at) = hear(200, &registry("21-02-2017 19:02:03"), claims::hear_reception) else {
        panic!()
    };
    assert_eq!(at.to_string(), "2017-02-21T19:02:03");
    for (text, outcome) in [
        (registry(""), "unclear"),
        (registry("mañana"), "unclear"),
        (registry("<codResp>18</codResp><descResp>x</descResp>"), "refused RECLAMO 18"),
        (registry("<codResp>0</codResp>"), "unclear"),
    ] {
        assert_eq!(told(hear(200, &text, claims::hear_reception)), outcome, "{text}");
    }
}

proptest::proptest! {
    /// Whatever comes, nothing is taken for done.
    #[test]
    fn any_bytes_are_no_answer(body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200), status in 100u16..600) {
        let reply = Reply { status, headers: &[], body: &body };
        proptest::prop_assert!(matches!(mail::hear(reply), Mail::Unclear | Mail::NoPass(_)));
        proptest::prop_assert!(matches!(claims::hear_act(reply), Answer::Unclear | Answer::NoPass(_)));
        proptest::prop_assert!(matches!(claims::hear_history(reply), Answer::Unclear | Answer::NoPass(_)));
        proptest::prop_assert!(matches!(claims::hear_reception(reply), Answer::Unclear | Answer::NoPass(_)));
        proptest::prop_assert_eq!(version::hear(reply), None);
    }
}
