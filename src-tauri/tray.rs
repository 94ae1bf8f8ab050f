//! The tray: how it stands at a glance, with the window or without it. Where there is no tray Timbre has none, and
//! closing the window closes it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use tauri::image::Image;
use tauri::menu::{Menu, MenuItem, PredefinedMenuItem};
use tauri::tray::{TrayIcon, TrayIconBuilder};
use tauri::{AppHandle, Manager, Wry};
use timbre_agent::Agent;
use timbre_agent::view::{Mood, Snapshot};

use crate::{window, words};

/// Pixels of the icon's side.
const SIDE: u32 = 32;

/// The tray with what it last said.
pub struct Tray {
    icon: TrayIcon,
    sentence: MenuItem<Wry>,
    waiting: MenuItem<Wry>,
    said: Mutex<Option<(Mood, String, u64)>>,
}

/// Puts the icon into the tray. A desktop without one is no fault.
pub fn open(app: &AppHandle) -> tauri::Result<()> {
    let sentence = MenuItem::with_id(app, "sentence", words::TIMBRE, false, None::<&str>)?;
    let waiting = MenuItem::with_id(app, "waiting", words::to_send(0), false, None::<&str>)?;
    let show = MenuItem::with_id(app, "show", words::OPEN, true, None::<&str>)?;
    let quit = MenuItem::with_id(app, "quit", words::CLOSE, true, None::<&str>)?;
    let (above, below) = (PredefinedMenuItem::separator(app)?, PredefinedMenuItem::separator(app)?);
    let menu = Menu::with_items(app, &[&sentence, &waiting, &above, &show, &below, &quit])?;
    let builder =
        TrayIconBuilder::new().menu(&menu).icon(drawn(Mood::Calm)).tooltip(words::TIMBRE).on_menu_event(
            |app, event| match event.id().as_ref() {
                "show" => window::show_again(app),
                "quit" => window::ask_to_quit(app),
                _ => {}
            },
        );
    // On Linux the library of trays is looked for only now, and not finding it panics.
    match catch_unwind(AssertUnwindSafe(|| builder.build(app))) {
        Ok(Ok(icon)) => {
            app.manage(Tray { icon, sentence, waiting, said: Mutex::default() });
        }
        Ok(Err(error)) => tracing::warn!(%error, "there is no tray"),
        Err(_) => tracing::warn!("this desktop has no library for a tray"),
    }
    Ok(())
}

/// Says how it stands; nothing is done while nothing changed.
pub fn tell(app: &AppHandle, snapshot: &Snapshot) {
    let Some(tray) = app.try_state::<Tray>() else { return };
    let counters = snapshot.counters;
    let now = (snapshot.sentence.mood, snapshot.sentence.text.clone(), counters.queued + counters.sending);
    let before = {
        let mut said = tray.said.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if said.as_ref() == Some(&now) {
            return;
        }
        said.replace(now.clone())
    };
    let (mood, text, waiting) = now;
    let count = words::to_send(waiting);
    let icon = (before.map(|(mood, ..)| mood) != Some(mood)).then(|| drawn(mood));
    let told = tray
        .sentence
        .set_text(&text)
        .and_then(|()| tray.waiting.set_text(&count))
        .and_then(|()| tray.icon.set_tooltip(Some(words::tip(&text))))
        .and_then(|()| icon.map_or(Ok(()), |icon| tray.icon.set_icon(Some(icon))));
    if let Err(error) = told {
        tracing::warn!(%error, "the tray could not be told");
    }
}

/// Whether the window may close and the agent stay within reach.
pub fn is_there(app: &AppHandle) -> bool {
    app.try_state::<Tray>().is_some()
}

/// The count of what is to be sent, for who closes the window.
pub fn waiting(agent: &Agent) -> u64 {
    let stats = agent.stats();
    stats.queued + stats.pending + stats.sending + stats.verifying
}

/// A stamp's round mark: whole when all is well, a ring when something waits, a bar across it when a person must
/// act, a square when nothing can be issued.
fn drawn(mood: Mood) -> Image<'static> {
    let colour = match mood {
        Mood::Calm => [0x1f, 0x3a, 0x8a, 0xff],
        Mood::Waiting => [0xea, 0x8a, 0x0c, 0xff],
        Mood::Attention => [0xc0, 0x26, 0x7d, 0xff],
        Mood::Stopped => [0xd9, 0x2d, 0x2d, 0xff],
    };
    let filled = |x: f32, y: f32| {
        let far = x.hypot(y);
        match mood {
            Mood::Calm => far < 13.0,
            Mood::Waiting => (7.5..13.0).contains(&far),
            Mood::Attention => far < 13.0 && y.abs() > 2.0,
            Mood::Stopped => x.abs().max(y.abs()) < 11.5,
        }
    };
    let centre = 15.5_f32;
    let place = |n: u32| f32::from(u16::try_from(n).unwrap_or_default()) - centre;
    let pixels = (0..SIDE * SIDE)
        .flat_map(|at| if filled(place(at % SIDE), place(at / SIDE)) { colour } else { [0; 4] });
    Image::new_owned(pixels.collect(), SIDE, SIDE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mood_has_a_shape_of_its_own() {
        let shape = |mood| drawn(mood).rgba().chunks(4).map(|pixel| pixel[3] > 0).collect::<Vec<_>>();
        let shapes = [Mood::Calm, Mood::Waiting, Mood::Attention, Mood::Stopped].map(shape);
        for (i, one) in shapes.iter().enumerate() {
            assert!(one.iter().any(|filled| *filled), "{i} is seen");
            assert!(shapes.iter().skip(i + 1).all(|other| other != one), "{i} is unlike the others");
        }
    }
}
