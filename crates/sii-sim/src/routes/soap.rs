//! The SOAP services of the DTE channel: an Axis that wants its header, its namespaces and the right number of
//! parameters, and says `HTTP 500` otherwise. The answers themselves are made in `dte`.

use super::dte;
use crate::{
    fault::Door,
    judge::World,
    message::{Reply, Request},
    state::State,
    tree,
};
use jiff::Timestamp;
use roxmltree::Document;

const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";

/// A service: its path, its operation, its parameters in the order of the WSDL.
struct Service {
    path: &'static str,
    operation: &'static str,
    parameters: &'static [&'static str],
}

const SERVICES: [Service; 5] = [
    Service { path: "/DTEWS/CrSeed.jws", operation: "getSeed", parameters: &[] },
    Service { path: "/DTEWS/GetTokenFromSeed.jws", operation: "getToken", parameters: &["pszXml"] },
    Service {
        path: "/DTEWS/QueryEstUp.jws",
        operation: "getEstUp",
        parameters: &["RutCompania", "DvCompania", "TrackId", "Token"],
    },
    Service {
        path: "/DTEWS/QueryEstDte.jws",
        operation: "getEstDte",
        parameters: &[
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
        ],
    },
    Service {
        path: "/DTEWS/services/QueryEstDteAv",
        operation: "getEstDteAv",
        parameters: &[
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
        ],
    },
];

pub(super) fn door(path: &str) -> Door {
    match SERVICES.iter().find(|service| service.path == path).map(|service| service.operation) {
        Some("getSeed") => Door::Seed,
        Some("getToken") => Door::Token,
        Some("getEstUp") => Door::UploadState,
        Some("getEstDte" | "getEstDteAv") => Door::DocumentState,
        _ => Door::Other,
    }
}

pub(super) fn answer(state: &mut State, world: &World, request: &Request, now: Timestamp) -> Reply {
    let Some(service) = SERVICES.iter().find(|service| service.path == request.path()) else {
        return Reply::html("<HTML><HEAD><TITLE>404 Not Found</TITLE></HEAD></HTML>").with_status(404);
    };
    match call(service, request) {
        Ok(arguments) => {
            let inner = dte::answer(state, world, service.operation, &arguments, now);
            envelope(state, service, &inner)
        }
        Err(fault) => self::fault(&fault),
    }
}

/// The arguments of a well-made call, in order.
fn call(service: &Service, request: &Request) -> Result<Vec<String>, String> {
    if request.method != "POST" {
        return Err("AXIS error: only POST".to_owned());
    }
    if request.header("soapaction").is_none() {
        return Err("no SOAPAction header!".to_owned());
    }
    if !request.header("content-type").is_some_and(|kind| kind.starts_with("text/xml")) {
        return Err("unsupported Content-Type".to_owned());
    }
    let text = std::str::from_utf8(&request.body)
        .map_err(|_| "SAXParseException; invalid byte of UTF-8".to_owned())?;
    let document =
        Document::parse(text).map_err(|error| format!("org.xml.sax.SAXParseException: {error}"))?;
    let root = document.root_element();
    if !root.has_tag_name((SOAP, "Envelope")) {
        return Err("Version Mismatch".to_owned());
    }
    let body = root.children().find(|node| node.has_tag_name((SOAP, "Body")));
    let operation =
        body.and_then(|body| body.children().find(roxmltree::Node::is_element)).ok_or("no Body")?;
    let namespace = operation.tag_name().namespace().unwrap_or_default();
    let no_such = || format!("No such operation '{}'", operation.tag_name().name());
    if operation.tag_name().name() != service.operation
        || !(namespace == "http://DefaultNamespace" || namespace.ends_with(service.path))
    {
        return Err(no_such());
    }
    let given: Vec<_> = operation.children().filter(roxmltree::Node::is_element).collect();
    let named = given.iter().zip(service.parameters).all(|(node, name)| node.has_tag_name(*name));
    if given.len() != service.parameters.len() || !named {
        return Err(no_such());
    }
    Ok(given.into_iter().map(tree::content).collect())
}

/// The answer as a string within a string. The shape varies as it does in nature: with a prefix or without, and
/// with carriage returns now and then.
fn envelope(state: &mut State, service: &Service, inner: &str) -> Reply {
    let mut escaped =
        inner.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    if state.random.chance(250) {
        escaped = escaped.replace('\n', "&#xd;\n");
    }
    let operation = service.operation;
    let path = service.path;
    let encoding = "soapenv:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"";
    let body = if state.random.chance(500) {
        format!(
            "<ns1:{operation}Response {encoding} xmlns:ns1=\"https://maullin.sii.cl{path}\"><ns1:{operation}Return xsi:type=\"xsd:string\">{escaped}</ns1:{operation}Return></ns1:{operation}Response>"
        )
    } else {
        format!(
            "<{operation}Response {encoding}><{operation}Return xsi:type=\"xsd:string\">{escaped}</{operation}Return></{operation}Response>"
        )
    };
    Reply::new(200, "text/xml; charset=utf-8", wrap(&body))
}

fn fault(text: &str) -> Reply {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let body = format!(
        "<soapenv:Fault><faultcode>soapenv:Server.userException</faultcode><faultstring>{text}</faultstring><detail><ns1:hostname xmlns:ns1=\"http://xml.apache.org/axis/\">maullin</ns1:hostname></detail></soapenv:Fault>"
    );
    Reply::new(500, "text/xml; charset=utf-8", wrap(&body))
}

fn wrap(body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soapenv:Envelope xmlns:soapenv=\"{SOAP}\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n <soapenv:Body>\n  {body}\n </soapenv:Body>\n</soapenv:Envelope>\n"
    )
}
