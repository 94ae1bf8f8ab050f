//! Paper. A receipt becomes a ticket (ESC/POS), a sheet (PDF) or a picture for the screen (SVG), and the
//! bytes go to a device. What the words and figures are was read from the signed bytes elsewhere.

mod bitmap;
mod codepage;
mod escpos;
mod glyphs;
mod pdf;
pub mod pdf417;
mod profile;
pub mod sheet;
mod stamp;
pub mod ticket;

pub use bitmap::Bitmap;
pub use pdf::pdf;
pub use pdf417::TooLong;
pub use profile::{Codepage, Paper, Profile};
pub use stamp::Stamp;
pub use ticket::{NotPrinted, ticket};
