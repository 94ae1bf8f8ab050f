//! A verdict that a person reads at the authority's site, where its services say none for days: noted with who said it,
//! and overruled by the services should they say another one later.

use timbre_core::{Blame, Cause, DocState, Document, Refusal, Remark, Said, Timestamp, Verdict};
use timbre_store::{Event, Fact, Reader, Row};

use crate::clock::later;
use crate::conversation::{annulled, moved};
use crate::engine::{Agent, Answer, parse_id};
use crate::follows::stands_for;
use crate::meaning::{calm, is_circling, is_its_earlier};
use crate::probe::LONG_WAIT;
use crate::view::{NotedOrder, ProblemView, RowView};

impl Agent {
    /// Notes what the authority's site says of a document that its services gave no verdict for a day, or of which they
    /// say in turn that it is there and that it isn't, and which a person was called to. It is asked about further on.
    pub async fn note_verdict(&self, id: &str, order: &NotedOrder) -> Answer<RowView> {
        let id = parse_id(id)?;
        let (who, reason) = (self.named(&order.who)?, order.why.trim());
        if order.said == Said::Rejected && reason.is_empty() {
            let message = "Diga el motivo del rechazo, como aparece en el sitio.";
            return Err(Refusal::new("why-missing", "why", message).into());
        }
        let (authority, now) = (self.authority(), self.0.clock.now());
        let row = self.find(&id)?;
        // Asked here: what a batch is made of is not to be read again in the writer.
        let (version, circles) = (row.version, is_circling(&self.0.reader, &row.id, row.version));
        let open = move |row: &Row| row.version == version && may_be_noted(row, circles, now);
        if !open(&row) {
            return Err(not_open(&row, authority));
        }
        let word = match order.said {
            Said::Accepted => "aceptado",
            Said::Objected => "aceptado con reparos",
            Said::Rejected => "rechazado",
        };
        let said = if reason.is_empty() { word.to_owned() } else { format!("{word}: {reason}") };
        let what = format!("Anotó según el sitio del {authority}: {said}");
        let why = format!("Según el sitio del {authority}, lo anotó {who}: {said}");
        let cause = Cause::Noted { who: who.clone(), said: order.said, why };
        let document = id.clone();
        self.0
            .writer
            .apply(move |reader| match reader.row(&document) {
                Ok(Some(row)) if open(&row) => facts(reader, &row, cause, who, what),
                Ok(_) | Err(_) => Vec::new(),
            })
            .await?;
        let row = self.find(&id)?;
        if row.noted.is_none() {
            return Err(not_open(&row, authority));
        }
        // Who waited for it may leave now.
        self.0.sender.wake();
        Ok(self.row(&row))
    }
}

/// A person was called to it, and for a day it is with the authority, or goes round in a circle.
fn may_be_noted(row: &Row, circles: bool, now: Timestamp) -> bool {
    let long = |since: Timestamp| later(since, LONG_WAIT) <= now;
    row.attention.is_some()
        && match row.state {
            DocState::Enviado => long(row.since),
            DocState::Verificando | DocState::Pendiente => long(row.issued) && circles,
            _ => false,
        }
}

fn not_open(row: &Row, authority: &str) -> ProblemView {
    ProblemView::conflict(
        "verdict-not-open",
        format!(
            "{} está en {}: solo se anota lo que dice el sitio del {authority} de un documento que lleva más de 24 \
             horas sin veredicto, enviado o en un círculo de «ya lo tengo» y «no lo tengo», y pide que alguien lo vea.",
            row.id,
            row.state.word()
        ),
    )
}

fn facts(reader: &Reader, row: &Row, cause: Cause, who: String, what: String) -> Vec<Fact> {
    let accepted = matches!(cause, Cause::Noted { said: Said::Accepted | Said::Objected, .. });
    let annulled = accepted.then(|| annulled(reader, row)).flatten();
    let acted = Fact::Acted { who, what, documents: vec![row.id.clone()] };
    let moved = moved(row, cause, None);
    std::iter::once(acted).chain(annulled).chain(moved).chain(calm(row)).collect()
}

