//! The registry of claims and acceptances of facturas (Ley 20.727 and 19.983; Webservice Registro Reclamo
//! DTE v1.2): what a buyer says of a factura within eight days of its reception by the SII. It knows the
//! types 33, 34 and 43, and no boletas.

use jiff::civil::DateTime;
use timbre_core::{Cx, Date, Remark, Request};

use super::{NotAsked, hosts, token};
use crate::answer::Reply;
use crate::channel::soap;
use crate::rut::Rut;
use crate::words::remark;
use crate::xml::Element;

const SPACE: &str = "http://ws.registroreclamodte.diii.sdi.sii.cl";

/// A factura, ours or one that we received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factura {
    pub issuer: Rut,
    pub kind: u16,
    pub folio: u64,
}

/// What its receptor may say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    AcceptContent,
    ReceiveGoods,
    ClaimContent,
    ClaimPart,
    ClaimAll,
}

impl Act {
    pub const ALL: [Act; 5] =
        [Act::AcceptContent, Act::ReceiveGoods, Act::ClaimContent, Act::ClaimPart, Act::ClaimAll];

    /// `accionDoc`.
    pub fn code(self) -> &'static str {
        match self {
            Act::AcceptContent => "ACD",
            Act::ReceiveGoods => "ERM",
            Act::ClaimContent => "RCD",
            Act::ClaimPart => "RFP",
            Act::ClaimAll => "RFT",
        }
    }
}

/// Something that was said of a factura. Codes that nobody knows yet are kept as they come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its code, the SII's words, and ours.
    pub what: Remark,
    /// Who said it.
    pub by: String,
    /// When, by the wall clock of Santiago.
    pub at: Option<DateTime>,
}

/// An answer of the registry; `T` is what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer<T> {
    Told(T),
    NoPass(Remark),
    /// The registry will not do or tell it.
    Refused(Remark),
    /// The registry's trouble; it passes.
    Later(Remark),
    /// No answer that can be understood.
    Unclear,
}

/// What a codResp means, whatever was asked.
#[derive(Clone, Copy)]
enum Class {
    Told,
    Refused,
    Later,
}

/// 0 is done and 7 was done before; 15 and 16 are histories with and without events, and 20 to 25 say
/// whether a factura may be ceded. 8, 18 and 27 are answers too: too late, not received, paid in cash.
const CODES: &[(&str, Class)] = &[
    ("0", Class::Told),
    ("7", Class::Told),
    ("15", Class::Told),
    ("16", Class::Told),
    ("20", Class::Told),
    ("21", Class::Told),
    ("22", Class::Told),
    ("23", Class::Told),
    ("24", Class::Told),
    ("25", Class::Told),
    ("1", Class::Refused),
    ("2", Class::Refused),
    ("3", Class::Refused),
    ("4", Class::Refused),
    ("5", Class::Refused),
    ("6", Class::Refused),
    ("8", Class::Refused),
    ("9", Class::Refused),
    ("10", Class::Refused),
    ("11", Class::Refused),
    ("12", Class::Refused),
    ("13", Class::Refused),
    ("14", Class::Refused),
    ("17", Class::Refused),
    ("18", Class::Refused),
    ("19", Class::Refused),
    ("27", Class::Refused),
    ("-1", Class::Later),
];

#[cfg(test)]
pub(super) fn codes() -> impl Iterator<Item = String> {
    let numbers = CODES.iter().map(|(code, _)| format!("RECLAMO {code}"));
    numbers.chain(Act::ALL.iter().map(|act| act.code().to_owned())).chain(["RECLAMO TOKEN".to_owned()])
}

/// `ingresarAceptacionReclamoDoc`: only the receptor may. Said twice it is said once (codResp 7).
pub fn ask_act(cx: &Cx<'_>, factura: &Factura, act: Act) -> Result<Request, NotAsked> {
    ask(cx, "ingresarAceptacionReclamoDoc", "aceptación o reclamo", factura, Some(act))
}

/// `listarEventosHistDoc`.
pub fn ask_history(cx: &Cx<'_>, factura: &Factura) -> Result<Request, NotAsked> {
    ask(cx, "listarEventosHistDoc", "historia de reclamos", factura, None)
}

/// `consultarDocDteCedible`.
pub fn ask_cedible(cx: &Cx<'_>, factura: &Factura) -> Result<Request, NotAsked> {
    ask(cx, "consultarDocDteCedible", "si se puede ceder", factura, None)
}

