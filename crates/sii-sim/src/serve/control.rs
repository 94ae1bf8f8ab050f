//! The routes under `/_sim/`, for tests and the demo: the ledger, the weather, and the desk. They are no part of
//! the SII, and a dead line does not reach them on the control port.

use crate::{
    desk::Desk,
    message::{Outcome, Reply, Request},
    sim::Sim,
};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;
use std::time::Duration;

pub(super) fn answer(sim: &Sim, request: &Request, now: Timestamp) -> Outcome {
    let path = request.path().trim_start_matches("/_sim/");
    let reply = match (request.method.as_str(), path) {
        ("GET", "health") => health(sim, now),
        ("GET", "ledger") => match serde_json::to_value(sim.ledger_at(now)) {
            Ok(ledger) => Reply::json(200, &ledger),
            Err(error) => Reply::text(500, &error.to_string()),
        },
        ("POST", "outage/on") => outage(sim, true),
        ("POST", "outage/off") => outage(sim, false),
        ("POST", "desk/caf") => caf(request, now).unwrap_or_else(|why| Reply::text(400, &why)),
        ("POST", path) => match path.strip_prefix("scenario/") {
            Some(name) if sim.set_scenario(name, now) => Reply::json(200, &json!({ "scenario": name })),
            Some(_) => Reply::text(404, "no scenario of that name"),
            None => Reply::text(404, "no such control"),
        },
        _ => Reply::text(404, "no such control"),
    };
    Outcome::Reply { after: Duration::ZERO, reply }
}

fn health(sim: &Sim, now: Timestamp) -> Reply {
    let line = sim.line(now);
    Reply::json(
        200,
        &json!({ "status": "ok", "scenario": sim.scenario().name, "line": if line.down { "down" } else { "up" } }),
    )
}

fn outage(sim: &Sim, down: bool) -> Reply {
    sim.set_outage(down);
    Reply::json(200, &json!({ "outage": down }))
}

/// `POST /_sim/desk/caf?tipo=39&from=1&to=100[&rut=…]`: only for the company that trains.
fn caf(request: &Request, now: Timestamp) -> Result<Reply, String> {
    let company = Desk::company();
    let rut = request.query("rut").unwrap_or(company.rut);
    if rut != company.rut {
        return Err(format!("the desk serves {} only", company.rut));
    }
    let tipo: u16 = number(request, "tipo")?;
    let from: u64 = number(request, "from")?;
    let to: u64 = number(request, "to")?;
    if from == 0 || to < from {
        return Err("from and to are no range".to_owned());
    }
    let zone = TimeZone::get("America/Santiago").map_err(|error| error.to_string())?;
    let date = now.to_zoned(zone).date();
    Ok(Reply::new(200, "application/xml", Desk::caf(rut, tipo, from, to, date, company.name)))
}

fn number<N: std::str::FromStr>(request: &Request, name: &str) -> Result<N, String> {
    request.query(name).and_then(|text| text.parse().ok()).ok_or_else(|| format!("{name} must be a number"))
}
