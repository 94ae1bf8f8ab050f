//! `timbre caf`: loads the folios that the SII authorised, as its files come, and tells what is left.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::through;
use crate::door::Need;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::values::{self, Share};
use crate::words::{Lean, table, thousands};

#[derive(clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Carga archivos CAF, tal como los entrega el SII
    Add(Add),
    /// Muestra los folios que quedan
    List,
}

#[derive(clap::Args)]
struct Add {
    /// Archivos CAF
    #[arg(value_name = "ARCHIVO", required = true)]
    files: Vec<PathBuf>,

    /// La parte de esta caja cuando varias comparten el rango: 1/3 es la primera de tres
    #[arg(long, value_name = "n/m", value_parser = Share::parse)]
    share: Option<Share>,

    /// Último folio del rango que ya se usó en otro sistema
    #[arg(long, value_name = "FOLIO", value_parser = values::number::<u64>)]
    used_up_to: Option<u64>,
}

pub async fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    match args.what {
        What::Add(add) => load(add, data, out).await,
        What::List => list(data, out).await,
    }
}

async fn load(add: Add, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    if add.used_up_to.is_some() && add.files.len() > 1 {
        return Err(Failure::usage("--used-up-to vale para un solo archivo."));
    }
    // A name written wrong is said before anything is loaded.
    let read = |path: &PathBuf| std::fs::read(path).map_err(|e| Failure::unreadable(path, &e));
    let files = add.files.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    through(data, Need::Setup, async |api| {
        let mut exit = Exit::Done;
        for (path, file) in add.files.iter().zip(files) {
            match api.load_folios(file, add.share, add.used_up_to).await {
                Ok(range) if out.json => out.object(&range)?,
                Ok(range) => out.line(loaded(path, &range))?,
                Err(failure) if failure.exit() == Exit::Refused => {
                    exit = Exit::Refused;
                    if out.json {
                        out.object(&failure.json())?
                    } else {
                        out.note(format!("timbre: {}: {failure}", path.display()))
                    }
                }
                Err(other) => return Err(other),
            }
        }
        Ok(exit)
    })
    .await
}

async fn list(data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    through(data, Need::Store, async |api| {
        let folios = api.folios().await?;
        if out.json {
            folios.iter().try_for_each(|view| out.object(view))?;
        } else if folios.is_empty() {
            out.note("No hay folios cargados: cargue un CAF con «timbre caf add ARCHIVO».");
        } else {
            columns(&folios).iter().try_for_each(|line| out.line(line))?;
        }
        Ok(Exit::Done)
    })
    .await
}

fn number(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_u64).map(thousands)
}

fn word<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn loaded(path: &Path, range: &Value) -> String {
    let part = |name| number(range, name).unwrap_or_else(|| "?".to_owned());
    let kind = match (word(range, "name"), word(range, "series")) {
        ("", "") => String::new(),
        (name, series) => format!(" {name} {series}").trim_end().to_owned(),
    };
    format!(
        "{}:{kind} folios {} a {}, quedan {}; el próximo es {}",
        path.display(),
        part("first"),
        part("last"),
        part("left"),
        part("next")
    )
}

fn columns(folios: &[Value]) -> Vec<String> {
    let heads = [
        ("TIPO", Lean::Left),
        ("DESDE", Lean::Right),
        ("HASTA", Lean::Right),
        ("PRÓXIMO", Lean::Right),
        ("QUEDAN", Lean::Right),
        ("AUTORIZADO", Lean::Left),
        ("VENCE", Lean::Left),
        ("NOTA", Lean::Left),
    ];
    let mut cells = Vec::new();
    for view in folios {
        for range in view.get("ranges").and_then(Value::as_array).into_iter().flatten() {
            let figure = |name| number(range, name).unwrap_or_default();
            let expired = range.get("expired").and_then(Value::as_bool).unwrap_or(false);
            cells.push(vec![
                format!("{} {}", word(view, "series"), word(view, "name")),
                figure("first"),
                figure("last"),
                figure("next"),
                figure("left"),
                word(range, "authorised").to_owned(),
                word(range, "expires").to_owned(),
                if expired { "vencido".to_owned() } else { word(range, "stopped").to_owned() },
            ]);
        }
    }
    table(&heads, &cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_columns() {
        let folios: Vec<Value> = serde_json::from_str(
            r#"[{"series":"39","name":"Boleta","left":99998,"next":3,"ranges":[{"first":1,"last":100000,"next":3,
            "left":99998,"authorised":"2026-11-01","expires":null,"expired":false,"stopped":null}]}]"#,
        )
        .unwrap();
        assert_eq!(
            columns(&folios),
            [
                "TIPO       DESDE    HASTA  PRÓXIMO  QUEDAN  AUTORIZADO  VENCE  NOTA",
                "39 Boleta      1  100.000        3  99.998  2026-11-01",
            ]
        );
        assert_eq!(
            loaded(Path::new("F39.xml"), &folios[0]["ranges"][0]),
            "F39.xml: folios 1 a 100.000, quedan 99.998; el próximo es 3"
        );
    }
}
