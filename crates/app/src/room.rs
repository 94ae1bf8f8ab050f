//! Looks how full the folder's disk is, now and then: what that means is the engine's to say.

use std::path::PathBuf;
use std::time::Duration;

use timbre_agent::Agent;
use timbre_agent::room::Disk;
use tokio::task::JoinHandle;

use crate::data_folder::held;

/// Between two looks.
const PACE: Duration = Duration::from_secs(60);

/// Looks until it is aborted. A disk that can't be asked says nothing: what can't be written is told by the writer.
pub(crate) fn watch(agent: Agent, folder: PathBuf) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut pace = tokio::time::interval(PACE);
        loop {
            pace.tick().await;
            let folder = folder.clone();
            let look = move || {
                let free = fs2::available_space(&folder)?;
                Ok::<_, std::io::Error>(Disk { free, journal: held(&folder.join("journal"))? })
            };
            match tokio::task::spawn_blocking(look).await {
                Ok(Ok(disk)) => agent.set_disk(disk),
                Ok(Err(error)) => tracing::warn!(%error, "the disk can't be asked how full it is"),
                Err(error) => tracing::error!(%error, "the look at the disk ended badly"),
            }
        }
    })
}
