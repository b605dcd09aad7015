//! `waxwing export`: what a service says of itself, for others.

mod openapi;

use std::path::PathBuf;
use std::process::ExitCode;

use crate::peer::Problem;
use crate::source::Source;

/// What the command takes.
#[derive(clap::Args)]
#[command(after_help = "\
Operations become paths: POST /{operation}, or POST /{contract}/{operation} where there are several contracts; of operations
with one name the later ones get -2, -3 and so on. 200 brings the result, 202 answers a one-way operation, 500 brings a fault
with its detail, 400 says what is wrong with a request. A SOAP header of a request is a header Soap-{name} with JSON in it.

Exit codes:
  0  written
  2  the source cannot be read, or the file not be written
  64 wrong arguments")]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// OpenAPI 3.1 of the contracts: the same operations for who speaks JSON over HTTP
    #[arg(long, required = true)]
    openapi: bool,
    /// The title of the document; the names of the contracts otherwise
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// An address that the paths are below; several times for several
    #[arg(long, value_name = "URL")]
    server: Vec<String>,
    /// The file; the standard output otherwise
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    match export(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("waxwing export: {}", problem.text);
            ExitCode::from(problem.code)
        }
    }
}

fn export(arguments: &Arguments) -> Result<(), Problem> {
    let text = openapi::document(&arguments.source, &arguments.title, &arguments.server)?;
    match &arguments.output {
        Some(path) => std::fs::write(path, text + "\n").map_err(|error| {
            Problem::unreadable(format!("{} cannot be written: {error}", path.display()))
        }),
        None => {
            use std::io::Write as _;
            crate::print::written("export", writeln!(std::io::stdout(), "{text}"));
            Ok(())
        }
    }
}
