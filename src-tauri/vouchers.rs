//! Sales that a card's voucher stands for, and what people did, as the window asks for them.

use std::io::BufWriter;

use serde_json::Value;
use tauri::{AppHandle, State};
use timbre_agent::view::{
    ActsView, VouchedView, VoucherOrder, VoucherTermsView, VoucherUndoOrder, VouchersView,
};
use timbre_agent::{Agent, Answer};

use crate::acting::{Acting, Selling};
use crate::commands::{bytes, downloaded, reading};

#[tauri::command]
pub fn vouchers(agent: State<'_, Agent>) -> VoucherTermsView {
    agent.vouchers()
}

#[tauri::command]
pub async fn set_vouchers(agent: Acting, order: VoucherOrder) -> Answer<VoucherTermsView> {
    agent.set_vouchers(order).await
}

#[tauri::command]
pub async fn record(agent: Selling, sale: Value, key: String) -> Answer<VouchedView> {
    agent.record(bytes(&sale)?, Some(key)).await
}

#[tauri::command]
pub async fn vouched(
    agent: State<'_, Agent>,
    from: String,
    to: String,
    cursor: Option<String>,
) -> Answer<VouchersView> {
    reading(agent, move |agent| agent.vouched_between(&from, &to, cursor.as_deref())).await
}

#[tauri::command]
pub async fn undo_vouched(agent: Acting, order: VoucherUndoOrder) -> Answer<VouchedView> {
    agent.undo_record(order).await
}

/// As [`crate::commands::export`].
#[tauri::command]
pub async fn export_vouched(
    app: AppHandle,
    agent: State<'_, Agent>,
    from: String,
    to: String,
) -> Answer<String> {
    downloaded(app, agent, Agent::vouched_name, move |agent, file| {
        agent.export_vouched(&from, &to, &mut BufWriter::new(file))
    })
    .await
}

#[tauri::command]
pub async fn acts(
    agent: State<'_, Agent>,
    words: String,
    before: Option<u64>,
    limit: Option<u32>,
) -> Answer<ActsView> {
    reading(agent, move |agent| agent.acts(&words, before, limit)).await
}
