//! A sale of thousands of lines takes its time to be read and drafted: it does so on a thread that nobody waits for, and
//! the threads that answer the other tills go on. A till's own small sale is done at once, where it is.

use tokio::runtime::Handle;

use crate::engine::{Agent, Answer};
use crate::view::ProblemView;

/// A sale of so many bytes is a large one: some thousand lines.
const LARGE: usize = 64 << 10;

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
        let here = Handle::current();
        let done = tokio::task::spawn_blocking(move || here.block_on(work(agent)));
        done.await.map_err(ProblemView::internal)?
    }
}
