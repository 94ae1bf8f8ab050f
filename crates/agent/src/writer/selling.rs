//! A batch of sales: known keys, folios, signatures, one fsync for all.

use std::collections::HashSet;

use timbre_core::{Document, Refusal, Sale, Timestamp, thousands};
use timbre_store::{Fact, Issued, Make, NoFolio, Reader, Row, StoreError};

use super::{Desk, Issuance, Job, WriteError, answer_known, breaks};
use crate::sealing::{Said, accepts, said, seal_all};
use crate::{paper, unread};

impl Desk {
    pub(super) fn issue(&mut self, jobs: Vec<Job>) {
        let reader = self.store.reader();
        let stamp = match self.stamp(&reader) {
            Ok(stamp) => stamp,
            Err(refusal) => return jobs.into_iter().for_each(|job| job.refuse(refusal.clone())),
        };
        let mut fresh = Vec::new();
        let mut keys: HashSet<String> = HashSet::new();
        let mut again = Vec::new();
        for job in jobs {
            match self.known(&reader, &job.sale) {
                Ok(Some(row)) => answer_known(job, row),
                Err(error) => self.fail(job, error),
                // The same key twice in one batch: the second is answered from the first.
                Ok(None) => match job.sale.key.clone().is_none_or(|key| keys.insert(key)) {
                    true => fresh.push(job),
                    false => again.push(job),
                },
            }
        }
        self.sell(fresh, stamp);
        for job in again {
            match self.known(&reader, &job.sale) {
                Ok(Some(row)) => answer_known(job, row),
                Ok(None) => self.sell(vec![job], stamp),
                Err(error) => self.fail(job, error),
            }
        }
    }

    fn fail(&mut self, job: Job, error: StoreError) {
        if breaks(&error) {
            self.stop(&error);
        }
        job.refuse(error);
    }

    fn known(&self, reader: &Reader, sale: &Sale) -> Result<Option<Row>, StoreError> {
        sale.key.as_deref().map_or(Ok(None), |key| reader.by_key(key))
    }

    /// Numbers, seals and stores. A sale that is refused when its turn comes costs only itself:
    /// those behind it are sealed again, lower; nothing has left this process yet.
    fn sell(&mut self, jobs: Vec<Job>, stamp: Timestamp) {
        let mut todo = Vec::new();
        if self.mending.is_some() {
            return jobs.into_iter().for_each(|job| job.refuse(StoreError::Poisoned));
        }
        for job in jobs {
            match said(&*job.draft) {
                Ok(said) => todo.push((job, said)),
                Err(refusal) => job.refuse(refusal),
            }
        }
        while !todo.is_empty() {
            let sealed = self.seal(&mut todo, stamp);
            todo = self.store_all(todo, sealed);
        }
    }

    /// Gives folios and seals in parallel. What can't be numbered or sealed is refused and taken
    /// out, and the later ones are sealed again one folio lower.
    fn seal(&mut self, todo: &mut Vec<(Job, Said)>, stamp: Timestamp) -> Vec<Document> {
        let mut sealed: Vec<Document> = Vec::new();
        while sealed.len() < todo.len() {
            let mut numbering = self.store.numbering();
            let mut folios = Vec::new();
            while folios.len() < todo.len() {
                let at = folios.len();
                let (job, said) = &todo[at];
                match numbering.take(&said.series, &mut |grant| accepts(&*job.draft, grant)) {
                    Ok(folio) => folios.push(folio),
                    Err(none) => {
                        let (job, _) = todo.remove(at);
                        let refusal = no_folio(&job.draft.name(), none);
                        job.refuse(refusal);
                        // Whoever comes after it has another folio by now.
                        sealed.truncate(at);
                    }
                }
            }
            let done = sealed.len();
            let rest = todo.iter().map(|(job, _)| &*job.draft).zip(folios).skip(done).collect();
            for (k, outcome) in seal_all(rest, self.threads, &*self.keys, stamp).into_iter().enumerate() {
                match outcome {
                    Ok(document) => sealed.push(document),
                    Err(error) => {
                        let (job, said) = todo.remove(done + k);
                        let unread =
                            unread::why(&self.store.reader(), &*self.keys, &said.series, &job.draft.name());
                        job.refuse(unread.unwrap_or_else(|| error.refusal()));
                        break;
                    }
                }
            }
        }
        sealed
    }

    /// One fsync for all; returns those that have to be sealed again because one before them was
    /// refused.
    fn store_all(&mut self, todo: Vec<(Job, Said)>, sealed: Vec<Document>) -> Vec<(Job, Said)> {
        let ids: Vec<_> = sealed.iter().map(|document| document.id.clone()).collect();
        let orders = todo.iter().zip(sealed).map(|((job, said), document)| {
            let fact = Fact::Issued(Box::new(Issued {
                document,
                key: job.sale.key.clone(),
                sale_hash: job.sale.hash.clone(),
                from: job.sale.from.clone(),
                till: job.sale.till.clone(),
                warnings: said.warnings.clone(),
                totals: said.totals.clone(),
                claims: said.claims.clone(),
                follows: said.follows.clone(),
                annuls: said.annuls.clone(),
                awaits_authority: said.awaits_authority,
                card: job.sale.card.clone(),
                sale: job.sale.received.clone(),
            }));
            let print = job.sale.print.then(|| paper::asked(&fact)).flatten();
            Box::new(move |_: &Reader| std::iter::once(fact).chain(print).collect()) as Make<'_>
        });
        let orders = orders.collect();
        let each = match self.commit(orders) {
            Ok(each) => each,
            Err(error) => {
                todo.into_iter().for_each(|(job, _)| job.refuse(error.clone()));
                return Vec::new();
            }
        };
        let mut again = Vec::new();
        let mut refused = false;
        for ((job, said), (id, outcome)) in todo.into_iter().zip(ids.into_iter().zip(each)) {
            match outcome {
                Ok(committed) => match committed.rows.into_iter().find(|row| row.id == id) {
                    Some(row) => {
                        timbre_store::crash!("answer-unsaid");
                        let _ =
                            job.reply.send(Ok(Issuance { row, warnings: said.warnings, repeated: false }));
                    }
                    None => job.refuse(StoreError::NoDocument(id)),
                },
                Err(error) if refused && moved_up(&error) => again.push((job, said)),
                Err(error) => {
                    refused = true;
                    job.refuse(error);
                }
            }
        }
        again
    }
}

/// Its folio is not the next one any more.
fn moved_up(error: &WriteError) -> bool {
    matches!(error, WriteError::Store(error) if matches!(**error, StoreError::NotNext { .. }))
}

pub(crate) fn no_folio(kind: &str, none: NoFolio) -> Refusal {
    match none {
        NoFolio::NoGrant => Refusal::temporary(
            "folio-none",
            "",
            format!("No hay folios de {kind} cargados. Cargue un archivo CAF y vuelva a intentar."),
        ),
        NoFolio::Exhausted { last } => Refusal::temporary(
            "folio-exhausted",
            "",
            format!(
                "Se acabaron los folios de {kind} (el último fue el {}). Cargue un CAF nuevo y vuelva a intentar.",
                thousands(last)
            ),
        ),
        NoFolio::Refused(refusal) => refusal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_no_folio_is_told_of_what_by_its_name() {
        let said = |none| no_folio("nota de crédito", none).message;
        assert!(said(NoFolio::NoGrant).starts_with("No hay folios de nota de crédito cargados."));
        let spent = said(NoFolio::Exhausted { last: 300_001 });
        assert!(
            spent.starts_with("Se acabaron los folios de nota de crédito (el último fue el 300.001)."),
            "{spent}"
        );
    }
}
