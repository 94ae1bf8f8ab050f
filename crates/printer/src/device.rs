//! Where bytes go to become paper: a printer on the network, on a serial line, a device of this machine, the
//! system's queue, a folder. What is claimed is never more than the printer told.

mod course;
mod ear;
mod find;
mod line;
mod queue;
#[cfg(windows)]
mod winspool;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use timbre_core::paper::{Hold, Printing};

use crate::escpos;
use course::{Course, Patience, STUCK_MIDWAY, patiently};

pub use course::Hurry;
pub use find::{Found, find};

/// The port of printers on a network.
const PORT: u16 = 9100;
/// A printer that has taken no byte for so long is stuck: devices and queues say nothing of it.
const STUCK: Duration = Duration::from_secs(40);
/// Bytes that stand between a program and a serial line, at the most: the last of them leave unseen.
const BETWEEN: u64 = 8 * 1024;
/// Written at a time to a device.
const PIECE: usize = 4 * 1024;
/// A slow printer of sheets reads so many bytes in a second.
const SLOWEST_READER: u64 = 10_000;
/// What most serial printers are set to when they leave the factory, in bits a second.
pub const BAUD: u32 = 9600;

/// A place that takes bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Device {
    /// `host:port`.
    Network(String),
    /// The same, of one that takes all, tells nothing and does not end the line.
    Silent(String),
    /// A serial line (`/dev/ttyUSB0`, `COM3`) and its bits a second; 8 data bits, no parity, one stop bit.
    Serial(String, u32),
    /// A device file (`/dev/usb/lp0`, `LPT1`), or a shared printer (`\\equipo\nombre`).
    File(PathBuf),
    /// A queue of CUPS, or a printer of Windows by its name.
    Queue(String),
    /// A file for each paper.
    Folder(PathBuf),
}

/// What is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// A thermal printer's own bytes.
    Ticket,
    /// Sheets, as a PDF.
    Sheets,
}

/// A text that names no place to print.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "«{0}» no es una impresora: se escribe red:192.168.1.50 (o red:nombre:9100), cola:NOMBRE, \
     dispositivo:/dev/usb/lp0, serie:/dev/ttyUSB0 (o serie:COM3) o carpeta:RUTA"
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
            "red" => address(place).map(Device::Network).ok_or_else(bad),
            "serie" => Ok(Device::Serial(place.to_owned(), BAUD)),
            "dispositivo" => Ok(Device::File(place.into())),
            // It is given to the system's own program as a word: none that could be an option of it.
            "cola" if place.starts_with('-') => Err(bad()),
            "cola" => Ok(Device::Queue(place.to_owned())),
            "carpeta" => Ok(Device::Folder(place.into())),
            _ => Err(bad()),
        }
    }
}

/// `nombre`, `nombre:puerto`, `[::1]:puerto`, with the usual port where none is said; `None` of what can be no address.
fn address(place: &str) -> Option<String> {
    let (host, port) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inside, after)) => {
            inside.parse::<std::net::Ipv6Addr>().ok()?;
            let port = if after.is_empty() { None } else { Some(after.strip_prefix(':')?) };
            (format!("[{inside}]"), port)
        }
        None => {
            let (host, port) = place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port)));
            let lawful = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
            // Figures and points alone are an address of four parts, or a slip.
            let figures = host.chars().all(|c| c.is_ascii_digit() || c == '.');
            let good = !host.is_empty() && host.chars().all(lawful);
            let good = good && (!figures || host.parse::<std::net::Ipv4Addr>().is_ok());
            good.then(|| (host.to_owned(), port))?
        }
    };
    let port = port.map_or(Some(PORT), |port| port.parse().ok().filter(|port| *port > 0))?;
    Some(format!("{host}:{port}"))
}

impl Device {
    /// A serial line at another speed; any other device as it is.
    pub fn at(self, baud: Option<u32>) -> Device {
        match (self, baud) {
            (Device::Serial(path, _), Some(baud)) => Device::Serial(path, baud),
            (device, _) => device,
        }
    }

    /// A printer on the network that tells nothing, as its shop says; any other device as it is.
    pub fn silent(self, silent: bool) -> Device {
        match self {
            Device::Network(address) if silent => Device::Silent(address),
            device => device,
        }
    }

    /// Sends a paper and says how it ended, or that it is stuck. Then the device may be busy with it still: `hold` is
    /// let go when it is free. [`Printing::Asked`] says that in the `hurry` nothing of it had left, nor will.
    pub fn print(&self, name: &str, load: Load, bytes: &[u8], hold: Hold, hurry: &Hurry) -> Printing {
        let (device, bytes) = (self.clone(), bytes.to_vec());
        let patience =
            Patience { stuck: STUCK, soon: takes(load, &bytes) + hurry.beside, hurry: hurry.clone() };
        match device {
            Device::Folder(dir) => {
                let end = match load {
                    Load::Ticket => "bin",
                    Load::Sheets => "pdf",
                };
                match keep(&dir, &format!("{name}.{end}"), &bytes) {
                    // A file is not paper yet.
                    Ok(()) => Printing::Handed,
                    Err(error) => failed(format!("no se pudo escribir en {} ({error})", dir.display())),
                }
            }
            Device::Network(address) => {
                patiently(patience, hold, move |course| line::to_network(&address, load, &bytes, course))
            }
            Device::Silent(address) => {
                patiently(patience, hold, move |course| line::to_silent(&address, &bytes, course))
            }
            Device::Serial(path, baud) => {
                // Ten bits a byte.
                let bits = |bytes: u64| Duration::from_secs(bytes * 10 / u64::from(baud.max(1)));
                let stuck = STUCK + bits(BETWEEN);
                let soon = patience.soon + bits(bytes.len() as u64);
                let work = move |course: &Course| line::to_serial(&path, baud, load, &bytes, course);
                patiently(Patience { stuck, soon, ..patience }, hold, work)
            }
            Device::File(path) => patiently(patience, hold, move |course| to_file(&path, &bytes, course)),
            Device::Queue(queue) => {
                let job = name.to_owned();
                patiently(patience, hold, move |course| queue::print(&queue, &job, load, &bytes, course))
            }
        }
    }
}

