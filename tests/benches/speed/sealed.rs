//! Issuing in a folder that writes sealed, beside one that writes in clear: in turns, on the same disk.

use std::path::Path;
use std::time::Duration;

use timbre_app::sealing::{self, Asker};
use timbre_app::vault::{Custody, Kind, RecoveryKey};
use timbre_app::{Options, Running};
use tokio::runtime::Runtime;

use crate::table::{Figure, ms, ratio};
use crate::yardstick::median;
use crate::{Done, issuing, shop};

const WARM_UP: usize = 200;
const ROUNDS: usize = 1000;

pub fn measure(runtime: &Runtime, folder: &Path) -> Done<Vec<Figure>> {
    runtime.block_on(async {
        let sealed = sealed_shop(&folder.join("sealed")).await?;
        let clear = shop::open(&folder.join("clear"), false, Duration::ZERO).await?;
        // As a till's door does it: a task of the runtime, not the thread that waits for the runtime.
        let agents = [clear.agent.clone(), sealed.agent.clone()];
        let seen = tokio::spawn(async move {
            let mut seen = [Vec::new(), Vec::new()];
            for agent in &agents {
                issuing::issue(agent, WARM_UP).await.map_err(|e| e.to_string())?;
            }
            for _ in 0..ROUNDS {
                for (agent, seen) in agents.iter().zip(&mut seen) {
                    seen.extend(issuing::issue(agent, 1).await.map_err(|e| e.to_string())?);
                }
            }
            Ok::<_, String>(seen)
        });
        let [clear_times, sealed_times] = seen.await??;
        clear.stop().await;
        sealed.stop().await;
        let (plain, under_seal) = (median(&clear_times), median(&sealed_times));
        let beside = format!("{}: in clear", ms(plain));
        Ok(vec![Figure::time("one issue, sealed, p50", under_seal).beside(beside, ratio(under_seal, plain))])
    })
}

async fn sealed_shop(folder: &Path) -> Done<Running> {
    shop::open(folder, false, Duration::ZERO).await?.stop().await;
    let at = Options {
        data: Some(folder.to_owned()),
        custody: Some(Custody::forced(Kind::KeyFile)),
        state: Some(folder.join("state")),
        ..Options::default()
    };
    let sealing = tokio::task::spawn_blocking(move || {
        let recovery = RecoveryKey::fresh()?;
        sealing::seal(&at, &Asker { name: "bench".to_owned(), pin: None }, &recovery)
    });
    sealing.await??;
    shop::open(folder, false, Duration::ZERO).await
}
