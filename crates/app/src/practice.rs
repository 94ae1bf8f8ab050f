//! Practising without the authority: a demo shop in a folder beside the shop's own, by an agent beside its own.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use std::sync::Arc;

use timbre_agent::Answer;
use timbre_agent::view::{PracticeView, ProblemView};
use timbre_pos::Practice;
use tokio::sync::Mutex;

use crate::folder::{find_able, practice_dir};
use crate::start::start;
use crate::{DemoOptions, Left, Options, Running, StartError};

/// The practice shop of a folder: opened when it is first asked for, open until the shop's own agent stops.
pub(crate) struct Beside {
    options: Options,
    dir: PathBuf,
    open: Mutex<Option<Running>>,
}

impl Beside {
    pub fn new(shop: &Path, shops: &Options) -> Arc<Beside> {
        let dir = practice_dir(shop);
        let options = Options {
            data: Some(dir.clone()),
            sender: true,
            // Any free port: a till that knows the shop's must not sell here.
            port: Some(0),
            demo: Some(DemoOptions::practice()),
            custody: shops.custody.clone(),
            state: shops.state.clone(),
            ..Options::default()
        };
        Arc::new(Beside { options, dir, open: Mutex::default() })
    }

    /// Where its panel is. Another program may have it open already.
    async fn panel(&self) -> Result<String, StartError> {
        let mut open = self.open.lock().await;
        if let Some(running) = &*open {
            return Ok(running.address.panel());
        }
        let dir = self.dir.clone();
        let found = tokio::task::spawn_blocking(move || find_able(&dir, |agent| agent.sender)).await;
        if let Some(address) = found.map_err(|error| StartError::Network(error.to_string()))?? {
            return Ok(address.panel());
        }
        Ok(open.insert(Box::pin(start(self.options.clone())).await?).address.panel())
    }

    pub async fn stop(&self) {
        if let Some(running) = self.open.lock().await.take() {
            stopped(running).await;
        }
    }
}

/// Boxed, as an agent that stops waits for one that stops.
fn stopped(running: Running) -> Pin<Box<dyn Future<Output = Left> + Send>> {
    Box::pin(running.stop())
}

impl Practice for Beside {
    fn open(&self) -> Pin<Box<dyn Future<Output = Answer<PracticeView>> + Send + '_>> {
        Box::pin(async {
            let panel = self.panel().await.map_err(|error| {
                ProblemView::internal(format!("La tienda de práctica no se pudo abrir: {error}"))
            })?;
            Ok(PracticeView { panel })
        })
    }
}
