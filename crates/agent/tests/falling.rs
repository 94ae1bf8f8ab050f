//! The engine in a country where one bad document takes its whole envelope down.

use timbre_elsewhere::Country;

const COUNTRY: Country = Country::Falling;

mod everywhere;
use everywhere::fake;

#[path = "everywhere/apart.rs"]
mod apart;
#[path = "everywhere/doubt.rs"]
mod doubt;
#[path = "everywhere/kept.rs"]
mod kept;
#[path = "everywhere/parallel.rs"]
mod parallel;
#[path = "everywhere/parcels.rs"]
mod parcels;
