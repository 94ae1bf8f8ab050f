//! One file of the folder: read, issued under its key, answered, put aside.

use std::io;
use std::path::Path;

use openssl::sha::sha256;
use timbre_agent::sales::{self, Offer};
use timbre_agent::view::ProblemView;

use super::place::{self, Seen};
use super::{Work, answer};
use crate::tokens::hex;

/// What became of it.
pub(super) enum Taken {
    Issued,
    Refused,
    /// It may be issued as it is, later.
    NotYet {
        code: String,
        why: String,
    },
    /// Somebody still writes it.
    Unfinished,
    /// Somebody took it back, or it can't be read now.
    Gone,
}

/// What a key of ours begins with.
const MARK: &str = "carpeta-";

impl Work {
    /// `old`: it has been as it is for so long that nobody writes it any more.
    pub(super) fn take(&self, name: &str, seen: Seen, old: bool) -> Taken {
        let path = self.path(name);
        let stem = Path::new(name).file_stem().and_then(|stem| stem.to_str()).unwrap_or(name);
        let bytes = match place::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                let why = ProblemView::bad_request("file-too-large", "El archivo pasa de 1 MiB.");
                return self.refuse(&path, stem, &why);
            }
            Err(error) => {
                tracing::warn!(%error, file = name, "a file can't be read now");
                return Taken::Gone;
            }
        };
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        // One that is whole needs no second look.
        if !sales::is_object(text) && !old {
            return Taken::Unfinished;
        }
        let offer = match sales::read_one(text) {
            Ok(offer) => offer,
            Err(refusal) => return self.refuse(&path, stem, &ProblemView::from(refusal)),
        };
        let Offer { key, body } = offer;
        let print = fingerprint(name, seen, &bytes);
        let key = key.unwrap_or_else(|| self.fresh_key(stem, &print));
        timbre_store::crash!("file-read");
        let issued = self.handle.block_on(self.agent.issue(body, Some(key)));
        match issued {
            Ok(issued) => {
                tracing::info!(document = issued.document.id, file = name, "a sale of the folder is issued");
                timbre_store::crash!("file-issued");
                if let Err(error) = answer::issued(self, stem, &issued) {
                    // It is issued: the next look finds it by its key, and answers again.
                    tracing::error!(%error, file = name, "an answer can't be written");
                    return Taken::NotYet { code: "answer-unwritten".to_owned(), why: said(&error) };
                }
                match place::put_aside(&path, &self.places.done, &format!("{stem}.{print}"), "json") {
                    Ok(()) => {
                        timbre_store::crash!("file-aside");
                    }
                    Err(error) => {
                        tracing::error!(%error, file = name, "a sale that was issued can't be put aside");
                        return Taken::NotYet { code: "file-unmovable".to_owned(), why: said(&error) };
                    }
                }
                self.standing.lock().issued += 1;
                Taken::Issued
            }
            Err(problem) if problem.status >= 500 => {
                if let Err(error) = answer::waits(self, stem, &problem) {
                    tracing::warn!(%error, file = name, "that a sale waits can't be written");
                }
                Taken::NotYet { code: problem.code, why: problem.detail }
            }
            Err(problem) => self.refuse(&path, stem, &problem),
        }
    }

    /// A till uses the same name every day. One that was put aside with this very fingerprint was another
    /// sale: a file is either here or there.
    fn fresh_key(&self, stem: &str, print: &str) -> String {
        let aside = |times: u32| match times {
            1 => self.places.done.join(format!("{stem}.{print}.json")),
            n => self.places.done.join(format!("{stem}.{print}.{n}.json")),
        };
        let times = (1..).find(|times| aside(*times).symlink_metadata().is_err()).unwrap_or(u32::MAX);
        match times {
            1 => format!("{MARK}{print}"),
            n => format!("{MARK}{print}-{n}"),
        }
    }

    fn refuse(&self, path: &Path, stem: &str, problem: &ProblemView) -> Taken {
        tracing::warn!(file = stem, code = problem.code, "a file of the folder is refused");
        match answer::refused(self, path, stem, problem) {
            Ok(()) => {
                self.standing.lock().refused += 1;
                Taken::Refused
            }
            Err(error) => Taken::NotYet { code: "file-unmovable".to_owned(), why: said(&error) },
        }
    }
}

pub(super) fn said(error: &io::Error) -> String {
    format!("El disco no lo permite ({error}).")
}

/// Name, size, time and content together: what tells one file from another.
fn fingerprint(name: &str, seen: Seen, bytes: &[u8]) -> String {
    let content = hex(&sha256(bytes));
    let all = format!("{name}\0{}\0{}\0{content}", bytes.len(), seen.time());
    hex(&sha256(all.as_bytes()))[..24].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

    #[test]
    fn name_size_time_and_content_make_the_key_and_a_coarser_clock_does_not() {
        let at =
            |ms: u64| Seen { size: 3, modified: Some(SystemTime::UNIX_EPOCH + Duration::from_millis(ms)) };
        let one = fingerprint("v.json", at(4_000), b"{ }");
        assert_eq!(one, fingerprint("v.json", at(5_999), b"{ }"), "a share that keeps every other second");
        assert_ne!(one, fingerprint("v.json", at(6_000), b"{ }"));
        assert_ne!(one, fingerprint("w.json", at(4_000), b"{ }"));
        assert_ne!(one, fingerprint("v.json", at(4_000), b"{\t}"));
    }
}
