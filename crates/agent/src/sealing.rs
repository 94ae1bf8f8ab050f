//! Signing in parallel, and drafts that panic: a country's mistake costs its own sale, not the
//! writer nor the sales beside it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::thread::Builder;

use serde_json::Value;
use timbre_core::{
    Claims, Document, DocumentId, Draft, Folio, Grant, KeyError, Keys, Refusal, Series, Timestamp,
};

use crate::sender::lock;

/// What a draft says of itself before it has a folio.
pub(crate) struct Said {
    pub series: Series,
    pub claims: Claims,
    pub follows: Vec<DocumentId>,
    pub annuls: Option<DocumentId>,
    pub awaits_authority: bool,
    pub warnings: Vec<Refusal>,
    pub totals: Value,
}

pub(crate) fn said(draft: &dyn Draft) -> Result<Said, Refusal> {
    unless_it_panics(|| Said {
        series: draft.series(),
        claims: draft.claims(),
        follows: draft.follows(),
        annuls: draft.annuls(),
        awaits_authority: draft.awaits_authority(),
        warnings: draft.warnings().to_vec(),
        totals: draft.totals(),
    })
}

pub(crate) fn series(draft: &dyn Draft) -> Result<Series, Refusal> {
    unless_it_panics(|| draft.series())
}

pub(crate) fn accepts(draft: &dyn Draft, grant: &Grant) -> Result<(), Refusal> {
    unless_it_panics(|| draft.accepts(grant))?
}

fn unless_it_panics<T>(ask: impl FnOnce() -> T) -> Result<T, Refusal> {
    catch_unwind(AssertUnwindSafe(ask)).map_err(|_| {
        Refusal::temporary(
            "draft-failed",
            "",
            "La venta no se pudo preparar por un error de Timbre; no gastó folio. Avise a soporte.",
        )
    })
}

/// Seals each draft, on `threads` threads when there are several.
pub(crate) fn seal_all(
    jobs: Vec<(&dyn Draft, Folio)>,
    threads: usize,
    keys: &dyn Keys,
    at: Timestamp,
) -> Vec<Result<Document, KeyError>> {
    let builder = || Builder::new().name("timbre-seal".to_owned());
    share_out(jobs, threads, builder, |(draft, folio)| {
        let sealed = catch_unwind(AssertUnwindSafe(|| draft.seal(folio, keys, at)));
        sealed.unwrap_or_else(|_| Err(KeyError::Failed("la firma se interrumpió".to_owned())))
    })
}

/// Does all of `jobs`, this thread and up to `threads - 1` helpers; the results are in the jobs'
/// order. A machine that lends no thread only makes it slower.
fn share_out<J: Send, R: Send>(
    jobs: Vec<J>,
    threads: usize,
    builder: impl Fn() -> Builder,
    work: impl Fn(J) -> R + Sync,
) -> Vec<R> {
    let helpers = threads.min(jobs.len()).saturating_sub(1);
    let todo = Mutex::new(jobs.into_iter().enumerate());
    let done = Mutex::new(Vec::new());
    let take_turns = || {
        loop {
            let Some((n, job)) = lock(&todo).next() else {
                return;
            };
            let result = work(job);
            lock(&done).push((n, result));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..helpers {
            if let Err(error) = builder().spawn_scoped(scope, take_turns) {
                tracing::warn!(%error, "no thread to be had; the rest is done by one");
                break;
            }
        }
        take_turns();
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(n, _)| *n);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_shared_out_and_comes_back_in_order() {
        for threads in [0, 1, 2, 4, 200] {
            let doubled = share_out((0..100).collect(), threads, Builder::new, |n: u64| n * 2);
            assert_eq!(doubled, (0..100).map(|n| n * 2).collect::<Vec<_>>(), "{threads} threads");
        }
        assert_eq!(share_out(Vec::<u8>::new(), 4, Builder::new, |n| n), [0u8; 0]);
    }

    #[test]
    fn where_no_thread_is_to_be_had_it_is_done_by_one() {
        // No machine has a stack of this size.
        let hopeless = || Builder::new().stack_size(1 << 60);
        let by: Vec<_> = share_out(vec![(); 10], 4, hopeless, |()| std::thread::current().id());
        assert_eq!(by, vec![std::thread::current().id(); 10]);
    }
}
