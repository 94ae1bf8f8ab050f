//! A first contact: everything that can be checked against the authority without using a number, each step
//! with what it is for. It changes nothing here and leaves nothing there.

mod hosts;

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use timbre_core::{
    ChannelId, Finding, Heard, Issuer, Pass, Request, Served, Severity, Step, Verdict, Wish, thousands,
};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::clock::until;
use crate::engine::{Agent, Answer, environment_word};
use crate::offset::{apart, date_of};
use crate::question::without;
use crate::sentence::uncapitalised;
use hosts::{Looked, called};

/// A certificate that ends sooner than this is worth a warning.
const SOON: Duration = Duration::from_secs(30 * 86_400);
/// The clock may differ from the authority's by so much.
const CLOCK_NOTE: Duration = Duration::from_secs(60);
/// Documents signed by a clock further off bear a time the authority may not believe.
const CLOCK_LIMIT: Duration = Duration::from_secs(300);

/// All that was found, in the order it was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct Diagnosis {
    pub environment: String,
    /// RFC 3339.
    pub at: String,
    pub checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct Check {
    /// Stable, for programs: `certificate`, `host`, `seed`.
    pub code: String,
    pub outcome: Outcome,
    /// What was looked at, in Spanish.
    pub title: String,
    /// What was found, and what to do where it is not well.
    pub detail: String,
    /// What it is looked at for.
    pub about: String,
    /// What a developer may want to know; nothing secret.
    #[ts(type = "unknown")]
    pub facts: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Ok,
    /// Worth a look; nothing is stopped by it.
    Warn,
    Fail,
}

impl Diagnosis {
    pub fn worst(&self) -> Outcome {
        self.checks.iter().map(|check| check.outcome).max().unwrap_or(Outcome::Ok)
    }
}

/// Collects what is found.
#[derive(Default)]
struct Findings {
    checks: Vec<Check>,
    /// The authority's clock against ours is told once.
    clock_told: bool,
}

impl Findings {
    fn add(
        &mut self,
        code: &str,
        outcome: Outcome,
        title: impl Into<String>,
        detail: impl Into<String>,
        about: &str,
    ) {
        self.with(code, outcome, title, detail, about, Value::Null);
    }

    fn with(
        &mut self,
        code: &str,
        outcome: Outcome,
        title: impl Into<String>,
        detail: impl Into<String>,
        about: &str,
        facts: Value,
    ) {
        self.checks.push(Check {
            code: code.to_owned(),
            outcome,
            title: title.into(),
            detail: detail.into(),
            about: about.to_owned(),
            facts,
        });
    }
}

impl Agent {
    /// Looks at everything, one thing after the other; takes some seconds for each host that does not answer.
    pub async fn diagnose(&self) -> Answer<Diagnosis> {
        let issuer = self.issuer()?;
        let mut found = Findings::default();
        self.at_home(&issuer, &mut found);
        let mut looked = Vec::new();
        for channel in self.0.sender.channels() {
            looked.push((channel.clone(), self.hosts(&channel, &issuer).await?));
        }
        self.reached(&looked, issuer.environment, &mut found);
        // Who is not reached need not be asked: it would be one cause told once more.
        for (channel, hosts) in looked.iter().filter(|(_, hosts)| hosts.iter().any(Looked::is_reached)) {
            let name = called(channel, hosts);
            self.version(channel, &name, &issuer, &mut found).await;
            if let Some(pass) = self.session(channel, &name, &issuer, &mut found).await? {
                self.rights(channel, &name, &issuer, &pass, &mut found).await?;
            }
        }
        Ok(Diagnosis {
            environment: environment_word(issuer.environment),
            at: self.0.clock.now().to_string(),
            checks: found.checks,
        })
    }

    /// What can be judged without asking anybody.
    fn at_home(&self, issuer: &Issuer, found: &mut Findings) {
        let company = &issuer.company;
        found.add(
            "company",
            Outcome::Ok,
            "Empresa",
            format!("{} ({})", company.name, company.id),
            "Todo se emite a nombre de esta empresa.",
        );
        for finding in self.0.regime.credentials(issuer, self.0.today()) {
            let about = "Autoriza a la empresa a emitir; va en cada envío.";
            found.add(&finding.code, outcome(finding.severity), "Resolución", finding.message, about);
        }
        self.certificate_at_home(found);
        self.folios_at_home(issuer, found);
    }

