//! Chilean wall time, in which everything of a DTE is dated.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use std::sync::OnceLock;

fn santiago() -> &'static TimeZone {
    static ZONE: OnceLock<TimeZone> = OnceLock::new();
    ZONE.get_or_init(|| TimeZone::get("America/Santiago").expect("the time zones are bundled"))
}

pub(crate) fn local(moment: Timestamp) -> DateTime {
    santiago().to_datetime(moment)
}

/// The moment a wall clock in Santiago shows that time; the earlier one when the hour comes twice.
pub(crate) fn moment(wall: DateTime) -> Option<Timestamp> {
    santiago().to_ambiguous_timestamp(wall).earlier().ok()
}
