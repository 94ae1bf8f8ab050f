//! What the boleta channel says: XML for seeds and tokens, JSON for the rest, plain text for errors (OAS).

use super::dte::{self, Asked};
use crate::{
    fault::{Door, Moment},
    judge::{DocumentKey, Fault, World, reason::Reason},
    message::{Reply, Request},
    shape::RestShape,
    state::{Channel, State},
    upload::{Count, Fate, Judged, Verdict},
    zone,
};
use jiff::{Timestamp, civil::Date};
use serde_json::{Value, json};

const ROOT: &str = "/recursos/v1/";

pub(super) fn door(path: &str) -> Door {
    let path = path.strip_prefix(ROOT).unwrap_or_default();
    match path {
        "boleta.electronica.semilla" => Door::Seed,
        "boleta.electronica.token" => Door::Token,
        _ if path.starts_with("boleta.electronica.envio/") => Door::UploadState,
        _ if path.starts_with("boleta.electronica/") => Door::DocumentState,
        _ => Door::Other,
    }
}

pub(super) fn answer(state: &mut State, world: &World, request: &Request, now: Timestamp) -> Reply {
    let Some(limit) = state.faults.scenario.rest.rate_limit else {
        return unlimited(state, world, request, now);
    };
    let left = limit.checked_sub(state.requests_this_minute(now));
    let reply = match left {
        Some(_) => unlimited(state, world, request, now),
        None => Reply::text(429, "Demasiadas peticiones").with_header("X-Retry-After", "60".to_owned()),
    };
    reply
        .with_header("X-RateLimit-Limit", limit.to_string())
        .with_header("X-RateLimit-Remaining", left.unwrap_or(0).to_string())
}

fn unlimited(state: &mut State, world: &World, request: &Request, now: Timestamp) -> Reply {
    let path = request.path().strip_prefix(ROOT).unwrap_or_default();
    match (request.method.as_str(), path) {
        ("GET", "boleta.electronica.semilla") => seed(state, now),
        ("POST", "boleta.electronica.token") => token(state, world, request, now),
        (_, "boleta.electronica.semilla" | "boleta.electronica.token") => {
            Reply::text(405, "Metodo no permitido")
        }
        ("GET", path) => {
            let upload = path.strip_prefix("boleta.electronica.envio/");
            let document = path.strip_prefix("boleta.electronica/");
            if upload.is_none() && document.is_none() {
                return denied();
            }
            if let Err(reply) = authenticated(state, request, now) {
                return reply;
            }
            match (upload, document) {
                (Some(rest), _) => upload_state(state, rest, now),
                (None, rest) => document_state(state, world, request, rest.unwrap_or_default(), now),
            }
        }
        _ => denied(),
    }
}

/// Anything else on this host reaches a dead gateway, the upload too.
fn denied() -> Reply {
    Reply::new(
        500,
        "text/xml",
        "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"><soapenv:Body><soapenv:Fault><faultcode>soapenv:Server</faultcode><faultstring>Acceso Denegado (from client)</faultstring></soapenv:Fault></soapenv:Body></soapenv:Envelope>",
    )
}

fn respuesta(first: &str, second: &str) -> Reply {
    Reply::xml(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><SII:RESPUESTA xmlns:SII=\"http://www.sii.cl/XMLSchema\">{first}{second}</SII:RESPUESTA>"
    ))
}

/// The OAS says `0`, the service says `00`: a client must take both.
fn seed(state: &mut State, now: Timestamp) -> Reply {
    let short = state.faults.scenario.rest.short_ok.draw(300, &mut state.random);
    let estado = if short { "0" } else { "00" };
    let value = state.new_seed(Channel::Boleta, now);
    respuesta(
        &format!("<SII:RESP_BODY><SEMILLA>{value}</SEMILLA></SII:RESP_BODY>"),
        &format!("<SII:RESP_HDR><ESTADO>{estado}</ESTADO></SII:RESP_HDR>"),
    )
}

