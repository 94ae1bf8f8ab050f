//! A sale of thousands of lines takes its time to be read and drafted: it does so on a thread that nobody waits for, and
//! the threads that answer the other tills go on. Two are done at once and the others wait, so that many at once take
//! neither the processors nor the memory. A till's own small sale is done at once, where it is.

use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::engine::{Agent, Answer};
use crate::view::ProblemView;

/// A sale of so many bytes is a large one: some thousand lines.
const LARGE: usize = 64 << 10;
/// So many large ones are done at once. Of one byte a JSON value makes some twenty.
const AT_ONCE: usize = 2;

/// Where large sales are done.
pub(crate) struct Apart(Arc<Semaphore>);

impl Default for Apart {
    fn default() -> Apart {
        Apart(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl Apart {
    async fn run<T, F>(&self, work: impl FnOnce() -> F + Send + 'static) -> Answer<T>
    where
        T: Send + 'static,
        F: Future<Output = Answer<T>>,
    {
        let turn = Arc::clone(&self.0).acquire_owned().await.map_err(ProblemView::internal)?;
        let here = Handle::current();
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn; // also when nobody waits for it any more
            here.block_on(work())
        });
        done.await.map_err(ProblemView::internal)?
    }
}

impl Agent {
    /// Does with a sale of `size` bytes what `work` makes of the engine, away from the threads of the runtime where it is
    /// a large one.
    pub(crate) async fn with_sale<T, F>(
        &self,
        size: usize,
        work: impl FnOnce(Agent) -> F + Send + 'static,
    ) -> Answer<T>
    where
        T: Send + 'static,
        F: Future<Output = Answer<T>>,
    {
        let agent = self.clone();
        if size <= LARGE {
            return work(agent).await;
        }
        self.0.large.run(move || work(agent)).await
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::sync::atomic::AtomicBool;
    use std::sync::atomic::Ordering::SeqCst;
    use std::sync::mpsc;

    use tokio::runtime::Builder;

    use super::*;

    /// The pool has one thread more than there are turns: a third sale would be done before what is asked of it next.
    #[test]
    fn of_many_large_sales_two_are_done_at_once_and_the_others_afterwards() {
        let runtime = Builder::new_current_thread().max_blocking_threads(AT_ONCE + 1).build().unwrap();
        runtime.block_on(async {
            let apart = Arc::new(Apart::default());
            let mut held = Vec::new();
            let holders: Vec<_> = (0..AT_ONCE)
                .map(|_| {
                    let (let_go, wait) = mpsc::channel::<()>();
                    held.push(let_go);
                    let apart = Arc::clone(&apart);
                    tokio::spawn(async move { apart.run(move || ready(Ok(wait.recv().is_err()))).await })
                })
                .collect();
            let done = Arc::new(AtomicBool::new(false));
            let (third, told) = (Arc::clone(&apart), Arc::clone(&done));
            let third =
                tokio::spawn(async move { third.run(move || ready(Ok(told.swap(true, SeqCst)))).await });
            tokio::task::yield_now().await;
            tokio::task::spawn_blocking(|| ()).await.unwrap();
            assert!(!done.load(SeqCst), "it waits for its turn");
            drop(held);
            for holder in holders {
                assert!(holder.await.unwrap().unwrap());
            }
            assert!(!third.await.unwrap().unwrap(), "once");
            assert!(done.load(SeqCst));
        });
    }
}
