//! The two nights in which Chile's clocks are changed: the first Saturday of April ends an hour later (24:00 is 23:00 again),
//! and the first Sunday of September begins at 01:00. A shop that is open then sells through both.

use std::time::Duration;

use bytes::Bytes;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;
use timbre_agent::Agent;
use timbre_agent::clock::{Clock, TokioClock};
use timbre_agent::view::IssuedView;
use timbre_core::Timestamp;
use timbre_tests::{boleta, factura};
use tokio::time::sleep;

use crate::chile::{self, Chile};
use crate::run::Shop;
use crate::world::Theme;

/// From one sale to the next: nothing that an hour is a multiple of.
const GAP: Duration = Duration::from_secs(7 * 60 + 13);

/// What was sold, when, and what its bytes say.
struct Sold {
    id: String,
    at: Timestamp,
    /// Issued, stamped and signed, as written.
    date: String,
    tsted: DateTime,
    signed: DateTime,
}

fn zone() -> TimeZone {
    TimeZone::get("America/Santiago").expect("the zones are bundled")
}

fn tag<'x>(xml: &'x str, name: &str) -> &'x str {
    let rest = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("{name} in {xml}")).1;
    rest.split('<').next().expect("its text")
}

/// One sale under its key; the same key a second time is the same document.
async fn sell(agent: &Agent, sale: &Value, key: &str) -> IssuedView {
    let sale = Bytes::from(sale.to_string());
    let issued = agent.issue(sale.clone(), Some(key.to_owned())).await.expect("no sale is refused");
    assert!(!issued.repeated, "{key}");
    let again = agent.issue(sale, Some(key.to_owned())).await.expect("it is known");
    assert_eq!((again.repeated, &again.document.id), (true, &issued.document.id));
    issued
}

/// Sells through `hours` from now on, and lets all have its verdict.
async fn sell_through(
    agent: &Agent,
    clock: &TokioClock,
    hours: u64,
    sale: impl Fn(u64) -> Value,
    mut look: impl FnMut(&[Sold]),
) -> Vec<Sold> {
    let mut sold: Vec<Sold> = Vec::new();
    for n in 0..hours * 3_600 / GAP.as_secs() {
        let at = clock.now();
        let price = sale(n);
        let issued = sell(agent, &price, &format!("sale {n}")).await.document;
        // The hour in which it has to be there is an hour, whatever the clocks do.
        if issued.series == "39" {
            let limit = at + jiff::SignedDuration::from_hours(1);
            assert_eq!(issued.deadline.as_deref(), Some(&*limit.to_string()), "{}", issued.id);
        }
        let document = agent.reader().version(&issued.id.parse().expect("an id"), 1).expect("it is read");
        let xml = String::from_utf8_lossy(&document.expect("it is there").bytes).into_owned();
        let time = |name: &str| tag(&xml, name).parse().expect("a time");
        sold.push(Sold {
            date: tag(&xml, "FchEmis").to_owned(),
            tsted: time("TSTED"),
            signed: time("TmstFirma"),
            id: issued.id,
            at,
        });
        // A key of an hour ago, by whatever clock, is known.
        if let Some(before) = n.checked_sub(3_600 / GAP.as_secs()) {
            let known =
                agent.issue(Bytes::from(sale(before).to_string()), Some(format!("sale {before}"))).await;
            assert_eq!(known.expect("it is known").document.id, sold[before as usize].id);
        }
        look(&sold);
        sleep(GAP).await;
    }
    sleep(Duration::from_secs(2 * 3_600)).await;
    for one in &sold {
        let row = agent.detail(&one.id).expect("it is there").row;
        assert_eq!(row.state, "ACEPTADO", "{} of {}: {:?}", one.id, one.tsted, row.remarks);
    }
    sold
}

/// What holds of each document, and of each after the one before it: the instant of the stamp is the sale's, what it
/// shows is Chile's legal time, and so is the date.
fn is_right(sold: &[Sold]) {
    for one in sold {
        let wall = zone().to_datetime(one.at).with().subsec_nanosecond(0).build().expect("a time");
        assert_eq!((one.tsted, one.signed), (wall, wall), "{}", one.id);
        assert_eq!(one.date, wall.date().to_string(), "{}", one.id);
    }
    for pair in sold.windows(2) {
        assert!(pair[0].at < pair[1].at);
        assert!(pair[0].date <= pair[1].date, "{}", pair[1].id);
        // The wall clock goes back where the law puts it back, and nowhere else.
        let back = zone().to_offset(pair[0].at) > zone().to_offset(pair[1].at);
        assert_eq!(pair[1].tsted < pair[0].tsted, back, "{}", pair[1].id);
    }
}

/// El día counts each document once, in the hour that its clock showed.
fn day_counts(agent: &Agent, clock: &TokioClock, sold: &[Sold]) {
    let (day, now) = (agent.today().expect("the day"), clock.now().to_zoned(zone()));
    assert_eq!((day.date.clone(), day.hour), (now.date().to_string(), now.hour().unsigned_abs()));
    let hours = 0..=23;
    for hour in hours {
        let of_hour = day.hours.iter().filter(|one| one.hour == hour);
        let counted: u64 = of_hour.map(|one| one.documents).sum();
        let here = |one: &&Sold| one.date == day.date && one.tsted.hour().unsigned_abs() == hour;
        assert_eq!(counted, sold.iter().filter(here).count() as u64, "{} at {hour}", day.date);
    }
}

#[test]
fn a_shop_sells_through_the_hour_that_april_has_twice() {
    let shop = Shop::open(Chile(Theme::Weather));
    let ledger = shop.in_calm("2026-04-05T01:30:00Z", chile::calm(), async |agent, clock| {
        let sale = |n| if n % 3 == 0 { factura(1_000 + n) } else { boleta(1_000 + n) };
        let sold = sell_through(agent, clock, 5, sale, |sold| day_counts(agent, clock, sold)).await;
        is_right(&sold);
        let on = |date: &str, hour: i8| {
            sold.iter().filter(|one| one.date == date && one.tsted.hour() == hour).count()
        };
        assert!(on("2026-04-04", 23) > on("2026-04-04", 22) + on("2026-04-05", 0) - 2, "two hours in one");
        let backs = sold.windows(2).filter(|pair| pair[1].tsted < pair[0].tsted).count();
        assert_eq!(backs, 1, "the night was met");
    });
    assert!(ledger.values().all(|entry| entry.state == "ACEPTADO" && entry.offered == 1), "{ledger:#?}");
}

#[test]
fn a_shop_sells_through_the_hour_that_september_has_not() {
    let shop = Shop::open(Chile(Theme::Weather));
    let ledger = shop.in_calm("2026-09-06T02:30:00Z", chile::calm(), async |agent, clock| {
        // The range of facturas has expired by then.
        let sale = |n| boleta(1_000 + n);
        let sold = sell_through(agent, clock, 5, sale, |sold| day_counts(agent, clock, sold)).await;
        is_right(&sold);
        let hours: Vec<_> = sold.iter().map(|one| (one.date.as_str(), one.tsted.hour())).collect();
        assert!(hours.contains(&("2026-09-05", 23)) && hours.contains(&("2026-09-06", 1)), "{hours:?}");
        assert!(!hours.contains(&("2026-09-06", 0)), "there is no midnight");
    });
    assert!(ledger.values().all(|entry| entry.state == "ACEPTADO" && entry.offered == 1), "{ledger:#?}");
}
