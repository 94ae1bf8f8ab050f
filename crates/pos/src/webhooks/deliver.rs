//! One address being told: what leaves the journal stands in the book before it is sent, and until it is taken. Of each
//! document one event at a time, of several documents some together.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use openssl::base64::decode_block;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use timbre_agent::view::{AttemptView, ChangeView};
use timbre_store::Bookmark;
use tokio::sync::{broadcast, watch};
use tokio::task::JoinSet;

use super::book::Hook;
use super::{Shared, purpose};
use crate::tokens::hex;

/// After the book or the journal could not be read or written.
const TROUBLE: Duration = Duration::from_secs(10);

/// How long nothing is looked at when nothing happens.
const LONG: Duration = Duration::from_secs(600);

/// One try: to whom, and what.
struct Delivery {
    name: String,
    url: String,
    /// The secret, closed.
    sealed: String,
    event: String,
    document: String,
    body: Vec<u8>,
}

/// What a look found.
struct Look {
    now: Vec<Delivery>,
    /// Nothing more before that moment; without one before something happens.
    until: Option<Timestamp>,
}

pub(super) struct Worker {
    pub shared: Arc<Shared>,
    pub name: String,
}

impl Worker {
    pub async fn run(self, mut stopped: watch::Receiver<bool>) {
        let mut pushes = self.shared.agent.subscribe();
        let mut deliveries = JoinSet::new();
        let mut under_way: BTreeSet<String> = BTreeSet::new();
        loop {
            // Before the look: what is put back during it is heard.
            let due = self.shared.due.notified();
            tokio::pin!(due);
            due.as_mut().enable();
            let until = match self.look(under_way.clone()).await {
                // The address is no more.
                Ok(None) => return,
                Ok(Some(Look { now, until })) => {
                    for delivery in now {
                        under_way.insert(delivery.document.clone());
                        deliveries.spawn(tell(Arc::clone(&self.shared), delivery));
                    }
                    until
                }
                Err(error) => {
                    tracing::error!(%error, webhook = self.name, "what is to be told can't be read or kept");
                    Some(self.shared.agent.now() + SignedDuration::try_from(TROUBLE).unwrap_or_default())
                }
            };
            let wait = until.map(|at| at.duration_since(self.shared.agent.now()));
            let wait = wait.map(|wait| wait.try_into().unwrap_or(Duration::ZERO));
            let ended = tokio::select! {
                // What may have arrived goes again under the same number.
                _ = stopped.wait_for(|stopped| *stopped) => return,
                () = due.as_mut() => None,
                () = tokio::time::sleep(wait.unwrap_or(LONG)) => None,
                heard = pushes.recv() => match heard {
                    Err(broadcast::error::RecvError::Closed) => return,
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => None,
                },
                Some(ended) = deliveries.join_next() => Some(ended),
            };
            match ended {
                None => {}
                Some(Ok(told)) => {
                    under_way.remove(&told.document);
                    if let Err(error) = self.settle(told).await {
                        tracing::error!(%error, webhook = self.name, "how a delivery ended can't be written");
                        tokio::time::sleep(TROUBLE).await;
                    }
                    timbre_store::crash!("event-settled");
                }
                Some(Err(error)) => {
                    // Which one is not known: all of them are told again.
                    tracing::error!(%error, webhook = self.name, "a delivery ended badly");
                    deliveries.shutdown().await;
                    under_way.clear();
                }
            }
        }
    }

    /// Takes from the journal what there is room for, and answers what may be told now beside what is under way. What
    /// this address does not want is passed over, for good.
    async fn look(&self, under_way: BTreeSet<String>) -> Result<Option<Look>, String> {
        let (shared, name) = (Arc::clone(&self.shared), self.name.clone());
        let look = move || {
            take_in(&shared, &name)?;
            let Some(hook) = shared.book().hooks.get(&name).cloned() else { return Ok(None) };
            let now = shared.agent.now();
            let ready = hook.ready(now, &under_way);
            let deliveries = ready.into_iter().map(|due| {
                let event = as_it_stands(&shared, &due.event, due.tries);
                let body = serde_json::to_vec(&event).map_err(|e| e.to_string())?;
                Ok(Delivery::of(&hook, &name, &event.event, &event.document, body))
            });
            let deliveries = deliveries.collect::<Result<Vec<_>, String>>()?;
            let busy = deliveries.iter().map(|delivery| delivery.document.clone());
            let busy = under_way.iter().cloned().chain(busy).collect();
            Ok(Some(Look { until: hook.next_moment(now, &busy), now: deliveries }))
        };
        tokio::task::spawn_blocking(look).await.map_err(|e| e.to_string())?
    }

    async fn settle(&self, told: AttemptView) -> Result<(), String> {
        let (shared, name) = (Arc::clone(&self.shared), self.name.clone());
        let settle = move || {
            let now = shared.agent.now();
            change(&shared, &name, |hook| {
                let (event, document, why) = (told.event.clone(), told.document.clone(), told.why.clone());
                let given_up = hook.settle(&event, told, now);
                if !why.is_empty() {
                    tracing::warn!(
                        document,
                        webhook = name,
                        why,
                        given_up,
                        "a webhook did not take an event"
                    );
                }
            })
        };
        tokio::task::spawn_blocking(settle).await.map_err(|e| e.to_string())?
    }

