//! What a change must look like before anybody reads what it says: the header that no page can send unasked,
//! a body of a kind that none can either, no larger than it may be, and here in time.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::api::problem;
use crate::guard::text;

/// Names the program that calls. A form or a simple request of a page can't carry it, so a browser asks
/// first (ASVS 3.5.2); it is also what the log says of the change.
pub(crate) const CLIENT: &str = "timbre-client";

/// The largest request body: a sale of a thousand lines is a third of it.
const BODY: usize = 1 << 20;
/// The largest file of sales.
const BATCH: usize = 8 << 20;

/// How long a body may take to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Reads the body of a change, whole.
pub(crate) async fn whole(request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS) {
        return next.run(request).await;
    }
    if !names_its_client(request.headers()) {
        let why = "Falta la cabecera «Timbre-Client» con el nombre del programa que llama.";
        return problem(StatusCode::FORBIDDEN, "client-missing", why).into_response();
    }
    let most = if request.uri().path() == "/batch/check" { BATCH } else { BODY };
    let (parts, body) = request.into_parts();
    let long = parts.headers.get(header::CONTENT_LENGTH).and_then(|said| said.to_str().ok()?.parse().ok());
    if long.is_some_and(|long: u64| long > most as u64) {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    let body = match tokio::time::timeout(PATIENCE, to_bytes(body, most)).await {
        Err(_late) => return StatusCode::REQUEST_TIMEOUT.into_response(),
        Ok(Err(error)) if is_too_long(&error) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Ok(Err(_cut)) => return StatusCode::BAD_REQUEST.into_response(),
        Ok(Ok(body)) => body,
    };
    let kinds = kinds(parts.uri.path());
    if !body.is_empty() && !kinds.contains(&kind(&parts.headers).as_str()) {
        let why = format!("Aquí el cuerpo va como «Content-Type: {}».", kinds.join("» o «"));
        return problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content-type-invalid", &why).into_response();
    }
    next.run(Request::from_parts(parts, Body::from(body))).await
}

fn names_its_client(headers: &HeaderMap) -> bool {
    text(headers, HeaderName::from_static(CLIENT))
        .is_some_and(|name| !name.trim().is_empty() && name.len() <= 100)
}

/// What is read there: of no kind that a page can send without asking.
fn kinds(path: &str) -> &'static [&'static str] {
    match path {
        "/folios" => &["application/xml", "text/xml", "application/octet-stream"],
        "/logo" => &["image/png"],
        "/batch/check" => {
            &["application/json", "application/x-ndjson", "text/csv", "application/octet-stream"]
        }
        _ => &["application/json"],
    }
}

fn kind(headers: &HeaderMap) -> String {
    let said = text(headers, header::CONTENT_TYPE).unwrap_or_default();
    said.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn is_too_long(error: &axum::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        if error.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_kind_of_body_that_a_page_sends_unasked_is_read() {
        let of = |path: &str, said: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, said.parse().unwrap());
            kinds(path).contains(&kind(&headers).as_str())
        };
        assert!(of("/documents", "application/json") && of("/documents", "Application/JSON; charset=utf-8"));
        assert!(of("/folios", "application/xml") && of("/logo", "image/png"));
        assert!(!of("/documents", "image/png") && !of("/documents", "text/xml"), "a sale is JSON");
        for simple in
            ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""]
        {
            for path in ["/documents", "/folios", "/logo", "/batch/check"] {
                assert!(!of(path, simple), "{simple}");
            }
        }
        assert!(!of("/documents", "text/plain; application/json"));
        assert!(!kinds("/documents").contains(&kind(&HeaderMap::new()).as_str()));
    }
}
