//! Where the SII lives. Constants of the program: no setting points a certification or production
//! folder at another host, and a training folder reaches loopback only.

use timbre_core::Environment;

/// What every request calls itself: the SII's uploads answer 401, or an HTML page, to anything
/// without `PROG 1.0` (OAS boleta electrónica; manual envío automático §2).
pub const USER_AGENT: &str = "Mozilla/4.0 ( compatible; PROG 1.0; Windows NT)";

/// The registry of names under `.cl`: where this name is not found either, it is not the SII's names that are gone.
pub const REGISTRY: &str = "nic.cl";

/// The base addresses of one environment, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts {
    /// DTE channel: seed, token, upload and questions.
    pub dte: String,
    /// Boleta channel: seed, token and questions.
    pub boleta: String,
    /// Boleta channel: upload only (OAS boleta electrónica, servers "exclusivo envío").
    pub boleta_upload: String,
    /// The registry of claims and acceptances: the whole address.
    pub claims: String,
}

const REST: &str = "/recursos/v1";
/// Each environment has a path of its own (Webservice Registro Reclamo DTE v1.2).
const CLAIMS: &str = "/WSREGISTRORECLAMODTE/registroreclamodteservice";
const CLAIMS_CERT: &str = "/WSREGISTRORECLAMODTECERT/registroreclamodteservice";

impl Hosts {
    /// The hosts of an environment. `simulator` counts in training only, and only when it is an
    /// `http` address of 127.0.0.1 with a port; without one a training folder has no hosts.
    ///
    /// The simulator plays its hosts on three ports: the DTE channel and the registry of claims on its
    /// own, the boleta's questions on the next, the boleta's upload on the one after.
    pub fn of(environment: Environment, simulator: Option<&str>) -> Option<Hosts> {
        let (dte, boleta, upload, claims) = match environment {
            Environment::Training => {
                let port: u16 =
                    simulator?.strip_prefix("http://127.0.0.1:")?.trim_end_matches('/').parse().ok()?;
                let at = |port: u16| format!("http://127.0.0.1:{port}");
                (at(port), at(port.checked_add(1)?), at(port.checked_add(2)?), at(port) + CLAIMS_CERT)
            }
            Environment::Certification => of_the_sii(["maullin", "apicert", "pangal", "ws2"], CLAIMS_CERT),
            Environment::Production => of_the_sii(["palena", "api", "rahue", "ws1"], CLAIMS),
        };
        Some(Hosts { dte, boleta: boleta + REST, boleta_upload: upload + REST, claims })
    }
}

fn of_the_sii([dte, boleta, upload, claims]: [&str; 4], path: &str) -> (String, String, String, String) {
    let host = |name: &str| format!("https://{name}.sii.cl");
    (host(dte), host(boleta), host(upload), host(claims) + path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certification_and_production_have_their_own_and_no_others() {
        for simulator in
            [None, Some("http://127.0.0.1:4581"), Some("https://palena.sii.cl"), Some("http://evil.example")]
        {
            let certification = Hosts::of(Environment::Certification, simulator).unwrap();
            assert_eq!(certification.dte, "https://maullin.sii.cl");
            assert_eq!(certification.boleta, "https://apicert.sii.cl/recursos/v1");
            assert_eq!(certification.boleta_upload, "https://pangal.sii.cl/recursos/v1");
            assert_eq!(
                certification.claims,
                "https://ws2.sii.cl/WSREGISTRORECLAMODTECERT/registroreclamodteservice"
            );
            let production = Hosts::of(Environment::Production, simulator).unwrap();
            assert_eq!(production.dte, "https://palena.sii.cl");
            assert_eq!(production.boleta, "https://api.sii.cl/recursos/v1");
            assert_eq!(production.boleta_upload, "https://rahue.sii.cl/recursos/v1");
            assert_eq!(
                production.claims,
                "https://ws1.sii.cl/WSREGISTRORECLAMODTE/registroreclamodteservice"
            );
        }
    }

    #[test]
    fn training_never_leaves_the_machine() {
        let hosts = Hosts::of(Environment::Training, Some("http://127.0.0.1:4581/")).unwrap();
        assert_eq!(hosts.dte, "http://127.0.0.1:4581");
        assert_eq!(hosts.boleta, "http://127.0.0.1:4582/recursos/v1");
        assert_eq!(hosts.boleta_upload, "http://127.0.0.1:4583/recursos/v1");
        for bad in [
            None,
            Some("https://palena.sii.cl"),
            Some("http://127.0.0.1"),
            Some("http://127.0.0.1:99999"),
            Some("http://127.0.0.1:65535"),
            Some("http://127.0.0.1:80@palena.sii.cl"),
            Some("http://127.0.0.1.evil.example:80"),
        ] {
            assert_eq!(Hosts::of(Environment::Training, bad), None, "{bad:?}");
        }
    }

    #[test]
    fn the_user_agent_is_the_manuals() {
        assert!(USER_AGENT.starts_with("Mozilla/4.0 ( compatible; PROG 1.0;"));
    }
}
