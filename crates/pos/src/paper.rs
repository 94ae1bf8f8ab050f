//! Paper by the API: a document as PDF, as a printer's bytes, as a picture; and printing.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, header};
use serde::Deserialize;
use timbre_agent::Agent;
use timbre_agent::view::{PaperView, ProblemView};
use timbre_core::paper::{Copy, Drawing};

use crate::api::{Answer, apart, read};

/// Which copy, and for a ticket the paper.
#[derive(Deserialize, Default, utoipa::IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// `original` (when it is not said), `copia`, `cedible`, `ambas`.
    copy: Option<String>,
    /// `80mm` (when it is not said), `58mm`.
    paper: Option<String>,
}

type File = ([(HeaderName, &'static str); 1], Vec<u8>);

impl Wanted {
    /// Both are judged wherever they may be said, also where every paper is drawn alike: who asks for a paper that there
    /// is none of would take what comes for it.
    fn read(&self) -> Answer<(Vec<Copy>, Drawing)> {
        Ok((self.copies()?, self.ticket()?))
    }

    fn copies(&self) -> Answer<Vec<Copy>> {
        Ok(match self.copy.as_deref() {
            None | Some("" | "original") => vec![Copy::Original],
            Some("copia") => vec![Copy::Repeated],
            Some("cedible") => vec![Copy::Ceded],
            Some("ambas") => vec![Copy::Original, Copy::Ceded],
            Some(other) => {
                let why = format!("«copy={other}» no se conoce; use original, copia, cedible o ambas.");
                return Err(ProblemView::bad_request("copy-invalid", why).into());
            }
        })
    }

    fn ticket(&self) -> Answer<Drawing> {
        match self.paper.as_deref() {
            None | Some("" | "80mm") => Ok(Drawing::Ticket80),
            Some("58mm") => Ok(Drawing::Ticket58),
            Some(other) => {
                let why = format!("«paper={other}» no se conoce; use 80mm o 58mm.");
                Err(ProblemView::bad_request("paper-invalid", why).into())
            }
        }
    }
}

#[utoipa::path(
    get,
    path = "/v1/documents/{id}/pdf",
    summary = "El documento en hojas PDF",
    params(("id" = String, Path, example = "T39F1"), Wanted),
    responses((status = 200, description = "Hecho", body = Vec<u8>, content_type = "application/pdf"))
)]
pub(crate) async fn pdf(
    State(agent): State<Agent>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Answer<File> {
    let (copies, _) = wanted.read()?;
    let drawn = apart(move || agent.draw(&id, &copies, Drawing::Pdf)).await?;
    Ok(([(header::CONTENT_TYPE, "application/pdf")], drawn))
}

/// A thermal printer's bytes (ESC/POS).
#[utoipa::path(
    get,
    path = "/v1/documents/{id}/escpos",
    summary = "El documento como ticket, en bytes ESC/POS",
    params(("id" = String, Path, example = "T39F1"), Wanted),
    responses((status = 200, description = "Hecho", body = Vec<u8>, content_type = "application/octet-stream"))
)]
pub(crate) async fn ticket(
    State(agent): State<Agent>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Answer<File> {
    let (copies, drawing) = wanted.read()?;
    let drawn = apart(move || agent.draw(&id, &copies, drawing)).await?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], drawn))
}

/// The ticket as it would come out, for a screen.
#[utoipa::path(
    get,
    path = "/v1/documents/{id}/picture",
    summary = "El ticket como imagen SVG",
    params(("id" = String, Path, example = "T39F1"), Wanted),
    responses((status = 200, description = "Hecho", body = Vec<u8>, content_type = "image/svg+xml"))
)]
pub(crate) async fn picture(
    State(agent): State<Agent>,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Answer<File> {
    let (copies, _) = wanted.read()?;
    let drawn = apart(move || agent.draw(&id, &copies, Drawing::Svg)).await?;
    Ok(([(header::CONTENT_TYPE, "image/svg+xml")], drawn))
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Order {
    /// The copy to be ceded instead of the next one for the customer.
    ceded: bool,
    /// By its name; without one the kind of document decides.
    printer: Option<String>,
}

/// Prints by hand, and answers how it ended.
#[utoipa::path(
    post,
    path = "/v1/documents/{id}/print",
    summary = "Lo imprime, y dice cómo terminó",
    request_body(content = Option<serde_json::Value>, example = json!({})),
    params(("id" = String, Path, example = "T39F1")),
    responses((status = 200, description = "Hecho", body = PaperView))
)]
pub(crate) async fn print(
    State(agent): State<Agent>,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer<Json<PaperView>> {
    let order = if body.iter().all(u8::is_ascii_whitespace) { Order::default() } else { read(&body)? };
    Ok(Json(agent.print(&id, order.ceded, order.printer).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Looked {
    printed: bool,
}

/// A person looked for a paper that did not come out for certain.
#[utoipa::path(
    post,
    path = "/v1/documents/{id}/paper",
    summary = "Alguien miró un papel que no salió con certeza",
    request_body(content = serde_json::Value, example = json!({"printed": true})),
    params(("id" = String, Path, example = "T39F1")),
    responses((status = 200, description = "Hecho", body = PaperView))
)]
pub(crate) async fn settle(
    State(agent): State<Agent>,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer<Json<PaperView>> {
    let Looked { printed } = read(&body)?;
    Ok(Json(agent.settle_paper(&id, printed).await?))
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Named {
    printer: Option<String>,
}

/// A test page, on the shop's own printer or the one that is named.
#[utoipa::path(
    post,
    path = "/v1/printer/test",
    summary = "Imprime una página de prueba; no por la red con un token",
    request_body(content = Option<serde_json::Value>, example = json!({})),
    responses((status = 200, description = "Hecho", body = PaperView))
)]
pub(crate) async fn test(State(agent): State<Agent>, body: Bytes) -> Answer<Json<PaperView>> {
    let named = if body.iter().all(u8::is_ascii_whitespace) { Named::default() } else { read(&body)? };
    Ok(Json(agent.test_printer(named.printer).await?))
}
