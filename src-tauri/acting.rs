//! The engine for a command that changes something: what it does is in the journal with who said their PIN for it, or,
//! where nobody has one, with the name that the page says.

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::{Mutex, PoisonError};

use tauri::Runtime;
use tauri::ipc::{CommandArg, CommandItem, InvokeError};
use timbre_agent::Agent;
use timbre_agent::doer::Doer;
use timbre_agent::roles::CASHIER;

use crate::staff::permit_of;
use crate::words;

/// As many commands are let through and not yet begun.
const MOST: usize = 16;

/// Who let a command through, by its permit; until the command begins.
#[derive(Default)]
pub struct Allowed(Mutex<VecDeque<(String, String)>>);

impl Allowed {
    pub fn note(&self, permit: String, who: String) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.truncate(MOST - 1);
        all.push_front((permit, who));
    }

    fn take(&self, permit: &str) -> Option<String> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = all.iter().position(|(known, _)| known == permit)?;
        all.remove(at).map(|(_, who)| who)
    }
}

/// The engine for a sale: who sold it is known by their PIN, whatever the page says.
pub struct Selling(Agent);

impl Deref for Selling {
    type Target = Agent;

    fn deref(&self) -> &Agent {
        &self.0
    }
}

impl<'de, R: Runtime> CommandArg<'de, R> for Selling {
    fn from_command(command: CommandItem<'de, R>) -> Result<Selling, InvokeError> {
        let (agent, allowed) = asked(&command)?;
        let cashier = command.message.headers().get(CASHIER).and_then(|permit| permit.to_str().ok());
        Ok(Selling(agent.at_the_till(cashier.map(str::to_owned), allowed)))
    }
}

/// The engine, and who let the command through.
fn asked<R: Runtime>(command: &CommandItem<'_, R>) -> Result<(Agent, Option<String>), InvokeError> {
    let webview = command.message.webview_ref();
    let agent =
        tauri::Manager::try_state::<Agent>(webview).ok_or_else(|| InvokeError::from(words::NO_AGENT))?;
    let allowed = tauri::Manager::try_state::<Allowed>(webview);
    let permit = permit_of(command.message.headers());
    let who = permit.and_then(|permit| allowed?.take(permit));
    Ok((agent.inner().clone(), who))
}

/// The engine, acting for who asks.
pub struct Acting(Agent);

impl Deref for Acting {
    type Target = Agent;

    fn deref(&self) -> &Agent {
        &self.0
    }
}

impl<'de, R: Runtime> CommandArg<'de, R> for Acting {
    fn from_command(command: CommandItem<'de, R>) -> Result<Acting, InvokeError> {
        let (agent, who) = asked(&command)?;
        Ok(Acting(agent.by(who.map_or(Doer::Here, Doer::Person), None)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_let_a_command_through_is_told_once_and_to_that_command_alone() {
        let allowed = Allowed::default();
        allowed.note("uno".to_owned(), "Rosa".to_owned());
        allowed.note("dos".to_owned(), "Ana".to_owned());
        assert_eq!(allowed.take("tres"), None);
        assert_eq!(allowed.take("uno").as_deref(), Some("Rosa"));
        assert_eq!(allowed.take("uno"), None);
        for n in 0..MOST {
            allowed.note(n.to_string(), "Eva".to_owned());
        }
        assert_eq!(allowed.take("dos"), None, "what never began is forgotten");
    }
}
