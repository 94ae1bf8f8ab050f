//! From an upload's counts to a verdict for each document. What the counts do not prove is asked
//! document by document, or waits.

use timbre_core::{Blame, NumberFate, Remark, Verdict};

use super::{Count, Detail, Held, Processed, classify};
use crate::tipo::Tipo;
use crate::words::{remark, unsaid};

/// What counts and details come to, one place for each document sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// Those without a verdict (none, when all is settled) must be asked about one by one.
    Decided(Vec<Option<Verdict>>),
    /// Not complete, or not consistent: ask the upload again.
    Keep,
}

/// Type and folio of a document sent.
pub type Sent = (u16, u64);

/// Why a type's line proves nothing.
enum Open {
    /// Better answers may come.
    Keep,
    /// Nothing more will come: ask about each document.
    Ask,
}

/// `patient` while it is worth asking the upload again: details come after counts.
///
/// Nothing is taken for zero: each type that was sent has its line, its `informed` is what was sent,
/// and accepted, rejected and objected add up to it.
pub fn settle(sent: &[Sent], processed: &Processed, patient: bool) -> Settled {
    let stray = processed.counts.iter().any(|count| sent.iter().all(|(kind, _)| *kind != count.kind));
    if stray && patient {
        return Settled::Keep;
    }
    let mut verdicts: Vec<Option<Verdict>> = vec![None; sent.len()];
    for kind in kinds(sent) {
        let here = places(sent, kind);
        let decided = match line(&processed.counts, kind, here.len()) {
            Some(count) => by_line(sent, &here, count, processed, patient),
            None => Err(if patient { Open::Keep } else { Open::Ask }),
        };
        match decided {
            Ok(decided) => here.iter().zip(decided).for_each(|(&at, verdict)| verdicts[at] = Some(verdict)),
            Err(Open::Keep) => return Settled::Keep,
            Err(Open::Ask) => {}
        }
    }
    Settled::Decided(verdicts)
}

/// What came of asking about documents one by one.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Concluded {
    /// Their places in the parcel, and what is certain of each.
    pub verdicts: Vec<(usize, Verdict)>,
    /// Others must be asked about again.
    pub open: bool,
}

/// Was the upload that was counted the only one of its documents?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uploads {
    /// What it counted as rejected was rejected.
    One,
    /// What it counted as rejected may have come in another (DTE-3-100, which the counts don't name).
    More,
    /// The same, and so long ago that the SII would show by now what another brought.
    MoreLongAgo,
}

