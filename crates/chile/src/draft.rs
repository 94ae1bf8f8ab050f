//! From a sale to a draft that nothing can refuse any more but the CAF, and from a draft to signed bytes.

use bytes::Bytes;
use jiff::civil::{Date, DateTime};
use serde_json::{Value, json};
use timbre_core::{
    Amount, ChannelId, Claims, Document, DocumentId, Documents, Draft, Environment, Folio, Grant, KeyError,
    Keys, Party, Refusal, Refusals, Sale, Series, Timestamp,
};

use crate::company::Firm;
use crate::dte::{self, Seal};
use crate::rules::{self, Limits, Making};
use crate::rut::Rut;
use crate::sale;
use crate::tags::Group;
use crate::ted::{self, TedFields, ted};
use crate::tipo::Tipo;
use crate::totals::figures;
use crate::{codes, hour, latin1, sign};

/// A document that lacks only folio, stamp and signature.
#[derive(Debug, Clone)]
pub struct DteDraft {
    pub tipo: Tipo,
    /// All elements but Folio, TED and TmstFirma.
    pub document: Group,
    issuer: Rut,
    receiver: Rut,
    receiver_name: String,
    date: Date,
    /// The day it was drafted on.
    today: Date,
    /// The date of the rejected document that it is made in the place of.
    again: Option<Date>,
    pub total: Amount,
    totals: Value,
    warnings: Vec<Refusal>,
    claims: Claims,
    freed_by: Vec<DocumentId>,
    annuls: Option<DocumentId>,
    environment: Environment,
    /// Facts that the signed bytes do not hold: the resolution that is printed below the stamp.
    printed: Value,
}

/// What a sale is drafted with.
pub struct Setting<'a> {
    pub firm: &'a Firm,
    pub environment: Environment,
    pub known: &'a dyn Documents,
    pub now: Timestamp,
    pub limits: Limits,
    /// The rejected document's date of issue, when it is made again: it keeps its tax period.
    pub again: Option<Date>,
}

impl DteDraft {
    /// `FchEmis`.
    pub(crate) fn date(&self) -> Date {
        self.date
    }

    /// Judges a sale. Every refusal at once, with paths into the JSON received.
    pub fn of(sale: &Sale, order: sale::Order, setting: &Setting<'_>) -> Result<DteDraft, Refusals> {
        let today = hour::local(setting.now).date();
        let firm = setting.firm;
        let prefix = sale::prefix(&sale.body);
        let mut making = Making {
            tipo: order.tipo,
            order,
            firm,
            till: &sale.till,
            today,
            again: setting.again,
            limits: Limits {
                identify_above: firm.identify_above().or(setting.limits.identify_above),
                ..setting.limits
            },
            refusals: Vec::new(),
            warnings: Vec::new(),
            claims: Vec::new(),
            freed_by: Vec::new(),
            annuls: None,
        };
        let faults = std::mem::take(&mut making.order.faults);
        let mut warnings = std::mem::take(&mut making.order.ignored);
        let faults: Vec<Refusal> = faults.into_iter().map(codes::beside).collect();
        let totals = making.judge(setting.known, faults.is_empty());
        firm.write(making.order.document.within("Encabezado").within("Emisor"));
        if making.tipo.is_boleta()
            && let Some(maker) = firm.tag("RUTProvSW")
        {
            making.order.document.within("Encabezado").fill("RUTProvSW", maker);
        }
        for path in dte::long_lines(&making.order.document) {
            let message = "El texto es demasiado largo una vez codificado (muchos «&», «<» o «>»); acórtelo.";
            making.refuse("text-too-long", path, message);
        }
        let placed = |refusals: Vec<Refusal>| -> Vec<Refusal> {
            refusals.into_iter().map(|refusal| sale::place(&sale.body, &prefix, refusal)).collect()
        };
        let refusals = rules::together(faults, placed(std::mem::take(&mut making.refusals)));
        let date = rules::header::issued(&making.order.document);
        let receiver = rules::receiver::receiver(&making);
        let (Some(totals), Some(date), Some(receiver), true) = (totals, date, receiver, refusals.is_empty())
        else {
            debug_assert!(!refusals.is_empty(), "what makes no document says why");
            return Err(Refusals(refusals));
        };
        Ok(DteDraft {
            tipo: making.tipo,
            issuer: firm.rut,
            receiver,
            receiver_name: making.header_text("Receptor", "RznSocRecep"),
            date,
            today,
            again: setting.again,
            total: Amount(totals.total),
            totals: figures::json(making.tipo, &totals),
            warnings: {
                warnings.extend(placed(making.warnings));
                warnings
            },
            claims: Claims(making.claims),
            freed_by: making.freed_by,
            annuls: making.annuls,
            environment: setting.environment,
            printed: printed(firm),
            document: making.order.document,
        })
    }

