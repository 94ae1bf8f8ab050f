//! What a folder may change about the engine: technical settings only, never law.

use std::collections::BTreeMap;
use std::time::Duration;

use timbre_core::channel::Conduct;

/// The engine's settings. The defaults are for the real authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Conversations with the authority at once.
    pub workers: usize,
    /// Uploads whose bytes may have left before a document waits for the long pause.
    pub attempts: u32,
    /// Documents of one parcel at the most, where the channel allows as many. When one of them is bad the authority
    /// may reject them all.
    pub parcel: usize,
    /// First pause after a failed try, and the longest.
    pub retry_base: Duration,
    pub retry_cap: Duration,
    /// First and longest pause between two looks at a line that is down.
    pub line_base: Duration,
    pub line_cap: Duration,
    pub conduct: Conduct,
    /// How long the authority is asked about a verdict that a person noted: by then the tax of its month was declared.
    /// Afterwards only by hand.
    pub noted_for: Duration,
    /// A rejected document that the authority does not have keeps its number when it is made again. Sources
    /// disagree whether a rejection uses it up: where it does, each gets a new one.
    pub same_number: bool,
    /// Two questions of a conversation are never closer, whatever time the authority names.
    pub poll_floor: Duration,
    /// Terms told by the folder, by series; see [`crate::deadline::terms`].
    pub terms: BTreeMap<String, Duration>,
    /// This machine's network comes and goes with the data coverage: while it is away a term stands still, too.
    pub own_network_counts: bool,
    /// This machine's clock may differ from the authority's by so much before somebody in charge is asked.
    pub clock_tolerance: Duration,
    /// A sale of the panel must have who sold it, where anybody has a PIN.
    pub ask_cashier: bool,
    /// It is time for more folios when those left last no longer than this at the pace of past weeks; where that
    /// can't be told, when less than so many percent of what was loaded is left.
    pub folios_last: Duration,
    pub folios_percent: u64,
    /// Base address of the simulator, in a training folder.
    pub simulator: Option<String>,
    /// What stands over the panel while this run does something out of the ordinary, a sentence.
    pub standing: Option<String>,
}

impl Settings {
    /// For the real authority, with the `User-Agent` that it wants.
    pub fn new(user_agent: impl Into<String>) -> Settings {
        let minutes = |n: u64| Duration::from_secs(60 * n);
        Settings {
            workers: 5,
            attempts: 3,
            parcel: 50,
            retry_base: Duration::from_secs(15),
            retry_cap: minutes(30),
            line_base: Duration::from_secs(5),
            // Chance takes half of it at most: under one look a minute in a long outage.
            line_cap: Duration::from_secs(130),
            conduct: Conduct {
                user_agent: user_agent.into(),
                // "Wait ten minutes after sending before asking", and the paces that follow.
                first_poll: minutes(10),
                quick_poll: minutes(1),
                polls: vec![minutes(10), minutes(20), minutes(40), minutes(60)],
                absence_after: minutes(10),
                absence_gap: minutes(2),
                settle_after: minutes(24 * 60),
                // UNCONFIRMED whether every holder of a certificate may ask the second question.
                data_alone: false,
            },
            noted_for: minutes(60 * 24 * 60),
            same_number: true,
            poll_floor: Duration::from_secs(30),
            terms: BTreeMap::new(),
            own_network_counts: false,
            clock_tolerance: minutes(5),
            ask_cashier: false,
            folios_last: minutes(3 * 24 * 60),
            folios_percent: 20,
            simulator: None,
            standing: None,
        }
    }

    /// The same with every wait of the authority shortened to seconds, for training.
    pub fn hurried(mut self) -> Settings {
        let ms = Duration::from_millis;
        self.retry_base = ms(300);
        self.retry_cap = ms(3_000);
        self.line_base = ms(250);
        self.line_cap = ms(2_000);
        self.poll_floor = ms(200);
        self.conduct.first_poll = ms(400);
        self.conduct.quick_poll = ms(400);
        self.conduct.polls = vec![ms(400), ms(800), ms(1_500), ms(3_000)];
        self.conduct.absence_after = ms(4_000);
        self.conduct.absence_gap = ms(1_000);
        self.conduct.settle_after = ms(300_000);
        self
    }
}
