//! How far the index is, where a start has to make it from the journal: a million documents take a minute or two, and
//! nobody is to think that nothing happens. When the index is made anew is the store's matter.

use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use timbre_store::percent;

/// So many bytes of the journal take more than a moment.
const LONG: u64 = 16 << 20;

/// Hears it in whole percents of the journal, each once, up to 100.
#[derive(Clone)]
pub struct Progress(Arc<dyn Fn(u32) + Send + Sync>);

impl Progress {
    pub fn new(hear: impl Fn(u32) + Send + Sync + 'static) -> Progress {
        Progress(Arc::new(hear))
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Progress")
    }
}

/// What the store tells of an opening, for `progress`: nothing of one that finds its index nearly as it should be.
pub(crate) fn telling(progress: Option<&Progress>) -> impl Fn(u64, u64) {
    let begun = Cell::new(None);
    move |read, all| {
        let from = begun.get().unwrap_or(read);
        begun.set(Some(from));
        let anew = from == 0 && all > 0;
        if let Some(Progress(hear)) = progress
            && (anew || all.saturating_sub(from) >= LONG)
        {
            // Whatever becomes of the telling, the shop opens.
            let _ = catch_unwind(AssertUnwindSafe(|| hear(percent(read, all))));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::mem;
    use std::path::Path;
    use std::sync::{Mutex, PoisonError};

    use super::*;
    use crate::Options;

    /// What a progress was told.
    #[derive(Clone, Default)]
    struct Heard(Arc<Mutex<Vec<u32>>>);

    impl Heard {
        fn progress(&self) -> Progress {
            let Heard(heard) = self.clone();
            Progress::new(move |percent| heard.lock().unwrap_or_else(PoisonError::into_inner).push(percent))
        }

        fn take(&self) -> Vec<u32> {
            mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
        }
    }

    fn told(said: &[(u64, u64)]) -> Vec<u32> {
        let heard = Heard::default();
        let progress = heard.progress();
        let tell = telling(Some(&progress));
        said.iter().for_each(|(read, all)| tell(*read, *all));
        heard.take()
    }

    #[test]
    fn only_an_index_that_is_made_anew_or_has_much_to_read_is_told_of() {
        assert_eq!(told(&[(0, 200), (50, 200), (200, 200)]), [0, 25, 100]);
        assert_eq!(told(&[(100, 100)]), [0u32; 0], "an index that has all");
        assert_eq!(told(&[(99, 200), (200, 200)]), [0u32; 0], "a few sales that it was not told");
        assert_eq!(told(&[(0, 0)]), [0u32; 0], "a new folder");
        assert_eq!(told(&[(LONG, 2 * LONG), (2 * LONG, 2 * LONG)]), [50, 100], "it was stopped half way");
    }

    /// Opens the demo shop in `dir`, and closes it.
    async fn open(dir: &Path, progress: Progress) {
        let options = Options { progress: Some(progress), ..Options::demo_in(dir) };
        crate::start(options).await.expect("it opens").stop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_start_without_an_index_tells_it_up_to_the_whole_and_every_other_nothing() {
        let dir = tempfile::tempdir().expect("a folder for the test");
        let heard = Heard::default();
        open(dir.path(), heard.progress()).await;
        open(dir.path(), heard.progress()).await;
        assert_eq!(heard.take(), [0u32; 0]);

        let no_index = || std::fs::remove_dir_all(dir.path().join("shop/db")).expect("its index");
        no_index();
        open(dir.path(), heard.progress()).await;
        let told = heard.take();
        assert_eq!((told.first(), told.last()), (Some(&0), Some(&100)), "{told:?}");
        assert!(told.is_sorted_by(|one, next| one < next), "each once: {told:?}");

        no_index();
        open(dir.path(), Progress::new(|_| panic!("nobody hears"))).await;
        open(dir.path(), heard.progress()).await;
        assert_eq!(heard.take(), [0u32; 0], "it opened all the same");
    }
}