    /// The `Documento` without folio, stamp or signature: Folio is 0, which no document has.
    pub fn unsigned(&self) -> String {
        dte::write(self.tipo, self.document.clone(), Seal { folio: 0, ted: None, stamped: None })
    }
}

impl DteDraft {
    fn stamp(&self, folio: u64, stamped: DateTime) -> TedFields<'_> {
        TedFields {
            issuer: self.issuer,
            kind: self.tipo.code(),
            folio,
            date: self.date,
            receiver: self.receiver,
            receiver_name: &self.receiver_name,
            total: self.total,
            first_item: dte::first_item(&self.document),
            stamped,
        }
    }

    /// A document whose stamp fits no paper could be issued and never handed over.
    fn stamp_fits(&self, grant: &Grant) -> Result<(), Refusal> {
        let length = ted::length(&self.stamp(grant.last, self.today.at(0, 0, 0, 0)), &grant.public);
        if length <= ted::MOST_BYTES {
            return Ok(());
        }
        let message = format!(
            "El timbre no cabe en el papel ({length} bytes, y caben {}): use en la razón social del receptor y en el \
             nombre del primer producto menos signos & < > \" ', que ocupan varios cada uno, o textos más cortos.",
            ted::MOST_BYTES
        );
        Err(Refusal::new("stamp-too-long", "Detalle", message))
    }
}

fn printed(firm: &Firm) -> Value {
    let mut printed = json!({});
    if let Some((date, number)) = firm.resolution() {
        printed["FchResol"] = date.to_string().into();
        printed["NroResol"] = number.into();
    }
    for tag in ["UnidadSII", "CasaMatriz"] {
        if let Some(text) = firm.tag(tag) {
            printed[tag] = text.into();
        }
    }
    printed
}

impl Draft for DteDraft {
    fn series(&self) -> Series {
        Series(self.tipo.series().to_owned())
    }

    fn name(&self) -> String {
        self.tipo.name().to_lowercase()
    }

    /// The date of issue and the day of stamping lie in the CAF's time: not before FA (TED-1-646,
    /// HED-3-305), not after its expiry (CAF-3-517).
    fn accepts(&self, grant: &Grant) -> Result<(), Refusal> {
        if grant.series != self.series() || grant.environment != self.environment {
            return Err(Refusal::temporary(
                "grant-other-kind",
                "",
                format!("El CAF es de otro tipo de documento o ambiente; cargue uno de {}.", self.name()),
            ));
        }
        if grant.issuer != self.issuer.to_string() {
            return Err(Refusal::temporary(
                "grant-other-company",
                "",
                format!(
                    "El CAF es de {} y el documento de {}; cargue un CAF de la empresa.",
                    grant.issuer, self.issuer
                ),
            ));
        }
        if self.date.min(self.today) < grant.authorised {
            let message = self.before_its_caf(grant);
            let refusal = Refusal::new("grant-not-yet", "Encabezado.IdDoc.FchEmis", message);
            // A clock that is behind is put right; a sale of before a CAF stays so, and CAFs to come are later still.
            let temporary = self.today < grant.authorised;
            return Err(codes::beside(Refusal { temporary, ..refusal }));
        }
        match grant.expires {
            Some(expires) if self.today > expires => Err(codes::beside(Refusal::temporary(
                "grant-expired",
                "",
                format!(
                    "El CAF {} venció el {expires}; cargue uno nuevo y anule en sii.cl los folios sin usar.",
                    grant.series
                ),
            ))),
            _ => self.stamp_fits(grant),
        }
    }

    fn claims(&self) -> Claims {
        self.claims.clone()
    }

    /// What it corrects: a note on a document that the SII never received is refused (REF-3-750). CodRef says
    /// that it is one (formato DTE 2.4.2, Referencia); in a boleta it is free text, and RUTOtr names another
    /// issuer's document, which never waits here. And, of whatever type it is, the notes that gave back what it uses
    /// up and that the SII may still reject.
    fn follows(&self) -> Vec<DocumentId> {
        let freed_by = self.freed_by.iter().cloned();
        if !self.tipo.is_note() {
            return freed_by.collect();
        }
        let issuer = self.document.at(&["Encabezado", "Emisor", "RUTEmisor"]);
        let ours = |reference: &Group| reference.leaf("RUTOtr").is_none_or(|rut| Some(rut) == issuer);
        let references = self.document.groups("Referencia");
        let corrects = references.filter(|reference| reference.has("CodRef") && ours(reference));
        let document = |reference: &Group| {
            let number = reference.leaf("FolioRef")?.parse().ok().filter(|number| *number > 0)?;
            Some(DocumentId::new(reference.leaf("TpoDocRef")?, number))
        };
        corrects.filter_map(document).chain(freed_by).collect()
    }

