//! Canonical XML 1.0 of one element: inclusive, without comments. Nothing is parsed here.

use timbre_xmldsig::{escape_attribute, escape_text};

use super::{Element, Node, Space};

impl Element {
    /// Inclusive Canonical XML 1.0 without comments of this element alone, where `around` is in force.
    pub fn canonical(&self, around: &[Space]) -> String {
        let mut out = String::with_capacity(self.span.len() + 128);
        let mut force: Vec<Space> = Vec::new();
        for space in around.iter().chain(&self.spaces) {
            overlay(&mut force, space);
        }
        let shown: Vec<Space> = force.iter().filter(|(_, name)| !name.is_empty()).cloned().collect();
        self.write(&shown, &force, &mut out);
        out
    }

    fn write(&self, shown: &[Space], force: &[Space], out: &mut String) {
        out.push('<');
        out.push_str(&self.name);
        let mut shown: Vec<&Space> = shown.iter().collect();
        shown.sort();
        for (prefix, name) in shown {
            let declared = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
            attribute(&declared, name, out);
        }
        let mut attributes: Vec<(&str, &str, &String, &String)> = self
            .attributes
            .iter()
            .map(|(name, value)| match name.split_once(':') {
                Some((prefix, local)) => (in_force(force, prefix), local, name, value),
                None => ("", name.as_str(), name, value),
            })
            .collect();
        attributes.sort();
        for (_, _, name, value) in attributes {
            attribute(name, value, out);
        }
        out.push('>');
        for node in &self.children {
            match node {
                Node::Text(text) => escape_text(text, out),
                Node::Element(child) => {
                    let mut inside = force.to_vec();
                    let mut news = Vec::new();
                    for space in &child.spaces {
                        if in_force(&inside, &space.0) != space.1 {
                            news.push(space.clone());
                        }
                        overlay(&mut inside, space);
                    }
                    child.write(&news, &inside, out);
                }
            }
        }
        out.push_str("</");
        out.push_str(&self.name);
        out.push('>');
    }
}

fn attribute(name: &str, value: &str, out: &mut String) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    escape_attribute(value, out);
    out.push('"');
}

fn in_force<'a>(force: &'a [Space], prefix: &str) -> &'a str {
    force.iter().find(|(known, _)| known == prefix).map_or("", |(_, name)| name)
}

fn overlay(force: &mut Vec<Space>, space: &Space) {
    match force.iter_mut().find(|(prefix, _)| *prefix == space.0) {
        Some(known) => known.1.clone_from(&space.1),
        None => force.push(space.clone()),
    }
}