/// What the documents of a kind, all of which were asked about, come to: their places in the parcel and what was heard
/// of each. With `last`, a person is called to what they leave open, and it stays open.
///
/// One that the SII does not have was rejected only where the counts prove it: all that it does not hold as ours
/// (FAU, DNK, FNA, FAN, another signature) are together as many as were rejected, or all were. Else one of them may
/// be of those that were accepted, and not be in the tables yet. And where more were rejected than those, one that is
/// there with our data may be another's: only its signature tells (DTE-3-100 or DTE-3-101).
///
/// Of documents that left more than once an earlier upload may have been accepted, and not be in the tables yet, unless
/// this one brought the SII something new. What it holds (DOK) wins then over this one's counts; of the only upload
/// they decide, and where all were rejected, all were (reference 4.3 and 5).
pub fn conclude(
    sent: &[Sent],
    counts: &[Count],
    answers: &[(usize, String)],
    uploads: Uploads,
    last: bool,
) -> Concluded {
    let mut concluded = Concluded::default();
    for (at, code) in answers {
        let kind = sent[*at].0;
        let count = line(counts, kind, places(sent, kind).len());
        let of_kind = answers.iter().filter(|(at, _)| sent[*at].0 == kind);
        let others = of_kind.clone().filter(|(_, code)| !asked(code).is_ours()).count();
        let rejected = count.map_or(0, |count| count.rejected as usize);
        let all = count.is_some_and(|count| count.rejected == count.informed);
        // Seen in the tables, which show then what came with it.
        let some_passed = count.is_some_and(|count| count.accepted > 0 || count.objected > 0)
            && of_kind.clone().any(|(_, code)| asked(code).is_ours());
        let proved = all || count.is_some() && others == rejected;
        // What it was accepted in may be an upload that these counts don't tell of: «DOK» alone tells no objections
        // (reference 4.4).
        let told = count.filter(|count| count.rejected == 0 || count.objected > 0 || uploads == Uploads::One);
        let remarks = || told.map(perhaps_objected);
        let accepted = || Verdict::Accepted { remarks: remarks(), given: None };
        // The SII may keep the folio of what it went through and rejected, and not show it (reference 5, fact 4).
        let number = NumberFate::AskByProbe;
        let by_count = || Ok(Verdict::Rejected { reasons: vec![unsaid(is_boleta(kind), "")], number });
        let decided = match asked(code) {
            Asked::Ours | Asked::Data | Asked::Untold(_) if all && uploads == Uploads::One => {
                by_count()
            }
            Asked::Ours if rejected > others && uploads == Uploads::One => Err(format!(
                "el SII contó {rejected} rechazados en este envío y dice tener éste: no se sabe si lo rechazó. Véalo en sii.cl"
            )),
            Asked::Ours => Ok(accepted()),
            Asked::Data if rejected <= others => Ok(accepted()),
            Asked::Data => Err("el SII rechazó documentos de este envío y dice tener uno con este folio y estos datos, \
                 sin que se sepa si es éste"
                .to_owned()),
            // It was counted among the rejected, and why is known: that is final, for this upload and for the folio.
            Asked::Another { why, .. } if proved => {
                Ok(Verdict::Rejected { reasons: vec![why], number: NumberFate::Taken })
            }
            Asked::Another { why, alike } => Ok(Verdict::Conflict { why, alike }),
            Asked::Void(why, number) => Ok(Verdict::Rejected { reasons: vec![why], number }),
            Asked::Absent if proved && (some_passed || uploads != Uploads::More) => {
                by_count()
            }
            Asked::Absent => Err(match count {
                Some(Count { rejected, informed, .. }) if proved => format!(
                    "el SII rechazó {rejected} de los {informed} documentos del envío, que salió más de una vez, y dice que no \
                     tiene éste: puede que lo haya aceptado la primera vez y aún no lo muestre. Se le sigue preguntando por un \
                     día; no emita otro en su lugar"
                ),
                Some(Count { rejected, informed, .. }) if rejected > 0 => format!(
                    "el SII rechazó {rejected} de los {informed} documentos del envío y dice que no tiene éste: puede que \
                     lo haya rechazado, o que aún no lo muestre. Se le sigue preguntando"
                ),
                _ => "el SII procesó el envío y dice que no tiene este documento, sin contarlo entre los rechazados. \
                      Se le sigue preguntando"
                    .to_owned(),
            }),
            Asked::Untold(why) => Err(why),
        };
        match decided {
            Ok(verdict) => concluded.verdicts.push((*at, verdict)),
            Err(why) => {
                concluded.open = true;
                concluded.verdicts.extend(last.then_some((*at, Verdict::Unknown { why })));
            }
        }
    }
    concluded
}

/// What was heard of a document's signature, the SII holding its data: that it holds this very one.
pub const THIS_ONE: &str = "FIRMA SI";
/// What stands for an answer about its signature where nobody can be asked for one: its data are there.
pub const ITS_DATA: &str = "DOK";

/// What came of asking about one document: its state, or, where that said "ours", what was said of its signature.
enum Asked {
    /// It holds this very document.
    Ours,
    /// It holds its data; its signature could not be asked about.
    Data,
    /// It holds another document under its folio.
    Another {
        why: Remark,
        alike: bool,
    },
    Void(Remark, NumberFate),
    Absent,
    /// Nothing that decides.
    Untold(String),
}

impl Asked {
    fn is_ours(&self) -> bool {
        matches!(self, Asked::Ours | Asked::Data)
    }
}

fn asked(code: &str) -> Asked {
    match code {
        THIS_ONE => return Asked::Ours,
        "FIRMA NO" => return Asked::Another { why: remark(code, ""), alike: true },
        _ if code.starts_with("FIRMA ") => return Asked::Untold(remark(code, "").meaning),
        _ => {}
    }
    match classify(code, "") {
        Held::Same { .. } => Asked::Data,
        Held::Differs(why) => Asked::Another { why, alike: false },
        Held::Void(why, number) => Asked::Void(why, number),
        Held::Absent(_) => Asked::Absent,
        Held::NoPass(_) | Held::Refused(_) | Held::Later(_) => {
            Asked::Untold("el SII no dice qué pasó con este documento".to_owned())
        }
    }
}

