//! The data folder: where it is, that one agent has it, and how others find that agent.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use timbre_agent::carrier::Courier;

use crate::StartError;

/// How long a command waits for a lock that somebody is just giving back.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK: Duration = Duration::from_millis(50);

/// Where an agent listens, and the owner's token.
#[derive(Clone, Serialize, Deserialize)]
pub struct Address {
    /// `http://127.0.0.1:4578`.
    pub base: String,
    pub token: String,
    /// It works the queue. One that does not is a command's, and will be gone in a moment.
    pub sender: bool,
    /// Its keys are open: it can issue. One that only looks has them closed.
    pub keys: bool,
}

impl Address {
    /// What to open in a browser. The token is in the fragment, which no server is sent.
    pub fn panel(&self) -> String {
        format!("{}/#token={}", self.base, self.token)
    }

    /// Brings the window of that agent forward, if it has one. Nothing where nobody answers: that agent is ending.
    pub async fn ask_for_window(&self) -> Option<bool> {
        let courier = Courier::new().ok()?;
        let headers =
            [("authorization", format!("Bearer {}", self.token)), ("timbre-client", "ventana".to_owned())];
        let answer = courier.deliver(&format!("{}/v1/window", self.base), &headers, Vec::new()).await;
        answer.ok().map(|status| status == 204)
    }
}

/// What `agent.json` says, for whoever may read it (its owner).
#[derive(Serialize, Deserialize)]
struct Card {
    pid: u32,
    port: u16,
    token: String,
    sender: bool,
    keys: bool,
}

/// The folder meant: what was said, else `TIMBRE_DATA`, else the platform's place for data.
pub fn data_dir(said: Option<&Path>) -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    if let Some(dir) = said.map(Path::to_owned).or_else(|| set("TIMBRE_DATA")) {
        return dir;
    }
    let home = || set("HOME").unwrap_or_else(|| PathBuf::from("."));
    if cfg!(windows) {
        set("LOCALAPPDATA").unwrap_or_else(home).join("Timbre").join("datos")
    } else if cfg!(target_os = "macos") {
        home().join("Library").join("Application Support").join("Timbre")
    } else {
        set("XDG_DATA_HOME").unwrap_or_else(|| home().join(".local").join("share")).join("timbre")
    }
}

/// The folder of the demo shop: never the one where real documents are.
pub fn demo_dir(said: Option<&Path>) -> PathBuf {
    said.map_or_else(|| practice_dir(&data_dir(None)), Path::to_owned)
}

/// The folder beside a shop's own where its people practise.
pub fn practice_dir(shop: &Path) -> PathBuf {
    // Without the slash that a person may have typed behind it.
    let mut name = shop.components().as_path().as_os_str().to_owned();
    name.push("-demo");
    PathBuf::from(name)
}

/// Has somebody begun to keep a shop there? A folder that only exists is none.
pub fn is_shop(dir: &Path) -> bool {
    dir.join("journal").is_dir() || dir.join("vault.json").is_file()
}

/// The folder, ours alone until it is dropped.
pub struct Lock {
    dir: PathBuf,
    /// What tells this folder from its copies; let go before the folder.
    alone: Option<File>,
    /// Nothing can be written there.
    still: bool,
    _file: Option<File>,
}

