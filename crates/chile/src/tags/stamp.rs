//! The elements of the TED and of the CAF inside it, the same in both schemas (DTE_v10 and
//! EnvioBOLETA_v11, TED). DSA keys, which the schemas still know, no CAF has had.

use super::{Field, Shape, date, field, group, moment, one_of, rut, text, whole};

pub static TED: &[Field] = &[group("DD", DD).must(), base64("FRMT").must()];

static DD: &[Field] = &[
    rut("RE").must(),
    one_of("TD", KINDS).must(),
    whole("F", 1, 9_999_999_999).must(),
    date("FE").must(),
    field("RR", Shape::RutOrNone).must(),
    text("RSR", 40).must(),
    whole("MNT", 0, crate::money::MOST).must(),
    text("IT1", 40).must(),
    group("CAF", CAF).must(),
    moment("TSTED").must(),
];

static CAF: &[Field] = &[group("DA", DA).must(), base64("FRMA").must()];

static DA: &[Field] = &[
    rut("RE").must(),
    text("RS", 40).must(),
    one_of("TD", KINDS).must(),
    group("RNG", RANGE).must(),
    date("FA").must(),
    group("RSAPK", KEY).must(),
    whole("IDK", 0, i64::MAX).must(),
];

static RANGE: &[Field] = &[whole("D", 1, 9_999_999_999).must(), whole("H", 1, 9_999_999_999).must()];

static KEY: &[Field] = &[base64("M").must(), base64("E").must()];

/// Types that bear a stamp.
const KINDS: &[&str] = &["33", "34", "39", "41", "43", "46", "52", "56", "61", "110", "111", "112"];

pub(super) const fn base64(tag: &'static str) -> Field {
    field(tag, Shape::Base64)
}
