//! The envelope: its carátula against what it carries, and the signature of the set.

use std::collections::{BTreeMap, BTreeSet};

use super::Look;
use crate::dom::Element;

impl Look {
    pub(super) fn envelope(&mut self, root: &Element, text: &str) {
        let (most, schema) = match root.name.as_str() {
            "EnvioBOLETA" => (500, "EnvioBOLETA_v11.xsd"),
            _ => (2_000, "EnvioDTE_v10.xsd"),
        };
        // The uploader picks the schema from it (SCH-00001).
        let location = root.attribute("xsi:schemaLocation").unwrap_or_default();
        if !location.split_whitespace().any(|word| word == schema) {
            self.refuses(
                "schema-location",
                &root.name,
                format!("Falta xsi:schemaLocation con {schema} (SCH-00001)."),
            );
        }
        let Some(set) = root.child("SetDTE") else {
            return self.refuses("set-missing", &root.name, "El sobre no tiene SetDTE.");
        };
        let documents: Vec<&Element> = set.elements().filter(|e| e.name == "DTE").collect();
        if documents.is_empty() || documents.len() > most {
            let message = format!("El sobre trae {} documentos; se admiten de 1 a {most}.", documents.len());
            self.refuses("set-size", "SetDTE", message);
        }
        self.cover(set, &documents);
        let mut ids = BTreeSet::new();
        for dte in &documents {
            let id = dte.elements().next().and_then(|e| e.attribute("ID")).unwrap_or_default();
            if !ids.insert(id) {
                self.refuses("id-repeated", "SetDTE", format!("El ID «{id}» se repite en el sobre."));
            }
            self.dte(dte, Some(&root.spaces), text);
        }
        self.set_signature(root, set);
    }

    /// Counts and issuer (rejections RCT, CRT-3-19).
    fn cover(&mut self, set: &Element, documents: &[&Element]) {
        let Some(cover) = set.child("Caratula") else {
            return self.refuses("cover-missing", "SetDTE", "El sobre no tiene Caratula.");
        };
        let mut carried: BTreeMap<String, usize> = BTreeMap::new();
        let issuer = cover.text_at(&["RutEmisor"]).unwrap_or_default();
        for dte in documents {
            let Some(body) = dte.elements().next() else { continue };
            let kind = body.text_at(&["Encabezado", "IdDoc", "TipoDTE"]).unwrap_or_default();
            *carried.entry(kind).or_default() += 1;
            let own = body.text_at(&["Encabezado", "Emisor", "RUTEmisor"]).unwrap_or_default();
            if own != issuer {
                let message = format!("La carátula dice emisor {issuer} y un documento es de {own}.");
                self.refuses("cover-issuer", "Caratula.RutEmisor", message);
            }
        }
        let said: BTreeMap<String, usize> = cover
            .elements()
            .filter(|e| e.name == "SubTotDTE")
            .filter_map(|e| Some((e.text_at(&["TpoDTE"])?, e.text_at(&["NroDTE"])?.parse().ok()?)))
            .collect();
        if said != carried {
            let message = format!("La carátula cuenta {said:?} y el sobre trae {carried:?}.");
            self.refuses("cover-counts", "Caratula.SubTotDTE", message);
        }
        for tag in ["RutEnvia", "RutReceptor", "FchResol", "NroResol", "TmstFirmaEnv"] {
            if cover.text_at(&[tag]).is_none_or(|text| text.is_empty()) {
                self.refuses(
                    "element-missing",
                    &format!("Caratula.{tag}"),
                    format!("Falta {tag} en la carátula."),
                );
            }
        }
    }
}
