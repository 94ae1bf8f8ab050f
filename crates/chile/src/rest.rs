//! What is left of a document that credit notes give back part by part, or of a guía that facturas and boletas bill so.
//!
//! Each note rounds its own lines and its own tax, as the SII reckons it, and so the notes that give back all of
//! a document may come to some pesos more or less than it did: 100 of net are 119, and ten notes of 10 are 12
//! each. So they are held against it by what they are worth before rounding, and what each uses up is what the
//! sum of them has grown by: all of them together use up the document to the peso, and a note for the rest is
//! always possible. One that closes the document to the peso by its total is possible as well.

use std::collections::BTreeSet;

use timbre_core::{Amount, Claim, DocState, Document, DocumentId, Documents};

use crate::dte;
use crate::follow::Earlier;
use crate::makeup::{Difference, Makeup, Slack};
use crate::money::{self, Decimal};
use crate::rules::notes;
use crate::tags::Group;
use crate::tipo::Tipo;
use crate::totals::worth::unrounded;

/// The notes on a document so far.
struct Given {
    /// Without rounding, and by their totals.
    worth: Decimal,
    totals: i64,
    claimed: i64,
    notes: Vec<DocumentId>,
    /// What their totals are made of, and how far their roundings may have moved it.
    makeup: Makeup,
    slack: Slack,
}

/// What a note uses up, and what its till should hear.
pub struct Part {
    pub claim: Claim,
    /// By how much all notes together differ from the document that they give back.
    pub off: i64,
    /// Of what more is given back than is left: a total is given back as what it was charged for, and not as something
    /// exempt that was taxed.
    pub beyond: Vec<Difference>,
}

/// It is more than what is left.
#[derive(Debug)]
pub struct Exceeds {
    pub left: i64,
    pub notes: Vec<DocumentId>,
}

/// The part that a note of `total` gives back of `earlier`, the only document that it corrects; or that a factura
/// or a boleta bills of its only guía.
pub fn part(
    tipo: Tipo,
    note: &Group,
    total: i64,
    earlier: &Earlier,
    known: &dyn Documents,
) -> Result<Part, Exceeds> {
    let whole = earlier.document.total.0;
    let given = given(earlier, known);
    let totals = given.totals.saturating_add(total);
    if given.claimed >= whole {
        return Err(given.exceeds(whole));
    }
    let all_of_them = given.makeup.clone().and(&Makeup::of(note));
    let beyond = all_of_them.exceeds(&Makeup::of(&earlier.body), given.slack.and(Slack::of(tipo, note)));
    let by_totals = totals <= whole;
    let worth = unrounded(tipo, note).and_then(|worth| worth.checked_add(given.worth));
    let (Some(worth), Some(of_all)) = (worth, unrounded(earlier.tipo, &earlier.body)) else {
        // Beyond what is reckoned exactly: by the totals alone.
        let claim = Claim::new(earlier.document.id.clone(), Amount(total));
        return if by_totals { Ok(Part { claim, off: 0, beyond }) } else { Err(given.exceeds(whole)) };
    };
    let most = of_all.max(whole.into()).max(of_rounded(earlier).unwrap_or_default());
    if !by_totals && worth > most {
        return Err(given.exceeds(whole));
    }
    let all = worth >= of_all.min(whole.into()) || totals == whole;
    let used = match all {
        true => whole,
        false => money::pesos(worth).unwrap_or(whole).min(whole),
    };
    let amount = Amount(used.saturating_sub(given.claimed).max(0));
    let off = if all { totals.saturating_sub(whole) } else { 0 };
    Ok(Part { claim: Claim::new(earlier.document.id.clone(), amount), off, beyond })
}

impl Given {
    fn exceeds(self, whole: i64) -> Exceeds {
        Exceeds { left: whole.saturating_sub(self.claimed).max(0), notes: self.notes }
    }
}

