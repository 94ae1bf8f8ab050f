//! What is written of a folder sealed or in clear: turning it on and off, and having its key again. No agent may have
//! the folder meanwhile. What sealing is stands in the store; the keys are the vault's.

use std::path::Path;
use std::sync::Arc;

use timbre_agent::clock::{Clock, SystemClock};
use timbre_agent::roles::{self, NEEDED, Staff};
use timbre_agent::view::ProblemView;
use timbre_core::Refusal;
use timbre_store::{Fact, OpenOptions, Opened, Sealed, Store};

use crate::data_folder::held;
use crate::folder::{Lock, data_dir};
use crate::staff::Workers;
use crate::start::progress::telling;
use crate::start::{Options, StartError, anchor};
use crate::vault::{Custody, CustodyUsed, RecoveryKey, Vault};

/// So much more than the index has to be free: a new segment, and what sled makes at once of an index that is new.
const SPARE: u64 = 8 << 20;

/// What the permit is for.
const ACT: &str = roles::SEAL;
const ON: &str = "Cifrar lo que se guarda";
const OFF: &str = "Dejar de cifrar lo que se guarda";
const RECOVERED: &str = "Recuperar la llave de la carpeta con la clave de recuperación";

/// Who turns it on or off: somebody in charge by their PIN, where anybody has one.
pub struct Asker {
    pub name: String,
    pub pin: Option<zeroize::Zeroizing<String>>,
}

/// What of a folder is sealed; no key is asked for.
pub fn sealed(dir: &Path) -> Result<Sealed, StartError> {
    Ok(timbre_store::sealed(dir)?)
}

/// Does it take somebody in charge?
pub fn asks_for_pin(dir: &Path) -> bool {
    Workers::open(dir, Arc::new(SystemClock)).asks()
}

/// From now on what is written is sealed, and the folder's key can be had again with `recovery`.
pub fn seal(at: &Options, who: &Asker, recovery: &RecoveryKey) -> Result<CustodyUsed, StartError> {
    let dir = &data_dir(at.data.as_deref());
    let _lock = Lock::take(dir)?;
    let before = sealed(dir)?;
    if before.on {
        return Err(already().into());
    }
    has_room(dir)?;
    let (vault, used) = open_vault(dir, at.custody.clone(), &before)?;
    let allowed = allow(dir, who, ON);
    // The vault has it before the first segment that needs it.
    if allowed.is_ok() {
        vault.recoverable_by(dir, recovery)?;
    }
    let (mut store, _) = open_store(at, dir, &Arc::new(vault))?;
    let who = or_noted(&mut store, allowed, who, ON)?;
    set(&mut store, true, acted(who, ON))?;
    Ok(used)
}

/// From now on what is written is in clear again. What was sealed stays sealed, and needs its key.
pub fn unseal(at: &Options, who: &Asker) -> Result<(), StartError> {
    let dir = &data_dir(at.data.as_deref());
    let _lock = Lock::take(dir)?;
    let before = sealed(dir)?;
    if !before.on {
        return Err(ProblemView::conflict("sealed-not", "Lo que se guarda aquí no se cifra.").into());
    }
    let (vault, _) = open_vault(dir, at.custody.clone(), &before)?;
    let allowed = allow(dir, who, OFF);
    let (mut store, _) = open_store(at, dir, &Arc::new(vault))?;
    let who = or_noted(&mut store, allowed, who, OFF)?;
    set(&mut store, false, acted(who, OFF))
}

/// What could not be opened again here is opened at the next start, if the disk lets it: it is done all the same.
fn set(store: &mut Store, on: bool, act: Fact) -> Result<(), StartError> {
    store.set_sealing(on, vec![act], SystemClock.now())?.map(drop).map_err(StartError::Unopened)
}

/// The first sealed segment has the index made anew, beside the one that is there: without room for it the shop would
/// not open any more.
pub(crate) fn has_room(dir: &Path) -> Result<(), ProblemView> {
    let asked = held(&dir.join("db")).and_then(|index| Ok((index, fs2::available_space(dir)?)));
    match asked {
        Ok((index, free)) => enough(index, free),
        // A folder that is new has no index, and a disk that can't be asked says nothing.
        Err(_) => Ok(()),
    }
}

fn enough(index: u64, free: u64) -> Result<(), ProblemView> {
    if free > index.saturating_add(SPARE) {
        return Ok(());
    }
    let mega = |bytes: u64| bytes.div_ceil(1 << 20);
    let detail = format!(
        "No queda espacio para cifrar: al hacerlo se rehace el índice, y hacen falta {} MB libres (hay {}). Libere \
         espacio y pida de nuevo; no se hizo nada.",
        mega(index.saturating_add(SPARE)),
        free >> 20
    );
    Err(Refusal::temporary("disk-full", "", detail).into())
}

/// A folder whose key is back.
pub struct Recovered {
    pub custody: CustodyUsed,
    pub opened: Opened,
    /// What has the same key and could not be removed: a sentence each.
    pub left: Vec<String>,
}

