//! What a change must look like before anybody reads what it says: the header that no page can send unasked,
//! a body of a kind that none can either, no larger than it may be, and here in time.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::answers::told;
use crate::api::{Problem, problem};
use crate::guard::text;

/// Names the program that calls. A form or a simple request of a page can't carry it, so a browser asks
/// first (ASVS 3.5.2); it is also what the log says of the change.
pub(crate) const CLIENT: &str = "timbre-client";

/// The longest name of a program.
const LONGEST_CLIENT: usize = 100;

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
    if let Err(refused) = client(request.headers()) {
        return refused.into_response();
    }
    let most = if request.uri().path() == "/batch/check" { BATCH } else { BODY };
    let (parts, body) = request.into_parts();
    let long = parts.headers.get(header::CONTENT_LENGTH).and_then(|said| said.to_str().ok()?.parse().ok());
    if long.is_some_and(|long: u64| long > most as u64) {
        return told(StatusCode::PAYLOAD_TOO_LARGE).into_response();
    }
    let body = match tokio::time::timeout(PATIENCE, to_bytes(body, most)).await {
        Err(_late) => return told(StatusCode::REQUEST_TIMEOUT).into_response(),
        Ok(Err(error)) if is_too_long(&error) => return told(StatusCode::PAYLOAD_TOO_LARGE).into_response(),
        Ok(Err(_cut)) => return told(StatusCode::BAD_REQUEST).into_response(),
        Ok(Ok(body)) => body,
    };
    if !body.is_empty()
        && let Err(refused) = plain(parts.uri.path(), &parts.headers)
    {
        return refused.into_response();
    }
    next.run(Request::from_parts(parts, Body::from(body))).await
}

/// The program that calls names itself.
fn client(headers: &HeaderMap) -> Result<(), Problem> {
    let name = HeaderName::from_static(CLIENT);
    let nothing = |said: &HeaderValue| said.as_bytes().trim_ascii().is_empty();
    if headers.get_all(&name).iter().all(nothing) {
        let why = "Falta la cabecera «Timbre-Client» con el nombre del programa que llama.";
        return Err(problem(StatusCode::FORBIDDEN, "client-missing", why));
    }
    if text(headers, name).is_some_and(|name| name.len() <= LONGEST_CLIENT) {
        return Ok(());
    }
    let why = format!(
        "La cabecera «Timbre-Client» va una sola vez, en ASCII (sin tildes ni ñ) y con a lo más {LONGEST_CLIENT} \
         caracteres."
    );
    Err(problem(StatusCode::BAD_REQUEST, "client-invalid", &why))
}

/// A body is read as it comes: of a kind that is read there, neither packed nor in other letters, which would be taken
/// for a JSON that is broken, or for another name.
fn plain(path: &str, headers: &HeaderMap) -> Result<(), Problem> {
    let refused = |code: &str, why: &str| Err(problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, code, why));
    for (name, usual) in [(header::CONTENT_ENCODING, "identity"), (header::TRANSFER_ENCODING, "chunked")] {
        if headers.contains_key(&name)
            && !text(headers, name.clone()).is_some_and(|said| said.trim().eq_ignore_ascii_case(usual))
        {
            let why = format!("El cuerpo va sin comprimir: quite «{name}», o use «{usual}».");
            return refused("content-encoding-invalid", &why);
        }
    }
    let (kinds, kind) = (kinds(path), kind(headers));
    if !kinds.contains(&kind.as_str()) {
        let why = format!("Aquí el cuerpo va como «Content-Type: {}».", kinds.join("» o «"));
        return refused("content-type-invalid", &why);
    }
    // An XML file says its letters itself; it is read byte by byte.
    if kind.ends_with("json") && charset(headers).is_some_and(|said| said != "utf-8" && said != "utf8") {
        return refused("charset-invalid", "El JSON va en UTF-8: quite «charset», o ponga «charset=utf-8».");
    }
    Ok(())
}

fn charset(headers: &HeaderMap) -> Option<String> {
    let said = text(headers, header::CONTENT_TYPE)?.split(';').skip(1);
    let mut pairs = said.filter_map(|pair| pair.split_once('='));
    let (_, charset) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    Some(charset.trim().trim_matches('"').to_ascii_lowercase())
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
