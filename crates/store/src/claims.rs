//! What documents use up of earlier ones: a note annuls no more than is left, and nothing twice. Of a document of
//! another system only what was done to it here is known.

use serde::{Deserialize, Serialize};
use timbre_core::{Amount, Claim, Claims, DocState, DocumentId, Links, Refusal};

use crate::apply::Stand;
use crate::fact::Issued;
use crate::index::Keys;
use crate::overlay::Overlay;
use crate::{Row, StoreError, key};

/// What later documents use something up of one of another system, whose total nobody here knows.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
pub(crate) struct Foreign {
    pub used_by: Vec<DocumentId>,
}

impl Foreign {
    pub fn of(on: &impl Keys, id: &DocumentId) -> Result<Foreign, StoreError> {
        Ok(on.json(&key::foreign(id))?.unwrap_or_default())
    }
}

/// How much of a document later ones use up as they stand.
pub(crate) fn claimed(on: &impl Keys, id: &DocumentId) -> Result<Amount, StoreError> {
    let links = |id: &DocumentId| match on.number(&key::document(id))? {
        Some(order) => {
            let row: Option<Row> = on.json(&key::row(order))?;
            Ok(row.map(|row| Links { claims: row.claims, used_by: row.used_by }).unwrap_or_default())
        }
        None => Ok(Links { claims: Claims::default(), used_by: Foreign::of(on, id)?.used_by }),
    };
    timbre_core::claims::claimed(id, &links)
}

/// Refuses a document that would use up more than is left of another, or annul it again. Of one of another system
/// it is known only whether it was annulled here, or given back in part.
pub(crate) fn judge(on: &Overlay<'_>, issued: &Issued) -> Result<(), StoreError> {
    judged(on, &issued.claims.0, issued.annuls.as_ref())
}

/// The same for one that was rejected, and is to stand after all.
pub(crate) fn judge_again(on: &Overlay<'_>, row: &Row) -> Result<(), StoreError> {
    judged(on, &row.claims.0, row.annuls.as_ref())
}

fn judged(on: &Overlay<'_>, claims: &[Claim], annuls: Option<&DocumentId>) -> Result<(), StoreError> {
    if let Some(annulled) = annuls
        && let Some(note) = standing_note(on, annulled)?
    {
        return Err(already_annulled(annulled, &note));
    }
    for (n, claim) in claims.iter().enumerate() {
        let id = &claim.document;
        let Some(row) = on.row(id)? else {
            if claim.amount <= Amount::ZERO {
                continue;
            }
            if let Some(note) = standing_note(on, id)? {
                return Err(already_annulled(id, &note));
            }
            let claimed = claimed(on, id)?;
            if annuls == Some(id) && claimed > Amount::ZERO {
                let users = Foreign::of(on, id)?.used_by;
                let users = users.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let message = format!(
                    "De {id} ya se devolvieron {claimed} ({users}): no se anula entero. Para lo que queda, corrija montos.",
                );
                return Err(StoreError::Refused(Refusal::new("claim-exceeds", "", message)));
            }
            continue;
        };
        let before = claims[..n].iter().filter(|other| other.document == *id);
        let before: i128 = before.map(|other| i128::from(other.amount.0.max(0))).sum();
        let left = i128::from(row.total.0) - i128::from(claimed(on, id)?.0) - before;
        if i128::from(claim.amount.0) > left {
            return Err(match standing_note(on, id)? {
                Some(note) => already_annulled(id, &note),
                None => exceeds(on, &row, claim.amount, left)?,
            });
        }
    }
    Ok(())
}

fn already_annulled(id: &DocumentId, note: &Row) -> StoreError {
    let message = format!(
        "{id} ya lo anula {}, del {}, por {}. Un documento no se anula dos veces; para deshacer esa anulación, anule {}.",
        note.id, note.date, note.total, note.id
    );
    StoreError::Refused(Refusal::new("already-annulled", "", message))
}

fn exceeds(on: &Overlay<'_>, row: &Row, wanted: Amount, left: i128) -> Result<StoreError, StoreError> {
    let mut users = Vec::new();
    for user in &row.used_by {
        if let Some(user) = on.row(user)?
            && standing_note(on, &user.id)?.is_none()
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

/// The note that annuls a document, or is on its way to: not one that is annulled itself. Of another system's, too.
fn standing_note(on: &Overlay<'_>, id: &DocumentId) -> Result<Option<Row>, StoreError> {
    // A note was issued after what it annuls; what is foreign was before all that is ours.
    let (users, order) = match on.row(id)? {
        Some(row) => (row.used_by, Some(row.order)),
        None => (Foreign::of(on, id)?.used_by, None),
    };
    for user in &users {
        if let Some(note) = on.row(user)?
            && note.annuls.as_ref() == Some(id)
            && order.is_none_or(|order| note.order > order)
            && standing_note(on, &note.id)?.is_none()
        {
            return Ok(Some(note));
        }
    }
    Ok(None)
}

/// Uses up what `row` claims, in a state in which it stands.
pub(crate) fn take(on: &mut Overlay<'_>, row: &Row, stand: Stand) -> Result<(), StoreError> {
    change(on, row, true, stand)
}

/// Undoes [`take`].
pub(crate) fn give_back(on: &mut Overlay<'_>, row: &Row, stand: Stand) -> Result<(), StoreError> {
    change(on, row, false, stand)
}

/// A document that was rejected uses nothing up.
fn change(on: &mut Overlay<'_>, row: &Row, takes: bool, stand: Stand) -> Result<(), StoreError> {
    if matches!(row.state, DocState::Rechazado | DocState::Reemplazado) {
        return Ok(());
    }
    let claims = row.claims.0.iter().map(|claim| (&claim.document, claim.amount >= Amount::ZERO));
    for (document, uses) in claims.chain(row.annuls.iter().map(|of| (of, true))) {
        let changed = |used_by: &mut Vec<DocumentId>| {
            if uses {
                used_by.retain(|user| *user != row.id);
                if takes {
                    used_by.push(row.id.clone());
                }
            }
        };
        match on.row(document)? {
            Some(mut of) => {
                changed(&mut of.used_by);
                on.put_row(of, stand.sequence)?;
            }
            None => {
                let mut of = Foreign::of(on, document)?;
                changed(&mut of.used_by);
                on.put_json(key::foreign(document), &of)?;
            }
        }
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
