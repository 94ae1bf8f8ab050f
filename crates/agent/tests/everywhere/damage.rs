//! What is left of a parcel when the journal's own word about it can't be read.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::copied::{anchored, times};
use crate::fake::*;
use timbre_agent::reissue::Reissue;
use timbre_agent::view::{ProblemView, RangeOrder, ReissuedView, UnlockOrder};
use timbre_agent::{Agent, Settings};

const HOUR: Duration = Duration::from_secs(3_600);

/// The words of a *sending* fact's frame.
const SENDING: &str = "\"attempt\":1,\"sha256\"";

/// The authority has a parcel and no verdict yet; then the frame that says so is damaged.
async fn sent_and_damaged(dir: &Path, office: &Arc<Office>) {
    office.books().words.insert(1, "wait");
    let agent = open(dir, office, true).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| agent.stats().sent == 1).await;
    agent.stop().await;
    drop(agent);
    damage(dir, SENDING);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_sending_frame_does_not_strand_its_documents() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    sent_and_damaged(dir.path(), &office).await;
    office.books().words.clear();
    let agent = open(dir.path(), &office, true).await;
    until(&agent, |agent| agent.stats().accepted == 1).await;
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_whose_bytes_are_lost_is_not_sent_again_and_a_person_is_called() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().moods.push_back(("deliver", Mood::Lose));
    let patient = Settings { attempts: 1, retry_cap: HOUR, ..settings() };
    let agent = open_with(dir.path(), &office, true, patient.clone()).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| agent.stats().pending == 1).await;
    agent.stop().await;
    drop(agent);
    damage(dir.path(), SENDING);
    let agent = open_with(dir.path(), &office, true, patient).await;
    agent.resend_pending().await.unwrap();
    until(&agent, |agent| agent.stats().errors == 1).await;
    agent.stop().await;
    assert_eq!(office.books().asked("post/deliver"), 1);
}

