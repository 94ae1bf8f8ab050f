//! The table of routes, and what serves it.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::routing::{any, delete, get, post, put};
use axum::{Extension, Router, middleware};
use jiff::SignedDuration;
use timbre_agent::{Agent, DataFolder, Printers};
use tokio::sync::watch;

use crate::api::Notices;
use crate::entrance::{Entrance, Password};
use crate::events::Hub;
use crate::folder::Standing;
use crate::guard::Guard;
use crate::loopback::Loopback;
use crate::network::Network;
use crate::tokens::{Tokens, hex};
use crate::webhooks::Webhooks;
use crate::window::Window;
use crate::{
    answers, api, bodies, connections, data_folder, docs, doors, entrance, events, finding, guard, mending,
    metrics, openapi, panel, paper, parameters, practice, printers, services, setup, staff, vouchers,
    webhooks, window,
};

/// How long answers in course may take once the server is told to stop.
const GRACE: Duration = Duration::from_secs(2);

/// A running server.
pub struct Server {
    port: u16,
    network_port: Option<u16>,
    stop: watch::Sender<bool>,
    tasks: Vec<tokio::task::JoinHandle<io::Result<()>>>,
    window: Arc<Window>,
}

impl Server {
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where other machines call, if they may.
    pub fn network_port(&self) -> Option<u16> {
        self.network_port
    }

    /// Where a shell hears that its window is asked for.
    pub fn window(&self) -> Arc<Window> {
        Arc::clone(&self.window)
    }

    /// Stops listening; answers in course are finished, streams (which never end) are cut.
    pub async fn stop(self) {
        // The tasks are gone when nobody hears it.
        let _ = self.stop.send(true);
        let late = tokio::time::Instant::now() + GRACE;
        for mut task in self.tasks {
            if tokio::time::timeout_at(late, &mut task).await.is_err() {
                task.abort();
                let _ = task.await;
            }
        }
    }
}

/// What the doors open to, and for whom.
pub struct Doors {
    pub agent: Agent,
    pub printers: Arc<dyn Printers>,
    pub data_folder: Arc<dyn DataFolder>,
    /// The owner's token, of this run alone.
    pub owner: String,
    pub tokens: Arc<Tokens>,
    /// Pages of other origins that may call.
    pub origins: Vec<String>,
    /// Where there is a drop folder.
    pub folder: Option<Arc<Standing>>,
    pub webhooks: Arc<Webhooks>,
    /// Of the panel for other machines.
    pub password: Arc<dyn Password>,
    /// Where the folder has a shop to practise in beside it.
    pub practice: practice::Beside,
    /// What a person should know of this run, for `/health`.
    pub notices: Vec<String>,
}

