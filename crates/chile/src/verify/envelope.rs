//! The envelope: its carátula against what it carries, and the signature of the set.

use std::collections::{BTreeMap, BTreeSet};

use timbre_core::Severity;

use super::Look;
use crate::dom::{self, Element};
use crate::envelope::Kind;
use crate::holder;
use crate::rut::Rut;
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
        if super::encoding(text).is_none() {
            let message = "Falta al comienzo la declaración <?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>, y sin ella el SII \
                           no recibe un sobre (SCH-00001).";
            self.refuses("prolog-missing", "", message);
        }
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
        self.receiver_of(root, &documents);
        self.kinds(root, kinds, &documents);
        self.folios(&documents);
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
        // Each type is counted once, so that two counts of one are no count of it.
        let mut said: Vec<(String, usize)> = cover
            .elements()
            .filter(|e| e.name == "SubTotDTE")
            .filter_map(|e| Some((e.text_at(&["TpoDTE"])?, e.text_at(&["NroDTE"])?.parse().ok()?)))
            .collect();
        said.sort();
        let carried: Vec<(String, usize)> = carried.into_iter().collect();
        if said != carried {
            let message =
                format!("La carátula cuenta {} y el sobre trae {}.", counts(&said), counts(&carried));
            self.refuses("cover-counts", "Caratula.SubTotDTE", message);
        }
    }

    /// To whom it goes: the SII, or in another envelope the receptor of all its documents (CRT-3-18). Boletas
    /// are only for the SII.
    fn receiver_of(&mut self, root: &Element, documents: &[&Element]) {
        let Some(said) = root.at(&["SetDTE", "Caratula"]).and_then(|c| c.text_at(&["RutReceptor"])) else {
            return;
        };
        let his = |dte: &&Element| {
            let body = dte.elements().next();
            body.and_then(|body| body.text_at(&["Encabezado", "Receptor", "RUTRecep"])).as_ref()
                == Some(&said)
        };
        let customer = root.name == "EnvioDTE" && documents.iter().all(his);
        if said != Rut::SII.to_string() && !customer {
            let whom = if root.name == "EnvioDTE" { ", o al receptor de todos sus documentos" } else { "" };
            let message =
                format!("El sobre va dirigido a {said}; debe ir al SII ({}){whom} (CRT-3-18).", Rut::SII);
            self.refuses("cover-receiver", "Caratula.RutReceptor", message);
        }
    }

    /// A folio is of one document: the SII takes the first and refuses the second.
    fn folios(&mut self, documents: &[&Element]) {
        let mut seen = BTreeSet::new();
        for body in documents.iter().filter_map(|dte| dte.elements().next()) {
            let leaf = |group, tag| body.text_at(&["Encabezado", group, tag]).unwrap_or_default();
            let (kind, folio) = (leaf("IdDoc", "TipoDTE"), leaf("IdDoc", "Folio"));
            if !seen.insert((leaf("Emisor", "RUTEmisor"), kind.clone(), folio.clone())) {
                let message = format!(
                    "El folio {folio} de tipo {kind} está más de una vez en el sobre: el SII toma el primero y rechaza los \
                     demás (DTE-3-100, o DTE-3-101 si dicen otra cosa)."
                );
                self.refuses("folio-repeated", "SetDTE", message);
            }
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

/// `2 de tipo 33, 1 de tipo 61`.
fn counts(counts: &[(String, usize)]) -> String {
    let words: Vec<String> = counts.iter().map(|(kind, count)| format!("{count} de tipo {kind}")).collect();
    words.join(", ")
}

/// The RUT of whoever signs the set.
fn signer(root: &Element) -> Option<String> {
    let certificate = root.at(&["Signature", "KeyInfo", "X509Data", "X509Certificate"]);
    holder::holder(&super::stamp::bytes(certificate)?)
}
