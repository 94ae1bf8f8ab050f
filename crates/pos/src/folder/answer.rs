//! What goes out: answers and papers in `salida`, and beside a refused file why it was. Each appears whole,
//! renamed into place, and is on the device before its sale is put aside: those of one lot by one sync of their folder.
//! What was said of an earlier sale of the same name makes room first.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::json;
use timbre_agent::engine::environment_word;
use timbre_agent::view::{IssuedView, ProblemView, RefusalView, VouchedView};
use timbre_core::paper::{Copy, Drawing};
use timbre_store::whole::{self, Draft};

use super::content::Content;
use super::place::Places;
use super::take::shared;
use super::{Work, passing, place};

/// What an answer of before says of itself.
#[derive(Deserialize)]
struct Before {
    key: String,
    document: Whose,
}

#[derive(Deserialize)]
struct Whose {
    id: String,
}

/// What the answer to a sale that was recorded, and has no document, is called behind its stem. A till that looks for a
/// document finds none under the name of one.
pub(super) const VOUCHER: &str = ".voucher";

/// The ending of what says why a sale waits.
const NOTE: &str = ".espera.json";

/// What goes out beside an answer.
const PAPERS: [&str; 3] = ["pdf", "svg", "escpos"];

/// Tills use a name again: the answer to an earlier sale of this name makes room, so that nobody takes it for this
/// one's. One under `key` is this very sale's, from a life before, and stays. True where something was moved, which is
/// there for good once [`settle_before`] was said.
pub(super) fn make_room(work: &Work, stem: &str, key: Option<&str>) -> io::Result<bool> {
    Ok(make_room_recorded(work, stem, key)? | make_room_issued(work, stem, key)?)
}

fn make_room_recorded(work: &Work, stem: &str, key: Option<&str>) -> io::Result<bool> {
    #[derive(Deserialize)]
    struct Recorded {
        key: String,
    }
    let name = format!("{stem}{VOUCHER}");
    let path = work.places.answers.join(format!("{name}.json"));
    let old = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        old => serde_json::from_slice::<Recorded>(&old?).ok(),
    };
    if old.is_some_and(|old| key == Some(&old.key)) {
        return Ok(false);
    }
    place::put_aside(&path, &work.places.answers_before, &name, "json").map(|()| true)
}

fn make_room_issued(work: &Work, stem: &str, key: Option<&str>) -> io::Result<bool> {
    let (answers, before) = (&work.places.answers, &work.places.answers_before);
    let old = match fs::read(answers.join(format!("{stem}.json"))) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        old => old?,
    };
    let old = serde_json::from_slice::<Before>(&old).ok();
    if old.as_ref().is_some_and(|old| key == Some(&old.key)) {
        return Ok(false);
    }
    let whose = old.map(|old| old.document.id).filter(|id| id.chars().all(|c| c.is_ascii_alphanumeric()));
    let name = whose.map_or_else(|| stem.to_owned(), |id| format!("{stem}.{id}"));
    // The answer last: while it is there its papers are looked for again.
    for end in PAPERS.into_iter().chain(["json"]) {
        let from = answers.join(format!("{stem}.{end}"));
        if from.symlink_metadata().is_ok() {
            place::put_aside(&from, before, &name, end)?;
            timbre_store::crash!("old-answer-aside");
        }
    }
    Ok(true)
}

/// The same of an earlier sale of this name that was refused. A reason without its sale is this very one's.
pub(super) fn make_room_refused(work: &Work, stem: &str) -> io::Result<bool> {
    let (refused, before) = (&work.places.refused, &work.places.refused_before);
    let sale = refused.join(format!("{stem}.json"));
    // What is called so may be the reason of another one.
    if stem.ends_with(".error") || sale.symlink_metadata().is_err() {
        return Ok(false);
    }
    let free = place::free_refused(before, stem);
    whole::rename(&refused.join(format!("{stem}.error.json")), &before.join(format!("{free}.error.json")))?;
    timbre_store::crash!("old-refusal-half");
    fs::rename(sale, before.join(format!("{free}.json")))?;
    Ok(true)
}

/// What made room is there for good.
pub(super) fn settle_before(work: &Work) -> io::Result<()> {
    let Places { answers, answers_before, refused, refused_before, .. } = &work.places;
    [answers_before, answers, refused_before, refused]
        .into_iter()
        .try_for_each(|folder| whole::settle(folder))
}

