//! The writer by itself: its acts, its panics, its end, its broken store.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use timbre_core::{Certificate, Claims, Document, Folio, Grant, KeyError, KeyName, Scheme, Series};
use timbre_store::OpenOptions;
use tokio::sync::mpsc::UnboundedReceiver;

use super::*;
use crate::clock::SystemClock;

struct NoKeys;

impl Keys for NoKeys {
    fn sign(&self, _: KeyName<'_>, _: Scheme, _: &[u8]) -> Result<Vec<u8>, KeyError> {
        Err(KeyError::Locked)
    }

    fn certificate(&self) -> Result<Certificate, KeyError> {
        Err(KeyError::NoCertificate)
    }
}

struct Shop {
    dir: tempfile::TempDir,
    writer: Writer,
    touches: UnboundedReceiver<Vec<DocumentId>>,
    thread: std::thread::JoinHandle<()>,
    reader: Reader,
}

fn shop() -> Shop {
    shop_with(Arc::new(SystemClock), OpenOptions::default())
}

fn shop_with(clock: Arc<dyn Clock>, options: OpenOptions) -> Shop {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(dir.path(), &options, &|_, _| {}).unwrap();
    let reader = store.reader();
    let (touched, touches) = tokio::sync::mpsc::unbounded_channel();
    let (writer, thread) =
        Writer::start(store, Arc::new(NoKeys), clock, jiff::tz::TimeZone::UTC, touched, Seat::Thread)
            .unwrap();
    let thread = thread.expect("it has one");
    Shop { dir, writer, touches, thread, reader }
}

impl Shop {
    fn journal(&self) -> std::path::PathBuf {
        self.dir.path().join("journal")
    }

    /// Waits for news after which `done` holds.
    async fn until(&mut self, done: impl Fn(&Writer) -> bool) {
        while !done(&self.writer) {
            self.touches.recv().await.expect("the writer tells how it ends");
        }
    }
}

fn line(what: &str) -> Fact {
    Fact::Line { what: what.to_owned(), up: true, why: String::new() }
}

/// Holds the writer inside an act until it is told to go on, so that what comes meanwhile waits
/// together.
fn hold(writer: &Writer) -> (mpsc::Sender<()>, tokio::task::JoinHandle<Result<bool, WriteError>>) {
    let (go, gone) = mpsc::channel();
    let (began, begun) = mpsc::channel();
    let writer = writer.clone();
    let held = tokio::spawn(async move {
        writer
            .apply(move |_| {
                began.send(()).unwrap();
                gone.recv().unwrap();
                Vec::new()
            })
            .await
    });
    begun.recv().unwrap();
    (go, held)
}

