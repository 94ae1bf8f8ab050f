//! The agent's local API, asked over loopback. Knows routes and answers; what is done with an
//! answer is each command's business.

mod doors;
mod printers;
mod wire;

use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json};
use timbre_agent::diagnose::Diagnosis;
use timbre_agent::view::{
    CertificateView, ClaimOrder, ClaimsView, ClockView, DetailView, IssuedView, LoadedCertificateView,
    LockView, NotedOrder, PageView, PaperView, PreviewView, Query, RangeDecision, RangeOrder, RangeView,
    ReissuedView, ResentView, RowView, SaidView, Snapshot, UnlockOrder, VouchedView, VoucherUndoOrder,
    VouchersView,
};
use timbre_core::DocumentId;
use zeroize::Zeroizing;

use crate::door::Door;
use crate::failure::Failure;
use crate::values::Share;

use wire::{Ask, PATIENCE, Wire};

/// One agent, asked.
pub struct Api {
    wire: Wire,
}

impl Api {
    pub fn new(door: Door) -> Result<Api, Failure> {
        Ok(Api { wire: Wire::new(door)? })
    }

    pub fn door(&self) -> &Door {
        &self.wire.door
    }

    /// The environment that the last answer was of.
    pub fn environment(&self) -> String {
        self.wire.environment()
    }

    /// Answers what did not come out of papers that nobody waited for.
    pub async fn close(self) -> Vec<String> {
        self.wire.door.close().await
    }

    /// Issues a sale; with `wait`, the answer comes with the verdict or when that time is over.
    pub async fn issue(
        &self,
        sale: Bytes,
        key: Option<String>,
        wait: Option<Duration>,
    ) -> Result<IssuedView, Failure> {
        let mut ask = Ask::new(Method::POST, "/v1/documents");
        // Before it is put into a header, which could not carry any other.
        ask.key = key.map(|key| timbre_core::sale::key(&key)).transpose()?;
        ask.body = Some(("application/json", sale));
        if let Some(wait) = wait {
            ask.patience = PATIENCE + wait;
            ask.query.push(("wait", "verdict".to_owned()));
            ask.query.push(("timeout", format!("{}s", wait.as_secs_f64().ceil())));
        }
        self.wire.read(ask).await
    }

    /// Records a sale that its card's voucher stands for; it gets no document.
    pub async fn record(&self, sale: Bytes, key: String) -> Result<VouchedView, Failure> {
        let mut ask = Ask::new(Method::POST, "/v1/vouchers");
        ask.key = Some(key);
        ask.body = Some(("application/json", sale));
        self.wire.read(ask).await
    }

    /// Takes the record of such a sale back.
    pub async fn undo_record(&self, order: &VoucherUndoOrder) -> Result<VouchedView, Failure> {
        let mut ask = Ask::new(Method::POST, "/v1/vouchers/undo");
        ask.body = Some(("application/json", body_of(order)?));
        self.wire.read(ask).await
    }

    /// The records of some days, a page of them.
    pub async fn records(
        &self,
        from: &str,
        to: &str,
        cursor: Option<String>,
    ) -> Result<VouchersView, Failure> {
        let mut ask = Ask::get("/v1/vouchers");
        ask.query.extend([("from", from.to_owned()), ("to", to.to_owned())]);
        ask.query.extend(cursor.map(|cursor| ("cursor", cursor)));
        self.wire.read(ask).await
    }

    pub async fn preview(&self, sale: Bytes) -> Result<PreviewView, Failure> {
        let mut ask = Ask::new(Method::POST, "/v1/documents/preview");
        ask.body = Some(("application/json", sale));
        self.wire.read(ask).await
    }

    pub async fn page(&self, query: &Query) -> Result<PageView, Failure> {
        let mut ask = Ask::get("/v1/documents");
        let fields = [
            ("state", query.state.clone()),
            ("type", query.series.clone()),
            ("from", query.from.clone()),
            ("to", query.to.clone()),
            ("q", query.q.clone()),
            ("cursor", query.cursor.clone()),
            ("limit", query.limit.map(|n| n.to_string())),
        ];
        ask.query = fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        self.wire.read(ask).await
    }

    pub async fn document(&self, id: &DocumentId) -> Result<DetailView, Failure> {
        self.wire.read(Ask::get(format!("/v1/documents/{id}"))).await
    }

    /// The prolog line and the document's exact bytes.
    pub async fn envelope(&self, id: &str) -> Result<Bytes, Failure> {
        self.wire.send(Ask::get(format!("/v1/documents/{id}/envelope"))).await
    }

