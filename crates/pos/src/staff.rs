//! Who works here, and the gate before what the panel asks for: a page in a browser does what is risky with the
//! permit of somebody in charge, or not at all. Programs, which have the owner's token and no person before them,
//! pass.

use axum::Json;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{MatchedPath, Path, Request, State};
use axum::http::{Extensions, HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::Value;
use timbre_agent::Agent;
use timbre_agent::roles::{LOOK_ACTS, PERMIT};
use timbre_agent::view::{ProblemView, StaffView, WorkerOrder};

use crate::acting::{Acting, Allowed};
use crate::api::{Answer, By, Problem, read};
use crate::tokens::{Caller, Who};

/// The largest body that is looked into.
const BODY: usize = 1 << 20;

#[utoipa::path(
    get,
    path = "/v1/staff",
    summary = "Quiénes trabajan aquí; nunca sus PIN",
    responses((status = 200, description = "Hecho", body = StaffView))
)]
pub(crate) async fn list(State(agent): State<Agent>) -> Json<StaffView> {
    Json(agent.staff())
}

#[utoipa::path(
    put,
    path = "/v1/staff/{name}",
    summary = "Agrega a alguien, o cambia su rol o su PIN",
    params(("name" = String, Path, example = "Rosa"), By),
    request_body(content = WorkerOrder, example = json!({"name": "Rosa", "role": "encargado", "pin": "4821"})),
    responses((status = 200, description = "Hecho", body = StaffView))
)]
pub(crate) async fn put(
    Acting(agent): Acting,
    Path(name): Path<String>,
    body: Bytes,
) -> Answer<Json<StaffView>> {
    let worker: WorkerOrder = read(&body)?;
    if worker.name != name {
        return Err(ProblemView::bad_request(
            "worker-name",
            "El nombre del cuerpo no es el de la dirección.",
        )
        .into());
    }
    Ok(Json(agent.put_worker(worker).await?))
}

#[utoipa::path(
    delete,
    path = "/v1/staff/{name}",
    summary = "Quita a alguien",
    params(("name" = String, Path, example = "Rosa"), By),
    responses((status = 200, description = "Hecho", body = StaffView))
)]
pub(crate) async fn remove(Acting(agent): Acting, Path(name): Path<String>) -> Answer<Json<StaffView>> {
    Ok(Json(agent.remove_worker(name).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    name: String,
    pin: String,
    act: String,
}

/// It goes into the header `Timbre-Permit` of the one request that it is for; that of the act `sell`, which anybody who
/// works here has for a turn, into `Timbre-Cashier` of each sale of the panel.
#[derive(serde::Serialize, utoipa::ToSchema)]
pub(crate) struct PermitView {
    permit: String,
}

/// The permit for one act, once.
#[utoipa::path(
    post,
    path = "/v1/staff/permit",
    summary = "El permiso de alguien a cargo para un acto, una vez",
    request_body(content = serde_json::Value, example = json!({"name": "Rosa", "pin": "1234", "act": "reissue"})),
    responses((status = 200, description = "Hecho", body = PermitView))
)]
pub(crate) async fn permit(Acting(agent): Acting, body: Bytes) -> Answer<Json<PermitView>> {
    let Asked { name, pin, act } = read(&body)?;
    Ok(Json(PermitView { permit: agent.permit(name, pin, act).await? }))
}

/// For every route: what a page does is let through, or not.
pub(crate) async fn gate(State(agent): State<Agent>, request: Request, next: Next) -> Response {
    if !is_a_panel(request.headers(), request.extensions()) {
        return next.run(request).await;
    }
    let path =
        request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned()).unwrap_or_default();
    let path = path.strip_prefix("/v1").unwrap_or(&path);
    let method = request.method().clone();
    let (act, request) = match (act_of(&method, path), method, path) {
        (None, Method::POST, "/documents" | "/resend") => {
            let (parts, body) = request.into_parts();
            let Ok(body) = to_bytes(body, BODY).await else {
                let detail = "El cuerpo es demasiado grande.";
                return Problem::from(ProblemView::bad_request("body-too-large", detail)).into_response();
            };
            let act = match path {
                "/resend" => act_of_resend(&body),
                _ => match agent.act_of_sale(body.clone()).await {
                    Ok(act) => Some(act),
                    Err(problem) => return Problem::from(problem).into_response(),
                },
            };
            (act, Request::from_parts(parts, Body::from(body)))
        }
        (act, _, _) => (act, request),
    };
    let mut request = request;
    if let Some(act) = act {
        let permit = request.headers().get(PERMIT).and_then(|permit| permit.to_str().ok());
        match agent.let_through(act, permit).await {
            Ok(Some(who)) => _ = request.extensions_mut().insert(Allowed(who)),
            Ok(None) => {}
            Err(problem) => return Problem::from(problem).into_response(),
        }
    }
    next.run(request).await
}

