//! A rejected document is made again. The authority is asked about it first; then it is signed again under its
//! own number, or another document takes its place. Either is one commit.

mod accepted;
mod annulled;
mod contested;
mod forgotten;
mod lost;
mod made;
mod number;
mod refused;

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use jiff::tz::TimeZone;
use timbre_core::{
    Cause, DocState, Document, DocumentId, Draft, Folio, Keys, Number, NumberFate, Refusal, Regime, Said,
    Sale, Timestamp, Verdict, thousands,
};
use timbre_store::{Event, Fact, Issued, Moved, Numbering, Reader, Row};

use crate::clock::{Clock, later};
use crate::elsewhere::may_have_left;
use crate::engine::{Agent, Answer, environment_word, missing, parse_id};
use crate::follows::{given_back, stands_for};
use crate::meaning::{circles, is_its_earlier, stop_range};
use crate::sealing::{accepts, said, seal_all};
use crate::sender::lock;
use crate::view::{ProblemView, ReissuedView};
use crate::writer::{IssueError, selling::no_folio, stamp};
use crate::{paper, unread, void};

use contested::{is_contested, may_be_rejected};
use number::{Evidence, Found, choose};

/// How a rejected document is to be made again.
#[derive(Debug, Clone)]
pub struct Reissue {
    /// The sale with its fault mended; `None` when the fault was not the sale's.
    pub sale: Option<Bytes>,
    /// Another number, whatever the authority says of this one: also when it has this very document.
    pub new_number: bool,
    /// Who decides.
    pub who: String,
}

impl Agent {
    /// Makes a rejected document again, or one whose number turns out to be another's. Nothing is done while the
    /// authority can't be asked about it.
    pub async fn reissue(&self, id: &str, order: Reissue) -> Answer<ReissuedView> {
        let id = parse_id(id)?;
        let who = self.named(&order.who)?;
        let mut row = self.find(&id)?;
        if self.is_lost(&row) {
            return self.instead_of_lost(row, order, who).await;
        }
        let authority = self.authority();
        let stuck = self.stuck(&row)?;
        let contested = is_contested(&row);
        if row.state != DocState::Rechazado && stuck.is_none() && !contested {
            return Err(self.not_rejected(&row));
        }
        if contested {
            self.stands_alone(&row)?;
        }
        self.is_not_annulled(&row)?;
        self.is_not_made_already(&row)?;
        let issuer = self.issuer()?;
        self.0.signer()?;
        self.trust_clock()?;
        let before = self.0.reader.issued(&id)?.ok_or_else(|| missing(&id))?;
        let sale = sale_of(order.sale, &before)?;
        let (found, fate, answers) = match stuck {
            // The authority can't know of it, as far as is known here.
            Some(found) => {
                let answers = self.never_arrived(&row, &before.document).await?;
                (found, NumberFate::FreeForSame, answers)
            }
            None => {
                let proof = |row: &Row| -> Answer<NumberFate> {
                    fate(&self.0.reader.history(&row.id)?, row.version).ok_or_else(|| no_proof(&row.id))
                };
                // Before anybody is asked.
                let on_record = if contested { None } else { Some(proof(&row)?) };
                let told = self.ask_about(&row, before.document.clone()).await?;
                // Its answer may have told that the clock is off.
                self.trust_clock()?;
                if contested {
                    may_be_rejected(&row.id, &told.verdict, authority)?;
                }
                let found = self.found(&row, &before.document, told.verdict).await?;
                if matches!(found, Found::Ours | Found::Alike(_)) && !order.new_number {
                    return Err(self.held_after_all(&row, (&found, on_record), told.answers).await?);
                }
                match on_record {
                    Some(fate) => (found, fate, told.answers),
                    None => {
                        row = self.reject(&row, &found, &who, told.answers).await?;
                        (found, proof(&row)?, Vec::new())
                    }
                }
            }
        };

        let now = self.0.clock.now();
        let redraft = |number| {
            self.0
                .reader
                .knowing(|known| self.0.regime.redraft(&sale, &before.document, number, &issuer, known, now))
        };
        // What another number lets pass is judged first: under its own less may change.
        let draft = redraft(Number::New)??;
        let usable = usable(&self.0.reader, &before.document, &*draft);
        let evidence = Evidence {
            found: &found,
            fate,
            asked: order.new_number,
            always_new: !self.0.sender.settings().same_number,
            unusable: usable.err(),
        };
        let (number, why) = choose(&evidence, authority);
        let draft = match number {
            Number::Same => redraft(Number::Same)??,
            Number::New => draft,
        };
        let print = self.prints_on_issue(&id.series, sale.till.impresora.as_deref());
        let again = Again {
            row,
            before,
            sale,
            draft,
            number,
            who,
            why,
            task: found.task(authority),
            void: found.void(),
            print,
            regime: Arc::clone(&self.0.regime),
            answers,
            keys: self.0.custody.clone(),
            clock: Arc::clone(&self.0.clock),
            zone: self.0.zone.clone(),
            authority,
        };
        self.make(&id, again, environment_word(issuer.environment)).await
    }

