//! The own network, the internet and the authority, each recorded apart: what the law's term may stand still for,
//! and the evidence of it. A channel's own line is `line`'s; what the words amount to is `deadline`'s.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use timbre_core::{Heard, Timestamp};
use timbre_store::{Fact, Reader};
use tokio::sync::watch;

use crate::carrier::{NO_INTERNET, NO_NETWORK, Reach};
use crate::clock::until;
use crate::deadline::{Gap, Terms, Word, gaps, merged};
use crate::sender::{Sender, lock};

/// The names that the facts bear.
pub(crate) const NETWORK: &str = "network";
pub(crate) const INTERNET: &str = "internet";
pub(crate) const AUTHORITY: &str = "authority";
const ALL: [&str; 3] = [NETWORK, INTERNET, AUTHORITY];

/// While something is down that is said again so often: each word proves only a while (`deadline::PROOF`).
const AGAIN: Duration = Duration::from_secs(5 * 60);
/// What a look found is believed for so long: requests that fail together ask once.
const FRESH: Duration = Duration::from_secs(10);
/// How often this machine's routes are looked at while it has none, and its name server is asked while it finds
/// nobody. Neither sends anything to the authority.
const GLANCE: Duration = Duration::from_secs(2);
const NAMES: Duration = Duration::from_secs(10);
/// No document waits for its term longer than this.
const KEPT: Duration = Duration::from_secs(31 * 24 * 3600);

/// What was said so far, and what was found last.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    words: BTreeMap<&'static str, Vec<Word>>,
    /// When, by the clock that nobody sets.
    found: Option<(Duration, Reach)>,
}

impl Coverage {
    pub fn load(reader: &Reader, now: Timestamp) -> Coverage {
        let since = now.saturating_sub(jiff::SignedDuration::try_from(KEPT).unwrap_or_default());
        let since = since.unwrap_or(Timestamp::MIN);
        let words = ALL.map(|what| {
            let said = reader.words(what, since).unwrap_or_else(|error| {
                tracing::error!(what, %error, "what was said of the line can't be read");
                Vec::new()
            });
            (what, said.into_iter().map(|(at, covered)| Word { at, covered }).collect())
        });
        Coverage { words: words.into(), found: None }
    }

    fn of(&self, what: &str) -> &[Word] {
        self.words.get(what).map_or(&[], Vec::as_slice)
    }

    fn is_down(&self, what: &str) -> bool {
        self.of(what).last().is_some_and(|word| !word.covered)
    }

    /// What a finding has to say, and where nobody can tell nothing is said: whatever stood before lapses.
    fn news(&self, reach: Option<Reach>, now: Timestamp) -> Vec<(&'static str, bool)> {
        let (down, up): (&[_], &[_]) = match reach {
            None => (&[], &ALL),
            Some(Reach::Network) => (&[NETWORK], &[]),
            Some(Reach::Internet) => (&[INTERNET], &[NETWORK]),
            Some(Reach::Authority) => (&[AUTHORITY], &[NETWORK, INTERNET]),
            Some(Reach::Untold) => (&[], &[NETWORK]),
        };
        let stale = |what: &str| {
            let last = self.of(what).last().filter(|word| !word.covered);
            last.is_none_or(|word| word.at > now || until(word.at, now) >= AGAIN)
        };
        let down = down.iter().filter(|what| stale(what)).map(|what| (*what, false));
        down.chain(up.iter().filter(|what| self.is_down(what)).map(|what| (*what, true))).collect()
    }

    fn say(&mut self, what: &'static str, covered: bool, at: Timestamp) {
        let words = self.words.entry(what).or_default();
        words.push(Word { at, covered });
        let old = words.iter().take_while(|word| until(word.at, at) > KEPT).count();
        words.drain(..old.saturating_sub(1));
    }
}

impl Sender {
    /// The terms of all types, with what is known of the line now.
    pub(crate) fn terms(&self) -> Terms {
        let now = self.now();
        Terms { of: Arc::clone(&self.legal), gaps: self.without_coverage(now), now }
    }

