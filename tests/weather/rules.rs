//! What must hold at the end of every run, whatever the weather was.

use std::collections::{BTreeMap, HashSet};

use timbre_agent::Settings;
use timbre_core::{DocState, DocumentId, Effect, Timestamp};

use crate::asked::{in_vain, nagging};
use crate::life::Course;
use crate::run::Past;
use crate::sky::{Fate, Spell};
use crate::wire::Call;

/// The rules that were broken, each with what broke it.
pub fn broken(past: &Past) -> Vec<String> {
    let mut broken = past.course.odd.clone();
    locks(past, &mut broken);
    verdicts(past, &mut broken);
    numbers(past, &mut broken);
    // Two tills with the same numbers can't but use one twice: it is offered until it is known.
    let by_twins = |what: &&String| {
        what.contains("FolioReused") && past.twins.iter().any(|twin| what.ends_with(&twin.to_string()))
    };
    // What a question that a stop cut off would have heard nobody knows: it is asked again after the start.
    let by_stop = |what: &&String| {
        let at = what.split(' ').next().and_then(|at| at.parse::<Timestamp>().ok());
        let since = |at: Timestamp| {
            past.course.restarts.iter().any(|stop| (0..60).contains(&at.duration_since(*stop).as_secs()))
        };
        what.ends_with("asked about too soon") && at.is_some_and(since)
    };
    let violations = past.violations.iter().filter(|what| !by_twins(what) && !by_stop(what));
    broken.extend(violations.map(|what| format!("never may a shop do this: {what}")));
    broken.extend(hopeless(&past.calls, &past.course, &past.settings));
    pace(past, &mut broken);
    order(past, &mut broken);
    let check = &past.check;
    if check.lost_data() || !check.missing.is_empty() || !check.repeated.is_empty() {
        broken.push(format!("the folder is not whole: {check:?}"));
    }
    broken
}

/// While issuing is locked no document leaves.
fn locks(past: &Past, broken: &mut Vec<String>) {
    let locked = |call: &&Call| past.course.locked.iter().any(|span| span.contains(&call.from));
    for call in past.calls.iter().filter(|call| call.effect == Effect::Deliver).filter(locked) {
        broken.push(format!("{} left {} while issuing was locked", call.documents.join(" "), call.from));
    }
}

/// Every document ends with the verdict of the authority's own ledger. That none was offered again after it
/// was held the authority says itself: only it knows since when it speaks of a document.
fn verdicts(past: &Past, broken: &mut Vec<String>) {
    for (id, row) in &past.rows {
        if past.twins.contains(id) {
            // It is another till's: ours was rejected, or nothing is decided but that a person is called.
            let called = !row.state.is_final() && row.attention.is_some();
            if row.state != DocState::Rechazado && !called {
                broken.push(format!("{id} is {} and the authority has another one", row.state.word()));
            }
            continue;
        }
        if !row.state.is_final() {
            broken.push(format!("{id} is {} for ever", row.state.word()));
        }
        match past.ledger.get(&id.to_string()) {
            None => broken.push(format!("{id} is {} and the authority does not have it", row.state.word())),
            Some(entry)
                if entry.state == "REPARO" && row.state == DocState::Aceptado && unheard(past, id) => {}
            Some(entry) if entry.state != row.state.word() => {
                broken.push(format!("{id} is {} and the authority says {entry:?}", row.state.word()));
            }
            Some(entry) if entry.given != row.given => {
                broken.push(format!("{id} got {:?} and the authority gave {entry:?}", row.given));
            }
            Some(_) => {}
        }
    }
    let foreign = past.foreign.iter().map(ToString::to_string).collect::<HashSet<_>>();
    let known = past.rows.keys().chain(&past.lost).map(ToString::to_string).collect::<HashSet<_>>();
    for id in past.ledger.keys().filter(|id| !foreign.contains(*id)) {
        if !known.contains(id) {
            broken.push(format!("the authority has {id}, which nobody sold"));
        }
    }
}

/// Was the answer to each delivery of this document lost, or its upload said to be a repeated one (sii-services.md 4.2)? Then
/// it was asked about by itself, and what is said of a document alone tells no objections: they stand beside the upload's
/// number, which nobody has. An answer that was heard is lost, too, with the journal that it was written in.
fn unheard(past: &Past, id: &DocumentId) -> bool {
    let id = id.to_string();
    let mut left = past.calls.iter().filter(|call| call.documents.contains(&id));
    left.clone().any(|call| is_repeated(past, call)) || !left.any(|call| is_heard(past, call))
}

fn is_heard(past: &Past, call: &Call) -> bool {
    let whole = matches!(call.fate, Fate::Through | Fate::Slow(_)) && call.heard.starts_with("200");
    whole && past.course.heard(call)
}

/// Was it said of this upload, by its number, that it is a repeated one?
fn is_repeated(past: &Past, upload: &Call) -> bool {
    let number = upload.heard.split_once("\"trackid\":").and_then(|(_, rest)| rest.split(',').next());
    let Some(number) = number.map(|number| format!("\"trackid\":\"{number}\"")) else { return false };
    past.calls.iter().any(|call| call.heard.contains(&number) && call.heard.contains("\"estado\":\"RPT\""))
}

