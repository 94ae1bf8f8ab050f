//! What may go wrong with the store: one variant for each thing a caller can do something about.

use std::io;
use std::path::{Path, PathBuf};

use timbre_core::{DocState, DocumentId, Refusal};

use crate::{Locked, Place};

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk said no.
    #[error("{}; no se pudo {what} en {}", meaning(source), path.display())]
    Io { what: &'static str, path: PathBuf, source: io::Error },
    /// Another process (or another [`crate::Store`]) has this folder open.
    #[error("otra ventana o proceso de Timbre está usando la carpeta {}", .0.display())]
    InUse(PathBuf),
    /// A write failed before; nothing is written until the store is opened again.
    #[error(
        "la carpeta quedó detenida tras un error de escritura; se vuelve a abrir por sí sola en cuanto el disco lo permita"
    )]
    Poisoned,
    /// It is being opened again after such an error.
    #[error("la carpeta se está abriendo de nuevo; vuelva a intentar en un momento")]
    Reopening,
    /// Issuing is locked until a person decides; everything else works.
    #[error("{0}")]
    Locked(Locked),
    /// What was asked is not allowed; nothing changed.
    #[error("{0}")]
    Refused(Refusal),
    /// A document does not carry the next folio of its grant (`None`: the grant has none to give).
    #[error("{document} no lleva el folio que sigue{}", next.map(|n| format!(" ({n})")).unwrap_or_default())]
    NotNext { document: DocumentId, next: Option<u64> },
    /// The document (in that version) is on disk already.
    #[error("{document} versión {version} ya está en el diario")]
    Exists { document: DocumentId, version: u32 },
    #[error("no existe el documento {0}")]
    NoDocument(DocumentId),
    /// The idempotency key belongs to another document.
    #[error("la clave «{key}» ya es de {document}")]
    KeyTaken { key: String, document: DocumentId },
    /// A move that the document's state does not allow (the cause came late, or twice).
    #[error("{document} versión {version} está {}: {why}", state.word())]
    BadMove { document: DocumentId, version: u32, state: DocState, why: String },
    /// A frame is not what was written there.
    #[error("el diario está dañado en el segmento {}, posición {}: {why}", place.segment, place.offset)]
    Damaged { place: Place, why: String },
    /// What is written from a segment on is sealed, and its key can't be had. Nothing is lost, nothing was changed.
    #[error("lo guardado está cifrado desde el segmento {segment} y su llave no se puede usar: {why}")]
    Sealed { segment: u32, why: String },
    #[error("falló el cifrado: {0}")]
    Cipher(String),
    /// Written by a later Timbre.
    #[error("el registro del segmento {}, posición {} es de una versión más nueva de Timbre: {why}", place.segment, place.offset)]
    Newer { place: Place, why: String },
    /// The index failed; it is made again at the next opening.
    #[error("el índice falló: {0}")]
    Index(String),
    /// The disk said no to the index, which fails by that as any other way.
    #[error("{}; no se pudo usar el índice", disk_words(.0))]
    IndexDisk(io::Error),
    /// More than the format can hold.
    #[error("el registro es demasiado grande: {0} bytes")]
    TooLarge(usize),
    /// A value that JSON can't write.
    #[error("no se pudo escribir el registro: {0}")]
    Json(#[from] serde_json::Error),
}

/// What a person can mend, in words; of the system's own, which are English, its number alone.
pub fn meaning(source: &io::Error) -> String {
    match (words(source.kind()), source.raw_os_error()) {
        (None, None) => source.to_string(),
        _ => disk_words(source),
    }
}

/// The same of what is the disk's for certain, though its number is lost: sled hands its errors on as copies that have
/// the system's words in their text.
fn disk_words(source: &io::Error) -> String {
    let words = words(source.kind()).unwrap_or("el disco no responde como debe");
    match source.raw_os_error() {
        Some(number) => format!("{words} (error {number})"),
        None => words.to_owned(),
    }
}

fn words(kind: io::ErrorKind) -> Option<&'static str> {
    Some(match kind {
        _ if is_full(kind) => "el disco está lleno",
        io::ErrorKind::PermissionDenied => "falta permiso",
        io::ErrorKind::NotFound => "el archivo o el disco no está",
        io::ErrorKind::ReadOnlyFilesystem => "el disco no deja escribir",
        io::ErrorKind::IsADirectory => "hay una carpeta donde va un archivo",
        _ => return None,
    })
}

