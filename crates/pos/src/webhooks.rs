//! Webhooks: addresses that somebody in charge has set are told what becomes of documents. Signed, of each document
//! in its order, tried again until they take it.
//!
//! The journal is the outbox: each address has a bookmark in it, moved on once an event stands in the book, where it
//! stays until it was taken. After a death what was under way goes again, with the same number.

mod book;
mod deliver;
pub(crate) mod routes;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use openssl::base64::encode_block;
use serde_json::{Value, json};
use timbre_agent::carrier::Courier;
use timbre_agent::doer::lawful;
use timbre_agent::engine::environment_word;
use timbre_agent::view::{
    AttemptView, NewWebhookView, ProblemView, RedeliveredView, WebhookOrder, WebhookView,
};
use timbre_agent::{Agent, Answer};
use timbre_core::KeyError;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use book::{Book, Hook};
use deliver::Worker;
pub(crate) use routes::{list, put, redeliver, remove, test};

use crate::tokens::{check_name, hex};

/// The states that are told when none is asked for: verdicts.
const VERDICTS: [&str; 3] = ["ACEPTADO", "REPARO", "RECHAZADO"];

/// Every state that may be asked for.
const STATES: [&str; 9] = [
    "GENERADO",
    "ENVIANDO",
    "ENVIADO",
    "VERIFICANDO",
    "PENDIENTE",
    "ACEPTADO",
    "REPARO",
    "RECHAZADO",
    "REEMPLAZADO",
];

/// The most addresses of one folder.
const MOST: usize = 20;

/// Who tells each address, and how to stop them.
type Workers = BTreeMap<String, (watch::Sender<bool>, JoinHandle<()>)>;

/// The webhooks of one folder, at work until they are stopped.
pub struct Webhooks {
    shared: Arc<Shared>,
    workers: Mutex<Workers>,
    /// False for a command that is gone in a moment: it sets, and tells nobody.
    works: bool,
}

/// What keeps the secrets that deliveries are signed with, as the folder's other secrets are kept.
pub trait Safe: Send + Sync {
    /// Closes a secret. What was closed for one `purpose` does not open for another.
    fn close(&self, purpose: &str, secret: &[u8]) -> Result<Vec<u8>, KeyError>;

    fn open(&self, purpose: &str, closed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError>;
}

/// What the secret of an address is closed for.
fn purpose(name: &str) -> String {
    format!("webhook:{name}")
}

struct Shared {
    agent: Agent,
    courier: Courier,
    safe: Arc<dyn Safe>,
    book: Mutex<Book>,
    /// Something may be due: an event was put back.
    due: Notify,
}

impl Shared {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What an address is tried with.
    fn trial(&self) -> Value {
        let environment = self.agent.company().map(|(_, environment)| environment_word(environment));
        json!({ "event": "test", "at": self.agent.now().to_string(), "environment": environment })
    }
}

impl Webhooks {
    /// Those of a folder, `works` or only set. Needs a tokio runtime.
    pub fn start(
        agent: Agent,
        folder: &Path,
        courier: Courier,
        safe: Arc<dyn Safe>,
        works: bool,
    ) -> io::Result<Arc<Webhooks>> {
        let book = Book::open(folder)?;
        let names: Vec<_> = book.hooks.keys().cloned().collect();
        let shared = Arc::new(Shared { agent, courier, safe, book: Mutex::new(book), due: Notify::new() });
        let webhooks = Arc::new(Webhooks { shared, workers: Mutex::default(), works });
        names.iter().for_each(|name| webhooks.employ(name));
        Ok(webhooks)
    }

    fn workers(&self) -> MutexGuard<'_, Workers> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn employ(&self, name: &str) {
        if !self.works {
            return;
        }
        let (stop, stopped) = watch::channel(false);
        let worker = Worker { shared: Arc::clone(&self.shared), name: name.to_owned() };
        let task = tokio::spawn(worker.run(stopped));
        self.workers().insert(name.to_owned(), (stop, task));
    }

    /// Ends: what is under way is delivered again at the next start.
    pub async fn stop(&self) {
        let workers = std::mem::take(&mut *self.workers());
        for (_, (stop, task)) in workers {
            dismiss(&stop, task).await;
        }
    }

    pub fn list(&self) -> Vec<WebhookView> {
        self.shared.book().hooks.iter().map(|(name, hook)| hook.view(name)).collect()
    }

