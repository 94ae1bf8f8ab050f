//! Elements and attributes against a table, whatever they mean.

use super::Look;
use crate::dom::Element;
use crate::tags::markup::{self, Trouble};
use crate::tags::{Field, Group};

impl Look {
    /// Reads an element by its table and tells all that is not as the schema has it, with places below
    /// `path`; true when nothing is.
    pub(super) fn structure(
        &mut self,
        element: &Element,
        fields: &'static [Field],
        path: &str,
    ) -> (Group, bool) {
        let mut troubles: Vec<(String, Trouble)> = Vec::new();
        let group = markup::read(element, fields, path, &mut |path, trouble| {
            troubles.push((path.to_owned(), trouble));
        });
        let sound = troubles.is_empty();
        for (path, trouble) in troubles {
            self.refuses(trouble.code(), &path, format!("{path}: {trouble}."));
        }
        (group, sound)
    }

    /// The attributes of an element, each with the value that the schema fixes or with any. The uploader
    /// refuses others (SCH-00001 for an ID on the envelope).
    pub(super) fn attributes(&mut self, element: &Element, place: &str, wanted: &[(&str, Option<&str>)]) {
        for (name, fixed) in wanted {
            let said = element.attribute(name).unwrap_or_default();
            if said.is_empty() || fixed.is_some_and(|fixed| fixed != said) {
                let value = fixed.unwrap_or("un valor");
                let message = format!("{place} lleva {name}=\"{said}\" y el esquema quiere {value}.");
                self.refuses("attribute", place, message);
            }
        }
        // Whether it is right is the envelope's look; anywhere else it says nothing.
        let others = element.attributes.iter().map(|(name, _)| name).filter(|n| *n != "xsi:schemaLocation");
        for name in others {
            if wanted.iter().all(|(known, _)| *known != name.as_str()) {
                let message = format!("{place} lleva el atributo {name}, que el esquema no tiene.");
                self.refuses("attribute-unknown", place, message);
            }
        }
    }
}
