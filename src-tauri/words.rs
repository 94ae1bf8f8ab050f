//! Every sentence of the shell itself, in the Spanish of Chile: the tray, the start and its command line. Those of the
//! window are in `ui/src/lib/text.ts`.

use std::fmt::Display;

use timbre_agent::show::thousands;

pub const TIMBRE: &str = "Timbre";
pub const OPEN: &str = "Abrir Timbre";
pub const CLOSE: &str = "Cerrar Timbre";

pub const NO_LATENCY: &str = "Falta el tiempo después de --latency, por ejemplo 300ms o 2s.";
pub const NO_FOLDER: &str = "Falta la carpeta después de --data.";
pub const OPEN_ALREADY: &str = "Timbre ya está abierto en este equipo: su ventana pasa al frente.";
pub const NO_AGENT: &str = "Esta ventana no tiene un agente propio.";
pub const NO_SUCH_FORM: &str = "Se exporta como csv o xml.";
pub const PRACTICE_ALONE: &str =
    "Esta ventana se abrió aparte para practicar: ciérrela y abra Timbre como siempre.";

pub fn to_send(documents: u64) -> String {
    match documents {
        0 => "Nada por enviar".to_owned(),
        1 => "1 documento por enviar".to_owned(),
        n => format!("{} documentos por enviar", thousands(n)),
    }
}

pub fn tip(sentence: &str) -> String {
    format!("Timbre: {sentence}")
}

pub fn unknown_word(word: &str) -> String {
    format!("No se conoce «{word}». Use --demo, --latency 300ms, --data CARPETA o --practice.")
}

pub fn no_start(why: impl Display) -> String {
    format!("Timbre no pudo partir: {why}")
}

pub fn no_window(why: impl Display) -> String {
    format!("La ventana no se pudo abrir: {why}")
}

pub fn panel(address: &str) -> String {
    format!("Panel local: {address}")
}

pub fn panel_of_another(address: &str) -> String {
    format!("Panel del Timbre que ya está abierto: {address}")
}

pub fn unwritten(path: &str, why: impl Display) -> String {
    format!("No se pudo escribir {path} ({why}).")
}
