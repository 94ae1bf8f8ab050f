//! Native notifications: what a person must know while nobody looks at the window. No cause is said twice.

use std::collections::BTreeSet;

use tauri::{AppHandle, Manager};
use tauri_plugin_notification::NotificationExt;
use timbre_agent::view::{Mood, PushView, Sentence};

use crate::words;

/// What was said already.
#[derive(Debug, Default)]
pub struct Alarms(BTreeSet<String>);

impl Alarms {
    /// Says what is new in a push. Where the window has the focus it is read there.
    pub fn hear(&mut self, app: &AppHandle, push: &PushView) {
        let sentence = self.news(&push.snapshot.sentence);
        // The engine says each term once.
        let terms = push.warnings.iter().map(|warning| warning.text.clone());
        let all: Vec<_> = sentence.into_iter().chain(terms).collect();
        let seen = app.webview_windows().values().any(|window| window.is_focused().unwrap_or(false));
        if seen {
            return;
        }
        for text in all {
            let shown = app.notification().builder().title(words::TIMBRE).body(text).show();
            if let Err(error) = shown {
                // A desktop without notifications is no fault; the tray and the window say it.
                tracing::warn!(%error, "a notification can't be shown");
            }
        }
    }

    /// A sentence that a person must act on, unless its cause was said: another count is no other cause. Once
    /// all is well again the next one is new.
    fn news(&mut self, sentence: &Sentence) -> Option<String> {
        match sentence.mood {
            Mood::Calm => {
                self.0.clear();
                None
            }
            Mood::Waiting => None,
            Mood::Attention | Mood::Stopped => {
                let cause: String = sentence.text.chars().filter(|c| c.is_alphabetic()).collect();
                self.0.insert(cause).then(|| sentence.text.clone())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cause_is_said_twice_until_all_was_well() {
        let mut alarms = Alarms::default();
        let mut hear = |mood, text: &str| alarms.news(&Sentence { mood, text: text.to_owned() }).is_some();
        assert!(!hear(Mood::Waiting, "Sin internet: puede seguir vendiendo. 3 por enviar"));
        assert!(hear(Mood::Attention, "2 documentos necesitan su atención"));
        assert!(!hear(Mood::Attention, "3 documentos necesitan su atención"), "another count");
        assert!(hear(Mood::Stopped, "Detenido: el disco está lleno"));
        assert!(!hear(Mood::Attention, "2 documentos necesitan su atención"), "it never was well meanwhile");
        assert!(!hear(Mood::Waiting, "El envío está detenido. 3 por enviar"));
        assert!(!hear(Mood::Stopped, "Detenido: el disco está lleno"));
        assert!(!hear(Mood::Calm, "Todo al día"));
        assert!(hear(Mood::Attention, "2 documentos necesitan su atención"));
    }
}
