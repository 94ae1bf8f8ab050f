//! The one place where bytes leave for an authority: HTTP/1.1, exact length, no redirects,
//! certificates always checked.

mod courier;
mod names;
mod reach;

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use timbre_core::channel::Method;
use timbre_core::{Effect, Environment, Heard, Limits, Request, Sent};

pub use courier::{Courier, is_of_a_link};
pub use names::Lookup;
pub use reach::{Evidence, Reach, Witnesses, judge};

/// Whoever carries a request and says what was heard.
pub trait Carrier: Send + Sync {
    fn carry<'a>(
        &'a self,
        request: &'a Request,
        limits: &'a Limits,
    ) -> Pin<Box<dyn Future<Output = Heard> + Send + 'a>>;

    /// Nothing was heard of the authority, whose hosts these are: what stands between?
    fn reach<'a>(&'a self, _hosts: &'a [String]) -> Pin<Box<dyn Future<Output = Reach> + Send + 'a>> {
        Box::pin(std::future::ready(Reach::Untold))
    }

    /// Has this machine a way out, and are the authority's names found? Nothing is sent to it.
    fn finds<'a>(&'a self, _hosts: &'a [String]) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        Box::pin(std::future::ready(false))
    }
}

/// Over the network.
pub struct HttpCarrier {
    client: reqwest::Client,
    environment: Environment,
    lookup: Lookup,
    witnesses: Witnesses,
}

impl HttpCarrier {
    /// A carrier for one environment. Training carries to loopback in the clear; the others only
    /// over TLS, straight to where this machine's names lead, and never to loopback or to a network
    /// of its own. No proxy is taken from the environment: it would be another host.
    pub fn new(environment: Environment) -> Result<HttpCarrier, reqwest::Error> {
        HttpCarrier::with(environment, names::system())
    }

    /// The same, with names looked up by `lookup`.
    pub fn with(environment: Environment, lookup: Lookup) -> Result<HttpCarrier, reqwest::Error> {
        let mut builder = reqwest::Client::builder()
            .tls_backend_native()
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(Duration::from_secs(10))
            // A pooled connection that the other side had closed looks like a lost answer.
            .pool_max_idle_per_host(0)
            .https_only(environment != Environment::Training);
        if environment != Environment::Training {
            builder = builder.dns_resolver(Arc::new(names::Public(Arc::clone(&lookup))));
        }
        Ok(HttpCarrier { client: builder.build()?, environment, lookup, witnesses: Witnesses::default() })
    }

    /// Asks these, too, when the authority is not heard.
    pub fn witnessed_by(self, witnesses: Witnesses) -> HttpCarrier {
        HttpCarrier { witnesses, ..self }
    }

    /// A training folder speaks to loopback only; the others never do, and to bare addresses only
    /// where those are of the internet (a name's are looked at when it is resolved).
    fn allowed(&self, url: &reqwest::Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        match self.environment {
            Environment::Training => host == "localhost" || address.is_ok_and(|ip| ip.is_loopback()),
            Environment::Certification | Environment::Production => {
                host != "localhost" && address.map_or(true, names::is_public)
            }
        }
    }

    async fn exchange(&self, request: &Request, limits: &Limits) -> Heard {
        let url = match reqwest::Url::parse(&request.url) {
            Ok(url) if self.allowed(&url) => url,
            _ => {
                return Heard::Nothing {
                    sent: Sent::No,
                    why: "dirección no permitida en este ambiente".to_owned(),
                };
            }
        };
        let mut builder = match request.method {
            Method::Get => self.client.get(url),
            Method::Post => self.client.post(url).body(request.body.clone()),
        };
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        // Of whoever does not say so an answer may come compressed (RFC 9110, 12.5.3), and nothing here opens it.
        builder = builder.header("Accept-Encoding", "identity");
        builder = builder.timeout(match request.effect {
            Effect::Query => limits.query_timeout,
            Effect::Deliver => limits.deliver_timeout,
        });
        let mut answer = match builder.send().await {
            Ok(answer) => answer,
            Err(error) => return nothing(&error),
        };
        let status = answer.status().as_u16();
        let headers = answer
            .headers()
            .iter()
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let mut body = BytesMut::new();
        loop {
            match answer.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > limits.answer_cap => {
                    return Heard::Nothing {
                        sent: Sent::Perhaps,
                        why: "la respuesta es demasiado larga".to_owned(),
                    };
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => return nothing(&error),
            }
        }
        Heard::Reply { status, headers, body: body.freeze() }
    }
}

impl Carrier for HttpCarrier {
    fn carry<'a>(
        &'a self,
        request: &'a Request,
        limits: &'a Limits,
    ) -> Pin<Box<dyn Future<Output = Heard> + Send + 'a>> {
        Box::pin(self.exchange(request, limits))
    }

    fn reach<'a>(&'a self, hosts: &'a [String]) -> Pin<Box<dyn Future<Output = Reach> + Send + 'a>> {
        Box::pin(async move {
            match self.environment {
                // Its simulator is on this machine: no network has to do with it.
                Environment::Training => Reach::Untold,
                Environment::Certification | Environment::Production => {
                    reach::look(hosts, &self.witnesses, &self.lookup).await
                }
            }
        })
    }

    fn finds<'a>(&'a self, hosts: &'a [String]) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        Box::pin(reach::finds(hosts, &self.lookup))
    }
}

