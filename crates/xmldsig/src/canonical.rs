//! How Canonical XML 1.0 writes characters. Names, order of attributes and elements are the
//! writer's business.

use std::borrow::Cow;
use std::fmt::Write;

/// Appends `text` as the content of an element (Canonical XML 1.0 §2.3, Text Nodes): only `&`, `<`,
/// `>` and CR are escaped.
pub fn escape_text(text: &str, out: &mut String) {
    escape(text, out, |byte| match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'\r' => Some("&#xD;"),
        _ => None,
    });
}

/// Appends `value` as an attribute's value, without its quotes (Canonical XML 1.0 §2.3, Attribute
/// Nodes).
pub fn escape_attribute(value: &str, out: &mut String) {
    escape(value, out, |byte| match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'"' => Some("&quot;"),
        b'\t' => Some("&#x9;"),
        b'\n' => Some("&#xA;"),
        b'\r' => Some("&#xD;"),
        _ => None,
    });
}

/// Copies in runs; every character that is escaped is one ASCII byte.
fn escape(text: &str, out: &mut String, how: impl Fn(u8) -> Option<&'static str>) {
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        if let Some(escaped) = how(byte) {
            out.push_str(&text[from..at]);
            out.push_str(escaped);
            from = at + 1;
        }
    }
    out.push_str(&text[from..]);
}

/// The same markup with each reference as a canonicaliser would leave it: `&apos;`, `&quot;` and
/// numbers become the character, except those that text must escape.
///
/// A CAF is copied into a document byte for byte, and the authority may have written `&apos;` in a
/// company's name there; the digest, however, is over the canonical form. Of use only where `"`
/// stands in no attribute's value.
pub fn canonical_references(markup: &str) -> Cow<'_, str> {
    let foreign = |name: &str| !matches!(name, "amp" | "lt" | "gt" | "#xD");
    let mut out = String::new();
    let mut from = 0;
    let mut seek = 0;
    while let Some(start) = markup[seek..].find('&').map(|at| seek + at) {
        seek = start + 1;
        let Some(end) = markup[seek..].find(';').map(|at| seek + at) else {
            break;
        };
        let name = &markup[seek..end];
        if foreign(name)
            && let Some(character) = referred(name)
        {
            out.push_str(&markup[from..start]);
            escape_text(character.encode_utf8(&mut [0; 4]), &mut out);
            from = end + 1;
            seek = from;
        }
    }
    if from == 0 {
        return Cow::Borrowed(markup);
    }
    out.push_str(&markup[from..]);
    Cow::Owned(out)
}

fn referred(name: &str) -> Option<char> {
    match name {
        "apos" => Some('\''),
        "quot" => Some('"'),
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

/// ` name="value"`, escaped.
pub(crate) fn attribute(name: &str, value: &str, out: &mut String) {
    let _ = write!(out, " {name}=\"");
    escape_attribute(value, out);
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_become_what_a_canonicaliser_leaves() {
        for (raw, canonical) in [
            ("<RS>L&apos;OREAL &quot;X&quot;</RS>", "<RS>L'OREAL \"X\"</RS>"),
            ("A &amp; B &lt;&gt;", "A &amp; B &lt;&gt;"),
            ("&#39;&#x27;&#38;&#60;&#62;&#13;&#209;", "''&amp;&lt;&gt;&#xD;Ñ"),
            ("&amp;apos;", "&amp;apos;"),
            ("&amp;#39;", "&amp;#39;"),
            ("suelto & sin fin", "suelto & sin fin"),
            ("&nada; &apos;", "&nada; '"),
        ] {
            assert_eq!(canonical_references(raw), canonical, "{raw}");
        }
    }
}