    /// A note that never left, for another document took the place of what it corrects: it can't leave any more,
    /// and another note takes its place.
    fn stuck(&self, row: &Row) -> Answer<Option<Found>> {
        if !row.never_left() {
            return Ok(None);
        }
        for follows in &row.follows {
            let Some(of) = self.0.reader.row(follows)? else { continue };
            // What it does not name may have another folio.
            if of.replaced_by.is_some() && given_back(row, &of).is_empty() {
                let by = stands_for(&self.0.reader, &of)?.id;
                return Ok(Some(Found::NeverLeft { follows: follows.clone(), by }));
            }
        }
        Ok(None)
    }

    /// It never left by what the journal says. Where that may not know all, the authority is asked: what it holds is
    /// not made a second time.
    async fn never_arrived(&self, row: &Row, document: &Document) -> Answer<Vec<Fact>> {
        if !may_have_left(&self.0.reader, row) {
            return Ok(Vec::new());
        }
        let told = self.ask_about(row, document.clone()).await?;
        self.trust_clock()?;
        match self.found(row, document, told.verdict).await? {
            Found::Absent => Ok(told.answers),
            _ => Err(ProblemView::conflict(
                "left-elsewhere",
                format!(
                    "El {} conoce el folio de {}, que según esta carpeta no se ha enviado: puede haber salido antes, o \
                     de otra copia de la carpeta. No se emite otro en su lugar, para que no haya dos: vea en su sitio \
                     qué pasó con él y consulte a su contador.",
                    self.authority(),
                    row.id
                ),
            )),
        }
    }

    /// A person annulled the number of a replaced document at the authority's site.
    pub async fn number_annulled(&self, id: &str, who: &str) -> Answer<crate::view::RowView> {
        let id = parse_id(id)?;
        let open = |row: &Row| row.state == DocState::Reemplazado && row.attention.is_some();
        if !open(&self.find(&id)?) {
            return Err(ProblemView::conflict(
                "nothing-to-annul",
                format!("El folio de {id} no espera que lo anulen."),
            ));
        }
        let (who, document) = (self.named(who)?, id.clone());
        self.0
            .writer
            .apply(move |reader| match reader.row(&document) {
                Ok(Some(row)) if open(&row) => vec![
                    Fact::Acted { who, what: ANNULLED.to_owned(), documents: vec![document.clone()] },
                    Fact::Attention { document, reason: None },
                ],
                Ok(_) | Err(_) => Vec::new(),
            })
            .await?;
        Ok(self.row(&self.find(&id)?))
    }

    /// What the authority's word is worth here. A number that it knows with other data is somebody else's too:
    /// its range is stopped, whatever becomes of the document.
    async fn found(&self, row: &Row, document: &Document, verdict: Verdict) -> Answer<Found> {
        Ok(match verdict {
            Verdict::Absent => {
                let sent = row.parcel.as_ref().map(|parcel| self.0.reader.parcel_row(parcel)).transpose()?;
                let since = sent.flatten().map_or(row.since, |parcel| parcel.sent);
                let sure = later(since, self.0.sender.settings().conduct.absence_after);
                if sure > self.0.clock.now() {
                    return Err(self.too_soon(&row.id, sure));
                }
                Found::Absent
            }
            // Before another folio of its range is given in its place.
            Verdict::Rejected { reasons, number } => {
                let (document, why) = (document.clone(), reasons.clone());
                self.0.writer.apply(move |reader| void::heard(reader, &document, (&why, number))).await?;
                Found::Void { reasons, number }
            }
            Verdict::Conflict { why, alike } => {
                let (document, remark) = (document.clone(), why.clone());
                if !is_its_earlier(&self.0.reader, (&row.id, row.version), alike) {
                    let stop =
                        move |reader: &Reader| stop_range(reader, &document, &remark).into_iter().collect();
                    self.0.writer.apply(stop).await?;
                }
                if alike { Found::Alike(why) } else { Found::Other(why) }
            }
            Verdict::Accepted { .. } | Verdict::AlreadyThere | Verdict::Sent { .. } => Found::Ours,
            Verdict::Pending
            | Verdict::Lost { .. }
            | Verdict::Unknown { .. }
            | Verdict::Refused { .. }
            | Verdict::Fallen { .. } => {
                return Err(ProblemView::unreached(
                    "authority-silent",
                    format!("El {} todavía no dice si tiene {}: no se hizo nada.", self.authority(), row.id),
                ));
            }
        })
    }