/// What is said when this machine has no network at all, and when there is nothing beyond its own.
pub const NO_NETWORK: &str = "este equipo no tiene red";
pub const NO_INTERNET: &str = "sin internet";

/// What an error of the network means. Only a connection that was never made is certain to have
/// sent nothing.
fn nothing(error: &reqwest::Error) -> Heard {
    if let Some(turned) = cause::<names::NotPublic>(error) {
        tracing::error!(%turned, "a name of the authority's does not lead to it");
        return Heard::Nothing { sent: Sent::No, why: turned.to_string() };
    }
    let connecting = error.is_connect() || error.is_builder();
    let sent = if connecting { Sent::No } else { Sent::Perhaps };
    let why = match broken(error) {
        // A name that is not found, or no way there: is it this machine, or what lies beyond?
        Some(Broken::Way) if !reach::has_way_out() => NO_NETWORK,
        Some(Broken::Way) => NO_INTERNET,
        Some(Broken::Secure) => {
            "la conexión segura no se pudo establecer; revise la fecha y la hora de este equipo"
        }
        Some(Broken::Refused) => "el servidor rechaza la conexión",
        Some(Broken::Late) => "no respondió a tiempo",
        Some(Broken::Cut) => "se cortó la conexión",
        None if error.is_timeout() => "no respondió a tiempo",
        None if connecting => "no se pudo conectar",
        None => "se cortó la conexión",
    };
    tracing::debug!(error = root(error), why, "nothing was heard");
    Heard::Nothing { sent, why: why.to_owned() }
}

/// What went wrong, where it is of this kind.
fn cause<'a, E: std::error::Error + 'static>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a E> {
    let causes = std::iter::successors(Some(error), |cause| cause.source());
    causes.into_iter().find_map(|cause| cause.downcast_ref())
}

/// What broke, as far as an error's causes tell.
#[derive(Debug, PartialEq, Eq)]
enum Broken {
    Way,
    Secure,
    Refused,
    Late,
    Cut,
}

fn broken(error: &(dyn std::error::Error + 'static)) -> Option<Broken> {
    use std::io::ErrorKind::*;
    let mut next = Some(error);
    while let Some(cause) = next {
        let text = cause.to_string();
        // Neither the resolver's errors nor those of TLS have a type that can be asked for.
        if text.contains("failed to lookup address") || text == "dns error" {
            return Some(Broken::Way);
        }
        if text.contains("certificate") || text.contains("SSL") || text.contains("TLS") {
            return Some(Broken::Secure);
        }
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            match io.kind() {
                NetworkUnreachable | HostUnreachable | NetworkDown | AddrNotAvailable => {
                    return Some(Broken::Way);
                }
                ConnectionRefused => return Some(Broken::Refused),
                TimedOut => return Some(Broken::Late),
                ConnectionReset | ConnectionAborted | BrokenPipe | UnexpectedEof => {
                    return Some(Broken::Cut);
                }
                // Wraps another, which may say more.
                _ => {}
            }
        }
        // An I/O error's own `source` steps over the one it wraps.
        let wrapped = cause.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = wrapped.map(|inner| inner as _).or_else(|| cause.source());
    }
    None
}

/// The innermost cause, which names no address and no header.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::*;

    #[test]
    fn the_network_is_told_in_plain_words() {
        for (error, expect) in [
            (Error::from(ErrorKind::ConnectionRefused), Some(Broken::Refused)),
            (Error::from(ErrorKind::NetworkUnreachable), Some(Broken::Way)),
            (Error::from(ErrorKind::TimedOut), Some(Broken::Late)),
            (Error::from(ErrorKind::ConnectionReset), Some(Broken::Cut)),
            (Error::other("failed to lookup address information: Try again"), Some(Broken::Way)),
            (Error::other("error:0A000086:SSL routines::certificate verify failed"), Some(Broken::Secure)),
            (Error::other(Error::from(ErrorKind::ConnectionRefused)), Some(Broken::Refused)),
            (Error::other("otra cosa"), None),
        ] {
            assert_eq!(broken(&error), expect, "{error:?}");
        }
    }

    #[tokio::test]
    async fn nobody_at_the_door_is_told_without_a_word_of_english() {
        let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://127.0.0.1:{}/", free.local_addr().unwrap().port());
        drop(free);
        let request = Request {
            effect: Effect::Query,
            method: Method::Get,
            url,
            headers: vec![],
            body: bytes::Bytes::new(),
            what: "pregunta",
            secret: false,
        };
        let limits = Limits {
            documents: 1,
            bytes: 1 << 20,
            in_flight: 1,
            query_timeout: Duration::from_secs(30),
            deliver_timeout: Duration::from_secs(30),
            answer_cap: 1,
        };
        let carrier = HttpCarrier::new(Environment::Training).unwrap();
        match carrier.carry(&request, &limits).await {
            Heard::Nothing { sent: Sent::No, why } => assert_eq!(why, "el servidor rechaza la conexión"),
            other => panic!("{other:?}"),
        }
    }
}
