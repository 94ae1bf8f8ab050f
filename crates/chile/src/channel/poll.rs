//! Asking how an upload is doing until each of its documents has a verdict. It ends when the SII has
//! spoken; when it says nothing of use for a day, its documents are asked about instead. No verdict comes
//! of time going by.

use std::sync::Arc;
use std::time::Duration;

use timbre_core::channel::SELDOM;
use timbre_core::{Document, Heard, KeyError, Report, Step, Verdict};

use super::Wire;
use super::subject::Subject;
use super::talk::{Here, Stage, Talk, all, left, reply};
use crate::answer::{
    Concluded, Count, Exact, Held, ITS_DATA, NOT_YET, OF_ANOTHER, Processed, Progress, Reply, Settled,
    THIS_ONE, Uploads, conclude, is_lost, reject_all, settle,
};
use crate::words::meaning;

/// Answers with incomplete counts or details that are waited out before the documents are asked
/// about one by one.
const PATIENCE: usize = 6;
/// Times that every open document is asked about before a person is called, and all begins anew with the upload.
const ROUNDS: u8 = 3;
/// Answers in a row that the SII has no such upload before it is believed: one may be odd, after days of "in process".
const LOST: u8 = 3;
/// The wait for an upload that will be in the SII's tables in seconds, the first [`PATIENCE`] times that it is not.
const SOON: Duration = Duration::from_secs(30);

pub(super) fn resume<W: Wire>(
    here: &Here<'_>,
    talk: Talk,
    heard: Heard,
    about: &[Arc<Document>],
) -> Result<Step, KeyError> {
    let (status, headers, body) = match heard {
        Heard::Elapsed => return ask::<W>(here, talk, Vec::new(), about),
        Heard::Nothing { .. } => return Ok(wait(here, talk, None)),
        Heard::Reply { status, headers, body } => (status, headers, body),
    };
    let reply = reply(status, &headers, &body);
    match &talk.stage {
        Stage::Poll { track, .. } => {
            let progress = match reply.is_of_another(here.company) {
                true => Progress::Unclear { why: OF_ANOTHER.to_owned(), after: None },
                false => W::hear_parcel(reply, track),
            };
            hear_parcel::<W>(here, talk, progress, about)
        }
        _ => hear_document::<W>(here, talk, reply, about),
    }
}

/// The next question of this stage.
fn ask<W: Wire>(
    here: &Here<'_>,
    talk: Talk,
    reports: Vec<Report>,
    about: &[Arc<Document>],
) -> Result<Step, KeyError> {
    match &talk.stage {
        Stage::Settle { ask: places, answers, exact, .. } => {
            let Some(document) = places.get(answers.len()).and_then(|&at| about.get(at)) else {
                return Ok(Step::Done(reports));
            };
            let (sender, subject) = (here.sender()?, Subject::of(document)?);
            if !exact {
                return Ok(here.ask(talk, reports, |pass| W::ask_document(here, pass, sender, &subject)));
            }
            let Some(pass) = here.cx.pass else { return Ok(Step::Stale(talk.state())) };
            match W::ask_exact(here, pass, &subject) {
                Some(request) => Ok(Step::Ask(request, talk.state(), reports)),
                None => answered::<W>(here, talk, ITS_DATA.to_owned(), about),
            }
        }
        Stage::Poll { track, .. } => {
            let track = track.clone();
            Ok(here.ask(talk, reports, |pass| W::ask_parcel(here, pass, &track)))
        }
        _ => Ok(Step::Done(reports)),
    }
}

/// One question more was answered, or asked in vain; the next one waits its turn.
fn wait(here: &Here<'_>, mut talk: Talk, after: Option<Duration>) -> Step {
    talk.renewals = 0;
    if let Stage::Poll { since, .. } = &mut talk.stage {
        // A state of an older Timbre does not say.
        since.get_or_insert(here.cx.now);
    }
    let wait = match &mut talk.stage {
        Stage::Poll { asked, .. } | Stage::Settle { asked, .. } => {
            *asked += 1;
            let asked = *asked;
            here.wait_of(&talk, asked, after)
        }
        _ => here.slow(),
    };
    Step::Wait(wait, talk.state(), Vec::new())
}

