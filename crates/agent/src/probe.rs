//! Parcels in doubt: each of their documents is asked about. What it amounts to once all were is `settle`'s.

mod settle;

use std::sync::Arc;
use std::time::Duration;

use timbre_core::{DocState, Document, DocumentId, Heard, Timestamp};
use timbre_store::{OpenParcel, Row};

use crate::clock::{later, until};
use crate::conversation::{After, Talk, TalkError, current, rows_in, rows_of};
use crate::line::Asked as Of;
use crate::parcel::Past;
use crate::sender::{Asked, Sender, lock};

/// Without a verdict for this long a person is called.
pub(crate) const LONG_WAIT: Duration = Duration::from_secs(24 * 3_600);

/// Questions asked before others have their turn: a long verification holds nobody's hand.
const AT_A_TIME: usize = 10;

/// What came of one document of a parcel.
struct Probed {
    /// How long it holds its parcel.
    holds: Option<Timestamp>,
    asked: bool,
}

impl Sender {
    /// A person asked: no question about a document in doubt waits any longer.
    pub(crate) fn ask_now(&self) {
        let now = self.now();
        for probing in lock(&self.probing).values_mut() {
            probing.asked.values_mut().for_each(|asked| asked.due = asked.due.min(now));
        }
    }

    /// Asks about each document of a parcel in doubt. Only when none is left to ask about is it
    /// decided whether the bytes go again.
    pub(crate) async fn probe_all(
        &self,
        open: &OpenParcel,
        readable: &[Arc<Document>],
    ) -> Result<Option<Timestamp>, TalkError> {
        // What went on in another envelope is that one's.
        let here = rows_in(self.reader(), open);
        // It was leaving when something failed here.
        if here.iter().any(|row| row.state == DocState::Enviando) {
            let why = "el envío se interrumpió";
            return Ok(Some(self.doubt(&open.id, &open.documents, open.attempt, why).await?));
        }
        let mut next: Option<Timestamp> = None;
        let mut sooner = |at: Timestamp| next = Some(next.map_or(at, |n| n.min(at)));
        let mut questions = 0;
        for document in readable {
            let row = current(self.reader(), &document.id, document.version)?;
            if !row.is_some_and(|row| self.is_asked_about(&row) && row.parcel.as_ref() == Some(&open.id)) {
                continue;
            }
            if !self.is_open(&open.channel, Of::Question) {
                sooner(self.after_line(&open.channel, Of::Question));
                break;
            }
            if let Some(quiet) = self.hushed(&open.channel) {
                sooner(quiet);
                break;
            }
            if questions == AT_A_TIME {
                sooner(self.now());
                break;
            }
            let probed = self.probe_one(open, document).await?;
            questions += usize::from(probed.asked);
            probed.holds.into_iter().for_each(&mut sooner);
        }
        let here: Vec<_> = here.into_iter().map(|row| (row.id, row.version)).collect();
        self.remind(&here).await?;
        match next {
            Some(due) => Ok(Some(due)),
            None => self.settle_probe(open, readable).await,
        }
    }

