//! Which printers this machine has: the system's queues, the device files of USB printers, serial lines. One on the
//! network has no list: its address is told by a person, and a test page shows whether it is right.

use std::path::Path;

use super::queue;

/// A place that a paper could go to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Found {
    /// As it is written in the settings: `cola:Ticketera`.
    pub device: String,
    /// As a person knows it.
    pub name: String,
}

/// Takes some seconds where the system has to look for its queues.
pub fn find() -> Vec<Found> {
    let queues = queue::names().into_iter().map(|name| Found { device: format!("cola:{name}"), name });
    let files = DEVICES.iter().flat_map(|(dir, begins)| device_files(Path::new(dir), begins));
    let lines = serialport::available_ports().unwrap_or_default().into_iter().map(|port| {
        let name = match port.port_type {
            serialport::SerialPortType::UsbPort(usb) => usb.product.unwrap_or(port.port_name.clone()),
            _ => port.port_name.clone(),
        };
        Found { device: format!("serie:{}", port.port_name), name }
    });
    queues.chain(files).chain(lines).collect()
}

/// Where Linux has its printers' device files; Windows has them among the queues.
const DEVICES: [(&str, &str); 2] = [("/dev/usb", "lp"), ("/dev", "lp")];

fn device_files(dir: &Path, begins: &str) -> Vec<Found> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut found: Vec<Found> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| {
            let number = name.strip_prefix(begins);
            number.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
        })
        .map(|name| Found { device: format!("dispositivo:{}", dir.join(&name).display()), name })
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_printers_are_taken_for_printers() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["lp1", "lp0", "lp", "lpx", "loop0", "hiddev0"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let names: Vec<String> = device_files(dir.path(), "lp").into_iter().map(|found| found.name).collect();
        assert_eq!(names, ["lp0", "lp1"]);
        assert_eq!(device_files(&dir.path().join("nada"), "lp"), []);
    }

    #[test]
    fn what_is_found_can_be_used() {
        for found in find() {
            assert!(found.device.parse::<super::super::Device>().is_ok(), "{found:?}");
        }
    }
}