/// Serves API and panel on loopback, and the API to the network where that is set up; the panel there
/// to who knows its password, where that is asked for.
pub fn serve(open: Doors, loopback: Loopback, network: Option<Network>) -> io::Result<Server> {
    let port = loopback.port();
    let Doors {
        agent,
        printers,
        data_folder,
        owner,
        tokens,
        origins,
        folder,
        webhooks,
        password,
        practice,
        notices,
    } = open;
    let mut run = [0u8; 8];
    openssl::rand::rand_bytes(&mut run)?;
    let hub = Hub::new(hex(&run));
    let notices = Notices(notices.into());
    let idle = network.as_ref().and_then(|network| network.panel);
    let idle = idle.map(SignedDuration::try_from).transpose().map_err(io::Error::other)?;
    let entrance = Arc::new(Entrance::new(password, idle));
    let window = Window::new();
    let shared = Shared {
        printers,
        data_folder,
        tokens: Arc::clone(&tokens),
        hub: Arc::clone(&hub),
        folder,
        webhooks,
        entrance: Arc::clone(&entrance),
        notices,
        window: Arc::clone(&window),
        practice,
    };
    let (stop, stopped) = watch::channel(false);
    let guard = Arc::new(Guard::loopback(port, owner, Arc::clone(&tokens), origins.clone()));
    let app = Router::new()
        .nest("/v1", routes(agent.clone(), Arc::clone(&guard), shared.clone()))
        .route("/v1/", any(api::no_route)) // the nest begins behind it
        .route("/docs", get(docs::html))
        .route("/docs.css", get(docs::css))
        .fallback(get(panel::file).fallback(api::no_method))
        .method_not_allowed_fallback(api::no_method)
        .layer(middleware::from_fn_with_state(guard, guard::near))
        .layer(middleware::from_fn_with_state(agent.clone(), answers::environment));
    let listening = hub.listen(agent.clone(), stopped.clone());
    let mut tasks = vec![tokio::spawn(listening)];
    let crowd = Arc::default();
    for listener in loopback.listeners {
        let (app, crowd) = (app.clone(), Arc::clone(&crowd));
        tasks.push(tokio::spawn(connections::serve(listener, None, app, crowd, stopped.clone())));
    }
    let mut network_port = None;
    if let Some(Network { listener, tls, names, panel }) = network {
        let port = listener.local_addr()?.port();
        let guard = Arc::new(Guard::network(port, &names, tokens, origins, Arc::clone(&entrance)));
        let beside = match panel {
            Some(_) => entrance::routes(entrance, Arc::clone(&guard), agent.clone()),
            None => Router::new().fallback(api::no_route),
        };
        let app = beside
            .route("/v1/", any(api::no_route))
            .nest("/v1", routes(agent.clone(), Arc::clone(&guard), shared))
            .layer(middleware::from_fn_with_state(guard, guard::near))
            .layer(middleware::from_fn_with_state(agent, answers::environment));
        tasks.push(tokio::spawn(connections::serve(listener, Some(tls), app, Arc::default(), stopped)));
        network_port = Some(port);
    }
    Ok(Server { port, network_port, stop, tasks, window })
}

/// What routes share beside the engine.
#[derive(Clone)]
struct Shared {
    printers: Arc<dyn Printers>,
    data_folder: Arc<dyn DataFolder>,
    tokens: Arc<Tokens>,
    hub: Arc<Hub>,
    folder: Option<Arc<Standing>>,
    webhooks: Arc<Webhooks>,
    entrance: Arc<Entrance>,
    notices: Notices,
    window: Arc<Window>,
    practice: practice::Beside,
}

