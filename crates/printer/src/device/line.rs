//! Printers that are spoken to and may answer: on the network, and on a serial line.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::path::Path;
use std::time::{Duration, Instant};

use serialport::SerialPort;
use timbre_core::paper::Printing;

use super::ear::{Ear, NO_PAPER, OPEN, Said};
use super::{Course, Load, failed, partial, said};

/// A printer that is on answers within this.
const CONNECT: Duration = Duration::from_secs(3);
/// A printer that tells how it is does so at once.
const STATUS: Duration = Duration::from_millis(600);
/// A full buffer may stand for as long as a ticket takes.
const WRITE: Duration = Duration::from_secs(15);
/// How long a short paper may take from its last byte to the printer's word that it has it.
const END: Duration = Duration::from_secs(20);
/// A slow printer draws so many bytes in a second: a line of text at 60 mm/s.
const SLOWEST: u64 = 1_000;
/// Written at a time.
const PIECE: usize = 1024;

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
        Load::Sheets => send(line, bytes, course).and_then(|()| see_off(line, bytes, None, course)),
    };
    how.unwrap_or_else(|how| how)
}

/// Asks how it is, sends, and asks whether it is done. A printer that answers the first question must answer the
/// last one too; one that answers none is seen to have read to the end, and no more is claimed.
fn converse(line: &mut impl Line, bytes: &[u8], course: &Course) -> Result<Printing, Printing> {
    let mut ear = Ear::default();
    let gone = |error: io::Error| failed(format!("la impresora {}", said(&error)));
    // DLE EOT 4: the paper's sensor. Answered at once, whatever else is under way.
    let tells = match ask(line, &mut ear, &[0x10, 0x04, 4], STATUS).map_err(gone)? {
        Some(Said::AtOnce(status)) if status & 0x60 != 0 => return Err(failed(NO_PAPER)),
        Some(Said::Lacks(why)) => return Err(failed(why)),
        told => told.is_some(),
    };
    // DLE EOT 2: why it would be off line; its cover is one bit of that.
    if tells {
        match ask(line, &mut ear, &[0x10, 0x04, 2], STATUS) {
            Ok(Some(Said::AtOnce(status))) if status & 0x04 != 0 => return Err(failed(OPEN)),
            Ok(Some(Said::Lacks(why))) => return Err(failed(why)),
            Ok(_) | Err(_) => {}
        }
    }
    send(line, bytes, course)?;
    if !tells {
        return see_off(line, bytes, Some(ear), course);
    }
    // GS r 1: answered in its turn, when all before it is on paper.
    let span = end_of(bytes);
    course.waits(span);
    match ask(line, &mut ear, &[0x1d, b'r', 1], span) {
        Ok(Some(Said::InTurn(status))) if status & 0x0c == 0 => Ok(Printing::Done),
        Ok(Some(Said::InTurn(_) | Said::Lacks(NO_PAPER))) => {
            Err(partial("se acabó el papel mientras imprimía"))
        }
        Ok(Some(Said::Lacks(why))) => Err(partial(format!("mientras imprimía, {why}"))),
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
    sent.and_then(|()| line.flush())
        .map_err(|error: io::Error| partial(format!("mientras imprimía, la impresora {}", said(&error))))
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
    let broken = |error: io::Error| partial(format!("mientras imprimía, la impresora {}", said(&error)));
    if !line.conclude().map_err(broken)? {
        return Ok(Printing::Handed);
    }
    let span = end_of(bytes);
    course.waits(span);
    let until = Instant::now() + span;
    loop {
        let byte = match read(line, until) {
            Ok(Some(byte)) => byte,
            Ok(None) => return Ok(Printing::Handed),
            Err(error) if is_late(&error) => {
                return Err(partial("la impresora no terminó de recibir: revise papel y tapa"));
            }
            Err(error) => return Err(broken(error)),
        };
        match ear.as_mut().and_then(|ear| ear.hear(byte)) {
            Some(Said::AtOnce(status)) if status & 0x60 != 0 => return Err(partial(NO_PAPER)),
            Some(Said::Lacks(why)) => return Err(partial(why)),
            Some(Said::AtOnce(_) | Said::InTurn(_)) | None => {}
        }
    }
}

/// How long it may take to read and draw so much.
fn end_of(bytes: &[u8]) -> Duration {
    END + Duration::from_secs(bytes.len() as u64 / SLOWEST)
}

/// Asks, and waits for what can be the answer: `GS` in its turn, `DLE` at once. `None` from a printer that does not
/// tell, or that has hung up.
fn ask(line: &mut impl Line, ear: &mut Ear, question: &[u8], span: Duration) -> io::Result<Option<Said>> {
    line.patience(span)?;
    line.write_all(question)?;
    let until = Instant::now() + span;
    loop {
        let byte = match read(line, until) {
            Ok(Some(byte)) => byte,
            Ok(None) => return Ok(None),
            Err(error) if is_late(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        let in_turn = question[0] == 0x1d;
        match ear.hear(byte) {
            Some(said @ Said::AtOnce(_)) if !in_turn => return Ok(Some(said)),
            Some(said @ Said::InTurn(_)) if in_turn => return Ok(Some(said)),
            Some(said @ Said::Lacks(_)) => return Ok(Some(said)),
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
mod tests {
    use std::net::TcpListener;

    use timbre_core::paper::Copy;
    use timbre_core::receipt::{Receipt, ReceiptLine, Sum};

    use super::super::Device;
    use super::*;
    use crate::{Profile, ticket};

    /// What a printer of the test is like.
    #[derive(Clone, Copy, Default)]
    struct Printer {
        /// It answers what it is asked.
        tells: bool,
        /// The answers: the paper's sensor before, the cover, the paper's sensor after.
        status: (u8, u8, u8),
        /// It hangs up after so many bytes of the ticket.
        cut: Option<usize>,
    }

    const WELL: Printer = Printer { tells: true, status: (0x12, 0x12, 0), cut: None };

    /// A short ticket, as the product makes it.
    fn short() -> Vec<u8> {
        let line = ReceiptLine { name: "Pan amasado".into(), sum: "350".into(), ..ReceiptLine::default() };
        let total = Sum { name: "Total".into(), sum: "350".into(), grand: true };
        let receipt = Receipt { lines: vec![line], totals: vec![total], ..Receipt::default() };
        ticket(&receipt, Copy::Original, &Profile::default()).unwrap()
    }

    /// Does what a printer does at its end of a line; answers how many bytes of the ticket were taken.
    fn serve(line: &mut (impl Read + Write), printer: Printer, ticket: usize) -> usize {
        let answer = |line: &mut dyn ReadWrite, status: u8| -> bool {
            let mut asked = [0; 3];
            let whole = line.read_exact(&mut asked).is_ok();
            whole && (!printer.tells || line.write_all(&[status]).is_ok())
        };
        answer(line, printer.status.0);
        if printer.tells && (printer.status.0 & 0x60 != 0 || !answer(line, printer.status.1)) {
            return 0;
        }
        let wanted = printer.cut.unwrap_or(ticket);
        let (mut taken, mut piece) = (0, [0; 512]);
        while taken < wanted {
            let most = piece.len().min(wanted - taken);
            match line.read(&mut piece[..most]) {
                Ok(0) => return taken,
                Ok(count) => taken += count,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return taken,
                Err(error) => panic!("{error}"),
            }
        }
        if printer.cut.is_none() && printer.tells {
            answer(line, printer.status.2);
        }
        taken
    }

    trait ReadWrite: Read + Write {}
    impl<T: Read + Write> ReadWrite for T {}

    /// On a real socket; answers how it ended and how many bytes of the ticket were taken.
    fn print(like: Printer, ticket: &[u8]) -> (Printing, usize) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let length = ticket.len();
        let work = std::thread::spawn(move || serve(&mut listener.accept().unwrap().0, like, length));
        let how = Device::Network(address).print("T39F1", Load::Ticket, ticket, Box::new(()));
        (how, work.join().unwrap())
    }

    #[test]
    fn a_printer_that_tells_is_believed_and_one_that_does_not_is_handed_the_ticket() {
        let ticket = short();
        assert_eq!(print(WELL, &ticket), (Printing::Done, ticket.len()));
        assert_eq!(print(Printer::default(), &ticket), (Printing::Handed, ticket.len()));
    }

    #[test]
    fn without_paper_or_with_its_cover_open_nothing_is_sent() {
        let no_paper = print(Printer { status: (0x72, 0, 0), ..WELL }, &short());
        assert_eq!(no_paper, (failed("la impresora no tiene papel"), 0));
        let open = print(Printer { status: (0x12, 0x16, 0), cut: Some(1), ..WELL }, &short());
        assert_eq!(open, (failed("la tapa de la impresora está abierta"), 0));
    }

    #[test]
    fn paper_that_ends_while_it_prints_is_no_whole_ticket() {
        let how = print(Printer { status: (0x12, 0x12, 0x0c), ..WELL }, &short()).0;
        assert_eq!(how, partial("se acabó el papel mientras imprimía"));
    }

    #[test]
    fn sheets_are_sent_without_a_question_and_only_handed() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let work = std::thread::spawn(move || {
            let mut all = Vec::new();
            listener.accept().unwrap().0.read_to_end(&mut all).unwrap();
            all
        });
        let how = Device::Network(address).print("T33F1", Load::Sheets, b"%PDF-1.7", Box::new(()));
        assert_eq!(how, Printing::Handed);
        assert_eq!(work.join().unwrap(), b"%PDF-1.7");
    }

    /// A printer at the other end of a real socket that does as it is told; how its paper ended, and what it read.
    fn print_on(
        bytes: Vec<u8>,
        load: Load,
        printer: impl FnOnce(TcpStream) -> usize + Send + 'static,
    ) -> (Printing, usize) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let work = std::thread::spawn(move || printer(listener.accept().unwrap().0));
        let how = Device::Network(address).print("T39F1", load, &bytes, Box::new(()));
        (how, work.join().unwrap())
    }

    fn read_all(line: &mut TcpStream) -> usize {
        let mut all = Vec::new();
        line.read_to_end(&mut all).map_or(0, |_| all.len())
    }

    /// What stands in buffers between it and us was not taken: a hundred kilobytes fit there.
    #[test]
    fn a_printer_that_stops_reading_took_no_paper() {
        for load in [Load::Ticket, Load::Sheets] {
            let (how, _) = print_on(vec![0; 100_000], load, |mut line| {
                let mut some = [0; 2048];
                line.read_exact(&mut some).unwrap();
                2048
            });
            assert!(matches!(how, Printing::Partial { .. }), "{how:?}");
        }
    }

    /// A line that is closed upon a byte that nobody read is broken off, with all that stands in it.
    #[test]
    fn a_printer_that_answers_late_gets_all_of_its_paper() {
        let (how, taken) = print_on(vec![0; 100_000], Load::Ticket, |mut line| {
            let mut some = [0; 3 + 2048];
            line.read_exact(&mut some).unwrap();
            // The ticket is there: its answer comes too late.
            line.write_all(&[0x12]).unwrap();
            2048 + read_all(&mut line)
        });
        assert_eq!((how, taken), (Printing::Handed, 100_000));
        let (how, _) = print_on(vec![0; 100_000], Load::Ticket, |mut line| {
            let mut some = [0; 3 + 2048];
            line.read_exact(&mut some).unwrap();
            line.write_all(&[0x72]).unwrap();
            read_all(&mut line)
        });
        assert_eq!(how, partial(NO_PAPER), "and a late answer is believed");
    }

    #[test]
    fn what_a_printer_says_unasked_is_no_answer() {
        let well = [0x10, 0, 0, 0x0f];
        // It tells of itself when the line is opened, and again when its paper ends; it is asked, and is mute.
        let (how, taken) = print_on(vec![0; 10_000], Load::Ticket, move |mut line| {
            line.write_all(&well).unwrap();
            let mut asked = [0; 3];
            line.read_exact(&mut asked).unwrap();
            read_all(&mut line)
        });
        assert_eq!((how, taken), (Printing::Handed, 10_000));
        let (how, _) = print_on(vec![0; 10_000], Load::Ticket, move |mut line| {
            let mut asked = [0; 3];
            for _ in 0..2 {
                line.read_exact(&mut asked).unwrap();
                line.write_all(&well).unwrap();
                line.write_all(&[0x12]).unwrap();
            }
            let mut half = [0; 5_000];
            line.read_exact(&mut half).unwrap();
            line.write_all(&[0x18, 0, 0x0c, 0x0f]).unwrap();
            read_all(&mut line)
        });
        assert_eq!(how, partial("se acabó el papel mientras imprimía"));
    }

    /// After each byte of a whole ticket, on a real socket: never is a paper claimed, and never is it said that
    /// none came out.
    #[test]
    fn cut_after_any_byte_it_is_partial() {
        let ticket = short();
        for cut in 0..ticket.len() {
            let (how, taken) = print(Printer { cut: Some(cut), ..WELL }, &ticket);
            assert!(taken <= cut && matches!(how, Printing::Partial { .. }), "{cut}: {how:?}");
        }
    }

    /// A line without a network between: it takes so many bytes, and answers so many questions.
    struct Cut {
        takes: usize,
        answers: usize,
        of: usize,
    }

    impl Write for Cut {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.takes);
            self.takes -= taken;
            if taken == 0 { Err(ErrorKind::BrokenPipe.into()) } else { Ok(taken) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Read for Cut {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            if self.answers == 0 {
                return Ok(0);
            }
            self.answers -= 1;
            // The third one is the one that comes in its turn.
            into[0] = if self.answers + 3 == self.of { 0 } else { 0x12 };
            Ok(1)
        }
    }

    impl Line for Cut {
        fn patience(&mut self, _: Duration) -> io::Result<()> {
            Ok(())
        }

        fn conclude(&mut self) -> io::Result<bool> {
            Ok(true)
        }
    }

    /// The same for every byte of the whole conversation, with each number of answers: what is claimed follows from
    /// what may have left.
    #[test]
    fn cut_anywhere_in_the_conversation_what_is_said_is_true() {
        let ticket = short();
        let (asking, whole) = (6, 6 + ticket.len() + 3);
        for takes in 0..=whole {
            for answers in 0..=3 {
                let course = Course::unwatched();
                let how = converse(&mut Cut { takes, answers, of: answers }, &ticket, &course);
                let how = how.unwrap_or_else(|how| how);
                // The printer that answered nothing was asked one question only.
                let before = if answers == 0 { 3 } else { asking };
                let left = course.has_begun();
                match how {
                    Printing::Done => assert!(takes == whole && answers == 3),
                    Printing::Handed => assert!(answers == 0 && takes >= before + ticket.len()),
                    Printing::Partial { .. } => assert!(left, "{takes} {answers}"),
                    Printing::Failed { .. } => assert!(!left && takes <= before, "{takes} {answers}"),
                    other => panic!("{other:?}"),
                }
            }
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_serial_printer_is_asked_as_one_on_the_network() {
        use serialport::TTYPort;
        let ticket = short();
        for (like, expected) in [(WELL, Printing::Done), (Printer::default(), Printing::Handed)] {
            let (mut printer, till) = TTYPort::pair().unwrap();
            printer.set_timeout(Duration::from_secs(20)).unwrap();
            let path = till.name().unwrap();
            let length = ticket.len();
            // The far end stays open meanwhile, as a cable does.
            let work = std::thread::spawn(move || (serve(&mut printer, like, length), printer));
            let mut line: Box<dyn SerialPort> = Box::new(till);
            assert_eq!(speak(&mut line, Load::Ticket, &ticket, &Course::unwatched()), expected, "{path}");
            assert_eq!(work.join().unwrap().0, length);
        }
    }
}
