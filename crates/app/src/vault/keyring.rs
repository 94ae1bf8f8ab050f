//! The folder's key in the operating system's keyring. Only that key: certificates are too long
//! for some of them (2,560 bytes on Windows).
//!
//! A keyring may ask a person for a password, or never answer: each call runs in a thread of its
//! own, and is given up when its time is over.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use keyring_core::{CredentialStore, Entry, Error};
use zeroize::Zeroizing;

use super::cipher::Key;
use super::key_file::{parse, text};

const SERVICE: &str = "Timbre";
/// With a screen somebody may be typing the keyring's password; without one nobody will.
const WITH_A_SCREEN: Duration = Duration::from_secs(60);
const WITHOUT: Duration = Duration::from_secs(5);

type Opens = dyn Fn() -> Result<Arc<CredentialStore>, String> + Send + Sync;

/// How to reach a keyring, and how long to wait for it.
pub struct Keyring {
    opens: Arc<Opens>,
    patience: Duration,
}

impl Keyring {
    /// The one of this system and user.
    pub fn native() -> Keyring {
        let patience = if has_screen() { WITH_A_SCREEN } else { WITHOUT };
        Keyring::of(native, patience)
    }

    pub fn of(
        opens: impl Fn() -> Result<Arc<CredentialStore>, String> + Send + Sync + 'static,
        patience: Duration,
    ) -> Keyring {
        Keyring { opens: Arc::new(opens), patience }
    }

    /// The key of that name; the error says why it can't be had, in plain words.
    pub fn get(&self, name: &str) -> Result<Key, String> {
        self.ask(name, |entry| entry.get_password().map(Zeroizing::new)).and_then(|text| {
            parse(text.as_bytes()).ok_or_else(|| "lo que guarda no es una llave de Timbre".to_owned())
        })
    }

    /// Keeps a key under that name; it is trusted only when it reads back.
    pub fn keep(&self, name: &str, key: &Key) -> Result<(), String> {
        let secret = text(key);
        self.ask(name, move |entry| entry.set_password(&secret))?;
        let read = self.get(name)?;
        (read == *key).then_some(()).ok_or_else(|| "no guardó lo que se le dio".to_owned())
    }

    fn ask<T: Send + 'static>(
        &self,
        name: &str,
        question: impl FnOnce(&Entry) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, String> {
        let (opens, name) = (self.opens.clone(), name.to_owned());
        let (answer, heard) = mpsc::sync_channel(1);
        let asking = move || {
            let entry = opens()?.build(SERVICE, &name, None);
            entry.and_then(|entry| question(&entry)).map_err(words)
        };
        thread::Builder::new()
            .name("llavero".to_owned())
            .spawn(move || answer.send(asking()))
            .map_err(|e| e.to_string())?;
        heard.recv_timeout(self.patience).map_err(|e| match e {
            mpsc::RecvTimeoutError::Timeout => {
                format!("no respondió en {} segundos", self.patience.as_secs())
            }
            mpsc::RecvTimeoutError::Disconnected => "falló por dentro".to_owned(),
        })?
    }
}

/// Never by `Debug`: two of these errors carry what the keyring holds.
fn words(error: Error) -> String {
    match error {
        Error::NoEntry => "no tiene la llave de esta carpeta".to_owned(),
        Error::NoStorageAccess(_) => "está bloqueado".to_owned(),
        Error::BadEncoding(_) | Error::BadDataFormat(..) => {
            "lo que guarda no es una llave de Timbre".to_owned()
        }
        Error::Ambiguous(_) => "tiene más de una llave para esta carpeta".to_owned(),
        Error::PlatformFailure(why) => why.to_string(),
        other => other.to_string(),
    }
}

#[cfg(target_os = "linux")]
fn native() -> Result<Arc<CredentialStore>, String> {
    if !has_bus(|name| std::env::var_os(name).map(std::path::PathBuf::from)) {
        return Err("no hay una sesión de escritorio".to_owned());
    }
    let store = zbus_secret_service_keyring_store::Store::new().map_err(words)?;
    Ok(store)
}

#[cfg(windows)]
fn native() -> Result<Arc<CredentialStore>, String> {
    let store = windows_native_keyring_store::Store::new().map_err(words)?;
    Ok(store)
}

#[cfg(target_os = "macos")]
fn native() -> Result<Arc<CredentialStore>, String> {
    let store = apple_native_keyring_store::keychain::Store::new().map_err(words)?;
    Ok(store)
}

#[cfg(not(any(target_os = "linux", windows, target_os = "macos")))]
fn native() -> Result<Arc<CredentialStore>, String> {
    Err("este sistema no tiene un llavero que Timbre conozca".to_owned())
}

/// Is there a session bus to look for the Secret Service on? Without one the library would look in
/// places where nobody answers.
#[cfg(target_os = "linux")]
fn has_bus(get: impl Fn(&str) -> Option<std::path::PathBuf>) -> bool {
    let said = |name| get(name).filter(|value| !value.as_os_str().is_empty());
    said("DBUS_SESSION_BUS_ADDRESS").is_some()
        || said("XDG_RUNTIME_DIR").is_some_and(|folder| folder.join("bus").exists())
}

#[cfg(target_os = "linux")]
fn has_screen() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

#[cfg(not(target_os = "linux"))]
fn has_screen() -> bool {
    true
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::path::PathBuf;

    use super::has_bus;

    #[test]
    fn a_bus_is_where_the_session_says_or_in_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = |name: &str| (name == "XDG_RUNTIME_DIR").then(|| folder.path().to_owned());
        assert!(!has_bus(|_| None) && !has_bus(|_| Some(PathBuf::new())) && !has_bus(runtime));
        std::fs::write(folder.path().join("bus"), "").unwrap();
        assert!(has_bus(runtime));
        let address = PathBuf::from("unix:path=/run/user/1000/bus");
        assert!(has_bus(|name| (name == "DBUS_SESSION_BUS_ADDRESS").then(|| address.clone())));
    }
}
