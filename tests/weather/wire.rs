//! The carrier of a run: the engine's door to the authority, with the weather in between. Everything that
//! passes is written down.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use timbre_agent::carrier::Carrier;
use timbre_agent::clock::Clock;
use timbre_core::{Effect, Heard, Limits, Request, Sent, Timestamp};

use crate::sky::{Fate, Sky};
use crate::world::{Authority, Told, World};

const PAGE: &str = "<html><body>Bienvenido a la red del hotel. Acepte las condiciones.</body></html>";

/// So much of an answer is written down.
const LONGEST: usize = 600;

/// One request as the line saw it.
#[derive(Debug, Clone)]
pub struct Call {
    pub line: &'static str,
    pub what: &'static str,
    pub effect: Effect,
    /// A login's.
    pub secret: bool,
    pub from: Timestamp,
    pub to: Option<Timestamp>,
    /// The documents of a delivery.
    pub documents: Vec<String>,
    /// Where it went and what was sent, to know a question again.
    pub url: String,
    pub body: Bytes,
    pub fate: Fate,
    pub heard: String,
}

pub struct Wire<W> {
    pub world: Arc<W>,
    pub clock: Arc<dyn Clock>,
    start: Timestamp,
    pub sky: Mutex<Sky>,
    pub authority: Arc<Mutex<Box<dyn Authority>>>,
    pub calls: Mutex<Vec<Call>>,
}

impl<W: World> Wire<W> {
    pub fn new(
        world: Arc<W>,
        clock: Arc<dyn Clock>,
        sky: Sky,
        authority: Arc<Mutex<Box<dyn Authority>>>,
    ) -> Wire<W> {
        let start = clock.now();
        Wire { world, clock, start, sky: Mutex::new(sky), authority, calls: Mutex::default() }
    }

    pub fn authority(&self) -> MutexGuard<'_, Box<dyn Authority>> {
        self.authority.lock().expect("one thread")
    }

    pub fn calls(&self) -> MutexGuard<'_, Vec<Call>> {
        self.calls.lock().expect("one thread")
    }

    /// Seconds of the run.
    pub fn second(&self, at: Timestamp) -> u64 {
        at.duration_since(self.start).as_secs().try_into().unwrap_or(0)
    }

    async fn exchange(&self, request: &Request, limits: &Limits) -> Heard {
        let from = self.clock.now();
        let line = self.world.line_of(request);
        let fate = self.sky.lock().expect("one thread").strike(line, self.second(from));
        let documents = match request.effect {
            Effect::Deliver => self.world.delivered(request),
            Effect::Query => Vec::new(),
        };
        let number = {
            let mut calls = self.calls();
            calls.push(Call {
                line,
                what: request.what,
                effect: request.effect,
                secret: request.secret,
                from,
                to: None,
                documents,
                url: request.url.clone(),
                body: request.body.clone(),
                fate,
                heard: String::new(),
            });
            calls.len() - 1
        };
        let longest = match request.effect {
            Effect::Query => limits.query_timeout,
            Effect::Deliver => limits.deliver_timeout,
        };
        let heard = tokio::time::timeout(longest, self.through(fate, request)).await;
        let heard = heard.unwrap_or_else(|_| nothing(Sent::Perhaps, "no respondió a tiempo"));
        let mut calls = self.calls();
        calls[number].to = Some(self.clock.now());
        calls[number].heard = describe(&heard, request.secret);
        heard
    }

    async fn through(&self, fate: Fate, request: &Request) -> Heard {
        let travel = Duration::from_millis(40);
        match fate {
            Fate::NoWay => {
                tokio::time::sleep(travel).await;
                return nothing(Sent::No, "sin internet");
            }
            Fate::LostRequest => {
                tokio::time::sleep(Duration::from_secs(20)).await;
                return nothing(Sent::Perhaps, "se cortó la conexión");
            }
            Fate::Portal => {
                tokio::time::sleep(travel).await;
                return reply(200, PAGE);
            }
            Fate::Status(status) => {
                tokio::time::sleep(travel).await;
                return reply(status, "Error del servidor");
            }
            Fate::Through | Fate::Slow(_) | Fate::LostReply | Fate::Cut | Fate::Half => {}
        }
        tokio::time::sleep(travel).await;
        let told = self.authority().answer(request, self.clock.now());
        if let Fate::Slow(longer) = fate {
            tokio::time::sleep(longer).await;
        }
        match (told, fate) {
            (Told::NotTaken, _) => nothing(Sent::Perhaps, "se cortó la conexión"),
            (Told::Silence { after }, _) => {
                tokio::time::sleep(after).await;
                nothing(Sent::Perhaps, "se cortó la conexión")
            }
            (Told::Heard { after, .. }, Fate::LostReply | Fate::Cut) => {
                tokio::time::sleep(after).await;
                nothing(Sent::Perhaps, "se cortó la conexión")
            }
            (Told::Heard { after, heard }, fate) => {
                tokio::time::sleep(after).await;
                match heard {
                    Heard::Reply { status, headers, body } if fate == Fate::Half => {
                        Heard::Reply { status, headers, body: body.slice(..body.len() / 2) }
                    }
                    heard => heard,
                }
            }
        }
    }
}

impl<W: World> Carrier for Wire<W> {
    fn carry<'a>(
        &'a self,
        request: &'a Request,
        limits: &'a Limits,
    ) -> Pin<Box<dyn Future<Output = Heard> + Send + 'a>> {
        Box::pin(self.exchange(request, limits))
    }
}

fn nothing(sent: Sent, why: &str) -> Heard {
    Heard::Nothing { sent, why: why.to_owned() }
}

fn reply(status: u16, text: &str) -> Heard {
    let mut headers = vec![("Content-Type".to_owned(), "text/html".to_owned())];
    if status == 429 {
        headers.push(("X-Retry-After".to_owned(), "120".to_owned()));
    }
    Heard::Reply { status, headers, body: Bytes::copy_from_slice(text.as_bytes()) }
}

fn describe(heard: &Heard, secret: bool) -> String {
    match heard {
        Heard::Reply { status, .. } if secret => format!("{status}"),
        Heard::Reply { status, body, .. } => {
            let text: String = String::from_utf8_lossy(body).split_whitespace().collect::<Vec<_>>().join(" ");
            format!("{status} {}", text.chars().take(LONGEST).collect::<String>())
        }
        Heard::Nothing { sent, why } => format!("nothing ({sent:?}) {why}"),
        Heard::Elapsed => "elapsed".to_owned(),
    }
}
