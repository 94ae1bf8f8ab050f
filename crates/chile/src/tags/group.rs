//! An element with what stands in it, in a table's order: read from a sale or a document, filled in,
//! written.

use timbre_xmldsig::Xml;

use super::{Field, Shape, position};

/// The elements inside of one, each as often as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    fields: &'static [Field],
    items: Vec<Vec<Item>>,
}

/// What stands in an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    Leaf(String),
    Group(Group),
}

impl PartialEq for Field {
    fn eq(&self, other: &Field) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Field {}

impl Group {
    pub fn new(fields: &'static [Field]) -> Group {
        Group { fields, items: vec![Vec::new(); fields.len()] }
    }

    pub fn fields(&self) -> &'static [Field] {
        self.fields
    }

    fn items(&self, tag: &str) -> &[Item] {
        position(self.fields, tag).map_or(&[], |at| &self.items[at])
    }

    /// How often it stands.
    pub fn count(&self, tag: &str) -> usize {
        self.items(tag).len()
    }

    pub fn has(&self, tag: &str) -> bool {
        self.count(tag) > 0
    }

    /// The first text of this tag.
    pub fn leaf(&self, tag: &str) -> Option<&str> {
        self.leaves(tag).next()
    }

    pub fn leaves(&self, tag: &str) -> impl Iterator<Item = &str> {
        self.items(tag).iter().filter_map(|item| match item {
            Item::Leaf(text) => Some(text.as_str()),
            Item::Group(_) => None,
        })
    }

    /// The first element of this tag.
    pub fn group(&self, tag: &str) -> Option<&Group> {
        self.groups(tag).next()
    }

    pub fn groups(&self, tag: &str) -> impl Iterator<Item = &Group> {
        self.items(tag).iter().filter_map(|item| match item {
            Item::Group(group) => Some(group),
            Item::Leaf(_) => None,
        })
    }

    pub fn groups_mut(&mut self, tag: &str) -> impl Iterator<Item = &mut Group> {
        let items = position(self.fields, tag).map(|at| &mut self.items[at]);
        items.into_iter().flatten().filter_map(|item| match item {
            Item::Group(group) => Some(group),
            Item::Leaf(_) => None,
        })
    }

    /// The text below a path of tags.
    pub fn at(&self, path: &[&str]) -> Option<&str> {
        let (leaf, groups) = path.split_last()?;
        groups.iter().try_fold(self, |group, tag| group.group(tag))?.leaf(leaf)
    }

    /// The element of this tag, made when it is not there.
    pub fn within(&mut self, tag: &'static str) -> &mut Group {
        let at = self.slot(tag);
        let Shape::Group(fields) = self.fields[at].shape else {
            unreachable!("<{tag}> holds text");
        };
        if self.items[at].is_empty() {
            self.items[at].push(Item::Group(Group::new(fields)));
        }
        match &mut self.items[at][0] {
            Item::Group(group) => group,
            Item::Leaf(_) => unreachable!("<{tag}> holds elements"),
        }
    }

    /// Puts one text in the place of whatever stood there.
    pub fn set(&mut self, tag: &'static str, text: impl Into<String>) {
        let at = self.slot(tag);
        self.items[at] = vec![Item::Leaf(text.into())];
    }

    /// The same for an element that may have nothing to hold.
    pub fn set_some(&mut self, tag: &'static str, text: Option<impl Into<String>>) {
        match text {
            Some(text) => self.set(tag, text),
            None => self.clear(tag),
        }
    }

    /// The same where there is nothing yet.
    pub fn fill(&mut self, tag: &'static str, text: impl Into<String>) {
        if !self.has(tag) {
            self.set(tag, text);
        }
    }

    pub fn push(&mut self, tag: &str, item: Item) {
        let at = self.slot(tag);
        self.items[at].push(item);
    }

    pub fn clear(&mut self, tag: &str) {
        let at = self.slot(tag);
        self.items[at].clear();
    }

    /// One more, empty, element of this tag.
    pub fn add(&mut self, tag: &'static str) -> &mut Group {
        let at = self.slot(tag);
        let Shape::Group(fields) = self.fields[at].shape else {
            unreachable!("<{tag}> holds text");
        };
        self.items[at].push(Item::Group(Group::new(fields)));
        match self.items[at].last_mut() {
            Some(Item::Group(group)) => group,
            _ => unreachable!("one was just put there"),
        }
    }

    /// Takes over what `from`, perhaps of another table, says under the same tags; what stands here stays.
    pub fn carry(&mut self, from: &Group) {
        for (field, own) in self.fields.iter().zip(&mut self.items) {
            if !own.is_empty() {
                continue;
            }
            let theirs = from.items(field.tag).iter();
            own.extend(theirs.filter_map(|item| match (item, field.shape) {
                (Item::Group(theirs), Shape::Group(fields)) => {
                    let mut group = Group::new(fields);
                    group.carry(theirs);
                    Some(Item::Group(group))
                }
                (Item::Leaf(text), shape) if shape.holds(text).is_ok() => Some(Item::Leaf(text.clone())),
                _ => None,
            }));
        }
    }

    /// Takes it out where it says just this.
    pub fn clear_if(&mut self, tag: &str, text: &str) {
        if self.leaf(tag) == Some(text) {
            self.clear(tag);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.items.iter().all(Vec::is_empty)
    }

    fn slot(&self, tag: &str) -> usize {
        position(self.fields, tag).expect("a tag of this element's table")
    }

    /// The elements in order, each on a line of its own: the SII's parser takes no line over 4,096 bytes
    /// (rejection CHR-00002).
    pub fn write(&self, xml: &mut Xml) {
        for (field, items) in self.fields.iter().zip(&self.items) {
            for item in items {
                match item {
                    Item::Leaf(markup) if matches!(field.shape, Shape::Markup) => xml.raw(markup),
                    Item::Leaf(text) => xml.leaf(field.tag, text),
                    Item::Group(group) if group.is_empty() => continue,
                    Item::Group(group) => {
                        xml.open(field.tag).newline();
                        group.write(xml);
                        xml.close(field.tag)
                    }
                };
                xml.newline();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tags::boleta;

    #[test]
    fn elements_are_written_in_the_schemas_order_whatever_order_they_came_in() {
        let mut document = Group::new(boleta::DOCUMENTO);
        let mut line = Group::new(match boleta::DOCUMENTO[1].shape {
            Shape::Group(fields) => fields,
            _ => unreachable!(),
        });
        line.set("MontoItem", "700");
        line.set("NmbItem", "Pan & té");
        line.set("NroLinDet", "1");
        document.push("Detalle", Item::Group(line));
        document.within("Encabezado").within("IdDoc").set("Folio", "7");
        document.within("Encabezado").within("Receptor");
        let mut xml = Xml::new();
        document.write(&mut xml);
        assert_eq!(
            xml.into_string(),
            "<Encabezado>\n<IdDoc>\n<Folio>7</Folio>\n</IdDoc>\n</Encabezado>\n<Detalle>\n<NroLinDet>1</NroLinDet>\n\
             <NmbItem>Pan &amp; té</NmbItem>\n<MontoItem>700</MontoItem>\n</Detalle>\n"
        );
        assert_eq!(document.at(&["Encabezado", "IdDoc", "Folio"]), Some("7"));
        assert_eq!(document.at(&["Encabezado", "Nada"]), None);
    }
}
