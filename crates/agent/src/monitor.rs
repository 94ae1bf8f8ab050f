//! The panel's numbers, and telling everybody who listens when they change.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use timbre_core::{ChannelId, DocState, DocumentId, Refusal};
use timbre_store::{Reader, Row, StoreError};
use tokio::sync::{mpsc, watch};

use crate::engine::{Agent, Inner, environment_word};
use crate::line::Asked;
use crate::lines::Lines;
use crate::sentence::{Situation, sentence};
use crate::view::{AnswerView, CompanyView, DownView, Snapshot, StatsView, StoppedView, Workers};
use crate::{foresight, offset, show, signing, watchdog};

/// Changes that come within this span are told together.
const GATHER: Duration = Duration::from_millis(60);

/// Above this many changed rows a listener is better off asking for its page again.
const MOST_ROWS: usize = 400;

/// Wakes the sender at each commit and pushes what changed, until the engine stops.
pub(crate) async fn watch(
    inner: Arc<Inner>,
    mut touches: mpsc::UnboundedReceiver<Vec<DocumentId>>,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        let first = tokio::select! {
            biased;
            _ = stopped.changed() => return,
            touched = touches.recv() => match touched {
                Some(touched) => touched,
                None => return,
            },
        };
        let mut names: BTreeSet<_> = first.into_iter().collect();
        let told = tokio::time::sleep(GATHER);
        tokio::pin!(told);
        loop {
            inner.sender.wake();
            tokio::select! {
                biased;
                () = &mut told => break,
                more = touches.recv() => match more {
                    Some(more) => names.extend(more),
                    None => break,
                },
            }
        }
        if let Some(found) = inner.writer.take_damage() {
            Agent(Arc::clone(&inner), None).set_damage(Some(found));
        }
        let profile = inner.regime.profile();
        let terms = inner.sender.terms();
        let all = names.len() > MOST_ROWS;
        let rows = names
            .iter()
            .take(if all { 0 } else { MOST_ROWS })
            .filter_map(|id| inner.reader.row(id).ok().flatten())
            .map(|row| show::row(&row, profile, &terms))
            .collect();
        inner.push(rows, all);
    }
}

pub(crate) fn snapshot(inner: &Inner) -> Snapshot {
    // Before anything is read: what changes meanwhile is told again under a higher number.
    let version = inner.version.load(Ordering::Relaxed);
    let now = inner.clock.now();
    let profile = inner.regime.profile();
    let company = inner.reader.company();
    let counts = inner.reader.counts();
    let counters = show::counters(&counts);
    let folios = foresight::folios(inner);
    let low = foresight::low(inner, &folios);
    let forecast = foresight::forecast(inner, &counts);
    // What can't be read is not missing: the disk is what ails.
    let (certificate, unread) = match inner.certificate() {
        Ok(certificate) => (certificate, None),
        Err(error) => {
            tracing::error!(%error, "the certificate can't be read");
            (None, Some(error))
        }
    };
    // What is damaged is loaded again: whether it stops anything, and the words, are the signer's.
    let damaged = matches!(unread, Some(StoreError::Damaged { .. }));
    let mut missing = Vec::new();
    if company.is_none() {
        missing.push("los datos de la empresa".to_owned());
    }
    if certificate.is_none() && unread.is_none() {
        missing.push("el certificado digital".to_owned());
    }
    if folios.is_empty() {
        missing.push("un archivo de folios (CAF)".to_owned());
    }
    let locked = inner.reader.locked().map(|locked| locked.to_string());
    let kept = inner.writer.stopped().or(unread.filter(|_| !damaged).map(|error| error.to_string()));
    let signer = (certificate.is_some() || damaged).then(|| inner.signer());
    let (held, mut unsigned) = match signer {
        Some(Ok(held)) => (Some(held), None),
        Some(Err(refusal)) => (None, Some(refusal)),
        None => (None, None),
    };
    unsigned = unsigned.or_else(|| signing::clock(inner.reader.last_stamp(), now, &inner.zone).err());
    unsigned = unsigned.or_else(|| offset::refusal(&inner.reader, profile.authority));
    let stopped = stopped(kept, locked, &missing, unsigned.as_ref());
    let lines = inner.sender.lines();
    let terms = inner.sender.terms();
    let unheld = unheld(&inner.reader);
    let troubles = inner.troubles();
    let nearest = show::first(unheld.iter(), &terms);
    let term = nearest.and_then(|(_, row)| watchdog::nearest(inner, &terms, row));
    let (active, allowed) = inner.sender.workers();
    let sentence = sentence(&Situation {
        authority: profile.authority,
        now,
        missing: &missing,
        stopped: stopped.as_ref().filter(|why| why.code == STORE).map(|why| &*why.text),
        locked: stopped.as_ref().is_some_and(|why| why.code == LOCKED),
        unsigned: unsigned.as_ref().map(|refusal| refusal.message.as_str()),
        folios: &folios,
        kinds: profile.kinds,
        troubles: &troubles,
        counters,
        unprinted: counts.unprinted,
        lines: &lines.values().cloned().collect::<Vec<_>>(),
        paused: !inner.sender.running(),
        forecast: forecast.and_then(|at| foresight::soon(inner, now, at)).as_deref(),
        low: &low,
        term: term.as_ref().map(|(level, words)| (*level, words.as_str())),
        to_annul: show::to_annul(&counts),
        ends: held.and_then(|held| signing::ends_soon(&held, now, &inner.zone)),
    });
    let vouchers = inner.reader.voucher_stands(inner.today());
    Snapshot {
        environment: company.as_ref().map_or_else(String::new, |(_, e)| environment_word(*e)),
        company: company.map(|(company, _)| CompanyView { id: company.id, name: company.name }),
        sentence,
        counters,
        to_annul: show::to_annul(&counts),
        total: show::total(&counts),
        unprinted: counts.unprinted,
        issued_today: inner.reader.issued_on(inner.today()),
        workers: Workers { active, allowed, running: inner.sender.running() },
        folios,
        deadline: show::nearest(unheld.iter(), &terms),
        forecast: forecast.map(|at| at.to_string()),
        clock: offset::view(inner),
        resendable: show::RESENDABLE.into_iter().map(|state| counts.of(state)).sum(),
        down: lines.into_iter().filter_map(down).collect(),
        last_answer: last_answer(inner),
        certificate,
        missing,
        stopped,
        room: inner.room(),
        vouchers: vouchers.is_some(),
        two_sales: vouchers.is_some_and(|term| term.two_sales),
        standing: inner.sender.settings().standing.clone(),
        address: crate::sender::lock(&inner.address).clone(),
        as_of: now.to_string(),
        run: inner.began.to_string(),
        version,
    }
}

