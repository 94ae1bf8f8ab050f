//! EnvioDTE and EnvioBOLETA: head, the documents' own bytes, tail. Documents are spliced in, never
//! parsed and written again.

use std::sync::Arc;

use bytes::Bytes;
use jiff::civil::DateTime;
use timbre_core::{Company, Document, KeyError, Keys, Refusal, Series, Wrapping};
use timbre_xmldsig::Xml;

use crate::rut::Rut;
use crate::sign::{self, SII_DTE, XSI};
use crate::{hour, latin1};

/// The signed part's ID, as the SII's own examples call it.
const SET: &str = "SetDoc";

/// Which of the two envelopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Boletas 39 and 41.
    Boleta,
    /// Every other type.
    Dte,
}

impl Kind {
    /// The envelope in which documents of a type travel.
    pub fn of(series: &Series) -> Kind {
        match series.0.as_str() {
            "39" | "41" => Kind::Boleta,
            _ => Kind::Dte,
        }
    }

    fn root(self) -> &'static str {
        match self {
            Kind::Boleta => "EnvioBOLETA",
            Kind::Dte => "EnvioDTE",
        }
    }

    /// Documents it may hold (schemas EnvioBOLETA_v11 and EnvioDTE_v10, SetDTE).
    pub fn most(self) -> usize {
        match self {
            Kind::Boleta => 500,
            Kind::Dte => 2_000,
        }
    }

    /// The uploader picks the schema by this attribute; without it: SCH-00001.
    fn schema(self) -> &'static str {
        match self {
            Kind::Boleta => "EnvioBOLETA_v11.xsd",
            Kind::Dte => "EnvioDTE_v10.xsd",
        }
    }
}

/// The envelope that goes to the SII: head and tail such that head, each document followed by a line feed,
/// and tail are the file (schema EnvioDTE_v10 / EnvioBOLETA_v11). `stamped` is TmstFirmaEnv.
pub fn wrap(
    kind: Kind,
    documents: &[Arc<Document>],
    company: &Company,
    keys: &dyn Keys,
    stamped: DateTime,
) -> Result<Wrapping, KeyError> {
    addressed(Rut::SII, kind, documents, company, keys, stamped)
}

/// The envelope that goes to whoever receives the documents: their same bytes under another carátula, and so
/// under another signature of the set (instructivo de intercambio). All of them are of one receptor. Boletas
/// are not exchanged: their envelope is only for the SII (formato boletas 4.2).
pub fn wrap_for_receiver(
    documents: &[Arc<Document>],
    company: &Company,
    keys: &dyn Keys,
    stamped: DateTime,
) -> Result<Wrapping, Refusal> {
    let refused = |code, why: &str| Err(Refusal::new(code, "", why));
    let Some(first) = documents.first() else {
        return refused("envelope-empty", "El sobre no lleva documentos.");
    };
    if documents.iter().any(|document| Kind::of(&document.id.series) == Kind::Boleta) {
        return refused(
            "envelope-boleta",
            "Una boleta no va en un sobre para quien la recibe: se entrega impresa.",
        );
    }
    if documents.iter().any(|document| document.receiver.id != first.receiver.id) {
        return refused("envelope-mixed", "Los documentos del sobre no son de un mismo receptor.");
    }
    let Ok(receiver) = first.receiver.id.parse::<Rut>() else {
        return refused("envelope-receiver", "El receptor no tiene un RUT al que dirigir el sobre.");
    };
    addressed(receiver, Kind::Dte, documents, company, keys, stamped).map_err(|error| error.refusal())
}

