//! How far this machine's clock is from the authority's, and from the last stamp, and a person's word about it. It
//! never changes a stamp: those are the machine's own, and go back only by that word, where the clock was ahead. A clock
//! that is off by too much stops the sale until it is corrected, or until somebody in charge takes that upon them.

use std::sync::Arc;
use std::time::Duration;

use timbre_core::{Heard, Refusal, Request, Timestamp};
use timbre_store::{Fact, Reader};

use crate::clock::until;
use crate::engine::{Agent, Answer, Inner};
use crate::line::Asked;
use crate::sender::{Sender, lock};
use crate::signing;
use crate::view::ClockView;

/// A word about a clock is about this one offset, and what it wanders in months.
const WITHIN: i64 = 60;
/// Whoever can't sell by this clock has it looked at, and no more often than so.
const AGAIN: Duration = Duration::from_secs(10);
/// One answer said that it is off and the looks that it is not: that offset is not looked into again for so long.
const BELIED: Duration = Duration::from_secs(600);
/// An answer that was so long on its way tells no time.
const SLOW: Duration = Duration::from_secs(30);

/// The authority's time, as the answer says it (RFC 9110, 6.6.1).
pub(crate) fn date_of(heard: &Heard) -> Option<Timestamp> {
    let Heard::Reply { headers, .. } = heard else { return None };
    let date = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("date"))?;
    Some(jiff::fmt::rfc2822::parse(&date.1).ok()?.timestamp())
}

/// Their time less ours, in seconds, when `date` was on its way for `took` until `now`.
fn offset(date: Timestamp, now: Timestamp, took: Duration) -> Option<i64> {
    let travelled = jiff::SignedDuration::try_from(took / 2).ok()?;
    (took < SLOW).then(|| (date.duration_since(now) + travelled).as_secs())
}

/// Was it found to be off, and did nobody take that upon them? Their time less ours.
fn doubt(reader: &Reader) -> Option<i64> {
    let seen = reader.clock_seen().filter(|seen| !seen.good)?;
    let accepted = reader
        .clock_accepted()
        .is_some_and(|word| (word.offset_seconds - seen.offset_seconds).abs() <= WITHIN);
    (!accepted).then_some(seen.offset_seconds)
}

/// Why nothing is sold by this clock, for the cashier and for who is in charge.
pub(crate) fn refusal(reader: &Reader, authority: &str) -> Option<Refusal> {
    let offset = doubt(reader)?;
    Some(Refusal::temporary(
        "clock-off",
        "",
        format!(
            "El reloj de este equipo está {} respecto del {authority}. No venda hasta que el encargado corrija la \
             fecha y la hora, o acepte seguir así en Ajustes.",
            words(offset)
        ),
    ))
}

/// `atrasado 7 minutos`.
pub(crate) fn words(offset: i64) -> String {
    let way = if offset > 0 { "atrasado" } else { "adelantado" };
    let seconds = offset.unsigned_abs();
    let (n, one, many) = match seconds {
        0..120 => (seconds, "segundo", "segundos"),
        120..7200 => ((seconds + 30) / 60, "minuto", "minutos"),
        7200..172_800 => ((seconds + 1800) / 3600, "hora", "horas"),
        _ => ((seconds + 43_200) / 86_400, "día", "días"),
    };
    format!("{way} {n} {}", if n == 1 { one } else { many })
}

/// What single answers said of the clock and the journal does not know: one server's clock may be the one that is off,
/// and stops nobody's sales.
#[derive(Debug, Default)]
pub(crate) struct Hearsay {
    /// Off by so much, as one answer had it: a look decides.
    suspect: Option<i64>,
    /// Off by so much, as the last answer to a login had it since; logins are what a look asks.
    told: Option<i64>,
    /// What was last said to be wrong, and when, by the steady clock.
    belied: Option<(i64, Duration)>,
}

