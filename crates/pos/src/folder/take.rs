//! Files of the folder: read, issued under their keys, answered, put aside.

use std::io;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::thread::ScopedJoinHandle;

use axum::body::Bytes;
use futures_util::future::join_all;
use openssl::sha::sha256;
use timbre_agent::Answer;
use timbre_agent::sales::{self, Offer};
use timbre_agent::view::ProblemView;
use timbre_agent::vouch::Sold;
use timbre_store::whole::Draft;

use super::answer::VOUCHER;
use super::content::{self, Content};
use super::place::{self, Look, Seen};
use super::still::Reading;
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
    /// It has no key of its own, and did not stand so before.
    Moving(Reading),
    /// Somebody took it back, or it can't be read now.
    Gone,
}

/// What a key of ours begins with.
const MARK: &str = "carpeta-";

/// So many threads read a lot, or write its answers: by a share each of them waits for its turn there.
const HANDS: usize = 4;

/// A file by its name: a sale and what came of issuing it, or why none was issued.
pub(super) type Ended = (String, Result<(Sale, Answer<Sold>), Taken>);

/// A sale that was read, on its way.
pub(super) struct Sale {
    path: PathBuf,
    name: String,
    stem: String,
    print: String,
    content: Content,
    key: String,
    /// The key is one of ours, made of what the file is.
    made: bool,
    body: Bytes,
    /// What was said of an earlier one of its name made room for it.
    made_room: bool,
}

impl Work {
    /// Those files, issued in this order: they share signatures and fsyncs. One that is `true` has been as it is for so
    /// long that nobody writes it any more.
    pub(super) fn issue(&self, files: Vec<(Look, bool)>) -> Vec<Ended> {
        let mut read = shared(&files, |(look, old)| self.read(look, *old));
        let made_room = |read: &Result<Sale, Taken>| read.as_ref().is_ok_and(|sale| sale.made_room);
        if read.iter().any(made_room)
            && let Err(error) = answer::settle_before(self)
        {
            read.iter_mut().filter(|read| made_room(read)).for_each(|read| *read = Err(no_room(&error)));
        }
        let issuing = read.iter().filter_map(|read| read.as_ref().ok());
        let issuing = issuing.map(|sale| self.agent.sell(sale.body.clone(), sale.key.clone()));
        let mut outcomes = self.runtime.block_on(join_all(issuing)).into_iter();
        let mut with = |sale| (sale, outcomes.next().expect("each that was read has one"));
        let ended = read.into_iter().map(|read| read.map(&mut with)).collect::<Vec<_>>();
        files.into_iter().map(|(look, _)| look.name).zip(ended).collect()
    }

    /// Answers what was issued and puts it aside; what became of each.
    pub(super) fn answer(&self, ended: Vec<Ended>) -> Vec<(String, Taken)> {
        let written = shared(&ended, |(_, ended)| self.write(ended).map_err(|error| error.to_string()));
        let lot = written.iter().flatten().flatten().collect::<Vec<_>>();
        let on_device = |done: io::Result<()>| done.map_err(|error| error.to_string());
        let synced = on_device(answer::sync(self, &lot));
        let place = |drafts: &Vec<Draft>| synced.clone().and_then(|()| on_device(answer::place(drafts)));
        let placed = shared(&written, |written| written.as_ref().map_err(String::clone).and_then(place));
        let settled = if lot.is_empty() { Ok(()) } else { on_device(answer::settle(self)) };
        let end = |((name, ended), placed): (Ended, Result<(), String>)| {
            let taken = match ended {
                Ok((sale, outcome)) => self.finish(&sale, outcome, placed.and(settled.clone())),
                Err(taken) => taken,
            };
            (name, taken)
        };
        ended.into_iter().zip(placed).map(end).collect()
    }

    /// What answers one that was issued; nothing does any other here.
    fn write(&self, ended: &Result<(Sale, Answer<Sold>), Taken>) -> io::Result<Vec<Draft>> {
        let Ok((sale, Ok(sold))) = ended else { return Ok(Vec::new()) };
        match sold {
            Sold::Issued(issued) => {
                let document = &issued.document.id;
                tracing::info!(document, file = sale.name, "a sale of the folder is issued");
            }
            Sold::Recorded(record) => {
                tracing::info!(key = record.key, file = sale.name, "a sale of the folder is recorded");
            }
        }
        timbre_store::crash!("file-issued");
        match sold {
            // After a death it is this very file; but who emptied what was put aside may have sold the same again.
            Sold::Issued(issued) if sale.made && issued.repeated => {
                let mut known = issued.clone();
                known.warnings.push(answer::known());
                answer::issued(self, &sale.stem, &known)
            }
            Sold::Issued(issued) => answer::issued(self, &sale.stem, issued),
            Sold::Recorded(record) => answer::recorded(self, &sale.stem, record),
        }
    }

