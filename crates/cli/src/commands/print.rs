//! `timbre print`: a document on paper, or as a file that becomes paper.

use std::path::{Path, PathBuf};

use timbre_core::DocumentId;

use super::through;
use crate::door::Need;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::values;

#[derive(clap::Args)]
pub struct Args {
    /// El documento, como T39F1234
    #[arg(value_name = "ID", value_parser = values::id, required_unless_present = "test")]
    id: Option<DocumentId>,

    /// Guarda la hoja carta en este archivo («-»: la salida), sin imprimir
    #[arg(long, value_name = "ARCHIVO", conflicts_with_all = ["escpos", "svg", "test"])]
    pdf: Option<PathBuf>,

    /// Guarda los bytes para una impresora térmica en este archivo («-»: la salida), sin imprimir
    #[arg(long, value_name = "ARCHIVO", conflicts_with_all = ["svg", "test"])]
    escpos: Option<PathBuf>,

    /// Guarda la imagen del ticket (SVG) en este archivo («-»: la salida), sin imprimir
    #[arg(long, value_name = "ARCHIVO", conflicts_with = "test")]
    svg: Option<PathBuf>,

    /// El ancho del papel del ticket: 80mm o 58mm (este, solo para boletas)
    #[arg(long, value_name = "ANCHO", value_parser = ["80mm", "58mm"], default_value = "80mm", requires = "escpos",
        conflicts_with_all = ["pdf", "svg", "test"])]
    paper: String,

    /// La copia cedible
    #[arg(long, conflicts_with = "test")]
    cedible: bool,

    /// Qué copias: original, cedible o ambas
    #[arg(long, value_name = "CUÁLES", value_parser = ["original", "cedible", "ambas"], conflicts_with_all = ["test", "cedible"])]
    copies: Option<String>,

    /// En qué impresora, por su nombre; si falta, la de su tipo de documento
    #[arg(long, value_name = "NOMBRE", conflicts_with_all = ["pdf", "escpos", "svg"])]
    printer: Option<String>,

    /// Imprime una página de prueba
    #[arg(long, conflicts_with = "id")]
    test: bool,
}

pub async fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    let copy = match &args.copies {
        Some(which) => which.as_str(),
        None if args.cedible => "cedible",
        None => "original",
    };
    let drawings = [("pdf", &args.pdf), ("ticket", &args.escpos), ("picture", &args.svg)];
    let wanted = drawings.into_iter().find_map(|(what, file)| Some((what, file.clone()?)));
    if let (Some((what, file)), Some(id)) = (wanted, &args.id) {
        return through(data, Need::Look, async |api| {
            let bytes = api.drawn(id, what, copy, (what == "ticket").then_some(args.paper.as_str())).await?;
            // As `timbre issue -` reads a sale.
            if file.as_os_str() == "-" {
                return out.file(&bytes).map(|()| Exit::Done);
            }
            std::fs::write(&file, &bytes).map_err(|error| {
                Failure::refused("output", format!("No se pudo escribir {} ({error}).", file.display()))
            })?;
            match out.json {
                true => out.object(&serde_json::json!({ "id": id, "file": file, "bytes": bytes.len() }))?,
                false => out.line(format!("{id} en {} ({} bytes)", file.display(), bytes.len()))?,
            }
            Ok(Exit::Done)
        })
        .await;
    }
    let Some(id) = &args.id else { return super::printer::test(args.printer.as_deref(), data, out).await };
    through(data, Need::Store, async |api| {
        let mut exit = Exit::Done;
        let wanted = [(false, copy != "cedible"), (true, copy != "original")];
        for (ceded, _) in wanted.into_iter().filter(|(_, wanted)| *wanted) {
            let paper = api.print(id, ceded, args.printer.as_deref()).await?;
            match out.json {
                true => out.object(&paper)?,
                false => out.line(format!("{id}  {}  {}", paper.word, paper.why).trim_end())?,
            }
            if !paper.is_ended() {
                out.note(format!("{id} espera a su impresora, que puede estar ocupada: vea cómo terminó con «timbre show {id}»."));
            }
            if !paper.is_well() {
                exit = Exit::Refused;
            }
        }
        Ok(exit)
    })
    .await
}