    pub async fn xml(&self, id: &str) -> Result<Bytes, Failure> {
        self.wire.send(Ask::get(format!("/v1/documents/{id}/xml"))).await
    }

    /// A document drawn without a printer: `pdf`, `ticket`, `picture`.
    pub async fn drawn(
        &self,
        id: &DocumentId,
        what: &str,
        copy: &str,
        paper: Option<&str>,
    ) -> Result<Bytes, Failure> {
        let mut ask = Ask::get(format!("/v1/documents/{id}/{what}"));
        ask.query.push(("copy", copy.to_owned()));
        ask.query.extend(paper.map(|paper| ("paper", paper.to_owned())));
        self.wire.send(ask).await
    }

    /// Prints; the answer comes when it ended.
    pub async fn print(
        &self,
        id: &DocumentId,
        ceded: bool,
        printer: Option<&str>,
    ) -> Result<PaperView, Failure> {
        let ask = Ask::new(Method::POST, format!("/v1/documents/{id}/print"));
        self.wire.read(ask.json(&json!({ "ceded": ceded, "printer": printer })).patient()).await
    }

    /// The test page of the printer that is named, or of the shop's own.
    pub async fn test_printer(&self, printer: Option<&str>) -> Result<PaperView, Failure> {
        let ask = Ask::new(Method::POST, "/v1/printer/test");
        self.wire.read(ask.json(&json!({ "printer": printer })).patient()).await
    }

    pub async fn history(&self, id: &DocumentId) -> Result<Vec<Value>, Failure> {
        self.wire.read(Ask::get(format!("/v1/documents/{id}/history"))).await
    }

    /// Sends these documents again, or all that wait.
    pub async fn resend(&self, ids: Option<&[DocumentId]>) -> Result<ResentView, Failure> {
        let body = match ids {
            Some(ids) => json!({ "ids": ids }),
            None => json!({}),
        };
        self.wire.read(Ask::new(Method::POST, "/v1/resend").json(&body)).await
    }

    /// A rejected document again; the sale only where it was mended.
    pub async fn reissue(
        &self,
        id: &DocumentId,
        sale: Option<Bytes>,
        new_folio: bool,
        who: &str,
    ) -> Result<ReissuedView, Failure> {
        let mut ask = Ask::new(Method::POST, format!("/v1/documents/{id}/reissue")).patient();
        ask.body = sale.map(|sale| ("application/json", sale));
        ask.query.push(("who", who.to_owned()));
        ask.query.extend(new_folio.then(|| ("folio", "new".to_owned())));
        self.wire.read(ask).await
    }

    /// A rejected document that the SII holds, and that somebody found accepted there.
    pub async fn found_accepted(&self, id: &DocumentId, who: &str) -> Result<RowView, Failure> {
        let ask = Ask::new(Method::POST, format!("/v1/documents/{id}/found-accepted")).patient();
        self.wire.read(ask.json(&json!({ "who": who }))).await
    }

    /// The folio of a replaced document is annulled at the SII.
    pub async fn number_annulled(&self, id: &DocumentId, who: &str) -> Result<RowView, Failure> {
        let ask = Ask::new(Method::POST, format!("/v1/documents/{id}/number-annulled"));
        self.wire.read(ask.json(&json!({ "who": who }))).await
    }

    /// What the SII's site says of a document that its services give no verdict of.
    pub async fn note_verdict(&self, id: &DocumentId, order: &NotedOrder) -> Result<RowView, Failure> {
        let mut ask = Ask::new(Method::POST, format!("/v1/documents/{id}/verdict"));
        ask.body = Some(("application/json", body_of(order)?));
        self.wire.read(ask).await
    }

    /// Folios that were passed over are looked for at the SII, and those it has not are annulled there.
    pub async fn skipped_annulled(&self, order: &RangeOrder) -> Result<RangeView, Failure> {
        let mut ask = Ask::new(Method::POST, "/v1/folios/skipped-annulled");
        ask.body = Some(("application/json", body_of(order)?));
        self.wire.read(ask).await
    }

    /// No folio of a range is given any more.
    pub async fn stop_range(&self, order: &RangeDecision) -> Result<RangeView, Failure> {
        let mut ask = Ask::new(Method::POST, "/v1/folios/stop");
        ask.body = Some(("application/json", body_of(order)?));
        self.wire.read(ask).await
    }

    /// A stopped range is used again.
    pub async fn resume_range(&self, order: &RangeDecision) -> Result<RangeView, Failure> {
        let mut ask = Ask::new(Method::POST, "/v1/folios/resume");
        ask.body = Some(("application/json", body_of(order)?));
        self.wire.read(ask).await
    }

