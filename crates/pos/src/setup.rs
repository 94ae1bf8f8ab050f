//! Setting up by the API: folios, the company, the certificate; and what somebody in charge decides when issuing
//! is locked or the clock is off. Bodies that hold a secret are wiped.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query as QueryOf, State};
use axum::http::StatusCode;
use serde::Deserialize;
use timbre_agent::Agent;
use timbre_agent::view::{
    CertificateView, ClockView, CompanyDataView, CompanyOrder, LoadedCertificateView, LoadedRangeView,
    LockView, ProblemView, UnlockOrder,
};
use zeroize::{Zeroize, Zeroizing};

use crate::acting::Acting;
use crate::api::{Answer, By, read};

#[derive(Deserialize, Default, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Share {
    share: Option<String>,
    used_up_to: Option<String>,
}

#[utoipa::path(
    post,
    path = "/v1/folios",
    summary = "Carga un CAF",
    request_body(content = String, content_type = "application/xml", example = json!("<?xml version=\"1.0\"?><AUTORIZACION>…</AUTORIZACION>")),
    params(Share, By),
    responses((status = 201, description = "Hecho", body = LoadedRangeView))
)]
pub(crate) async fn load_grant(
    Acting(agent): Acting,
    QueryOf(asked): QueryOf<Share>,
    body: Bytes,
) -> Answer<(StatusCode, Json<LoadedRangeView>)> {
    let share = match asked.share.as_deref() {
        None | Some("") => (1, 1),
        Some(text) => text
            .split_once('/')
            .and_then(|(n, m)| Some((n.trim().parse().ok()?, m.trim().parse().ok()?)))
            .filter(|(n, m)| (1..=*m).contains(n))
            .ok_or_else(|| {
                ProblemView::bad_request(
                    "share-invalid",
                    format!("«{text}» no es una parte del rango; se escribe n/m, por ejemplo 1/2."),
                )
            })?,
    };
    let used_up_to = match asked.used_up_to.as_deref() {
        None | Some("") => None,
        Some(text) => Some(text.parse().map_err(|_| {
            ProblemView::bad_request("used-up-to-invalid", format!("«{text}» no es un folio."))
        })?),
    };
    let loaded = agent.load_grant(&body, share, used_up_to).await;
    wipe(body);
    let range = loaded?;
    Ok((StatusCode::CREATED, Json(range)))
}

#[utoipa::path(
    get,
    path = "/v1/issuing/lock",
    summary = "Por qué no se puede emitir, si está bloqueado",
    responses((status = 200, description = "Hecho", body = Option<LockView>))
)]
pub(crate) async fn lock(State(agent): State<Agent>) -> Json<Option<LockView>> {
    Json(agent.lock())
}

#[utoipa::path(
    get,
    path = "/v1/clock",
    summary = "El reloj de este equipo contra el del SII",
    responses((status = 200, description = "Hecho", body = Option<ClockView>))
)]
pub(crate) async fn clock(State(agent): State<Agent>) -> Json<Option<ClockView>> {
    Json(agent.clock())
}

/// Somebody in charge takes it upon them that documents are stamped by a clock that is off.
#[utoipa::path(
    post,
    path = "/v1/clock/accept",
    summary = "Alguien a cargo acepta que el reloj esté corrido",
    request_body(content = serde_json::Value, example = json!({"who": "Rosa"})),
    responses((status = 200, description = "Hecho", body = ClockView))
)]
pub(crate) async fn accept_clock(Acting(agent): Acting, body: Bytes) -> Answer<Json<ClockView>> {
    let Decided { who } = read(&body)?;
    Ok(Json(agent.accept_clock(&who).await?))
}

/// Who decided that it goes on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decided {
    who: String,
}

#[utoipa::path(
    post,
    path = "/v1/issuing/unlock",
    summary = "Alguien a cargo decide que se vuelve a emitir",
    description = "Antes se pregunta al SII por los folios que siguen de cada rango: si conoce uno, 422 `next-number-taken` (diga en `used_up_to` hasta cuál se usaron); si no se pudo preguntar, 504 `next-number-unasked` (con `unasked` se sigue igual, y queda anotado).",
    request_body(content = UnlockOrder, example = json!({"who": "Rosa", "used_up_to": {"39": 120}})),
    responses((status = 200, description = "Hecho", body = LockView))
)]
pub(crate) async fn unlock(Acting(agent): Acting, body: Bytes) -> Answer<Json<LockView>> {
    let order: UnlockOrder = read(&body)?;
    Ok(Json(agent.unlock(&order).await?))
}

#[utoipa::path(
    get,
    path = "/v1/company",
    summary = "La empresa que emite",
    responses((status = 200, description = "Hecho", body = Option<CompanyDataView>))
)]
pub(crate) async fn company(State(agent): State<Agent>) -> Json<Option<CompanyDataView>> {
    Json(agent.company_view())
}

#[utoipa::path(
    put,
    path = "/v1/company",
    summary = "Guarda la empresa que emite",
    params(By),
    request_body(content = CompanyOrder, example = json!({"environment": "training", "data": {"RUTEmisor": "99999999-9", "RznSoc": "ALMACEN EL TIMBRE (ENTRENAMIENTO) LTDA", "GiroEmis": "Venta al por menor en almacenes", "Acteco": [472101], "DirOrigen": "Av. Irarrázaval 1234", "CmnaOrigen": "Ñuñoa", "FchResol": "2014-08-22", "NroResol": 0}})),
    responses((status = 200, description = "Hecho", body = CompanyDataView))
)]
pub(crate) async fn set_company(Acting(agent): Acting, body: Bytes) -> Answer<Json<CompanyDataView>> {
    let order: CompanyOrder = read(&body)?;
    Ok(Json(agent.set_own_company(order).await?))
}

#[utoipa::path(
    get,
    path = "/v1/certificate",
    summary = "El certificado cargado",
    responses((status = 200, description = "Hecho", body = Option<CertificateView>))
)]
pub(crate) async fn certificate(State(agent): State<Agent>) -> Answer<Json<Option<CertificateView>>> {
    Ok(Json(agent.certificate()?))
}

/// A certificate's file and its password, both wiped after use.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct CertificateOf {
    /// Base64.
    #[schema(value_type = String)]
    pfx: Zeroizing<String>,
    #[schema(value_type = String)]
    password: Zeroizing<String>,
    /// Whose it is, for a file that does not say.
    holder: Option<String>,
}

/// Overwrites a body that held a secret, where it is in one piece and nobody else reads it.
pub(crate) fn wipe(body: Bytes) {
    if let Ok(mut body) = body.try_into_mut() {
        body.as_mut().zeroize();
    }
}

#[utoipa::path(
    post,
    path = "/v1/certificate",
    summary = "Carga un certificado con su clave",
    params(By),
    request_body(content = CertificateOf, example = json!({"pfx": "TUlJ", "password": "clave del certificado"})),
    responses((status = 201, description = "Hecho", body = LoadedCertificateView))
)]
pub(crate) async fn load_certificate(
    Acting(agent): Acting,
    body: Bytes,
) -> Answer<(StatusCode, Json<LoadedCertificateView>)> {
    let asked = read(&body);
    wipe(body);
    let CertificateOf { pfx, password, holder } = asked?;
    let file = openssl::base64::decode_block(&pfx)
        .map_err(|_| ProblemView::bad_request("pfx-base64", "El campo pfx debe venir en base64."))?;
    let file = Zeroizing::new(file);
    let view = agent.load_certificate(&file, &password, holder.as_deref()).await?;
    Ok((StatusCode::CREATED, Json(view)))
}
