//! `timbre seal`: what a folder writes is sealed, or in clear. It needs no agent, and may have none.

use std::io::IsTerminal;
use std::path::Path;

use serde_json::json;
use zeroize::Zeroizing;

use crate::ask;
use crate::door::{self, Asker, RecoveryKey};
use crate::failure::{Exit, Failure};
use crate::out::Out;

/// Where programs put the recovery key, and the PIN.
const RECOVERY: &str = "TIMBRE_RECOVERY_KEY";
const PIN: &str = "TIMBRE_PIN";

#[derive(clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Cifra lo que se guarde desde ahora; muestra una clave de recuperación y la pide de vuelta
    On(By),
    /// Deja de cifrar lo que se guarde desde ahora; lo cifrado sigue cifrado
    Off(By),
    /// Dice qué está cifrado y qué no
    Status,
    /// Hace una clave de recuperación para dársela después a «seal on» (en TIMBRE_RECOVERY_KEY): para programas
    Key,
}

#[derive(clap::Args)]
struct By {
    /// Quién lo autoriza: un encargado, con su PIN (se pide, o se toma de TIMBRE_PIN), si en esta carpeta hay PIN
    #[arg(long, value_name = "NOMBRE")]
    by: Option<String>,
}

const BEFORE: &str = "\
Desde ahora lo que se guarde en esta carpeta quedará cifrado. Lo que ya está guardado sigue como está.
La llave la cuida este equipo. Si se pierde (otro equipo, otro disco, otro usuario), solo esta clave de
recuperación permite leer los documentos, y la ley pide guardarlos seis años. Anótela en un papel y guárdelo
lejos de este equipo; no se muestra otra vez, y Timbre no la guarda:
";

pub fn run(args: Args, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    match args.what {
        What::On(by) => on(by, data, out),
        What::Off(by) => {
            door::unseal(data, &asker(by, data)?)?;
            if out.json {
                return out.object(&json!({ "sealing": false })).map(|()| Exit::Done);
            }
            out.line(
                "Lo que se guarde desde ahora no se cifra. Lo cifrado sigue cifrado: no pierda su llave.",
            )?;
            Ok(Exit::Done)
        }
        What::Status => status(data, out),
        What::Key => {
            let key = door::recovery_key()?;
            match out.json {
                true => out.object(&json!({ "recovery_key": key.words().as_str() }))?,
                false => out.line(&*key.words())?,
            }
            Ok(Exit::Done)
        }
    }
}

fn on(by: By, data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    // Before a key is shown that would be for nothing.
    door::shop_alone(data)?;
    if door::sealed(data)?.on {
        return Err(Failure::refused("sealed-already", "Lo que se guarda aquí ya se cifra."));
    }
    let who = asker(by, data)?;
    let recovery = match said()? {
        Some(key) => key,
        None => shown(out)?,
    };
    let used = door::seal(data, &who, &recovery)?;
    if out.json {
        return out.object(&json!({ "sealing": true, "custody": used.to_string() })).map(|()| Exit::Done);
    }
    out.line("Lo que se guarde desde ahora se cifra. Lo anterior sigue como estaba.")?;
    out.line(format!("Ahora {used}."))?;
    if used.is_weaker() {
        out.note("aviso: quien copie la carpeta con ese archivo podrá leer lo cifrado. Guarde la llave en otra parte.");
    }
    Ok(Exit::Done)
}

/// The recovery key that a program hands over.
fn said() -> Result<Option<RecoveryKey>, Failure> {
    let said = std::env::var(RECOVERY).ok().filter(|text| !text.is_empty()).map(Zeroizing::new);
    said.map(|text| door::read_recovery_key(&text)).transpose()
}

/// The recovery key that a person is to type, or that a program hands over: for who has lost the folder's.
pub fn known(out: Out) -> Result<RecoveryKey, Failure> {
    if let Some(key) = said()? {
        return Ok(key);
    }
    if out.json || !std::io::stdin().is_terminal() {
        return Err(Failure::usage(format!(
            "Sin terminal donde pedir la clave de recuperación: póngala en {RECOVERY}."
        )));
    }
    typed("Clave de recuperación: ")
}

/// Shows a fresh key, and has it typed back.
fn shown(out: Out) -> Result<RecoveryKey, Failure> {
    if out.json || !ask::somebody() {
        return Err(Failure::usage(format!(
            "Sin terminal donde mostrar la clave de recuperación: hágala con «timbre seal key» y póngala en {RECOVERY}."
        )));
    }
    let key = door::recovery_key()?;
    out.note(BEFORE);
    out.note(Zeroizing::new(format!("    {}\n", *key.words())).as_str());
    match typed("Escríbala, mirando su papel: ")?.is(&key) {
        true => Ok(key),
        false => {
            Err(Failure::refused("recovery-key-differs", "No es la clave que se mostró. No se hizo nada."))
        }
    }
}

fn typed(question: &str) -> Result<RecoveryKey, Failure> {
    let text = Zeroizing::new(ask::line(question)?.unwrap_or_default());
    door::read_recovery_key(&text)
}

/// Whoever sits here, or somebody in charge where there are PINs.
fn asker(by: By, data: Option<&Path>) -> Result<Asker, Failure> {
    if !door::asks_for_pin(data) {
        return Ok(Asker { name: by.by.unwrap_or_else(ask::user), pin: None });
    }
    let name = by.by.ok_or_else(|| Failure::usage("Lo autoriza un encargado: agregue --by NOMBRE."))?;
    let pin = match std::env::var(PIN).ok().filter(|pin| !pin.is_empty()) {
        Some(pin) => Zeroizing::new(pin),
        None if std::io::stdin().is_terminal() => ask::secret("PIN: ")?,
        None => return Err(Failure::usage(format!("Sin terminal donde pedir el PIN: póngalo en {PIN}."))),
    };
    Ok(Asker { name, pin: Some(pin) })
}

fn status(data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    let sealed = door::sealed(data)?;
    if out.json {
        out.object(&json!({ "sealing": sealed.on, "segments": sealed.segments, "sealed": sealed.sealed }))?;
        return Ok(Exit::Done);
    }
    out.line(match sealed.on {
        true => "Lo que se guarda se cifra.",
        false => "Lo que se guarda no se cifra.",
    })?;
    let (some, all) = (sealed.sealed.len() as u64, sealed.segments);
    match some {
        0 => out.line("Nada de lo guardado está cifrado. Se cifra con «timbre seal on».")?,
        _ if some == all => out.line("Todo lo guardado está cifrado.")?,
        _ => out.line(format!(
            "Están cifrados {some} de los {all} archivos del diario; los otros siguen como estaban."
        ))?,
    }
    Ok(Exit::Done)
}