    fn too_soon(&self, id: &DocumentId, sure: Timestamp) -> ProblemView {
        let hour = sure.to_zoned(self.0.zone.clone()).strftime("%H:%M").to_string();
        Refusal::temporary(
            "reissue-too-soon",
            "",
            format!(
                "El {} dice que no tiene {id}, pero se le envió hace poco y puede tardar en mostrarlo. Pídalo otra \
                 vez después de las {hour}.",
                self.authority()
            ),
        )
        .into()
    }

    /// In the writer, so that who comes second finds the document made again already.
    async fn commit_again(&self, again: Again) -> Answer<DocumentId> {
        let outcome: Arc<Mutex<Option<Result<DocumentId, IssueError>>>> = Arc::default();
        let slot = Arc::clone(&outcome);
        let id = again.row.id.clone();
        self.0
            .writer
            .apply(move |reader| match again.facts(reader) {
                Ok((made, facts)) => {
                    *lock(&slot) = Some(Ok(made));
                    facts
                }
                Err(error) => {
                    *lock(&slot) = Some(Err(error));
                    Vec::new()
                }
            })
            .await?;
        let made = lock(&outcome).take();
        match made {
            Some(Ok(made)) => Ok(made),
            Some(Err(IssueError::Conflict(_))) => Err(self.overtaken(&self.find(&id)?)),
            Some(Err(error)) => Err(error.into()),
            None => Err(ProblemView::internal("lo que se pidió no llegó a hacerse")),
        }
    }
}

/// What the journal says when the task is ticked.
const ANNULLED: &str = "Folio anulado en el sitio de la autoridad";

/// Everything that a commit is made of.
struct Again {
    row: Row,
    before: Issued,
    sale: Sale,
    draft: Box<dyn Draft>,
    number: Number,
    who: String,
    why: String,
    /// What a person has to know about the number that is left behind.
    task: String,
    /// What makes that number no good, as the authority said now.
    void: Option<NumberFate>,
    /// What the customer is to hold is printed by itself.
    print: bool,
    regime: Arc<dyn Regime>,
    /// The proof: what the authority said.
    answers: Vec<Fact>,
    keys: Arc<dyn Keys>,
    clock: Arc<dyn Clock>,
    zone: TimeZone,
    authority: &'static str,
}

impl Again {
    /// The document that is made, and the facts that make it.
    fn facts(mut self, reader: &Reader) -> Result<(DocumentId, Vec<Fact>), IssueError> {
        let row = reader.row(&self.row.id)?;
        let same = |row: &Row| {
            (row.version, row.state, &row.parcel) == (self.row.version, self.row.state, &self.row.parcel)
        };
        let row = row.filter(same);
        let row = row.ok_or_else(|| IssueError::Conflict(self.row.id.clone()))?;
        let stamp = stamp(reader, self.clock.now(), &self.zone)?;
        let said = said(&*self.draft)?;
        let folio = match self.number {
            Number::Same => own_folio(reader, &self.before.document)?,
            Number::New => Numbering::of(reader.ranges())
                .take(&said.series, &mut |grant| accepts(&*self.draft, grant))
                .map_err(|none| no_folio(&self.draft.name(), none))?,
        };
        let sealed = seal_all(vec![(&*self.draft, folio)], 1, &*self.keys, stamp);
        let sealed = sealed.into_iter().next().expect("one draft is one document");
        let mut document = sealed.map_err(|error| {
            unread::why(reader, &*self.keys, &said.series, &self.draft.name())
                .unwrap_or_else(|| error.refusal())
        })?;
        if self.number == Number::Same {
            document.version = row.version + 1;
        }
        let made = document.id.clone();
        // Another document is another paper; under its own number the one that the customer has may stay true.
        let print = self.print
            && (self.number == Number::New
                || paper::reads_otherwise(&*self.regime, &self.before.document, &document, &self.sale.till));
        let mut facts = std::mem::take(&mut self.answers);
        let (who, what) = (self.who.clone(), format!("Volver a emitir: {}", self.why));
        facts.push(Fact::Acted { who, what, documents: vec![row.id.clone()] });
        let issued = Fact::Issued(Box::new(Issued {
            document,
            key: self.before.key.clone(),
            // The request that made the sale finds it for ever.
            sale_hash: self.before.sale_hash.clone(),
            from: self.before.from.clone(),
            till: self.sale.till.clone(),
            warnings: said.warnings,
            totals: said.totals,
            claims: said.claims,
            follows: said.follows,
            annuls: said.annuls,
            awaits_authority: said.awaits_authority,
            // Recorded with the first document, and not touched by what became of that.
            card: None,
            sale: self.sale.received.clone(),
        }));
        let paper = paper::asked(&issued).filter(|_| print);
        facts.push(issued);
        facts.extend(paper);
        facts.extend(self.moves(&row, &made));
        Ok((made, facts))
    }

