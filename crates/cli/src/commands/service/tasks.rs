//! A task of Windows' scheduler, started when the user comes in. A service would have no access to that user's
//! keys. What it says is `definition`'s.

use super::{Started, ask, definition, trouble};
use crate::failure::Failure;

const TASK: &str = "Timbre";

/// What is handed to the scheduler.
pub fn shown(started: &Started) -> Result<String, Failure> {
    Ok(definition::xml(started, &user()?))
}

pub fn install(started: &Started) -> Result<(), Failure> {
    let file = std::env::temp_dir().join(format!("timbre-task-{}.xml", std::process::id()));
    std::fs::write(&file, definition::bytes(started, &user()?)).map_err(|e| trouble(&e.to_string()))?;
    let made = ask("schtasks", &["/Create", "/F", "/TN", TASK, "/XML", &file.display().to_string()]);
    std::fs::remove_file(&file).map_err(|e| trouble(&e.to_string()))?;
    made?;
    ask("schtasks", &["/Run", "/TN", TASK]).map(drop)
}

/// What a person should know of how it was installed.
pub fn told(_: &Started) -> String {
    let told = "Instalado: Timbre se inicia cuando usted entra en su sesión de Windows. Si se cae o se cierra su \
                ventana, vuelve cuando usted entra de nuevo.";
    told.to_owned()
}

pub fn uninstall() -> Result<(), Failure> {
    ask("schtasks", &["/End", "/TN", TASK])?;
    ask("schtasks", &["/Delete", "/F", "/TN", TASK]).map(drop)
}

pub fn status() -> Result<String, Failure> {
    ask("schtasks", &["/Query", "/TN", TASK])
}

/// As the system names who is there.
fn user() -> Result<String, Failure> {
    let said = |name: &str| std::env::var(name).map_err(|_| trouble(&format!("falta {name}")));
    Ok(format!("{}\\{}", said("USERDOMAIN")?, said("USERNAME")?))
}
