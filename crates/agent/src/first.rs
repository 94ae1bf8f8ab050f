//! The first number of a range, asked about before the range is used: numbers that another system has
//! used up are known to the authority, and a second document under one of them would be refused.

use std::time::Duration;

use timbre_core::{Environment, Heard, Issuer, KeyError, Refusal, Remark, Series, Step, thousands};

use crate::engine::Agent;

/// A person waits: longer than this they are told that nobody answered.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came of asking.
pub(crate) enum First {
    /// The authority does not know it; or it is practice, where nobody else has numbers.
    Free,
    Taken(Remark),
    /// It could not be asked, and why.
    Unasked(String),
}

impl Agent {
    pub(crate) async fn ask_first(&self, issuer: &Issuer, series: &Series, number: u64) -> First {
        match issuer.environment {
            Environment::Training => First::Free,
            _ => self.ask_number_of(issuer, series, number).await,
        }
    }

    /// The same of any number, in training too: a copy of the folder may have used it.
    pub(crate) async fn ask_number_of(&self, issuer: &Issuer, series: &Series, number: u64) -> First {
        if let Err(error) = self.0.custody.certificate() {
            return First::Unasked(error.refusal().message);
        }
        let asked = tokio::time::timeout(PATIENCE, self.ask(issuer, series, number)).await;
        match asked.unwrap_or_else(|_| Err("nadie respondió a tiempo".to_owned())) {
            Ok(None) => First::Free,
            Ok(Some(why)) => First::Taken(why),
            Err(why) => First::Unasked(why),
        }
    }

    async fn ask(&self, issuer: &Issuer, series: &Series, number: u64) -> Result<Option<Remark>, String> {
        let sender = &self.0.sender;
        let told = |error: KeyError| error.refusal().message;
        // As any request of the sender's: no more of them at once than there are workers.
        let _turn = sender.permits.acquire().await.map_err(|error| error.to_string())?;
        for id in sender.channels() {
            let channel = sender.channel(&id);
            let open = channel.ask_number(series, number, &sender.cx(issuer, None)).map_err(told)?;
            if matches!(open, Step::Done(_)) {
                continue; // not of this channel
            }
            let mut renewed = false;
            loop {
                let pass = sender.pass(&id).await.map_err(|error| error.to_string())?;
                let pass = pass.ok_or("no se pudo abrir la sesión")?;
                let step =
                    channel.ask_number(series, number, &sender.cx(issuer, Some(&pass))).map_err(told)?;
                let Step::Ask(request, ..) = step else { break };
                let heard = sender.carry(&id, &request).await;
                let answer = channel.number_taken(&heard);
                // What was answered and decides nothing may be about the pass: it may have grown old.
                if renewed || answer.is_ok() || !matches!(heard, Heard::Reply { .. }) {
                    return answer;
                }
                renewed = true;
                sender.forget_pass(&id, &pass);
            }
        }
        Err("no hay a quién".to_owned())
    }
}

/// The refusal of a range whose first number is taken.
pub(crate) fn taken(authority: &str, number: u64, why: &Remark) -> Refusal {
    let number = thousands(number);
    Refusal::new(
        "first-number-taken",
        "used_up_to",
        format!(
            "El {authority} ya conoce el folio {number} ({}: {}). No se cargó, para no repetirlo. Si otro sistema \
             usó folios de este rango, cárguelo diciendo cuál fue el último.",
            why.code, why.meaning
        ),
    )
}

/// What a person is told of the first number of a range that is loaded already.
pub(crate) fn taken_since(authority: &str, number: u64, why: &Remark) -> Refusal {
    let number = thousands(number);
    Refusal::new(
        "first-number-taken",
        "used_up_to",
        format!(
            "El {authority} ya conoce el folio {number} ({}: {}): otro sistema usó folios de este rango. Deténgalo \
             antes de emitir, en Folios.",
            why.code, why.meaning
        ),
    )
}

/// What a person is told when nobody could be asked.
pub(crate) fn unasked(authority: &str, number: u64, why: &str) -> Refusal {
    let number = thousands(number);
    let why = why.trim_end_matches('.');
    Refusal::new(
        "first-number-unasked",
        "used_up_to",
        format!(
            "No se pudo preguntar al {authority} si ya conoce el folio {number} ({why}): revíselo en su sitio \
             antes de emitir con este rango."
        ),
    )
}
