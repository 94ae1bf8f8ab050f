//! What documents use up of earlier ones: a note annuls no more than is left. Of a document of
//! another system nothing is known here, and nothing is kept.

use timbre_core::{Amount, DocState, Refusal};

use crate::apply::Stand;
use crate::fact::Issued;
use crate::overlay::Overlay;
use crate::{Row, StoreError};

/// Refuses a document that would use up more than is left of another.
pub(crate) fn judge(on: &Overlay<'_>, issued: &Issued) -> Result<(), StoreError> {
    let claims = &issued.claims.0;
    for (n, claim) in claims.iter().enumerate() {
        let Some(row) = on.row(&claim.document)? else {
            continue;
        };
        let before = claims[..n].iter().filter(|other| other.document == claim.document);
        let before: i128 = before.map(|other| i128::from(other.amount.0)).sum();
        let left = i128::from(row.total.0) - i128::from(row.claimed.0) - before;
        if i128::from(claim.amount.0) > left {
            let message = format!(
                "De {} quedan {left} por usar y este documento usa {}.",
                claim.document, claim.amount
            );
            return Err(StoreError::Refused(Refusal::new("claim-exceeds", "", message)));
        }
    }
    Ok(())
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
    for claim in &row.claims.0 {
        if let Some(mut of) = on.row(&claim.document)? {
            of.claimed = Amount(of.claimed.0.saturating_add(sign * claim.amount.0));
            on.put_row(of, stand.sequence)?;
        }
    }
    Ok(())
}
