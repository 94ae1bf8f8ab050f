//! `timbre simulator`: the simulated SII by itself, for whoever tests against it.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::json;
use sii_sim::{Config, Host, Rules, Scenario, Sim};

use super::until_stopped;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::values;

#[derive(clap::Args)]
pub struct Args {
    /// Primero de los cuatro puertos seguidos que usa; si falta, cuatro libres
    #[arg(long, value_name = "PUERTO", value_parser = values::number::<u16>)]
    port: Option<u16>,

    /// El tiempo que hará: calm, slow, outage, lost-replies, html-errors, token-expiry, rejections, stuck, wholesale, black-friday
    #[arg(long, value_name = "NOMBRE", value_parser = scenario, default_value = "calm")]
    scenario: String,

    /// Cuánto tarda cada respuesta; si falta, nada
    #[arg(long, value_name = "DURACIÓN", value_parser = values::duration, default_value = "0s")]
    latency: Duration,

    /// Semilla del azar: la misma da las mismas fallas
    #[arg(long, value_name = "N", value_parser = values::number::<u64>, default_value = "1")]
    seed: u64,

    /// Cuánto dura cada uno de los cinco pasos del SII, de REC a EPR
    #[arg(long, value_name = "DURACIÓN", value_parser = values::duration, default_value = "1s")]
    processing: Duration,

    /// Carpeta donde guarda lo que recibe, para seguir con ello si se reinicia; si falta, lo olvida todo
    #[arg(long, value_name = "CARPETA")]
    folder: Option<PathBuf>,

    /// Acepta solo lo que dicen los manuales del SII, y no todo lo que se ha visto pasar
    #[arg(long)]
    official_only: bool,

    /// Acepta un EnvioBOLETA en DTEUpload, como en la certificación de boletas
    #[arg(long)]
    certification: bool,
}

/// A scenario's name, known to the simulator.
pub fn scenario(name: &str) -> Result<String, String> {
    if Scenario::names().any(|known| known == name) {
        return Ok(name.to_owned());
    }
    let names: Vec<_> = Scenario::names().collect();
    Err(format!("no hay un escenario «{name}»; puede ser {}", names.join(", ")))
}

pub async fn run(args: Args, out: Out) -> Result<Exit, Failure> {
    let scenario = Scenario::named(&args.scenario)
        .ok_or_else(|| Failure::usage(format!("No hay un escenario «{}».", args.scenario)))?;
    let config = Config {
        latency: args.latency,
        processing: args.processing,
        scenario,
        seed: args.seed,
        rules: Rules {
            official_only: args.official_only,
            boletas_by_dte_upload: args.certification,
            ..Rules::default()
        },
        ..Config::default()
    };
    let sim = match &args.folder {
        None => Sim::new(config),
        Some(folder) => Sim::open(config, folder).map_err(|e| {
            Failure::unreachable(format!("No se puede usar la carpeta {} ({e}).", folder.display()))
        })?,
    };
    let running = sii_sim::serve(sim, args.port).await.map_err(|e| {
        Failure::unreachable(format!("No se pudieron tomar cuatro puertos seguidos para el simulador ({e})."))
    })?;
    let hosts = [Host::Dte, Host::BoletaQuery, Host::BoletaUpload].map(|host| running.base_of(host));
    let told = tell(&args.scenario, &hosts, &running.control, out);
    let stopped = match told {
        Ok(()) => until_stopped().await,
        Err(gone) => Err(gone),
    };
    running.stop().await;
    stopped.map(|()| Exit::Done)
}

fn tell(name: &str, hosts: &[String; 3], control: &str, out: Out) -> Result<(), Failure> {
    let [dte, query, upload] = hosts;
    if out.json {
        return out.object(&json!({
            "scenario": name, "dte": dte, "boleta_query": query, "boleta_upload": upload, "control": control,
        }));
    }
    out.line(format!("SII simulado, escenario {name}"))?;
    out.line(format!("DTE (maullin)               {dte}"))?;
    out.line(format!("Boleta: consulta (apicert)  {query}"))?;
    out.line(format!("Boleta: envío (pangal)      {upload}"))?;
    out.line(format!("Libro y control             {control}/_sim/ledger"))?;
    out.line("Ctrl-C para detenerlo.")
}
