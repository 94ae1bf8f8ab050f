use super::*;
use crate::fixture::TestKeys;
use timbre_core::{Certificate, Effect, KeyName, Keys, Scheme, Scope, Sent, Verdict};

const TAKEN: &str = r#"{"trackid":25873531,"estado":"REC"}"#;

fn begin(desk: &Desk, channel: &dyn Channel, documents: &[Arc<Document>]) -> (Step, Vec<u8>) {
    let parcel = desk.parcel(channel, documents.to_vec());
    (channel.begin(&parcel, &desk.cx()).unwrap(), parcel.body())
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|w| w == needle)
}

#[test]
fn a_boleta_parcel_goes_to_the_upload_host_as_it_is() {
    let (desk, channel, documents) = (desk(), BoletaChannel::new(), boletas(2));
    let (step, body) = begin(&desk, &channel, &documents);
    let request = asks(&step);
    assert_eq!(request.effect, Effect::Deliver);
    assert_eq!(request.url, "http://127.0.0.1:4583/recursos/v1/boleta.electronica.envio");
    assert_eq!(header_of(request, "Cookie"), Some("TOKEN=XAuSbYXiNh9Ik"));
    assert_eq!(header_of(request, "Accept"), Some("application/json"));
    assert!(header_of(request, "Content-Type").unwrap().starts_with("multipart/form-data; boundary="));
    assert!(contains(&request.body, &body));
    assert!(contains(&request.body, b"filename=\"76192083-9_T39F1.xml\""));
    assert!(!request.headers.iter().any(|(name, _)| name == "Transfer-Encoding" || name == "Content-Length"));
    let sent = desk.go_on(&channel, &step, reply(200, TAKEN), &documents);
    assert_eq!(
        (waits(&sent), told(&sent)),
        (600, vec!["T39F1 sent 25873531".into(), "T39F2 sent 25873531".into()])
    );
}

/// Ten minutes where the SII advises them, fewer where a boleta that were rejected could not be mended within its
/// hour, and never fewer than the quick ones.
#[test]
fn the_first_question_comes_sooner_when_the_hour_is_near() {
    let (channel, mut documents) = (BoletaChannel::new(), boletas(2));
    // The oldest of the parcel counts.
    let younger = documents[1].stamped + Duration::from_secs(20 * 60);
    documents[1] = Arc::new(Document { stamped: younger, ..Document::clone(&documents[1]) });
    for (minutes, wait) in [
        (0, 600),
        (34, 600),
        (35, 600),
        (36, 540),
        (40, 300),
        (43, 120),
        (44, 60),
        (50, 60),
        (60, 60),
        (6_000, 60),
    ] {
        let mut desk = desk();
        let (step, _) = begin(&desk, &channel, &documents);
        desk.now += Duration::from_secs(60 * minutes);
        let sent = desk.go_on(&channel, &step, reply(200, TAKEN), &documents);
        assert_eq!(waits(&sent), wait, "{minutes} minutes after it was made");
    }
    // A folder that asks sooner anyhow is not slowed down.
    let mut desk = desk();
    desk.conduct.first_poll = Duration::from_secs(7);
    let (step, _) = begin(&desk, &channel, &documents);
    assert_eq!(waits(&desk.go_on(&channel, &step, reply(200, TAKEN), &documents)), 7);
}

