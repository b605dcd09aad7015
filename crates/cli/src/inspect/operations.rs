//! The operations of a port.

use std::io::{self, Write};

use waxwing_metadata::judge::PortVerdict;

use super::report::Report;
use crate::print::{WIDTH, wrap};

/// Operations of a port that are listed when they are not asked for.
const FEW: usize = 12;

/// Prints signatures: all of them, or the first.
pub(super) fn print(
    report: &Report,
    port: &PortVerdict,
    all: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let Some(contract) = report.contract(port) else { return Ok(()) };
    let count = contract.operations.len();
    writeln!(out, "    operations of {} ({count})", contract.name.local)?;
    let shown = if all { count } else { count.min(FEW) };
    for operation in &contract.operations[..shown] {
        let blocked = port.operations.iter().find(|o| o.name == operation.name);
        let why = blocked
            .and_then(|o| o.obstacles.first())
            .map(|o| format!("cannot be called: {}", o.text));
        let text = operation.signature(&report.contracts.types);
        for line in wrap(&text, WIDTH - 6) {
            writeln!(out, "      {line}")?;
        }
        for line in why.iter().flat_map(|why| wrap(why, WIDTH - 10)) {
            writeln!(out, "          {line}")?;
        }
    }
    if shown < count {
        writeln!(out, "      … and {} more (--operations)", count - shown)?;
    }
    Ok(())
}