impl Lock {
    /// Takes the folder, making it when there is none. Waits while somebody else gives it back.
    pub fn take(dir: &Path) -> Result<Lock, StartError> {
        make(dir).map_err(|e| StartError::Folder(dir.to_owned(), e))?;
        let file = open_lock(dir)?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => {
                    let lock = Lock { dir: dir.to_owned(), alone: None, still: false, _file: Some(file) };
                    // One that was killed has left its card: nobody is to believe it while we open.
                    lock.withdraw();
                    return Ok(lock);
                }
                Err(TryLockError::WouldBlock) if began.elapsed() < PATIENCE => {
                    std::thread::sleep(LOOK);
                }
                Err(TryLockError::WouldBlock) => return Err(StartError::Busy(dir.to_owned())),
                Err(TryLockError::Error(e)) => return Err(StartError::Folder(dir.to_owned(), e)),
            }
        }
    }

    /// The same for who looks into a folder that can't be written to: nobody finds them there, and who comes waits, as far
    /// as its file system lets them.
    pub fn still(dir: &Path) -> Result<Lock, StartError> {
        let file = File::open(dir.join("agent.lock")).ok();
        if let Some(Err(TryLockError::WouldBlock)) = file.as_ref().map(File::try_lock_shared) {
            return Err(StartError::Busy(dir.to_owned()));
        }
        Ok(Lock { dir: dir.to_owned(), alone: None, still: true, _file: file })
    }

    /// A copy of this folder has the same `anchor` on this machine: while one of them may issue the other does not.
    /// (Of what one of them had issued before, the anchor itself tells the other.) Without one nobody would notice either.
    pub fn alone(&mut self, anchor: Option<&Path>) -> Result<(), StartError> {
        let path = anchor.ok_or(StartError::NoState)?.with_extension("lock");
        let failed = |error| StartError::Folder(path.clone(), error);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let file = open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => self.alone = Some(file),
            Err(TryLockError::WouldBlock) => return Err(StartError::Copy(self.dir.clone())),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        Ok(())
    }

    /// Says where we listen, and for what we are good.
    pub fn announce(&self, at: &Address, port: u16) -> Result<(), StartError> {
        if self.still {
            return Ok(());
        }
        let Address { token, sender, keys, .. } = at.clone();
        let card = Card { pid: std::process::id(), port, token, sender, keys };
        let bytes = serde_json::to_vec(&card).expect("a card is plain data");
        write_private(&self.dir.join("agent.json"), &bytes)
            .map_err(|e| StartError::Folder(self.dir.clone(), e))
    }
}

impl Lock {
    /// Nobody is to come any more; the folder is still ours. Who only looks has no card there: it is another one's.
    pub fn withdraw(&self) {
        if self.still {
            return;
        }
        // A card left behind is seen through by the lock.
        let _ = fs::remove_file(self.dir.join("agent.json"));
    }
}

/// The printing of a folder, one program's alone until the last of these is dropped: it may print on when it has let
/// go of the folder.
#[derive(Debug, Clone)]
pub struct Turn {
    _file: Arc<File>,
}

