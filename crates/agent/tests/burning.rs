//! The engine in a country where the answer to a delivery is the verdict.

use timbre_elsewhere::Country;

const COUNTRY: Country = Country::Burning;

mod everywhere;
use everywhere::fake;

#[path = "everywhere/parallel.rs"]
mod parallel;
