//! What is kept of each webhook, in a file of the folder that its owner alone may read; and what may be told when.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use timbre_agent::Answer;
use timbre_agent::view::{AttemptView, ChangeView, ProblemView, RedeliveredView, WebhookView};
use timbre_store::{Bookmark, whole};

/// The file, in the folder.
pub(super) const NAME: &str = "webhooks.json";

/// How many of the last tries are kept.
const ATTEMPTS: usize = 50;

/// How many events are kept that were not taken or given up. When there are more, the address is told nothing further
/// until it takes some, or somebody has them delivered.
const KEPT: usize = 1_000;

/// So many events of one address are under way at once, each of another document.
pub(super) const TOGETHER: usize = 4;

/// Between the first two tries; then twice as long each time, up to the longest.
const FIRST: SignedDuration = SignedDuration::from_secs(5);
const LONGEST: SignedDuration = SignedDuration::from_hours(1);

/// An event that was not taken for so long is put aside, and with it what comes of the same document: the others go on.
const PATIENCE: SignedDuration = SignedDuration::from_hours(48);

/// An event that has left the journal and was not taken yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Due {
    pub event: ChangeView,
    /// How often it was tried, when first, and when it is tried next.
    pub tries: u32,
    pub first: Option<Timestamp>,
    pub next: Option<Timestamp>,
}

impl Due {
    fn new(event: ChangeView) -> Due {
        Due { event, tries: 0, first: None, next: None }
    }
}

/// The address itself does not answer: one event at a time is tried until it does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Silence {
    pub tries: u32,
    pub until: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hook {
    pub url: String,
    pub states: Vec<String>,
    /// The secret that deliveries are signed with, closed ([`Safe`](super::Safe)); base64.
    pub sealed: String,
    pub made: Timestamp,
    /// Up to here everything has left the journal: it was taken, or stands below.
    pub at: Bookmark,
    /// Those of one document in their order.
    pub due: Vec<Due>,
    /// Given up: those of one document in their order, and none of that document is due.
    pub aside: Vec<ChangeView>,
    pub silence: Option<Silence>,
    pub attempts: VecDeque<AttemptView>,
}

impl Hook {
    pub fn new(url: String, states: Vec<String>, sealed: String, at: Bookmark, made: Timestamp) -> Hook {
        let (due, aside, attempts) = (Vec::new(), Vec::new(), VecDeque::new());
        Hook { url, states, sealed, made, at, due, aside, silence: None, attempts }
    }

    /// Set up anew: it goes on where it stood, at once.
    pub fn anew(mut self, new: Hook) -> Hook {
        self.go_now();
        Hook { url: new.url, states: new.states, sealed: new.sealed, ..self }
    }

    /// Nothing waits for its time any more; how many did.
    fn go_now(&mut self) -> u64 {
        self.silence = None;
        let waiting = self.due.iter_mut().filter_map(|due| due.next.take());
        waiting.count() as u64
    }

    /// What was given up is due again, and what waits for its time goes now.
    pub fn take_up(&mut self) -> RedeliveredView {
        let sooner = self.go_now();
        let events = self.aside.len() as u64;
        self.due.splice(0..0, self.aside.drain(..).map(Due::new));
        RedeliveredView { events, sooner }
    }

    /// All that was told of a document is told again, and what is still due of it with it, in order.
    pub fn tell_again(&mut self, all: Vec<(ChangeView, Bookmark)>) -> RedeliveredView {
        let Some(document) = all.first().map(|(change, _)| change.document.clone()) else {
            return RedeliveredView { events: 0, sooner: 0 };
        };
        self.silence = None;
        self.due.retain(|due| due.event.document != document);
        self.aside.retain(|event| event.document != document);
        let wanted = all.into_iter().filter(|(change, behind)| {
            // What comes later leaves the journal by itself.
            *behind <= self.at && self.states.contains(&change.state)
        });
        let again: Vec<_> = wanted.map(|(change, _)| Due::new(change)).collect();
        let events = again.len() as u64;
        self.due.extend(again);
        RedeliveredView { events, sooner: 0 }
    }

    /// How many more events may leave the journal now.
    pub fn room(&self) -> usize {
        let untried = self.due.iter().filter(|due| due.tries == 0).count();
        let most = if self.silence.is_some() { 1 } else { TOGETHER };
        most.saturating_sub(untried).min(KEPT.saturating_sub(self.due.len() + self.aside.len()))
    }

    /// One that leaves the journal. It joins what was put aside of its document: its order is kept.
    pub fn take_in(&mut self, event: ChangeView, behind: Bookmark) {
        match self.aside.iter().any(|other| other.document == event.document) {
            true => self.aside.push(event),
            false => self.due.push(Due::new(event)),
        }
        self.at = behind;
    }

