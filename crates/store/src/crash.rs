//! Named places where a harness makes the process die as `kill -9` would, between two steps. Only
//! its own build (the feature `crash-points`) has any of this: elsewhere [`crash!`](crate::crash!)
//! leaves nothing behind. Which places there are is told by `tests/soak/points.rs`.

/// Dies here when `TIMBRE_CRASH` names this place (`name`, or `name:n` for its n-th pass), after a
/// last deed if one is given.
#[cfg(feature = "crash-points")]
#[macro_export]
macro_rules! crash {
    ($name:literal $(, $last:expr)?) => {
        if $crate::crash::due($name) {
            $(let _ = $last;)?
            $crate::crash::die();
        }
    };
}

/// Nothing at all, in every build but the harness's.
#[cfg(not(feature = "crash-points"))]
#[macro_export]
macro_rules! crash {
    ($name:literal $(, $last:expr)?) => {};
}

#[cfg(feature = "crash-points")]
pub use armed::{die, due, index_keys, segment_bytes};

#[cfg(feature = "crash-points")]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Where to die, and at which pass.
    static PLAN: OnceLock<Option<(String, u64)>> = OnceLock::new();
    static PASSES: AtomicU64 = AtomicU64::new(0);

    fn plan() -> &'static Option<(String, u64)> {
        PLAN.get_or_init(|| {
            let said = std::env::var("TIMBRE_CRASH").ok()?;
            let (name, pass) = said.split_once(':').unwrap_or((&said, "1"));
            Some((name.to_owned(), pass.parse().expect("TIMBRE_CRASH says a name, or name:n")))
        })
    }

    /// Is this the place, and the pass?
    pub fn due(name: &str) -> bool {
        plan().as_ref().is_some_and(|(wanted, pass)| {
            wanted == name && PASSES.fetch_add(1, Ordering::Relaxed) + 1 == *pass
        })
    }

    /// No destructor runs, nothing is flushed.
    pub fn die() -> ! {
        std::process::abort()
    }

    /// The harness turns segments over sooner than a shop does (`TIMBRE_SEGMENT_BYTES`).
    pub fn segment_bytes(usual: u64) -> u64 {
        static SAID: OnceLock<Option<u64>> = OnceLock::new();
        SAID.get_or_init(|| number("TIMBRE_SEGMENT_BYTES")).unwrap_or(usual)
    }

    /// It tells the index as soon as so many keys wait (`TIMBRE_INDEX_KEYS`).
    pub fn index_keys(usual: usize) -> usize {
        static SAID: OnceLock<Option<u64>> = OnceLock::new();
        SAID.get_or_init(|| number("TIMBRE_INDEX_KEYS")).map_or(usual, |keys| usual.min(keys as usize))
    }

    fn number(name: &str) -> Option<u64> {
        Some(std::env::var(name).ok()?.parse().expect("the harness says a number"))
    }
}
