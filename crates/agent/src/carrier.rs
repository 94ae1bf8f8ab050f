//! The one place where bytes leave for an authority: HTTP/1.1, exact length, no redirects,
//! certificates always checked.

mod names;

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use timbre_core::channel::Method;
use timbre_core::{Effect, Environment, Heard, Limits, Request, Sent};

pub use names::Lookup;

/// Whoever carries a request and says what was heard.
pub trait Carrier: Send + Sync {
    fn carry<'a>(
        &'a self,
        request: &'a Request,
        limits: &'a Limits,
    ) -> Pin<Box<dyn Future<Output = Heard> + Send + 'a>>;
}

/// Over the network.
pub struct HttpCarrier {
    client: reqwest::Client,
    environment: Environment,
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
            builder = builder.dns_resolver(Arc::new(names::Public(lookup)));
        }
        Ok(HttpCarrier { client: builder.build()?, environment })
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
}

/// What an error of the network means. Only a connection that was never made is certain to have
/// sent nothing.
fn nothing(error: &reqwest::Error) -> Heard {
    let sent = if error.is_connect() || error.is_builder() { Sent::No } else { Sent::Perhaps };
    let why = if error.is_timeout() && !error.is_connect() {
        "no respondió a tiempo".to_owned()
    } else if error.is_connect() {
        format!("no se pudo conectar ({})", root(error))
    } else {
        format!("se cortó la conexión ({})", root(error))
    };
    Heard::Nothing { sent, why }
}

/// The innermost cause, which names no address and no header.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
