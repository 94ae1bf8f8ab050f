//! The engine for whoever asks: each route that changes something takes it so, and what it does is in the journal with
//! what is known of who asked.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use timbre_agent::Agent;
use timbre_agent::doer::{Doer, lawful};
use timbre_agent::roles::CASHIER;
use timbre_agent::view::ProblemView;

use crate::api::{By, Problem};
use crate::staff::is_a_panel;
use crate::tokens::{Caller, Who};

/// Who allowed this request by their PIN.
#[derive(Clone)]
pub(crate) struct Allowed(pub String);

/// The engine for a sale: who sold it is known by their PIN where a page sells, and by its word where a program does.
pub(crate) struct Selling(pub Agent);

impl FromRequestParts<Agent> for Selling {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, agent: &Agent) -> Result<Selling, Infallible> {
        // A till with a token of its own is a program, in a browser too.
        let till = parts.extensions.get::<Caller>().is_some_and(|caller| caller.till().is_some());
        if till || !is_a_panel(&parts.headers, &parts.extensions) {
            return Ok(Selling(agent.clone()));
        }
        let permit = parts.headers.get(CASHIER).and_then(|permit| permit.to_str().ok());
        let allowed = parts.extensions.get::<Allowed>().map(|Allowed(who)| who.clone());
        Ok(Selling(agent.at_the_till(permit.map(str::to_owned), allowed)))
    }
}

/// The engine, acting for who asks. Behind the guard alone: without a caller it acts for nobody.
pub(crate) struct Acting(pub Agent);

impl FromRequestParts<Agent> for Acting {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, agent: &Agent) -> Result<Acting, Problem> {
        let doer = match (parts.extensions.get::<Allowed>(), parts.extensions.get::<Caller>()) {
            (Some(Allowed(who)), _) => Doer::Person(who.clone()),
            (None, Some(Caller { who: Who::Owner, .. })) => Doer::Here,
            (None, Some(Caller { who: Who::Panel(_), .. })) => Doer::Panel,
            (None, Some(Caller { who: Who::Till { name, .. }, .. })) => Doer::Token(name.clone()),
            (None, None) => return Ok(Acting(agent.clone())),
        };
        // Where the route knows no such parameter, it was refused already.
        let said = Query::<By>::try_from_uri(&parts.uri).ok().and_then(|Query(by)| by.said());
        lawful(said.as_deref().unwrap_or_default()).map_err(ProblemView::from)?;
        Ok(Acting(agent.by(doer, said)))
    }
}

#[cfg(test)]
mod tests {
    /// What a change does for nobody in particular, and why; `tests/it/acts.rs` has the same by their routes.
    const FOR_NOBODY: &[(&str, &str)] = &[
        ("api::issue", "the document is the fact, and names its till"),
        ("api::preview", "keeps nothing"),
        ("api::diagnose", "keeps nothing"),
        ("mending::check_batch", "keeps nothing"),
        ("data_folder::begin_check", "keeps nothing"),
        ("paper::print", "the paper is the fact"),
        ("paper::settle", "how the paper ended is the fact"),
        ("paper::test", "a paper that says nothing"),
        ("vouchers::record", "the record is the fact"),
        ("webhooks::test", "tells who is told already"),
        ("webhooks::redeliver", "tells who is told already"),
        ("window::show", "shows a window"),
        ("practice::open", "opens another shop, in which nothing is real"),
    ];

    fn source(module: &str) -> &'static str {
        match module {
            "api" => include_str!("api.rs"),
            "data_folder" => include_str!("data_folder.rs"),
            "doors" => include_str!("doors.rs"),
            "entrance" => include_str!("entrance.rs"),
            "mending" => include_str!("mending.rs"),
            "paper" => include_str!("paper.rs"),
            "practice" => include_str!("practice.rs"),
            "printers" => include_str!("printers.rs"),
            "services" => include_str!("services.rs"),
            "setup" => include_str!("setup.rs"),
            "staff" => include_str!("staff.rs"),
            "vouchers" => include_str!("vouchers.rs"),
            "webhooks" => include_str!("webhooks/routes.rs"),
            "window" => include_str!("window.rs"),
            other => panic!("a change in {other}: name its file here"),
        }
    }

    #[test]
    fn each_route_that_changes_something_acts_for_who_asks_or_says_why_not() {
        let table = include_str!("server.rs").lines().filter(|line| line.trim_start().starts_with(".route("));
        let words = table.flat_map(|line| ["post(", "put(", "delete("].map(|method| (line, method)));
        let handlers = words.filter_map(|(line, method)| {
            let (name, _) = line.split_once(method)?.1.split_once(')')?;
            name.split_once("::").map(|(module, name)| (module.to_owned(), name.to_owned()))
        });
        let handlers: Vec<_> = handlers.collect();
        assert!(handlers.len() > 40, "the table is read: {}", handlers.len());
        for (module, name) in &handlers {
            let (_, after) = source(module).split_once(&format!("async fn {name}(")).expect(name);
            let acts = after.split("->").next().is_some_and(|head| head.contains("Acting(agent)"));
            let path = format!("{module}::{name}");
            let nobody = FOR_NOBODY.iter().any(|(known, _)| *known == path);
            assert!(acts != nobody, "{path}: acts {acts}, for nobody {nobody}");
        }
    }
}
