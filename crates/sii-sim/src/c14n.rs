//! Canonical XML 1.0 (inclusive, without comments: http://www.w3.org/TR/2001/REC-xml-c14n-20010315) of a
//! subtree. The names of elements and attributes are taken from the source, so that prefixes stay as written.
//! Attributes of the `xml:` namespace are not inherited by the apex: no schema of the SII allows any.

use roxmltree::{Node, NodeType};
use std::{collections::BTreeMap, fmt::Write};

/// The canonical text of `apex`, whose UTF-8 bytes are digested and signed. `without` is left out with all that
/// is under it: the enveloped signature.
pub(crate) fn canonical(apex: Node<'_, '_>, without: Option<Node<'_, '_>>) -> String {
    let mut out = String::new();
    write_node(&mut out, apex, without, true);
    out
}

fn write_node(out: &mut String, node: Node<'_, '_>, without: Option<Node<'_, '_>>, is_apex: bool) {
    if Some(node) == without {
        return;
    }
    match node.node_type() {
        NodeType::Element => write_element(out, node, without, is_apex),
        NodeType::Text => escape_text(out, node.text().unwrap_or_default()),
        NodeType::PI => {
            if let Some(pi) = node.pi() {
                out.push_str("<?");
                out.push_str(pi.target);
                if let Some(value) = pi.value.filter(|value| !value.is_empty()) {
                    out.push(' ');
                    out.push_str(value);
                }
                out.push_str("?>");
            }
        }
        NodeType::Comment | NodeType::Root => {}
    }
}

fn write_element(out: &mut String, node: Node<'_, '_>, without: Option<Node<'_, '_>>, is_apex: bool) {
    let name = qualified_name(node);
    out.push('<');
    out.push_str(name);
    write_namespaces(out, node, is_apex);
    write_attributes(out, node);
    out.push('>');
    for child in node.children() {
        write_node(out, child, without, false);
    }
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

/// Element names stand right after the `<`.
fn qualified_name<'a>(node: Node<'a, '_>) -> &'a str {
    let source = &node.document().input_text()[node.range()];
    let name = source.trim_start_matches('<');
    let end = name.find(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/').unwrap_or(name.len());
    &name[..end]
}

/// The namespaces in scope that the output does not already carry: all of them at the apex, below it those that
/// differ from the parent's. The default namespace sorts first, under the empty prefix.
fn write_namespaces(out: &mut String, node: Node<'_, '_>, is_apex: bool) {
    let parent = node.parent().filter(|parent| !is_apex && parent.is_element());
    let above = parent.map(scope).unwrap_or_default();
    let mut here = scope(node);
    // A default namespace that ended here is written as empty.
    if above.contains_key("") {
        here.entry("").or_insert("");
    }
    for (prefix, uri) in here {
        if above.get(prefix) == Some(&uri) {
            continue;
        }
        out.push_str(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
        out.push_str(prefix);
        out.push_str("=\"");
        escape_value(out, uri);
        out.push('"');
    }
}

/// Prefix to URI; no default namespace is no entry.
fn scope<'a>(node: Node<'a, '_>) -> BTreeMap<&'a str, &'a str> {
    node.namespaces()
        .map(|namespace| (namespace.name().unwrap_or_default(), namespace.uri()))
        .filter(|(prefix, uri)| *prefix != "xml" && !uri.is_empty())
        .collect()
}

/// Attributes in order of namespace, then of local name; those without a namespace first.
fn write_attributes(out: &mut String, node: Node<'_, '_>) {
    let source = node.document().input_text();
    let mut attributes: Vec<_> = node.attributes().collect();
    attributes.sort_by_key(|attribute| (attribute.namespace().unwrap_or_default(), attribute.name()));
    for attribute in attributes {
        out.push(' ');
        out.push_str(&source[attribute.range_qname()]);
        out.push_str("=\"");
        escape_value(out, attribute.value());
        out.push('"');
    }
}

fn escape_text(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#xD;"),
            _ => out.push(c),
        }
    }
}

