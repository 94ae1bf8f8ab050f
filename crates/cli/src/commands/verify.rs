//! `timbre verify`: a second look at any document or envelope, of any issuer. Needs no folder.

use std::path::{Path, PathBuf};

use serde_json::json;
use timbre_core::{Finding, Severity};

use crate::door;
use crate::failure::{Exit, Failure};
use crate::out::Out;

#[derive(clap::Args)]
pub struct Args {
    /// Archivos XML: un DTE o un envío
    #[arg(value_name = "ARCHIVO", required_unless_present = "unsigned")]
    files: Vec<PathBuf>,

    /// Dice también qué partes de un archivo no cubre ninguna firma
    #[arg(long)]
    unsigned: bool,
}

/// The code of a file that is larger than what is looked at.
const UNSEEN: &str = "file-too-large";

pub fn run(args: Args, out: Out) -> Result<Exit, Failure> {
    let read = |path: &PathBuf| std::fs::read(path).map_err(|e| Failure::unreadable(path, &e));
    let files = args.files.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let regime = door::regime();
    let mut exit = Exit::Done;
    for (path, bytes) in args.files.iter().zip(files) {
        let mut findings = regime.verify(&bytes);
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        if findings.iter().any(|f| f.severity == Severity::Refuses || f.code == UNSEEN) {
            exit = Exit::Refused;
        }
        if out.json {
            let worst = findings.iter().map(|f| f.severity).max();
            out.object(&json!({ "file": path.to_string_lossy(), "worst": worst, "findings": findings }))?;
        } else {
            lines(path, &findings).iter().try_for_each(|line| out.line(line))?;
        }
    }
    if args.unsigned {
        tell_unsigned(&regime.unsigned(), out)?;
    }
    Ok(exit)
}

/// What can change in a file without this look seeing it.
fn tell_unsigned(regions: &[(&str, &str)], out: Out) -> Result<(), Failure> {
    if out.json {
        let regions: Vec<_> = regions.iter().map(|(name, why)| json!({ "name": name, "why": why })).collect();
        return out.object(&json!({ "unsigned": regions }));
    }
    out.line("Lo que ninguna firma cubre:")?;
    regions.iter().try_for_each(|(name, why)| out.line(format!("  {name}: {why}")))
}

fn lines(path: &Path, findings: &[Finding]) -> Vec<String> {
    let name = path.display();
    if findings.is_empty() {
        return vec![format!("{name}: bien")];
    }
    let verdict = match findings.iter().map(|f| f.severity).max() {
        Some(Severity::Refuses) => "el SII lo rechazaría",
        Some(Severity::Objects) => "el SII lo aceptaría con reparos",
        Some(Severity::Note) | None if findings.iter().any(|f| f.code == UNSEEN) => "no se revisó",
        Some(Severity::Note) | None => "bien, con observaciones",
    };
    let mut lines = vec![format!("{name}: {verdict}")];
    lines.extend(findings.iter().map(|f| {
        let weight = match f.severity {
            Severity::Refuses => "rechazo",
            Severity::Objects => "reparo ",
            Severity::Note => "nota   ",
        };
        let place = if f.place.is_empty() { String::new() } else { format!("{}: ", f.place) };
        let untold: Vec<&str> = f
            .authority_codes
            .iter()
            .map(String::as_str)
            .filter(|theirs| !f.message.contains(theirs))
            .collect();
        let theirs = if untold.is_empty() { String::new() } else { format!(" [{}]", untold.join(", ")) };
        format!("  {weight}  {}  {place}{}{theirs}", f.code, f.message)
    }));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_well_or_says_what_was_found() {
        let path = Path::new("a.xml");
        assert_eq!(lines(path, &[]), ["a.xml: bien"]);
        let finding = |severity| Finding {
            severity,
            code: "stamp-invalid".to_owned(),
            place: "T39F7/TED".to_owned(),
            message: "La firma del timbre no corresponde.".to_owned(),
            authority_codes: vec!["TED-2-510".to_owned()],
        };
        assert_eq!(
            lines(path, &[finding(Severity::Refuses)]),
            [
                "a.xml: el SII lo rechazaría",
                "  rechazo  stamp-invalid  T39F7/TED: La firma del timbre no corresponde. [TED-2-510]",
            ]
        );
        assert_eq!(lines(path, &[finding(Severity::Objects)])[0], "a.xml: el SII lo aceptaría con reparos");
        let unseen = Finding { code: UNSEEN.to_owned(), ..finding(Severity::Note) };
        assert_eq!(lines(path, &[unseen])[0], "a.xml: no se revisó");
    }
}
