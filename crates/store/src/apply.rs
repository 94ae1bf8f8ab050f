//! What each fact does to the index. It believes every fact: whether one may be written is asked
//! in `rules`, before.

use timbre_core::{Cause, DocState, DocumentId, GrantId, Remark, Timestamp};

use crate::fact::{Answered, GrantLoaded, Issued, Moved, Sending};
use crate::index::Keys;
use crate::key::{self, Outbox};
use crate::live::{Counter, GrantRow};
use crate::overlay::{Overlay, ParcelRow};
use crate::{Fact, Mark, OpenParcel, Place, Row, StoreError, numbering};

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
            first_issue(on, issued, stand, &mut noticed)?;
        }
        Fact::Issued(issued) => reissue(on, issued, stand, &mut noticed)?,
        Fact::Sending(sending) => send(on, sending, stand)?,
        Fact::Answered(answered) => answer(on, answered, stand)?,
        Fact::Moved(moved) => step(on, moved, stand)?,
        Fact::Attention { document, reason } => attention(on, document, reason.as_ref())?,
        Fact::Annulled { document, by } => {
            if let Some(mut row) = on.row(document)? {
                row.annulled_by = Some(by.clone());
                on.put_row(&row)?;
            }
        }
        Fact::GrantLoaded(loaded) => grant(on, loaded, stand)?,
        Fact::GrantStopped { grant, why } => {
            if let Some(mut counter) = on.json::<Counter>(&key::counter(grant))? {
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
        Fact::Line { what, up, .. } => line(on, what, *up, stand.at)?,
        Fact::IssuingLocked(lock) => {
            on.put_json(key::LOCK.to_vec(), lock)?;
            on.remove(key::LOCK_FOUND.to_vec());
        }
        Fact::IssuingUnlocked { beyond, .. } => {
            on.remove(key::LOCK.to_vec());
            on.remove(key::LOCK_FOUND.to_vec());
            beyond.iter().try_for_each(|mark| raise(on, mark))?;
        }
        Fact::Login { .. }
        | Fact::Printed { .. }
        | Fact::Mailed { .. }
        | Fact::Notified { .. }
        | Fact::Acted { .. } => {}
    }
    note_history(on, fact, stand)?;
    Ok(noticed)
}

/// Ends a batch: a parcel none of whose documents is under way any more is closed.
pub(crate) fn end_batch(on: &mut Overlay<'_>) -> Result<(), StoreError> {
    for (id, sent_now) in std::mem::take(&mut on.parcels) {
        let under_way = on.parcel(&id)?.map_or(0, |row| row.under_way);
        if under_way == 0 && !sent_now {
            on.remove(key::open_parcel(&id));
        }
    }
    Ok(())
}

/// A counter never goes down.
pub(crate) fn raise(on: &mut Overlay<'_>, mark: &Mark) -> Result<(), StoreError> {
    let counter: Option<Counter> = on.json(&key::counter(&mark.grant))?;
    let stopped = counter.as_ref().and_then(|c| c.stopped.clone());
    let last = on.json::<GrantRow>(&key::grant(&mark.grant))?.map(|row| row.last);
    let next = counter.map_or(0, |c| c.next).max(mark.next);
    let next = last.map_or(next, |last| next.min(last + 1));
    let counter = Counter { series: mark.series.clone(), next, stopped };
    on.put_json(key::counter(&mark.grant), &counter)
}

fn first_issue(
    on: &mut Overlay<'_>,
    issued: &Issued,
    stand: Stand,
    noticed: &mut Noticed,
) -> Result<(), StoreError> {
    let id = &issued.document.id;
    if on.order(id)?.is_some() {
        noticed.repeated = true;
        return Ok(());
    }
    spend(on, issued, noticed)?;
    new_row(on, issued, DocState::Generado, stand)
}

/// Moves the grant's counter past the document's folio.
fn spend(on: &mut Overlay<'_>, issued: &Issued, noticed: &mut Noticed) -> Result<(), StoreError> {
    let document = &issued.document;
    let Some(mut counter) = on.json::<Counter>(&key::counter(&document.grant))? else {
        return Ok(());
    };
    let number = document.id.number;
    if number > counter.next {
        let id = |number| DocumentId { series: document.id.series.clone(), number };
        noticed.skipped = Some((id(counter.next), id(number - 1)));
    }
    if number >= counter.next {
        counter.next = number + 1;
        noticed.gave = Some(document.grant.clone());
        on.put_json(key::counter(&document.grant), &counter)?;
    }
    Ok(())
}