fn addressed(
    receiver: Rut,
    kind: Kind,
    documents: &[Arc<Document>],
    company: &Company,
    keys: &dyn Keys,
    stamped: DateTime,
) -> Result<Wrapping, KeyError> {
    if documents.len() > kind.most() {
        return Err(KeyError::Failed(format!(
            "un {} lleva hasta {} documentos y se le dieron {}",
            kind.root(),
            kind.most(),
            documents.len()
        )));
    }
    let root = kind.root();
    let open = format!(
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n\
         <{root} xmlns=\"{SII_DTE}\" xmlns:xsi=\"{XSI}\" xsi:schemaLocation=\"{SII_DTE} {}\" version=\"1.0\">\n",
        kind.schema()
    );
    let mut set = Xml::with_capacity(1024 + documents.iter().map(|d| d.bytes.len() + 64).sum::<usize>());
    set.open_with("SetDTE", &[("ID", SET)]).newline();
    caratula(&mut set, receiver, documents, company, keys, stamped)?;
    let head =
        latin1::encode(&format!("{open}{}", set.as_str())).map_err(|e| KeyError::Failed(e.to_string()))?;
    for document in documents {
        set.raw(&latin1::decode(&document.bytes)).newline();
    }
    set.close("SetDTE");
    let signature = sign::set(set.as_str(), SET, keys)?;
    Ok(Wrapping { head: head.into(), tail: Bytes::from(format!("</SetDTE>\n{signature}\n</{root}>\n")) })
}

/// Who issues, who sends (the certificate's holder), to whom, under which resolution, and how many of each
/// type (schema EnvioDTE_v10, Caratula).
fn caratula(
    set: &mut Xml,
    receiver: Rut,
    documents: &[Arc<Document>],
    company: &Company,
    keys: &dyn Keys,
    stamped: DateTime,
) -> Result<(), KeyError> {
    let resolution = Resolution::of(company)?;
    let leaves = [
        ("RutEmisor", issuer(company)?.to_string()),
        ("RutEnvia", sender(keys)?.to_string()),
        ("RutReceptor", receiver.to_string()),
        ("FchResol", resolution.date),
        ("NroResol", resolution.number),
        ("TmstFirmaEnv", hour::stamp(stamped)),
    ];
    set.open_with("Caratula", &[("version", "1.0")]).newline();
    for (name, value) in &leaves {
        set.leaf(name, value).newline();
    }
    for (series, count) in subtotals(documents) {
        set.open("SubTotDTE").newline();
        set.leaf("TpoDTE", series).newline().leaf("NroDTE", &count.to_string()).newline();
        set.close("SubTotDTE").newline();
    }
    set.close("Caratula").newline();
    Ok(())
}

/// Types in the order in which they first appear.
fn subtotals(documents: &[Arc<Document>]) -> Vec<(&str, usize)> {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for document in documents {
        let series = document.id.series.0.as_str();
        match counts.iter_mut().find(|(known, _)| *known == series) {
            Some((_, count)) => *count += 1,
            None => counts.push((series, 1)),
        }
    }
    counts
}

/// The resolution that authorises the company, as its data says it.
struct Resolution {
    date: String,
    number: String,
}

impl Resolution {
    fn of(company: &Company) -> Result<Resolution, KeyError> {
        let read = |name: &str| match &company.data[name] {
            serde_json::Value::String(text) => Some(text.clone()),
            serde_json::Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let missing =
            || KeyError::Failed("faltan la fecha y el número de resolución de la empresa".to_owned());
        Ok(Resolution {
            date: read("FchResol").ok_or_else(missing)?,
            number: read("NroResol").ok_or_else(missing)?,
        })
    }
}

/// RUT of the company.
pub(crate) fn issuer(company: &Company) -> Result<Rut, KeyError> {
    company.id.parse().map_err(|e| KeyError::Failed(format!("el RUT de la empresa no sirve: {e}")))
}

/// RUT of the person whose certificate signs.
pub(crate) fn sender(keys: &dyn Keys) -> Result<Rut, KeyError> {
    let holder = keys.certificate()?.holder;
    holder.parse().map_err(|e| KeyError::Failed(format!("el certificado no trae un RUT que sirva: {e}")))
}

/// TmstFirmaEnv as a head says it: with it the same envelope can be made again.
pub(crate) fn stamped(head: &[u8]) -> Option<DateTime> {
    let head = latin1::decode(head);
    let (_, rest) = head.split_once("<TmstFirmaEnv>")?;
    rest.split_once('<')?.0.parse().ok()
}

#[cfg(test)]
mod tests;