fn token(state: &mut State, world: &World, request: &Request, now: Timestamp) -> Reply {
    if !request.header("content-type").is_some_and(|kind| kind.starts_with("application/xml")) {
        return Reply::text(400, "Content-Type debe ser application/xml");
    }
    let Ok(signed) = std::str::from_utf8(&request.body) else {
        return Reply::text(400, "cuerpo ilegible");
    };
    match state.new_token(Channel::Boleta, signed, world, now) {
        Ok(token) => {
            let header = "<SII:RESP_HDR><ESTADO>00</ESTADO><GLOSA>Token Creado</GLOSA></SII:RESP_HDR>";
            let body = format!("<SII:RESP_BODY><TOKEN>{token}</TOKEN></SII:RESP_BODY>");
            match state.faults.scenario.rest.token_body_first {
                true => respuesta(&body, header),
                false => respuesta(header, &body),
            }
        }
        Err(why) => {
            let header = format!(
                "<SII:RESP_HDR><ESTADO>{}</ESTADO><GLOSA>{}</GLOSA></SII:RESP_HDR>",
                why.estado, why.glosa
            );
            respuesta(&header, "")
        }
    }
}

fn authenticated(state: &mut State, request: &Request, now: Timestamp) -> Result<(), Reply> {
    let Some(token) = request.token_cookie() else { return Err(Reply::text(400, "No trae TOKEN")) };
    match state.use_token(Channel::Boleta, token, now) {
        Ok(_) => Ok(()),
        Err(_) => Err(Reply::text(401, "NO ESTA AUTENTICADO")),
    }
}

/// The receipt of an upload. Here the track id is a number, in the status it is a string; the dates differ too.
pub(super) fn received(
    shape: RestShape,
    track: &str,
    sender: &str,
    company: &str,
    file: &str,
    now: Timestamp,
) -> Reply {
    let body = json!({
        "rut_emisor": company,
        "rut_envia": sender,
        "trackid": track_id(track, !shape.swap_track),
        "fecha_recepcion": moment(now, !shape.swap_dates),
        "estado": "REC",
        "file": file,
    });
    Reply::json(200, &body)
        .with_header("X-Location", format!("/boleta.electronica.envio/{company}-{track}"))
        .with_header("X-Retry-After", "10".to_owned())
}

fn track_id(track: &str, as_number: bool) -> Value {
    match track.parse::<u64>() {
        Ok(number) if as_number => json!(number),
        _ => json!(track),
    }
}

fn moment(at: Timestamp, year_first: bool) -> String {
    let form = if year_first { "%Y-%m-%d %H:%M:%S" } else { "%d/%m/%Y %H:%M:%S" };
    zone::local(at).strftime(form).to_string()
}

/// `{rut}-{dv}-{track}`.
fn upload_state(state: &mut State, rest: &str, now: Timestamp) -> Reply {
    let absent = || Reply::text(404, "No existe recurso");
    let Some((company, track)) = rest.rsplit_once('-') else { return absent() };
    state.watch_poll(Channel::Boleta, track, now);
    let said = state.faults.strike(Door::UploadState, Channel::Boleta, Moment::Answer, track);
    let shape = state.faults.scenario.rest;
    let upload = state.upload(Channel::Boleta, track).filter(|upload| upload.company == company);
    let Some(upload) = upload.cloned() else { return absent() };
    let estado = match &said {
        Some(fault) => fault.code.clone(),
        None => upload.estado(now).to_owned(),
    };
    let counted = matches!(estado.as_str(), "EPR" | "RCH" | "RPR" | "RLV");
    let falsely = match counted {
        true => state.faults.strike(Door::UploadState, Channel::Boleta, Moment::Counts, track),
        false => None,
    };
    let counts = counted.then(|| dte::falsified(upload.counts(), falsely.as_ref())).flatten();
    let detail = match &upload.fate {
        Fate::Fallen(fault) if matches!(estado.as_str(), "RSC" | "RFR" | "RCT") => {
            json!([envelope_detail(fault)])
        }
        _ if (counted || estado == "RPT") && !shape.null_detail => {
            upload.documents.iter().filter_map(|judged| detail(shape, judged)).collect()
        }
        _ => Value::Null,
    };
    let mut body = json!({
        "rut_emisor": upload.company,
        "rut_envia": upload.sender,
        "trackid": track_id(track, shape.swap_track),
        "fecha_recepcion": moment(upload.received, shape.swap_dates),
        "estado": spelled(&estado),
        "estadistica": counts.map_or(Value::Null, |counts| statistics(&counts)),
        "detalle_rep_rech": detail,
    });
    if shape.leave_nulls_out
        && let Some(fields) = body.as_object_mut()
    {
        fields.retain(|_, value| !value.is_null());
    }
    Reply::json(200, &body)
}

