//! The push: server-sent events named `push`, each a whole [`PushView`] with an id. Who comes back with the
//! last id it saw is told what it missed, as long as that is remembered; else the whole again.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt, stream};
use serde::Serialize;
use timbre_agent::Agent;
use timbre_agent::view::PushView;
use tokio::sync::{broadcast, watch};
use tokio_stream::wrappers::BroadcastStream;

use crate::connections::Proof;
use crate::tokens::{Caller, Tokens};

/// How many pushes are remembered: some fifteen seconds of a busy shop, hours of a quiet one.
const KEPT: usize = 256;

/// A push with its number, as JSON: it is the same for all who listen, and is written once.
type Numbered = (u64, Arc<str>);

/// The pushes of this run, numbered. A number of another run is of no use: it is told apart by its name.
pub(crate) struct Hub {
    run: String,
    past: Mutex<Past>,
    live: broadcast::Sender<Numbered>,
}

#[derive(Default)]
struct Past {
    last: u64,
    kept: VecDeque<Numbered>,
}

impl Hub {
    /// One that numbers what the engine pushes while [`Hub::listen`] runs.
    pub fn new(run: String) -> Arc<Hub> {
        Arc::new(Hub { run, past: Mutex::default(), live: broadcast::channel(KEPT).0 })
    }

    /// Until the server stops: an engine that is listened to can't be opened again.
    pub async fn listen(self: Arc<Hub>, agent: Agent, mut stopped: watch::Receiver<bool>) -> io::Result<()> {
        let mut pushes = agent.subscribe();
        loop {
            let push = tokio::select! {
                _ = stopped.wait_for(|stopped| *stopped) => return Ok(()),
                push = pushes.recv() => push,
            };
            match push {
                Ok(push) => self.tell(&*push),
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    self.tell(&PushView::anew(agent.snapshot()));
                }
                Err(broadcast::error::RecvError::Closed) => return Ok(()),
            }
        }
    }

    fn past(&self) -> MutexGuard<'_, Past> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, push: &impl Serialize) {
        let Some(json) = written(push) else { return };
        let mut past = self.past();
        past.last += 1;
        let numbered = (past.last, json);
        past.kept.push_back(numbered.clone());
        if past.kept.len() > KEPT {
            past.kept.pop_front();
        }
        // Nobody may be listening.
        let _ = self.live.send(numbered);
    }

    /// What came after `seen`, `None` where that is not known any more; the number now; and what comes.
    fn after(&self, seen: Option<&str>) -> (Option<Vec<Numbered>>, u64, broadcast::Receiver<Numbered>) {
        let past = self.past();
        let live = self.live.subscribe();
        let seen = seen.and_then(|id| id.strip_prefix(&self.run)?.strip_prefix('-')?.parse::<u64>().ok());
        let first = past.kept.front().map_or(past.last + 1, |(number, _)| *number);
        let known = seen.filter(|seen| *seen <= past.last && seen + 1 >= first);
        let missed = known.map(|seen| past.kept.iter().filter(|(n, _)| *n > seen).cloned().collect());
        (missed, past.last, live)
    }

    fn event(&self, number: u64, json: &str) -> Event {
        Event::default().event("push").id(format!("{}-{number}", self.run)).data(json)
    }

    /// The whole, for one who knows nothing of what came before.
    fn anew(&self, number: u64, agent: &Agent) -> Event {
        match written(&PushView::anew(agent.snapshot())) {
            Some(json) => self.event(number, &json),
            None => Event::default().comment("error"),
        }
    }
}

fn written(push: &impl Serialize) -> Option<Arc<str>> {
    match serde_json::to_string(push) {
        Ok(json) => Some(json.into()),
        Err(error) => {
            tracing::error!(%error, "a push can't be written as JSON");
            None
        }
    }
}

/// The state of the panel now, or what was missed, then every change. A listener that falls behind is told
/// the whole again and loses nothing; one whose token is revoked is cut off at the next change.
#[utoipa::path(
    get,
    path = "/v1/events",
    summary = "Lo que cambia, a medida que cambia (eventos enviados por el servidor)",
    params(
        ("Last-Event-ID" = Option<String>, Header, description = "El último id que se oyó: se cuenta lo que siguió."),
    ),
    responses((status = 200, description = "Hecho", body = PushView, content_type = "text/event-stream"))
)]
pub(crate) async fn events(
    State(agent): State<Agent>,
    Extension(hub): Extension<Arc<Hub>>,
    Extension(tokens): Extension<Arc<Tokens>>,
    Extension(caller): Extension<Caller>,
    Extension(proof): Extension<Proof>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    proof.listens();
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let (missed, now, live) = hub.after(seen);
    let first: Vec<Event> = match missed {
        Some(missed) => missed.iter().map(|(number, json)| hub.event(*number, json)).collect(),
        None => vec![hub.anew(now, &agent)],
    };
    let clock = agent.clone();
    let changes = BroadcastStream::new(live).map(move |push| match push {
        Ok((number, json)) => hub.event(number, &json),
        Err(_) => {
            let last = hub.past().last;
            hub.anew(last, &agent)
        }
    });
    let changes = changes.take_while(move |_| std::future::ready(tokens.stands(&caller, clock.now())));
    let all = stream::iter(first).chain(changes).map(Ok);
    Sse::new(all).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde::Serializer;

    use super::*;

    struct Counted(AtomicUsize);

    impl Serialize for Counted {
        fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            self.0.fetch_add(1, Ordering::Relaxed);
            to.serialize_u8(7)
        }
    }

    #[test]
    fn a_push_is_written_once_however_many_listen_or_come_back_for_it() {
        let hub = Hub::new("run".to_owned());
        let mut listening: Vec<_> = (0..200).map(|_| hub.after(None).2).collect();
        let push = Counted(AtomicUsize::new(0));
        hub.tell(&push);
        for listener in &mut listening {
            let (number, json) = listener.try_recv().unwrap();
            assert_eq!((number, &*json), (1, "7"));
        }
        let (missed, ..) = hub.after(Some("run-0"));
        assert_eq!(missed.unwrap().len(), 1);
        assert_eq!(push.0.load(Ordering::Relaxed), 1);
    }
}
