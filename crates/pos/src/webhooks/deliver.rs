//! One address being told: the event that is due, signed, until it is taken; then the next one.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use openssl::base64::decode_block;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use serde_json::json;
use timbre_agent::view::{AttemptView, ChangeView};
use timbre_store::Bookmark;
use tokio::sync::{broadcast, watch};

use super::book::{ASIDE, Hook};
use super::{Shared, purpose};
use crate::tokens::hex;

/// Between the first two tries; then twice as long each time, up to the longest.
const FIRST: SignedDuration = SignedDuration::from_secs(5);
const LONGEST: SignedDuration = SignedDuration::from_hours(1);

/// After so many tries (about two days) an event is put aside, and with it what comes of the same document:
/// the others go on.
const TRIES: u32 = 54;

/// After the book or the journal could not be read or written.
const TROUBLE: Duration = Duration::from_secs(10);

/// What is due, and where the bookmark goes once it is done.
struct Due {
    hook: Hook,
    event: ChangeView,
    /// `None`: it is the first of those put back.
    then: Option<Bookmark>,
}

enum Next {
    Due(Box<Due>),
    /// Nothing before that moment; without one before something happens.
    Nothing(Option<Timestamp>),
    /// The address is no more.
    Gone,
}

pub(super) struct Worker {
    pub shared: Arc<Shared>,
    pub name: String,
}

impl Worker {
    pub async fn run(self, mut stopped: watch::Receiver<bool>) {
        let mut pushes = self.shared.agent.subscribe();
        loop {
            // Before the look: what is put back during it is heard.
            let due = self.shared.due.notified();
            tokio::pin!(due);
            due.as_mut().enable();
            let until = match self.next().await {
                Ok(Next::Gone) => return,
                Ok(Next::Nothing(until)) => until,
                Ok(Next::Due(due)) => {
                    let told = tokio::select! {
                        told = self.tell(&due.hook, &due.event.event, &due.event.document, &due.event) => told,
                        // What may have arrived goes again under the same number.
                        _ = stopped.wait_for(|stopped| *stopped) => return,
                    };
                    if let Err(error) = self.settle(*due, told).await {
                        tracing::error!(%error, webhook = self.name, "how a delivery ended can't be written");
                        tokio::time::sleep(TROUBLE).await;
                    }
                    timbre_store::crash!("event-settled");
                    continue;
                }
                Err(error) => {
                    tracing::error!(%error, webhook = self.name, "what is to be told can't be read");
                    Some(self.shared.agent.now() + SignedDuration::try_from(TROUBLE).unwrap_or(FIRST))
                }
            };
            let wait = until.map(|at| at.duration_since(self.shared.agent.now()));
            let wait = wait.map(|wait| wait.try_into().unwrap_or(Duration::ZERO));
            tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => return,
                () = due.as_mut() => {}
                () = tokio::time::sleep(wait.unwrap_or(LONG)) => {}
                heard = pushes.recv(), if wait.is_none() => {
                    if matches!(heard, Err(broadcast::error::RecvError::Closed)) {
                        return;
                    }
                }
            }
        }
    }

    /// What is due now. What this address does not want is passed over, for good.
    async fn next(&self) -> Result<Next, String> {
        let (shared, name) = (Arc::clone(&self.shared), self.name.clone());
        let look = move || -> Result<Next, String> {
            'looks: loop {
                let Some(hook) = shared.book().hooks.get(&name).cloned() else { return Ok(Next::Gone) };
                if let Some(at) = hook.next_try.filter(|at| *at > shared.agent.now()) {
                    return Ok(Next::Nothing(Some(at)));
                }
                if let Some(event) = hook.again.front().cloned() {
                    return Ok(Next::Due(Box::new(Due { hook, event, then: None })));
                }
                if hook.aside.len() >= ASIDE {
                    return Ok(Next::Nothing(None));
                }
                let news = shared.agent.changes(hook.at).map_err(|problem| problem.to_string())?;
                for (event, behind) in news.changes {
                    if !hook.states.contains(&event.state) {
                        continue;
                    }
                    // One of a document that has something put aside joins it: its order is kept.
                    if hook.aside.iter().any(|other| other.document == event.document) {
                        let keep = |hook: &mut Hook| {
                            hook.aside.push(event);
                            hook.at = behind;
                        };
                        change(&shared, &name, keep)?;
                        continue 'looks;
                    }
                    return Ok(Next::Due(Box::new(Due { hook, event, then: Some(behind) })));
                }
                skip(&shared, &name, hook.at, news.next);
                if !news.more {
                    return Ok(Next::Nothing(None));
                }
            }
        };
        tokio::task::spawn_blocking(look).await.map_err(|e| e.to_string())?
    }

    async fn settle(&self, due: Due, told: AttemptView) -> Result<(), String> {
        let (shared, name) = (Arc::clone(&self.shared), self.name.clone());
        let now = self.shared.agent.now();
        let taken = told.why.is_empty();
        let given_up = !taken && due.hook.tries + 1 >= TRIES;
        if !taken {
            let (document, why) = (&told.document, &told.why);
            tracing::warn!(document, webhook = name, why, given_up, "a webhook did not take an event");
        }
        let settle = move |hook: &mut Hook| {
            hook.note(told);
            // Set up anew meanwhile, or put back: the next look sees what is due.
            if due.then.is_some_and(|then| then <= hook.at) {
                return;
            }
            if !taken && !given_up {
                hook.tries += 1;
                hook.next_try = Some(now + pause(hook.tries));
                return;
            }
            (hook.tries, hook.next_try) = (0, None);
            match due.then {
                Some(then) => hook.at = then,
                None => _ = hook.again.pop_front(),
            }
            if given_up {
                // What was put back of the same document goes with it.
                let (same, others) =
                    hook.again.drain(..).partition::<Vec<_>, _>(|other| other.document == due.event.document);
                hook.again = others.into();
                hook.aside.push(due.event);
                hook.aside.extend(same);
            }
        };
        tokio::task::spawn_blocking(move || change(&shared, &name, settle))
            .await
            .map_err(|e| e.to_string())?
    }

    /// Something to try an address with.
    pub async fn test(&self) -> Option<AttemptView> {
        let hook = self.shared.book().hooks.get(&self.name).cloned()?;
        let said = json!({ "event": "test", "at": self.shared.agent.now().to_string() });
        let told = self.tell(&hook, "test", "", &said).await;
        let (shared, name, kept) = (Arc::clone(&self.shared), self.name.clone(), told.clone());
        let noted = tokio::task::spawn_blocking(move || change(&shared, &name, |hook| hook.note(kept))).await;
        if !matches!(noted, Ok(Ok(()))) {
            tracing::warn!(webhook = self.name, "that an address was tried can't be written");
        }
        Some(told)
    }

    /// One try.
    async fn tell(
        &self,
        hook: &Hook,
        event: &str,
        document: &str,
        said: &impl serde::Serialize,
    ) -> AttemptView {
        let now = self.shared.agent.now();
        let mut attempt = AttemptView {
            event: event.to_owned(),
            document: document.to_owned(),
            at: now.to_string(),
            status: None,
            why: String::new(),
        };
        let signed = serde_json::to_vec(said).map_err(|e| e.to_string()).and_then(|body| {
            let closed = decode_block(&hook.sealed).map_err(|e| e.to_string())?;
            let secret =
                self.shared.safe.open(&purpose(&self.name), &closed).map_err(|e| e.refusal().message)?;
            Ok((sign(&secret, now.as_second(), &body).map_err(|e| e.to_string())?, body))
        });
        let answered = match signed {
            Ok((signature, body)) => {
                let headers = [
                    ("content-type", "application/json".to_owned()),
                    ("user-agent", concat!("timbre/", env!("CARGO_PKG_VERSION")).to_owned()),
                    ("timbre-event", event.to_owned()),
                    ("timbre-signature", signature),
                ];
                timbre_store::crash!("event-unsent");
                let answered = self.shared.courier.deliver(&hook.url, &headers, body).await;
                timbre_store::crash!("event-sent");
                answered
            }
            Err(why) => Err(why),
        };
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
}

