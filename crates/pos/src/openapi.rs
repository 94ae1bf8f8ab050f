//! What the API says of itself: OpenAPI 3.1, made from the handlers and the views, so that it can't say otherwise
//! than they do.

use std::sync::LazyLock;

use axum::http::{HeaderName, Method, header};
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use crate::scope::needed;
use crate::{
    api, data_folder, doors, entrance, events, finding, mending, metrics, paper, practice, printers,
    services, setup, staff, vouchers, webhooks, window,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Timbre",
        description = "La API local: las cajas entregan ventas y reciben documentos tributarios. Un parámetro que la dirección no conoce se rechaza (parameter-unknown); solo «_», con que algunas bibliotecas evitan una copia guardada, se ignora."
    ),
    components(schemas(timbre_agent::view::ProblemView)),
    paths(
        api::issue,
        api::preview,
        api::list,
        api::detail,
        api::diagnose,
        api::xml,
        api::envelope,
        api::history,
        api::resend_one,
        api::resend,
        api::sending,
        api::stats,
        api::snapshot,
        api::folios,
        setup::load_grant,
        setup::lock,
        setup::clock,
        setup::accept_clock,
        setup::unlock,
        setup::company,
        setup::set_company,
        setup::certificate,
        setup::load_certificate,
        api::health,
        finding::today,
        finding::count,
        finding::export,
        mending::reissue,
        mending::found_accepted,
        mending::number_annulled,
        mending::note_verdict,
        mending::stop_range,
        mending::resume_range,
        mending::range_annulled,
        mending::skipped_annulled,
        mending::check_batch,
        mending::example,
        mending::sale,
        paper::pdf,
        paper::ticket,
        paper::picture,
        paper::print,
        paper::settle,
        paper::test,
        data_folder::settings,
        data_folder::set,
        data_folder::place,
        data_folder::check,
        data_folder::begin_check,
        printers::list,
        printers::found,
        printers::put,
        printers::remove,
        printers::set_logo,
        printers::remove_logo,
        services::results_mail,
        services::claims,
        services::claims_of,
        services::claim,
        staff::list,
        staff::put,
        staff::remove,
        staff::permit,
        doors::list,
        doors::make,
        doors::revoke,
        doors::folder,
        entrance::standing,
        entrance::set_password,
        entrance::remove_password,
        webhooks::routes::list,
        webhooks::routes::put,
        webhooks::routes::remove,
        webhooks::routes::test,
        webhooks::routes::redeliver,
        vouchers::list,
        vouchers::record,
        vouchers::undo,
        vouchers::terms,
        vouchers::set_terms,
        vouchers::export,
        vouchers::acts,
        metrics::metrics,
        events::events,
        window::show,
        practice::open
    )
)]
struct Handlers;

/// The whole, with what every operation has alike.
pub(crate) static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

/// What parameters of a name mean, wherever they are asked for: for people, so in their language.
const PARAMETERS: [(&str, &str); 21] = [
    ("anew", "true: las ventas que ya se emitieron otro día son ventas nuevas."),
    ("before", "Solo lo anterior a este número."),
    ("copy", "original (si no se dice), copia, cedible o ambas."),
    ("cursor", "El «next» de la página anterior, tal cual; sin él, la primera página."),
    ("folio", "Qué folio: al emitir de nuevo solo «new», que pide otro; en los reclamos, el de la factura."),
    ("form", "csv o xml."),
    ("from", "Desde este día, incluido: AAAA-MM-DD."),
    ("id", "El documento: T, tipo, F y folio, como T39F1234."),
    ("issuer", "El RUT de quien la emitió."),
    ("limit", "Cuántos a lo más."),
    ("name", "El nombre que se le puso."),
    ("paper", "80mm (si no se dice) o 58mm."),
    ("q", "Palabras que deben estar todas."),
    ("share", "Si varias cajas usan el mismo rango: cuál parte es ésta y de cuántas, como 1/3."),
    (
        "state",
        "Un estado (ACEPTADO, RECHAZADO, …) o un contador del panel: queued, sending, at_authority, accepted, problem; \
         también to_annul y unprinted.",
    ),
    ("timeout", "Con wait=verdict, cuántos segundos esperar, como 20s (lo usual); a lo más 300s."),
    ("to", "Hasta este día, incluido: AAAA-MM-DD."),
    ("type", "El tipo de documento, como 39."),
    ("used_up_to", "El último folio del rango que ya se usó en otra parte."),
    ("who", "Quién lo hace."),
    (
        "wait",
        "verdict: responde cuando el SII dijo si lo acepta, o con el estado que tenga al terminar «timeout».",
    ),
];

static TEXT: LazyLock<String> = LazyLock::new(|| DOCUMENT.to_string());

