//! The spooler of Windows. A paper is handed over as it is (RAW), and what the spooler did not take is told.
//!
//! Windows offers this only to `unsafe` code: this file is all there is of it.
#![allow(unsafe_code)]

use std::io;
use std::ptr::{null, null_mut};

use windows_sys::Win32::Graphics::Printing::{
    AbortPrinter, ClosePrinter, DOC_INFO_1W, EndDocPrinter, EndPagePrinter, EnumPrintersW, OpenPrinterW,
    PRINTER_ENUM_CONNECTIONS, PRINTER_ENUM_LOCAL, PRINTER_HANDLE, PRINTER_INFO_4W, StartDocPrinterW,
    StartPagePrinter, WritePrinter,
};

/// Why the spooler has not the whole of a paper.
pub enum NotTaken {
    /// There is no such printer.
    Unknown(io::Error),
    /// It took nothing.
    Refused(io::Error),
    /// It took some of it: a printer that prints while it spools may have begun.
    Cut(io::Error),
}

/// Hands `bytes` to a printer by its name, as one job.
pub fn print(printer: &str, bytes: &[u8]) -> Result<(), NotTaken> {
    let open = Open::new(printer).map_err(NotTaken::Unknown)?;
    let (mut title, mut raw) = (wide("Timbre"), wide("RAW"));
    let job =
        DOC_INFO_1W { pDocName: title.as_mut_ptr(), pOutputFile: null_mut(), pDatatype: raw.as_mut_ptr() };
    // SAFETY: the handle is open, and the texts outlive the call.
    if unsafe { StartDocPrinterW(open.0, 1, &job) } == 0 {
        return Err(NotTaken::Refused(io::Error::last_os_error()));
    }
    open.write(bytes).inspect_err(|_| {
        // What can be kept from the printer is.
        // SAFETY: the handle is open.
        unsafe { AbortPrinter(open.0) };
    })
}

/// The names of this machine's printers, and of those of others that it is connected to.
pub fn names() -> Vec<String> {
    let flags = PRINTER_ENUM_LOCAL | PRINTER_ENUM_CONNECTIONS;
    let mut infos: Vec<PRINTER_INFO_4W> = Vec::new();
    // Twice, as the list may have grown since it was measured.
    for _ in 0..3 {
        let (mut needed, mut count) = (0, 0);
        let size = u32::try_from(std::mem::size_of_val(infos.as_slice())).unwrap_or_default();
        // SAFETY: the buffer is as large as is said, and aligned for what is written into it.
        let done = unsafe {
            EnumPrintersW(flags, null(), 4, infos.as_mut_ptr().cast(), size, &mut needed, &mut count)
        };
        if done != 0 {
            let count = usize::try_from(count).unwrap_or_default();
            // SAFETY: each of the `count` first has a text that ends in 0, inside the buffer.
            return infos.iter().take(count).map(|info| unsafe { text(info.pPrinterName) }).collect();
        }
        let needed = usize::try_from(needed).unwrap_or_default();
        infos.resize_with(needed.div_ceil(size_of::<PRINTER_INFO_4W>()), PRINTER_INFO_4W::default);
    }
    Vec::new()
}

/// A printer that is open until it is dropped.
struct Open(PRINTER_HANDLE);

impl Open {
    fn new(printer: &str) -> io::Result<Open> {
        let (name, mut handle) = (wide(printer), PRINTER_HANDLE::default());
        // SAFETY: the name ends in 0 and outlives the call.
        match unsafe { OpenPrinterW(name.as_ptr(), &mut handle, null()) } {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(Open(handle)),
        }
    }

    /// One page of a job that was started, and its end.
    fn write(&self, bytes: &[u8]) -> Result<(), NotTaken> {
        // SAFETY: of this and the next three: the handle is open.
        if unsafe { StartPagePrinter(self.0) } == 0 {
            return Err(NotTaken::Refused(io::Error::last_os_error()));
        }
        let mut left = bytes;
        while !left.is_empty() {
            let (most, mut written) = (u32::try_from(left.len()).unwrap_or(u32::MAX), 0);
            // SAFETY: the buffer is at least `most` long.
            let done = unsafe { WritePrinter(self.0, left.as_ptr().cast(), most, &mut written) };
            let fault = io::Error::last_os_error();
            left = left.get(usize::try_from(written).unwrap_or(usize::MAX)..).unwrap_or_default();
            if done == 0 || written == 0 {
                return Err(if left.len() == bytes.len() {
                    NotTaken::Refused(fault)
                } else {
                    NotTaken::Cut(fault)
                });
            }
        }
        if unsafe { EndPagePrinter(self.0) } == 0 || unsafe { EndDocPrinter(self.0) } == 0 {
            return Err(NotTaken::Cut(io::Error::last_os_error()));
        }
        Ok(())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // SAFETY: it is open, and closed only here.
        unsafe { ClosePrinter(self.0) };
    }
}

/// UTF-16 that ends in 0.
fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

/// # Safety
/// `text` is null, or points to UTF-16 that ends in 0.
unsafe fn text(text: *const u16) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: as above, for each character until the 0.
    let length = (0..).take_while(|&at| unsafe { *text.add(at) } != 0).count();
    // SAFETY: those were just read.
    String::from_utf16_lossy(unsafe { std::slice::from_raw_parts(text, length) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printer_that_is_not_there_takes_nothing() {
        assert!(matches!(print("No hay tal impresora", b"x"), Err(NotTaken::Unknown(_))));
        assert!(!names().contains(&"No hay tal impresora".to_owned()));
    }
}
