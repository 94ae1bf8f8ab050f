//! Writes the `Documento`: the elements in the schema's order, the stamp spliced in as one line. What
//! stands in them was decided before; how it is signed is in `sign`.

use timbre_xmldsig::Xml;

use crate::tags::{Field, Group, Shape, markup};
use crate::tipo::Tipo;
use crate::{dom, latin1};

/// No line of a file may be longer in bytes: the SII's parser stops at 4,096 (rejection CHR-00002).
pub const LONGEST_LINE: usize = 4_000;

/// `F7T39`: an xs:ID begins with a letter, and is unique in its envelope.
pub fn id(tipo: Tipo, folio: u64) -> String {
    format!("F{folio}T{}", tipo.code())
}

/// What is known only when the folio is.
pub struct Seal<'a> {
    pub folio: u64,
    /// Flat, exactly as it is printed; `None` in a preview.
    pub ted: Option<&'a str>,
    /// `TmstFirma`; `None` in a preview.
    pub stamped: Option<String>,
}

/// `<Documento ID="…">…</Documento>`, canonical.
pub fn write(tipo: Tipo, mut document: Group, seal: Seal<'_>) -> String {
    let id_doc = document.within("Encabezado").within("IdDoc");
    id_doc.set("Folio", seal.folio.to_string());
    document.set_some("TED", seal.ted);
    document.set_some("TmstFirma", seal.stamped);
    let mut xml = Xml::with_capacity(4_096);
    xml.open_with("Documento", &[("ID", &id(tipo, seal.folio))]).newline();
    document.write(&mut xml);
    xml.close("Documento");
    xml.into_string()
}

/// A document's elements, read back from its signed bytes; `None` when they are no document of a type that
/// is issued here. What it can't read is left out.
pub fn read(bytes: &[u8]) -> Option<(Tipo, Group)> {
    let text = latin1::decode(bytes);
    let dte = dom::read(&text).ok()?;
    let documento = dte.child("Documento")?;
    let tipo = Tipo::of(documento.text_at(&["Encabezado", "IdDoc", "TipoDTE"])?.parse().ok()?)?;
    Some((tipo, markup::read(documento, tipo.fields(), "", &mut |_, _| {})))
}

/// The tags whose line would be too long, each with its path: escaping makes five bytes of an `&`.
pub fn long_lines(document: &Group) -> Vec<String> {
    let mut found = Vec::new();
    walk(document, "", &mut found);
    found
}

fn walk(group: &Group, path: &str, found: &mut Vec<String>) {
    let below = |field: &Field, at: usize| {
        let index = if field.most > 1 { format!("[{at}]") } else { String::new() };
        crate::sale::under(path, &format!("{}{index}", field.tag))
    };
    for field in group.fields() {
        match field.shape {
            Shape::Group(_) => {
                for (at, inner) in group.groups(field.tag).enumerate() {
                    walk(inner, &below(field, at), found);
                }
            }
            _ => {
                for (at, text) in group.leaves(field.tag).enumerate() {
                    if written_length(field.tag, text) > LONGEST_LINE {
                        found.push(below(field, at));
                    }
                }
            }
        }
    }
}

fn written_length(tag: &str, text: &str) -> usize {
    let mut escaped = String::new();
    timbre_xmldsig::escape_text(text, &mut escaped);
    2 * tag.len() + 5 + escaped.chars().count()
}

/// Round the documents of an export. The root declares no namespace: one of its own would be part of what
/// each signature covers when it is checked in place.
pub const COLLECTION: (&str, &str) =
    ("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<Documentos>\n", "</Documentos>\n");

/// The whole file of a document by itself: prolog, line feed, bytes.
pub fn file(bytes: &[u8]) -> Vec<u8> {
    [b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n".as_slice(), bytes].concat()
}

/// The first text of the first line: what the stamp repeats.
pub fn first_item(document: &Group) -> &str {
    document.group("Detalle").and_then(|line| line.leaf("NmbItem")).unwrap_or_default()
}

/// The names of what was sold, to be searched for.
pub fn words(document: &Group) -> String {
    const MOST: usize = 2_000;
    let mut words = String::new();
    for name in document.groups("Detalle").filter_map(|line| line.leaf("NmbItem")) {
        if words.len() + name.len() > MOST {
            break;
        }
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(name);
    }
    words
}
