//! The API for other machines of the shop's network: only where somebody in charge set it up, over TLS alone, for
//! tokens of tills; and the panel, where that is asked for too, for who knows its password.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use openssl::error::ErrorStack;
use openssl::ssl::{SslAcceptor, SslFiletype, SslMethod, SslVersion};
use tokio::net::TcpListener;

use crate::loopback;

/// What a folder's settings say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkSettings {
    /// `0.0.0.0:4579`.
    pub listen: SocketAddr,
    /// What tills call this machine: names and addresses, without the port.
    pub names: Vec<String>,
    /// PEM: its certificate with the chain, and its private key.
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Serve the panel as well: how long who does nothing there stays.
    pub panel: Option<Duration>,
}

/// Ready to be served.
pub struct Network {
    pub(crate) listener: TcpListener,
    pub(crate) tls: SslAcceptor,
    pub(crate) names: Vec<String>,
    pub(crate) panel: Option<Duration>,
}

impl Network {
    /// Reads the certificate and binds. No name is none that a till could call.
    pub async fn open(settings: &NetworkSettings) -> io::Result<Network> {
        if settings.names.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "falta names: cómo llaman las cajas a este equipo",
            ));
        }
        let tls = acceptor(&settings.certificate, &settings.key).map_err(io::Error::other)?;
        let listener = loopback::listen(settings.listen)?;
        Ok(Network { listener, tls, names: settings.names.clone(), panel: settings.panel })
    }
}

/// TLS 1.2 at the least (ASVS 12.1.1).
fn acceptor(certificate: &Path, key: &Path) -> Result<SslAcceptor, ErrorStack> {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    builder.set_certificate_chain_file(certificate)?;
    builder.set_private_key_file(key, SslFiletype::PEM)?;
    builder.check_private_key()?;
    Ok(builder.build())
}
