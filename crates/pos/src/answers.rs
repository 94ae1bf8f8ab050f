//! What every answer has, whoever made it: the environment's name, JSON that is said to be in UTF-8, and a problem in
//! Spanish where the library would answer in its own words.

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use timbre_agent::Agent;
use timbre_core::Environment;

use crate::api::{Problem, problem};

/// `training`, `certification` or `production`; `none` before there is a company.
const ENVIRONMENT: &str = "timbre-environment";

/// JSON is UTF-8 (RFC 8259, 8.1); but the PowerShell that Windows comes with and older .NET read it as Latin-1 where nothing
/// says so, and then «Panadería» is none.
const JSON: [(&str, &str); 2] = [
    ("application/json", "application/json; charset=utf-8"),
    ("application/problem+json", "application/problem+json; charset=utf-8"),
];

/// Real documents and practice must not be taken for each other, by a script either.
pub(crate) async fn environment(State(agent): State<Agent>, request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    let word = match agent.company().map(|(_, environment)| environment) {
        Some(Environment::Training) => "training",
        Some(Environment::Certification) => "certification",
        Some(Environment::Production) => "production",
        None => "none",
    };
    let headers = answer.headers_mut();
    headers.insert(ENVIRONMENT, HeaderValue::from_static(word));
    let kind = headers.get(header::CONTENT_TYPE);
    if let Some((_, said)) = JSON.iter().find(|(bare, _)| kind.is_some_and(|kind| kind == *bare)) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(said));
    }
    answer
}

/// What the library refuses by itself (a query it can't read, a body that is too long) is told as
/// our own refusals are. What hyper can't read as HTTP it answers before anybody is asked (400, 414 and 431, each with no
/// body and no header of ours), and hangs up: it has no place for another answer.
pub(crate) async fn in_spanish(request: Request, next: Next) -> Response {
    let answer = next.run(request).await;
    let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let status = answer.status();
    let foreign = kind.is_none_or(|kind| kind.starts_with("text/plain"));
    if !foreign || !(status.is_client_error() || status.is_server_error()) {
        return answer;
    }
    told(status).into_response()
}

/// A status that says nothing yet, as a problem.
pub(crate) fn told(status: StatusCode) -> Problem {
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
    problem(status, code, detail)
}
