//! `timbre check`: reads the whole store back, verifies every document, and says whether all is sound.
//! It needs no agent and repairs nothing.

use std::path::Path;

use serde_json::{Value, json};

use crate::door::{self, Checked};
use crate::failure::{Exit, Failure};
use crate::out::Out;

pub fn run(data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    let folder = door::folder(data);
    let nothing = || Failure::refused("folder-missing", format!("No hay datos en {}.", folder.display()));
    // A journal that is gone is damage where somebody knows of it.
    let gone = !folder.join("journal").is_dir();
    if gone && !folder.join("vault.json").exists() && !folder.join("db").exists() {
        return Err(nothing());
    }
    let report =
        door::check(&folder, &|percent| out.progress(&format!("Leyendo y verificando: {percent} %")))?;
    out.progress("");
    if gone && !report.lost_data() {
        return Err(nothing());
    }
    if out.json {
        out.object(&object(&report))?;
    } else {
        report.words().iter().try_for_each(|line| out.line(line))?;
        if report.store.locked.is_some() {
            out.line("Para seguir emitiendo: timbre unlock")?;
        }
    }
    Ok(match (report.lost_data(), &report.store.unread) {
        (true, _) => Exit::Damaged,
        (false, Some(_)) => Exit::Refused,
        (false, None) => Exit::Done,
    })
}

fn object(checked: &Checked) -> Value {
    let report = &checked.store;
    let unsound: Vec<_> = checked
        .unsound
        .iter()
        .map(|u| json!({ "document": u.document, "version": u.version, "findings": u.findings }))
        .collect();
    let damage: Vec<_> = report
        .damage
        .iter()
        .map(|d| json!({ "place": d.place, "bytes": d.bytes, "frames": d.frames, "why": d.why, "documents": d.documents }))
        .collect();
    let overtaken: Vec<_> =
        report.overtaken.iter().map(|(place, bytes)| json!({ "place": place, "bytes": bytes })).collect();
    json!({
        "sound": !checked.lost_data() && report.unread.is_none(),
        "documents": report.documents,
        "segments": report.segments, "batches": report.batches, "frames": report.frames, "bytes": report.bytes,
        "torn": report.torn.map(|(place, bytes)| json!({ "place": place, "bytes": bytes })),
        "damage": damage,
        "overtaken": overtaken,
        "missing": report.missing,
        "repeated": report.repeated,
        "unsound": unsound,
        "ends_early": report.ends_early,
        "locked": report.locked,
        "index": checked.index().to_lowercase(),
        "sealed": { "segments": report.sealed, "unread": report.unread.as_ref().map_or(0, |(facts, _)| *facts) },
    })
}
