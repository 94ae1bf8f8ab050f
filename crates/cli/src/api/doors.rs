//! Who may call and who is told, through the agent's API.

use bytes::Bytes;
use reqwest::Method;
use serde_json::json;
use timbre_agent::view::{
    AttemptView, HealthView, NewTokenView, NewWebhookView, PanelView, RedeliveredView, TokenOrder, TokenView,
    WebhookOrder, WebhookView,
};

use super::{Api, Ask, body_of};
use crate::failure::Failure;

impl Api {
    pub async fn health(&self) -> Result<HealthView, Failure> {
        self.wire.read(Ask::get("/v1/health")).await
    }

    pub async fn tokens(&self) -> Result<Vec<TokenView>, Failure> {
        self.wire.read(Ask::get("/v1/tokens")).await
    }

    pub async fn make_token(&self, order: &TokenOrder) -> Result<NewTokenView, Failure> {
        let mut ask = Ask::new(Method::POST, "/v1/tokens");
        ask.body = Some(("application/json", body_of(order)?));
        self.wire.read(ask).await
    }

    pub async fn revoke_token(&self, name: &str, who: &str) -> Result<Vec<TokenView>, Failure> {
        let mut ask = Ask::new(Method::DELETE, format!("/v1/tokens/{}", segment(name)));
        ask.query.push(("who", who.to_owned()));
        self.wire.read(ask).await
    }

    pub async fn panel(&self) -> Result<PanelView, Failure> {
        self.wire.read(Ask::get("/v1/panel")).await
    }

    pub async fn set_panel_password(&self, order: Bytes) -> Result<PanelView, Failure> {
        let mut ask = Ask::new(Method::PUT, "/v1/panel/password");
        ask.body = Some(("application/json", order));
        self.wire.read(ask).await
    }

    pub async fn remove_panel_password(&self, who: &str) -> Result<PanelView, Failure> {
        let mut ask = Ask::new(Method::DELETE, "/v1/panel/password");
        ask.query.push(("who", who.to_owned()));
        self.wire.read(ask).await
    }

    pub async fn webhooks(&self) -> Result<Vec<WebhookView>, Failure> {
        self.wire.read(Ask::get("/v1/webhooks")).await
    }

    pub async fn put_webhook(&self, name: &str, order: &WebhookOrder) -> Result<NewWebhookView, Failure> {
        let mut ask = Ask::new(Method::PUT, format!("/v1/webhooks/{}", segment(name)));
        ask.body = Some(("application/json", body_of(order)?));
        self.wire.read(ask).await
    }

    pub async fn remove_webhook(&self, name: &str, who: &str) -> Result<Vec<WebhookView>, Failure> {
        let mut ask = Ask::new(Method::DELETE, format!("/v1/webhooks/{}", segment(name)));
        ask.query.push(("who", who.to_owned()));
        self.wire.read(ask).await
    }

    pub async fn test_webhook(&self, name: &str) -> Result<AttemptView, Failure> {
        self.wire.read(Ask::new(Method::POST, format!("/v1/webhooks/{}/test", segment(name)))).await
    }

    /// What was given up goes again; how many events that are.
    pub async fn redeliver(&self, name: &str, document: Option<&str>) -> Result<RedeliveredView, Failure> {
        let mut ask = Ask::new(Method::POST, format!("/v1/webhooks/{}/redeliver", segment(name)));
        if let Some(document) = document {
            ask.body = Some(("application/json", body_of(&json!({ "document": document }))?));
        }
        self.wire.read(ask).await
    }
}

/// A name as one part of a path.
fn segment(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    name.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_blanks_and_accents_is_one_part_of_a_path() {
        assert_eq!(segment("caja 1/ñ"), "caja%201%2F%C3%B1");
    }
}
