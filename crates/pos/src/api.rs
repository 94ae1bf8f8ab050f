//! What each route does: reads the request, asks the engine, answers a view or a problem.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, Query as QueryOf, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use timbre_agent::Agent;
use timbre_agent::diagnose::Diagnosis;
use timbre_agent::doer::SOMEBODY;
use timbre_agent::last_seen::LAST_SEEN;
use timbre_agent::view::{
    DetailView, FoliosView, HealthView, IssuedView, Mood, PageView, PreviewView, ProblemView, Query,
    RefusalView, ResentView, RowView, Snapshot, StatsView,
};
use timbre_core::DocumentId;

use crate::acting::{Acting, Selling};
use crate::bodies::CLIENT;
use crate::entrance::Entrance;
use crate::tokens::Caller;

/// The same words as the engine has for its own (`agent/problem.rs`).
fn title(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "Solicitud mal hecha",
        401 => "Sin identificación",
        403 => "Sin permiso",
        404 => "No existe",
        405 => "Método no admitido",
        408 => "Solicitud incompleta",
        409 => "No corresponde ahora",
        413 => "Demasiado grande",
        415 => "Tipo de contenido no admitido",
        422 => "Rechazado",
        503 => "No se puede ahora",
        500.. => "Error de Timbre",
        _ => "No se puede así",
    }
}

/// Who does it, where the request has no body to say it in.
#[derive(Deserialize, Default, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct By {
    /// Quién lo hace, según quien llama; el acto nombra además el token, o a quien dio su PIN.
    #[param(example = "Rosa")]
    who: Option<String>,
}

impl By {
    pub fn said(self) -> Option<String> {
        self.who
    }

    pub fn who(&self) -> &str {
        self.who.as_deref().unwrap_or(SOMEBODY)
    }
}

/// A problem on its way out: `application/problem+json`.
#[derive(Debug)]
pub(crate) struct Problem(ProblemView);

pub(crate) type Answer<T, E = Problem> = Result<T, E>;

impl From<ProblemView> for Problem {
    fn from(view: ProblemView) -> Problem {
        Problem(view)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (status, kind, Json(self.0).into_response().into_body()).into_response()
    }
}

pub(crate) fn problem(status: StatusCode, code: &str, detail: &str) -> Problem {
    Problem(ProblemView {
        status: status.as_u16(),
        code: code.to_owned(),
        title: title(status).to_owned(),
        detail: detail.to_owned(),
        errors: Vec::new(),
    })
}

#[derive(Deserialize, Default, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wait {
    wait: Option<String>,
    timeout: Option<String>,
}

#[utoipa::path(
    post,
    path = "/v1/documents",
    summary = "Emite una venta: la respuesta llega cuando el documento está guardado",
    request_body(content = serde_json::Value, example = json!({"Encabezado": {"IdDoc": {"TipoDTE": 39}}, "Detalle": [{"NmbItem": "Pan amasado", "QtyItem": 2, "PrcItem": 350}]})),
    params(
        Wait,
        ("Idempotency-Key" = Option<String>, Header, description = "La misma clave con la misma venta es siempre el mismo documento. Las claves son de toda la tienda, no de cada token: ponga en ella el nombre de la caja, o dos cajas que cuentan desde 1 dan un solo documento por dos ventas (aviso key-of-another-till). Una sola por solicitud; sin ella, warnings trae key-missing.", example = "caja1-000123"),
        ("Timbre-Last-Seen" = Option<String>, Header, description = "El document.id de la última respuesta que la caja recibió de este Timbre, de cada tipo, separados por comas. Si esta carpeta no conoce ese folio es una copia antigua: la emisión se detiene (503 store-stopped) antes de gastar un folio, hasta que una persona la desbloquee. Un folio de ningún rango cargado, del tipo de esta venta, es 422 last-seen-outside y no detiene nada; de otro tipo es solo un aviso (warnings). Solo con el token de una caja. Por ejemplo: T39F120, T33F14."),
    ),
    responses(
        (status = 201, description = "Hecho", body = IssuedView),
        (status = 200, description = "La clave ya se conocía: el mismo documento de entonces.", body = IssuedView),
    )
)]
pub(crate) async fn issue(
    Selling(agent): Selling,
    QueryOf(wait): QueryOf<Wait>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer<(StatusCode, Json<IssuedView>)> {
    let timeout = timeout_of(&wait)?;
    let key = key_of(&headers)?;
    let keyless = key.is_none();
    let seen = last_seen(&headers, &caller)?;
    let mut issued = agent.issue_from(body, key, caller.till(), seen).await?;
    if keyless {
        issued.warnings.push(key_missing());
    }
    let (document, repeated, client) = (&issued.document.id, issued.repeated, headers.get(CLIENT));
    tracing::info!(document, repeated, %caller, ?client, "a sale is answered");
    timbre_store::crash!("answer-unsent");
    if let Some(timeout) = timeout {
        let waited = agent.wait_for_verdict(&issued.document.id, timeout).await;
        issued = after(issued, waited);
    }
    let status = if issued.repeated { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(issued)))
}

