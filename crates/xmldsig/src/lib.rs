//! XML signatures: a writer that is canonical by construction, digest and signature.
//!
//! No parser and no canonicaliser lives here: what [`Xml`] writes already is Canonical XML 1.0, so
//! that a digest is taken over the very text that travels. No key lives here either.

mod canonical;
mod signature;
mod writer;

pub use canonical::{canonical_references, escape_attribute, escape_text};
pub use signature::{C14N, DSIG, SignerKey, Transform, base64_lines, digest_sha1_base64, signature};
pub use writer::Xml;
