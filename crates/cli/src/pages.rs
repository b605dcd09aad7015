//! `waxwing completions` and `waxwing man`: made from the declarations of the arguments.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man as Page;

/// What `completions` takes.
#[derive(clap::Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// What `man` takes.
#[derive(clap::Args)]
pub(crate) struct Man {
    /// Write a page for each command into this folder instead
    #[arg(long, value_name = "FOLDER")]
    output: Option<PathBuf>,
}

/// Prints the completions of a shell.
pub(crate) fn completions(arguments: &Completions) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut program(), "waxwing", &mut script);
    ended(io::stdout().lock().write_all(&script))
}

/// Prints the manual page of the program, or writes one for each command.
pub(crate) fn man(arguments: &Man) -> ExitCode {
    ended(match &arguments.output {
        None => Page::new(program()).render(&mut io::stdout().lock()),
        Some(folder) => std::fs::create_dir_all(folder)
            .and_then(|()| write_pages(&program(), "waxwing", folder)),
    })
}

/// The page of a command and of those below it: `waxwing-certs-list.1`.
fn write_pages(command: &Command, name: &str, folder: &Path) -> io::Result<()> {
    let mut page = Vec::new();
    // A page's title is the whole name, which clap wants as long as the program runs.
    let title: &'static str = Box::leak(name.to_owned().into_boxed_str());
    Page::new(command.clone().name(title)).render(&mut page)?;
    std::fs::write(folder.join(format!("{name}.1")), page)?;
    let shown = |below: &&Command| below.get_name() != "help" && !below.is_hide_set();
    let below = command.get_subcommands().filter(shown);
    below
        .into_iter()
        .try_for_each(|below| write_pages(below, &format!("{name}-{}", below.get_name()), folder))
}

fn program() -> Command {
    crate::Program::command()
}

fn ended(written: io::Result<()>) -> ExitCode {
    match written {
        // Whoever reads has read enough (`waxwing man | head`).
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("error: cannot be written: {error}");
            ExitCode::from(2)
        }
        _ => ExitCode::SUCCESS,
    }
}
