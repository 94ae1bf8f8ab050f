//! The webhooks by the API: set, tried, taken up again, removed.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Deserialize;
use timbre_agent::view::{AttemptView, NewWebhookView, RedeliveredView, WebhookOrder, WebhookView};

use super::Webhooks;
use crate::acting::Acting;
use crate::api::{Answer, By, read};

type Door = Extension<Arc<Webhooks>>;

#[utoipa::path(
    get,
    path = "/v1/webhooks",
    summary = "Las direcciones a las que se avisa",
    responses((status = 200, description = "Hecho", body = Vec<WebhookView>))
)]
pub(crate) async fn list(Extension(webhooks): Door) -> Json<Vec<WebhookView>> {
    Json(webhooks.list())
}

/// The answer holds the secret that deliveries are signed with, and no other ever will.
#[utoipa::path(
    put,
    path = "/v1/webhooks/{name}",
    summary = "Avisa a una dirección: solo esta respuesta muestra su secreto",
    request_body(content = WebhookOrder, example = json!({"url": "https://tienda.example/avisos", "states": ["ACEPTADO", "RECHAZADO"], "who": "Rosa"})),
    params(("name" = String, Path, example = "tienda")),
    responses((status = 201, description = "Hecho", body = NewWebhookView))
)]
pub(crate) async fn put(
    Acting(agent): Acting,
    Extension(webhooks): Door,
    Path(name): Path<String>,
    body: Bytes,
) -> Answer<(StatusCode, Json<NewWebhookView>)> {
    let order: WebhookOrder = read(&body)?;
    Ok((StatusCode::CREATED, Json(webhooks.put(&agent, &name, &order).await?)))
}

#[utoipa::path(
    delete,
    path = "/v1/webhooks/{name}",
    summary = "Deja de avisar",
    params(("name" = String, Path, example = "tienda"), By),
    responses((status = 200, description = "Hecho", body = Vec<WebhookView>))
)]
pub(crate) async fn remove(
    Acting(agent): Acting,
    Extension(webhooks): Door,
    Path(name): Path<String>,
    Query(by): Query<By>,
) -> Answer<Json<Vec<WebhookView>>> {
    Ok(Json(webhooks.remove(&agent, &name, by.who()).await?))
}

#[utoipa::path(
    post,
    path = "/v1/webhooks/{name}/test",
    summary = "Manda un aviso de prueba",
    params(("name" = String, Path, example = "tienda")),
    responses((status = 200, description = "Hecho", body = AttemptView))
)]
pub(crate) async fn test(Extension(webhooks): Door, Path(name): Path<String>) -> Answer<Json<AttemptView>> {
    Ok(Json(webhooks.test(&name).await?))
}

/// What goes again.
#[derive(Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Again {
    /// All that was told of this document, taken or not.
    #[schema(example = "T39F1")]
    document: Option<String>,
}

/// Without a document, what was given up and what waits for its next try.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{name}/redeliver",
    summary = "Vuelve a mandar lo que quedó de lado, o todo lo de un documento",
    params(("name" = String, Path, example = "tienda")),
    request_body(content = Option<Again>, example = json!({"document": "T39F1"})),
    responses((status = 200, description = "Hecho", body = RedeliveredView))
)]
pub(crate) async fn redeliver(
    Extension(webhooks): Door,
    Path(name): Path<String>,
    body: Bytes,
) -> Answer<Json<RedeliveredView>> {
    let again: Again = if body.is_empty() { Again::default() } else { read(&body)? };
    Ok(Json(webhooks.redeliver(&name, again.document.as_deref()).await?))
}
