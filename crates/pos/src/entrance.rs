//! The panel's entrance for other machines: a page that asks for the password, the cookie of who entered, the way
//! out, and the files of the panel for them alone. Where no password is set nobody enters, and it is said.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router, middleware};
use jiff::SignedDuration;
use serde::Deserialize;
use timbre_agent::Agent;
use timbre_agent::doer::lawful;
use timbre_agent::view::{PanelView, ProblemView};
use zeroize::Zeroizing;

use crate::acting::Acting;
use crate::api::{Answer, By, apart, problem, read};
use crate::connections::Peer;
use crate::guard::Guard;
use crate::panel::{self, POLICY};
use crate::sessions::{Session, Sessions};
use crate::setup::wipe;
use crate::tokens::{Caller, Who};
use crate::{api, bodies, docs};

/// A browser sends it back only over TLS, to this very host, and to no script (ASVS 3.3).
const COOKIE: &str = "__Host-timbre";
const WITH: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

/// The password of the panel. It may compute for a while: not for an async task.
pub trait Password: Send + Sync {
    fn is_set(&self) -> bool;

    /// Sets another one, or none; it is on disk when this answers.
    fn set(&self, password: Option<&str>) -> timbre_agent::Answer<()>;

    /// Is it this one? A wrong one is counted before this answers, and guessing takes ever longer.
    fn open(&self, said: &str) -> timbre_agent::Answer<()>;
}

/// Who enters, and who has.
pub(crate) struct Entrance {
    password: Arc<dyn Password>,
    sessions: Sessions,
    /// The panel is served to other machines: somebody in charge has set it so.
    served: bool,
}

impl Entrance {
    /// `idle`: how long one who does nothing stays; `None` where no other machine is served.
    pub fn new(password: Arc<dyn Password>, idle: Option<SignedDuration>) -> Entrance {
        let (served, idle) = (idle.is_some(), idle.unwrap_or_default());
        Entrance { password, sessions: Sessions::new(idle), served }
    }

    /// Whose browser it is. The cookie counts only for our own page: `own` says that no other has sent it.
    pub fn session(&self, headers: &HeaderMap, own: bool, agent: &Agent) -> Option<Arc<Session>> {
        let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
        if !self.served || !own || !site.is_none_or(|site| site == b"same-origin" || site == b"none") {
            return None;
        }
        self.sessions.used(cookie(headers)?, agent.now())
    }

    pub fn is_served(&self) -> bool {
        self.served
    }

    /// What a person should know of it.
    pub fn notice(&self) -> Option<&'static str> {
        (self.served && !self.password.is_set()).then_some(CLOSED)
    }

    fn view(&self) -> PanelView {
        PanelView { served: self.served, password: self.password.is_set() }
    }
}

const CLOSED: &str = "El panel no se atiende a otros equipos: falta su contraseña. Póngala en el equipo de Timbre con \
                      «timbre panel password».";

/// The one that is shown; of two, somebody else may have put one there.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|text| text.to_str().ok());
    let pairs = all.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut ours = pairs.filter(|(name, _)| *name == COOKIE).map(|(_, value)| value);
    let first = ours.next()?;
    ours.next().is_none().then_some(first)
}

/// The panel for other machines. What asks for no session: the page that asks for the password.
pub(crate) fn routes(entrance: Arc<Entrance>, guard: Arc<Guard>, agent: Agent) -> Router {
    Router::new()
        .route("/entrar", get(page).post(enter))
        .route("/entrar.js", get(script))
        .route("/entrar.css", get(style))
        .route("/salir", post(leave))
        .route("/docs", get(docs::html))
        .route("/docs.css", get(docs::css))
        .fallback(get(file).fallback(api::no_method))
        .method_not_allowed_fallback(api::no_method)
        .layer(middleware::from_fn(bodies::whole))
        .layer(Extension(entrance))
        .layer(Extension(guard))
        .with_state(agent)
}

type Door = Extension<Arc<Entrance>>;

async fn page() -> Response {
    part("text/html; charset=utf-8", include_str!("entrance/entrar.html"))
}

async fn script() -> Response {
    part("text/javascript; charset=utf-8", include_str!("entrance/entrar.js"))
}

async fn style() -> Response {
    part("text/css; charset=utf-8", include_str!("entrance/entrar.css"))
}

fn part(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, text).into_response()
}

