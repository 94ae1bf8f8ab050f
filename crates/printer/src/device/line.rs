//! Printers that are spoken to and may answer: on the network, and on a serial line.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::path::Path;
use std::time::{Duration, Instant};

use serialport::SerialPort;
use socket2::SockRef;
use timbre_core::paper::Printing;

use super::ear::{Ear, FOREIGN, NO_PAPER, OPEN, Said};
use super::{Course, Load, STUCK_MIDWAY, failed, partial, said, takes};

/// A printer that is on answers within this.
const CONNECT: Duration = Duration::from_secs(3);
/// A printer that tells how it is does so at once.
const STATUS: Duration = Duration::from_millis(600);
/// What has come already, or comes at once, is heard within this.
const MOMENT: Duration = Duration::from_millis(50);
/// A full buffer may stand for as long as a ticket takes.
const WRITE: Duration = Duration::from_secs(15);
/// How long a printer may take from the last byte of a paper to its word that it has it, beside drawing it.
const END: Duration = Duration::from_secs(20);
/// Written at a time.
const PIECE: usize = 1024;
/// Of what is for a printer that tells nothing hardly more than a piece stands in this machine: the system gives a buffer
/// of no less.
const UNSEEN: usize = 4 * 1024;
/// How long a printer that tells nothing is listened to all the same: it may break off.
const LISTEN: Duration = Duration::from_secs(1);
/// How long its end may take to acknowledge what stood there.
const LAST: Duration = Duration::from_secs(5);

/// Something that a printer is at the other end of.
trait Line: Read + Write {
    /// How long a single reading or writing may take from now on.
    fn patience(&mut self, span: Duration) -> io::Result<()>;

    /// Nothing more is sent. `true` where the other end tells that it has read to there by ending too.
    fn conclude(&mut self) -> io::Result<bool>;
}

impl Line for TcpStream {
    fn patience(&mut self, span: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(span))?;
        self.set_write_timeout(Some(span))
    }

    fn conclude(&mut self) -> io::Result<bool> {
        self.shutdown(Shutdown::Write).map(|()| true)
    }
}

impl Line for Box<dyn SerialPort> {
    fn patience(&mut self, span: Duration) -> io::Result<()> {
        Ok(self.set_timeout(span)?)
    }

    /// A wire has no end. What was flushed has left this machine.
    fn conclude(&mut self) -> io::Result<bool> {
        Ok(false)
    }
}

pub(super) fn to_network(address: &str, load: Load, bytes: &[u8], course: &Course) -> Printing {
    match connect(address) {
        Ok(mut line) => speak(&mut line, load, bytes, course),
        Err(error) => failed(format!("la impresora {address} {}", said(&error))),
    }
}

/// To a printer of which its shop says that it prints, tells nothing and never ends the line. That its end has taken every
/// byte can be known all the same: a closing that lingers comes back when the last one is acknowledged. It is given no
/// more than a piece to wait for, and only a printer that breaks off in that moment is not heard.
pub(super) fn to_silent(address: &str, bytes: &[u8], course: &Course) -> Printing {
    let opened = connect(address).and_then(|line| {
        let socket = SockRef::from(&line);
        socket.set_send_buffer_size(UNSEEN)?;
        socket.set_linger(Some(LAST))?;
        Ok(line)
    });
    match opened {
        Ok(line) => hand_over(line, bytes, course).unwrap_or_else(|how| how),
        Err(error) => failed(format!("la impresora {address} {}", said(&error))),
    }
}

fn hand_over(mut line: TcpStream, bytes: &[u8], course: &Course) -> Result<Printing, Printing> {
    not_cut(&mut line)?;
    send(&mut line, bytes, course)?;
    if listen(&mut line, MOMENT, None)? {
        return Err(broken(ErrorKind::ConnectionAborted.into()));
    }
    line.conclude().map_err(broken)?;
    let until = Instant::now() + LISTEN;
    loop {
        match read(&mut line, until) {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(Printing::Handed),
            Err(error) if is_late(&error) => break,
            Err(error) => return Err(broken(error)),
        }
    }
    let begun = Instant::now();
    drop(line);
    if begun.elapsed() < LAST {
        return Ok(Printing::Handed);
    }
    Err(partial(STUCK_MIDWAY))
}

pub(super) fn to_serial(path: &str, baud: u32, load: Load, bytes: &[u8], course: &Course) -> Printing {
    match serialport::new(path, baud).open() {
        Ok(mut line) => speak(&mut line, load, bytes, course),
        Err(error) => {
            let mut error = io::Error::from(error);
            // One that another program has looks as if it were not there.
            if error.kind() == ErrorKind::NotFound && is_there(path) {
                error = ErrorKind::ResourceBusy.into();
            }
            failed(format!("la impresora {path} {}", said(&error)))
        }
    }
}

