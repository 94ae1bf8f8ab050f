//! Passes: one per channel, in memory only, asked for by one task at a time.

use std::sync::atomic::Ordering;
use std::time::Duration;

use timbre_core::{ChannelId, Heard, Pass, Remark, Request, Scope, Step, Verdict};
use timbre_store::Fact;

use crate::clock::later;
use crate::conversation::TalkError;
use crate::line::{Asked, Trouble};
use crate::sender::{Class, LastAnswer, Sender, lock};
use crate::signing;

/// So many of the authority's own errors in a row, or pages that are no answer, are a line that is down: each document
/// in doubt would go on asking otherwise.
const ERRORS: u32 = 3;

/// Why a line is down that answers with pages.
const PAGE: &str =
    "responde una página web que no es del servicio; puede que la red pida algo antes de dejar salir";

/// How far a login goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Login {
    /// To a pass.
    Whole,
    /// To the first good answer; to a pass where that is all there is to it.
    FirstAnswer,
}

impl Sender {
    /// A pass for the channel: the one in memory, or a new one. `None` when there is none to be
    /// had now; the line then says why. Whoever comes second waits for the first one's login, and for
    /// nothing more when the line went down over it: another login would tell the same, and who waited
    /// behind would leave before.
    pub(crate) async fn pass(&self, channel: &ChannelId) -> Result<Option<Pass>, TalkError> {
        let was_open = self.is_open(channel, Asked::Login);
        let _turn = self.turn(channel).lock().await;
        loop {
            if let Some(pass) = self.pass_in_memory(channel) {
                return Ok(Some(pass));
            }
            if was_open && !self.is_open(channel, Asked::Login) {
                return Ok(None);
            }
            let generation = self.generation.load(Ordering::SeqCst);
            let pass = match self.login(channel, Login::Whole).await {
                // Nothing to sign with: looked at again as a line is, not at every turn of the loop.
                Err(TalkError::Key(error)) => {
                    self.line_failed(channel, Asked::Login, &error.to_string()).await;
                    None
                }
                outcome => outcome?,
            };
            let mut passes = lock(&self.passes);
            // Keys or company changed meanwhile: whatever came of it was about the old ones.
            if generation == self.generation.load(Ordering::SeqCst) {
                passes.extend(pass.clone().map(|pass| (channel.clone(), pass)));
                return Ok(pass);
            }
        }
    }

    /// Looks whether a line that was down lets something through: by a login where there is no pass, else by
    /// the first thing that a login asks, for a pass that nobody refused is not asked for twice.
    pub(crate) async fn look_at(&self, channel: &ChannelId) -> Result<(), TalkError> {
        if self.pass_in_memory(channel).is_none() {
            return self.pass(channel).await.map(drop);
        }
        let _turn = self.turn(channel).lock().await;
        let generation = self.generation.load(Ordering::SeqCst);
        let pass = self.login(channel, Login::FirstAnswer).await?;
        if let Some(pass) = pass.filter(|_| generation == self.generation.load(Ordering::SeqCst)) {
            lock(&self.passes).insert(channel.clone(), pass);
        }
        Ok(())
    }

    /// The same for work that was begun on an open line: when it went down meanwhile nobody logs in for it.
    pub(crate) async fn pass_for_work(
        &self,
        channel: &ChannelId,
        asked: Asked,
    ) -> Result<Option<Pass>, TalkError> {
        match self.pass_in_memory(channel) {
            None if !self.is_open(channel, asked) => Ok(None),
            _ => self.pass(channel).await,
        }
    }

    /// Never waits for a login in course: what was heard is written at once.
    pub(crate) fn pass_in_memory(&self, channel: &ChannelId) -> Option<Pass> {
        lock(&self.passes).get(channel).cloned()
    }

    /// Forgets the pass that was `used`; one that another task has renewed since is kept.
    pub(crate) fn forget_pass(&self, channel: &ChannelId, used: &Pass) {
        let mut passes = lock(&self.passes);
        if passes.get(channel).is_some_and(|kept| kept.expose() == used.expose()) {
            passes.remove(channel);
        }
    }

    /// A pass just given was refused: nothing will pass until something is mended.
    pub(crate) async fn refuse_pass(&self, channel: &ChannelId, asked: Asked) {
        let why = Remark::ours(
            "session",
            "No se acepta la sesión recién abierta. Revise que el certificado tenga permiso para enviar \
             por esta empresa.",
        );
        // A right may be granted at any moment: the pauses are the line's own, which begin short and grow.
        let retry_at = self.now();
        self.trouble(channel, asked, Trouble::Lasting { why, retry_at }).await;
    }

