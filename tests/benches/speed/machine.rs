//! The machine the figures are of, as far as Linux tells it.

use std::fs::read_to_string;
use std::path::Path;
use std::thread::available_parallelism;

/// One line: processor, cores, the disk's file system, and how busy the machine was before and is now.
pub fn describe(folder: &Path, load_before: Option<String>) -> String {
    let cores = available_parallelism().map_or(1, |n| n.get());
    let mut words = vec![
        processor().unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
        format!("{cores} cores"),
        std::env::consts::OS.to_owned(),
    ];
    words.extend(file_system(folder));
    if let (Some(before), Some(now)) = (load_before, load()) {
        words.push(format!("load {before} before, {now} after"));
    }
    words.join(", ")
}

/// Processes that ran or waited to, on the average of the last minute.
pub fn load() -> Option<String> {
    read_to_string("/proc/loadavg").ok()?.split(' ').next().map(str::to_owned)
}

fn processor() -> Option<String> {
    let text = read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// That of the longest mount point above the folder.
fn file_system(folder: &Path) -> Option<String> {
    let mounts = read_to_string("/proc/self/mounts").ok()?;
    let above = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        let (point, kind) = (words.next()?, words.next()?);
        folder.starts_with(point).then(|| (point.len(), kind.to_owned()))
    });
    above.max().map(|(_, kind)| kind)
}

/// Megabytes of this process in memory.
pub fn resident() -> Option<f64> {
    status("VmRSS:")
}

/// The most of them there ever were.
pub fn most_resident() -> Option<f64> {
    status("VmHWM:")
}

fn status(line: &str) -> Option<f64> {
    let status = read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|said| said.strip_prefix(line))?;
    line.split_ascii_whitespace().next()?.parse::<f64>().ok().map(|kilobytes| kilobytes / 1024.0)
}

/// What this process has read, wherever it came from.
#[derive(Clone, Copy)]
pub struct Read {
    pub calls: u64,
    pub bytes: u64,
}

impl Read {
    pub fn less(self, before: Read) -> Read {
        Read {
            calls: self.calls.saturating_sub(before.calls),
            bytes: self.bytes.saturating_sub(before.bytes),
        }
    }
}

/// Of the whole process. A call of the executor's own, to wake itself, counts too, and reads eight bytes.
pub fn read() -> Option<Read> {
    read_by("/proc/self/io")
}

/// Of the thread that asks.
pub fn read_here() -> Option<Read> {
    read_by("/proc/thread-self/io")
}

fn read_by(counters: &str) -> Option<Read> {
    let io = read_to_string(counters).ok()?;
    let of = |name: &str| io.lines().find_map(|line| line.strip_prefix(name))?.trim().parse().ok();
    Some(Read { calls: of("syscr:")?, bytes: of("rchar:")? })
}
