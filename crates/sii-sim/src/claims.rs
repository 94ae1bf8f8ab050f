//! The claim registry (Ley 20.727 and 19.983): what receptors say of the facturas they got. How it is asked is in
//! `routes::claims`.

use crate::{book::Entry, judge::DocumentKey, state::State};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::io;

/// A receptor has eight days.
const WINDOW: SignedDuration = SignedDuration::from_hours(8 * 24);
/// Facturas and liquidaciones; a boleta cannot be claimed.
const CLAIMABLE: [u16; 3] = [33, 34, 43];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Action {
    /// Acepta el contenido.
    Acd,
    /// Otorga recibo de mercaderías.
    Erm,
    /// Reclama el contenido.
    Rcd,
    /// Reclama por falta parcial de mercaderías.
    Rfp,
    /// Reclama por falta total.
    Rft,
}

impl Action {
    pub fn read(text: &str) -> Option<Action> {
        match text {
            "ACD" => Some(Action::Acd),
            "ERM" => Some(Action::Erm),
            "RCD" => Some(Action::Rcd),
            "RFP" => Some(Action::Rfp),
            "RFT" => Some(Action::Rft),
            _ => None,
        }
    }

    pub(crate) fn code(self) -> &'static str {
        match self {
            Action::Acd => "ACD",
            Action::Erm => "ERM",
            Action::Rcd => "RCD",
            Action::Rfp => "RFP",
            Action::Rft => "RFT",
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Action::Acd => "Acepta Contenido del Documento",
            Action::Erm => "Otorga Recibo de Mercaderias o Servicios",
            Action::Rcd => "Reclamo al Contenido del Documento",
            Action::Rfp => "Reclamo por Falta Parcial de Mercaderias",
            Action::Rft => "Reclamo por Falta Total de Mercaderias",
        }
    }

    fn accepts(self) -> bool {
        matches!(self, Action::Acd | Action::Erm)
    }
}

/// One thing a receptor said of a document.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Said {
    pub key: DocumentKey,
    pub action: Action,
    pub who: String,
    pub at: Timestamp,
}

/// `codResp` with `descResp` (WS v1.2, 07-08-2017).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Response(pub i32, pub &'static str);

pub(crate) const DONE: Response = Response(0, "Accion Completada OK");
pub(crate) const BAD_RUT: Response = Response(1, "Rut Emisor Erroneo");
pub(crate) const BAD_FOLIO: Response = Response(2, "Folio Erroneo");
pub(crate) const BAD_TYPE: Response = Response(3, "Tipo Documento Erroneo");
pub(crate) const BAD_ACTION: Response = Response(4, "Accion Erronea");
const CLAIMED: Response = Response(5, "Documento ya se encuentra reclamado");
const REPEATED: Response = Response(7, "Evento registrado previamente");
const TOO_LATE: Response =
    Response(8, "Pasados 8 dias despues de la recepcion no es posible registrar reclamos o eventos");
const UNKNOWN: Response = Response(10, "Documento no recibido en el SII desde el 14-01-2017");
const ACCEPTED: Response = Response(11, "Documento aceptado, no es posible reclamarlo");
const GOODS_RECEIVED: Response = Response(12, "Mercaderias recibidas, no es posible reclamar su falta");
const NOT_RECEPTOR: Response = Response(14, "Solo el receptor puede registrar eventos");
const NOT_PARTY: Response = Response(17, "Solo emisor o receptor pueden consultar");
pub(crate) const LISTED: Response = Response(15, "Listado de eventos del documento");
pub(crate) const NO_EVENTS: Response = Response(16, "Documento no tiene eventos");
const NOT_RECEIVED: Response = Response(18, "Documento no ha sido recibido");

pub(crate) fn type_is_claimable(tipo: u16) -> bool {
    CLAIMABLE.contains(&tipo)
}

impl State {
    /// When the SII got the document, and for whom it is.
    fn received(&self, key: &DocumentKey, now: Timestamp) -> Option<(Timestamp, String)> {
        let held = self.documents.get(key)?.held().filter(|version| version.known_from <= now)?;
        Some((held.known_from, held.facts.receptor.clone()))
    }

    pub(crate) fn reception(&self, key: &DocumentKey, now: Timestamp) -> Option<Timestamp> {
        self.received(key, now).map(|(at, _)| at)
    }

    pub(crate) fn claim(
        &mut self,
        key: &DocumentKey,
        action: Action,
        who: &str,
        now: Timestamp,
    ) -> io::Result<Response> {
        let Some((at, receptor)) = self.received(key, now) else { return Ok(UNKNOWN) };
        if who != receptor {
            return Ok(NOT_RECEPTOR);
        }
        let said: Vec<Action> = self.said(key).map(|said| said.action).collect();
        if said.contains(&action) {
            return Ok(REPEATED);
        }
        if said.iter().any(|earlier| !earlier.accepts()) {
            return Ok(CLAIMED);
        }
        if !action.accepts() && said.contains(&Action::Acd) {
            return Ok(ACCEPTED);
        }
        if matches!(action, Action::Rfp | Action::Rft) && said.contains(&Action::Erm) {
            return Ok(GOODS_RECEIVED);
        }
        if now.duration_since(at) > WINDOW {
            return Ok(TOO_LATE);
        }
        let said = Said { key: key.clone(), action, who: who.to_owned(), at: now };
        self.write(&Entry::Claim(said.clone()))?;
        self.claims.push(said);
        Ok(DONE)
    }

    pub(crate) fn said(&self, key: &DocumentKey) -> impl Iterator<Item = &Said> {
        self.claims.iter().filter(move |said| said.key == *key)
    }

    /// May that company look at what was said of the document?
    pub(crate) fn may_look(
        &self,
        key: &DocumentKey,
        companies: &[&str],
        now: Timestamp,
    ) -> Result<(), Response> {
        let (_, receptor) = self.received(key, now).ok_or(NOT_RECEIVED)?;
        let party = companies.iter().any(|company| *company == key.issuer || *company == receptor);
        if party { Ok(()) } else { Err(NOT_PARTY) }
    }
}
