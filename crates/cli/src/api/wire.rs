//! One question to the agent and its answer: asked again where that is safe, told as a failure where
//! it is not. Knows no route.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::{Client, Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;
use timbre_agent::view::ProblemView;

use crate::ask::user;
use crate::door::Door;
use crate::failure::Failure;

/// How long an answer may take that waits for nobody.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How long an agent that has just gone is looked for.
const AGAIN: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

/// The way to one agent.
pub struct Wire {
    pub door: Door,
    client: Client,
    /// What the last answer's header said: every answer names its environment.
    environment: Mutex<String>,
}

/// A request, so that it can be made again at another address.
pub struct Ask {
    method: Method,
    path: String,
    pub query: Vec<(&'static str, String)>,
    pub key: Option<String>,
    pub body: Option<(&'static str, Bytes)>,
    pub patience: Duration,
}

impl Ask {
    pub fn new(method: Method, path: impl Into<String>) -> Ask {
        Ask { method, path: path.into(), query: Vec::new(), key: None, body: None, patience: PATIENCE }
    }

    pub fn get(path: impl Into<String>) -> Ask {
        Ask::new(Method::GET, path)
    }

    pub fn json(mut self, value: &Value) -> Ask {
        self.body = Some(("application/json", value.to_string().into()));
        self
    }

    /// Its act is of who calls.
    pub fn by_user(mut self) -> Ask {
        self.query.push(("who", user()));
        self
    }

    /// For what the agent asks of others, who may not answer.
    pub fn patient(mut self) -> Ask {
        self.patience = Duration::from_secs(300);
        self
    }

    /// May it be asked again when nobody knows whether it was heard?
    fn harmless(&self) -> bool {
        self.method == Method::GET || self.key.is_some()
    }
}

impl Wire {
    pub fn new(door: Door) -> Result<Wire, Failure> {
        // A proxy of the machine's has nothing to do with loopback.
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .build()
            .map_err(|e| Failure::unreachable(format!("No se pudo preparar la conexión ({e}).")))?;
        Ok(Wire { door, client, environment: Mutex::default() })
    }

    /// The environment of the last answer; empty before there is a company.
    pub fn environment(&self) -> String {
        self.environment.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub async fn read<T: DeserializeOwned>(&self, ask: Ask) -> Result<T, Failure> {
        let what = ask.path.clone();
        let body = self.send(ask).await?;
        serde_json::from_slice(&body).map_err(|e| {
            Failure::unreachable(format!("El agente respondió algo que no se entiende en {what} ({e})."))
        })
    }

    /// Asks; where the agent has just gone (it was another command's, say) looks for a way again,
    /// as long as that does nothing twice.
    pub async fn send(&self, ask: Ask) -> Result<Bytes, Failure> {
        let begun = Instant::now();
        let mut doubted = false;
        loop {
            let address = self.door.address().await;
            let trouble = match self.send_to(&address.base, &address.token, &ask).await {
                Ok(body) => return Ok(body),
                Err(trouble) => trouble,
            };
            let again = match &trouble {
                Trouble::NotHeard(_) => begun.elapsed() < AGAIN,
                Trouble::Doubt(_) => ask.harmless() && !std::mem::replace(&mut doubted, true),
                // The port is another agent's by now.
                Trouble::Failed(Failure::Problem(no)) => no.status == 401 && begun.elapsed() < AGAIN,
                Trouble::Failed(_) => false,
            };
            if !again || !self.door.reopen(&address).await? {
                return Err(trouble.failure(&address.base));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn send_to(&self, base: &str, token: &str, ask: &Ask) -> Result<Bytes, Trouble> {
        let mut request = self
            .client
            .request(ask.method.clone(), format!("{base}{}", ask.path))
            .query(&ask.query)
            .bearer_auth(token)
            .header("Timbre-Client", concat!("timbre/", env!("CARGO_PKG_VERSION")))
            .timeout(ask.patience);
        if let Some(key) = &ask.key {
            request = request.header("Idempotency-Key", key.as_bytes());
        }
        if let Some((kind, body)) = &ask.body {
            request = request.header("Content-Type", *kind).body(body.clone());
        }
        let heard = match request.send().await {
            Err(e) if e.is_builder() => {
                return Err(Trouble::Failed(Failure::usage(format!(
                    "Lo pedido no se puede enviar ({}).",
                    told(&e)
                ))));
            }
            Err(e) if e.is_connect() => return Err(Trouble::NotHeard(told(&e))),
            Err(e) => return Err(Trouble::Doubt(told(&e))),
            Ok(heard) => heard,
        };
        let status = heard.status();
        let word = heard.headers().get("Timbre-Environment").and_then(|word| word.to_str().ok());
        if let Some(word) = word.filter(|word| *word != "none") {
            *self.environment.lock().unwrap_or_else(PoisonError::into_inner) = word.to_owned();
        }
        let body = heard.bytes().await.map_err(|e| Trouble::Doubt(told(&e)))?;
        if status.is_success() { Ok(body) } else { Err(Trouble::Failed(no(status, &body))) }
    }
}

enum Trouble {
    /// Nobody was there.
    NotHeard(String),
    /// It left, and no whole answer came.
    Doubt(String),
    Failed(Failure),
}

impl Trouble {
    fn failure(self, base: &str) -> Failure {
        match self {
            Trouble::NotHeard(why) => unreachable(base, &why),
            Trouble::Doubt(why) => Failure::unreachable(format!(
                "El agente en {base} no terminó de responder ({why}). Lo pedido puede haberse hecho: revíselo con «timbre list»."
            )),
            Trouble::Failed(failure) => failure,
        }
    }
}

fn unreachable(base: &str, why: &str) -> Failure {
    Failure::unreachable(format!("El agente en {base} no responde ({why})."))
}

/// What a library says, in as few words as it has.
fn told(error: &reqwest::Error) -> String {
    let mut deepest: &dyn std::error::Error = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

/// An answer that is no: in the agent's own words where it has any.
fn no(status: StatusCode, body: &[u8]) -> Failure {
    #[derive(serde::Deserialize)]
    struct Loose {
        code: Option<String>,
        title: Option<String>,
        detail: Option<String>,
    }
    if let Ok(problem) = serde_json::from_slice::<ProblemView>(body) {
        return Failure::Problem(Box::new(ProblemView { status: status.as_u16(), ..problem }));
    }
    let loose = serde_json::from_slice(body).unwrap_or(Loose { code: None, title: None, detail: None });
    let detail = loose.detail.or(loose.title).unwrap_or_else(|| format!("El agente respondió {status}."));
    Failure::Problem(Box::new(ProblemView {
        status: status.as_u16(),
        code: loose.code.unwrap_or_else(|| format!("http-{}", status.as_u16())),
        title: detail.clone(),
        detail,
        errors: Vec::new(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;

    #[test]
    fn a_no_is_told_in_the_agents_words_or_in_ours() {
        let told = no(
            StatusCode::UNPROCESSABLE_ENTITY,
            r#"{"status":422,"code":"sale-refused","title":"No","detail":"La venta no cuadra.","errors":[]}"#
                .as_bytes(),
        );
        assert_eq!((told.to_string().as_str(), told.exit()), ("La venta no cuadra.", Exit::Refused));
        let bare = no(StatusCode::BAD_GATEWAY, b"<html>");
        assert!(bare.to_string().contains("502"));
        assert_eq!(bare.exit(), Exit::Unreachable);
        assert_eq!(no(StatusCode::NOT_FOUND, br#"{"detail":"No existe."}"#).to_string(), "No existe.");
    }

    #[test]
    fn only_what_changes_nothing_twice_is_asked_twice() {
        assert!(Ask::get("/v1/stats").harmless());
        assert!(!Ask::new(Method::POST, "/v1/documents").harmless());
        assert!(Ask { key: Some("k".to_owned()), ..Ask::new(Method::POST, "/v1/documents") }.harmless());
    }
}
