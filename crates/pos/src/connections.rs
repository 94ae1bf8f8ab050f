//! Connections: so many at once, heads in time, and when there are too many the one goes that has waited
//! longest without showing a token, else the one that has listened longest. A till that comes next to a crowd is served.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use openssl::ssl::{Ssl, SslAcceptor};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
use tokio_openssl::SslStream;
use tower::ServiceExt;

/// How many at once: a process may have 256 files open on some systems, and the store needs some.
const MOST: usize = 160;

/// How long the head of a request may take, and a connection that is kept may say nothing.
const HEAD: Duration = Duration::from_secs(30);
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How long after an accept that failed for want of files.
const PAUSE: Duration = Duration::from_millis(50);

/// How long who must go, and has shown a token, may still take over what it was asking.
const GRACE: Duration = Duration::from_secs(30);

/// Of one connection: it has shown a token that is good.
#[derive(Clone)]
pub(crate) struct Proof(Arc<Place>);

impl Proof {
    pub(crate) fn give(&self) {
        self.0.proven.store(true, Ordering::Relaxed);
    }

    /// It listens from now on, and loses nothing where it is hung up on: it comes again and hears what it missed.
    pub(crate) fn listens(&self) {
        self.0.listens.store(true, Ordering::Relaxed);
    }
}

/// Where a connection comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub IpAddr);

#[derive(Default)]
struct Place {
    proven: AtomicBool,
    listens: AtomicBool,
    left: AtomicBool,
    gone: Notify,
}

/// All that are connected to the listeners of one door, the oldest first.
#[derive(Default)]
pub(crate) struct Crowd(Mutex<VecDeque<Arc<Place>>>);

impl Crowd {
    fn places(&self) -> MutexGuard<'_, VecDeque<Arc<Place>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self, most: usize) -> Arc<Place> {
        let place = Arc::new(Place::default());
        let mut places = self.places();
        places.retain(|place| !place.left.load(Ordering::Relaxed));
        if places.len() >= most {
            let stranger = places.iter().position(|place| !place.proven.load(Ordering::Relaxed));
            let listener = places.iter().position(|place| place.listens.load(Ordering::Relaxed));
            if let Some(out) = places.remove(stranger.or(listener).unwrap_or(0)) {
                out.gone.notify_one();
            }
        }
        places.push_back(Arc::clone(&place));
        place
    }
}

/// Serves until it is told to stop; then ends once what is being answered was.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<SslAcceptor>,
    app: Router,
    crowd: Arc<Crowd>,
    mut stopped: watch::Receiver<bool>,
) -> io::Result<()> {
    let tls = tls.map(Arc::new);
    let mut tasks = tokio::task::JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            // The sender is gone when the server is dropped: that is a stop too.
            _ = stopped.wait_for(|stopped| *stopped) => break,
            Some(_) = tasks.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        // It costs a till's small answer forty milliseconds where it is not set.
        let _ = stream.set_nodelay(true);
        let place = crowd.enter(MOST);
        let (app, stopped, tls) = (app.clone(), stopped.clone(), tls.clone());
        tasks.spawn(async move {
            match tls {
                None => one(TokioIo::new(stream), app, (&place, from), stopped).await,
                Some(tls) => {
                    if let Some(stream) = shake(&tls, stream, &place).await {
                        one(TokioIo::new(stream), app, (&place, from), stopped).await;
                    }
                }
            }
            place.left.store(true, Ordering::Relaxed);
        });
        // So that one who must go has a chance to.
        tokio::task::yield_now().await;
    }
    while tasks.join_next().await.is_some() {}
    Ok(())
}

async fn shake(tls: &SslAcceptor, stream: TcpStream, place: &Place) -> Option<SslStream<TcpStream>> {
    let mut stream = SslStream::new(Ssl::new(tls.context()).ok()?, stream).ok()?;
    let shaken = async { std::pin::Pin::new(&mut stream).accept().await.ok() };
    tokio::select! {
        () = place.gone.notified() => None,
        shaken = tokio::time::timeout(HANDSHAKE, shaken) => shaken.ok().flatten().map(|()| stream),
    }
}

async fn one<S>(
    stream: TokioIo<S>,
    app: Router,
    (place, from): (&Arc<Place>, SocketAddr),
    mut stopped: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let proof = Proof(Arc::clone(place));
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(proof.clone());
        request.extensions_mut().insert(Peer(from.ip()));
        app.clone().oneshot(request.map(Body::new))
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(stream, service);
    tokio::pin!(serving);
    let mut told = false;
    let mut over = None;
    loop {
        tokio::select! {
            // A connection that breaks off is its caller's affair.
            _ = serving.as_mut() => return,
            () = place.gone.notified() => {
                if !place.proven.load(Ordering::Relaxed) || place.listens.load(Ordering::Relaxed) {
                    return;
                }
                serving.as_mut().graceful_shutdown();
                over = Some(Instant::now() + GRACE);
            }
            () = tokio::time::sleep_until(over.unwrap_or_else(Instant::now)), if over.is_some() => return,
            _ = stopped.wait_for(|stopped| *stopped), if !told => {
                told = true;
                serving.as_mut().graceful_shutdown();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_shown_no_token_goes_first_and_the_oldest_of_them() {
        let crowd = Crowd::default();
        let till = crowd.enter(3);
        till.proven.store(true, Ordering::Relaxed);
        let (stranger, newer) = (crowd.enter(3), crowd.enter(3));
        let _next = crowd.enter(3);
        let places = crowd.places();
        let is_in = |place: &Arc<Place>| places.iter().any(|other| Arc::ptr_eq(other, place));
        assert!(is_in(&till) && !is_in(&stranger) && is_in(&newer));
    }

    #[test]
    fn then_who_has_listened_longest_and_then_the_oldest() {
        let crowd = Crowd::default();
        let all: Vec<_> = (0..3).map(|_| crowd.enter(3)).collect();
        all.iter().for_each(|place| place.proven.store(true, Ordering::Relaxed));
        all[1].listens.store(true, Ordering::Relaxed);
        let is_in = |place: &Arc<Place>| crowd.places().iter().any(|other| Arc::ptr_eq(other, place));
        crowd.enter(3).proven.store(true, Ordering::Relaxed);
        assert!(is_in(&all[0]) && !is_in(&all[1]) && is_in(&all[2]));
        crowd.enter(3);
        assert!(!is_in(&all[0]) && is_in(&all[2]));
    }

    #[test]
    fn who_has_left_takes_nobodys_place() {
        let crowd = Crowd::default();
        crowd.enter(2).left.store(true, Ordering::Relaxed);
        let kept = crowd.enter(2);
        let _other = crowd.enter(2);
        assert!(crowd.places().iter().any(|place| Arc::ptr_eq(place, &kept)));
    }
}