/// Orders an act at once; its answer comes later.
fn order(
    writer: &Writer,
    make: impl FnOnce(&Reader) -> Vec<Fact> + Send + 'static,
) -> oneshot::Receiver<Result<Committed, WriteError>> {
    let (reply, answer) = oneshot::channel();
    let act = Act { make: Box::new(make), reply };
    assert!(writer.orders.hand_in(Order::Apply(act)));
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn acts_that_wait_together_share_an_fsync_and_see_each_other() {
    let shop = shop();
    let before = shop.writer.fsyncs();
    let (go, held) = hold(&shop.writer);
    let answers: Vec<_> = (0..20u8)
        .map(|n| {
            order(&shop.writer, move |reader| {
                assert_eq!(reader.line().len(), usize::from(n));
                vec![line(&format!("line {n}"))]
            })
        })
        .collect();
    go.send(()).unwrap();
    held.await.unwrap().unwrap();
    for answer in answers {
        answer.await.unwrap().unwrap();
    }
    assert_eq!(shop.writer.fsyncs() - before, 1);
    assert_eq!(shop.reader.line().len(), 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_or_a_mistake_in_an_act_costs_only_itself() {
    let shop = shop();
    let (go, held) = hold(&shop.writer);
    let unknown = Fact::Attention { document: DocumentId::new("39", 7), reason: None };
    let answers = [
        order(&shop.writer, |_| vec![line("a")]),
        order(&shop.writer, |_| panic!("on purpose")),
        order(&shop.writer, move |_| vec![line("b"), unknown]),
        order(&shop.writer, |reader| {
            assert_eq!(reader.line().len(), 1);
            vec![line("c")]
        }),
    ];
    go.send(()).unwrap();
    held.await.unwrap().unwrap();
    let [a, panicked, mistaken, c] = answers;
    assert!(a.await.unwrap().is_ok() && c.await.unwrap().is_ok());
    assert!(matches!(panicked.await.unwrap(), Err(WriteError::Panicked)));
    let mistaken = mistaken.await.unwrap().unwrap_err();
    assert!(matches!(mistaken, WriteError::Store(error) if matches!(*error, StoreError::NoDocument(_))));
    assert_eq!(shop.reader.line().keys().collect::<Vec<_>>(), ["a", "c"]);
    assert_eq!(shop.writer.stopped(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_was_closed_says_that_it_writes_no_more() {
    let mut shop = shop();
    shop.writer.close();
    shop.until(|writer| writer.stopped().is_some()).await;
    let writer = shop.writer.clone();
    tokio::task::spawn_blocking(move || shop.thread.join()).await.unwrap().unwrap();
    assert!(matches!(writer.commit(vec![line("a")]).await, Err(WriteError::Closed)));
}

/// A clock that panics in the writer's thread, where nothing catches it.
#[derive(Default)]
struct Bomb(AtomicBool);

impl Clock for Bomb {
    fn now(&self) -> Timestamp {
        assert!(!self.0.load(Ordering::SeqCst), "on purpose");
        SystemClock.now()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_dies_tells_everybody() {
    let bomb = Arc::new(Bomb::default());
    let mut shop = shop_with(bomb.clone(), OpenOptions::default());
    shop.writer.commit(vec![line("a")]).await.unwrap();
    bomb.0.store(true, Ordering::SeqCst);
    assert!(matches!(shop.writer.commit(vec![line("b")]).await, Err(WriteError::Closed)));
    assert!(shop.writer.stopped().is_some(), "whoever hears it finds it so");
    shop.until(|writer| writer.stopped().is_some_and(|why| why.starts_with("Un error de Timbre"))).await;
}

/// A draft of a series that has no folios: it gets as far as that.
struct Numberless;

impl Draft for Numberless {
    fn series(&self) -> Series {
        Series("39".to_owned())
    }

    fn accepts(&self, _: &Grant) -> Result<(), Refusal> {
        Ok(())
    }

    fn claims(&self) -> Claims {
        Claims::default()
    }

    fn warnings(&self) -> &[Refusal] {
        &[]
    }

    fn totals(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn seal(&self, _: Folio, _: &dyn Keys, _: Timestamp) -> Result<Document, KeyError> {
        unreachable!("it has no folio")
    }
}

/// Why nothing was issued: the refusal's code.
async fn try_to_sell(writer: &Writer) -> String {
    let sale = Sale::read("{}".into(), None).unwrap();
    match writer.issue(Box::new(Numberless), sale).await {
        Err(IssueError::Refused(refusals)) => refusals.0[0].code.to_string(),
        other => panic!("{other:?}"),
    }
}

/// A clock that tells who asks it.
#[derive(Default)]
struct Witness(Mutex<Vec<Option<String>>>);

impl Clock for Witness {
    fn now(&self) -> Timestamp {
        lock(&self.0).push(std::thread::current().name().map(str::to_owned));
        SystemClock.now()
    }
}

impl Witness {
    /// Was all of it done on the writer's thread? Forgets it, too.
    fn was_the_writer(&self) -> bool {
        let seen = std::mem::take(&mut *lock(&self.0));
        assert!(!seen.is_empty());
        seen.iter().all(|name| name.as_deref() == Some("timbre-writer"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_works_at_a_free_desk_itself_and_passes_nobody_who_waits() {
    let witness = Arc::new(Witness::default());
    let shop = shop_with(witness.clone(), OpenOptions::default());
    assert_eq!(try_to_sell(&shop.writer).await, "folio-none");
    assert!(!witness.was_the_writer(), "the desk was free");

    let (go, held) = hold(&shop.writer);
    let writer = shop.writer.clone();
    let (waiting, behind) = (order(&writer, |_| vec![line("a")]), writer.clone());
    let till = tokio::spawn(async move { try_to_sell(&behind).await });
    while writer.orders.waiting() < 2 {
        tokio::task::yield_now().await;
    }
    lock(&witness.0).clear();
    go.send(()).unwrap();
    assert_eq!(till.await.unwrap(), "folio-none");
    waiting.await.unwrap().unwrap();
    held.await.unwrap().unwrap();
    assert!(witness.was_the_writer(), "somebody else worked there, and somebody waited");
}

#[tokio::test]
async fn a_till_alone_on_its_thread_does_not_block_it() {
    let witness = Arc::new(Witness::default());
    let shop = shop_with(witness.clone(), OpenOptions::default());
    assert_eq!(try_to_sell(&shop.writer).await, "folio-none");
    assert!(witness.was_the_writer());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_that_panics_at_the_desk_leaves_a_writer_that_says_so() {
    let bomb = Arc::new(Bomb::default());
    let mut shop = shop_with(bomb.clone(), OpenOptions::default());
    bomb.0.store(true, Ordering::SeqCst);
    let sale = Sale::read("{}".into(), None).unwrap();
    let outcome = shop.writer.issue(Box::new(Numberless), sale).await;
    assert!(matches!(outcome, Err(IssueError::Write(WriteError::Closed))));
    shop.until(|writer| writer.stopped().is_some_and(|why| why.starts_with("Un error de Timbre"))).await;
    assert!(matches!(shop.writer.commit(vec![line("a")]).await, Err(WriteError::Closed)));
    tokio::task::spawn_blocking(move || shop.thread.join()).await.unwrap().unwrap();
}

/// Keeps keys closed, and opens none while it is lost.
#[derive(Debug, Default)]
struct Ring(AtomicBool);

impl timbre_store::SegmentKeys for Ring {
    fn close(&self, key: &timbre_store::Key) -> Result<Vec<u8>, KeyError> {
        Ok(key.to_vec())
    }

    fn open(&self, closed: &[u8]) -> Result<timbre_store::Key, KeyError> {
        match self.0.load(Ordering::SeqCst) {
            true => Err(KeyError::Locked),
            false => Ok(timbre_store::Key::new(closed.try_into().expect("a key"))),
        }
    }
}

/// Who is told that it failed types their paper once more, or throws it away, and it is sealed all the same.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_sealed_is_said_to_be_though_the_folder_can_not_be_opened_again_at_once() {
    let ring = Arc::new(Ring::default());
    let options = OpenOptions { keys: Some(ring.clone()), ..OpenOptions::default() };
    let mut shop = shop_with(Arc::new(SystemClock), options);
    ring.0.store(true, Ordering::SeqCst);
    shop.writer.seal(vec![line("a")]).await.unwrap();
    assert!(timbre_store::sealed(shop.dir.path()).unwrap().on);
    assert!(shop.writer.stopped().is_some(), "and what is the matter is told");
    assert!(shop.writer.commit(vec![line("b")]).await.is_err());
    ring.0.store(false, Ordering::SeqCst);
    shop.until(|writer| writer.stopped().is_none()).await;
    shop.writer.commit(vec![line("c")]).await.unwrap();
    assert_eq!(shop.reader.line().keys().collect::<Vec<_>>(), ["a", "c"]);
    let sealed = timbre_store::sealed(shop.dir.path()).unwrap();
    assert_eq!((sealed.on, sealed.sealed.len()), (true, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_sealed_is_said_not_to_be_and_stays_in_clear() {
    let options = OpenOptions { keys: Some(Arc::new(Ring::default())), ..OpenOptions::default() };
    let mut shop = shop_with(Arc::new(SystemClock), options);
    shop.writer.commit(vec![line("a")]).await.unwrap();
    let blocked = block(&shop.journal());
    shop.writer.seal(vec![line("b")]).await.unwrap_err();
    std::fs::remove_dir(blocked).unwrap();
    assert!(!timbre_store::sealed(shop.dir.path()).unwrap().on);
    shop.until(|writer| writer.stopped().is_none()).await;
    shop.writer.seal(vec![line("c")]).await.unwrap();
    assert!(timbre_store::sealed(shop.dir.path()).unwrap().on);
}

/// What became unreadable since the start is told as the start tells it, once.
#[tokio::test(flavor = "multi_thread")]
async fn damage_that_is_found_when_the_folder_is_opened_again_is_handed_on() {
    let options = OpenOptions { segment_bytes: 1, ..OpenOptions::default() };
    let mut shop = shop_with(Arc::new(SystemClock), options);
    for name in ["a", "b", "c"] {
        shop.writer.commit(vec![line(name)]).await.unwrap();
    }
    assert_eq!(shop.writer.take_damage(), None);
    let blocked = block(&shop.journal());
    std::fs::remove_file(shop.journal().join("000002.tj")).unwrap();
    shop.writer.commit(vec![line("d")]).await.unwrap_err();
    std::fs::remove_dir_all(blocked).unwrap_or(());
    for left in std::fs::read_dir(shop.journal()).unwrap().flatten() {
        if left.path().is_dir() {
            std::fs::remove_dir(left.path()).unwrap();
        }
    }
    shop.until(|writer| writer.stopped().is_none()).await;
    let found = shop.writer.take_damage().expect("a part is missing");
    assert_eq!((found.parts, shop.writer.take_damage()), (1, None));
}

/// Each batch goes to a segment of its own; where the next one would be there is a folder.
fn block(journal: &Path) -> std::path::PathBuf {
    let next = std::fs::read_dir(journal).unwrap().count() + 1;
    let blocked = journal.join(format!("{next:06}.tj"));
    std::fs::create_dir(&blocked).unwrap();
    blocked
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_store_is_told_and_opened_again_by_itself_when_it_can_be() {
    let options = OpenOptions { segment_bytes: 1, ..OpenOptions::default() };
    let mut shop = shop_with(Arc::new(SystemClock), options);
    shop.writer.commit(vec![line("a")]).await.unwrap();
    let blocked = block(&shop.journal());
    let failed = shop.writer.commit(vec![line("b")]).await.unwrap_err();
    assert!(matches!(failed, WriteError::Store(error) if matches!(*error, StoreError::Io { .. })));
    assert!(shop.writer.stopped().is_some());
    // As long as it can't be opened every order is refused.
    let refused = shop.writer.commit(vec![line("c")]).await.unwrap_err();
    assert!(matches!(refused, WriteError::Store(error) if matches!(*error, StoreError::Poisoned)));
    assert!(shop.writer.stopped().is_some());
    std::fs::remove_dir(blocked).unwrap();
    shop.until(|writer| writer.stopped().is_none()).await;
    shop.writer.commit(vec![line("d")]).await.unwrap();
    assert_eq!(shop.reader.line().keys().collect::<Vec<_>>(), ["a", "d"], "an old reader follows");
}
