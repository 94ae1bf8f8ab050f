//! Where a ticket's bytes go to become paper: a printer on the network, a device of this machine, the system's
//! queue, a folder. What is claimed is never more than the printer told.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::sync::mpsc;
use std::time::Duration;

use timbre_core::paper::Printing;

/// The port of printers on a network.
const PORT: u16 = 9100;
/// A printer that is on answers within this.
const CONNECT: Duration = Duration::from_secs(3);
/// A printer that tells how it is does so at once.
const STATUS: Duration = Duration::from_millis(600);
/// A full buffer may stand for as long as a ticket takes.
const WRITE: Duration = Duration::from_secs(15);
/// How long a ticket may take from its last byte to the printer's word that it was done.
const END: Duration = Duration::from_secs(20);
/// Devices and queues say nothing while they are stuck.
const STUCK: Duration = Duration::from_secs(40);

/// A place that takes bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Device {
    /// `host:port`.
    Network(String),
    /// A device file (`/dev/usb/lp0`, `COM3`), or a shared printer (`\\equipo\nombre`): how Windows prints raw.
    File(PathBuf),
    /// A queue of CUPS.
    Queue(String),
    /// A file for each paper.
    Folder(PathBuf),
}

/// A text that names no place to print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "«{0}» no es una impresora: se escribe red:192.168.1.50 (o red:nombre:9100), dispositivo:/dev/usb/lp0, cola:NOMBRE o carpeta:RUTA"
)]
pub struct BadDevice(pub String);

impl FromStr for Device {
    type Err = BadDevice;

    fn from_str(text: &str) -> Result<Device, BadDevice> {
        let bad = || BadDevice(text.to_owned());
        let (kind, place) =
            text.split_once(':').filter(|(_, place)| !place.trim().is_empty()).ok_or_else(bad)?;
        let place = place.trim();
        match kind {
            "red" if place.contains(':') => Ok(Device::Network(place.to_owned())),
            "red" => Ok(Device::Network(format!("{place}:{PORT}"))),
            "dispositivo" => Ok(Device::File(place.into())),
            // Windows has no queue that a child process may write to, but a shared printer is a file.
            "cola" if cfg!(windows) => Ok(Device::File(format!(r"\\localhost\{place}").into())),
            "cola" => Ok(Device::Queue(place.to_owned())),
            "carpeta" => Ok(Device::Folder(place.into())),
            _ => Err(bad()),
        }
    }
}

impl Device {
    /// Sends a ticket and says how it ended. Takes as long as the printer does.
    pub fn print(&self, name: &str, bytes: &[u8]) -> Printing {
        match self {
            Device::Network(address) => network(address, bytes),
            Device::File(path) => {
                let (path, bytes) = (path.clone(), bytes.to_vec());
                patiently(move |begun| to_file(&path, &bytes, begun))
            }
            Device::Queue(queue) => {
                let (queue, bytes) = (queue.clone(), bytes.to_vec());
                patiently(move |begun| to_queue(&queue, &bytes, begun))
            }
            Device::Folder(dir) => match keep(dir, name, bytes) {
                Ok(()) => Printing::Done,
                Err(error) => failed(format!("no se pudo escribir en {} ({error})", dir.display())),
            },
        }
    }
}

fn failed(why: impl Into<String>) -> Printing {
    Printing::Failed { why: why.into() }
}

fn partial(why: impl Into<String>) -> Printing {
    Printing::Partial { why: why.into() }
}

