//! The data folder by the API: its settings, where it is and how full, and a second look at all of it.

use std::sync::Arc;

use axum::body::Bytes;
use axum::{Extension, Json};
use timbre_agent::DataFolder;
use timbre_agent::view::{CheckView, PlaceView, SettingsOrder, SettingsView};

use crate::acting::Acting;
use crate::api::{Answer, apart, read};
use crate::guard::only_here;
use crate::scope::is_a_door;
use crate::tokens::Caller;

type Door = Extension<Arc<dyn DataFolder>>;

#[utoipa::path(
    get,
    path = "/v1/settings",
    summary = "Los ajustes de la carpeta de datos, y lo que solo se cambia en su archivo",
    responses((status = 200, description = "Hecho", body = SettingsView))
)]
pub(crate) async fn settings(Extension(folder): Door) -> Answer<Json<SettingsView>> {
    Ok(Json(apart(move || folder.settings()).await?))
}

#[utoipa::path(
    put,
    path = "/v1/settings",
    summary = "Cambia ajustes: todos los que se piden, o ninguno",
    request_body(content = SettingsOrder, example = json!({"settings": {"sender.parcel": "20"}, "who": "Rosa"})),
    responses((status = 200, description = "Hecho", body = SettingsView))
)]
pub(crate) async fn set(
    Acting(agent): Acting,
    Extension(folder): Door,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Answer<Json<SettingsView>> {
    let order: SettingsOrder = read(&body)?;
    if caller.from_elsewhere && order.settings.keys().any(|name| is_a_door(name)) {
        return Err(only_here());
    }
    Ok(Json(agent.set_settings(folder, order).await?))
}

#[utoipa::path(
    get,
    path = "/v1/place",
    summary = "Dónde está la carpeta de datos, cuánto ocupa y cuánto le queda",
    responses((status = 200, description = "Hecho", body = PlaceView))
)]
pub(crate) async fn place(Extension(folder): Door) -> Answer<Json<PlaceView>> {
    Ok(Json(apart(move || folder.place()).await?))
}

#[utoipa::path(
    get,
    path = "/v1/check",
    summary = "Cómo va la revisión de todos los datos, o en qué terminó la última",
    responses((status = 200, description = "Hecho", body = CheckView))
)]
pub(crate) async fn check(Extension(folder): Door) -> Json<CheckView> {
    Json(folder.check())
}

/// It reads everything and repairs nothing; selling goes on meanwhile.
#[utoipa::path(
    post,
    path = "/v1/check",
    summary = "Empieza a revisar todos los datos, si no se está haciendo ya",
    responses((status = 200, description = "Hecho", body = CheckView))
)]
pub(crate) async fn begin_check(Extension(folder): Door) -> Answer<Json<CheckView>> {
    Ok(Json(apart(move || folder.begin_check()).await?))
}
