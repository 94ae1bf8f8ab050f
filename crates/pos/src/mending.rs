//! What people mend: rejected documents made again, numbers annulled at the authority, ranges reopened.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query as QueryOf, State};
use serde::Deserialize;
use timbre_agent::Agent;
use timbre_agent::reissue::Reissue;
use timbre_agent::view::{ProblemView, RangeView, ReissuedView, ResumeOrder, RowView};

use crate::api::{Answer, read};

/// Who is meant where nobody is named.
const SOMEBODY: &str = "persona";

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
