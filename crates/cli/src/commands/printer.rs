//! `timbre printer`: what is printed on, found, set up and tried.

use std::path::{Path, PathBuf};

use timbre_agent::view::{PrinterView, PrintersView};

use super::through;
use crate::api::Api;
use crate::ask;
use crate::door::Need;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::values;
use crate::words::{Lean, table};

const AFTER: &str = "\
Para empezar:
  timbre printer find                                          qué hay en este equipo
  timbre printer add principal --device red:192.168.1.50       o uno de los lugares que mostró find
  timbre printer test                                          mire el papel
Desde entonces cada documento se imprime al emitirse; a mano, con «timbre print T39F1».";

#[derive(clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true, after_help = AFTER)]
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

    /// Qué papel lleva: 80mm, 58mm (solo boletas) o letter (hojas carta); si falta, 80mm
    #[arg(long, value_name = "PAPEL", value_parser = ["80mm", "58mm", "letter"], default_value = "80mm")]
    paper: String,

    /// Qué imprime sin que se le pida: all (todo), narrow (boletas), wide (lo demás), asked (nada); si falta, all
    #[arg(long, value_name = "QUÉ", value_parser = ["all", "narrow", "wide", "asked"], default_value = "all")]
    takes: String,

    /// Página de las letras, si los acentos salen mal: pc858, pc850, wpc1252, ascii (sin acentos); si falta, pc858
    #[arg(long, value_name = "PÁGINA", value_parser = ["pc858", "pc850", "wpc1252", "ascii"], default_value = "pc858")]
    codepage: String,

    /// Número de esa página en la impresora, cuando no es el de Epson
    #[arg(long, value_name = "N", value_parser = values::number::<u8>)]
    codepage_number: Option<u8>,

    /// Velocidad de un puerto serie; si falta, 9600
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
    match args.what {
        What::List => show(data, out, async |api| api.printers().await).await,
        What::Find => find(data, out).await,
        What::Add(add) => {
            let printer = add.view();
            let done = show(data, out, async |api| api.put_printer(&printer).await).await?;
            if !out.json {
                out.line(format!("Pruébela: timbre printer test \"{}\"", printer.name))?;
            }
            Ok(done)
        }
        What::Remove { name } => show(data, out, async |api| api.remove_printer(&name).await).await,
        What::Test { name } => test(name.as_deref(), data, out).await,
        What::Logo { file, .. } => {
            // A file that is not there is said before an agent is started.
            let read =
                |file: PathBuf| std::fs::read(&file).map_err(|error| Failure::unreadable(&file, &error));
            let logo = file.map(read).transpose()?;
            show(data, out, async |api| api.set_logo(logo).await).await
        }
    }
}

/// Does something, and shows what is set up afterwards.
async fn show(
    data: Option<&Path>,
    out: Out,
    what: impl AsyncFnOnce(&Api) -> Result<PrintersView, Failure>,
) -> Result<Exit, Failure> {
    let shown = through(data, Need::Store, what).await?;
    tell(&shown, out)?;
    Ok(Exit::Done)
}

async fn find(data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    let found = through(data, Need::Store, async |api| api.found_printers().await).await?;
    if out.json {
        found.iter().try_for_each(|one| out.object(one))?;
    } else if found.is_empty() {
        out.line("No se encontraron impresoras en este equipo.")?;
        out.line("Una de red se configura por su dirección:")?;
        out.line("timbre printer add principal --device red:192.168.1.50")?;
    } else {
        let rows: Vec<_> = found.into_iter().map(|one| vec![one.device, one.name]).collect();
        let lines = table(&[("Lugar", Lean::Left), ("Impresora", Lean::Left)], &rows);
        lines.iter().try_for_each(|line| out.line(line))?;
    }
    Ok(Exit::Done)
}

