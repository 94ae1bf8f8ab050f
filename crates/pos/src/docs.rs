//! The API's description as a page for people: made here from the same document, and nothing in it comes from
//! elsewhere.

use std::fmt::Write;
use std::sync::LazyLock;

use axum::http::{HeaderName, header};
use serde_json::Value;

use crate::openapi::DOCUMENT;
use crate::panel::POLICY;

static PAGE: LazyLock<String> = LazyLock::new(|| page(&DOCUMENT));

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem}\
    code,pre{font-family:ui-monospace,monospace;font-size:.9em}pre{background:#f4f4f4;padding:.75rem;overflow:auto}\
    h2{border-top:1px solid #ccc;padding-top:1rem;font-size:1.1rem}dt{font-family:ui-monospace,monospace}\
    @media(prefers-color-scheme:dark){body{background:#161616;color:#eee}pre{background:#262626}a{color:#8bf}}";

const INTRO: &str = "<p>Cada solicitud lleva <code>Authorization: Bearer …</code> con un token (<code>timbre token add \
    NOMBRE</code>). Cada cambio lleva además <code>Timbre-Client: nombre-del-programa</code>. La descripción para \
    programas está en <a href=\"/v1/openapi.json\">/v1/openapi.json</a>.</p>";

type File = ([(HeaderName, &'static str); 3], &'static str);

pub(crate) async fn html() -> File {
    let kind = (header::CONTENT_TYPE, "text/html; charset=utf-8");
    (
        [kind, (header::CONTENT_SECURITY_POLICY, POLICY), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")],
        PAGE.as_str(),
    )
}

pub(crate) async fn css() -> File {
    let kind = (header::CONTENT_TYPE, "text/css; charset=utf-8");
    ([kind, (header::CONTENT_SECURITY_POLICY, POLICY), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")], STYLE)
}

fn page(document: &Value) -> String {
    let mut out = String::from(
        "<!doctype html><html lang=\"es-CL\"><meta charset=\"utf-8\"><title>API de Timbre</title>\
         <link rel=\"stylesheet\" href=\"/docs.css\"><h1>API de Timbre</h1>",
    );
    out.push_str(INTRO);
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            section(&mut out, path, method, operation);
        }
    }
    out.push_str("<h1>Datos</h1>");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        // A string takes all that is written to it.
        let _ = write!(out, "<h2 id=\"{0}\">{0}</h2>", escaped(name));
        out.push_str(&pretty(schema));
    }
    out.push_str("</html>");
    out
}

fn section(out: &mut String, path: &str, method: &str, operation: &Value) {
    let text = |value: &Value| escaped(value.as_str().unwrap_or_default());
    let _ = write!(out, "<h2><code>{} {}</code></h2>", method.to_uppercase(), escaped(path));
    let _ = write!(out, "<p>{} {}</p>", text(&operation["summary"]), text(&operation["description"]));
    let _ = write!(out, "<p>Alcance: <code>{}</code></p><dl>", text(&operation["x-timbre-scope"]));
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let must = if parameter["required"] == true { " (obligatorio)" } else { "" };
        let name = text(&parameter["name"]);
        let _ = write!(out, "<dt>{name}{must}</dt><dd>{}</dd>", text(&parameter["description"]));
    }
    out.push_str("</dl>");
    for content in
        operation["requestBody"]["content"].as_object().into_iter().flat_map(|kinds| kinds.values())
    {
        if !content["example"].is_null() {
            out.push_str(&pretty(&content["example"]));
        }
    }
    out.push_str("<dl>");
    for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
        let mut said = text(&answer["description"]);
        for content in answer["content"].as_object().into_iter().flat_map(|kinds| kinds.values()) {
            if let Some(name) = content["schema"]["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
                let name = escaped(name);
                let _ = write!(said, " <a href=\"#{name}\">{name}</a>");
            }
        }
        let _ = write!(out, "<dt>{}</dt><dd>{said}</dd>", escaped(status));
    }
    out.push_str("</dl>");
}

fn pretty(value: &Value) -> String {
    format!("<pre>{}</pre>", escaped(&serde_json::to_string_pretty(value).unwrap_or_default()))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_every_path_and_asks_nobody_else_for_anything() {
        for path in DOCUMENT["paths"].as_object().unwrap().keys() {
            assert!(PAGE.contains(&escaped(path)), "{path}");
        }
        // An example may name an address; nothing of the page is fetched from one.
        for asks in ["=\"http", "=\"//", "<script", "src=", "url("] {
            assert!(!PAGE.contains(asks), "{asks}");
        }
    }
}
