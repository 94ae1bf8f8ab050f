//! What a sealed document does to the index: its row, its folio, its place in the queue.

use timbre_core::{DocState, DocumentId, Timestamp};

use crate::apply::{Noticed, Stand};
use crate::fact::Issued;
use crate::index::Keys;
use crate::key;
use crate::live::Counter;
use crate::overlay::Overlay;
use crate::{Row, StoreError, claims, list, travel, watch};

/// A new document: its folio is spent.
pub(crate) fn first(
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
        counter.skip_to(number, true);
        counter.next = number + 1;
        noticed.gave = Some(document.grant.clone());
    } else {
        // A later version of one whose first was lost.
        counter.settle((number, number));
    }
    on.put_json(key::counter(&document.grant), &counter)
}

fn new_row(on: &mut Overlay<'_>, issued: &Issued, state: DocState, stand: Stand) -> Result<(), StoreError> {
    let document = &issued.document;
    let order = stand.sequence;
    let row = Row {
        id: document.id.clone(),
        order,
        revision: order,
        version: document.version,
        channel: document.channel.clone(),
        date: document.date,
        issued: document.stamped,
        receiver: document.receiver.clone(),
        total: document.total,
        words: document.words.clone(),
        sold_by: issued.till.cajero.clone(),
        state,
        since: stand.at,
        attention: None,
        annulled_by: None,
        replaced_by: None,
        noted: None,
        claims: issued.claims.clone(),
        follows: issued.follows.clone(),
        annuls: issued.annuls.clone(),
        awaits_authority: issued.awaits_authority,
        used_by: Vec::new(),
        track: None,
        attempts: 0,
        next_try: None,
        most: None,
        given: None,
        error: None,
        remarks: Vec::new(),
        papers: Vec::new(),
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
    for set in list::sets_of(&row) {
        on.put(key::in_set(set, order), Vec::new());
    }
    travel::queue(on, &row);
    claims::take(on, &row, stand)?;
    on.count(&document.id.series, state, false, 1)?;
    on.count_day(document.date, 1)?;
    watch::count_hour(on, document)?;
    note_version(on, issued, order, stand)?;
    on.put_row(row, stand.sequence)
}

/// A later version on the same folio; the move to its state is a fact of its own.
pub(crate) fn again(
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
    for set in list::sets_of(&row) {
        on.remove(key::in_set(set, row.order));
    }
    travel::unqueue(on, &row);
    claims::give_back(on, &row, stand)?;
    row.version = document.version;
    row.channel = document.channel.clone();
    row.date = document.date;
    row.issued = document.stamped;
    row.receiver = document.receiver.clone();
    row.total = document.total;
    row.words = document.words.clone();
    row.sold_by = issued.till.cajero.clone();
    row.sale_hash = issued.sale_hash.clone();
    row.totals = issued.totals.clone();
    row.frame = stand.place;
    row.claims = issued.claims.clone();
    row.follows = issued.follows.clone();
    row.annuls = issued.annuls.clone();
    row.awaits_authority = issued.awaits_authority;
    for set in list::sets_of(&row) {
        on.put(key::in_set(set, row.order), Vec::new());
    }
    // Its term runs anew, and so do the warnings of it.
    on.remove(key::warned(row.order));
    travel::queue(on, &row);
    claims::take(on, &row, stand)?;
    note_version(on, issued, row.order, stand)?;
    on.put_row(row, stand.sequence)
}

fn note_version(on: &mut Overlay<'_>, issued: &Issued, order: u64, stand: Stand) -> Result<(), StoreError> {
    let document = &issued.document;
    on.put(key::version(order, document.version), key::place_bytes(stand.place));
    let stamp: Option<Timestamp> = on.json(key::STAMP)?;
    if stamp.is_none_or(|stamp| stamp < document.stamped) {
        on.put_json(key::STAMP.to_vec(), &document.stamped)?;
    }
    Ok(())
}