/// Gives the folder's key to a custody again: see [`Vault::recover`].
pub fn recover_vault(at: &Options, who: &str, recovery: &RecoveryKey) -> Result<Recovered, StartError> {
    let dir = &data_dir(at.data.as_deref());
    let _lock = Lock::take(dir)?;
    let how = at.custody.clone().map_or_else(Custody::from_env, Ok)?;
    let (vault, custody, left) = Vault::recover(dir, &sealed(dir)?.keys, recovery, &how)?;
    let (mut store, opened) = open_store(at, dir, &Arc::new(vault))?;
    store.commit(vec![acted(who.to_owned(), RECOVERED)], SystemClock.now())?;
    Ok(Recovered { custody, opened, left: left.iter().map(ToString::to_string).collect() })
}

/// Keys for who only reads sealed segments; `None` where none are needed, or the vault does not open.
pub(crate) fn keys(dir: &Path, custody: Option<Custody>) -> Result<Option<Arc<Vault>>, StartError> {
    let sealed = sealed(dir)?;
    // A vault is never made here.
    if sealed.sealed.is_empty() || matches!(Vault::name(dir), Ok(None)) {
        return Ok(None);
    }
    match open_vault(dir, custody, &sealed) {
        Ok((vault, _)) => Ok(Some(Arc::new(vault))),
        Err(error) => {
            tracing::warn!(%error, "what is sealed can't be read");
            Ok(None)
        }
    }
}

/// What a person should know where anything is sealed.
pub(crate) fn notice(sealed: &Sealed) -> Option<&'static str> {
    match (sealed.on, sealed.sealed.is_empty()) {
        (true, _) => {
            Some("Lo que se guarda se cifra; lo anterior a ese día sigue como estaba (vea Ajustes).")
        }
        (false, false) => {
            Some("Lo que se guarda ya no se cifra; lo que se cifró antes sigue cifrado (vea Ajustes).")
        }
        (false, true) => None,
    }
}

/// It is on.
pub(crate) fn already() -> ProblemView {
    ProblemView::conflict("sealed-already", "Lo que se guarda aquí ya se cifra.")
}

/// The vault of a folder, which knows what its sealed segments know.
pub(crate) fn open_vault(
    dir: &Path,
    custody: Option<Custody>,
    sealed: &Sealed,
) -> Result<(Vault, CustodyUsed), StartError> {
    let (vault, used) = Vault::open(dir, &custody.map_or_else(Custody::from_env, Ok)?)?;
    Ok((vault.reminded(&sealed.keys), used))
}

fn open_store(at: &Options, dir: &Path, vault: &Arc<Vault>) -> Result<(Store, Opened), StartError> {
    let anchor = anchor(at.state.clone(), dir);
    let options = OpenOptions { anchor, keys: Some(vault.clone()), ..OpenOptions::default() };
    Ok(Store::open(dir, &options, &telling(at.progress.as_ref()))?)
}

/// Somebody in charge, by their PIN, or whoever sits there while nobody has one.
fn allow(dir: &Path, who: &Asker, words: &str) -> Result<String, ProblemView> {
    let staff = Workers::open(dir, Arc::new(SystemClock));
    if !staff.asks() {
        return Ok(who.name.clone());
    }
    let needed = || ProblemView::forbidden(NEEDED, format!("{words}: lo autoriza un encargado con su PIN."));
    let pin = who.pin.as_ref().ok_or_else(needed)?;
    let permit = staff.permit(&who.name, pin, ACT)?;
    staff.spend(ACT, &permit).map(|spent| spent.who).ok_or_else(needed)
}

/// A wrong PIN is written down.
fn or_noted(
    store: &mut Store,
    allowed: Result<String, ProblemView>,
    who: &Asker,
    words: &str,
) -> Result<String, StartError> {
    if allowed.as_ref().is_err_and(|problem| problem.code == "pin-wrong") {
        let wrong = format!("PIN equivocado para: {words}");
        store.commit(vec![acted(who.name.clone(), &wrong)], SystemClock.now())?;
    }
    Ok(allowed?)
}

fn acted(who: String, what: &str) -> Fact {
    Fact::Acted { who, what: what.to_owned(), documents: Vec::new() }
}

#[cfg(test)]
mod tests {
    use timbre_agent::view::WorkerOrder;
    use zeroize::Zeroizing;

    use super::*;
    use crate::vault::Kind;

    fn asker(name: &str, pin: &str) -> Asker {
        let pin = Some(pin).filter(|pin| !pin.is_empty()).map(|pin| Zeroizing::new(pin.to_owned()));
        Asker { name: name.to_owned(), pin }
    }

