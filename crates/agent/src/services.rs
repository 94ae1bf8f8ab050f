//! What people ask of the authority beside the delivery of documents. A question changes no document's
//! state and brings no line down; what a person did by it is a fact of the journal.

use timbre_core::{ChannelId, DocumentId, Numbered, Remark, Served, Wish, thousands};
use timbre_store::Fact;

use crate::conversation::TalkError;
use crate::doer::SOMEBODY;
use crate::engine::{Agent, Answer, parse_id};
use crate::lines::Lines;
use crate::question::without;
use crate::view::{ClaimOrder, ClaimsView, EventView, ProblemView, SaidView};

impl Agent {
    /// Asks for the mail with the results of the delivery that a document went with, once more.
    pub async fn results_mail(&self, id: &str) -> Answer<SaidView> {
        let id = parse_id(id)?;
        let row = self.find(&id)?;
        let channel = self.desk()?;
        // The other channels tell their results in their answers, and send no mail.
        let track = row.track.filter(|_| row.channel == channel).ok_or_else(|| {
            ProblemView::refused(
                "no-results-mail",
                format!("{id} no está en un envío del que {} mande un correo.", self.authority()),
            )
        })?;
        self.act(&Wish::ResultsMail { track }, "Pedir el correo con los resultados", vec![id]).await
    }

    /// What the registry of claims holds about a document of ours.
    pub async fn claims(&self, id: &str) -> Answer<ClaimsView> {
        let id = parse_id(id)?;
        self.find(&id)?;
        let DocumentId { series, number } = id;
        self.claims_of(Numbered { issuer: self.issuer()?.company.id, series, number }).await
    }

    /// The same of one that somebody sent us.
    pub async fn claims_of(&self, document: Numbered) -> Answer<ClaimsView> {
        let events = match self.serve(&Wish::History(document.clone())).await? {
            Served::Events(events) => events.iter().map(EventView::from).collect(),
            other => return Err(self.problem(other)),
        };
        let mut view = ClaimsView {
            issuer: document.issuer.clone(),
            series: document.series.0.clone(),
            folio: document.number,
            received: None,
            assignable: None,
            events,
            untold: Vec::new(),
        };
        for wish in [Wish::Reception(document.clone()), Wish::Assignable(document)] {
            match self.serve(&wish).await? {
                Served::Moment(at) => view.received = Some(at.to_string()),
                Served::Told(remark) => view.assignable = Some((&remark).into()),
                Served::Stale(why) | Served::Refused(why) | Served::Later(why) => {
                    view.untold.push((&why).into());
                }
                Served::Unclear(why) => {
                    let why = Remark::ours("unclear", format!("Sin una respuesta clara: {why}."));
                    view.untold.push((&why).into());
                }
                Served::Version(_) | Served::Events(_) => {}
            }
        }
        Ok(view)
    }

    /// Accepts or claims a document that a supplier sent: an act with legal effect.
    pub async fn claim(&self, order: &ClaimOrder) -> Answer<SaidView> {
        let ClaimOrder { issuer, series, folio, action } = order;
        let wish = Wish::Say { document: order.document(), action: action.clone() };
        let what =
            format!("Registrar {action} de {} {} de {issuer}", self.kind_name(series), thousands(*folio));
        self.act(&wish, &what, Vec::new()).await
    }

    /// A person's act: remembered once it was asked for, whatever came of it.
    async fn act(&self, wish: &Wish, what: &str, documents: Vec<DocumentId>) -> Answer<SaidView> {
        let who = self.named(SOMEBODY)?;
        let served = self.serve(wish).await?;
        let what = format!("{what}: {}", outcome(&served));
        let acted = Fact::Acted { who, what, documents };
        // It is done: a journal that can't be written now must not say that it is not.
        if let Err(error) = self.0.writer.commit(vec![acted]).await {
            tracing::error!(%error, "an act can't be written");
        }
        match served {
            Served::Told(remark) => Ok(SaidView { remark: (&remark).into() }),
            other => Err(self.problem(other)),
        }
    }

