//! What a search found as a whole: counted, or as a file.

use axum::Json;
use axum::extract::{Path, Query as QueryOf, State};
use axum::http::{HeaderName, HeaderValue, header};
use timbre_agent::Agent;
use timbre_agent::export::Form;
use timbre_agent::view::{FoundView, ProblemView, Query, TodayView};

use crate::api::{Answer, apart};

#[utoipa::path(
    get,
    path = "/v1/documents/found",
    summary = "Cuenta lo que calza con una búsqueda, y suma lo que de eso es venta",
    description = "total es lo vendido: las notas de débito suman, las de crédito restan, y no cuentan las guías ni lo \
                   rechazado o reemplazado.",
    params(Query),
    responses((status = 200, description = "Hecho", body = FoundView))
)]
pub(crate) async fn count(
    State(agent): State<Agent>,
    QueryOf(query): QueryOf<Query>,
) -> Answer<Json<FoundView>> {
    Ok(Json(apart(move || agent.count(&query)).await?))
}

#[utoipa::path(
    get,
    path = "/v1/stats/today",
    summary = "El día de un vistazo: por hora y por tipo",
    description = "sales y total son lo vendido, con la misma regla que la suma de una búsqueda; lo rechazado va aparte, \
                   en rejected.",
    responses((status = 200, description = "Hecho", body = TodayView))
)]
pub(crate) async fn today(State(agent): State<Agent>) -> Answer<Json<TodayView>> {
    Ok(Json(apart(move || agent.today()).await?))
}

type File = ([(HeaderName, HeaderValue); 2], Vec<u8>);

/// `csv` or `xml`.
#[utoipa::path(
    get,
    path = "/v1/documents/export/{form}",
    summary = "Lo que calza con una búsqueda, como archivo",
    params(("form" = String, Path, description = "csv o xml", example = "csv"), Query),
    responses((status = 200, description = "Hecho", content((String = "text/csv"), (String = "application/xml"))))
)]
pub(crate) async fn export(
    State(agent): State<Agent>,
    Path(form): Path<String>,
    QueryOf(query): QueryOf<Query>,
) -> Answer<File> {
    let form = Form::from_word(&form).ok_or_else(|| {
        ProblemView::bad_request("form-invalid", format!("«{form}» no se conoce; use csv o xml."))
    })?;
    let (kind, name) = match form {
        Form::Csv => ("text/csv; charset=utf-8", agent.export_name(form)),
        Form::Xml => ("application/xml", agent.export_name(form)),
    };
    let file = apart(move || {
        let mut file = Vec::new();
        agent.export(&query, form, &mut file)?;
        Ok(file)
    })
    .await?;
    let shown = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    let shown = shown.map_err(ProblemView::internal)?;
    let kind = HeaderValue::from_str(kind).map_err(ProblemView::internal)?;
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, shown)], file))
}
