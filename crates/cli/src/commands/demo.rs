//! `timbre demo`: a shop's day against the simulated SII, end to end, and the proof that nothing was
//! lost and nothing went twice. Only on a training folder.

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use sii_sim::{Scenario, Sim};
use timbre_core::Timestamp;

use super::{simulator, until_stopped};
use crate::api::Api;
use crate::demo::audit::{self, Audit};
use crate::demo::callers;
use crate::demo::summary::Summary;
use crate::demo::verdicts::{self, Patience};
use crate::door;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::values;
use crate::words::thousands;

#[derive(clap::Args)]
pub struct Args {
    /// Cuántos documentos emite; 0 solo prepara la tienda; si falta, los que diga el escenario
    #[arg(long, value_name = "N", value_parser = values::number::<u64>)]
    documents: Option<u64>,

    /// Cuánto tarda el SII simulado en cada respuesta: 2s, 500ms; si falta, nada
    #[arg(long, value_name = "DURACIÓN", value_parser = values::duration, default_value = "0s")]
    latency: Duration,

    /// El tiempo que hará: calm, slow, outage, lost-replies, html-errors, token-expiry, rejections, stuck, wholesale, black-friday
    #[arg(long, value_name = "NOMBRE", value_parser = simulator::scenario, default_value = "calm")]
    scenario: String,

    /// Al terminar sigue en marcha, para mirar el panel, hasta Ctrl-C
    #[arg(long)]
    serve: bool,
}

pub async fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    let scenario = Scenario::named(&args.scenario);
    let documents = args.documents.or(scenario.map(|s| s.documents)).unwrap_or(0);
    let demo = door::demo(data, args.latency, &args.scenario).await?;
    let api = Api::new(demo.door)?;
    let day =
        Day { api: &api, sim: &demo.sim, documents, latency: args.latency, scenario: &args.scenario, out };
    let done = tokio::select! {
        done = day.whole(&demo.data, args.serve) => done,
        stopped = until_stopped() => stopped.and(Err(Failure::refused(
            "interrupted",
            "Demostración interrumpida. Lo emitido está a salvo en su carpeta.",
        ))),
    };
    let done = match done {
        Ok(exit) if args.serve => {
            if !out.json {
                out.line(format!("Sigue en marcha: {}", api.door().address().await.panel()))?;
                out.line("Ctrl-C para detenerla.")?;
            }
            until_stopped().await.map(|()| exit)
        }
        other => other,
    };
    api.close().await;
    done
}

/// How long the line stays dead after the last sale of an outage.
const DEAD_AFTER: Duration = Duration::from_secs(5);

struct Day<'a> {
    api: &'a Api,
    sim: &'a Sim,
    documents: u64,
    latency: Duration,
    scenario: &'a str,
    out: Out,
}

impl Day<'_> {
    async fn whole(&self, data: &Path, serve: bool) -> Result<Exit, Failure> {
        self.welcome(data, serve).await?;
        let open = verdicts::open(&self.api.snapshot().await?);
        let before = audit::known(self.api).await?;
        let begun = Instant::now();
        let issued = self.issue().await?;
        let last = Instant::now();
        let ids: HashSet<String> = issued.iter().map(|one| one.id.clone()).collect();
        let rows = match ids.is_empty() {
            true => Default::default(),
            false => verdicts::wait(self.api, &ids, open, Patience::with(self.latency), self.out).await?,
        };
        let (drain, elapsed) = (last.elapsed(), begun.elapsed());
        let audit =
            audit::audit(self.api, &issued, &rows, &self.sim.ledger_at(Timestamp::now()), &before).await?;
        let summary = Summary::new(&issued, &rows, &audit, drain, elapsed);
        self.tell(&summary, &audit)?;
        let sound = summary.is_sound() && audit.disputed.is_empty();
        Ok(if sound { Exit::Done } else { Exit::Refused })
    }

    async fn welcome(&self, data: &Path, serve: bool) -> Result<(), Failure> {
        let address = self.api.door().address().await;
        if self.out.json {
            return self.out.object(&json!({
                "panel": address.panel(), "data": data.to_string_lossy(), "scenario": self.scenario, "documents": self.documents,
                "environment": "training", "waits_shortened": true,
            }));
        }
        self.out.line(format!("Panel: {}", address.panel()))?;
        self.out.line(format!("Tienda de ENTRENAMIENTO, sin valor tributario, en {}", data.display()))?;
        self.out.line("La demostración acorta las esperas del SII: los diez minutos se vuelven segundos.")?;
        if self.documents == 0 {
            return self.out.line("La tienda está lista; no se emite nada.");
        }
        if serve {
            self.out.line("Al terminar sigue en marcha, hasta Ctrl-C.")?;
        }
        self.out.line(format!("Emite {} documentos, escenario {}.", thousands(self.documents), self.scenario))
    }

    async fn issue(&self) -> Result<Vec<callers::Issued>, Failure> {
        let run = format!("demo-{}", Timestamp::now().as_millisecond());
        let all = thousands(self.documents);
        let outage = self.scenario == "outage" && self.documents > 0;
        if outage {
            // The day's sales are made with the line dead; then the scenario has it back.
            self.sim.set_outage(true);
            self.say("El SII no responde: la caja sigue vendiendo.")?;
        }
        let told = |n| self.out.progress(&format!("Emitidos {} de {all}", thousands(n)));
        let issued = callers::issue(self.api, &run, self.documents, told).await;
        self.out.progress("");
        if outage {
            tokio::time::sleep(DEAD_AFTER).await;
            self.sim.set_outage(false);
            self.say("El SII vuelve: sale lo que esperaba.")?;
        }
        issued
    }

    fn say(&self, text: &str) -> Result<(), Failure> {
        if self.out.json { Ok(()) } else { self.out.line(text) }
    }

    fn tell(&self, summary: &Summary, audit: &Audit) -> Result<(), Failure> {
        for (what, ids) in [
            ("Perdidos", &audit.lost),
            ("Duplicados", &audit.duplicated),
            ("Con un veredicto que no es el del SII", &audit.disputed),
        ] {
            if !ids.is_empty() {
                let some: Vec<_> = ids.iter().take(20).map(String::as_str).collect();
                self.out.note(format!("{what} ({}): {}", ids.len(), some.join(", ")));
            }
        }
        if self.out.json {
            return self.out.object(summary);
        }
        if self.documents > 0 {
            summary.lines().iter().try_for_each(|line| self.out.line(line))?;
        }
        Ok(())
    }
}