fn new_row(
    on: &mut Overlay<'_>,
    issued: &Issued,
    state: DocState,
    stand: Stand,
) -> Result<(), StoreError> {
    let document = &issued.document;
    let order = stand.sequence;
    let row = Row {
        id: document.id.clone(),
        order,
        version: document.version,
        channel: document.channel.clone(),
        date: document.date,
        issued: document.stamped,
        receiver: document.receiver.clone(),
        total: document.total,
        words: document.words.clone(),
        state,
        since: stand.at,
        attention: None,
        annulled_by: None,
        replaced_by: None,
        track: None,
        attempts: 0,
        next_try: None,
        error: None,
        remarks: Vec::new(),
        parcel: None,
        key: issued.key.clone(),
        sale_hash: issued.sale_hash.clone(),
        totals: issued.totals.clone(),
        frame: stand.place,
    };
    let order_bytes = order.to_be_bytes().to_vec();
    on.put(key::document(&document.id), order_bytes.clone());
    if let Some(idempotency) = &issued.key {
        on.put(key::idempotency(idempotency), order_bytes);
    }
    on.put(key::in_state(state, order), Vec::new());
    if state.may_send() {
        on.put(key::outbox(Outbox::Authority, order), Vec::new());
    }
    on.count(state, false, 1)?;
    on.count_day(document.date, 1)?;
    note_version(on, issued, order, stand)?;
    on.put_row(&row)
}

fn reissue(
    on: &mut Overlay<'_>,
    issued: &Issued,
    stand: Stand,
    noticed: &mut Noticed,
) -> Result<(), StoreError> {
    let document = &issued.document;
    let Some(mut row) = on.row(&document.id)? else {
        // Its first version was lost: this one is what there is.
        spend(on, issued, noticed)?;
        return new_row(on, issued, DocState::Rechazado, stand);
    };
    if on.get(&key::version(row.order, document.version))?.is_some() {
        noticed.repeated = true;
        return Ok(());
    }
    on.count_day(row.date, -1)?;
    on.count_day(document.date, 1)?;
    row.version = document.version;
    row.channel = document.channel.clone();
    row.date = document.date;
    row.issued = document.stamped;
    row.receiver = document.receiver.clone();
    row.total = document.total;
    row.words = document.words.clone();
    row.sale_hash = issued.sale_hash.clone();
    row.totals = issued.totals.clone();
    row.frame = stand.place;
    note_version(on, issued, row.order, stand)?;
    on.put_row(&row)
}

fn note_version(
    on: &mut Overlay<'_>,
    issued: &Issued,
    order: u64,
    stand: Stand,
) -> Result<(), StoreError> {
    let document = &issued.document;
    on.put(key::version(order, document.version), key::place_bytes(stand.place));
    let stamp: Option<Timestamp> = on.json(key::STAMP)?;
    if stamp.is_none_or(|stamp| stamp < document.stamped) {
        on.put_json(key::STAMP.to_vec(), &document.stamped)?;
    }
    Ok(())
}

fn send(on: &mut Overlay<'_>, sending: &Sending, stand: Stand) -> Result<(), StoreError> {
    let mut under_way = 0;
    for (document, _) in &sending.documents {
        let Some(mut row) = on.row(document)? else {
            continue;
        };
        if is_under_way(row.state) {
            leave_parcel(on, &row)?;
            under_way += 1;
        }
        row.parcel = Some(sending.parcel.clone());
        on.put_row(&row)?;
        on.put(key::travelled(row.order, stand.sequence), sending.parcel.0.clone().into_bytes());
    }
    let row = ParcelRow {
        parcel: OpenParcel {
            id: sending.parcel.clone(),
            channel: sending.channel.clone(),
            documents: sending.documents.clone(),
            attempt: sending.attempt,
            sent: stand.at,
            state: None,
            due: None,
            frame: stand.place,
        },
        sha256: sending.sha256.clone(),
        under_way,
    };
    on.put_json(key::parcel(&sending.parcel), &row)?;
    on.put(key::open_parcel(&sending.parcel), Vec::new());
    on.parcels.insert(sending.parcel.clone(), true);
    Ok(())
}

/// The conversation of a parcel is kept in it; one about a single document is only history.
fn answer(on: &mut Overlay<'_>, answered: &Answered, _: Stand) -> Result<(), StoreError> {
    if answered.document.is_some() {
        return Ok(());
    }
    if let Some(mut row) = on.parcel(&answered.parcel)? {
        row.parcel.state = answered.state.clone();
        row.parcel.due = answered.due;
        on.put_json(key::parcel(&answered.parcel), &row)?;
    }
    Ok(())
}

