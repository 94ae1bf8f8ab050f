//! Whether anything can be signed now: the certificate's days and the machine's clock. The keys
//! themselves are custody's.

use jiff::tz::TimeZone;
use timbre_core::{Certificate, Date, KeyError, Refusal, Timestamp};

use crate::show::day;

/// How long before its end a certificate is spoken of: a new one takes a person some days.
pub const NOTICE_DAYS: i32 = 30;

/// Refuses when there is nothing to sign with now.
pub fn certificate(
    held: Result<Certificate, KeyError>,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<Certificate, Refusal> {
    let held = held.map_err(|error| error.refusal())?;
    in_force(held.not_before, held.not_after, now, zone)?;
    Ok(held)
}

/// A certificate signs from its first moment to its last.
pub fn in_force(from: Timestamp, until: Timestamp, now: Timestamp, zone: &TimeZone) -> Result<(), Refusal> {
    let on = |at: Timestamp| day(date(at, zone));
    if now >= until {
        let text = format!("El certificado digital venció el {}. Cargue uno vigente.", on(until));
        return Err(Refusal::temporary("certificate-expired", "", text));
    }
    if now < from {
        let text = format!(
            "El certificado digital vale desde el {}. Revise la fecha y la hora de este equipo.",
            on(from)
        );
        return Err(Refusal::temporary("certificate-not-yet-valid", "", text));
    }
    Ok(())
}

/// A stamp may repeat the last one's time when the clock went back, but not by more than this.
pub(crate) const SLACK_SECONDS: i64 = 5 * 60;

/// The last stamp, where the clock is so far behind it that nothing may be stamped.
pub fn behind(last: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    last.filter(|last| last.duration_since(now).as_secs() > SLACK_SECONDS)
}

/// Refuses when the clock is too far behind the last stamp. Which of the two is wrong only a person knows.
pub fn clock(last: Option<Timestamp>, now: Timestamp, zone: &TimeZone) -> Result<(), Refusal> {
    match behind(last, now) {
        None => Ok(()),
        Some(last) => Err(Refusal::temporary(
            "clock-behind",
            "",
            format!(
                "{}. Si la hora de ahora está mal, corríjala. Si está bien, el encargado puede aceptar seguir con ella \
                 en Ajustes.",
                behind_words(last, now, zone)
            ),
        )),
    }
}

/// What the clock and the last stamp say.
pub fn behind_words(last: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let minute = |at: Timestamp| {
        let local = at.to_zoned(zone.clone());
        format!("{} a las {:02}:{:02}", day(local.date()), local.hour(), local.minute())
    };
    format!(
        "El reloj de este equipo marca el {} y el último documento se timbró el {}: o el reloj está atrasado, o \
         estaba adelantado cuando se timbró",
        minute(now),
        minute(last)
    )
}

/// The last day of a certificate that ends soon, and in how many days.
pub fn ends_soon(held: &Certificate, now: Timestamp, zone: &TimeZone) -> Option<(Date, i32)> {
    let (today, last) = (date(now, zone), date(held.not_after, zone));
    let left = last.since(today).ok()?.get_days();
    (left <= NOTICE_DAYS).then_some((last, left))
}

fn date(at: Timestamp, zone: &TimeZone) -> Date {
    at.to_zoned(zone.clone()).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn held() -> Certificate {
        Certificate {
            der: bytes::Bytes::new(),
            modulus: bytes::Bytes::new(),
            exponent: bytes::Bytes::new(),
            holder: "1".into(),
            not_before: at("2024-12-07T12:00:00Z"),
            not_after: at("2026-12-08T02:00:00Z"),
        }
    }

    #[test]
    fn a_certificate_signs_within_its_days_and_says_when_it_does_not() {
        let zone = TimeZone::get("America/Santiago").unwrap();
        let refused = |held, now| certificate(held, at(now), &zone).unwrap_err();
        assert!(certificate(Ok(held()), at("2026-12-08T01:59:59Z"), &zone).is_ok());
        let expired = refused(Ok(held()), "2026-12-08T02:00:00Z");
        assert_eq!(expired.code, "certificate-expired");
        assert!(expired.message.contains("venció el 07-12-2026"), "{}", expired.message);
        assert_eq!(refused(Ok(held()), "2024-12-07T11:59:59Z").code, "certificate-not-yet-valid");
        assert_eq!(refused(Err(KeyError::Locked), "2026-01-01T00:00:00Z").code, "keys-locked");
    }

    #[test]
    fn its_end_is_told_thirty_days_before() {
        let zone = TimeZone::get("America/Santiago").unwrap();
        assert_eq!(ends_soon(&held(), at("2026-11-06T15:00:00Z"), &zone), None);
        let last = Date::constant(2026, 12, 7);
        assert_eq!(ends_soon(&held(), at("2026-11-07T15:00:00Z"), &zone), Some((last, 30)));
        assert_eq!(ends_soon(&held(), at("2026-12-07T15:00:00Z"), &zone), Some((last, 0)));
    }

    #[test]
    fn a_clock_that_is_far_behind_the_last_stamp_stamps_nothing() {
        let last = Some(at("2026-11-25T12:00:00Z"));
        let zone = TimeZone::get("America/Santiago").unwrap();
        assert!(clock(last, at("2026-11-25T11:56:00Z"), &zone).is_ok());
        let refused = clock(last, at("2026-11-25T11:50:00.123456789Z"), &zone).unwrap_err();
        assert_eq!(refused.code, "clock-behind");
        assert!(
            refused.message.starts_with(
                "El reloj de este equipo marca el 25-11-2026 a las 08:50 y el último documento se timbró el \
                 25-11-2026 a las 09:00: o el reloj está atrasado, o estaba adelantado cuando se timbró."
            ),
            "{}",
            refused.message
        );
        assert!(clock(None, at("2026-11-25T11:50:00Z"), &zone).is_ok());
    }
}
