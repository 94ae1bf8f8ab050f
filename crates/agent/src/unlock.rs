//! The way out of a lock on issuing: what a person must know, and the act itself. Why there is a
//! lock is the store's finding.

use std::collections::BTreeMap;

use timbre_core::{Environment, Profile, Refusal, Refusals, Remark, Series, thousands};
use timbre_store::{Locked, Mark, Range};

use crate::engine::{Agent, Answer};
use crate::first::First;
use crate::view::{LockView, LockedFoliosView, ProblemView, UnlockOrder};

/// Behind the last folio known to be used, these are asked about: another copy that went on has used the first ones,
/// and one that skipped some most likely a later one (reliability.md 5.3).
const AHEAD: [u64; 3] = [1, 2, 4];

impl Agent {
    /// Why issuing is locked; `None` when it is not.
    pub fn lock(&self) -> Option<LockView> {
        let locked = self.0.reader.locked()?;
        Some(view(&locked, &self.0.reader.ranges(), self.0.regime.profile()))
    }

    /// A person decided that issuing goes on: every range from where nobody remembers a folio used, themselves among
    /// them, unless the authority knows one of the folios that would come next. The journal keeps who and when, and
    /// what they said. What waits to be sent is asked about first: it may have left from another copy. Answers what
    /// was lifted.
    pub async fn unlock(&self, order: &UnlockOrder) -> Answer<LockView> {
        let who = self.named(&order.who)?;
        let locked = self.0.reader.locked().ok_or_else(|| {
            Refusal::new("not-locked", "", "La emisión no está detenida: no hay nada que desbloquear.")
        })?;
        let said: BTreeMap<Series, u64> =
            order.used_up_to.iter().map(|(series, last)| (Series(series.clone()), *last)).collect();
        let ranges = self.0.reader.ranges();
        let mut used = self.used(&said, &ranges)?;
        used.extend(lent_again(&locked, &ranges));
        locked.decided(&said)?;
        if order
            .seen
            .iter()
            .any(|(series, shown)| locked.highest_said(&Series(series.clone())).unwrap_or(0) != *shown)
        {
            return Err(more_said());
        }
        let lifted = locked.knowing(used.clone());
        let unasked = self.ask_about_next(&lifted, &ranges).await?;
        // In training no folio is anybody's.
        let training = self.company().is_some_and(|(_, environment)| environment == Environment::Training);
        if let (Some(why), false, false) = (&unasked, order.unasked, training) {
            return Err(unasked_yet(self.0.regime.profile().authority, why));
        }
        // What a till said meanwhile, or is known of another copy since, nobody decided about.
        let same = move |now: &Locked| (&now.said, &now.beyond) == (&locked.said, &locked.beyond);
        let lift = move |reader: &timbre_store::Reader| {
            let locked = reader.locked().filter(same).map(|locked| locked.knowing(used));
            locked.map(|locked| locked.lifted_by(&who, said, unasked)).into_iter().collect()
        };
        if !self.0.writer.apply(lift).await? {
            return Err(match self.0.reader.locked() {
                Some(_) => more_said(),
                None => lifted_meanwhile(),
            });
        }
        self.0.sender.ask_anew();
        Ok(view(&lifted, &ranges, self.0.regime.profile()))
    }

    /// How far each range is used by what a person said of its type.
    fn used(&self, said: &BTreeMap<Series, u64>, ranges: &[Range]) -> Result<Vec<Mark>, Refusals> {
        let mut marks = Vec::new();
        let mut outside = Vec::new();
        for (series, last) in said {
            let of_series = || ranges.iter().filter(|range| range.grant.series == *series);
            // A slip of the finger would use up all that is left. That none was used moves nothing.
            if *last > 0 && !of_series().any(|range| (range.first..=range.last).contains(last)) {
                outside.push(Refusal::new(
                    "used-up-to-outside",
                    format!("used_up_to.{series}"),
                    format!(
                        "El folio {} no está en ningún rango cargado de {}: revise cuál fue el último que se usó.",
                        thousands(*last),
                        self.kind_name(&series.0)
                    ),
                ));
            }
            marks.extend(of_series().filter(|range| range.first <= *last).map(|range| Mark {
                series: series.clone(),
                grant: range.grant.id.clone(),
                next: range.last.min(*last) + 1,
            }));
        }
        if outside.is_empty() { Ok(marks) } else { Err(Refusals(outside)) }
    }

