//! A file that was taken in: how far it has come, and what became of its documents.

use crate::{
    judge::{DocumentKey, Facts, Fault, reason::Reason},
    state::{Channel, after},
    sum::Sum,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Verdict {
    Accepted,
    Objected,
    Rejected,
}

impl Verdict {
    pub(crate) fn of(reasons: &[Reason]) -> Verdict {
        if reasons.iter().any(|reason| reason.rejects) {
            Verdict::Rejected
        } else if reasons.is_empty() {
            Verdict::Accepted
        } else {
            Verdict::Objected
        }
    }
}

/// How an upload ends when its time has come.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Fate {
    Processed,
    /// The same file again, on the boleta channel: RPT.
    Repeated,
    Fallen(Fault),
}

/// A file that was taken in, and all that was decided about it there and then.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub channel: Channel,
    pub number: u64,
    pub track: String,
    pub company: String,
    pub sender: String,
    pub received: Timestamp,
    pub content: Sum,
    /// How long one step of the pipeline took then.
    pub processing: Duration,
    /// How much longer than usual it stays in its step.
    pub stuck: Duration,
    /// The step it is stuck in, counted from REC.
    #[serde(default = "last_but_one")]
    pub stuck_in: u32,
    pub fate: Fate,
    /// The state a scenario gave it for its last.
    #[serde(default)]
    pub said: Option<String>,
    pub documents: Vec<Judged>,
}

/// A document within an upload, with this upload's word on it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Judged {
    pub key: DocumentKey,
    pub digest: Sum,
    pub facts: Facts,
    pub verdict: Verdict,
    pub reasons: Vec<Reason>,
}

/// The steps of the pipeline in order (Envío automático and "Estado de envío", the manuals' own); after them comes
/// the last.
pub(crate) const STEPS: [&str; 5] = ["REC", "SOK", "FOK", "PDR", "CRT"];
const LAST: u32 = 5;

const fn last_but_one() -> u32 {
    LAST - 1
}

impl Upload {
    /// When a step is reached.
    fn reached(&self, step: u32) -> Timestamp {
        let stuck = if step > self.stuck_in { self.stuck } else { Duration::ZERO };
        after(self.received, self.processing.saturating_mul(step).saturating_add(stuck))
    }

    /// The step that ends it: the one that finds the fault, or the last.
    fn last_step(&self) -> u32 {
        match &self.fate {
            Fate::Fallen(Fault::Schema(_)) => 1,
            Fate::Fallen(Fault::Signature(_)) => 2,
            Fate::Fallen(Fault::Cover(_)) => 4,
            Fate::Processed | Fate::Repeated => LAST,
        }
    }

    /// From when on the SII speaks of its documents.
    pub(crate) fn known_from(&self) -> Timestamp {
        self.reached(self.last_step())
    }

    /// `ESTADO`, as the DTE channel spells it.
    pub(crate) fn estado(&self, now: Timestamp) -> &str {
        if self.known_from() <= now {
            return self.last_estado();
        }
        let done = (1..LAST).take_while(|step| self.reached(*step) <= now).count();
        STEPS[done]
    }

    fn last_estado(&self) -> &str {
        if let Some(said) = &self.said {
            return said;
        }
        match &self.fate {
            Fate::Processed => "EPR",
            Fate::Repeated => "RPT",
            Fate::Fallen(Fault::Schema(_)) => "RSC",
            Fate::Fallen(Fault::Signature(_)) => "RFR",
            Fate::Fallen(Fault::Cover(_)) => "RCT",
        }
    }

    /// The last state with its gloss, for the mail.
    pub(crate) fn final_words(&self) -> String {
        let estado = self.last_estado();
        format!("{estado} - {}", glosa(estado))
    }

    pub(crate) fn counts(&self) -> Vec<Count> {
        let mut counts: Vec<Count> = Vec::new();
        for judged in &self.documents {
            let tipo = judged.key.tipo;
            let index = counts.iter().position(|count| count.tipo == tipo).unwrap_or_else(|| {
                counts.push(Count { tipo, ..Count::default() });
                counts.len() - 1
            });
            let count = &mut counts[index];
            count.informed += 1;
            match judged.verdict {
                Verdict::Accepted => count.accepted += 1,
                Verdict::Objected => count.objected += 1,
                Verdict::Rejected => count.rejected += 1,
            }
        }
        counts
    }
}

pub(crate) fn glosa(estado: &str) -> &'static str {
    match estado {
        "REC" => "Envio Recibido",
        "SOK" => "Esquema Validado",
        "FOK" => "Firma de Envio Validada",
        "PDR" => "Envio en Proceso",
        "CRT" => "Caratula OK",
        "EPR" => "Envio Procesado",
        "RSC" => "Rechazado por Error en Schema",
        "RFR" => "Rechazado por Error en Firma",
        "RCT" => "Rechazado por Error en Caratula",
        "RPT" => "Envio Repetido",
        "RCH" => "Rechazado por Error en Informacion",
        "RCO" => "Rechazado por Consistencia",
        "RPR" => "Aceptado con Reparos",
        "RLV" => "Aceptado con Reparos Leves",
        "VOF" => "Archivo no encontrado",
        "106" => "Usuario sin permiso de envio",
        _ => "Estado no documentado",
    }
}

/// How many documents of a type an upload brought, and what became of them. `accepted` leaves `objected` out.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Count {
    pub tipo: u16,
    pub informed: u64,
    pub accepted: u64,
    pub rejected: u64,
    pub objected: u64,
}