/// This channel says PRD where the other says PDR.
fn spelled(estado: &str) -> &str {
    if estado == "PDR" { "PRD" } else { estado }
}

fn statistics(counts: &[Count]) -> Value {
    let count = |count: &Count| {
        json!({
            "tipo": count.tipo,
            "informados": count.informed,
            "aceptados": count.accepted,
            "rechazados": count.rejected,
            "reparos": count.objected,
        })
    };
    counts.iter().map(count).collect()
}

/// Documents accepted without objection are not listed.
fn detail(shape: RestShape, judged: &Judged) -> Option<Value> {
    let light = judged.reasons.iter().all(|reason| reason.nivel == 1);
    let (estado, descripcion) = match judged.verdict {
        Verdict::Accepted => return None,
        Verdict::Rejected => ("RCH", "Dte Rechazado"),
        Verdict::Objected if light && !shape.rpr_for_light => ("RLV", "Dte Aceptado con reparos leves"),
        Verdict::Objected => ("RPR", "Dte Aceptado con reparos"),
    };
    let mut errors: Vec<Value> = judged.reasons.iter().map(error).collect();
    let mut entry = json!({
        "tipo": judged.key.tipo,
        "folio": judged.key.folio,
        "estado": estado,
        "descripcion": descripcion,
    });
    let drop = |value: &mut Value, name: &str| {
        value.as_object_mut().map(|fields| fields.remove(name));
    };
    if shape.no_type {
        drop(&mut entry, "tipo");
    }
    if shape.no_description {
        drop(&mut entry, "descripcion");
    }
    if shape.no_level {
        errors.iter_mut().for_each(|error| drop(error, "nivel"));
    }
    entry["error"] = Value::Array(errors);
    Some(entry)
}

fn error(reason: &Reason) -> Value {
    json!({
        "seccion": reason.seccion,
        "linea": 0,
        "nivel": reason.nivel,
        "codigo": reason.codigo,
        "descripcion": reason.descripcion,
        "detalle": reason.detalle,
    })
}

/// A fault of the whole envelope bears no folio.
fn envelope_detail(fault: &Fault) -> Value {
    let errors: Vec<Value> = match fault {
        Fault::Schema(complaints) => complaints
            .iter()
            .map(|text| json!({ "seccion": "ENV", "descripcion": "Error en Schema", "detalle": text }))
            .collect(),
        Fault::Signature(why) => {
            vec![json!({ "seccion": "ENV", "descripcion": "Error en Firma", "detalle": why })]
        }
        Fault::Cover(reason) => vec![error(reason)],
    };
    json!({ "estado": "RCH", "descripcion": "DTE Rechazado", "error": errors })
}

/// `{rut}-{dv}-{tipo}-{folio}/estado` with four parameters that the OAS calls optional and the service demands.
fn document_state(state: &mut State, world: &World, request: &Request, rest: &str, now: Timestamp) -> Reply {
    let Some(key) = rest.strip_suffix("/estado").and_then(document_key) else {
        return Reply::text(404, "No existe recurso");
    };
    let missing = ["rut_receptor", "dv_receptor", "monto", "fechaEmision"]
        .into_iter()
        .find(|name| request.query(name).is_none());
    if let Some(name) = missing {
        return Reply::new(200, "application/json", format!("falta {name}"));
    }
    let parameter = |name: &str| request.query(name).unwrap_or_default();
    let date = Date::strptime("%d-%m-%Y", parameter("fechaEmision"));
    let (Ok(date), Ok(total)) = (date, parameter("monto").parse()) else {
        return Reply::text(400, "Error en los parametros de entrada");
    };
    let receptor = format!("{}-{}", parameter("rut_receptor"), parameter("dv_receptor"));
    let (codigo, _, descripcion) =
        Asked { key, receptor, date, total }.told(state, world, Channel::Boleta, now);
    Reply::json(200, &json!({ "codigo": codigo, "descripcion": descripcion }))
}

fn document_key(text: &str) -> Option<DocumentKey> {
    let mut words = text.split('-');
    let (rut, dv, tipo, folio) = (words.next()?, words.next()?, words.next()?, words.next()?);
    // This channel knows boletas, and nothing else.
    let tipo = tipo.parse().ok().filter(|tipo| matches!(tipo, 39 | 41))?;
    let key = DocumentKey { issuer: format!("{rut}-{dv}"), tipo, folio: folio.parse().ok()? };
    words.next().is_none().then_some(key)
}