/// A file of the panel, for who has entered.
async fn file(
    State(agent): State<Agent>,
    Extension(entrance): Door,
    Extension(guard): Extension<Arc<Guard>>,
    request: Request,
) -> Response {
    if guard.session(request.headers(), &agent).is_some() {
        return panel::file(request).await;
    }
    if let Some(why) = entrance.notice() {
        let kind = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
        return (StatusCode::FORBIDDEN, kind, why).into_response();
    }
    match request.uri().path() {
        "/" | "/index.html" => Redirect::to("/entrar").into_response(),
        _ => (StatusCode::UNAUTHORIZED, "Entre primero en /entrar.").into_response(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    password: Zeroizing<String>,
}

/// Who says the password has a cookie from then on. When and from where is in the journal, and so is a wrong one.
async fn enter(
    State(agent): State<Agent>,
    Extension(entrance): Door,
    Extension(Peer(peer)): Extension<Peer>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer<Response> {
    let said = read(&body);
    wipe(body);
    let Said { password } = said?;
    let door = Arc::clone(&entrance);
    let opened = tokio::task::spawn_blocking(move || door.password.open(&password)).await;
    let opened = opened.map_err(ProblemView::internal)?;
    if let Err(refused) = opened {
        if refused.code == "password-wrong" {
            tracing::warn!(%peer, "a wrong password at the panel's entrance");
            agent.note_act("panel", &format!("Contraseña equivocada, desde {peer}")).await?;
        }
        return Err(refused.into());
    }
    agent.note_act("panel", &format!("Entrar al panel desde {peer}")).await?;
    if let Some(old) = cookie(&headers) {
        entrance.sessions.end(old);
    }
    let shown = entrance.sessions.begin(agent.now()).map_err(ProblemView::internal)?;
    let cookie = format!("{COOKIE}={shown}; {WITH}");
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// The way out, for whoever asks: what is not there ends well too.
async fn leave(Extension(entrance): Door, headers: HeaderMap) -> Response {
    if let Some(shown) = cookie(&headers) {
        entrance.sessions.end(shown);
    }
    let gone = format!("{COOKIE}=; Max-Age=0; {WITH}");
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, gone)]).into_response()
}

#[utoipa::path(
    get,
    path = "/v1/panel",
    summary = "Si el panel se atiende a otros equipos, y si tiene contraseña",
    responses((status = 200, description = "Hecho", body = PanelView))
)]
pub(crate) async fn standing(Extension(entrance): Door) -> Json<PanelView> {
    Json(entrance.view())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PasswordOrder {
    password: Zeroizing<String>,
    who: String,
}

/// From then on only who says this one enters: all who had entered are out. Only on this machine.
#[utoipa::path(
    put,
    path = "/v1/panel/password",
    summary = "Pone la contraseña del panel para otros equipos; solo desde el equipo de Timbre",
    request_body(content = serde_json::Value, example = json!({"password": "cuatro palabras que recuerde", "who": "Rosa"})),
    responses((status = 200, description = "Hecho", body = PanelView))
)]
pub(crate) async fn set_password(
    Acting(agent): Acting,
    Extension(entrance): Door,
    Extension(caller): Extension<Caller>,
    body: Bytes,
) -> Answer<Json<PanelView>> {
    here(&caller)?;
    let order = read(&body);
    wipe(body);
    let PasswordOrder { password, who } = order?;
    lawful(&who).map_err(ProblemView::from)?;
    change(agent, entrance, Some(password), &who, "Poner la contraseña del panel").await
}

#[utoipa::path(
    delete,
    path = "/v1/panel/password",
    summary = "Quita la contraseña del panel: ningún otro equipo entra; solo desde el equipo de Timbre",
    params(By),
    responses((status = 200, description = "Hecho", body = PanelView))
)]
pub(crate) async fn remove_password(
    Acting(agent): Acting,
    Extension(entrance): Door,
    Extension(caller): Extension<Caller>,
    Query(by): Query<By>,
) -> Answer<Json<PanelView>> {
    here(&caller)?;
    change(agent, entrance, None, by.who(), "Quitar la contraseña del panel").await
}

async fn change(
    agent: Agent,
    entrance: Arc<Entrance>,
    password: Option<Zeroizing<String>>,
    who: &str,
    what: &str,
) -> Answer<Json<PanelView>> {
    let door = Arc::clone(&entrance);
    apart(move || door.password.set(password.as_ref().map(|password| password.as_str()))).await?;
    entrance.sessions.end_all();
    agent.note_act(who, what).await?;
    Ok(Json(entrance.view()))
}

/// Not for a till, and not for who came in by the password itself.
fn here(caller: &Caller) -> Answer<()> {
    match caller.who {
        Who::Owner => Ok(()),
        Who::Till { .. } | Who::Panel(_) => {
            let why = "La contraseña del panel se cambia solo en el equipo de Timbre.";
            Err(problem(StatusCode::FORBIDDEN, "only-here", why))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cookie_of_ours_is_read_and_of_two_none() {
        let of = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::COOKIE, line.parse().unwrap());
            }
            cookie(&headers).map(str::to_owned)
        };
        assert_eq!(of(&["a=1; __Host-timbre=abc; b=2"]).as_deref(), Some("abc"));
        assert_eq!(of(&["__Host-timbre=abc; __Host-timbre=def"]), None);
        assert_eq!(of(&["__Host-timbre=abc", "__Host-timbre=def"]), None);
        assert_eq!(of(&["timbre=abc"]), None);
        assert_eq!(of(&[]), None);
    }
}
