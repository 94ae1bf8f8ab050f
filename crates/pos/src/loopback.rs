//! The sockets that this machine alone reaches: `127.0.0.1`, and `::1` beside it on the same port where there is one.
//! What calls `localhost` tries that one first, and must not meet another program there.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket};

/// How often another port is tried where the system's choice is taken at one of the two addresses.
const TRIES: usize = 16;

/// So many connections wait to be taken; systems that hold fewer hold as many as they do. Of more, a till's own is dropped,
/// and its system tries again after a second.
const WAITING: u32 = 4096;

/// Bound, and not served yet.
pub struct Loopback {
    port: u16,
    pub(crate) listeners: Vec<TcpListener>,
}

impl Loopback {
    pub fn port(&self) -> u16 {
        self.port
    }
}

/// Binds `port`, or another one when that is taken and `strict` is not set.
pub async fn bind(port: u16, strict: bool) -> io::Result<Loopback> {
    let mut bound = both(port);
    for _ in 0..TRIES {
        if !matches!(&bound, Err(error) if is_taken(error.kind()) && (port == 0 || !strict)) {
            break;
        }
        bound = both(0);
    }
    bound
}

fn both(port: u16) -> io::Result<Loopback> {
    let at = |ip: IpAddr, port| listen(SocketAddr::from((ip, port)));
    let first = at(Ipv4Addr::LOCALHOST.into(), port)?;
    let port = first.local_addr()?.port();
    let mut listeners = vec![first];
    match at(Ipv6Addr::LOCALHOST.into(), port) {
        Ok(second) => listeners.push(second),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
        // Nothing of the machine answers there.
        Err(error) => tracing::info!(%error, "::1 is not listened on"),
    }
    Ok(Loopback { port, listeners })
}

/// As `TcpListener::bind`, with a longer queue.
pub(crate) fn listen(at: SocketAddr) -> io::Result<TcpListener> {
    let socket = if at.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Elsewhere it is needed after a restart; there it would let another program take the port.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(at)?;
    socket.listen(WAITING)
}

/// Windows keeps ranges of ports for itself, and says of those that we may not.
fn is_taken(why: io::ErrorKind) -> bool {
    matches!(why, io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_given_up_for_another_unless_it_was_asked_for() {
        let taken = bind(0, true).await.unwrap();
        assert_ne!(bind(taken.port(), false).await.unwrap().port(), taken.port());
        assert!(bind(taken.port(), true).await.is_err());
        assert!(is_taken(io::ErrorKind::PermissionDenied), "as Windows says of a range of its own");
        assert!(!is_taken(io::ErrorKind::AddrNotAvailable));
    }

    #[tokio::test]
    async fn a_port_that_is_anothers_at_either_address_is_taken() {
        let Ok(other) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await else {
            eprintln!("this machine has no ::1: that it is bound is not looked at");
            return;
        };
        let port = other.local_addr().unwrap().port();
        assert_ne!(bind(port, false).await.unwrap().port(), port);
        assert!(bind(port, true).await.is_err());
        let bound = bind(0, true).await.unwrap();
        let at: Vec<_> = bound.listeners.iter().map(|one| one.local_addr().unwrap()).collect();
        let port = bound.port();
        assert_eq!(
            at,
            [
                (IpAddr::from(Ipv4Addr::LOCALHOST), port).into(),
                (IpAddr::from(Ipv6Addr::LOCALHOST), port).into()
            ]
        );
    }

    /// 128 were held, and the next one waited a second for its system to try again.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn many_connections_at_once_wait_without_one_being_dropped() {
        let held = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
        if held.trim().parse::<u32>().unwrap() < 300 {
            eprintln!("this system holds {} of them: more are not looked at", held.trim());
            return;
        }
        let bound = bind(0, true).await.unwrap();
        let at = bound.listeners[0].local_addr().unwrap();
        let limit = std::time::Duration::from_millis(900);
        let connected = || std::net::TcpStream::connect_timeout(&at, limit);
        let all: Vec<_> = (0..300).map(|_| connected().expect("it waits to be taken")).collect();
        assert_eq!(all.len(), 300);
    }
}
