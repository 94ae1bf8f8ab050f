//! What may stand behind the `?` of a request: the names that the API's description has for its path, each once. One
//! that is misspelt is refused: `?estado=RECHAZADO` would be answered with all documents, and a till's `?wayt=verdict`
//! without a verdict.

use axum::extract::{MatchedPath, Query, Request};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use timbre_agent::view::ProblemView;

use crate::api::Problem;
use crate::openapi::DOCUMENT;

/// What libraries of pages (jQuery and others) add with the time, so that no cache answers: it says nothing of what is asked.
const AGAINST_CACHES: &str = "_";

/// Answers to two names, and is described under one.
const ALIAS: (&str, &str) = ("/v1/documents/{id}/ticket", "/v1/documents/{id}/escpos");

/// For every route.
pub(crate) async fn known(request: Request, next: Next) -> Response {
    match check(&request) {
        Ok(()) => next.run(request).await,
        Err(answer) => *answer,
    }
}

fn check(request: &Request) -> Result<(), Box<Response>> {
    if request.uri().query().is_none_or(str::is_empty) {
        return Ok(());
    }
    let said = Query::<Vec<(String, String)>>::try_from_uri(request.uri());
    let Query(said) = said.map_err(|why| Box::new(why.into_response()))?;
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let names = names(path, request.method());
    judge(&said, &names).map_err(|problem| Box::new(Problem::from(problem).into_response()))
}

fn judge(said: &[(String, String)], names: &[&str]) -> Result<(), ProblemView> {
    for (n, (name, _)) in said.iter().enumerate() {
        if name == AGAINST_CACHES {
            continue;
        }
        if !names.contains(&name.as_str()) {
            let known = match names {
                [] => "esta dirección no lleva ninguno".to_owned(),
                names => format!("aquí se conocen {}", names.join(", ")),
            };
            let why = format!("El parámetro «{name}» no se conoce: {known}.");
            return Err(ProblemView::bad_request("parameter-unknown", why));
        }
        if said[..n].iter().any(|(before, _)| before == name) {
            let why = format!("El parámetro «{name}» viene más de una vez.");
            return Err(ProblemView::bad_request("parameter-repeated", why));
        }
    }
    Ok(())
}

/// What the description of that route has for it.
fn names(path: &str, method: &Method) -> Vec<&'static str> {
    let path = if path == ALIAS.0 { ALIAS.1 } else { path };
    let method = if *method == Method::HEAD { "get".to_owned() } else { method.as_str().to_lowercase() };
    let parameters = DOCUMENT["paths"][path][method]["parameters"].as_array();
    let asked = parameters.into_iter().flatten().filter(|parameter| parameter["in"] == "query");
    asked.filter_map(|parameter| parameter["name"].as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_route_knows_what_its_description_names_and_nothing_else() {
        let asked = ["state", "type", "from", "to", "q", "cursor", "limit"];
        for method in [Method::GET, Method::HEAD] {
            assert_eq!(names("/v1/documents", &method), asked);
        }
        assert_eq!(names("/v1/documents", &Method::POST), ["wait", "timeout"]);
        assert_eq!(names(ALIAS.0, &Method::GET), ["copy", "paper"]);
        assert!(names("/v1/stats", &Method::GET).is_empty(), "headers are none");
    }

    #[test]
    fn a_name_that_is_misspelt_or_said_twice_is_told_with_those_that_are_known() {
        let said =
            |text: &[&str]| text.iter().map(|name| ((*name).to_owned(), String::new())).collect::<Vec<_>>();
        assert!(judge(&said(&["state", "q"]), &["state", "q"]).is_ok());
        assert!(judge(&said(&["_", "q", "_"]), &["q"]).is_ok() && judge(&said(&["_"]), &[]).is_ok());
        assert_eq!(judge(&said(&["__"]), &[]).unwrap_err().code, "parameter-unknown");
        let unknown = judge(&said(&["state", "estado"]), &["state", "q"]).unwrap_err();
        assert_eq!((unknown.status, unknown.code.as_str()), (400, "parameter-unknown"));
        assert_eq!(unknown.detail, "El parámetro «estado» no se conoce: aquí se conocen state, q.");
        let none = judge(&said(&["x"]), &[]).unwrap_err();
        assert_eq!(none.detail, "El parámetro «x» no se conoce: esta dirección no lleva ninguno.");
        assert_eq!(judge(&said(&["q", "q"]), &["q"]).unwrap_err().code, "parameter-repeated");
    }
}
