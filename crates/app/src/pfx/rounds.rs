//! How much work a PFX asks for before its password is known: the rounds of each derivation that can be seen from
//! outside. Who made the file chooses them, up to 2³¹ (RFC 7292, `MacData.iterations`; RFC 8018, appendix A), and
//! OpenSSL does as many as stand there.
//!
//! The walk takes what OpenSSL takes (BER: lengths without an end, strings in pieces), since Java's files are written so;
//! what it does not understand is no PFX. What lies inside an encrypted safe is not seen.

use std::borrow::Cow;

use super::PfxError;

/// Windows and OpenSSL write 2,000, careful people 100,000. A million takes a slow till a second or two.
const MOST: u64 = 1_000_000;
/// A file has three: its own check, that of the certificates and that of the key.
const MOST_IN_ALL: u64 = 3 * MOST;
/// A PFX is some fifteen deep.
const DEEPEST: usize = 32;

const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const EXPLICIT_0: u8 = 0xA0;
const CONSTRUCTED: u8 = 0x20;
/// 1.2.840.113549.1.7.1, `data`: its octets are ASN.1 once more.
const DATA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x01];

/// Refuses a file that asks for more than an honest one does.
pub(super) fn bearable(file: &[u8]) -> Result<(), PfxError> {
    let mut counts = Vec::new();
    let (whole, _) = element(file, 0).ok_or(PfxError::NotPfx)?;
    whole.count(&mut counts, 0).ok_or(PfxError::NotPfx)?;
    let all = counts.iter().fold(0_u64, |sum, count| sum.saturating_add(*count));
    let too_many = all > MOST_IN_ALL || counts.iter().any(|count| *count > MOST);
    if too_many { Err(PfxError::TooSlow) } else { Ok(()) }
}

struct Element<'a> {
    tag: u8,
    content: Content<'a>,
}

enum Content<'a> {
    Bytes(&'a [u8]),
    Parts(Vec<Element<'a>>),
}

impl Element<'_> {
    fn parts(&self) -> &[Element<'_>] {
        match &self.content {
            Content::Bytes(_) => &[],
            Content::Parts(parts) => parts,
        }
    }

    /// The bytes of a string that may be in pieces. OpenSSL does not look at the tags of the pieces.
    fn octets(&self) -> Cow<'_, [u8]> {
        match &self.content {
            Content::Bytes(bytes) => Cow::Borrowed(bytes),
            Content::Parts(parts) => Cow::Owned(parts.iter().flat_map(|p| p.octets().into_owned()).collect()),
        }
    }

    fn is_octets(&self) -> bool {
        self.tag & !CONSTRUCTED == OCTETS
    }

    /// A number; one that does not fit, or is below zero, is more than any that does.
    fn number(&self) -> u64 {
        let bytes = self.octets();
        let digits = bytes.strip_prefix(&[0]).unwrap_or(&bytes);
        let fits = digits.len() < 8;
        if fits { digits.iter().fold(0, |sum, digit| sum << 8 | u64::from(*digit)) } else { u64::MAX }
    }

    /// Adds the rounds of each derivation in it. They stand behind the salt, whichever it is:
    /// `MacData { mac, salt OCTET STRING, iterations INTEGER }`, `PBEParameter` and `PBKDF2-params { salt, iterations, … }`.
    fn count(&self, counts: &mut Vec<u64>, depth: usize) -> Option<()> {
        let parts = self.parts();
        if self.tag == SEQUENCE {
            if let Some(salt) = parts.iter().position(Element::is_octets) {
                let numbers = parts[salt + 1..].iter().take_while(|part| part.tag == INTEGER);
                let numbers: Vec<u64> = numbers.map(Element::number).collect();
                counts.extend(match numbers[..] {
                    // scrypt (RFC 7914, section 7.1): cost, block and lanes.
                    [cost, block, lanes, ..] => Some(cost.saturating_mul(block).saturating_mul(lanes)),
                    [rounds, ..] => Some(rounds),
                    [] => None,
                });
            }
            if let [name, held, ..] = parts
                && name.tag == OID
                && *name.octets() == *DATA
                && held.tag == EXPLICIT_0
            {
                let inside = held.parts().first().filter(|inside| inside.is_octets())?.octets();
                element(&inside, depth)?.0.count(counts, depth + 1)?;
            }
        }
        parts.iter().try_for_each(|part| part.count(counts, depth + 1))
    }
}

