//! What the DTE channel says: seeds and tokens, receipts of DTEUpload, states of uploads and documents.

use crate::{
    fault::{Deed, Door, Fault, Moment},
    judge::{DocumentKey, World, is_rut},
    message::Reply,
    state::{Channel, State, Version},
    tokens::{Denied, TOKEN_UNKNOWN},
    upload::{Count, glosa},
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
        ("getSeed", _) => {
            let value = state.new_seed(Channel::Dte, now);
            let body = format!("<SII:RESP_BODY><SEMILLA>{value}</SEMILLA></SII:RESP_BODY>");
            Ok(ordered(state, &body, "<SII:RESP_HDR><ESTADO>00</ESTADO></SII:RESP_HDR>"))
        }
        ("getToken", [signed]) => {
            state.new_token(Channel::Dte, signed, world, now).map(|token| created(state, &token))
        }
        ("getEstUp", [rut, dv, track, token]) => {
            let opened = state.use_token(Channel::Dte, token, now);
            let company = format!("{rut}-{dv}");
            opened.map(|holder| match world.registry.company(&company) {
                // "Usuario sin permiso de envio": said of the question too, as it was seen.
                Some(known) if !known.signers.contains(&holder.as_str()) => {
                    respuesta(&header("106", glosa("106")), "")
                }
                _ => upload_state(state, &company, track, now),
            })
        }
        ("getEstDte", [asker, asker_dv, rut, dv, receptor, receptor_dv, tipo, folio, date, total, token]) => {
            state.use_token(Channel::Dte, token, now).map(|holder| {
                let words = [*rut, *dv, *receptor, *receptor_dv, *tipo, *folio, *date, *total];
                let asked = Asked::read(words, world.rules.official_only);
                let asked = asked.filter(|_| format!("{asker}-{asker_dv}") == holder);
                document_state(state, world, asked.as_ref(), now)
            })
        }
        ("getEstDteAv", [rut, dv, receptor, receptor_dv, tipo, folio, date, total, signature, token]) => {
            let words = [*rut, *dv, *receptor, *receptor_dv, *tipo, *folio, *date, *total];
            let asked = Asked::read(words, world.rules.official_only);
            Ok(match state.use_token(Channel::Dte, token, now) {
                Ok(holder) => advanced_state(state, world, asked.as_ref(), signature, &holder, now),
                Err(stale) => advanced_refused(stale),
            })
        }
        ("reenvioCorreo", [token, rut, dv, track]) => {
            Ok(resend(state, world, token, &format!("{rut}-{dv}"), track, now))
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

/// The body stands before the header here, unless a scenario turns them round.
fn ordered(state: &State, body: &str, header: &str) -> String {
    let shape = state.faults.scenario.soap;
    let header = match shape.short_ok {
        true => header.replace("<ESTADO>00<", "<ESTADO>0<"),
        false => header.to_owned(),
    };
    if shape.header_first == Some(true) { respuesta(&header, body) } else { respuesta(body, &header) }
}

fn created(state: &State, token: &str) -> String {
    let body = format!("<SII:RESP_BODY><TOKEN>{token}</TOKEN></SII:RESP_BODY>");
    ordered(state, &body, "<SII:RESP_HDR><ESTADO>00</ESTADO><GLOSA>Token Creado</GLOSA></SII:RESP_HDR>")
}

fn attention(now: Timestamp) -> String {
    format!("{}   ( {})", now.as_second() % 100_000, zone::local(now).strftime("%Y/%m/%d %H:%M:%S"))
}

/// Estado de envío: the state in the header, the counts flat in the body, and a body only when it is done.
fn upload_state(state: &mut State, company: &str, track: &str, now: Timestamp) -> String {
    state.watch_poll(Channel::Dte, track, now);
    let struck = state.faults.strike(Door::UploadState, Channel::Dte, Moment::Answer, track);
    if let Some(fault) = struck {
        return said(track, &fault, now);
    }
    let Some(upload) = state.upload(Channel::Dte, track).filter(|upload| upload.company == company) else {
        return respuesta(&not_ready("-11", "1"), "");
    };
    let estado = upload.estado(now).to_owned();
    let mut counts = match estado.as_str() {
        "EPR" => Some(upload.counts()),
        _ => None,
    };
    if counts.is_some() {
        let struck = state.faults.strike(Door::UploadState, Channel::Dte, Moment::Counts, track);
        counts = counts.and_then(|counts| falsified(counts, struck.as_ref()));
    }
    let shape = state.faults.scenario.soap;
    let (header_state, body_state) = match shape.state_in_body {
        true => ("0", format!("<ESTADO>{estado}</ESTADO>")),
        false => (estado.as_str(), String::new()),
    };
    let mut body = body_state;
    for count in counts.iter().flatten() {
        body.push_str(&format!(
            "\n        <TIPO_DOCTO>{}</TIPO_DOCTO>\n        <INFORMADOS>{}</INFORMADOS>\n        <ACEPTADOS>{}</ACEPTADOS>\n        <RECHAZADOS>{}</RECHAZADOS>\n        <REPAROS>{}</REPAROS>",
            count.tipo, count.informed, count.accepted, count.rejected, count.objected
        ));
    }
    if !body.is_empty() {
        body = format!("\n    <SII:RESP_BODY>{body}\n    </SII:RESP_BODY>");
    }
    let header = format!(
        "\n    <SII:RESP_HDR>\n        <TRACKID>{track}</TRACKID>\n        <ESTADO>{header_state}</ESTADO>\n        <GLOSA>{}</GLOSA>\n        <NUM_ATENCION>{}</NUM_ATENCION>\n    </SII:RESP_HDR>\n",
        glosa(&estado),
        attention(now)
    );
    ordered(state, &body, &header)
}

/// The counts as a fault has them told; `None` are no counts at all.
pub(super) fn falsified(mut counts: Vec<Count>, fault: Option<&Fault>) -> Option<Vec<Count>> {
    match fault.map(|fault| fault.does) {
        Some(Deed::ZeroCounts) => {
            for count in &mut counts {
                (count.accepted, count.rejected, count.objected) = (0, 0, 0);
            }
        }
        Some(Deed::OtherCounts) => counts.iter_mut().for_each(|count| count.informed += 1),
        Some(Deed::NoNotes) => counts.retain(|count| count.tipo != 61),
        Some(Deed::NoCounts) => return None,
        _ => {}
    }
    Some(counts)
}

/// Errors of the query, which say `ERR_CODE`.
fn not_ready(estado: &str, err: &str) -> String {
    format!(
        "<SII:RESP_HDR>\n<ESTADO>{estado}</ESTADO>\n<GLOSA>{}</GLOSA>\n<ERR_CODE>{err}</ERR_CODE>\n<SQL_CODE>0</SQL_CODE>\n<SRV_CODE>0</SRV_CODE>\n</SII:RESP_HDR>",
        glosa(estado)
    )
}

/// What a fault says in place of a state.
fn said(track: &str, fault: &Fault, now: Timestamp) -> String {
    if !fault.err.is_empty() {
        return respuesta(&not_ready(&fault.code, &fault.err), "");
    }
    let header = format!(
        "<SII:RESP_HDR>\n<TRACKID>{track}</TRACKID>\n<ESTADO>{}</ESTADO>\n<GLOSA>{}</GLOSA>\n<NUM_ATENCION>{}</NUM_ATENCION>\n</SII:RESP_HDR>",
        fault.code,
        glosa(&fault.code),
        attention(now)
    );
    respuesta("", &header)
}

/// wsDTECorreo: the mail with the results once more (OIFE2005).
fn resend(
    state: &mut State,
    world: &World,
    token: &str,
    company: &str,
    track: &str,
    now: Timestamp,
) -> String {
    let (estado, glosa) = resent(state, world, token, company, track, now);
    respuesta(
        "",
        &format!(
            "<SII:RESP_HDR><SII:ESTADO>{estado}</SII:ESTADO><SII:GLOSA>{glosa}</SII:GLOSA></SII:RESP_HDR>"
        ),
    )
}

fn resent(
    state: &mut State,
    world: &World,
    token: &str,
    company: &str,
    track: &str,
    now: Timestamp,
) -> (&'static str, &'static str) {
    if token.is_empty() || track.is_empty() || company == "-" {
        return ("102", "Faltan datos de entrada");
    }
    let Ok(holder) = state.use_token(Channel::Dte, token, now) else {
        return ("104", "Token Inactivo o No Existe");
    };
    if !is_rut(company) {
        return ("101", "Error en digito verificador del Rut de la empresa");
    }
    let known = world.registry.company(company);
    if !known.is_some_and(|company| company.signers.contains(&holder.as_str())) {
        return ("106", "Usuario autenticado no tiene permisos sobre Empresa");
    }
    let Some(index) = state.by_track.get(&(Channel::Dte, track.to_owned())).copied() else {
        return ("105", "Error Track ID no existe");
    };
    if state.uploads[index].company != company {
        return ("105", "Error Track ID no existe");
    }
    if state.uploads[index].known_from() > now {
        return ("114", "Envio solicitado no ha concluido su validacion, por lo tanto no existe correo");
    }
    state.resent.push((index, now));
    ("0", "Requerimiento recibido OK")
}

/// A question about one document, as both channels put it.
pub(super) struct Asked {
    pub key: DocumentKey,
    pub receptor: String,
    pub date: Date,
    pub total: u64,
}

impl Asked {
    /// Company and receptor with their check digits, type, folio, date as `DDMMAAAA`, total. Some clients write the
    /// date with hyphens and say that it works.
    fn read(words: [&str; 8], official_only: bool) -> Option<Asked> {
        let [rut, dv, receptor, receptor_dv, tipo, folio, date, total] = words;
        let plain = date.len() == 8 && date.bytes().all(|byte| byte.is_ascii_digit());
        let form = match plain {
            true => Some("%d%m%Y"),
            false => (!official_only).then_some("%d-%m-%Y"),
        };
        Some(Asked {
            key: DocumentKey {
                issuer: format!("{rut}-{dv}"),
                tipo: tipo.parse().ok()?,
                folio: folio.parse().ok()?,
            },
            receptor: format!("{receptor}-{receptor_dv}"),
            date: Date::strptime(form?, date).ok()?,
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

    /// What the last note on it made of it (Estado de DTE, ERR_CODE 10 to 15).
    fn corrected(&self, state: &State, now: Timestamp) -> Option<(&'static str, u8, &'static str)> {
        let notes = state.notes.get(&self.key)?.iter().filter(|note| note.known_from <= now);
        let last = notes.max_by_key(|note| note.known_from)?;
        match (last.code.as_str(), last.tipo) {
            ("2", 56) => Some(("TMD", 10, "Existe Nota de Debito que Modifica Texto Documento")),
            ("2", _) => Some(("TMC", 11, "Existe Nota de Credito que Modifica Textos Documento")),
            ("3", 56) => Some(("MMD", 12, "Existe Nota de Debito que Modifica Montos Documento")),
            ("3", _) => Some(("MMC", 13, "Existe Nota de Credito que Modifica Montos Documento")),
            ("1", 56) => Some(("AND", 14, "Existe Nota de Debito que Anula Documento")),
            ("1", _) => Some(("ANC", 15, "Existe Nota de Credito que Anula Documento")),
            _ => None,
        }
    }

    /// The state as it is told: a fault may have another one said.
    pub(super) fn told(
        &self,
        state: &mut State,
        world: &World,
        channel: Channel,
        now: Timestamp,
    ) -> (String, u8, &'static str) {
        let subject = format!("T{}F{}", self.key.tipo, self.key.folio);
        let struck = state.faults.strike(Door::DocumentState, channel, Moment::Answer, &subject);
        match struck {
            Some(fault) => {
                let code =
                    ["DOK", "DNK", "", "FAU", "FNA", "FAN", "EMP"].iter().position(|c| *c == fault.code);
                (
                    fault.code,
                    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(9),
                    "Dicho por escenario",
                )
            }
            None => {
                let (estado, code, glosa) = self.state(state, world, now);
                (estado.to_owned(), code, glosa)
            }
        }
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
            None if state.is_annulled(&self.key) => ("FAN", 5, "Folio Anulado antes de ser enviado al SII"),
            None => ("FAU", 3, "Documento No Recibido por el SII"),
            Some(version) if self.agrees(version) => self.corrected(state, now).unwrap_or((
                "DOK",
                0,
                "Documento Recibido por el SII. Datos Coinciden con los Registrados",
            )),
            Some(_) => {
                ("DNK", 1, "Documento Recibido por el SII pero Datos NO Coinciden con los registrados")
            }
        }
    }
}

fn document_state(state: &mut State, world: &World, asked: Option<&Asked>, now: Timestamp) -> String {
    let Some(asked) = asked else {
        return respuesta(&header("-3", "Error: parametros de entrada invalidos"), "");
    };
    let (estado, code, glosa) = asked.told(state, world, Channel::Dte, now);
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
