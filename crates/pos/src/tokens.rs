//! The tills' tokens: made and shown once, kept as hashes in a file of the folder, revoked, and when each
//! was used last. A token is 256 random bits, so its hash needs no stretching.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use openssl::sha::sha256;
use serde::{Deserialize, Serialize};
use timbre_agent::doer::lawful;
use timbre_agent::view::{NewTokenView, ProblemView, TokenOrder, TokenView};
use timbre_agent::{Agent, Answer};
use timbre_store::whole;

use crate::scope::Scope;
use crate::sessions::Session;

/// The file, in the folder.
const NAME: &str = "tokens.json";

/// Tells a token from other secrets in a settings file.
const MARK: &str = "timbre_";

/// The last use is written down no more often than this.
const STEP: SignedDuration = SignedDuration::from_mins(10);

/// The most tokens of one folder.
const MOST: usize = 100;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    name: String,
    scope: String,
    /// Of the token's text, hexadecimal.
    sha256: String,
    made: Timestamp,
    last_used: Option<Timestamp>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Book {
    tokens: Vec<Kept>,
}

/// The tokens of one folder.
pub struct Tokens {
    path: PathBuf,
    kept: Mutex<Vec<Kept>>,
    /// Held from reading the list to its being on disk.
    writing: Mutex<()>,
}

/// Who a request is of.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    pub who: Who,
    pub scope: Scope,
    /// By a token, from another machine.
    pub from_elsewhere: bool,
}

/// By what they are known.
#[derive(Debug, Clone)]
pub(crate) enum Who {
    /// The owner's token, which the panel of this machine and the command line have.
    Owner,
    /// The token of a till: this one alone, and none that took its name later.
    Till { name: String, sha256: String },
    /// The panel of another machine.
    Panel(Arc<Session>),
}

impl Caller {
    /// The till's name, where it is one.
    pub fn till(&self) -> Option<String> {
        match &self.who {
            Who::Till { name, .. } => Some(name.clone()),
            Who::Owner | Who::Panel(_) => None,
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.who {
            Who::Owner => "owner",
            Who::Till { name, .. } => name,
            Who::Panel(_) => "panel",
        })
    }
}

impl Tokens {
    /// The tokens of a folder. A file that can't be understood is an error: no token of it is known.
    pub fn open(folder: &Path) -> io::Result<Tokens> {
        let path = folder.join(NAME);
        let book: Book = match std::fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Book::default(),
            Err(error) => return Err(error),
            Ok(bytes) => serde_json::from_slice(&bytes)?,
        };
        Ok(Tokens { path, kept: Mutex::new(book.tokens), writing: Mutex::default() })
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a token and writes down who did. The answer holds it, and no other ever will.
    pub async fn make_for(self: &Arc<Self>, agent: &Agent, order: TokenOrder) -> Answer<NewTokenView> {
        let TokenOrder { name, scope, who } = order;
        lawful(&who)?;
        let word = scope.as_deref().unwrap_or(Scope::Issue.word());
        let scope = Scope::from_word(word).ok_or_else(|| {
            let detail = format!("«{word}» no se conoce; use read, issue o manage.");
            ProblemView::bad_request("scope-invalid", detail)
        })?;
        let (tokens, now) = (Arc::clone(self), agent.now());
        let making = tokio::task::spawn_blocking(move || tokens.make(&name, scope, now));
        let made = making.await.map_err(ProblemView::internal)??;
        agent.set_trouble(NAME, None);
        agent.note_act(&who, &format!("Crear el token «{}» ({})", made.name, made.scope)).await?;
        Ok(made)
    }

    /// Revokes a token, and writes down who did. Answers those that are left.
    pub async fn revoke_for(
        self: &Arc<Self>,
        agent: &Agent,
        name: String,
        who: &str,
    ) -> Answer<Vec<TokenView>> {
        let (tokens, gone) = (Arc::clone(self), name.clone());
        let revoking = tokio::task::spawn_blocking(move || tokens.revoke(&gone));
        revoking.await.map_err(ProblemView::internal)??;
        agent.note_act(who, &format!("Revocar el token «{name}»")).await?;
        Ok(self.list())
    }