const STORE: &str = "store";
const LOCKED: &str = "locked";

/// The gravest cause, as the sentence names it.
fn stopped(
    kept: Option<String>,
    locked: Option<String>,
    missing: &[String],
    unsigned: Option<&Refusal>,
) -> Option<StoppedView> {
    let say = |code: &str, text| StoppedView { code: code.to_owned(), text };
    let unset = || (!missing.is_empty()).then(|| say("setup", missing.join(", ")));
    kept.map(|why| say(STORE, why))
        .or_else(|| locked.map(|why| say(LOCKED, why)))
        .or_else(unset)
        .or_else(|| unsigned.map(|refusal| say(&refusal.code, refusal.message.clone())))
}

fn down((channel, lines): (ChannelId, Lines)) -> Option<DownView> {
    let next_try = lines.next(Asked::Delivery)?.to_string();
    Some(DownView { channel: channel.0, why: lines.why_none_leaves().to_owned(), next_try })
}

pub(crate) fn stats(inner: &Inner) -> StatsView {
    let counts = inner.reader.counts();
    let of = |state| counts.of(state);
    let folios = foresight::folios(inner);
    let (workers_active, workers_allowed) = inner.sender.workers();
    StatsView {
        environment: inner
            .reader
            .company()
            .map_or_else(String::new, |(_, environment)| environment_word(environment)),
        queued: of(DocState::Generado),
        sending: of(DocState::Enviando),
        sent: of(DocState::Enviado),
        verifying: of(DocState::Verificando),
        pending: of(DocState::Pendiente),
        accepted: of(DocState::Aceptado),
        objected: of(DocState::Reparo),
        rejected: of(DocState::Rechazado),
        errors: show::counters(&counts).problem,
        to_annul: show::to_annul(&counts),
        skipped: show::skipped(&folios),
        total: show::total(&counts),
        issued_today: inner.reader.issued_on(inner.today()),
        workers_active,
        workers_allowed,
        folios_left: folios.iter().map(|f| (f.series.clone(), f.left)).collect(),
        folios_run_out: folios.into_iter().map(|f| (f.series, f.runs_out)).collect(),
        deadline: show::nearest(unheld(&inner.reader).iter(), &inner.sender.terms()),
        forecast: foresight::forecast(inner, &counts).map(|at| at.to_string()),
        clock: offset::view(inner),
        last_answer: last_answer(inner),
        fsyncs: inner.writer.fsyncs(),
    }
}

/// The first of each series that the authority may not hold. The term is the same for all of a series, and who was
/// issued first ends first: the nearest is among these.
pub(crate) fn unheld(reader: &Reader) -> Vec<Row> {
    reader.first_unheld().unwrap_or_else(|error| {
        tracing::error!(%error, "the first documents of each series can't be read");
        Vec::new()
    })
}

fn last_answer(inner: &Inner) -> Option<AnswerView> {
    inner.sender.last_answer().map(|answer| AnswerView {
        at: answer.at.to_string(),
        what: answer.what.to_owned(),
        ok: answer.ok,
        took_ms: answer.took.as_millis().try_into().unwrap_or(u64::MAX),
        text: answer.text,
    })
}
