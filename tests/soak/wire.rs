//! The wire between the agent and the simulator: it carries everything, and at a chosen moment of an
//! upload it asks for the agent's death and lets nothing more through.

use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// A moment of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The first bytes have left; nothing reached the authority.
    FirstByte,
    /// The authority has all of it; no answer was heard.
    Unanswered,
    /// Half of the answer was heard.
    HalfAnswered,
}

pub const MOMENTS: [Moment; 3] = [Moment::FirstByte, Moment::Unanswered, Moment::HalfAnswered];

pub struct Wire {
    /// What the agent is told is the simulator.
    pub base: String,
    plan: Arc<Plan>,
    deaths: mpsc::UnboundedReceiver<()>,
    _carrying: JoinSet<()>,
}

struct Plan {
    /// The moment, and how many uploads go before.
    moment: Mutex<Option<(Moment, u64)>>,
    death: mpsc::UnboundedSender<()>,
}

impl Wire {
    /// Three ports in a row that lead to the simulator's three from `port` on.
    pub async fn to(port: u16) -> io::Result<Wire> {
        let (death, deaths) = mpsc::unbounded_channel();
        let plan = Arc::new(Plan { moment: Mutex::default(), death });
        let (own, listeners) = row().await?;
        let mut carrying = JoinSet::new();
        for (listener, to) in listeners.into_iter().zip(port..) {
            carrying.spawn(accept(listener, to, plan.clone()));
        }
        Ok(Wire { base: format!("http://127.0.0.1:{own}"), plan, deaths, _carrying: carrying })
    }

    /// Asks for a death at this moment of the n-th upload from now on.
    pub fn arm(&self, moment: Moment, n: u64) {
        *self.plan.moment.lock().unwrap_or_else(PoisonError::into_inner) = Some((moment, n));
    }

    pub fn disarm(&mut self) {
        *self.plan.moment.lock().unwrap_or_else(PoisonError::into_inner) = None;
        while self.deaths.try_recv().is_ok() {}
    }

    /// Returns when the moment has come.
    pub async fn death(&mut self) {
        // The plan holds the other end as long as the wire is there.
        let _ = self.deaths.recv().await;
    }
}

/// Below the ports that systems lend to outgoing connections, and beside the simulator's own.
async fn row() -> io::Result<(u16, [TcpListener; 3])> {
    let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let mut last = io::Error::other("no three free ports in a row");
    for step in 0..2000u32 {
        let at = std::process::id().wrapping_mul(7).wrapping_add(step.wrapping_mul(37)) % 500;
        let port = 30_000 + 4 * u16::try_from(at).unwrap_or_default();
        match (bind(port).await, bind(port + 1).await, bind(port + 2).await) {
            (Ok(a), Ok(b), Ok(c)) => return Ok((port, [a, b, c])),
            (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => last = error,
        }
    }
    Err(last)
}

async fn accept(listener: TcpListener, to: u16, plan: Arc<Plan>) {
    let mut carried = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                let plan = plan.clone();
                // One that breaks is a connection that was cut: both ends live with it.
                carried.spawn(async move { drop(carry(stream, to, &plan).await) });
            },
            Some(_) = carried.join_next() => {}
        }
    }
}

impl Plan {
    fn due(&self) -> Option<Moment> {
        let mut moment = self.moment.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *moment {
            Some((_, before)) if *before > 1 => {
                *before -= 1;
                None
            }
            _ => moment.take().map(|(moment, _)| moment),
        }
    }
}

/// One exchange: the agent uses a connection once.
async fn carry(mut agent: TcpStream, to: u16, plan: &Plan) -> io::Result<()> {
    let mut request = vec![0; 1024];
    let read = agent.read(&mut request).await?;
    request.truncate(read);
    let head = String::from_utf8_lossy(&request).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default();
    let upload = head.starts_with("POST") && (path.contains("envio") || path.contains("DTEUpload"));
    let moment = if upload { plan.due() } else { None };
    // The wire's owner listens as long as there is a wire.
    let die = || plan.death.send(()).unwrap_or(());
    if moment == Some(Moment::FirstByte) {
        die();
        return hold(agent).await;
    }
    let mut sii = TcpStream::connect((Ipv4Addr::LOCALHOST, to)).await?;
    whole(&mut agent, &mut request).await?;
    sii.write_all(&request).await?;
    let mut answer = Vec::new();
    whole(&mut sii, &mut answer).await?;
    match moment {
        None => agent.write_all(&answer).await,
        Some(Moment::HalfAnswered) => {
            agent.write_all(&answer[..answer.len() / 2]).await?;
            die();
            hold(agent).await
        }
        Some(_) => {
            die();
            hold(agent).await
        }
    }
}

/// Nothing more is said; the connection ends when the agent does.
async fn hold(mut agent: TcpStream) -> io::Result<()> {
    let mut rest = [0; 4096];
    while agent.read(&mut rest).await? > 0 {}
    Ok(())
}

/// Reads on until a whole message is there, by its `Content-Length`, or the connection ends.
async fn whole(from: &mut TcpStream, message: &mut Vec<u8>) -> io::Result<()> {
    let mut part = vec![0; 16 << 10];
    while !is_whole(message) {
        match from.read(&mut part).await? {
            0 => return Ok(()),
            read => message.extend_from_slice(&part[..read]),
        }
    }
    Ok(())
}

fn is_whole(message: &[u8]) -> bool {
    let Some(end) = message.windows(4).position(|part| part == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&message[..end]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    message.len() >= end + 4 + length.unwrap_or(0usize)
}
