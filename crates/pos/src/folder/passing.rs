//! Sales on their way to where they are put aside, as a stop or a fault of the disk left them: what was issued, or
//! refused, goes on; what a till had written over it is another sale, and goes back to be taken. Before any other look.

use std::io;
use std::path::Path;

use super::content::{self, Content};
use super::place::{self, Left, Seen};
use super::{Work, answer, take};
use crate::tokens::hex;

/// So much of what a sale held is in its name there.
const MARK: usize = 24;

/// The name there of a sale that was called so. Of one that is too long to be answered, which is refused, as much as
/// there is room for.
pub(super) fn name(content: &Content, name: &str) -> String {
    let mark = &hex(content)[..MARK];
    let stem = place::stem(name);
    match place::shortened(stem) {
        whole if whole.len() == stem.len() => format!("{mark}.{name}"),
        short => format!("{mark}.{short}.json"),
    }
}

/// What it held when it was issued, in part, and how it was called.
fn parted(there: &str) -> Option<(&str, &str)> {
    let (mark, name) = there.split_once('.')?;
    let ours = mark.len() == MARK && mark.bytes().all(|byte| byte.is_ascii_hexdigit());
    (ours && !name.is_empty()).then_some((mark, name))
}

/// Where it was going.
#[derive(Clone, Copy)]
enum Aside {
    Done,
    Refused,
}

impl Work {
    /// Takes on what lies there; what can't be is told.
    pub(super) fn take_on(&self) -> Vec<Left> {
        let ways = [(&self.places.done_passing, Aside::Done), (&self.places.refused_passing, Aside::Refused)];
        ways.into_iter().flat_map(|(folder, aside)| self.take_on_from(folder, aside)).collect()
    }

    fn take_on_from(&self, folder: &Path, aside: Aside) -> Vec<Left> {
        let found = place::all(folder).unwrap_or_else(|error| {
            tracing::error!(%error, folder = %folder.display(), "what was on its way can't be looked at");
            Vec::new()
        });
        let mut left = Vec::new();
        for look in found {
            let Some((mark, name)) = parted(&look.name) else { continue };
            match self.end(&folder.join(&look.name), aside, (mark, name), look.seen) {
                Ok(()) => tracing::warn!(file = name, "a sale that a stop left on its way was taken on"),
                Err(error) => {
                    let why = format!("Está en la carpeta en-paso y no se puede leer o mover ({error}).");
                    left.push(Left { look, why, passing: false });
                }
            }
        }
        left
    }

    fn end(&self, path: &Path, aside: Aside, (mark, name): (&str, &str), seen: Seen) -> io::Result<()> {
        let bytes = match content::read(path) {
            // Far larger than a sale: none that was read.
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Vec::new(),
            read => read?,
        };
        let (content, stem) = (content::of(&bytes), place::stem(name));
        match (aside, hex(&content).starts_with(mark)) {
            (Aside::Done, true) => {
                let print = take::fingerprint(name, seen, &bytes);
                place::put_aside(path, &self.places.done, &format!("{stem}.{print}"), "json")
            }
            (Aside::Refused, true) => answer::refused_before(self, path, place::shortened(stem)),
            (Aside::Done, false) => place::go_back(path, &self.places.sales, name),
            (Aside::Refused, false) => {
                answer::no_reason(self, place::shortened(stem))?;
                place::go_back(path, &self.places.sales, name)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use openssl::sha::sha256;

    use super::*;

    #[test]
    fn a_name_there_says_what_the_sale_held_and_how_it_was_called() {
        let there = name(&sha256(b"{1}"), "v.1.JSON");
        assert_eq!(parted(&there), Some((&hex(&sha256(b"{1}"))[..MARK], "v.1.JSON")));
        for foreign in ["v.json", "0123.json", ".json", &there[..MARK], &there[..=MARK]] {
            assert_eq!(parted(foreign), None, "{foreign}");
        }
        for letter in ["x", "ñ"] {
            let longest = name(&sha256(b"{1}"), &format!("{}.json", letter.repeat(250 / letter.len())));
            assert!(longest.len() <= 255 && longest.ends_with(&format!("{letter}.json")), "{longest}");
        }
    }
}
