//! The keys of the index: one tree, a letter first, numbers big-endian so that they sort.
//!
//! | key | value |
//! |---|---|
//! | `M` name | what is known once: schema, applied, counts, company, certificate, stamp, lock |
//! | `L` what | the line: up or down, since |
//! | `G` grant | the range: grant, this folder's share, its frame |
//! | `N` grant | its counter: next folio, stopped, passed over |
//! | `T` date | how many documents bear that date |
//! | `R` order | the row of a document |
//! | `D` series 0 number | its order |
//! | `C` series 0 number | what is used up of a document of another system |
//! | `K` idempotency key | its order |
//! | `V` order version | place of that version's frame |
//! | `Q` kind whom 0 order | the outbox: 1 authority (whom: channel 0 series), 2 print, 3 mail, 4 webhook |
//! | `U` series 0 order | documents that the authority may not hold yet: when they were stamped (microseconds) |
//! | `S` state order | documents by state |
//! | `A` order | documents with the flag attention |
//! | `Z` order | documents whose last paper did not come out, or not whole |
//! | `B` date order | documents by date of issue |
//! | `F` tax id 0 order | documents by receiver, without the marks in its id |
//! | `J` total order | documents by total (its sign turned, so that it sorts) |
//! | `H` order sequence | place of a frame that names the document |
//! | `X` order sequence | a parcel it travelled in |
//! | `E` parcel 0 sequence | place of a frame about a parcel as a whole |
//! | `P` parcel | the parcel |
//! | `O` parcel | the parcel is open |
//! | `Y` what 0 sequence | a word about the line: when (microseconds), up or down |
//! | `W` order | how much of a document's legal term had run when that was last told: percent |
//! | `I` series 0 hour | how many documents were issued in that hour since 1970 |
//! | `k` series 0 state | how many documents of that series are in that state |
//! | `w` series 0 level | how many documents of that series were ever told of at that level of their legal term |
//! | `v` date sequence | a sale that a card's voucher stands for |
//! | `n` idempotency key | the key of such a sale's record |
//! | `a` sequence | what a person did |

use timbre_core::paper::Copy;
use timbre_core::{Amount, ChannelId, Date, DocState, DocumentId, GrantId, ParcelId, Series};

use crate::Place;

/// Changes with the meaning of any key or value: an index of another number is made again.
pub(crate) const SCHEMA: u32 = 20;

pub(crate) const SCHEMA_KEY: &[u8] = b"Mschema";
pub(crate) const APPLIED: &[u8] = b"Mapplied";
pub(crate) const COUNTS: &[u8] = b"Mcounts";
pub(crate) const COMPANY: &[u8] = b"Mcompany";
pub(crate) const CERTIFICATE: &[u8] = b"Mcertificate";
pub(crate) const STAMP: &[u8] = b"Mstamp";
/// The lock as the journal has it.
pub(crate) const LOCK: &[u8] = b"Mlock";
/// How far the machine's clock is from the authority's, as it was told last.
pub(crate) const CLOCK: &[u8] = b"Mclock";
/// A person's word about that.
pub(crate) const CLOCK_ACCEPTED: &[u8] = b"Mclock-accepted";
/// A lock found at opening that the journal does not have yet.
pub(crate) const LOCK_FOUND: &[u8] = b"Mlock-found";
/// Where the last fact stands that lifted a lock.
pub(crate) const LIFTED: &[u8] = b"Mlifted";
/// Where the last damage lies that was stepped over when the journal was read into the index.
pub(crate) const STEPPED_OVER: &[u8] = b"Mstepped-over";

/// The key of the index itself, closed, where the journal has sealed segments.
pub(crate) const DISGUISE: &[u8] = b"Mdisguise";

/// May the value under such a key hold what a person said? Of the others it is a number, a place, or nothing.
pub(crate) fn holds_words(key: &[u8]) -> bool {
    match key.first() {
        Some(b'M') => key != SCHEMA_KEY && key != DISGUISE,
        Some(letter) => b"LGNCRQPXva".contains(letter),
        None => false,
    }
}

/// Since when card vouchers stand for documents, or don't.
pub(crate) const VOUCHER_TERMS: &[u8] = b"Mvoucher-terms";
/// How many sales there are that a voucher stands for.
pub(crate) const VOUCHED: &[u8] = b"Mvouched";

