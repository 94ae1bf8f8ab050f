//! Who may speak to the API: loopback only, a known `Host`, no foreign `Origin`, the owner's token.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::api::problem;

/// What a request must show.
pub struct Guard {
    token: String,
    hosts: [String; 3],
}

impl Guard {
    /// For a server that listens on `port`, with the owner's token.
    pub fn new(port: u16, token: String) -> Guard {
        Guard { token, hosts: ["127.0.0.1", "localhost", "[::1]"].map(|host| format!("{host}:{port}")) }
    }

    /// A name that resolves to loopback is not enough: a page elsewhere may have rebound it.
    fn host_is_ours(&self, headers: &HeaderMap) -> bool {
        text(headers, header::HOST)
            .is_some_and(|host| self.hosts.iter().any(|h| h.eq_ignore_ascii_case(host)))
    }

    /// A browser says where a page came from; only our own panel may call.
    fn origin_is_ours(&self, headers: &HeaderMap) -> bool {
        match headers.get(header::ORIGIN) {
            None => true,
            Some(_) => text(headers, header::ORIGIN)
                .and_then(|origin| origin.strip_prefix("http://"))
                .is_some_and(|host| self.hosts.iter().any(|h| h.eq_ignore_ascii_case(host))),
        }
    }

    /// Compared in constant time.
    fn token_is_right(&self, headers: &HeaderMap) -> bool {
        let given = text(headers, header::AUTHORIZATION)
            .and_then(|value| value.strip_prefix("Bearer "))
            .unwrap_or_default();
        given.len() == self.token.len() && openssl::memcmp::eq(given.as_bytes(), self.token.as_bytes())
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// For everything: `Host` and `Origin`.
pub(crate) async fn near(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    if !guard.host_is_ours(request.headers()) || !guard.origin_is_ours(request.headers()) {
        return problem(
            StatusCode::FORBIDDEN,
            "origin-forbidden",
            "Esta dirección sólo atiende a programas de este equipo.",
        )
        .into_response();
    }
    next.run(request).await
}

/// For `/v1`: the token as well.
pub(crate) async fn known(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    if !guard.token_is_right(request.headers()) {
        let mut answer = problem(
            StatusCode::UNAUTHORIZED,
            "token-invalid",
            "Falta el token o no es válido. Va en la cabecera «Authorization: Bearer …».",
        )
        .into_response();
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
        return answer;
    }
    next.run(request).await
}
