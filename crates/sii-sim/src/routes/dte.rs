//! What the DTE channel says: seeds and tokens, receipts of DTEUpload, states of uploads and documents.

use crate::{
    judge::{DocumentKey, World},
    message::Reply,
    state::{Channel, Stage, State, Verdict, Version},
    tokens::{Denied, TOKEN_UNKNOWN},
    zone,
};
use jiff::{Timestamp, civil::Date};

/// The inner XML of an operation's answer.
pub(super) fn answer(
    state: &mut State,
    world: &World,
    operation: &str,
    arguments: &[String],
    now: Timestamp,
) -> String {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let answered = match (operation, arguments.as_slice()) {
        ("getSeed", _) => Ok(seed(&state.new_seed(Channel::Dte, now))),
        ("getToken", [signed]) => {
            state.new_token(Channel::Dte, signed, world, now).map(|token| created(&token))
        }
        ("getEstUp", [rut, dv, track, token]) => {
            let opened = state.use_token(Channel::Dte, token, now);
            opened.map(|_| upload_state(state, &format!("{rut}-{dv}"), track, now))
        }
        ("getEstDte", [asker, asker_dv, rut, dv, receptor, receptor_dv, tipo, folio, date, total, token]) => {
            state.use_token(Channel::Dte, token, now).map(|holder| {
                let asked = Asked::read([rut, dv, receptor, receptor_dv, tipo, folio, date, total]);
                let asked = asked.filter(|_| format!("{asker}-{asker_dv}") == holder);
                document_state(state, world, asked.as_ref(), now)
            })
        }
        ("getEstDteAv", [rut, dv, receptor, receptor_dv, tipo, folio, date, total, signature, token]) => {
            let asked = Asked::read([rut, dv, receptor, receptor_dv, tipo, folio, date, total]);
            Ok(match state.use_token(Channel::Dte, token, now) {
                Ok(holder) => advanced_state(state, world, asked.as_ref(), signature, &holder, now),
                Err(stale) => advanced_refused(stale),
            })
        }
        _ => Err(Denied { estado: "-1", glosa: "Error de Retorno" }),
    };
    answered.unwrap_or_else(|denied| respuesta(&header(denied.estado, denied.glosa), ""))
}

fn respuesta(first: &str, second: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><SII:RESPUESTA xmlns:SII=\"http://www.sii.cl/XMLSchema\">{first}{second}</SII:RESPUESTA>"
    )
}

fn header(estado: &str, glosa: &str) -> String {
    format!("<SII:RESP_HDR>\n<ESTADO>{estado}</ESTADO>\n<GLOSA>{glosa}</GLOSA>\n</SII:RESP_HDR>")
}

/// The body stands before the header here.
fn seed(value: &str) -> String {
    let body = format!("<SII:RESP_BODY><SEMILLA>{value}</SEMILLA></SII:RESP_BODY>");
    respuesta(&body, "<SII:RESP_HDR><ESTADO>00</ESTADO></SII:RESP_HDR>")
}

fn created(token: &str) -> String {
    let body = format!("<SII:RESP_BODY><TOKEN>{token}</TOKEN></SII:RESP_BODY>");
    respuesta(&body, "<SII:RESP_HDR><ESTADO>00</ESTADO><GLOSA>Token Creado</GLOSA></SII:RESP_HDR>")
}

fn attention(now: Timestamp) -> String {
    format!("{}   ( {})", now.as_second() % 100_000, zone::local(now).strftime("%Y/%m/%d %H:%M:%S"))
}

/// Estado de envío: the state in the header, the counts flat in the body, and a body only when it is done.
fn upload_state(state: &State, company: &str, track: &str, now: Timestamp) -> String {
    let Some(upload) = state.upload(Channel::Dte, track).filter(|upload| upload.company == company) else {
        return respuesta(
            "<SII:RESP_HDR>\n<ESTADO>-11</ESTADO>\n<ERR_CODE>1</ERR_CODE>\n<SQL_CODE>0</SQL_CODE>\n<SRV_CODE>0</SRV_CODE>\n</SII:RESP_HDR>",
            "",
        );
    };
    let stage = upload.stage(now);
    let (estado, glosa) = match stage {
        Stage::Rec => ("REC", "Envio Recibido"),
        Stage::Sok => ("SOK", "Esquema Validado"),
        Stage::Fok => ("FOK", "Firma de Envio Validada"),
        Stage::Pdr => ("PDR", "Envio en Proceso"),
        Stage::Crt => ("CRT", "Caratula OK"),
        Stage::Epr => ("EPR", "Envio Procesado"),
        Stage::Rsc => ("RSC", "Rechazado por Error en Schema"),
        Stage::Rfr => ("RFR", "Rechazado por Error en Firma"),
        Stage::Rct => ("RCT", "Rechazado por Error en Caratula"),
        Stage::Rpt => ("RPT", "Envio Repetido"),
    };
    let mut body = String::new();
    if stage == Stage::Epr {
        for count in upload.counts() {
            body.push_str(&format!(
                "\n        <TIPO_DOCTO>{}</TIPO_DOCTO>\n        <INFORMADOS>{}</INFORMADOS>\n        <ACEPTADOS>{}</ACEPTADOS>\n        <RECHAZADOS>{}</RECHAZADOS>\n        <REPAROS>{}</REPAROS>",
                count.tipo, count.informed, count.accepted, count.rejected, count.objected
            ));
        }
        body = format!("\n    <SII:RESP_BODY>{body}\n    </SII:RESP_BODY>");
    }
    let header = format!(
        "\n    <SII:RESP_HDR>\n        <TRACKID>{track}</TRACKID>\n        <ESTADO>{estado}</ESTADO>\n        <GLOSA>{glosa}</GLOSA>\n        <NUM_ATENCION>{}</NUM_ATENCION>\n    </SII:RESP_HDR>\n",
        attention(now)
    );
    respuesta(&body, &header)
}

