//! Holds an element against its declaration: names, namespaces, order, counts, attributes, values. It stops at
//! the first fault of each element, as the SII's parser does.

use super::{Content, Element};
use roxmltree::Node;
use std::collections::HashSet;

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// The complaints of the SII's parser about the document of this root; none when it is valid.
pub(crate) fn validate(root: Node<'_, '_>, schema: &Element) -> Vec<String> {
    let mut faults = Faults { found: Vec::new(), ids: HashSet::new() };
    if named(root, schema) {
        faults.element(root, schema);
    } else {
        faults.add(root, &format!("LSX-00021: undefined element \"{}\"", root.tag_name().name()));
    }
    faults.found
}

struct Faults<'a> {
    found: Vec<String>,
    ids: HashSet<&'a str>,
}

impl<'a> Faults<'a> {
    fn add(&mut self, node: Node<'_, '_>, text: &str) {
        let row = node.document().text_pos_at(node.range().start).row;
        self.found.push(format!("[{row}]{text}"));
    }

    fn element(&mut self, node: Node<'a, '_>, schema: &Element) {
        self.attributes(node, schema);
        match &schema.content {
            Content::Value(kind) => {
                if node.children().any(|child| child.is_element()) {
                    self.add(node, &format!("LSX-00204: extra data in element \"{}\"", schema.name));
                } else if let Some(complaint) = kind.complaint(&value(node)) {
                    self.add(node, &format!("{complaint} (element \"{}\")", schema.name));
                }
            }
            Content::Children(declared) => self.children(node, declared),
        }
    }

    fn children(&mut self, node: Node<'a, '_>, declared: &[Element]) {
        let text = node
            .children()
            .filter(Node::is_text)
            .any(|text| text.text().is_some_and(|text| !text.bytes().all(|byte| byte.is_ascii_whitespace())));
        if text {
            self.add(node, "LSX-00022: text where only elements may stand");
        }
        let mut children = node.children().filter(Node::is_element).peekable();
        for schema in declared {
            let mut count = 0;
            while let Some(child) = children.next_if(|child| named(*child, schema)) {
                count += 1;
                if count > schema.max {
                    let text =
                        format!("LSX-00214: more than {} occurrences of \"{}\"", schema.max, schema.name);
                    return self.add(child, &text);
                }
                self.element(child, schema);
            }
            if count < schema.min {
                let at = children.peek().copied().unwrap_or(node);
                let text = format!(
                    "LSX-00213: only {count} occurrences of particle \"{}\", minimum is {}",
                    schema.name, schema.min
                );
                return self.add(at, &text);
            }
        }
        if let Some(extra) = children.next() {
            self.add(
                extra,
                &format!("LSX-00204: extra data at end of complex element: \"{}\"", extra.tag_name().name()),
            );
        }
    }

    fn attributes(&mut self, node: Node<'a, '_>, schema: &Element) {
        for declared in &schema.attributes {
            match (node.attribute(declared.name), declared.fixed) {
                (None, _) => {
                    self.add(node, &format!("LSX-00264: attribute \"{}\" is missing", declared.name))
                }
                (Some(value), Some(fixed)) if value != fixed => {
                    self.add(
                        node,
                        &format!("LSX-00265: attribute \"{}\" value \"{value}\" is wrong", declared.name),
                    );
                }
                (Some(value), None) if declared.name == "ID" => self.id(node, value),
                (Some(_), _) => {}
            }
        }
        for attribute in node.attributes() {
            let known = match attribute.namespace() {
                None => schema.attributes.iter().any(|declared| declared.name == attribute.name()),
                Some(XSI) => {
                    attribute.name() == "schemaLocation"
                        && node.parent().is_some_and(|parent| parent.is_root())
                }
                Some(_) => false,
            };
            if !known {
                self.add(node, &format!("LSX-00260: undefined attribute \"{}\"", attribute.name()));
            }
        }
    }

    /// `xs:ID`: begins with a letter or an underscore, and is there once.
    fn id(&mut self, node: Node<'_, '_>, value: &'a str) {
        let first = value.chars().next();
        let name = first.is_some_and(|c| c.is_alphabetic() || c == '_')
            && value.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
        if !name {
            self.add(
                node,
                &format!("LSX-00333: literal \"{value}\" is not valid with respect to the pattern"),
            );
        } else if !self.ids.insert(value) {
            self.add(node, &format!("LSX-00105: ID \"{value}\" is not unique"));
        }
    }
}

fn named(node: Node<'_, '_>, schema: &Element) -> bool {
    node.tag_name().name() == schema.name && node.tag_name().namespace() == Some(schema.namespace)
}

/// All the text of an element, CDATA sections and the pieces around comments included.
fn value(node: Node<'_, '_>) -> String {
    node.children().filter(Node::is_text).filter_map(|text| text.text()).collect()
}

