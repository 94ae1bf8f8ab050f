//! A look at a host before anything is trusted to it: its addresses, whether it answers, and what its TLS offers.
//! Nothing secret travels over these connections, so that a bad chain can be shown instead of only refused.

use std::fmt;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use openssl::ssl::{SslConnector, SslMethod, SslRef, SslVerifyMode};
use openssl::x509::{X509NameRef, X509Ref, X509VerifyResult};
use serde::{Deserialize, Serialize};

/// The longest wait for a connection, and for each read of a handshake.
const PATIENCE: Duration = Duration::from_secs(10);

/// What was found of one host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    pub addresses: Vec<IpAddr>,
    /// Milliseconds until a connection stood; `None` when none did.
    pub connected_ms: Option<u64>,
    pub tls: Option<Tls>,
    /// What went wrong first, in Spanish.
    pub trouble: Option<String>,
}

/// What a handshake came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tls {
    /// `TLSv1.3`.
    pub version: String,
    pub cipher: String,
    /// What it chose of `h2` and `http/1.1`, if it chose.
    pub protocol: Option<String>,
    /// Why this machine does not trust the chain; `None` when it does.
    pub distrust: Option<String>,
    /// The host's certificate first.
    pub chain: Vec<Link>,
}

/// One certificate of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub subject: String,
    pub issuer: String,
    pub not_after: String,
}

/// Looks at the host of a base address. Blocks for some seconds at the most.
pub fn inspect(base: &str) -> Inspection {
    let mut found = Inspection::default();
    if let Err(trouble) = look(base, &mut found) {
        found.trouble = Some(trouble);
    }
    found
}

fn look(base: &str, found: &mut Inspection) -> Result<(), String> {
    let (secure, host, port) = parts(base).ok_or("la dirección no se entiende")?;
    let addresses: Vec<SocketAddr> = (host, port)
        .to_socket_addrs()
        .map_err(|_| format!("el nombre {host} no se encuentra (DNS): revise la conexión a internet"))?
        .collect();
    found.addresses = addresses.iter().map(SocketAddr::ip).collect();
    let began = Instant::now();
    let stream =
        connect(&addresses).ok_or_else(|| format!("{host} no acepta conexiones en el puerto {port}"))?;
    found.connected_ms = u64::try_from(began.elapsed().as_millis()).ok();
    if secure {
        found.tls = Some(handshake(host, stream)?);
    }
    Ok(())
}

/// Whether it is TLS, the host and the port of `https://host:port/path`.
fn parts(base: &str) -> Option<(bool, &str, u16)> {
    let (secure, rest) = match (base.strip_prefix("https://"), base.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (None, rest) => (false, rest?),
    };
    let authority = rest.split('/').next()?;
    match authority.rsplit_once(':') {
        Some((host, port)) => Some((secure, host, port.parse().ok()?)),
        None => Some((secure, authority, if secure { 443 } else { 80 })),
    }
    .filter(|(_, host, _)| !host.is_empty())
}

fn connect(addresses: &[SocketAddr]) -> Option<TcpStream> {
    let stream = addresses.iter().find_map(|at| TcpStream::connect_timeout(at, PATIENCE).ok())?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    Some(stream)
}

fn handshake(host: &str, stream: TcpStream) -> Result<Tls, String> {
    let broken = |what: &dyn fmt::Display| format!("no se pudo negociar TLS con {host} ({what})");
    let mut builder = SslConnector::builder(SslMethod::tls_client()).map_err(|e| broken(&e))?;
    // To show what is wrong with a chain, it must be seen; the carrier checks every one for itself.
    builder.set_verify(SslVerifyMode::NONE);
    builder.set_alpn_protos(b"\x02h2\x08http/1.1").map_err(|e| broken(&e))?;
    let stream = builder.build().connect(host, stream).map_err(|e| broken(&e))?;
    Ok(told(stream.ssl()))
}

fn told(ssl: &SslRef) -> Tls {
    let trust = ssl.verify_result();
    let chain = ssl.peer_cert_chain().map(|chain| chain.iter().map(link).collect());
    Tls {
        version: ssl.version_str().to_owned(),
        cipher: ssl.current_cipher().map(|cipher| cipher.name().to_owned()).unwrap_or_default(),
        protocol: ssl.selected_alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
        distrust: (trust != X509VerifyResult::OK).then(|| trust.error_string().to_owned()),
        chain: chain.unwrap_or_default(),
    }
}

fn link(certificate: &X509Ref) -> Link {
    Link {
        subject: name(certificate.subject_name()),
        issuer: name(certificate.issuer_name()),
        not_after: certificate.not_after().to_string(),
    }
}

/// The last part of a name: the most particular one.
fn name(name: &X509NameRef) -> String {
    let last = name.entries().last().and_then(|entry| entry.data().to_string().ok());
    last.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_address_is_taken_apart() {
        assert_eq!(parts("https://palena.sii.cl"), Some((true, "palena.sii.cl", 443)));
        assert_eq!(parts("https://api.sii.cl/recursos/v1"), Some((true, "api.sii.cl", 443)));
        assert_eq!(parts("http://127.0.0.1:4581"), Some((false, "127.0.0.1", 4581)));
        for bad in ["palena.sii.cl", "https://", "http://host:puerto", "ftp://host"] {
            assert_eq!(parts(bad), None, "{bad}");
        }
    }
}