    /// What becomes of the document that was there, and whether a person has still to do something about it.
    fn moves(&self, row: &Row, made: &DocumentId) -> Vec<Fact> {
        let moved = |to, cause, version, attempts| {
            let (document, from) = (row.id.clone(), row.state);
            Fact::Moved(Moved { document, version, from, to, cause, next_try: None, attempts })
        };
        let flag = |reason| Fact::Attention { document: row.id.clone(), reason };
        match self.number {
            Number::Same => {
                let again = moved(DocState::Generado, Cause::Reissued, row.version + 1, 0);
                std::iter::once(again).chain(row.attention.as_ref().map(|_| flag(None))).collect()
            }
            Number::New => {
                let by = made.clone();
                let replaced = Cause::Replaced { by, number: self.void };
                let task = format!(
                    "Anule el folio {} en el sitio del {}: en su lugar está {made}. {}",
                    thousands(row.id.number),
                    self.authority,
                    self.task
                );
                let mut facts = vec![
                    moved(DocState::Reemplazado, replaced, row.version, row.attempts),
                    flag(Some(task.trim_end().to_owned())),
                ];
                facts.extend(paper::unwanted(row));
                facts
            }
        }
    }
}

/// The folio of a document, to be used once more: nobody else may have it.
fn own_folio(reader: &Reader, document: &Document) -> Result<Folio, Refusal> {
    let range = reader.ranges().into_iter().find(|range| range.grant.id == document.grant);
    range.and_then(|range| Folio::of(Arc::new(range.grant), document.id.number)).ok_or_else(|| {
        Refusal::new("grant-missing", "", format!("El rango de folios de {} no está cargado.", document.id))
    })
}

/// May the document's own range still be used for what takes its place? If not, why.
fn usable(reader: &Reader, document: &Document, draft: &dyn Draft) -> Result<(), String> {
    let range = reader.ranges().into_iter().find(|range| range.grant.id == document.grant);
    let Some(range) = range else {
        return Err("su rango de folios no está cargado".to_owned());
    };
    match range.stopped {
        Some(_) => Err("su rango de folios está detenido".to_owned()),
        None => accepts(draft, &range.grant).map_err(|refusal| refusal.message),
    }
}

/// What the recorded rejection of this version says of its number.
pub(crate) fn fate(events: &[Event], version: u32) -> Option<NumberFate> {
    events.iter().rev().find_map(|event| match serde_json::from_value(event.fact.clone()) {
        Ok(Fact::Moved(Moved { version: of, cause: Cause::Rejected { number, .. }, .. })) => {
            (of == version).then_some(number)
        }
        Ok(Fact::Moved(Moved { version: of, cause: Cause::Replaced { number, .. }, .. })) => {
            number.filter(|_| of == version)
        }
        // The site says nothing of the number: it is asked about. It is used up where its services said twice that they
        // have a document with it.
        Ok(Fact::Moved(Moved { version: of, cause: Cause::Noted { said: Said::Rejected, .. }, .. })) => {
            let fate = if circles(events, version) { NumberFate::Consumed } else { NumberFate::AskByProbe };
            (of == version).then_some(fate)
        }
        Ok(_) | Err(_) => None,
    })
}

/// The sale as it came first, or as it was mended; its key and hash stay those of the first request.
fn sale_of(mended: Option<Bytes>, before: &Issued) -> Answer<Sale> {
    let received = mended.unwrap_or_else(|| before.sale.clone());
    // As it was kept, whatever rule there is for a new one.
    let mut sale = Sale { key: before.key.clone(), ..Sale::read(received, None)? };
    // A mended sale need not say again how it was paid.
    if sale.till == timbre_core::TillData::default() {
        sale.till = before.till.clone();
    }
    // Who mends a sale did not make it.
    sale.till.cajero.clone_from(&before.till.cajero);
    Ok(sale)
}

fn no_proof(id: &DocumentId) -> ProblemView {
    ProblemView::conflict(
        "rejection-unproven",
        format!(
            "El registro del rechazo de {id} no se puede leer, y sin él no se vuelve a emitir. Revise todos los datos, \
             en Ajustes, y avise a soporte."
        ),
    )
}
