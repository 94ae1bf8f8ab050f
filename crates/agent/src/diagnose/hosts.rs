//! The authority's hosts, looked at on connections that carry no secret.

use serde_json::Value;
use timbre_core::{ChannelId, Environment, Issuer};

use super::{Findings, Outcome};
use crate::engine::{Agent, Answer};
use crate::inspect::{Inspection, inspect};
use crate::sentence::capitalised;

impl Agent {
    pub(super) async fn hosts(&self, channel: &ChannelId, issuer: &Issuer) -> Answer<Vec<Looked>> {
        let sender = &self.0.sender;
        let hosts = sender.channel(channel).hosts(&sender.cx(issuer, None)).map_err(|e| e.refusal())?;
        let mut looked = Vec::new();
        for (role, base) in hosts {
            let place = base.clone();
            // A look blocks for seconds: not for an async task.
            let seen = tokio::task::spawn_blocking(move || inspect(&place)).await.unwrap_or_default();
            looked.push(Looked { role, base, seen });
        }
        Ok(looked)
    }

    /// Each host by itself; where not one is reached there is one cause, and it is told once.
    pub(super) fn reached(
        &self,
        looked: &[(ChannelId, Vec<Looked>)],
        environment: Environment,
        found: &mut Findings,
    ) {
        let about = "Por estas direcciones van y vienen los documentos; su certificado TLS prueba que son las verdaderas.";
        let all: Vec<_> = looked.iter().flat_map(|(_, hosts)| hosts).collect();
        if all.len() > 1 && !all.iter().any(|host| host.is_reached()) {
            let authority = self.0.regime.profile().authority;
            let detail = format!(
                "No se llega a ninguna de las direcciones del {authority}: revise la conexión a internet de este equipo."
            );
            let facts = all.iter().map(|host| host.facts()).collect();
            return found.with("host", Outcome::Fail, "Internet", detail, about, facts);
        }
        for host in all {
            let (outcome, detail) = of_host(&host.seen, environment);
            found.with("host", outcome, capitalised(host.role), detail, about, host.facts());
        }
    }
}

/// A host as it was found.
pub(super) struct Looked {
    /// What it is for: `boletas: envío`.
    role: &'static str,
    base: String,
    seen: Inspection,
}

impl Looked {
    pub(super) fn is_reached(&self) -> bool {
        self.seen.trouble.is_none()
    }

    fn facts(&self) -> Value {
        let mut facts = serde_json::to_value(&self.seen).unwrap_or_default();
        if let Value::Object(facts) = &mut facts {
            facts.insert("address".to_owned(), self.base.clone().into());
        }
        facts
    }
}

/// A channel as people say it: by what its hosts are for.
pub(super) fn called(id: &ChannelId, hosts: &[Looked]) -> String {
    capitalised(hosts.first().and_then(|host| host.role.split(':').next()).unwrap_or(&id.0))
}

/// What a look at a host means in this environment.
fn of_host(seen: &Inspection, environment: Environment) -> (Outcome, String) {
    let training = environment == Environment::Training;
    if let Some(trouble) = &seen.trouble {
        return (Outcome::Fail, format!("No se pudo: {trouble}."));
    }
    if !training && seen.addresses.iter().any(|ip| ip.is_loopback()) {
        let detail =
            "El nombre apunta a este mismo equipo: alguien lo desvió (archivo hosts o DNS).".to_owned();
        return (Outcome::Fail, detail);
    }
    match &seen.tls {
        None if training => (Outcome::Ok, "Responde (simulador, sin TLS).".to_owned()),
        None => (Outcome::Fail, "Responde sin TLS.".to_owned()),
        Some(tls) => match &tls.distrust {
            Some(why) => (
                Outcome::Fail,
                format!("Este equipo no confía en su certificado ({why}): puede haber un intermediario."),
            ),
            None => (Outcome::Ok, format!("Responde con {} y un certificado de confianza.", tls.version)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::Tls;

    fn tls(distrust: Option<&str>) -> Inspection {
        Inspection {
            addresses: vec!["200.10.252.1".parse().unwrap()],
            connected_ms: Some(12),
            tls: Some(Tls {
                version: "TLSv1.3".to_owned(),
                cipher: String::new(),
                protocol: None,
                distrust: distrust.map(str::to_owned),
                chain: vec![],
            }),
            trouble: None,
        }
    }

    #[test]
    fn a_host_is_well_only_when_it_is_the_true_one() {
        let real = Environment::Production;
        assert_eq!(of_host(&tls(None), real).0, Outcome::Ok);
        assert_eq!(of_host(&tls(Some("self-signed certificate")), real).0, Outcome::Fail);
        let diverted = Inspection { addresses: vec!["127.0.0.1".parse().unwrap()], ..tls(None) };
        assert_eq!(of_host(&diverted, real).0, Outcome::Fail);
        let bare = Inspection { tls: None, ..tls(None) };
        assert_eq!(of_host(&bare, real).0, Outcome::Fail);
        assert_eq!(of_host(&bare, Environment::Training).0, Outcome::Ok);
        let silent = Inspection { trouble: Some("no acepta conexiones".to_owned()), ..Inspection::default() };
        assert_eq!(of_host(&silent, real).0, Outcome::Fail);
    }
}
