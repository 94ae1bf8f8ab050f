//! A fact as the body of a frame and back: its JSON, then its raw byte strings. The header around
//! it is `frame`'s.

use bytes::Bytes;

use crate::Fact;

/// Bodies above this are refused: no lawful document comes near it.
pub(crate) const LARGEST: usize = 64 << 20;

/// Why a body with a good checksum is not a fact of ours.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoFact {
    #[error("faltan bytes en el cuerpo")]
    Short,
    /// What it is serde says, in English: for the log.
    #[error("dice algo que esta versión no conoce")]
    Json(#[from] serde_json::Error),
}

/// The body of `fact`.
pub(crate) fn encode(fact: &Fact) -> Result<Vec<u8>, serde_json::Error> {
    let json = serde_json::to_vec(fact)?;
    let blobs = fact.blobs();
    let size = 4 + json.len() + blobs.iter().map(|b| 4 + b.len()).sum::<usize>();
    let mut body = Vec::with_capacity(size);
    put(&mut body, &json);
    for blob in blobs {
        put(&mut body, blob);
    }
    Ok(body)
}

/// The JSON of a body, without reading further.
pub(crate) fn json(body: &Bytes) -> Result<Bytes, NoFact> {
    take(&mut body.clone())?.ok_or(NoFact::Short)
}

/// The fact of a body, with its blobs (no copy: they share the body's memory).
pub(crate) fn decode(body: &Bytes) -> Result<Fact, NoFact> {
    let mut rest = body.clone();
    let json = take(&mut rest)?.ok_or(NoFact::Short)?;
    // Through a `Value`: an internally tagged enum buffers its fields, and exact numbers
    // (`arbitrary_precision`) survive that buffer only when they come from a `Value`.
    let value: serde_json::Value = serde_json::from_slice(&json)?;
    let mut fact: Fact = serde_json::from_value(value)?;
    for slot in fact.blobs_mut() {
        *slot = take(&mut rest)?.ok_or(NoFact::Short)?;
    }
    Ok(fact)
}

fn put(body: &mut Vec<u8>, part: &[u8]) {
    body.extend_from_slice(&(part.len() as u32).to_be_bytes());
    body.extend_from_slice(part);
}

/// Takes one part with its length off the front; `None` at the end.
fn take(rest: &mut Bytes) -> Result<Option<Bytes>, NoFact> {
    if rest.is_empty() {
        return Ok(None);
    }
    let length = rest.first_chunk::<4>().ok_or(NoFact::Short)?;
    let length = u32::from_be_bytes(*length) as usize;
    if rest.len() - 4 < length {
        return Err(NoFact::Short);
    }
    let part = rest.slice(4..4 + length);
    *rest = rest.slice(4 + length..);
    Ok(Some(part))
}
