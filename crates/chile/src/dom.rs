//! A strict reader of documents that others may have made: elements with their namespaces and where they
//! stand in the text. What the elements mean is no business of it.

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

mod canonical;

/// No envelope is deeper than a dozen.
const DEEPEST: usize = 64;
/// 2,000 facturas of 60 lines, the largest envelope there may be (schema EnvioDTE_v10), have some 1,200,000
/// elements. The limit is ours: a file of empty elements shall not fill the memory.
const MOST_ELEMENTS: usize = 2_000_000;
/// No element of a document has more than five.
const MOST_ATTRIBUTES: usize = 32;

/// White space as XML has it (XML 1.0, 2.3). A no-break space and other blanks are text, and where only
/// elements fit a parser with the schema refuses them.
pub const BLANK: [char; 4] = [' ', '\t', '\n', '\r'];

/// A namespace in force: prefix (empty for the default one) and name.
pub type Space = (String, String);

/// An element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// As written, prefix and all.
    pub name: String,
    /// Those that declare no namespace, in the order they were written.
    pub attributes: Vec<(String, String)>,
    /// The namespaces declared on it.
    pub spaces: Vec<Space>,
    pub children: Vec<Node>,
    /// Where it stands in the text that was read.
    pub span: Range<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    Element(Element),
    /// Character data, references resolved.
    Text(String),
}

/// Why a text is no document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("el XML está mal formado cerca del carácter {0}")]
    Malformed(usize),
    #[error("el XML termina antes de tiempo: falta cerrar una etiqueta")]
    Unfinished,
    #[error("el XML trae una declaración DOCTYPE o una instrucción, que un documento del SII no lleva")]
    Forbidden,
    #[error("el XML tiene más de {DEEPEST} niveles")]
    TooDeep,
    #[error("el XML tiene más de {MOST_ELEMENTS} elementos")]
    TooMany,
}

/// Without the white space of XML at its ends.
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(BLANK)
}