impl Hearsay {
    /// An answer says that it is off: is that to be looked into?
    fn suspects(&mut self, offset: i64, now: Duration) -> bool {
        let alike = |said: i64| (offset - said).abs() <= WITHIN;
        if self.belied.is_some_and(|(said, at)| alike(said) && now.saturating_sub(at) < BELIED) {
            return false;
        }
        self.suspect = Some(offset);
        true
    }

    /// A login was answered: one that says that the clock is right is believed at once, whether a look asked or somebody
    /// else did, so that the next suspicion begins anew.
    fn tells(&mut self, offset: i64, tolerance: Duration, now: Duration) {
        let Some(suspect) = self.suspect else { return };
        self.told = Some(offset);
        if is_good(offset, tolerance) {
            *self = Hearsay { belied: Some((suspect, now)), ..Hearsay::default() };
        }
    }

    /// A look is over: how far off the clock is, where all that answered agree that it is. Where nobody did the next look
    /// decides.
    fn judge(&mut self) -> Option<i64> {
        let last = self.told.take()?;
        self.suspect.take().map(|_| last)
    }
}

fn is_good(offset: i64, tolerance: Duration) -> bool {
    Duration::from_secs(offset.unsigned_abs()) <= tolerance
}

/// Is there something new to write down?
fn news(before: Option<(i64, bool)>, offset: i64, tolerance: Duration) -> Option<Fact> {
    let good = is_good(offset, tolerance);
    let new = match before {
        None => !good,
        Some((_, was)) if was != good => true,
        Some((told, _)) => !good && (offset - told).abs() > WITHIN,
    };
    new.then_some(Fact::ClockSeen { offset_seconds: offset, good })
}

impl Sender {
    /// Looks at the time that an answer bears. That it is right is believed at once; that it is off, once a look says so,
    /// too. An error's page may be of whatever stands between.
    pub(crate) async fn note_clock(&self, request: &Request, heard: &Heard, took: Duration) {
        if heard.is_page() || matches!(heard, Heard::Reply { status: 500.., .. }) {
            return;
        }
        let found = date_of(heard).and_then(|date| offset(date, self.now(), took));
        let Some(found) = found else { return };
        if Asked::of(request) == Asked::Login {
            let tolerance = self.settings().clock_tolerance;
            lock(&self.hearsay).tells(found, tolerance, self.parts.clock.steady());
        }
        match self.news_of_the_clock(found) {
            Some(Fact::ClockSeen { good: false, .. }) => {
                if lock(&self.hearsay).suspects(found, self.parts.clock.steady()) {
                    self.clock_doubted.notify_one();
                }
            }
            news => self.write_of_the_clock(news).await,
        }
    }

    fn news_of_the_clock(&self, found: i64) -> Option<Fact> {
        let before = self.reader().clock_seen().map(|seen| (seen.offset_seconds, seen.good));
        news(before, found, self.settings().clock_tolerance)
    }

    async fn write_of_the_clock(&self, news: Option<Fact>) {
        let Some(fact) = news else { return };
        tracing::warn!(?fact, "the machine's clock against the authority's");
        if let Err(error) = self.writer().commit(vec![fact]).await {
            tracing::error!(%error, "what was found of the clock can't be written");
        }
    }

    /// It is off as far as is known, or may be: there is something to ask.
    fn asks_of_the_clock(&self) -> bool {
        doubt(self.reader()).is_some() || lock(&self.hearsay).suspect.is_some()
    }