/// The name of a paper among those that wait.
pub(crate) fn paper(copy: Copy, order: u64) -> Vec<u8> {
    outbox(Outbox::Print, &copy.to_string(), order)
}

/// What an outbox entry is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Outbox {
    Authority = 1,
    Print = 2,
    #[expect(dead_code, reason = "in the format from the first day, used by a later issue")]
    Mail = 3,
    #[expect(dead_code, reason = "in the format from the first day, used by a later issue")]
    Webhook = 4,
}

pub(crate) fn line(what: &str) -> Vec<u8> {
    join(b'L', &[what.as_bytes()])
}

pub(crate) fn grant(id: &GrantId) -> Vec<u8> {
    join(b'G', &[id.0.as_bytes()])
}

pub(crate) fn counter(id: &GrantId) -> Vec<u8> {
    join(b'N', &[id.0.as_bytes()])
}

pub(crate) fn day(date: Date) -> Vec<u8> {
    join(b'T', &[date.to_string().as_bytes()])
}

/// The counter of a series' documents in a state.
pub(crate) fn in_series(series: &Series, state: DocState) -> Vec<u8> {
    join(b'k', &[series.0.as_bytes(), &[0, state_byte(state)]])
}

/// The counter of a series' documents that were told of at a level.
pub(crate) fn told(series: &Series, level: u8) -> Vec<u8> {
    join(b'w', &[series.0.as_bytes(), &[0, level]])
}

/// The series and the byte that such a key names.
pub(crate) fn series_and_byte(key: &[u8]) -> Option<(Series, u8)> {
    let (byte, head) = key.get(1..)?.split_last()?;
    Some((Series(String::from_utf8(head.strip_suffix(&[0])?.to_vec()).ok()?), *byte))
}

pub(crate) fn row(order: u64) -> Vec<u8> {
    join(b'R', &[&order.to_be_bytes()])
}

pub(crate) fn document(id: &DocumentId) -> Vec<u8> {
    series_number(&id.series, id.number)
}

pub(crate) fn series_number(series: &Series, number: u64) -> Vec<u8> {
    join(b'D', &[series.0.as_bytes(), &[0], &number.to_be_bytes()])
}

pub(crate) fn foreign(id: &DocumentId) -> Vec<u8> {
    join(b'C', &[id.series.0.as_bytes(), &[0], &id.number.to_be_bytes()])
}

pub(crate) fn idempotency(key: &str) -> Vec<u8> {
    join(b'K', &[key.as_bytes()])
}

pub(crate) fn version(order: u64, version: u32) -> Vec<u8> {
    join(b'V', &[&order.to_be_bytes(), &version.to_be_bytes()])
}

pub(crate) fn outbox(kind: Outbox, whom: &str, order: u64) -> Vec<u8> {
    join(b'Q', &[&[kind as u8], whom.as_bytes(), &[0], &order.to_be_bytes()])
}

/// What waits for the authority, by channel and series.
pub(crate) fn queued(channel: &ChannelId, series: &Series, order: u64) -> Vec<u8> {
    outbox(Outbox::Authority, &format!("{}\0{}", channel.0, series.0), order)
}

/// What the keys of all that waits for a channel begin with.
pub(crate) fn queued_in(channel: &ChannelId) -> Vec<u8> {
    join(b'Q', &[&[Outbox::Authority as u8], channel.0.as_bytes(), &[0]])
}

pub(crate) fn outbox_of(kind: Outbox) -> Vec<u8> {
    vec![b'Q', kind as u8]
}

pub(crate) fn unheld(series: &Series, order: u64) -> Vec<u8> {
    join(b'U', &[series.0.as_bytes(), &[0], &order.to_be_bytes()])
}

pub(crate) const UNHELD: &[u8] = b"U";

/// A word about the line.
pub(crate) fn word(what: &str, sequence: u64) -> Vec<u8> {
    join(b'Y', &[what.as_bytes(), &[0], &sequence.to_be_bytes()])
}

pub(crate) fn warned(order: u64) -> Vec<u8> {
    join(b'W', &[&order.to_be_bytes()])
}

