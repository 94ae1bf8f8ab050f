//! The till's side: the local API on loopback and the panel it serves.
