//! Handing a parcel over, once. Anything but a clear answer leaves doubt, and doubt is asked about,
//! never sent again from here.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::DateTime;
use openssl::sha::sha256;
use timbre_core::{ChannelId, Document, Heard, KeyError, Parcel, ParcelId, Scope, Sent, Step, Verdict};

use super::talk::{Here, Stage, TO_MEND, Talk, all, reply, unknown};
use super::{Wire, multipart};
use crate::answer::{OF_ANOTHER, Upload, fall};
use crate::envelope;
use crate::words::remark;

pub(super) fn begin<W: Wire>(here: &Here<'_>, parcel: &Parcel) -> Result<Step, KeyError> {
    let body = parcel.body();
    let Some(stamped) = envelope::stamped(&parcel.head) else {
        return Ok(unknown(&parcel.documents, "el sobre guardado no dice cuándo se firmó"));
    };
    hand_over::<W>(here, stamped, 0, &body, &parcel.documents)
}

pub(super) fn resume<W: Wire>(
    here: &Here<'_>,
    talk: Talk,
    heard: Heard,
    about: &[Arc<Document>],
) -> Result<Step, KeyError> {
    let Stage::Upload { stamped, sha256: ref before, left } = talk.stage else {
        return Ok(unknown(about, "no es una entrega"));
    };
    match heard {
        // Stopped after it may have left: the outcome is not known.
        Heard::Elapsed if left => {
            Ok(unknown(about, "la entrega se interrumpió y no se sabe si el SII la recibió"))
        }
        Heard::Elapsed => again::<W>(here, stamped, before.clone(), talk.renewals, about),
        Heard::Nothing { sent: Sent::No, why } => {
            let why = remark("SIN RESPUESTA", why);
            Ok(Step::Done(all(about, here.refused(Scope::Parcel, why, here.cx.conduct.absence_gap))))
        }
        Heard::Nothing { sent: Sent::Perhaps, why } => Ok(unknown(about, &why)),
        Heard::Reply { status, headers, body } => {
            let reply = reply(status, &headers, &body);
            let answer = match W::hear_upload(reply) {
                _ if reply.is_of_another(here.company) => Upload::Unclear(OF_ANOTHER.to_owned()),
                answer => answer,
            };
            Ok(hear::<W>(here, answer, stamped, before.clone(), talk.renewals, about))
        }
    }
}

fn hear<W: Wire>(
    here: &Here<'_>,
    answer: Upload,
    stamped: DateTime,
    sha256: String,
    renewals: u8,
    about: &[Arc<Document>],
) -> Step {
    match answer {
        Upload::Received { track } => {
            let sent = all(about, Verdict::Sent { track: track.clone() });
            let since = Some(here.cx.now);
            let poll = Stage::Poll { track, asked: 0, counted: 0, since, began: None, lost: 0 };
            Step::Wait(first_wait::<W>(here, about), Talk::at(poll).state(), sent)
        }
        Upload::Already => Step::Done(all(about, Verdict::AlreadyThere)),
        Upload::NoPass(_) if renewals == 0 => {
            let stage = Stage::Upload { stamped, sha256, left: false };
            Step::Stale(Talk { stage, renewals: 1 }.state())
        }
        Upload::NoPass(why) => {
            let after = here.mended(here.slow());
            Step::Done(all(about, here.refused(Scope::Channel, why, after)))
        }
        Upload::Refused { scope: Scope::Channel, why, after } => {
            Step::Done(all(about, here.refused(Scope::Channel, why, here.mended(after))))
        }
        Upload::Refused { scope, why, after } => Step::Done(all(about, here.refused(scope, why, after))),
        Upload::Rejected { how, reasons } => Step::Done(all(about, fall(how, &reasons, &[], about.len()))),
        Upload::Unclear(why) => unknown(about, &why),
    }
}

/// Before the first question: what the SII advises, unless goods wait for the answer, or the hour of a boleta is so
/// near that a rejection could not be mended within it.
fn first_wait<W: Wire>(here: &Here<'_>, about: &[Arc<Document>]) -> Duration {
    let conduct = here.cx.conduct;
    let (quick, advised) = (conduct.quick_poll.min(conduct.first_poll), conduct.first_poll);
    if !W::WAITS {
        return quick;
    }
    here.of_the_hour(about).saturating_sub(TO_MEND).clamp(quick, advised)
}

/// After a login: nothing was stored, so the same bytes go once more. They are made again from the
/// documents and the moment of the envelope's signature, and must have the same hash: signing is
/// deterministic, and a new certificate in between would show.
fn again<W: Wire>(
    here: &Here<'_>,
    stamped: DateTime,
    before: String,
    renewals: u8,
    about: &[Arc<Document>],
) -> Result<Step, KeyError> {
    let wrapping = envelope::wrap(here.kind, about, here.cx.company, here.cx.keys, stamped)?;
    let body = Parcel {
        id: ParcelId(String::new()),
        channel: ChannelId(String::new()),
        head: wrapping.head,
        tail: wrapping.tail,
        documents: about.to_vec(),
    }
    .body();
    if hex(&sha256(&body)) != before {
        let why = remark("SOBRE DISTINTO", "");
        return Ok(Step::Done(all(about, here.refused(Scope::Parcel, why, Duration::ZERO))));
    }
    hand_over::<W>(here, stamped, renewals, &body, about)
}

fn hand_over<W: Wire>(
    here: &Here<'_>,
    stamped: DateTime,
    renewals: u8,
    body: &[u8],
    about: &[Arc<Document>],
) -> Result<Step, KeyError> {
    let state = |left| {
        let stage = Stage::Upload { stamped, sha256: hex(&sha256(body)), left };
        Talk { stage, renewals }.state()
    };
    let Some(pass) = here.cx.pass else {
        return Ok(Step::Stale(state(false)));
    };
    let first = about.first().map(|d| d.id.to_string()).unwrap_or_default();
    let filename = format!("{}_{first}.xml", here.company);
    let form = multipart::form(here.sender()?, here.company, &filename, body, &here.cx.entropy);
    Ok(Step::Ask(W::upload(here, form, pass), state(true), Vec::new()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
