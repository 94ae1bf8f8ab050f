//! Paper: asked for with the document, printed behind the till's back, never twice unasked, and never claimed.

use std::sync::Arc;

use crate::fake::*;
use timbre_agent::reissue::Reissue;
use timbre_agent::view::Query;
use timbre_core::paper::{Copy, Paper, Printing};
use timbre_core::regime::PrintGate;

fn opening(paper: Arc<dyn Paper>, send: bool) -> Opening {
    // Where paper waits for a verdict, there has to be one.
    let send = send || crate::COUNTRY.print() == PrintGate::OnAcceptance;
    Opening { paper, send, ..Opening::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_printer_that_does_not_answer_delays_no_sale() {
    let dir = tempfile::tempdir().unwrap();
    let (tray, trays, end) = tray();
    let agent = open_as(dir.path(), &office(), opening(tray, true)).await;
    let first = sell(&agent, "a", 100).await.document.id;
    let ((name, copy), trays) = given(trays).await;
    assert_eq!((name, copy), (first.clone(), Copy::Original));
    // It hangs, and the till goes on.
    let second = sell(&agent, "b", 200).await.document.id;
    assert_eq!(paper_of(&agent, &first).as_deref(), Some("begun"));
    assert_eq!(paper_of(&agent, &second).as_deref(), Some("asked"));
    end.send(Printing::Done).unwrap();
    end.send(Printing::Partial { why: "se acabó el papel".to_owned() }).unwrap();
    let ((name, _), _trays) = given(trays).await;
    assert_eq!(name, second);
    until(&agent, |agent| paper_of(agent, &second).as_deref() == Some("partial")).await;
    assert_eq!(paper_of(&agent, &first).as_deref(), Some("done"));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_printer_that_is_busy_still_with_a_paper_that_was_given_up_is_given_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let (given, paper) = stuck();
    let agent = open_as(dir.path(), &office(), opening(paper, false)).await;
    let first = sell(&agent, "a", 100).await.document.id;
    let second = sell(&agent, "b", 200).await.document.id;
    until(&agent, |agent| paper_of(agent, &first).as_deref() == Some("partial")).await;
    assert_eq!(paper_of(&agent, &second).as_deref(), Some("asked"), "it waits for the printer");
    let (name, hold) = given.recv().unwrap();
    assert_eq!(name, first);
    assert!(given.try_recv().is_err());
    drop(hold);
    until(&agent, |agent| paper_of(agent, &second).as_deref() == Some("partial")).await;
    assert_eq!(given.recv().unwrap().0, second);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_printer_that_hangs_keeps_no_paper_from_another() {
    let dir = tempfile::tempdir().unwrap();
    let (let_go, paper) = two();
    let agent = open_as(dir.path(), &office(), opening(paper, false)).await;
    let sell = async |printer: &str, key: &str| {
        let sale = format!(r#"{{"total": 100, "Timbre": {{"Impresora": "{printer}"}}}}"#);
        agent.issue(sale.into(), Some(key.to_owned())).await.unwrap().document.id
    };
    let hangs = sell("cocina", "a").await;
    // Where paper waits for the authority's word, the second one's may come first.
    until(&agent, |agent| paper_of(agent, &hangs).as_deref() == Some("begun")).await;
    let waits = sell("cocina", "b").await;
    for key in ["c", "d"] {
        let other = sell("caja", key).await;
        until(&agent, |agent| paper_of(agent, &other).as_deref() == Some("done")).await;
    }
    assert_eq!(paper_of(&agent, &waits).as_deref(), Some("asked"), "one after the other");
    let_go.send(()).unwrap();
    let_go.send(()).unwrap();
    until(&agent, |agent| paper_of(agent, &waits).as_deref() == Some("done")).await;
    agent.stop().await;
}

/// What is being printed on one printer is no answer to who names another; what only waits goes where it is wanted.
#[tokio::test(flavor = "multi_thread")]
async fn a_paper_under_way_on_one_printer_is_refused_on_another_and_one_that_waits_goes_there() {
    let dir = tempfile::tempdir().unwrap();
    let (let_go, paper) = two();
    let agent = open_as(dir.path(), &office(), opening(paper, false)).await;
    let sell = async |key: &str| {
        let sale = r#"{"total": 100, "Timbre": {"Impresora": "cocina"}}"#;
        agent.issue(sale.into(), Some(key.to_owned())).await.unwrap().document.id
    };
    let hangs = sell("a").await;
    until(&agent, |agent| paper_of(agent, &hangs).as_deref() == Some("begun")).await;
    let waits = sell("b").await;
    // Where paper waits for the authority's word it may be printed by now.
    if crate::COUNTRY.print() == PrintGate::OnAcceptance {
        until(&agent, |agent| agent.stats().accepted == 2).await;
    }
    let on = |printer: &str| Some(printer.to_owned());
    let refused = agent.print(&hangs, false, on("caja")).await.unwrap_err();
    assert_eq!((refused.status, refused.code.as_str()), (409, "paper-under-way"));
    assert!(refused.detail.contains("se está imprimiendo en «cocina»"), "{}", refused.detail);
    let moved = agent.print(&waits, false, on("caja")).await.unwrap();
    assert_eq!((moved.copy.as_str(), moved.word.as_str()), ("original", "Impreso"));
    // Who names the same one waits for what is under way; had it ended just now, its copy is let go as well.
    (0..2).for_each(|_| let_go.send(()).unwrap());
    assert_eq!(agent.print(&hangs, false, on("cocina")).await.unwrap().word, "Impreso");
    let copy = agent.print(&hangs, false, on("caja")).await.unwrap();
    assert_eq!((copy.copy.as_str(), copy.word.as_str()), ("copia", "Impreso"));
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_the_printer_survives_a_stop_and_what_had_begun_is_never_printed_again() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    let (tray_one, trays, end) = tray();
    let agent = open_as(dir.path(), &office, opening(tray_one, true)).await;
    let first = sell(&agent, "a", 100).await.document.id;
    let (_, _trays) = given(trays).await;
    let second = sell(&agent, "b", 200).await.document.id;
    // Cut in the middle: the journal as it is now, without the end of the first one.
    let cut = tempfile::tempdir().unwrap();
    copy_dir(&dir.path().join("journal"), &cut.path().join("journal"));
    end.send(Printing::Done).unwrap();
    drop(end);
    agent.stop().await;

    let (tray_two, trays, end) = tray();
    end.send(Printing::Handed).unwrap();
    let agent = open_as(cut.path(), &office, opening(tray_two, true)).await;
    let ((name, copy), trays) = given(trays).await;
    assert_eq!((name, copy), (second.clone(), Copy::Original), "only what had not begun");
    until(&agent, |agent| paper_of(agent, &second).as_deref() == Some("handed")).await;
    assert_eq!(paper_of(&agent, &first).as_deref(), Some("partial"));
    agent.stop().await;
    assert!(trays.try_recv().is_err(), "nothing else was printed");
}

#[tokio::test(flavor = "multi_thread")]
async fn by_hand_the_first_is_an_original_and_the_next_a_copy() {
    let dir = tempfile::tempdir().unwrap();
    let (tray, trays, end) = tray();
    let agent = open_as(dir.path(), &office(), opening(tray, false)).await;
    end.send(Printing::Failed { why: "sin papel".to_owned() }).unwrap();
    let id = sell(&agent, "a", 100).await.document.id;
    until(&agent, |agent| paper_of(agent, &id).as_deref() == Some("failed")).await;
    for (how, copy) in [(Printing::Done, Copy::Original), (Printing::Done, Copy::Repeated)] {
        end.send(how).unwrap();
        let paper = agent.print(&id, false, None).await.unwrap();
        assert_eq!((paper.copy, paper.word.as_str()), (copy.to_string(), "Impreso"));
    }
    end.send(Printing::Handed).unwrap();
    assert_eq!(agent.print(&id, true, None).await.unwrap().copy, "cedible");
    agent.stop().await;
    let copies: Vec<Copy> = trays.try_iter().map(|(_, copy)| copy).collect();
    assert_eq!(copies, [Copy::Original, Copy::Original, Copy::Repeated, Copy::Ceded]);
}

/// A sale that is said again with its key is the same document, and the same paper.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_sale_prints_nothing_more() {
    let dir = tempfile::tempdir().unwrap();
    let (tray, trays, end) = tray();
    let agent = open_as(dir.path(), &office(), opening(tray, false)).await;
    end.send(Printing::Done).unwrap();
    let id = sell(&agent, "a", 100).await.document.id;
    until(&agent, |agent| paper_of(agent, &id).as_deref() == Some("done")).await;
    assert!(sell(&agent, "a", 100).await.repeated);
    agent.stop().await;
    assert_eq!(trays.try_iter().count(), 1);
}

/// The till may name the printer; one that nobody set up is refused, and no number is spent for it.
#[tokio::test(flavor = "multi_thread")]
async fn a_named_printer_is_the_one_that_prints_and_an_unknown_one_is_refused_before_a_number() {
    let dir = tempfile::tempdir().unwrap();
    let (tray, trays, end) = tray();
    let agent = open_as(dir.path(), &office(), opening(tray, false)).await;
    let sale = |printer: &str| format!(r#"{{"total": 100, "Timbre": {{"Impresora": "{printer}"}}}}"#);
    let unknown = agent.issue(sale("cocina").into(), Some("a".to_owned())).await.unwrap_err();
    assert_eq!((unknown.status, unknown.errors[0].code.as_str()), (422, "printer-unknown"));
    assert_eq!(unknown.errors[0].path, "Timbre.Impresora");
    assert_eq!(agent.preview(sale("cocina").into()).unwrap_err().errors[0].code, "printer-unknown");
    end.send(Printing::Handed).unwrap();
    let id = agent.issue(sale("caja").into(), Some("a".to_owned())).await.unwrap().document.id;
    assert_eq!(id, "TAF1", "the refused sale spent none");
    until(&agent, |agent| paper_of(agent, &id).as_deref() == Some("handed")).await;
    assert!(agent.print(&id, false, Some("cocina".to_owned())).await.is_err());
    end.send(Printing::Done).unwrap();
    agent.print(&id, false, Some("caja".to_owned())).await.unwrap();
    agent.stop().await;
    let names: Vec<String> = trays.try_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["TAF1 en caja", "TAF1 en caja"]);
}

/// Under its own number a document may be another to read: then the paper in somebody's hand is not true any more.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_made_again_is_a_new_original_where_it_reads_otherwise_and_else_none() {
    // Where paper waits for the verdict, nothing of a rejected one is in anybody's hand.
    if crate::COUNTRY.print() == PrintGate::OnAcceptance {
        return;
    }
    for (name, copies) in [
        ("otro", vec![Copy::Original, Copy::Original, Copy::Repeated]),
        ("", vec![Copy::Original, Copy::Repeated]),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let office = office();
        let (tray, trays, end) = tray();
        let agent = open_as(dir.path(), &office, opening(tray, true)).await;
        (0..3).for_each(|_| end.send(Printing::Done).unwrap());
        office.books().words.insert(1, "free");
        sell(&agent, "k", 10).await;
        until(&agent, |agent| agent.detail("TAF1").unwrap().row.state == "RECHAZADO").await;
        until(&agent, |agent| paper_of(agent, "TAF1").as_deref() == Some("done")).await;
        office.books().words.clear();
        office.books().have.insert(1, "no");
        let sale = format!(r#"{{"total": 10, "name": "{name}"}}"#);
        let again = Reissue { sale: Some(sale.into()), new_number: false, who: "Ana".into() };
        assert_eq!(agent.reissue("TAF1", again).await.unwrap().document.version, 2);
        until(&agent, |agent| paper_of(agent, "TAF1").as_deref() == Some("done")).await;
        assert_eq!(agent.print("TAF1", false, None).await.unwrap().copy, "copia");
        agent.stop().await;
        assert_eq!(trays.try_iter().map(|(_, copy)| copy).collect::<Vec<_>>(), copies);
    }
}

/// What another document took the place of needs no paper, whatever its printer does.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_replaced_before_it_was_printed_is_printed_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let office = office();
    let (tray, trays, end) = tray();
    let agent = open_as(dir.path(), &office, opening(tray, true)).await;
    // The printer hangs on the first one, and the second is rejected meanwhile.
    let first = sell(&agent, "a", 100).await.document.id;
    let (_, trays) = given(trays).await;
    office.books().words.insert(2, "bad");
    let second = sell(&agent, "b", 200).await.document.id;
    until(&agent, |agent| row(agent, 2).state == "RECHAZADO").await;
    let order = Reissue { sale: None, new_number: false, who: "Ana".into() };
    let third = agent.reissue(&second, order).await.unwrap().document.id;
    assert_eq!(paper_of(&agent, &second).as_deref(), Some("waived"));
    // Nor by hand: its number is to be annulled.
    let refused = agent.print(&second, false, None).await.unwrap_err();
    assert_eq!((refused.status, refused.code.as_str()), (409, "paper-replaced"));
    assert!(refused.detail.contains(&third), "{}", refused.detail);
    for _ in 0..2 {
        end.send(Printing::Done).unwrap();
    }
    until(&agent, |agent| paper_of(agent, &third).as_deref() == Some("done")).await;
    assert_eq!(paper_of(&agent, &first).as_deref(), Some("done"));
    agent.stop().await;
    let names: Vec<String> = trays.try_iter().map(|(name, _)| name).collect();
    assert_eq!(names, [third]);
}

/// What did not come out for certain waits for a person, in the panel's own number; each word that may be said
/// takes it away, and no other.
#[tokio::test(flavor = "multi_thread")]
async fn what_did_not_come_out_waits_until_a_person_settles_it() {
    let dir = tempfile::tempdir().unwrap();
    let (tray, _trays, end) = tray();
    let agent = open_as(dir.path(), &office(), opening(tray, false)).await;
    let why = || "sin papel".to_owned();
    end.send(Printing::Failed { why: why() }).unwrap();
    end.send(Printing::Partial { why: why() }).unwrap();
    let failed = sell(&agent, "a", 100).await.document.id;
    let partial = sell(&agent, "b", 200).await.document.id;
    until(&agent, |agent| paper_of(agent, &partial).as_deref() == Some("partial")).await;
    assert_eq!(agent.snapshot().unprinted, 2);
    let listed = |agent: &timbre_agent::Agent| {
        let query = Query { state: Some("unprinted".to_owned()), ..Query::default() };
        agent.list(&query).unwrap().rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(listed(&agent), [partial.clone(), failed.clone()]);
    // Nobody can have seen what never came out.
    assert_eq!(agent.settle_paper(&failed, true).await.unwrap_err().errors[0].code, "paper-settled");
    assert_eq!(agent.settle_paper(&partial, true).await.unwrap().state, "seen");
    assert_eq!(agent.settle_paper(&failed, false).await.unwrap().state, "waived");
    assert!(agent.settle_paper(&failed, false).await.is_err(), "said once");
    assert_eq!((agent.snapshot().unprinted, listed(&agent).len()), (0, 0));
    // One that a person saw is in somebody's hand: the next is a copy.
    end.send(Printing::Done).unwrap();
    assert_eq!(agent.print(&partial, false, None).await.unwrap().copy, "copia");
    agent.stop().await;
}

fn copy_dir(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
