//! What may stand behind the `?` of a request: the names that the API's description has for its path, each once. One
//! that is misspelt is refused: `?estado=RECHAZADO` would be answered with all documents, and a till's `?wayt=verdict`
//! without a verdict.

use axum::extract::{MatchedPath, Query, Request};
use axum::http::{Method, Uri};
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
pub(crate) async fn known(mut request: Request, next: Next) -> Response {
    if let Some(uri) = without(AGAINST_CACHES, request.uri()) {
        *request.uri_mut() = uri;
    }
    match check(&request) {
        Ok(()) => next.run(request).await,
        Err(answer) => *answer,
    }
}

/// The same address without that parameter, where it has it: so no route has to know of it.
fn without(name: &str, uri: &Uri) -> Option<Uri> {
    let query = uri.query().filter(|query| query.contains(name))?;
    let is_other = |part: &&str| part.split('=').next() != Some(name);
    let kept: Vec<&str> = query.split('&').filter(is_other).collect();
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(format!("{}?{}", uri.path(), kept.join("&")).parse().ok()?);
    Uri::from_parts(parts).ok()
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
        let unknown = judge(&said(&["state", "estado"]), &["state", "q"]).unwrap_err();
        assert_eq!((unknown.status, unknown.code.as_str()), (400, "parameter-unknown"));
        assert_eq!(unknown.detail, "El parámetro «estado» no se conoce: aquí se conocen state, q.");
        let none = judge(&said(&["x"]), &[]).unwrap_err();
        assert_eq!(none.detail, "El parámetro «x» no se conoce: esta dirección no lleva ninguno.");
        assert_eq!(judge(&said(&["q", "q"]), &["q"]).unwrap_err().code, "parameter-repeated");
    }

    #[test]
    fn what_goes_round_caches_is_taken_off_and_nothing_else() {
        for (sent, left) in [
            ("/documents?_=1", "/documents?"),
            ("/documents?q=a%20b&_=1&_&limit=2", "/documents?q=a%20b&limit=2"),
            ("/documents?__=1&q=_", "/documents?__=1&q=_"),
            ("http://caja/documents?_=1&q=a", "http://caja/documents?q=a"),
        ] {
            assert_eq!(without(AGAINST_CACHES, &sent.parse().unwrap()).unwrap().to_string(), left);
        }
        assert_eq!(without(AGAINST_CACHES, &"/documents?q=a".parse().unwrap()), None);
    }
}
