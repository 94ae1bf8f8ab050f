//! The TED, the stamp: one line of text that goes into the document, onto the paper and into every
//! reprint. It is built once and never again.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::DateTime;
use timbre_core::{Amount, Date, GrantId, KeyError, KeyName, Keys, Scheme};
use timbre_xmldsig::Xml;

use crate::rut::Rut;
use crate::{hour, latin1};

/// Longest RSR and IT1, in characters (schema DTE_v10, TED/DD).
const LONGEST: usize = 40;

/// The longest stamp that fits every paper that all types may have. A PDF417 of level 5 has 928 words at the most (ISO/IEC
/// 15438; level 5: Instructivo técnico, anexo 2, A.2.5). On a roll of 80 mm, where a lawful module is two dots, it has 12
/// columns, and so 77 rows: 924 words, of which 64 correct and two say how it is read, with six bytes in five of the rest and
/// one byte in each of the last three.
pub const MOST_BYTES: usize = 1029;

/// What a stamp says of its document, as the document says it.
#[derive(Debug, Clone)]
pub struct TedFields<'a> {
    /// RUTEmisor.
    pub issuer: Rut,
    /// TipoDTE.
    pub kind: u16,
    pub folio: u64,
    /// FchEmis.
    pub date: Date,
    /// RUTRecep.
    pub receiver: Rut,
    /// RznSocRecep, whole: it is cut here.
    pub receiver_name: &'a str,
    /// MntTotal.
    pub total: Amount,
    /// NmbItem of the first line, whole: it is cut here.
    pub first_item: &'a str,
    /// TSTED, by the wall clock of Santiago.
    pub stamped: DateTime,
}

/// `<TED version="1.0">…</TED>`, flat, exactly as it is spliced, printed and reprinted.
///
/// FRMT is RSA-SHA1 by the CAF's own key over the text from `<DD>` to `</DD>` in ISO-8859-1, escaped
/// as it stands in the file (Instructivo de emisión de documentos electrónicos, anexo 2, A.2.4).
/// Names are cut at forty characters before they are escaped, and not folded to ASCII.
pub fn ted(
    fields: &TedFields<'_>,
    grant_public: &str,
    keys: &dyn Keys,
    grant: &GrantId,
) -> Result<String, KeyError> {
    let dd = dd(fields, grant_public);
    let bytes = latin1::encode(&dd).map_err(|e| KeyError::Failed(e.to_string()))?;
    let frmt = keys.sign(KeyName::Grant(grant), Scheme::RsaSha1, &bytes)?;
    let mut ted = Xml::with_capacity(dd.len() + 180);
    ted.open_with("TED", &[("version", "1.0")])
        .raw(&dd)
        .open_with("FRMT", &[("algoritmo", "SHA1withRSA")])
        .text(&STANDARD.encode(frmt))
        .close("FRMT")
        .close("TED");
    Ok(ted.into_string())
}

/// How many bytes a stamp will have, before there is a signature in it.
pub fn length(fields: &TedFields<'_>, grant_public: &str) -> usize {
    // A signature is as long as its key's modulus, and both stand as base64.
    let modulus = grant_public.split_once("<M>").and_then(|(_, rest)| rest.split_once("</M>"));
    let frmt = modulus.map_or(0, |(modulus, _)| modulus.split_whitespace().map(str::len).sum());
    let around = "<TED version=\"1.0\"><FRMT algoritmo=\"SHA1withRSA\"></FRMT></TED>".len();
    // In Latin-1 each letter is a byte.
    dd(fields, grant_public).chars().count() + frmt + around
}

/// The signed part, in the schema's order.
fn dd(fields: &TedFields<'_>, grant_public: &str) -> String {
    let mut dd = Xml::with_capacity(grant_public.len() + 400);
    dd.open("DD")
        .leaf("RE", &fields.issuer.to_string())
        .leaf("TD", &fields.kind.to_string())
        .leaf("F", &fields.folio.to_string())
        .leaf("FE", &fields.date.to_string())
        .leaf("RR", &fields.receiver.to_string())
        .leaf("RSR", cut(fields.receiver_name))
        .leaf("MNT", &fields.total.to_string())
        .leaf("IT1", cut(fields.first_item))
        .raw(grant_public)
        .leaf("TSTED", &hour::stamp(fields.stamped))
        .close("DD");
    dd.into_string()
}

/// The first forty characters, inner and trailing blanks kept.
fn cut(text: &str) -> &str {
    text.char_indices().nth(LONGEST).map_or(text, |(at, _)| &text[..at])
}

#[cfg(test)]
mod tests;
