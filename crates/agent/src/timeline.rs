//! A document's life as a person reads it, from the facts that name it.

use serde_json::Value;
use timbre_core::{Cause, DocState, DocumentId, thousands};
use timbre_store::{Event, Fact};

use crate::view::StepView;

/// What stands where a fact can't be read.
const LOST: &str = "No se puede leer";
const LOST_MORE: &str = "Esta parte del diario está dañada: falta algo de lo que pasó aquí";

/// The steps of a document, oldest first. `heard` reads the exact bytes of an answer.
pub fn steps(id: &DocumentId, events: &[Event], heard: &dyn Fn(&Event) -> Option<String>) -> Vec<StepView> {
    events
        .iter()
        .filter_map(|event| {
            if event.is_unreadable() {
                let (title, text) = (LOST.to_owned(), LOST_MORE.to_owned());
                return Some(StepView { at: event.at.to_string(), title, text, heard: None });
            }
            let fact: Fact = serde_json::from_value(event.fact.clone()).ok()?;
            let (title, text) = words(id, &fact)?;
            let heard = matches!(fact, Fact::Answered(_)).then(|| heard(event)).flatten();
            Some(StepView { at: event.at.to_string(), title, text, heard })
        })
        .collect()
}

fn words(id: &DocumentId, fact: &Fact) -> Option<(String, String)> {
    let say = |title: &str, text: String| Some((title.to_owned(), text));
    match fact {
        Fact::Issued(issued) => say(
            if issued.document.version == 1 { "Emitido y firmado" } else { "Emitido de nuevo" },
            match issued.document.version {
                1 => format!("Folio {}, guardado en este equipo", thousands(issued.document.id.number)),
                version => {
                    format!(
                        "Folio {}, versión {version}, guardada en este equipo",
                        thousands(issued.document.id.number)
                    )
                }
            },
        ),
        // Nothing left: it was asked about first.
        Fact::Sending(sending) if sending.attempt == 0 => None,
        Fact::Sending(sending) => say(
            DocState::Enviando.word(),
            match sending.documents.len() {
                1 => format!("Intento {}", sending.attempt),
                n => format!("Intento {}, junto a otros {}", sending.attempt, n - 1),
            },
        ),
        Fact::Answered(answered) => match answered.status {
            Some(status) => {
                say("Respuesta", format!("{}: HTTP {status}, en {} ms", answered.what, answered.took_ms))
            }
            None if answered.took_ms > 0 => say("Sin respuesta", answered.what.clone()),
            None => None,
        },
        // The *sending* fact beside it says more.
        Fact::Moved(moved) if moved.cause == Cause::Sending => None,
        // That it took another one's place.
        Fact::Moved(moved) if moved.document != *id => {
            say("En lugar de otro", format!("Reemplaza a {}", moved.document))
        }
        Fact::Moved(moved) => Some((moved.to.word().to_owned(), why(&moved.cause))),
        Fact::Attention { reason, .. } => match reason {
            Some(reason) => say("Necesita atención", reason.clone()),
            None => say("Atención resuelta", String::new()),
        },
        Fact::Annulled { by, .. } => say("Anulado", format!("por {by}")),
        Fact::Printed { copy, how, .. } => match how.why() {
            "" => say(how.word(), copy.to_string()),
            why => say(how.word(), format!("{copy}: {why}")),
        },
        Fact::Mailed { to, .. } => say("Enviado por correo", to.clone()),
        Fact::Notified { to, .. } => say("Avisado", to.clone()),
        Fact::Acted { what, who, .. } => say(what, who.clone()),
        _ => None,
    }
}

fn why(cause: &Cause) -> String {
    let remarks = |all: &[timbre_core::Remark]| {
        all.iter().map(|r| format!("{}: {}", r.code, r.meaning)).collect::<Vec<_>>().join(" · ")
    };
    match cause {
        Cause::Sending => "Sale de este equipo".to_owned(),
        Cause::NotSent { why } | Cause::NoLine { why } => format!("No salió: {why}"),
        Cause::Doubt { why } => format!("No se sabe si llegó: {why}. Se pregunta antes de reenviar"),
        Cause::Sent { track } => format!("Recibido, TrackID {track}"),
        Cause::Absent => "No lo tiene: se envía otra vez, igual".to_owned(),
        Cause::Accepted { remarks: all, given: Some(given) } if all.is_empty() => {
            format!("Con el número {given}")
        }
        Cause::Accepted { remarks: all, given: Some(given) } => {
            format!("Con el número {given} · {}", remarks(all))
        }
        Cause::Accepted { remarks: all, given: None } | Cause::Rejected { reasons: all, .. } => remarks(all),
        Cause::Refused { why } | Cause::Fell { why, most: None } => why.clone(),
        Cause::Fell { why, most: Some(1) } => format!("Su envío se rechazó entero: {why}. Se envía solo"),
        Cause::Fell { why, most: Some(most) } => {
            format!("Su envío se rechazó entero: {why}. Se envía en grupos de hasta {most}")
        }
        Cause::Reissued => "Se emitió otra vez con el mismo folio".to_owned(),
        Cause::Replaced { by, .. } => format!("Reemplazado por {by}"),
        Cause::FoundAccepted { .. } => "Lo tiene: una persona lo vio aceptado en su sitio".to_owned(),
        Cause::ByHand => "Alguien pidió reenviarlo".to_owned(),
        Cause::Noted { why, .. } => why.clone(),
        Cause::Overruled => "Lo que se había anotado según el sitio no es lo que responde ahora".to_owned(),
    }
}

/// A fact's JSON with its time first: what `history` answers.
pub fn raw(event: &Event) -> Value {
    let mut object = serde_json::Map::new();
    object.insert("at".to_owned(), Value::from(event.at.to_string()));
    if let Value::Object(fact) = &event.fact {
        object.extend(fact.clone());
    }
    Value::Object(object)
}
