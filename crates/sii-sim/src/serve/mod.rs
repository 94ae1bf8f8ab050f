//! The simulator behind sockets: three loopback ports for the three hosts of the SII, and a fourth for control
//! that stays up when the line is dead. Real time comes in only here.

mod control;
mod http;
mod keep;

use crate::{message::Host, sim::Sim};
use jiff::Timestamp;
use std::{io, net::Ipv4Addr, time::Duration};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle, task::JoinSet};

const HOSTS: [Host; 3] = [Host::Dte, Host::BoletaQuery, Host::BoletaUpload];

/// A simulator that listens. Dropping it stops it too, without waiting.
pub struct Running {
    /// `http://127.0.0.1:P`, where `maullin` is; `apicert` is at P+1, `pangal` at P+2.
    pub base: String,
    pub port: u16,
    /// `http://127.0.0.1:(P+3)`: the control routes, also while the line is dead.
    pub control: String,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
    sim: Sim,
}

impl Running {
    pub fn sim(&self) -> &Sim {
        &self.sim
    }

    /// The base address of a host.
    pub fn base_of(&self, host: Host) -> String {
        let offset = match host {
            Host::Dte => 0,
            Host::BoletaQuery => 1,
            Host::BoletaUpload => 2,
        };
        format!("http://127.0.0.1:{}", self.port + offset)
    }

    /// Closes every listener and connection, and returns when they are closed.
    pub async fn stop(self) {
        // The task may have ended by itself; then there is nobody to tell.
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}

/// Listens on four loopback ports in a row from `port`, or on any four that are free.
pub async fn serve(sim: Sim, port: Option<u16>) -> io::Result<Running> {
    let (port, lines, control) = match port {
        Some(port) => bind_row(port).await?,
        None => bind_any_row().await?,
    };
    sim.begin(sim.time(Timestamp::now()));
    let (stop, stopped) = oneshot::channel();
    let task = tokio::spawn(supervise(sim.clone(), port, lines, control, stopped));
    Ok(Running {
        base: format!("http://127.0.0.1:{port}"),
        port,
        control: format!("http://127.0.0.1:{}", port + 3),
        stop,
        task,
        sim,
    })
}

async fn bind(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

async fn bind_lines(port: u16) -> io::Result<[TcpListener; 3]> {
    Ok([bind(port).await?, bind(port + 1).await?, bind(port + 2).await?])
}

async fn bind_row(port: u16) -> io::Result<(u16, [TcpListener; 3], TcpListener)> {
    if port > u16::MAX - 3 {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "no room for four ports in a row"));
    }
    Ok((port, bind_lines(port).await?, bind(port + 3).await?))
}

/// Below the ports that systems lend to outgoing connections: there a client could be lent a port of ours while
/// the line is dead, and then even connect to itself.
async fn bind_any_row() -> io::Result<(u16, [TcpListener; 3], TcpListener)> {
    const ROWS: u32 = 2500;
    let mut last = io::Error::other("no four free ports in a row");
    for step in 0..ROWS {
        let row = std::process::id().wrapping_add(step.wrapping_mul(37)) % ROWS;
        let port = 20_000 + 4 * u16::try_from(row).unwrap_or_default();
        match bind_row(port).await {
            Ok(row) => return Ok(row),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Keeps the listeners in step with the lines: closed while theirs is dead, bound to the same port when it is back.
async fn supervise(
    sim: Sim,
    port: u16,
    lines: [TcpListener; 3],
    control: TcpListener,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut aside = JoinSet::new();
    aside.spawn(accept(sim.clone(), None, control));
    let mut up = [JoinSet::new(), JoinSet::new(), JoinSet::new()];
    for ((set, host), listener) in up.iter_mut().zip(HOSTS).zip(lines) {
        set.spawn(accept(sim.clone(), Some(host), listener));
    }
    loop {
        let mut pause = Duration::from_secs(3600);
        for ((set, host), port) in up.iter_mut().zip(HOSTS).zip(port..) {
            let now = sim.time(Timestamp::now());
            let line = sim.line(host, now);
            pause = line.next_change.map_or(pause, |next| pause.min(wait_until(now, next)));
            if line.down {
                set.shutdown().await;
            } else if set.is_empty() {
                match bind(port).await {
                    Ok(listener) => drop(set.spawn(accept(sim.clone(), Some(host), listener))),
                    // Somebody else has the port for a moment: once more soon.
                    Err(error) => {
                        tracing::warn!(%error, port, "the simulator could not take its port back");
                        pause = pause.min(Duration::from_millis(100));
                    }
                }
            }
        }
        tokio::select! {
            _ = &mut stopped => break,
            () = sim.line_changed() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
    for mut set in up {
        set.shutdown().await;
    }
    aside.shutdown().await;
}

fn wait_until(now: Timestamp, next: Timestamp) -> Duration {
    Duration::try_from(next.duration_since(now)).unwrap_or_default() + Duration::from_millis(1)
}

/// Takes connections until it is dropped; its connections fall with it, as on a dead line.
async fn accept(sim: Sim, host: Option<Host>, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(http::converse(sim.clone(), host, stream));
                }
                Err(error) => {
                    tracing::warn!(%error, "the simulator could not take a connection");
                    tokio::task::yield_now().await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}