    /// Asks the authority about the folios that would come next. One that it knows is an error; why it could not be
    /// asked is the answer.
    async fn ask_about_next(&self, locked: &Locked, ranges: &[Range]) -> Answer<Option<String>> {
        let Ok(issuer) = self.issuer() else { return Ok(None) };
        let mut taken = Vec::new();
        for range in ranges.iter().filter(|range| range.stopped.is_none()) {
            let known = locked.beyond.iter().find(|mark| mark.grant == range.grant.id);
            let next = known.map_or(range.next, |mark| mark.next.max(range.next));
            let mut found = Vec::new();
            let ahead = AHEAD.iter().filter_map(|ahead| next.checked_add(*ahead - 1));
            for number in ahead.filter(|number| *number <= range.last) {
                match self.ask_number_of(&issuer, &range.grant.series, number).await {
                    First::Free => {}
                    First::Taken(why) => found.push((number, why)),
                    // Nobody would answer the others either, and a person waits.
                    First::Unasked(why) if taken.is_empty() && found.is_empty() => return Ok(Some(why)),
                    First::Unasked(_) => break,
                }
            }
            taken.extend(self.taken(&range.grant.series, &found));
        }
        if taken.is_empty() { Ok(None) } else { Err(Refusals(taken).into()) }
    }

    /// The refusal of a range of which the authority knows these folios.
    fn taken(&self, series: &Series, found: &[(u64, Remark)]) -> Option<Refusal> {
        let (_, why) = found.last()?;
        let authority = self.0.regime.profile().authority;
        let kind = self.kind_name(&series.0);
        let numbers: Vec<String> = found.iter().map(|(number, _)| thousands(*number)).collect();
        let folios = match numbers.as_slice() {
            [one] => format!("el folio {one}"),
            [most @ .., last] => format!("los folios {} y {last}", most.join(", ")),
            [] => return None,
        };
        let (code, meaning) = (&why.code, why.meaning.trim_end_matches('.'));
        Some(Refusal::new(
            "next-number-taken",
            format!("used_up_to.{series}"),
            format!(
                "El {authority} ya conoce {folios} de {kind} ({code}: {meaning}), que esta carpeta daría de nuevo: la \
                 emisión sigue detenida. Busque en su sitio cuál fue el último folio que se usó, y desbloquee diciendo \
                 hasta cuál se usaron."
            ),
        ))
    }
}

/// What is known of a range that is not loaded here is true of the same folios in another file.
fn lent_again(locked: &Locked, ranges: &[Range]) -> Vec<Mark> {
    let is_loaded = |mark: &&Mark| ranges.iter().any(|range| range.grant.id == mark.grant);
    let elsewhere = locked.beyond.iter().filter(|mark| !is_loaded(mark));
    let again = elsewhere.flat_map(|mark| {
        let last = mark.next.saturating_sub(1);
        let of_it = move |range: &&Range| {
            range.grant.series == mark.series && (range.first..=range.last).contains(&last)
        };
        let used = |range: &Range| Mark { grant: range.grant.id.clone(), ..mark.clone() };
        ranges.iter().filter(of_it).map(used)
    });
    again.collect()
}

/// Somebody else lifted the lock while this one decided.
fn lifted_meanwhile() -> ProblemView {
    let why = "Otra persona desbloqueó la emisión mientras tanto, y lo que se dijo aquí no cuenta: revise en Folios desde \
               cuál se sigue.";
    ProblemView::conflict("unlocked-meanwhile", why)
}

/// Another till spoke since whoever decides looked, or another copy went on.
fn more_said() -> ProblemView {
    let why = "Mientras se decidía se supo de más folios usados: los dice otra caja, o los usó otra copia de la carpeta. Mire \
               de nuevo cuáles son, y decida otra vez.";
    ProblemView::conflict("last-seen-changed", why)
}

/// Nobody could be asked, and nobody said yet that it goes on all the same.
fn unasked_yet(authority: &str, why: &str) -> ProblemView {
    let why = why.trim_end_matches('.');
    ProblemView::unreached(
        "next-number-unasked",
        format!(
            "No se pudo preguntar al {authority} si ya conoce los folios que siguen ({why}): la emisión sigue detenida. \
             Espere a que haya línea y desbloquee de nuevo; si no puede esperar, revise en su sitio cuál fue el último \
             folio que se usó, y desbloquee sin preguntar."
        ),
    )
}

fn view(locked: &Locked, ranges: &[Range], profile: &Profile) -> LockView {
    let mut marks: Vec<_> = locked.beyond.iter().collect();
    marks.sort_by_key(|mark| (&mark.series, mark.next));
    let folios = marks.into_iter().map(|mark| {
        let range = ranges.iter().find(|range| range.grant.id == mark.grant);
        let used_from = range.map(|range| range.next).filter(|next| *next < mark.next);
        let kind = profile.kind(&mark.series);
        let seen = locked.said.iter().filter(|said| said.grant == mark.grant).max_by_key(|said| said.number);
        LockedFoliosView {
            series: mark.series.0.clone(),
            name: kind.map_or_else(|| mark.series.0.clone(), |kind| kind.name.to_owned()),
            used_from,
            used_to: used_from.map(|_| mark.next - 1),
            next: range.is_none_or(|range| mark.next <= range.last).then_some(mark.next),
            seen: seen.map(|said| said.number),
            seen_by: seen.map(|said| said.till.clone()),
        }
    });
    LockView { reason: locked.reason.word().to_owned(), text: locked.to_string(), folios: folios.collect() }
}
