//! What a person reads at the authority's site of a document that its services give no verdict of.

use std::sync::Arc;
use std::time::Duration;

use crate::fake::*;
use bytes::Bytes;
use serde_json::json;
use timbre_agent::Agent;
use timbre_agent::reissue::Reissue;
use timbre_agent::view::{NotedOrder, ProblemView, RangeDecision, RowView};
use timbre_core::{Said, Timestamp};

const DAY: Duration = Duration::from_secs(24 * 3_600);

async fn note_as(agent: &Agent, number: u64, said: Said, why: &str) -> Result<RowView, ProblemView> {
    let order = NotedOrder { said, why: why.to_owned(), who: "Ana".to_owned() };
    agent.note_verdict(&format!("TAF{number}"), &order).await
}

/// Document 1 was taken a day ago, and a person was called to it: its verdict does not come.
async fn stuck(dir: &std::path::Path, office: &Arc<Office>, clock: &Arc<Hands>) -> Agent {
    let agent = open_as(dir, office, Opening { clock: clock.clone(), ..Opening::default() }).await;
    office.books().words.insert(1, "wait");
    sell(&agent, "stuck", 10).await;
    until(&agent, |agent| {
        clock.advance(Duration::from_millis(20));
        row(agent, 1).state == "ENVIADO"
    })
    .await;
    assert_eq!(note_as(&agent, 1, Said::Accepted, "").await.unwrap_err().code, "verdict-not-open");
    clock.advance(DAY);
    agent.set_running(true);
    until(&agent, |agent| row(agent, 1).attention.is_some()).await;
    agent
}

