//! The version of the seed's service: needs no pass and leaves nothing behind, so it tells whether the SII
//! can be reached (manual de autenticación automática §3.1).

use timbre_core::{Cx, Request};

use super::{NotAsked, hosts};
use crate::answer::Reply;
use crate::channel::soap;

pub fn ask(cx: &Cx<'_>) -> Result<Request, NotAsked> {
    let url = format!("{}/DTEWS/CrSeed.jws", hosts(cx)?.dte);
    Ok(soap::question(cx, url, "versión", soap::call("getVersion", &[])))
}

/// What the service calls itself; `None` when what came is not its answer.
pub fn hear(reply: Reply<'_>) -> Option<String> {
    let body = soap::body(&reply.text()).filter(|_| reply.status == 200)?;
    let version = body.ending("getVersionReturn")?.text.trim().to_owned();
    (!version.is_empty()).then_some(version)
}
