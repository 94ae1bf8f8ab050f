//! What every answer has, whoever made it: the environment's name, and a problem in
//! Spanish where the library would answer in its own words.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use timbre_agent::Agent;
use timbre_core::Environment;

use crate::api::problem;

/// `training`, `certification` or `production`; `none` before there is a company.
const ENVIRONMENT: &str = "timbre-environment";

/// Real documents and practice must not be taken for each other, by a script either.
pub(crate) async fn environment(State(agent): State<Agent>, request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let word = match agent.company().map(|(_, environment)| environment) {
        Some(Environment::Training) => "training",
        Some(Environment::Certification) => "certification",
        Some(Environment::Production) => "production",
        None => "none",
    };
    answer.headers_mut().insert(ENVIRONMENT, HeaderValue::from_static(word));
    answer
}

/// What the library refuses by itself (a query it can't read, a body that is too long) is told as
/// our own refusals are.
pub(crate) async fn in_spanish(request: Request, next: Next) -> Response {
    let answer = next.run(request).await;
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let status = answer.status();
    let foreign = kind.is_none_or(|kind| kind.starts_with("text/plain"));
    if !foreign || !(status.is_client_error() || status.is_server_error()) {
        return answer;
    }
    let (code, detail) = match status {
        StatusCode::BAD_REQUEST => {
            ("request-malformed", "La dirección o los parámetros de la solicitud no se entienden.")
        }
        StatusCode::PAYLOAD_TOO_LARGE => {
            ("body-too-large", "Lo enviado es demasiado grande: una solicitud lleva a lo más 1 MiB.")
        }
        StatusCode::REQUEST_TIMEOUT => ("request-slow", "La solicitud no llegó completa a tiempo."),
        _ if status.is_server_error() => ("internal", "Algo falló al atender la solicitud."),
        _ => ("request-refused", "La solicitud no se puede atender así."),
    };
    problem(status, code, detail).into_response()
}
