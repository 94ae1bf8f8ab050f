//! An upload from its first byte to its receipt.

use super::{boleta, dte, finish, gate};
use crate::{
    fault::Door,
    judge,
    message::{Outcome, Request},
    register::{Taken, register},
    sim::Sim,
    state::{Arrival, Channel},
};
use jiff::Timestamp;
use std::time::Duration;

pub(super) fn receive(
    sim: &Sim,
    channel: Channel,
    request: &Request,
    now: Timestamp,
    after: Duration,
) -> Outcome {
    let world = sim.world();
    let passed = gate::pass(&mut sim.state(), channel, request, world, now);
    let (parcel, company) = match passed {
        Ok(passed) => passed,
        Err(refusal) => {
            let reply = refusal.reply(channel, now);
            book(sim, channel, now, &refusal.told(&reply), None, 0);
            return Outcome::Reply { after, reply };
        }
    };
    // The judge is pure and takes its time: the state is free meanwhile.
    let examined = judge::examine(channel, &parcel, world, company, now);
    let count = examined.findings.len();
    let (sender, file) = (parcel.sender.clone(), parcel.file.clone());
    let burns = world.rules.rejected_burns_folio;
    let (taken, outage_began) = {
        let mut state = sim.state();
        let taken = register(&mut state, channel, parcel, examined, burns, now);
        (taken, std::mem::take(&mut state.outage_began))
    };
    if outage_began {
        sim.notify_line();
    }
    let taken = match taken {
        Ok(taken) => taken,
        Err(error) => {
            tracing::error!(%error, "the simulator's book cannot be written: it answers nobody any more");
            return Outcome::DropBefore;
        }
    };
    let reception = dte::Reception { sender: &sender, company: company.rut, file: &file, now };
    let reply = match (&taken, channel) {
        (Taken::Stored { track }, Channel::Boleta) => {
            let shape = sim.state().faults.scenario.rest;
            boleta::received(shape, track, &sender, company.rut, &file, now)
        }
        (Taken::Stored { track }, Channel::Dte) => reception.stored(track),
        (Taken::Known { track, times }, _) => reception.known(track, *times),
        (Taken::Refused { complaints }, _) => reception.refused(complaints),
    };
    let (told, track) = match &taken {
        Taken::Stored { track } => {
            (if channel == Channel::Dte { "STATUS 0" } else { "REC" }, Some(track.clone()))
        }
        Taken::Known { track, .. } => ("STATUS 99", Some(track.clone())),
        Taken::Refused { .. } => ("STATUS 7", None),
    };
    let (outcome, befell) = finish(sim, Door::Upload, channel, reply, now, after);
    let told = befell.map_or_else(|| told.to_owned(), |befell| format!("{told}, {befell}"));
    book(sim, channel, now, &told, track, count);
    outcome
}

pub(super) fn book(
    sim: &Sim,
    channel: Channel,
    at: Timestamp,
    answer: &str,
    track: Option<String>,
    documents: usize,
) {
    sim.state().arrivals.push(Arrival { channel, at, answer: answer.to_owned(), track, documents });
}
