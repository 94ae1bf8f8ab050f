//! Keys that a JSON text says twice in one object. Nothing is read here but the keys.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::Refusal;

/// Refusals that are told.
const MOST: usize = 200;

/// A refusal for every key that stands a second time. The text is known to be JSON.
pub(super) fn keys(text: &[u8]) -> Vec<Refusal> {
    let (mut path, mut refusals) = (Vec::new(), Vec::new());
    let mut reader = serde_json::Deserializer::from_slice(text);
    // What is malformed was refused before; what was found until there still stands.
    let _ = Look { path: &mut path, refusals: &mut refusals }.deserialize(&mut reader);
    refusals
}

/// A look at one value.
struct Look<'a> {
    /// Where it stands; put into words only where something is wrong.
    path: &'a mut Vec<Part>,
    refusals: &'a mut Vec<Refusal>,
}

enum Part {
    Key(String),
    At(usize),
}

impl Look<'_> {
    fn below(&mut self) -> Look<'_> {
        Look { path: self.path, refusals: self.refusals }
    }

    /// The key that the path ends in stands a second time.
    fn repeated(&mut self) {
        if self.refusals.len() >= MOST {
            return;
        }
        let mut path = String::new();
        for part in self.path.iter() {
            match part {
                Part::Key(name) if path.is_empty() => path.push_str(name),
                Part::Key(name) => path.extend([".", name]),
                Part::At(at) => path.push_str(&format!("[{at}]")),
            }
        }
        let message = format!("«{path}» viene dos veces; deje una sola (una lista, si son varias).");
        self.refusals.push(Refusal::new("json-duplicate-key", path, message));
    }
}

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("un valor JSON")
    }

    /// A number with all its digits comes as a map of one key, which is never said twice.
    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            let twice = seen.contains(&key);
            self.path.push(Part::Key(key));
            if twice {
                self.repeated();
            }
            map.next_value_seed(self.below())?;
            if let Some(Part::Key(key)) = self.path.pop() {
                seen.insert(key);
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        for at in 0.. {
            self.path.push(Part::At(at));
            let found = list.next_element_seed(self.below())?;
            self.path.pop();
            if found.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
}
