//! What Timbre says of every code of the SII: a plain Spanish sentence, whose doing it is, what becomes
//! of the folio, and the one thing to do. All of it is data; what a code does to a document is decided
//! elsewhere.

mod claims;
mod documents;
mod errors;
mod services;
mod states;

use timbre_core::{Advice, Label, Remark};

/// One code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    pub code: &'static str,
    pub sentence: &'static str,
    pub whose: Whose,
    pub number: Number,
    pub action: Action,
}

/// Who has to do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// All is as it should be.
    Nobody,
    Sii,
    /// The way to the SII.
    Line,
    /// The company's data, its certificate, its rights at the SII, its clock.
    Company,
    /// What was sold, or how it was typed.
    Sale,
    /// The CAF, or another till that uses its numbers.
    Folios,
    /// A bug of ours.
    Timbre,
    /// A code that nobody here knows.
    Unknown,
}

/// What becomes of the folio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// The code says nothing of a folio.
    Apart,
    /// The SII has the document under it.
    Used,
    /// The same document may be sent again under it.
    Free,
    /// It can't be used any more.
    Burnt,
    /// Only a question about the document tells.
    Ask,
}

/// The one thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Nothing,
    /// Timbre goes on by itself.
    Wait,
    /// Mend what was sold and issue it again.
    Mend,
    /// Issue it again, on another folio.
    NewFolio,
    /// What was accepted is corrected by a note.
    CreditNote,
    Caf,
    Accountant,
    /// The rights of the certificate's holder, at the SII's site.
    Permission,
    /// The holder enrols at the SII with the certificate.
    Registration,
    Certificate,
    CompanyData,
    /// Date and number of the resolution.
    Resolution,
    Clock,
    Connection,
    /// Who else issues from these folios?
    OtherTills,
    Restart,
    Support,
}

impl Whose {
    /// For programs: never changed.
    pub fn word(self) -> &'static str {
        match self {
            Whose::Nobody => "nobody",
            Whose::Sii => "sii",
            Whose::Line => "line",
            Whose::Company => "company",
            Whose::Sale => "sale",
            Whose::Folios => "folios",
            Whose::Timbre => "timbre",
            Whose::Unknown => "unknown",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Whose::Nobody => "Nadie: es parte del proceso.",
            Whose::Sii => "El SII.",
            Whose::Line => "La conexión a internet.",
            Whose::Company => "Los datos o permisos de la empresa.",
            Whose::Sale => "Los datos de la venta.",
            Whose::Folios => "Los folios (CAF), u otra caja que los usa.",
            Whose::Timbre => "Timbre.",
            Whose::Unknown => "No se sabe.",
        }
    }
}

impl Number {
    /// For programs: never changed.
    pub fn word(self) -> &'static str {
        match self {
            Number::Apart => "apart",
            Number::Used => "used",
            Number::Free => "free",
            Number::Burnt => "burnt",
            Number::Ask => "ask",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Number::Apart => "No dice nada de un folio.",
            Number::Used => "El folio está usado: el SII tiene el documento.",
            Number::Free => "El folio sigue libre para este mismo documento.",
            Number::Burnt => "El folio ya no sirve.",
            Number::Ask => "Todavía no se sabe si el folio quedó usado: se consulta.",
        }
    }
}

impl Action {
    /// For programs: never changed.
    pub fn word(self) -> &'static str {
        match self {
            Action::Nothing => "nothing",
            Action::Wait => "wait",
            Action::Mend => "mend",
            Action::NewFolio => "new-folio",
            Action::CreditNote => "credit-note",
            Action::Caf => "caf",
            Action::Accountant => "accountant",
            Action::Permission => "permission",
            Action::Registration => "registration",
            Action::Certificate => "certificate",
            Action::CompanyData => "company-data",
            Action::Resolution => "resolution",
            Action::Clock => "clock",
            Action::Connection => "connection",
            Action::OtherTills => "other-tills",
            Action::Restart => "restart",
            Action::Support => "support",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Action::Nothing => "No hay nada que hacer.",
            Action::Wait => "Espere: Timbre sigue solo.",
            Action::Mend => "Corrija la venta y emita de nuevo.",
            Action::NewFolio => "Emita de nuevo con otro folio.",
            Action::CreditNote => "Si el monto está mal, corríjalo con una nota de crédito.",
            Action::Caf => "Descargue un CAF del SII y cárguelo sin abrirlo.",
            Action::Accountant => "Consulte con su contador.",
            Action::Permission => "Dé permisos en sii.cl al dueño del certificado.",
            Action::Registration => "Entre a sii.cl con el certificado y regístrelo.",
            Action::Certificate => "Revise el certificado digital y cárguelo de nuevo.",
            Action::CompanyData => "Corrija los datos de la empresa.",
            Action::Resolution => "Revise la resolución de la empresa (fecha y número).",
            Action::Clock => "Revise la fecha y la hora del equipo.",
            Action::Connection => "Revise la conexión a internet.",
            Action::OtherTills => "Deje de usar ese rango de folios y revise en sii.cl qué se emitió.",
            Action::Restart => "Cierre Timbre y ábralo de nuevo.",
            Action::Support => "Avise a quien le da soporte.",
        }
    }

    /// What to click, where it is at the SII's site.
    pub fn steps(self) -> &'static [&'static str] {
        match self {
            Action::Permission => &[
                "Entre a sii.cl con la clave o el certificado del representante de la empresa.",
                "Abra Servicios online, Factura electrónica, Sistema de facturación de mercado.",
                "Abra Actualización de datos de la empresa autorizada, y ahí Mantención de usuarios.",
                "Agregue el RUT del dueño del certificado y déle los cuatro permisos.",
                "Vuelva a Timbre: los envíos siguen solos.",
            ],
            Action::Registration => &[
                "Abra sii.cl en un navegador que tenga instalado el certificado.",
                "Ingrese a Mi SII con certificado digital; la primera vez el SII lo registra.",
                "Vuelva a Timbre: la sesión se inicia sola.",
            ],
            Action::Caf => &[
                "Entre a sii.cl: Factura electrónica, Sistema de facturación de mercado, Folios (timbraje electrónico).",
                "Solicite folios del tipo de documento, o descargue de nuevo los que ya tiene.",
                "Cargue el archivo en Timbre sin abrirlo ni guardarlo con otro programa.",
            ],
            _ => &[],
        }
    }
}