/// Asks how it is, sends, and asks whether it is done. A printer that answers the first question must answer the
/// last one too; one that answers none took the bytes, and no more is claimed.
fn network(address: &str, bytes: &[u8]) -> Printing {
    let mut line = match connect(address) {
        Ok(line) => line,
        Err(error) => return failed(format!("la impresora {address} no responde ({error})")),
    };
    let timeouts = line.set_read_timeout(Some(STATUS)).and_then(|()| line.set_write_timeout(Some(WRITE)));
    if let Err(error) = timeouts {
        return failed(error.to_string());
    }
    // DLE EOT 4: the paper's sensor. Answered at once, whatever else is under way.
    let tells = match line.write_all(&[0x10, 0x04, 4]).map(|()| heard(&mut line)) {
        Err(error) => return failed(format!("la impresora {address} no responde ({error})")),
        Ok(None) => false,
        Ok(Some(status)) if status & 0x60 != 0 => return failed("la impresora no tiene papel"),
        Ok(Some(_)) => true,
    };
    // DLE EOT 2: why it would be off line; its cover is one bit of that.
    if tells && line.write_all(&[0x10, 0x04, 2]).is_ok() && heard(&mut line).is_some_and(|s| s & 0x04 != 0) {
        return failed("la tapa de la impresora está abierta");
    }
    if let Err(error) = line.write_all(bytes).and_then(|()| line.flush()) {
        return partial(format!("se cortó la conexión con la impresora ({error})"));
    }
    if !tells {
        return Printing::Handed;
    }
    // GS r 1: answered in its turn, when all before it is on paper.
    let asked = line.set_read_timeout(Some(END)).and_then(|()| line.write_all(&[0x1d, b'r', 1]));
    match asked.map(|()| heard(&mut line)) {
        Ok(Some(status)) if status & 0x0c != 0 => partial("se acabó el papel mientras imprimía"),
        Ok(Some(_)) => Printing::Done,
        Ok(None) | Err(_) => partial("la impresora no confirmó que terminó"),
    }
}

fn connect(address: &str) -> std::io::Result<TcpStream> {
    let mut why = std::io::Error::other("no se conoce esa dirección");
    for place in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&place, CONNECT) {
            Ok(line) => return Ok(line),
            Err(error) => why = error,
        }
    }
    Err(why)
}

/// One byte of status; `None` from a printer that does not tell, or that is gone.
fn heard(line: &mut TcpStream) -> Option<u8> {
    let mut status = [0];
    line.read_exact(&mut status).ok().map(|()| status[0])
}

/// Whether bytes may have left; and how it ended.
type Begun = mpsc::Sender<()>;

/// Work that may never come back (a device without paper holds who writes to it) is left to itself after a while.
fn patiently(work: impl FnOnce(&Begun) -> Printing + Send + 'static) -> Printing {
    let (begun, began) = mpsc::channel();
    let (end, ended) = mpsc::channel();
    std::thread::spawn(move || {
        // Nobody waits any more when it took too long.
        let _ = end.send(work(&begun));
    });
    match ended.recv_timeout(STUCK) {
        Ok(how) => how,
        Err(_) if began.try_recv().is_ok() => {
            partial("la impresora no terminó de recibir: revise papel y tapa")
        }
        Err(_) => failed("la impresora no responde"),
    }
}

fn to_file(path: &std::path::Path, bytes: &[u8], begun: &Begun) -> Printing {
    let mut device = match OpenOptions::new().write(true).open(path) {
        Ok(device) => device,
        Err(error) => return failed(format!("no se pudo abrir {} ({error})", path.display())),
    };
    let _ = begun.send(());
    match device.write_all(bytes).and_then(|()| device.flush()) {
        Ok(()) => Printing::Handed,
        Err(error) => partial(format!("la impresora dejó de recibir ({error})")),
    }
}