    /// One wish, carried; the pass is renewed once. An error says that nothing was asked.
    async fn serve(&self, wish: &Wish) -> Answer<Served> {
        let sender = &self.0.sender;
        let id = self.desk()?;
        let channel = sender.channel(&id);
        let services = channel.services().ok_or_else(no_desk)?;
        let issuer = self.issuer()?;
        // What can't be meant is refused before anybody is asked for a pass.
        match services.ask(wish, &sender.cx(&issuer, None)) {
            Err(refusal) if !refusal.temporary => return Err(refusal.into()),
            Err(_) | Ok(_) => {}
        }
        let mut renewed = false;
        loop {
            let pass = sender.pass(&id).await.map_err(trouble)?.ok_or_else(|| self.no_pass(&id))?;
            let cx = sender.cx(&issuer, Some(&pass));
            let request = services.ask(wish, &cx)?;
            let heard = without(sender.carry(&id, &request).await, Some(&pass));
            let served = services.hear(wish, &heard, &cx);
            tracing::info!(what = request.what, outcome = outcome(&served), "a service was asked");
            if !matches!(served, Served::Stale(_)) || std::mem::replace(&mut renewed, true) {
                return Ok(served);
            }
            sender.forget_pass(&id, &pass);
        }
    }

    /// The channel whose pass the services take.
    fn desk(&self) -> Answer<ChannelId> {
        let sender = &self.0.sender;
        let mut channels = sender.channels().into_iter();
        channels.find(|id| sender.channel(id).services().is_some()).ok_or_else(no_desk)
    }

    pub(crate) fn authority(&self) -> &'static str {
        self.0.regime.profile().authority
    }

    pub(crate) fn no_pass(&self, id: &ChannelId) -> ProblemView {
        let lines = self.0.sender.lines().remove(id);
        let why = match lines.as_ref().map_or("", Lines::why) {
            "" => "intente de nuevo",
            why => why,
        };
        let detail = format!("No se pudo abrir una sesión en {}: {why}", self.authority());
        ProblemView::unreached("no-session", format!("{}.", detail.trim_end_matches('.')))
    }

    /// Why a wish was not fulfilled.
    fn problem(&self, served: Served) -> ProblemView {
        let authority = self.authority();
        match served {
            Served::Refused(why) => ProblemView::said_no(422, "authority-refused", authority, &why),
            Served::Later(why) => ProblemView::said_no(503, "authority-later", authority, &why),
            Served::Stale(why) => ProblemView::said_no(502, "authority-session", authority, &why),
            Served::Unclear(why) => ProblemView::unreached(
                "authority-silent",
                format!(
                    "No se sabe si {authority} hizo lo pedido: {why}. Pídalo otra vez: lo que ya está \
                     registrado no se registra dos veces."
                ),
            ),
            Served::Version(_) | Served::Told(_) | Served::Events(_) | Served::Moment(_) => {
                ProblemView::internal("Llegó la respuesta a otra pregunta.")
            }
        }
    }
}

/// In one word, for the journal and the log.
fn outcome(served: &Served) -> &str {
    match served {
        Served::Told(remark) | Served::Stale(remark) | Served::Refused(remark) | Served::Later(remark) => {
            &remark.code
        }
        Served::Version(_) | Served::Events(_) | Served::Moment(_) => "respondido",
        Served::Unclear(_) => "sin respuesta",
    }
}

fn no_desk() -> ProblemView {
    ProblemView::refused("no-services", "La autoridad no atiende estas consultas.")
}

pub(crate) fn trouble(error: TalkError) -> ProblemView {
    match error {
        TalkError::Store(error) => error.into(),
        TalkError::Write(error) => error.into(),
        TalkError::Key(error) => error.refusal().into(),
        TalkError::NoCompany => ProblemView::internal(error),
    }
}