impl Turn {
    /// `None` while another program prints.
    pub fn take(dir: &Path) -> io::Result<Option<Turn>> {
        let file = open(&dir.join("papers.lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Turn { _file: Arc::new(file) })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.withdraw();
        drop(self.alone.take());
    }
}

/// The agent that has this folder, if one does.
pub fn find(dir: &Path) -> Result<Option<Address>, StartError> {
    find_able(dir, |_| true)
}

/// The agent that has this folder and is `enough` for what is wanted. One that is not is a passing
/// command's: it is waited for until it has gone.
pub fn find_able(dir: &Path, enough: impl Fn(&Address) -> bool) -> Result<Option<Address>, StartError> {
    if !dir.join("agent.lock").exists() {
        return Ok(None);
    }
    let began = Instant::now();
    loop {
        let file = open_to_ask(dir)?;
        match file.try_lock() {
            Ok(()) => return Ok(None),
            Err(TryLockError::Error(e)) => return Err(StartError::Folder(dir.to_owned(), e)),
            Err(TryLockError::WouldBlock) => {}
        }
        let found = read_card(dir);
        if let Some(address) = &found
            && enough(address)
        {
            return Ok(found);
        }
        if began.elapsed() > PATIENCE {
            return Err(match found {
                Some(_) => StartError::Passing(dir.to_owned()),
                None => StartError::Busy(dir.to_owned()),
            });
        }
        std::thread::sleep(LOOK);
    }
}

fn read_card(dir: &Path) -> Option<Address> {
    let bytes = fs::read(dir.join("agent.json")).ok()?;
    let Card { port, token, sender, keys, pid: _ } = serde_json::from_slice(&bytes).ok()?;
    Some(Address { base: base(port), token, sender, keys })
}

/// Where an agent listens that has this port.
pub(crate) fn base(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn open_lock(dir: &Path) -> Result<File, StartError> {
    let path = dir.join("agent.lock");
    open(&path).map_err(|e| StartError::Folder(path, e))
}

/// Only whether somebody holds it is asked: the agent of a folder that can't be written to any more still answers.
fn open_to_ask(dir: &Path) -> Result<File, StartError> {
    use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
    match open_lock(dir) {
        Err(StartError::Folder(path, e)) if matches!(e.kind(), ReadOnlyFilesystem | PermissionDenied) => {
            File::open(&path).map_err(|_| StartError::Folder(path, e))
        }
        opened => opened,
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).open(path)
}

/// A new folder is for its owner's eyes only (a profile's on Windows is, by inheritance). One that
/// was there is somebody's: its mode is left as it is.
fn make(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(dir)?;
    timbre_store::crash!("folder-made");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Writes a small file that only the owner may read, whole or not at all.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let next = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(&next)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    timbre_store::crash!("card-half");
    fs::rename(next, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(port: u16, sender: bool) -> Address {
        Address { base: base(port), token: "secreto".to_owned(), sender, keys: true }
    }

    #[test]
    fn a_folder_is_had_by_one_and_found_by_others() {
        let dir = tempfile::tempdir().unwrap();
        assert!(find(dir.path()).unwrap().is_none());
        let lock = Lock::take(dir.path()).unwrap();
        lock.announce(&at(4578, true), 4578).unwrap();
        let found = find(dir.path()).unwrap().unwrap();
        assert_eq!((found.base.as_str(), found.token.as_str()), ("http://127.0.0.1:4578", "secreto"));
        assert!(found.sender && found.keys);
        assert_eq!(found.panel(), "http://127.0.0.1:4578/#token=secreto");
        drop(lock);
        assert!(find(dir.path()).unwrap().is_none());
        Lock::take(dir.path()).unwrap();
    }

    #[test]
    fn of_a_folder_and_its_copy_one_may_issue_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let anchor = dir.path().join("state/anchors/a.json");
        let take = |name: &str| Lock::take(&dir.path().join(name)).unwrap();
        let (mut shop, mut copy) = (take("shop"), take("copy"));
        shop.alone(Some(&anchor)).unwrap();
        assert!(
            matches!(copy.alone(Some(&anchor)), Err(StartError::Copy(of)) if of == dir.path().join("copy"))
        );
        assert!(matches!(copy.alone(None), Err(StartError::NoState)), "nobody would notice");
        copy.alone(Some(&dir.path().join("state/anchors/b.json"))).unwrap();
        drop(shop);
        take("shop").alone(Some(&anchor)).unwrap();
    }

    #[test]
    fn a_passing_commands_engine_is_waited_for_by_who_wants_a_sender() {
        let dir = tempfile::tempdir().unwrap();
        let lock = Lock::take(dir.path()).unwrap();
        lock.announce(&at(1, false), 1).unwrap();
        assert!(find(dir.path()).unwrap().is_some(), "good enough to look through");
        let (path, (looked, looks)) = (dir.path().to_owned(), std::sync::mpsc::channel());
        let waits = std::thread::spawn(move || {
            find_able(&path, |address| {
                // Nobody may listen any more.
                let _ = looked.send(());
                address.sender
            })
        });
        looks.recv().unwrap(); // it has seen the card, and waits
        drop(lock);
        assert!(waits.join().unwrap().unwrap().is_none(), "it has gone, and the folder is free");
    }

    #[test]
    fn the_card_of_one_that_was_killed_is_not_believed() {
        let dir = tempfile::tempdir().unwrap();
        let lock = Lock::take(dir.path()).unwrap();
        lock.announce(&at(1, true), 1).unwrap();
        let left = fs::read(dir.path().join("agent.json")).unwrap();
        drop(lock);
        fs::write(dir.path().join("agent.json"), left).unwrap();
        let _opening = Lock::take(dir.path()).unwrap();
        assert!(!dir.path().join("agent.json").exists());
    }

    /// Where the lock can't be asked, whoever looks may do so beside a running agent.
    #[test]
    fn who_only_looks_leaves_the_card_of_the_agent_that_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let card = dir.path().join("agent.json");
        fs::write(&card, "{}").unwrap();
        let look = Lock::still(dir.path()).unwrap();
        look.withdraw();
        drop(look);
        assert!(card.exists());
    }

    #[test]
    fn a_folder_that_only_exists_is_no_shop() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("otro.txt"), "x").unwrap();
        assert!(!is_shop(dir.path()) && !is_shop(&dir.path().join("nada")));
        fs::create_dir(dir.path().join("journal")).unwrap();
        assert!(is_shop(dir.path()));
    }

    #[test]
    #[cfg(unix)]
    fn the_card_and_a_new_folder_are_for_the_owner_only_and_another_folder_stays_as_it_is() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let new = dir.path().join("shop");
        let lock = Lock::take(&new).unwrap();
        lock.announce(&at(1, true), 1).unwrap();
        assert_eq!(mode(&new.join("agent.json")), 0o600);
        assert_eq!(mode(&new), 0o700);
        let shared = dir.path().join("shared");
        fs::create_dir(&shared).unwrap();
        fs::set_permissions(&shared, fs::Permissions::from_mode(0o755)).unwrap();
        Lock::take(&shared).unwrap();
        assert_eq!(mode(&shared), 0o755);
    }
}
