//! `timbre diagnose`: the first contact with the SII, without using a folio.

use std::path::Path;

use timbre_agent::diagnose::{Check, Diagnosis, Outcome};

use super::through;
use crate::door::Need;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::words::environment_word;

pub async fn run(data: Option<&Path>, out: Out) -> Result<Exit, Failure> {
    through(data, Need::Store, async |api| {
        out.progress("Consultando al SII; puede tardar un minuto…");
        let found = api.diagnose().await;
        out.progress("");
        let found = found?;
        if out.json {
            found.checks.iter().try_for_each(|check| out.object(check))?;
        } else {
            lines(&found).iter().try_for_each(|line| out.line(line))?;
        }
        Ok(exit(&found))
    })
    .await
}

/// Not reachable when a host or a session failed; refused when what failed is ours to mend.
fn exit(found: &Diagnosis) -> Exit {
    let failed = |check: &&Check| check.outcome == Outcome::Fail;
    match found.checks.iter().find(failed) {
        None => Exit::Done,
        Some(check) if matches!(check.code.as_str(), "host" | "login") => Exit::Unreachable,
        Some(_) => Exit::Refused,
    }
}

fn lines(found: &Diagnosis) -> Vec<String> {
    let mut lines = vec![format!("Ambiente: {}", environment_word(&found.environment))];
    for check in &found.checks {
        let mark = match check.outcome {
            Outcome::Ok => "bien   ",
            Outcome::Warn => "ojo    ",
            Outcome::Fail => "FALLA  ",
        };
        lines.push(format!("{mark}{}: {}", check.title, check.detail));
        if check.outcome != Outcome::Ok {
            lines.push(format!("       {}", check.about));
        }
        lines.extend(wire(check).map(|fact| format!("       {fact}")));
    }
    lines.push(match found.worst() {
        Outcome::Ok => "Todo bien: se puede emitir y enviar. No se usó ningún folio.".to_owned(),
        Outcome::Warn => {
            "Se puede emitir y enviar; mire lo marcado con «ojo». No se usó ningún folio.".to_owned()
        }
        Outcome::Fail => {
            "Hay que corregir lo marcado con «FALLA» antes de enviar. No se usó ningún folio.".to_owned()
        }
    });
    lines
}

/// What was seen of a host's TLS, for whoever gives support.
fn wire(check: &Check) -> impl Iterator<Item = String> {
    let tls = &check.facts["tls"];
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("—").to_owned();
    let summary = tls.is_object().then(|| {
        format!("{} · {} · {}", text(&tls["version"]), text(&tls["cipher"]), text(&tls["protocol"]))
    });
    let chain = tls["chain"].as_array().into_iter().flatten().map(move |link| {
        format!("{} ← {} (hasta {})", text(&link["subject"]), text(&link["issuer"]), text(&link["not_after"]))
    });
    let chain: Vec<String> = chain.collect();
    summary.into_iter().chain(chain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(code: &str, outcome: Outcome) -> Check {
        Check {
            code: code.to_owned(),
            outcome,
            title: "T".to_owned(),
            detail: "D.".to_owned(),
            about: "A.".to_owned(),
            facts: json!({ "tls": { "version": "TLSv1.3", "cipher": "X", "protocol": null, "chain": [] } }),
        }
    }

    fn found(checks: Vec<Check>) -> Diagnosis {
        Diagnosis { environment: "certification".to_owned(), at: String::new(), checks }
    }

    #[test]
    fn what_failed_decides_the_exit_code() {
        assert_eq!(exit(&found(vec![check("host", Outcome::Warn)])), Exit::Done);
        assert_eq!(exit(&found(vec![check("host", Outcome::Fail)])), Exit::Unreachable);
        assert_eq!(exit(&found(vec![check("certificate", Outcome::Fail)])), Exit::Refused);
    }

    #[test]
    fn what_is_not_well_says_what_it_is_for() {
        let lines = lines(&found(vec![check("host", Outcome::Fail)]));
        assert_eq!(lines[1], "FALLA  T: D.");
        assert_eq!(lines[2], "       A.");
        assert_eq!(lines[3], "       TLSv1.3 · X · —");
        assert!(lines[4].contains("FALLA"));
    }
}
