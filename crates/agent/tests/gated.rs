//! The engine in a country where nothing is printed before it was accepted.

use timbre_elsewhere::Country;

const COUNTRY: Country = Country::Gated;

mod everywhere;
use everywhere::fake;

#[path = "everywhere/gated.rs"]
mod gated;
#[path = "everywhere/parallel.rs"]
mod parallel;
