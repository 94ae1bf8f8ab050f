//! Where a document is on paper only when the authority has accepted it, with what the authority gave it.

use timbre_agent::reissue::Reissue;
use timbre_core::paper::{Copy, Drawing, Printing};
use timbre_elsewhere::Country;

use crate::COUNTRY;
use crate::fake::*;

/// What stands on its paper beside what is ours.
fn number() -> &'static str {
    if COUNTRY == Country::Numbering { GIVEN } else { "" }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_on_paper_before_it_was_accepted_and_then_it_comes_by_itself() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().words.insert(1, "wait");
    let (tray, trays, end) = tray();
    let agent = open_as(dir.path(), &office, Opening { paper: tray.clone(), ..Opening::default() }).await;
    let id = sell(&agent, "a", 100).await.document.id;
    until(&agent, |agent| row(agent, 1).state == "ENVIADO").await;
    let refused = agent.print(&id, false, None).await.unwrap_err();
    assert_eq!((refused.status, refused.code.as_str()), (422, "paper-too-soon"));
    for drawing in [Drawing::Pdf, Drawing::Svg] {
        assert_eq!(agent.draw(&id, &[Copy::Original], drawing).unwrap_err().code, "paper-too-soon");
    }
    // The printer does not wait for it: another one is accepted, and printed.
    end.send(Printing::Done).unwrap();
    let other = sell(&agent, "b", 100).await.document.id;
    until(&agent, |agent| paper_of(agent, &other).as_deref() == Some("done")).await;
    assert_eq!(paper_of(&agent, &id).as_deref(), Some("asked"));
    assert_eq!(trays.try_iter().map(|(name, _)| name).collect::<Vec<_>>(), [other]);
    office.books().words.clear();
    end.send(Printing::Done).unwrap();
    until(&agent, |agent| paper_of(agent, &id).as_deref() == Some("done")).await;
    assert_eq!(*tray.numbers.lock().unwrap(), [number(), number()]);
    assert!(agent.draw(&id, &[Copy::Original], Drawing::Pdf).is_ok());
    agent.stop().await;
}

/// Also when the index had to be made again, and on a copy of what was printed before.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_its_verdict_and_what_was_given_survive_a_stop() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().words.insert(2, "wait");
    let opening = |tray| Opening { paper: tray, ..Opening::default() };
    let (tray_one, _trays, end) = tray();
    let agent = open_as(dir.path(), &office, opening(tray_one)).await;
    end.send(Printing::Done).unwrap();
    let first = sell(&agent, "a", 100).await.document.id;
    let second = sell(&agent, "b", 100).await.document.id;
    until(&agent, |agent| paper_of(agent, &first).as_deref() == Some("done")).await;
    until(&agent, |agent| row(agent, 2).state == "ENVIADO").await;
    agent.stop().await;
    drop(agent);
    std::fs::remove_dir_all(dir.path().join("db")).unwrap();

    let (tray_two, trays, end) = tray();
    let agent = open_as(dir.path(), &office, opening(tray_two.clone())).await;
    end.send(Printing::Done).unwrap();
    assert_eq!(agent.print(&first, false, None).await.unwrap().copy, "copia");
    office.books().words.clear();
    end.send(Printing::Done).unwrap();
    until(&agent, |agent| paper_of(agent, &second).as_deref() == Some("done")).await;
    agent.stop().await;
    assert_eq!(trays.try_iter().map(|(name, _)| name).collect::<Vec<_>>(), [first.clone(), second]);
    assert_eq!(*tray_two.numbers.lock().unwrap(), [number(), number()]);
    let said = agent.detail(&first).unwrap().timeline.into_iter().map(|step| step.text).collect::<Vec<_>>();
    assert_eq!(said.iter().any(|text| text.contains(GIVEN)), COUNTRY == Country::Numbering);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_rejected_is_never_printed_and_what_takes_its_place_is_when_it_was_accepted() {
    let (dir, office) = (tempfile::tempdir().unwrap(), office());
    office.books().words.insert(1, "bad");
    let (tray, trays, end) = tray();
    let agent = open_as(dir.path(), &office, Opening { paper: tray, ..Opening::default() }).await;
    let id = sell(&agent, "a", 100).await.document.id;
    until(&agent, |agent| row(agent, 1).state == "RECHAZADO").await;
    assert_eq!(agent.print(&id, false, None).await.unwrap_err().code, "paper-too-soon");
    office.books().words.insert(2, "wait");
    let order = Reissue { sale: None, new_number: false, who: "Ana".into() };
    let by = agent.reissue(&id, order).await.unwrap().document.id;
    assert_eq!(by, "TAF2", "its number is burnt");
    until(&agent, |agent| row(agent, 2).state == "ENVIADO").await;
    assert_eq!(paper_of(&agent, &id).as_deref(), Some("waived"));
    assert_eq!(paper_of(&agent, &by).as_deref(), Some("asked"));
    office.books().words.clear();
    end.send(Printing::Done).unwrap();
    until(&agent, |agent| paper_of(agent, &by).as_deref() == Some("done")).await;
    agent.stop().await;
    assert_eq!(trays.try_iter().map(|(name, _)| name).collect::<Vec<_>>(), [by]);
}