    pub fn list(&self) -> Vec<TokenView> {
        let view = |kept: &Kept| TokenView {
            name: kept.name.clone(),
            scope: kept.scope.clone(),
            made: kept.made.to_string(),
            last_used: kept.last_used.map(|at| at.to_string()),
        };
        self.kept().iter().map(view).collect()
    }

    /// Makes a token; it is on disk when this answers, and is never told again.
    pub(crate) fn make(&self, name: &str, scope: Scope, now: Timestamp) -> Result<NewTokenView, ProblemView> {
        check_name(name)?;
        let mut random = [0u8; 32];
        openssl::rand::rand_bytes(&mut random).map_err(ProblemView::internal)?;
        let token = format!("{MARK}{}", hex(&random));
        let made = Kept {
            name: name.to_owned(),
            scope: scope.word().to_owned(),
            sha256: hash(&token),
            made: now,
            last_used: None,
        };
        self.change(|kept| {
            if kept.iter().any(|other| other.name == name) {
                let why = format!("Ya hay un token «{name}». Revóquelo primero, o use otro nombre.");
                return Err(ProblemView::conflict("token-exists", why));
            }
            if kept.len() == MOST {
                let why = format!("Hay {MOST} tokens, que es lo más que se guarda: revoque los que no use.");
                return Err(ProblemView::refused("tokens-many", why));
            }
            kept.push(made);
            Ok(())
        })?;
        Ok(NewTokenView { name: name.to_owned(), scope: scope.word().to_owned(), token })
    }

    /// From now on it opens nothing.
    pub(crate) fn revoke(&self, name: &str) -> Result<(), ProblemView> {
        self.change(|kept| {
            let before = kept.len();
            kept.retain(|token| token.name != name);
            match kept.len() < before {
                true => Ok(()),
                false => Err(ProblemView::not_found(format_args!("un token «{name}»"))),
            }
        })
    }

    fn change(
        &self,
        change: impl FnOnce(&mut Vec<Kept>) -> Result<(), ProblemView>,
    ) -> Result<(), ProblemView> {
        let _alone = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = self.kept().clone();
        change(&mut next)?;
        self.write(&next).map_err(ProblemView::internal)?;
        *self.kept() = next;
        Ok(())
    }

    fn write(&self, tokens: &[Kept]) -> io::Result<()> {
        let book = Book { tokens: tokens.to_vec() };
        whole::write(&self.path, &serde_json::to_vec_pretty(&book)?)
    }

    /// Whose token this is; compared in constant time. True when it is time to write down that it was used.
    pub(crate) fn known(&self, token: &str, now: Timestamp) -> Option<(Caller, bool)> {
        let given = hash(token);
        let mut kept = self.kept();
        let found = kept.iter_mut().fold(None, |found, kept| {
            let same = kept.sha256.len() == given.len()
                && openssl::memcmp::eq(kept.sha256.as_bytes(), given.as_bytes());
            if same { Some(kept) } else { found }
        })?;
        // A word nobody knows any more opens nothing.
        let scope = Scope::from_word(&found.scope)?;
        let due = found.last_used.is_none_or(|last| now.duration_since(last) >= STEP);
        if due {
            found.last_used = Some(now);
        }
        let who = Who::Till { name: found.name.clone(), sha256: given };
        Some((Caller { who, scope, from_elsewhere: false }, due))
    }

    /// Is what they showed still good? Whoever listens for long is asked again.
    pub(crate) fn stands(&self, caller: &Caller, now: Timestamp) -> bool {
        match &caller.who {
            Who::Owner => true,
            Who::Till { sha256, .. } => self.kept().iter().any(|kept| kept.sha256 == *sha256),
            Who::Panel(session) => session.stands(now),
        }
    }

