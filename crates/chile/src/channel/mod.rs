//! The two conversations with the SII: one for boletas (REST), one for every other type (SOAP and a
//! form). Both walk the same steps; what differs is a [`Wire`].

mod boleta;
mod contact;
mod deliver;
mod dte;
mod login;
mod multipart;
mod poll;
mod probe;
pub(crate) mod soap;
mod subject;
mod talk;

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use timbre_core::{
    Channel, Cx, Document, DocumentRef, Environment, Finding, Heard, Inquiry, KeyError, Limits, Parcel, Pass,
    Remark, Request, Series, Services, State, Step, Wrapping,
};

use crate::answer::{CAP, Exact, Held, Login, Progress, Reply, Upload};
use crate::envelope::{self, Kind};
use crate::hosts::Hosts;
use crate::hour;
use crate::rut::Rut;
use crate::words::unsaid;

use multipart::Form;
use subject::Subject;
use talk::{Here, Stage, Talk};

/// `EnvioBOLETA` over REST: types 39 and 41.
pub type BoletaChannel = SiiChannel<boleta::Boleta>;
/// `EnvioDTE` over SOAP and DTEUpload: every other type.
pub type DteChannel = SiiChannel<dte::Dte>;

/// Names of the channels, as documents carry them.
pub const BOLETA: &str = "boleta";
pub const DTE: &str = "dte";

