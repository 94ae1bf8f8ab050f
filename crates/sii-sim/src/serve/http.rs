//! Just enough HTTP/1.1 to be judged by: it keeps the header lines as they came, and can cut a connection at any
//! point, which a server library would not let us do.

use super::{control, keep};
use crate::{
    message::{Host, Outcome, Reply, Request, Wire},
    sim::Sim,
};
use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};
use std::io;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

const MAX_HEAD: usize = 64 * 1024;
const MAX_BODY: u64 = 64 * 1024 * 1024;

/// Serves one connection until it ends. `host` is `None` on the control port.
pub(super) async fn converse(sim: Sim, host: Option<Host>, stream: TcpStream) {
    let mut stream = BufReader::new(stream);
    if let Err(error) = exchange(&sim, host, &mut stream).await {
        tracing::debug!(%error, "a connection to the simulator ended");
    }
}

async fn exchange(sim: &Sim, host: Option<Host>, stream: &mut BufReader<TcpStream>) -> io::Result<()> {
    while let Some(request) = read_request(stream).await? {
        let close = request.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        match outcome(sim, host, request).await {
            Outcome::Reply { after, reply } => {
                tokio::time::sleep(after).await;
                write_head(stream, &reply).await?;
                match write_body(stream, &reply).await? {
                    Line::Up => {}
                    Line::Closed => return Ok(()),
                    Line::Cut => return cut(stream),
                }
            }
            Outcome::DropBefore => return cut(stream),
            Outcome::DropAfter { after } => {
                tokio::time::sleep(after).await;
                return cut(stream);
            }
        }
        if close {
            return Ok(());
        }
    }
    Ok(())
}

async fn outcome(sim: &Sim, host: Option<Host>, request: Request) -> Outcome {
    let sim = sim.clone();
    let judged = tokio::task::spawn_blocking(move || {
        let now = sim.time(Timestamp::now());
        let controls = request.path().starts_with("/_sim/") && matches!(host, None | Some(Host::Dte));
        match host {
            _ if controls => control::answer(&sim, &request, now),
            Some(host) => {
                let outcome = sim.answer(host, &request, now);
                if !matches!(outcome, Outcome::DropBefore) {
                    keep::sent(&sim, &request);
                }
                outcome
            }
            None => control::answer(&sim, &request, now),
        }
    });
    // A judge that panics is a line that is cut: the client must live with it.
    judged.await.unwrap_or(Outcome::DropBefore)
}

fn cut(stream: &BufReader<TcpStream>) -> io::Result<()> {
    stream.get_ref().set_zero_linger()
}

async fn read_request(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Request>> {
    let Some(line) = read_line(stream).await? else { return Ok(None) };
    let mut words = line.split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Err(bad("request line"));
    };
    let mut request =
        Request { method: method.to_owned(), path_and_query: target.to_owned(), ..Request::default() };
    let mut size = line.len();
    loop {
        let line = read_line(stream).await?.ok_or_else(|| bad("headers cut short"))?;
        size += line.len();
        if size > MAX_HEAD {
            return Err(bad("headers too long"));
        }
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| bad("header line"))?;
        request.headers.push((name.to_owned(), value.trim().to_owned()));
    }
    if request.header("expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue")) {
        stream.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    request.body = read_body(stream, &request).await?;
    Ok(Some(request))
}

async fn read_body(stream: &mut BufReader<TcpStream>, request: &Request) -> io::Result<Vec<u8>> {
    if request.header("transfer-encoding").is_some() {
        return read_chunks(stream).await;
    }
    let Some(length) = request.header("content-length") else { return Ok(Vec::new()) };
    let length: u64 = length.parse().map_err(|_| bad("Content-Length"))?;
    read_exactly(stream, length).await
}

async fn read_chunks(stream: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(stream).await?.ok_or_else(|| bad("chunk cut short"))?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let length = u64::from_str_radix(digits, 16).map_err(|_| bad("chunk length"))?;
        if length.saturating_add(body.len() as u64) > MAX_BODY {
            return Err(bad("body too long"));
        }
        body.extend(read_exactly(stream, length).await?);
        read_line(stream).await?;
        if length == 0 {
            return Ok(body);
        }
    }
}

async fn read_exactly(stream: &mut BufReader<TcpStream>, length: u64) -> io::Result<Vec<u8>> {
    if length > MAX_BODY {
        return Err(bad("body too long"));
    }
    let mut body = Vec::new();
    stream.take(length).read_to_end(&mut body).await?;
    if (body.len() as u64) < length {
        return Err(bad("body cut short"));
    }
    Ok(body)
}

/// A line without its end, or `None` when the connection ended before it.
async fn read_line(stream: &mut BufReader<TcpStream>) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    stream.take(MAX_HEAD as u64).read_until(b'\n', &mut line).await?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.pop() != Some(b'\n') {
        return Err(bad("line cut short"));
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    String::from_utf8(line).map(Some).map_err(|_| bad("header bytes"))
}

/// What is left of the connection after a reply.
enum Line {
    Up,
    Closed,
    Cut,
}

async fn write_head(stream: &mut BufReader<TcpStream>, reply: &Reply) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {} {}\r\n", reply.status, reason(reply.status));
    if let Ok(date) = DateTimePrinter::new().timestamp_to_rfc9110_string(&Timestamp::now()) {
        head.push_str(&format!("Date: {date}\r\n"));
    }
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let length = match reply.wire {
        Wire::Filled(size) => size.max(reply.body.len() as u64),
        Wire::WrongLength => reply.body.len() as u64 / 2,
        Wire::Whole | Wire::HalfClosed | Wire::Reset | Wire::Drip(_) => reply.body.len() as u64,
    };
    head.push_str(&format!("Content-Length: {length}\r\n\r\n"));
    stream.get_mut().write_all(head.as_bytes()).await
}

async fn write_body(stream: &mut BufReader<TcpStream>, reply: &Reply) -> io::Result<Line> {
    let out = stream.get_mut();
    let half = &reply.body[..reply.body.len() / 2];
    let line = match reply.wire {
        Wire::Whole => {
            out.write_all(&reply.body).await?;
            Line::Up
        }
        // More comes than was promised, so that nothing can follow.
        Wire::WrongLength => {
            out.write_all(&reply.body).await?;
            Line::Closed
        }
        Wire::HalfClosed => {
            out.write_all(half).await?;
            out.shutdown().await?;
            Line::Closed
        }
        Wire::Reset => {
            out.write_all(half).await?;
            Line::Cut
        }
        Wire::Drip(pace) => {
            for byte in &reply.body {
                out.write_all(&[*byte]).await?;
                out.flush().await?;
                tokio::time::sleep(pace).await;
            }
            Line::Up
        }
        Wire::Filled(size) => {
            out.write_all(&reply.body).await?;
            let blanks = [b' '; 16 * 1024];
            let mut left = usize::try_from(size).unwrap_or(usize::MAX).saturating_sub(reply.body.len());
            while left > 0 {
                let piece = left.min(blanks.len());
                out.write_all(&blanks[..piece]).await?;
                left -= piece;
            }
            Line::Up
        }
    };
    out.flush().await?;
    Ok(line)
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        405 => "Method Not Allowed",
        411 => "Length Required",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}
