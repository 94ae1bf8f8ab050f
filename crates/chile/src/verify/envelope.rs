//! The envelope: its carátula against what it carries, and the signature of the set.

use std::collections::{BTreeMap, BTreeSet};

use timbre_core::Severity;

use super::Look;
use crate::dom::{self, Element};
use crate::envelope::Kind;
use crate::holder;
use crate::sign::SII_DTE;
use crate::tags::Field;
use crate::tags::envelope::{self, COVER_BOLETA, COVER_DTE, KINDS_BOLETA, KINDS_DTE};

/// What one kind of envelope may hold.
struct Rules {
    most: usize,
    schema: &'static str,
    kinds: &'static [&'static str],
    cover: &'static [Field],
}

impl Rules {
    fn of(root: &str) -> Rules {
        match root {
            "EnvioBOLETA" => Rules {
                most: Kind::Boleta.most(),
                schema: "EnvioBOLETA_v11.xsd",
                kinds: KINDS_BOLETA,
                cover: COVER_BOLETA,
            },
            _ => Rules {
                most: Kind::Dte.most(),
                schema: "EnvioDTE_v10.xsd",
                kinds: KINDS_DTE,
                cover: COVER_DTE,
            },
        }
    }
}

impl Look {
    pub(super) fn envelope(&mut self, root: &Element, text: &str) {
        let Rules { most, schema, kinds, cover } = Rules::of(&root.name);
        self.structure(root, envelope::ENVELOPE, &root.name);
        self.attributes(root, &root.name, &[("version", Some("1.0"))]);
        // The uploader picks the schema from it (SCH-00001).
        let location = root.attribute("xsi:schemaLocation").unwrap_or_default();
        let words: Vec<&str> = location.split(dom::BLANK).filter(|word| !word.is_empty()).collect();
        if !words.windows(2).any(|pair| pair == [SII_DTE, schema]) {
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
        self.structure(set, envelope::SET, "SetDTE");
        self.attributes(set, "SetDTE", &[("ID", None)]);
        self.cover(set, cover, &documents, &signer(root));
        self.kinds(root, kinds, &documents);
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
    fn cover(
        &mut self,
        set: &Element,
        fields: &'static [Field],
        documents: &[&Element],
        signer: &Option<String>,
    ) {
        let Some(cover) = set.child("Caratula") else {
            return self.refuses("cover-missing", "SetDTE", "El sobre no tiene Caratula.");
        };
        self.structure(cover, fields, "Caratula");
        self.attributes(cover, "Caratula", &[("version", Some("1.0"))]);
        self.sender(cover.text_at(&["RutEnvia"]).unwrap_or_default(), signer);
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
    }

    /// Who sends is whose certificate signs (ENV-3-6, CRT-3-11).
    fn sender(&mut self, said: String, signer: &Option<String>) {
        match signer {
            Some(signer) if *signer == said => {}
            Some(signer) => {
                let message = format!("La carátula dice que envía {said} y firma {signer} (CRT-3-11).");
                self.refuses("cover-sender", "Caratula.RutEnvia", message);
            }
            None => self.tell(
                Severity::Note,
                "cover-sender-unknown",
                "Caratula.RutEnvia",
                "El certificado que firma el sobre no dice de quién es; no se puede comparar con RutEnvia.",
            ),
        }
    }

    /// Boletas travel in their own envelope, and nothing else does.
    fn kinds(&mut self, root: &Element, kinds: &[&str], documents: &[&Element]) {
        for dte in documents {
            let Some(body) = dte.elements().next() else { continue };
            let kind = body.text_at(&["Encabezado", "IdDoc", "TipoDTE"]).unwrap_or_default();
            if !kinds.contains(&kind.as_str()) {
                let message = format!("Un documento de tipo {kind} no va en un {}.", root.name);
                self.refuses("envelope-kind", "SetDTE", message);
            }
        }
    }
}

/// The RUT of whoever signs the set.
fn signer(root: &Element) -> Option<String> {
    let certificate = root.at(&["Signature", "KeyInfo", "X509Data", "X509Certificate"]);
    holder::holder(&super::stamp::bytes(certificate)?)
}