    /// What may be told now beside the documents that are being told of: of each the first that is due. Where the
    /// address is silent one alone, and rather one that was never tried.
    pub fn ready(&self, now: Timestamp, under_way: &BTreeSet<String>) -> Vec<&Due> {
        let most = match self.silence {
            Some(silence) if silence.until > now => 0,
            Some(_) => 1,
            None => TOGETHER,
        };
        let mut ready: Vec<_> =
            self.firsts().filter(|due| !under_way.contains(&due.event.document)).collect();
        ready.retain(|due| due.next.is_none_or(|next| next <= now));
        // Perhaps it is only what was tried that it does not answer.
        if self.silence.is_some() {
            ready.sort_by_key(|due| due.next);
        }
        ready.truncate(most.saturating_sub(under_way.len()));
        ready
    }

    /// Of each document the first that is due.
    fn firsts(&self) -> impl Iterator<Item = &Due> {
        let mut documents = BTreeSet::new();
        self.due.iter().filter(move |due| documents.insert(due.event.document.as_str()))
    }

    /// When there will be something to tell that can't be told now.
    pub fn next_moment(&self, now: Timestamp, under_way: &BTreeSet<String>) -> Option<Timestamp> {
        let firsts = self.firsts().filter(|due| !under_way.contains(&due.event.document));
        let next = firsts.map(|due| due.next.unwrap_or(now)).min()?;
        let until = self.silence.map_or(now, |silence| silence.until);
        Some(next.max(until)).filter(|at| *at > now)
    }

    /// What became of a try. True where the event was given up.
    pub fn settle(&mut self, event: &str, told: AttemptView, now: Timestamp) -> bool {
        let taken = told.why.is_empty();
        // Too many requests is said of all of them (RFC 6585, 4).
        let silent = !taken && (told.status.is_none() || told.status == Some(429));
        self.note(told);
        let tries = match self.silence {
            // Of several that were under way.
            Some(silence) if silence.until > now => silence.tries,
            earlier => earlier.map_or(0, |silence| silence.tries) + 1,
        };
        self.silence = silent.then(|| Silence { tries, until: now + pause(tries) });
        // Gone where it was put back, or taken out, meanwhile.
        let Some(at) = self.due.iter().position(|due| due.event.event == event) else { return false };
        if taken {
            self.due.remove(at);
            return false;
        }
        let due = &mut self.due[at];
        due.tries += 1;
        let first = *due.first.get_or_insert(now);
        due.next = Some(now + pause(due.tries));
        let given_up = now.duration_since(first) >= PATIENCE;
        if given_up {
            let document = due.event.document.clone();
            let (same, others) =
                self.due.drain(..).partition::<Vec<_>, _>(|due| due.event.document == document);
            self.due = others;
            self.aside.extend(same.into_iter().map(|due| due.event));
        }
        given_up
    }

    pub fn note(&mut self, attempt: AttemptView) {
        self.attempts.push_front(attempt);
        self.attempts.truncate(ATTEMPTS);
    }

    pub fn view(&self, name: &str) -> WebhookView {
        let next = self.due.iter().filter_map(|due| due.next).min();
        let next = next.map(|next| next.max(self.silence.map_or(next, |silence| silence.until)));
        WebhookView {
            name: name.to_owned(),
            url: self.url.clone(),
            states: self.states.clone(),
            made: self.made.to_string(),
            tries: self.due.iter().map(|due| due.tries).max().unwrap_or(0),
            next_try: next.map(|at| at.to_string()),
            due: self.due.len() as u64,
            put_aside: self.aside.len() as u64,
            attempts: self.attempts.iter().cloned().collect(),
        }
    }
}

/// After the `tries`th.
fn pause(tries: u32) -> SignedDuration {
    let doubled = FIRST.checked_mul(1_i32 << tries.saturating_sub(1).min(20));
    doubled.map_or(LONGEST, |pause| pause.min(LONGEST))
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    webhooks: BTreeMap<String, Hook>,
}

pub(super) struct Book {
    path: PathBuf,
    pub hooks: BTreeMap<String, Hook>,
}

impl Book {
    pub fn open(folder: &Path) -> io::Result<Book> {
        let path = folder.join(NAME);
        let written: Written = match std::fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Written::default(),
            Err(error) => return Err(error),
            Ok(bytes) => serde_json::from_slice(&bytes)?,
        };
        Ok(Book { path, hooks: written.webhooks })
    }

    /// Changes what is kept; it is on disk when this answers, or nothing is changed.
    pub fn change(&mut self, change: impl FnOnce(&mut BTreeMap<String, Hook>) -> Answer<()>) -> Answer<()> {
        let mut next = self.hooks.clone();
        change(&mut next)?;
        let written = Written { webhooks: next };
        let bytes = serde_json::to_vec(&written).map_err(ProblemView::internal)?;
        whole::write(&self.path, &bytes).map_err(ProblemView::internal)?;
        self.hooks = written.webhooks;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
