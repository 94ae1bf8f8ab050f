//! The agent's local API, asked over loopback. Knows routes and answers; what is done with an
//! answer is each command's business.

use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::{Client, Method, StatusCode};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use timbre_agent::view::{
    CertificateView, DetailView, IssuedView, PageView, PreviewView, ProblemView, Query, ResentView, Snapshot,
};
use timbre_core::{DocumentId, Refusal};

use crate::door::Door;
use crate::failure::Failure;
use crate::values::Share;

/// How long an answer may take that waits for nobody.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long an agent that has just gone is looked for.
const AGAIN: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

/// One agent, asked.
pub struct Api {
    door: Door,
    client: Client,
}

/// A request, so that it can be made again at another address.
struct Ask {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    key: Option<String>,
    body: Option<(&'static str, Bytes)>,
    patience: Duration,
}

impl Ask {
    fn new(method: Method, path: impl Into<String>) -> Ask {
        Ask { method, path: path.into(), query: Vec::new(), key: None, body: None, patience: PATIENCE }
    }

    fn get(path: impl Into<String>) -> Ask {
        Ask::new(Method::GET, path)
    }

    fn json(mut self, value: &Value) -> Ask {
        self.body = Some(("application/json", value.to_string().into()));
        self
    }

    /// May it be asked again when nobody knows whether it was heard?
    fn harmless(&self) -> bool {
        self.method == Method::GET || self.key.is_some()
    }
}

impl Api {
    pub fn new(door: Door) -> Result<Api, Failure> {
        // A proxy of the machine's has nothing to do with loopback.
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .build()
            .map_err(|e| Failure::unreachable(format!("No se pudo preparar la conexión ({e}).")))?;
        Ok(Api { door, client })
    }

    pub fn door(&self) -> &Door {
        &self.door
    }

    pub async fn close(self) {
        self.door.close().await;
    }

    /// Issues a sale; with `wait`, the answer comes with the verdict or when that time is over.
    pub async fn issue(&self, sale: Bytes, key: Option<String>, wait: Option<Duration>) -> Result<IssuedView, Failure> {
        if key.as_ref().is_some_and(|key| key.chars().any(char::is_control)) {
            return Err(Refusal::new("key-invalid", "", "La clave no puede llevar saltos de línea ni otros caracteres de control.").into());
        }
        let mut ask = Ask { key, ..Ask::new(Method::POST, "/v1/documents") };
        ask.body = Some(("application/json", sale));
        if let Some(wait) = wait {
            ask.patience = PATIENCE + wait;
            ask.query.push(("wait", "verdict".to_owned()));
            ask.query.push(("timeout", format!("{}s", wait.as_secs_f64().ceil())));
        }
        self.read(ask).await
    }

    pub async fn preview(&self, sale: Bytes) -> Result<PreviewView, Failure> {
        let mut ask = Ask::new(Method::POST, "/v1/documents/preview");
        ask.body = Some(("application/json", sale));
        self.read(ask).await
    }

    pub async fn page(&self, query: &Query) -> Result<PageView, Failure> {
        let mut ask = Ask::get("/v1/documents");
        let fields = [
            ("state", query.state.clone()),
            ("type", query.series.clone()),
            ("from", query.from.clone()),
            ("to", query.to.clone()),
            ("q", query.q.clone()),
            ("cursor", query.cursor.clone()),
            ("limit", query.limit.map(|n| n.to_string())),
        ];
        ask.query = fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        self.read(ask).await
    }

    pub async fn document(&self, id: &DocumentId) -> Result<DetailView, Failure> {
        self.read(Ask::get(format!("/v1/documents/{id}"))).await
    }

    /// The prolog line and the document's exact bytes.
    pub async fn xml(&self, id: &str) -> Result<Bytes, Failure> {
        self.send(Ask::get(format!("/v1/documents/{id}/xml"))).await
    }

