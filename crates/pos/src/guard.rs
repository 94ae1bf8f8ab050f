//! Who may speak to the API: a known `Host`, no foreign `Origin`, a token, and one that reaches far enough.
//!
//! A name that resolves to loopback is not enough (a page elsewhere may have rebound it), and neither is a
//! request that comes from this machine: any page in its browser makes those.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use timbre_agent::Agent;

use crate::api::{Problem, problem};
use crate::connections::Proof;
use crate::entrance::Entrance;
use crate::origins;
use crate::scope::{Scope, needed, opens_doors};
use crate::sessions::Session;
use crate::staff::is_a_page;
use crate::tokens::{Caller, Tokens, Who};

/// What a request must show at one door.
pub struct Guard {
    /// The owner's token: the panel's and the command line's. None where it is no good.
    owner: Option<String>,
    scheme: &'static str,
    hosts: Vec<String>,
    /// Pages of other origins that may call, as somebody in charge has set them.
    origins: Vec<String>,
    pub(crate) tokens: Arc<Tokens>,
    /// Where other machines enter the panel; none where there is no such door.
    entrance: Option<Arc<Entrance>>,
}

impl Guard {
    /// For the server that listens on loopback, on `port`.
    pub fn loopback(port: u16, owner: String, tokens: Arc<Tokens>, origins: Vec<String>) -> Guard {
        let hosts = hosts(["127.0.0.1", "localhost", "[::1]"], port, 80);
        Guard { owner: Some(owner), scheme: "http://", hosts, origins, tokens, entrance: None }
    }

    /// For the one that others of the network reach, by these names: tokens of tills, and who has entered the panel.
    pub(crate) fn network(
        port: u16,
        names: &[String],
        tokens: Arc<Tokens>,
        origins: Vec<String>,
        entrance: Arc<Entrance>,
    ) -> Guard {
        let hosts = hosts(names.iter().map(String::as_str), port, 443);
        Guard { owner: None, scheme: "https://", hosts, origins, tokens, entrance: Some(entrance) }
    }

    /// Where a request names its host in its first line too, both are ours (RFC 9112, 3.2.2).
    fn host_is_ours(&self, request: &Request) -> bool {
        let is_ours = |host: &str| self.hosts.iter().any(|h| h.eq_ignore_ascii_case(host));
        let named = request.uri().authority();
        named.is_none_or(|named| is_ours(named.as_str()))
            && text(request.headers(), header::HOST).is_some_and(is_ours)
    }

    /// A browser says where a page came from.
    fn origin(&self, headers: &HeaderMap) -> Origin {
        if !headers.contains_key(header::ORIGIN) {
            return Origin::None;
        }
        let Some(origin) = text(headers, header::ORIGIN) else { return Origin::Foreign };
        let own = origin.strip_prefix(self.scheme);
        match own.is_some_and(|host| self.hosts.iter().any(|h| h.eq_ignore_ascii_case(host))) {
            true => Origin::Own,
            false if self.origins.iter().any(|allowed| allowed == origin) => {
                Origin::Allowed(origin.to_owned())
            }
            false => Origin::Foreign,
        }
    }

    /// Who has entered the panel from another machine; never by a page of elsewhere, not even one that may call.
    pub(crate) fn session(&self, headers: &HeaderMap, agent: &Agent) -> Option<Arc<Session>> {
        let own = matches!(self.origin(headers), Origin::None | Origin::Own);
        self.entrance.as_ref()?.session(headers, own, agent)
    }

    /// Who it is, and whether the use of their token is to be written down.
    fn caller(&self, headers: &HeaderMap, agent: &Agent) -> Option<(Caller, bool)> {
        if !headers.contains_key(header::AUTHORIZATION) {
            let who = Who::Panel(self.session(headers, agent)?);
            return Some((Caller { who, scope: Scope::Manage, from_elsewhere: false }, false));
        }
        let (scheme, given) = text(headers, header::AUTHORIZATION)?.split_once(' ')?;
        // In small letters too (RFC 9110, 11.1).
        let given = scheme.eq_ignore_ascii_case("Bearer").then(|| given.trim_start_matches(' '))?;
        let same = |owner: &String| {
            given.len() == owner.len() && openssl::memcmp::eq(given.as_bytes(), owner.as_bytes())
        };
        if self.owner.as_ref().is_some_and(same) {
            return Some((Caller { who: Who::Owner, scope: Scope::Manage, from_elsewhere: false }, false));
        }
        let (caller, due) = self.tokens.known(given, agent.now())?;
        Some((Caller { from_elsewhere: self.owner.is_none(), ..caller }, due))
    }
}

