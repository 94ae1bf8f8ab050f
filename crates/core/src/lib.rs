//! The words of the trade: sale, draft, document, verdict. No I/O, no clock, no country.