#[test]
fn a_dte_parcel_goes_to_the_form() {
    let (desk, channel, documents) = (desk(), DteChannel::new(), boletas(1));
    let (step, body) = begin(&desk, &channel, &documents);
    assert_eq!(asks(&step).url, "http://127.0.0.1:4581/cgi_dte/UPL/DTEUpload");
    assert!(contains(&asks(&step).body, &body) && contains(&body, b"<EnvioDTE "));
    let taken = "<RECEPCIONDTE><STATUS>0</STATUS><TRACKID>0251552460</TRACKID></RECEPCIONDTE>";
    let sent = desk.go_on(&channel, &step, reply(200, taken), &documents);
    // Goods may wait for it: nobody waits ten minutes.
    assert_eq!((waits(&sent), told(&sent)), (60, vec!["T39F1 sent 0251552460".to_owned()]));
    let twice = "<RECEPCIONDTE><STATUS>99</STATUS><DETAIL><ERROR>Archivo ya fue enviado 2 veces con Trackid 251550580. Debe \
        esperar 900 segundos</ERROR></DETAIL></RECEPCIONDTE>";
    assert_eq!(told(&desk.go_on(&channel, &step, reply(200, twice), &documents)), ["T39F1 sent 251550580"]);
    assert!(is_done(&desk.go_on(
        &channel,
        &step,
        reply(200, "<RECEPCIONDTE><STATUS>99</STATUS></RECEPCIONDTE>"),
        &documents
    )));
}

#[test]
fn what_is_said_of_another_companys_upload_ends_no_document() {
    let (desk, channel, documents) = (desk(), DteChannel::new(), boletas(1));
    let (step, _) = begin(&desk, &channel, &documents);
    let said = |company: &str, rest: &str| {
        let reply =
            reply(200, &format!("<RECEPCIONDTE><RUTCOMPANY>{company}</RUTCOMPANY>{rest}</RECEPCIONDTE>"));
        told(&desk.go_on(&channel, &step, reply, &documents)).concat()
    };
    let invalid = "<STATUS>7</STATUS><DETAIL><ERROR>SCH-00001: Invalid Schema Name</ERROR></DETAIL>";
    let another = crate::rut::Rut::of(76_000_000).unwrap().to_string();
    for rest in [invalid, "<STATUS>99</STATUS>", "<STATUS>0</STATUS><TRACKID>1</TRACKID>"] {
        assert!(said(&another, rest).starts_with("T39F1 unknown"), "{}", said(&another, rest));
        assert!(!said(&desk.company.id, rest).starts_with("T39F1 unknown"), "{rest}");
    }
    // Of nobody's it says nothing (the SII could not read who sent it).
    assert!(!said("0-0", invalid).starts_with("T39F1 unknown"));
}

/// The same keys in another person's certificate.
struct Another;

impl Keys for Another {
    fn sign(&self, key: KeyName<'_>, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        TestKeys::get().sign(key, scheme, message)
    }

    fn certificate(&self) -> Result<Certificate, KeyError> {
        Ok(Certificate { holder: "22222222-2".to_owned(), ..TestKeys::get().certificate()? })
    }
}

#[test]
fn an_envelope_of_another_certificate_or_resolution_would_not_be_made_alike() {
    let (mut desk, channel, documents) = (desk(), BoletaChannel::new(), boletas(2));
    let parcel = desk.parcel(&channel, documents);
    desk.now += Duration::from_secs(3_600);
    assert!(channel.wraps_alike(&parcel, &desk.cx()).unwrap(), "whenever it goes again");
    assert!(!channel.wraps_alike(&parcel, &Cx { keys: &Another, ..desk.cx() }).unwrap());
    desk.company.data["NroResol"] = 81.into();
    assert!(!channel.wraps_alike(&parcel, &desk.cx()).unwrap());
}

