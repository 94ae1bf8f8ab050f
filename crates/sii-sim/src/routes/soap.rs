//! The SOAP services of the DTE channel: an Axis that wants its header, its namespaces and the right number of
//! parameters, and says `HTTP 500` otherwise. The answers themselves are made in `dte` and `claims`.

use super::{claims, dte, wsdl};
use crate::{
    fault::Door,
    judge::World,
    latin1,
    message::{Reply, Request},
    state::State,
    tree,
};
use jiff::Timestamp;
use roxmltree::Document;

const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";

/// A service: its path and what it can be asked.
pub(super) struct Service {
    pub path: &'static str,
    pub namespace: &'static str,
    door: Door,
    pub operations: &'static [Operation],
}

/// An operation, with its parameters in the order of the WSDL.
pub(super) struct Operation {
    pub name: &'static str,
    pub parameters: &'static [&'static str],
}

const fn operation(name: &'static str, parameters: &'static [&'static str]) -> Operation {
    Operation { name, parameters }
}

const VERSION: Operation = operation("getVersion", &[]);
const DEFAULT: &str = "http://DefaultNamespace";
const CLAIMED: &[&str] = &["rutEmisor", "dvEmisor", "tipoDoc", "folio"];

const SERVICES: [Service; 7] = [
    Service {
        path: "/DTEWS/CrSeed.jws",
        namespace: DEFAULT,
        door: Door::Seed,
        operations: &[operation("getSeed", &[]), VERSION],
    },
    Service {
        path: "/DTEWS/GetTokenFromSeed.jws",
        namespace: DEFAULT,
        door: Door::Token,
        operations: &[operation("getToken", &["pszXml"]), VERSION],
    },
    Service {
        path: "/DTEWS/QueryEstUp.jws",
        namespace: DEFAULT,
        door: Door::UploadState,
        operations: &[operation("getEstUp", &["RutCompania", "DvCompania", "TrackId", "Token"]), VERSION],
    },
    Service {
        path: "/DTEWS/QueryEstDte.jws",
        namespace: DEFAULT,
        door: Door::DocumentState,
        operations: &[
            operation(
                "getEstDte",
                &[
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
            ),
            VERSION,
        ],
    },
    Service {
        path: "/DTEWS/services/QueryEstDteAv",
        namespace: DEFAULT,
        door: Door::DocumentState,
        operations: &[
            operation(
                "getEstDteAv",
                &[
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
            ),
            VERSION,
        ],
    },
    Service {
        path: "/DTEWS/services/wsDTECorreo",
        namespace: DEFAULT,
        door: Door::Mail,
        operations: &[operation("reenvioCorreo", &["Token", "RutEmpresa", "DvEmpresa", "TrackId"]), VERSION],
    },
    Service {
        path: "/WSREGISTRORECLAMODTECERT/registroreclamodteservice",
        namespace: "http://ws.registroreclamodte.diii.sdi.sii.cl",
        door: Door::Claims,
        operations: &[
            operation(
                "ingresarAceptacionReclamoDoc",
                &["rutEmisor", "dvEmisor", "tipoDoc", "folio", "accionDoc"],
            ),
            operation("listarEventosHistDoc", CLAIMED),
            operation("consultarDocDteCedible", CLAIMED),
            operation("consultarFechaRecepcionSii", CLAIMED),
            VERSION,
        ],
    },
];

pub(super) fn service(path: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|service| service.path == path)
}

pub(super) fn door(path: &str) -> Door {
    service(path).map_or(Door::Other, |service| service.door)
}

pub(super) fn answer(state: &mut State, world: &World, request: &Request, now: Timestamp) -> Reply {
    let Some(service) = service(request.path()) else {
        return Reply::html("<HTML><HEAD><TITLE>404 Not Found</TITLE></HEAD></HTML>").with_status(404);
    };
    let query = request.path_and_query.split_once('?').map(|(_, query)| query);
    if request.method == "GET" && query.is_some_and(|query| query.eq_ignore_ascii_case("wsdl")) {
        return wsdl::describe(service, request);
    }
    match call(service, world, request) {
        Ok((operation, arguments)) => reply(state, world, service, operation, &arguments, request, now),
        Err(fault) => self::fault(&fault),
    }
}

fn reply(
    state: &mut State,
    world: &World,
    service: &Service,
    operation: &Operation,
    arguments: &[String],
    request: &Request,
    now: Timestamp,
) -> Reply {
    if operation.name == VERSION.name {
        let version = "SII DTE Web Services 1.0 (simulador)";
        return envelope(state, service, operation, version);
    }
    if service.door == Door::Claims {
        return match claims::answer(state, world, operation.name, arguments, request.token_cookie(), now) {
            Ok(inner) => claims::envelope(operation.name, &inner),
            Err(text) => fault(text),
        };
    }
    let inner = dte::answer(state, world, operation.name, arguments, now);
    envelope(state, service, operation, &inner)
}

/// The operation and its arguments, in order, of a well-made call.
fn call(
    service: &'static Service,
    world: &World,
    request: &Request,
) -> Result<(&'static Operation, Vec<String>), String> {
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
    let called = body.and_then(|body| body.children().find(roxmltree::Node::is_element)).ok_or("no Body")?;
    let namespace = called.tag_name().namespace().unwrap_or_default();
    let no_such = || format!("No such operation '{}'", called.tag_name().name());
    let known = service.operations.iter().find(|operation| operation.name == called.tag_name().name());
    let operation = known
        .filter(|_| namespace == service.namespace || namespace.ends_with(service.path))
        .ok_or_else(no_such)?;
    let given: Vec<_> = called.children().filter(roxmltree::Node::is_element).collect();
    // Clients with names of their own live on (RDT, S8, S11): only the order counts there.
    let named = given.iter().zip(operation.parameters).all(|(node, name)| node.has_tag_name(*name));
    let accepted = named || !world.rules.official_only;
    if given.len() != operation.parameters.len() || !accepted {
        return Err(no_such());
    }
    Ok((operation, given.into_iter().map(tree::content).collect()))
}

/// The answer as a string within a string. The shape varies as it does in nature: with a prefix or without, and
/// with carriage returns now and then.
fn envelope(state: &mut State, service: &Service, operation: &Operation, inner: &str) -> Reply {
    let shape = state.faults.scenario.soap;
    let carriage_returns = shape.carriage_returns.draw(250, &mut state.random);
    let prefix = shape.prefix.draw(500, &mut state.random);
    let written = if shape.cdata {
        format!("<![CDATA[{inner}]]>")
    } else {
        let escaped =
            inner.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        if carriage_returns { escaped.replace('\n', "&#xd;\n") } else { escaped }
    };
    let Operation { name, .. } = operation;
    let path = service.path;
    let encoding = "soapenv:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"";
    let body = if prefix {
        format!(
            "<ns1:{name}Response {encoding} xmlns:ns1=\"https://maullin.sii.cl{path}\"><ns1:{name}Return xsi:type=\"xsd:string\">{written}</ns1:{name}Return></ns1:{name}Response>"
        )
    } else {
        format!(
            "<{name}Response {encoding}><{name}Return xsi:type=\"xsd:string\">{written}</{name}Return></{name}Response>"
        )
    };
    let text = wrap(&body);
    // The header says UTF-8 and the bytes may be ISO-8859-1 all the same.
    let bytes = match shape.latin1.then(|| latin1::encode(&text)).flatten() {
        Some(bytes) => bytes,
        None => text.into_bytes(),
    };
    Reply::new(200, "text/xml; charset=utf-8", bytes)
}

fn fault(text: &str) -> Reply {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let body = format!(
        "<soapenv:Fault><faultcode>soapenv:Server.userException</faultcode><faultstring>{text}</faultstring><detail><ns1:hostname xmlns:ns1=\"http://xml.apache.org/axis/\">maullin</ns1:hostname></detail></soapenv:Fault>"
    );
    Reply::new(500, "text/xml; charset=utf-8", wrap(&body))
}

pub(super) fn wrap(body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soapenv:Envelope xmlns:soapenv=\"{SOAP}\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n <soapenv:Body>\n  {body}\n </soapenv:Body>\n</soapenv:Envelope>\n"
    )
}