fn is_there(path: &str) -> bool {
    let listed = || serialport::available_ports().unwrap_or_default();
    Path::new(path).exists() || listed().iter().any(|port| port.port_name == path)
}

fn connect(address: &str) -> io::Result<TcpStream> {
    // A name that nobody knows is a printer that is not there.
    let unknown = || io::Error::from(ErrorKind::HostUnreachable);
    let mut why = unknown();
    for place in address.to_socket_addrs().map_err(|_| unknown())? {
        match TcpStream::connect_timeout(&place, CONNECT) {
            // A question of three bytes is not to wait for company.
            Ok(line) => return line.set_nodelay(true).map(|()| line),
            Err(error) => why = error,
        }
    }
    Err(why)
}

fn speak(line: &mut impl Line, load: Load, bytes: &[u8], course: &Course) -> Printing {
    let how = match load {
        Load::Ticket => converse(line, bytes, course),
        // A printer of sheets does not know these questions.
        Load::Sheets => not_cut(line)
            .and_then(|()| send(line, bytes, course))
            .and_then(|()| see_off(line, bytes, None, course)),
    };
    how.unwrap_or_else(|how| how)
}

/// Asks how it is, sends, and asks whether it is done. A printer that answers the first question must answer the
/// last one too; one that answers none is seen to have read to the end, and no more is claimed.
fn converse(line: &mut impl Line, bytes: &[u8], course: &Course) -> Result<Printing, Printing> {
    let mut ear = Ear::default();
    // DLE EOT 4: the paper's sensor. Answered at once, whatever else is under way.
    let tells = match ask(line, &mut ear, &[0x10, 0x04, 4], STATUS).map_err(gone)? {
        Some(Said::AtOnce(status)) if status & 0x60 != 0 => {
            return Err(failed(or_foreign(line, &mut ear, NO_PAPER)));
        }
        Some(Said::Lacks(why)) => return Err(failed(or_foreign(line, &mut ear, why))),
        Some(Said::Foreign) => return Err(failed(FOREIGN)),
        told => told.is_some(),
    };
    // DLE EOT 2: why it would be off line; its cover is one bit of that.
    if tells {
        match ask(line, &mut ear, &[0x10, 0x04, 2], STATUS).map_err(gone)? {
            Some(Said::AtOnce(status)) if status & 0x04 != 0 => return Err(failed(OPEN)),
            Some(Said::Lacks(why)) => return Err(failed(or_foreign(line, &mut ear, why))),
            Some(Said::Foreign) => return Err(failed(FOREIGN)),
            Some(Said::AtOnce(_) | Said::InTurn(_)) | None => {}
        }
    }
    send(line, bytes, course)?;
    if !tells {
        return see_off(line, bytes, Some(ear), course);
    }
    // GS r 1: answered in its turn, when all before it is on paper.
    let span = END + takes(Load::Ticket, bytes);
    course.waits(span);
    match ask(line, &mut ear, &[0x1d, b'r', 1], span) {
        Ok(Some(Said::InTurn(status))) if status & 0x0c == 0 => Ok(Printing::Done),
        Ok(Some(Said::InTurn(_) | Said::Lacks(NO_PAPER))) => {
            Err(partial("se acabó el papel mientras imprimía"))
        }
        Ok(Some(Said::Lacks(why))) => Err(partial(format!("mientras imprimía, {why}"))),
        Ok(Some(Said::Foreign)) => Err(partial(FOREIGN)),
        Ok(Some(Said::AtOnce(_)) | None) | Err(_) => Err(partial("la impresora no confirmó que terminó")),
    }
}

/// Every byte, piece by piece, so that a slow line is told from one that stands still.
fn send(line: &mut impl Line, bytes: &[u8], course: &Course) -> Result<(), Printing> {
    line.patience(WRITE).map_err(|error| failed(error.to_string()))?;
    course.begin()?;
    let sent = bytes.chunks(PIECE).try_for_each(|piece| {
        line.write_all(piece)?;
        course.moved();
        Ok(())
    });
    sent.and_then(|()| line.flush()).map_err(broken)
}

