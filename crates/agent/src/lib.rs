//! The engine: issuing, sending, retrying, asking for the verdict, and what the panel shows.