/// A question about one document, as both channels put it.
pub(super) struct Asked {
    pub key: DocumentKey,
    pub receptor: String,
    pub date: Date,
    pub total: u64,
}

impl Asked {
    /// Company and receptor with their check digits, type, folio, date as `DDMMAAAA`, total.
    fn read(words: [&str; 8]) -> Option<Asked> {
        let [rut, dv, receptor, receptor_dv, tipo, folio, date, total] = words;
        let plain = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
        Some(Asked {
            key: DocumentKey {
                issuer: format!("{rut}-{dv}"),
                tipo: tipo.parse().ok()?,
                folio: folio.parse().ok()?,
            },
            receptor: format!("{receptor}-{receptor_dv}"),
            date: plain.then(|| Date::strptime("%d%m%Y", date).ok()).flatten()?,
            total: total.parse().ok()?,
        })
    }

    /// The version the SII holds, once it speaks of it.
    pub(super) fn held<'a>(&self, state: &'a State, now: Timestamp) -> Option<&'a Version> {
        let held = state.documents.get(&self.key)?.held()?;
        (held.known_from <= now).then_some(held)
    }

    pub(super) fn agrees(&self, version: &Version) -> bool {
        let facts = &version.facts;
        facts.receptor == self.receptor && facts.date == Some(self.date) && facts.total == self.total
    }

    /// `EMP`, `FAU`, `DOK` or `DNK` (Estado de DTE, §4.4).
    pub(super) fn state(
        &self,
        state: &State,
        world: &World,
        now: Timestamp,
    ) -> (&'static str, u8, &'static str) {
        if world.registry.company(&self.key.issuer).is_none() {
            return ("EMP", 6, "Empresa no autorizada a emitir documentos tributarios electronicos");
        }
        match self.held(state, now) {
            None => ("FAU", 3, "Documento No Recibido por el SII"),
            Some(version) if self.agrees(version) => {
                ("DOK", 0, "Documento Recibido por el SII. Datos Coinciden con los Registrados")
            }
            Some(_) => {
                ("DNK", 1, "Documento Recibido por el SII pero Datos NO Coinciden con los registrados")
            }
        }
    }
}

fn document_state(state: &State, world: &World, asked: Option<&Asked>, now: Timestamp) -> String {
    let Some(asked) = asked else {
        return respuesta(&header("-3", "Error: parametros de entrada invalidos"), "");
    };
    let (estado, code, glosa) = asked.state(state, world, now);
    respuesta(
        &format!(
            "<SII:RESP_HDR>\n<ESTADO>{estado}</ESTADO>\n<GLOSA_ESTADO>{glosa}</GLOSA_ESTADO>\n<ERR_CODE>{code}</ERR_CODE>\n<GLOSA_ERR>{glosa}</GLOSA_ERR>\n<NUM_ATENCION>{}</NUM_ATENCION>\n</SII:RESP_HDR>",
            attention(now)
        ),
        "",
    )
}

/// Whether this very document, by its signature, is the one held. `ERR_CODE` as of OIFE2006: 0 asked and
/// answered, 5 bad parameters, 9 the user has no say in the company.
fn advanced_state(
    state: &State,
    world: &World,
    asked: Option<&Asked>,
    signature: &str,
    holder: &str,
    now: Timestamp,
) -> String {
    let Some(asked) = asked else {
        return advanced("5", "5", "Error parametros de entrada", "");
    };
    let company = world.registry.company(&asked.key.issuer);
    if !company.is_some_and(|company| company.signers.contains(&holder)) {
        return advanced("9", "9", "Usuario no autorizado en empresa", "");
    }
    let packed: String = signature.split_ascii_whitespace().collect();
    let exact = |version: &&Version| asked.agrees(version) && version.facts.signature == packed;
    let (received, track) = match asked.held(state, now).filter(exact) {
        Some(version) => ("SI", version.tracks.first().map_or("", String::as_str)),
        None => ("NO", ""),
    };
    let (estado, _, glosa) = asked.state(state, world, now);
    let body = format!(
        "<SII:RESP_BODY><RECIBIDO>{received}</RECIBIDO><ESTADO>{estado}</ESTADO><GLOSA>{glosa}</GLOSA><TRACKID>{track}</TRACKID><NUMATENCION>{}</NUMATENCION></SII:RESP_BODY>",
        attention(now)
    );
    advanced("0", "0", "Consulta procesada OK", &body)
}

