//! What is asked of the authority beside the delivery of documents: the mail with results, and the registry
//! of claims.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use timbre_agent::Agent;
use timbre_agent::view::{ClaimOrder, ClaimsView, SaidView};
use timbre_core::{Numbered, Series};

use crate::acting::Acting;
use crate::api::{Answer, By, read};

/// The mail with the results of the document's upload, once more.
#[utoipa::path(
    post,
    path = "/v1/documents/{id}/results-mail",
    summary = "Pide al SII que vuelva a mandar el correo de resultados",
    params(("id" = String, Path, example = "T39F1"), By),
    responses((status = 200, description = "Hecho", body = SaidView))
)]
pub(crate) async fn results_mail(Acting(agent): Acting, Path(id): Path<String>) -> Answer<Json<SaidView>> {
    Ok(Json(agent.results_mail(&id).await?))
}

#[utoipa::path(
    get,
    path = "/v1/documents/{id}/claims",
    summary = "Lo que dice el registro de reclamos de un documento propio",
    params(("id" = String, Path, example = "T39F1")),
    responses((status = 200, description = "Hecho", body = ClaimsView))
)]
pub(crate) async fn claims(State(agent): State<Agent>, Path(id): Path<String>) -> Answer<Json<ClaimsView>> {
    Ok(Json(agent.claims(&id).await?))
}

/// A document that is not of this folder.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    issuer: String,
    #[serde(rename = "type")]
    series: String,
    folio: u64,
}

/// `?issuer=76192083-9&type=33&folio=41`.
#[utoipa::path(
    get,
    path = "/v1/claims",
    summary = "Lo mismo de uno recibido",
    params(Which),
    responses((status = 200, description = "Hecho", body = ClaimsView))
)]
pub(crate) async fn claims_of(
    State(agent): State<Agent>,
    Query(Which { issuer, series, folio }): Query<Which>,
) -> Answer<Json<ClaimsView>> {
    Ok(Json(agent.claims_of(Numbered { issuer, series: Series(series), number: folio }).await?))
}

/// Accepts or claims a document that was received: an act with legal effect.
#[utoipa::path(
    post,
    path = "/v1/claims",
    summary = "Acepta o reclama un documento recibido: tiene efecto legal",
    params(By),
    request_body(content = ClaimOrder, example = json!({"issuer": "88888888-8", "type": "33", "folio": 41, "action": "ACD"})),
    responses((status = 200, description = "Hecho", body = SaidView))
)]
pub(crate) async fn claim(Acting(agent): Acting, body: Bytes) -> Answer<Json<SaidView>> {
    let order: ClaimOrder = read(&body)?;
    Ok(Json(agent.claim(&order).await?))
}