type Table = &'static [Word];

const fn word(
    code: &'static str,
    whose: Whose,
    number: Number,
    action: Action,
    sentence: &'static str,
) -> Word {
    Word { code, sentence, whose, number, action }
}

/// Codes of services that answer in bare numbers bear the service's name.
const TABLES: [Table; 5] = [services::TABLE, states::TABLE, documents::TABLE, errors::TABLE, claims::TABLE];

/// A remark of the SII with our own sentence beside its words.
pub fn remark(code: impl Into<String>, words: impl Into<String>) -> Remark {
    let code = code.into();
    let (whose, number, action) = advice(&code);
    let advice = Advice {
        whose: Label::new(whose.word(), whose.words()),
        number: Label::new(number.word(), number.words()),
        action: Label::new(action.word(), action.words()),
    };
    Remark { meaning: meaning(&code), code, words: words.into(), advice: Some(advice) }
}

/// A rejection of which the SII does not say why. A mail tells of what goes by the channel of facturas, and not of
/// boletas (types 39 and 41).
pub fn unsaid(boleta: bool, words: impl Into<String>) -> Remark {
    let told = remark("RCH", words);
    if !boleta {
        return told;
    }
    let meaning = "El SII rechazó la boleta sin decir el motivo. Véala en sii.cl; al volver a emitirla se le pregunta otra vez por ella.";
    Remark { meaning: meaning.to_owned(), ..told }
}

/// What is known of a code; the level of an error may differ from the table's, and then it tells what
/// became of the document. `None` for a code that nobody here knows.
pub fn of(code: &str) -> Option<Word> {
    let exact = TABLES.iter().flat_map(|table| table.iter()).find(|word| word.code == code);
    exact.copied().or_else(|| at_another_level(code))
}

/// Whose doing a code is, what becomes of the folio, and what to do: of any code at all.
pub fn advice(code: &str) -> (Whose, Number, Action) {
    match (of(code), level(code)) {
        (Some(word), _) => (word.whose, word.number, word.action),
        (None, Some("1" | "2")) => (Whose::Unknown, Number::Used, Action::Accountant),
        (None, _) => (Whose::Unknown, Number::Ask, Action::Accountant),
    }
}

/// What a code means. An unknown one is said to be unknown; its level, where it has one, still tells.
pub fn meaning(code: &str) -> String {
    if let Some(word) = of(code) {
        return word.sentence.to_owned();
    }
    let tail = "Timbre no conoce este código: lea las palabras del SII o consulte con su contador.";
    match level(code) {
        Some("1") => format!("El SII aceptó el documento con un reparo leve ({code}). {tail}"),
        Some("2") => format!("El SII aceptó el documento con un reparo ({code}). {tail}"),
        Some("3") => format!("El SII rechazó el documento ({code}). {tail}"),
        _ if code.is_empty() => "El SII no dio un código. Lea sus palabras.".to_owned(),
        _ => format!("El SII respondió {code}. {tail}"),
    }
}

/// `SECCION-nivel-codigo`: the same fault may come at another level, or the level be ours to guess.
fn at_another_level(code: &str) -> Option<Word> {
    let (section, level, number) = grammar(code)?;
    let same = |word: &&Word| grammar(word.code).is_some_and(|(s, _, n)| s == section && n == number);
    let word = *errors::TABLE.iter().find(same)?;
    // A level of objections says that the document was accepted, whatever the table expects.
    Some(if matches!(level, "1" | "2") { Word { number: Number::Used, ..word } } else { word })
}

fn level(code: &str) -> Option<&str> {
    grammar(code).map(|(_, level, _)| level)
}

fn grammar(code: &str) -> Option<(&str, &str, &str)> {
    let mut parts = code.split('-');
    let parsed = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (parts.next().is_none() && digits(parsed.1) && digits(parsed.2)).then_some(parsed)
}

#[cfg(test)]
mod tests;