/// Its token errors are 1 (expired) and 2 (unknown) besides the ones of the other services.
fn advanced_refused(stale: Denied) -> String {
    let code = if stale == TOKEN_UNKNOWN { "2" } else { "1" };
    advanced(stale.estado, code, stale.glosa, "")
}

fn advanced(estado: &str, code: &str, glosa: &str, body: &str) -> String {
    let header = format!(
        "<SII:RESP_HDR><SII:ESTADO>{estado}</SII:ESTADO><SII:GLOSA>{glosa}</SII:GLOSA><ERR_CODE>{code}</ERR_CODE></SII:RESP_HDR>"
    );
    respuesta(body, &header)
}

/// What DTEUpload prints on its receipts (Envío automático §2.1).
pub(super) struct Reception<'a> {
    pub sender: &'a str,
    pub company: &'a str,
    pub file: &'a str,
    pub now: Timestamp,
}

impl Reception<'_> {
    pub(super) fn stored(&self, track: &str) -> Reply {
        self.receipt("0", &format!("\n\n\n <TRACKID>{track}</TRACKID>\n"))
    }

    /// The text is the SII's own, seen on 2026-06-12.
    pub(super) fn known(&self, track: &str, times: u64) -> Reply {
        let text = format!(
            "Archivo ya fue enviado {times} veces con Trackid {track}. Debe esperar 900 segundos antes de reintentar"
        );
        self.receipt("99", &format!(" <DETAIL><ERROR>{text}</ERROR></DETAIL>\n"))
    }

    pub(super) fn refused(&self, complaints: &[String]) -> Reply {
        let escape = |text: &String| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let errors: String =
            complaints.iter().map(|text| format!("<ERROR>{}</ERROR>", escape(text))).collect();
        self.receipt("7", &format!(" <DETAIL>{errors}</DETAIL>\n"))
    }

    fn receipt(&self, status: &str, rest: &str) -> Reply {
        let Reception { sender, company, file, .. } = self;
        let stamp = zone::local(self.now).strftime("%Y-%m-%d %H:%M:%S").to_string();
        Reply::new(
            200,
            "text/xml",
            format!(
                "<?xml version=\"1.0\"?>\n<RECEPCIONDTE>\n <RUTSENDER>{sender}</RUTSENDER>\n <RUTCOMPANY>{company}</RUTCOMPANY>\n <FILE>{file}</FILE>\n <TIMESTAMP>{stamp}</TIMESTAMP>\n <STATUS>{status}</STATUS>{rest}\n</RECEPCIONDTE>\n"
            ),
        )
    }
}

/// A receipt that failed before the form was understood or believed.
pub(super) fn reception_failed(status: &str, now: Timestamp) -> Reply {
    let reception = Reception { sender: "0-0", company: "0-0", file: "", now };
    reception.receipt(status, "")
}

pub(super) fn upload_error_page() -> Reply {
    Reply::html(
        "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01 Transitional//EN\">\n<html><head><title>Error</title></head><body>HA OCURRIDO UN ERROR EN EL UPLOAD DEL ARCHIVO DE DOCUMENTOS TRIBUTARIOS ELECTRONICOS.</body></html>\n",
    )
}

pub(super) fn error_501_page() -> Reply {
    Reply::html("<HTML> <HEAD> <TITLE>Error 501</TITLE></HEAD><BODY>Error 501</BODY></HTML>\n")
}

/// How many documents of a type an upload brought, and what became of them. `accepted` leaves `objected` out.
pub(super) struct Count {
    pub tipo: u16,
    pub informed: u64,
    pub accepted: u64,
    pub rejected: u64,
    pub objected: u64,
}

impl crate::state::Upload {
    pub(super) fn counts(&self) -> Vec<Count> {
        let mut counts: Vec<Count> = Vec::new();
        for judged in &self.documents {
            let tipo = judged.key.tipo;
            let index = counts.iter().position(|count| count.tipo == tipo).unwrap_or_else(|| {
                counts.push(Count { tipo, informed: 0, accepted: 0, rejected: 0, objected: 0 });
                counts.len() - 1
            });
            let count = &mut counts[index];
            count.informed += 1;
            match judged.verdict {
                Verdict::Accepted => count.accepted += 1,
                Verdict::Objected => count.objected += 1,
                Verdict::Rejected => count.rejected += 1,
            }
        }
        counts
    }
}