fn hear_parcel<W: Wire>(
    here: &Here<'_>,
    mut talk: Talk,
    progress: Progress,
    about: &[Arc<Document>],
) -> Result<Step, KeyError> {
    let named = |after: Option<Duration>| after.map(|after| here.named(after, about));
    Ok(match progress {
        Progress::Working { code, after } => {
            let lost = times_lost(&mut talk, &code);
            match overdue(here, &talk, &code) {
                // Not to be told in days, as what is asked daily would be.
                Some(Verdict::Lost { .. }) if lost < LOST => match wait(here, talk, None) {
                    Step::Wait(_, state, reports) => Step::Wait(here.slow(), state, reports),
                    step => step,
                },
                Some(verdict) => Step::Done(all(about, verdict)),
                // Where every wait was shortened for training, this one is too.
                None => {
                    let soon = code == NOT_YET && asked(&talk) < PATIENCE;
                    wait(here, talk, named(after).or(soon.then(|| SOON.min(here.slow()))))
                }
            }
        }
        // Trouble on the way says nothing about the upload, however long it lasts.
        Progress::Unclear { after, .. } => wait(here, talk, named(after)),
        Progress::NoPass(why) => here.no_pass(talk, why, about),
        Progress::Refused(why) => here.held_up(Talk { renewals: 0, ..talk }, why, about),
        Progress::Repeated => Step::Done(all(about, Verdict::AlreadyThere)),
        Progress::Rejected { code, details } => match sent(about) {
            Some(sent) => {
                Step::Done(reports(about, reject_all(&sent, &code, &details).into_iter().enumerate()))
            }
            None => wait(here, talk, None),
        },
        Progress::Processed(processed) => {
            return processed_parcel::<W>(here, talk, processed, about);
        }
    })
}

/// How many questions about the upload were asked.
fn asked(talk: &Talk) -> usize {
    match talk.stage {
        Stage::Poll { asked, .. } | Stage::Settle { asked, .. } => asked,
        _ => 0,
    }
}

/// How often in a row, this time included, it was said that there is no such upload.
fn times_lost(talk: &mut Talk, code: &str) -> u8 {
    let Stage::Poll { lost, .. } = &mut talk.stage else { return 0 };
    *lost = if is_lost(code) { lost.saturating_add(1) } else { 0 };
    *lost
}

/// An upload that the SII still does not settle, or does not know, long after it took it. Each of its documents is asked
/// about by itself. One that it lost goes again once they are absent; one that is stuck only by a person's hand.
fn overdue(here: &Here<'_>, talk: &Talk, code: &str) -> Option<Verdict> {
    let Stage::Poll { since: Some(since), .. } = &talk.stage else { return None };
    let over = left(*since, here.cx.conduct.settle_after, here.cx.now).is_zero();
    over.then(|| match is_lost(code) {
        true => Verdict::Lost { why: format!("El SII recibió el envío y ya no lo encuentra. {}", meaning(code)) },
        false => Verdict::Unknown {
            why: format!(
                "El SII recibió el envío y no dice cómo quedó. {} Si en sii.cl no aparece, pida «Reenviar»: se le pregunta otra \
                 vez y, si no lo tiene, van los mismos documentos",
                meaning(code)
            ),
        },
    })
}

fn processed_parcel<W: Wire>(
    here: &Here<'_>,
    mut talk: Talk,
    processed: Processed,
    about: &[Arc<Document>],
) -> Result<Step, KeyError> {
    let (Stage::Poll { track, asked, counted, since, began, .. }, Some(sent)) =
        (&mut talk.stage, sent(about))
    else {
        return Ok(wait(here, talk, None));
    };
    let patient = *counted < PATIENCE;
    *counted += 1;
    let verdicts = match settle(&sent, &processed, patient) {
        Settled::Keep => return Ok(wait(here, talk, None)),
        Settled::Decided(verdicts) => verdicts,
    };
    let open: Vec<usize> = (0..verdicts.len()).filter(|&at| verdicts[at].is_none()).collect();
    let decided = verdicts.into_iter().enumerate().filter_map(|(at, verdict)| Some((at, verdict?)));
    let decided = reports(about, decided);
    if open.is_empty() {
        return Ok(Step::Done(decided));
    }
    let stage = Stage::Settle {
        track: track.clone(),
        asked: *asked,
        rounds: 0,
        counts: processed.counts,
        ask: open,
        answers: Vec::new(),
        since: began.or(*since),
        exact: false,
    };
    if here.cx.pass.is_none() {
        // The verdicts at hand must not wait for a login.
        return Ok(Step::Wait(Duration::ZERO, Talk::at(stage).state(), decided));
    }
    ask::<W>(here, Talk::at(stage), decided, about)
}