    fn certificate_at_home(&self, found: &mut Findings) {
        let about = "Con él se firma cada documento y se abre la sesión; debe ser de una persona autorizada por la empresa.";
        let title = "Certificado digital";
        let certificate = match self.0.custody.certificate() {
            Ok(certificate) => certificate,
            Err(error) => {
                return found.add("certificate", Outcome::Fail, title, error.refusal().message, about);
            }
        };
        let now = self.0.clock.now();
        let day = |at| self.0.day(at);
        let (outcome, detail) = if now >= certificate.not_after {
            (Outcome::Fail, format!("Venció el {}. Cargue uno vigente.", day(certificate.not_after)))
        } else if now < certificate.not_before {
            (Outcome::Fail, format!("Vale recién desde el {}. Revise el reloj.", day(certificate.not_before)))
        } else if until(now, certificate.not_after) < SOON {
            (Outcome::Warn, format!("De {}; vence el {}.", certificate.holder, day(certificate.not_after)))
        } else {
            (Outcome::Ok, format!("De {}; vale hasta el {}.", certificate.holder, day(certificate.not_after)))
        };
        let facts = json!({ "key_bits": certificate.modulus.len() * 8 });
        found.with("certificate", outcome, title, detail, about, facts);
    }

    fn folios_at_home(&self, issuer: &Issuer, found: &mut Findings) {
        let about = "Sin folios de su tipo, un documento no se puede emitir.";
        let ranges = self.0.reader.ranges();
        if ranges.is_empty() {
            found.add("folios", Outcome::Warn, "Folios", "No hay folios cargados.", about);
        }
        let today = self.0.today();
        for range in ranges {
            let grant = &range.grant;
            let kind =
                self.0.regime.profile().kind(&grant.series).map_or(grant.series.0.as_str(), |k| k.name);
            let title = format!(
                "Folios de {} {} a {}",
                kind.to_lowercase(),
                thousands(range.first),
                thousands(range.last)
            );
            let (outcome, detail) = if grant.environment != issuer.environment {
                (Outcome::Fail, "Son de otro ambiente.".to_owned())
            } else if grant.issuer != issuer.company.id {
                (Outcome::Fail, format!("Son de otra empresa ({}).", grant.issuer))
            } else if grant.expires.is_some_and(|last| last < today) && range.left() > 0 {
                (Outcome::Warn, "Vencieron; los que sobran se anulan en el sitio de la autoridad.".to_owned())
            } else if let Some(why) = &range.stopped {
                (Outcome::Fail, why.clone())
            } else {
                (Outcome::Ok, format!("Quedan {}.", range.left()))
            };
            found.add("folios", outcome, title, detail, about);
        }
    }

    /// What the service of logins calls itself: asked without a certificate.
    async fn version(&self, id: &ChannelId, name: &str, issuer: &Issuer, found: &mut Findings) {
        let channel = self.0.sender.channel(id);
        let cx = self.0.sender.cx(issuer, None);
        let Some(services) = channel.services() else { return };
        // Without a host there is nobody to ask; the session says so.
        let Ok(request) = services.ask(&Wish::Version, &cx) else { return };
        let (heard, facts) = self.carry(id, &request).await;
        let (outcome, detail) = match services.hear(&Wish::Version, &heard, &cx) {
            Served::Version(version) => (Outcome::Ok, version),
            Served::Unclear(why) => (Outcome::Warn, format!("No se supo: {why}.")),
            Served::Told(why) | Served::Stale(why) | Served::Refused(why) | Served::Later(why) => {
                (Outcome::Warn, why.meaning)
            }
            Served::Events(_) | Served::Moment(_) => return,
        };
        let about = "Responde sin certificado: muestra que el servicio está en pie.";
        found.with("version", outcome, format!("{name}: servicio de sesión"), detail, about, facts);
    }

    /// Seed and token, as the sender gets them.
    async fn session(
        &self,
        id: &ChannelId,
        name: &str,
        issuer: &Issuer,
        found: &mut Findings,
    ) -> Answer<Option<Pass>> {
        let sender = &self.0.sender;
        let channel = sender.channel(id);
        let title = format!("{name}: sesión con el certificado");
        let mut steps = 0;
        let about = "Prueba que el certificado abre la puerta. No usa folios.";
        let mut step = match channel.login(&sender.cx(issuer, None)) {
            Ok(step) => step,
            Err(error) => {
                found.add("session", Outcome::Fail, title, error.refusal().message, about);
                return Ok(None);
            }
        };
        let why = loop {
            match step {
                Step::Ask(request, state, _) => {
                    let (heard, facts) = self.carry(id, &request).await;
                    self.clock_against(&heard, found);
                    let (outcome, detail) = match &heard {
                        Heard::Reply { .. } => (Outcome::Ok, "Respondió.".to_owned()),
                        Heard::Nothing { why, .. } => (Outcome::Fail, format!("No respondió: {why}.")),
                        Heard::Elapsed => (Outcome::Ok, String::new()),
                    };
                    steps += 1;
                    let step_title = format!("{title}, paso {steps}");
                    found.with("login", outcome, step_title, detail, about, facts);
                    if matches!(heard, Heard::Nothing { .. }) {
                        return Ok(None);
                    }
                    let cx = sender.cx(issuer, None);
                    step = channel.resume(state, heard, &[], &cx).map_err(|e| e.refusal())?;
                }
                Step::Granted(pass) => {
                    let facts = json!({ "length": pass.expose().len() });
                    found.with("session", Outcome::Ok, title, "Abierta.", about, facts);
                    return Ok(Some(pass));
                }
                Step::Done(reports) => break reports.into_iter().find_map(|report| refusal(report.verdict)),
                Step::Wait(..) | Step::Stale(_) => break None,
            }
        };
        let why = why.unwrap_or_else(|| "No se pudo abrir.".to_owned());
        found.add("session", Outcome::Fail, title, why, about);
        Ok(None)
    }

