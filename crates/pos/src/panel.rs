//! The panel in a browser: the window's own files when they were built, and a page that says how
//! to build them otherwise.

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use include_dir::{Dir, include_dir};

use crate::api::problem;

/// Put there by the build script.
static FILES: Dir<'_> = include_dir!("$OUT_DIR/panel");

/// Nothing from elsewhere, nothing inline, no frame round it.
pub(crate) const POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
                      frame-ancestors 'none'; form-action 'none'";

/// A file of the panel.
pub(crate) async fn file(request: Request) -> Response {
    let path = match request.uri().path().trim_start_matches('/') {
        "" => "index.html",
        path => path,
    };
    let Some(found) = FILES.get_file(path) else {
        let why = "Esa dirección no existe: el panel está en /, la API bajo /v1.";
        return problem(StatusCode::NOT_FOUND, "route-unknown", why).into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, kind(path)),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, found.contents()).into_response()
}

fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, end)| end) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "woff" => "font/woff",
        "json" => "application/json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_panel_runs_no_code_and_no_style_but_its_own() {
        assert!(POLICY.starts_with("default-src 'self';"), "{POLICY}");
        // What narrows it no further is as `default-src` has it.
        for looser in ["unsafe", "*", "script-src", "style-src", "connect-src"] {
            assert!(!POLICY.contains(looser), "{looser} in {POLICY}");
        }
    }
}
