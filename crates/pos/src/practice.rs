//! Practising without the authority: the composition root has a shop for it, and this is the way there.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use axum::http::StatusCode;
use axum::{Extension, Json};
use timbre_agent::view::PracticeView;

use crate::api::{Answer, problem};
use crate::tokens::{Caller, Who};

/// A shop to practise in, beside the one at hand. Who has the folders fills it in.
pub trait Practice: Send + Sync {
    /// Opens it, unless it is open, and answers where.
    fn open(&self) -> Pin<Box<dyn Future<Output = timbre_agent::Answer<PracticeView>> + Send + '_>>;
}

/// None where the folder at hand is for training itself.
pub(crate) type Beside = Option<Arc<dyn Practice>>;

/// For who has the owner's token alone: the answer is the token of another folder, on the same machine.
#[utoipa::path(
    post,
    path = "/v1/practice",
    summary = "Abre la tienda de práctica, que está aparte de la verdadera, y dice dónde (solo con el token del dueño)",
    responses((status = 200, description = "Hecho; en una carpeta de entrenamiento, 404 practice-none.", body = PracticeView))
)]
pub(crate) async fn open(
    Extension(practice): Extension<Beside>,
    Extension(caller): Extension<Caller>,
) -> Answer<Json<PracticeView>> {
    if !matches!(caller.who, Who::Owner) {
        let why = "La tienda de práctica la abre solo quien tiene el token del dueño, en este equipo.";
        return Err(problem(StatusCode::FORBIDDEN, "owner-only", why));
    }
    let Some(practice) = practice else {
        let why = "Esta carpeta ya es de entrenamiento: se practica aquí mismo.";
        return Err(problem(StatusCode::NOT_FOUND, "practice-none", why));
    };
    Ok(Json(practice.open().await?))
}