/// Is something offered or asked so often, or for so long, that nothing more can come of the run?
pub fn hopeless(calls: &[Call], course: &Course, settings: &Settings) -> Option<String> {
    restless(calls, course, settings).or_else(|| nagging(calls, course)).or_else(|| in_vain(calls))
}

/// Is a document of these calls offered more often than the pace allows? That is once for each step of taking its
/// parcel apart (the whole, fifties, sevens, alone), as often as its attempts are at once, once for each return of
/// its line, which ends every wait, and from there on after the authority's delay, in which an absence proves nothing,
/// and half of the long pause at the least, for chance takes the other half. Another state of the folder knows nothing of
/// what left meanwhile.
fn restless(calls: &[Call], course: &Course, settings: &Settings) -> Option<String> {
    const STEPS: u64 = 4;
    let each = (settings.conduct.absence_after + settings.retry_cap / 2).as_secs();
    // How often each line came back, and is it away?
    let mut lines: BTreeMap<&str, (u64, bool)> = BTreeMap::new();
    let mut offers: BTreeMap<&str, (u64, u64, Timestamp)> = BTreeMap::new();
    for call in calls {
        let (returns, away) = lines.entry(call.line).or_default();
        for document in call.documents.iter().filter(|_| call.fate != Fate::NoWay) {
            let (times, before, first) = offers.entry(document).or_insert((0, *returns, call.from));
            *times += 1;
            let span = u64::try_from(call.from.duration_since(*first).as_secs()).unwrap_or(0);
            let turns = course.exchanges().filter(|at| (*first..call.from).contains(at)).count() as u64;
            let anew = (STEPS + u64::from(settings.attempts)) * (1 + turns);
            let most = anew + (*returns - *before) + span / each;
            if *times > most {
                return Some(format!(
                    "{document} was offered {times} times in {span} s and {} returns of its line, and {most} is the \
                     most",
                    *returns - *before
                ));
            }
        }
        let well = call.heard.starts_with("200") && !call.heard.contains("<html");
        *returns += u64::from(*away && well);
        *away = !well;
    }
    None
}

/// The last number of the first range that every country's shop is lent.
const FIRST_RANGE: u64 = 5;

/// Nothing lost, nothing twice, and the numbers of each series without a gap: who lifts a lock goes on just above what
/// was sold with the journal that is lost.
fn numbers(past: &Past, broken: &mut Vec<String>) {
    let mut next: BTreeMap<_, u64> = BTreeMap::new();
    for (id, _) in &past.sold {
        let next = next.entry(id.series.clone()).or_insert(0);
        *next += 1;
        // A range of which the authority knows a number with other data is stopped, and the next one goes on.
        let stops = past.twins.iter().any(|twin| twin.series == id.series);
        if stops && *next <= FIRST_RANGE && id.number == FIRST_RANGE + 1 {
            *next = id.number;
        }
        if id.number != *next {
            broken.push(format!("{id} was sold where {next} is next"));
        }
        if !past.rows.contains_key(id) && !past.lost.contains(id) {
            broken.push(format!("{id} was sold and is lost"));
        }
    }
    broken.extend(past.beyond.iter().map(|id| format!("{id} is there and nobody sold it")));
}

/// No more requests than the settings allow.
fn pace(past: &Past, broken: &mut Vec<String>) {
    // At once: never more than there are workers.
    let mut edges: Vec<(Timestamp, i32)> = Vec::new();
    for call in &past.calls {
        edges.push((call.from, 1));
        // What a stop cut off ended with it.
        let cut = past.course.restarts.iter().copied().filter(|restart| *restart >= call.from).min();
        // Who lifts a lock gives a question, and the login before it, up after twenty seconds.
        let given_up = (past.course.is_a_persons(call) || call.secret)
            .then(|| call.from + jiff::SignedDuration::from_secs(20));
        let unheard = || cut.into_iter().chain(given_up).min().unwrap_or(past.end);
        edges.push((call.to.unwrap_or_else(unheard), -1));
    }
    edges.sort();
    let (mut now, mut most) = (0, 0);
    for (_, edge) in edges {
        now += edge;
        most = most.max(now);
    }
    if usize::try_from(most).is_ok_and(|most| most > past.settings.workers) {
        broken.push(format!("{most} requests at once"));
    }
    looks(past, broken);
    questions(past, broken);
}

