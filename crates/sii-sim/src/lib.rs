//! A strict SII on loopback, for tests, training and the demo. It shares no code with what it judges.