    /// Writes down when tokens were used last. What fails is tried again in ten minutes.
    pub(crate) fn note_uses(&self) {
        let _alone = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let tokens = self.kept().clone();
        if let Err(error) = self.write(&tokens) {
            tracing::warn!(%error, "when tokens were used last could not be written");
        }
    }
}

/// A name is shown to people, written to logs, and part of an address: what has neither letter nor number (`..`) is
/// folded away there, and could not be taken back.
pub(crate) fn check_name(name: &str) -> Result<(), ProblemView> {
    let lawful = |c: char| c.is_alphanumeric() || " -_.".contains(c);
    let good = (1..=40).contains(&name.chars().count())
        && name.chars().all(lawful)
        && name.chars().any(char::is_alphanumeric)
        && name.trim() == name;
    match good {
        true => Ok(()),
        false => Err(ProblemView::refused(
            "name-invalid",
            "El nombre lleva de 1 a 40 letras, números, espacios, puntos o guiones, y al menos una letra o un número.",
        )),
    }
}

fn hash(token: &str) -> String {
    hex(&sha256(token.as_bytes()))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_name_that_an_address_folds_away_is_none() {
        for name in ["", ".", "..", "-", " caja", "caja/1", "caja\n"] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
        for name in ["1", "caja 1", "a.b", "..a"] {
            assert!(check_name(name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn a_token_is_shown_once_kept_as_a_hash_and_opens_nothing_once_it_is_revoked() {
        let dir = tempfile::tempdir().unwrap();
        let now = at("2026-11-26T12:00:00Z");
        let tokens = Tokens::open(dir.path()).unwrap();
        let made = tokens.make("caja 1", Scope::Issue, now).unwrap();
        let kept = std::fs::read_to_string(dir.path().join(NAME)).unwrap();
        assert!(!kept.contains(made.token.trim_start_matches(MARK)), "not even in the file");
        let again = Tokens::open(dir.path()).unwrap();
        let (caller, _) = again.known(&made.token, now).unwrap();
        assert_eq!((caller.to_string().as_str(), caller.scope), ("caja 1", Scope::Issue));
        assert!(again.known(&made.token[..made.token.len() - 1], now).is_none());
        assert!(again.known("", now).is_none());
        assert_eq!(again.make("caja 1", Scope::Read, now).err().unwrap().code, "token-exists");
        again.revoke("caja 1").unwrap();
        assert!(again.known(&made.token, now).is_none() && !again.stands(&caller, now));
        assert!(Tokens::open(dir.path()).unwrap().known(&made.token, now).is_none());
        assert_eq!(again.revoke("caja 1").unwrap_err().status, 404);
        again.make("caja 1", Scope::Read, now).unwrap();
        assert!(
            !again.stands(&caller, now),
            "who listens by the old one has nothing of the new one of its name"
        );
    }

    #[test]
    fn the_last_use_is_seen_and_written_now_and_then() {
        let dir = tempfile::tempdir().unwrap();
        let tokens = Tokens::open(dir.path()).unwrap();
        let made = tokens.make("caja", Scope::Read, at("2026-11-26T12:00:00Z")).unwrap();
        assert_eq!(tokens.list()[0].last_used, None);
        let due = |when: &str| tokens.known(&made.token, at(when)).unwrap().1;
        assert!(due("2026-11-26T12:01:00Z") && !due("2026-11-26T12:10:59Z") && due("2026-11-26T12:11:00Z"));
        tokens.note_uses();
        let again = Tokens::open(dir.path()).unwrap();
        assert_eq!(again.list()[0].last_used.as_deref(), Some("2026-11-26T12:11:00Z"));
    }

    #[test]
    fn a_file_that_is_not_understood_lets_nobody_in() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(NAME), "{").unwrap();
        assert!(Tokens::open(dir.path()).is_err());
    }
}
