//! The printers, through the agent's API.

use reqwest::Method;
use serde_json::json;
use timbre_agent::view::{FoundPrinterView, PrinterView, PrintersView};

use super::{Api, Ask};
use crate::failure::Failure;

/// A name as one part of a path, whatever it holds: what may be a name is for the agent to say.
fn part(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    name.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

impl Api {
    pub async fn printers(&self) -> Result<PrintersView, Failure> {
        self.wire.read(Ask::get("/v1/printers")).await
    }

    /// What this machine has.
    pub async fn found_printers(&self) -> Result<Vec<FoundPrinterView>, Failure> {
        self.wire.read(Ask::get("/v1/printers/found").patient()).await
    }

    pub async fn put_printer(&self, printer: &PrinterView) -> Result<PrintersView, Failure> {
        let ask = Ask::new(Method::PUT, format!("/v1/printers/{}", part(&printer.name))).by_user();
        self.wire.read(ask.json(&json!(printer)).patient()).await
    }

    pub async fn remove_printer(&self, name: &str) -> Result<PrintersView, Failure> {
        self.wire.read(Ask::new(Method::DELETE, format!("/v1/printers/{}", part(name))).by_user()).await
    }

    /// A PNG; or no logo any more.
    pub async fn set_logo(&self, file: Option<Vec<u8>>) -> Result<PrintersView, Failure> {
        let method = if file.is_some() { Method::PUT } else { Method::DELETE };
        let mut ask = Ask::new(method, "/v1/logo").by_user();
        ask.body = file.map(|file| ("image/png", file.into()));
        self.wire.read(ask).await
    }
}
