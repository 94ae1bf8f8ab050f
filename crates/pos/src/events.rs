//! The push: server-sent events named `push`, each a whole [`PushView`].

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt, stream};
use timbre_agent::Agent;
use timbre_agent::view::PushView;
use tokio_stream::wrappers::BroadcastStream;

/// The state of the panel now, then every change. A listener that falls behind is told the whole
/// again and loses nothing.
pub(crate) async fn events(State(agent): State<Agent>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let pushes = BroadcastStream::new(agent.subscribe());
    let first = PushView::anew(agent.snapshot());
    let changes = pushes.map(move |push| match push {
        Ok(push) => event(&push),
        Err(_) => event(&PushView::anew(agent.snapshot())),
    });
    let all = stream::once(async move { event(&first) }).chain(changes).map(Ok);
    Sse::new(all).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}

fn event(push: &PushView) -> Event {
    match serde_json::to_string(push) {
        Ok(json) => Event::default().event("push").data(json),
        Err(error) => {
            tracing::error!(%error, "a push can't be written as JSON");
            Event::default().comment("error")
        }
    }
}
