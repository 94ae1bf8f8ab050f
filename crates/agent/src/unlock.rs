//! The way out of a lock on issuing: what a person must know, and the act itself. Why there is a
//! lock is the store's finding.

use timbre_core::{Profile, Refusal};
use timbre_store::{Locked, Range};

use crate::engine::{Agent, Answer};
use crate::view::{LockView, LockedFoliosView};

impl Agent {
    /// Why issuing is locked; `None` when it is not.
    pub fn lock(&self) -> Option<LockView> {
        let locked = self.0.reader.locked()?;
        Some(view(&locked, &self.0.reader.ranges(), self.0.regime.profile()))
    }

    /// `who` decided that issuing goes on: every range from where nobody remembers a folio used. The
    /// journal keeps who and when. What waits to be sent is asked about first: it may have left from another copy.
    /// Answers what was lifted.
    pub async fn unlock(&self, who: &str) -> Answer<LockView> {
        let who = self.named(who)?;
        let lifted = self.lock().ok_or_else(|| {
            Refusal::new("not-locked", "", "La emisión no está detenida: no hay nada que desbloquear.")
        })?;
        let lift = move |reader: &timbre_store::Reader| {
            reader.locked().map(|locked| locked.lifted_by(&who)).into_iter().collect()
        };
        self.0.writer.apply(lift).await?;
        self.0.sender.wake();
        Ok(lifted)
    }
}

fn view(locked: &Locked, ranges: &[Range], profile: &Profile) -> LockView {
    let mut marks: Vec<_> = locked.beyond.iter().collect();
    marks.sort_by_key(|mark| (&mark.series, mark.next));
    let folios = marks.into_iter().map(|mark| {
        let range = ranges.iter().find(|range| range.grant.id == mark.grant);
        let used_from = range.map(|range| range.next).filter(|next| *next < mark.next);
        let kind = profile.kind(&mark.series);
        LockedFoliosView {
            series: mark.series.0.clone(),
            name: kind.map_or_else(|| mark.series.0.clone(), |kind| kind.name.to_owned()),
            used_from,
            used_to: used_from.map(|_| mark.next - 1),
            next: range.is_none_or(|range| mark.next <= range.last).then_some(mark.next),
        }
    });
    LockView { reason: locked.reason.word().to_owned(), text: locked.to_string(), folios: folios.collect() }
}
