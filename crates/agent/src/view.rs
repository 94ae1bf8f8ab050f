//! What windows, tills and the command line are shown: the only types that cross a wire to a
//! screen. The TypeScript of the window is made from them (`ui/src/lib/types.ts`).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ts_rs::TS;
use utoipa::{IntoParams, ToSchema};

mod acts;
mod again;
mod batch;
mod detail;
mod doors;
mod folios;
mod found;
mod loaded;
mod lock;
mod paper;
mod preview;
mod printers;
mod refused;
mod said;
mod settings;
mod setup;
mod staff;
mod stats;
mod stopped;
mod terms;
mod today;
mod vouch;

pub use acts::{ActView, ActsView};
pub use again::{NotedOrder, RangeDecision, ReissuedView, VersionView};
pub use batch::{BatchSaleView, BatchView};
pub use detail::{DetailView, LineView, StepView};
pub use doors::{
    AttemptView, ChangeView, FolderView, HealthView, LeftFileView, NewTokenView, NewWebhookView, PanelView,
    RedeliveredView, TokenOrder, TokenView, WaitingFileView, WebhookOrder, WebhookView,
};
pub use folios::{FoliosView, RangeOrder, RangeView, SpanView};
pub use found::{FoundView, ResentView};
pub use loaded::{LoadedCertificateView, LoadedRangeView};
pub use lock::{LockView, LockedFoliosView, UnlockOrder};
pub use paper::PaperView;
pub use preview::{ExplainedView, PreviewView};
pub use printers::{FoundPrinterView, PrinterView, PrintersView};
pub use refused::{ProblemView, RefusalView};
pub use said::{AdviceView, ClaimOrder, ClaimsView, EventView, LabelView, RemarkView, SaidView};
pub use settings::{
    CheckView, OtherSettingView, PlaceView, RoomView, SealingView, SettingView, SettingsOrder, SettingsView,
};
pub use setup::{CompanyDataView, CompanyOrder, PracticeView};
pub use staff::{StaffView, WorkerOrder, WorkerView};
pub use stats::StatsView;
pub use stopped::StoppedView;
pub use terms::{ClockView, DeadlineView, WarningView};
pub use today::{HourView, PaceView, RejectedView, TodayView};
pub use vouch::{
    UndoneView, VouchedView, VoucherOrder, VoucherSumsView, VoucherTermView, VoucherTermsView,
    VoucherUndoOrder, VouchersView,
};

/// The panel at one instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct Snapshot {
    /// `training`, `certification` or `production`.
    pub environment: String,
    /// Nothing can be issued before there is one.
    pub company: Option<CompanyView>,
    pub sentence: Sentence,
    pub counters: Counters,
    /// Documents in the folder, one that was replaced counted as the one in its place: the sum of the counters.
    #[ts(type = "number")]
    pub total: u64,
    /// Replaced documents whose number a person has still to annul.
    #[serde(default)]
    #[ts(type = "number")]
    pub to_annul: u64,
    /// Documents whose paper did not come out, or not whole.
    #[serde(default)]
    #[ts(type = "number")]
    pub unprinted: u64,
    #[ts(type = "number")]
    pub issued_today: u64,
    pub workers: Workers,
    pub folios: Vec<FoliosView>,
    pub deadline: Option<DeadlineView>,
    /// When all that waits will have been sent, RFC 3339; absent where that can't be told.
    #[serde(default)]
    #[ts(optional)]
    pub forecast: Option<String>,
    /// This machine's clock, where something was ever wrong with it.
    #[serde(default)]
    #[ts(optional)]
    pub clock: Option<ClockView>,
    /// Documents that resending all pending would take up, flagged or not: those that wait, and
    /// those in doubt, which are asked about.
    #[serde(default)]
    #[ts(type = "number")]
    pub resendable: u64,
    /// Channels to the authority that nothing goes through now.
    #[serde(default)]
    pub down: Vec<DownView>,
    pub last_answer: Option<AnswerView>,
    pub certificate: Option<CertificateView>,
    /// What is missing before a document can be issued; empty when nothing is.
    pub missing: Vec<String>,
    /// Why no document can be issued now.
    #[serde(default)]
    #[ts(optional)]
    pub stopped: Option<StoppedView>,
    /// How much room the disk has, while it is little.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub room: Option<RoomView>,
    /// A card's voucher stands for a document today, as the company declared.
    #[serde(default)]
    pub vouchers: bool,
    /// Where they do: a sale that a card pays a part of is made in two.
    #[serde(default)]
    pub two_sales: bool,
    /// What this run does out of the ordinary, for as long as it does it: a sentence.
    #[serde(default)]
    pub standing: Option<String>,
    /// The local panel and API, for the status line.
    pub address: Option<String>,
    /// When this was true (RFC 3339).
    pub as_of: String,
    /// Which run of the agent says this: another one counts its versions anew.
    #[serde(default)]
    pub run: String,
    /// Grows with every change, so that an older snapshot is never shown over a newer one.
    #[ts(type = "number")]
    pub version: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct CompanyView {
    /// Tax id as the authority writes it: `76192083-9`.
    pub id: String,
    pub name: String,
}

