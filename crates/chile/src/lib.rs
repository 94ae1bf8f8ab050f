//! The SII's law and language, pure: RUT, CAF, TED, totals, DTE, boleta, envelopes, both channels.
