//! The webhooks by the API: set, tried, taken up again, removed.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Serialize;
use timbre_agent::view::{AttemptView, NewWebhookView, WebhookOrder, WebhookView};

use super::Webhooks;
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
    summary = "Avisa a una dirección: sólo esta respuesta muestra su secreto",
    request_body = WebhookOrder,
    params(("name" = String, Path)),
    responses((status = 201, description = "Hecho", body = NewWebhookView))
)]
pub(crate) async fn put(
    Extension(webhooks): Door,
    Path(name): Path<String>,
    body: Bytes,
) -> Answer<(StatusCode, Json<NewWebhookView>)> {
    let order: WebhookOrder = read(&body)?;
    Ok((StatusCode::CREATED, Json(webhooks.put(&name, &order).await?)))
}

#[utoipa::path(
    delete,
    path = "/v1/webhooks/{name}",
    summary = "Deja de avisar",
    params(("name" = String, Path), By),
    responses((status = 200, description = "Hecho", body = Vec<WebhookView>))
)]
pub(crate) async fn remove(
    Extension(webhooks): Door,
    Path(name): Path<String>,
    Query(by): Query<By>,
) -> Answer<Json<Vec<WebhookView>>> {
    Ok(Json(webhooks.remove(&name, by.who()).await?))
}

#[utoipa::path(
    post,
    path = "/v1/webhooks/{name}/test",
    summary = "Manda un aviso de prueba",
    params(("name" = String, Path)),
    responses((status = 200, description = "Hecho", body = AttemptView))
)]
pub(crate) async fn test(Extension(webhooks): Door, Path(name): Path<String>) -> Answer<Json<AttemptView>> {
    Ok(Json(webhooks.test(&name).await?))
}

/// How many events go again.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct Again {
    events: u64,
}

/// What was given up is delivered again.
#[utoipa::path(
    post,
    path = "/v1/webhooks/{name}/redeliver",
    summary = "Vuelve a mandar lo que quedó de lado",
    params(("name" = String, Path)),
    responses((status = 200, description = "Hecho", body = Again))
)]
pub(crate) async fn aside(Extension(webhooks): Door, Path(name): Path<String>) -> Answer<Json<Again>> {
    Ok(Json(Again { events: webhooks.deliver_aside(&name).await? }))
}