    /// May a login or an envelope be signed today? Where not, the line says why, and a person must
    /// load another certificate: the authority would only refuse what this one signs.
    pub(crate) async fn may_sign(&self, channel: &ChannelId, asked: Asked) -> Result<bool, TalkError> {
        let certificate = self.parts.keys.certificate()?;
        let Err(fault) = signing::certificate(Ok(certificate), self.now(), self.zone()) else {
            return Ok(true);
        };
        let why = Remark::ours(fault.code, fault.message);
        let retry_at = later(self.now(), self.settings().retry_cap);
        self.trouble(channel, asked, Trouble::Lasting { why, retry_at }).await;
        Ok(false)
    }

    async fn login(&self, id: &ChannelId, login: Login) -> Result<Option<Pass>, TalkError> {
        let channel = self.channel(id);
        let issuer = self.issuer()?;
        if !self.may_sign(id, Asked::Login).await? {
            return Ok(None);
        }
        let mut step = channel.login(&self.cx(&issuer, None))?;
        let failure = loop {
            match step {
                Step::Ask(request, state, _) => {
                    let (heard, _) = self.ask(id, &request).await?;
                    if let Heard::Nothing { why, .. } = heard {
                        break why;
                    }
                    step = channel.resume(state, heard, &[], &self.cx(&issuer, None))?;
                    if login == Login::FirstAnswer && matches!(step, Step::Ask(..)) {
                        self.logged_in(id).await;
                        return Ok(None);
                    }
                }
                Step::Granted(pass) => {
                    self.logged_in(id).await;
                    self.say_login(id, true, String::new()).await;
                    return Ok(Some(pass));
                }
                Step::Wait(..) | Step::Stale(_) => {
                    break "todavía no da una sesión".to_owned();
                }
                Step::Done(reports) => {
                    let mut said = None;
                    for report in reports {
                        match report.verdict {
                            Verdict::Refused { scope: Scope::Channel, why, retry_at } => {
                                self.say_login(id, false, why.meaning.clone()).await;
                                self.trouble(id, Asked::Login, Trouble::Lasting { why, retry_at }).await;
                                return Ok(None);
                            }
                            Verdict::Refused { scope: Scope::ChannelForNow, why, retry_at } => {
                                let (why, retry_at) =
                                    (why.meaning, Some(retry_at.min(self.longest_rest(id))));
                                self.trouble(id, Asked::Login, Trouble::Passing { why, retry_at }).await;
                                return Ok(None);
                            }
                            Verdict::Refused { why, .. } => said = Some(why.meaning),
                            Verdict::Unknown { why } => said = Some(why),
                            _ => {}
                        }
                    }
                    break said.unwrap_or_else(|| "la sesión no se pudo abrir".to_owned());
                }
            }
        };
        self.line_failed(id, Asked::Login, &failure).await;
        Ok(None)
    }

    async fn say_login(&self, channel: &ChannelId, ok: bool, why: String) {
        let fact = Fact::Login { channel: channel.clone(), ok, why };
        if let Err(error) = self.writer().commit(vec![fact]).await {
            tracing::error!(%error, "a login can't be written");
        }
    }

    /// A request that nothing was heard of means that the line is down. What the panel shows of it.
    pub(crate) async fn observe(
        &self,
        channel: &ChannelId,
        request: &Request,
        heard: &Heard,
        took: Duration,
    ) -> Result<(), TalkError> {
        let (class, text) = match heard {
            Heard::Reply { status, .. } => (Class::of(*status), format!("HTTP {status}")),
            Heard::Nothing { why, .. } => (Class::Silent, why.clone()),
            Heard::Elapsed => return Ok(()),
        };
        let ok = class == Class::Ok;
        tracing::debug!(what = request.what, ok, text, took_ms = took.as_millis() as u64, "answer");
        self.remember(LastAnswer { at: self.now(), what: request.what, ok, took, text }, class);
        if let Heard::Nothing { why, .. } = heard {
            self.line_failed(channel, Asked::of(request), why).await;
        }
        if let Heard::Reply { status, .. } = heard
            && self.in_trouble(channel, *status >= 500, heard.is_page(), Asked::of(request))
        {
            let why = match *status >= 500 {
                true => format!("responde con errores (HTTP {status})"),
                false => PAGE.to_owned(),
            };
            self.line_failed(channel, Asked::of(request), &why).await;
        }
        Ok(())
    }

    /// Is that one error of the authority's own, or one page, too many in a row? One alone may be about what was
    /// asked, and holds nobody else; but a line that is half open is tried by one. (A page may also tell a delivery
    /// that its pass is too old.)
    fn in_trouble(&self, channel: &ChannelId, error: bool, page: bool, asked: Asked) -> bool {
        let in_a_row = {
            let mut errors = lock(&self.errors);
            let in_a_row = errors.entry((channel.clone(), asked)).or_default();
            *in_a_row = if error || page { in_a_row.saturating_add(1) } else { 0 };
            *in_a_row
        };
        let counts = error || (page && asked == Asked::Question);
        in_a_row >= ERRORS || counts && self.is_tried(channel, asked)
    }
}
