//! The SII's schemas as data: outlines of the XSDs, read once into a tree of elements. How a document is held
//! against them is in `validate`, what a value may look like in `types`.

mod types;
mod validate;

use std::sync::OnceLock;
use types::Type;
pub(crate) use validate::validate;

pub(crate) const SII: &str = "http://www.sii.cl/SiiDte";
pub(crate) const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";

/// An element as a schema declares it.
#[derive(Debug)]
pub(crate) struct Element {
    name: &'static str,
    namespace: &'static str,
    min: usize,
    max: usize,
    attributes: Vec<Attribute>,
    content: Content,
}

#[derive(Debug)]
struct Attribute {
    name: &'static str,
    fixed: Option<&'static str>,
}

#[derive(Debug)]
enum Content {
    Children(Vec<Element>),
    Value(Type),
}

/// `EnvioBOLETA_v11.xsd`.
pub(crate) fn boleta() -> &'static Element {
    static SCHEMA: OnceLock<Element> = OnceLock::new();
    SCHEMA.get_or_init(|| read(include_str!("boleta.outline"), SII))
}

/// `EnvioDTE_v10.xsd`.
pub(crate) fn dte() -> &'static Element {
    static SCHEMA: OnceLock<Element> = OnceLock::new();
    SCHEMA.get_or_init(|| read(include_str!("dte.outline"), SII))
}

/// `xmldsignature_v10.xsd`.
pub(crate) fn firma() -> &'static Element {
    static SCHEMA: OnceLock<Element> = OnceLock::new();
    SCHEMA.get_or_init(|| read(include_str!("firma.outline"), DSIG))
}

fn read(outline: &'static str, namespace: &'static str) -> Element {
    let lines: Vec<&str> =
        outline.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    let mut rest = lines.as_slice();
    take(&mut rest, namespace)
}

/// Reads one element and what is indented under it.
fn take(lines: &mut &[&'static str], namespace: &'static str) -> Element {
    let (line, rest) = lines.split_first().expect("an outline names an element where one is expected");
    *lines = rest;
    let mut element = head(line, namespace);
    let depth = indent(line);
    let mut children = Vec::new();
    while lines.first().is_some_and(|next| indent(next) > depth) {
        children.push(take(lines, namespace));
    }
    if !children.is_empty() {
        element.content = Content::Children(children);
    }
    element
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn head(line: &'static str, namespace: &'static str) -> Element {
    let mut words = line.trim_start();
    let name = word(&mut words);
    let mut element = Element {
        name,
        namespace,
        min: 1,
        max: 1,
        attributes: Vec::new(),
        content: Content::Children(Vec::new()),
    };
    while !words.is_empty() {
        let before = words;
        let next = word(&mut words);
        if let Some((min, max)) = next.split_once("..") {
            element.min = min.parse().expect("a count in an outline is a number");
            element.max = max.parse().expect("a count in an outline is a number");
        } else if let Some(attribute) = next.strip_prefix('@') {
            let (name, fixed) =
                attribute.split_once('=').map_or((attribute, None), |(name, fixed)| (name, Some(fixed)));
            element.attributes.push(Attribute { name, fixed });
        } else if next == "firma" {
            // Every schema has it once.
            return read(include_str!("firma.outline"), DSIG);
        } else {
            element.content = Content::Value(Type::read(before));
            break;
        }
    }
    element
}

fn word(rest: &mut &'static str) -> &'static str {
    let (first, after) = rest.split_once(' ').unwrap_or((rest, ""));
    *rest = after;
    first
}
