//! Its authority, in memory, and the wire to it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use timbre_agent::carrier::{Carrier, Reach};
use timbre_core::{Heard, Limits, Request, Sent, Timestamp};

/// What the authority does with the next requests of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Fine,
    /// Nothing leaves.
    Dead,
    /// Takes it and answers nothing.
    Swallow,
    /// Neither takes it nor answers.
    Lose,
    /// Says that the pass is no good.
    Stale,
    /// Takes nothing on this channel for now.
    Refuse,
    /// Takes the first of a parcel's documents and says nothing of the others.
    Halve,
    /// Takes nothing and wants to be left alone for no time at all.
    Busy,
    /// Takes nothing, and gives it the number of the first parcel.
    Borrow,
    /// Takes nothing and names a day for when to come again.
    Tomorrow,
    /// Wants to be asked again in no time at all.
    Hurry,
    /// Takes it and wants to be asked about it at once.
    Chat,
    /// Was asked too much, and wants a minute's rest.
    Throttle,
    /// Has trouble of its own.
    Error,
    /// Somebody else answers, with a page for people.
    Page,
}

#[derive(Default)]
pub struct Office {
    pub inner: Mutex<Books>,
}

#[derive(Default)]
pub struct Books {
    /// Documents by number, and how often each was offered.
    pub held: BTreeMap<String, u32>,
    pub parcels: Vec<String>,
    pub logins: u32,
    pub down: bool,
    /// How far the machine gets while nothing is heard, and whether it has found its way again.
    pub reach: Option<Reach>,
    pub finds: bool,
    /// The time by its own clock, which its answers bear.
    pub date: Option<Timestamp>,
    /// And those of its servers that show another one, by what is asked of them.
    pub dates: BTreeMap<&'static str, Timestamp>,
    /// Between the machine and the authority stands somebody who answers everything with a page.
    pub portal: bool,
    /// Addresses (`post/deliver`) that nothing reaches.
    pub dead: BTreeSet<&'static str>,
    /// What was asked at each address, heard or not.
    pub asked: BTreeMap<String, u32>,
    pub moods: VecDeque<(&'static str, Mood)>,
    /// What is said of a document by its number, whatever is held: `yes`, `no`, `bad` (and its number is
    /// burnt), `free` (and it is not), `odd`,
    /// `other` (somebody else's has its number), and `wait` for its parcel.
    pub words: BTreeMap<u64, &'static str>,
    /// Documents that take every parcel that they are in down with them.
    pub spoiled: BTreeSet<u64>,
    /// Documents for which every parcel that they are in is refused as one that is there already.
    pub twins: BTreeSet<u64>,
    /// Every parcel falls for what is round its documents.
    pub bad_cover: bool,
    /// The same where a single document is asked about, before what `words` has.
    pub have: BTreeMap<u64, &'static str>,
    /// The same of the next questions, whatever they are of.
    pub haves: VecDeque<&'static str>,
    /// Passes up to this one are no good any more.
    pub expired: u32,
    /// Was each delivery, and each question about a parcel, said to be of what may have arrived before?
    pub repeated: Vec<bool>,
    /// How many documents each delivery by `post` was of, taken or not.
    pub offered: Vec<usize>,
    /// Deliveries seen in the order of their documents.
    pub order: Vec<u64>,
    pub most_at_once: u32,
    at_once: u32,
}

impl Books {
    pub fn asked(&self, address: &str) -> u32 {
        self.asked.get(address).copied().unwrap_or_default()
    }

    fn word(&self, document: &str) -> &'static str {
        let held = if self.held.contains_key(document) { "yes" } else { "no" };
        self.words.get(&number(document)).copied().unwrap_or(held)
    }

    /// What is said of a parcel: one word, or one for each of its documents.
    fn track(&self, track: &str) -> String {
        let at: usize = track.parse().unwrap();
        let each: Vec<_> =
            self.parcels[at - 1].lines().skip(1).map(|line| (number(line), self.word(line))).collect();
        if self.bad_cover {
            return "cover".to_owned();
        }
        if each.iter().any(|(number, _)| self.spoiled.contains(number)) {
            return "fell".to_owned();
        }
        if each.iter().any(|(number, _)| self.twins.contains(number)) {
            return "there".to_owned();
        }
        match each.iter().find(|(_, word)| *word == "wait") {
            Some(_) => "wait".to_owned(),
            None if each.iter().all(|(_, word)| *word == "yes") => "yes".to_owned(),
            None => {
                let words: Vec<_> = each.iter().map(|(number, word)| format!("{number}={word}")).collect();
                format!("each {}", words.join(" "))
            }
        }
    }
}

fn number(document: &str) -> u64 {
    document.split(':').next().unwrap().parse().unwrap()
}

