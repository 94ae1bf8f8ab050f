//! Whom a name stands for. Outside training a name that leads to this machine or to its own network
//! is refused: a line in the hosts file must not turn a shop's folder to another host.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// How a name becomes addresses: the system's own way, or a test's. It may block.
pub type Lookup = Arc<dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync>;

/// As this machine does it: hosts file, cache, name server.
pub fn system() -> Lookup {
    Arc::new(|name| Ok((name, 0).to_socket_addrs()?.collect()))
}

/// Lets public addresses through, and nothing else.
pub(super) struct Public(pub Lookup);

impl Resolve for Public {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, name) = (Arc::clone(&self.0), name.as_str().to_owned());
        Box::pin(async move {
            let asked = name.clone();
            let found = tokio::task::spawn_blocking(move || lookup(&asked)).await??;
            let all: Addrs = Box::new(public(name, found)?.into_iter());
            Ok(all)
        })
    }
}

/// One address of this machine among good ones is refused too: which is tried first is chance.
fn public(name: String, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, NotPublic> {
    match found.iter().find(|address| !is_public(address.ip())) {
        None => Ok(found),
        Some(address) => Err(NotPublic { name, leads: address.ip() }),
    }
}

/// A name that was turned.
#[derive(Debug, thiserror::Error)]
#[error(
    "en este equipo «{name}» lleva a {leads}, que no es una dirección de internet; revise el archivo hosts \
     y el servidor de nombres"
)]
pub(super) struct NotPublic {
    name: String,
    leads: IpAddr,
}

/// Neither this machine nor a network of its own (RFC 6890).
pub(super) fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            let shared = a == 100 && (64..128).contains(&b); // RFC 6598
            let odd = ip.is_unspecified() || ip.is_multicast() || a == 0 || a >= 240;
            !(ip.is_loopback() || ip.is_private() || ip.is_link_local() || shared || odd)
        }
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(inner) => is_public(inner.into()),
            None => {
                let odd = ip.is_unspecified() || ip.is_multicast();
                !(ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local() || odd)
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        for near in [
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.1.1",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
        ] {
            assert!(!is_public(near.parse().unwrap()), "{near}");
        }
        for far in ["200.10.251.1", "172.32.0.1", "100.128.0.1", "2800:3f0::1", "::ffff:200.10.251.1"] {
            assert!(is_public(far.parse().unwrap()), "{far}");
        }
    }
}
