//! Paper. A receipt becomes a ticket (ESC/POS), a sheet (PDF) or a picture for the screen (SVG), and the
//! bytes go to a device. What the words and figures are was read from the signed bytes elsewhere.

mod bitmap;
mod codepage;
pub mod device;
mod escpos;
mod glyphs;
mod logo;
mod pdf;
pub mod pdf417;
mod profile;
pub mod sheet;
mod stamp;
mod svg;
pub mod ticket;
mod trial;

pub use bitmap::Bitmap;
pub use device::{BadDevice, Device, Hurry, Load};
pub use logo::{BadLogo, Logo};
pub use pdf::pdf;
pub use pdf417::TooLong;
pub use profile::{Codepage, Paper, Profile, Status};
pub use stamp::Stamp;
pub use svg::svg;
pub use ticket::{NotPrinted, ticket};
pub use trial::{trial, trial_sheet};