/// The one sentence: can I go on selling, must anyone do something?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Sentence {
    pub mood: Mood,
    pub text: String,
    /// What of it a person must act on, each by a name that no count and no day changes. For the shell in this process.
    #[serde(skip)]
    #[ts(skip)]
    pub causes: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, TS, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mood {
    /// All is well.
    Calm,
    /// Something waits and will go by itself (no line, for one).
    Waiting,
    /// A person must act; selling goes on.
    Attention,
    /// No document can be issued.
    Stopped,
}

/// The five counters. Every document that is not replaced is in exactly one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Counters {
    /// Por enviar: GENERADO, PENDIENTE.
    #[ts(type = "number")]
    pub queued: u64,
    /// Enviando.
    #[ts(type = "number")]
    pub sending: u64,
    /// En el SII: ENVIADO, VERIFICANDO.
    #[ts(type = "number")]
    pub at_authority: u64,
    /// Aceptados: ACEPTADO, REPARO.
    #[ts(type = "number")]
    pub accepted: u64,
    /// Con problema: RECHAZADO, or needs a person.
    #[ts(type = "number")]
    pub problem: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct Workers {
    /// Requests in flight now.
    pub active: u32,
    pub allowed: u32,
    /// False when a person stopped the sending.
    pub running: bool,
}

/// A channel that nothing goes through now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct DownView {
    pub channel: String,
    /// In plain words.
    pub why: String,
    /// When it is tried next, RFC 3339: what waits for this channel goes then.
    pub next_try: String,
}

/// The authority's last answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct AnswerView {
    pub at: String,
    pub what: String,
    pub ok: bool,
    #[ts(type = "number")]
    pub took_ms: u64,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema)]
pub struct CertificateView {
    pub holder: String,
    pub subject: String,
    /// RFC 3339.
    pub not_before: String,
    pub not_after: String,
}

/// One row of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct RowView {
    /// `T39F1234`.
    pub id: String,
    pub series: String,
    /// `Boleta`.
    pub kind: String,
    #[ts(type = "number")]
    pub folio: u64,
    pub version: u32,
    /// Grows with every change of the row, so that an older one is never shown over a newer one.
    #[serde(default)]
    #[ts(type = "number")]
    pub revision: u64,
    /// The channel to the authority that it goes by.
    #[serde(default)]
    pub channel: String,
    /// Date of issue, `AAAA-MM-DD`.
    pub date: String,
    /// When it was stamped, RFC 3339.
    pub issued: String,
    #[ts(type = "number")]
    pub total: i64,
    pub receiver_id: String,
    pub receiver: String,
    /// Who sold it, where the sale has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub sold_by: Option<String>,
    /// GENERADO, ENVIANDO, ENVIADO, VERIFICANDO, PENDIENTE, ACEPTADO, REPARO, RECHAZADO, REEMPLAZADO.
    pub state: String,
    /// When it came into that state, RFC 3339.
    pub since: String,
    pub attention: Option<String>,
    pub annulled_by: Option<String>,
    pub replaced_by: Option<String>,
    /// The paper of it that a person is told of: one that is lacking, else the one that was dealt with last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub paper: Option<PaperView>,
    /// The customer's and the one to be ceded, where there are both.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<PaperView>>")]
    pub papers: Vec<PaperView>,
    pub track: Option<String>,
    pub attempts: u32,
    pub next_try: Option<String>,
    /// In plain words.
    pub error: Option<String>,
    pub remarks: Vec<RemarkView>,
    /// «No despachar»: what it covers must not leave before the authority has it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(as = "Option<bool>", optional)]
    pub hold_goods: bool,
    /// When the law wants it at the authority, RFC 3339; absent once it is there.
    pub deadline: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct PageView {
    pub rows: Vec<RowView>,
    /// Ask for the next page with it.
    pub next: Option<String>,
    /// As many documents were looked at as may be for one page, down to those issued then (RFC 3339): there
    /// may be more from `next` on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub reached: Option<String>,
}

