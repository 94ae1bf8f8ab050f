//! The panel's numbers, and telling everybody who listens when they change.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use timbre_core::{DocState, DocumentId};
use tokio::sync::{mpsc, watch};

use crate::engine::{Inner, environment_word};
use crate::line::Line;
use crate::show::{self, Situation};
use crate::view::{AnswerView, CompanyView, Snapshot, StatsView, Workers};

/// Changes that come within this span are told together.
const GATHER: Duration = Duration::from_millis(60);

/// Above this many changed rows a listener is better off asking for its page again.
const MOST_ROWS: usize = 400;

/// Of how many of the oldest waiting documents the nearest deadline is sought: they are in the
/// order of issue, and the term is the same for all of a type.
const OLDEST: usize = 64;

/// Wakes the sender at each commit and pushes what changed, until the engine stops.
pub(crate) async fn watch(
    inner: Arc<Inner>,
    mut touches: mpsc::UnboundedReceiver<Vec<DocumentId>>,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        let first = tokio::select! {
            _ = stopped.changed() => return,
            touched = touches.recv() => match touched {
                Some(touched) => touched,
                None => return,
            },
        };
        inner.sender.wake();
        let mut names: BTreeSet<_> = first.into_iter().collect();
        tokio::time::sleep(GATHER).await;
        while let Ok(more) = touches.try_recv() {
            names.extend(more);
        }
        inner.sender.wake();
        let profile = inner.regime.profile();
        let rows = names
            .iter()
            .take(if names.len() > MOST_ROWS { 0 } else { MOST_ROWS })
            .filter_map(|id| inner.reader.row(id).ok().flatten())
            .map(|row| show::row(&row, profile))
            .collect();
        inner.push(rows);
    }
}

pub(crate) fn snapshot(inner: &Inner) -> Snapshot {
    let profile = inner.regime.profile();
    let company = inner.reader.company();
    let counts = inner.reader.counts();
    let counters = show::counters(&counts);
    let ranges = inner.reader.ranges();
    let folios = show::folios(&ranges, profile, inner.today());
    let certificate = inner.certificate().unwrap_or_else(|error| {
        tracing::error!(%error, "the certificate can't be read");
        None
    });
    let mut missing = Vec::new();
    if company.is_none() {
        missing.push("los datos de la empresa".to_owned());
    }
    if certificate.is_none() {
        missing.push("el certificado digital".to_owned());
    }
    if folios.is_empty() {
        missing.push("un archivo de folios (CAF)".to_owned());
    }
    let spent: Vec<_> = folios.iter().filter(|f| f.left == 0).map(|f| f.name.clone()).collect();
    let lines = inner.sender.lines();
    let down = lines.values().any(|line| matches!(line, Line::Down { .. }));
    let refused = lines.values().find_map(|line| match line {
        Line::Refused { why, .. } => Some(why.meaning.clone()),
        _ => None,
    });
    let stopped = inner.writer.stopped().map(|why| format!("{why}. Cierre Timbre y ábralo de nuevo"));
    let stopped = stopped.or_else(|| inner.reader.locked().map(|locked| locked.to_string()));
    let (active, allowed) = inner.sender.workers();
    let sentence = show::sentence(&Situation {
        authority: profile.authority,
        missing: &missing,
        stopped: stopped.as_deref(),
        spent: &spent,
        counters,
        refused: refused.as_deref(),
        down,
        paused: !inner.sender.running(),
    });
    Snapshot {
        environment: company.as_ref().map_or_else(String::new, |(_, e)| environment_word(*e)),
        company: company.map(|(company, _)| CompanyView { id: company.id, name: company.name }),
        sentence,
        counters,
        total: counts.total(),
        issued_today: inner.reader.issued_on(inner.today()),
        workers: Workers { active, allowed, running: inner.sender.running() },
        folios,
        deadline: nearest_deadline(inner),
        last_answer: last_answer(inner),
        certificate,
        missing,
        address: crate::sender::lock(&inner.address).clone(),
        as_of: inner.clock.now().to_string(),
        version: inner.version.load(Ordering::Relaxed),
    }
}

pub(crate) fn stats(inner: &Inner) -> StatsView {
    let counts = inner.reader.counts();
    let of = |state| counts.of(state);
    let folios = show::folios(&inner.reader.ranges(), inner.regime.profile(), inner.today());
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
        total: counts.total(),
        issued_today: inner.reader.issued_on(inner.today()),
        workers_active,
        workers_allowed,
        folios_left: folios.into_iter().map(|f| (f.series, f.left)).collect(),
        deadline: nearest_deadline(inner),
        last_answer: last_answer(inner),
        fsyncs: inner.writer.fsyncs(),
    }
}

fn nearest_deadline(inner: &Inner) -> Option<crate::view::DeadlineView> {
    let oldest = inner.reader.queue(OLDEST).unwrap_or_else(|error| {
        tracing::error!(%error, "the queue can't be read");
        Vec::new()
    });
    show::nearest(oldest.iter(), inner.regime.profile())
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
