//! What each fact does to the index. It believes every fact: whether one may be written is asked
//! in `rules`, before. Documents that are made are in `issue`, documents on their way in `travel`.

use timbre_core::{DocumentId, GrantId, Timestamp};

use crate::fact::GrantLoaded;
use crate::index::Keys;
use crate::live::{Counter, GrantRow};
use crate::overlay::Overlay;
use crate::{
    Fact, LockReason, Locked, Mark, Place, StoreError, WaitingPaper, acts, claims, issue, key, numbering,
    travel, voucher, watch, witness,
};

/// Where and when a fact stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stand {
    pub at: Timestamp,
    pub place: Place,
    pub sequence: u64,
}

/// What a replay wants to know beyond the changes themselves.
#[derive(Debug, Default)]
pub(crate) struct Noticed {
    /// A grant gave a folio: from here its counter is certain again.
    pub gave: Option<GrantId>,
    /// Folios that were passed over: they were given, and their documents are missing.
    pub skipped: Option<(DocumentId, DocumentId)>,
    /// The same document was in the journal before.
    pub repeated: bool,
}

pub(crate) fn apply(on: &mut Overlay<'_>, fact: &Fact, stand: Stand) -> Result<Noticed, StoreError> {
    let mut noticed = Noticed::default();
    match fact {
        Fact::Issued(issued) if issued.document.version == 1 => {
            issue::first(on, issued, stand, &mut noticed)?;
            voucher::take_part(on, issued, stand)?;
        }
        Fact::Issued(issued) => issue::again(on, issued, stand, &mut noticed)?,
        Fact::Sending(sending) => travel::send(on, sending, stand)?,
        Fact::Answered(answered) => travel::answer(on, answered)?,
        Fact::Moved(moved) => travel::step(on, moved, stand)?,
        Fact::Attention { document, reason } => attention(on, document, reason.as_ref(), stand)?,
        Fact::Annulled { document, by } => claims::annul(on, document, Some(by), stand)?,
        Fact::GrantLoaded(loaded) => grant(on, loaded, stand)?,
        Fact::GrantStopped { grant, why } => {
            if let Some(mut counter) = on.json::<Counter>(&key::counter(grant))? {
                if why.is_none() && counter.stopped.is_some() {
                    counter.reopened = counter.next;
                }
                counter.stopped = why.clone();
                on.put_json(key::counter(grant), &counter)?;
            }
        }
        Fact::Company { company, environment } => {
            on.put_json(key::COMPANY.to_vec(), &(company, environment))?;
        }
        Fact::CertificateLoaded(_) => {
            on.put(key::CERTIFICATE.to_vec(), key::place_bytes(stand.place));
        }
        Fact::Line { what, up, .. } => {
            watch::word(on, what, *up, stand);
            line(on, what, *up, stand.at)?;
        }
        Fact::Warned(warned) => watch::warn(on, warned)?,
        Fact::ClockSeen { offset_seconds, good } => watch::seen(on, *offset_seconds, *good, stand)?,
        Fact::ClockAccepted { who, offset_seconds } => watch::accept(on, who, *offset_seconds, stand)?,
        Fact::StampsResumed { .. } => on.put_json(key::STAMP.to_vec(), &stand.at)?,
        Fact::IssuingLocked(lock) => {
            on.put_json(key::LOCK.to_vec(), lock)?;
            match on.json::<Locked>(key::LOCK_FOUND)? {
                // That one is in no fact, and stays: with what tills say since.
                Some(found) if found.reason == LockReason::AnchorMissing => {
                    let found = Locked { said: lock.said.clone(), ..found };
                    on.put_json(key::LOCK_FOUND.to_vec(), &found)?;
                }
                Some(_) | None => on.remove(key::LOCK_FOUND.to_vec()),
            }
        }
        Fact::IssuingUnlocked { beyond, .. } => {
            let lock = on.json::<Locked>(key::LOCK)?;
            on.remove(key::LOCK.to_vec());
            on.remove(key::LOCK_FOUND.to_vec());
            on.put(key::LIFTED.to_vec(), key::place_bytes(stand.place));
            beyond.iter().try_for_each(|mark| raise(on, mark, false))?;
            lock.iter().try_for_each(|lock| witness::disbelieve(on, lock))?;
        }
        Fact::Printed { document, copy, how, printer } => {
            let paper = WaitingPaper {
                document: document.clone(),
                copy: *copy,
                how: how.clone(),
                printer: printer.clone(),
            };
            print(on, paper, stand)?;
        }
        Fact::SkippedAnnulled { grant, first, last } => {
            skipped_annulled(on, grant, (*first, *last))?;
        }
        Fact::Vouched(vouched) => voucher::take(on, vouched, stand)?,
        Fact::VouchedUndone(undone) => voucher::undo(on, undone, stand)?,
        Fact::VoucherTerm(term) => voucher::declare(on, *term)?,
        Fact::Login { .. } | Fact::Mailed { .. } | Fact::Notified { .. } | Fact::Acted { .. } => {}
    }
    acts::note(on, fact, stand)?;
    note_history(on, fact, stand)?;
    Ok(noticed)
}

