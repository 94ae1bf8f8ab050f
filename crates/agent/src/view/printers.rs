//! The printers of a folder, as they are set up.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

/// All that is set up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct PrintersView {
    pub printers: Vec<PrinterView>,
    /// Each document is printed when it is issued.
    pub on_issue: bool,
    /// What is printed bears the shop's logo.
    pub logo: bool,
    /// What is wrong with the logo that is set, in words.
    pub logo_trouble: Option<String>,
}

/// One printer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PrinterView {
    /// The shop's own is `principal`.
    pub name: String,
    /// `red:192.168.1.50`, `cola:NOMBRE`, `dispositivo:/dev/usb/lp0`, `serie:COM3`, `carpeta:RUTA`.
    pub device: String,
    /// What is printed on it unasked: `all`, `narrow` (what narrow paper may bear: boletas), `wide` (all else), `asked`
    /// (only what names it).
    pub takes: String,
    /// `80mm`, `58mm`, `letter`.
    pub paper: String,
    /// `pc858`, `pc850`, `wpc1252`, `ascii`.
    pub codepage: String,
    /// The printer's own number of that page, where it is not Epson's.
    pub codepage_number: Option<u8>,
    /// Letters are drawn: for a printer whose pages have no accents.
    pub pictures: bool,
    pub cut: bool,
    pub drawer: bool,
    /// The code on documents where the law leaves it to the shop.
    pub stamp_on_boletas: bool,
    /// `ask`, or `none` for a printer on the network that prints, tells nothing and never ends the line: its papers are
    /// *handed* when its end has taken every byte.
    #[ts(optional, as = "Option<_>")]
    pub status: String,
    /// Bits a second of a serial line.
    pub baud: Option<u32>,
}

impl Default for PrinterView {
    fn default() -> PrinterView {
        PrinterView {
            name: String::new(),
            device: String::new(),
            takes: "all".to_owned(),
            paper: "80mm".to_owned(),
            codepage: "pc858".to_owned(),
            codepage_number: None,
            pictures: false,
            cut: true,
            drawer: false,
            stamp_on_boletas: true,
            status: "ask".to_owned(),
            baud: None,
        }
    }
}

/// A printer that this machine has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct FoundPrinterView {
    /// As [`PrinterView::device`].
    pub device: String,
    pub name: String,
}
