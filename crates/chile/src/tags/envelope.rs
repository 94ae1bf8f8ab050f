//! The elements round the documents: envelopes, carátula and signature (schemas EnvioDTE_v10,
//! EnvioBOLETA_v11 and xmldsignature_v10). What is counted or missed elsewhere is optional here.

use super::stamp::base64;
use super::{Field, Shape, date, field, group, moment, one_of, rut, whole};

const fn taken_whole(tag: &'static str) -> Field {
    field(tag, Shape::Markup)
}

/// `EnvioDTE` and `EnvioBOLETA`.
pub static ENVELOPE: &[Field] = &[taken_whole("SetDTE"), taken_whole("Signature")];

/// `SetDTE`; how many documents it may hold depends on its envelope.
pub static SET: &[Field] = &[taken_whole("Caratula"), taken_whole("DTE").up_to(u16::MAX)];

pub static DTE: &[Field] = &[taken_whole("Documento"), taken_whole("Signature")];

/// The carátula of facturas.
pub static COVER_DTE: &[Field] = &cover(COUNT_DTE, 20);

/// The carátula of boletas.
pub static COVER_BOLETA: &[Field] = &cover(COUNT_BOLETA, 2);

const fn cover(count: &'static [Field], most: u16) -> [Field; 7] {
    [
        rut("RutEmisor").must(),
        rut("RutEnvia").must(),
        rut("RutReceptor").must(),
        date("FchResol").must(),
        whole("NroResol", 0, 999_999).must(),
        moment("TmstFirmaEnv").must(),
        group("SubTotDTE", count).must().up_to(most),
    ]
}

static COUNT_DTE: &[Field] = &[one_of("TpoDTE", KINDS_DTE).must(), whole("NroDTE", 1, i64::MAX).must()];
static COUNT_BOLETA: &[Field] = &[one_of("TpoDTE", KINDS_BOLETA).must(), whole("NroDTE", 1, i64::MAX).must()];

/// Types of an `EnvioDTE`.
pub const KINDS_DTE: &[&str] = &["33", "34", "43", "46", "52", "56", "61", "110", "111", "112"];
/// Types of an `EnvioBOLETA`.
pub const KINDS_BOLETA: &[&str] = &["39", "41"];

/// `Signature`. Documents without any Transform are in use, and the schema knows them.
pub static SIGNATURE: &[Field] = &[
    group("SignedInfo", SIGNED_INFO).must(),
    base64("SignatureValue").must(),
    group("KeyInfo", KEY_INFO).must(),
];

static SIGNED_INFO: &[Field] = &[
    nothing("CanonicalizationMethod").must(),
    nothing("SignatureMethod").must(),
    group("Reference", REFERENCE).must(),
];

static REFERENCE: &[Field] =
    &[group("Transforms", TRANSFORMS), nothing("DigestMethod").must(), base64("DigestValue").must()];

static TRANSFORMS: &[Field] = &[nothing("Transform").must()];

static KEY_INFO: &[Field] = &[group("KeyValue", KEY_VALUE).must(), group("X509Data", CERTIFICATE).must()];

static KEY_VALUE: &[Field] = &[group("RSAKeyValue", KEY).must()];

static KEY: &[Field] = &[base64("Modulus").must(), base64("Exponent").must()];

static CERTIFICATE: &[Field] = &[base64("X509Certificate").must()];

/// An element that says all it has to say by its attribute.
const fn nothing(tag: &'static str) -> Field {
    group(tag, &[])
}
