//! What people mend: rejected documents made again, numbers annulled at the authority, ranges stopped and reopened; and a
//! file of sales looked at before it is issued.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query as QueryOf, State};
use axum::http::{HeaderName, header};
use serde::Deserialize;
use timbre_agent::Agent;
use timbre_agent::doer::SOMEBODY;
use timbre_agent::reissue::Reissue;
use timbre_agent::view::{
    BatchView, NotedOrder, ProblemView, RangeDecision, RangeOrder, RangeView, ReissuedView, RowView,
};

use crate::acting::Acting;
use crate::api::{Answer, apart, read};

#[derive(Deserialize, Default, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct How {
    folio: Option<String>,
    who: Option<String>,
}

/// The body is the sale with its fault mended, or empty; `folio=new` asks for another one.
#[utoipa::path(
    post,
    path = "/v1/documents/{id}/reissue",
    summary = "Vuelve a emitir uno rechazado",
    request_body(content = Option<serde_json::Value>, example = json!({"Encabezado": {"IdDoc": {"TipoDTE": 39}}, "Detalle": [{"NmbItem": "Pan amasado", "QtyItem": 2, "PrcItem": 350}]})),
    params(("id" = String, Path, example = "T39F1"), How),
    responses((status = 200, description = "Hecho", body = ReissuedView))
)]
pub(crate) async fn reissue(
    Acting(agent): Acting,
    Path(id): Path<String>,
    QueryOf(how): QueryOf<How>,
    body: Bytes,
) -> Answer<Json<ReissuedView>> {
    let new_number = match how.folio.as_deref() {
        None | Some("") => false,
        Some("new") => true,
        Some(other) => {
            let detail = format!("«folio={other}» no se conoce; solo se puede pedir folio=new.");
            return Err(ProblemView::bad_request("folio-invalid", detail).into());
        }
    };
    let sale = (!body.iter().all(u8::is_ascii_whitespace)).then_some(body);
    let who = how.who.unwrap_or_else(|| SOMEBODY.to_owned());
    Ok(Json(agent.reissue(&id, Reissue { sale, new_number, who }).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ticked {
    who: String,
}

/// Nothing is issued: the SII holds this very document, and somebody found it accepted there.
#[utoipa::path(
    post,
    path = "/v1/documents/{id}/found-accepted",
    summary = "Da por aceptado uno rechazado que el SII tiene, y que figura aceptado en sii.cl",
    request_body(content = serde_json::Value, example = json!({"who": "Rosa"})),
    params(("id" = String, Path, example = "T39F1")),
    responses((status = 200, description = "Hecho", body = RowView))
)]
pub(crate) async fn found_accepted(
    Acting(agent): Acting,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer<Json<RowView>> {
    let Ticked { who } = read(&body)?;
    Ok(Json(agent.found_accepted(&id, &who).await?))
}

/// The task of a replaced document is done.
#[utoipa::path(
    post,
    path = "/v1/documents/{id}/number-annulled",
    summary = "Marca como anulado en el SII el folio de un reemplazado",
    request_body(content = serde_json::Value, example = json!({"who": "Rosa"})),
    params(("id" = String, Path, example = "T39F1")),
    responses((status = 200, description = "Hecho", body = RowView))
)]
pub(crate) async fn number_annulled(
    Acting(agent): Acting,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer<Json<RowView>> {
    let Ticked { who } = read(&body)?;
    Ok(Json(agent.number_annulled(&id, &who).await?))
}

/// The services give no verdict, and the site does.
#[utoipa::path(
    post,
    path = "/v1/documents/{id}/verdict",
    summary = "Anota lo que dice el sitio del SII de uno enviado que lleva más de 24 horas sin veredicto",
    request_body(content = NotedOrder, example = json!({"said": "rejected", "why": "Firma del DTE incorrecta", "who": "Rosa"})),
    params(("id" = String, Path, example = "T39F1")),
    responses((status = 200, description = "Hecho", body = RowView))
)]
pub(crate) async fn note_verdict(
    Acting(agent): Acting,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer<Json<RowView>> {
    let order: NotedOrder = read(&body)?;
    Ok(Json(agent.note_verdict(&id, &order).await?))
}

/// No folio of a range is given any more.
#[utoipa::path(
    post,
    path = "/v1/folios/stop",
    summary = "Detiene un rango: no se dan más folios suyos",
    request_body(content = RangeDecision, example = json!({"type": "52", "folio": 1, "who": "Rosa", "why": "Se anularon en sii.cl"})),
    responses((status = 200, description = "Hecho", body = RangeView))
)]
pub(crate) async fn stop_range(Acting(agent): Acting, body: Bytes) -> Answer<Json<RangeView>> {
    let order: RangeDecision = read(&body)?;
    Ok(Json(agent.stop_range(&order).await?))
}

