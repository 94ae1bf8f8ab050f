//! Which service a request is for. Each host knows its own paths and no others.

mod boleta;
mod claims;
mod dte;
mod gate;
mod multipart;
mod soap;
mod spoil;
mod upload;
mod wsdl;

use crate::{
    fault::{Door, Moment},
    message::{Host, Outcome, Reply, Request},
    sim::Sim,
    state::Channel,
};
use jiff::Timestamp;
use std::time::Duration;

const DTE_UPLOAD: &str = "/cgi_dte/UPL/DTEUpload";
const BOLETA_UPLOAD: &str = "/recursos/v1/boleta.electronica.envio";

/// `after` is how long the reply takes on this line.
pub(crate) fn answer(sim: &Sim, role: Host, request: &Request, now: Timestamp, after: Duration) -> Outcome {
    let (door, channel) = door(role, request);
    let struck = sim.state().faults.strike(door, channel, Moment::Before, "");
    if let Some(fault) = struck {
        let outcome = spoil::spoil(&fault, None, now, after);
        if door == Door::Upload {
            upload::book(sim, channel, now, &spoil::told(&outcome), None, 0);
        }
        return outcome;
    }
    if door == Door::Upload {
        return upload::receive(sim, channel, request, now, after);
    }
    let reply = match (role, request.path()) {
        (Host::Dte, DTE_UPLOAD) => dte::upload_error_page(),
        (Host::Dte, _) => soap::answer(&mut sim.state(), sim.world(), request, now),
        (Host::BoletaQuery, _) => boleta::answer(&mut sim.state(), sim.world(), request, now),
        (Host::BoletaUpload, BOLETA_UPLOAD) => Reply::text(405, "Metodo no permitido"),
        (Host::BoletaUpload, _) => Reply::text(404, "No existe recurso"),
    };
    finish(sim, door, channel, reply, now, after).0
}

/// The reply as it reaches the client, and what to say of it when something befell it.
fn finish(
    sim: &Sim,
    door: Door,
    channel: Channel,
    reply: Reply,
    now: Timestamp,
    after: Duration,
) -> (Outcome, Option<String>) {
    let struck = sim.state().faults.strike(door, channel, Moment::After, "");
    match struck {
        Some(fault) => {
            if door == Door::Token {
                sim.state().token_unheard(channel, now);
            }
            let outcome = spoil::spoil(&fault, Some(reply), now, after);
            let told = spoil::told(&outcome);
            (outcome, Some(told))
        }
        None => (Outcome::Reply { after, reply }, None),
    }
}

/// Which service is asked, as the faults count them.
fn door(role: Host, request: &Request) -> (Door, Channel) {
    let path = request.path();
    let post = request.method == "POST";
    match role {
        Host::Dte => (if post && path == DTE_UPLOAD { Door::Upload } else { soap::door(path) }, Channel::Dte),
        Host::BoletaUpload if post && path == BOLETA_UPLOAD => (Door::Upload, Channel::Boleta),
        Host::BoletaUpload => (Door::Other, Channel::Boleta),
        Host::BoletaQuery => (boleta::door(path), Channel::Boleta),
    }
}

/// The file inside a well-framed upload, whatever is thought of it.
pub(crate) fn uploaded(request: &Request) -> Option<Vec<u8>> {
    let upload = matches!(request.path(), DTE_UPLOAD | BOLETA_UPLOAD);
    if request.method != "POST" || !upload {
        return None;
    }
    multipart::read(request.header("content-type")?, &request.body, false).ok().map(|form| form.bytes)
}
