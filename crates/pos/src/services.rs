//! What is asked of the authority beside the delivery of documents: the mail with results, and the registry
//! of claims.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use timbre_agent::Agent;
use timbre_agent::view::{ClaimOrder, ClaimsView, SaidView};
use timbre_core::{Numbered, Series};

use crate::api::{Answer, read};

/// The mail with the results of the document's upload, once more.
pub(crate) async fn results_mail(
    State(agent): State<Agent>,
    Path(id): Path<String>,
) -> Answer<Json<SaidView>> {
    Ok(Json(agent.results_mail(&id).await?))
}

pub(crate) async fn claims(State(agent): State<Agent>, Path(id): Path<String>) -> Answer<Json<ClaimsView>> {
    Ok(Json(agent.claims(&id).await?))
}

/// A document that is not of this folder.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    issuer: String,
    #[serde(rename = "type")]
    series: String,
    folio: u64,
}

/// `?issuer=76192083-9&type=33&folio=41`.
pub(crate) async fn claims_of(
    State(agent): State<Agent>,
    Query(Which { issuer, series, folio }): Query<Which>,
) -> Answer<Json<ClaimsView>> {
    Ok(Json(agent.claims_of(Numbered { issuer, series: Series(series), number: folio }).await?))
}

/// Accepts or claims a document that was received: an act with legal effect.
pub(crate) async fn claim(State(agent): State<Agent>, body: Bytes) -> Answer<Json<SaidView>> {
    let order: ClaimOrder = read(&body)?;
    Ok(Json(agent.claim(&order).await?))
}
