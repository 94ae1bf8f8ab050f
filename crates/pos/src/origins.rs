//! Pages of other origins that somebody in charge lets in: what their browser asks beforehand, and what it
//! must be told so that the page may read the answer. Everybody else is told nothing.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// What a page may send.
const METHODS: &str = "GET, POST, PUT, DELETE";
const HEADERS: &str =
    "authorization, content-type, idempotency-key, last-event-id, timbre-client, timbre-last-seen";

/// A browser asks before a public page may reach a machine of the local network or this one. The
/// questions' names changed between versions of Chrome's Private and Local Network Access.
const NEAR: [(&str, &str); 2] = [
    ("access-control-request-private-network", "access-control-allow-private-network"),
    ("access-control-request-local-network", "access-control-allow-local-network"),
];

pub(crate) fn is_preflight(request: &Request) -> bool {
    *request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Yes, for ten minutes.
pub(crate) fn preflight(origin: &str, asked: &HeaderMap) -> Response {
    let mut answer = StatusCode::NO_CONTENT.into_response();
    let headers = answer.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    for (question, yes) in NEAR {
        if asked.get(question).is_some_and(|said| said == "true") {
            headers.insert(HeaderName::from_static(yes), HeaderValue::from_static("true"));
        }
    }
    shared(origin, answer)
}

/// The page of this origin may read the answer.
pub(crate) fn shared(origin: &str, mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    if let Ok(origin) = HeaderValue::from_str(origin) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("timbre-environment, content-disposition"),
    );
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bodies::CLIENT;

    #[test]
    fn every_header_that_a_change_needs_may_be_sent_by_an_allowed_page() {
        for name in [CLIENT, "authorization", "content-type", "idempotency-key", "timbre-last-seen"] {
            assert!(HEADERS.split(", ").any(|allowed| allowed == name), "{name}");
        }
    }

    #[test]
    fn nearness_is_granted_only_to_who_asks_for_it() {
        let mut asked = HeaderMap::new();
        let answer = preflight("https://caja.cl", &asked);
        assert_eq!(answer.headers()["access-control-allow-origin"], "https://caja.cl");
        assert!(!answer.headers().contains_key("access-control-allow-private-network"));
        asked.insert("access-control-request-private-network", HeaderValue::from_static("true"));
        let answer = preflight("https://caja.cl", &asked);
        assert_eq!(answer.headers()["access-control-allow-private-network"], "true");
    }
}