/// A browser says so, and no page can keep it from it.
pub(crate) fn is_a_page(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site")
}

/// A page asks; who has entered from another machine is before one, whatever it says of itself.
pub(crate) fn is_a_panel(headers: &HeaderMap, extensions: &Extensions) -> bool {
    let entered = |caller: &Caller| matches!(caller.who, Who::Panel(_));
    is_a_page(headers) || extensions.get::<Caller>().is_some_and(entered)
}

/// The act that a route is, by the name of the window's command; of two it depends on the body.
fn act_of(method: &Method, path: &str) -> Option<&'static str> {
    Some(match (method.as_str(), path) {
        ("POST", "/sending") => "sending",
        ("GET", "/documents/export/{form}") => "export",
        ("GET", "/vouchers/export") => "export_vouched",
        ("POST", "/vouchers/undo") => "undo_vouched",
        ("PUT", "/vouchers/terms") => "set_vouchers",
        ("POST", "/documents/{id}/reissue") => "reissue",
        ("POST", "/documents/{id}/found-accepted") => "found_accepted",
        ("POST", "/documents/{id}/number-annulled") => "number_annulled",
        ("POST", "/documents/{id}/verdict") => "note_verdict",
        ("POST", "/folios") => "load_folios",
        ("POST", "/folios/stop") => "stop_range",
        ("POST", "/folios/resume") => "resume_range",
        ("POST", "/folios/annulled") => "range_annulled",
        ("POST", "/folios/skipped-annulled") => "skipped_annulled",
        ("POST", "/issuing/unlock") => "unlock",
        ("POST", "/clock/accept") => "accept_clock",
        ("POST", "/claims") => "claim",
        ("GET", "/acts") => LOOK_ACTS,
        ("PUT", "/settings") => "set_settings",
        ("POST", "/check") => "begin_check",
        ("PUT", "/company") => "set_company",
        ("POST", "/certificate") => "load_certificate",
        ("PUT", "/printers/{name}") => "put_printer",
        ("DELETE", "/printers/{name}") => "remove_printer",
        ("PUT" | "DELETE", "/logo") => "set_logo",
        ("POST", "/tokens") => "make_token",
        ("DELETE", "/tokens/{name}") => "revoke_token",
        ("PUT", "/webhooks/{name}") => "put_webhook",
        ("DELETE", "/webhooks/{name}") => "remove_webhook",
        ("PUT" | "DELETE", "/panel/password") => "panel_password",
        ("PUT", "/staff/{name}") => "put_worker",
        ("DELETE", "/staff/{name}") => "remove_worker",
        _ => return None,
    })
}

/// Named documents are anybody's to send again.
fn act_of_resend(body: &[u8]) -> Option<&'static str> {
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    match (asked.get("ids"), asked.get("matching")) {
        (Some(_), None) => None,
        (_, Some(_)) => Some("resend_found"),
        (None, None) => Some("resend_pending"),
    }
}

#[cfg(test)]
mod tests {
    use timbre_agent::roles::{CORRECT, RECOVERY_KEY, RISKY, SEAL};

    use super::*;

    #[test]
    fn each_risky_act_is_a_route_and_each_such_route_is_risky() {
        let routes = include_str!("server.rs").lines().filter_map(|line| {
            let path = line.split('"').nth(1)?;
            line.trim_start().starts_with(".route(").then_some((path, line))
        });
        // What shows a recovery key is no route, nor is what takes it.
        let mut seen = vec![CORRECT, "resend_found", "resend_pending", RECOVERY_KEY, SEAL];
        for (path, line) in routes {
            for (method, word) in [
                (Method::GET, "get("),
                (Method::POST, "post("),
                (Method::PUT, "put("),
                (Method::DELETE, "delete("),
            ] {
                if line.contains(word) {
                    seen.extend(act_of(&method, path));
                }
            }
        }
        seen.sort_unstable();
        seen.dedup();
        let mut risky: Vec<_> = RISKY.iter().map(|(act, _)| *act).collect();
        risky.sort_unstable();
        assert_eq!(seen, risky);
    }

    #[test]
    fn to_send_named_documents_again_is_anybodys() {
        assert_eq!(act_of_resend(br#"{"ids": ["T39F1"]}"#), None);
        assert_eq!(act_of_resend(br#"{"matching": {"state": "queued"}}"#), Some("resend_found"));
        assert_eq!(act_of_resend(b""), Some("resend_pending"));
    }
}
