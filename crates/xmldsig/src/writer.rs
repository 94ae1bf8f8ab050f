//! A writer of XML whose output is Canonical XML 1.0 by construction. It knows nothing of
//! signatures.

use crate::canonical::{attribute, escape_text};

/// Text that is canonical from its first byte to its last: no `<a/>`, no comment, no instruction,
/// LF only, namespaces first and the other attributes in order.
///
/// Names are the program's, not the user's, and are checked in debug builds only.
#[derive(Debug, Default)]
pub struct Xml {
    out: String,
    /// Where each open element's name stands in `out`.
    open: Vec<(usize, usize)>,
    /// Namespaces in force: depth of the element that declared them, prefix, name.
    spaces: Vec<(usize, String, String)>,
}

impl Xml {
    pub fn new() -> Xml {
        Xml::default()
    }

    pub fn with_capacity(bytes: usize) -> Xml {
        Xml { out: String::with_capacity(bytes), ..Xml::default() }
    }

    /// `<name>`
    pub fn open(&mut self, name: &str) -> &mut Xml {
        self.begin(name);
        self.out.push('>');
        self
    }

    /// `<name a="b" …>`: namespace declarations first, by prefix, those already in force left out;
    /// then the attributes by namespace and local name (Canonical XML 1.0 §2.2, Document Order).
    pub fn open_with(&mut self, name: &str, attributes: &[(&str, &str)]) -> &mut Xml {
        self.begin(name);
        let depth = self.open.len();
        let mut declared: Vec<(&str, &str)> =
            attributes.iter().filter_map(|(name, value)| Some((declared_prefix(name)?, *value))).collect();
        declared.sort_unstable();
        for (prefix, space) in declared {
            if self.space(prefix) == space {
                continue;
            }
            self.spaces.push((depth, prefix.to_owned(), space.to_owned()));
            let name = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
            attribute(&name, space, &mut self.out);
        }
        let mut others: Vec<(String, &str, &str, &str)> = attributes
            .iter()
            .filter(|(name, _)| declared_prefix(name).is_none())
            .map(|(name, value)| match name.split_once(':') {
                Some((prefix, local)) => (self.space(prefix).to_owned(), local, *name, *value),
                None => (String::new(), *name, *name, *value),
            })
            .collect();
        others.sort_unstable();
        debug_assert!(others.windows(2).all(|w| w[0].2 != w[1].2), "an attribute stands twice in <{name}>");
        for (_, _, name, value) in others {
            debug_assert!(is_name(name), "«{name}» is no attribute's name");
            attribute(name, value, &mut self.out);
        }
        self.out.push('>');
        self
    }

    /// `<name>text</name>`
    pub fn leaf(&mut self, name: &str, text: &str) -> &mut Xml {
        self.open(name).text(text).close(name)
    }

    /// Character data, escaped.
    pub fn text(&mut self, text: &str) -> &mut Xml {
        debug_assert!(text.chars().all(is_char), "a character that XML has no place for in «{text}»");
        escape_text(text, &mut self.out);
        self
    }

    /// `</name>`, which must be the element opened last.
    pub fn close(&mut self, name: &str) -> &mut Xml {
        let last = self.open.pop();
        debug_assert_eq!(
            last.map(|(at, len)| &self.out[at..at + len]),
            Some(name),
            "what closes is not what was opened last"
        );
        self.spaces.retain(|(depth, _, _)| *depth <= self.open.len());
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
        self
    }

    /// Markup that already is canonical where it lands, untouched.
    pub fn raw(&mut self, markup: &str) -> &mut Xml {
        self.out.push_str(markup);
        self
    }

    /// A line feed.
    pub fn newline(&mut self) -> &mut Xml {
        self.out.push('\n');
        self
    }

    pub fn len(&self) -> usize {
        self.out.len()
    }

    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    pub fn as_str(&self) -> &str {
        &self.out
    }

    pub fn into_string(self) -> String {
        debug_assert!(self.open.is_empty(), "an element is still open");
        self.out
    }

    fn begin(&mut self, name: &str) {
        debug_assert!(is_name(name), "«{name}» is no element's name");
        self.out.push('<');
        self.open.push((self.out.len(), name.len()));
        self.out.push_str(name);
    }

    fn space(&self, prefix: &str) -> &str {
        let bound = self.spaces.iter().rev().find(|(_, known, _)| known == prefix);
        bound.map_or("", |(_, _, space)| space)
    }
}

/// `xmlns` declares the empty prefix, `xmlns:p` declares `p`.
fn declared_prefix(attribute: &str) -> Option<&str> {
    if attribute == "xmlns" { Some("") } else { attribute.strip_prefix("xmlns:") }
}

/// The names this program uses: ASCII, at most one colon.
fn is_name(name: &str) -> bool {
    let mut parts = name.split(':');
    let part = |p: &str| {
        p.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && p.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
    };
    parts.by_ref().take(2).all(part) && parts.next().is_none()
}

/// `Char` of XML 1.0.
fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_is_written_out_and_its_text_escaped() {
        let mut xml = Xml::new();
        xml.open("a").leaf("b", "x & <y> \"z\" 'w'\r").newline().leaf("c", "").close("a");
        assert_eq!(xml.as_str(), "<a><b>x &amp; &lt;y&gt; \"z\" 'w'&#xD;</b>\n<c></c></a>");
        assert_eq!(xml.len(), xml.into_string().len());
    }

    #[test]
    fn namespaces_come_first_and_once() {
        let mut xml = Xml::new();
        xml.open_with(
            "r",
            &[("version", "1.0"), ("x:l", "v"), ("xmlns:x", "u:x"), ("xmlns", "u:d"), ("a", "\t\"&")],
        )
        .open_with("s", &[("xmlns", "u:d"), ("xmlns:x", "u:other")])
        .close("s")
        .open_with("t", &[("xmlns", "")])
        .close("t")
        .close("r");
        assert_eq!(
            xml.into_string(),
            "<r xmlns=\"u:d\" xmlns:x=\"u:x\" a=\"&#x9;&quot;&amp;\" version=\"1.0\" x:l=\"v\">\
             <s xmlns:x=\"u:other\"></s><t xmlns=\"\"></t></r>"
        );
    }

    #[test]
    #[should_panic(expected = "opened last")]
    #[cfg(debug_assertions)]
    fn closing_another_element_is_a_bug() {
        Xml::new().open("a").close("b");
    }
}