/// `hour` is counted from 1970.
pub(crate) fn hour(series: &Series, hour: u64) -> Vec<u8> {
    join(b'I', &[series.0.as_bytes(), &[0], &hour.to_be_bytes()])
}

/// What precedes the number that a key ends in.
pub(crate) fn stem(key: &[u8]) -> &[u8] {
    &key[..key.len().saturating_sub(8)]
}

pub(crate) fn in_state(state: DocState, order: u64) -> Vec<u8> {
    join(b'S', &[&[state_byte(state)], &order.to_be_bytes()])
}

pub(crate) fn of_state(state: DocState) -> Vec<u8> {
    vec![b'S', state_byte(state)]
}

pub(crate) fn attention(order: u64) -> Vec<u8> {
    join(b'A', &[&order.to_be_bytes()])
}

pub(crate) fn of_date(date: Date) -> Vec<u8> {
    join(b'B', &[date.to_string().as_bytes()])
}

/// `bare` is the tax id without its marks.
pub(crate) fn of_receiver(bare: &str) -> Vec<u8> {
    join(b'F', &[bare.as_bytes(), &[0]])
}

pub(crate) fn of_total(total: Amount) -> Vec<u8> {
    join(b'J', &[&(total.0 ^ i64::MIN).to_be_bytes()])
}

/// A document in one of the three sets above.
pub(crate) fn in_set(mut set: Vec<u8>, order: u64) -> Vec<u8> {
    set.extend_from_slice(&order.to_be_bytes());
    set
}

pub(crate) fn history(order: u64, sequence: u64) -> Vec<u8> {
    join(b'H', &[&order.to_be_bytes(), &sequence.to_be_bytes()])
}

pub(crate) fn history_of(order: u64) -> Vec<u8> {
    join(b'H', &[&order.to_be_bytes()])
}

pub(crate) fn travelled(order: u64, sequence: u64) -> Vec<u8> {
    join(b'X', &[&order.to_be_bytes(), &sequence.to_be_bytes()])
}

pub(crate) fn travelled_of(order: u64) -> Vec<u8> {
    join(b'X', &[&order.to_be_bytes()])
}

pub(crate) fn parcel_event(id: &ParcelId, sequence: u64) -> Vec<u8> {
    join(b'E', &[id.0.as_bytes(), &[0], &sequence.to_be_bytes()])
}

pub(crate) fn parcel_events(id: &ParcelId) -> Vec<u8> {
    join(b'E', &[id.0.as_bytes(), &[0]])
}

pub(crate) fn parcel(id: &ParcelId) -> Vec<u8> {
    join(b'P', &[id.0.as_bytes()])
}

pub(crate) fn open_parcel(id: &ParcelId) -> Vec<u8> {
    join(b'O', &[id.0.as_bytes()])
}

pub(crate) fn unprinted(order: u64) -> Vec<u8> {
    join(b'Z', &[&order.to_be_bytes()])
}

pub(crate) fn vouched(date: Date, sequence: u64) -> Vec<u8> {
    join(b'v', &[date.to_string().as_bytes(), &sequence.to_be_bytes()])
}

pub(crate) fn vouched_key(key: &str) -> Vec<u8> {
    join(b'n', &[key.as_bytes()])
}

pub(crate) fn act(sequence: u64) -> Vec<u8> {
    join(b'a', &[&sequence.to_be_bytes()])
}

/// The number that a key ends in.
pub(crate) fn tail(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(*key.last_chunk::<8>()?))
}

/// Position in [`DocState::ALL`]; part of the index's format.
pub(crate) fn state_byte(state: DocState) -> u8 {
    DocState::ALL.iter().position(|s| *s == state).expect("ALL holds every state") as u8
}

/// A place as a value.
pub(crate) fn place_bytes(place: Place) -> Vec<u8> {
    let mut bytes = place.segment.to_be_bytes().to_vec();
    bytes.extend_from_slice(&place.offset.to_be_bytes());
    bytes
}

pub(crate) fn place_of(bytes: &[u8]) -> Option<Place> {
    let (segment, offset) = bytes.split_first_chunk::<4>()?;
    Some(Place { segment: u32::from_be_bytes(*segment), offset: u64::from_be_bytes(offset.try_into().ok()?) })
}

fn join(letter: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = vec![letter];
    for part in parts {
        key.extend_from_slice(part);
    }
    key
}