#[test]
fn an_answer_about_another_company_is_no_track() {
    let (desk, documents) = (desk(), boletas(1));
    let other = crate::rut::Rut::of(76_000_000).unwrap();
    let json = |company| format!(r#"{{"rut_emisor":"{company}","trackid":8888,"estado":"REC"}}"#);
    let form = |company| {
        format!(
            "<RECEPCIONDTE><RUTCOMPANY>{company}</RUTCOMPANY><STATUS>0</STATUS><TRACKID>8888</TRACKID></RECEPCIONDTE>"
        )
    };
    let ours: crate::rut::Rut = desk.company.id.parse().unwrap();
    let boletas: &dyn Channel = &BoletaChannel::new();
    let dtes: &dyn Channel = &DteChannel::new();
    for (channel, other, ours) in [(boletas, json(other), json(ours)), (dtes, form(other), form(ours))] {
        let (step, _) = begin(&desk, channel, &documents);
        assert_eq!(told(&desk.go_on(channel, &step, reply(200, &other), &documents)), ["T39F1 unknown"]);
        assert_eq!(told(&desk.go_on(channel, &step, reply(200, &ours), &documents)), ["T39F1 sent 8888"]);
    }
}

#[test]
fn doubt_is_said_and_never_sent_again() {
    let (desk, channel, documents) = (desk(), BoletaChannel::new(), boletas(1));
    let (step, _) = begin(&desk, &channel, &documents);
    for heard in [
        silence(Sent::Perhaps),
        reply(500, "Error 500"),
        reply(200, "<html>HA OCURRIDO UN ERROR</html>"),
        reply(200, ""),
        reply(200, &TAKEN[..TAKEN.len() - 1]),
        // Stopped with the request perhaps on its way.
        Heard::Elapsed,
    ] {
        let end = desk.go_on(&channel, &step, heard.clone(), &documents);
        assert!(is_done(&end), "{heard:?}");
        assert_eq!(told(&end), ["T39F1 unknown"], "{heard:?}");
    }
    let not_left = desk.go_on(&channel, &step, silence(Sent::No), &documents);
    assert_eq!(told(&not_left), ["T39F1 refused Parcel SIN RESPUESTA"]);
}

#[test]
fn a_stale_pass_is_renewed_once_and_the_same_bytes_go() {
    let (mut desk, channel, documents) = (desk(), BoletaChannel::new(), boletas(3));
    let (first, body) = begin(&desk, &channel, &documents);
    let stale = desk.go_on(&channel, &first, reply(401, "NO ESTA AUTENTICADO"), &documents);
    assert!(matches!(stale, Step::Stale(_)));
    // Later, and with another token: the envelope is still the one that was kept.
    desk.now = desk.now.checked_add(Duration::from_secs(5)).unwrap();
    desk.pass = Some(Pass::new("OTRO".to_owned()));
    let second = desk.go_on(&channel, &stale, Heard::Elapsed, &documents);
    assert!(contains(&asks(&second).body, &body));
    assert_eq!(header_of(asks(&second), "Cookie"), Some("TOKEN=OTRO"));
    let end = desk.go_on(&channel, &second, reply(401, "NO ESTA AUTENTICADO"), &documents);
    assert!(is_done(&end));
    assert_eq!(told(&end)[0], "T39F1 refused Channel HTTP 401");
}

#[test]
fn without_a_pass_the_login_comes_first() {
    let (mut desk, channel, documents) = (desk(), DteChannel::new(), boletas(1));
    let pass = desk.pass.take();
    let (stale, body) = begin(&desk, &channel, &documents);
    assert!(matches!(stale, Step::Stale(_)));
    desk.pass = pass;
    let step = desk.go_on(&channel, &stale, Heard::Elapsed, &documents);
    assert!(contains(&asks(&step).body, &body));
    // It was no renewal: the first refusal of the pass still earns one.
    assert!(matches!(desk.go_on(&channel, &step, reply(401, ""), &documents), Step::Stale(_)));
}

#[test]
fn an_envelope_that_can_not_be_made_again_is_not_sent() {
    let (mut desk, channel, documents) = (desk(), BoletaChannel::new(), boletas(1));
    let (first, _) = begin(&desk, &channel, &documents);
    let stale = desk.go_on(&channel, &first, reply(401, ""), &documents);
    desk.company.data = serde_json::json!({ "FchResol": "2020-01-01", "NroResol": 80 });
    let end = desk.go_on(&channel, &stale, Heard::Elapsed, &documents);
    assert_eq!(told(&end), ["T39F1 refused Parcel SOBRE DISTINTO"]);
}

/// When a refusal is tried again, in seconds.
fn pause(desk: &Desk, end: &Step) -> i64 {
    match end {
        Step::Done(reports) => match &reports[0].verdict {
            Verdict::Refused { scope: Scope::Channel, retry_at, .. } => {
                retry_at.duration_since(desk.now).as_secs()
            }
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// All that a boleta has is an hour, and a page of what stands between, too, comes with these: there the engine's pauses
/// rule, which begin short.
#[test]
fn what_a_person_has_to_mend_stops_the_boletas_for_no_hour() {
    let (desk, documents) = (desk(), boletas(1));
    let (boleta, dte) = (BoletaChannel::new(), DteChannel::new());
    let (step, _) = begin(&desk, &boleta, &documents);
    for said in [
        reply(404, "Not Found"),
        reply(405, "Method Not Allowed"),
        reply(400, "No trae TOKEN"),
        reply(500, "Acceso Denegado"),
    ] {
        assert_eq!(pause(&desk, &desk.go_on(&boleta, &step, said.clone(), &documents)), 0, "{said:?}");
    }
    let stale = desk.go_on(&boleta, &step, reply(401, ""), &documents);
    let again = desk.go_on(&boleta, &stale, Heard::Elapsed, &documents);
    assert_eq!(pause(&desk, &desk.go_on(&boleta, &again, reply(401, ""), &documents)), 0);
    let (step, _) = begin(&desk, &dte, &documents);
    let refused = reply(200, "<RECEPCIONDTE><STATUS>6</STATUS></RECEPCIONDTE>");
    assert_eq!(pause(&desk, &desk.go_on(&dte, &step, refused, &documents)), 3600);
    // Nor does a login.
    let none =
        "<SII:RESPUESTA xmlns:SII=\"u\"><SII:RESP_HDR><ESTADO>05</ESTADO></SII:RESP_HDR></SII:RESPUESTA>";
    let seed = "<SII:RESP_BODY><SEMILLA>030530912644</SEMILLA></SII:RESP_BODY><SII:RESP_HDR><ESTADO>00</ESTADO></SII:RESP_HDR>";
    let bare = format!("<SII:RESPUESTA xmlns:SII=\"u\">{seed}</SII:RESPUESTA>");
    for (channel, seed, none, seconds) in [
        (&boleta as &dyn Channel, reply(200, &bare), reply(200, none), 0),
        (&dte, soap_reply(seed), header("05"), 3600),
    ] {
        let asked = channel.login(&desk.cx()).unwrap();
        let token = desk.go_on(channel, &asked, seed, &[]);
        assert_eq!(pause(&desk, &desk.go_on(channel, &token, none, &[])), seconds);
    }
}

#[test]
fn each_refusal_reaches_as_far_as_it_should() {
    let (desk, channel, documents) = (desk(), DteChannel::new(), boletas(1));
    let (step, _) = begin(&desk, &channel, &documents);
    for (status, outcome) in [
        ("1", "T39F1 refused Channel STATUS 1"),
        ("2", "T39F1 refused Parcel STATUS 2"),
        ("6", "T39F1 refused Channel STATUS 6"),
        ("7", "T39F1 fallen FreeForSame Documents"),
        ("8", "T39F1 fallen FreeForSame Documents"),
        ("9", "T39F1 refused ChannelForNow STATUS 9"),
        ("77", "T39F1 unknown"),
    ] {
        let text = format!("<RECEPCIONDTE><STATUS>{status}</STATUS></RECEPCIONDTE>");
        assert_eq!(told(&desk.go_on(&channel, &step, reply(200, &text), &documents)), [outcome]);
    }
}

#[test]
fn a_state_that_is_not_ours_ends_in_a_question_to_a_person() {
    let (desk, channel, documents) = (desk(), DteChannel::new(), boletas(1));
    for state in ["null", "{}", "{\"step\":\"otro\"}", "[1]", "{\"step\":\"upload\"}"] {
        let state: State = serde_json::from_str(state).unwrap();
        let step = channel.resume(state, Heard::Elapsed, &documents, &desk.cx()).unwrap();
        assert_eq!(told(&step), ["T39F1 unknown"]);
    }
}
