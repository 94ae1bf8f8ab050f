//! Who may come in by the doors, and who is told what becomes of documents, as the window asks for it.

use std::sync::Arc;

use tauri::State;
use timbre_agent::Answer;
use timbre_agent::view::{
    AttemptView, NewTokenView, NewWebhookView, RedeliveredView, TokenOrder, TokenView, WebhookOrder,
    WebhookView,
};
use timbre_app::{Tokens, Webhooks};

use crate::acting::Acting;

#[tauri::command]
pub fn tokens(tokens: State<'_, Arc<Tokens>>) -> Vec<TokenView> {
    tokens.list()
}

/// The answer holds the token, and no other ever will.
#[tauri::command]
pub async fn make_token(
    agent: Acting,
    tokens: State<'_, Arc<Tokens>>,
    order: TokenOrder,
) -> Answer<NewTokenView> {
    tokens.make_for(&agent, order).await
}

#[tauri::command]
pub async fn revoke_token(
    agent: Acting,
    tokens: State<'_, Arc<Tokens>>,
    name: String,
    who: String,
) -> Answer<Vec<TokenView>> {
    tokens.revoke_for(&agent, name, &who).await
}

#[tauri::command]
pub fn webhooks(webhooks: State<'_, Arc<Webhooks>>) -> Vec<WebhookView> {
    webhooks.list()
}

/// The answer holds the secret that deliveries are signed with, and no other ever will.
#[tauri::command]
pub async fn put_webhook(
    agent: Acting,
    webhooks: State<'_, Arc<Webhooks>>,
    name: String,
    order: WebhookOrder,
) -> Answer<NewWebhookView> {
    webhooks.put(&agent, &name, &order).await
}

#[tauri::command]
pub async fn remove_webhook(
    agent: Acting,
    webhooks: State<'_, Arc<Webhooks>>,
    name: String,
    who: String,
) -> Answer<Vec<WebhookView>> {
    webhooks.remove(&agent, &name, &who).await
}

#[tauri::command]
pub async fn test_webhook(webhooks: State<'_, Arc<Webhooks>>, name: String) -> Answer<AttemptView> {
    webhooks.test(&name).await
}

/// What was given up is delivered again; how many those are.
#[tauri::command]
pub async fn redeliver_webhook(webhooks: State<'_, Arc<Webhooks>>, name: String) -> Answer<RedeliveredView> {
    webhooks.redeliver(&name, None).await
}
