//! Who works here, and the gate before the window's commands: a risky one passes with the permit of somebody in
//! charge, or not at all.

use std::sync::Arc;

use serde_json::Value;
use tauri::http::HeaderMap;
use tauri::ipc::{Invoke, InvokeBody};
use tauri::{Manager, State, Wry};
use timbre_agent::roles::{PERMIT, risky};
use timbre_agent::view::{StaffView, WorkerOrder};
use timbre_agent::{Agent, Answer};

use crate::acting::{Acting, Allowed};

/// Lets a command through to `handler`, once it may be done.
pub fn gate(handler: impl Fn(Invoke<Wry>) -> bool + Send + Sync + 'static) -> impl Fn(Invoke<Wry>) -> bool {
    let handler = Arc::new(handler);
    move |invoke| {
        let webview = invoke.message.webview();
        let Some(agent) = webview.try_state::<Agent>().map(|agent| agent.inner().clone()) else {
            return handler(invoke);
        };
        let (command, sale) = (invoke.message.command().to_owned(), sale(&invoke));
        if sale.is_none() && risky(&command).is_none() {
            return handler(invoke);
        }
        let permit = permit_of(invoke.message.headers()).map(str::to_owned);
        let handler = Arc::clone(&handler);
        tauri::async_runtime::spawn(async move {
            // To issue a note is another act than to issue a sale.
            let act = match sale {
                Some(sale) => agent.act_of_sale(sale.into()).await,
                None => Ok(command.as_str()),
            };
            let allowed = match act {
                Ok(act) => agent.let_through(act, permit.as_deref()).await,
                Err(problem) => Err(problem),
            };
            match allowed {
                Ok(who) => {
                    if let (Some(permit), Some(who)) = (permit, who) {
                        invoke.message.webview_ref().state::<Allowed>().note(permit, who);
                    }
                    handler(invoke);
                }
                Err(problem) => invoke.resolver.reject(problem),
            }
        });
        true
    }
}

/// The permit that a command comes with.
pub fn permit_of(headers: &HeaderMap) -> Option<&str> {
    headers.get(PERMIT).and_then(|permit| permit.to_str().ok())
}

/// The sale of a command that issues one.
fn sale(invoke: &Invoke<Wry>) -> Option<String> {
    let InvokeBody::Json(body) = invoke.message.payload() else { return None };
    match (invoke.message.command(), &body["sale"]) {
        ("issue", sale) => Some(sale.to_string()),
        ("issue_text", Value::String(sale)) => Some(sale.clone()),
        _ => None,
    }
}

#[tauri::command]
pub fn staff(agent: State<'_, Agent>) -> StaffView {
    agent.staff()
}

#[tauri::command]
pub async fn put_worker(agent: Acting, worker: WorkerOrder) -> Answer<StaffView> {
    agent.put_worker(worker).await
}

#[tauri::command]
pub async fn remove_worker(agent: Acting, name: String) -> Answer<StaffView> {
    agent.remove_worker(name).await
}

/// Answers the permit for one act, once.
#[tauri::command]
pub async fn permit(agent: Acting, name: String, pin: String, act: String) -> Answer<String> {
    agent.permit(name, pin, act).await
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every command of the window. A new one stands here with who may use it, or the test fails.
    const EVERYBODY: &[&str] = &[
        "snapshot",
        "documents",
        "document",
        "xml",
        "picture",
        "print",
        "settle_paper",
        // A note is the act `correct`.
        "issue",
        "issue_text",
        "preview",
        "resend",
        "printers",
        "found_printers",
        "test_printer",
        "quit",
        "restart",
        "hide",
        "autostart",
        "set_autostart",
        "count",
        "today",
        "sale",
        "check_batch",
        "example_sheet",
        "company",
        "diagnose",
        "lock",
        "staff",
        "permit",
        "vouchers",
        "record",
        "vouched",
        "tokens",
        "webhooks",
        "test_webhook",
        "redeliver_webhook",
        "settings",
        "place",
        "check",
        "sealing",
    ];
    const IN_CHARGE: &[&str] = &[
        "resend_pending",
        "sending",
        "put_printer",
        "remove_printer",
        "set_logo",
        "export",
        "resend_found",
        "reissue",
        "found_accepted",
        "number_annulled",
        "note_verdict",
        "load_folios",
        "stop_range",
        "resume_range",
        "range_annulled",
        "skipped_annulled",
        "set_company",
        "load_certificate",
        "unlock",
        "accept_clock",
        "put_worker",
        "remove_worker",
        "set_vouchers",
        "undo_vouched",
        "export_vouched",
        "make_token",
        "revoke_token",
        "put_webhook",
        "remove_webhook",
        "acts",
        "set_settings",
        "begin_check",
        "recovery_key",
        "seal",
    ];

    #[test]
    fn every_command_has_a_role_and_no_other_is_granted() {
        let listed: BTreeSet<&str> = EVERYBODY.iter().chain(IN_CHARGE).copied().collect();
        assert_eq!(listed.len(), EVERYBODY.len() + IN_CHARGE.len(), "one role each");
        for command in &listed {
            assert_eq!(risky(command).is_some(), IN_CHARGE.contains(command), "{command}");
        }
        let built = include_str!("build.rs")
            .lines()
            .filter_map(|line| line.strip_prefix("    \"").and_then(|rest| rest.strip_suffix("\",")));
        assert_eq!(built.collect::<BTreeSet<_>>(), listed, "as build.rs declares them");
        let config: Value = serde_json::from_str(include_str!("../tauri.conf.json")).unwrap();
        let granted = config["app"]["security"]["capabilities"][0]["permissions"].as_array().unwrap();
        let granted = granted.iter().filter_map(|one| one.as_str()?.strip_prefix("allow-"));
        let granted: BTreeSet<_> = granted.map(|name| name.replace('-', "_")).collect();
        assert_eq!(
            granted,
            listed.iter().map(|name| (*name).to_owned()).collect(),
            "as the capability grants them"
        );
    }

    /// It hears events, and enlarges itself; it tells the shell nothing but by commands.
    #[test]
    fn the_page_is_granted_no_more_of_the_shell_than_it_uses_and_runs_no_code_but_its_own() {
        let config: Value = serde_json::from_str(include_str!("../tauri.conf.json")).unwrap();
        let security = &config["app"]["security"];
        let capabilities = security["capabilities"].as_array().unwrap();
        assert_eq!(capabilities.len(), 2, "the window's, and that of the small one: see `starting`");
        let granted = capabilities[0]["permissions"].as_array().unwrap().iter().filter_map(Value::as_str);
        let of_shell: Vec<_> = granted.filter(|one| !one.starts_with("allow-")).collect();
        assert_eq!(
            of_shell,
            ["core:event:allow-listen", "core:event:allow-unlisten", "core:webview:allow-set-webview-zoom"]
        );
        let policy = security["csp"].as_str().unwrap();
        assert!(policy.contains("default-src 'self'; script-src 'self'; style-src 'self'"), "{policy}");
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    }
}
