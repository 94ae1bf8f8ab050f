//! An older copy of the folder is put back, and what the machine remembers beside it stays: issuing has to be locked, and
//! goes on above every folio that anybody was given once a person unlocked it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use reqwest::StatusCode;
use serde_json::Value;

use crate::chance::Chance;
use crate::fault;
use crate::fault::Found;
use crate::judge::{self, Folios, folio_of};
use crate::life::{Life, Said};
use crate::person;
use crate::shop::Shop;
use crate::tills::{Line, locked};

/// The folder as it was at some death, and what was known then.
pub struct Copy {
    acknowledged: BTreeSet<String>,
    skipped: Folios,
}

impl Shop {
    /// Copies the folder, which nobody uses, where its journal ends whole: half a batch at the end of an older copy can't
    /// be told from a batch that was sold and is damaged, and is said to be lost.
    pub fn copy(&mut self) -> Found<()> {
        if !self.place.check()?["torn"].is_null() {
            return Ok(());
        }
        let place = self.place.root.join("copy");
        if place.exists() {
            fs::remove_dir_all(&place)?;
        }
        copy(&self.place.shop(), &place)?;
        let acknowledged = locked(&self.book).acknowledged();
        self.copied = Some(Copy { acknowledged, skipped: self.seen.skipped.clone() });
        Ok(())
    }

    /// Puts the copy back, and lives on with it.
    pub async fn restore(&mut self, before: &Copy, chance: &mut Chance) -> Found<()> {
        // Half of the times the newer one was stopped in order: what is remembered beside it is all there is to know.
        let ended = chance.below(2) == 0;
        if ended {
            self.begin(&Said::new()).await?.end()?;
        }
        fs::remove_dir_all(self.place.shop())?;
        copy(&self.place.root.join("copy"), &self.place.shop())?;

        let mut life = Life::begin(&self.place, &Said::new())?;
        let line = Line::to(&life);
        let rows = judge::listed(&line).await?;
        let here: BTreeSet<String> = rows.iter().map(|row| judge::text(&row["id"])).collect();
        let given = self.given();
        let acknowledged = locked(&self.book).acknowledged();
        if let Some(id) = before.acknowledged.difference(&here).next() {
            return fault!("{id} was there when the copy was made, and is not in it");
        }
        if line.json("/issuing/lock").await?.is_null() {
            // Only where nobody was given anything since.
            if let Some(id) = acknowledged.difference(&here).next() {
                return fault!("{id} was acknowledged, the folder is an older one, and issuing goes on");
            }
            return life.kill();
        }
        let lost = locked(&self.book).restored(&here);
        self.seen.forget_but(&here);
        self.locked(&line, &here).await?;
        self.unlock(ended, &given)?;
        if !line.json("/issuing/lock").await?.is_null() {
            return fault!("it was unlocked, and is locked");
        }
        self.seen.skipped = passed_over(&line, &rows, &given, &before.skipped).await?;
        locked(&self.book).acts.lost += lost;
        locked(&self.book).acts.restored += 1;
        self.look(&life).await?;
        self.sell(&life, chance, 20, false).await?;
        life.kill()
    }

    /// The highest folio of each type that anybody here knows to be used.
    fn given(&self) -> BTreeMap<String, u64> {
        let mut ids = locked(&self.book).acknowledged();
        ids.extend(self.seen.ids());
        ids.extend(self.ledger().documents.into_iter().map(|document| document.id));
        let mut highest = BTreeMap::new();
        for (series, folio) in ids.iter().filter_map(|id| folio_of(id)) {
            let most = highest.entry(series).or_default();
            *most = folio.max(*most);
        }
        highest
    }

    /// While it is locked nothing is sold, nothing leaves, and what was sold is still told.
    async fn locked(&self, line: &Line, here: &BTreeSet<String>) -> Found<()> {
        let uploads = self.ledger().uploads.len();
        let (fresh, known) = {
            let mut book = locked(&self.book);
            (book.sales(3), book.known())
        };
        for order in &fresh {
            match line.sell(order).await {
                Some((StatusCode::SERVICE_UNAVAILABLE, answer)) if answer["code"] == "store-stopped" => {
                    locked(&self.book).acts.stopped += 1;
                }
                other => return fault!("issuing is locked, and {order:?} is answered {other:?}"),
            }
        }
        if let Some(order) = known {
            match line.sell(&order).await {
                Some((status, answer)) => locked(&self.book).heard(&order, status, &answer, false)?,
                None => return fault!("nothing answers, and the agent should live"),
            }
        }
        person::resend(line, &self.book, false).await?;
        let now: BTreeSet<String> =
            judge::listed(line).await?.iter().map(|row| judge::text(&row["id"])).collect();
        if now != *here || self.ledger().uploads.len() != uploads {
            return fault!("issuing is locked, and it goes on: {:?}", now.difference(here));
        }
        Ok(())
    }

    /// A person's word, by the command. What was not stopped in order may have used more than is remembered: they say
    /// what tills and authority know of.
    fn unlock(&self, ended: bool, given: &BTreeMap<String, u64>) -> Found<()> {
        let mut words =
            vec!["unlock".to_owned(), "--yes".into(), "--json".into(), "--who".into(), "Rosa".into()];
        for (series, folio) in given.iter().filter(|_| !ended) {
            words.extend(["--used-up-to".to_owned(), format!("{series}={folio}")]);
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let output = self.place.run(&words, &Said::new())?;
        match output.status.success() {
            true => Ok(()),
            false => fault!("{words:?}: {}", String::from_utf8_lossy(&output.stdout)),
        }
    }
}

/// The folios that the unlocked folder will never give: all that was not in the copy and may be used.
async fn passed_over(
    line: &Line,
    rows: &[Value],
    given: &BTreeMap<String, u64>,
    before: &Folios,
) -> Found<Folios> {
    let mut passed = before.clone();
    let mut told = Folios::new();
    for of in line.json("/folios").await?.as_array().into_iter().flatten() {
        let (series, next) = (judge::text(&of["series"]), of["next"].as_u64().unwrap_or_default());
        if let Some(most) = given.get(&series).filter(|most| next <= **most) {
            return fault!("type {series} goes on with {next}, and {most} was given");
        }
        let here = rows.iter().filter(|row| row["series"] == *series).filter_map(|row| row["folio"].as_u64());
        let had = before.get(&series).and_then(BTreeSet::last).copied().into_iter();
        let from = here.chain(had).max().unwrap_or_default() + 1;
        passed.entry(series.clone()).or_default().extend(from..next);
        let spans =
            of["ranges"].as_array().into_iter().flatten().flat_map(|range| range["skipped"].as_array());
        let folio = |end: &Value| end.as_u64().unwrap_or_default();
        let folios = spans.flatten().flat_map(|span| folio(&span["first"])..=folio(&span["last"]));
        told.entry(series).or_default().extend(folios);
    }
    passed.retain(|_, folios| !folios.is_empty());
    told.retain(|_, folios| !folios.is_empty());
    match passed == told {
        true => Ok(passed),
        false => fault!("it passed over {passed:?}, and says that it was {told:?}"),
    }
}

fn copy(from: &Path, to: &Path) -> Found<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