/// The whole envelope was rejected; a document without a fault of its own falls with it. What is said without a
/// folio is said of the envelope.
pub fn reject_all(sent: &[Sent], code: &str, details: &[Detail]) -> Vec<Verdict> {
    let envelope: Vec<Remark> =
        details.iter().filter(|d| d.folio.is_none()).flat_map(|d| d.remarks.clone()).collect();
    sent.iter()
        .map(|&document| {
            let own = details.iter().filter(|d| d.folio.is_some() && is_about(d, document));
            let own: Vec<Remark> = own.flat_map(|d| d.remarks.clone()).collect();
            let how = if code == "RCH" { unsaid(is_boleta(document.0), "") } else { remark(code, "") };
            fall(how, &envelope, &own, sent.len())
        })
        .collect()
}

/// What became of one of `many` documents whose envelope was rejected: `how`, and for reasons told of the envelope and
/// of the document itself. One that the SII has already (DTE-3-100), or whose folio it has with other data (DTE-3-101), was
/// not rejected: told of the envelope, it is the one document's in it; of several each is asked about.
///
/// RCT is of the carátula (resolution, RUTs), as is CRT, and ENV-3-6 of the sender's rights: none is any document's
/// fault.
pub fn fall(how: Remark, envelope: &[Remark], own: &[Remark], many: usize) -> Verdict {
    let alone = many == 1;
    let known = held_already(own).or_else(|| match held_already(envelope) {
        Some(_) if !alone => Some(Verdict::AlreadyThere),
        known => known,
    });
    if let Some(known) = known {
        return known;
    }
    let blame = match how.code == "RCT" || envelope.iter().any(of_envelope) {
        true => Blame::Envelope,
        false => Blame::Documents,
    };
    let stored = !matches!(how.code.as_str(), "RSC" | "RFR" | "RCT" | "STATUS 7" | "STATUS 8");
    // A person reads the first: what is wrong with the carátula says more than that something is.
    let (of_cover, rest): (Vec<&Remark>, _) = envelope.iter().partition(|remark| of_envelope(remark));
    let reasons: Vec<Remark> = of_cover.into_iter().chain([&how]).chain(rest).chain(own).cloned().collect();
    let number = match number_of(&reasons) {
        NumberFate::AskByProbe if !stored => NumberFate::FreeForSame,
        number => number,
    };
    Verdict::Fallen { reasons, number, blame }
}

/// Of the carátula or of the sender's rights.
fn of_envelope(remark: &Remark) -> bool {
    remark.code.starts_with("CRT-") || remark.code == "ENV-3-6"
}

/// The verdicts of one type's documents, when its line and the details prove them.
fn by_line(
    sent: &[Sent],
    here: &[usize],
    count: Count,
    processed: &Processed,
    patient: bool,
) -> Result<Vec<Verdict>, Open> {
    let details = processed.details.as_deref();
    if count.rejected == 0 && count.objected == 0 && details.is_none() {
        return Ok(here
            .iter()
            .map(|_| Verdict::Accepted { remarks: Some(Vec::new()), given: None })
            .collect());
    }
    if let Some(verdicts) = by_detail(sent, here, count, processed) {
        return Ok(verdicts);
    }
    if processed.detailed && patient {
        return Err(Open::Keep);
    }
    // Without details nothing tells which one was rejected, nor whether it was because the SII had it
    // already. Which one was objected to is a lesser matter: all of them were accepted.
    if count.rejected > 0 || details.is_some_and(|details| contradicts(sent, here, details)) {
        return Err(Open::Ask);
    }
    Ok(here
        .iter()
        .map(|_| Verdict::Accepted { remarks: Some(perhaps_objected(count)), given: None })
        .collect())
}

/// Details that speak of a rejection, or of nothing that is known, where the counts tell of none.
fn contradicts(sent: &[Sent], here: &[usize], details: &[Detail]) -> bool {
    let mine = |detail: &&Detail| detail.folio.is_none() || here.iter().any(|&at| is_about(detail, sent[at]));
    details.iter().filter(mine).any(|detail| !matches!(detail.state.as_str(), "DOK" | "RPR" | "RLV"))
}

