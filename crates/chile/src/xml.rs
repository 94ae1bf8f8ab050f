//! A small strict reader of what the SII answers. It counts only when its root element closes; it
//! knows names without their prefixes, and nothing of what they mean.

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::latin1;

/// Deeper than any answer of the SII.
const DEEPEST: usize = 32;

/// An element, its own text and its children.
#[derive(Debug, Default)]
pub(crate) struct Element {
    /// Without its prefix: the SII changes prefixes from one answer to the next.
    pub name: String,
    /// The text directly inside, references and CDATA resolved.
    pub text: String,
    pub children: Vec<Element>,
}

impl Element {
    /// The only descendant of this name, or none when there are more: two answers are no answer.
    pub fn only(&self, name: &str) -> Option<&Element> {
        let mut found = self.all(name);
        if found.len() == 1 { found.pop() } else { None }
    }

    /// The trimmed text of the only descendant of this name.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.only(name).map(|e| e.text.trim())
    }

    /// Every descendant of this name, in document order.
    pub fn all(&self, name: &str) -> Vec<&Element> {
        let mut found = Vec::new();
        self.collect(&|e| e.name == name, &mut found);
        found
    }

    /// The first descendant whose name ends so.
    pub fn ending(&self, suffix: &str) -> Option<&Element> {
        let mut found = Vec::new();
        self.collect(&|e| e.name.ends_with(suffix), &mut found);
        found.into_iter().next()
    }

    fn collect<'a>(&'a self, wanted: &impl Fn(&Element) -> bool, found: &mut Vec<&'a Element>) {
        for child in &self.children {
            if wanted(child) {
                found.push(child);
            }
            child.collect(wanted, found);
        }
    }
}

/// Text that says it is UTF-8, or says nothing, and may be ISO-8859-1 all the same.
pub(crate) fn text_of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.strip_prefix('\u{FEFF}').unwrap_or(text).to_owned(),
        Err(_) => latin1::decode(bytes),
    }
}

/// Reads a whole document: one root that closes, and nothing but blanks after it. A DOCTYPE (the
/// SII's HTML error pages have one) is no answer.
pub(crate) fn read(text: &str) -> Option<Element> {
    let text = without_stray_blanks(text);
    let mut reader = Reader::from_str(&text);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                if root.is_some() || open.len() >= DEEPEST {
                    return None;
                }
                open.push(Element { name: local(start.local_name().as_ref()), ..Element::default() });
            }
            Event::Empty(empty) => {
                let parent = open.last_mut()?;
                parent
                    .children
                    .push(Element { name: local(empty.local_name().as_ref()), ..Element::default() });
            }
            Event::End(_) => {
                let done = open.pop()?;
                match open.last_mut() {
                    Some(parent) => parent.children.push(done),
                    None => root = Some(done),
                }
            }
            Event::Text(piece) => add(&mut open, &piece.xml10_content())?,
            Event::CData(piece) => add(&mut open, &piece.xml10_content())?,
            Event::GeneralRef(reference) => {
                let character = match reference.resolve_char_ref().ok()? {
                    Some(character) => character.to_string(),
                    None => {
                        quick_xml::escape::resolve_predefined_entity(&reference.xml10_content())?.to_owned()
                    }
                };
                add(&mut open, &character)?;
            }
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::DocType(_) => return None,
            Event::Eof => return if open.is_empty() { root } else { None },
        }
    }
}

fn local<N: AsRef<str> + ?Sized>(name: &N) -> String {
    name.as_ref().to_owned()
}

/// Text inside of an element; outside of the root only blanks may stand.
fn add(open: &mut [Element], text: &str) -> Option<()> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return None,
    }
    Some(())
}

/// Some answers are written `< RECEPCIONDTE>` (manual envío automático, examples).
fn without_stray_blanks(text: &str) -> String {
    if !text.contains("< ") && !text.contains("</ ") {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut tag = false;
    for ch in text.chars() {
        if tag && ch == ' ' {
            continue;
        }
        tag = ch == '<' || (tag && ch == '/');
        out.push(ch);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_references_and_cdata_are_seen_through() {
        let root = read("<?xml version=\"1.0\"?><a:R xmlns:a=\"u\"><a:E x='1'>1 &lt; 2&#xd; <![CDATA[<b/>]]></a:E><F/></a:R>\n").unwrap();
        assert_eq!((root.name.as_str(), root.value("E")), ("R", Some("1 < 2\r <b/>")));
        assert_eq!(root.value("F"), Some(""));
        assert!(root.value("G").is_none());
    }

    #[test]
    fn a_cut_answer_is_no_answer() {
        let whole = "<R><E>00</E><T>123</T></R>";
        assert!(read(whole).is_some());
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_none(), "{}", &whole[..length]);
        }
    }

    #[test]
    fn what_is_no_xml_is_no_answer() {
        for bad in [
            "",
            "Error 500",
            "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\"><html></html>",
            "<HTML> <HEAD> <TITLE>Error 501</TITLE>",
            "<R></R><R></R>",
            "<R></R> texto",
            "<R>&nada;</R>",
            "<R></S>",
        ] {
            assert!(read(bad).is_none(), "{bad}");
        }
        assert!(read(&"<a>".repeat(100_000)).is_none());
    }

    #[test]
    fn blanks_inside_of_tags_are_forgiven() {
        let root = read("< RECEPCIONDTE>\n<TIMESTAMP >2026</TIMESTAMP>< STATUS>0</ STATUS ></RECEPCIONDTE>")
            .unwrap();
        assert_eq!((root.value("STATUS"), root.value("TIMESTAMP")), (Some("0"), Some("2026")));
    }

    #[test]
    fn two_of_a_name_are_none() {
        let root = read("<R><S>0</S><S>7</S></R>").unwrap();
        assert!(root.value("S").is_none());
        assert_eq!(root.all("S").len(), 2);
    }

    #[test]
    fn the_declared_encoding_is_not_believed() {
        assert_eq!(text_of("é".as_bytes()), "é");
        assert_eq!(text_of(b"Env\xEDo"), "Envío");
    }
}
