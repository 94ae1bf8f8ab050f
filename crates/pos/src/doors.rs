//! The doors by the API: the tokens there are, a new one, one that opens nothing any more; and how the drop
//! folder stands.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use axum::{Extension, Json};
use timbre_agent::view::{FolderView, NewTokenView, TokenOrder, TokenView};

use crate::acting::Acting;
use crate::api::{Answer, By, read};
use crate::folder::Standing;
use crate::tokens::Tokens;

type Door = Extension<Arc<Tokens>>;

#[utoipa::path(
    get,
    path = "/v1/tokens",
    summary = "Los tokens, y cuándo se usó cada uno",
    responses((status = 200, description = "Hecho", body = Vec<TokenView>))
)]
pub(crate) async fn list(Extension(tokens): Door) -> Json<Vec<TokenView>> {
    Json(tokens.list())
}

/// The answer holds the token, and no other ever will.
#[utoipa::path(
    post,
    path = "/v1/tokens",
    summary = "Crea un token: solo esta respuesta lo muestra",
    request_body(content = TokenOrder, example = json!({"name": "caja1", "scope": "issue", "who": "Rosa"})),
    responses((status = 201, description = "Hecho", body = NewTokenView))
)]
pub(crate) async fn make(
    Acting(agent): Acting,
    Extension(tokens): Door,
    body: Bytes,
) -> Answer<(StatusCode, Json<NewTokenView>)> {
    let order: TokenOrder = read(&body)?;
    Ok((StatusCode::CREATED, Json(tokens.make_for(&agent, order).await?)))
}

#[utoipa::path(
    get,
    path = "/v1/folder",
    summary = "Cómo está la carpeta de entrada",
    responses((status = 200, description = "Hecho", body = Option<FolderView>))
)]
pub(crate) async fn folder(
    Extension(standing): Extension<Option<Arc<Standing>>>,
) -> Json<Option<FolderView>> {
    Json(standing.map(|standing| standing.view()))
}

#[utoipa::path(
    delete,
    path = "/v1/tokens/{name}",
    summary = "Revoca un token",
    params(("name" = String, Path, example = "caja1"), By),
    responses((status = 200, description = "Hecho", body = Vec<TokenView>))
)]
pub(crate) async fn revoke(
    Acting(agent): Acting,
    Extension(tokens): Door,
    Path(name): Path<String>,
    Query(by): Query<By>,
) -> Answer<Json<Vec<TokenView>>> {
    Ok(Json(tokens.revoke_for(&agent, name, by.who()).await?))
}
