//! Takes the built window into the program, so that the panel in a browser is the same page.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

const NOT_BUILT: &str = "<!doctype html><html lang=\"es-CL\"><meta charset=\"utf-8\"><title>Timbre</title>\
<body><h1>Timbre está funcionando</h1><p>Este programa se construyó sin su panel. Constrúyalo con \
<code>./dev build</code>, o use la API en <code>/v1</code> y el comando <code>timbre</code>.</p></body></html>";

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it")).join("panel");
    let built = root.join("../../ui/dist");
    // What is not there counts as changed: this crate and all above it would be built anew each time.
    let watched = if built.is_dir() { built.clone() } else { root.join("../../ui") };
    println!("cargo::rerun-if-changed={}", watched.display());
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    fs::create_dir_all(&out)?;
    if built.join("index.html").is_file() {
        copy(&built, &out)
    } else {
        fs::write(out.join("index.html"), NOT_BUILT)
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