#[cfg(test)]
mod tests {
    use crate::{latin1, schema};

    #[track_caller]
    fn complaints(file: &[u8], schema: &super::Element) -> Vec<String> {
        let text = latin1::decode(file);
        let document = roxmltree::Document::parse(&text).expect("well formed");
        super::validate(document.root_element(), schema)
    }

    #[test]
    fn envelopes_that_are_valid_under_the_xsds_are_valid_here() {
        let boletas = include_bytes!("../../tests/vectors/EnvioBOLETA-F7-variantA.xml");
        let facturas = include_bytes!("../../tests/vectors/EnvioDTE-33-61-52-variantB.xml");
        assert_eq!(complaints(boletas, schema::boleta()), Vec::<String>::new());
        assert_eq!(complaints(facturas, schema::dte()), Vec::<String>::new());
        assert!(!complaints(boletas, schema::dte()).is_empty());
    }

    /// The first boleta envelope with one thing changed, and the first complaint about it.
    #[track_caller]
    fn complaint(from: &str, to: &str) -> String {
        let boletas = latin1::decode(include_bytes!("../../tests/vectors/EnvioBOLETA-F7-variantA.xml"));
        assert!(boletas.contains(from), "{from}");
        let changed = latin1::encode(&boletas.replacen(from, to, 1)).expect("Latin-1");
        complaints(&changed, schema::boleta()).into_iter().next().unwrap_or_default()
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (from, to, text) in [
            ("<SetDTE ID=\"", "<SetDTE ID=\"7", "LSX-00333"),
            ("<SetDTE ID=\"", "<SetDTE ID=\"a b", "LSX-00333"),
            ("<SetDTE ID=\"", "<SetDTE ID=\"_", ""),
            ("<SetDTE ID=\"", "<SetDTE ID=\"a.b-c_", ""),
            ("<Caratula version=\"1.0\"", "<Caratula version=\"1.1\"", "LSX-00265"),
            ("<Caratula version=\"1.0\"", "<Caratula", "LSX-00264"),
            ("<Caratula", "<Caratula xsi:schemaLocation=\"a b\"", "LSX-00260"),
            ("<Caratula", "<Caratula xmlns:q=\"urn:q\" q:schemaLocation=\"a b\"", "LSX-00260"),
            ("<EnvioBOLETA", "<EnvioBOLETA xsi:type=\"x\"", "LSX-00260"),
            ("<EnvioBOLETA", "<EnvioBOLETA schemaLocation=\"x\"", "LSX-00260"),
            ("<RutEmisor>", "<RutEmisor><b/>", "LSX-00204"),
            ("<Caratula", "text<Caratula", "LSX-00022"),
            ("<Caratula", "<!-- text --><Caratula", ""),
            ("<RutReceptor>", "<RutReceptor><!-- text -->", ""),
            ("<RutReceptor>60803000-K", "<RutReceptor>60803000<![CDATA[-K]]>", ""),
            ("</Caratula>", "</Caratula>\n<Caratula version=\"1.0\"/>", "LSX-00214"),
        ] {
            let found = complaint(from, to);
            assert!(found.contains(text) && found.is_empty() == text.is_empty(), "{to}: {found}");
        }
        assert!(complaint("<Caratula version=\"1.0\"", "\n<Caratula version=\"1.1\"").starts_with("[5]"));
    }

    #[test]
    fn an_id_is_there_once() {
        let boletas = latin1::decode(include_bytes!("../../tests/vectors/EnvioBOLETA-F7-variantA.xml"));
        let id = |element: &str| {
            let (_, rest) = boletas.split_once(&format!("<{element} ID=\"")).expect("an ID");
            rest.split('"').next().expect("its end").to_owned()
        };
        let found = complaint(
            &format!("<SetDTE ID=\"{}", id("SetDTE")),
            &format!("<SetDTE ID=\"{}", id("Documento")),
        );
        assert!(found.contains("LSX-00105"), "{found}");
    }

    #[test]
    fn counts_are_held_to_both_ends() {
        let detail = || {
            let boletas = latin1::decode(include_bytes!("../../tests/vectors/EnvioBOLETA-F7-variantA.xml"));
            let start = boletas.find("<SubTotDTE>").expect("one");
            let end = boletas.find("</SubTotDTE>").expect("its end") + "</SubTotDTE>".len();
            boletas[start..end].to_owned()
        };
        let one = detail();
        assert_eq!(complaint(&one, &one.repeat(2)), "");
        assert!(complaint(&one, &one.repeat(3)).contains("LSX-00214: more than 2 occurrences"));
        assert!(complaint(&one, "").contains("LSX-00213: only 0 occurrences"));
    }
}