    /// Asks about one document, when it is time to.
    async fn probe_one(&self, parcel: &OpenParcel, document: &Arc<Document>) -> Result<Probed, TalkError> {
        let kept = {
            let mut probing = lock(&self.probing);
            let probing = probing.entry(parcel.id.clone()).or_default();
            if probing.absent.contains_key(&document.id) {
                return Ok(Probed { holds: None, asked: false });
            }
            probing.asked.get(&document.id).cloned()
        };
        let times = kept.as_ref().map_or(0, |asked| asked.times);
        // An answer is as old as its question.
        let began = self.now();
        let before = self.reading();
        let issuer = self.issuer()?;
        let channel = self.channel(&parcel.channel);
        let about = std::slice::from_ref(document);
        let pass = self.pass_in_memory(&parcel.channel);
        let cx = self.cx(&issuer, pass.as_ref());
        let step = match kept {
            Some(asked) if asked.due > self.now() => {
                return Ok(Probed { holds: self.holds(&document.id, &asked)?, asked: false });
            }
            // The authority's own delay is long over or not begun, who knows: it is waited for anew.
            Some(asked) if self.reading().was_set_since(&asked.at) => channel.probe(document, &cx)?,
            Some(Asked { state: Some(state), .. }) => channel.resume(state, Heard::Elapsed, about, &cx)?,
            Some(Asked { state: None, .. }) | None => channel.probe(document, &cx)?,
        };
        let talk = Talk {
            channel: &parcel.channel,
            parcel: &parcel.id,
            documents: about,
            one: Some(document.id.clone()),
            delivery: None,
            past: Past::default(),
            attempt: parcel.attempt,
        };
        let after = self.drive(step, &talk, pass).await?;
        let row = current(self.reader(), &document.id, document.version)?;
        let still = row.as_ref().map(|row| row.state);
        let age = row.as_ref().map_or(Duration::ZERO, |row| until(row.since, self.now()));
        // What the authority has taken does not go again for what is said of it: there is no hurry. Nor what a person
        // read of it at the authority's site.
        let noted = row.is_some_and(|row| row.noted.is_some());
        let taken = noted || still == Some(DocState::Enviado);
        let times = times + 1;
        let pace = |times| later(self.now(), self.settings().conduct.wait_before(times, age));
        let at = self.reading();
        let set = at.was_set_since(&before);
        let mut probing = lock(&self.probing);
        let probing = probing.entry(parcel.id.clone()).or_default();
        let asked = match after {
            // Set while it was asked: no span that the channel measured is true.
            After::Wait { due, .. } if set => Asked { state: None, due, at, times, answered: false },
            After::Done { absent: true, .. } if set && still == Some(DocState::Verificando) => {
                let due = later(self.now(), self.settings().conduct.absence_gap);
                Asked { state: None, due, at, times, answered: false }
            }
            After::Wait { due, state } => {
                let due = if taken { due.max(pace(times)) } else { due };
                Asked { state: Some(state), due, at, times, answered: false }
            }
            After::Done { decided, .. }
                if !matches!(still, Some(DocState::Verificando | DocState::Enviado))
                    && (decided || !noted) =>
            {
                probing.asked.remove(&document.id);
                return Ok(Probed { holds: None, asked: true });
            }
            // Never of one that the authority has taken: there an absence is only odd.
            After::Done { absent: true, .. } if still == Some(DocState::Verificando) => {
                probing.asked.remove(&document.id);
                probing.absent.insert(document.id.clone(), began);
                return Ok(Probed { holds: None, asked: true });
            }
            // A person may have to look; it is asked again, seldom.
            After::Done { .. } => Asked { state: None, due: pace(usize::MAX), at, times, answered: true },
            After::Doubt { .. } | After::NotSent { .. } | After::NoPass => {
                let due = self.after_line(&parcel.channel, Of::Question);
                Asked { state: None, due, at, times, answered: false }
            }
        };
        probing.asked.insert(document.id.clone(), asked.clone());
        Ok(Probed { holds: self.holds(&document.id, &asked)?, asked: true })
    }

    /// One that needs a person because of what was answered, or that the authority has taken (a service's word, or a
    /// person's who read it), is asked about again, but does not hold the others. One of which nothing was heard does: its
    /// bytes may be there.
    fn holds(&self, id: &DocumentId, asked: &Asked) -> Result<Option<Timestamp>, TalkError> {
        let row = self.reader().row(id)?;
        let apart = row.is_some_and(|row| {
            row.attention.is_some() || row.noted.is_some() || row.state == DocState::Enviado
        });
        Ok((!(asked.answered && apart)).then_some(asked.due))
    }

    /// Without a verdict, or with one by a person's word alone, until that is old; then when a person asks.
    fn is_asked_about(&self, row: &Row) -> bool {
        let fresh = |row: &Row| later(row.since, self.settings().noted_for) > self.now();
        is_open(row) || row.noted.is_some() && (fresh(row) || lock(&self.by_hand).contains(&row.id))
    }

    /// Is nothing of this parcel asked about any more, but by a person's hand? Nor is an upload of which nothing is left
    /// but what was replaced or made again.
    pub(crate) fn is_at_rest(&self, open: &OpenParcel) -> bool {
        let rows = rows_in(self.reader(), open);
        let last = rows.iter().map(|row| row.since).fold(open.sent, Ord::max);
        rows.iter().all(|row| row.state.is_final() && !self.is_asked_about(row))
            && later(last, self.settings().noted_for) <= self.now()
    }

    /// Calls a person to documents without a verdict a day after they were issued: it may be slow, or it may be stuck.
    pub(crate) async fn remind(&self, documents: &[(DocumentId, u32)]) -> Result<(), TalkError> {
        let now = self.now();
        let old = |row: &Row| is_open(row) && row.attention.is_none() && later(row.issued, LONG_WAIT) <= now;
        let rows = rows_of(self.reader(), documents).into_iter();
        let ids: Vec<_> = rows.filter(old).map(|row| row.id).collect();
        self.flag(&ids, "Lleva más de 24 horas sin veredicto; se sigue preguntando").await
    }
}

/// The authority has it, or may have it, and there is no verdict yet.
fn is_open(row: &Row) -> bool {
    matches!(row.state, DocState::Verificando | DocState::Enviado)
}