    /// What is to be issued, or why nothing is.
    fn read(&self, Look { name, .. }: &Look, old: bool) -> Result<Sale, Taken> {
        let path = self.path(name);
        let stem = place::stem(name);
        let (bytes, seen) = match content::read_at_rest(&path) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                let why = ProblemView::bad_request("file-too-large", "El archivo pasa de 1 MiB.");
                return Err(self.refuse(&path, stem, &why, None));
            }
            Err(error) => return Err(unread(name, old, &error)),
        };
        let content = content::of(&bytes);
        if !sales::is_object(content::text(&bytes)) && !old {
            return Err(Taken::Unfinished);
        }
        if let Some(why) = unanswerable(stem) {
            return Err(self.refuse(
                &path,
                stem,
                &ProblemView::bad_request("file-name", why),
                Some(&content),
            ));
        }
        // With the lines that stand before it, so that a refusal names its own.
        let offer = sales::read_one(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes));
        // A key of its own says which sale it is, whatever is still written behind it.
        let keyed = offer.as_ref().is_ok_and(|offer| offer.key.is_some());
        let reading = Reading { seen, content };
        if !keyed && !self.still.stood(name, &reading) {
            return Err(Taken::Moving(reading));
        }
        let Offer { key, body } =
            offer.map_err(|refusal| self.refuse(&path, stem, &ProblemView::from(refusal), Some(&content)))?;
        let print = fingerprint(name, seen, &bytes);
        let made = key.is_none();
        let key = key.unwrap_or_else(|| self.fresh_key(stem, &print));
        timbre_store::crash!("file-read");
        let made_room = answer::make_room(self, stem, Some(&key))
            .and_then(|answered| Ok(answered | answer::make_room_refused(self, stem)?))
            .map_err(|error| no_room(&error))?;
        let (stem, name) = (stem.to_owned(), name.clone());
        Ok(Sale { stem, name, path, print, content, key, made, body, made_room })
    }

    /// What was issued and answered goes aside; what can't be issued waits, or is refused.
    fn finish(&self, sale: &Sale, outcome: Answer<Sold>, answered: Result<(), String>) -> Taken {
        let Sale { path, name, stem, print, content, .. } = sale;
        match outcome {
            Ok(_) => {
                let waits_no_more = |()| match self.noted.contains(stem) {
                    true => answer::no_longer_waits(self, stem).map_err(|error| error.to_string()),
                    false => Ok(()),
                };
                if let Err(error) = answered.and_then(waits_no_more) {
                    // It is issued: the next look finds it by its key, and answers again.
                    tracing::error!(error, file = name, "an answer can't be written");
                    return Taken::NotYet { code: "answer-unwritten".to_owned(), why: said(&error) };
                }
                let done = &self.places.done;
                let aside = done.join(place::free_name(done, &format!("{stem}.{print}"), "json"));
                if let Err(error) = place::move_as_read(path, &self.places.done_passing, &aside, content) {
                    tracing::error!(%error, file = name, "a sale that was issued can't be put aside");
                    return Taken::NotYet { code: "file-unmovable".to_owned(), why: said(&error) };
                }
                timbre_store::crash!("file-aside");
                self.standing.lock().issued += 1;
                Taken::Issued
            }
            Err(problem) if problem.status >= 500 => {
                if let Err(error) = answer::waits(self, stem, &problem) {
                    tracing::warn!(%error, file = name, "that a sale waits can't be written");
                }
                Taken::NotYet { code: problem.code, why: problem.detail }
            }
            Err(problem) => self.refuse(path, stem, &problem, Some(content)),
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

    /// `content`: what was read, where it could be.
    fn refuse(&self, path: &Path, stem: &str, problem: &ProblemView, content: Option<&Content>) -> Taken {
        tracing::warn!(file = stem, code = problem.code, "a file of the folder is refused");
        let alone = self.refusing.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = answer::refused(self, path, place::shortened(stem), problem, content);
        drop(alone);
        match refused {
            Ok(true) => {
                self.standing.lock().refused += 1;
                Taken::Refused
            }
            // What was written over it is taken next.
            Ok(false) => Taken::Gone,
            Err(error) => Taken::NotYet { code: "file-unmovable".to_owned(), why: said(&error) },
        }
    }
}

/// What `of` makes of each, in their order, by a few threads.
pub(super) fn shared<T: Sync, R: Send>(all: &[T], of: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let each = all.len().div_ceil(HANDS).max(1);
    let of = &of;
    std::thread::scope(|scope| {
        let some = |some: &'_ [T]| some.iter().map(of).collect::<Vec<_>>();
        let threads: Vec<_> = all.chunks(each).map(|chunk| scope.spawn(move || some(chunk))).collect();
        let ended = |thread: ScopedJoinHandle<'_, Vec<R>>| thread.join().unwrap_or_else(|e| resume_unwind(e));
        threads.into_iter().flat_map(ended).collect()
    })
}

/// Somebody took it back; or it is not ours to read, or in other hands. For a moment that may be one who looks for
/// viruses: each look tries again. After that people are told, and it waits.
fn unread(name: &str, old: bool, error: &io::Error) -> Taken {
    match error.kind() {
        kind if kind == io::ErrorKind::NotFound || !old => Taken::Gone,
        _ => {
            tracing::warn!(%error, file = name, "a file can't be read now");
            Taken::NotYet {
                code: "file-unreadable".to_owned(),
                why: format!(
                    "No se puede leer el archivo ({error}): revise sus permisos, o ciérrelo donde está abierto."
                ),
            }
        }
    }
}

/// What was said of an earlier sale of this name stands, and could be taken for this one's.
fn no_room(error: &io::Error) -> Taken {
    tracing::error!(%error, "the answer to an earlier sale can't be put aside");
    Taken::NotYet { code: "answer-unmovable".to_owned(), why: said(error) }
}

/// Why nothing could be answered to a sale of this name, if so: before it has a folio.
fn unanswerable(stem: &str) -> Option<String> {
    if stem.len() > place::LONGEST {
        let most = place::LONGEST;
        return Some(format!("El nombre del archivo es demasiado largo: use a lo más {most} letras."));
    }
    let stem = stem.to_ascii_lowercase();
    let ours = [".espera", VOUCHER].into_iter().find(|ours| stem.ends_with(ours))?;
    Some(format!(
        "Los nombres que terminan en {ours}.json son de las notas y respuestas de Timbre: use otro."
    ))
}

pub(super) fn said(error: &impl std::fmt::Display) -> String {
    format!("El disco no lo permite ({error}).")
}

/// Name, size, time and content together: what tells one file from another. Blanks around the text are no part of it.
pub(super) fn fingerprint(name: &str, seen: Seen, bytes: &[u8]) -> String {
    let (length, content) = (content::text(bytes).len(), content::of(bytes));
    let all = format!("{name}\0{length}\0{}\0{}", seen.time(), hex(&content));
    hex(&sha256(all.as_bytes()))[..24].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

    #[test]
    fn a_file_that_can_not_be_read_waits_where_people_see_it_unless_it_is_gone() {
        let taken = |kind: io::ErrorKind| unread("v.json", true, &io::Error::from(kind));
        assert!(matches!(taken(io::ErrorKind::NotFound), Taken::Gone));
        let scanned = unread("v.json", false, &io::ErrorKind::PermissionDenied.into());
        assert!(matches!(scanned, Taken::Gone), "in other hands for a moment");
        for kind in [io::ErrorKind::PermissionDenied, io::ErrorKind::Other, io::ErrorKind::InvalidInput] {
            assert!(matches!(taken(kind), Taken::NotYet { code, .. } if code == "file-unreadable"), "{kind}");
        }
    }

    #[test]
    fn name_size_time_and_content_make_the_key_and_a_coarser_clock_does_not() {
        let at =
            |ms: u64| Seen { size: 3, modified: Some(SystemTime::UNIX_EPOCH + Duration::from_millis(ms)) };
        let of = |name, seen, text: &[u8]| fingerprint(name, seen, text);
        let one = of("v.json", at(4_000), b"{ }");
        assert_eq!(one, of("v.json", at(5_999), b"{ }"), "a share that keeps every other second");
        assert_ne!(one, of("v.json", at(6_000), b"{ }"));
        assert_ne!(one, of("w.json", at(4_000), b"{ }"));
        assert_ne!(one, of("v.json", at(4_000), b"{\t}"));
        for blanks in ["{ }\r\n", "\u{feff}{ }", "\u{feff}\n { }\n\n"] {
            assert_eq!(one, of("v.json", at(4_000), blanks.as_bytes()), "{blanks:?}");
        }
    }
}