/// What answers a sale, in the order in which it appears: who sees the answer finds its paper. It is written, and goes to
/// its place with all others of its lot.
pub(super) fn issued(work: &Work, stem: &str, issued: &IssuedView) -> io::Result<Vec<Draft>> {
    let mut drafts = Vec::with_capacity(2);
    if let Some(drawing) = work.settings.paper {
        let end = match drawing {
            Drawing::Pdf => "pdf",
            Drawing::Svg => "svg",
            Drawing::Ticket80 | Drawing::Ticket58 => "escpos",
        };
        match work.agent.draw(&issued.document.id, &[Copy::Original], drawing) {
            Ok(drawn) => drafts.push(draft(work, &format!("{stem}.{end}"), &drawn)?),
            // A factura does not go on narrow paper: it is issued all the same.
            Err(problem) => {
                tracing::warn!(document = issued.document.id, code = problem.code, "a paper can't be drawn");
            }
        }
    }
    drafts.push(draft(work, &format!("{stem}.json"), &serde_json::to_vec(issued)?)?);
    Ok(drafts)
}

/// The answer to a sale that its card's voucher stands for: it has neither document nor paper.
pub(super) fn recorded(work: &Work, stem: &str, record: &VouchedView) -> io::Result<Vec<Draft>> {
    #[derive(Serialize)]
    struct Recorded<'a> {
        #[serde(flatten)]
        record: &'a VouchedView,
        environment: Option<String>,
    }
    let environment = work.agent.company().map(|(_, environment)| environment_word(environment));
    let said = serde_json::to_vec(&Recorded { record, environment })?;
    Ok(vec![draft(work, &format!("{stem}{VOUCHER}.json"), &said)?])
}

fn draft(work: &Work, name: &str, bytes: &[u8]) -> io::Result<Draft> {
    Draft::of(work.places.answers.join(name), bytes)
}

/// Brings what was written of a lot to the device: by one call where there is much and the system has one. For a few it
/// would wait for more than theirs.
pub(super) fn sync(work: &Work, lot: &[&Draft]) -> io::Result<()> {
    const FEW: usize = 16;
    if lot.len() > FEW && whole::sync_beside(&work.places.answers)? {
        return Ok(());
    }
    shared(lot, |draft| draft.sync()).into_iter().collect()
}

/// Puts what answers a sale in its place.
pub(super) fn place(drafts: &[Draft]) -> io::Result<()> {
    let Some((answer, papers)) = drafts.split_last() else { return Ok(()) };
    for paper in papers {
        paper.place()?;
        timbre_store::crash!("paper-left");
    }
    answer.place()?;
    timbre_store::crash!("file-answered");
    Ok(())
}

/// What was put in its place is there for good.
pub(super) fn settle(work: &Work) -> io::Result<()> {
    whole::settle(&work.places.answers)
}

/// Said of a file that was issued before, where nothing that was put aside says that it is another sale.
pub(super) fn known() -> RefusalView {
    let message = "Este mismo archivo (nombre, fecha y contenido) ya se había emitido: ésta es la respuesta de entonces, y \
                   no hay otro documento. Si es otra venta igual, déjela con otro nombre o con su propia clave. Por \
                   procesados/ se sabe cuáles ya pasaron: no la vacíe.";
    RefusalView {
        code: "file-known".to_owned(),
        path: String::new(),
        message: message.to_owned(),
        authority_codes: Vec::new(),
    }
}

/// It stays where it is: it is issued when it can be.
pub(super) fn waits(work: &Work, stem: &str, problem: &ProblemView) -> io::Result<()> {
    let path = work.places.answers.join(format!("{stem}{NOTE}"));
    let said = json!({ "state": "en espera", "code": problem.code, "detail": problem.detail });
    let text = serde_json::to_vec(&said)?;
    match fs::read(&path) {
        Ok(same) if same == text => Ok(()),
        _ => whole::write_plain(&path, &text),
    }
}

