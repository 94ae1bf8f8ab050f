//! CAFs that are put into `caf/`: loaded, and put aside.

use std::io;
use std::time::Duration;

use timbre_agent::view::ProblemView;
use timbre_store::whole;

use super::place::{self, Look};
use super::{MOST, SHOWN, Work};

/// Before the names of CAFs among those of sales: no name of a file has a stroke.
pub(super) const MARK: &str = "caf/";

/// How long a CAF must stay as it is.
const SETTLED: Duration = Duration::from_secs(1);

impl Work {
    /// A range that other tills share, or that was begun elsewhere, is not for this folder: `timbre caf add` asks.
    pub(super) fn load_cafs(&mut self) {
        let found = match self.places.cafs(MOST) {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "the folder of CAFs can't be read");
                return;
            }
        };
        for Look { name, seen } in found.files {
            // One that somebody may still write is left for a later look.
            if self.unchanged(&format!("{MARK}{name}"), seen) < SETTLED {
                continue;
            }
            let path = self.places.cafs.join(&name);
            let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
            let loaded = match place::read(&path) {
                Ok(bytes) => self.handle.block_on(self.agent.load_grant(&bytes, (1, 1), None)),
                Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                    Err(ProblemView::bad_request("file-too-large", "El archivo pasa de 1 MiB: no es un CAF."))
                }
                Err(error) => {
                    // Each once: it is tried again at every look.
                    if self.passed.len() < SHOWN && self.passed.insert(format!("{MARK}{name}")) {
                        tracing::warn!(%error, file = name, "a CAF can't be read");
                    }
                    continue;
                }
            };
            let moved = match loaded {
                Ok(_) => {
                    timbre_store::crash!("caf-loaded");
                    place::put_aside(&path, &self.places.cafs_loaded, stem, "xml")
                }
                // It was loaded when we died before it was put aside, or by somebody else.
                Err(problem) if problem.code == "grant-repeated" => {
                    place::put_aside(&path, &self.places.cafs_loaded, stem, "xml")
                }
                Err(problem) if problem.status >= 500 => {
                    tracing::warn!(file = name, code = problem.code, "a CAF can't be loaded now");
                    Ok(())
                }
                Err(problem) => self.refuse_caf(&path, stem, &problem),
            };
            if let Err(error) = moved {
                tracing::error!(%error, file = name, "a CAF can't be put aside");
            }
        }
    }

    fn refuse_caf(&self, path: &std::path::Path, stem: &str, problem: &ProblemView) -> io::Result<()> {
        tracing::warn!(file = stem, code = problem.code, "a CAF of the folder is refused");
        let name = place::free_name(&self.places.cafs_refused, stem, "xml");
        let free = name.strip_suffix(".xml").unwrap_or(&name);
        let text = serde_json::to_vec(problem)?;
        whole::write_plain(&self.places.cafs_refused.join(format!("{free}.error.json")), &text)?;
        place::put_aside(path, &self.places.cafs_refused, stem, "xml")
    }
}