/// How long nothing is looked at when nothing happens.
const LONG: Duration = Duration::from_secs(600);

/// `t=1764180000,v1=…`: HMAC-SHA256 over the time, a dot and the body, so that who keeps a delivery can't send
/// it again as a new one.
fn sign(secret: &[u8], at: i64, body: &[u8]) -> Result<String, openssl::error::ErrorStack> {
    let key = PKey::hmac(secret)?;
    let mut signer = Signer::new(MessageDigest::sha256(), &key)?;
    signer.update(format!("{at}.").as_bytes())?;
    signer.update(body)?;
    Ok(format!("t={at},v1={}", hex(&signer.sign_to_vec()?)))
}

/// After the `tries`th.
fn pause(tries: u32) -> SignedDuration {
    let doubled = FIRST.checked_mul(1_i32 << tries.saturating_sub(1).min(20));
    doubled.map_or(LONGEST, |pause| pause.min(LONGEST))
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

    #[test]
    fn pauses_double_up_to_an_hour_and_last_two_days_in_all() {
        let all: Vec<_> = (1..TRIES).map(pause).collect();
        assert_eq!(all[..4], [5, 10, 20, 40].map(SignedDuration::from_secs));
        assert!(all.iter().all(|pause| *pause <= LONGEST));
        let total: SignedDuration = all.into_iter().fold(SignedDuration::ZERO, |sum, pause| sum + pause);
        assert!((40..52).contains(&total.as_hours()), "{total:?}");
    }

    /// As RFC 4231 has it, with the time before the body.
    #[test]
    fn the_signature_is_what_any_other_hmac_makes_of_it() {
        // python3 -c 'import hmac; print(hmac.new(b"secreto", b"1764180000.{}", "sha256").hexdigest())'
        let signed = sign(b"secreto", 1_764_180_000, b"{}").unwrap();
        assert_eq!(signed, EXPECTED);
    }

    const EXPECTED: &str = "t=1764180000,v1=150c37cb7080d1b8ed58f18344be99a45e2d508cc6ef455def9c2f58747184c6";
}
