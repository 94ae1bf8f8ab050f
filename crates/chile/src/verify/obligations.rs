//! What a type of document must say beyond its schema: whom it is for, what it corrects, why goods move.

use timbre_core::Severity;

use super::Look;
use crate::rules::notes;
use crate::rut::Rut;
use crate::tags::Group;
use crate::tags::paper_text;
use crate::tipo::{Family, Tipo};

/// Obligatory by the format and not by the schema (formato DTE 2.4.2, 2.3); no code of rejection for them is
/// known, so that they are objected to.
const WANTED: [[&str; 2]; 5] = [
    ["Emisor", "DirOrigen"],
    ["Emisor", "CmnaOrigen"],
    ["Receptor", "GiroRecep"],
    ["Receptor", "DirRecep"],
    ["Receptor", "CmnaRecep"],
];

impl Look {
    pub(super) fn obligations(&mut self, tipo: Tipo, document: &Group) {
        if tipo.family() == Family::Boleta {
            return self.consumer(document);
        }
        if !tipo.is_note() {
            for [group, tag] in WANTED {
                // Empty it says nothing either, and the schema lets it.
                if document.at(&["Encabezado", group, tag]).is_none_or(|text| paper_text(text).is_empty()) {
                    let message = format!("Falta {tag}, que el formato exige en {}.", tipo.noun());
                    self.objects("required", &format!("Encabezado.{group}.{tag}"), message);
                }
            }
        }
        self.buyer(tipo, document);
        self.references(document);
        match tipo {
            Tipo::Guia => self.guia(document),
            Tipo::NotaDebito | Tipo::NotaCredito => self.note(tipo, document),
            Tipo::Factura | Tipo::FacturaExenta | Tipo::Boleta | Tipo::BoletaExenta => {}
        }
    }

    /// The consumer whom nobody knows only buys over the counter (formato boletas 4.2, IndServicio).
    fn consumer(&mut self, document: &Group) {
        let service = document.at(&["Encabezado", "IdDoc", "IndServicio"]);
        let receiver = document.at(&["Encabezado", "Receptor", "RUTRecep"]);
        if receiver == Some("66666666-6") && service != Some("3") {
            let message = "66.666.666-6 solo va con IndServicio 3 (ventas y servicios).";
            self.refuses("receiver-required", "Encabezado.Receptor.RUTRecep", message);
        }
    }

    /// The tax credit of a factura belongs to somebody, and only tourists buy by one without a RUT (formato DTE
    /// 2.4.2, RUTRecep y TipoFactEsp). By which code the SII says so is not known.
    fn buyer(&mut self, tipo: Tipo, document: &Group) {
        let at = |group, tag| document.at(&["Encabezado", group, tag]);
        let place = "Encabezado.Receptor.RUTRecep";
        let receiver = at("Receptor", "RUTRecep").and_then(|rut| rut.parse().ok());
        match (tipo, receiver) {
            (Tipo::Factura, Some(Rut::CONSUMER)) => {
                let message =
                    "Una factura no es para el consumidor final (66.666.666-6), que es de las boletas.";
                self.objects("receiver-consumer", place, message);
            }
            (Tipo::Factura, Some(Rut::FOREIGN)) if at("IdDoc", "TipoFactEsp").is_none() => {
                let message =
                    "55.555.555-5 es de extranjeros: en una factura solo va con TipoFactEsp 1 (turistas).";
                self.objects("receiver-foreign", place, message);
            }
            (_, Some(Rut::CONSUMER)) => {
                let message = "El receptor es el consumidor final (66.666.666-6), que es de las boletas.";
                self.tell(Severity::Note, "receiver-consumer", place, message);
            }
            _ => {}
        }
    }

    fn guia(&mut self, document: &Group) {
        let at = |path: [&str; 2]| document.at(&[&["Encabezado"], &path[..]].concat());
        match at(["IdDoc", "IndTraslado"]) {
            None => {
                let message = "A la guía le falta IndTraslado, que dice por qué se mueve la mercadería.";
                self.refuses("required", "Encabezado.IdDoc.IndTraslado", message);
            }
            Some("5") if at(["Emisor", "RUTEmisor"]) != at(["Receptor", "RUTRecep"]) => {
                let message = "Un traslado interno (IndTraslado 5) es de la empresa a sí misma.";
                self.refuses("receiver-not-issuer", "Encabezado.Receptor.RUTRecep", message);
            }
            Some(_) => {}
        }
    }

    /// What is referred to exists before.
    fn references(&mut self, document: &Group) {
        let issued = document.at(&["Encabezado", "IdDoc", "FchEmis"]).unwrap_or_default();
        for (at, reference) in document.groups("Referencia").enumerate() {
            // Dates of one shape are in the order of their texts.
            if reference.leaf("FchRef").is_some_and(|date| date > issued) {
                let message = format!("Referencia {}: FchRef es posterior a la emisión.", at + 1);
                self.objects("reference-date", &format!("Referencia[{at}].FchRef"), message);
            }
        }
    }

    /// REF-3-415, REF-3-758, and what CodRef may say (formato DTE 2.4.2, CodRef).
    fn note(&mut self, tipo: Tipo, document: &Group) {
        let count = notes::correcting(document).count();
        if count == 0 {
            let message = "La nota no dice qué documento corrige (REF-3-415).";
            self.refuses("note-without-reference", "Referencia", message);
        }
        for (at, reference) in notes::correcting(document) {
            if !reference.has("CodRef") {
                let message = format!("Referencia {}: falta CodRef (REF-3-758).", at + 1);
                self.refuses("note-reason-missing", &format!("Referencia[{at}].CodRef"), message);
            }
        }
        let text = notes::reasons(document).any(|reason| reason == "2");
        if count > 1 && (text || notes::reasons(document).any(|reason| reason == "1")) {
            let message = "Una nota que anula o corrige un texto cita un solo documento.";
            self.objects("note-references", "Referencia", message);
        }
        if text && tipo == Tipo::NotaDebito {
            let message = "Un texto se corrige con una nota de crédito, no con una de débito.";
            self.objects("note-text-debit", "Referencia", message);
        }
        if text && document.at(&["Encabezado", "Totales", "MntTotal"]) != Some("0") {
            let message = "Una nota que corrige un texto (CodRef 2) no lleva montos.";
            self.objects("note-text-amount", "Encabezado.Totales.MntTotal", message);
        }
    }
}
