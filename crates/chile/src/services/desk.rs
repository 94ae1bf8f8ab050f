//! The SII's services as the engine asks for them.

use timbre_core::{Cx, Heard, Numbered, Refusal, Remark, Request, Served, Services, Wish};

use super::claims::{self, Act, Answer, Event, Factura};
use super::mail::{self, Mail};
use super::{NotAsked, version};
use crate::answer::Reply;
use crate::envelope;
use crate::rut::Rut;
use crate::words::remark;

/// Types that the registry knows (Ley 20.727): facturas and liquidaciones.
const CLAIMABLE: [u16; 3] = [33, 34, 43];

/// All of them; they take the pass of the DTE channel.
pub struct Desk;

impl Services for Desk {
    fn ask(&self, wish: &Wish, cx: &Cx<'_>) -> Result<Request, Refusal> {
        Ok(match wish {
            Wish::Version => version::ask(cx),
            Wish::ResultsMail { track } => mail::ask(cx, track),
            Wish::History(document) => claims::ask_history(cx, &factura(document)?),
            Wish::Reception(document) => claims::ask_reception(cx, &factura(document)?),
            Wish::Assignable(document) => claims::ask_cedible(cx, &factura(document)?),
            Wish::Say { document, action } => {
                let factura = factura(document)?;
                if ours(factura.issuer, cx) {
                    return Err(Refusal::new(
                        "claim-own",
                        "issuer",
                        "Esa factura la emitió esta empresa: solo quien la recibió puede aceptarla o reclamarla.",
                    ));
                }
                claims::ask_act(cx, &factura, act(action)?)
            }
        }?)
    }

    fn hear(&self, wish: &Wish, heard: &Heard, cx: &Cx<'_>) -> Served {
        let reply = match heard {
            Heard::Reply { status, headers, body } => Reply { status: *status, headers, body },
            Heard::Nothing { why, .. } => return Served::Unclear(why.clone()),
            Heard::Elapsed => return Served::Unclear("nadie respondió".to_owned()),
        };
        match wish {
            Wish::Version => version::hear(reply).map_or_else(|| unclear(reply), Served::Version),
            Wish::ResultsMail { .. } => match mail::hear(reply) {
                Mail::Sent => Served::Told(remark("CORREO 0", "")),
                Mail::Later(why) => Served::Later(why),
                Mail::NoPass(why) => Served::Stale(why),
                Mail::Refused(why) => Served::Refused(why),
                Mail::Unclear => unclear(reply),
            },
            Wish::History(document) => {
                let issued = document.issuer.parse().is_ok_and(|issuer| ours(issuer, cx));
                served(reply, claims::hear_history(reply), |events| {
                    Served::Events(events.into_iter().map(|said| event(said, issued)).collect())
                })
            }
            Wish::Reception(_) => served(reply, claims::hear_reception(reply), Served::Moment),
            Wish::Assignable(_) => served(reply, claims::hear_cedible(reply), Served::Told),
            Wish::Say { .. } => served(reply, claims::hear_act(reply), Served::Told),
        }
    }
}

fn served<T>(reply: Reply<'_>, answer: Answer<T>, told: impl FnOnce(T) -> Served) -> Served {
    match answer {
        Answer::Told(what) => told(what),
        Answer::NoPass(why) => Served::Stale(why),
        Answer::Refused(why) => Served::Refused(why),
        Answer::Later(why) => Served::Later(why),
        Answer::Unclear => unclear(reply),
    }
}

fn unclear(reply: Reply<'_>) -> Served {
    Served::Unclear(format!("respondió algo que no se entiende, HTTP {}", reply.status))
}

/// What to do about a claim is advice for who issued the document, and for nobody else.
fn event(Event { what, by, at }: Event, issued: bool) -> timbre_core::Event {
    let advice = what.advice.filter(|_| issued);
    timbre_core::Event { what: Remark { advice, ..what }, by, at }
}

fn ours(issuer: Rut, cx: &Cx<'_>) -> bool {
    envelope::issuer(cx.company).is_ok_and(|company| company == issuer)
}

fn factura(document: &Numbered) -> Result<Factura, Refusal> {
    let issuer = document.issuer.parse().map_err(|_| {
        Refusal::new("issuer-invalid", "issuer", format!("«{}» no es un RUT válido.", document.issuer))
    })?;
    let kind = document.series.0.parse().ok().filter(|kind| CLAIMABLE.contains(kind)).ok_or_else(|| {
        Refusal::new(
            "type-without-claims",
            "type",
            "El registro de reclamos del SII lleva solo facturas y liquidaciones (33, 34 y 43).",
        )
    })?;
    if document.number == 0 {
        return Err(Refusal::new("folio-invalid", "folio", "El folio debe ser mayor que cero."));
    }
    Ok(Factura { issuer, kind, folio: document.number })
}

fn act(code: &str) -> Result<Act, Refusal> {
    Act::ALL.into_iter().find(|act| act.code() == code).ok_or_else(|| {
        let known = Act::ALL.map(Act::code).join(", ");
        Refusal::new("action-unknown", "action", format!("«{code}» no es una acción; puede ser {known}."))
    })
}

impl From<NotAsked> for Refusal {
    fn from(why: NotAsked) -> Refusal {
        let code = match why {
            NotAsked::NoPass => "session-missing",
            NotAsked::NoHost => "simulator-missing",
            NotAsked::Key(_) => "key",
        };
        Refusal::temporary(code, "", format!("No se pudo preguntar al SII: {why}."))
    }
}
