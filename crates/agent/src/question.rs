//! Asking the authority about one document now, while a person waits. Nothing that is asked here moves a
//! document: what the answer is worth is decided by whoever asked.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use timbre_core::channel::Conduct;
use timbre_core::{Cx, Document, Heard, Pass, Request, Step, Verdict};
use timbre_store::{Answered, Fact, Row};

use crate::engine::{Agent, Answer};
use crate::services::trouble;
use crate::view::ProblemView;

/// Waits that the channel wants between two questions and that are still waited out.
const SHORT: Duration = Duration::from_secs(2);
/// Questions of one conversation. It takes two answers to believe an absence, and a login may come between.
const MOST: usize = 8;
/// A person waits: longer than this they are told that nobody answered.
const PATIENCE: Duration = Duration::from_secs(90);

/// What the authority says it has.
pub(crate) struct Told {
    pub verdict: Verdict,
    /// The answers, for the journal.
    pub answers: Vec<Fact>,
}

impl Agent {
    /// What the authority says of a document now. That it has none is said twice in a row; whether that was
    /// long enough after its bytes left is the asker's to judge. An error says that nothing is known.
    pub(crate) async fn ask_about(&self, row: &Row, document: Document) -> Answer<Told> {
        let asked = tokio::time::timeout(PATIENCE, self.converse(row, document)).await;
        asked.unwrap_or_else(|_| Err(self.silent("no respondió a tiempo")))
    }

    async fn converse(&self, row: &Row, document: Document) -> Answer<Told> {
        let sender = &self.0.sender;
        let id = &row.channel;
        let channel = sender.channel(id);
        let issuer = self.issuer()?;
        // How long ago it left is not the channel's to know here.
        let now = Duration::ZERO;
        let conduct = Conduct { absence_after: now, absence_gap: now, ..sender.settings().conduct.clone() };
        let about = [Arc::new(document)];
        let mut pass = sender.pass(id).await.map_err(trouble)?.ok_or_else(|| self.no_pass(id))?;
        let mut renewed = false;
        let mut answers = Vec::new();
        let step = channel.probe(&about[0], &Cx { conduct: &conduct, ..sender.cx(&issuer, Some(&pass)) });
        let mut step = step.map_err(|error| trouble(error.into()))?;
        for _ in 0..MOST {
            let (state, heard) = match step {
                Step::Ask(request, state, _) => {
                    let heard = self.heard(&request, &pass, row, &mut answers).await?;
                    (state, heard)
                }
                Step::Wait(span, state, _) if span <= SHORT => {
                    tokio::time::sleep(span).await;
                    (state, Heard::Elapsed)
                }
                Step::Wait(..) => return Err(self.silent("pide preguntar más tarde")),
                Step::Stale(state) if !renewed => {
                    renewed = true;
                    sender.forget_pass(id, &pass);
                    pass = sender.pass(id).await.map_err(trouble)?.ok_or_else(|| self.no_pass(id))?;
                    (state, Heard::Elapsed)
                }
                Step::Stale(_) => return Err(self.no_pass(id)),
                Step::Done(reports) => {
                    return self.concluded(reports.into_iter().next().map(|r| r.verdict), answers);
                }
                Step::Granted(_) => return Err(ProblemView::internal("una pregunta terminó en una sesión")),
            };
            let cx = Cx { conduct: &conduct, ..sender.cx(&issuer, Some(&pass)) };
            step = channel.resume(state, heard, &about, &cx).map_err(|error| trouble(error.into()))?;
        }
        Err(self.silent("no responde con claridad"))
    }

    fn concluded(&self, verdict: Option<Verdict>, answers: Vec<Fact>) -> Answer<Told> {
        match verdict {
            Some(Verdict::Refused { why, .. }) => {
                Err(ProblemView::said_no(503, "authority-refused", self.authority(), &why))
            }
            Some(Verdict::Unknown { why }) => Err(self.silent(&why)),
            Some(verdict) => Ok(Told { verdict, answers }),
            None => Err(self.silent("no dijo nada de este documento")),
        }
    }

    /// One request; an answer that does not come is the end.
    async fn heard(
        &self,
        request: &Request,
        pass: &Pass,
        row: &Row,
        answers: &mut Vec<Fact>,
    ) -> Answer<Heard> {
        let (heard, took) = self.0.sender.ask(&row.channel, request).await.map_err(trouble)?;
        let heard = without(heard, Some(pass));
        match &heard {
            Heard::Reply { status, body, .. } => {
                let body = if request.secret { Bytes::new() } else { body.clone() };
                answers.extend(row.parcel.clone().map(|parcel| {
                    Fact::Answered(Answered {
                        parcel,
                        document: Some(row.id.clone()),
                        what: request.what.to_owned(),
                        status: Some(*status),
                        took_ms: took.as_millis().try_into().unwrap_or(u64::MAX),
                        state: None,
                        due: None,
                        heard: body,
                    })
                }));
                Ok(heard)
            }
            Heard::Nothing { why, .. } => Err(self.silent(why)),
            Heard::Elapsed => Ok(heard),
        }
    }

    /// Nothing is known, so nothing is done.
    fn silent(&self, why: &str) -> ProblemView {
        ProblemView::unreached(
            "authority-silent",
            format!(
                "El {} no dijo si tiene el documento ({}): no se hizo nada. Pídalo otra vez cuando haya conexión.",
                self.authority(),
                why.trim_end_matches('.')
            ),
        )
    }
}

/// What was heard without the pass in it, should the other side have echoed it.
pub(crate) fn without(heard: Heard, pass: Option<&Pass>) -> Heard {
    match (heard, pass.map(Pass::expose).filter(|secret| !secret.is_empty())) {
        (Heard::Reply { status, headers, body }, Some(secret)) => {
            let found = body.windows(secret.len()).any(|part| part == secret.as_bytes());
            let body = match found {
                true => Bytes::from(String::from_utf8_lossy(&body).replace(secret, "…")),
                false => body,
            };
            Heard::Reply { status, headers, body }
        }
        (heard, _) => heard,
    }
}
