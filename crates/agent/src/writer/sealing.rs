//! Sealing what is written from now on, while the folder is in use: between two orders of the writer.

use timbre_store::{Fact, StoreError};
use tokio::sync::oneshot;

use super::{Desk, Order, WriteError, Writer, breaks};

/// What is written is sealed from now on, these facts first.
pub(super) struct Sealing {
    facts: Vec<Fact>,
    reply: oneshot::Sender<Result<(), WriteError>>,
}

impl Writer {
    /// Seals what is written, beginning with `facts`. An error says that nothing is sealed; a folder that could not be
    /// opened again for it is sealed, and [`Writer::stopped`] says what keeps it from selling.
    pub async fn seal(&self, facts: Vec<Fact>) -> Result<(), WriteError> {
        let (reply, answer) = oneshot::channel();
        self.hand_in(Order::Seal(Sealing { facts, reply }))?;
        answer.await.map_err(|_| self.closed())?
    }
}

impl Desk {
    /// The store opens its folder again for it, and every reader follows.
    pub(super) fn seal_journal(&mut self, Sealing { facts, reply }: Sealing) {
        let sealed = match self.mending {
            Some(_) => Err(StoreError::Poisoned),
            None => self.store.set_sealing(true, facts, self.clock.now()),
        };
        if sealed.is_ok() {
            self.untold.get_or_insert_default();
        }
        match &sealed {
            // Its folder is to be opened again, whatever kept it from that just now (a reader that goes on).
            Ok(Err(error)) => self.stop(error),
            Err(error) if breaks(error) || self.store.is_poisoned() => self.stop(error),
            Ok(Ok(opened)) => self.news.opened(opened),
            Err(_) => {}
        }
        // Whoever asked may have gone; it is sealed all the same.
        let _ = reply.send(sealed.map(drop).map_err(WriteError::from));
    }
}