fn hear_document<W: Wire>(
    here: &Here<'_>,
    mut talk: Talk,
    reply: Reply<'_>,
    about: &[Arc<Document>],
) -> Result<Step, KeyError> {
    let later = |talk| wait(here, talk, reply.retry_after().map(|after| here.named(after, about)));
    if matches!(talk.stage, Stage::Settle { exact: true, .. }) {
        let code = match W::hear_exact(reply) {
            Exact::Same => THIS_ONE.to_owned(),
            Exact::Unable(_) if here.cx.conduct.data_alone => ITS_DATA.to_owned(),
            Exact::Other(why) | Exact::Unable(why) => why.code,
            Exact::NoPass(why) => return Ok(here.no_pass(talk, why, about)),
            Exact::Later(_) => return Ok(later(talk)),
        };
        return answered::<W>(here, talk, code, about);
    }
    let code = match W::hear_document(reply) {
        Held::NoPass(why) => return Ok(here.no_pass(talk, why, about)),
        Held::Refused(why) => {
            return Ok(here.held_up(Talk { renewals: 0, ..talk }, why, about));
        }
        Held::Later(_) => return Ok(later(talk)),
        // Its data are ours; is the signed document ours too? A twin's is rejected, and its data are there.
        Held::Same { .. } => {
            talk.renewals = 0;
            if let Stage::Settle { exact, .. } = &mut talk.stage {
                *exact = true;
            }
            return ask::<W>(here, talk, Vec::new(), about);
        }
        Held::Differs(_) => "DNK".to_owned(),
        Held::Absent(_) => "FAU".to_owned(),
        Held::Void(why, _) => why.code,
    };
    answered::<W>(here, talk, code, about)
}

/// All that is to be heard of the next document was: on to the one after it, or to what all of them come to.
fn answered<W: Wire>(
    here: &Here<'_>,
    mut talk: Talk,
    code: String,
    about: &[Arc<Document>],
) -> Result<Step, KeyError> {
    talk.renewals = 0;
    let Stage::Settle { rounds, counts, ask: places, answers, exact, since, .. } = &mut talk.stage else {
        return Ok(wait(here, talk, None));
    };
    *exact = false;
    answers.push(code);
    if answers.len() < places.len() {
        return ask::<W>(here, talk, Vec::new(), about);
    }
    *rounds += 1;
    let last = *rounds >= ROUNDS;
    // Not what was counted is late then, but what an earlier upload brought.
    let uploads = match (here.cx.repeated, here.cx.now) {
        (false, _) => Uploads::One,
        (true, now) if since.is_some_and(|since| left(since, SELDOM, now).is_zero()) => Uploads::MoreLongAgo,
        (true, _) => Uploads::More,
    };
    let concluded = concluded(about, counts, places, answers, uploads, last);
    answers.clear();
    let reports = reports(about, concluded.verdicts.into_iter());
    if !concluded.open {
        return Ok(Step::Done(reports));
    }
    // The SII's tables may be hours late, and its counts and details too: never given up, and asked at the slowest pace.
    if let (true, Stage::Settle { track, asked, since, .. }) = (last, &talk.stage) {
        let (track, asked, began) = (track.clone(), *asked, *since);
        talk.stage = Stage::Poll { track, asked, counted: PATIENCE, since: None, began, lost: 0 };
    }
    Ok(telling(wait(here, talk, None), reports))
}

/// A wait that tells what is certain already: a folio that somebody else uses must not wait for the rest.
fn telling(step: Step, reports: Vec<Report>) -> Step {
    match step {
        Step::Wait(span, state, _) => Step::Wait(span, state, reports),
        step => step,
    }
}

fn concluded(
    about: &[Arc<Document>],
    counts: &[Count],
    places: &[usize],
    answers: &[String],
    uploads: Uploads,
    last: bool,
) -> Concluded {
    let answered: Vec<(usize, String)> = places.iter().copied().zip(answers.iter().cloned()).collect();
    match sent(about) {
        Some(sent) => conclude(&sent, counts, &answered, uploads, last),
        None => Concluded { open: true, ..Concluded::default() },
    }
}

fn reports(about: &[Arc<Document>], verdicts: impl Iterator<Item = (usize, Verdict)>) -> Vec<Report> {
    verdicts.map(|(at, verdict)| Report { document: about[at].id.clone(), verdict }).collect()
}

/// Type and folio of each; the type is the series.
fn sent(about: &[Arc<Document>]) -> Option<Vec<(u16, u64)>> {
    about.iter().map(|d| Some((d.id.series.0.parse().ok()?, d.id.number))).collect()
}
