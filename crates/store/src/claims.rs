//! What documents use up of earlier ones: a note annuls no more than is left, and nothing twice. Of a
//! document of another system nothing is known here, and nothing is kept.

use timbre_core::{Amount, DocState, DocumentId, Refusal};

use crate::apply::Stand;
use crate::fact::Issued;
use crate::overlay::Overlay;
use crate::{Row, StoreError};

/// Refuses a document that would use up more than is left of another, or annul it again.
pub(crate) fn judge(on: &Overlay<'_>, issued: &Issued) -> Result<(), StoreError> {
    if let Some(row) = issued.annuls.as_ref().map(|annulled| on.row(annulled)).transpose()?.flatten()
        && let Some(note) = annulling(on, &row)?
    {
        return Err(already_annulled(&row, &note));
    }
    let claims = &issued.claims.0;
    for (n, claim) in claims.iter().enumerate() {
        let Some(row) = on.row(&claim.document)? else {
            continue;
        };
        let before = claims[..n].iter().filter(|other| other.document == claim.document);
        let before: i128 = before.map(|other| i128::from(other.amount.0)).sum();
        let left = i128::from(row.total.0) - i128::from(row.claimed.0) - before;
        if i128::from(claim.amount.0) > left {
            return Err(match annulling(on, &row)? {
                Some(note) => already_annulled(&row, &note),
                None => exceeds(on, &row, claim.amount, left)?,
            });
        }
    }
    Ok(())
}

fn already_annulled(row: &Row, note: &Row) -> StoreError {
    let message = format!(
        "{} ya lo anula {}, del {}, por {}. Un documento no se anula dos veces; para deshacer esa anulación, anule {}.",
        row.id, note.id, note.date, note.total, note.id
    );
    StoreError::Refused(Refusal::new("already-annulled", "", message))
}

fn exceeds(on: &Overlay<'_>, row: &Row, wanted: Amount, left: i128) -> Result<StoreError, StoreError> {
    let mut users = Vec::new();
    for user in &row.used_by {
        if let Some(user) = on.row(user)?
            && annulling(on, &user)?.is_none()
        {
            users.push(user.id.to_string());
        }
    }
    let used = match users.is_empty() {
        true => String::new(),
        false => format!(" (lo demás lo usan {})", users.join(", ")),
    };
    let message = format!("De {} quedan {left} por usar{used} y este documento usa {wanted}.", row.id);
    Ok(StoreError::Refused(Refusal::new("claim-exceeds", "", message)))
}

/// The note that annuls it, or is on its way to: not one that is annulled itself.
fn annulling(on: &Overlay<'_>, row: &Row) -> Result<Option<Row>, StoreError> {
    for user in &row.used_by {
        if let Some(note) = on.row(user)?
            && note.annuls.as_ref() == Some(&row.id)
            && note.order > row.order
            && annulling(on, &note)?.is_none()
        {
            return Ok(Some(note));
        }
    }
    Ok(None)
}

/// Uses up what `row` claims, in a state in which it stands.
pub(crate) fn take(on: &mut Overlay<'_>, row: &Row, stand: Stand) -> Result<(), StoreError> {
    change(on, row, 1, stand)
}

/// Undoes [`take`].
pub(crate) fn give_back(on: &mut Overlay<'_>, row: &Row, stand: Stand) -> Result<(), StoreError> {
    change(on, row, -1, stand)
}

/// A document that was rejected uses nothing up.
fn change(on: &mut Overlay<'_>, row: &Row, sign: i64, stand: Stand) -> Result<(), StoreError> {
    if matches!(row.state, DocState::Rechazado | DocState::Reemplazado) {
        return Ok(());
    }
    let claims = row.claims.0.iter();
    let claims = claims.map(|claim| (&claim.document, claim.amount, claim.amount >= Amount::ZERO));
    for (document, amount, uses) in claims.chain(row.annuls.iter().map(|of| (of, Amount::ZERO, true))) {
        let Some(mut of) = on.row(document)? else { continue };
        of.claimed = Amount(of.claimed.0.saturating_add(sign * amount.0));
        if uses {
            of.used_by.retain(|user| *user != row.id);
            if sign > 0 {
                of.used_by.push(row.id.clone());
            }
        }
        on.put_row(of, stand.sequence)?;
    }
    Ok(())
}

/// A document is annulled `by` an accepted note, or stands again. A note that is annulled annuls nothing any
/// more, and one that stands again does.
pub(crate) fn annul(
    on: &mut Overlay<'_>,
    document: &DocumentId,
    by: Option<&DocumentId>,
    stand: Stand,
) -> Result<(), StoreError> {
    let Some(mut row) = on.row(document)? else {
        return Ok(());
    };
    row.annulled_by = by.cloned();
    let (note, order, below) = (row.id.clone(), row.order, row.annuls.clone());
    on.put_row(row, stand.sequence)?;
    let Some(below) = below.map(|below| on.row(&below)).transpose()?.flatten() else {
        return Ok(());
    };
    // What a note annuls was issued before it.
    let earlier = below.order < order;
    match by {
        Some(_) if earlier && below.annulled_by.as_ref() == Some(&note) => annul(on, &below.id, None, stand),
        None if earlier && below.annulled_by.is_none() => annul(on, &below.id, Some(&note), stand),
        Some(_) | None => Ok(()),
    }
}
