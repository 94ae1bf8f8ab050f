//! What a till says that it was given last from this folder. Where the journal does not know it the folder is an older
//! copy: issuing locks before a folio is taken (reliability.md 5.3, layer 2).

use timbre_core::{DocumentId, Refusal, Refusals, Series, thousands};
use timbre_store::{Fact, Heard, Row, Said, StoreError};

use crate::engine::{Agent, Answer};

/// The header in which a till says it.
pub const LAST_SEEN: &str = "Timbre-Last-Seen";

/// What a till said that locks nothing.
#[derive(Default)]
pub(crate) struct Word {
    warnings: Vec<Refusal>,
    /// Of no range that was ever loaded.
    outside: Vec<(Series, Refusal)>,
}

impl Word {
    /// What it means for a sale of this series. A folio of no range refuses it where it is of that series, and stops nobody
    /// else: of another one it says nothing about the folios that this sale may take.
    pub(crate) fn about(self, series: &Series) -> Result<Vec<Refusal>, Refusals> {
        let (own, others): (Vec<_>, Vec<_>) = self.outside.into_iter().partition(|(of, _)| of == series);
        if !own.is_empty() {
            return Err(Refusals(own.into_iter().map(|(_, refusal)| refusal).collect()));
        }
        Ok(self.warnings.into_iter().chain(others.into_iter().map(|(_, warning)| warning)).collect())
    }
}

impl Agent {
    /// Hears the word of a till. What only this till believes in, after a person looked, is a warning: a till that errs
    /// stops a shop once.
    pub(crate) async fn hear(&self, till: &str, seen: &[DocumentId]) -> Answer<Word> {
        let (mut said, mut word): (Vec<Said>, Word) = Default::default();
        for id in seen {
            match self.0.reader.hear(till, id) {
                Heard::Known => {}
                Heard::Outside => word.outside.push((id.series.clone(), self.outside(id))),
                Heard::News(news) => said.push(news),
                Heard::Disbelieved => word.warnings.push(self.disbelieved(id)),
            }
        }
        if said.is_empty() {
            return Ok(word);
        }
        // Judged again in the writer: what was sold or decided meanwhile counts.
        let lock = move |reader: &timbre_store::Reader| {
            reader.lock_for(&said).map(Fact::IssuingLocked).into_iter().collect()
        };
        self.0.writer.apply(lock).await?;
        match self.0.reader.locked() {
            Some(locked) => Err(StoreError::Locked(locked).into()),
            None => Ok(word),
        }
    }

    /// A sale that a till may have sent before issuing was unlocked: nothing was answered to it since. The journal can't
    /// know the keys that went with the newer one, and a key tells no time; so what it was given last has to.
    pub(crate) fn maybe_second(&self, till: &str, seen: &[DocumentId], row: &Row) -> Option<Refusal> {
        let reader = &self.0.reader;
        // Most tills say nothing: for them nothing is looked up.
        let last = seen.iter().rfind(|id| id.series == row.id.series)?;
        let unsure = reader.unsure_before()?;
        let is_before = match reader.row(last) {
            Ok(row) => row.is_none_or(|row| row.frame < unsure),
            // The sale is issued, and a till that heard of a failure would send it again.
            Err(error) => {
                tracing::error!(%error, document = %last, "what a till was given last can't be read");
                true
            }
        };
        if !is_before || reader.hear(till, last) != Heard::Known {
            return None;
        }
        let message = format!(
            "Después del último documento que esta caja recibió ({last}) hubo que desbloquear la emisión, o se dañó una parte \
             de lo guardado. Si esta venta se había enviado antes y quedó sin respuesta, puede tener otro documento: \
             búsquelo antes de entregar éste, y anule el que sobre."
        );
        Some(Refusal::new("maybe-second", LAST_SEEN, message))
    }

    fn outside(&self, id: &DocumentId) -> Refusal {
        let message = format!(
            "La caja dice que recibió el folio {} de {}, que no está en ningún rango cargado en esta carpeta. Si la caja \
             recuerda mal (otro ambiente, otro equipo), corrija lo que guarda; si es cierto, la carpeta es una copia \
             antigua: avise a alguien a cargo antes de vender.",
            thousands(id.number),
            self.kind_name(&id.series.0)
        );
        Refusal::new("last-seen-outside", LAST_SEEN, message)
    }

    fn disbelieved(&self, id: &DocumentId) -> Refusal {
        let message = format!(
            "La caja todavía dice que recibió el folio {} de {}; al desbloquear, una persona decidió que no se había usado. \
             Guarde en la caja el documento de esta respuesta.",
            thousands(id.number),
            self.kind_name(&id.series.0)
        );
        Refusal::new("last-seen-disbelieved", LAST_SEEN, message)
    }
}
