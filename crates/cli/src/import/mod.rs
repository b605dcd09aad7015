//! `waxwing import SOURCE… -o DIR`: a contract in Rust and a client.config, from what a service says of itself.

mod files;
mod keep;
mod plan;
mod refusal;
mod report;
#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use waxwing_build::generate::Options;

use crate::peer::Problem;
use crate::print::{Colors, Paint, Plain, written};
use crate::source::Source;
use files::State;
use plan::Plan;
use refusal::Refusal;

/// What the exit code says, for `--help`.
const EXIT_CODES: &str = "\
Exit code:
  0  written, or nothing to write; with --check: the files are what they would be
  1  no port can be talked to (--types-only writes the types nevertheless); with --check: a file differs
  2  the source or a file cannot be read, or a file is somebody's own (--force)
 64  wrong arguments";

/// What the command takes.
#[derive(clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// The folder of contract.rs and client.config
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    output: PathBuf,
    /// The module of a namespace, like urn:orders=shop::orders; an empty one is the root
    #[arg(long, value_name = "URI=MODULE", value_parser = module)]
    namespace: Vec<(String, String)>,
    /// Items of lists that the service calls nillable become Option
    #[arg(long)]
    nullable_items: bool,
    /// Enumerations get a variant Other for texts that they do not know
    #[arg(long)]
    lenient_enums: bool,
    /// An operation whose bodies stay XML
    #[arg(long, value_name = "OPERATION")]
    raw: Vec<String>,
    /// Only types, no contract and no configuration
    #[arg(long)]
    types_only: bool,
    /// A struct that implements the contract, to be filled in
    #[arg(long)]
    server: bool,
    /// Keep the documents in DIR/metadata, to be imported without network, by a build script too
    #[arg(long)]
    keep: bool,
    /// Write nothing; exit 1 if a file differs from what would be written, however it is laid out
    #[arg(long)]
    check: bool,
    /// Change endpoints and bindings of the same names where they differ (address, binding, identity; the rest stays), and
    /// replace a contract.rs that somebody else has written
    #[arg(long)]
    force: bool,
    /// Print JSON for machines
    #[arg(long)]
    json: bool,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = Colors::Auto)]
    color: Colors,
}

impl Arguments {
    fn options(&self) -> Options {
        Options {
            namespaces: self.namespace.iter().cloned().collect(),
            nullable_items: self.nullable_items,
            lenient_enums: self.lenient_enums,
            raw: self.raw.iter().cloned().collect(),
            types_only: self.types_only,
            server: self.server,
            ..Options::default()
        }
    }
}

/// Reads, plans, and writes or checks.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    match import(arguments) {
        Ok(code) => ExitCode::from(code),
        Err(refusal) => {
            let problem = Problem { code: refusal.code(), text: refusal.to_string(), error: None };
            problem.told("import", arguments.json)
        }
    }
}

fn import(arguments: &Arguments) -> Result<u8, Refusal> {
    let set = arguments.source.load().map_err(Refusal::Source)?;
    let mut plan = Plan::of(&set, arguments)?;
    let states: Vec<State> = plan
        .files
        .iter()
        .map(|file| file.state(arguments.force, arguments.check))
        .collect::<Result<_, _>>()?;
    let differs = plan.differs || states.iter().any(|state| *state != State::Same);
    if arguments.check {
        for (file, state) in plan.files.iter().zip(&states) {
            if *state == State::Same && file.is_of_other_octets()? {
                plan.notes.push("the documents are not octet for octet those that contract.rs was made of; the code is the same".to_owned());
            }
        }
    } else {
        for (file, state) in plan.files.iter().zip(&states) {
            file.write(*state)?;
        }
    }
    let out = &mut io::stdout().lock();
    let result = match arguments.json {
        true => report::json(out, &plan, &states),
        false => {
            let paint = Paint::new(arguments.color.on_stdout());
            report::text(&mut Plain(out), &plan, &states, arguments.check, paint)
        }
    };
    written("import", result);
    Ok(u8::from(arguments.check && differs))
}

/// `URI=module`; the URI may have the sign itself.
fn module(text: &str) -> Result<(String, String), String> {
    let parts = text.rsplit_once('=').filter(|(uri, _)| !uri.is_empty());
    let (uri, module) = parts.ok_or("write URI=module, as in urn:orders=orders")?;
    let step = |name: &str| {
        let mut characters = name.chars();
        characters.next().is_some_and(|c| c.is_ascii_lowercase() || c == '_')
            && characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    match module.is_empty() || module.split("::").all(step) {
        true => Ok((uri.to_owned(), module.to_owned())),
        false => Err(format!("\"{module}\" is no path of modules: write orders, or shop::orders")),
    }
}