    /// It may have been corrected since it was found to be off, and an answer tells; or one answer alone said that it is.
    /// Of a line that is down no more is asked than its looks, but they are its own here: while nothing is sold nothing
    /// waits, and nobody else would look. Only from the engine's own tasks: whoever sells may do so on a runtime that goes
    /// on with nothing else.
    pub(crate) fn look_at_the_clock(self: &Arc<Self>) {
        if !self.asks_of_the_clock() {
            return;
        }
        let sender = Arc::clone(self);
        tokio::spawn(async move {
            // One at a time, and with a pause between them.
            let Ok(mut last) = sender.clock_looked.try_lock() else { return };
            let now = sender.parts.clock.steady();
            if last.is_some_and(|last| now.saturating_sub(last) < AGAIN) {
                return;
            }
            *last = Some(now);
            for channel in sender.channels() {
                if !sender.line_may_be_looked_at(&channel) {
                    continue;
                }
                match sender.look_at(&channel).await {
                    Ok(()) => {}
                    Err(error) => tracing::warn!(%error, "the authority's clock can't be asked for"),
                }
                if !sender.asks_of_the_clock() {
                    break;
                }
            }
            let off = lock(&sender.hearsay).judge();
            sender.write_of_the_clock(off.and_then(|off| sender.news_of_the_clock(off))).await;
        });
    }
}

impl Agent {
    /// What was found of the clock; `None` where nothing was ever wrong with it.
    pub fn clock(&self) -> Option<ClockView> {
        view(&self.0)
    }

    /// `who` takes it upon them that documents are stamped by this clock, as far off as it is now, and though the last
    /// one was stamped later by a clock that was ahead. The journal keeps who and when; when it is off by more, or
    /// otherwise, there is a new question.
    pub async fn accept_clock(&self, who: &str) -> Answer<ClockView> {
        let who = self.named(who)?;
        let off = doubt(&self.0.reader);
        let last = signing::behind(self.0.reader.last_stamp(), self.0.clock.now());
        let off = off.map(|offset_seconds| Fact::ClockAccepted { who: who.clone(), offset_seconds });
        let last = last.map(|last| Fact::StampsResumed { who: who.clone(), last });
        let facts: Vec<Fact> = off.into_iter().chain(last).collect();
        if facts.is_empty() {
            let why = "El reloj no impide vender: no hay nada que aceptar.";
            return Err(Refusal::new("clock-good", "", why).into());
        }
        self.0.writer.commit(facts).await?;
        Ok(view(&self.0).unwrap_or_else(|| resumed(&self.0, who)))
    }

    /// Refuses a sale by a clock that is off; it is asked for again.
    pub(crate) fn trust_clock(&self) -> Result<(), Refusal> {
        match refusal(&self.0.reader, self.0.regime.profile().authority) {
            None => Ok(()),
            Some(refusal) => {
                self.0.sender.clock_doubted.notify_one();
                Err(refusal)
            }
        }
    }
}

pub(crate) fn view(inner: &Inner) -> Option<ClockView> {
    let (reader, now) = (&inner.reader, inner.clock.now());
    let tolerance_seconds = inner.sender.parts.settings.clock_tolerance.as_secs();
    if let Some(last) = signing::behind(reader.last_stamp(), now) {
        return Some(ClockView {
            offset_seconds: last.duration_since(now).as_secs(),
            good: false,
            seen: now.to_string(),
            tolerance_seconds,
            stops: true,
            accepted_by: None,
            text: signing::behind_words(last, now, &inner.zone),
        });
    }
    let seen = reader.clock_seen()?;
    let accepted = reader.clock_accepted().filter(|_| !seen.good && doubt(reader).is_none());
    Some(ClockView {
        offset_seconds: seen.offset_seconds,
        good: seen.good,
        seen: seen.at.to_string(),
        tolerance_seconds,
        stops: doubt(reader).is_some(),
        accepted_by: accepted.map(|word| word.who),
        text: match seen.good {
            true => "El reloj marca la hora de la autoridad".to_owned(),
            false => format!("El reloj de este equipo está {}", words(seen.offset_seconds)),
        },
    })
}

/// Nothing was ever wrong with the clock as it is now.
fn resumed(inner: &Inner, who: String) -> ClockView {
    ClockView {
        offset_seconds: 0,
        good: true,
        seen: inner.clock.now().to_string(),
        tolerance_seconds: inner.sender.parts.settings.clock_tolerance.as_secs(),
        stops: false,
        accepted_by: Some(who),
        text: "Los documentos que siguen llevan la hora que marca este equipo".to_owned(),
    }
}

