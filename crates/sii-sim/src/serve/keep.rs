//! Leaves what was uploaded in a folder, for whoever judges the clients by other means.

use crate::{message::Request, routes, sim::Sim, sum::Sum};
use std::{fs, io, path::Path};

/// Writes the file of a well-framed upload as `<sha-256>.xml`, once.
pub(super) fn sent(sim: &Sim, request: &Request) {
    let (Some(folder), Some(bytes)) = (sim.keep_sent(), routes::uploaded(request)) else { return };
    if let Err(error) = write(folder, &bytes) {
        tracing::warn!(%error, "an upload could not be kept");
    }
}

fn write(folder: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join(format!("{}.xml", Sum::of(bytes))), bytes)
}
