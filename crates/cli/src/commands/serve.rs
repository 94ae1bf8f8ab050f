//! `timbre serve`: the agent without a window, until it is told to stop.

use std::io::IsTerminal;
use std::path::Path;

use serde_json::json;

use super::until_stopped;
use crate::door::{self, Address};
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::values;

#[derive(clap::Args)]
pub struct Args {
    /// Puerto de la API y del panel; si falta, 4578 u otro libre
    #[arg(long, value_name = "PUERTO", value_parser = values::number::<u16>)]
    port: Option<u16>,
}

pub async fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    let engine = door::serve(data, args.port).await?;
    let told = tell(&engine.address, &door::folder(data), out);
    let stopped = match told {
        Ok(()) => until_stopped().await,
        Err(gone) => Err(gone),
    };
    engine.stop().await;
    stopped.map(|()| Exit::Done)
}

fn tell(address: &Address, data: &Path, out: Out) -> Result<(), Failure> {
    if out.json {
        return out.object(&json!({ "address": address.base, "data": data.to_string_lossy() }));
    }
    out.line(format!("Timbre en marcha en {}", address.base))?;
    out.line(format!("Datos: {}", data.display()))?;
    // The owner's token is for the person who looks on, not for a service's log.
    if std::io::stdout().is_terminal() {
        out.line(format!("Panel: {}", address.panel()))?;
        out.line("Ctrl-C para detenerlo.")?;
    }
    Ok(())
}