/// The sale's key. Two of them say two things, and the first is not the truer one.
pub(crate) fn key_of(headers: &HeaderMap) -> Answer<Option<String>> {
    let mut said = headers.get_all("idempotency-key").iter();
    let Some(key) = said.next() else { return Ok(None) };
    if said.next().is_some() {
        let why = "Idempotency-Key viene más de una vez: cada venta tiene una sola clave.";
        return Err(ProblemView::bad_request("key-repeated", why).into());
    }
    match std::str::from_utf8(key.as_bytes()) {
        Ok(key) => Ok(Some(key.to_owned())),
        Err(_) => Err(ProblemView::bad_request("key-invalid", "Idempotency-Key debe venir en UTF-8.").into()),
    }
}

/// What a till was given last, by the ids of the answers. By its own token alone: whom a lock is to name is known then,
/// and who errs for ever can be revoked. A header, since the sale's own text tells whether it is the same sale.
fn last_seen(headers: &HeaderMap, caller: &Caller) -> Answer<Vec<DocumentId>> {
    let mut seen = Vec::new();
    for said in headers.get_all(LAST_SEEN) {
        let ids = said.to_str().unwrap_or("�").split(',').map(str::trim).filter(|id| !id.is_empty());
        for id in ids {
            let why = || {
                let why =
                    format!("{LAST_SEEN} lleva ids de documentos separados por comas, como T39F120, T33F14.");
                ProblemView::bad_request("last-seen-invalid", why)
            };
            // Two that lack their comma would be one of a strange type.
            let one = Some(id).filter(|id| !id.contains(char::is_whitespace)).ok_or_else(why)?;
            seen.push(one.parse().map_err(|_| why())?);
        }
    }
    if seen.is_empty() || caller.till().is_some() {
        return Ok(seen);
    }
    let why = format!("{LAST_SEEN} lo dice una caja, con su propio token.");
    Err(ProblemView::forbidden("last-seen-of-nobody", why).into())
}

/// Without a key an answer that is lost leaves a document that nobody knows of, and the sale said again makes
/// another one.
fn key_missing() -> RefusalView {
    RefusalView {
        code: "key-missing".to_owned(),
        path: "Idempotency-Key".to_owned(),
        message: "La venta no trae clave (Idempotency-Key): si la respuesta se pierde, repetirla emite otro documento. \
                  Envíe una clave por venta."
            .to_owned(),
        authority_codes: Vec::new(),
    }
}

/// It is durable: a wait that fails must not hide that from the till.
fn after(issued: IssuedView, waited: Answer<RowView, ProblemView>) -> IssuedView {
    match waited {
        Ok(document) => IssuedView { document, ..issued },
        Err(problem) => {
            tracing::error!(document = issued.document.id, %problem, "its verdict can't be waited for");
            issued
        }
    }
}

/// `wait=verdict&timeout=20s`; twenty seconds when it is not said, five minutes at the most.
fn timeout_of(wait: &Wait) -> Answer<Option<Duration>> {
    match wait.wait.as_deref() {
        None | Some("") => return Ok(None),
        Some("verdict") => {}
        Some(other) => {
            return Err(ProblemView::bad_request(
                "wait-invalid",
                format!("«wait={other}» no se conoce; use wait=verdict."),
            )
            .into());
        }
    }
    let text = wait.timeout.as_deref().unwrap_or("20s");
    let seconds = text.strip_suffix('s').unwrap_or(text).parse::<u64>().map_err(|_| {
        ProblemView::bad_request("timeout-invalid", format!("«timeout={text}» se escribe como 20s."))
    })?;
    Ok(Some(Duration::from_secs(seconds.min(300))))
}

/// What reads the disk or computes for long, away from the threads that answer others.
pub(crate) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Answer<T, ProblemView> + Send + 'static,
) -> Answer<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => Ok(done?),
        Err(error) => Err(ProblemView::internal(error).into()),
    }
}

#[utoipa::path(
    post,
    path = "/v1/documents/preview",
    summary = "Las mismas revisiones y totales, sin gastar folio",
    request_body(content = serde_json::Value, example = json!({"Encabezado": {"IdDoc": {"TipoDTE": 39}}, "Detalle": [{"NmbItem": "Pan amasado", "QtyItem": 2, "PrcItem": 350}]})),
    responses((status = 200, description = "Hecho", body = PreviewView))
)]
pub(crate) async fn preview(State(agent): State<Agent>, body: Bytes) -> Answer<Json<PreviewView>> {
    Ok(Json(apart(move || agent.preview(body)).await?))
}