/// As `Host` names them: the usual port of a scheme is left out (RFC 9110, 4.2.3), or is not.
fn hosts<'a>(names: impl IntoIterator<Item = &'a str>, port: u16, usual: u16) -> Vec<String> {
    let of = |name: &str| {
        let bare = (port == usual).then(|| name.to_owned());
        bare.into_iter().chain([format!("{name}:{port}")])
    };
    names.into_iter().flat_map(of).collect()
}

enum Origin {
    /// No browser, or none that has to say.
    None,
    /// Our own panel.
    Own,
    Allowed(String),
    Foreign,
}

/// A header that is there once: of two, somebody else may read the other.
pub(crate) fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    let mut all = headers.get_all(name).iter();
    let first = all.next()?;
    all.next().is_none().then(|| first.to_str().ok())?
}

/// For everything: `Host` and `Origin`. A browser that asks beforehand is answered here.
pub(crate) async fn near(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let far = || {
        let why = "Esta dirección solo atiende a programas de este equipo y a los que se autorizaron.";
        problem(StatusCode::FORBIDDEN, "origin-forbidden", why).into_response()
    };
    if !guard.host_is_ours(&request) {
        return far();
    }
    match guard.origin(request.headers()) {
        Origin::Foreign => far(),
        Origin::None | Origin::Own => next.run(request).await,
        Origin::Allowed(origin) if origins::is_preflight(&request) => {
            origins::preflight(&origin, request.headers())
        }
        Origin::Allowed(origin) => origins::shared(&origin, next.run(request).await),
    }
}

/// For `/v1`: a token, and what it is good for.
pub(crate) async fn known(
    State((guard, agent)): State<(Arc<Guard>, Agent)>,
    mut request: Request,
    next: Next,
) -> Response {
    let Some((caller, due)) = guard.caller(request.headers(), &agent) else {
        if guard.entrance.as_ref().is_some_and(|door| door.is_served()) && is_a_page(request.headers()) {
            let why = "La sesión terminó. Entre de nuevo.";
            return problem(StatusCode::UNAUTHORIZED, "session-ended", why).into_response();
        }
        let why = "Falta el token o no es válido. Va en la cabecera «Authorization: Bearer …».";
        let mut answer = problem(StatusCode::UNAUTHORIZED, "token-invalid", why).into_response();
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return answer;
    };
    if let Some(proof) = request.extensions().get::<Proof>() {
        proof.give();
    }
    if due {
        let tokens = Arc::clone(&guard.tokens);
        tokio::task::spawn_blocking(move || tokens.note_uses());
    }
    if caller.scope < needed(request.method(), request.uri().path()) {
        tracing::warn!(%caller, path = request.uri().path(), "a token does not reach that far");
        let why = "Este token no alcanza para eso. Pida a quien administra Timbre uno con más alcance.";
        return problem(StatusCode::FORBIDDEN, "scope-insufficient", why).into_response();
    }
    // By a token that came from elsewhere nobody makes themselves another one, has the events or the papers sent to them,
    // or becomes somebody in charge.
    if caller.from_elsewhere && opens_doors(request.method(), request.uri().path()) {
        tracing::warn!(%caller, path = request.uri().path(), "a token of the network asked for another door");
        return only_here().into_response();
    }
    // No browser of another machine keeps what it was shown (ASVS 14.3.2).
    let passing = matches!(caller.who, Who::Panel(_));
    request.extensions_mut().insert(caller);
    let mut answer = next.run(request).await;
    if passing {
        answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    answer
}

/// What a token that came from elsewhere does not do, however far it reaches.
pub(crate) fn only_here() -> Problem {
    let why = "Los tokens, los avisos, las impresoras, quiénes trabajan aquí y lo que abre una entrada se administran en el \
               equipo de Timbre o en su panel.";
    problem(StatusCode::FORBIDDEN, "only-here", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schemes_usual_port_is_left_out_or_not() {
        assert_eq!(hosts(["caja"], 443, 443), ["caja", "caja:443"]);
        assert_eq!(hosts(["a", "[::1]"], 4577, 80), ["a:4577", "[::1]:4577"]);
    }
}