/// A counter never goes down; whether what it passes over is `lost` here, or may have been used elsewhere.
pub(crate) fn raise(on: &mut Overlay<'_>, mark: &Mark, lost: bool) -> Result<(), StoreError> {
    let last = on.json::<GrantRow>(&key::grant(&mark.grant))?.map(|row| row.last);
    let next = last.map_or(mark.next, |last| mark.next.min(last + 1));
    let counter = match on.json::<Counter>(&key::counter(&mark.grant))? {
        Some(mut counter) => {
            counter.skip_to(next, lost);
            counter
        }
        None => {
            let series = mark.series.clone();
            Counter { series, next, stopped: None, reopened: 0, skipped: Vec::new(), disbelieved: Vec::new() }
        }
    };
    on.put_json(key::counter(&mark.grant), &counter)
}

/// What a person ticked off was passed over, wherever the counter came from.
fn skipped_annulled(on: &mut Overlay<'_>, grant: &GrantId, done: (u64, u64)) -> Result<(), StoreError> {
    let Some(mut counter) = on.json::<Counter>(&key::counter(grant))? else { return Ok(()) };
    counter.skip_to(done.1 + 1, false);
    counter.settle(done);
    on.put_json(key::counter(grant), &counter)
}

/// A paper waits from when it is asked for until it has ended, and its document remembers the last one of each kind:
/// one that came out says nothing of the other.
fn print(on: &mut Overlay<'_>, paper: WaitingPaper, stand: Stand) -> Result<(), StoreError> {
    let Some(mut row) = on.row(&paper.document)? else {
        return Ok(());
    };
    let waits = key::paper(paper.copy, row.order);
    match paper.how.is_ended() {
        true => on.remove(waits),
        false => on.put_json(waits, &paper)?,
    }
    let was = row.lacks_paper();
    row.papers.retain(|(copy, _)| copy.is_ceded() != paper.copy.is_ceded());
    row.papers.push((paper.copy, paper.how));
    match (was, row.lacks_paper()) {
        (false, true) => {
            on.put(key::unprinted(row.order), Vec::new());
            on.count_unprinted(1)?;
        }
        (true, false) => {
            on.remove(key::unprinted(row.order));
            on.count_unprinted(-1)?;
        }
        (true, true) | (false, false) => {}
    }
    on.put_row(row, stand.sequence)
}

pub(crate) fn attention(
    on: &mut Overlay<'_>,
    document: &DocumentId,
    reason: Option<&String>,
    stand: Stand,
) -> Result<(), StoreError> {
    let Some(mut row) = on.row(document)? else {
        return Ok(());
    };
    let series = &row.id.series;
    on.count(series, row.state, row.attention.is_some(), -1)?;
    on.count(series, row.state, reason.is_some(), 1)?;
    match reason {
        Some(_) => on.put(key::attention(row.order), Vec::new()),
        None => on.remove(key::attention(row.order)),
    }
    row.attention = reason.cloned();
    on.put_row(row, stand.sequence)
}

fn grant(on: &mut Overlay<'_>, loaded: &GrantLoaded, stand: Stand) -> Result<(), StoreError> {
    let grant = &loaded.grant;
    if loaded.again
        && let Some(row) = on.json::<GrantRow>(&key::grant(&grant.id))?
    {
        return on.put_json(key::grant(&grant.id), &GrantRow { frame: stand.place, ..row });
    }
    let (first, last) = numbering::share(grant, loaded.share).unwrap_or((grant.first, grant.last));
    let known = on.get(&key::grant(&grant.id))?.is_some();
    let row = GrantRow { grant: grant.clone(), first, last, loaded: stand.at, frame: stand.place };
    on.put_json(key::grant(&grant.id), &row)?;
    // Documents that carry its folios although the journal does not show it being loaded before.
    let seen = on.highest(&DocumentId { series: grant.series.clone(), number: last })?;
    let used = seen.filter(|seen| *seen >= first).max(loaded.used_up_to);
    let next = used.map_or(first, |used| first.max(used.saturating_add(1)));
    let series = grant.series.clone();
    let remembered: Option<Counter> = on.json(&key::counter(&grant.id))?;
    match remembered.filter(|_| !known) {
        // Of a journal that is gone: what it gave has no documents here.
        Some(remembered) => {
            let next = next.min(last + 1);
            let Counter { stopped, reopened, disbelieved, .. } = remembered;
            let mut counter = Counter { series, next, stopped, reopened, skipped: Vec::new(), disbelieved };
            counter.skip_to(remembered.next.min(last + 1), false);
            on.put_json(key::counter(&grant.id), &counter)
        }
        None => raise(on, &Mark { series, grant: grant.id.clone(), next }, false),
    }
}

fn line(on: &mut Overlay<'_>, what: &str, up: bool, at: Timestamp) -> Result<(), StoreError> {
    let before: Option<(bool, Timestamp)> = on.json(&key::line(what))?;
    match before {
        Some((was, _)) if was == up => Ok(()),
        Some(_) | None => on.put_json(key::line(what), &(up, at)),
    }
}

/// Writes down which documents and which parcel a fact names.
fn note_history(on: &mut Overlay<'_>, fact: &Fact, stand: Stand) -> Result<(), StoreError> {
    let place = key::place_bytes(stand.place);
    for document in fact.documents() {
        if let Some(order) = on.order(document)? {
            on.put(key::history(order, stand.sequence), place.clone());
        }
    }
    if let Some(parcel) = fact.parcel() {
        on.put(key::parcel_event(parcel, stand.sequence), place);
    }
    Ok(())
}
