//! Who may vouch for the authority's hosts: the certificates of this system, kept by its
//! administrator, and nobody that a variable of the environment names.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What OpenSSL looks at before the system's own certificates.
const VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// Where systems keep them. Naming one of these by hand adds nobody: only root can write there.
const OF_THE_SYSTEM: [&str; 12] = [
    "/etc/ssl/certs",
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/certs",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/tls/cert.pem",
    "/etc/pki/ca-trust/extracted/pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/usr/lib/ssl/certs",
    "/usr/lib/ssl/cert.pem",
];

/// The first variable that would let somebody else vouch, and whom it names.
pub fn foreign(get: impl Fn(&str) -> Option<OsString>) -> Option<(&'static str, PathBuf)> {
    VARIABLES.into_iter().find_map(|name| {
        let said = get(name).filter(|value| !value.is_empty())?;
        let named = std::env::split_paths(&said).find(|path| !is_of_the_system(path))?;
        Some((name, named))
    })
}

/// By its very name: what a link leads to may change after the look.
fn is_of_the_system(path: &Path) -> bool {
    OF_THE_SYSTEM.iter().any(|place| path == Path::new(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_systems_own_certificates_may_be_named() {
        let said = |name: &'static str, value: &'static str| {
            foreign(move |asked| (asked == name).then(|| OsString::from(value))).map(|(name, _)| name)
        };
        assert_eq!(foreign(|_| None), None);
        for (name, value) in [
            ("SSL_CERT_FILE", ""),
            ("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"),
            ("SSL_CERT_DIR", "/etc/ssl/certs"),
            ("SSL_CERT_DIR", "/etc/ssl/certs/"),
            ("OTHER", "/home/x/ca.pem"),
        ] {
            assert_eq!(said(name, value), None, "{name}={value}");
        }
        for (name, value) in [
            ("SSL_CERT_FILE", "/home/x/ca.pem"),
            ("SSL_CERT_FILE", "ca.pem"),
            ("SSL_CERT_FILE", "/etc/ssl/certs/../../../home/x/ca.pem"),
            ("SSL_CERT_DIR", "/home/x"),
        ] {
            assert_eq!(said(name, value), Some(name), "{name}={value}");
        }
        #[cfg(unix)]
        assert_eq!(said("SSL_CERT_DIR", "/etc/ssl/certs:/home/x"), Some("SSL_CERT_DIR"));
    }
}
