//! Where bytes go to become paper: a printer on the network, on a serial line, a device of this machine, the
//! system's queue, a folder. What is claimed is never more than the printer told.

mod find;
mod line;
mod queue;
#[cfg(windows)]
mod winspool;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::mpsc;
use std::time::Duration;

use timbre_core::paper::Printing;

pub use find::{Found, find};

/// The port of printers on a network.
const PORT: u16 = 9100;
/// Devices and queues say nothing while they are stuck.
const STUCK: Duration = Duration::from_secs(40);
/// What most serial printers are set to when they leave the factory, in bits a second.
pub const BAUD: u32 = 9600;

/// A place that takes bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Device {
    /// `host:port`.
    Network(String),
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
            "red" if place.contains(':') => Ok(Device::Network(place.to_owned())),
            "red" => Ok(Device::Network(format!("{place}:{PORT}"))),
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

impl Device {
    /// A serial line at another speed; any other device as it is.
    pub fn at(self, baud: Option<u32>) -> Device {
        match (self, baud) {
            (Device::Serial(path, _), Some(baud)) => Device::Serial(path, baud),
            (device, _) => device,
        }
    }

    /// Sends a paper and says how it ended. Takes as long as the printer does.
    pub fn print(&self, name: &str, load: Load, bytes: &[u8]) -> Printing {
        let (device, bytes) = (self.clone(), bytes.to_vec());
        match device {
            Device::Folder(dir) => {
                let end = match load {
                    Load::Ticket => "bin",
                    Load::Sheets => "pdf",
                };
                match keep(&dir, &format!("{name}.{end}"), &bytes) {
                    Ok(()) => Printing::Done,
                    Err(error) => failed(format!("no se pudo escribir en {} ({error})", dir.display())),
                }
            }
            Device::Network(address) => {
                patiently(move |begun| line::to_network(&address, load, &bytes, begun))
            }
            Device::Serial(path, baud) => {
                patiently(move |begun| line::to_serial(&path, baud, load, &bytes, begun))
            }
            Device::File(path) => patiently(move |begun| to_file(&path, &bytes, begun)),
            Device::Queue(queue) => patiently(move |begun| queue::print(&queue, load, &bytes, begun)),
        }
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

/// Told before the first byte of a paper may leave.
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

fn to_file(path: &Path, bytes: &[u8], begun: &Begun) -> Printing {
    let mut device = match OpenOptions::new().write(true).open(path) {
        Ok(device) => device,
        Err(error) => return failed(format!("la impresora {} {}", path.display(), said(&error))),
    };
    let _ = begun.send(());
    match device.write_all(bytes).and_then(|()| device.flush()) {
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
        let nothing = |device: Device| device.print("T39F1", Load::Ticket, b"x");
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
        assert_eq!(device.print("T39F1", Load::Ticket, b"bytes"), Printing::Done);
        assert_eq!(device.print("T33F1", Load::Sheets, b"%PDF"), Printing::Done);
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
        for bad in ["", "lp0", "red:", "usb:1", "/dev/usb/lp0", "cola:-o", "serie: "] {
            assert!(bad.parse::<Device>().is_err(), "{bad}");
        }
    }
}