    /// The mail with the results of a document's upload, once more.
    pub async fn results_mail(&self, id: &DocumentId) -> Result<SaidView, Failure> {
        self.wire.read(Ask::new(Method::POST, format!("/v1/documents/{id}/results-mail")).patient()).await
    }

    /// What the registry of claims holds of a document of ours.
    pub async fn claims(&self, id: &DocumentId) -> Result<ClaimsView, Failure> {
        self.wire.read(Ask::get(format!("/v1/documents/{id}/claims")).patient()).await
    }

    /// The same of one that was received.
    pub async fn claims_of(&self, issuer: &str, series: u16, folio: u64) -> Result<ClaimsView, Failure> {
        let mut ask = Ask::get("/v1/claims").patient();
        ask.query.extend([
            ("issuer", issuer.to_owned()),
            ("type", series.to_string()),
            ("folio", folio.to_string()),
        ]);
        self.wire.read(ask).await
    }

    /// Accepts or claims a document that was received.
    pub async fn claim(&self, order: &ClaimOrder) -> Result<SaidView, Failure> {
        let mut ask = Ask::new(Method::POST, "/v1/claims").patient();
        ask.body = Some(("application/json", body_of(order)?));
        self.wire.read(ask).await
    }

    pub async fn stats(&self) -> Result<Value, Failure> {
        self.wire.read(Ask::get("/v1/stats")).await
    }

    pub async fn snapshot(&self) -> Result<Snapshot, Failure> {
        self.wire.read(Ask::get("/v1/stats/snapshot")).await
    }

    /// Looks at everything, host by host: patience for those that do not answer.
    pub async fn diagnose(&self) -> Result<Diagnosis, Failure> {
        self.wire.read(Ask::new(Method::POST, "/v1/diagnosis").patient()).await
    }

    pub async fn folios(&self) -> Result<Vec<Value>, Failure> {
        self.wire.read(Ask::get("/v1/folios")).await
    }

    pub async fn load_folios(
        &self,
        file: Zeroizing<Vec<u8>>,
        share: Option<Share>,
        used_up_to: Option<u64>,
    ) -> Result<Value, Failure> {
        let mut ask = Ask::new(Method::POST, "/v1/folios").by_user();
        ask.body = Some(("application/xml", Bytes::from_owner(file)));
        ask.query.extend(share.map(|share| ("share", share.to_string())));
        ask.query.extend(used_up_to.map(|folio| ("used_up_to", folio.to_string())));
        self.wire.read(ask).await
    }

    /// Why issuing is locked; `None` when it is not.
    pub async fn lock(&self) -> Result<Option<LockView>, Failure> {
        self.wire.read(Ask::get("/v1/issuing/lock")).await
    }

    pub async fn unlock(&self, order: &UnlockOrder) -> Result<LockView, Failure> {
        self.wire.read(Ask::new(Method::POST, "/v1/issuing/unlock").json(&json!(order)).patient()).await
    }

    /// This machine's clock; `None` where nothing was ever wrong with it.
    pub async fn clock(&self) -> Result<Option<ClockView>, Failure> {
        self.wire.read(Ask::get("/v1/clock")).await
    }

    pub async fn accept_clock(&self, who: &str) -> Result<ClockView, Failure> {
        self.wire.read(Ask::new(Method::POST, "/v1/clock/accept").json(&json!({ "who": who }))).await
    }

    pub async fn company(&self) -> Result<Value, Failure> {
        self.wire.read(Ask::get("/v1/company")).await
    }

    pub async fn set_company(&self, body: &Value) -> Result<Value, Failure> {
        self.wire.read(Ask::new(Method::PUT, "/v1/company").by_user().json(body)).await
    }

    pub async fn certificate(&self) -> Result<Option<CertificateView>, Failure> {
        self.wire.read(Ask::get("/v1/certificate")).await
    }

    /// `body` holds the password: it goes nowhere but there.
    pub async fn load_certificate(&self, body: Bytes) -> Result<LoadedCertificateView, Failure> {
        let mut ask = Ask::new(Method::POST, "/v1/certificate").by_user();
        ask.body = Some(("application/json", body));
        self.wire.read(ask).await
    }
}

/// A body made of a serialisable value.
pub fn body_of(value: &impl Serialize) -> Result<Bytes, Failure> {
    serde_json::to_vec(value).map(Bytes::from).map_err(unwritable)
}

/// Why a body could not be made.
pub fn unwritable(error: serde_json::Error) -> Failure {
    Failure::refused("output", format!("No se pudo escribir el JSON ({error})."))
}