/// In a long outage a line is looked at less than once a minute, once it is known to be long: of looks a minute apart
/// one more than there are minutes fits. It is known by the third request that meets it at the latest, since so many
/// errors of the authority's own are a line that is down: a shop that has nothing to say can't tell.
fn looks(past: &Past, broken: &mut Vec<String>) {
    const SETTLED: i64 = 20 * 60;
    const KNOWN: usize = 3;
    for outage in &past.sky.outages {
        // What takes deliveries is no outage.
        if outage.does == Spell::Deaf {
            continue;
        }
        let at = |second: u64| past.start + jiff::SignedDuration::from_secs(second.cast_signed());
        let (from, to) = (at(outage.from), at(outage.to));
        // A start begins anew, and so does whoever is told to send all.
        let began = past.course.anew().filter(|at| (from..to).contains(at)).max();
        let began = began.unwrap_or(from);
        for line in past.calls.iter().map(|call| call.line).collect::<HashSet<_>>() {
            if outage.line.as_deref().is_some_and(|only| only != line) {
                continue;
            }
            // Where two outages fall together one of them reigns, and the other is not met.
            let reigns = |call: &Call| {
                let second = u64::try_from(call.from.duration_since(past.start).as_secs()).unwrap_or(0);
                past.sky.spell_at(line, second).is_some_and(|reigning| std::ptr::eq(reigning, outage))
            };
            let kind = |call: &Call| (call.from, (call.secret, call.effect == Effect::Deliver));
            let meets = |call: &&Call| call.line == line && call.from >= began && reigns(call);
            let mut met: Vec<_> = past.calls.iter().filter(meets).map(kind).collect();
            met.sort();
            // Logins, deliveries and questions go to three services, each of which is known by its own.
            let mut kinds: BTreeMap<_, Vec<Timestamp>> = BTreeMap::new();
            met.iter().for_each(|(from, kind)| kinds.entry(kind).or_default().push(*from));
            let Some(known) = kinds.values().filter_map(|from| from.get(KNOWN - 1)).max() else { continue };
            let settled = *known + jiff::SignedDuration::from_secs(SETTLED);
            let calls = met.iter().filter(|(from, _)| *from >= settled).count();
            let minutes = to.duration_since(settled).as_secs() / 60;
            if minutes > 0 && i64::try_from(calls).is_ok_and(|calls| calls > minutes + 1) {
                broken.push(format!("{calls} requests to {line} in {minutes} minutes of {outage:?}"));
            }
        }
    }
}

/// The same question is not asked twice within half a minute of its being heard, unless something went
/// again meanwhile: from there on it is another question. What was in doubt when a lock was lifted is asked about anew
/// once it is known to be absent, since it may have left from elsewhere meanwhile.
fn questions(past: &Past, broken: &mut Vec<String>) {
    let mut last: BTreeMap<(&str, &str, &[u8]), Timestamp> = BTreeMap::new();
    let mut left: HashSet<&str> = HashSet::new();
    let mut unsure: HashSet<(_, &str, &[u8])> = HashSet::new();
    for call in &past.calls {
        if call.effect == Effect::Deliver {
            let again = call.documents.iter().filter(|name| !left.insert(name)).count() > 0;
            last.retain(|(line, _, _), _| !again || *line != call.line);
            continue;
        }
        // A person asks about the numbers that come next; what decides nothing is asked once more, with another pass.
        if call.secret || past.course.is_a_persons(call) {
            continue;
        }
        let key = (call.line, call.url.as_str(), &call.body[..]);
        // A start begins its verifications anew, and so does a person's word.
        let started = |before: &Timestamp| past.course.anew().any(|at| (*before..=call.from).contains(&at));
        let again = last.remove(&key).filter(|before| !started(before));
        let again = again.filter(|before| call.from.duration_since(*before).as_secs() < 30);
        let lifted = past.course.lifted.iter().filter(|at| **at <= call.from).max();
        let again = again
            .filter(|_| lifted.is_none_or(|at| !unsure.insert((*at, call.url.as_str(), &call.body[..]))));
        if let Some(before) = again {
            broken.push(format!("«{}» again {} after {before}", call.what, call.from));
        }
        let heard = call.heard.starts_with("200") && !call.heard.contains("stale");
        if let Some(to) = call.to.filter(|_| heard) {
            last.insert(key, to);
        }
    }
}

/// On each line what was sold first leaves first: among those of a kind always. What was sold before a lock is asked
/// about when it was lifted, and leaves when it is known to be absent.
fn order(past: &Past, broken: &mut Vec<String>) {
    let mut left: HashSet<&str> = HashSet::new();
    let mut last: BTreeMap<String, (u64, Timestamp)> = BTreeMap::new();
    let sold: BTreeMap<_, _> = past.sold.iter().map(|(id, at)| (id.to_string(), *at)).collect();
    let ours = |call: &&Call| call.effect == Effect::Deliver && !past.course.is_lost(call.from);
    for call in past.calls.iter().filter(ours) {
        for name in &call.documents {
            if !left.insert(name) {
                continue;
            }
            let Ok(id) = name.parse::<DocumentId>() else {
                broken.push(format!("{name} was sent, which is no document"));
                continue;
            };
            let asked = |sold: &Timestamp| past.course.lifted.iter().any(|at| sold < at && *at <= call.from);
            if sold.get(name).is_some_and(asked) {
                continue;
            }
            let last = last.entry(id.series.0.clone()).or_insert((0, call.from));
            if id.number < last.0 {
                broken.push(format!("{name} left {} after number {} had at {}", call.from, last.0, last.1));
            }
            *last = (id.number.max(last.0), call.from);
        }
    }
}