/// What one channel asks and how it reads the answers. The order of the questions is not its
/// business.
pub trait Wire: Send + Sync + 'static {
    /// The envelope that is its own.
    const KIND: Kind;
    /// A type that travels on it.
    const SOME_TYPE: &'static str;
    /// The SII advises to wait before the first question about an upload ([`Conduct::first_poll`]); where it does
    /// not, goods may be waiting for the answer.
    ///
    /// [`Conduct::first_poll`]: timbre_core::channel::Conduct::first_poll
    const WAITS: bool;
    /// What is asked for with its pass beside documents.
    const SERVICES: Option<&'static dyn Services> = None;
    /// The addresses it speaks to, each with what it is for.
    fn hosts(hosts: &Hosts) -> Vec<(&'static str, String)>;

    fn ask_seed(here: &Here<'_>) -> Request;
    fn ask_token(here: &Here<'_>, signed: &str) -> Request;
    fn upload(here: &Here<'_>, form: Form, pass: &Pass) -> Request;
    fn ask_parcel(here: &Here<'_>, pass: &Pass, track: &str) -> Request;
    fn ask_document(here: &Here<'_>, pass: &Pass, sender: Rut, subject: &Subject) -> Request;
    /// The question that compares the signature too, where there is one.
    fn ask_exact(here: &Here<'_>, pass: &Pass, subject: &Subject) -> Option<Request>;

    fn hear_seed(reply: Reply<'_>) -> Login;
    fn hear_token(reply: Reply<'_>) -> Login;
    fn hear_upload(reply: Reply<'_>) -> Upload;
    fn hear_parcel(reply: Reply<'_>, track: &str) -> Progress;
    fn hear_document(reply: Reply<'_>) -> Held;
    fn hear_exact(reply: Reply<'_>) -> Exact;
}

/// A channel of the SII.
pub struct SiiChannel<W> {
    limits: Limits,
    /// The envelope it carries.
    kind: Kind,
    wire: PhantomData<W>,
}

impl DteChannel {
    /// `EnvioBOLETA` over DTEUpload, with the DTE channel's token: how the SII wants the set of boletas
    /// with which a company is certified, and nothing else. Its reviewers don't see what comes by REST
    /// ("El Documento no esta en el envio"). In production it sends nothing.
    pub fn of_the_certification_set() -> DteChannel {
        SiiChannel { kind: Kind::Boleta, ..SiiChannel::new() }
    }
}

impl<W: Wire> SiiChannel<W> {
    pub fn new() -> SiiChannel<W> {
        SiiChannel {
            kind: W::KIND,
            limits: Limits {
                // 500 may travel (OAS boleta electrónica). The same page recommends 50, since one bad signature
                // rejects them all: how many the engine puts together is its setting.
                documents: 500,
                // UNCONFIRMED: no manual names a size. 500 boletas stay below it.
                bytes: 4 << 20,
                in_flight: 5,
                query_timeout: Duration::from_secs(30),
                deliver_timeout: Duration::from_secs(120),
                answer_cap: CAP,
            },
            wire: PhantomData,
        }
    }
}

impl<W: Wire> SiiChannel<W> {
    /// Where a step is taken; the step that ends it where none can be.
    fn here<'a>(&self, cx: &'a Cx<'a>, about: &[Arc<Document>]) -> Result<Result<Here<'a>, Step>, KeyError> {
        if self.kind != W::KIND && cx.environment == Environment::Production {
            return Ok(Err(talk::nowhere(cx, about, "SOLO CERTIFICACION")));
        }
        let here = Here::of(cx, self.kind)?;
        Ok(here.ok_or_else(|| talk::nowhere(cx, about, "SIN SIMULADOR")))
    }
}

impl<W: Wire> Default for SiiChannel<W> {
    fn default() -> SiiChannel<W> {
        SiiChannel::new()
    }
}

impl<W: Wire> Channel for SiiChannel<W> {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    /// A folder is one company, so the channel is all there is to compare.
    fn travels_with(&self, first: &Document, other: &Document) -> bool {
        first.channel == other.channel
    }

    fn wrap(&self, documents: &[Arc<Document>], cx: &Cx<'_>) -> Result<Wrapping, KeyError> {
        envelope::wrap(self.kind, documents, cx.company, cx.keys, hour::local(cx.now))
    }

    /// RutEnvia is the certificate's holder and has to be `rutSender` and the token's, too (CRT-3-11); the resolution is
    /// the company's (CRT-3-19); the signature is by the certificate.
    fn wraps_alike(&self, parcel: &Parcel, cx: &Cx<'_>) -> Result<bool, KeyError> {
        // One that can't be read is not sent: see `begin`.
        let Some(stamped) = envelope::stamped(&parcel.head) else { return Ok(true) };
        let again = envelope::wrap(self.kind, &parcel.documents, cx.company, cx.keys, stamped)?;
        Ok(again.head == parcel.head && again.tail == parcel.tail)
    }

    fn login(&self, cx: &Cx<'_>) -> Result<Step, KeyError> {
        Ok(self.here(cx, &[])?.map_or_else(|step| step, |here| login::begin::<W>(&here, 1)))
    }

    fn begin(&self, parcel: &Parcel, cx: &Cx<'_>) -> Result<Step, KeyError> {
        self.here(cx, &parcel.documents)?.map_or_else(Ok, |here| deliver::begin::<W>(&here, parcel))
    }

    fn probe(&self, document: &DocumentRef, cx: &Cx<'_>) -> Result<Step, KeyError> {
        let about = [Arc::new(document.clone())];
        self.here(cx, &about)?.map_or_else(Ok, |here| probe::begin::<W>(&here, document))
    }

    /// An envelope is processed as a whole (EPR), with a verdict for each of its documents, and of one that was
    /// rejected the SII says "no recibido" (reference: states of an upload and of a document; the counts are read in
    /// the same way in `answer::settle`).
    fn left_out(&self) -> Option<Remark> {
        Some(unsaid(self.kind == Kind::Boleta, ""))
    }

    fn resume(
        &self,
        state: State,
        heard: Heard,
        about: &[Arc<Document>],
        cx: &Cx<'_>,
    ) -> Result<Step, KeyError> {
        let here = match self.here(cx, about)? {
            Ok(here) => here,
            Err(step) => return Ok(step),
        };
        let Some(talk) = Talk::read(&state) else {
            return Ok(talk::unknown(
                about,
                "no se entiende el estado guardado de la conversación con el SII",
            ));
        };
        match talk.stage {
            Stage::Seed { .. } | Stage::Token { .. } => login::resume::<W>(&here, talk, heard),
            Stage::Upload { .. } => deliver::resume::<W>(&here, talk, heard, about),
            Stage::Poll { .. } | Stage::Settle { .. } => poll::resume::<W>(&here, talk, heard, about),
            Stage::Probe { .. } => probe::resume::<W>(&here, talk, heard, about),
        }
    }

    fn ask_number(&self, series: &Series, number: u64, cx: &Cx<'_>) -> Result<Step, KeyError> {
        // The set goes by another way than the shop's boletas: no folio of theirs is asked for there.
        let ours = self.kind == W::KIND && self.kind == Kind::of(series);
        let state = || State(serde_json::Value::Null);
        Ok(match (Here::of(cx, self.kind)?.filter(|_| ours), cx.pass) {
            (None, _) => Step::Done(Vec::new()),
            (Some(_), None) => Step::Stale(state()),
            (Some(here), Some(pass)) => {
                Step::Ask(contact::ask_number::<W>(&here, pass, series, number)?, state(), Vec::new())
            }
        })
    }

    fn number_taken(&self, heard: &Heard) -> Result<Option<Remark>, String> {
        contact::number_taken::<W>(heard)
    }

    fn hosts(&self, cx: &Cx<'_>) -> Result<Vec<(&'static str, String)>, KeyError> {
        Ok(Here::of(cx, self.kind)?.map(|here| W::hosts(&here.hosts)).unwrap_or_default())
    }

    fn inquiries(&self, cx: &Cx<'_>) -> Result<Vec<Inquiry>, KeyError> {
        match (Here::of(cx, self.kind)?, cx.pass) {
            (Some(here), Some(pass)) => contact::inquiries::<W>(&here, pass),
            _ => Ok(Vec::new()),
        }
    }

    fn inquired(&self, code: &str, heard: &Heard) -> Finding {
        contact::inquired::<W>(code, heard)
    }

    fn services(&self) -> Option<&dyn Services> {
        W::SERVICES
    }
}

#[cfg(test)]
mod tests;