/// The first element of `bytes`, and what follows it.
fn element(bytes: &[u8], depth: usize) -> Option<(Element<'_>, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    if depth > DEEPEST || tag & 0x1F == 0x1F {
        return None; // no tag of a PFX takes several bytes
    }
    if first == 0x80 && tag & CONSTRUCTED != 0 {
        let mut parts = Vec::new();
        loop {
            if let Some(after) = rest.strip_prefix(&[0, 0]) {
                return Some((Element { tag, content: Content::Parts(parts) }, after));
            }
            let (part, after) = element(rest, depth + 1)?;
            parts.push(part);
            rest = after;
        }
    }
    let length = match first {
        ..=0x7F => usize::from(first),
        0x81..=0x84 => {
            let (digits, after) = rest.split_at_checked(usize::from(first & 0x7F))?;
            rest = after;
            digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit))
        }
        _ => return None,
    };
    let (value, after) = rest.split_at_checked(length)?;
    if tag & CONSTRUCTED == 0 {
        return Some((Element { tag, content: Content::Bytes(value) }, after));
    }
    let (mut parts, mut inside) = (Vec::new(), value);
    while !inside.is_empty() {
        let (part, after) = element(inside, depth + 1)?;
        parts.push(part);
        inside = after;
    }
    Some((Element { tag, content: Content::Parts(parts) }, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pfx::read;
    use crate::pfx::tests::{certificate, packed, rsa};

    /// A file of so many rounds, and where they stand in it as they are: of the certificates, of the key, of the check.
    fn file() -> (Vec<u8>, Vec<usize>) {
        let key = rsa(2048);
        let bytes = packed("timbre", |pfx| {
            pfx.pkey(&key).cert(&certificate(&key, 1_900_000_000)).key_iter(0x1_1171).mac_iter(0x1_1171);
        });
        let places = bytes.windows(5).enumerate();
        let places = places.filter(|(_, at)| at[..] == [INTEGER, 3, 1, 0x11, 0x71]).map(|(place, _)| place);
        let places: Vec<usize> = places.collect();
        assert_eq!(places.len(), 3);
        (bytes, places)
    }

    fn with(bytes: &[u8], places: &[usize], rounds: [u8; 3]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        places.iter().for_each(|place| bytes[place + 2..place + 5].copy_from_slice(&rounds));
        bytes
    }

    /// The same file as Java's libraries write it: no length beforehand, the long string in pieces.
    fn in_pieces(element: &Element<'_>) -> Vec<u8> {
        let short = |tag: u8, bytes: &[u8]| {
            let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
            [&[tag, 0x82][..], &length, bytes].concat()
        };
        let inside: Vec<u8> = match &element.content {
            Content::Parts(parts) => parts.iter().flat_map(in_pieces).collect(),
            Content::Bytes(bytes) if element.is_octets() && bytes.len() > 100 => {
                bytes.chunks(100).flat_map(|piece| short(OCTETS, piece)).collect()
            }
            Content::Bytes(bytes) => return short(element.tag, bytes),
        };
        [&[element.tag | CONSTRUCTED, 0x80][..], &inside, &[0, 0]].concat()
    }

    #[test]
    fn a_file_that_asks_for_endless_rounds_is_refused_before_any_is_done() {
        let (bytes, places) = file();
        read(&bytes, "timbre").unwrap();
        let whole = |bytes: &[u8]| in_pieces(&element(bytes, 0).unwrap().0);
        read(&whole(&bytes), "timbre").expect("Java's files are read");
        for place in &places {
            for rounds in [[0x7F, 0xFF, 0xFF], [0x0F, 0x42, 0x41], [0x80, 0, 0]] {
                let endless = with(&bytes, &[*place], rounds);
                for endless in [whole(&endless), endless] {
                    assert_eq!(
                        read(&endless, "timbre").unwrap_err(),
                        PfxError::TooSlow,
                        "{rounds:?} at {place}"
                    );
                }
            }
            assert_eq!(bearable(&with(&bytes, &[*place], [0x0F, 0x42, 0x40])), Ok(()), "a million");
        }
        assert_eq!(bearable(&with(&bytes, &places, [0x0F, 0x42, 0x40])), Ok(()), "three of a million");
    }

    #[test]
    fn many_derivations_of_a_million_rounds_are_too_many_as_well() {
        let one = [SEQUENCE, 9, OCTETS, 2, 1, 2, INTEGER, 3, 0x0F, 0x42, 0x40];
        let of = |count: u8| [&[SEQUENCE, count * 11][..], &one.repeat(usize::from(count))].concat();
        assert_eq!(bearable(&of(3)), Ok(()));
        assert_eq!(bearable(&of(4)), Err(PfxError::TooSlow));
        // scrypt: 2¹⁴, 1, 2¹⁴.
        let lanes = [SEQUENCE, 14, OCTETS, 1, 1, INTEGER, 2, 0x40, 0, INTEGER, 1, 1, INTEGER, 2, 0x40, 0];
        assert_eq!(bearable(&lanes), Err(PfxError::TooSlow));
    }

    #[test]
    fn what_is_no_asn1_or_deeper_than_any_file_is_no_pfx() {
        let deep = [[SEQUENCE, 0x80]; 4000].concat();
        for none in [&b""[..], &[SEQUENCE], &[SEQUENCE, 0x80], &[SEQUENCE, 5, 1], &[0x3F, 0x10, 0], &deep] {
            assert_eq!(bearable(none), Err(PfxError::NotPfx));
        }
    }
}
