//! From an element to a table's group, telling everything that is not as the schema has it.

use super::{Field, Group, Item, Problem, Shape, position};
use crate::dom::{self, Element, Node};

/// Something that is not as the schema has it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    #[error("el elemento no existe en el esquema del SII")]
    Unknown,
    #[error("el elemento está fuera del orden del esquema")]
    OutOfOrder,
    #[error("el elemento viene {count} veces y el esquema admite {most}")]
    TooMany { count: usize, most: u16 },
    #[error("falta el elemento, que es obligatorio")]
    Missing,
    #[error("hay texto donde solo caben elementos")]
    StrayText,
    #[error("{0}")]
    Text(#[from] Problem),
}

impl Trouble {
    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Trouble::Unknown => "element-unknown",
            Trouble::OutOfOrder => "element-order",
            Trouble::TooMany { .. } => "element-too-many",
            Trouble::Missing => "element-missing",
            Trouble::StrayText => "text-stray",
            Trouble::Text(problem) => problem.code(),
        }
    }
}

/// Reads what stands in `element`. All that can be read is; `told` hears of the rest with its path.
pub fn read(
    element: &Element,
    fields: &'static [Field],
    path: &str,
    told: &mut dyn FnMut(&str, Trouble),
) -> Group {
    let mut group = Group::new(fields);
    let mut last = 0;
    for node in &element.children {
        let child = match node {
            Node::Element(child) => child,
            Node::Text(text) if dom::trimmed(text).is_empty() => continue,
            Node::Text(_) => {
                told(path, Trouble::StrayText);
                continue;
            }
        };
        let at = position(fields, &child.name);
        let below = crate::sale::under(path, &child.name);
        let Some(at) = at else {
            told(&below, Trouble::Unknown);
            continue;
        };
        if at < last {
            told(&below, Trouble::OutOfOrder);
        }
        last = last.max(at);
        let field = &fields[at];
        let below = match field.most {
            1 => below,
            _ => format!("{below}[{}]", group.count(field.tag)),
        };
        let item = match field.shape {
            Shape::Group(inner) => Item::Group(read(child, inner, &below, told)),
            Shape::Markup => Item::Leaf(String::new()),
            shape => Item::Leaf(leaf(child, shape, &below, told)),
        };
        group.push(field.tag, item);
    }
    for field in fields {
        let count = group.count(field.tag);
        if count > usize::from(field.most) {
            told(&crate::sale::under(path, field.tag), Trouble::TooMany { count, most: field.most });
        }
        if count < usize::from(field.least) {
            told(&crate::sale::under(path, field.tag), Trouble::Missing);
        }
    }
    group
}

/// XML Schema collapses the blanks round a number or a date, and not those of a text.
fn leaf(element: &Element, shape: Shape, path: &str, told: &mut dyn FnMut(&str, Trouble)) -> String {
    if element.elements().next().is_some() {
        told(path, Trouble::Unknown);
    }
    let text = element.text();
    let text = match shape {
        Shape::Text { .. } => text,
        _ => dom::trimmed(&text).to_owned(),
    };
    if let Err(problem) = shape.holds(&text) {
        told(path, problem.into());
    }
    text
}
