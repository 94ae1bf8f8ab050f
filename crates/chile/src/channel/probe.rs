//! "Do you have this one?", asked after doubt. "Not received" is also what the SII says of a document
//! it is still processing, so it is believed only when it is old and said twice.

use std::sync::Arc;
use std::time::Duration;

use timbre_core::{Document, Heard, KeyError, Step, Verdict};

use super::Wire;
use super::subject::Subject;
use super::talk::{Here, Stage, Talk, all, left, reply};
use crate::answer::{Exact, Held};

/// Questions asked at the pace of `absence_gap` before they slow down.
const BRISK: usize = 6;

pub(super) fn begin<W: Wire>(here: &Here<'_>, document: &Document) -> Result<Step, KeyError> {
    let stage = Stage::Probe { since: here.cx.now, asked: 0, absent_since: None, exact: false };
    ask::<W>(here, Talk::at(stage), document)
}

pub(super) fn resume<W: Wire>(
    here: &Here<'_>,
    mut talk: Talk,
    heard: Heard,
    about: &[Arc<Document>],
) -> Result<Step, KeyError> {
    let (Some(document), Stage::Probe { exact, .. }) = (about.first(), &talk.stage) else {
        return Ok(Step::Done(Vec::new()));
    };
    let (status, headers, body) = match heard {
        Heard::Elapsed => return ask::<W>(here, talk, document),
        Heard::Nothing { .. } => return Ok(later(here, talk, None)),
        Heard::Reply { status, headers, body } => (status, headers, body),
    };
    let reply = reply(status, &headers, &body);
    let named = || reply.retry_after().map(|after| here.named(after, about));
    let accepted = || Step::Done(all(about, Verdict::Accepted { remarks: None, given: None }));
    if *exact {
        return Ok(match W::hear_exact(reply) {
            Exact::Same => accepted(),
            Exact::Unable(_) if here.cx.conduct.data_alone => accepted(),
            // Asked again, slowly; meanwhile a person may mend what keeps it from saying.
            Exact::Unable(why) => {
                let unknown = all(about, Verdict::Unknown { why: why.meaning });
                Step::Wait(here.pace(&talk, usize::MAX), Talk { renewals: 0, ..talk }.state(), unknown)
            }
            Exact::Other(why) => Step::Done(all(about, Verdict::Conflict { why, alike: true })),
            Exact::NoPass(why) => here.no_pass(talk, why, about),
            Exact::Later(_) => later(here, Talk { renewals: 0, ..talk }, named()),
        });
    }
    let held = W::hear_document(reply);
    if !matches!(held, Held::NoPass(_)) {
        talk.renewals = 0;
    }
    Ok(match held {
        Held::Same { .. } => return exactly::<W>(here, talk, document),
        Held::Differs(why) => Step::Done(all(about, Verdict::Conflict { why, alike: false })),
        Held::Void(why, number) => Step::Done(all(about, Verdict::Rejected { reasons: vec![why], number })),
        Held::Absent(_) => absent(here, talk, about),
        Held::NoPass(why) => here.no_pass(talk, why, about),
        Held::Refused(why) => here.held_up(talk, why, about),
        Held::Later(_) => later(here, talk, named()),
    })
}

fn ask<W: Wire>(here: &Here<'_>, talk: Talk, document: &Document) -> Result<Step, KeyError> {
    if matches!(talk.stage, Stage::Probe { exact: true, .. }) {
        return exactly::<W>(here, talk, document);
    }
    let (sender, subject) = (here.sender()?, Subject::of(document)?);
    Ok(here.ask(talk, Vec::new(), |pass| W::ask_document(here, pass, sender, &subject)))
}

/// The data are ours; is the signed document ours too? Where a channel has no such question the data are believed.
fn exactly<W: Wire>(here: &Here<'_>, mut talk: Talk, document: &Document) -> Result<Step, KeyError> {
    let subject = Subject::of(document)?;
    if let Stage::Probe { exact, .. } = &mut talk.stage {
        *exact = true;
    }
    let Some(pass) = here.cx.pass else {
        return Ok(Step::Stale(talk.state()));
    };
    let about = [Arc::new(document.clone())];
    Ok(match W::ask_exact(here, pass, &subject) {
        Some(request) => Step::Ask(request, talk.state(), Vec::new()),
        None => Step::Done(all(&about, Verdict::Accepted { remarks: None, given: None })),
    })
}

/// Counted from the beginning of the questions, which is never before the delivery: the channel is
/// not told when that was.
fn absent(here: &Here<'_>, mut talk: Talk, about: &[Arc<Document>]) -> Step {
    let (now, conduct) = (here.cx.now, here.cx.conduct);
    let Stage::Probe { since, asked, absent_since, .. } = &mut talk.stage else {
        return Step::Done(Vec::new());
    };
    *asked += 1;
    let old_enough = left(*since, conduct.absence_after, now);
    let far_enough = match *absent_since {
        Some(first) => left(first, conduct.absence_gap, now),
        None => {
            *absent_since = Some(now);
            conduct.absence_gap.max(Duration::from_millis(1))
        }
    };
    if old_enough.is_zero() && far_enough.is_zero() {
        return Step::Done(all(about, Verdict::Absent));
    }
    // Asked again at the pace of the gap: the document may turn up.
    let wait = old_enough.max(far_enough).min(conduct.absence_gap.max(Duration::from_secs(1)));
    Step::Wait(wait, talk.state(), Vec::new())
}

/// A question that came to nothing says nothing about the document.
fn later(here: &Here<'_>, mut talk: Talk, after: Option<Duration>) -> Step {
    let mut asked = BRISK + 1;
    if let Stage::Probe { asked: before, .. } = &mut talk.stage {
        *before += 1;
        asked = *before;
    }
    let brisk = (asked <= BRISK).then_some(here.cx.conduct.absence_gap);
    Step::Wait(here.wait_of(&talk, asked - asked.min(BRISK), after.or(brisk)), talk.state(), Vec::new())
}