/// No token is asked for: nothing of a shop is in it.
pub(crate) async fn openapi() -> ([(HeaderName, &'static str); 1], &'static str) {
    ([(header::CONTENT_TYPE, "application/json")], TEXT.as_str())
}

fn document() -> Value {
    let mut document = serde_json::to_value(Handlers::openapi()).expect("a description is plain data");
    document["info"]["version"] = json!(env!("CARGO_PKG_VERSION"));
    document["info"]["license"] = json!({ "name": "MIT OR Apache-2.0" });
    document["components"]["securitySchemes"] = json!({ "token": { "type": "http", "scheme": "bearer" } });
    document["security"] = json!([{ "token": [] }]);
    if let Some(paths) = document["paths"].as_object_mut() {
        for (path, item) in paths {
            for (method, operation) in item.as_object_mut().into_iter().flatten() {
                if let Some(operation) = operation.as_object_mut() {
                    complete(path, method, operation);
                }
            }
        }
    }
    document
}

/// What no handler says of itself: the header of changes, how far a token must reach, and problems.
fn complete(path: &str, method: &str, operation: &mut Map<String, Value>) {
    let verb = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap_or(Method::GET);
    let scope = needed(&verb, path.trim_start_matches("/v1")).word();
    // Handlers of several rooms have the same name; a client made of this wants one name for each.
    let words: Vec<_> = path.trim_start_matches("/v1").split(|c: char| !c.is_alphanumeric()).collect();
    let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
    operation.insert("operationId".to_owned(), json!(format!("{method}_{}", words.join("_"))));
    operation.insert("tags".to_owned(), json!([words.first().unwrap_or(&"timbre")]));
    operation.insert("x-timbre-scope".to_owned(), json!(scope));
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some((_, words)) = PARAMETERS.iter().find(|(name, _)| parameter["name"] == *name) {
            parameter["description"] = json!(words);
        }
    }
    if verb != Method::GET {
        let client = json!({
            "name": "Timbre-Client", "in": "header", "required": true,
            "description": "El nombre del programa que llama: ninguna página web puede mandarlo sin permiso.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[A-Za-z0-9._/ -]*[A-Za-z0-9][A-Za-z0-9._/ -]*$" },
            "example": "caja-1",
        });
        match operation.entry("parameters").or_insert_with(|| json!([])) {
            Value::Array(all) => all.push(client),
            other => *other = json!([client]),
        }
    }
    let problem = json!({
        "description": "Un problema (RFC 9457): code es estable, detail es una frase para personas.",
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/ProblemView" } } },
    });
    if let Some(answers) = operation.get_mut("responses").and_then(Value::as_object_mut) {
        answers.insert("default".to_owned(), problem);
        for answer in answers.values_mut() {
            answer["headers"]["Timbre-Environment"] = json!({
                "description": "El ambiente en que se emite.",
                "schema": { "type": "string", "enum": ["training", "certification", "production", "none"] },
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Every route and method of the table, as the table's own text says.
    fn routes() -> BTreeSet<(String, String)> {
        let table = include_str!("server.rs");
        let mut found = BTreeSet::new();
        for route in table.split(".route(\"").skip(1) {
            let (path, rest) = route.split_once('"').expect("a path ends");
            let line = rest.split("\n").next().unwrap_or_default();
            for method in ["get", "post", "put", "delete"] {
                if line.contains(&format!(" {method}(")) || line.contains(&format!(".{method}(")) {
                    found.insert((path.to_owned(), method.to_owned()));
                }
            }
        }
        found
    }

    #[test]
    fn every_route_is_described_and_nothing_else_is() {
        let mut described = BTreeSet::new();
        for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                described.insert((path.trim_start_matches("/v1").to_owned(), method.clone()));
            }
        }
        let mut routes = routes();
        // The same as `escpos`, under the name that it had first; and the description itself with its page.
        for path in ["/documents/{id}/ticket", "/openapi.json", "/docs", "/docs.css"] {
            assert!(routes.remove(&(path.to_owned(), "get".to_owned())), "{path}");
        }
        assert_eq!(described, routes);
        assert_eq!(DOCUMENT["openapi"].as_str().unwrap()[..3], *"3.1");
    }

    #[test]
    fn every_parameter_says_in_spanish_what_it_is_for() {
        for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                for parameter in operation["parameters"].as_array().into_iter().flatten() {
                    let (name, words) = (parameter["name"].as_str().unwrap(), &parameter["description"]);
                    let ours = PARAMETERS.iter().any(|(other, said)| *other == name && words == said);
                    let headers = ["Idempotency-Key", "Last-Event-ID", "Timbre-Client", "Timbre-Last-Seen"];
                    assert!(ours || headers.contains(&name), "{method} {path} {name}: {words}");
                }
            }
        }
    }

    #[test]
    fn every_operation_has_a_name_of_its_own() {
        let mut names = BTreeSet::new();
        for item in DOCUMENT["paths"].as_object().unwrap().values() {
            for operation in item.as_object().unwrap().values() {
                let name = operation["operationId"].as_str().unwrap();
                assert!(names.insert(name), "{name} is there twice");
            }
        }
        assert!(names.contains("post_documents") && names.contains("get_documents_id"));
    }

    #[test]
    fn every_change_asks_for_the_header_and_every_operation_tells_of_problems() {
        for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let all = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
                let asks = all.iter().any(|one| one["name"] == "Timbre-Client");
                assert_eq!(asks, method != "get", "{method} {path}");
                assert!(operation["responses"]["default"].is_object(), "{method} {path}");
                assert!(operation["summary"].is_string(), "{method} {path} says what it does");
            }
        }
    }
}