/// How long a slow printer takes to draw it.
fn takes(load: Load, bytes: &[u8]) -> Duration {
    match load {
        Load::Ticket => escpos::takes(bytes),
        // It is read, and drawn at leisure.
        Load::Sheets => Duration::from_secs(bytes.len() as u64 / SLOWEST_READER),
    }
}

/// What a printer did, as who stands before it is told: goes on after its name.
fn said(error: &io::Error) -> String {
    use io::ErrorKind::*;
    let words = match error.kind() {
        ConnectionRefused => "rechaza la conexión (revise su dirección y que esté encendida)",
        TimedOut | WouldBlock => "no contesta a tiempo (revise que esté encendida, su papel y su tapa)",
        HostUnreachable | NetworkUnreachable | NetworkDown => "no se encuentra en la red",
        ConnectionReset | ConnectionAborted | BrokenPipe | NotConnected => "cortó la conexión",
        NotFound => "no está conectada a este equipo",
        ResourceBusy => "está ocupada por otro programa de este equipo",
        PermissionDenied => "no se deja usar por este usuario del equipo",
        _ => return format!("falló ({error})"),
    };
    words.to_owned()
}

fn failed(why: impl Into<String>) -> Printing {
    Printing::Failed { why: why.into() }
}

fn partial(why: impl Into<String>) -> Printing {
    Printing::Partial { why: why.into() }
}

fn to_file(path: &Path, bytes: &[u8], course: &Course) -> Printing {
    let mut device = match OpenOptions::new().write(true).open(path) {
        Ok(device) => device,
        Err(error) => return failed(format!("la impresora {} {}", path.display(), said(&error))),
    };
    if let Err(how) = course.begin() {
        return how;
    }
    let sent = bytes.chunks(PIECE).try_for_each(|piece| {
        device.write_all(piece)?;
        course.moved();
        Ok(())
    });
    match sent.and_then(|()| device.flush()) {
        Ok(()) => Printing::Handed,
        Err(error) => partial(format!("mientras imprimía, la impresora {}", said(&error))),
    }
}

/// Whole or not at all.
fn keep(dir: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    fs::create_dir_all(dir)?;
    let next = dir.join(format!("{name}.new"));
    fs::write(&next, bytes)?;
    fs::rename(next, dir.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printer_that_is_off_printed_nothing() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        drop(listener);
        let nothing =
            |device: Device| device.print("T39F1", Load::Ticket, b"x", Box::new(()), &Hurry::default());
        let off = nothing(Device::Network(address));
        assert!(off.why().contains("revise su dirección y que esté encendida"), "{off:?}");
        assert!(matches!(nothing(Device::File("/nada/lp0".into())), Printing::Failed { .. }));
        let unplugged = nothing(Device::Serial("/nada/tty".into(), BAUD));
        assert!(matches!(unplugged, Printing::Failed { .. }), "{unplugged:?}");
        assert!(unplugged.why().contains("no está conectada"), "{unplugged:?}");
    }

    #[test]
    fn a_folder_keeps_each_paper_whole() {
        let dir = tempfile::tempdir().unwrap();
        let device = Device::Folder(dir.path().join("papel"));
        assert_eq!(
            device.print("T39F1", Load::Ticket, b"bytes", Box::new(()), &Hurry::default()),
            Printing::Handed
        );
        assert_eq!(
            device.print("T33F1", Load::Sheets, b"%PDF", Box::new(()), &Hurry::default()),
            Printing::Handed
        );
        assert_eq!(fs::read(dir.path().join("papel/T39F1.bin")).unwrap(), b"bytes");
        assert_eq!(fs::read(dir.path().join("papel/T33F1.pdf")).unwrap(), b"%PDF");
    }

    #[test]
    fn a_device_is_read_as_it_is_written() {
        assert_eq!("red:192.168.1.50".parse(), Ok(Device::Network("192.168.1.50:9100".to_owned())));
        assert_eq!("red:caja:9101".parse(), Ok(Device::Network("caja:9101".to_owned())));
        assert_eq!("dispositivo:/dev/usb/lp0".parse(), Ok(Device::File("/dev/usb/lp0".into())));
        assert_eq!("cola:Caja 1".parse(), Ok(Device::Queue("Caja 1".to_owned())));
        assert_eq!("carpeta:C:\\papel".parse(), Ok(Device::Folder("C:\\papel".into())));
        let serial: Device = "serie:COM3".parse().unwrap();
        assert_eq!(serial, Device::Serial("COM3".to_owned(), 9600));
        assert_eq!(serial.at(Some(19_200)), Device::Serial("COM3".to_owned(), 19_200));
        assert_eq!("red:[::1]".parse(), Ok(Device::Network("[::1]:9100".to_owned())));
        let slips = [
            "red:192.168.1",
            "red:192.168.1.500",
            "red:caja:0",
            "red:caja:99999",
            "red:caja:x",
            "red:una caja",
        ];
        let slips =
            slips.into_iter().chain(["red:http://caja", "red:[x]:9100", "red:caja:9100:1", "red::9100"]);
        for bad in slips.chain(["", "lp0", "red:", "usb:1", "/dev/usb/lp0", "cola:-o", "serie: "]) {
            assert!(bad.parse::<Device>().is_err(), "{bad}");
        }
    }
}
