//! What is wrong beside the engine, at a door by which sales come in or news go out: the composition root and the
//! doors say it, and whoever looks is told.

use crate::damage::DAMAGE;
use crate::sender::lock;
use crate::{Agent, engine::Inner};

impl Agent {
    /// What is wrong with `what` from now on, a sentence; `None`: nothing any more. Whoever listens is told.
    pub fn set_trouble(&self, what: &'static str, why: Option<String>) {
        let changed = {
            let mut troubles = lock(&self.0.troubles);
            match why {
                Some(why) => troubles.insert(what, why.clone()) != Some(why),
                None => troubles.remove(what).is_some(),
            }
        };
        if changed {
            self.0.push(Vec::new(), false);
        }
    }

    /// All of them, a sentence each.
    pub fn troubles(&self) -> Vec<String> {
        self.0.troubles()
    }
}

impl Inner {
    /// What is damaged comes first: nothing beside the engine is graver.
    pub(crate) fn troubles(&self) -> Vec<String> {
        let troubles = lock(&self.troubles);
        let others = troubles.iter().filter(|(what, _)| **what != DAMAGE).map(|(_, why)| why);
        troubles.get(DAMAGE).into_iter().chain(others).cloned().collect()
    }
}
