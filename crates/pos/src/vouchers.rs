//! Sales that a card's voucher stands for, by the API; and what people did, as a list.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query as QueryOf, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;
use timbre_agent::Agent;
use timbre_agent::view::{
    ActsView, ProblemView, VouchedView, VoucherOrder, VoucherTermsView, VoucherUndoOrder, VouchersView,
};

use crate::acting::{Acting, Selling};
use crate::api::{Answer, apart, key_of, read};

#[utoipa::path(
    get,
    path = "/v1/vouchers/terms",
    summary = "Desde cuándo el voucher de la tarjeta reemplaza a la boleta, según declaró la empresa",
    responses((status = 200, description = "Hecho", body = VoucherTermsView))
)]
pub(crate) async fn terms(State(agent): State<Agent>) -> Json<VoucherTermsView> {
    Json(agent.vouchers())
}

#[utoipa::path(
    put,
    path = "/v1/vouchers/terms",
    summary = "Anota lo que la empresa declaró de los vouchers, desde hoy o un día que viene",
    request_body(content = VoucherOrder, example = json!({"stands": true, "since": "2099-01-01", "who": "Rosa"})),
    responses((status = 200, description = "Hecho", body = VoucherTermsView))
)]
pub(crate) async fn set_terms(Acting(agent): Acting, body: Bytes) -> Answer<Json<VoucherTermsView>> {
    let order: VoucherOrder = read(&body)?;
    Ok(Json(agent.set_vouchers(order).await?))
}

#[utoipa::path(
    post,
    path = "/v1/vouchers",
    summary = "Registra una venta pagada con tarjeta, sin documento: su voucher lo reemplaza",
    request_body(content = serde_json::Value, example = json!({"Encabezado": {"IdDoc": {"TipoDTE": 39}}, "Detalle": [{"NmbItem": "Pan amasado", "QtyItem": 2, "PrcItem": 350}], "Timbre": {"Pagos": [{"Medio": "debito", "Monto": 700}]}})),
    params(("Idempotency-Key" = String, Header, description = "La misma clave con la misma venta es siempre el mismo registro.", example = "caja1-000123")),
    responses(
        (status = 201, description = "Hecho", body = VouchedView),
        (status = 200, description = "La clave ya se conocía: el mismo registro de entonces.", body = VouchedView),
    )
)]
pub(crate) async fn record(
    Selling(agent): Selling,
    headers: HeaderMap,
    body: Bytes,
) -> Answer<(StatusCode, Json<VouchedView>)> {
    let recorded = agent.record(body, key_of(&headers)?).await?;
    let status = if recorded.repeated { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(recorded)))
}

#[utoipa::path(
    post,
    path = "/v1/vouchers/undo",
    summary = "Deshace el registro de una venta con voucher: digitada dos veces, o con otro monto",
    request_body(content = VoucherUndoOrder, example = json!({"key": "caja1-000123", "who": "Rosa", "why": "digitada dos veces"})),
    responses((status = 200, description = "Hecho; el registro sigue en la lista, con quién lo deshizo, y no suma.", body = VouchedView))
)]
pub(crate) async fn undo(Acting(agent): Acting, body: Bytes) -> Answer<Json<VouchedView>> {
    let order: VoucherUndoOrder = read(&body)?;
    Ok(Json(agent.undo_record(order).await?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Days {
    /// `AAAA-MM-DD`, inclusive.
    #[param(example = "2026-11-01")]
    from: String,
    /// `AAAA-MM-DD`, inclusive.
    #[param(example = "2026-11-30")]
    to: String,
    #[serde(default)]
    cursor: Option<String>,
}

#[utoipa::path(
    get,
    path = "/v1/vouchers",
    summary = "Las ventas que un voucher reemplaza, de la más nueva a la más vieja",
    params(Days),
    responses((status = 200, description = "Hecho", body = VouchersView))
)]
pub(crate) async fn list(
    State(agent): State<Agent>,
    QueryOf(days): QueryOf<Days>,
) -> Answer<Json<VouchersView>> {
    let Days { from, to, cursor } = days;
    let cursor = cursor.filter(|cursor| !cursor.is_empty());
    Ok(Json(apart(move || agent.vouched_between(&from, &to, cursor.as_deref())).await?))
}

type File = ([(HeaderName, HeaderValue); 2], Vec<u8>);

#[utoipa::path(
    get,
    path = "/v1/vouchers/export",
    summary = "Las mismas ventas, como planilla",
    params(Days),
    responses((status = 200, description = "Hecho", body = String, content_type = "text/csv"))
)]
pub(crate) async fn export(State(agent): State<Agent>, QueryOf(days): QueryOf<Days>) -> Answer<File> {
    let name = format!("attachment; filename=\"{}\"", agent.vouched_name());
    let file = apart(move || {
        let mut file = Vec::new();
        agent.export_vouched(&days.from, &days.to, &mut file)?;
        Ok(file)
    })
    .await?;
    let shown = HeaderValue::from_str(&name).map_err(ProblemView::internal)?;
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, shown)], file))
}

#[derive(Deserialize, Default, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Acts {
    /// Each word must be found: who, what, a document's id.
    q: Option<String>,
    /// Older than this one.
    before: Option<u64>,
    limit: Option<u32>,
}

#[utoipa::path(
    get,
    path = "/v1/acts",
    summary = "Quién hizo o autorizó qué, de lo más nuevo a lo más viejo",
    params(Acts),
    responses((status = 200, description = "Hecho", body = ActsView))
)]
pub(crate) async fn acts(
    State(agent): State<Agent>,
    QueryOf(asked): QueryOf<Acts>,
) -> Answer<Json<ActsView>> {
    let Acts { q, before, limit } = asked;
    Ok(Json(apart(move || agent.acts(q.as_deref().unwrap_or_default(), before, limit)).await?))
}
