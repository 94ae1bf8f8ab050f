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
use timbre_agent::Agent;
use timbre_agent::view::PushView;
use tokio::sync::{broadcast, watch};
use tokio_stream::wrappers::BroadcastStream;

use crate::connections::Proof;
use crate::tokens::{Caller, Tokens};

/// How many pushes are remembered: some fifteen seconds of a busy shop, hours of a quiet one.
const KEPT: usize = 256;

type Numbered = (u64, Arc<PushView>);

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
                Ok(push) => self.tell(push),
                Err(broadcast::error::RecvError::Lagged(_)) => {
                    self.tell(Arc::new(PushView::anew(agent.snapshot())));
                }
                Err(broadcast::error::RecvError::Closed) => return Ok(()),
            }
        }
    }

    fn past(&self) -> MutexGuard<'_, Past> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, push: Arc<PushView>) {
        let mut past = self.past();
        past.last += 1;
        let numbered = (past.last, push);
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

    fn event(&self, number: u64, push: &PushView) -> Event {
        match serde_json::to_string(push) {
            Ok(json) => Event::default().event("push").id(format!("{}-{number}", self.run)).data(json),
            Err(error) => {
                tracing::error!(%error, "a push can't be written as JSON");
                Event::default().comment("error")
            }
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
        Some(missed) => missed.iter().map(|(number, push)| hub.event(*number, push)).collect(),
        None => vec![hub.event(now, &PushView::anew(agent.snapshot()))],
    };
    let clock = agent.clone();
    let changes = BroadcastStream::new(live).map(move |push| match push {
        Ok((number, push)) => hub.event(number, &push),
        Err(_) => hub.event(hub.past().last, &PushView::anew(agent.snapshot())),
    });
    let changes = changes.take_while(move |_| std::future::ready(tokens.stands(&caller, clock.now())));
    let all = stream::iter(first).chain(changes).map(Ok);
    Sse::new(all).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}
