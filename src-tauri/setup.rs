//! What a shop sets up, as the window asks for it: each command is one call of the engine.

use tauri::State;
use timbre_agent::diagnose::Diagnosis;
use timbre_agent::view::{
    ClockView, CompanyDataView, CompanyOrder, LoadedCertificateView, LockView, UnlockOrder,
};
use timbre_agent::{Agent, Answer};
use zeroize::Zeroizing;

use crate::acting::Acting;

#[tauri::command]
pub fn company(agent: State<'_, Agent>) -> Option<CompanyDataView> {
    agent.company_view()
}

#[tauri::command]
pub async fn set_company(agent: Acting, order: CompanyOrder) -> Answer<CompanyDataView> {
    agent.set_own_company(order).await
}

/// The file and its password are wiped after use.
#[tauri::command]
pub async fn load_certificate(
    agent: Acting,
    file: Vec<u8>,
    password: String,
    holder: Option<String>,
) -> Answer<LoadedCertificateView> {
    let (file, password) = (Zeroizing::new(file), Zeroizing::new(password));
    agent.load_certificate(&file, &password, holder.as_deref()).await
}

/// Everything that can be checked against the authority without using a folio; it may take a minute.
#[tauri::command]
pub async fn diagnose(agent: State<'_, Agent>) -> Answer<Diagnosis> {
    agent.diagnose().await
}

#[tauri::command]
pub fn lock(agent: State<'_, Agent>) -> Option<LockView> {
    agent.lock()
}

#[tauri::command]
pub async fn unlock(agent: Acting, order: UnlockOrder) -> Answer<LockView> {
    agent.unlock(&order).await
}

#[tauri::command]
pub async fn accept_clock(agent: Acting, who: String) -> Answer<ClockView> {
    agent.accept_clock(&who).await
}
