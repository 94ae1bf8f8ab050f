//! The command line as a whole: what there is and which file does it. Texts for people are Spanish;
//! `spanish` changes what clap says by itself.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::commands::{
    caf, cert, check, claims, clock, company, completion, demo, diagnose, folio, issue, list, note, panel,
    preview, print, printer, reissue, resend, results_mail, seal, serve, service, show, simulator, stats,
    token, unlock, vault, verdict, verify, voucher, webhook,
};
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::spanish;

/// Timbre emite los documentos tributarios de la caja y los hace llegar al SII.
#[derive(Parser)]
#[command(
    name = "timbre",
    version,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
#[command(after_help = AFTER)]
pub struct Line {
    /// Carpeta de datos (también TIMBRE_DATA); si falta, la de este equipo
    #[arg(long, global = true, value_name = "CARPETA", display_order = 900)]
    pub data: Option<PathBuf>,

    /// Salida para programas: un objeto JSON por línea
    #[arg(long, global = true, display_order = 901)]
    pub json: bool,

    #[command(subcommand)]
    pub command: Command,
}

const AFTER: &str = "Códigos de salida: 0 hecho · 1 rechazado · 2 mal usado · 3 sin conexión (con el agente, o del agente con el SII) · 4 datos dañados";

#[derive(Subcommand)]
pub enum Command {
    /// Una tienda de demostración contra el SII simulado, de punta a punta
    Demo(demo::Args),
    /// El agente sin ventana: envío, carpeta de entrada, API y panel
    Serve(serve::Args),
    /// Emite una venta (objeto), o muchas (lista, o una por línea)
    Issue(issue::Args),
    /// Las mismas revisiones y totales, sin gastar folio
    Preview(preview::Args),
    /// Corrige un documento: lo anula, corrige un texto o montos, o ajusta un cambio
    Note(note::Args),
    /// Imprime un documento, o lo guarda como PDF o como ticket
    Print(print::Args),
    /// Las impresoras: buscar, configurar, probar
    Printer(printer::Args),
    /// Lista los documentos, del más nuevo al más viejo
    List(list::Args),
    /// Muestra un documento, su XML o su historia
    Show(show::Args),
    /// Vuelve a enviar documentos que esperan
    Resend(resend::Args),
    /// Vuelve a emitir un documento rechazado: con su mismo folio o con uno nuevo, según lo que diga el SII
    Reissue(reissue::Args),
    /// Anota lo que dice el sitio del SII de un documento enviado que sigue sin veredicto
    Verdict(verdict::Args),
    /// Lo que se hizo con un folio en el sitio del SII
    Folio(folio::Args),
    /// Las ventas con tarjeta cuyo voucher es la boleta: verlas, y deshacer una mal registrada
    Voucher(voucher::Args),
    /// Pide al SII que vuelva a mandar el correo con los resultados de un envío
    ResultsMail(results_mail::Args),
    /// El registro de reclamos de facturas del SII: ver, aceptar o reclamar
    Claims(claims::Args),
    /// Los folios autorizados: cargar un CAF, ver lo que queda
    Caf(caf::Args),
    /// El certificado digital de quien firma
    Cert(cert::Args),
    /// Los datos de la empresa que emite
    Company(company::Args),
    /// El reloj de este equipo contra el del SII, y la palabra del encargado
    Clock(clock::Args),
    /// Los programas que pueden llamar a la API: un token por caja
    Token(token::Args),
    /// El panel para otros equipos, y su contraseña
    Panel(panel::Args),
    /// Las direcciones a las que se avisa lo que pasa con los documentos
    Webhook(webhook::Args),
    /// Los números del panel
    Stats,
    /// Revisa cualquier DTE o envío, de cualquier emisor
    Verify(verify::Args),
    /// Lee todo lo guardado y prueba que está sano
    Check,
    /// Prueba la conexión con el SII sin gastar folios: nombres, TLS, reloj, sesión y permisos
    Diagnose,
    /// Vuelve a emitir después de restaurar un respaldo: dice qué folios pueden estar usados y pide confirmarlo
    Unlock(unlock::Args),
    /// Cifrar lo que se guarda: encender, apagar, ver
    Seal(seal::Args),
    /// La bóveda de las llaves, cuando la suya se perdió
    Vault(vault::Args),
    /// El agente como servicio del sistema: se inicia solo y se vuelve a iniciar
    Service(service::Args),
    /// Lo que una shell necesita para completar órdenes
    Completion(completion::Args),
    /// La página del manual, para guardarla como timbre.1
    Man,
    /// El SII simulado, solo
    Simulator(simulator::Args),
    /// Muestra esta ayuda, o la de una orden
    Help {
        /// La orden, como caf o caf add
        #[arg(value_name = "ORDEN")]
        words: Vec<String>,
    },
}

impl Line {
    pub async fn run(self) -> Result<Exit, Failure> {
        let out = Out { json: self.json };
        // An empty variable is one that was not set.
        let set = || std::env::var_os("TIMBRE_DATA").filter(|dir| !dir.is_empty()).map(PathBuf::from);
        let data = self.data.or_else(set);
        let data = data.as_deref();
        match self.command {
            Command::Demo(args) => demo::run(args, data, out).await,
            Command::Serve(args) => serve::run(args, data, out).await,
            Command::Issue(args) => issue::run(args, data, out).await,
            Command::Preview(args) => preview::run(args, data, out).await,
            Command::Note(args) => note::run(args, data, out).await,
            Command::Print(args) => print::run(args, data, out).await,
            Command::Printer(args) => printer::run(args, data, out).await,
            Command::List(args) => list::run(args, data, out).await,
            Command::Show(args) => show::run(args, data, out).await,
            Command::Resend(args) => resend::run(args, data, out).await,
            Command::Verdict(args) => verdict::run(args, data, out).await,
            Command::Reissue(args) => reissue::run(args, data, out).await,
            Command::Folio(args) => folio::run(args, data, out).await,
            Command::Voucher(args) => voucher::run(args, data, out).await,
            Command::ResultsMail(args) => results_mail::run(args, data, out).await,
            Command::Claims(args) => claims::run(args, data, out).await,
            Command::Caf(args) => caf::run(args, data, out).await,
            Command::Cert(args) => cert::run(args, data, out).await,
            Command::Company(args) => company::run(args, data, out).await,
            Command::Clock(args) => clock::run(args, data, out).await,
            Command::Token(args) => token::run(args, data, out).await,
            Command::Panel(args) => panel::run(args, data, out).await,
            Command::Webhook(args) => webhook::run(args, data, out).await,
            Command::Stats => stats::run(data, out).await,
            Command::Verify(args) => verify::run(args, out),
            Command::Check => check::run(data, out),
            Command::Diagnose => diagnose::run(data, out).await,
            Command::Unlock(args) => unlock::run(args, data, out).await,
            Command::Seal(args) => seal::run(args, data, out),
            Command::Vault(args) => vault::run(args, data, out),
            Command::Service(args) => service::run(args, data, out),
            Command::Completion(args) => completion::run(args, out),
            Command::Man => completion::man(out),
            Command::Simulator(args) => simulator::run(args, out).await,
            Command::Help { words } => out.text(&spanish::help(&words)?),
        }
    }
}