/// Of what a note on several documents gives back more than is left of all of them together.
pub fn beyond(tipo: Tipo, note: &Group, corrected: &[&Earlier], known: &dyn Documents) -> Vec<Difference> {
    let (mut ours, mut slack) = (Makeup::of(note), Slack::of(tipo, note));
    for before in standing(corrected, known).iter().filter(|before| before.is_whole) {
        let (stands, off) = makeup(before.tipo, &before.body, &before.document.id, known);
        (ours, slack) = (ours.and(&stands), slack.and(off));
    }
    let mut all = Makeup::default();
    for earlier in corrected {
        (all, slack) = (all.and(&Makeup::of(&earlier.body)), slack.and(Slack::OF_A_SUM));
    }
    ours.exceeds(&all, slack)
}

/// These documents, and those that notes on several bind to them: such a note says only of all of them together what it
/// gives back.
pub fn bound(corrected: &[&Earlier], known: &dyn Documents) -> Vec<Earlier> {
    let mut all: Vec<Earlier> = corrected.iter().map(|earlier| (*earlier).clone()).collect();
    loop {
        let of_all: Vec<&Earlier> = all.iter().collect();
        let others = standing(&of_all, known).into_iter().flat_map(|user| user.of);
        let is_new = |id: &DocumentId| !all.iter().any(|earlier| earlier.document.id == *id);
        let found = others.filter(is_new).find_map(|id| all[0].in_place_of(&id, known));
        match found {
            Some(other) => all.push(other),
            None => return all,
        }
    }
}

/// A note, or what bills a guía, that uses something up of some documents.
struct Standing {
    document: Document,
    tipo: Tipo,
    body: Group,
    claims: Vec<Claim>,
    /// All that it is of: what it corrects, though it used nothing up of it, and what it used up.
    of: Vec<DocumentId>,
    /// It is of no other documents.
    is_whole: bool,
}

/// Those that stand: not rejected, nor annulled themselves. What an exchange cost besides is no part of its boleta.
fn standing(of: &[&Earlier], known: &dyn Documents) -> Vec<Standing> {
    let ids: Vec<&DocumentId> = of.iter().map(|earlier| &earlier.document.id).collect();
    let mut users: Vec<DocumentId> = ids.iter().flat_map(|id| known.usage(id).used_by).collect();
    let mut seen = BTreeSet::new();
    users.retain(|user| seen.insert(user.clone()));
    let stands = |user: DocumentId| {
        let (document, _) = known.find(&user)?;
        let own = known.usage(&user);
        let annulled = document.total.0 > 0 && own.claimed >= document.total;
        let is_boleta = |id: &DocumentId| notes::is_boleta(&id.series.0);
        let exchanges = |claim: &Claim| is_boleta(&user) && is_boleta(&claim.document);
        let claims = own.claims.0.into_iter().filter(|claim| claim.amount >= Amount::ZERO);
        let claims: Vec<Claim> = claims.filter(|claim| !exchanges(claim)).collect();
        let uses = claims.iter().any(|claim| ids.contains(&&claim.document));
        if annulled || (is_boleta(&user) && !uses) {
            return None;
        }
        let (tipo, body) = dte::read(&document.bytes)?;
        let used = claims.iter().map(|claim| claim.document.clone());
        let of: Vec<DocumentId> = used.chain(corrects(tipo, &body)).collect();
        let is_whole = of.iter().all(|id| ids.contains(&id));
        Some(Standing { document, tipo, body, claims, of, is_whole })
    };
    users.into_iter().filter_map(stands).collect()
}

/// What a note names that it corrects. One on a credit note is of what that one corrected, which it used up.
fn corrects(tipo: Tipo, note: &Group) -> Vec<DocumentId> {
    let named = notes::correcting(note).filter(|_| tipo.is_note());
    let ids = named.filter_map(|(_, reference)| {
        Some(DocumentId::new(reference.leaf("TpoDocRef")?, reference.leaf("FolioRef")?.parse().ok()?))
    });
    ids.filter(|id| id.series.0 != Tipo::NotaCredito.series()).collect()
}