#[utoipa::path(
    get,
    path = "/v1/documents",
    summary = "Lista documentos, del más nuevo al más viejo",
    params(Query),
    responses((status = 200, description = "Hecho", body = PageView))
)]
pub(crate) async fn list(
    State(agent): State<Agent>,
    QueryOf(query): QueryOf<Query>,
) -> Answer<Json<PageView>> {
    Ok(Json(apart(move || agent.list(&query)).await?))
}

#[utoipa::path(
    get,
    path = "/v1/documents/{id}",
    summary = "Un documento, con lo que le pasó",
    params(("id" = String, Path, example = "T39F1")),
    responses((status = 200, description = "Hecho", body = DetailView))
)]
pub(crate) async fn detail(State(agent): State<Agent>, Path(id): Path<String>) -> Answer<Json<DetailView>> {
    Ok(Json(apart(move || agent.detail(&id)).await?))
}

/// Everything that can be checked against the authority without using a folio; it may take a minute.
#[utoipa::path(
    post,
    path = "/v1/diagnosis",
    summary = "Revisa todo lo que se puede contra el SII sin gastar folios",
    responses((status = 200, description = "Hecho", body = Diagnosis))
)]
pub(crate) async fn diagnose(State(agent): State<Agent>) -> Answer<Json<Diagnosis>> {
    Ok(Json(agent.diagnose().await?))
}

#[utoipa::path(
    get,
    path = "/v1/documents/{id}/xml",
    summary = "El documento firmado, byte a byte",
    params(("id" = String, Path, example = "T39F1")),
    responses((status = 200, description = "Hecho", body = String, content_type = "application/xml"))
)]
pub(crate) async fn xml(State(agent): State<Agent>, Path(id): Path<String>) -> Answer<Response> {
    let file = apart(move || agent.file(&id)).await?;
    let kind = [(header::CONTENT_TYPE, "application/xml")];
    Ok((kind, file).into_response())
}

/// The envelope that its receiver is sent.
#[utoipa::path(
    get,
    path = "/v1/documents/{id}/envelope",
    summary = "El sobre para quien lo recibe, firmado ahora",
    params(("id" = String, Path, example = "T33F1")),
    responses((status = 200, description = "Hecho", body = String, content_type = "application/xml"))
)]
pub(crate) async fn envelope(State(agent): State<Agent>, Path(id): Path<String>) -> Answer<Response> {
    let file = apart(move || agent.for_receiver(&id)).await?;
    let kind = [(header::CONTENT_TYPE, "application/xml")];
    Ok((kind, file).into_response())
}

/// A fact of the journal, as it stands there: beside these what it says, by the names of its kind.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "it describes what the journal has written")]
struct FactView {
    /// RFC 3339.
    at: String,
    /// `issued`, `sending`, `answered`, `moved` …
    #[schema(example = "moved")]
    fact: String,
}

#[utoipa::path(
    get,
    path = "/v1/documents/{id}/history",
    summary = "Cada hecho del diario que lo nombra",
    params(("id" = String, Path, example = "T39F1")),
    responses((status = 200, description = "Hecho", body = Vec<FactView>))
)]
pub(crate) async fn history(State(agent): State<Agent>, Path(id): Path<String>) -> Answer<Json<Vec<Value>>> {
    Ok(Json(apart(move || agent.history(&id)).await?))
}