/// A stopped range is used again.
#[utoipa::path(
    post,
    path = "/v1/folios/resume",
    summary = "Vuelve a usar un rango detenido",
    request_body(content = RangeDecision, example = json!({"type": "39", "folio": 1, "who": "Rosa", "why": "El SII lo aclaró"})),
    responses((status = 200, description = "Hecho", body = RangeView))
)]
pub(crate) async fn resume_range(Acting(agent): Acting, body: Bytes) -> Answer<Json<RangeView>> {
    let order: RangeDecision = read(&body)?;
    Ok(Json(agent.resume_range(&order).await?))
}

/// The folios left in an expired range are annulled at the authority.
#[utoipa::path(
    post,
    path = "/v1/folios/annulled",
    summary = "Marca como anulados en el SII los folios que quedaban de un rango vencido",
    request_body(content = RangeOrder, example = json!({"type": "39", "folio": 1, "who": "Rosa"})),
    responses((status = 200, description = "Hecho", body = RangeView))
)]
pub(crate) async fn range_annulled(Acting(agent): Acting, body: Bytes) -> Answer<Json<RangeView>> {
    let order: RangeOrder = read(&body)?;
    Ok(Json(agent.range_annulled(&order).await?))
}

/// The folios passed over around this one were looked for at the authority, and those it has not are annulled.
#[utoipa::path(
    post,
    path = "/v1/folios/skipped-annulled",
    summary = "Marca como revisados los folios que se saltaron al desbloquear o que faltan en el registro dañado: los que no se usaron están anulados",
    request_body(content = RangeOrder, example = json!({"type": "39", "folio": 1, "who": "Rosa"})),
    responses((status = 200, description = "Hecho", body = RangeView))
)]
pub(crate) async fn skipped_annulled(Acting(agent): Acting, body: Bytes) -> Answer<Json<RangeView>> {
    let order: RangeOrder = read(&body)?;
    Ok(Json(agent.skipped_annulled(&order).await?))
}

#[derive(Deserialize, Default, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Batch {
    /// Sales that were issued on an earlier day are new ones.
    anew: bool,
}

/// The body is the file: JSON (a list, or one sale a line), or the table of `/batch/example` (CSV, UTF-8 or windows-1252).
#[utoipa::path(
    post,
    path = "/v1/batch/check",
    summary = "Revisa un archivo de ventas sin emitir ninguna",
    request_body(content = serde_json::Value, example = json!([{"Encabezado": {"IdDoc": {"TipoDTE": 39}}, "Detalle": [{"NmbItem": "Pan amasado", "QtyItem": 2, "PrcItem": 350}]}])),
    params(Batch),
    responses((status = 200, description = "Hecho", body = BatchView))
)]
pub(crate) async fn check_batch(
    State(agent): State<Agent>,
    QueryOf(how): QueryOf<Batch>,
    body: Bytes,
) -> Answer<Json<BatchView>> {
    Ok(Json(apart(move || agent.check_batch(&body, how.anew)).await?))
}

/// To be filled in with a spreadsheet and looked at by `/batch/check`.
#[utoipa::path(
    get,
    path = "/v1/batch/example",
    summary = "Una planilla de ejemplo (CSV) para emitir desde un archivo",
    responses((status = 200, description = "Hecho", body = String, content_type = "text/csv"))
)]
pub(crate) async fn example(State(agent): State<Agent>) -> Answer<([(HeaderName, String); 2], &'static str)> {
    let (name, text) = agent.example_sheet()?;
    let shown = format!("attachment; filename=\"{name}\"");
    let kind = "text/csv; charset=utf-8".to_owned();
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, shown)], text))
}

/// The sale as it came in, to be mended.
#[utoipa::path(
    get,
    path = "/v1/documents/{id}/sale",
    summary = "La venta tal como llegó",
    params(("id" = String, Path, example = "T39F1")),
    responses((status = 200, description = "Hecho", body = serde_json::Value))
)]
pub(crate) async fn sale(
    State(agent): State<Agent>,
    Path(id): Path<String>,
) -> Answer<([(HeaderName, &'static str); 1], Vec<u8>)> {
    let sale = apart(move || agent.sale(&id)).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], sale))
}
