//! What the claim registry answers: a JAX-WS service beside the Axis ones, with the token in the cookie.

use super::soap;
use crate::{
    claims::{self, Action, Response},
    judge::{DocumentKey, World},
    message::Reply,
    state::{Channel, State},
    zone,
};
use jiff::Timestamp;

const NAMESPACE: &str = "http://ws.registroreclamodte.diii.sdi.sii.cl";
const BAD_TOKEN: &str = "Error de Autenticacion: TOKEN invalido";

/// What stands inside `<return>`, or the text of a SOAP fault.
pub(super) fn answer(
    state: &mut State,
    world: &World,
    operation: &str,
    arguments: &[String],
    token: Option<&str>,
    now: Timestamp,
) -> Result<String, &'static str> {
    let token = token.ok_or(BAD_TOKEN)?;
    let holder = state.use_token(Channel::Dte, token, now).map_err(|_| BAD_TOKEN)?;
    let companies = world.registry.companies_of(&holder);
    let key = match key(arguments) {
        Ok(key) => key,
        Err(response) => return Ok(told(response, "")),
    };
    let inner = match operation {
        "ingresarAceptacionReclamoDoc" => {
            let Some(action) = arguments.get(4).and_then(|text| Action::read(text)) else {
                return Ok(told(claims::BAD_ACTION, ""));
            };
            // The holder speaks for the company the document is for, when it is one of theirs.
            let receptor = state.documents.get(&key).and_then(|record| record.held());
            let receptor = receptor.map(|version| version.facts.receptor.clone());
            let who = companies.iter().find(|company| receptor.as_deref() == Some(**company));
            let who = who.or(companies.first()).copied().unwrap_or_default();
            let response = state.claim(&key, action, who, now).map_err(|_| "Error Interno")?;
            told(response, "")
        }
        "listarEventosHistDoc" => match state.may_look(&key, &companies, now) {
            Ok(()) => events(state, &key),
            Err(response) => told(response, ""),
        },
        "consultarDocDteCedible" => match state.may_look(&key, &companies, now) {
            Ok(()) => told(Response(0, "DTE cedible"), ""),
            Err(response) => told(response, ""),
        },
        // Its answer is the bare text of a moment.
        _ => state.reception(&key, now).map(moment).unwrap_or_default(),
    };
    Ok(inner)
}

fn key(arguments: &[String]) -> Result<DocumentKey, Response> {
    let word = |at: usize| arguments.get(at).map_or("", String::as_str);
    let issuer = format!("{}-{}", word(0), word(1));
    if !crate::judge::is_rut(&issuer) {
        return Err(claims::BAD_RUT);
    }
    let tipo =
        word(2).parse().ok().filter(|tipo| claims::type_is_claimable(*tipo)).ok_or(claims::BAD_TYPE)?;
    let folio = word(3).parse().map_err(|_| claims::BAD_FOLIO)?;
    Ok(DocumentKey { issuer, tipo, folio })
}

fn told(response: Response, more: &str) -> String {
    format!("<codResp>{}</codResp><descResp>{}</descResp>{more}", response.0, response.1)
}

fn moment(at: Timestamp) -> String {
    zone::local(at).strftime("%d-%m-%Y %H:%M:%S").to_string()
}

/// One event is an object and several are a list to a naive reader: the element repeats, nothing wraps it.
fn events(state: &State, key: &DocumentKey) -> String {
    let event = |said: &claims::Said| {
        let (rut, dv) = said.who.split_once('-').unwrap_or((&said.who, ""));
        format!(
            "<listaEventosDoc><codEvento>{}</codEvento><descEvento>{}</descEvento><rutResponsable>{rut}</rutResponsable><dvResponsable>{dv}</dvResponsable><fechaEvento>{}</fechaEvento></listaEventosDoc>",
            said.action.code(),
            said.action.words(),
            moment(said.at)
        )
    };
    let events: String = state.said(key).map(event).collect();
    told(if events.is_empty() { claims::NO_EVENTS } else { claims::LISTED }, &events)
}

pub(super) fn envelope(operation: &str, inner: &str) -> Reply {
    let body = format!(
        "<ns2:{operation}Response xmlns:ns2=\"{NAMESPACE}\"><return>{inner}</return></ns2:{operation}Response>"
    );
    Reply::new(200, "text/xml; charset=utf-8", soap::wrap(&body))
}