    async fn rights(
        &self,
        id: &ChannelId,
        name: &str,
        issuer: &Issuer,
        pass: &Pass,
        found: &mut Findings,
    ) -> Answer<()> {
        let sender = &self.0.sender;
        let channel = sender.channel(id);
        let inquiries = channel.inquiries(&sender.cx(issuer, Some(pass))).map_err(|e| e.refusal())?;
        for inquiry in inquiries {
            let (heard, mut facts) = self.carry(id, &inquiry.request).await;
            let heard = without(heard, Some(pass));
            if let (Heard::Reply { body, .. }, Value::Object(facts)) = (&heard, &mut facts) {
                let text: String = String::from_utf8_lossy(body).chars().take(2_000).collect();
                facts.insert("body".to_owned(), text.into());
            }
            let Finding { severity, code, message, .. } = channel.inquired(inquiry.code, &heard);
            let about =
                "Una pregunta sobre algo que no existe: la respuesta dice qué permisos hay. No usa folios.";
            let title = format!("{name}: {}", uncapitalised(inquiry.title));
            found.with(&code, outcome(severity), title, message, about, facts);
        }
        Ok(())
    }

    /// Carries a request and tells how it went.
    async fn carry(&self, id: &ChannelId, request: &Request) -> (Heard, Value) {
        let began = Instant::now();
        let heard = self.0.sender.carry(id, request).await;
        let mut facts = Map::new();
        facts.insert("what".to_owned(), request.what.into());
        facts.insert(
            "took_ms".to_owned(),
            json!(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)),
        );
        if let Heard::Reply { status, headers, .. } = &heard {
            facts.insert("status".to_owned(), json!(status));
            let told: Map<String, Value> = headers
                .iter()
                .filter(|(name, _)| worth_telling(name))
                .map(|(name, value)| (name.to_ascii_lowercase(), json!(value)))
                .collect();
            facts.insert("headers".to_owned(), Value::Object(told));
        }
        (heard, Value::Object(facts))
    }

    /// The authority's `Date` against this machine's clock.
    fn clock_against(&self, heard: &Heard, found: &mut Findings) {
        let Some(theirs) = date_of(heard) else { return };
        if std::mem::replace(&mut found.clock_told, true) {
            return;
        }
        let ours = self.0.clock.now();
        let apart = apart(ours, theirs);
        let outcome = match apart {
            apart if apart > CLOCK_LIMIT => Outcome::Fail,
            apart if apart > CLOCK_NOTE => Outcome::Warn,
            _ => Outcome::Ok,
        };
        let detail = match outcome {
            Outcome::Ok => "Marca la misma hora que la autoridad.".to_owned(),
            _ => format!(
                "Difiere en {} segundos de la autoridad. Corrija la fecha y la hora.",
                apart.as_secs()
            ),
        };
        let about = "La hora de este equipo va firmada en cada documento.";
        let facts = json!({ "ours": ours.to_string(), "theirs": theirs.to_string() });
        found.with("clock", outcome, "Reloj", detail, about, facts);
    }
}

fn refusal(verdict: Verdict) -> Option<String> {
    match verdict {
        Verdict::Refused { why, .. } => Some(format!("{} ({})", why.meaning, why.code)),
        Verdict::Unknown { why } => Some(why),
        _ => None,
    }
}

fn outcome(severity: Severity) -> Outcome {
    match severity {
        Severity::Note => Outcome::Ok,
        Severity::Objects => Outcome::Warn,
        Severity::Refuses => Outcome::Fail,
    }
}

/// Headers that help a developer; cookies and the like stay out.
fn worth_telling(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(name.as_str(), "date" | "server" | "content-type" | "retry-after") || name.starts_with("x-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_header_that_may_hold_a_secret_is_told() {
        assert!(
            ["Date", "X-RateLimit-Limit", "x-retry-after", "Server"].iter().all(|name| worth_telling(name))
        );
        assert!(
            ["Set-Cookie", "Cookie", "Authorization", "Location"].iter().all(|name| !worth_telling(name))
        );
    }
}