/// How far apart two clocks are.
pub(crate) fn apart(ours: Timestamp, theirs: Timestamp) -> Duration {
    until(ours, theirs).max(until(theirs, ours))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn the_way_of_an_answer_is_allowed_for() {
        assert_eq!(offset(at(1000), at(1000), Duration::ZERO), Some(0));
        assert_eq!(offset(at(1000), at(1005), Duration::from_secs(10)), Some(0));
        assert_eq!(offset(at(1000), at(600), Duration::ZERO), Some(400), "ours is behind");
        assert_eq!(offset(at(1000), at(1400), Duration::ZERO), Some(-400));
        assert_eq!(offset(at(1000), at(1400), Duration::from_secs(30)), None);
    }

    #[test]
    fn only_what_is_new_is_written_down() {
        let limit = Duration::from_secs(300);
        let told = |before, offset| match news(before, offset, limit) {
            Some(Fact::ClockSeen { offset_seconds, good }) => Some((offset_seconds, good)),
            _ => None,
        };
        assert_eq!(told(None, 299), None);
        assert_eq!(told(None, -301), Some((-301, false)));
        assert_eq!(told(Some((-301, false)), -350), None, "it wanders");
        assert_eq!(told(Some((-301, false)), -362), Some((-362, false)));
        assert_eq!(told(Some((-301, false)), 2), Some((2, true)));
        assert_eq!(told(Some((2, true)), 5), None);
        assert_eq!(told(Some((2, true)), 3600), Some((3600, false)));
    }

    #[test]
    fn one_answer_is_only_a_reason_to_look_and_what_the_looks_belie_is_not_looked_into_again_for_a_while() {
        let (limit, second) = (Duration::from_secs(300), Duration::from_secs(1));
        let mut heard = Hearsay::default();
        heard.tells(-1200, limit, Duration::ZERO);
        assert_eq!((heard.suspect, heard.judge()), (None, None), "nobody asked");
        assert!(heard.suspects(-1200, Duration::ZERO));
        assert_eq!(
            (heard.judge(), heard.suspect),
            (None, Some(-1200)),
            "nobody answered: the next look decides"
        );
        heard.tells(-1190, limit, second);
        heard.tells(2, limit, second);
        assert_eq!((heard.suspect, heard.judge()), (None, None));
        assert!(!heard.suspects(-1230, 2 * second) && heard.suspect.is_none(), "the same server");
        assert!(heard.suspects(900, 2 * second), "another offset");
        heard.tells(901, limit, second);
        heard.tells(899, limit, second);
        assert_eq!((heard.judge(), heard.suspect), (Some(899), None), "all agree");
        assert!(heard.suspects(-1200, second + BELIED), "and after a while it is");
    }

    #[test]
    fn what_a_look_without_answers_left_open_hides_no_clock_that_is_off_later() {
        let (limit, second) = (Duration::from_secs(300), Duration::from_secs(1));
        let mut heard = Hearsay::default();
        assert!(heard.suspects(-1200, Duration::ZERO));
        assert_eq!(heard.judge(), None);
        // Somebody else logs in, and the clock is right; then it no longer is.
        heard.tells(1, limit, second);
        assert!(heard.suspect.is_none() && heard.suspects(900, 2 * second));
        heard.tells(900, limit, 3 * second);
        assert_eq!(heard.judge(), Some(900));
    }

    #[test]
    fn it_is_said_which_way_and_how_far() {
        for (offset, text) in [
            (301, "atrasado 5 minutos"),
            (359, "atrasado 6 minutos"),
            (-90, "adelantado 90 segundos"),
            (7200, "atrasado 2 horas"),
            (-172_800, "adelantado 2 días"),
        ] {
            assert_eq!(words(offset), text);
        }
    }
}