fn to_queue(queue: &str, bytes: &[u8], begun: &Begun) -> Printing {
    let child = Command::new("lp")
        .args(["-d", queue, "-o", "raw", "-s"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return failed(format!("no se pudo usar la cola {queue} ({error})")),
    };
    let _ = begun.send(());
    // The pipe closes with the end of this line; a queue that refuses says why when it ends.
    let written = child.stdin.take().map_or(Ok(()), |mut pipe| pipe.write_all(bytes));
    match child.wait_with_output() {
        Ok(out) if out.status.success() && written.is_ok() => Printing::Handed,
        // Nothing of a refused job is printed: the spooler takes it whole or not at all.
        Ok(out) => {
            failed(format!("la cola {queue} no lo tomó: {}", String::from_utf8_lossy(&out.stderr).trim()))
        }
        Err(error) => partial(format!("no se sabe si la cola {queue} lo tomó ({error})")),
    }
}

/// Whole or not at all.
fn keep(dir: &std::path::Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    fs::create_dir_all(dir)?;
    let next = dir.join(format!("{name}.new"));
    fs::write(&next, bytes)?;
    fs::rename(next, dir.join(format!("{name}.bin")))
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::TcpListener;

    use super::*;

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

    /// Serves one ticket; answers the address and, at the end, how many bytes of it were taken.
    fn printer(printer: Printer, ticket: usize) -> (String, std::thread::JoinHandle<usize>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let work = std::thread::spawn(move || {
            let (mut line, _) = listener.accept().unwrap();
            let answer = |line: &mut TcpStream, length: usize, status: u8| -> bool {
                let mut asked = vec![0; length];
                let whole = line.read_exact(&mut asked).is_ok();
                whole && (!printer.tells || line.write_all(&[status]).is_ok())
            };
            answer(&mut line, 3, printer.status.0);
            if printer.tells && (printer.status.0 & 0x60 != 0 || !answer(&mut line, 3, printer.status.1)) {
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
                answer(&mut line, 3, printer.status.2);
            }
            taken
        });
        (address, work)
    }

    const TICKET: usize = 3000;

    fn print(like: Printer) -> (Printing, usize) {
        let (address, work) = printer(like, TICKET);
        let how = Device::Network(address).print("T39F1", &vec![b'x'; TICKET]);
        (how, work.join().unwrap())
    }

    #[test]
    fn a_printer_that_tells_is_believed_and_one_that_does_not_is_handed_the_ticket() {
        assert_eq!(print(Printer { tells: true, ..Printer::default() }), (Printing::Done, TICKET));
        assert_eq!(print(Printer::default()), (Printing::Handed, TICKET));
    }

    #[test]
    fn without_paper_or_with_its_cover_open_nothing_is_sent() {
        let no_paper = print(Printer { tells: true, status: (0x72, 0, 0), cut: None });
        assert_eq!(no_paper, (failed("la impresora no tiene papel"), 0));
        let open = print(Printer { tells: true, status: (0x12, 0x16, 0), cut: Some(1) });
        assert_eq!(open, (failed("la tapa de la impresora está abierta"), 0));
    }

    #[test]
    fn paper_that_ends_while_it_prints_is_no_whole_ticket() {
        let how = print(Printer { tells: true, status: (0x12, 0x12, 0x0c), cut: None }).0;
        assert_eq!(how, partial("se acabó el papel mientras imprimía"));
    }

    /// Cut after each byte of a short ticket: never is a paper claimed, and never is it said that none came out.
    #[test]
    fn cut_at_any_byte_it_is_partial() {
        for cut in (0..TICKET).step_by(37) {
            let (how, taken) = print(Printer { tells: true, status: (0x12, 0x12, 0x12), cut: Some(cut) });
            assert!(taken <= cut && matches!(how, Printing::Partial { .. }), "{cut}: {how:?}");
        }
    }

    #[test]
    fn a_printer_that_is_off_printed_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        assert!(matches!(Device::Network(address).print("T39F1", b"x"), Printing::Failed { .. }));
        assert!(matches!(Device::File("/nada/lp0".into()).print("T39F1", b"x"), Printing::Failed { .. }));
    }

    #[test]
    fn a_folder_keeps_each_paper_whole() {
        let dir = tempfile::tempdir().unwrap();
        let device = Device::Folder(dir.path().join("papel"));
        assert_eq!(device.print("T39F1", b"bytes"), Printing::Done);
        assert_eq!(fs::read(dir.path().join("papel/T39F1.bin")).unwrap(), b"bytes");
    }

    #[test]
    fn a_device_is_read_as_it_is_written() {
        assert_eq!("red:192.168.1.50".parse(), Ok(Device::Network("192.168.1.50:9100".to_owned())));
        assert_eq!("red:caja:9101".parse(), Ok(Device::Network("caja:9101".to_owned())));
        assert_eq!("dispositivo:/dev/usb/lp0".parse(), Ok(Device::File("/dev/usb/lp0".into())));
        assert_eq!("carpeta:C:\\papel".parse(), Ok(Device::Folder("C:\\papel".into())));
        for bad in ["", "lp0", "red:", "usb:1", "/dev/usb/lp0"] {
            assert!(bad.parse::<Device>().is_err(), "{bad}");
        }
    }
}