/// What was written stands in a buffer of ours until the printer has read it: it has when it ends the line as we did.
/// What it says meanwhile is listened to, since a line that is closed upon a late answer is broken off. Sheets have
/// no `ear`: their printers speak otherwise.
fn see_off(
    line: &mut impl Line,
    bytes: &[u8],
    mut ear: Option<Ear>,
    course: &Course,
) -> Result<Printing, Printing> {
    // One that ended before we did has broken off, whatever it read.
    if listen(line, MOMENT, ear.as_mut())? {
        return Err(broken(ErrorKind::ConnectionAborted.into()));
    }
    if !line.conclude().map_err(broken)? {
        return Ok(Printing::Handed);
    }
    let span = END + takes(if ear.is_some() { Load::Ticket } else { Load::Sheets }, bytes);
    course.waits(span);
    match listen(line, span, ear.as_mut())? {
        true => Ok(Printing::Handed),
        false => Err(partial(STUCK_MIDWAY)),
    }
}

/// Before the first byte: one that has ended already takes none.
fn not_cut(line: &mut impl Line) -> Result<(), Printing> {
    let until = Instant::now() + MOMENT;
    loop {
        match read(line, until) {
            Ok(Some(_)) => {}
            Ok(None) => return Err(gone(ErrorKind::ConnectionAborted.into())),
            Err(error) if is_late(&error) => return Ok(()),
            Err(error) => return Err(gone(error)),
        }
    }
}

/// Hears what it says after the first byte, for so long. `true` when the other end has ended the line.
fn listen(line: &mut impl Line, span: Duration, mut ear: Option<&mut Ear>) -> Result<bool, Printing> {
    let until = Instant::now() + span;
    loop {
        let byte = match read(line, until) {
            Ok(Some(byte)) => byte,
            Ok(None) => return Ok(true),
            Err(error) if is_late(&error) => return Ok(false),
            Err(error) => return Err(broken(error)),
        };
        let Some(ear) = ear.as_deref_mut() else { continue };
        match ear.hear(byte) {
            Some(Said::AtOnce(status)) if status & 0x60 != 0 => {
                return Err(partial(or_foreign(line, ear, NO_PAPER)));
            }
            Some(Said::Lacks(why)) => return Err(partial(or_foreign(line, ear, why))),
            Some(Said::Foreign) => return Err(partial(FOREIGN)),
            Some(Said::AtOnce(_) | Said::InTurn(_)) | None => {}
        }
    }
}

/// What a printer lacks, unless more comes with it that none says then: letters look like a status, too.
fn or_foreign(line: &mut impl Line, ear: &mut Ear, why: &'static str) -> &'static str {
    let until = Instant::now() + MOMENT;
    while let Ok(Some(byte)) = read(line, until) {
        match ear.hear(byte) {
            Some(Said::Foreign | Said::AtOnce(_) | Said::InTurn(_)) => return FOREIGN,
            Some(Said::Lacks(_)) | None => {}
        }
    }
    why
}

/// Before the first byte.
fn gone(error: io::Error) -> Printing {
    failed(format!("la impresora {}", said(&error)))
}

/// After it.
fn broken(error: io::Error) -> Printing {
    partial(format!("mientras imprimía, la impresora {}", said(&error)))
}

/// Asks, and waits for what can be the answer: `GS` in its turn, `DLE` at once. `None` from a printer that does not
/// tell; one that has hung up is an error. Its own question back is what no printer says.
fn ask(line: &mut impl Line, ear: &mut Ear, question: &[u8], span: Duration) -> io::Result<Option<Said>> {
    line.patience(span)?;
    line.write_all(question)?;
    let until = Instant::now() + span;
    let mut echoed = 0;
    loop {
        let byte = match read(line, until) {
            Ok(Some(byte)) => byte,
            Ok(None) => return Err(ErrorKind::ConnectionAborted.into()),
            Err(error) if is_late(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        // An automatic status looks like its beginning.
        echoed = if question.get(echoed) == Some(&byte) { echoed + 1 } else { 0 };
        if echoed == question.len() {
            return Ok(Some(Said::Foreign));
        }
        let in_turn = question[0] == 0x1d;
        match ear.hear(byte) {
            Some(said @ Said::AtOnce(_)) if !in_turn => return Ok(Some(said)),
            Some(said @ Said::InTurn(_)) if in_turn => return Ok(Some(said)),
            Some(said @ (Said::Lacks(_) | Said::Foreign)) => return Ok(Some(said)),
            Some(Said::AtOnce(_) | Said::InTurn(_)) | None => {}
        }
    }
}

/// The next byte; `None` where the other end has ended.
fn read(line: &mut impl Line, until: Instant) -> io::Result<Option<u8>> {
    let mut byte = [0];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        line.patience(left)?;
        match line.read(&mut byte) {
            Ok(0) => return Ok(None),
            Ok(_) => return Ok(Some(byte[0])),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock)
}

#[cfg(test)]
mod tests;
