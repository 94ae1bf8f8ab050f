//! How often the same may be asked: by then a run that does not settle has been judged, and ends.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use timbre_core::{Effect, Timestamp};

use crate::life::Course;
use crate::wire::Call;

/// What the authority is asked about in these words: on which line, where, and in which body.
type Question<'a> = (&'a str, &'a str, &'a [u8]);

/// Questions at the pace of doubt, or of a parcel that fell: two minutes apart for the ten that an absence needs, six
/// within the first minutes, and those that slow down.
const BRISK: u64 = 14;
/// An absence that is not believed is proved again each hour: two minutes apart for ten.
const EACH: u64 = 8;
const HOUR: u64 = 3_600;
/// From here on it is a day and no hour.
const DAY: u64 = 24 * HOUR;

/// No weather keeps an answer the same for so long: what is stuck is so for a day and a half, and is asked about a
/// day later at the latest.
const IN_VAIN: Duration = Duration::from_secs(3 * DAY);
/// Answers further apart were not given in a row.
const ROW: Duration = Duration::from_secs(26 * HOUR);

/// Is something asked more often than the pace allows? That is briskly at first, and once more after each start, each
/// word of a person and each return of its line; then hourly for a day, and daily from there on. What goes again is another question.
pub fn nagging(calls: &[Call], course: &Course) -> Option<String> {
    let mut asked: BTreeMap<Question<'_>, (u64, u64, Timestamp)> = BTreeMap::new();
    let mut lines: BTreeMap<&str, (u64, bool)> = BTreeMap::new();
    let mut left: HashSet<&str> = HashSet::new();
    for call in calls {
        let (returns, away) = lines.entry(call.line).or_default();
        if call.effect == Effect::Deliver {
            let again = call.documents.iter().filter(|name| !left.insert(name)).count() > 0;
            asked.retain(|(line, _, _), _| !again || *line != call.line);
        } else if !call.secret {
            let (times, before, first) = asked.entry(question(call)).or_insert((0, *returns, call.from));
            *times += 1;
            let starts = course.anew().filter(|at| (*first..call.from).contains(at)).count() as u64;
            let anew = 1 + *returns - *before + starts;
            let span = u64::try_from(call.from.duration_since(*first).as_secs()).unwrap_or(0);
            let most = BRISK * anew + EACH * (span.min(DAY) / HOUR + span / DAY);
            if *times > most {
                return Some(format!(
                    "{} was asked {times} times in {span} s, and {most} is the most",
                    told(call)
                ));
            }
        }
        let well = call.heard.starts_with("200") && !call.heard.contains("<html");
        *returns += u64::from(*away && well);
        *away = !well;
    }
    None
}

/// Is something asked for days and answered each time, without an end? Of a number that is another's (DNK) nothing
/// else is ever said.
pub fn in_vain(calls: &[Call]) -> Option<String> {
    let mut rows: BTreeMap<Question<'_>, (Timestamp, Timestamp, u64)> = BTreeMap::new();
    // A portal's page is no answer: a line may be in its hands for a week.
    let heard = |call: &&Call| {
        call.heard.starts_with("200") && !["DNK", "<html"].iter().any(|word| call.heard.contains(word))
    };
    let questions = calls.iter().filter(|call| call.effect == Effect::Query && !call.secret);
    for call in questions.filter(heard) {
        let (first, last, times) = rows.entry(question(call)).or_insert((call.from, call.from, 0));
        if call.from.duration_since(*last).unsigned_abs() > ROW {
            (*first, *times) = (call.from, 0);
        }
        (*last, *times) = (call.from, *times + 1);
        let days = call.from.duration_since(*first).unsigned_abs();
        if days >= IN_VAIN {
            return Some(format!(
                "{} was answered {times} times in {} h, and nothing came of it",
                told(call),
                days.as_secs() / HOUR
            ));
        }
    }
    None
}

fn question(call: &Call) -> Question<'_> {
    (call.line, call.url.as_str(), &call.body[..])
}

/// A question so that its document, or its upload, is seen: what stands between the tags of its body.
fn told(call: &Call) -> String {
    let body = String::from_utf8_lossy(&call.body);
    let words = body.split('<').map(|part| part.rsplit('>').next().unwrap_or_default().trim());
    let words = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    format!("«{}» ({}, {})", call.what, call.url, words.chars().take(200).collect::<String>())
}