/// What a list is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS, ToSchema, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Query {
    /// States by name, or the counters' names: queued, sending, at_authority, accepted,
    /// problem; also to_annul and unprinted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub state: Option<String>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub series: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub to: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub q: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub limit: Option<u32>,
}

/// A document just issued (or found again by its key).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct IssuedView {
    pub document: RowView,
    pub key: Option<String>,
    #[ts(type = "Record<string, unknown>")]
    pub totals: Value,
    pub warnings: Vec<RefusalView>,
    /// The key was known: this is the document it made then.
    pub repeated: bool,
    /// The part of the sale that a card's voucher stands for: the document is for the rest.
    pub voucher: Option<VouchedView>,
    /// The environment, in every answer.
    pub environment: String,
}

/// What is pushed: the panel, and the rows that changed since the last push.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, ToSchema)]
pub struct PushView {
    pub snapshot: Snapshot,
    pub rows: Vec<RowView>,
    /// More may have changed than the rows say: every page is to be read again.
    #[serde(default)]
    pub all: bool,
    /// Legal terms that run out, each said once.
    #[serde(default)]
    #[ts(as = "Option<Vec<WarningView>>", optional)]
    pub warnings: Vec<WarningView>,
}

impl PushView {
    /// For one who may have missed pushes.
    pub fn anew(snapshot: Snapshot) -> PushView {
        PushView { snapshot, rows: Vec::new(), all: true, warnings: Vec::new() }
    }
}

/// The TypeScript of all of the above, for the window.
pub fn typescript() -> String {
    let config = ts_rs::Config::default();
    let mut out = String::from(
        "// Made from crates/agent/src/view.rs by its test; UPDATE=1 writes it anew. Do not edit.\n",
    );
    macro_rules! declare {
        ($($name:ty),* $(,)?) => {$(
            out.push_str("\nexport ");
            out.push_str(&<$name as TS>::decl(&config));
            out.push('\n');
        )*};
    }
    declare!(
        Snapshot,
        CompanyView,
        Sentence,
        Mood,
        Counters,
        Workers,
        FoliosView,
        SpanView,
        RangeView,
        DeadlineView,
        WarningView,
        ClockView,
        DownView,
        AnswerView,
        CertificateView,
        StoppedView,
        RowView,
        PaperView,
        PrintersView,
        PrinterView,
        FoundPrinterView,
        RemarkView,
        AdviceView,
        LabelView,
        PageView,
        Query,
        DetailView,
        LineView,
        StepView,
        IssuedView,
        PreviewView,
        ExplainedView,
        RefusalView,
        ProblemView,
        ResentView,
        FoundView,
        BatchView,
        BatchSaleView,
        RangeOrder,
        LoadedRangeView,
        RangeDecision,
        NotedOrder,
        ReissuedView,
        VersionView,
        LockView,
        LockedFoliosView,
        UnlockOrder,
        PushView,
        StatsView,
        crate::diagnose::Diagnosis,
        crate::diagnose::Check,
        crate::diagnose::Outcome,
        CompanyOrder,
        CompanyDataView,
        PracticeView,
        LoadedCertificateView,
        StaffView,
        WorkerView,
        WorkerOrder,
        TodayView,
        HourView,
        RejectedView,
        PaceView,
        VoucherOrder,
        VoucherTermsView,
        VoucherTermView,
        VoucherUndoOrder,
        UndoneView,
        VoucherSumsView,
        VouchedView,
        VouchersView,
        ActsView,
        ActView,
        TokenView,
        TokenOrder,
        NewTokenView,
        WebhookView,
        AttemptView,
        WebhookOrder,
        NewWebhookView,
        SettingsView,
        SealingView,
        RoomView,
        SettingView,
        OtherSettingView,
        SettingsOrder,
        PlaceView,
        FolderView,
        WaitingFileView,
        LeftFileView,
        CheckView,
    );
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_windows_types_are_made_from_these() {
        let path = "../../ui/src/lib/types.ts";
        let made = super::typescript();
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, &made).expect("the window's types can be written");
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(kept.replace("\r\n", "\n") == made, "run with UPDATE=1 and look at the diff");
    }
}