#[utoipa::path(
    post,
    path = "/v1/documents/{id}/resend",
    summary = "Vuelve a enviar uno que espera",
    params(("id" = String, Path, example = "T39F1"), By),
    responses((status = 200, description = "Hecho", body = ResentView))
)]
pub(crate) async fn resend_one(Acting(agent): Acting, Path(id): Path<String>) -> Answer<Json<ResentView>> {
    Ok(Json(agent.resend(&[id]).await?))
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Which {
    ids: Option<Vec<String>>,
    matching: Option<Query>,
}

/// With `ids`, those; with `matching`, all that the query wants; without either, all that waits.
#[utoipa::path(
    post,
    path = "/v1/resend",
    summary = "Vuelve a enviar los que se nombran, los que calzan, o todos los que esperan",
    params(By),
    request_body(content = Option<serde_json::Value>, example = json!({"ids": ["T39F1"]})),
    responses((status = 200, description = "Hecho", body = ResentView))
)]
pub(crate) async fn resend(Acting(agent): Acting, body: Bytes) -> Answer<Json<ResentView>> {
    let which: Which = if body.iter().all(u8::is_ascii_whitespace) { Which::default() } else { read(&body)? };
    Ok(Json(match which {
        Which { ids: Some(ids), matching: None } => agent.resend(&ids).await?,
        Which { ids: None, matching: Some(query) } => agent.resend_found(&query).await?,
        Which { ids: None, matching: None } => agent.resend_pending().await?,
        Which { ids: Some(_), matching: Some(_) } => {
            let detail = "Se reenvía por «ids» o por «matching», no por los dos.";
            return Err(ProblemView::bad_request("resend-twofold", detail).into());
        }
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Running {
    running: bool,
}

#[utoipa::path(
    post,
    path = "/v1/sending",
    summary = "Detiene o reanuda el envío al SII",
    params(By),
    request_body(content = serde_json::Value, example = json!({"running": true})),
    responses((status = 204, description = "Hecho"))
)]
pub(crate) async fn sending(Acting(agent): Acting, body: Bytes) -> Answer<StatusCode> {
    let Running { running } = read(&body)?;
    agent.order_sending(running).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(
    get,
    path = "/v1/stats",
    summary = "Los números del panel",
    responses((status = 200, description = "Hecho", body = StatsView))
)]
pub(crate) async fn stats(State(agent): State<Agent>) -> Json<StatsView> {
    Json(agent.stats())
}

#[utoipa::path(
    get,
    path = "/v1/stats/snapshot",
    summary = "El panel entero en un instante",
    responses((status = 200, description = "Hecho", body = Snapshot))
)]
pub(crate) async fn snapshot(State(agent): State<Agent>) -> Json<Snapshot> {
    Json(agent.snapshot())
}

#[utoipa::path(
    get,
    path = "/v1/folios",
    summary = "Los folios que quedan, por tipo y rango",
    responses((status = 200, description = "Hecho", body = Vec<FoliosView>))
)]
pub(crate) async fn folios(State(agent): State<Agent>) -> Json<Vec<FoliosView>> {
    Json(agent.folios())
}

/// What a person should know of this run of the agent, in sentences.
#[derive(Clone)]
pub(crate) struct Notices(pub Arc<[String]>);

#[utoipa::path(
    get,
    path = "/v1/health",
    summary = "Si se puede vender, y por qué no",
    responses((status = 200, description = "Hecho", body = HealthView))
)]
pub(crate) async fn health(
    State(agent): State<Agent>,
    Extension(notices): Extension<Notices>,
    Extension(entrance): Extension<Arc<Entrance>>,
) -> Json<HealthView> {
    let snapshot = agent.snapshot();
    let said = snapshot.standing.into_iter().chain(notices.0.iter().cloned()).chain(agent.troubles());
    Json(HealthView {
        status: if snapshot.sentence.mood == Mood::Stopped { "stopped" } else { "ok" }.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        environment: snapshot.environment,
        sentence: snapshot.sentence,
        notices: said.chain(entrance.notice().map(str::to_owned)).collect(),
    })
}

pub(crate) async fn no_route() -> Problem {
    problem(StatusCode::NOT_FOUND, "route-unknown", "Esa dirección no existe en la API.")
}

pub(crate) async fn no_method() -> Problem {
    problem(StatusCode::METHOD_NOT_ALLOWED, "method-unknown", "Esa dirección no admite ese método.")
}

pub(crate) fn read<T: DeserializeOwned>(body: &Bytes) -> Answer<T> {
    serde_json::from_slice(body).map_err(|error| {
        Problem(ProblemView::bad_request(
            "json-malformed",
            // Never the value itself: it may be a password.
            format!("El JSON no se entiende (línea {}, columna {}).", error.line(), error.column()),
        ))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_wait_that_fails_does_not_hide_a_document_that_was_issued() {
        let issued: IssuedView = serde_json::from_value(json!({
            "document": {
                "id": "T39F1", "series": "39", "kind": "Boleta", "folio": 1, "version": 1,
                "date": "2026-11-22", "issued": "2026-11-22T13:58:03Z", "total": 990,
                "receiver_id": "66666666-6", "receiver": "", "state": "GENERADO",
                "since": "2026-11-22T13:58:03Z", "attempts": 0, "remarks": [],
            },
            "totals": {}, "warnings": [], "repeated": false, "environment": "training",
        }))
        .unwrap();
        let accepted = RowView { state: "ACEPTADO".to_owned(), ..issued.document.clone() };
        assert_eq!(after(issued.clone(), Ok(accepted.clone())).document, accepted);
        assert_eq!(after(issued.clone(), Err(ProblemView::internal("disco"))), issued);
    }
}
