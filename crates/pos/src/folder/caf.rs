//! CAFs that are put into `caf/`: loaded, and put aside. Before one is loaded a mark says that it is on its way, so that
//! after a death between its load and its notice it is known as the one that was loaded, and has its notice.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use openssl::sha::sha256;
use serde::Serialize;
use timbre_agent::view::{LoadedRangeView, ProblemView, RefusalView};
use timbre_store::whole;

use super::content;
use super::place::{self, Left, Look};
use super::{MOST, SHOWN, UNCHANGED, Work};
use crate::tokens::hex;

/// Before the names of CAFs among those of sales, and where people are told of one: no name of a file has a stroke.
pub(super) const MARK: &str = "caf/";

/// What is to be known of a CAF that was loaded, beside it: `STEM.aviso.json`.
const NOTICE: &str = ".aviso.json";

/// Its first number could not be asked about, so the agent warns: that stays a task until the notice is taken away.
const UNASKED: &str = "first-number-unasked";

/// The standing trouble that such a task is.
const TASK: &str = "caf-unasked";

/// How long a CAF must stay as it is; what is none yet, as long as half a sale.
const SETTLED: Duration = Duration::from_secs(1);

impl Work {
    /// A range that other tills share, or that was begun elsewhere, is not for this folder: `timbre caf add` asks. What is
    /// left where it is.
    pub(super) fn load_cafs(&mut self) -> Vec<Left> {
        self.remind();
        let found = match self.places.cafs(MOST) {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "the folder of CAFs can't be read");
                return Vec::new();
            }
        };
        let there: BTreeSet<_> = found.files.iter().map(|look| format!("{MARK}{}", look.name)).collect();
        let left = found.left.into_iter().map(|Left { look, why, passing }| {
            let look = Look { name: format!("{MARK}{}", look.name), ..look };
            Left { look, why, passing }
        });
        let left: Vec<_> = left.collect();
        let is_there =
            |name: &String| there.contains(name) || left.iter().any(|left| left.look.name == *name);
        self.seen.retain(|name, _| !name.starts_with(MARK) || is_there(name));
        for Look { name, seen } in found.files {
            // One that somebody may still write is left for a later look.
            let unchanged = self.unchanged(&format!("{MARK}{name}"), seen);
            if unchanged < SETTLED {
                continue;
            }
            let path = self.places.cafs.join(&name);
            let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
            let moved = match content::read(&path) {
                // One that comes slowly has its end later.
                Ok(bytes) if unchanged < UNCHANGED && self.agent.is_loaded(&bytes).is_err() => continue,
                Ok(bytes) => self.load_caf(&path, stem, &bytes),
                Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                    let why =
                        ProblemView::bad_request("file-too-large", "El archivo pasa de 1 MiB: no es un CAF.");
                    self.refuse_caf(&path, stem, &why)
                }
                Err(error) => {
                    // Each once: it is tried again at every look.
                    if self.passed.len() < SHOWN && self.passed.insert(format!("{MARK}{name}")) {
                        tracing::warn!(%error, file = name, "a CAF can't be read");
                    }
                    continue;
                }
            };
            if let Err(error) = moved {
                tracing::error!(%error, file = name, "a CAF can't be put aside");
            }
        }
        left
    }

    fn load_caf(&self, path: &Path, stem: &str, bytes: &[u8]) -> io::Result<()> {
        let under_way = under_way(&self.places.cafs_loaded, bytes);
        let before = under_way.symlink_metadata().is_ok();
        // One that is loaded already is somebody else's doing; what is no CAF is told below.
        if !before && matches!(self.agent.is_loaded(bytes), Ok(false)) {
            whole::write_plain(&under_way, b"")?;
        }
        match self.handle.block_on(self.agent.load_grant(bytes, (1, 1), None)) {
            Ok(loaded) => {
                timbre_store::crash!("caf-loaded");
                self.put_loaded(path, stem, &under_way, loaded)
            }
            Err(problem) if problem.code == "grant-repeated" => {
                match self.handle.block_on(self.agent.loaded_grant(bytes)) {
                    // We died before it was put aside.
                    Ok(Some(loaded)) if before => self.put_loaded(path, stem, &under_way, loaded),
                    Ok(_) => place::put_aside(path, &self.places.cafs_loaded, stem, "xml"),
                    Err(problem) => Err(io::Error::other(problem.detail)),
                }
            }
            Err(problem) if problem.status >= 500 => {
                tracing::warn!(file = stem, code = problem.code, "a CAF can't be loaded now");
                Ok(())
            }
            Err(problem) => arrived(&under_way).and_then(|()| self.refuse_caf(path, stem, &problem)),
        }
    }

    /// Beside it is said what the agent warns of, and what was taken for granted since nobody is asked here.
    fn put_loaded(
        &self,
        path: &Path,
        stem: &str,
        under_way: &Path,
        mut loaded: LoadedRangeView,
    ) -> io::Result<()> {
        for warning in &loaded.warnings {
            tracing::warn!(file = stem, code = warning.code, "a CAF of the folder is loaded with a warning");
        }
        loaded.warnings.push(assumed());
        let free = say(&self.places.cafs_loaded, stem, NOTICE, &loaded)?;
        timbre_store::crash!("caf-noticed");
        arrived(under_way)?;
        fs::rename(path, self.places.cafs_loaded.join(free))
    }

    /// Whoever looked at the authority's site takes the notice away.
    fn remind(&self) {
        match unasked(&self.places.cafs_loaded) {
            Ok(task) => self.agent.set_trouble(TASK, task),
            Err(error) => tracing::warn!(%error, "the notices of loaded CAFs can't be read"),
        }
    }

    fn refuse_caf(&self, path: &Path, stem: &str, problem: &ProblemView) -> io::Result<()> {
        tracing::warn!(file = stem, code = problem.code, "a CAF of the folder is refused");
        let folder = &self.places.cafs_refused;
        let free = say(folder, stem, ".error.json", problem)?;
        fs::rename(path, folder.join(free))
    }
}

