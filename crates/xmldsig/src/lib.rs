//! XML signatures: a writer that is canonical by construction, digest and signature.
