//! Where the window was, so that it opens there again. Without it the window opens as it is configured.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tauri::{LogicalSize, Manager, PhysicalPosition, Runtime, WebviewWindow, Window};

/// Smaller than this no window was left by a person.
const LEAST: (f64, f64) = (400.0, 300.0);

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Place {
    width: f64,
    height: f64,
    x: i32,
    y: i32,
    maximized: bool,
}

impl Place {
    fn is_sane(&self) -> bool {
        self.width >= LEAST.0 && self.height >= LEAST.1
    }
}

fn file<R: Runtime>(app: &impl Manager<R>) -> Option<PathBuf> {
    Some(app.path().app_config_dir().ok()?.join("window.json"))
}

/// Remembers where it is, as it closes or goes to the tray; where it is minimised, where it was before.
pub fn keep(window: &Window) {
    let read = || -> tauri::Result<Option<Place>> {
        if window.is_minimized()? {
            return Ok(None);
        }
        let size = window.inner_size()?.to_logical::<f64>(window.scale_factor()?);
        let at = window.outer_position()?;
        let maximized = window.is_maximized()?;
        Ok(Some(Place { width: size.width, height: size.height, x: at.x, y: at.y, maximized }))
    };
    let kept = read().map_err(|error| error.to_string()).and_then(|place| {
        let Some((file, place)) = file(window).zip(place) else { return Ok(()) };
        let text = serde_json::to_vec(&place).map_err(|error| error.to_string())?;
        let folder = file.parent().map_or(Ok(()), std::fs::create_dir_all);
        folder.and_then(|()| std::fs::write(&file, text)).map_err(|error| error.to_string())
    });
    if let Err(error) = kept {
        tracing::warn!(%error, "where the window was is not remembered");
    }
}

/// Puts it where it was; not where no screen is any more.
pub fn restore(window: &WebviewWindow) -> tauri::Result<()> {
    let read = file(window).and_then(|file| std::fs::read(file).ok());
    // A file that is cut or of another version is as good as none.
    let Some(place) = read.and_then(|text| serde_json::from_slice::<Place>(&text).ok()) else {
        return Ok(());
    };
    if !place.is_sane() {
        return Ok(());
    }
    window.set_size(LogicalSize::new(place.width, place.height))?;
    let on_a_screen = window.available_monitors()?.iter().any(|screen| {
        let (at, size) = (screen.position(), screen.size());
        let within =
            |n: i32, from: i32, long: u32| n >= from && i64::from(n) < i64::from(from) + i64::from(long);
        within(place.x, at.x, size.width) && within(place.y, at.y, size.height)
    });
    if on_a_screen {
        window.set_position(PhysicalPosition::new(place.x, place.y))?;
    }
    if place.maximized {
        window.maximize()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_that_was_left_as_nothing_is_not_opened_so() {
        let left = Place { width: 1180.0, height: 760.0, x: -8, y: 40, maximized: false };
        assert!(left.is_sane());
        assert!(!Place { width: 0.0, ..left }.is_sane());
        assert!(!Place { height: 20.0, ..left }.is_sane());
    }
}
