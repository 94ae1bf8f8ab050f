//! The engine in a country where what is rejected of an envelope is not kept.

use timbre_elsewhere::Country;

const COUNTRY: Country = Country::Forgetting;

mod everywhere;
use everywhere::fake;

#[path = "everywhere/apart.rs"]
mod apart;
#[path = "everywhere/doubt.rs"]
mod doubt;
#[path = "everywhere/forgotten.rs"]
mod forgotten;
#[path = "everywhere/parallel.rs"]
mod parallel;
#[path = "everywhere/parcels.rs"]
mod parcels;