/// The reason comes first: who finds a refused file finds why. `false`: it was written over meanwhile, and is another
/// sale, which this reason is not said of.
pub(super) fn refused(
    work: &Work,
    path: &Path,
    stem: &str,
    problem: &ProblemView,
    content: Option<&Content>,
) -> io::Result<bool> {
    if make_room(work, stem, None)? | make_room_refused(work, stem)? {
        settle_before(work)?;
    }
    let moved = with_reason(&work.places, path, stem, problem, content)?;
    no_longer_waits(work, stem)?;
    Ok(moved)
}

fn with_reason(
    Places { refused, refused_passing, .. }: &Places,
    path: &Path,
    stem: &str,
    problem: &ProblemView,
    content: Option<&Content>,
) -> io::Result<bool> {
    let free = place::free_refused(refused, stem);
    let reason = refused.join(format!("{free}.error.json"));
    write(&reason, problem)?;
    timbre_store::crash!("refusal-left");
    let aside = refused.join(format!("{free}.json"));
    let moved = match content {
        Some(content) => place::move_as_read(path, refused_passing, &aside, content),
        None => fs::rename(path, &aside).map(|()| true),
    };
    // The cashier would sell again what is still to be issued. Of one that stays on its way the reason is true.
    let named = content.zip(path.file_name().and_then(|name| name.to_str()));
    let by = named.map(|(content, name)| refused_passing.join(passing::name(content, name)));
    if ![Some(aside), by].into_iter().flatten().any(|path| path.symlink_metadata().is_ok()) {
        fs::remove_file(&reason)?;
    }
    moved
}

/// One that was refused, and that a stop left on its way.
pub(super) fn refused_before(work: &Work, by: &Path, stem: &str) -> io::Result<()> {
    let refused = &work.places.refused;
    fs::rename(by, refused.join(format!("{}.json", place::free_refused(refused, stem))))?;
    no_longer_waits(work, stem)
}

/// What stands on its way is another sale: the reason that was left for the one before it is not said of it.
pub(super) fn no_reason(work: &Work, stem: &str) -> io::Result<()> {
    let refused = &work.places.refused;
    let free = place::free_refused(refused, stem);
    match fs::remove_file(refused.join(format!("{free}.error.json"))) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The names that notes of waiting sales stand for.
pub(super) fn notes(places: &Places) -> io::Result<BTreeSet<String>> {
    let mut stems = BTreeSet::new();
    for entry in fs::read_dir(&places.answers)? {
        let name = entry?.file_name();
        stems.extend(name.to_str().and_then(|name| name.strip_suffix(NOTE)).map(str::to_owned));
    }
    Ok(stems)
}

pub(super) fn no_longer_waits(work: &Work, stem: &str) -> io::Result<()> {
    match fs::remove_file(work.places.answers.join(format!("{stem}{NOTE}"))) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn write(path: &Path, value: &impl Serialize) -> io::Result<()> {
    whole::write_plain(path, &serde_json::to_vec(value)?)
}

#[cfg(test)]
mod tests {
    use openssl::sha::sha256;

    use super::*;

    #[test]
    fn no_reason_stays_for_a_sale_that_was_written_over_or_taken_back() {
        let dir = tempfile::tempdir().unwrap();
        let places = Places::make(dir.path(), false).unwrap();
        let path = places.sales.join("v.json");
        let problem = ProblemView::bad_request("wrong", "No.");
        let refuse = |content: &[u8]| with_reason(&places, &path, "v", &problem, Some(&sha256(content)));
        let files = |folder: &Path| place::all(folder).unwrap().len();
        let many = || (files(&places.refused), path.exists());
        assert!(refuse(b"{1}").is_err());
        assert_eq!(many(), (0, false), "it was taken back");
        fs::write(&path, "{2}").unwrap();
        assert!(!refuse(b"{1}").unwrap());
        assert_eq!(many(), (0, true), "it is to be issued");
        // On its way, where it can't be read: the reason is true, and the sale comes to it.
        fs::write(places.refused_passing.join(passing::name(&sha256(b"{2}"), "v.json")), "{2}").unwrap();
        assert!(refuse(b"{2}").is_err());
        assert_eq!(many(), (1, true));
        fs::remove_dir_all(&places.refused_passing)
            .and_then(|()| fs::create_dir(&places.refused_passing))
            .unwrap();
        assert!(refuse(b"{2}").unwrap());
        assert_eq!(many(), (2, false));
    }
}
