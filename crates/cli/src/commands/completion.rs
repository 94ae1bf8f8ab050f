//! `timbre completion` and `timbre man`: the command line for shells and for `man`.

use clap_complete::Shell;

use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::spanish;

#[derive(clap::Args)]
pub struct Args {
    /// bash, zsh, fish, powershell o elvish
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// What a shell sources.
pub fn run(args: Args, out: Out) -> Result<Exit, Failure> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut spanish::command(), "timbre", &mut text);
    out.text(&String::from_utf8_lossy(&text))
}

/// The page of the manual: `timbre man > timbre.1`.
pub fn man(out: Out) -> Result<Exit, Failure> {
    let mut page = Vec::new();
    clap_mangen::Man::new(spanish::command()).render(&mut page)?;
    out.text(&String::from_utf8_lossy(&page))
}
