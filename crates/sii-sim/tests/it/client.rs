//! A client of the simulator in one thread, with a clock wound by hand.

use crate::maker::{self, Signatory, between, latin1, seller};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sii_sim::{Config, Host, Outcome, Reply, Request, Scenario, Sim};
use std::{cell::Cell, path::Path, time::Duration};

pub const AGENT: &str = "Mozilla/4.0 ( compatible; PROG 1.0; Windows NT)";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    Dte,
    Boleta,
}
pub use Channel::{Boleta, Dte};

pub struct Client {
    pub sim: Sim,
    now: Cell<Timestamp>,
}

impl Client {
    pub fn new() -> Client {
        Client::of(Config::default())
    }

    pub fn of(config: Config) -> Client {
        Client::on(Sim::new(Config { processing: Duration::from_secs(10), ..config }))
    }

    /// One whose simulator keeps what it holds.
    pub fn open(folder: &Path) -> Client {
        let config = Config { processing: Duration::from_secs(10), ..Config::default() };
        Client::on(Sim::open(config, folder).expect("the folder is ours"))
    }

    fn on(sim: Sim) -> Client {
        // 12:41 in Santiago, a minute after the envelopes of the maker are signed.
        let now = "2026-01-15T15:41:00Z".parse().expect("a moment");
        Client { sim, now: Cell::new(now) }
    }

    pub fn in_weather(toml: &str) -> Client {
        Client::of(Config { scenario: Scenario::parse(toml).expect("a scenario"), ..Config::default() })
    }

    pub fn now(&self) -> Timestamp {
        self.now.get()
    }

    /// The clock shows another moment from now on.
    pub fn set_clock(&self, moment: &str) {
        self.now.set(moment.parse().expect("a moment"));
    }

    pub fn wait(&self, seconds: i64) {
        self.now.set(self.now.get() + SignedDuration::from_secs(seconds));
    }

    pub fn ask(&self, host: Host, request: &Request) -> Outcome {
        self.sim.answer(host, request, self.now())
    }

    #[track_caller]
    pub fn reply(&self, host: Host, request: &Request) -> Reply {
        match self.ask(host, request) {
            Outcome::Reply { reply, .. } => reply,
            other => panic!("no reply: {other:?}"),
        }
    }

    #[track_caller]
    pub fn soap(&self, path: &str, operation: &str, arguments: &[(&str, &str)]) -> String {
        let reply = self.reply(Host::Dte, &soap(path, operation, arguments));
        assert_eq!(reply.status, 200, "{}", reply.body_text());
        inner(&reply.body_text(), operation)
    }

    /// The answer to getEstDte, with these values in the order of the WSDL.
    #[track_caller]
    pub fn document_state(&self, values: [&str; 11]) -> String {
        let names = [
            "RutConsultante",
            "DvConsultante",
            "RutCompania",
            "DvCompania",
            "RutReceptor",
            "DvReceptor",
            "TipoDte",
            "FolioDte",
            "FechaEmisionDte",
            "MontoDte",
            "Token",
        ];
        let arguments: Vec<(&str, &str)> = names.into_iter().zip(values).collect();
        self.soap("/DTEWS/QueryEstDte.jws", "getEstDte", &arguments)
    }

    pub fn seed(&self, channel: Channel) -> String {
        let text = match channel {
            Dte => self.soap("/DTEWS/CrSeed.jws", "getSeed", &[]),
            Boleta => self.reply(Host::BoletaQuery, &get("boleta.electronica.semilla", None)).body_text(),
        };
        between(&text, "<SEMILLA>", "</SEMILLA>").to_owned()
    }

    /// The answer to a signed seed.
    pub fn login(&self, channel: Channel, signed: &str) -> String {
        match channel {
            Dte => {
                let escaped = signed.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                self.soap("/DTEWS/GetTokenFromSeed.jws", "getToken", &[("pszXml", &escaped)])
            }
            Boleta => {
                let request = Request {
                    method: "POST".to_owned(),
                    path_and_query: "/recursos/v1/boleta.electronica.token".to_owned(),
                    headers: vec![header("Content-Type", "application/xml")],
                    body: signed.as_bytes().to_vec(),
                };
                self.reply(Host::BoletaQuery, &request).body_text()
            }
        }
    }

    pub fn token(&self, channel: Channel) -> String {
        self.token_of(channel, seller())
    }

    pub fn token_of(&self, channel: Channel, signatory: &Signatory) -> String {
        let answer = self.login(channel, &signatory.login(&self.seed(channel)));
        between(&answer, "<TOKEN>", "</TOKEN>").to_owned()
    }

    pub fn send(&self, channel: Channel, request: &Request) -> Reply {
        self.reply(upload_host(channel), request)
    }