/// The row as the services' verdict finds it, and, where a person had noted another one, what takes that back (nothing
/// where another document is in its place by now) and what calls a person.
///
/// `together` documents were in the conversation. Of what is no verdict only what was not said before they looked is news
/// to them: that the upload of what they saw accepted is lost, or that its number is another's. An absence is none: it stood
/// before it was noted, or is odd.
pub(crate) fn overruled(
    reader: &Reader,
    row: Row,
    verdict: &Verdict,
    together: usize,
    authority: &str,
) -> (Row, Option<Fact>, Option<Fact>) {
    let accepted = matches!(row.state, DocState::Aceptado | DocState::Reparo);
    let to = match verdict {
        // It can't tell objections: the ones that were read at the site stand.
        Verdict::Accepted { remarks: None, .. } if row.state == DocState::Reparo => return (row, None, None),
        Verdict::Accepted { remarks: Some(remarks), .. } if !remarks.is_empty() => DocState::Reparo,
        Verdict::Accepted { .. } => DocState::Aceptado,
        Verdict::Rejected { .. } => DocState::Rechazado,
        Verdict::Fallen { blame: Blame::Documents, .. } if together == 1 => DocState::Rechazado,
        Verdict::Fallen { .. } => DocState::Pendiente,
        Verdict::Lost { .. } if accepted => DocState::Verificando,
        Verdict::Conflict { why, alike } if accepted && is_news(reader, &row, why, *alike) => {
            DocState::Enviado
        }
        _ => return (row, None, None),
    };
    let Some(who) = row.noted.clone().filter(|_| row.state != to) else { return (row, None, None) };
    let noted = format!("{who} había anotado otra cosa según el sitio del {authority}, que ahora");
    let call = |why: String| {
        let reason = Some(format!("{noted} {why}"));
        Some(Fact::Attention { document: row.id.clone(), reason })
    };
    match (moved(&row, Cause::Overruled, None), &row.replaced_by) {
        (Some(back), _) => {
            let call = match verdict {
                Verdict::Lost { .. } => call(LOST.to_owned()),
                // Whoever is called learns what it is that has its number.
                Verdict::Conflict { .. } => None,
                _ => call(format!(
                    "responde {}: vale lo que responde; revise lo que se hizo desde entonces",
                    to.word()
                )),
            };
            let row = Row { state: DocState::Enviado, noted: None, attention: None, ..row };
            (row, Some(back), call)
        }
        (None, Some(_)) if to != DocState::Rechazado => {
            let call = call(format!("responde {}: {}", to.word(), replaced(reader, &row)));
            (row, None, call)
        }
        (None, _) => (row, None, None),
    }
}

/// Why a person is called to what they saw accepted, and whose upload is lost.
const LOST: &str = "no encuentra el envío: se pregunta otra vez por él y, si no lo tiene, va de nuevo el mismo. Véalo en su sitio";

/// Is it told for the first time that this one's number is another's, and not its own earlier version's?
fn is_news(reader: &Reader, row: &Row, why: &Remark, alike: bool) -> bool {
    let told = |event: &Event| match serde_json::from_value(event.fact.clone()) {
        Ok(Fact::Attention { reason: Some(said), .. }) => said.starts_with(&why.meaning),
        Ok(_) | Err(_) => false,
    };
    let before = reader.history(&row.id).map(|events| events.iter().any(told));
    let before = before.unwrap_or_else(|error| {
        // So it is in the very batch that notes it, too. It is asked about again, and read then.
        tracing::warn!(%error, document = %row.id, "whether its number was said to be another's can't be read");
        true
    });
    !before && !is_its_earlier(reader, (&row.id, row.version), alike)
}

/// What it means that another one is in its place, where it stands after all.
fn replaced(reader: &Reader, row: &Row) -> String {
    let by = stands_for(reader, row).map_or_else(|_| row.id.to_string(), |by| by.id.to_string());
    format!("en su lugar está {by}, y puede ser la misma venta dos veces; avise a su contador")
}

/// An earlier version was accepted after all, which was taken for rejected: the sale is there, and a person is called
/// before there are two of it.
pub(crate) fn accepted_before(reader: &Reader, document: &Document, verdict: &Verdict) -> Option<Fact> {
    let Verdict::Accepted { .. } = verdict else { return None };
    let row = reader.row(&document.id).ok().flatten().filter(|row| row.version > document.version)?;
    if matches!(row.state, DocState::Aceptado | DocState::Reparo) {
        return None;
    }
    let then = match &row.replaced_by {
        Some(_) => replaced(reader, &row),
        None => {
            "la venta ya está allá. No emita otra: dígalo en «Emitir de nuevo» y queda aceptado".to_owned()
        }
    };
    let (id, version) = (row.id, document.version);
    let reason =
        format!("La autoridad aceptó la versión {version} de {id}, que se tenía por rechazada: {then}");
    Some(Fact::Attention { document: id, reason: Some(reason) })
}
