//! Chile as the rest of the program sees it: the regime that ties sale, rules, document, receipt and
//! second look together.

use std::sync::Arc;

use serde_json::Value;
use timbre_core::receipt::Receipt;
use timbre_core::regime::PrintGate;
use timbre_core::{
    Company, Date, Document, Documents, Draft, Environment, Finding, GrantFile, Issuer, Keys, Number,
    Preview, Profile, Refusal, Refusals, Regime, Sale, Sheet, TillData, Timestamp, Voucher, Wrapping,
};

use crate::caf::Caf;
use crate::company::{self, Firm};
use crate::draft::{DteDraft, Setting};
use crate::rules::Limits;
use crate::sheet::SHEET;
use crate::totals::explain::explain;
use crate::{again, codes, dte, envelope, hour, receipt, sale, tipo, verify, voucher};

static PROFILE: Profile = Profile {
    country: "CL",
    authority: "SII",
    zone: hour::ZONE,
    kinds: &tipo::KINDS,
    print: PrintGate::OnSeal,
};

/// The law of Chile.
#[derive(Debug, Clone, Copy, Default)]
pub struct Chile {
    pub limits: Limits,
}

impl Chile {
    fn setting<'a>(
        &self,
        firm: &'a Firm,
        environment: Environment,
        known: &'a dyn Documents,
        now: Timestamp,
    ) -> Setting<'a> {
        Setting { firm, environment, known, now, limits: self.limits, again: None }
    }
}

impl Regime for Chile {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn company(&self, data: &Value, environment: Environment) -> Result<Company, Refusals> {
        company::read(data, environment)
    }

    fn grant(&self, file: &[u8], issuer: &Issuer) -> Result<GrantFile, Refusals> {
        let firm = Firm::of(&issuer.company)?;
        let grant = Caf::read(file).and_then(|caf| caf.into_grant(issuer.environment, &firm.rut));
        grant.map_err(codes::beside_each)
    }

    fn draft(
        &self,
        sale: &Sale,
        issuer: &Issuer,
        known: &dyn Documents,
        now: Timestamp,
    ) -> Result<Box<dyn Draft>, Refusals> {
        let order = sale::read(sale)?;
        let firm = Firm::of(&issuer.company)?;
        let setting = self.setting(&firm, issuer.environment, known, now);
        Ok(Box::new(DteDraft::of(sale, order, &setting)?))
    }

    fn redraft(
        &self,
        sale: &Sale,
        rejected: &Document,
        number: Number,
        issuer: &Issuer,
        known: &dyn Documents,
        now: Timestamp,
    ) -> Result<Box<dyn Draft>, Refusals> {
        let mut order = sale::read(sale)?;
        if number == Number::New {
            again::follow(&mut order.document, known);
        }
        let prefix = sale::prefix(&sale.body);
        let firm = Firm::of(&issuer.company)?;
        let setting = self.setting(&firm, issuer.environment, known, now);
        let draft = DteDraft::of(sale, order, &Setting { again: Some(rejected.date), ..setting })?;
        again::judge(&draft, rejected, number, &prefix)?;
        Ok(Box::new(draft))
    }

    fn corrects(&self, sale: &Sale) -> bool {
        sale::read(sale).is_ok_and(|order| order.tipo.is_note())
    }

    fn sheet(&self) -> Option<Sheet> {
        Some(SHEET)
    }

    fn voucher(
        &self,
        sale: &Sale,
        issuer: &Issuer,
        known: &dyn Documents,
        now: Timestamp,
        stands: &dyn Fn(Date) -> bool,
    ) -> Result<Voucher, Refusals> {
        let order = sale::read(sale)?;
        // Of a payment that can't be read nobody knows whether it is a card's: the draft refuses it.
        if sale.till_faults.is_empty() && !voucher::may_stand(order.tipo, sale) {
            return Ok(Voucher::Nothing);
        }
        let firm = Firm::of(&issuer.company)?;
        let draft = DteDraft::of(sale, order, &self.setting(&firm, issuer.environment, known, now))?;
        match stands(draft.date()) {
            true => voucher::of(sale, &draft),
            false => Ok(Voucher::Nothing),
        }
    }

    /// The document as it would be, with Folio 0 and neither stamp nor signature: nothing in it can be
    /// taken for a document.
    fn preview(
        &self,
        sale: &Sale,
        issuer: Option<&Issuer>,
        known: &dyn Documents,
        now: Timestamp,
    ) -> Result<Preview, Refusals> {
        let order = sale::read(sale)?;
        let (firm, environment) = match issuer {
            Some(issuer) => (Firm::of(&issuer.company)?, issuer.environment),
            None => match Firm::of_sender(order.tipo, order.sender.as_ref()) {
                Err(_) if !order.faults.is_empty() => return Err(Refusals(order.faults)),
                firm => (firm?, Environment::Training),
            },
        };
        let draft = DteDraft::of(sale, order, &self.setting(&firm, environment, known, now))?;
        Ok(Preview {
            totals: draft.totals(),
            warnings: draft.warnings().to_vec(),
            xml: draft.unsigned(),
            explained: explain(draft.tipo, &draft.document),
        })
    }

    fn receipt(&self, document: &Document, till: &TillData) -> Receipt {
        receipt::of(document, till)
    }

    fn verify(&self, bytes: &[u8]) -> Vec<Finding> {
        verify::verify(bytes)
    }

    fn unsigned(&self) -> Vec<(&'static str, &'static str)> {
        verify::UNSIGNED.iter().map(|region| (region.name, region.why)).collect()
    }

    fn file(&self, document: &Document) -> Vec<u8> {
        dte::file(&document.bytes)
    }

    fn for_receiver(
        &self,
        documents: &[Arc<Document>],
        company: &Company,
        keys: &dyn Keys,
        now: Timestamp,
    ) -> Result<Wrapping, Refusal> {
        envelope::wrap_for_receiver(documents, company, keys, hour::local(now))
    }

    fn collection(&self) -> (&'static str, &'static str) {
        dte::COLLECTION
    }

    fn credentials(&self, issuer: &Issuer, today: Date) -> Vec<Finding> {
        company::credentials(issuer, today)
    }
}