/// A test page. Of a printer on the network that did not tell how it ended, a person knows better: that is asked where
/// there is one, and kept, since it will not tell of a sale's paper either.
pub async fn test(name: Option<&str>, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    let (paper, mute) = through(data, Need::Store, async |api| {
        let paper = api.test_printer(name).await?;
        let mute = if paper.state == "partial" { mute(api.printers().await?, name) } else { None };
        Ok((paper, mute))
    })
    .await?;
    match out.json {
        true => out.object(&paper)?,
        false => out.line(format!("Página de prueba  {}  {}", paper.word, paper.why).trim_end())?,
    }
    let exit = if paper.is_well() { Exit::Done } else { Exit::Refused };
    let Some(printer) = mute.filter(|_| !out.json) else { return Ok(exit) };
    if !ask::somebody() {
        out.line(
            "Si la página salió entera, la impresora imprime bien pero no avisa. Configúrela otra vez así:",
        )?;
        out.line(added(&silent(printer)))?;
        return Ok(exit);
    }
    if !ask::until("¿Salió la página entera? (sí/no) ", &false, yes_or_no)? {
        return Ok(exit);
    }
    let name = printer.name.clone();
    let silent = silent(printer);
    through(data, Need::Store, async |api| api.put_printer(&silent).await).await?;
    out.line(format!("Anotado: «{name}» no avisa. Lo que ella reciba queda «Entregado a la impresora»."))?;
    Ok(Exit::Done)
}

/// The one that was tested, if it is on the network and asked how it is.
fn mute(shown: PrintersView, name: Option<&str>) -> Option<PrinterView> {
    let mut printers = shown.printers.into_iter();
    let tested = match name {
        Some(name) => printers.find(|printer| printer.name == name),
        None => printers.next(),
    };
    tested.filter(|printer| printer.device.starts_with("red:") && printer.status == "ask")
}

/// The same printer, known not to tell.
fn silent(printer: PrinterView) -> PrinterView {
    PrinterView { status: "none".to_owned(), ..printer }
}

/// What is typed to set a printer up as it is: `add` changes it whole, so that all of it is said.
fn added(printer: &PrinterView) -> String {
    let PrinterView {
        name,
        device,
        takes,
        paper,
        codepage,
        codepage_number,
        pictures,
        cut,
        drawer,
        stamp_on_boletas,
        status,
        baud,
    } = printer;
    let mut line = format!(
        "timbre printer add \"{name}\" --device \"{device}\" --paper {paper} --takes {takes} --codepage {codepage}"
    );
    line.extend(codepage_number.map(|number| format!(" --codepage-number {number}")));
    line.extend(baud.map(|baud| format!(" --baud {baud}")));
    let flags = [
        (*pictures, " --pictures"),
        (!cut, " --no-cut"),
        (*drawer, " --drawer"),
        (!stamp_on_boletas, " --no-stamp"),
        (status == "none", " --no-status"),
    ];
    line.extend(flags.into_iter().filter_map(|(wanted, flag)| wanted.then_some(flag)));
    line
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.to_lowercase().as_str() {
        "s" | "si" | "sí" => Ok(true),
        "n" | "no" => Ok(false),
        _ => Err("Escriba sí o no.".to_owned()),
    }
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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Typed {
        #[command(flatten)]
        printer: Args,
    }

    /// What a person is told to type loses nothing of the printer.
    #[test]
    fn a_printer_is_set_up_again_as_it_was() {
        let plain =
            PrinterView { name: "bar".into(), device: "red:192.168.1.50".into(), ..PrinterView::default() };
        let odd = PrinterView {
            name: "bar 2".into(),
            device: "cola:Caja 1".into(),
            takes: "narrow".into(),
            paper: "58mm".into(),
            codepage: "ascii".into(),
            codepage_number: Some(16),
            pictures: true,
            cut: false,
            drawer: true,
            stamp_on_boletas: false,
            status: "none".into(),
            baud: Some(19_200),
        };
        for printer in [plain, odd] {
            let line = added(&printer);
            // As a shell reads it: blanks part words, except between quotes.
            let parts = line.split('"').enumerate();
            let words = parts.flat_map(|(at, part)| match at % 2 {
                0 => part.split_whitespace().collect(),
                _ => vec![part],
            });
            let typed =
                Typed::try_parse_from(words.skip(1)).unwrap_or_else(|error| panic!("{line}: {error}"));
            let What::Add(add) = typed.printer.what else { panic!("{line}") };
            assert_eq!(add.view(), printer, "{line}");
        }
    }
}
