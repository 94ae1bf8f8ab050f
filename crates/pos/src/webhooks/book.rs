//! What is kept of each webhook, in a file of the folder that its owner alone may read.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use timbre_agent::Answer;
use timbre_agent::view::{AttemptView, ChangeView, ProblemView, WebhookView};
use timbre_store::{Bookmark, whole};

/// The file, in the folder.
pub(super) const NAME: &str = "webhooks.json";

/// How many of the last tries are kept.
const ATTEMPTS: usize = 50;

/// How many events are kept that were given up. When there are more, the address is told nothing further until
/// somebody has them delivered.
pub(super) const ASIDE: usize = 1_000;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hook {
    pub url: String,
    pub states: Vec<String>,
    /// The secret that deliveries are signed with, closed ([`Safe`](super::Safe)); base64.
    pub sealed: String,
    pub made: Timestamp,
    /// Up to here everything was taken, or put aside.
    pub at: Bookmark,
    /// Tries of the event that is due.
    pub tries: u32,
    pub next_try: Option<Timestamp>,
    /// Given up, in their order.
    pub aside: Vec<ChangeView>,
    /// Put back by a person: these come before the journal's.
    pub again: VecDeque<ChangeView>,
    pub attempts: VecDeque<AttemptView>,
}

impl Hook {
    pub fn new(url: String, states: Vec<String>, sealed: String, at: Bookmark, made: Timestamp) -> Hook {
        Hook {
            url,
            states,
            sealed,
            made,
            at,
            tries: 0,
            next_try: None,
            aside: Vec::new(),
            again: VecDeque::new(),
            attempts: VecDeque::new(),
        }
    }

    /// Set up anew: it goes on where it stood, at once.
    pub fn anew(self, new: Hook) -> Hook {
        Hook { url: new.url, states: new.states, sealed: new.sealed, tries: 0, next_try: None, ..self }
    }

    /// What was given up is due again.
    pub fn take_up(&mut self) -> u64 {
        self.again.extend(self.aside.drain(..));
        (self.tries, self.next_try) = (0, None);
        self.again.len() as u64
    }

    pub fn note(&mut self, attempt: AttemptView) {
        self.attempts.push_front(attempt);
        self.attempts.truncate(ATTEMPTS);
    }

    pub fn view(&self, name: &str) -> WebhookView {
        WebhookView {
            name: name.to_owned(),
            url: self.url.clone(),
            states: self.states.clone(),
            made: self.made.to_string(),
            tries: self.tries,
            next_try: self.next_try.map(|at| at.to_string()),
            put_aside: self.aside.len() as u64,
            attempts: self.attempts.iter().cloned().collect(),
        }
    }
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
