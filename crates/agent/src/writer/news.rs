//! What is told of the writer itself: why it stands still, what it found damaged, which documents it touched.

use std::sync::{Arc, Mutex};

use timbre_core::DocumentId;
use timbre_store::Opened;

use super::Touched;
use crate::damage::Damaged;
use crate::sender::lock;

/// How the writer's state is told.
#[derive(Clone)]
pub(super) struct News {
    pub stopped: Arc<Mutex<Option<String>>>,
    pub damaged: Arc<Mutex<Option<Damaged>>>,
    pub touched: Touched,
}

impl News {
    /// People are told at once.
    pub fn stop(&self, why: &str) {
        lock(&self.stopped).get_or_insert_with(|| why.to_owned());
        self.tell(Vec::new());
    }

    /// What is damaged is told as a start tells it.
    pub fn opened(&self, opened: &Opened) {
        if let Some(found) = Damaged::at_opening(opened) {
            *lock(&self.damaged) = Some(found);
            self.tell(Vec::new());
        }
    }

    pub fn tell(&self, names: Vec<DocumentId>) {
        // Nobody listens any more when the engine is stopping.
        let _ = self.touched.send(names);
    }
}
