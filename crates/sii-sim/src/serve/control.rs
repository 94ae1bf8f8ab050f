//! The routes under `/_sim/`, for tests and the demo: the ledger, the weather, and the desk. They are no part of
//! the SII, and a dead line does not reach them on the control port.

use crate::{
    claims::Action,
    desk::Desk,
    fault::Fault,
    message::{Host, Outcome, Reply, Request},
    scenario::Scenario,
    sim::Sim,
};
use jiff::Timestamp;
use serde_json::{Value, json};
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
        ("GET", "mail") => Reply::json(200, &json!(sim.mail(now))),
        ("POST", "annul") => annul(sim, request).unwrap_or_else(|why| Reply::text(400, &why)),
        ("POST", "claim") => claim(sim, request, now).unwrap_or_else(|why| Reply::text(400, &why)),
        ("POST", "tokens/kill") => {
            sim.kill_tokens();
            Reply::json(200, &json!({ "tokens": 0 }))
        }
        ("POST", "clock/advance") => advance(sim, request).unwrap_or_else(|why| Reply::text(400, &why)),
        ("GET", "desk/company") => Reply::json(200, &json!(Desk::company())),
        ("POST", "desk/certificate") => certificate(request),
        ("POST", "desk/caf") => caf(sim, request, now).unwrap_or_else(|why| Reply::text(400, &why)),
        ("POST", "scenario") => scenario(sim, request, now).unwrap_or_else(|why| Reply::text(400, &why)),
        ("POST", "faults") => arm(sim, request).unwrap_or_else(|why| Reply::text(400, &why)),
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
    let word = |host| if sim.line(host, now).down { "down" } else { "up" };
    Reply::json(
        200,
        &json!({
            "status": "ok",
            "scenario": sim.scenario().name,
            "line": word(Host::Dte),
            "hosts": {
                "dte": word(Host::Dte),
                "boleta_query": word(Host::BoletaQuery),
                "boleta_upload": word(Host::BoletaUpload),
            },
        }),
    )
}

fn outage(sim: &Sim, down: bool) -> Reply {
    sim.set_outage(down);
    Reply::json(200, &json!({ "outage": down }))
}

/// `POST /_sim/scenario[?seed=7]` with a scenario in TOML.
fn scenario(sim: &Sim, request: &Request, now: Timestamp) -> Result<Reply, String> {
    let text = std::str::from_utf8(&request.body).map_err(|error| error.to_string())?;
    let scenario = Scenario::parse(text).map_err(|error| error.to_string())?;
    let seed = if request.query("seed").is_some() { number(request, "seed")? } else { sim.seed() };
    let name = scenario.name.clone();
    sim.play(scenario, seed, now);
    Ok(Reply::json(200, &json!({ "scenario": name, "seed": seed })))
}

/// `POST /_sim/faults` with a fault in JSON, or a list of them: each strikes as it says, from now on.
fn arm(sim: &Sim, request: &Request) -> Result<Reply, String> {
    let one_or_more: Value = serde_json::from_slice(&request.body).map_err(|error| error.to_string())?;
    let list = if one_or_more.is_array() { one_or_more } else { json!([one_or_more]) };
    let faults: Vec<Fault> = serde_json::from_value(list).map_err(|error| error.to_string())?;
    let armed = faults.len();
    faults.into_iter().for_each(|fault| sim.arm(fault));
    Ok(Reply::json(200, &json!({ "armed": armed })))
}

/// `POST /_sim/annul?tipo=39&from=5&to=9`: the taxpayer gives folios back.
fn annul(sim: &Sim, request: &Request) -> Result<Reply, String> {
    let (tipo, from, to) = (number(request, "tipo")?, number(request, "from")?, number(request, "to")?);
    sim.annul(tipo, from, to).map_err(|error| error.to_string())?;
    Ok(Reply::json(200, &json!({ "annulled": { "tipo": tipo, "from": from, "to": to } })))
}

/// `POST /_sim/claim?tipo=33&folio=5&action=RCD[&issuer=…]`: the receptor says what he thinks of a factura.
fn claim(sim: &Sim, request: &Request, now: Timestamp) -> Result<Reply, String> {
    let issuer = request.query("issuer").unwrap_or(Desk::company().rut);
    let action =
        request.query("action").and_then(Action::read).ok_or("action is ACD, ERM, RCD, RFP or RFT")?;
    let done = sim.claim(issuer, number(request, "tipo")?, number(request, "folio")?, action, now);
    Ok(Reply::json(200, &json!({ "codResp": done.map_err(|error| error.to_string())? })))
}

/// `POST /_sim/clock/advance?seconds=600`: what was waited for has happened.
fn advance(sim: &Sim, request: &Request) -> Result<Reply, String> {
    sim.advance(Duration::from_secs(number(request, "seconds")?));
    Ok(Reply::json(200, &json!({ "now": sim.time(Timestamp::now()) })))
}

/// `POST /_sim/desk/certificate[?password=…]`: a PFX of the person who signs for the training company.
fn certificate(request: &Request) -> Reply {
    let made = Desk::certificate(request.query("password").unwrap_or("entrenamiento"));
    Reply::new(200, "application/x-pkcs12", made.pfx).with_header("X-Holder", made.holder_rut)
}

/// `POST /_sim/desk/caf?tipo=39&from=1&to=100[&rut=…]`: only for the company that trains.
fn caf(sim: &Sim, request: &Request, now: Timestamp) -> Result<Reply, String> {
    let company = Desk::company();
    let rut = request.query("rut").unwrap_or(company.rut);
    if rut != company.rut {
        return Err(format!("the desk serves {} only", company.rut));
    }
    let tipo: u16 = number(request, "tipo")?;
    let from: u64 = number(request, "from")?;
    let to: u64 = number(request, "to")?;
    let file = sim.lend(tipo, from, to, now).map_err(|refused| refused.to_string())?;
    Ok(Reply::new(200, "application/xml", file))
}

fn number<N: std::str::FromStr>(request: &Request, name: &str) -> Result<N, String> {
    request.query(name).and_then(|text| text.parse().ok()).ok_or_else(|| format!("{name} must be a number"))
}
