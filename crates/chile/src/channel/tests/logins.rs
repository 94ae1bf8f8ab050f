use super::*;
use timbre_core::{Effect, Environment, Method, Sent};

const SEED: &str = "<SII:RESP_BODY><SEMILLA>030530912644</SEMILLA></SII:RESP_BODY><SII:RESP_HDR><ESTADO>00</ESTADO></SII:RESP_HDR>";
const GRANT: &str = "<SII:RESP_HDR><ESTADO>00</ESTADO></SII:RESP_HDR><SII:RESP_BODY><TOKEN>XAuSbYXiNh9Ik</TOKEN></SII:RESP_BODY>";

fn bare(inner: &str) -> Heard {
    reply(200, &format!("<SII:RESPUESTA xmlns:SII=\"u\">{inner}</SII:RESPUESTA>"))
}

#[test]
fn a_boleta_login_is_two_rest_calls() {
    let (desk, channel) = (desk(), BoletaChannel::new());
    let seed = channel.login(&desk.cx()).unwrap();
    let request = asks(&seed);
    assert_eq!((request.method, request.effect, request.secret), (Method::Get, Effect::Query, true));
    assert_eq!(request.url, "http://127.0.0.1:4582/recursos/v1/boleta.electronica.semilla");
    assert_eq!(header_of(request, "User-Agent"), Some("Mozilla/4.0 ( compatible; PROG 1.0; Windows NT)"));
    let token = desk.go_on(&channel, &seed, bare(SEED), &[]);
    let request = asks(&token);
    assert_eq!((request.method, request.secret), (Method::Post, true));
    assert_eq!(request.url, "http://127.0.0.1:4582/recursos/v1/boleta.electronica.token");
    assert_eq!(header_of(request, "Content-Type"), Some("application/xml"));
    let body = std::str::from_utf8(&request.body).unwrap();
    assert!(
        body.contains("<DigestValue>l2s9BqLppHaWo+w1Al1J5SsYScs=</DigestValue>")
            && body.ends_with("</getToken>")
    );
    let granted = desk.go_on(&channel, &token, bare(GRANT), &[]);
    assert!(matches!(&granted, Step::Granted(pass) if pass.expose() == TOKEN));
    assert!(!format!("{granted:?}{token:?}").contains(TOKEN));
}

#[test]
fn a_dte_login_is_two_soap_calls() {
    let (desk, channel) = (desk(), DteChannel::new());
    let seed = channel.login(&desk.cx()).unwrap();
    assert_eq!(asks(&seed).url, "http://127.0.0.1:4581/DTEWS/CrSeed.jws");
    assert_eq!(header_of(asks(&seed), "SOAPAction"), Some("\"\""));
    let token = desk.go_on(&channel, &seed, soap_reply(SEED), &[]);
    assert_eq!(asks(&token).url, "http://127.0.0.1:4581/DTEWS/GetTokenFromSeed.jws");
    let body = std::str::from_utf8(&asks(&token).body).unwrap();
    assert!(body.contains(
        "<pszXml xsi:type=\"xsd:string\">&lt;?xml version=\"1.0\" encoding=\"UTF-8\"?&gt;\n&lt;getToken&gt;"
    ));
    assert!(matches!(desk.go_on(&channel, &token, soap_reply(GRANT), &[]), Step::Granted(_)));
}

#[test]
fn an_interrupted_login_begins_again() {
    let (desk, channel) = (desk(), BoletaChannel::new());
    let seed = channel.login(&desk.cx()).unwrap();
    let token = desk.go_on(&channel, &seed, bare(SEED), &[]);
    let again = desk.go_on(&channel, &token, Heard::Elapsed, &[]);
    assert_eq!(asks(&again).what, "semilla");
}

#[test]
fn a_spent_seed_is_asked_for_again_and_not_for_ever() {
    let (desk, channel) = (desk(), DteChannel::new());
    let mut step = channel.login(&desk.cx()).unwrap();
    let mut seeds = 0;
    while !is_done(&step) {
        step = match asks(&step).what {
            "semilla" => {
                seeds += 1;
                desk.go_on(&channel, &step, soap_reply(SEED), &[])
            }
            _ => desk.go_on(&channel, &step, header("08"), &[]),
        };
    }
    assert_eq!((seeds, told(&step)), (3, vec!["TF0 refused ChannelForNow TOKEN 08".to_owned()]));
}

#[test]
fn a_login_that_fails_says_why() {
    let (desk, channel) = (desk(), DteChannel::new());
    let seed = channel.login(&desk.cx()).unwrap();
    let token = desk.go_on(&channel, &seed, soap_reply(SEED), &[]);
    for (heard, outcome) in [
        (header("10"), "TF0 refused Channel TOKEN 10"),
        (header("-07"), "TF0 refused Channel TOKEN -07"),
        (header("07"), "TF0 refused ChannelForNow TOKEN 07"),
        (reply(503, ""), "TF0 refused ChannelForNow HTTP 503"),
        (reply(200, "<html>"), "TF0 refused ChannelForNow ILEGIBLE"),
        (reply(302, ""), "TF0 refused ChannelForNow HTTP 302"),
        (reply(404, "<html>"), "TF0 refused ChannelForNow HTTP 404"),
        (silence(Sent::No), "TF0 refused ChannelForNow SIN RESPUESTA"),
        (silence(Sent::Perhaps), "TF0 refused ChannelForNow SIN RESPUESTA"),
    ] {
        assert_eq!(told(&desk.go_on(&channel, &token, heard, &[])), [outcome]);
    }
}

#[test]
fn training_without_a_simulator_asks_nobody() {
    let desk = desk();
    for simulator in [None, Some("https://palena.sii.cl")] {
        let cx = Cx { simulator, ..desk.cx() };
        let step = DteChannel::new().login(&cx).unwrap();
        assert_eq!(told(&step), ["TF0 refused Channel SIN SIMULADOR"]);
        let step = BoletaChannel::new().probe(&boletas(1)[0], &cx).unwrap();
        assert_eq!(told(&step), ["T39F1 refused Channel SIN SIMULADOR"]);
    }
    let cx = Cx { environment: Environment::Production, ..desk.cx() };
    let step = BoletaChannel::new().login(&cx).unwrap();
    assert_eq!(asks(&step).url, "https://api.sii.cl/recursos/v1/boleta.electronica.semilla");
}
