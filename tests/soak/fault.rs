//! What a harness found: something that should never be, in words.

use std::error::Error;
use std::fmt;

pub struct Fault(pub String);

pub type Found<T> = Result<T, Fault>;

/// Says what should never be.
#[macro_export]
macro_rules! fault {
    ($($words:tt)*) => { Err($crate::fault::Fault(format!($($words)*))) };
}

impl<E: Error> From<E> for Fault {
    fn from(error: E) -> Fault {
        let mut words = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            words = format!("{words}: {cause}");
            source = cause.source();
        }
        Fault(words)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
