//! What is said of a paper, whatever the printer at the other end of the line does.

use std::net::TcpListener;

use timbre_core::paper::Copy;
use timbre_core::receipt::{Code, Heading, Receipt, ReceiptLine, Sum};

use super::super::{Device, Hurry};
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

/// One with box and stamp: tens of thousands of bytes.
fn long() -> Vec<u8> {
    let heading = Heading {
        tax_id: "R.U.T.: 99.999.999-9".into(),
        title: "FACTURA ELECTRÓNICA".into(),
        number: "N° 1".into(),
        framed: true,
        ..Heading::default()
    };
    let code = Some(Code { bytes: vec![b'x'; 700], optional: false });
    let ticket =
        ticket(&Receipt { heading, code, ..Receipt::default() }, Copy::Original, &Profile::default());
    ticket.unwrap()
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
    let work = std::thread::spawn(move || {
        let mut line = listener.accept().unwrap().0;
        let taken = serve(&mut line, like, length);
        // One that has not hung up takes no leave before we do.
        taken + if taken == length { read_all(&mut line) } else { 0 }
    });
    let how = Device::Network(address).print("T39F1", Load::Ticket, ticket, Box::new(()), &Hurry::default());
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
    let how =
        Device::Network(address).print("T33F1", Load::Sheets, b"%PDF-1.7", Box::new(()), &Hurry::default());
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
    let how = Device::Network(address).print("T39F1", load, &bytes, Box::new(()), &Hurry::default());
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

/// Its shop says that it prints: what is claimed is that its end took every byte, and nothing is waited for.
#[test]
fn a_printer_that_neither_tells_nor_hangs_up_is_handed_what_its_end_took() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let device = Device::Network(address).silent(true);
    let (over, wait) = std::sync::mpsc::channel::<()>();
    let work = std::thread::spawn(move || {
        let mut line = listener.accept().unwrap().0;
        let taken = read_all(&mut line);
        // It keeps the line as long as it can.
        let _ = wait.recv();
        taken
    });
    let how = device.print("T39F1", Load::Ticket, &long(), Box::new(()), &Hurry::default());
    drop(over);
    assert_eq!((how, work.join().unwrap()), (Printing::Handed, long().len()));
}

/// Its own small buffer is full, and what stands in ours was not taken.
#[test]
fn a_silent_printer_that_stops_reading_took_no_paper() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    SockRef::from(&listener).set_recv_buffer_size(2 * 1024).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (over, wait) = std::sync::mpsc::channel::<()>();
    let work = std::thread::spawn(move || {
        let line = listener.accept().unwrap().0;
        let _ = wait.recv();
        drop(line);
    });
    // Enough for both buffers: none is left to be written, and the closing waits for the rest.
    let how = to_silent(&address, &[0; 6 * 1024], &Course::unwatched());
    drop(over);
    work.join().unwrap();
    assert!(matches!(how, Printing::Partial { .. }), "{how:?}");
}

#[test]
fn a_silent_printer_that_breaks_off_is_heard() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let work = std::thread::spawn(move || {
        let mut line = listener.accept().unwrap().0;
        line.read_exact(&mut [0; 2048]).unwrap();
        // What it did not read makes its closing a breaking off.
    });
    let how = to_silent(&address, &[0; 100_000], &Course::unwatched());
    work.join().unwrap();
    assert!(matches!(how, Printing::Partial { .. }), "{how:?}");
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

/// One that ends its side before we did has broken off, and may read nothing more: not a byte of it is claimed.
#[test]
fn an_end_that_comes_before_ours_is_a_cut() {
    let cut_before = |bytes: usize| {
        move |mut line: TcpStream| {
            line.read_exact(&mut vec![0; bytes]).unwrap();
            line.shutdown(Shutdown::Write).unwrap();
            read_all(&mut line)
        }
    };
    // Upon the question for its paper.
    let how = print_on(short(), Load::Ticket, cut_before(3)).0;
    assert_eq!(how, failed("la impresora cortó la conexión"));
    // More than all buffers hold: it reads on only after its end.
    for load in [Load::Ticket, Load::Sheets] {
        let how = print_on(vec![0; 16 << 20], load, cut_before(1024)).0;
        assert_eq!(how, partial("mientras imprimía, la impresora cortó la conexión"));
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut line = connect(&listener.local_addr().unwrap().to_string()).unwrap();
    let far = listener.accept().unwrap().0;
    assert_eq!(not_cut(&mut line), Ok(()));
    far.shutdown(Shutdown::Write).unwrap();
    assert_eq!(not_cut(&mut line), Err(failed("la impresora cortó la conexión")));
}

/// Another kind of machine at the printer's address: it is not said to lack paper, and it is sent none.
#[test]
fn what_answers_otherwise_than_a_printer_is_none() {
    let says: [&[u8]; 5] = [
        b"HTTP/1.1 400 Bad Request\r\n\r\n<html>",
        b"SSH-2.0-OpenSSH\r\n",
        b"220 correo\r\n",
        b"-ERR\r\n",
        // The question itself.
        &[0x10, 0x04, 4],
    ];
    for says in says {
        let (how, taken) = print_on(short(), Load::Ticket, move |mut line| {
            line.read_exact(&mut [0; 3]).unwrap();
            line.write_all(says).unwrap();
            read_all(&mut line)
        });
        assert_eq!((how, taken), (failed(FOREIGN), 0), "{}", String::from_utf8_lossy(says));
    }
    // Said too late, it may have printed something all the same.
    let (how, _) = print_on(vec![0; 10_000], Load::Ticket, |mut line| {
        line.read_exact(&mut [0; 3 + 2048]).unwrap();
        line.write_all(b"HTTP/1.1 400 Bad Request\r\n").unwrap();
        read_all(&mut line)
    });
    assert_eq!(how, partial(FOREIGN));
}

/// A line without a network between: it takes so many bytes, and answers so many questions. Then it is silent until
/// our end, or `ends` by itself.
struct Cut {
    takes: usize,
    answers: usize,
    of: usize,
    ends: bool,
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
            return if self.ends { Ok(0) } else { Err(ErrorKind::TimedOut.into()) };
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
        self.ends = true;
        Ok(true)
    }
}

/// The same for every byte of the whole conversation, with each number of answers: what is claimed follows from
/// what may have left.
#[test]
fn cut_anywhere_in_the_conversation_what_is_said_is_true() {
    let ticket = long();
    assert!(ticket.len() > 20_000);
    let (asking, whole) = (6, 6 + ticket.len() + 3);
    for takes in 0..=whole {
        for (answers, ends) in (0..=3).flat_map(|answers| [(answers, false), (answers, true)]) {
            let course = Course::unwatched();
            let how = converse(&mut Cut { takes, answers, of: answers, ends }, &ticket, &course);
            let how = how.unwrap_or_else(|how| how);
            // The printer that answered nothing was asked one question only.
            let before = if answers == 0 { 3 } else { asking };
            let left = course.has_begun();
            match how {
                Printing::Done => assert!(takes == whole && answers == 3),
                Printing::Handed => assert!(answers == 0 && !ends && takes >= before + ticket.len()),
                Printing::Partial { .. } => assert!(left, "{takes} {answers}"),
                // It ended upon a question.
                Printing::Failed { .. } if ends && answers < 2 => assert!(!left, "{takes} {answers}"),
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
