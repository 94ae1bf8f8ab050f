//! What people mend: rejected documents made again, numbers annulled at the authority, ranges reopened; and a
//! file of sales looked at before it is issued.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query as QueryOf, State};
use axum::http::{HeaderName, header};
use serde::Deserialize;
use timbre_agent::Agent;
use timbre_agent::reissue::Reissue;
use timbre_agent::view::{BatchView, ProblemView, RangeOrder, RangeView, ReissuedView, ResumeOrder, RowView};

use crate::api::{Answer, SOMEBODY, apart, read};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct How {
    folio: Option<String>,
    who: Option<String>,
}

/// The body is the sale with its fault mended, or empty; `folio=new` asks for another one.
pub(crate) async fn reissue(
    State(agent): State<Agent>,
    Path(id): Path<String>,
    QueryOf(how): QueryOf<How>,
    body: Bytes,
) -> Answer<Json<ReissuedView>> {
    let new_number = match how.folio.as_deref() {
        None | Some("") => false,
        Some("new") => true,
        Some(other) => {
            let detail = format!("«folio={other}» no se conoce; sólo se puede pedir folio=new.");
            return Err(ProblemView::bad_request("folio-invalid", detail).into());
        }
    };
    let sale = (!body.iter().all(u8::is_ascii_whitespace)).then_some(body);
    let who = how.who.unwrap_or_else(|| SOMEBODY.to_owned());
    Ok(Json(agent.reissue(&id, Reissue { sale, new_number, who }).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ticked {
    who: String,
}

/// The task of a replaced document is done.
pub(crate) async fn number_annulled(
    State(agent): State<Agent>,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer<Json<RowView>> {
    let Ticked { who } = read(&body)?;
    Ok(Json(agent.number_annulled(&id, &who).await?))
}

/// A stopped range is used again.
pub(crate) async fn resume_range(State(agent): State<Agent>, body: Bytes) -> Answer<Json<RangeView>> {
    let order: ResumeOrder = read(&body)?;
    Ok(Json(agent.resume_range(&order).await?))
}

/// The folios left in an expired range are annulled at the authority.
pub(crate) async fn range_annulled(State(agent): State<Agent>, body: Bytes) -> Answer<Json<RangeView>> {
    let order: RangeOrder = read(&body)?;
    Ok(Json(agent.range_annulled(&order).await?))
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Batch {
    /// Sales that were issued on an earlier day are new ones.
    anew: bool,
}

/// The body is the file.
pub(crate) async fn check_batch(
    State(agent): State<Agent>,
    QueryOf(how): QueryOf<Batch>,
    body: Bytes,
) -> Answer<Json<BatchView>> {
    Ok(Json(apart(move || agent.check_batch(&body, how.anew)).await?))
}

/// The sale as it came in, to be mended.
pub(crate) async fn sale(
    State(agent): State<Agent>,
    Path(id): Path<String>,
) -> Answer<([(HeaderName, &'static str); 1], Vec<u8>)> {
    let sale = apart(move || agent.sale(&id)).await?;
    Ok(([(header::CONTENT_TYPE, "application/json")], sale))
}