/// It is asked about once more, and now it is said how it stands.
async fn told(
    agent: &Agent,
    office: &Office,
    clock: &Hands,
    word: &'static str,
    done: impl Fn(&Agent) -> bool,
) {
    office.books().words.insert(1, word);
    clock.advance(2 * DAY);
    agent.set_running(true);
    until(agent, |agent| {
        clock.advance(Duration::from_secs(60));
        done(agent)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_read_at_the_site_ends_what_stays_open() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let agent = stuck(dir.path(), &office, &clock).await;
    // A note on it waits.
    let note = json!({ "total": 10, "annuls": 1, "whole": true }).to_string();
    agent.issue(Bytes::from(note), None).await.unwrap();
    assert_eq!(note_as(&agent, 1, Said::Rejected, " ").await.unwrap_err().code, "why-missing");
    let nobody = NotedOrder { said: Said::Accepted, why: String::new(), who: " ".to_owned() };
    assert_eq!(agent.note_verdict("TAF1", &nobody).await.unwrap_err().code, "who-missing");
    assert_eq!(row(&agent, 1).state, "ENVIADO");

    let noted = note_as(&agent, 1, Said::Accepted, "").await.unwrap();
    let why = "Según el sitio del Oficina, lo anotó Ana: aceptado";
    assert_eq!(
        (noted.state.as_str(), noted.attention, noted.error.as_deref()),
        ("ACEPTADO", None, Some(why))
    );
    let timeline = agent.detail("TAF1").unwrap().timeline;
    assert!(timeline.iter().any(|step| (step.title.as_str(), step.text.as_str()) == ("ACEPTADO", why)));
    let acts = agent.acts("anotó", None, None).unwrap();
    assert_eq!((acts.rows.len(), acts.rows[0].who.as_str()), (1, "Ana"));
    assert_eq!(note_as(&agent, 1, Said::Rejected, "no").await.unwrap_err().code, "verdict-not-open");
    until(&agent, |agent| {
        clock.advance(Duration::from_millis(20));
        row(agent, 2).state == "ACEPTADO"
    })
    .await;
    assert_eq!(row(&agent, 1).annulled_by.as_deref(), Some("TAF2"));
    // The services say the same at last: nobody is called.
    let asked = office.books().asked("post/track?");
    told(&agent, &office, &clock, "yes", |_| office.books().asked("post/track?") > asked).await;
    agent.stop().await;
    drop(agent);
    let agent = open_as(dir.path(), &office, Opening { clock, send: false, ..Opening::default() }).await;
    assert_eq!((row(&agent, 1).state.as_str(), row(&agent, 1).attention), ("ACEPTADO", None));
    assert_eq!(office.books().held["1:10"], 1);
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_services_say_later_overrules_what_a_person_noted_and_calls_one() {
    for (said, word, state) in [
        (Said::Accepted, "bad", "RECHAZADO"),
        (Said::Objected, "bad", "RECHAZADO"),
        (Said::Rejected, "yes", "ACEPTADO"),
    ] {
        let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
        let agent = stuck(dir.path(), &office, &clock).await;
        assert_eq!(note_as(&agent, 1, said, "Firma incorrecta").await.unwrap().state, said.state().word());
        told(&agent, &office, &clock, word, |agent| row(agent, 1).state == state).await;
        let attention = row(&agent, 1).attention.unwrap();
        assert!(
            attention.starts_with("Ana había anotado otra cosa según el sitio del Oficina")
                && attention.contains(state),
            "{attention}"
        );
        agent.stop().await;
    }
}

/// Ana saw it accepted, a note annulled it, and now its services say that it was rejected: made again it would be a sale
/// that nobody annulled.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_note_annuls_is_not_made_again_until_that_note_is_rejected() {
    for accepted in [true, false] {
        let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
        let agent = stuck(dir.path(), &office, &clock).await;
        office.books().words.insert(2, if accepted { "yes" } else { "wait" });
        let note = json!({ "total": 10, "annuls": 1, "whole": true }).to_string();
        agent.issue(Bytes::from(note), None).await.unwrap();
        note_as(&agent, 1, Said::Accepted, "").await.unwrap();
        let state = if accepted { "ACEPTADO" } else { "ENVIADO" };
        until(&agent, |agent| {
            clock.advance(Duration::from_millis(20));
            row(agent, 2).state == state
        })
        .await;
        assert_eq!(row(&agent, 1).annulled_by.is_some(), accepted);
        told(&agent, &office, &clock, "free", |agent| row(agent, 1).state == "RECHAZADO").await;
        office.books().have.insert(1, "no");
        for new_number in [false, true] {
            let again = Reissue { sale: None, new_number, who: "Ana".to_owned() };
            let problem = agent.reissue("TAF1", again).await.unwrap_err();
            assert_eq!((problem.status, problem.code.as_str()), (409, "annulled"), "{problem}");
            assert!(problem.detail.contains("Vea TAF2"), "{problem}");
        }
        assert_eq!((row(&agent, 1).state.as_str(), row(&agent, 1).version), ("RECHAZADO", 1));
        if !accepted {
            office.books().words.insert(2, "free");
            until(&agent, |agent| {
                clock.advance(Duration::from_secs(60));
                agent.set_running(true);
                row(agent, 2).state == "RECHAZADO"
            })
            .await;
            let again = Reissue { sale: None, new_number: false, who: "Ana".to_owned() };
            assert_eq!(agent.reissue("TAF1", again).await.unwrap().document.version, 2);
        }
        agent.stop().await;
    }
}

/// An answer about the document alone has no word about objections, and does not say that there are none.
#[tokio::test(flavor = "multi_thread")]
async fn objections_that_a_person_read_at_the_site_stand_where_the_services_say_accepted_alone() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    office.books().words.insert(1, "no");
    let agent = absent(dir.path(), &office, &clock, "").await;
    clock.advance(DAY);
    note_as(&agent, 1, Said::Objected, "Giro distinto").await.unwrap();
    office.books().have.insert(1, "held");
    let asked = office.books().asked("post/have?");
    until(&agent, |agent| {
        clock.advance(DAY);
        agent.set_running(true);
        office.books().asked("post/have?") > asked
    })
    .await;
    agent.stop().await;
    drop(agent);
    let agent = open_as(dir.path(), &office, Opening { clock, send: false, ..Opening::default() }).await;
    assert_eq!((row(&agent, 1).state.as_str(), row(&agent, 1).attention), ("REPARO", None));
    agent.stop().await;
}

/// Nor has one about its upload where nothing was counted.
#[tokio::test(flavor = "multi_thread")]
async fn objections_that_a_person_noted_stand_where_the_upload_tells_no_counts() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let agent = stuck(dir.path(), &office, &clock).await;
    note_as(&agent, 1, Said::Objected, "Giro distinto").await.unwrap();
    let asked = office.books().asked("post/track?");
    told(&agent, &office, &clock, "held", |_| office.books().asked("post/track?") > asked).await;
    agent.stop().await;
    drop(agent);
    let agent = open_as(dir.path(), &office, Opening { clock, send: false, ..Opening::default() }).await;
    assert_eq!((row(&agent, 1).state.as_str(), row(&agent, 1).attention), ("REPARO", None));
    agent.stop().await;
}

