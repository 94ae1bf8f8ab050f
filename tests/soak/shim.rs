//! The preloaded shim (`failing.c`): built here, and told what is to fail. Linux only.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::fault;
use crate::fault::Found;
use crate::life::Said;

pub struct Shim {
    folder: TempDir,
}

/// Which calls fail.
#[derive(Debug, Clone, Copy)]
pub struct Fails {
    /// 5 EIO, 28 ENOSPC, 30 EROFS.
    pub errno: i32,
    /// The first one, counted from 1.
    pub from: u64,
    pub once: bool,
}

impl Shim {
    /// `None` where there is nothing to preload into.
    pub fn build() -> Found<Option<Shim>> {
        if !cfg!(target_os = "linux") {
            return Ok(None);
        }
        let shim = Shim { folder: tempfile::tempdir()? };
        let source = shim.folder.path().join("failing.c");
        fs::write(&source, include_str!("failing.c"))?;
        let mut cc = Command::new("cc");
        cc.args(["-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o"])
            .arg(shim.file())
            .arg(source)
            .arg("-ldl");
        let built = cc.output()?;
        if !built.status.success() {
            return fault!("cc: {}", String::from_utf8_lossy(&built.stderr));
        }
        Ok(Some(shim))
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("failing.so")
    }

    /// The environment of a process whose calls below a folder fail like this.
    pub fn said(&self, below: &Path, fails: &Fails) -> Said {
        let mut said = self.always(below, fails.errno);
        said.push(("TIMBRE_FAIL_FROM", fails.from.to_string().into()));
        if fails.once {
            said.push(("TIMBRE_FAIL_ONCE", "1".into()));
        }
        said
    }

    /// Calls fail while this file exists.
    pub fn said_while(&self, below: &Path, errno: i32, file: &Path) -> Said {
        let mut said = self.always(below, errno);
        said.push(("TIMBRE_FAIL_WHILE", file.into()));
        said
    }

    /// Syncs below a folder say yes, and do nothing.
    pub fn said_lying(&self, below: &Path) -> Said {
        self.always(below, 0)
    }

    fn always(&self, below: &Path, errno: i32) -> Said {
        vec![
            ("LD_PRELOAD", self.file().into()),
            ("TIMBRE_FAIL_BELOW", below.into()),
            ("TIMBRE_FAIL_ERRNO", errno.to_string().into()),
            ("TIMBRE_FAIL_TOLD", self.told_at().into()),
        ]
    }

    fn told_at(&self) -> PathBuf {
        self.folder.path().join("told")
    }
    /// The kinds of the calls that failed since the last time this was asked.
    pub fn told(&self) -> Found<Vec<String>> {
        let Ok(text) = fs::read_to_string(self.told_at()) else { return Ok(Vec::new()) };
        fs::remove_file(self.told_at())?;
        Ok(text.lines().map(str::to_owned).collect())
    }
}
