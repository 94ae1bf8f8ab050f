//! The data folder: where it is, that one agent has it, and how others find that agent.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

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
}

impl Address {
    /// What to open in a browser. The token is in the fragment, which no server is sent.
    pub fn panel(&self) -> String {
        format!("{}/#token={}", self.base, self.token)
    }
}

/// What `agent.json` says, for whoever may read it (its owner).
#[derive(Serialize, Deserialize)]
struct Card {
    pid: u32,
    port: u16,
    token: String,
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
    match said {
        Some(dir) => dir.to_owned(),
        None => {
            let mut name = data_dir(None).into_os_string();
            name.push("-demo");
            PathBuf::from(name)
        }
    }
}

/// The folder, ours alone until it is dropped.
pub struct Lock {
    dir: PathBuf,
    _file: File,
}

impl Lock {
    /// Takes the folder, making it when there is none. Waits while somebody else gives it back.
    pub fn take(dir: &Path) -> Result<Lock, StartError> {
        fs::create_dir_all(dir).map_err(|e| StartError::Folder(dir.to_owned(), e))?;
        private(dir).map_err(|e| StartError::Folder(dir.to_owned(), e))?;
        let file = open_lock(dir)?;
        let began = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock { dir: dir.to_owned(), _file: file }),
                Err(TryLockError::WouldBlock) if began.elapsed() < PATIENCE => {
                    std::thread::sleep(LOOK);
                }
                Err(TryLockError::WouldBlock) => return Err(StartError::Busy(dir.to_owned())),
                Err(TryLockError::Error(e)) => return Err(StartError::Folder(dir.to_owned(), e)),
            }
        }
    }

    /// Says where we listen.
    pub fn announce(&self, port: u16, token: &str) -> Result<(), StartError> {
        let card = Card { pid: std::process::id(), port, token: token.to_owned() };
        let bytes = serde_json::to_vec(&card).expect("a card is plain data");
        write_private(&self.dir.join("agent.json"), &bytes)
            .map_err(|e| StartError::Folder(self.dir.clone(), e))
    }
}

impl Lock {
    /// Nobody is to come any more; the folder is still ours.
    pub fn withdraw(&self) {
        // A card left behind is seen through by the lock.
        let _ = fs::remove_file(self.dir.join("agent.json"));
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.withdraw();
    }
}

/// The agent that has this folder, if one does.
pub fn find(dir: &Path) -> Result<Option<Address>, StartError> {
    if !dir.join("agent.lock").exists() {
        return Ok(None);
    }
    let began = Instant::now();
    loop {
        let file = open_lock(dir)?;
        match file.try_lock() {
            Ok(()) => return Ok(None),
            Err(TryLockError::Error(e)) => return Err(StartError::Folder(dir.to_owned(), e)),
            Err(TryLockError::WouldBlock) => {}
        }
        if let Ok(bytes) = fs::read(dir.join("agent.json"))
            && let Ok(card) = serde_json::from_slice::<Card>(&bytes)
        {
            return Ok(Some(Address { base: format!("http://127.0.0.1:{}", card.port), token: card.token }));
        }
        if began.elapsed() > PATIENCE {
            return Err(StartError::Busy(dir.to_owned()));
        }
        std::thread::sleep(LOOK);
    }
}

fn open_lock(dir: &Path) -> Result<File, StartError> {
    let path = dir.join("agent.lock");
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|e| StartError::Folder(path, e))
}

/// Only the owner may look into the folder.
#[cfg(unix)]
fn private(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700))
}

/// A profile's folder on Windows is the user's own by inheritance.
#[cfg(not(unix))]
fn private(_: &Path) -> io::Result<()> {
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
    fs::rename(next, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_had_by_one_and_found_by_others() {
        let dir = tempfile::tempdir().unwrap();
        assert!(find(dir.path()).unwrap().is_none());
        let lock = Lock::take(dir.path()).unwrap();
        lock.announce(4578, "secreto").unwrap();
        let found = find(dir.path()).unwrap().unwrap();
        assert_eq!((found.base.as_str(), found.token.as_str()), ("http://127.0.0.1:4578", "secreto"));
        assert_eq!(found.panel(), "http://127.0.0.1:4578/#token=secreto");
        drop(lock);
        assert!(find(dir.path()).unwrap().is_none());
        Lock::take(dir.path()).unwrap();
    }

    #[test]
    #[cfg(unix)]
    fn the_card_is_for_the_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let lock = Lock::take(dir.path()).unwrap();
        lock.announce(1, "x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&dir.path().join("agent.json")), 0o600);
        assert_eq!(mode(dir.path()), 0o700);
    }
}