/// What is said of its upload counts them: where it tells of none there are none.
#[tokio::test(flavor = "multi_thread")]
async fn objections_that_a_person_noted_do_not_stand_against_what_is_said_of_the_upload() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let agent = stuck(dir.path(), &office, &clock).await;
    note_as(&agent, 1, Said::Objected, "Giro distinto").await.unwrap();
    told(&agent, &office, &clock, "yes", |agent| row(agent, 1).state == "ACEPTADO").await;
    assert!(row(&agent, 1).attention.is_some_and(|why| why.starts_with("Ana había anotado otra cosa")));
    agent.stop().await;
}

/// A note that a person said was accepted annulled its document: it stands again where the note was rejected.
#[tokio::test(flavor = "multi_thread")]
async fn a_note_that_was_not_accepted_after_all_annuls_nothing() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let agent = open_as(dir.path(), &office, Opening { clock: clock.clone(), ..Opening::default() }).await;
    office.books().words.insert(2, "wait");
    sell(&agent, "sale", 10).await;
    let sale = json!({ "total": 10, "annuls": 1, "whole": true }).to_string();
    agent.issue(Bytes::from(sale), None).await.unwrap();
    until(&agent, |agent| {
        clock.advance(Duration::from_millis(20));
        row(agent, 2).state == "ENVIADO"
    })
    .await;
    clock.advance(DAY);
    agent.set_running(true);
    until(&agent, |agent| row(agent, 2).attention.is_some()).await;
    note_as(&agent, 2, Said::Accepted, "").await.unwrap();
    assert_eq!(row(&agent, 1).annulled_by.as_deref(), Some("TAF2"));
    office.books().words.insert(2, "bad");
    clock.advance(2 * DAY);
    agent.set_running(true);
    until(&agent, |agent| {
        clock.advance(Duration::from_secs(60));
        row(agent, 2).state == "RECHAZADO"
    })
    .await;
    assert_eq!(row(&agent, 1).annulled_by, None);
    let again = json!({ "total": 10, "annuls": 1, "whole": true }).to_string();
    agent.issue(Bytes::from(again), None).await.expect("it is not annulled, and nothing of it is given back");
    agent.stop().await;
}

/// Its number is asked about first, as with any rejection.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_noted_as_rejected_is_made_again_once_the_authority_was_asked() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let agent = stuck(dir.path(), &office, &clock).await;
    note_as(&agent, 1, Said::Rejected, "Firma incorrecta").await.unwrap();
    office.books().have.insert(1, "yes");
    let plain = || Reissue { sale: None, new_number: false, who: "Ana".to_owned() };
    assert_eq!(agent.reissue("TAF1", plain()).await.unwrap_err().code, "accepted-after-all");
    office.books().have.insert(1, "no");
    let made = agent.reissue("TAF1", plain()).await.unwrap();
    assert_eq!((made.number.as_str(), made.document.version), ("same", 2));
    agent.stop().await;
}

/// Document 1 left, and the authority says that it does not have it: a person was called to it, with these words.
async fn absent(dir: &std::path::Path, office: &Arc<Office>, clock: &Arc<Hands>, why: &str) -> Agent {
    office.books().have.insert(1, "no");
    // Days go by as fast as they may: none of them is the last on which it is asked about.
    let settings = timbre_agent::Settings { noted_for: 100_000 * DAY, ..settings() };
    let agent = open_as(dir, office, Opening { clock: clock.clone(), settings, ..Opening::default() }).await;
    sell(&agent, "k", 10).await;
    until(&agent, |agent| {
        clock.advance(Duration::from_millis(20));
        row(agent, 1).attention.is_some_and(|said| said.contains(why))
    })
    .await;
    agent
}

/// Questions about the document itself go on, too, and end with the first verdict.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_about_by_itself_is_so_further_on_when_a_person_noted_it() {
    for (word, state) in [("bad", "RECHAZADO"), ("yes", "ACEPTADO")] {
        let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
        office.books().words.insert(1, "no");
        let agent = absent(dir.path(), &office, &clock, "").await;
        assert_eq!(row(&agent, 1).state, "ENVIADO");
        clock.advance(DAY);
        note_as(&agent, 1, Said::Accepted, "").await.unwrap();
        for _ in 0..2 {
            let asked = office.books().asked("post/have?");
            until(&agent, |agent| {
                clock.advance(DAY);
                agent.set_running(true);
                office.books().asked("post/have?") > asked + 1
            })
            .await;
            assert_eq!((row(&agent, 1).state.as_str(), row(&agent, 1).attention), ("ACEPTADO", None));
        }
        office.books().have.insert(1, word);
        until(&agent, |agent| {
            clock.advance(DAY);
            agent.set_running(true);
            agent.reader().parcels().unwrap().is_empty()
        })
        .await;
        assert_eq!(
            (row(&agent, 1).state.as_str(), row(&agent, 1).attention.is_some()),
            (state, word == "bad")
        );
        assert_eq!(office.books().asked("post/deliver"), 1);
        agent.stop().await;
    }
}

