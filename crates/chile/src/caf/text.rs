//! Cutting a CAF's file into the SII's public text and the private key, without a parser: one fixed
//! shape, and anything else is refused.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use timbre_core::{Refusal, Refusals};

/// A file in two: what the world may see and what it may not.
pub(super) struct Parts<'a> {
    /// `<CAF version="1.0">…</CAF>` without the blanks between its tags.
    pub public: String,
    /// The PEM inside RSASK.
    pub secret: &'a str,
}

/// Tags of the public text in their only order (schema DTE_v10, TED/DD/CAF). `*` stands for text.
const SHAPE: &[&str] = &[
    "<CAF version=\"1.0\">",
    "<DA>",
    "<RE>",
    "*",
    "</RE>",
    "<RS>",
    "*",
    "</RS>",
    "<TD>",
    "*",
    "</TD>",
    "<RNG>",
    "<D>",
    "*",
    "</D>",
    "<H>",
    "*",
    "</H>",
    "</RNG>",
    "<FA>",
    "*",
    "</FA>",
    "<RSAPK>",
    "<M>",
    "*",
    "</M>",
    "<E>",
    "*",
    "</E>",
    "</RSAPK>",
    "<IDK>",
    "*",
    "</IDK>",
    "</DA>",
    "<FRMA algoritmo=\"SHA1withRSA\">",
    "*",
    "</FRMA>",
    "</CAF>",
];

pub(super) fn cut(file: &str) -> Result<Parts<'_>, Refusals> {
    let caf = one(file, "<CAF ", "</CAF>").ok_or_else(|| {
        Refusal::new(
            "caf-malformed",
            "CAF",
            "El archivo no es un CAF del SII o está incompleto. Descárguelo de nuevo y cárguelo sin abrirlo.",
        )
    })?;
    let public = flatten(caf);
    check_shape(&public)?;
    let rsask = one(file, "<RSASK>", "</RSASK>").ok_or_else(|| {
        Refusal::new(
            "caf-key-missing",
            "RSASK",
            "El archivo no trae la clave privada del CAF, o está incompleto. Descárguelo de nuevo del SII.",
        )
    })?;
    let secret = rsask["<RSASK>".len()..rsask.len() - "</RSASK>".len()].trim();
    Ok(Parts { public, secret })
}

/// From `open` to `close`, both included, when each stands exactly once and in this order.
fn one<'a>(file: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let (start, end) = (file.find(open)?, file.find(close)?);
    let alone = file.rfind(open) == Some(start) && file.rfind(close) == Some(end);
    (alone && start < end).then(|| &file[start..end + close.len()])
}

/// Takes out the blanks between tags and leaves values alone (Instructivo de emisión de documentos
/// electrónicos, anexo 2, A.2.4).
pub(crate) fn flatten(markup: &str) -> String {
    let mut out = String::with_capacity(markup.len());
    let mut rest = markup;
    while let Some(close) = rest.find('>') {
        let (tag, after) = rest.split_at(close + 1);
        out.push_str(tag);
        let trimmed = after.trim_start_matches([' ', '\t', '\r', '\n']);
        rest = if trimmed.starts_with('<') { trimmed } else { after };
    }
    out.push_str(rest);
    out
}

fn check_shape(public: &str) -> Result<(), Refusal> {
    let mut rest = public;
    for piece in SHAPE {
        if *piece == "*" {
            let end = rest.find('<').unwrap_or(rest.len());
            let value = &rest[..end];
            let control = |c: char| c != '\n' && (c < ' ' || ('\u{7F}'..'\u{A0}').contains(&c));
            if value.is_empty() || value.contains('>') || value.contains(control) {
                return Err(malformed("CAF", "un dato está vacío o tiene caracteres que no corresponden"));
            }
            rest = &rest[end..];
        } else {
            rest = rest.strip_prefix(piece).ok_or_else(|| malformed("CAF", &format!("falta {piece}")))?;
        }
    }
    if rest.is_empty() { Ok(()) } else { Err(malformed("CAF", "sobra texto")) }
}

/// The text of the only element of this name; the shape was checked, so there is one.
pub(super) fn value<'a>(public: &'a str, name: &str) -> &'a str {
    let whole = element(public, name);
    let start = whole.find('>').map_or(0, |at| at + 1);
    &whole[start..whole.len() - name.len() - "</>".len()]
}

/// The element of this name, tags included.
pub(super) fn element<'a>(public: &'a str, name: &str) -> &'a str {
    let start = [format!("<{name}>"), format!("<{name} ")].iter().find_map(|open| public.find(open.as_str()));
    let close = format!("</{name}>");
    let end = public.find(&close).map(|at| at + close.len());
    &public[start.expect("the shape has it")..end.expect("the shape has it")]
}

/// An element's base64, its line feeds forgiven.
pub(super) fn base64(public: &str, name: &str) -> Result<Vec<u8>, Refusal> {
    let flat: String = value(public, name).chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(flat).map_err(|_| malformed(name, "no es base64"))
}

/// What a person reads: the five references of XML undone.
pub(super) fn unescape(text: &str) -> String {
    quick_xml::escape::unescape(text).map_or_else(|_| text.to_owned(), Cow::into_owned)
}

pub(super) fn malformed(place: &str, what: &str) -> Refusal {
    Refusal::new(
        "caf-malformed",
        place,
        format!(
            "El CAF no tiene la forma que entrega el SII ({place}: {what}). Descárguelo de nuevo y cárguelo sin abrirlo."
        ),
    )
}