/// Its parcel is lost, whatever became of it: damage, and an index that was made again.
async fn strayed(dir: &Path, office: &Arc<Office>, lost: bool) {
    match lost {
        true => office.books().moods.push_back(("deliver", Mood::Lose)),
        false => drop(office.books().words.insert(1, "wait")),
    }
    office.books().have.insert(1, "wait");
    let agent = of_one_range(dir, office).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| matches!(row(agent, 1).state.as_str(), "ENVIADO" | "VERIFICANDO")).await;
    agent.stop().await;
    drop(agent);
    damage(dir, SENDING);
    std::fs::remove_dir_all(dir.join("db")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_whose_parcel_is_lost_is_asked_about_and_has_the_verdict_that_is_there() {
    for lost in [false, true] {
        let (dir, office) = (tempfile::tempdir().unwrap(), office());
        strayed(dir.path(), &office, lost).await;
        office.books().words.clear();
        office.books().have.insert(1, "yes");
        let agent = of_one_range(dir.path(), &office).await;
        until(&agent, |agent| agent.stats().accepted == 1).await;
        assert!(!flagged(&agent, 1));
        agent.stop().await;
        assert_eq!(office.books().asked("post/deliver"), 1, "nothing is offered again");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_whose_parcel_is_lost_goes_again_once_it_is_absent_twice() {
    for lost in [false, true] {
        let (dir, office) = (tempfile::tempdir().unwrap(), office());
        strayed(dir.path(), &office, lost).await;
        let asked = questions(&office);
        {
            let mut books = office.books();
            books.words.clear();
            books.have.clear();
            books.held.clear();
            books.haves.extend(["no", "no"]);
        }
        let agent = of_one_range(dir.path(), &office).await;
        agent.resend(&["TAF1".to_owned()]).await.unwrap();
        until(&agent, |agent| agent.stats().accepted == 1).await;
        assert_eq!(row(&agent, 1).version, 1);
        agent.stop().await;
        assert!(questions(&office) >= asked + 2);
        assert_eq!(office.books().asked("post/deliver"), 2);
    }
}

/// Of one range, so that whoever sells from it leaves no doubt about folios.
async fn of_one_range(dir: &Path, office: &Arc<Office>) -> Agent {
    let ranges = vec!["1-500".to_owned()];
    open_as(dir, office, Opening { ranges, ..Opening::default() }).await
}

/// All that the journal says from the frame with the first words to the one before that with the others is gone.
fn lose(dir: &Path, from: &str, to: &str) {
    let path = dir.join("journal/000001.tj");
    let mut journal = std::fs::read(&path).unwrap();
    let magic = journal[..4].to_vec();
    let frame_of = |words: &str| {
        let at = journal.windows(words.len()).position(|part| part == words.as_bytes()).unwrap();
        journal[..at].windows(4).rposition(|part| part == magic).unwrap()
    };
    let lost = frame_of(from)..frame_of(to);
    journal[lost].fill(0);
    std::fs::write(&path, journal).unwrap();
}

/// Nothing locks, and nothing says that they left: the authority does.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_accepted_and_forgotten_by_damage_is_asked_about_and_not_offered_again() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let agent = of_one_range(dir.path(), &office).await;
    sell(&agent, "a", 10).await;
    sell(&agent, "b", 10).await;
    until(&agent, |agent| agent.stats().accepted == 2).await;
    sell(&agent, "c", 10).await;
    until(&agent, |agent| agent.stats().accepted == 3).await;
    agent.stop().await;
    drop(agent);
    lose(dir.path(), SENDING, "\"key\":\"c\"");
    std::fs::remove_dir_all(dir.path().join("db")).unwrap();

    let agent = of_one_range(dir.path(), &office).await;
    assert!(agent.lock().is_none());
    until(&agent, |agent| agent.stats().accepted == 3).await;
    agent.stop().await;
    assert!(times(&office).iter().all(|times| *times == 1), "{:?}", times(&office));
}

/// A sale is not made a second time without a word, whatever number is asked for; once a person has looked at the number
/// that is missing it is theirs to decide.
#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_been_made_again_in_a_damaged_part_is_not_made_again_before_a_person_looked() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let again = |new_number| Reissue { sale: None, new_number, who: "Ana".into() };
    let agent = of_one_range(dir.path(), &office).await;
    office.books().words.insert(1, "free");
    sell(&agent, "a", 10).await;
    until(&agent, |agent| row(agent, 1).state == "RECHAZADO").await;
    office.books().words.clear();
    office.books().have.insert(1, "no");
    assert_eq!(agent.reissue("TAF1", again(true)).await.unwrap().document.id, "TAF2");
    until(&agent, |agent| agent.stats().accepted == 1).await;
    sell(&agent, "c", 10).await;
    until(&agent, |agent| agent.stats().accepted == 2).await;
    agent.stop().await;
    drop(agent);
    lose(dir.path(), "Volver a emitir", "\"key\":\"c\"");
    std::fs::remove_dir_all(dir.path().join("db")).unwrap();

    let agent = of_one_range(dir.path(), &office).await;
    assert!(agent.lock().is_none());
    assert_eq!(row(&agent, 1).state, "RECHAZADO");
    for new_number in [false, true] {
        let problem = agent.reissue("TAF1", again(new_number)).await.unwrap_err();
        assert_eq!((problem.status, problem.code.as_str()), (409, "maybe-reissued"));
        assert!(problem.detail.contains("falta TAF2."), "{}", problem.detail);
    }
    assert_eq!((row(&agent, 1).version, agent.folios()[0].next), (1, Some(4)));
    let looked = RangeOrder { series: "A".into(), folio: 2, who: "Ana".into() };
    agent.skipped_annulled(&looked).await.unwrap();
    assert_eq!(agent.reissue("TAF1", again(false)).await.unwrap().document.version, 2);
    agent.stop().await;
}

/// What can't be read of it decides nothing: it is asked about once, as the others are.
#[tokio::test(flavor = "multi_thread")]
async fn what_waited_leaves_after_an_unlock_though_something_of_its_history_cannot_be_read() {
    let (root, office) = (tempfile::tempdir().unwrap(), office());
    let root = root.path();
    office.books().moods.extend(std::iter::repeat_n(("deliver", Mood::Dead), 10_000));
    let agent = anchored(root, &office, true).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| agent.stats().pending == 1).await;
    agent.stop().await;
    drop(agent);
    damage(&root.join("shop"), "\"cause\":\"sending\"");
    for file in ["anchor.json", "anchor.base"] {
        std::fs::remove_file(root.join(file)).unwrap();
    }

    office.books().moods.clear();
    let agent = anchored(root, &office, true).await;
    assert_eq!(agent.lock().unwrap().reason, "anchor-missing");
    let told = agent.detail("TAF1").unwrap().timeline;
    assert!(told.iter().any(|step| step.title == "No se puede leer"));
    assert!(agent.history("TAF1").unwrap().iter().any(|fact| fact["fact"] == "unreadable"));
    agent.unlock(&UnlockOrder::by("ana")).await.unwrap();
    until(&agent, |agent| agent.stats().accepted == 1).await;
    agent.stop().await;
    assert_eq!(times(&office), [1]);
}