/// "I have it already", "I don't have it": what its site says ends that, and what is said to be rejected there leaves its
/// number behind.
#[tokio::test(flavor = "multi_thread")]
async fn what_goes_round_in_a_circle_ends_by_what_a_person_read_at_the_site() {
    for said in [Said::Accepted, Said::Rejected] {
        let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
        office.books().words.insert(1, "there");
        let agent = absent(dir.path(), &office, &clock, "dos veces").await;
        assert_eq!(note_as(&agent, 1, said, "No está").await.unwrap_err().code, "verdict-not-open");
        // A day old, and not yet a day since it left last: then it goes again.
        let issued: Timestamp = row(&agent, 1).issued.parse().unwrap();
        let passed = timbre_agent::clock::Clock::now(&*clock).duration_since(issued);
        clock.advance(DAY - Duration::try_from(passed).unwrap());
        note_as(&agent, 1, said, "No está").await.unwrap();
        let delivered = office.books().asked("post/deliver");
        if said == Said::Rejected {
            let plain = Reissue { sale: None, new_number: false, who: "Ana".to_owned() };
            assert_eq!(agent.reissue("TAF1", plain).await.unwrap().number, "new");
        }
        // The hour comes at which it would have gone again: it is asked about instead.
        let asked = office.books().asked("post/have?");
        agent.set_running(true);
        clock.advance(2 * DAY);
        until(&agent, |agent| {
            clock.advance(Duration::from_secs(60));
            agent.set_running(true);
            office.books().asked("post/have?") > asked + 1
                && (said == Said::Accepted || row(agent, 2).state == "ACEPTADO")
        })
        .await;
        let second = u32::from(said == Said::Rejected);
        assert_eq!(office.books().asked("post/deliver"), delivered + second);
        agent.stop().await;
    }
}

/// Nobody knew of it when the site was read: the range stops, and the document is open again, for another in its place.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_turns_out_to_be_anothers_overrules_who_noted_it_accepted_and_stops_its_range() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let agent = stuck(dir.path(), &office, &clock).await;
    note_as(&agent, 1, Said::Accepted, "").await.unwrap();
    told(&agent, &office, &clock, "other", |agent| row(agent, 1).state == "ENVIADO").await;
    assert!(row(&agent, 1).attention.unwrap().contains("Otro usa el número."));
    assert!(agent.folios()[0].ranges[0].stopped.is_some());
    office.books().have.insert(1, "other");
    let plain = Reissue { sale: None, new_number: false, who: "Ana".to_owned() };
    assert_eq!(agent.reissue("TAF1", plain).await.unwrap().document.id, "TAF6");
    agent.stop().await;
}

/// Of what is rejected anyway nothing more is to be done but that.
#[tokio::test(flavor = "multi_thread")]
async fn and_of_one_that_was_noted_as_rejected_it_stops_its_range() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let agent = stuck(dir.path(), &office, &clock).await;
    note_as(&agent, 1, Said::Rejected, "Firma incorrecta").await.unwrap();
    told(&agent, &office, &clock, "other", |agent| agent.folios()[0].ranges[0].stopped.is_some()).await;
    assert_eq!(row(&agent, 1).state, "RECHAZADO");
    agent.stop().await;
}

/// Whoever noted it and used its range again knew.
#[tokio::test(flavor = "multi_thread")]
async fn that_its_number_is_anothers_as_was_said_before_it_was_noted_changes_nothing() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let agent = stuck(dir.path(), &office, &clock).await;
    office.books().have.insert(1, "other");
    let called = |agent: &Agent| row(agent, 1).attention.is_some_and(|why| why.contains("Otro usa"));
    told(&agent, &office, &clock, "other", called).await;
    assert_eq!(row(&agent, 1).state, "ENVIADO");
    note_as(&agent, 1, Said::Accepted, "").await.unwrap();
    let order = RangeDecision { series: "A".into(), folio: 1, who: "Ana".into(), why: "es nuestro".into() };
    agent.resume_range(&order).await.unwrap();
    let asked = office.books().asked("post/have?");
    days(&agent, &clock, "after", 4).await;
    until(&agent, |_| office.books().asked("post/have?") > asked).await;
    assert_eq!((row(&agent, 1).state.as_str(), row(&agent, 1).attention), ("ACEPTADO", None));
    assert_eq!(agent.folios()[0].ranges[0].stopped, None);
    agent.stop().await;
}

