use super::*;

const SEED: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><SII:RESPUESTA xmlns:SII=\"http://www.sii.cl/XMLSchema\"><SII:RESP_BODY>\
    <SEMILLA>168441616904</SEMILLA></SII:RESP_BODY><SII:RESP_HDR><ESTADO>00</ESTADO></SII:RESP_HDR></SII:RESPUESTA>";
const TOKEN: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><SII:RESPUESTA xmlns:SII=\"http://www.sii.cl/XMLSchema\"><SII:RESP_HDR>\
    <ESTADO>00</ESTADO><GLOSA>Token Creado</GLOSA></SII:RESP_HDR><SII:RESP_BODY><TOKEN>XAuSbYXiNh9Ik</TOKEN></SII:RESP_BODY>\
    </SII:RESPUESTA>";

fn told(login: Login) -> String {
    match login {
        Login::Got(secret) => format!("got {secret}"),
        Login::NewSeed(why) => format!("seed {}", why.code),
        Login::Later(why) => format!("later {}", why.code),
        Login::Stop(why) => format!("stop {}", why.code),
    }
}

#[test]
fn seeds_come_in_several_shapes() {
    let bare = SEED.replace("<ESTADO>00<", "<ESTADO>0<").replace("168441616904", "030530912644");
    assert_eq!(told(with(200, SEED, boleta_seed)), "got 168441616904");
    assert_eq!(told(with(200, &bare, boleta_seed)), "got 030530912644");
    assert_eq!(told(with(200, &soap("getSeed", SEED), dte_seed)), "got 168441616904");
    assert_eq!(told(with(200, &soap("getSeed", &SEED.replace('>', ">\r\n")), dte_seed)), "got 168441616904");
    assert_eq!(
        told(with(
            200,
            &soap("ns1:getSeed", SEED).replace("<soapenv:Body>", "<soapenv:Body xmlns:ns1='u'>"),
            dte_seed
        )),
        "got 168441616904"
    );
    assert_eq!(told(with(200, &SEED.replace("SEMILLA", "SEED"), boleta_seed)), "got 168441616904");
}

#[test]
fn tokens_come_in_both_orders() {
    let other = "<SII:RESPUESTA xmlns:SII=\"http://www.sii.cl/xxx\"><SII:RESP_BODY><TOKEN>AB82001ABRT</TOKEN></SII:RESP_BODY>\
        <SII:RESP_HDR><ESTADO>00</ESTADO><GLOSA>Token Creado</GLOSA></SII:RESP_HDR></SII:RESPUESTA>";
    assert_eq!(told(with(200, TOKEN, boleta_token)), "got XAuSbYXiNh9Ik");
    assert_eq!(told(with(200, other, boleta_token)), "got AB82001ABRT");
    assert_eq!(told(with(200, &soap("getToken", other), dte_token)), "got AB82001ABRT");
}

#[test]
fn each_refusal_of_a_token_has_its_cure() {
    for (state, outcome) in [
        ("01", "stop"),
        ("02", "stop"),
        ("03", "stop"),
        ("04", "stop"),
        ("05", "stop"),
        ("06", "stop"),
        ("07", "later"),
        ("08", "seed"),
        ("09", "later"),
        ("10", "stop"),
        ("11", "stop"),
        ("12", "later"),
        ("21", "stop"),
        ("-1", "later"),
        ("-2", "later"),
        ("-3", "stop"),
        ("-07", "stop"),
        ("-7", "stop"),
        ("77", "later"),
    ] {
        // Errors carry no body (LIVE shape of ESTADO 10).
        let text = format!(
            "<SII:RESPUESTA xmlns:SII=\"http://www.sii.cl/XMLSchema\"><SII:RESP_HDR><ESTADO>{state}</ESTADO><GLOSA>Error Interno\
             </GLOSA></SII:RESP_HDR></SII:RESPUESTA>"
        );
        assert_eq!(told(with(200, &text, boleta_token)), format!("{outcome} TOKEN {state}"));
        assert_eq!(told(with(200, &soap("getToken", &text), dte_token)), format!("{outcome} TOKEN {state}"));
    }
    let words = |text: &str| match with(200, text, boleta_token) {
        Login::Stop(why) => why.words,
        other => panic!("{}", told(other)),
    };
    let refused = "<R><RESP_HDR><ESTADO>10</ESTADO><GLOSA> Error Interno </GLOSA><GLOSA_ERR></GLOSA_ERR></RESP_HDR></R>";
    assert_eq!(words(refused), "Error Interno");
    let seed = SEED.replace("<ESTADO>00<", "<ESTADO>-1<");
    assert_eq!(told(with(200, &seed, boleta_seed)), "later SEMILLA -1");
}

#[test]
fn what_is_no_answer_gives_no_secret() {
    for (status, text, outcome) in [
        (200, "", "later ILEGIBLE"),
        (200, "Error 500", "later ILEGIBLE"),
        (200, ERROR_501, "later ILEGIBLE"),
        (200, &SEED[..SEED.len() - 3], "later ILEGIBLE"),
        (200, "<SII:RESPUESTA><SII:RESP_HDR></SII:RESP_HDR></SII:RESPUESTA>", "later ILEGIBLE"),
        (200, &SEED.replace("168441616904", "12 34"), "later SIN SEMILLA"),
        (200, &SEED.replace("168441616904", ""), "later SIN SEMILLA"),
        (503, "", "later HTTP 503"),
        (500, AXIS_FAULT, "later HTTP 500"),
        (429, "", "later HTTP 429"),
        // A portal or a proxy, as likely as the SII.
        (302, "", "later HTTP 302"),
        (404, "nada", "later HTTP 404"),
        (403, "<html>", "later HTTP 403"),
        (407, "", "later HTTP 407"),
    ] {
        assert_eq!(told(with(status, text, boleta_seed)), outcome, "{status} {text}");
        let token = told(with(status, &text.replace("SEMILLA", "TOKEN"), boleta_token));
        assert!(!token.starts_with("got") || text.contains("12 34"), "{token}");
    }
    let header_breaker = TOKEN.replace("XAuSbYXiNh9Ik", "a; b&#xd;&#xa;X: y");
    assert_eq!(told(with(200, &header_breaker, boleta_token)), "later SIN TOKEN");
}