/// What is to be known of a CAF, said where it is put aside, as `STEM` and `ending`; the CAF's own name there. It comes
/// first: who finds the one finds the other.
fn say(folder: &Path, stem: &str, ending: &str, said: &impl Serialize) -> io::Result<String> {
    let name = place::free_name(folder, stem, "xml");
    let free = name.strip_suffix(".xml").unwrap_or(&name);
    whole::write_plain(&folder.join(format!("{free}{ending}")), &serde_json::to_vec(said)?)?;
    Ok(name)
}

/// The mark of a CAF of this content that is on its way, in the folder of the loaded ones.
fn under_way(loaded: &Path, bytes: &[u8]) -> PathBuf {
    loaded.join(format!(".{}.cargando", &hex(&sha256(bytes))[..24]))
}

/// It is on its way no more.
fn arrived(under_way: &Path) -> io::Result<()> {
    match fs::remove_file(under_way) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Nobody said whose the folios of a file are that is just put into a folder.
fn assumed() -> RefusalView {
    let message = "Se supuso que ningún folio de este rango se usó en otro sistema y que solo esta caja lo usa. Si no es \
                   así detenga el rango antes de emitir, en Folios: se repetirían folios.";
    RefusalView {
        code: "caf-terms-assumed".to_owned(),
        path: String::new(),
        message: message.to_owned(),
        authority_codes: Vec::new(),
    }
}

/// What is to be done before folios are used whose first one nobody was asked about, and how it is done with.
fn unasked(loaded: &Path) -> io::Result<Option<String>> {
    for entry in fs::read_dir(loaded)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.ends_with(NOTICE) {
            continue;
        }
        // It may be taken away just now; and what somebody else wrote under such a name says nothing.
        let Ok(notice) = content::read(&entry.path()) else { continue };
        let Ok(LoadedRangeView { warnings, .. }) = serde_json::from_slice(&notice) else { continue };
        if let Some(warning) = warnings.iter().find(|warning| warning.code == UNASKED) {
            let what = warning.message.trim_end_matches('.');
            return Ok(Some(format!("{what}. Hecho eso, borre caf/cargados/{name}.")));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_first_number_that_nobody_was_asked_about_is_a_task_until_its_notice_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let notice = |code: &str| {
            json!({
                "first": 1, "last": 9, "next": 1, "left": 9, "authorised": "2026-11-01", "expires": null,
                "expired": false, "stopped": null,
                "warnings": [
                    { "code": code, "path": "", "message": "No se pudo preguntar por el folio 1." },
                    assumed(),
                ],
            })
        };
        let put = |name: &str, text: String| fs::write(dir.path().join(name), text).unwrap();
        put("a.xml", notice(UNASKED).to_string());
        put("a.aviso.json", notice("other").to_string());
        put("b.aviso.json", "{".to_owned());
        assert_eq!(unasked(dir.path()).unwrap(), None);
        put("c.aviso.json", notice(UNASKED).to_string());
        let task = "No se pudo preguntar por el folio 1. Hecho eso, borre caf/cargados/c.aviso.json.";
        assert_eq!(unasked(dir.path()).unwrap().as_deref(), Some(task));
        fs::remove_file(dir.path().join("c.aviso.json")).unwrap();
        assert_eq!(unasked(dir.path()).unwrap(), None);
    }
}