    /// Sets an address up, or anew: it is told what happens from now on. A name that is known keeps its place
    /// in the journal and gets a new secret.
    pub async fn put(&self, by: &Agent, name: &str, order: &WebhookOrder) -> Answer<NewWebhookView> {
        check_name(name)?;
        lawful(&order.who)?;
        Courier::allows(&order.url).map_err(|why| ProblemView::refused("address-invalid", why))?;
        let states = states_of(&order.states)?;
        let mut random = Zeroizing::new([0u8; 32]);
        openssl::rand::rand_bytes(&mut random[..]).map_err(ProblemView::internal)?;
        let secret = hex(&random[..]);
        let closed = self.shared.safe.close(&purpose(name), secret.as_bytes()).map_err(|e| e.refusal())?;
        let (at, made) = (self.shared.agent.now_in_journal()?, self.shared.agent.now());
        let hook = Hook::new(order.url.clone(), states, encode_block(&closed), at, made);
        let shared = Arc::clone(&self.shared);
        let named = name.to_owned();
        let set = move || {
            shared.book().change(|hooks| {
                let hook = match hooks.remove(&named) {
                    Some(old) => old.anew(hook),
                    None => hook,
                };
                hooks.insert(named, hook);
                match hooks.len() > MOST {
                    true => Err(ProblemView::refused(
                        "webhooks-many",
                        "Hay demasiados avisos: quite los que no use.",
                    )),
                    false => Ok(()),
                }
            })
        };
        tokio::task::spawn_blocking(set).await.map_err(ProblemView::internal)??;
        by.note_act(&order.who, &format!("Avisar a «{name}» ({})", order.url)).await?;
        self.shared.agent.set_trouble(book::NAME, None);
        let known = self.workers().contains_key(name);
        if !known {
            self.employ(name);
        }
        self.shared.due.notify_waiters();
        Ok(NewWebhookView { name: name.to_owned(), secret })
    }

    pub async fn remove(&self, by: &Agent, name: &str, who: &str) -> Answer<Vec<WebhookView>> {
        let shared = Arc::clone(&self.shared);
        let named = name.to_owned();
        let remove = move || {
            shared.book().change(|hooks| match hooks.remove(&named) {
                Some(_) => Ok(()),
                None => Err(unknown(&named)),
            })
        };
        tokio::task::spawn_blocking(remove).await.map_err(ProblemView::internal)??;
        let worker = self.workers().remove(name);
        if let Some((stop, task)) = worker {
            dismiss(&stop, task).await;
        }
        by.note_act(who, &format!("Dejar de avisar a «{name}»")).await?;
        Ok(self.list())
    }

    /// Tells an address something now, so that a person sees whether it is heard.
    pub async fn test(&self, name: &str) -> Answer<AttemptView> {
        let worker = Worker { shared: Arc::clone(&self.shared), name: name.to_owned() };
        worker.test().await.ok_or_else(|| unknown(name))
    }

    /// What was given up goes again, in its order, and what waits for its next try goes now; or all that was told of
    /// this document.
    pub async fn redeliver(&self, name: &str, document: Option<&str>) -> Answer<RedeliveredView> {
        let shared = Arc::clone(&self.shared);
        let (named, document) = (name.to_owned(), document.map(str::to_owned));
        let back = move || {
            let all = document.map(|id| shared.agent.changes_of(&id)).transpose()?;
            let mut again = RedeliveredView { events: 0, sooner: 0 };
            shared.book().change(|hooks| {
                let hook = hooks.get_mut(&named).ok_or_else(|| unknown(&named))?;
                again = match all {
                    Some(all) => hook.tell_again(all),
                    None => hook.take_up(),
                };
                Ok(())
            })?;
            Ok::<_, ProblemView>(again)
        };
        let again = tokio::task::spawn_blocking(back).await.map_err(ProblemView::internal)??;
        self.shared.due.notify_waiters();
        Ok(again)
    }
}

async fn dismiss(stop: &watch::Sender<bool>, task: JoinHandle<()>) {
    // It is gone when nobody hears it.
    let _ = stop.send(true);
    if let Err(error) = task.await {
        tracing::error!(%error, "a webhook's task ended badly");
    }
}

fn unknown(name: &str) -> ProblemView {
    ProblemView::not_found(format_args!("un aviso «{name}»"))
}

fn states_of(said: &[String]) -> Answer<Vec<String>> {
    if said.is_empty() {
        return Ok(VERDICTS.map(str::to_owned).to_vec());
    }
    match said.iter().find(|state| !STATES.contains(&state.as_str())) {
        Some(other) => {
            let why = format!("«{other}» no es un estado; son {}.", STATES.join(", "));
            Err(ProblemView::refused("state-unknown", why))
        }
        None => Ok(said.to_vec()),
    }
}
