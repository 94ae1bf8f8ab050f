//! Seed, signed getToken, token. The seed lives two minutes and serves once, so a login that was
//! interrupted begins again.

use std::time::Duration;

use timbre_core::{Heard, KeyError, Pass, Scope, Step};

use super::Wire;
use super::talk::{Here, Stage, Talk, all, reply};
use crate::answer::Login;
use crate::token::get_token;
use crate::words::remark;

/// Seeds asked for in one login before it gives up.
const SEEDS: u8 = 3;

/// A person has to mend something first.
const HOUR: Duration = Duration::from_secs(3600);

pub(super) fn begin<W: Wire>(here: &Here<'_>, seeds: u8) -> Step {
    Step::Ask(W::ask_seed(here), Talk::at(Stage::Seed { seeds }).state(), Vec::new())
}

pub(super) fn resume<W: Wire>(here: &Here<'_>, talk: Talk, heard: Heard) -> Result<Step, KeyError> {
    let (seeds, token) = match talk.stage {
        Stage::Token { seeds } => (seeds, true),
        Stage::Seed { seeds } => (seeds, false),
        _ => (1, false),
    };
    let refused = |scope, why, after| Step::Done(all(&[], here.refused(scope, why, after)));
    // Where the SII names no time the engine's own pauses rule, which grow.
    let for_now =
        |why, after: Option<Duration>| refused(Scope::ChannelForNow, why, after.unwrap_or_default());
    let (status, headers, body) = match heard {
        Heard::Elapsed => return Ok(begin::<W>(here, seeds)),
        Heard::Nothing { why, .. } => return Ok(for_now(remark("SIN RESPUESTA", why), None)),
        Heard::Reply { status, headers, body } => (status, headers, body),
    };
    let reply = reply(status, &headers, &body);
    let answer = if token { W::hear_token(reply) } else { W::hear_seed(reply) };
    Ok(match answer {
        Login::Got(secret) if token => Step::Granted(Pass::new(secret)),
        Login::Got(seed) => {
            let signed = get_token(&seed, here.cx.keys)?;
            Step::Ask(W::ask_token(here, &signed), Talk::at(Stage::Token { seeds }).state(), Vec::new())
        }
        Login::NewSeed(_) if seeds < SEEDS => begin::<W>(here, seeds + 1),
        Login::NewSeed(why) | Login::Later(why) => for_now(why, reply.retry_after()),
        Login::Stop(why) => refused(Scope::Channel, why, here.mended(HOUR)),
    })
}
