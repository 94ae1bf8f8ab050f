//! The SII sends the result of an upload by mail, to the address that the company registered there; this
//! asks it to send it again (wsDTECorreo, OIFE2005).

use timbre_core::{Cx, Remark, Request};

use super::{NotAsked, hosts, token};
use crate::answer::{Reply, gloss};
use crate::channel::soap;
use crate::envelope;
use crate::words::remark;

/// What became of the wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mail {
    /// The mail is on its way.
    Sent,
    /// The upload is not settled, so there is no mail yet; or trouble at the SII. Ask again later.
    Later(Remark),
    NoPass(Remark),
    /// It will not come by asking again.
    Refused(Remark),
    /// No answer that can be understood.
    Unclear,
}

#[derive(Clone, Copy)]
enum Class {
    Sent,
    Later,
    NoPass,
    Refused,
}

const STATES: &[(&str, Class)] = &[
    ("0", Class::Sent),
    ("101", Class::Refused),
    ("102", Class::Refused),
    ("103", Class::Later),
    ("104", Class::NoPass),
    ("105", Class::Refused),
    ("106", Class::Refused),
    ("107", Class::Later),
    ("108", Class::Later),
    ("110", Class::Later),
    ("111", Class::Later),
    ("112", Class::Later),
    ("113", Class::Later),
    ("114", Class::Later),
];

#[cfg(test)]
pub(super) fn codes() -> impl Iterator<Item = String> {
    STATES.iter().map(|(code, _)| format!("CORREO {code}"))
}

/// Four parameters, in this order.
pub fn ask(cx: &Cx<'_>, track: &str) -> Result<Request, NotAsked> {
    let company = envelope::issuer(cx.company)?;
    let (digits, dv) = (company.digits().to_string(), company.dv().to_string());
    let parameters = [
        ("Token", token(cx)?),
        ("RutEmpresa", digits.as_str()),
        ("DvEmpresa", dv.as_str()),
        ("TrackId", track),
    ];
    let url = format!("{}/DTEWS/services/wsDTECorreo", hosts(cx)?.dte);
    Ok(soap::question(cx, url, "reenvío del correo", soap::call("reenvioCorreo", &parameters)))
}

pub fn hear(reply: Reply<'_>) -> Mail {
    let answer = reply.soap();
    let Some((answer, state)) = answer.as_ref().and_then(|a| Some((a, a.value("ESTADO")?))) else {
        return if reply.status == 401 { Mail::NoPass(remark("HTTP 401", "")) } else { Mail::Unclear };
    };
    // `0` and `00`, as the other services write it.
    let state = if state == "00" { "0" } else { state };
    if matches!(state, "001" | "002" | "003") {
        return Mail::NoPass(remark(format!("ESTADO {state}"), gloss(answer)));
    }
    let why = || remark(format!("CORREO {state}"), gloss(answer));
    match STATES.iter().find(|(code, _)| *code == state).map(|(_, class)| *class) {
        Some(Class::Sent) => Mail::Sent,
        Some(Class::Later) | None => Mail::Later(why()),
        Some(Class::NoPass) => Mail::NoPass(why()),
        Some(Class::Refused) => Mail::Refused(why()),
    }
}