/// One bit of what waits, and the index is whole.
#[tokio::test]
async fn what_waits_and_cannot_be_read_is_shown_and_gives_its_place_to_who_has_its_sale() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    let agent = open(dir.path(), &office, false).await;
    sell(&agent, "k", 10).await;
    agent.stop().await;
    drop(agent);
    damage(dir.path(), "\"key\":\"k\"");

    let agent = open(dir.path(), &office, true).await;
    let looked = agent.detail("TAF1").unwrap();
    assert_eq!((looked.row.state.as_str(), looked.sha256.as_str()), ("GENERADO", ""));
    assert!(looked.lost, "the window offers to put another in its place");
    assert!(looked.timeline.iter().any(|step| step.title == "No se puede leer"), "{:?}", looked.timeline);
    until(&agent, |agent| row(agent, 1).attention.is_some()).await;
    for resent in [agent.resend_pending().await, agent.resend(&["TAF1".to_owned()]).await] {
        let told = resent.unwrap();
        assert_eq!((told.queued, told.skipped, told.unreadable, told.documents), (0, 0, 1, vec![]));
    }

    let order = |sale: Option<&'static str>| Reissue {
        sale: sale.map(|sale| sale.as_bytes().into()),
        new_number: false,
        who: "Ana".into(),
    };
    let code = |made: Result<ReissuedView, ProblemView>| made.unwrap_err().code;
    assert_eq!(code(agent.reissue("TAF1", order(None)).await), "document-unreadable");
    assert_eq!(code(agent.reissue("TAF1", order(Some(r#"{"total":11}"#))).await), "reissue-changes");
    let made = agent.reissue("TAF1", order(Some(r#"{"total":10}"#))).await.unwrap();
    assert_eq!((made.document.id.as_str(), made.number.as_str()), ("TAF2", "new"));
    assert!(!agent.detail("TAF1").unwrap().lost && !agent.detail("TAF2").unwrap().lost, "that is done");
    let lost = row(&agent, 1);
    assert_eq!((lost.state.as_str(), lost.replaced_by.as_deref()), ("REEMPLAZADO", Some("TAF2")));
    assert!(lost.attention.unwrap().ends_with("en su lugar está TAF2. Nunca se envió al Oficina."));
    assert_eq!(agent.snapshot().to_annul, 1);
    until(&agent, |agent| row(agent, 2).state == "ACEPTADO").await;
    assert_eq!(sell(&agent, "k", 10).await.document.id, "TAF2", "the till's key finds what stands there now");
    agent.number_annulled("TAF1", "Ana").await.unwrap();
    assert_eq!(agent.snapshot().to_annul, 0);
    agent.stop().await;
}