/// It is asked about as any that was lost: it may be there, or goes again in the same bytes.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_noted_as_accepted_and_whose_upload_is_lost_is_in_doubt_again_and_calls_a_person() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let agent = stuck(dir.path(), &office, &clock).await;
    note_as(&agent, 1, Said::Accepted, "").await.unwrap();
    office.books().have.insert(1, "wait");
    told(&agent, &office, &clock, "lost", |agent| row(agent, 1).state == "VERIFICANDO").await;
    let why = row(&agent, 1).attention.unwrap();
    assert!(why.starts_with("Ana había anotado otra cosa") && why.contains("no encuentra el envío"), "{why}");
    {
        let mut books = office.books();
        books.have.insert(1, "no");
        books.words.insert(1, "yes");
    }
    until(&agent, |agent| {
        clock.advance(Duration::from_secs(60));
        agent.set_running(true);
        row(agent, 1).state == "ACEPTADO"
    })
    .await;
    assert_eq!(row(&agent, 1).attention, None);
    assert_eq!(office.books().asked("post/deliver"), 2);
    agent.stop().await;
}

/// Lets days go by; on each something else goes through, so that the sender has looked at what it has.
async fn days(agent: &Agent, clock: &Hands, name: &str, many: u32) {
    for day in 0..many {
        clock.advance(DAY);
        let before = agent.stats().accepted;
        sell(agent, &format!("{name}{day}"), BY_MAIL).await;
        until(agent, |agent| {
            clock.advance(Duration::from_millis(20));
            agent.stats().accepted > before
        })
        .await;
    }
}

fn asked(office: &Office) -> u32 {
    let books = office.books();
    books.asked("post/track?") + books.asked("post/have?")
}

/// The services stay silent of it for good: they are asked for as long as it matters, and then when a person asks.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_noted_long_ago_is_asked_about_by_hand_alone() {
    for alone in [false, true] {
        let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
        let agent = match alone {
            false => stuck(dir.path(), &office, &clock).await,
            true => {
                office.books().words.insert(1, "no");
                absent(dir.path(), &office, &clock, "").await
            }
        };
        agent.stop().await;
        drop(agent);
        let settings = timbre_agent::Settings { noted_for: 6 * DAY, ..settings() };
        let opening = Opening { clock: clock.clone(), settings, ..Opening::default() };
        let agent = open_as(dir.path(), &office, opening).await;
        clock.advance(DAY);
        note_as(&agent, 1, Said::Accepted, "").await.unwrap();
        let asked = || asked(&office);
        let noted = asked();
        days(&agent, &clock, "asked", 4).await;
        until(&agent, |_| asked() > noted).await;
        days(&agent, &clock, "end", 3).await;
        for name in ["first", "second"] {
            let before = asked();
            days(&agent, &clock, name, 4).await;
            assert_eq!(asked(), before, "nobody asks");
            assert_eq!(agent.resend(&["TAF1".to_owned()]).await.unwrap().asked, 1);
            until(&agent, |_| asked() > before).await;
            days(&agent, &clock, &format!("{name}-asked"), 1).await;
        }
        assert_eq!((row(&agent, 1).state.as_str(), row(&agent, 1).attention), ("ACEPTADO", None));
        agent.stop().await;
    }
}

/// Its number is another's, and its upload never ends.
#[tokio::test(flavor = "multi_thread")]
async fn nor_is_the_upload_of_what_another_took_the_place_of_asked_about_without_end() {
    let (dir, office, clock) = (tempfile::tempdir().unwrap(), office(), Hands::new());
    let agent = stuck(dir.path(), &office, &clock).await;
    office.books().have.insert(1, "other");
    let plain = Reissue { sale: None, new_number: false, who: "Ana".to_owned() };
    assert_eq!(agent.reissue("TAF1", plain).await.unwrap().document.id, "TAF6");
    let replaced = asked(&office);
    days(&agent, &clock, "asked", 3).await;
    assert!(asked(&office) > replaced, "what it says late calls a person");
    clock.advance(60 * DAY);
    days(&agent, &clock, "end", 2).await;
    let before = asked(&office);
    days(&agent, &clock, "later", 4).await;
    assert_eq!(asked(&office), before, "nobody asks");
    agent.stop().await;
}
