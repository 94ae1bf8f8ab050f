//! `timbre printer`: what is printed on, found, set up and tried.

use std::path::{Path, PathBuf};

use timbre_agent::view::{PrinterView, PrintersView};

use super::through;
use crate::door::Need;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::values;
use crate::words::{Lean, table};

#[derive(clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Muestra las impresoras configuradas
    List,
    /// Busca impresoras en este equipo: colas del sistema, USB y puertos serie
    Find,
    /// Configura una impresora; si el nombre ya existe, la cambia entera
    Add(Box<Add>),
    /// Quita una impresora de la configuración
    Remove {
        /// Su nombre
        #[arg(value_name = "NOMBRE")]
        name: String,
    },
    /// Imprime una página de prueba
    Test {
        /// El nombre de la impresora; si falta, la principal
        #[arg(value_name = "NOMBRE")]
        name: Option<String>,
    },
    /// Pone el logo que sale arriba de tickets y hojas
    Logo {
        /// Una imagen PNG de hasta 512 KB y 2000 píxeles por lado
        #[arg(value_name = "ARCHIVO", required_unless_present = "none")]
        file: Option<PathBuf>,

        /// Deja de imprimir un logo
        #[arg(long, conflicts_with = "file")]
        none: bool,
    },
}

#[derive(clap::Args)]
struct Add {
    /// Cómo la llaman las cajas (Timbre.Impresora de una venta); principal es la de esta caja
    #[arg(value_name = "NOMBRE")]
    name: String,

    /// Dónde está: red:192.168.1.50, o una de las que muestra «timbre printer find»
    #[arg(long, value_name = "LUGAR")]
    device: String,

    /// Qué papel lleva
    #[arg(long, value_name = "PAPEL", value_parser = ["80mm", "58mm", "letter"], default_value = "80mm")]
    paper: String,

    /// Qué imprime sin que se le pida: all, narrow (boletas), wide (lo demás), asked (nada)
    #[arg(long, value_name = "QUÉ", value_parser = ["all", "narrow", "wide", "asked"], default_value = "all")]
    takes: String,

    /// Página de códigos de las letras
    #[arg(long, value_name = "PÁGINA", value_parser = ["pc858", "pc850", "wpc1252", "ascii"], default_value = "pc858")]
    codepage: String,

    /// Número de esa página en la impresora, cuando no es el de Epson
    #[arg(long, value_name = "N", value_parser = values::number::<u8>)]
    codepage_number: Option<u8>,

    /// Velocidad de un puerto serie
    #[arg(long, value_name = "BAUDIOS", value_parser = values::number::<u32>)]
    baud: Option<u32>,

    /// Dibuja las letras: para una impresora sin acentos
    #[arg(long)]
    pictures: bool,

    /// No corta el papel
    #[arg(long)]
    no_cut: bool,

    /// Abre la gaveta con cada original
    #[arg(long)]
    drawer: bool,

    /// No imprime el timbre en las boletas
    #[arg(long)]
    no_stamp: bool,

    /// Impresora de red que imprime bien, pero queda «Parcial» porque no contesta nada ni corta la conexión
    #[arg(long)]
    no_status: bool,
}

impl Add {
    fn view(self) -> PrinterView {
        PrinterView {
            name: self.name,
            device: self.device,
            takes: self.takes,
            paper: self.paper,
            codepage: self.codepage,
            codepage_number: self.codepage_number,
            pictures: self.pictures,
            cut: !self.no_cut,
            drawer: self.drawer,
            stamp_on_boletas: !self.no_stamp,
            status: if self.no_status { "none" } else { "ask" }.to_owned(),
            baud: self.baud,
        }
    }
}

pub async fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    // A file that is not there is said before an agent is started.
    let logo = match &args.what {
        What::Logo { file: Some(file), .. } => {
            Some(std::fs::read(file).map_err(|error| Failure::unreadable(file, &error))?)
        }
        _ => None,
    };
    through(data, Need::Store, async |api| {
        let shown = match args.what {
            What::List => api.printers().await?,
            What::Add(add) => api.put_printer(&add.view()).await?,
            What::Remove { name } => api.remove_printer(&name).await?,
            What::Logo { .. } => api.set_logo(logo).await?,
            What::Find => {
                let found = api.found_printers().await?;
                if out.json {
                    found.iter().try_for_each(|one| out.object(one))?;
                } else if found.is_empty() {
                    out.line("No se encontraron impresoras en este equipo.")?;
                    out.line("Una de red se configura por su dirección: --device red:192.168.1.50")?;
                } else {
                    let rows: Vec<_> = found.into_iter().map(|one| vec![one.device, one.name]).collect();
                    let lines = table(&[("Lugar", Lean::Left), ("Impresora", Lean::Left)], &rows);
                    lines.iter().try_for_each(|line| out.line(line))?;
                }
                return Ok(Exit::Done);
            }
            What::Test { name } => {
                let paper = api.test_printer(name.as_deref()).await?;
                let mute = paper.state == "partial" && tells(&api.printers().await?, name.as_deref());
                match out.json {
                    true => out.object(&paper)?,
                    false => {
                        out.line(format!("Página de prueba  {}  {}", paper.word, paper.why).trim_end())?;
                        if mute {
                            out.line("Si la página salió entera, la impresora no avisa: agréguela otra vez con --no-status.")?;
                        }
                    }
                }
                return Ok(if paper.is_well() { Exit::Done } else { Exit::Refused });
            }
        };
        tell(&shown, out)?;
        Ok(Exit::Done)
    })
    .await
}

/// A printer on the network that is asked how it is.
fn tells(shown: &PrintersView, name: Option<&str>) -> bool {
    let tested = match name {
        Some(name) => shown.printers.iter().find(|printer| printer.name == name),
        None => shown.printers.first(),
    };
    tested.is_some_and(|printer| printer.device.starts_with("red:") && printer.status == "ask")
}

fn tell(shown: &PrintersView, out: Out) -> Result<(), Failure> {
    if out.json {
        return out.object(shown);
    }
    if shown.printers.is_empty() {
        out.line("No hay impresoras configuradas.")?;
    } else {
        let row = |p: &PrinterView| vec![p.name.clone(), p.device.clone(), p.paper.clone(), takes(&p.takes)];
        let rows: Vec<_> = shown.printers.iter().map(row).collect();
        let heads = ["Nombre", "Lugar", "Papel", "Imprime"].map(|name| (name, Lean::Left));
        table(&heads, &rows).iter().try_for_each(|line| out.line(line))?;
    }
    match (&shown.logo_trouble, shown.logo) {
        (Some(why), _) => out.line(format!("Logo: no se imprime, {why}")),
        (None, true) => out.line("Logo: sí"),
        (None, false) => Ok(()),
    }
}

fn takes(word: &str) -> String {
    match word {
        "all" => "todo",
        "narrow" => "boletas",
        "wide" => "todo menos boletas",
        "asked" => "solo lo que la nombra",
        other => other,
    }
    .to_owned()
}
