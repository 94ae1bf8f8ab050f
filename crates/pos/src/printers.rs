//! The printers by the API: what is set up, what this machine has, and setting up.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::Path;
use axum::{Extension, Json};
use timbre_agent::Printers;
use timbre_agent::view::{FoundPrinterView, PrinterView, PrintersView};

use crate::acting::Acting;
use crate::api::{Answer, By, apart, read};

type Door = Extension<Arc<dyn Printers>>;

#[utoipa::path(
    get,
    path = "/v1/printers",
    summary = "Las impresoras configuradas",
    responses((status = 200, description = "Hecho", body = PrintersView))
)]
pub(crate) async fn list(Extension(printers): Door) -> Json<PrintersView> {
    Json(printers.list())
}

/// What this machine has; the system may take some seconds to tell.
#[utoipa::path(
    get,
    path = "/v1/printers/found",
    summary = "Las impresoras que tiene este equipo",
    responses((status = 200, description = "Hecho", body = Vec<FoundPrinterView>))
)]
pub(crate) async fn found(Extension(printers): Door) -> Answer<Json<Vec<FoundPrinterView>>> {
    Ok(Json(apart(move || Ok(printers.find())).await?))
}

/// The name is the path's: a body that says another one is set up under that of the path.
#[utoipa::path(
    put,
    path = "/v1/printers/{name}",
    summary = "Configura una impresora; no por la red con un token",
    request_body(content = PrinterView, example = json!({"name": "cocina", "device": "red:192.168.1.50", "takes": "asked", "paper": "80mm"})),
    params(("name" = String, Path, example = "cocina"), By),
    responses((status = 200, description = "Hecho", body = PrintersView))
)]
pub(crate) async fn put(
    Acting(agent): Acting,
    Extension(printers): Door,
    Path(name): Path<String>,
    body: Bytes,
) -> Answer<Json<PrintersView>> {
    let printer = PrinterView { name, ..read(&body)? };
    Ok(Json(agent.put_printer(printers, printer).await?))
}

#[utoipa::path(
    delete,
    path = "/v1/printers/{name}",
    summary = "Quita una impresora; no por la red con un token",
    params(("name" = String, Path, example = "cocina"), By),
    responses((status = 200, description = "Hecho", body = PrintersView))
)]
pub(crate) async fn remove(
    Acting(agent): Acting,
    Extension(printers): Door,
    Path(name): Path<String>,
) -> Answer<Json<PrintersView>> {
    Ok(Json(agent.remove_printer(printers, name).await?))
}

/// The body is a PNG.
#[utoipa::path(
    put,
    path = "/v1/logo",
    summary = "Pone el logo, un PNG",
    request_body(content = Vec<u8>, content_type = "image/png"),
    params(By),
    responses((status = 200, description = "Hecho", body = PrintersView))
)]
pub(crate) async fn set_logo(
    Acting(agent): Acting,
    Extension(printers): Door,
    body: Bytes,
) -> Answer<Json<PrintersView>> {
    Ok(Json(agent.set_logo(printers, Some(body)).await?))
}

#[utoipa::path(
    delete,
    path = "/v1/logo",
    summary = "Quita el logo",
    params(By),
    responses((status = 200, description = "Hecho", body = PrintersView))
)]
pub(crate) async fn remove_logo(
    Acting(agent): Acting,
    Extension(printers): Door,
) -> Answer<Json<PrintersView>> {
    Ok(Json(agent.set_logo(printers, None::<Bytes>).await?))
}
