//! Printers that are spoken to and may answer: on the network, and on a serial line.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use serialport::SerialPort;
use timbre_core::paper::Printing;

use super::{Begun, Load, failed, partial, said};

/// A printer that is on answers within this.
const CONNECT: Duration = Duration::from_secs(3);
/// A printer that tells how it is does so at once.
const STATUS: Duration = Duration::from_millis(600);
/// A full buffer may stand for as long as a ticket takes.
const WRITE: Duration = Duration::from_secs(15);
/// How long a ticket may take from its last byte to the printer's word that it was done.
const END: Duration = Duration::from_secs(20);

/// Something that a printer is at the other end of.
trait Line: Read + Write {
    /// How long a single reading or writing may take from now on.
    fn patience(&mut self, span: Duration) -> io::Result<()>;
}

impl Line for TcpStream {
    fn patience(&mut self, span: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(span))?;
        self.set_write_timeout(Some(span))
    }
}

impl Line for Box<dyn SerialPort> {
    fn patience(&mut self, span: Duration) -> io::Result<()> {
        Ok(self.set_timeout(span)?)
    }
}

pub(super) fn to_network(address: &str, load: Load, bytes: &[u8], begun: &Begun) -> Printing {
    match connect(address) {
        Ok(mut line) => speak(&mut line, load, bytes, begun),
        Err(error) => failed(format!("la impresora {address} {}", said(&error))),
    }
}

pub(super) fn to_serial(path: &str, baud: u32, load: Load, bytes: &[u8], begun: &Begun) -> Printing {
    match serialport::new(path, baud).open() {
        Ok(mut line) => speak(&mut line, load, bytes, begun),
        Err(error) => failed(format!("la impresora {path} {}", said(&error.into()))),
    }
}

fn connect(address: &str) -> io::Result<TcpStream> {
    // A name that nobody knows is a printer that is not there.
    let unknown = || io::Error::from(io::ErrorKind::HostUnreachable);
    let mut why = unknown();
    for place in address.to_socket_addrs().map_err(|_| unknown())? {
        match TcpStream::connect_timeout(&place, CONNECT) {
            Ok(line) => return Ok(line),
            Err(error) => why = error,
        }
    }
    Err(why)
}

fn speak(line: &mut impl Line, load: Load, bytes: &[u8], begun: &Begun) -> Printing {
    match load {
        Load::Ticket => converse(line, bytes, begun),
        // A printer of sheets does not know these questions.
        Load::Sheets => match line.patience(WRITE) {
            Ok(()) => send(line, bytes, begun).err().unwrap_or(Printing::Handed),
            Err(error) => failed(error.to_string()),
        },
    }
}

/// Asks how it is, sends, and asks whether it is done. A printer that answers the first question must answer the
/// last one too; one that answers none took the bytes, and no more is claimed.
fn converse(line: &mut impl Line, bytes: &[u8], begun: &Begun) -> Printing {
    if let Err(error) = line.patience(STATUS) {
        return failed(error.to_string());
    }
    // DLE EOT 4: the paper's sensor. Answered at once, whatever else is under way.
    let tells = match line.write_all(&[0x10, 0x04, 4]).map(|()| heard(line)) {
        Err(error) => return failed(format!("la impresora {}", said(&error))),
        Ok(None) => false,
        Ok(Some(status)) if status & 0x60 != 0 => return failed("la impresora no tiene papel"),
        Ok(Some(_)) => true,
    };
    // DLE EOT 2: why it would be off line; its cover is one bit of that.
    if tells && line.write_all(&[0x10, 0x04, 2]).is_ok() && heard(line).is_some_and(|s| s & 0x04 != 0) {
        return failed("la tapa de la impresora está abierta");
    }
    if let Err(error) = line.patience(WRITE) {
        return failed(error.to_string());
    }
    if let Err(how) = send(line, bytes, begun) {
        return how;
    }
    if !tells {
        return Printing::Handed;
    }
    // GS r 1: answered in its turn, when all before it is on paper.
    let asked = line.patience(END).and_then(|()| line.write_all(&[0x1d, b'r', 1]));
    match asked.map(|()| heard(line)) {
        Ok(Some(status)) if status & 0x0c != 0 => partial("se acabó el papel mientras imprimía"),
        Ok(Some(_)) => Printing::Done,
        Ok(None) | Err(_) => partial("la impresora no confirmó que terminó"),
    }
}

fn send(line: &mut impl Line, bytes: &[u8], begun: &Begun) -> Result<(), Printing> {
    // Nobody waits for it any more when it took too long.
    let _ = begun.send(());
    let sent = line.write_all(bytes).and_then(|()| line.flush());
    sent.map_err(|error| partial(format!("mientras imprimía, la impresora {}", said(&error))))
}

/// One byte of status; `None` from a printer that does not tell, or that is gone.
fn heard(line: &mut impl Line) -> Option<u8> {
    let mut status = [0];
    line.read_exact(&mut status).ok().map(|()| status[0])
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::TcpListener;
    use std::sync::mpsc;

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

    const WELL: Printer = Printer { tells: true, status: (0x12, 0x12, 0x12), cut: None };

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
        let how = Device::Network(address).print("T39F1", Load::Ticket, ticket);
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
        assert_eq!(Device::Network(address).print("T33F1", Load::Sheets, b"%PDF-1.7"), Printing::Handed);
        assert_eq!(work.join().unwrap(), b"%PDF-1.7");
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
            into[0] = 0x12;
            Ok(1)
        }
    }

    impl Line for Cut {
        fn patience(&mut self, _: Duration) -> io::Result<()> {
            Ok(())
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
                let (begun, began) = mpsc::channel();
                let how = converse(&mut Cut { takes, answers }, &ticket, &begun);
                // The printer that answered nothing was asked one question only.
                let before = if answers == 0 { 3 } else { asking };
                let left = began.try_recv().is_ok();
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
            let (begun, _began) = mpsc::channel();
            let mut line: Box<dyn SerialPort> = Box::new(till);
            assert_eq!(speak(&mut line, Load::Ticket, &ticket, &begun), expected, "{path}");
            assert_eq!(work.join().unwrap().0, length);
        }
    }
}