    #[test]
    fn nothing_is_sealed_where_the_index_could_not_be_made_again() {
        assert!(enough(5 << 20, 100 << 20).is_ok());
        for free in [0, 200_000, 13 << 20] {
            let refused = enough(5 << 20, free).expect_err("no room");
            assert_eq!((refused.status, refused.code.as_str()), (503, "disk-full"));
            assert!(refused.detail.contains("hacen falta 13 MB libres"), "{}", refused.detail);
        }
    }

    #[test]
    fn where_there_are_pins_somebody_in_charge_turns_it_on_and_off_and_it_is_written_down() {
        let root = tempfile::tempdir().expect("a folder");
        let dir = root.path().join("shop");
        let at = Options {
            data: Some(dir.clone()),
            custody: Some(Custody::forced(Kind::KeyFile)),
            state: Some(root.path().join("state")),
            ..Options::default()
        };
        let key = RecoveryKey::fresh().expect("a key");
        let open = || {
            let vault =
                open_vault(&dir, at.custody.clone(), &sealed(&dir).expect("it is read")).expect("a vault").0;
            open_store(&at, &dir, &Arc::new(vault)).expect("a store").0
        };
        drop(open());
        assert!(!asks_for_pin(&dir));
        let staff = Workers::open(&dir, Arc::new(SystemClock));
        for (name, role) in [("Ana", "encargado"), ("Beto", "cajero")] {
            let (name, role, pin) = (name.to_owned(), role.to_owned(), "2580".to_owned());
            staff.put(&WorkerOrder { name, role, pin }).expect("a worker");
        }
        assert!(asks_for_pin(&dir));
        let vault = std::fs::read(dir.join("vault.json")).expect("it is there");
        for (name, pin, code) in [
            ("Ana", "", NEEDED),
            ("Ana", "1111", "pin-wrong"),
            ("Beto", "2580", "role-insufficient"),
            ("Nadie", "2580", "worker-unknown"),
        ] {
            let refused = seal(&at, &asker(name, pin), &key).expect_err("it is refused");
            let StartError::Problem(problem) = refused else { panic!("{refused}") };
            assert_eq!(problem.code, code);
            assert!(!sealed(&dir).expect("it is read").on, "{name}");
        }
        assert_eq!(std::fs::read(dir.join("vault.json")).expect("it is there"), vault);
        seal(&at, &asker("Ana", "2580"), &key).expect("she may");
        assert!(sealed(&dir).expect("it is read").on);
        assert!(unseal(&at, &asker("Beto", "2580")).is_err());
        unseal(&at, &asker("Ana", "2580")).expect("she may");

        let store = open();
        let acts = store.reader().acts("", None, 9).expect("they are read").rows;
        let acts: Vec<_> = acts.iter().rev().map(|act| (act.who.as_str(), act.what.as_str())).collect();
        let wrong = format!("PIN equivocado para: {ON}");
        assert_eq!(acts, [("Ana", wrong.as_str()), ("Ana", ON), ("Ana", OFF)]);
    }

    /// A file that can be read and by nobody written over.
    #[test]
    #[cfg(target_os = "linux")]
    fn what_has_the_key_and_can_not_be_wiped_is_told_beside_a_recovery_that_is_done() {
        use std::io::Write;
        use std::os::fd::AsRawFd;
        use std::os::unix::fs::{PermissionsExt, symlink};

        use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

        let root = tempfile::tempdir().expect("a folder");
        let dir = root.path().join("shop");
        let at = |custody| Options {
            data: Some(dir.clone()),
            custody: Some(custody),
            state: Some(root.path().join("state")),
            ..Options::default()
        };
        let key = RecoveryKey::fresh().expect("a key");
        seal(&at(Custody::forced(Kind::KeyFile)), &asker("Ana", ""), &key).expect("it is sealed");
        let held = memfd_create("llave", MemfdFlags::ALLOW_SEALING).expect("a file in memory");
        let mut held = std::fs::File::from(held);
        held.set_permissions(std::fs::Permissions::from_mode(0o600)).expect("its owner's");
        held.write_all(&std::fs::read(dir.join("vault.key")).expect("the key")).expect("it is written");
        fcntl_add_seals(&held, SealFlags::WRITE).expect("it is written no more");
        let aside = dir.join(format!("vault.key.{}", "a".repeat(32)));
        symlink(format!("/proc/self/fd/{}", held.as_raw_fd()), &aside).expect("its name");

        let at = at(Custody::passphrase("ñandú veloz"));
        let Recovered { left, opened, .. } = recover_vault(&at, "Ana", &key).expect("the key is back");
        let name = aside.display().to_string();
        assert!(left.len() == 1 && left[0].contains(&name), "{left:?}");
        assert_eq!(opened.locked, None);
        let vault =
            open_vault(&dir, at.custody.clone(), &sealed(&dir).expect("it is read")).expect("a vault").0;
        let store = open_store(&at, &dir, &Arc::new(vault)).expect("a store").0;
        let acts = store.reader().acts("", None, 9).expect("they are read").rows;
        assert_eq!(acts.first().map(|act| act.what.as_str()), Some(RECOVERED));
    }
}
