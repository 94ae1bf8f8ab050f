//! Native notifications: what a person must know while nobody looks at the window. No cause is said twice.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use tauri::{AppHandle, Manager};
use tauri_plugin_notification::NotificationExt;
use timbre_agent::view::{Mood, PushView, Sentence};

use crate::words;

/// A cause that was gone for so long is new when it is back.
const FORGOTTEN: Duration = Duration::from_secs(12 * 3600);

/// What was said already.
#[derive(Debug, Default)]
pub struct Alarms {
    /// The causes, and when each last stood.
    said: BTreeMap<String, SystemTime>,
    /// When a sentence was last heard.
    heard: Option<SystemTime>,
}

impl Alarms {
    /// Says what is new in a push. Where the window has the focus it is read there.
    pub fn hear(&mut self, app: &AppHandle, push: &PushView, now: SystemTime) {
        let sentence = self.news(&push.snapshot.sentence, now, push.warnings.is_empty());
        // The engine says each term once.
        let terms = push.warnings.iter().map(|warning| warning.text.clone());
        let all: Vec<_> = sentence.into_iter().chain(terms).collect();
        if all.is_empty() {
            return;
        }
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

    /// A sentence with something that a person must act on, unless all of it was said. Once all is well again, or
    /// after [`FORGOTTEN`], a cause is new. A term has none; but the engine may have warned of one that was over before
    /// anybody listened, and the first sentence tells of that, where it comes with no warning.
    fn news(&mut self, sentence: &Sentence, now: SystemTime, unwarned: bool) -> Option<String> {
        let of_term = sentence.causes.is_empty() && sentence.mood >= Mood::Attention;
        let mut news = self.heard.is_none() && unwarned && of_term;
        let before = self.heard.replace(now);
        if sentence.mood == Mood::Calm {
            self.said.clear();
        }
        let long_gone = |at| now.duration_since(at).is_ok_and(|gone| gone >= FORGOTTEN);
        // What stood when last heard has stood until now.
        self.said.retain(|_, at| Some(*at) == before || !long_gone(*at));
        for cause in &sentence.causes {
            news |= self.said.insert(cause.clone(), now).is_none();
        }
        news.then(|| sentence.text.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    /// Whether a sentence with these causes is said, so many hours after the beginning.
    fn heard(alarms: &mut Alarms, hours: u32, mood: Mood, causes: &[&str]) -> bool {
        let causes = causes.iter().map(|cause| (*cause).to_owned()).collect();
        let sentence = Sentence { mood, text: "Así está".to_owned(), causes };
        alarms.news(&sentence, SystemTime::UNIX_EPOCH + HOUR * hours, true).is_some()
    }

    #[test]
    fn a_term_that_was_over_before_anybody_listened_is_told_by_the_first_sentence() {
        let over =
            Sentence { mood: Mood::Attention, text: "Se pasó el plazo".to_owned(), causes: Vec::new() };
        let mut alarms = Alarms::default();
        assert_eq!(alarms.news(&over, SystemTime::UNIX_EPOCH, true), Some(over.text.clone()));
        assert_eq!(alarms.news(&over, SystemTime::UNIX_EPOCH, true), None);
        assert_eq!(
            Alarms::default().news(&over, SystemTime::UNIX_EPOCH, false),
            None,
            "its warning is there"
        );
        let calm = Sentence { mood: Mood::Calm, ..over };
        assert_eq!(Alarms::default().news(&calm, SystemTime::UNIX_EPOCH, true), None);
    }

    #[test]
    fn no_cause_is_said_twice_until_all_was_well() {
        let mut alarms = Alarms::default();
        let mut hear = |mood, causes: &[&str]| heard(&mut alarms, 0, mood, causes);
        assert!(!hear(Mood::Waiting, &[]));
        assert!(hear(Mood::Attention, &["problem"]));
        assert!(!hear(Mood::Attention, &["problem"]), "another count");
        assert!(hear(Mood::Stopped, &["disk"]));
        assert!(!hear(Mood::Attention, &["problem"]), "it never was well meanwhile");
        assert!(hear(Mood::Attention, &["problem", "folios 39"]), "what stands beside it is new");
        assert!(!hear(Mood::Attention, &["folios 39"]), "it was said beside the other");
        assert!(!hear(Mood::Waiting, &[]));
        assert!(!hear(Mood::Stopped, &["disk"]));
        assert!(!hear(Mood::Calm, &[]));
        assert!(hear(Mood::Attention, &["problem"]));
    }

    #[test]
    fn a_cause_that_is_back_after_half_a_day_is_said_though_another_stood_all_the_time() {
        let mut alarms = Alarms::default();
        let mut hear = |hours, causes: &[&str]| heard(&mut alarms, hours, Mood::Attention, causes);
        assert!(hear(0, &["to annul"]));
        assert!(hear(1, &["no folios", "to annul"]));
        assert!(!hear(2, &["to annul"]));
        assert!(!hear(12, &["no folios", "to annul"]), "it comes and goes");
        assert!(!hear(13, &["to annul"]));
        assert!(hear(24, &["no folios", "to annul"]));
        assert!(!hear(48, &["no folios", "to annul"]), "both have stood meanwhile");
        assert!(!hear(49, &["to annul"]));
        assert!(!hear(50, &["to annul"]));
        assert!(hear(100, &["no folios", "to annul"]), "a machine that slept");
    }
}