    /// The times without data coverage. An own network that is down may be anybody's cable: it counts only where a
    /// setting says that the coverage itself comes and goes with it (a mobile modem).
    fn without_coverage(&self, now: Timestamp) -> Vec<Gap> {
        let coverage = lock(&self.coverage);
        let internet = gaps(coverage.of(INTERNET), now);
        match self.settings().own_network_counts {
            true => merged(internet, gaps(coverage.of(NETWORK), now)),
            false => internet,
        }
    }

    /// Notes what a request tells of the line. Answers why nothing was heard, in plain words, where more is known
    /// than the request itself could tell.
    pub(crate) async fn note_reach(&self, heard: &Heard) -> Option<&'static str> {
        let reach = match heard {
            Heard::Reply { .. } => None,
            Heard::Nothing { .. } => Some(self.reach().await),
            Heard::Elapsed => return None,
        };
        self.tell_reach(reach).await;
        match reach? {
            Reach::Network => Some(NO_NETWORK),
            Reach::Internet => Some(NO_INTERNET),
            Reach::Authority | Reach::Untold => None,
        }
    }

    /// What stands between: looked at once for all requests that fail together.
    async fn reach(&self) -> Reach {
        let _turn = self.reaching.lock().await;
        if let Some((at, reach)) = lock(&self.coverage).found
            && self.parts.clock.steady().saturating_sub(at) < FRESH
        {
            return reach;
        }
        let reach = self.parts.carrier.reach(&self.hosts()).await;
        lock(&self.coverage).found = Some((self.parts.clock.steady(), reach));
        self.lost.notify_one();
        reach
    }

    /// The authority's hosts, of all channels.
    fn hosts(&self) -> Vec<String> {
        let Ok(issuer) = self.issuer() else { return Vec::new() };
        let cx = self.cx(&issuer, None);
        let of = |channel: &Arc<dyn timbre_core::Channel>| channel.hosts(&cx).unwrap_or_default();
        let mut hosts: Vec<_> = self.parts.channels.values().flat_map(of).map(|(_, base)| base).collect();
        hosts.sort_unstable();
        hosts.dedup();
        hosts
    }

    /// Says what changed, and again what goes on.
    async fn tell_reach(&self, reach: Option<Reach>) {
        let now = self.now();
        // As the journal keeps it.
        let now = Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now);
        let news = {
            let mut coverage = lock(&self.coverage);
            if reach.is_none() {
                coverage.found = None;
            }
            let news = coverage.news(reach, now);
            news.iter().for_each(|(what, up)| coverage.say(what, *up, now));
            news
        };
        if news.is_empty() {
            return;
        }
        let fact = |(what, up): &(&'static str, bool)| {
            tracing::info!(what, up, "reach");
            let why = match (*what, up) {
                (_, true) => "",
                (NETWORK, false) => NO_NETWORK,
                (INTERNET, false) => NO_INTERNET,
                (_, false) => "hay internet y la autoridad no responde",
            };
            Fact::Line { what: (*what).to_owned(), up: *up, why: why.to_owned() }
        };
        if let Err(error) = self.writer().commit(news.iter().map(fact).collect()).await {
            tracing::error!(%error, "what was found of the line can't be written");
        }
    }

    /// While this machine's network or the internet is away, watches for its return without asking the authority;
    /// then the lines are looked at at once. Names that were found all the while tell nothing: then the looks keep
    /// to their own pace.
    pub(crate) async fn await_return(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut found = true;
        loop {
            let pause = match lock(&self.coverage).found {
                Some((_, Reach::Network)) => Some(GLANCE),
                Some((_, Reach::Internet)) => Some(NAMES),
                Some((_, Reach::Authority | Reach::Untold)) | None => None,
            };
            let waited = async {
                match pause {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => self.lost.notified().await,
                }
            };
            tokio::select! {
                _ = stop.changed() => return,
                () = waited => {}
            }
            let finds = self.parts.carrier.finds(&self.hosts()).await;
            if pause.is_some() && finds && !found {
                tracing::info!("a way out is back");
                lock(&self.coverage).found = None;
                self.look_at_lost_lines(self.now());
                self.wake();
            }
            found = finds;
        }
    }
}
