//! `timbre service`: the agent started by the system itself. What each system wants for that is in a file of
//! its own: here only what is asked for.

#[cfg(any(windows, test))]
mod definition;
#[cfg(not(windows))]
mod systemd;
#[cfg(windows)]
mod tasks;

use std::path::{Component, Path, PathBuf};
use std::process::Command;

#[cfg(not(windows))]
use systemd as system;
#[cfg(windows)]
use tasks as system;

use crate::door;
use crate::failure::{Exit, Failure};
use crate::out::Out;

#[derive(clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    #[cfg_attr(
        not(windows),
        doc = "Hace que el sistema inicie «timbre serve» y lo vuelva a iniciar si se cae"
    )]
    #[cfg_attr(windows, doc = "Hace que Windows inicie «timbre serve» cada vez que usted entra en su sesión")]
    Install {
        /// Solo muestra lo que se instalaría
        #[arg(long)]
        print: bool,
    },
    /// Deja de iniciarlo
    Uninstall,
    /// Dice si está instalado y en marcha
    Status,
}

/// What is started.
#[derive(Clone)]
struct Started {
    program: PathBuf,
    data: PathBuf,
}

pub fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    let data = std::path::absolute(door::folder(data)).map_err(|e| trouble(&e.to_string()))?;
    let data =
        if data.components().any(|part| part == Component::ParentDir) { straight(&data) } else { data };
    match args.what {
        What::Install { print } => {
            let program = std::env::current_exe().map_err(|e| trouble(&e.to_string()))?;
            let started = Started { program, data };
            if print {
                return out.text(&system::shown(&started)?);
            }
            system::install(&started)?;
            out.line(system::told(&started))?;
        }
        What::Uninstall => {
            system::uninstall()?;
            out.line("Quitado: el sistema ya no inicia Timbre.")?;
        }
        What::Status => return out.text(&system::status()?),
    }
    Ok(Exit::Done)
}

/// The same folder without `..`: systemd lets nobody write to one that is named so. What is not there yet stands as it is
/// below what is.
fn straight(path: &Path) -> PathBuf {
    match (path.canonicalize(), path.parent(), path.file_name()) {
        (Ok(real), _, _) => real,
        (Err(_), Some(parent), Some(name)) => straight(parent).join(name),
        (Err(_), _, _) => path.to_owned(),
    }
}

/// Runs a program of the system's; what it wrote.
fn ask(program: &str, words: &[&str]) -> Result<String, Failure> {
    let output = Command::new(program)
        .args(words)
        .output()
        .map_err(|e| trouble(&format!("no se pudo ejecutar {program}: {e}")))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.success() {
        true => Ok(said),
        false => {
            let why = String::from_utf8_lossy(&output.stderr);
            Err(trouble(&format!("{program} {}: {}{}", words.join(" "), said.trim(), why.trim())))
        }
    }
}

fn trouble(why: &str) -> Failure {
    Failure::refused("service-failed", format!("El sistema no lo permite ({why})."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_named_without_its_detours_whether_or_not_it_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().canonicalize().unwrap();
        std::fs::create_dir_all(real.join("x")).unwrap();
        std::fs::create_dir_all(real.join("caja")).unwrap();
        for name in ["caja", "nueva", "nueva/caja"] {
            assert_eq!(straight(&dir.path().join("x/..").join(name)), real.join(name));
        }
    }
}
