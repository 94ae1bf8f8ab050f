//! What the boleta channel says: XML for seeds and tokens, JSON for the rest, plain text for errors (OAS).

use super::dte::Asked;
use crate::{
    fault::Door,
    judge::{DocumentKey, Fault, World, reason::Reason},
    message::{Reply, Request},
    state::{Channel, Fate, Judged, Stage, State, Upload, Verdict},
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
    let path = request.path().strip_prefix(ROOT).unwrap_or_default();
    match (request.method.as_str(), path) {
        ("GET", "boleta.electronica.semilla") => seed(state, now),
        ("POST", "boleta.electronica.token") => token(state, world, request, now),
        (_, "boleta.electronica.semilla" | "boleta.electronica.token") => {
            Reply::text(405, "Metodo no permitido")
        }
        ("GET", path) => {
            match (path.strip_prefix("boleta.electronica.envio/"), path.strip_prefix("boleta.electronica/")) {
                (Some(rest), _) => {
                    authenticated(state, request, now, |state, _| upload_state(state, rest, now))
                }
                (_, Some(rest)) => authenticated(state, request, now, |state, request| {
                    document_state(state, world, request, rest, now)
                }),
                _ => denied(),
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
    let estado = if state.random.chance(300) { "0" } else { "00" };
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
        Ok(token) => respuesta(
            "<SII:RESP_HDR><ESTADO>00</ESTADO><GLOSA>Token Creado</GLOSA></SII:RESP_HDR>",
            &format!("<SII:RESP_BODY><TOKEN>{token}</TOKEN></SII:RESP_BODY>"),
        ),
        Err(why) => {
            let header = format!(
                "<SII:RESP_HDR><ESTADO>{}</ESTADO><GLOSA>{}</GLOSA></SII:RESP_HDR>",
                why.estado, why.glosa
            );
            respuesta(&header, "")
        }
    }
}

fn authenticated(
    state: &mut State,
    request: &Request,
    now: Timestamp,
    then: impl FnOnce(&State, &Request) -> Reply,
) -> Reply {
    let Some(token) = request.token_cookie() else { return Reply::text(400, "No trae TOKEN") };
    if state.use_token(Channel::Boleta, token, now).is_err() {
        return Reply::text(401, "NO ESTA AUTENTICADO");
    }
    then(state, request)
}

/// The receipt of an upload. Here the track id is a number, in the status it is a string.
pub(super) fn received(track: &str, sender: &str, company: &str, file: &str, now: Timestamp) -> Reply {
    let body = json!({
        "rut_emisor": company,
        "rut_envia": sender,
        "trackid": track.parse::<u64>().unwrap_or(0),
        "fecha_recepcion": zone::local(now).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        "estado": "REC",
        "file": file,
    });
    Reply::json(200, &body)
        .with_header("X-Location", format!("/boleta.electronica.envio/{company}-{track}"))
        .with_header("X-Retry-After", "10".to_owned())
}

/// `{rut}-{dv}-{track}`.
fn upload_state(state: &State, rest: &str, now: Timestamp) -> Reply {
    let found = rest.rsplit_once('-').and_then(|(company, track)| {
        state.upload(Channel::Boleta, track).filter(|upload| upload.company == company)
    });
    let Some(upload) = found else { return Reply::text(404, "No existe recurso") };
    let stage = upload.stage(now);
    let (statistics, detail) = match (stage, &upload.fate) {
        (Stage::Epr, _) => {
            (statistics(upload), Value::Array(upload.documents.iter().filter_map(detail).collect()))
        }
        (Stage::Rpt, _) => (Value::Null, Value::Array(upload.documents.iter().filter_map(detail).collect())),
        (Stage::Rsc | Stage::Rfr | Stage::Rct, Fate::Fallen(fault)) => {
            (Value::Null, json!([envelope_detail(fault)]))
        }
        _ => (Value::Null, Value::Null),
    };
    let body = json!({
        "rut_emisor": upload.company,
        "rut_envia": upload.sender,
        "trackid": upload.track,
        "fecha_recepcion": zone::local(upload.received).strftime("%d/%m/%Y %H:%M:%S").to_string(),
        "estado": spelled(stage),
        "estadistica": statistics,
        "detalle_rep_rech": detail,
    });
    Reply::json(200, &body)
}

/// This channel says PRD where the other says PDR.
fn spelled(stage: Stage) -> &'static str {
    match stage {
        Stage::Rec => "REC",
        Stage::Sok => "SOK",
        Stage::Fok => "FOK",
        Stage::Pdr => "PRD",
        Stage::Crt => "CRT",
        Stage::Epr => "EPR",
        Stage::Rsc => "RSC",
        Stage::Rfr => "RFR",
        Stage::Rct => "RCT",
        Stage::Rpt => "RPT",
    }
}

fn statistics(upload: &Upload) -> Value {
    let count = |count: &super::dte::Count| {
        json!({
            "tipo": count.tipo,
            "informados": count.informed,
            "aceptados": count.accepted,
            "rechazados": count.rejected,
            "reparos": count.objected,
        })
    };
    upload.counts().iter().map(count).collect()
}

/// Documents accepted without objection are not listed.
fn detail(judged: &Judged) -> Option<Value> {
    let light = judged.reasons.iter().all(|reason| reason.nivel == 1);
    let (estado, descripcion) = match judged.verdict {
        Verdict::Accepted => return None,
        Verdict::Rejected => ("RCH", "Dte Rechazado"),
        Verdict::Objected if light => ("RLV", "Dte Aceptado con reparos leves"),
        Verdict::Objected => ("RPR", "Dte Aceptado con reparos"),
    };
    let errors: Vec<Value> = judged.reasons.iter().map(error).collect();
    Some(json!({
        "tipo": judged.key.tipo,
        "folio": judged.key.folio,
        "estado": estado,
        "descripcion": descripcion,
        "error": errors,
    }))
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
fn document_state(state: &State, world: &World, request: &Request, rest: &str, now: Timestamp) -> Reply {
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
    let (codigo, _, descripcion) = Asked { key, receptor, date, total }.state(state, world, now);
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