    pub async fn history(&self, id: &DocumentId) -> Result<Vec<Value>, Failure> {
        self.read(Ask::get(format!("/v1/documents/{id}/history"))).await
    }

    /// Sends these documents again, or all that wait.
    pub async fn resend(&self, ids: Option<&[DocumentId]>) -> Result<ResentView, Failure> {
        let body = match ids {
            Some(ids) => json!({ "ids": ids }),
            None => json!({}),
        };
        self.read(Ask::new(Method::POST, "/v1/resend").json(&body)).await
    }

    pub async fn stats(&self) -> Result<Value, Failure> {
        self.read(Ask::get("/v1/stats")).await
    }

    pub async fn snapshot(&self) -> Result<Snapshot, Failure> {
        self.read(Ask::get("/v1/stats/snapshot")).await
    }

    pub async fn folios(&self) -> Result<Vec<Value>, Failure> {
        self.read(Ask::get("/v1/folios")).await
    }

    pub async fn load_folios(&self, file: Vec<u8>, share: Option<Share>, used_up_to: Option<u64>) -> Result<Value, Failure> {
        let mut ask = Ask::new(Method::POST, "/v1/folios");
        ask.body = Some(("application/xml", file.into()));
        ask.query.extend(share.map(|share| ("share", share.to_string())));
        ask.query.extend(used_up_to.map(|folio| ("used_up_to", folio.to_string())));
        self.read(ask).await
    }

    pub async fn company(&self) -> Result<Value, Failure> {
        self.read(Ask::get("/v1/company")).await
    }

    pub async fn set_company(&self, body: &Value) -> Result<Value, Failure> {
        self.read(Ask::new(Method::PUT, "/v1/company").json(body)).await
    }

    pub async fn certificate(&self) -> Result<Option<CertificateView>, Failure> {
        self.read(Ask::get("/v1/certificate")).await
    }

    /// `body` holds the password: it goes nowhere but there.
    pub async fn load_certificate(&self, body: Bytes) -> Result<CertificateView, Failure> {
        let mut ask = Ask::new(Method::POST, "/v1/certificate");
        ask.body = Some(("application/json", body));
        self.read(ask).await
    }

    async fn read<T: DeserializeOwned>(&self, ask: Ask) -> Result<T, Failure> {
        let what = ask.path.clone();
        let body = self.send(ask).await?;
        serde_json::from_slice(&body).map_err(|e| {
            Failure::unreachable(format!("El agente respondió algo que no se entiende en {what} ({e})."))
        })
    }

    /// Asks; where the agent has just gone (it was another command's, say) looks for a way again,
    /// as long as that does nothing twice.
    async fn send(&self, ask: Ask) -> Result<Bytes, Failure> {
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
            .timeout(ask.patience);
        if let Some(key) = &ask.key {
            request = request.header("Idempotency-Key", key.as_bytes());
        }
        if let Some((kind, body)) = &ask.body {
            request = request.header("Content-Type", *kind).body(body.clone());
        }
        let heard = match request.send().await {
            Err(e) if e.is_builder() => {
                return Err(Trouble::Failed(Failure::usage(format!("Lo pedido no se puede enviar ({}).", told(&e)))));
            }
            Err(e) if e.is_connect() => return Err(Trouble::NotHeard(told(&e))),
            Err(e) => return Err(Trouble::Doubt(told(&e))),
            Ok(heard) => heard,
        };
        let status = heard.status();
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

/// A body made of a serialisable value.
pub fn body_of(value: &impl Serialize) -> Result<Bytes, Failure> {
    serde_json::to_vec(value)
        .map(Bytes::from)
        .map_err(|e| Failure::refused("output", format!("No se pudo escribir el JSON ({e}).")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;

    #[test]
    fn a_no_is_told_in_the_agents_words_or_in_ours() {
        let told = no(
            StatusCode::UNPROCESSABLE_ENTITY,
            r#"{"status":422,"code":"sale-refused","title":"No","detail":"La venta no cuadra.","errors":[]}"#.as_bytes(),
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
