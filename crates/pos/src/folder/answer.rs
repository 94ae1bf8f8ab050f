//! What goes out: answers and papers in `salida`, and beside a refused file why it was. Each appears whole,
//! renamed into place, and is on the device before its sale is put aside: those of one lot by one sync of their folder.

use std::fs;
use std::io;
use std::path::Path;

use serde::Serialize;
use serde_json::json;
use timbre_agent::view::{IssuedView, ProblemView};
use timbre_core::paper::{Copy, Drawing};
use timbre_store::whole;

use super::{Work, place};

/// The answer comes last: who sees it finds its paper.
pub(super) fn issued(work: &Work, stem: &str, issued: &IssuedView) -> io::Result<()> {
    if let Some(drawing) = work.settings.paper {
        let end = match drawing {
            Drawing::Pdf => "pdf",
            Drawing::Svg => "svg",
            Drawing::Ticket80 | Drawing::Ticket58 => "escpos",
        };
        match work.agent.draw(&issued.document.id, &[Copy::Original], drawing) {
            Ok(drawn) => {
                whole::write_plain_unsettled(&work.places.answers.join(format!("{stem}.{end}")), &drawn)?;
                timbre_store::crash!("paper-left");
            }
            // A factura does not go on narrow paper: it is issued all the same.
            Err(problem) => {
                tracing::warn!(document = issued.document.id, code = problem.code, "a paper can't be drawn");
            }
        }
    }
    whole::write_plain_unsettled(
        &work.places.answers.join(format!("{stem}.json")),
        &serde_json::to_vec(issued)?,
    )?;
    timbre_store::crash!("file-answered");
    Ok(())
}

/// Of all that were written before.
pub(super) fn settle(work: &Work) -> io::Result<()> {
    whole::settle(&work.places.answers)
}

/// It stays where it is: it is issued when it can be.
pub(super) fn waits(work: &Work, stem: &str, problem: &ProblemView) -> io::Result<()> {
    let path = work.places.answers.join(format!("{stem}.espera.json"));
    let said = json!({ "state": "en espera", "code": problem.code, "detail": problem.detail });
    let text = serde_json::to_vec(&said)?;
    match fs::read(&path) {
        Ok(same) if same == text => Ok(()),
        _ => whole::write_plain(&path, &text),
    }
}

/// The reason comes first: who finds a refused file finds why.
pub(super) fn refused(work: &Work, path: &Path, stem: &str, problem: &ProblemView) -> io::Result<()> {
    let free = place::free_refused(&work.places.refused, stem);
    write(&work.places.refused.join(format!("{free}.error.json")), problem)?;
    timbre_store::crash!("refusal-left");
    fs::rename(path, work.places.refused.join(format!("{free}.json")))?;
    no_longer_waits(work, stem)
}

pub(super) fn no_longer_waits(work: &Work, stem: &str) -> io::Result<()> {
    match fs::remove_file(work.places.answers.join(format!("{stem}.espera.json"))) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn write(path: &Path, value: &impl Serialize) -> io::Result<()> {
    whole::write_plain(path, &serde_json::to_vec(value)?)
}