/// Characters that a document may hold at all (XML 1.0, 2.2), written or by a reference.
fn is_character(ch: char) -> bool {
    matches!(ch, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// Reads a whole document: one root that closes. CR LF is LF, as for every XML parser; offsets are those
/// of `text`, so that it must have no CR.
pub fn read(text: &str) -> Result<Element, Broken> {
    bounded(text, MOST_ELEMENTS)
}

fn bounded(text: &str, most: usize) -> Result<Element, Broken> {
    if let Some(at) = text.find(|ch| !is_character(ch)) {
        return Err(Broken::Malformed(at));
    }
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let mut open: Vec<Element> = Vec::new();
    let mut root: Option<Element> = None;
    let mut count = 0;
    loop {
        let start = position(&reader);
        let malformed = Broken::Malformed(start);
        let event = reader.read_event().map_err(|_| malformed.clone())?;
        let end = position(&reader);
        count += usize::from(matches!(event, Event::Start(_) | Event::Empty(_)));
        if count > most {
            return Err(Broken::TooMany);
        }
        match event {
            Event::Start(tag) => {
                if open.len() >= DEEPEST {
                    return Err(Broken::TooDeep);
                }
                if root.is_some() {
                    return Err(malformed);
                }
                open.push(element(&tag, start..end).ok_or(malformed)?);
            }
            Event::Empty(tag) => {
                let done = element(&tag, start..end).ok_or_else(|| malformed.clone())?;
                put(done, &mut open, &mut root).ok_or(malformed)?;
            }
            Event::End(_) => {
                let mut done = open.pop().ok_or_else(|| malformed.clone())?;
                done.span.end = end;
                // Most have one text, and there are very many.
                done.children.shrink_to_fit();
                put(done, &mut open, &mut root).ok_or(malformed)?;
            }
            Event::Text(piece) => say(&piece.xml10_content(), &mut open).ok_or(malformed)?,
            Event::CData(piece) => say(&piece.xml10_content(), &mut open).ok_or(malformed)?,
            Event::GeneralRef(reference) => {
                let resolved = match reference.resolve_char_ref().map_err(|_| malformed.clone())? {
                    Some(character) => character.to_string(),
                    None => quick_xml::escape::resolve_predefined_entity(&reference.xml10_content())
                        .ok_or_else(|| malformed.clone())?
                        .to_owned(),
                };
                if !resolved.chars().all(is_character) {
                    return Err(malformed);
                }
                say(&resolved, &mut open).ok_or(malformed)?;
            }
            Event::Decl(_) if start <= 1 && open.is_empty() && root.is_none() => {}
            Event::Comment(_) => {}
            Event::Decl(_) | Event::PI(_) | Event::DocType(_) => return Err(Broken::Forbidden),
            Event::Eof if open.is_empty() => return root.ok_or(Broken::Unfinished),
            Event::Eof => return Err(Broken::Unfinished),
        }
    }
}

fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

/// `None` when two attributes have one name, a reference is unknown or no character, or there are too many.
fn element(tag: &BytesStart<'_>, span: Range<usize>) -> Option<Element> {
    let mut element = Element { name: owned(tag.name().as_ref()), span, ..Element::default() };
    for (at, attribute) in tag.attributes().enumerate() {
        let attribute = attribute.ok().filter(|_| at < MOST_ATTRIBUTES)?;
        let name = owned(attribute.key.as_ref());
        let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok()?.into_owned();
        if !value.chars().all(is_character) {
            return None;
        }
        match name.strip_prefix("xmlns:") {
            Some(prefix) => element.spaces.push((prefix.to_owned(), value)),
            None if name == "xmlns" => element.spaces.push((String::new(), value)),
            None => element.attributes.push((name, value)),
        }
    }
    Some(element)
}

fn owned<N: AsRef<str> + ?Sized>(name: &N) -> String {
    name.as_ref().to_owned()
}

fn put(done: Element, open: &mut [Element], root: &mut Option<Element>) -> Option<()> {
    match open.last_mut() {
        Some(parent) => parent.children.push(Node::Element(done)),
        None if root.is_none() => *root = Some(done),
        None => return None,
    }
    Some(())
}

fn say(text: &str, open: &mut [Element]) -> Option<()> {
    match open.last_mut() {
        Some(element) => match element.children.last_mut() {
            Some(Node::Text(before)) => before.push_str(text),
            _ => element.children.push(Node::Text(text.to_owned())),
        },
        None if trimmed(text).is_empty() => {}
        None => return None,
    }
    Some(())
}

impl Element {
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The first child of this name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.elements().find(|e| e.name == name)
    }

    /// The element below a path of names.
    pub fn at(&self, path: &[&str]) -> Option<&Element> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The text directly inside.
    pub fn text(&self) -> String {
        let texts = self.children.iter().filter_map(|node| match node {
            Node::Text(text) => Some(text.as_str()),
            Node::Element(_) => None,
        });
        texts.collect()
    }

    /// The text below a path of names, trimmed.
    pub fn text_at(&self, path: &[&str]) -> Option<String> {
        self.at(path).map(|e| trimmed(&e.text()).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_canonical_form_of_a_part_carries_what_is_in_force() {
        let text = "<?xml version=\"1.0\"?>\n<r xmlns=\"u:r\" xmlns:x=\"u:x\" x:l=\"1\"><!-- no --><s b='2' a=\"1\"><t/>\
                    á&#39;&amp;&lt;<![CDATA[<>]]></s><u xmlns=\"\" xmlns:x=\"u:x\"/></r>";
        let root = read(text).unwrap();
        let s = root.child("s").unwrap();
        assert_eq!(&text[s.span.clone()][..3], "<s ");
        assert!(text[s.span.clone()].ends_with("</s>"));
        assert_eq!(
            s.canonical(&root.spaces),
            "<s xmlns=\"u:r\" xmlns:x=\"u:x\" a=\"1\" b=\"2\"><t></t>á'&amp;&lt;&lt;&gt;</s>"
        );
        assert_eq!(s.canonical(&[]), "<s a=\"1\" b=\"2\"><t></t>á'&amp;&lt;&lt;&gt;</s>");
        assert_eq!(
            root.canonical(&[]),
            "<r xmlns=\"u:r\" xmlns:x=\"u:x\" x:l=\"1\"><s a=\"1\" b=\"2\"><t></t>á'&amp;&lt;&lt;&gt;</s><u xmlns=\"\"></u></r>"
        );
    }

    #[test]
    fn what_is_hostile_or_cut_is_refused() {
        let whole = "<a><b c=\"1\">x</b></a>";
        assert!(read(whole).is_ok());
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_err(), "{}", &whole[..length]);
        }
        assert_eq!(read("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>"), Err(Broken::Forbidden));
        assert_eq!(read("<a><?php x?></a>"), Err(Broken::Forbidden));
        assert_eq!(read(&"<a>".repeat(70)), Err(Broken::TooDeep));
        assert_eq!(bounded("<a><b/><b/></a>", 2), Err(Broken::TooMany));
        assert!(bounded("<a><b/><b/></a>", 3).is_ok());
        let many: String = (0..100_000).map(|n| format!(" a{n}='1'")).collect();
        assert!(matches!(read(&format!("<a{many}/>")), Err(Broken::Malformed(_))));
        for bad in ["<a/><b/>", "<a>&nada;</a>", "<a></b>", "x<a/>", "<a b='1' b='2'/>", "<a b='&c;'/>"] {
            assert!(matches!(read(bad), Err(Broken::Malformed(_))), "{bad}: {:?}", read(bad));
        }
        // Outside of the root only the blanks of XML; nowhere a character that it does not have.
        for bad in [
            "\u{A0}<a/>",
            "<a/>\u{85}",
            "<a>\u{B}</a>",
            "<a>\u{C}</a>",
            "<a>&#11;</a>",
            "<a b='&#x1;'/>",
            "<a\u{C}b=''/>",
        ] {
            assert!(matches!(read(bad), Err(Broken::Malformed(_))), "{bad:?}: {:?}", read(bad));
        }
    }
}
