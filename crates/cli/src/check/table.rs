//! The verdicts for people: a short table, before anything is explained.

use std::io::{self, Write};

use comfy_table::{Cell, ContentArrangement, Table, presets};
use waxwing::check::{EndpointVerdict, Outcome, Verdict};

/// Columns of the table, where it is not written to a terminal.
const WIDTH: u16 = 120;

pub(super) fn print(
    name: &str,
    endpoints: &[EndpointVerdict],
    has_errors: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    if endpoints.is_empty() && has_errors {
        // Whether there are any, nobody can tell before that is mended.
        return writeln!(out, "no endpoints could be read from {name}\n");
    }
    if endpoints.is_empty() {
        return writeln!(
            out,
            "{name} has no endpoints: neither <client> nor <services> holds one\n"
        );
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    table.set_header(["endpoint", "binding", "address", "verdict", "why"]);
    for endpoint in endpoints {
        table.add_row(vec![
            Cell::new(whose(endpoint)),
            Cell::new(&endpoint.binding),
            Cell::new(cut(&endpoint.address)),
            Cell::new(endpoint.verdict.as_str()),
            Cell::new(why(&endpoint.verdict)),
        ]);
    }
    writeln!(out, "{table}\n")
}

/// `client calc`, `service CalculatorService: soap`; long names of .NET lose their namespace.
fn whose(endpoint: &EndpointVerdict) -> String {
    let short = |name: &str| cut(name.rsplit('.').next().unwrap_or(name));
    let name = match endpoint.name.as_str() {
        "" => short(&endpoint.contract),
        name => cut(name),
    };
    match endpoint.service.as_str() {
        "" => format!("client {name}"),
        service => format!("service {}: {name}", short(service)),
    }
}

/// The first reason; the findings have all of them.
fn why(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Runs { in_code } if in_code.is_empty() => String::new(),
        Verdict::Runs { in_code } => format!("the program gives {}", in_code.join(", ")),
        Verdict::CannotRun(reasons) | Verdict::Broken(reasons) => {
            let first = reasons.first().map(|reason| cut(&reason.what)).unwrap_or_default();
            match reasons.len().saturating_sub(1) {
                0 => first,
                more => format!("{first} (and {more} more)"),
            }
        }
    }
}

/// Names and texts from a file may be of any length.
fn cut(text: &str) -> String {
    const LONGEST: usize = 160;
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}

/// One sentence for the end.
pub(super) fn outcome(outcome: Outcome, endpoints: &[EndpointVerdict]) -> &'static str {
    let given = |e: &EndpointVerdict| matches!(&e.verdict, Verdict::Runs { in_code } if !in_code.is_empty());
    let left_out = endpoints.iter().any(|e| e.is_metadata() && !e.verdict.runs());
    match outcome {
        Outcome::AllRun if endpoints.iter().any(given) => {
            "every endpoint runs, if the program gives what the table says"
        }
        Outcome::AllRun if left_out => "every endpoint runs, but not those of metadata",
        Outcome::AllRun => "every endpoint runs",
        Outcome::SomeRun => "some endpoints cannot run here",
        Outcome::NoneRuns => "nothing in it can run here",
        Outcome::Broken => "broken",
        Outcome::NoEndpoints => "no endpoints",
    }
}
