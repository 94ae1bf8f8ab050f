//! The password of the panel for other machines, in the folder's file `panel.json`, as [`crate::secret`] keeps it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use timbre_agent::Answer;
use timbre_agent::clock::Clock;
use timbre_agent::view::ProblemView;
use timbre_pos::Password;
use timbre_store::whole;

use crate::secret::{Secret, span};

/// Characters of a password. Fifteen where it is the only thing asked (NIST SP 800-63B-4, 3.1.1.2).
const LENGTH: std::ops::RangeInclusive<usize> = 15..=128;
/// Different ones of it at the least.
const VARIETY: usize = 5;

#[derive(Default, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Book {
    password: Option<Secret>,
}

/// The password of one folder's panel.
pub(crate) struct PanelPassword {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    kept: Mutex<Book>,
}

impl PanelPassword {
    /// As the folder's file says. One that can't be read opens to nobody, until a password is set anew.
    pub fn open(dir: &Path, clock: Arc<dyn Clock>) -> PanelPassword {
        let path = dir.join("panel.json");
        let read = match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| error.to_string()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Book::default()),
            Err(error) => Err(error.to_string()),
        };
        let kept = read.unwrap_or_else(|why| {
            tracing::error!(%why, "the file of the panel's password can't be read: nobody enters by it");
            Book::default()
        });
        PanelPassword { path, clock, kept: Mutex::new(kept) }
    }

    /// What changes is on disk before it counts.
    fn change<T>(&self, change: impl FnOnce(&mut Option<Secret>) -> Answer<T>) -> Answer<T> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = kept.clone();
        let made = change(&mut next.password)?;
        let text = serde_json::to_vec_pretty(&next).map_err(ProblemView::internal)?;
        whole::write(&self.path, &text).map_err(|error| {
            ProblemView::internal(format!("No se pudo guardar {} ({error}).", self.path.display()))
        })?;
        *kept = next;
        Ok(made)
    }
}

impl Password for PanelPassword {
    fn is_set(&self) -> bool {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).password.is_some()
    }

    fn set(&self, password: Option<&str>) -> Answer<()> {
        let secret = match password {
            None => None,
            Some(said) => {
                check(said)?;
                Some(Secret::new(said).map_err(ProblemView::internal)?)
            }
        };
        self.change(|kept| {
            *kept = secret;
            Ok(())
        })
    }

    fn open(&self, said: &str) -> Answer<()> {
        let now = self.clock.now();
        let none = || ProblemView::forbidden("password-missing", "El panel todavía no tiene contraseña.");
        let secret = self.change(|kept| {
            let secret = kept.as_mut().ok_or_else(none)?;
            secret.count(now).map_err(|left| {
                let detail = format!("Demasiados intentos equivocados. Pruebe de nuevo en {}.", span(left));
                ProblemView::forbidden("password-locked", detail)
            })?;
            Ok(secret.clone())
        })?;
        if !secret.is(said).ok_or_else(|| ProblemView::internal("El archivo panel.json está dañado."))? {
            return Err(ProblemView::forbidden("password-wrong", "La contraseña no es ésa."));
        }
        self.change(|kept| {
            // Another one may have been set meanwhile: this one opens nothing then.
            let same = kept.as_mut().filter(|kept| kept.is_the_same(&secret));
            same.ok_or_else(none)?.forgive();
            Ok(())
        })
    }
}

fn check(said: &str) -> Answer<()> {
    let refused = |detail: &str| Err(ProblemView::refused("password-weak", detail));
    if !LENGTH.contains(&said.chars().count()) {
        return refused(
            "La contraseña lleva de 15 a 128 caracteres: sirve una frase de cuatro o cinco palabras.",
        );
    }
    let mut different: Vec<char> = said.chars().collect();
    different.sort_unstable();
    different.dedup();
    if different.len() < VARIETY {
        return refused("Una contraseña que repite unas pocas letras se adivina: elija otra.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use timbre_agent::clock::SystemClock;
    use timbre_core::Timestamp;

    const PHRASE: &str = "pan amasado con pebre";

    struct Still(Timestamp);

    impl Clock for Still {
        fn now(&self) -> Timestamp {
            self.0
        }
    }

    #[track_caller]
    fn code<T>(answer: Answer<T>) -> String {
        answer.err().expect("it is refused").code
    }

    #[test]
    fn it_opens_by_what_was_set_alone_and_no_file_holds_it() {
        let dir = tempfile::tempdir().unwrap();
        let password = PanelPassword::open(dir.path(), Arc::new(SystemClock));
        assert_eq!((password.is_set(), code(password.open(PHRASE))), (false, "password-missing".to_owned()));
        for weak in ["corta", "aaaaaaaaaaaaaaaaaaaa", &"pan con palta".repeat(12)] {
            assert_eq!(code(password.set(Some(weak))), "password-weak", "{weak}");
        }
        password.set(Some(PHRASE)).unwrap();
        password.open(PHRASE).unwrap();
        assert!(!std::fs::read_to_string(dir.path().join("panel.json")).unwrap().contains("pebre"));
        let again = PanelPassword::open(dir.path(), Arc::new(SystemClock));
        again.open(PHRASE).unwrap();
        again.set(None).unwrap();
        assert_eq!((again.is_set(), code(again.open(PHRASE))), (false, "password-missing".to_owned()));
    }

    #[test]
    fn guessing_takes_ever_longer_and_a_restart_forgives_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(Still(SystemClock.now()));
        let password = PanelPassword::open(dir.path(), clock.clone());
        password.set(Some(PHRASE)).unwrap();
        for _ in 0..crate::secret::FREE {
            assert_eq!(code(password.open("otra frase de cinco palabras")), "password-wrong");
        }
        assert_eq!(code(password.open(PHRASE)), "password-locked", "even the right one");
        let password = PanelPassword::open(dir.path(), clock);
        assert_eq!(code(password.open(PHRASE)), "password-locked");
    }

    #[test]
    fn a_damaged_file_opens_to_nobody_until_one_is_set_anew() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("panel.json"), "{").unwrap();
        let password = PanelPassword::open(dir.path(), Arc::new(SystemClock));
        assert_eq!((password.is_set(), code(password.open(""))), (false, "password-missing".to_owned()));
        password.set(Some(PHRASE)).unwrap();
        password.open(PHRASE).unwrap();
    }
}
