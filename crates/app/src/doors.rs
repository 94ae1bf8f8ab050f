//! The doors of a folder, opened as its settings say: API, drop folder, webhooks. What can't be opened beside
//! the API stops no sale: it is said, for as long as it is so.

use std::io;
use std::path::Path;
use std::sync::Arc;

use timbre_agent::carrier::Courier;
use timbre_agent::clock::SystemClock;
use timbre_agent::{Agent, DataFolder, Printers};
use timbre_pos::{
    Doors, Folder, Loopback, Network, Practice, Safe, Server, Standing, TROUBLE, Tokens, Webhooks,
};
use timbre_store::whole;

use crate::StartError;
use crate::config::Config;
use crate::password::PanelPassword;
use crate::practice::Beside;

/// The doors of a running agent.
pub(crate) struct Open {
    pub server: Server,
    folder: Option<Folder>,
    pub webhooks: Arc<Webhooks>,
    pub tokens: Arc<Tokens>,
}

/// Who answers what comes in.
type Behind<'a> = (&'a Agent, &'a Arc<dyn Printers>, &'a Arc<dyn DataFolder>, Arc<dyn Safe>);

impl Open {
    /// `stays`: an agent that works the queue. Another one is gone in a moment.
    pub async fn open(
        (agent, printers, data_folder, safe): Behind<'_>,
        loopback: Loopback,
        owner: String,
        (dir, config): (&Path, &Config),
        stays: bool,
        practice: Option<Arc<Beside>>,
        mut notices: Vec<String>,
    ) -> Result<Open, StartError> {
        let failed = |e| StartError::Folder(dir.to_owned(), e);
        let tokens = read(agent, dir, "tokens.json", || Tokens::open(dir), TOKENS).map_err(failed)?;
        let tell = || {
            let courier = Courier::new().map_err(io::Error::other)?;
            Webhooks::start(agent.clone(), dir, courier, Arc::clone(&safe), stays)
        };
        let tokens = Arc::new(tokens);
        let webhooks = read(agent, dir, "webhooks.json", tell, WEBHOOKS).map_err(failed)?;
        let wanted = stays && config.folder.enabled.unwrap_or(true);
        let folder = wanted.then(|| Folder::start(agent.clone(), dir, config.folder.settings()));
        let (folder, standing) = match folder {
            None => (None, None),
            Some(Ok(folder)) => {
                let standing = folder.standing();
                (Some(folder), Some(standing))
            }
            Some(Err(error)) => {
                tracing::error!(%error, "the drop folder can't be used");
                let why = format!(
                    "La carpeta de entrada no se puede usar: {error}. Al corregirlo, reinicie Timbre."
                );
                agent.set_trouble(TROUBLE, Some(why.clone()));
                (None, Some(Standing::in_trouble(why)))
            }
        };
        let mut network = None;
        if let Some(settings) = config.network.settings(dir).filter(|_| stays) {
            match Network::open(&settings).await {
                Ok(open) => {
                    let (whom, serve) = match settings.panel {
                        Some(_) => ("La API y el panel", "atienden"),
                        None => ("La API", "atiende"),
                    };
                    let what = format!("Abrir a la red en {}: {whom}", settings.listen);
                    tracing::warn!(listen = %settings.listen, "the API is open to the network");
                    if let Err(error) = agent.note_act("timbre.toml", &what).await {
                        tracing::error!(%error, "that the API is open to the network can't be written");
                    }
                    notices.push(format!(
                        "{whom} {serve} a la red en {}: lo pide timbre.toml.",
                        settings.listen
                    ));
                    network = Some(open);
                }
                Err(error) => {
                    tracing::error!(%error, "the API can't be opened to the network");
                    let why = format!("La API no se pudo abrir a la red: {error}.");
                    agent.set_trouble("network", Some(why));
                }
            }
        }
        let port = loopback.port();
        let doors = Doors {
            agent: agent.clone(),
            printers: Arc::clone(printers),
            data_folder: Arc::clone(data_folder),
            owner,
            tokens: Arc::clone(&tokens),
            origins: config.api.origins.clone(),
            folder: standing,
            webhooks: Arc::clone(&webhooks),
            password: Arc::new(PanelPassword::open(dir, Arc::new(SystemClock))),
            practice: practice.map(|beside| beside as Arc<dyn Practice>),
            notices,
        };
        let server = timbre_pos::serve(doors, loopback, network).map_err(|e| StartError::Port(port, e))?;
        Ok(Open { server, folder, webhooks, tokens })
    }

    /// How the drop folder stands, where there is one.
    pub fn drop_folder(&self) -> Option<Arc<Standing>> {
        self.folder.as_ref().map(Folder::standing)
    }

    pub async fn stop(self) {
        self.server.stop().await;
        if let Some(folder) = self.folder {
            folder.stop().await;
        }
        self.webhooks.stop().await;
    }
}

const TOKENS: &str = "El archivo de tokens estaba dañado: los de las cajas ya no sirven y hay que crearlos de nuevo. Quedó \
                      como tokens.json.damaged.";
const WEBHOOKS: &str = "El archivo de los avisos estaba dañado: no se avisa a nadie hasta que se configuren de nuevo. Quedó como \
                        webhooks.json.damaged.";

/// A file of the folder. One that can't be understood is put aside, and it is said until there is one again, whichever
/// program found it so.
fn read<T>(
    agent: &Agent,
    dir: &Path,
    name: &'static str,
    open: impl Fn() -> io::Result<T>,
    words: &str,
) -> io::Result<T> {
    let (file, aside) = (dir.join(name), dir.join(format!("{name}.damaged")));
    let opened = match open() {
        Err(error) if error.kind() == io::ErrorKind::InvalidData || is_json(&error) => {
            tracing::error!(%error, name, "a file was damaged and is put aside");
            whole::rename(&file, &aside)?;
            open()
        }
        opened => opened,
    }?;
    if aside.exists() && !file.exists() {
        agent.set_trouble(name, Some(words.to_owned()));
    }
    Ok(opened)
}

/// It ends too early, or is none.
fn is_json(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<serde_json::Error>())
        || error.kind() == io::ErrorKind::UnexpectedEof
}
