//! What an upload must pass before its file is looked at: User-Agent, cookie, length, form, token, sender,
//! company, in this order; and how each channel refuses.

use super::{dte, multipart};
use crate::{
    desk::Company,
    judge::{Parcel, World},
    message::{Reply, Request},
    state::{Channel, State},
    tokens::Denied,
};
use jiff::Timestamp;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    UserAgent,
    NoCookie,
    Chunked,
    NoLength,
    Form(String),
    Token(Denied),
    Sender,
    Company,
}

pub(super) fn pass<'w>(
    state: &mut State,
    channel: Channel,
    request: &Request,
    world: &'w World,
    now: Timestamp,
) -> Result<(Parcel, &'w Company), Refusal> {
    if !request.header("user-agent").is_some_and(is_program) {
        return Err(Refusal::UserAgent);
    }
    let token = request.token_cookie().ok_or(Refusal::NoCookie)?;
    if request.header("transfer-encoding").is_some() {
        return Err(Refusal::Chunked);
    }
    let length = request.header("content-length").and_then(|text| text.parse::<usize>().ok());
    if length != Some(request.body.len()) {
        return Err(Refusal::NoLength);
    }
    let content_type = request.header("content-type").unwrap_or_default();
    let form =
        multipart::read(content_type, &request.body, world.rules.official_only).map_err(Refusal::Form)?;
    let holder = state.use_token(channel, token, now).map_err(Refusal::Token)?;
    if form.sender != holder {
        return Err(Refusal::Sender);
    }
    let company = world.registry.company(&form.company).ok_or(Refusal::Company)?;
    if !company.signers.contains(&holder.as_str()) {
        return Err(Refusal::Sender);
    }
    Ok((Parcel { sender: form.sender, company: form.company, file: form.file, bytes: form.bytes }, company))
}

/// `^Mozilla/\d\.\d \( ?compatible; PROG 1\.0;`: the words the upload services look for (Envío automático §2).
fn is_program(agent: &str) -> bool {
    let Some(rest) = agent.strip_prefix("Mozilla/") else {
        return false;
    };
    match rest.as_bytes() {
        [major, b'.', minor, b' ', b'(', rest @ ..] => {
            let rest = rest.strip_prefix(b" ").unwrap_or(rest);
            major.is_ascii_digit() && minor.is_ascii_digit() && rest.starts_with(b"compatible; PROG 1.0;")
        }
        _ => false,
    }
}

impl Refusal {
    /// For the book of arrivals.
    pub(super) fn told(&self, reply: &Reply) -> String {
        let why = match self {
            Refusal::UserAgent => "User-Agent",
            Refusal::NoCookie => "no cookie",
            Refusal::Chunked => "chunked",
            Refusal::NoLength => "no Content-Length",
            Refusal::Form(why) => why,
            Refusal::Token(stale) => stale.glosa,
            Refusal::Sender => "sender is not the token's, or has no say in the company",
            Refusal::Company => "company not authorised",
        };
        format!("{} refused: {why}", reply.status)
    }

    pub(super) fn reply(&self, channel: Channel, now: Timestamp) -> Reply {
        match channel {
            Channel::Dte => self.reply_dte(now),
            Channel::Boleta => self.reply_boleta(),
        }
    }

    /// Envío automático §2.1, and the pages of HTML that stand for what it does not list.
    fn reply_dte(&self, now: Timestamp) -> Reply {
        match self {
            Refusal::UserAgent => dte::upload_error_page(),
            Refusal::NoCookie => dte::error_501_page(),
            Refusal::Chunked => dte::reception_failed("3", now),
            Refusal::NoLength => {
                Reply::html("<HTML><HEAD><TITLE>411 Length Required</TITLE></HEAD></HTML>").with_status(411)
            }
            Refusal::Form(_) => dte::reception_failed("-1", now),
            Refusal::Token(_) => dte::reception_failed("5", now),
            Refusal::Sender => dte::reception_failed("1", now),
            Refusal::Company => dte::reception_failed("6", now),
        }
    }

    fn reply_boleta(&self) -> Reply {
        match self {
            Refusal::UserAgent | Refusal::Token(_) | Refusal::Sender => {
                Reply::text(401, "NO ESTA AUTENTICADO")
            }
            Refusal::NoCookie => Reply::text(400, "No trae TOKEN"),
            Refusal::Chunked => Reply::text(400, "LPX-00007: unexpected end-of-file encountered"),
            Refusal::NoLength => Reply::text(411, "Length Required"),
            Refusal::Form(_) => Reply::text(400, "Error en los parametros de entrada"),
            Refusal::Company => Reply::text(400, "EMPRESA NO ESTA AUTORIZADA"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_program;

    #[test]
    fn only_programs_that_say_so_may_upload() {
        assert!(is_program("Mozilla/4.0 ( compatible; PROG 1.0; Windows NT)"));
        assert!(is_program("Mozilla/5.0 (compatible; PROG 1.0; +https://www.libredte.cl)"));
        for agent in [
            "",
            "Timbre/0.1",
            "Mozilla/5.0 (X11; Linux x86_64)",
            "Mozilla/4.0 ( compatible; Odoo 14)",
            "Mozilla/4.0 (PROG 1.0;",
        ] {
            assert!(!is_program(agent), "{agent}");
        }
    }
}