impl Office {
    pub fn books(&self) -> std::sync::MutexGuard<'_, Books> {
        self.inner.lock().unwrap()
    }

    fn answer(&self, request: &Request) -> Heard {
        let mut books = self.books();
        let address = request.url.strip_prefix("mem:").unwrap().to_owned();
        *books.asked.entry(address.clone()).or_default() += 1;
        if matches!(request.what, "deliver" | "track?") {
            let said = request.headers.iter().find(|(name, _)| name == "repeated");
            books.repeated.extend(said.map(|(_, said)| said == "true"));
        }
        if address == "post/deliver" {
            let documents = request.body.iter().filter(|byte| **byte == b'\n').count() - 1;
            books.offered.push(documents);
        }
        let nothing = |sent| Heard::Nothing { sent, why: "prueba".into() };
        if books.down || books.dead.contains(address.as_str()) {
            return nothing(Sent::No);
        }
        let mood = match books.moods.front() {
            _ if books.portal => Mood::Page,
            Some((what, mood)) if *what == request.what => {
                let mood = *mood;
                books.moods.pop_front();
                mood
            }
            _ => Mood::Fine,
        };
        match mood {
            Mood::Dead => return nothing(Sent::No),
            Mood::Lose => return nothing(Sent::Perhaps),
            Mood::Stale => return reply("stale"),
            Mood::Refuse => return reply("refuse"),
            Mood::Busy => return reply("busy"),
            Mood::Borrow => return reply("track 1"),
            Mood::Tomorrow => return reply("tomorrow"),
            Mood::Hurry => return reply("hurry"),
            Mood::Throttle => return Heard::Reply { status: 429, headers: vec![], body: Bytes::new() },
            Mood::Error => {
                return Heard::Reply { status: 500, headers: vec![], body: Bytes::from_static(b"Error 500") };
            }
            Mood::Page => return reply("<html> Acepte las condiciones.</html>"),
            Mood::Fine | Mood::Swallow | Mood::Halve | Mood::Chat => {}
        }
        let pass = request.headers.iter().find_map(|(_, pass)| pass.strip_prefix("pass-")?.parse().ok());
        if request.what != "login" && pass.is_some_and(|pass: u32| pass <= books.expired) {
            return reply("stale");
        }
        let body = String::from_utf8(request.body.to_vec()).unwrap();
        let text = match request.what {
            "login" => {
                books.logins += 1;
                format!("token pass-{}", books.logins)
            }
            "deliver" => {
                books.parcels.push(body.clone());
                for line in body.lines().skip(1) {
                    *books.held.entry(line.to_owned()).or_default() += 1;
                    books.order.push(number(line));
                }
                match address.as_str() {
                    _ if mood == Mood::Halve => "half".to_owned(),
                    _ if mood == Mood::Chat => format!("chat {}", books.parcels.len()),
                    // The other channel answers with the verdict at once.
                    "mail/deliver" => "yes".to_owned(),
                    // As does this one, where single documents travel and it has one.
                    _ => match body.lines().nth(1).map(|document| books.word(document)) {
                        Some(word @ ("yes" | "bad" | "free")) if !super::several() => word.to_owned(),
                        _ => format!("track {}", books.parcels.len()),
                    },
                }
            }
            "track?" => books.track(&body),
            "have?" => {
                let said = books.haves.pop_front().or_else(|| books.have.get(&number(&body)).copied());
                said.unwrap_or_else(|| books.word(&body)).to_owned()
            }
            other => panic!("{other}"),
        };
        if mood == Mood::Swallow { nothing(Sent::Perhaps) } else { reply(&text) }
    }
}

fn reply(text: &str) -> Heard {
    Heard::Reply { status: 200, headers: vec![], body: Bytes::copy_from_slice(text.as_bytes()) }
}

/// Carries to the office, with a turn of the executor in between as a network would.
pub struct Wire(pub Arc<Office>);

impl Carrier for Wire {
    fn carry<'a>(
        &'a self,
        request: &'a Request,
        _: &'a Limits,
    ) -> Pin<Box<dyn Future<Output = Heard> + Send + 'a>> {
        Box::pin(async move {
            {
                let mut books = self.0.books();
                books.at_once += 1;
                books.most_at_once = books.most_at_once.max(books.at_once);
            }
            tokio::task::yield_now().await;
            let mut heard = self.0.answer(request);
            let mut books = self.0.books();
            books.at_once -= 1;
            let date = books.dates.get(request.what).copied().or(books.date);
            if let (Heard::Reply { headers, .. }, Some(date)) = (&mut heard, date) {
                let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&date);
                headers.push(("date".to_owned(), date.unwrap()));
            }
            heard
        })
    }

    fn reach<'a>(&'a self, _: &'a [String]) -> Pin<Box<dyn Future<Output = Reach> + Send + 'a>> {
        Box::pin(async { self.0.books().reach.unwrap_or(Reach::Untold) })
    }

    fn finds<'a>(&'a self, _: &'a [String]) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        Box::pin(async { self.0.books().finds })
    }
}

/// How often the authority was asked about a document of the first channel.
pub fn questions(office: &Office) -> u32 {
    office.books().asked("post/have?")
}
