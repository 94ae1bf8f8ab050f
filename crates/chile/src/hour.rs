//! Chilean legal time, as the SII's documents write it: the wall clock of Santiago, no offset.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Zone of TSTED, TmstFirma and TmstFirmaEnv. (Magallanes and Rapa Nui have clocks of their own;
/// that the SII would want those is not confirmed.)
pub const ZONE: &str = "America/Santiago";

/// The wall clock in Santiago, without fractions of a second.
pub fn local(at: Timestamp) -> DateTime {
    let zone = TimeZone::get(ZONE).expect("the zone's table is compiled in");
    let wall = zone.to_datetime(at);
    wall.with().subsec_nanosecond(0).build().expect("a whole second is always a time")
}

/// `AAAA-MM-DDTHH:MM:SS` (formato DTE 2.4.2, TmstFirma).
pub fn stamp(wall: DateTime) -> String {
    wall.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// A wall clock of Santiago as an instant; the earlier one when the hour stands twice.
pub fn instant(wall: DateTime) -> Option<Timestamp> {
    let zone = TimeZone::get(ZONE).expect("the zone's table is compiled in");
    zone.to_ambiguous_timestamp(wall).compatible().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summer_and_winter_have_their_own_hour() {
        for (utc, wall) in [
            ("2026-01-15T15:34:56.789Z", "2026-01-15T12:34:56"),
            ("2026-07-15T15:34:56Z", "2026-07-15T11:34:56"),
            ("2027-01-01T02:59:59Z", "2026-12-31T23:59:59"),
        ] {
            let at: Timestamp = utc.parse().unwrap();
            assert_eq!(stamp(local(at)), wall);
            assert_eq!(instant(local(at)).map(|t| t.as_second()), Some(at.as_second()));
        }
    }

    /// On 2026-09-06 there is no midnight, and on 2026-04-04 the last hour stands twice.
    #[test]
    fn the_nights_of_the_change_have_their_day() {
        for (utc, wall) in [
            ("2026-09-06T03:59:59Z", "2026-09-05T23:59:59"),
            ("2026-09-06T04:00:00Z", "2026-09-06T01:00:00"),
            ("2026-04-05T02:59:59Z", "2026-04-04T23:59:59"),
            ("2026-04-05T03:00:00Z", "2026-04-04T23:00:00"),
            ("2026-04-05T04:00:00Z", "2026-04-05T00:00:00"),
        ] {
            assert_eq!(stamp(local(utc.parse().unwrap())), wall, "{utc}");
        }
    }
}
