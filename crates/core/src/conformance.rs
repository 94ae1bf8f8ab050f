//! The rules every country passes: run by each country's own tests.
