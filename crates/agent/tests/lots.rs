//! The engine in a country whose documents go in lots, with results that come later.

use timbre_elsewhere::Country;

const COUNTRY: Country = Country::Lots;

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