/// `consultarFechaRecepcionSii`: when the SII received it.
pub fn ask_reception(cx: &Cx<'_>, factura: &Factura) -> Result<Request, NotAsked> {
    ask(cx, "consultarFechaRecepcionSii", "fecha de recepción", factura, None)
}

/// What was registered, with the SII's words.
pub fn hear_act(reply: Reply<'_>) -> Answer<Remark> {
    hear(reply, |_, why| Some(why))
}

/// All that was said of it; nothing is an answer too.
pub fn hear_history(reply: Reply<'_>) -> Answer<Vec<Event>> {
    hear(reply, |answer, _| Some(answer.all("listaEventosDoc").into_iter().map(event).collect()))
}

/// What the SII says of ceding it.
pub fn hear_cedible(reply: Reply<'_>) -> Answer<Remark> {
    hear(reply, |_, why| Some(why))
}

/// The moment, by the wall clock of Santiago.
pub fn hear_reception(reply: Reply<'_>) -> Answer<DateTime> {
    let text = reply.text();
    let body = soap::body(&text).filter(|_| reply.status == 200);
    let at = body.and_then(|body| moment(&returned(&body)?.text));
    at.map_or_else(|| hear(reply, |_, _| None), Answer::Told)
}

fn ask(
    cx: &Cx<'_>,
    operation: &str,
    what: &'static str,
    factura: &Factura,
    act: Option<Act>,
) -> Result<Request, NotAsked> {
    let (digits, dv) = (factura.issuer.digits().to_string(), factura.issuer.dv().to_string());
    let (kind, folio) = (factura.kind.to_string(), factura.folio.to_string());
    let mut parameters = vec![
        ("rutEmisor", digits.as_str()),
        ("dvEmisor", dv.as_str()),
        ("tipoDoc", kind.as_str()),
        ("folio", folio.as_str()),
    ];
    parameters.extend(act.map(|act| ("accionDoc", act.code())));
    let body = soap::call_in(SPACE, operation, &parameters);
    let mut request = soap::question(cx, hosts(cx)?.claims, what, body);
    request.headers.push(("Cookie".to_owned(), format!("TOKEN={}", token(cx)?)));
    Ok(request)
}

fn hear<T>(reply: Reply<'_>, read: impl FnOnce(&Element, Remark) -> Option<T>) -> Answer<T> {
    let body = soap::body(&reply.text());
    if let Some(fault) = body.as_ref().and_then(|body| body.value("faultstring")) {
        // It comes with status 200 as well as 500.
        let token = fault.to_lowercase().contains("token");
        return if token { Answer::NoPass(remark("RECLAMO TOKEN", fault)) } else { Answer::Unclear };
    }
    if matches!(reply.status, 401 | 403) {
        return Answer::NoPass(remark("RECLAMO TOKEN", format!("HTTP {}", reply.status)));
    }
    // An error's page may come from whatever stands between, whatever it looks like.
    let answer = body.as_ref().filter(|_| reply.status == 200).and_then(returned);
    let Some((answer, code)) = answer.and_then(|a| Some((a, a.value("codResp")?))) else {
        return Answer::Unclear;
    };
    let why = remark(format!("RECLAMO {code}"), answer.value("descResp").unwrap_or_default());
    match CODES.iter().find(|(known, _)| *known == code).map(|(_, class)| *class) {
        Some(Class::Told) => read(answer, why).map_or(Answer::Unclear, Answer::Told),
        Some(Class::Refused) => Answer::Refused(why),
        Some(Class::Later) | None => Answer::Later(why),
    }
}

/// `return`, whatever it is called round it.
fn returned(body: &Element) -> Option<&Element> {
    body.only("return")
}

fn event(element: &Element) -> Event {
    let text = |name: &str| element.value(name).unwrap_or_default().to_owned();
    let by = match (text("rutResponsable"), text("dvResponsable")) {
        (rut, dv) if dv.is_empty() => rut,
        (rut, dv) => format!("{rut}-{dv}"),
    };
    Event { what: remark(text("codEvento"), text("descEvento")), by, at: moment(&text("fechaEvento")) }
}

/// `29-12-2016 12:05:36`, or a day alone, in either order.
fn moment(text: &str) -> Option<DateTime> {
    let (day, hour) = text.trim().split_once(' ').unwrap_or((text.trim(), "00:00:00"));
    let day: Date = match day.parse() {
        Ok(day) => day,
        Err(_) => Date::strptime("%d-%m-%Y", day).ok()?,
    };
    Some(day.to_datetime(hour.parse().ok()?))
}
