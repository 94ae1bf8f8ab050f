//! From an upload's counts to a verdict for each document. What the counts do not prove is asked
//! document by document, or waits.

use timbre_core::{Blame, NumberFate, Remark, Verdict};

use super::{Count, Detail, Held, Processed, classify};
use crate::words::remark;

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

/// Verdicts for the documents that were asked about: their places in the parcel and the SII's state
/// of each. `None` while the answers contradict the counts; with `last`, a person decides instead.
pub fn conclude(
    sent: &[Sent],
    counts: &[Count],
    answers: &[(usize, String)],
    last: bool,
) -> Option<Vec<(usize, Verdict)>> {
    let absent = |kind: u16| {
        let missing = answers.iter().filter(|(at, code)| sent[*at].0 == kind && is_absent(code));
        missing.count()
    };
    let doubt = |why: &str| last.then(|| Verdict::Unknown { why: why.to_owned() });
    let verdict = |at: usize, code: &str| {
        let kind = sent[at].0;
        let count = line(counts, kind, places(sent, kind).len());
        match classify(code, "") {
            Held::Same { .. } => Some(Verdict::Accepted { remarks: perhaps_objected(count), given: None }),
            Held::Differs(why) => Some(Verdict::Conflict { why }),
            Held::Void(why, number) => Some(Verdict::Rejected { reasons: vec![why], number }),
            Held::Absent(_) => match count {
                // Processed, counted among the rejected, and not there: the rejection is proved.
                Some(count) if absent(kind) <= count.rejected as usize => Some(Verdict::Rejected {
                    reasons: vec![remark("RCH", "")],
                    number: NumberFate::FreeForSame,
                }),
                _ => doubt(
                    "el SII procesó el envío y dice que no tiene este documento, sin contarlo entre los rechazados",
                ),
            },
            Held::NoPass(_) | Held::Refused(_) | Held::Later(_) => {
                doubt("el SII no dice qué pasó con este documento")
            }
        }
    };
    answers.iter().map(|(at, code)| Some((*at, verdict(*at, code)?))).collect()
}

/// The whole envelope was rejected; a document without a fault of its own falls with it. RCT is of the
/// carátula (resolution, RUTs), ENV-3-6 of the sender's rights: neither is any document's fault.
pub fn reject_all(sent: &[Sent], code: &str, details: &[Detail]) -> Vec<Verdict> {
    let number = match code {
        "RSC" | "RFR" | "RCT" => NumberFate::FreeForSame,
        _ => NumberFate::AskByProbe,
    };
    let envelope: Vec<Remark> =
        details.iter().filter(|d| d.folio.is_none()).flat_map(|d| d.remarks.clone()).collect();
    let of_envelope = |remark: &Remark| remark.code.starts_with("CRT-") || remark.code == "ENV-3-6";
    let blame = match code == "RCT" || envelope.iter().any(of_envelope) {
        true => Blame::Envelope,
        false => Blame::Documents,
    };
    sent.iter()
        .map(|&document| {
            let mut reasons = vec![remark(code, "")];
            reasons.extend(envelope.iter().cloned());
            let own = details.iter().filter(|d| d.folio.is_some() && is_about(d, document));
            reasons.extend(own.flat_map(|d| d.remarks.clone()));
            Verdict::Fallen { reasons, number, blame }
        })
        .collect()
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
        return Ok(here.iter().map(|_| Verdict::Accepted { remarks: Vec::new(), given: None }).collect());
    }
    if let Some(verdicts) = details.and_then(|details| by_detail(sent, here, count, details)) {
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
        .map(|_| Verdict::Accepted { remarks: perhaps_objected(Some(count)), given: None })
        .collect())
}

/// Details that speak of a rejection, or of nothing that is known, where the counts tell of none.
fn contradicts(sent: &[Sent], here: &[usize], details: &[Detail]) -> bool {
    let mine = |detail: &&Detail| detail.folio.is_none() || here.iter().any(|&at| is_about(detail, sent[at]));
    details.iter().filter(mine).any(|detail| !matches!(detail.state.as_str(), "DOK" | "RPR" | "RLV"))
}

fn by_detail(sent: &[Sent], here: &[usize], count: Count, details: &[Detail]) -> Option<Vec<Verdict>> {
    // One without a folio is about all of them.
    if details.iter().any(|detail| detail.folio.is_none()) {
        return None;
    }
    let mut verdicts = Vec::with_capacity(here.len());
    let (mut rejected, mut objected) = (0, 0);
    for &at in here {
        let mut about = details.iter().filter(|d| is_about(d, sent[at]));
        let (one, more) = (about.next(), about.next());
        if more.is_some() {
            return None;
        }
        verdicts.push(match one {
            None => Verdict::Accepted { remarks: Vec::new(), given: None },
            Some(detail) => match detail.state.as_str() {
                "RCH" => {
                    rejected += 1;
                    rejection(&detail.remarks)
                }
                "RPR" | "RLV" => {
                    objected += 1;
                    Verdict::Accepted { remarks: detail.remarks.clone(), given: None }
                }
                "DOK" => Verdict::Accepted { remarks: Vec::new(), given: None },
                _ => return None,
            },
        });
    }
    (rejected == count.rejected && objected == count.objected).then_some(verdicts)
}

/// What a rejection says of the folio.
fn rejection(reasons: &[Remark]) -> Verdict {
    let has = |section: &str, number: &str| {
        reasons.iter().find(|r| r.code.starts_with(section) && r.code.rsplit('-').next() == Some(number))
    };
    // The folio is at the SII with other data: another till, or a restored backup.
    if let Some(why) = has("DTE-", "101") {
        return Verdict::Conflict { why: why.clone() };
    }
    // The SII has it, from another upload.
    if has("DTE-", "100").is_some() {
        return Verdict::AlreadyThere;
    }
    let number = match (has("DTE-", "601"), has("CAF-", "517")) {
        (Some(_), _) => NumberFate::Consumed,
        (None, Some(_)) => NumberFate::MustBeVoided,
        (None, None) => NumberFate::AskByProbe,
    };
    Verdict::Rejected { reasons: reasons.to_vec(), number }
}

/// The remark of those accepted where the counts tell of objections and nothing tells to which.
fn perhaps_objected(count: Option<Count>) -> Vec<Remark> {
    match count {
        Some(count) if count.objected > 0 => {
            vec![remark("RPR", format!("{} de {} con reparos", count.objected, count.informed))]
        }
        _ => Vec::new(),
    }
}

/// The only line of a type, when it adds up and tells of as many as were sent.
fn line(counts: &[Count], kind: u16, sent: usize) -> Option<Count> {
    let mut lines = counts.iter().filter(|c| c.kind == kind);
    let (count, second) = (lines.next()?, lines.next());
    let sum = u64::from(count.accepted) + u64::from(count.rejected) + u64::from(count.objected);
    (second.is_none() && u64::from(count.informed) == sum && sum == sent as u64).then_some(*count)
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

fn is_absent(code: &str) -> bool {
    matches!(classify(code, ""), Held::Absent(_))
}
