//! An upload from its first byte to its receipt, with the mishaps a scenario sends it.

use super::{boleta, dte, gate};
use crate::{
    desk::Desk,
    faults::Mishap,
    judge,
    message::{Outcome, Reply, Request},
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
    let company = Desk::company();
    let mishap = sim.state().faults.mishap();
    let spoilt = match mishap {
        Mishap::LostRequest => return Outcome::DropBefore,
        Mishap::Html => Some(dte::upload_error_page()),
        Mishap::ServerError => Some(Reply::text(500, "Error 500")),
        Mishap::None | Mishap::LostReply => None,
    };
    if let Some(reply) = spoilt {
        book(sim, channel, now, &format!("{} spoilt", reply.status), None, 0);
        return Outcome::Reply { after, reply };
    }
    let passed = gate::pass(&mut sim.state(), channel, request, company, now);
    let parcel = match passed {
        Ok(parcel) => parcel,
        Err(refusal) => {
            let reply = refusal.reply(channel, now);
            book(sim, channel, now, &refusal.told(&reply), None, 0);
            return Outcome::Reply { after, reply };
        }
    };
    // The judge is pure and takes its time: the state is free meanwhile.
    let examined = judge::examine(channel, &parcel, company, now);
    let count = examined.findings.len();
    let (sender, file) = (parcel.sender.clone(), parcel.file.clone());
    let burns = sim.rejected_burns_folio();
    let (taken, outage_began) = {
        let mut state = sim.state();
        let taken = register(&mut state, channel, parcel, examined, burns, now);
        (taken, std::mem::take(&mut state.outage_began))
    };
    if outage_began {
        sim.notify_line();
    }
    let reception = dte::Reception { sender: &sender, company: company.rut, file: &file, now };
    let reply = match (&taken, channel) {
        (Taken::Stored { track }, Channel::Boleta) => {
            boleta::received(track, &sender, company.rut, &file, now)
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
    let lost = mishap == Mishap::LostReply;
    let told = if lost { format!("{told}, reply lost") } else { told.to_owned() };
    book(sim, channel, now, &told, track, count);
    if lost { Outcome::DropAfter { after } } else { Outcome::Reply { after, reply } }
}

fn book(sim: &Sim, channel: Channel, at: Timestamp, answer: &str, track: Option<String>, documents: usize) {
    sim.state().arrivals.push(Arrival { channel, at, answer: answer.to_owned(), track, documents });
}