fn given(earlier: &Earlier, known: &dyn Documents) -> Given {
    let id = &earlier.document.id;
    let claimed = known.usage(id).claimed.0;
    let mut given = Given {
        worth: Decimal::ZERO,
        totals: 0,
        claimed,
        notes: Vec::new(),
        makeup: Makeup::default(),
        slack: Slack::default(),
    };
    // Of one that corrects several documents, or is undone in part, only what is claimed is known.
    let mut by_claims = claimed;
    for Standing { document, tipo, body, claims, is_whole, .. } in standing(&[earlier], known) {
        given.notes.push(document.id.clone());
        if !is_whole {
            continue;
        }
        let (makeup, slack) = makeup(tipo, &body, &document.id, known);
        given.makeup = given.makeup.and(&makeup);
        given.slack = given.slack.and(slack);
        let own: i64 = claims.iter().map(|claim| claim.amount.0).sum();
        if known.usage(&document.id).claimed == Amount::ZERO
            && let Some(worth) = unrounded(tipo, &body)
        {
            given.worth = given.worth.checked_add(worth).unwrap_or(Decimal::MAX);
            given.totals = given.totals.saturating_add(document.total.0);
            by_claims -= own;
        }
    }
    given.worth = given.worth.checked_add(by_claims.into()).unwrap_or(Decimal::MAX);
    given.totals = given.totals.saturating_add(by_claims);
    given
}

/// What a note gives back, without what debit notes charge again of it.
fn makeup(tipo: Tipo, note: &Group, id: &DocumentId, known: &dyn Documents) -> (Makeup, Slack) {
    let (mut makeup, mut slack) = (Makeup::of(note), Slack::of(tipo, note));
    for user in known.usage(id).used_by {
        let own = known.usage(&user);
        let gives_back = own.claims.0.iter().any(|claim| claim.amount < Amount::ZERO);
        let stands = known.find(&user).filter(|(document, _)| gives_back && own.claimed < document.total);
        if let Some((tipo, undone)) = stands.and_then(|(document, _)| dte::read(&document.bytes)) {
            (makeup, slack) = (makeup.less(&Makeup::of(&undone)), slack.and(Slack::of(tipo, &undone)));
        }
    }
    (makeup, slack)
}

/// How much of a document nothing has used up.
pub fn left(document: &Document, known: &dyn Documents) -> i64 {
    document.total.0.saturating_sub(known.usage(&document.id).claimed.0)
}

/// The document's own rounded bases with unrounded taxes: what a note comes to that repeats them.
fn of_rounded(earlier: &Earlier) -> Option<Decimal> {
    let totals = earlier.body.group("Encabezado")?.group("Totales")?;
    let net = totals.leaf("MntNeto").and_then(money::parse)?;
    let iva = totals.leaf("IVA").and_then(money::parse)?;
    let exact = net.checked_mul(money::iva_percent())?.checked_div(Decimal::ONE_HUNDRED)?;
    Decimal::from(earlier.document.total.0).checked_sub(iva)?.checked_add(exact)
}

/// The note that annuls a document already, where there is one: not one that is annulled itself.
pub fn annulled(id: &DocumentId, known: &dyn Documents) -> Option<DocumentId> {
    known.usage(id).used_by.into_iter().find(|note| {
        let annuls = known.usage(note).annuls.as_ref() == Some(id);
        annuls && annulled(note, known).is_none()
    })
}

/// The notes that gave something of a document back, and how much, which the SII has not accepted yet: those on what had
/// used it up.
pub fn pending(id: &DocumentId, known: &dyn Documents) -> Vec<(DocumentId, Amount)> {
    let mut notes: Vec<DocumentId> = Vec::new();
    for user in known.usage(id).used_by {
        let of_user = known.usage(&user).used_by;
        notes.extend(of_user.into_iter().filter(|note| !notes.contains(note)).collect::<Vec<_>>());
    }
    let given_back = |note: DocumentId| {
        let claims = known.usage(&note).claims.0.into_iter().filter(|claim| claim.document == *id);
        let amount: i64 = claims.map(|claim| claim.amount.0.min(0).saturating_neg()).sum();
        let accepted = |state| matches!(state, DocState::Aceptado | DocState::Reparo);
        let waits = || known.find(&note).is_some_and(|(_, state)| !accepted(state));
        (amount > 0 && waits()).then_some((note, Amount(amount)))
    };
    notes.into_iter().filter_map(given_back).collect()
}
