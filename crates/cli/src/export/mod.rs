//! `waxwing export`: what a service says of itself, for others: its WSDL and schemas as files, or OpenAPI.

mod documents;
mod openapi;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::peer::Problem;
use crate::source::Source;

/// What the command takes.
#[derive(clap::Args)]
#[command(after_help = "\
Without --openapi the WSDL and the schemas of the source are written into a folder, as files that name one another, so that they
can be read without the service; with --single in one WSDL document. --address gives the port (--port, if there are several)
another address: that of a test system, or of a front end. Policies come along as they are.

With --openapi operations become paths: POST /{operation}, or POST /{contract}/{operation} where there are several contracts; of operations
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
    #[arg(long)]
    openapi: bool,
    /// All in one WSDL document
    #[arg(long, conflicts_with = "openapi")]
    single: bool,
    /// The title of the document of OpenAPI; the names of the contracts otherwise
    #[arg(long, value_name = "TEXT", requires = "openapi")]
    title: Option<String>,
    /// An address that the paths of OpenAPI are below; several times for several
    #[arg(long, value_name = "URL", requires = "openapi")]
    server: Vec<String>,
    /// The file, or the folder of several; otherwise the standard output, and for several the folder where you are
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    match export(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("waxwing export: {}", crate::print::plain(&problem.text));
            ExitCode::from(problem.code)
        }
    }
}

fn export(arguments: &Arguments) -> Result<(), Problem> {
    let text = match (arguments.openapi, arguments.single) {
        (true, _) => openapi::document(&arguments.source, &arguments.title, &arguments.server)?,
        (false, true) => documents::single(&arguments.source)?,
        (false, false) => {
            let folder = arguments.output.as_deref().unwrap_or(Path::new("."));
            return documents::files(&arguments.source, folder);
        }
    };
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
