//! `waxwing inspect SOURCE…`: what a service offers, whether Waxwing can talk to it, and why not.

mod json;
mod operations;
mod overview;
mod report;
#[cfg(test)]
mod tests;
mod text;
mod words;

use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::print::{Colors, Paint, Plain, written};
use crate::source::Source;
use report::Report;

const EXIT_CODES: &str = "\
Exit code:
  0  at least one port can be talked to (with --port or --service: of those)
  1  none can
  2  the source cannot be read
  64 wrong arguments";

/// What the command takes.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    source: Source,
    /// Only the operations, all of them
    #[arg(long)]
    operations: bool,
    /// Only the types, all of them
    #[arg(long)]
    types: bool,
    /// Only the policy, assertion by assertion
    #[arg(long)]
    policy: bool,
    /// Print JSON for machines
    #[arg(long, conflicts_with_all = ["operations", "types", "policy"])]
    json: bool,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = Colors::Auto)]
    color: Colors,
}

/// Which parts are printed.
#[derive(Debug, Clone, Copy)]
struct Parts {
    operations: bool,
    types: bool,
    policy: bool,
}

impl Parts {
    /// Whether anything was asked for by name.
    fn some(self) -> bool {
        self.operations || self.types || self.policy
    }
}

/// At least one port can be talked to.
const TALKABLE: u8 = 0;
/// None can.
const NOT_TALKABLE: u8 = 1;
/// The source cannot be read.
const UNREAD: u8 = 2;

/// Reads the source and prints what was found.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let read = arguments.source.load();
    let report = match read.and_then(|metadata| Report::of(metadata, &arguments.source)) {
        Ok(report) => report,
        Err(problem) => return problem.told("inspect", arguments.json),
    };
    let stdout = io::stdout();
    let mut out = io::BufWriter::new(stdout.lock());
    let parts = Parts {
        operations: arguments.operations,
        types: arguments.types,
        policy: arguments.policy,
    };
    let result = if arguments.json {
        json::print(&report, &mut out)
    } else {
        let paint = Paint::new(arguments.color.on_stdout());
        text::print(&report, parts, paint, &mut Plain(&mut out))
    };
    if !written("inspect", result.and_then(|()| out.flush())) {
        return ExitCode::from(UNREAD);
    }
    ExitCode::from(report.exit_code())
}
