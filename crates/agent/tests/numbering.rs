//! The engine in a country where the authority numbers, and a document is not whole before its answer.

use timbre_elsewhere::Country;

const COUNTRY: Country = Country::Numbering;

mod everywhere;
use everywhere::fake;

#[path = "everywhere/gated.rs"]
mod gated;
