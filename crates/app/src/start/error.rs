//! Why an agent did not start, in words that say what to do.

use std::io;
use std::path::PathBuf;

use timbre_agent::view::ProblemView;
use timbre_store::{StoreError, is_full, meaning};

use crate::vault::VaultError;

/// Why an agent did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(
        "otro programa tiene abierta la carpeta {} y no responde. Si es Timbre que está partiendo, espere a que termine; \
         si no, ciérrelo. Después vuelva a intentar.", .0.display()
    )]
    Busy(PathBuf),
    #[error("otra orden de Timbre tiene abierta la carpeta {}. Espere a que termine y repita.", .0.display())]
    Passing(PathBuf),
    #[error(
        "la carpeta {}, o una copia de ella, está en uso en este equipo, y dos copias repetirían folios. Cierre el Timbre \
         que la usa y repita.", .0.display()
    )]
    Copy(PathBuf),
    #[error("no se puede usar {}: {}{}", .0.display(), meaning(.1), way_out(.1))]
    Folder(PathBuf, #[source] io::Error),
    #[error("{} tiene un error: {}", .0.display(), .1)]
    Config(PathBuf, String),
    #[error("{}{}", .0, .0.disk_said().map_or("", way_out))]
    Vault(#[from] VaultError),
    #[error("{}{}", .0, .0.disk().map_or("", way_out))]
    Store(StoreError),
    #[error(
        "{0}. No se perdió nada: con la clave de recuperación, «timbre vault recover» devuelve la llave a este equipo"
    )]
    Sealed(StoreError),
    #[error(
        "lo guardado en {} está cifrado, y con una bóveda nueva no se podría leer: con la clave de recuperación, \
         «timbre vault recover» devuelve la llave. No se hizo nada", .0.display()
    )]
    SealedFolder(PathBuf),
    #[error(
        "está hecho, pero la carpeta no se pudo abrir de nuevo: {}{}. Mientras no se abra no se puede vender",
        .0, .0.disk().map_or("", way_out)
    )]
    Unopened(StoreError),
    #[error("no se pudo abrir el puerto {0}: {1}")]
    Port(u16, #[source] io::Error),
    #[error("no se conoce el escenario «{0}»; hay: {1}")]
    Scenario(String, String),
    #[error("no se pudo preparar la red: {0}")]
    Network(String),
    #[error(
        "{} dice que los certificados de {} respondan por los servidores del SII, y una carpeta verdadera \
         solo confía en los de este sistema. Quite esa variable y repita.", .0, .1.display()
    )]
    ForeignAuthority(&'static str, PathBuf),
    #[error(
        "{} pide enviar las boletas como set de certificación ([certification] boleta_set = true), y eso es \
         solo para una carpeta de certificación con su empresa ya registrada; {}. Quite esa línea y repita.",
        .0.display(), .1
    )]
    OnlyCertification(PathBuf, &'static str),
    #[error(
        "no hay dónde anotar, fuera de la carpeta, hasta qué folio se llegó, y sin eso una copia antigua los repetiría: el \
         sistema no dice cuál es la carpeta personal de quien usa Timbre. Defina la variable {} y repita.",
        STATE_VARIABLE
    )]
    NoState,
    #[error("{0}")]
    Problem(ProblemView),
}

/// What a shop does about a disk that let nothing begin.
fn way_out(source: &io::Error) -> &'static str {
    match source.kind() {
        kind if is_full(kind) => ". Libere espacio y vuelva a abrir Timbre: nada se perdió",
        io::ErrorKind::ReadOnlyFilesystem => {
            ". Monte el disco para escribir y vuelva a abrir Timbre: nada se perdió. Mientras tanto, en una terminal, las \
             órdenes que solo consultan responden igual («timbre list», «timbre show»)"
        }
        io::ErrorKind::PermissionDenied => {
            ". Dé permiso de escritura en la carpeta a quien usa Timbre y vuelva a abrirlo: nada se perdió"
        }
        _ => "",
    }
}

/// The one that says where the anchor is.
const STATE_VARIABLE: &str = if cfg!(windows) { "LOCALAPPDATA" } else { "XDG_STATE_HOME" };

impl StartError {
    /// Could nothing be written? What is there may still be read.
    pub(crate) fn is_of_writing(&self) -> bool {
        use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
        let said = match self {
            StartError::Folder(_, error) => Some(error),
            StartError::Vault(error) => error.disk_said(),
            StartError::Store(error) => error.disk(),
            _ => None,
        };
        said.map(io::Error::kind)
            .is_some_and(|kind| is_full(kind) || matches!(kind, PermissionDenied | ReadOnlyFilesystem))
    }

    /// The exit code of a command that ends with it.
    pub fn exit_code(&self) -> u8 {
        match self {
            StartError::Busy(_)
            | StartError::Passing(_)
            | StartError::Copy(_)
            | StartError::Port(..)
            | StartError::Network(_) => 3,
            StartError::Store(StoreError::Damaged { .. }) | StartError::Vault(VaultError::Damaged { .. }) => {
                4
            }
            StartError::Store(StoreError::InUse(_)) => 3,
            StartError::Config(..) | StartError::Scenario(..) | StartError::ForeignAuthority(..) => 2,
            StartError::OnlyCertification(..) | StartError::NoState => 2,
            StartError::Folder(..)
            | StartError::Vault(_)
            | StartError::Store(_)
            | StartError::Sealed(_)
            | StartError::Unopened(_)
            | StartError::SealedFolder(_)
            | StartError::Problem(_) => 1,
        }
    }
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> StartError {
        match error {
            StoreError::Sealed { .. } => StartError::Sealed(error),
            other => StartError::Store(other),
        }
    }
}

impl From<ProblemView> for StartError {
    fn from(problem: ProblemView) -> StartError {
        StartError::Problem(problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_full_at_the_start_is_told_with_its_way_out_and_no_word_of_the_system() {
        let full = || io::Error::from_raw_os_error(28);
        let copied = io::Error::new(io::ErrorKind::StorageFull, format!("{:?}", full()));
        let named = |what, source| StoreError::Io { what, path: "diario".into(), source };
        for error in [
            StoreError::IndexDisk(copied).into(),
            StartError::from(named("escribir", full())),
            StartError::Folder("tienda".into(), full()),
            VaultError::Disk { path: "vault.json".into(), why: full() }.into(),
        ] {
            let told = error.to_string();
            assert!(told.contains("el disco está lleno"), "{told}");
            assert!(told.ends_with(". Libere espacio y vuelva a abrir Timbre: nada se perdió"), "{told}");
            assert!(!["Os {", "os error", "device"].iter().any(|word| told.contains(word)), "{told}");
        }
        let shut =
            StartError::Folder("tienda/agent.lock".into(), io::Error::from_raw_os_error(30)).to_string();
        assert!(
            shut.contains("el disco no deja escribir (error 30). Monte el disco para escribir"),
            "{shut}"
        );
        let denied = StartError::Folder("tienda".into(), io::Error::from_raw_os_error(13)).to_string();
        assert!(denied.contains("falta permiso (error 13). Dé permiso de escritura"), "{denied}");
        let gone = StartError::from(named("leer", io::ErrorKind::NotFound.into())).to_string();
        assert_eq!(gone, "el archivo o el disco no está; no se pudo leer en diario");
    }
}
