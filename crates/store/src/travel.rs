//! What sending and answers do to the index: documents move from state to state, and a parcel is
//! open while any of them is under way in it.

use timbre_core::{Cause, DocState, Remark};

use crate::apply::{self, Stand};
use crate::fact::{Answered, Moved, Sending};
use crate::index::Keys;
use crate::key;
use crate::overlay::{Overlay, ParcelRow};
use crate::{OpenParcel, Row, StoreError, claims, watch};

/// A parcel is about to leave.
pub(crate) fn send(on: &mut Overlay<'_>, sending: &Sending, stand: Stand) -> Result<(), StoreError> {
    let mut under_way = 0;
    for (document, version) in &sending.documents {
        // Of a version that can't be read nothing is known but that it was there, which `step` tells.
        let Some(mut row) = on.row(document)?.filter(|row| row.version == *version) else {
            continue;
        };
        if is_under_way(row.state) {
            leave_parcel(on, &row)?;
            under_way += 1;
        }
        row.parcel = Some(sending.parcel.clone());
        on.put(key::travelled(row.order, stand.sequence), sending.parcel.0.clone().into_bytes());
        on.put_row(row, stand.sequence)?;
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
    Ok(())
}

/// The conversation of a parcel is kept in it; one about a single document is only history.
pub(crate) fn answer(on: &mut Overlay<'_>, answered: &Answered) -> Result<(), StoreError> {
    if answered.document.is_some() {
        return Ok(());
    }
    if let Some(mut row) = on.parcel(&answered.parcel)? {
        row.parcel.state = answered.state.clone();
        row.parcel.due = answered.due;
        open_or_close(on, &row);
        on.put_json(key::parcel(&answered.parcel), &row)?;
    }
    Ok(())
}

/// A document moves along an arrow.
pub(crate) fn step(on: &mut Overlay<'_>, moved: &Moved, stand: Stand) -> Result<(), StoreError> {
    let Some(mut row) = on.row(&moved.document)? else {
        return Ok(());
    };
    if moved.version != row.version {
        return lost_version(on, &row, moved.version, stand);
    }
    let order = row.order;
    let flagged = row.attention.is_some();
    on.remove(key::in_state(row.state, order));
    on.put(key::in_state(moved.to, order), Vec::new());
    on.count(&row.id.series, row.state, flagged, -1)?;
    on.count(&row.id.series, moved.to, flagged, 1)?;
    match (is_under_way(row.state), is_under_way(moved.to)) {
        (false, true) => enter_parcel(on, &row)?,
        (true, false) => leave_parcel(on, &row)?,
        (true, true) | (false, false) => {}
    }
    unqueue(on, &row);
    claims::give_back(on, &row, stand)?;
    row.state = moved.to;
    queue(on, &row);
    claims::take(on, &row, stand)?;
    // A note that was not accepted after all annuls nothing.
    if moved.cause == Cause::Overruled
        && let Some(of) = row.annuls.as_ref().map(|of| on.row(of)).transpose()?.flatten()
        && of.annulled_by.as_ref() == Some(&row.id)
    {
        claims::annul(on, &of.id, None, stand)?;
    }
    row.since = stand.at;
    row.attempts = moved.attempts;
    row.next_try = moved.next_try;
    tell(&mut row, &moved.cause);
    if moved.to == DocState::Reemplazado {
        // Its sale counts once, and its key names the document that took its place.
        on.count_day(row.date, -1)?;
        if let Some(key) = &row.key
            && on.number(&key::idempotency(key))? != Some(order)
        {
            row.key = None;
        }
    }
    on.put_row(row, stand.sequence)
}

/// A later version than the one that is here lies in a part of the journal that can't be read: what became of that one is
/// no word about this one, which must not leave in its place. A person looks.
fn lost_version(on: &mut Overlay<'_>, row: &Row, version: u32, stand: Stand) -> Result<(), StoreError> {
    let reason = format!(
        "No se puede leer la versión {version} de este documento, y aquí solo está la {}: vea en el sitio de la autoridad \
         cuál tiene antes de hacer otra.",
        row.version
    );
    match row.attention {
        Some(_) => Ok(()),
        None => apply::attention(on, &row.id, Some(&reason), stand),
    }
}

/// What a cause says about the document.
fn tell(row: &mut Row, cause: &Cause) {
    let first = |remarks: &[Remark]| remarks.first().map(|r| r.meaning.clone());
    match cause {
        Cause::Sending | Cause::ByHand | Cause::Absent => {}
        Cause::NotSent { why } | Cause::NoLine { why } | Cause::Doubt { why } | Cause::Refused { why } => {
            row.error = Some(why.clone());
        }
        Cause::Fell { why, most } => {
            row.error = Some(why.clone());
            row.most = most.or(row.most);
            row.track = None;
        }
        Cause::Sent { track } => {
            row.track = Some(track.clone());
            row.error = None;
        }
        Cause::Accepted { remarks, given } => {
            row.error = first(remarks);
            row.remarks = remarks.clone();
            row.given = given.clone();
        }
        Cause::FoundAccepted { who, given } => {
            row.noted = who.clone();
            row.error = None;
            row.remarks = Vec::new();
            row.given = given.clone();
        }
        Cause::Rejected { reasons, .. } => {
            row.error = first(reasons);
            row.remarks = reasons.clone();
        }
        Cause::Noted { who, why, .. } => {
            row.noted = Some(who.clone());
            row.error = Some(why.clone());
        }
        Cause::Overruled => {
            row.noted = None;
            row.error = None;
        }
        Cause::Reissued => {
            row.noted = None;
            row.most = None;
            row.track = None;
            row.error = None;
            row.remarks = Vec::new();
        }
        Cause::Replaced { by, .. } => row.replaced_by = Some(by.clone()),
    }
}

/// Puts a document where those of its state wait.
pub(crate) fn queue(on: &mut Overlay<'_>, row: &Row) {
    if row.state.may_send() {
        on.put(key::queued(&row.channel, &row.id.series, row.order), Vec::new());
    }
    if is_unheld(row.state) {
        on.put(key::unheld(&row.id.series, row.order), watch::moment(row.issued));
    }
}

/// Undoes [`queue`].
pub(crate) fn unqueue(on: &mut Overlay<'_>, row: &Row) {
    on.remove(key::queued(&row.channel, &row.id.series, row.order));
    on.remove(key::unheld(&row.id.series, row.order));
}

/// The authority may not hold it: a legal term runs.
pub(crate) fn is_unheld(state: DocState) -> bool {
    state.may_send() || matches!(state, DocState::Enviando | DocState::Verificando)
}

/// Its bytes are, or may be, at the authority without a verdict.
pub(crate) fn is_under_way(state: DocState) -> bool {
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
        open_or_close(on, &parcel);
        on.put_json(key::parcel(id), &parcel)?;
    }
    Ok(())
}

/// Does an open parcel say what becomes of this document?
pub(crate) fn is_followed(on: &Overlay<'_>, row: &Row) -> Result<bool, StoreError> {
    Ok(match &row.parcel {
        Some(parcel) => on.get(&key::open_parcel(parcel))?.is_some(),
        None => false,
    })
}

/// A parcel is closed when none of its documents is under way any more and its conversation is
/// over. One that has to be sent again keeps a state, and so stays open while its documents wait:
/// its bytes must be the same. Asked at each fact, so that it does not matter which of them became
/// durable together.
fn open_or_close(on: &mut Overlay<'_>, row: &ParcelRow) {
    let open = key::open_parcel(&row.parcel.id);
    match row.under_way > 0 || row.parcel.state.is_some() {
        true => on.put(open, Vec::new()),
        false => on.remove(open),
    }
}
