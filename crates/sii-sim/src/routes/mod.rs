//! Which service a request is for. Each host knows its own paths and no others.

mod boleta;
mod dte;
mod gate;
mod multipart;
mod soap;
mod upload;

use crate::{
    message::{Host, Outcome, Reply, Request},
    sim::Sim,
    state::Channel,
};
use jiff::Timestamp;
use std::time::Duration;

/// `after` is how long the reply takes on this line.
pub(crate) fn answer(sim: &Sim, role: Host, request: &Request, now: Timestamp, after: Duration) -> Outcome {
    let reply = match (role, request.method.as_str(), request.path()) {
        (Host::Dte, "POST", "/cgi_dte/UPL/DTEUpload") => {
            return upload::receive(sim, Channel::Dte, request, now, after);
        }
        (Host::BoletaUpload, "POST", "/recursos/v1/boleta.electronica.envio") => {
            return upload::receive(sim, Channel::Boleta, request, now, after);
        }
        (Host::Dte, _, "/cgi_dte/UPL/DTEUpload") => dte::upload_error_page(),
        (Host::Dte, ..) => soap::answer(&mut sim.state(), request, now),
        (Host::BoletaQuery, ..) => boleta::answer(&mut sim.state(), request, now),
        (Host::BoletaUpload, _, "/recursos/v1/boleta.electronica.envio") => {
            Reply::text(405, "Metodo no permitido")
        }
        (Host::BoletaUpload, ..) => Reply::text(404, "No existe recurso"),
    };
    Outcome::Reply { after, reply }
}

/// The file inside a well-framed upload, whatever is thought of it.
pub(crate) fn uploaded(request: &Request) -> Option<Vec<u8>> {
    let upload = matches!(request.path(), "/cgi_dte/UPL/DTEUpload" | "/recursos/v1/boleta.electronica.envio");
    if request.method != "POST" || !upload {
        return None;
    }
    multipart::read(request.header("content-type")?, &request.body).ok().map(|form| form.bytes)
}
