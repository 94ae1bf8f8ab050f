//! The program itself: how soon `timbre serve` answers on an empty folder, and what memory it holds at rest. The
//! binary is `TIMBRE_BIN`, or the one built beside this bench.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use timbre_app::Address;

use crate::Done;
use crate::table::Figure;
use crate::yardstick::median;

const STARTS: usize = 11;
/// Memory is at rest when it is the same for so long.
const REST: Duration = Duration::from_secs(2);

pub fn measure(folder: &Path) -> Done<Vec<Figure>> {
    let Some(program) = program() else {
        eprintln!("speed: no timbre beside this bench (set TIMBRE_BIN): its start is not measured");
        return Ok(Vec::new());
    };
    let mut seen = Vec::new();
    for n in 0..STARTS {
        seen.push(Served::start(&program, &folder.join(n.to_string()))?.1);
    }
    let start = Figure::time("timbre serve, until it answers", median(&seen)).at_most(300.0);
    let (served, _) = Served::start(&program, &folder.join("rest"))?;
    Ok([Some(start), served.memory().map(|mb| Figure::megabytes("its memory at rest", mb).at_most(80.0))]
        .into_iter()
        .flatten()
        .collect())
}

fn program() -> Option<PathBuf> {
    let beside = || Some(std::env::current_exe().ok()?.parent()?.parent()?.join("timbre"));
    let path = std::env::var_os("TIMBRE_BIN").map(PathBuf::from).or_else(beside)?;
    let path = path.with_extension(std::env::consts::EXE_EXTENSION);
    path.is_file().then_some(path)
}

/// An agent of our own, ended when it is dropped.
struct Served(Child);

impl Served {
    /// Starts it on a new folder; how long it took until its API answered.
    fn start(program: &Path, folder: &Path) -> Done<(Served, Duration)> {
        let begun = Instant::now();
        let child = Command::new(program)
            .arg("--data")
            .arg(folder)
            .args(["serve", "--port", "0", "--json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut served = Served(child);
        let out = served.0.stdout.take().ok_or("its output is a pipe")?;
        BufReader::new(out).read_line(&mut String::new())?;
        let address = timbre_app::find(folder)?.ok_or("it does not say where it is")?;
        answers(&address)?;
        Ok((served, begun.elapsed()))
    }

    /// Megabytes in memory once they no longer change; only Linux tells.
    fn memory(&self) -> Option<f64> {
        let mut before = self.resident()?;
        loop {
            sleep(REST);
            match self.resident()? {
                same if same == before => return Some(same as f64 / 1024.0),
                other => before = other,
            }
        }
    }

    fn resident(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_ascii_whitespace().next()?.parse().ok()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn answers(address: &Address) -> Done<()> {
    let host = address.base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host)?;
    let token = &address.token;
    write!(
        stream,
        "GET /v1/health HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.starts_with("HTTP/1.1 200 ") {
        true => Ok(()),
        false => Err(format!("it answers {}", answer.lines().next().unwrap_or_default()).into()),
    }
}
