//! Why a document is rejected or objected to: the SII's codes (`SECCION-nivel-codigo`) with their texts.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A code of the SII. The level says how grave it is (3 rejects, 2 and 1 are reparos), with the odd exception
/// that `rejects` names.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    pub seccion: &'static str,
    pub nivel: u8,
    pub codigo: u16,
    pub descripcion: &'static str,
    pub rejects: bool,
}

/// A code met by a document, with what was found in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub seccion: String,
    pub nivel: u8,
    pub codigo: u16,
    pub descripcion: String,
    pub detalle: String,
    pub rejects: bool,
}

const fn rejection(seccion: &'static str, codigo: u16, descripcion: &'static str) -> Code {
    Code { seccion, nivel: 3, codigo, descripcion, rejects: true }
}

const fn objection(seccion: &'static str, nivel: u8, codigo: u16, descripcion: &'static str) -> Code {
    Code { seccion, nivel, codigo, descripcion, rejects: false }
}

pub static REPEATED: Code = rejection("DTE", 100, "DTE Repetido");
pub static OTHER_DATA: Code = rejection("DTE", 101, "Folio ya recibido con otros datos");
pub static DOCUMENT_SIGNATURE: Code = rejection("DTE", 505, "Firma DTE Incorrecta");
pub static ANNULLED: Code = rejection("DTE", 601, "Folio anulado anteriormente");
pub static LATE: Code = objection("DTE", 1, 650, "Fecha de envio excede el plazo desde la emision");
pub static CAF_UNAUTHORISED: Code = rejection("CAF", 516, "CAF no autorizado");
pub static CAF_EXPIRED: Code = rejection("CAF", 517, "CAF vencido");
pub static CAF_SIGNATURE: Code = rejection("CAF", 514, "Firma del CAF incorrecta");
/// Level 2 where it was seen; a stamp by another key was seen to cost the document all the same.
pub static STAMP_SIGNATURE: Code =
    Code { seccion: "TED", nivel: 2, codigo: 510, descripcion: "Firma del Timbre Incorrecta", rejects: true };
pub static STAMP_MISMATCH: Code = rejection("TED", 640, "Datos del Timbre no coinciden con el Documento");
pub static STAMP_BEFORE_CAF: Code = objection("TED", 1, 646, "Fecha del Timbre anterior a la autorizacion");
pub static STAMP_OUT_OF_RANGE: Code = objection("TED", 1, 647, "Fecha del Timbre fuera de rango");
pub static LINE_AMOUNT: Code = rejection("HED", 100, "Valor Detalle Distinto a Precio * Cantidad");
pub static LINE_UNBALANCED: Code = objection("DET", 1, 200, "Valores de la Linea No Cuadran");
pub static TOTALS: Code = rejection("HED", 211, "Totales no cuadran con el Detalle");
pub static ONE_PESO: Code = objection("HED", 1, 232, "Monto difiere en un peso del calculado");
pub static TAX_AMOUNT: Code = objection("HED", 2, 300, "Impuesto o retencion no cuadra");
pub static BEFORE_AUTHORISATION: Code = rejection("HED", 305, "Fecha de emision anterior a la autorizacion");
pub static ACTECO: Code = rejection("HED", 861, "Actividad Economica no registrada para el Contribuyente");
pub static NAME_DIFFERS: Code = objection("HED", 1, 863, "Razon Social no coincide con la registrada");
pub static NOTE_WITHOUT_REFERENCE: Code = rejection("REF", 415, "Nota sin referencia");
pub static REFERENCE_UNKNOWN: Code = rejection("REF", 750, "Documento referenciado no recibido");
pub static REFERENCE_RECEPTOR: Code =
    rejection("REF", 751, "RUT Receptor distinto al del documento referenciado");
pub static REFERENCE_REASON: Code = rejection("REF", 758, "Falta CodRef en la referencia");
pub static REFERENCE_AMOUNT: Code = objection("REF", 2, 780, "Monto de anulacion distinto al del documento");
pub static BAD_DATA: Code = rejection("ENV", 0, "Datos obligatorios faltantes o invalidos");
pub static NOT_PERMITTED: Code = rejection("ENV", 6, "Usuario sin permiso de firma o envio");
pub static COVER_SENDER: Code = rejection("CRT", 11, "RUT envia diferente al Upload");
pub static COVER_RECEPTOR: Code = rejection("CRT", 18, "RUT Receptor de la Caratula debe ser 60803000-K");
pub static COVER_RESOLUTION: Code = rejection("CRT", 19, "Fecha/Numero Resolucion Invalido");

impl Code {
    pub(crate) fn because(&self, detalle: impl Into<String>) -> Reason {
        Reason {
            seccion: self.seccion.to_owned(),
            nivel: self.nivel,
            codigo: self.codigo,
            descripcion: self.descripcion.to_owned(),
            detalle: detalle.into(),
            rejects: self.rejects,
        }
    }
}

impl Reason {
    /// A code given as `SECCION-nivel-codigo`, by a scenario.
    pub(crate) fn spelled(code: &str, text: &str) -> Reason {
        let mut parts = code.split('-');
        let seccion = parts.next().unwrap_or("DTE").to_owned();
        let nivel = parts.next().and_then(|n| n.parse().ok()).unwrap_or(3);
        Reason {
            seccion,
            nivel,
            codigo: parts.next().and_then(|n| n.parse().ok()).unwrap_or(0),
            descripcion: text.to_owned(),
            detalle: String::new(),
            rejects: nivel == 3,
        }
    }

    /// The reason an envelope gives to all its documents.
    pub(crate) fn envelope(state: &str, text: &str) -> Reason {
        Reason {
            seccion: "ENV".to_owned(),
            nivel: 3,
            codigo: 0,
            descripcion: state.to_owned(),
            detalle: text.to_owned(),
            rejects: true,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({}-{}-{}) {}", self.seccion, self.nivel, self.codigo, self.descripcion)?;
        if self.detalle.is_empty() { Ok(()) } else { write!(f, " [{}]", self.detalle) }
    }
}