fn by_detail(sent: &[Sent], here: &[usize], count: Count, processed: &Processed) -> Option<Vec<Verdict>> {
    let details = processed.details.as_deref()?;
    // One without a folio is about all of them.
    if details.iter().any(|detail| detail.folio.is_none()) {
        return None;
    }
    // What was accepted beside it had the same carátula.
    let some_passed = processed.counts.iter().any(|count| count.accepted > 0 || count.objected > 0);
    let mut verdicts = Vec::with_capacity(here.len());
    let (mut rejected, mut objected) = (0, 0);
    for &at in here {
        let mut about = details.iter().filter(|d| is_about(d, sent[at]));
        let (one, more) = (about.next(), about.next());
        if more.is_some() {
            return None;
        }
        verdicts.push(match one {
            None => Verdict::Accepted { remarks: Some(Vec::new()), given: None },
            Some(detail) => match detail.state.as_str() {
                "RCH" => {
                    rejected += 1;
                    rejection(&detail.remarks, some_passed)
                }
                "RPR" | "RLV" => {
                    objected += 1;
                    Verdict::Accepted { remarks: Some(detail.remarks.clone()), given: None }
                }
                "DOK" => Verdict::Accepted { remarks: Some(Vec::new()), given: None },
                _ => return None,
            },
        });
    }
    (rejected == count.rejected && objected == count.objected).then_some(verdicts)
}

/// What a document's own rejection means. Where nothing but the carátula or the sender's rights is to blame
/// (CRT-3-19, the resolution) every document would be rejected alike, until a person mends it: none is spent on it,
/// unless others passed with the same.
fn rejection(reasons: &[Remark], others_passed: bool) -> Verdict {
    let number = number_of(reasons);
    let grave = || reasons.iter().filter(|reason| reason.code.contains("-3-"));
    let envelope = grave().next().is_some() && grave().all(of_envelope);
    match held_already(reasons) {
        Some(known) => known,
        None if envelope && !others_passed => {
            Verdict::Fallen { reasons: reasons.to_vec(), number, blame: Blame::Envelope }
        }
        None => Verdict::Rejected { reasons: reasons.to_vec(), number },
    }
}

/// "Rejected" since the SII has the folio already: with this document, from another upload (DTE-3-100), or with
/// other data, of another till or a restored backup (DTE-3-101).
fn held_already(reasons: &[Remark]) -> Option<Verdict> {
    match (reason(reasons, "DTE-", "101"), reason(reasons, "DTE-", "100")) {
        (Some(why), _) => {
            let others = reasons.iter().filter(|reason| *reason != why);
            let reasons = std::iter::once(why).chain(others).cloned().collect();
            Some(Verdict::Rejected { reasons, number: NumberFate::Taken })
        }
        (None, Some(_)) => Some(Verdict::AlreadyThere),
        (None, None) => None,
    }
}

/// What the reasons of a rejection say of the folio. Of a CAF that is over (517), not authorised (516) or not the SII's
/// own (514) no folio passes.
fn number_of(reasons: &[Remark]) -> NumberFate {
    let of_grant = |code| reason(reasons, "CAF-", code).is_some();
    if ["514", "516", "517"].into_iter().any(of_grant) {
        NumberFate::Ungranted
    } else if reason(reasons, "DTE-", "601").is_some() {
        NumberFate::Annulled
    } else {
        NumberFate::AskByProbe
    }
}

/// The reason of that section and number, of whatever level.
fn reason<'a>(reasons: &'a [Remark], section: &str, number: &str) -> Option<&'a Remark> {
    reasons.iter().find(|r| r.code.starts_with(section) && r.code.rsplit('-').next() == Some(number))
}

/// The remark of those accepted where the counts tell of objections and nothing tells to which.
fn perhaps_objected(count: Count) -> Vec<Remark> {
    match count.objected {
        0 => Vec::new(),
        objected => vec![remark("RPR", format!("{objected} de {} con reparos", count.informed))],
    }
}

/// The only line of a type, when it adds up and tells of as many as were sent.
fn line(counts: &[Count], kind: u16, sent: usize) -> Option<Count> {
    let mut lines = counts.iter().filter(|c| c.kind == kind);
    let (count, second) = (lines.next()?, lines.next());
    let sum = u64::from(count.accepted) + u64::from(count.rejected) + u64::from(count.objected);
    (second.is_none() && u64::from(count.informed) == sum && sum == sent as u64).then_some(*count)
}

fn is_boleta(kind: u16) -> bool {
    Tipo::of(kind).is_some_and(Tipo::is_boleta)
}

fn kinds(sent: &[Sent]) -> Vec<u16> {
    let mut kinds: Vec<u16> = sent.iter().map(|(kind, _)| *kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

fn places(sent: &[Sent], kind: u16) -> Vec<usize> {
    (0..sent.len()).filter(|&at| sent[at].0 == kind).collect()
}

/// A detail may leave its type out.
fn is_about(detail: &Detail, (kind, folio): Sent) -> bool {
    detail.folio == Some(folio) && detail.kind.is_none_or(|k| k == kind)
}
