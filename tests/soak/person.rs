//! A person beside the tills, by the API: what waits is sent again, and what the authority rejected is made again, under
//! its own folio or another.

use std::sync::Mutex;
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;

use crate::book::Book;
use crate::chance::Chance;
use crate::fault;
use crate::fault::Found;
use crate::tills::{self, Line, locked};

/// Tills at their work as in [`tills::sell`], and a person beside them until they are done.
pub async fn beside_tills(
    line: &Line,
    book: &Mutex<Book>,
    chance: &mut Chance,
    most: u64,
    faulty: bool,
) -> Found<()> {
    let mut hand = Chance::new(chance.below(u64::MAX), 3);
    let tills = tills::sell(line, book, chance, most, faulty);
    tokio::pin!(tills);
    tokio::select! {
        done = &mut tills => return done,
        // It is gone before the tills have noticed.
        done = acts(line, book, &mut hand, faulty) => done?,
    }
    tills.await
}

/// One act after the other, until nothing answers.
async fn acts(line: &Line, book: &Mutex<Book>, chance: &mut Chance, faulty: bool) -> Found<()> {
    loop {
        tokio::time::sleep(Duration::from_millis(chance.between(5, 150))).await;
        let Some(calling) = calling(line).await else { return Ok(()) };
        let done = match chance.one(&calling) {
            Some((id, _)) if chance.below(4) > 0 => {
                again(line, book, id, chance.below(2) == 0, faulty).await?
            }
            _ => resend(line, book, faulty).await?,
        };
        if !done {
            return Ok(());
        }
    }
}

/// Makes again all that can be by now, as it comes, and sends again what is in no verdict's hands: for who waits until
/// nothing calls a person any more.
pub async fn mend(line: &Line, book: &Mutex<Book>) -> Found<()> {
    for (id, state) in calling(line).await.unwrap_or_default() {
        match state.as_str() {
            "RECHAZADO" => drop(again(line, book, &id, false, false).await?),
            _ => drop(send_again(line, book, &format!("/documents/{id}/resend"), false).await?),
        }
    }
    Ok(())
}

/// What calls a person, and its state. `None`: it says nothing of it.
async fn calling(line: &Line) -> Option<Vec<(String, String)>> {
    let page = line.json("/documents?state=problem&limit=100").await.ok()?;
    let of = |row: &Value| Some((row["id"].as_str()?.to_owned(), row["state"].as_str()?.to_owned()));
    page["rows"].as_array()?.iter().map(of).collect()
}

/// Sends all that waits; false when nothing answers.
pub async fn resend(line: &Line, book: &Mutex<Book>, faulty: bool) -> Found<bool> {
    send_again(line, book, "/resend", faulty).await
}

async fn send_again(line: &Line, book: &Mutex<Book>, what: &str, faulty: bool) -> Found<bool> {
    match line.post(what, None).await {
        None => Ok(false),
        Some((StatusCode::OK, _)) => {
            locked(book).acts.resent += 1;
            Ok(true)
        }
        Some((status, _)) if faulty && status.is_server_error() => Ok(true),
        Some((status, answer)) => fault!("{what}: {status} {answer}"),
    }
}

/// Makes one again; false when nothing answers. That it can't be yet, or was meanwhile, is an answer, too.
async fn again(line: &Line, book: &Mutex<Book>, id: &str, new: bool, faulty: bool) -> Found<bool> {
    locked(book).is_made_again(id);
    let folio = if new { "?folio=new" } else { "" };
    match line.post(&format!("/documents/{id}/reissue{folio}"), None).await {
        None => {
            locked(book).acts.unheard += 1;
            Ok(false)
        }
        Some((StatusCode::OK, answer)) => made(book, id, new, &answer).map(|()| true),
        Some((status, _)) if status.is_client_error() || status == StatusCode::SERVICE_UNAVAILABLE => {
            Ok(true)
        }
        Some((status, _)) if faulty && status.is_server_error() => Ok(true),
        Some((status, answer)) => fault!("{id} made again: {status} {answer}"),
    }
}

fn made(book: &Mutex<Book>, id: &str, new: bool, answer: &Value) -> Found<()> {
    let acts = &mut locked(book).acts;
    let same = answer["document"]["id"] == id;
    if same == answer["replaced"].is_object() || (new && same) {
        return fault!("{id} made again: {answer}");
    }
    *(if same { &mut acts.same } else { &mut acts.replaced }) += 1;
    Ok(())
}
