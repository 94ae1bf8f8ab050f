//! The built-in simulator of a training folder, and its seed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sii_sim::{Running, Scenario, Sim};

use crate::{DemoOptions, StartError};

/// The simulator keeps what it holds in the folder that trains with it: a document whose verdict is awaited
/// finds it there after a restart, under the same track id.
pub(crate) async fn start(demo: Option<&DemoOptions>, folder: &Path) -> Result<Running, StartError> {
    let mut config = sii_sim::Config {
        processing: Duration::from_millis(100),
        keep_sent: std::env::var_os("TIMBRE_KEEP_SENT").map(PathBuf::from),
        seed: seed()?,
        ..Default::default()
    };
    tracing::info!(
        seed = config.seed,
        "the built-in simulator draws from this seed (TIMBRE_SIM_SEED repeats it)"
    );
    if let Some(demo) = demo {
        config.latency = demo.latency;
        config.scenario = Scenario::named(&demo.scenario).ok_or_else(|| {
            StartError::Scenario(demo.scenario.clone(), Scenario::names().collect::<Vec<_>>().join(", "))
        })?;
    }
    let kept = folder.join("simulador");
    let opening = {
        let kept = kept.clone();
        tokio::task::spawn_blocking(move || Sim::open(config, &kept)).await
    };
    let sim = opening.map_err(|e| StartError::Network(e.to_string()))?;
    let sim = sim.map_err(|e| StartError::Folder(kept, e))?;
    sii_sim::serve(sim, None).await.map_err(|e| StartError::Port(0, e))
}

/// Fresh for each run, unless somebody wants a run again.
fn seed() -> Result<u64, StartError> {
    if let Some(seed) = std::env::var("TIMBRE_SIM_SEED").ok().and_then(|text| text.parse().ok()) {
        return Ok(seed);
    }
    let mut bytes = [0u8; 8];
    openssl::rand::rand_bytes(&mut bytes).map_err(|e| StartError::Network(e.to_string()))?;
    Ok(u64::from_le_bytes(bytes))
}