    fn annuls(&self) -> Option<DocumentId> {
        self.annuls.clone()
    }

    /// A guía, and a factura that goes with goods: it says by whose account they are sent (formato DTE 2.4.2,
    /// TipoDespacho: absent where no goods go with it) or what carries them. It has to be at the SII before they move
    /// (the text of Res. Ex. SII 45/2003 was not seen).
    fn awaits_authority(&self) -> bool {
        let header = |path: &[&str]| self.document.at(&[&["Encabezado"], path].concat()).is_some();
        match self.tipo {
            Tipo::Guia => true,
            Tipo::Factura | Tipo::FacturaExenta => {
                header(&["IdDoc", "TipoDespacho"])
                    || ["Patente", "RUTTrans", "FchSalida"].iter().any(|tag| header(&["Transporte", tag]))
            }
            Tipo::Boleta | Tipo::BoletaExenta | Tipo::NotaDebito | Tipo::NotaCredito => false,
        }
    }

    fn warnings(&self) -> &[Refusal] {
        &self.warnings
    }

    fn totals(&self) -> Value {
        self.totals.clone()
    }

    fn seal(&self, folio: Folio, keys: &dyn Keys, at: Timestamp) -> Result<Document, KeyError> {
        let grant = folio.grant();
        let stamped = hour::local(at);
        if grant.expires.is_some_and(|last| stamped.date() > last) || stamped.date() < grant.authorised {
            return Err(KeyError::Failed(format!(
                "el CAF {} no está vigente el {}",
                grant.series,
                stamped.date()
            )));
        }
        let ted = ted(&self.stamp(folio.number(), stamped), &grant.public, keys, &grant.id)?;
        let seal = Seal { folio: folio.number(), ted: Some(&ted), stamped: Some(hour::stamp(stamped)) };
        let documento = dte::write(self.tipo, self.document.clone(), seal);
        let signed = sign::document(&documento, &dte::id(self.tipo, folio.number()), keys)?;
        let bytes = latin1::encode(&signed).map_err(|e| KeyError::Failed(e.to_string()))?;
        Ok(Document {
            id: DocumentId::new(self.tipo.series(), folio.number()),
            version: 1,
            grant: grant.id.clone(),
            channel: ChannelId(self.tipo.channel().to_owned()),
            date: self.date,
            stamped: at,
            receiver: Party { id: self.receiver.to_string(), name: self.receiver_name.clone() },
            total: self.total,
            words: dte::words(&self.document),
            facts: self.facts(&signed),
            bytes: Bytes::from(bytes),
        })
    }
}

impl DteDraft {
    /// Why a CAF does not take it whose folios were authorised after the document's date, and what can be done: the
    /// SII takes no date of issue before FA (HED-3-305), and so a sale of before gets a later one.
    fn before_its_caf(&self, grant: &Grant) -> String {
        let from = grant.authorised;
        if self.today < from {
            return format!(
                "El CAF se autorizó el {from} y el reloj de este equipo marca {}; el SII lo rechazaría. Corrija la fecha \
                 del equipo.",
                self.today
            );
        }
        let why = format!(
            "La fecha de emisión es {} y los folios que quedan se autorizaron el {from}: el SII rechaza un documento \
             anterior a su CAF.",
            self.date
        );
        let period = "Queda en el período tributario de esa fecha: si es otro mes que el de la venta, avise a su contador.";
        match self.again {
            Some(_) => format!(
                "{why} Para volver a emitirlo con fecha de hoy, escriba «{}» como fecha de emisión (FchEmis) de la venta y repita, \
                 en «Emitir de nuevo». {period}",
                self.today
            ),
            None => format!(
                "{why} Quite la fecha (FchEmis) para emitir con la de hoy, o indique una desde el {from}. {period}"
            ),
        }
    }

    /// What a channel asks with, and what is printed and not signed.
    fn facts(&self, signed: &str) -> Value {
        let mut facts = self.printed.clone();
        facts["TipoDTE"] = self.tipo.code().into();
        facts["RUTEmisor"] = self.issuer.to_string().into();
        facts["RUTRecep"] = self.receiver.to_string().into();
        facts["FchEmis"] = self.date.to_string().into();
        facts["MntTotal"] = self.total.0.into();
        facts["SignatureValue"] = signature_value(signed).into();
        facts
    }
}

/// The document's own SignatureValue, without line ends.
fn signature_value(signed: &str) -> String {
    let after = signed.rsplit_once("<SignatureValue>").map_or("", |(_, after)| after);
    let value = after.split_once("</SignatureValue>").map_or("", |(value, _)| value);
    value.split_ascii_whitespace().collect()
}