fn routes(agent: Agent, guard: Arc<Guard>, shared: Shared) -> Router {
    Router::new()
        .route("/documents", get(api::list).post(api::issue))
        .route("/documents/preview", post(api::preview))
        .route("/documents/found", get(finding::count))
        .route("/documents/export/{form}", get(finding::export))
        .route("/documents/{id}", get(api::detail))
        .route("/documents/{id}/sale", get(mending::sale))
        .route("/documents/{id}/xml", get(api::xml))
        .route("/documents/{id}/envelope", get(api::envelope))
        .route("/documents/{id}/pdf", get(paper::pdf))
        .route("/documents/{id}/ticket", get(paper::ticket))
        .route("/documents/{id}/escpos", get(paper::ticket))
        .route("/documents/{id}/picture", get(paper::picture))
        .route("/documents/{id}/print", post(paper::print))
        .route("/documents/{id}/paper", post(paper::settle))
        .route("/printer/test", post(paper::test))
        .route("/printers", get(printers::list))
        .route("/printers/found", get(printers::found))
        .route("/printers/{name}", put(printers::put).delete(printers::remove))
        .route("/logo", put(printers::set_logo).delete(printers::remove_logo))
        .route("/settings", get(data_folder::settings).put(data_folder::set))
        .route("/place", get(data_folder::place))
        .route("/check", get(data_folder::check).post(data_folder::begin_check))
        .route("/documents/{id}/history", get(api::history))
        .route("/documents/{id}/resend", post(api::resend_one))
        .route("/documents/{id}/reissue", post(mending::reissue))
        .route("/documents/{id}/found-accepted", post(mending::found_accepted))
        .route("/documents/{id}/number-annulled", post(mending::number_annulled))
        .route("/documents/{id}/verdict", post(mending::note_verdict))
        .route("/documents/{id}/results-mail", post(services::results_mail))
        .route("/documents/{id}/claims", get(services::claims))
        .route("/claims", get(services::claims_of).post(services::claim))
        .route("/resend", post(api::resend))
        .route("/sending", post(api::sending))
        .route("/stats", get(api::stats))
        .route("/stats/snapshot", get(api::snapshot))
        .route("/stats/today", get(finding::today))
        .route("/folios", get(api::folios).post(setup::load_grant))
        .route("/folios/stop", post(mending::stop_range))
        .route("/folios/resume", post(mending::resume_range))
        .route("/folios/annulled", post(mending::range_annulled))
        .route("/folios/skipped-annulled", post(mending::skipped_annulled))
        .route("/issuing/lock", get(setup::lock))
        .route("/issuing/unlock", post(setup::unlock))
        .route("/clock", get(setup::clock))
        .route("/clock/accept", post(setup::accept_clock))
        .route("/company", get(setup::company).put(setup::set_company))
        .route("/diagnosis", post(api::diagnose))
        .route("/certificate", get(setup::certificate).post(setup::load_certificate))
        .route("/panel", get(entrance::standing))
        .route("/panel/password", put(entrance::set_password).delete(entrance::remove_password))
        .route("/tokens", get(doors::list).post(doors::make))
        .route("/tokens/{name}", delete(doors::revoke))
        .route("/webhooks", get(webhooks::list))
        .route("/webhooks/{name}", put(webhooks::put).delete(webhooks::remove))
        .route("/webhooks/{name}/test", post(webhooks::test))
        .route("/webhooks/{name}/redeliver", post(webhooks::redeliver))
        .route("/metrics", get(metrics::metrics))
        .route("/folder", get(doors::folder))
        .route("/vouchers", get(vouchers::list).post(vouchers::record))
        .route("/vouchers/terms", get(vouchers::terms).put(vouchers::set_terms))
        .route("/vouchers/undo", post(vouchers::undo))
        .route("/vouchers/export", get(vouchers::export))
        .route("/acts", get(vouchers::acts))
        .route("/events", get(events::events))
        .route("/health", get(api::health))
        .route("/window", post(window::show))
        .route("/practice", post(practice::open))
        .route("/batch/check", post(mending::check_batch))
        .route("/batch/example", get(mending::example))
        .route("/staff", get(staff::list))
        .route("/staff/permit", post(staff::permit))
        .route("/staff/{name}", put(staff::put).delete(staff::remove))
        .route_layer(middleware::from_fn_with_state(agent.clone(), staff::gate))
        .route_layer(middleware::from_fn(parameters::known))
        .layer(DefaultBodyLimit::disable()) // `bodies` has its own
        .layer(Extension(shared.notices))
        .layer(Extension(shared.printers))
        .layer(Extension(shared.data_folder))
        .layer(Extension(shared.tokens))
        .layer(Extension(shared.hub))
        .layer(Extension(shared.folder))
        .layer(Extension(shared.webhooks))
        .layer(Extension(shared.entrance))
        .layer(Extension(shared.window))
        .layer(Extension(shared.practice))
        .layer(middleware::from_fn(bodies::whole))
        .layer(middleware::from_fn_with_state((Arc::clone(&guard), agent.clone()), guard::known))
        .route("/openapi.json", get(openapi::openapi)) // for whoever asks: nothing of a shop is in it
        .fallback(api::no_route)
        .method_not_allowed_fallback(api::no_method)
        .layer(middleware::from_fn(answers::in_spanish))
        .with_state(agent)
}
