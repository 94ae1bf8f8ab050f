//! The weather of a run: what its seed lets happen to the line, and when. All of it is over at `end`.

use std::time::Duration;

use crate::copies::Turn;
use crate::dice::Dice;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// One in so many seeds has a week without a line, so that the few of a plain test meet one; of the others chance decides.
const WEEKS: u64 = 84;

/// What a spell of bad weather does to every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spell {
    /// No way there: certainly nothing leaves.
    Dead,
    /// Whatever leaves is lost, and nothing comes back.
    Silent,
    /// Somebody else answers: HTTP 200 and a page.
    Portal,
    /// The authority's own trouble: HTTP 503.
    Broken,
    /// It takes what it is sent, and no answer comes back.
    Deaf,
}

/// What comes of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Through,
    /// It arrives, and the answer does so much later.
    Slow(Duration),
    /// It arrives; of the answer nothing is heard, or half, or half as if it were the whole.
    LostReply,
    Cut,
    Half,
    /// It does not arrive.
    LostRequest,
    NoWay,
    Portal,
    Status(u16),
}

/// A spell from a second to another, of one line or of all.
#[derive(Debug, Clone)]
pub struct Outage {
    pub from: u64,
    pub to: u64,
    pub does: Spell,
    pub line: Option<String>,
}

/// So many times in a thousand.
#[derive(Debug, Clone, Default)]
struct Rates {
    slow: u64,
    lost_reply: u64,
    lost_request: u64,
    cut: u64,
    half: u64,
    status: u64,
    portal: u64,
}

/// What the seed has in store. Seconds are of the run.
#[derive(Debug, Clone)]
pub struct Sky {
    dice: Dice,
    pub end: u64,
    pub outages: Vec<Outage>,
    rates: Rates,
    /// When every pass dies.
    pub pass_deaths: Vec<u64>,
    /// When what comes in gets stuck, and until when.
    pub stuck: Vec<(u64, u64)>,
    /// When the engine is stopped and started again.
    pub restarts: Vec<u64>,
    /// What befalls the folder.
    pub turns: Vec<(u64, Turn)>,
}

impl Sky {
    pub fn of(seed: u64, lines: &[&str]) -> Sky {
        let mut dice = Dice::new(seed, "sky");
        let long = dice.permille(8) || seed % WEEKS == WEEKS / 4;
        let mut outages = Vec::new();
        let mut end = dice.range(4, 20) * HOUR;
        if long {
            // A week without a line, which begins while there is something to send.
            let from = dice.range(10 * MINUTE, 2 * HOUR);
            let does = dice.one_of(&[Spell::Dead, Spell::Dead, Spell::Silent, Spell::Portal, Spell::Broken]);
            outages.push(Outage { from, to: from + 7 * DAY, does, line: None });
            end = from + 7 * DAY + HOUR;
        }
        for _ in 0..dice.range(0, 4) {
            let from = dice.range(0, 2 * HOUR);
            let most = dice.one_of(&[2 * MINUTE, 20 * MINUTE, 2 * HOUR, 5 * HOUR]);
            outages.push(Sky::spell(&mut dice, lines, from, from + MINUTE / 2, from + most));
        }
        if dice.permille(250) {
            // A line that flaps.
            let mut at = dice.range(0, 4 * HOUR);
            for _ in 0..dice.range(5, 30) {
                let outage = Sky::spell(&mut dice, lines, at, at + 5, at + 90);
                at = outage.to + dice.range(5, 120);
                outages.push(outage);
            }
        }
        let rates = match dice.range(0, 4) {
            0 => Rates::default(),
            1 => Rates { lost_reply: 300, ..Rates::default() },
            2 => Rates { lost_reply: 100, lost_request: 100, cut: 100, half: 50, ..Rates::default() },
            3 => Rates { slow: 150, status: 100, portal: 60, ..Rates::default() },
            _ => Rates {
                slow: 50,
                lost_reply: 60,
                lost_request: 60,
                cut: 40,
                half: 40,
                status: 40,
                portal: 20,
            },
        };
        let mut times = |most: u64, until: u64| -> Vec<u64> {
            let mut times: Vec<_> = (0..dice.range(0, most)).map(|_| dice.range(60, until)).collect();
            times.sort_unstable();
            times.dedup();
            times
        };
        let pass_deaths = times(6, end);
        let restarts = times(2, end.min(DAY));
        let stuck = times(2, 6 * HOUR).into_iter().map(|at| (at, at + dice.range(HOUR, 30 * HOUR))).collect();
        Sky { dice, end, outages, rates, pass_deaths, stuck, restarts, turns: Turn::all_of(seed) }
    }

    /// Nothing is in the way.
    pub fn calm() -> Sky {
        Sky {
            dice: Dice::new(0, "calm"),
            end: 0,
            outages: Vec::new(),
            rates: Rates::default(),
            pass_deaths: Vec::new(),
            stuck: Vec::new(),
            restarts: Vec::new(),
            turns: Vec::new(),
        }
    }

    fn spell(dice: &mut Dice, lines: &[&str], from: u64, least: u64, most: u64) -> Outage {
        let all = [Spell::Dead, Spell::Dead, Spell::Silent, Spell::Portal, Spell::Broken, Spell::Deaf];
        let does = dice.one_of(&all);
        let line = dice.permille(500).then(|| dice.one_of(lines).to_owned());
        Outage { from, to: dice.range(least, most.max(least)), does, line }
    }

    /// May an answer be lost whose request took effect? With the journal that had it, too.
    pub fn loses(&self) -> bool {
        let Rates { slow, lost_reply, cut, half, .. } = self.rates;
        let deaf = self.outages.iter().any(|outage| outage.does == Spell::Deaf);
        deaf || !self.restarts.is_empty() || !self.turns.is_empty() || slow + lost_reply + cut + half > 0
    }

    /// The spell that reigns over a line.
    pub fn spell_at(&self, line: &str, second: u64) -> Option<&Outage> {
        let over = |outage: &&Outage| outage.line.as_deref().is_none_or(|only| only == line);
        self.outages.iter().filter(over).find(|outage| (outage.from..outage.to).contains(&second))
    }

    /// What comes of a request that leaves now.
    pub fn strike(&mut self, line: &str, second: u64) -> Fate {
        if let Some(outage) = self.spell_at(line, second) {
            return match outage.does {
                Spell::Dead => Fate::NoWay,
                Spell::Silent => Fate::LostRequest,
                Spell::Portal => Fate::Portal,
                Spell::Broken => Fate::Status(503),
                Spell::Deaf => Fate::LostReply,
            };
        }
        if second >= self.end {
            return Fate::Through;
        }
        let slow = Duration::from_secs(self.dice.range(1, 200));
        let status = self.dice.one_of(&[429, 500, 502, 503, 504]);
        let fates = [
            (self.rates.slow, Fate::Slow(slow)),
            (self.rates.lost_reply, Fate::LostReply),
            (self.rates.lost_request, Fate::LostRequest),
            (self.rates.cut, Fate::Cut),
            (self.rates.half, Fate::Half),
            (self.rates.status, Fate::Status(status)),
            (self.rates.portal, Fate::Portal),
        ];
        let mut thrown = self.dice.range(0, 999);
        for (rate, fate) in fates {
            if thrown < rate {
                return fate;
            }
            thrown -= rate;
        }
        Fate::Through
    }
}