/// Does the disk say that it can't read a place, however often it is asked? It says so of a bad sector, and where it is
/// gone itself.
pub(crate) fn is_unreadable(source: &io::Error) -> bool {
    // EIO; ERROR_CRC, ERROR_SECTOR_NOT_FOUND and ERROR_IO_DEVICE.
    let numbers: &[i32] = if cfg!(windows) { &[23, 27, 1117] } else { &[5] };
    source.raw_os_error().is_some_and(|number| numbers.contains(&number))
}

/// Is there no room left: on the disk, or for this user on it?
pub fn is_full(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

impl StoreError {
    /// What the disk said, where it was the disk that failed.
    pub fn disk(&self) -> Option<&io::Error> {
        match self {
            StoreError::Io { source, .. } | StoreError::IndexDisk(source) => Some(source),
            _ => None,
        }
    }

    /// The same for a shop: of a disk that failed what to do, and neither path nor number, which are the log's.
    pub fn plainly(&self) -> String {
        match self.disk().map(io::Error::kind) {
            Some(kind) if is_full(kind) => "el disco está lleno: libere espacio".to_owned(),
            Some(io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) => {
                "el disco no deja escribir: revise que la carpeta de datos no esté protegida".to_owned()
            }
            Some(io::ErrorKind::NotFound) => "el disco de los datos no está: vuelva a conectarlo".to_owned(),
            Some(io::ErrorKind::IsADirectory) => {
                "hay una carpeta donde va un archivo de Timbre: sáquela de la carpeta de datos".to_owned()
            }
            Some(_) => {
                "el disco de los datos no responde: revise que esté conectado o cambie de disco".to_owned()
            }
            None => self.to_string(),
        }
    }

    /// What is kept at a place that the disk can't read is damaged like what has other bytes there.
    pub(crate) fn lost_at(self, place: Place) -> StoreError {
        match self {
            StoreError::Io { source, .. } if is_unreadable(&source) => {
                StoreError::Damaged { place, why: meaning(&source) }
            }
            other => other,
        }
    }

    pub(crate) fn io(what: &'static str, path: &Path, source: io::Error) -> StoreError {
        StoreError::Io { what, path: path.to_owned(), source }
    }

    pub(crate) fn refused(code: &str, message: impl Into<String>) -> StoreError {
        StoreError::Refused(Refusal::new(code, "", message))
    }
}

impl From<sled::Error> for StoreError {
    fn from(error: sled::Error) -> StoreError {
        match error {
            sled::Error::Io(error) => StoreError::IndexDisk(error),
            other => StoreError::Index(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_is_told_in_words_that_a_shop_reads() {
        let said = |source| StoreError::io("escribir", Path::new("diario"), source).to_string();
        assert_eq!(
            said(io::ErrorKind::StorageFull.into()),
            "el disco está lleno; no se pudo escribir en diario"
        );
        let gone = said(io::Error::from_raw_os_error(5));
        assert!(
            gone.contains("(error 5); no se pudo escribir en diario") && !gone.contains("os error"),
            "{gone}"
        );
        assert_eq!(said(io::Error::other("se acabó")), "se acabó; no se pudo escribir en diario");
    }

    #[test]
    fn a_shop_is_told_what_to_do_about_its_disk_and_no_path_or_number() {
        for (number, words) in [
            (28, "el disco está lleno: libere espacio"),
            (13, "el disco no deja escribir: revise que la carpeta de datos no esté protegida"),
            (30, "el disco no deja escribir: revise que la carpeta de datos no esté protegida"),
            (2, "el disco de los datos no está: vuelva a conectarlo"),
            (21, "hay una carpeta donde va un archivo de Timbre: sáquela de la carpeta de datos"),
            (5, "el disco de los datos no responde: revise que esté conectado o cambie de disco"),
        ] {
            let met =
                || StoreError::io("escribir", Path::new("diario"), io::Error::from_raw_os_error(number));
            assert_eq!(met().plainly(), words);
            assert!(met().to_string().contains("diario"), "the log has it all");
        }
        assert_eq!(StoreError::Reopening.plainly(), StoreError::Reopening.to_string());
    }

    /// The first to meet it has the system's number, and all who come after it a copy.
    #[test]
    fn what_the_index_meets_on_the_disk_is_told_in_the_same_words() {
        for (number, words) in [(28, "el disco está lleno"), (5, "el disco no responde como debe")] {
            let met = sled::Error::Io(io::Error::from_raw_os_error(number));
            let copy = StoreError::from(met.clone());
            assert_eq!(copy.to_string(), format!("{words}; no se pudo usar el índice"));
            let first = StoreError::from(met).to_string();
            assert_eq!(first, format!("{words} (error {number}); no se pudo usar el índice"));
            assert_eq!(copy.disk().is_some_and(|source| is_full(source.kind())), number == 28);
        }
    }
}
