//! What the writer emits is canonical: an independent canonicaliser has nothing to change in it.

use bergshamra_c14n::{C14nMode, canonicalize};
use proptest::prelude::*;
use timbre_xmldsig::Xml;

#[derive(Debug, Clone)]
enum Node {
    Text(String),
    Line,
    Element { name: String, attributes: Vec<(String, String)>, children: Vec<Node> },
}

fn chars() -> impl Strategy<Value = String> {
    proptest::collection::vec(
        prop_oneof![
            3 => proptest::char::range(' ', '~'),
            2 => proptest::sample::select(vec!['&', '<', '>', '"', '\'', '\r', '\n', '\t', 'ñ', 'Ñ', '€', '\u{A0}', '🙂']),
        ],
        0..12,
    )
    .prop_map(|chars| chars.into_iter().collect())
}

fn attributes() -> impl Strategy<Value = Vec<(String, String)>> {
    let plain = proptest::collection::btree_map("[a-zA-Z][a-z0-9]{0,4}", chars(), 0..4);
    let spaces = proptest::collection::btree_map(
        proptest::sample::select(vec!["xmlns", "xmlns:p", "xmlns:q", "xmlns:r"]),
        proptest::sample::select(vec!["urn:z", "urn:a", "http://www.sii.cl/SiiDte"]),
        0..3,
    );
    (plain, spaces, any::<bool>(), chars()).prop_map(|(plain, spaces, prefixed, value)| {
        let mut all: Vec<(String, String)> = plain.into_iter().collect();
        for (name, space) in &spaces {
            // One prefixed attribute: two prefixes may name one namespace, and then clash.
            if let Some(prefix) = name.strip_prefix("xmlns:")
                && prefixed
                && !all.iter().any(|(n, _)| n.contains(':') && !n.starts_with("xmlns"))
            {
                all.push((format!("{prefix}:loc"), value.clone()));
            }
            all.push(((*name).to_owned(), (*space).to_owned()));
        }
        all
    })
}

fn node() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![chars().prop_map(Node::Text), Just(Node::Line)];
    leaf.prop_recursive(4, 40, 5, element)
}

fn element(inner: impl Strategy<Value = Node>) -> impl Strategy<Value = Node> {
    ("[A-Za-z_][A-Za-z0-9]{0,6}", attributes(), proptest::collection::vec(inner, 0..5))
        .prop_map(|(name, attributes, children)| Node::Element { name, attributes, children })
}

fn write(node: &Node, xml: &mut Xml) {
    match node {
        Node::Text(text) => {
            xml.text(text);
        }
        Node::Line => {
            xml.newline();
        }
        Node::Element { name, attributes, children } => {
            let borrowed: Vec<(&str, &str)> =
                attributes.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            xml.open_with(name, &borrowed);
            for child in children {
                write(child, xml);
            }
            xml.close(name);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn what_is_emitted_is_canonical(root in element(node())) {
        let mut xml = Xml::new();
        write(&root, &mut xml);
        let emitted = xml.into_string();
        let canonical = canonicalize(&emitted, C14nMode::Inclusive, None, &[] as &[&str]).expect("it is XML");
        prop_assert_eq!(String::from_utf8(canonical).expect("UTF-8"), emitted);
    }
}
