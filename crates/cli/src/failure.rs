//! Why a command could not be done, and the exit code that says so. Refusals of single sales are
//! answers and live where they are printed; this is for what ends a command.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};
use timbre_agent::view::{ProblemView, RefusalView};
use timbre_core::{Refusal, Refusals};

/// The exit codes that scripts rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    /// A bad sale, no folio, a wrong password.
    Refused = 1,
    Usage = 2,
    Unreachable = 3,
    /// Damaged data.
    Damaged = 4,
}

impl Exit {
    /// Reads the code that another part of Timbre chose.
    pub fn from_code(code: u8) -> Exit {
        match code {
            0 => Exit::Done,
            2 => Exit::Usage,
            3 => Exit::Unreachable,
            4 => Exit::Damaged,
            _ => Exit::Refused,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

#[derive(Debug)]
pub enum Failure {
    /// The agent said no, and why.
    Problem(Box<ProblemView>),
    /// Something of ours said no: a code for programs, a sentence for people.
    Said { exit: Exit, code: &'static str, message: String },
    /// Whoever reads our output has gone: there is nobody to tell.
    Pipe,
}

impl Failure {
    pub fn refused(code: &'static str, message: impl Into<String>) -> Failure {
        Failure::Said { exit: Exit::Refused, code, message: message.into() }
    }

    pub fn usage(message: impl Into<String>) -> Failure {
        Failure::Said { exit: Exit::Usage, code: "usage", message: message.into() }
    }

    /// A file that was named and can't be read.
    pub fn unreadable(path: &Path, error: &io::Error) -> Failure {
        let why = match error.kind() {
            io::ErrorKind::NotFound => "no existe".to_owned(),
            io::ErrorKind::PermissionDenied => "sin permiso".to_owned(),
            io::ErrorKind::IsADirectory => "es una carpeta".to_owned(),
            _ => error.to_string(),
        };
        Failure::usage(format!("No se pudo leer {} ({why}).", path.display()))
    }

    pub fn unreachable(message: impl Into<String>) -> Failure {
        Failure::Said { exit: Exit::Unreachable, code: "unreachable", message: message.into() }
    }

    pub fn exit(&self) -> Exit {
        match self {
            Failure::Problem(problem) => problem_exit(problem),
            Failure::Said { exit, .. } => *exit,
            Failure::Pipe => Exit::Done,
        }
    }

    /// One line for programs.
    pub fn json(&self) -> Value {
        match self {
            Failure::Problem(problem) => json!({
                "error": problem.code, "detail": problem.detail, "errors": problem.errors,
            }),
            Failure::Said { code, message, .. } => {
                json!({ "error": code, "detail": message, "errors": [] })
            }
            Failure::Pipe => Value::Null,
        }
    }
}

/// The exit code of an answer that was no.
fn problem_exit(problem: &ProblemView) -> Exit {
    match problem.status {
        // The body of what was sent is wrong for the API itself, or the token is: no sale is at fault.
        401 | 403 => Exit::Unreachable,
        _ if problem.code.contains("damage") => Exit::Damaged,
        502 | 504 => Exit::Unreachable,
        _ => Exit::Refused,
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Problem(problem) => write!(f, "{}", reasons(problem)),
            Failure::Said { message, .. } => write!(f, "{message}"),
            Failure::Pipe => Ok(()),
        }
    }
}

/// Every reason with its place and its code; the sentence where there is none, or where it says
/// more than they do.
pub fn reasons(problem: &ProblemView) -> String {
    let sentence = if problem.detail.is_empty() { &problem.title } else { &problem.detail };
    let told = problem.errors.iter().all(|r| sentence.contains(&r.message));
    match problem.errors.as_slice() {
        [] => with_command(&problem.code, sentence),
        [only] if told => reason(only),
        many => {
            let head = if told { format!("{} razones", many.len()) } else { sentence.clone() };
            std::iter::once(head).chain(many.iter().map(reason)).collect::<Vec<_>>().join("\n  ")
        }
    }
}

/// `Detalle[0].QtyItem: La cantidad … [quantity-invalid]`, with the authority's codes where the sentence does
/// not tell them.
pub fn reason(refusal: &RefusalView) -> String {
    let RefusalView { code, path, message, authority_codes } = refusal;
    let untold = authority_codes.iter().filter(|theirs| !message.contains(*theirs));
    let code = std::iter::once(code).chain(untold).map(String::as_str).collect::<Vec<_>>().join(", ");
    // Some sentences begin with the tag that the path ends in: once is enough.
    let tag = path.rsplit('.').next().unwrap_or_default();
    let message = message.strip_prefix(tag).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(message);
    let message = with_command(&refusal.code, message);
    if path.is_empty() { format!("{message} [{code}]") } else { format!("{path}: {message} [{code}]") }
}

/// What mends it from here, where the sentence sends people to the window: by its code, and a word that it must have
/// for that. Who reads the sentence at a till knows no commands.
#[rustfmt::skip]
const COMMANDS: &[(&str, &str, &str)] = &[
    ("certificate-holder-missing", "al cargarlo", "timbre cert add --rut RUT"),
    ("clock-behind", "Ajustes", "timbre clock accept"),
    ("clock-off", "Ajustes", "timbre clock accept"),
    ("company-missing", "Ajustes", "timbre company set"),
    ("first-number-taken", "Folios", "timbre caf stop"),
    ("first-number-taken", "cuál fue el último", "timbre caf add --used-up-to"),
    ("grant-not-yet", "Emitir de nuevo", "timbre reissue ID --new-folio --sale VENTA.json"),
    ("grant-stopped", "Folios", "timbre caf resume"),
    ("large-sale-payment", "Ajustes", "timbre company set --uf-valor"),
    ("large-sale-receiver", "Ajustes", "timbre company set --uf-valor"),
    ("next-number-taken", "hasta cuál", "timbre unlock --used-up-to TIPO=FOLIO"),
    ("next-number-unasked", "sin preguntar", "timbre unlock --without-asking"),
    ("reissue-unreadable", "Ajustes", "timbre check"),
    ("rejection-unproven", "Ajustes", "timbre check"),
    ("store-stopped", "desbloquear", "timbre unlock"),
    ("training-company", "Ajustes", "timbre demo"),
    ("uf-old", "Ajustes", "timbre company set --uf-valor"),
];

/// The sentence, with the command that does what it asks for.
pub fn with_command(code: &str, sentence: &str) -> String {
    let known = COMMANDS.iter().find(|(of, word, _)| *of == code && sentence.contains(word));
    known.map_or_else(|| sentence.to_owned(), |(.., command)| format!("{sentence} (aquí: «{command}»)"))
}

/// A refusal made here, in the clothes of the agent's.
impl From<Refusals> for Failure {
    fn from(refusals: Refusals) -> Failure {
        let errors: Vec<_> = refusals.0.iter().map(RefusalView::from).collect();
        let detail = refusals.sentences();
        let code = errors.first().map(|r| r.code.clone()).unwrap_or_default();
        Failure::Problem(Box::new(ProblemView { status: 422, code, title: detail.clone(), detail, errors }))
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Refusals::from(refusal).into()
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::Pipe,
            _ => Failure::Said {
                exit: Exit::Unreachable,
                code: "output",
                message: format!("No se pudo escribir la salida ({error})."),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(status: u16, code: &str) -> Failure {
        Failure::Problem(Box::new(ProblemView {
            status,
            code: code.to_owned(),
            title: "No".to_owned(),
            detail: "La venta no se puede emitir.".to_owned(),
            errors: vec![RefusalView {
                code: "quantity-invalid".to_owned(),
                path: "Detalle[0].QtyItem".to_owned(),
                message: "La cantidad debe ser mayor que cero.".to_owned(),
                authority_codes: Vec::new(),
            }],
        }))
    }

    #[test]
    fn each_answer_has_its_exit_code() {
        for (status, code, exit) in [
            (400, "json-malformed", Exit::Refused),
            (404, "not-found", Exit::Refused),
            (409, "key-conflict", Exit::Refused),
            (422, "sale-refused", Exit::Refused),
            (503, "no-folio", Exit::Refused),
            (503, "journal-damaged", Exit::Damaged),
            (401, "token-unknown", Exit::Unreachable),
            (504, "timeout", Exit::Unreachable),
            (422, "authority-refused", Exit::Refused),
            (503, "authority-later", Exit::Refused),
            (502, "authority-session", Exit::Unreachable),
            (504, "authority-silent", Exit::Unreachable),
        ] {
            assert_eq!(problem(status, code).exit(), exit, "{status} {code}");
        }
        assert_eq!(Failure::usage("x").exit(), Exit::Usage);
        assert_eq!(Failure::unreachable("x").exit() as u8, 3);
        assert_eq!(Failure::from(io::Error::from(io::ErrorKind::BrokenPipe)).exit(), Exit::Done);
    }

    #[test]
    fn codes_of_other_parts_are_read_back() {
        for exit in [Exit::Done, Exit::Refused, Exit::Usage, Exit::Unreachable, Exit::Damaged] {
            assert_eq!(Exit::from_code(exit as u8), exit);
        }
        assert_eq!(Exit::from_code(99), Exit::Refused);
    }

    #[test]
    fn what_a_shop_does_in_the_window_is_told_here_with_its_command() {
        let told = |code: &str, said: &str| Failure::from(Refusal::new(code, "", said)).to_string();
        let held = "El rango de folios está detenido: es de otra caja. Lo detuvo Ana; un encargado lo reanuda en Folios.";
        assert_eq!(
            told("grant-stopped", held),
            format!("{held} (aquí: «timbre caf resume») [grant-stopped]")
        );
        let annulled = "El rango de folios está detenido: se anularon.";
        assert_eq!(
            told("grant-stopped", annulled),
            format!("{annulled} [grant-stopped]"),
            "nothing reopens it"
        );
        let known = "Otro usó folios. Deténgalo antes de emitir, en Folios.";
        assert!(told("first-number-taken", known).contains("«timbre caf stop»"));
        let used = "No se cargó. Cárguelo diciendo cuál fue el último.";
        assert!(told("first-number-taken", used).contains("«timbre caf add --used-up-to»"));
        let locked = "No se emite. Alguien a cargo tiene que desbloquear en Ajustes.";
        assert!(told("store-stopped", locked).contains("«timbre unlock»"));
        let bare = ProblemView::bad_request("training-company", "Ábralo en Ajustes.");
        assert_eq!(reasons(&bare), "Ábralo en Ajustes. (aquí: «timbre demo»)");
    }

    #[test]
    fn reasons_are_not_told_twice() {
        let one = Failure::from(Refusal::new("no-folio", "", "No quedan folios."));
        assert_eq!(one.to_string(), "No quedan folios. [no-folio]");
        let tagged = Failure::from(Refusal::new("rut", "Emisor.RUT", "RUT: no es válido."));
        assert_eq!(tagged.to_string(), "Emisor.RUT: no es válido. [rut]");
        let theirs = Refusal {
            authority_codes: vec!["CAF-3-517".to_owned()],
            ..Refusal::new("caf", "", "El CAF venció.")
        };
        assert_eq!(Failure::from(theirs).to_string(), "El CAF venció. [caf, CAF-3-517]");
        let two = Refusals(vec![Refusal::new("a", "x", "Falta x."), Refusal::new("b", "y", "Falta y.")]);
        assert_eq!(Failure::from(two).to_string(), "2 razones\n  x: Falta x. [a]\n  y: Falta y. [b]");
    }

    #[test]
    fn every_reason_is_told_with_its_place_and_code() {
        let text = problem(422, "sale-refused").to_string();
        assert_eq!(
            text,
            "La venta no se puede emitir.\n  Detalle[0].QtyItem: La cantidad debe ser mayor que cero. \
             [quantity-invalid]"
        );
    }
}