    /// Something to try an address with.
    pub async fn test(&self) -> Option<AttemptView> {
        let hook = self.shared.book().hooks.get(&self.name).cloned()?;
        let said = self.shared.trial();
        let delivery = Delivery::of(&hook, &self.name, "test", "", said.to_string().into_bytes());
        let told = tell(Arc::clone(&self.shared), delivery).await;
        let (shared, name, kept) = (Arc::clone(&self.shared), self.name.clone(), told.clone());
        let noted = tokio::task::spawn_blocking(move || change(&shared, &name, |hook| hook.note(kept))).await;
        if !matches!(noted, Ok(Ok(()))) {
            tracing::warn!(webhook = self.name, "that an address was tried can't be written");
        }
        Some(told)
    }
}

impl Delivery {
    fn of(hook: &Hook, name: &str, event: &str, document: &str, body: Vec<u8>) -> Delivery {
        let [name, event, document] = [name, event, document].map(str::to_owned);
        Delivery { name, url: hook.url.clone(), sealed: hook.sealed.clone(), event, document, body }
    }
}

/// What the journal has for this address stands in its book, as far as there is room.
fn take_in(shared: &Shared, name: &str) -> Result<(), String> {
    loop {
        let Some(hook) = shared.book().hooks.get(name).cloned() else { return Ok(()) };
        let room = hook.room();
        if room == 0 {
            return Ok(());
        }
        let news = shared.agent.changes(hook.at).map_err(|problem| problem.to_string())?;
        let wanted = news.changes.into_iter().filter(|(event, _)| hook.states.contains(&event.state));
        let wanted: Vec<_> = wanted.take(room).collect();
        if wanted.is_empty() {
            skip(shared, name, hook.at, news.next);
            match news.more {
                true => continue,
                false => return Ok(()),
            }
        }
        let mut stood = false;
        change(shared, name, |kept| {
            // Set up with other states meanwhile: it is looked at again.
            stood = kept.at == hook.at && kept.states == hook.states;
            if stood {
                wanted.into_iter().for_each(|(event, behind)| kept.take_in(event, behind));
            }
        })?;
        if stood {
            timbre_store::crash!("event-kept");
            return Ok(());
        }
    }
}

/// What is told again says how the document stands by now.
fn as_it_stands(shared: &Shared, event: &ChangeView, tries: u32) -> ChangeView {
    let mut event = event.clone();
    if tries > 0
        && let Ok(detail) = shared.agent.detail(&event.document)
    {
        event.now = detail.row;
    }
    event
}

/// One try.
async fn tell(shared: Arc<Shared>, delivery: Delivery) -> AttemptView {
    let Delivery { name, url, sealed, event, document, body } = delivery;
    let now = shared.agent.now();
    let signed = decode_block(&sealed).map_err(|e| e.to_string()).and_then(|closed| {
        let secret = shared.safe.open(&purpose(&name), &closed).map_err(|e| e.refusal().message)?;
        sign(&secret, now.as_second(), &body).map_err(|e| e.to_string())
    });
    let answered = match signed {
        Ok(signature) => {
            let headers = [
                ("content-type", "application/json".to_owned()),
                ("user-agent", concat!("timbre/", env!("CARGO_PKG_VERSION")).to_owned()),
                ("timbre-event", event.clone()),
                ("timbre-signature", signature),
            ];
            timbre_store::crash!("event-unsent");
            let answered = shared.courier.deliver(&url, &headers, body).await;
            timbre_store::crash!("event-sent");
            answered
        }
        Err(why) => Err(why),
    };
    let mut attempt = AttemptView { event, document, at: now.to_string(), status: None, why: String::new() };
    match answered {
        Ok(status) => {
            attempt.status = Some(status);
            if !(200..300).contains(&status) {
                attempt.why = format!("respondió {status}");
            }
        }
        Err(why) => attempt.why = why,
    }
    attempt
}

/// `t=1764180000,v1=…`: HMAC-SHA256 over the time, a dot and the body, so that who keeps a delivery can't send
/// it again as a new one.
fn sign(secret: &[u8], at: i64, body: &[u8]) -> Result<String, openssl::error::ErrorStack> {
    let key = PKey::hmac(secret)?;
    let mut signer = Signer::new(MessageDigest::sha256(), &key)?;
    signer.update(format!("{at}.").as_bytes())?;
    signer.update(body)?;
    Ok(format!("t={at},v1={}", hex(&signer.sign_to_vec()?)))
}

fn change(shared: &Shared, name: &str, change: impl FnOnce(&mut Hook)) -> Result<(), String> {
    let changed = shared.book().change(|hooks| {
        // It was removed meanwhile.
        if let Some(hook) = hooks.get_mut(name) {
            change(hook);
        }
        Ok(())
    });
    changed.map_err(|problem| problem.to_string())
}

/// Nothing this address wants is in between. In memory alone: after a restart it is passed over again.
fn skip(shared: &Shared, name: &str, from: Bookmark, to: Bookmark) {
    if let Some(hook) = shared.book().hooks.get_mut(name)
        && hook.at == from
    {
        hook.at = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As RFC 4231 has it, with the time before the body.
    #[test]
    fn the_signature_is_what_any_other_hmac_makes_of_it() {
        // python3 -c 'import hmac; print(hmac.new(b"secreto", b"1764180000.{}", "sha256").hexdigest())'
        let signed = sign(b"secreto", 1_764_180_000, b"{}").unwrap();
        assert_eq!(signed, EXPECTED);
    }

    const EXPECTED: &str = "t=1764180000,v1=150c37cb7080d1b8ed58f18344be99a45e2d508cc6ef455def9c2f58747184c6";
}