    /// Uploads a file with a fresh token and gives the answer's text.
    pub fn upload(&self, channel: Channel, file: &[u8]) -> Reply {
        let token = self.token(channel);
        self.send(channel, &upload(channel, &token, file))
    }

    /// Uploads documents in one envelope and gives the track id.
    #[track_caller]
    pub fn deliver(&self, channel: Channel, documents: &[(u16, String)]) -> String {
        self.deliver_file(channel, &latin1(&maker::envelope(root(channel), documents, &[])))
    }

    #[track_caller]
    pub fn deliver_file(&self, channel: Channel, file: &[u8]) -> String {
        let text = self.upload(channel, file).body_text();
        match channel {
            Dte => between(&text, "<TRACKID>", "</TRACKID>").to_owned(),
            Boleta => between(&text, "\"trackid\":", ",").to_owned(),
        }
    }

    pub fn boleta_status(&self, track: &str) -> Value {
        let token = self.token(Boleta);
        let reply = self.reply(
            Host::BoletaQuery,
            &get(&format!("boleta.electronica.envio/99999999-9-{track}"), Some(&token)),
        );
        serde_json::from_slice(&reply.body).unwrap_or_else(|_| Value::String(reply.body_text()))
    }

    pub fn dte_status(&self, track: &str) -> String {
        let token = self.token(Dte);
        let arguments =
            [("RutCompania", "99999999"), ("DvCompania", "9"), ("TrackId", track), ("Token", token.as_str())];
        self.soap("/DTEWS/QueryEstUp.jws", "getEstUp", &arguments)
    }
}

pub fn root(channel: Channel) -> &'static str {
    match channel {
        Dte => "EnvioDTE",
        Boleta => "EnvioBOLETA",
    }
}

pub fn upload_host(channel: Channel) -> Host {
    match channel {
        Dte => Host::Dte,
        Boleta => Host::BoletaUpload,
    }
}

pub fn header(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

pub fn get(path: &str, token: Option<&str>) -> Request {
    Request {
        method: "GET".to_owned(),
        path_and_query: format!("/recursos/v1/{path}"),
        headers: token.map(|token| header("Cookie", &format!("TOKEN={token}"))).into_iter().collect(),
        body: Vec::new(),
    }
}

pub fn soap(path: &str, operation: &str, arguments: &[(&str, &str)]) -> Request {
    let arguments: String = arguments
        .iter()
        .map(|(name, value)| format!("<{name} xsi:type=\"xsd:string\">{value}</{name}>"))
        .collect();
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body><ns1:{operation} xmlns:ns1=\"http://DefaultNamespace\">{arguments}</ns1:{operation}></soapenv:Body></soapenv:Envelope>"
    );
    Request {
        method: "POST".to_owned(),
        path_and_query: path.to_owned(),
        headers: vec![header("Content-Type", "text/xml; charset=utf-8"), header("SOAPAction", "")],
        body: body.into_bytes(),
    }
}

/// The string inside the SOAP answer, by local name.
pub fn inner(text: &str, operation: &str) -> String {
    let (_, rest) = text.split_once(&format!("{operation}Return")).expect("a return value");
    let (_, rest) = rest.split_once('>').expect("a tag");
    let (escaped, _) = rest.split_once("</").expect("an end tag");
    escaped
        .replace("&#xd;", "\r")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

pub fn form(sender: (&str, &str), company: (&str, &str), file: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    let fields = [
        ("rutSender", sender.0),
        ("dvSender", sender.1),
        ("rutCompany", company.0),
        ("dvCompany", company.1),
    ];
    for (name, value) in fields {
        body.extend_from_slice(
            format!("--XYZ\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").as_bytes(),
        );
    }
    body.extend_from_slice(b"--XYZ\r\nContent-Disposition: form-data; name=\"archivo\"; filename=\"envio.xml\"\r\nContent-Type: text/xml\r\n\r\n");
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--XYZ--\r\n");
    body
}

pub fn upload(channel: Channel, token: &str, file: &[u8]) -> Request {
    upload_form(channel, token, form(("11111111", "1"), ("99999999", "9"), file))
}

pub fn upload_form(channel: Channel, token: &str, body: Vec<u8>) -> Request {
    let path = match channel {
        Dte => "/cgi_dte/UPL/DTEUpload",
        Boleta => "/recursos/v1/boleta.electronica.envio",
    };
    Request {
        method: "POST".to_owned(),
        path_and_query: path.to_owned(),
        headers: vec![
            header("User-Agent", AGENT),
            header("Cookie", &format!("TOKEN={token}")),
            header("Content-Type", "multipart/form-data; boundary=XYZ"),
            header("Content-Length", &body.len().to_string()),
        ],
        body,
    }
}