fn step(on: &mut Overlay<'_>, moved: &Moved, stand: Stand) -> Result<(), StoreError> {
    let Some(mut row) = on.row(&moved.document)? else {
        return Ok(());
    };
    let order = row.order;
    let flagged = row.attention.is_some();
    on.remove(key::in_state(row.state, order));
    on.put(key::in_state(moved.to, order), Vec::new());
    on.count(row.state, flagged, -1)?;
    on.count(moved.to, flagged, 1)?;
    match moved.to.may_send() {
        true => on.put(key::outbox(Outbox::Authority, order), Vec::new()),
        false => on.remove(key::outbox(Outbox::Authority, order)),
    }
    match (is_under_way(row.state), is_under_way(moved.to)) {
        (false, true) => enter_parcel(on, &row)?,
        (true, false) => leave_parcel(on, &row)?,
        (true, true) | (false, false) => {}
    }
    row.state = moved.to;
    row.since = stand.at;
    row.attempts = moved.attempts;
    row.next_try = moved.next_try;
    tell(&mut row, &moved.cause);
    on.put_row(&row)
}

/// What a cause says about the document.
fn tell(row: &mut Row, cause: &Cause) {
    let first = |remarks: &[Remark]| remarks.first().map(|r| r.meaning.clone());
    match cause {
        Cause::Sending | Cause::ByHand | Cause::Absent => {}
        Cause::NotSent { why } | Cause::NoLine { why } | Cause::Doubt { why } | Cause::Refused { why } => {
            row.error = Some(why.clone());
        }
        Cause::Sent { track } => {
            row.track = Some(track.clone());
            row.error = None;
        }
        Cause::Accepted { remarks } => {
            row.error = first(remarks);
            row.remarks = remarks.clone();
        }
        Cause::Rejected { reasons, .. } => {
            row.error = first(reasons);
            row.remarks = reasons.clone();
        }
        Cause::Reissued => {
            row.track = None;
            row.error = None;
            row.remarks = Vec::new();
        }
        Cause::Replaced { by } => row.replaced_by = Some(by.clone()),
    }
}

/// Its bytes are, or may be, at the authority without a verdict.
fn is_under_way(state: DocState) -> bool {
    matches!(state, DocState::Enviando | DocState::Enviado | DocState::Verificando)
}

fn enter_parcel(on: &mut Overlay<'_>, row: &Row) -> Result<(), StoreError> {
    change_parcel(on, row, 1)
}

fn leave_parcel(on: &mut Overlay<'_>, row: &Row) -> Result<(), StoreError> {
    change_parcel(on, row, -1)
}

fn change_parcel(on: &mut Overlay<'_>, row: &Row, by: i32) -> Result<(), StoreError> {
    let Some(id) = &row.parcel else {
        return Ok(());
    };
    if let Some(mut parcel) = on.parcel(id)? {
        parcel.under_way = parcel.under_way.saturating_add_signed(by);
        on.put_json(key::parcel(id), &parcel)?;
        if by > 0 {
            on.put(key::open_parcel(id), Vec::new());
        }
        on.parcels.entry(id.clone()).or_insert(false);
    }
    Ok(())
}

fn attention(
    on: &mut Overlay<'_>,
    document: &DocumentId,
    reason: Option<&String>,
) -> Result<(), StoreError> {
    let Some(mut row) = on.row(document)? else {
        return Ok(());
    };
    on.count(row.state, row.attention.is_some(), -1)?;
    on.count(row.state, reason.is_some(), 1)?;
    match reason {
        Some(_) => on.put(key::attention(row.order), Vec::new()),
        None => on.remove(key::attention(row.order)),
    }
    row.attention = reason.cloned();
    on.put_row(&row)
}

fn grant(on: &mut Overlay<'_>, loaded: &GrantLoaded, stand: Stand) -> Result<(), StoreError> {
    let grant = &loaded.grant;
    let (first, last) = numbering::share(grant, loaded.share).unwrap_or((grant.first, grant.last));
    let row = GrantRow {
        grant: grant.clone(),
        first,
        last,
        loaded: stand.at,
        frame: stand.place,
    };
    on.put_json(key::grant(&grant.id), &row)?;
    // Documents that carry its folios although the journal does not show it being loaded before.
    let seen = on.highest(&DocumentId { series: grant.series.clone(), number: last })?;
    let used = seen.filter(|seen| *seen >= first).max(loaded.used_up_to);
    let next = used.map_or(first, |used| first.max(used.saturating_add(1)));
    raise(on, &Mark { series: grant.series.clone(), grant: grant.id.clone(), next })
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
