//! The program's own log: a file a day in the folder's `logs/`, the oldest thrown away. No document,
//! password, token or key is ever written there.

use std::path::Path;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;

/// How many days are kept.
const DAYS: usize = 14;

/// Writes lines from a thread of its own until it is dropped; a full disk loses lines, not sales.
pub struct Log {
    _guard: WorkerGuard,
}

/// Starts the log of a folder, at the level of `TIMBRE_LOG` (`info` without it). `None` when it
/// can't be written, or when the program has a log already.
pub fn start(dir: &Path) -> Option<Log> {
    let folder = dir.join("logs");
    std::fs::create_dir_all(&folder).ok()?;
    let files = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("timbre")
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(folder)
        .ok()?;
    let (writer, guard) = tracing_appender::non_blocking(files);
    let filter = EnvFilter::try_from_env("TIMBRE_LOG").unwrap_or_else(|_| EnvFilter::new("info,sled=warn"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(writer);
    log.try_init().ok()?;
    Some(Log { _guard: guard })
}
