//! Who may call, through the agent's API.

use reqwest::Method;
use timbre_agent::view::{NewTokenView, TokenOrder, TokenView};

use super::{Api, Ask, body_of};
use crate::failure::Failure;

impl Api {
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