fn escape_value(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => {
                // Writing to a String does not fail.
                let _ = write!(out, "&#x{:X};", u32::from(c));
            }
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{latin1, tree};

    #[track_caller]
    fn check(source: &str, path: &[&str], expect: &str) {
        let document = roxmltree::Document::parse(source).expect("well formed");
        let mut node = document.root_element();
        for name in path {
            node = node.children().find(|child| child.tag_name().name() == *name).expect(name);
        }
        assert_eq!(canonical(node, None), expect);
    }

    #[test]
    fn the_canonical_form_follows_the_recommendation() {
        check("<a  b='1'\n a=\"2\"/>", &[], r#"<a a="2" b="1"></a>"#);
        check("<a>x &#38; &lt; &gt; \" '<!-- no --></a>", &[], "<a>x &amp; &lt; &gt; \" '</a>");
        check("<a b='&quot;&#9;&lt;>'/>", &[], r#"<a b="&quot;&#x9;&lt;>"></a>"#);
        check("<a>1\r\n2&#13;</a>", &[], "<a>1\n2&#xD;</a>");
        check("<a><![CDATA[<&]]></a>", &[], "<a>&lt;&amp;</a>");
        check("<a xmlns='u' xmlns:x='v' x:b='1' c='2'><b/></a>", &["b"], r#"<b xmlns="u" xmlns:x="v"></b>"#);
        check("<a xmlns='u'><b xmlns='u'/></a>", &[], r#"<a xmlns="u"><b></b></a>"#);
        check("<a xmlns='u'><b xmlns=''><c/></b></a>", &[], r#"<a xmlns="u"><b xmlns=""><c></c></b></a>"#);
        check("<a xmlns='u'><b xmlns=''><c/></b></a>", &["b"], "<b><c></c></b>");
        check(
            "<x:a xmlns:x='v' xmlns:y='v' y:q='1'/>",
            &[],
            r#"<x:a xmlns:x="v" xmlns:y="v" y:q="1"></x:a>"#,
        );
        check("<a><?pi  data?></a>", &[], "<a><?pi data?></a>");
        check("<a><?pi?></a>", &[], "<a><?pi?></a>");
        check("<a b='&amp;&#10;&#13;'/>", &[], r#"<a b="&amp;&#xA;&#xD;"></a>"#);
        check(
            "<a xmlns:x='v'><x:b\n/><c/><d\t></d></a>",
            &[],
            r#"<a xmlns:x="v"><x:b></x:b><c></c><d></d></a>"#,
        );
        // A prefix that means something else further in; one that is only repeated.
        check(
            "<x:a xmlns:x='v'><x:b xmlns:x='w'/><x:b xmlns:x='v'/></x:a>",
            &[],
            r#"<x:a xmlns:x="v"><x:b xmlns:x="w"></x:b><x:b></x:b></x:a>"#,
        );
        check("<a xml:lang='es' b='1'/>", &[], r#"<a b="1" xml:lang="es"></a>"#);
    }

    #[test]
    fn what_is_left_out_leaves_nothing() {
        let document = roxmltree::Document::parse("<a><b/> <c><b/></c></a>").expect("well formed");
        let root = document.root_element();
        assert_eq!(canonical(root, root.first_element_child()), "<a> <c><b></b></c></a>");
    }

    /// The vectors were made with another canonicaliser, and found equal to libxml2's.
    #[test]
    fn the_vectors_agree() {
        macro_rules! vector {
            ($file:literal) => {
                include_bytes!(concat!("../tests/vectors/", $file)).as_slice()
            };
        }
        let sets = [
            (
                vector!("EnvioBOLETA-F7-variantA.xml"),
                vector!("EnvioBOLETA-F7-variantA.SetDTE.c14n"),
                vector!("EnvioBOLETA-F7-variantA.SetDTE.SignedInfo.c14n"),
                vec![(vector!("T39F7.A.Documento.c14n"), vector!("T39F7.A.SignedInfo.c14n"))],
            ),
            (
                vector!("EnvioBOLETA-F7-variantB.xml"),
                vector!("EnvioBOLETA-F7-variantB.SetDTE.c14n"),
                vector!("EnvioBOLETA-F7-variantB.SetDTE.SignedInfo.c14n"),
                vec![(vector!("T39F7.B.Documento.c14n"), vector!("T39F7.B.SignedInfo.c14n"))],
            ),
            (
                vector!("EnvioDTE-33-61-52-variantB.xml"),
                vector!("EnvioDTE-33-61-52-variantB.SetDTE.c14n"),
                vector!("EnvioDTE-33-61-52-variantB.SetDTE.SignedInfo.c14n"),
                vec![
                    (vector!("T33F5.B.Documento.c14n"), vector!("T33F5.B.SignedInfo.c14n")),
                    (vector!("T61F2.B.Documento.c14n"), vector!("T61F2.B.SignedInfo.c14n")),
                    (vector!("T52F9.B.Documento.c14n"), vector!("T52F9.B.SignedInfo.c14n")),
                ],
            ),
        ];
        for (file, set, signed_info, documents) in sets {
            let text = latin1::decode(file);
            let envelope = roxmltree::Document::parse(&text).expect("well formed");
            let root = envelope.root_element();
            same(tree::at(root, "SetDTE"), set);
            same(tree::at(root, "Signature/SignedInfo"), signed_info);
            let dtes = tree::children(tree::at(root, "SetDTE").expect("a set"), "DTE");
            for (dte, (documento, signed_info)) in dtes.zip(documents) {
                let alone = roxmltree::Document::parse(tree::source(dte)).expect("well formed");
                same(tree::at(alone.root_element(), "Documento"), documento);
                same(tree::at(alone.root_element(), "Signature/SignedInfo"), signed_info);
            }
        }
    }

    #[track_caller]
    fn same(node: Option<Node<'_, '_>>, expected: &[u8]) {
        let found = canonical(node.expect("the element"), None);
        assert_eq!(found, String::from_utf8_lossy(expected));
    }
}
