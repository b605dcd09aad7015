//! The findings for people.

use std::io::{self, Write};
use std::ops::Range;

use ariadne::{CharSet, Color, Config, IndexType, Label, Report, ReportKind, Source};
use waxwing::binding::{Diagnostic, Explanation, Severity, Topic};
use waxwing::check::FileCheck;

use super::pair::Pair;
use super::{Checked, Outcome, table};
use crate::print::{Paint, WIDTH, wrap};

/// How to print.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    /// Whether escape sequences are written.
    pub(super) colors: bool,
    /// Whether only errors are printed.
    pub(super) quiet: bool,
}

/// A source line longer than this is shown cut: somebody's editor wrote the file as one line.
const LONGEST_LINE: usize = 400;

pub(super) fn print(checked: &Checked, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let name = &checked.name;
    match &checked.outcome {
        Outcome::Unread(why) => writeln!(out, "{name}: {why}"),
        Outcome::Live(live) => {
            super::live::print(name, live, Paint::new(style.colors), out)?;
            let explanations = live.explanations.iter().filter(|_| !style.quiet);
            explanations.into_iter().try_for_each(|e| explanation(e, style, out))
        }
        Outcome::Read { text, check, explanations } => {
            let diagnostics: Vec<&Diagnostic> = check
                .findings()
                .filter(|d| !style.quiet || d.severity == Severity::Error)
                .collect();
            let source = Source::from(text.as_str());
            if !style.quiet {
                table::print(name, &check.endpoints, check.loaded.has_errors(), out)?;
            }
            for diagnostic in &diagnostics {
                finding(diagnostic, name, &source, style, out)?;
            }
            if !style.quiet {
                explanations.iter().try_for_each(|e| explanation(e, style, out))?;
            }
            let end = table::outcome(check.outcome(), &check.endpoints);
            writeln!(out, "{name}: {end}{}{}", besides(check), summary(&diagnostics))
        }
    }
}

/// What no endpoint of the table tells.
fn besides(check: &FileCheck) -> String {
    let mut text = String::new();
    for scope in check.loaded.unused_with_errors() {
        text.push_str(&format!("; {scope} has errors, and no endpoint uses it"));
    }
    for outbox in &check.closed_outboxes {
        text.push_str(&format!("; the outbox \"{outbox}\" does not open"));
    }
    text
}

/// `; 1 warning`, `; 2 errors, 1 warning`, nothing.
fn summary(diagnostics: &[&Diagnostic]) -> String {
    let count = |severity: Severity| {
        let n = diagnostics.iter().filter(|d| d.severity == severity).count();
        let plural = if n == 1 { "" } else { "s" };
        (n > 0).then(|| format!("{n} {severity}{plural}"))
    };
    let counts: Vec<String> = [Severity::Error, Severity::Warning, Severity::Note]
        .into_iter()
        .filter_map(count)
        .collect();
    if counts.is_empty() { String::new() } else { format!("; {}", counts.join(", ")) }
}

fn finding(
    diagnostic: &Diagnostic,
    name: &str,
    source: &Source<&str>,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    if diagnostic.file.is_some() {
        // It stands in another file than the one at hand.
        return writeln!(out, "{}\n", diagnostic.in_file(name));
    }
    let text = source.text();
    let start = diagnostic.span.start.min(text.len());
    let before = text[..start].rfind('\n').map_or(0, |i| i + 1);
    let after = text[start..].find('\n').map_or(text.len(), |i| start + i);
    if after - before > LONGEST_LINE {
        return writeln!(out, "{}\n", diagnostic.in_file(name));
    }
    // What is marked is one line; the rest of a long element says nothing.
    let end = diagnostic.span.end.clamp(start, after.max(start));
    in_context(diagnostic, name, start..end, source, style, out)
}

fn in_context(
    diagnostic: &Diagnostic,
    name: &str,
    place: Range<usize>,
    source: &Source<&str>,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (kind, color) = match diagnostic.severity {
        Severity::Error => (ReportKind::Error, Color::Red),
        Severity::Warning => (ReportKind::Warning, Color::Yellow),
        Severity::Note => (ReportKind::Advice, Color::Cyan),
    };
    let label = match &diagnostic.suggestion {
        Some(suggestion) => format!("did you mean {suggestion}?"),
        None => "here".to_owned(),
    };
    let config = Config::default()
        .with_color(style.colors)
        .with_char_set(CharSet::Unicode)
        .with_index_type(IndexType::Byte);
    let mut report = Report::build(kind, (name, place.clone()))
        .with_config(config)
        .with_code(diagnostic.code)
        .with_message(&diagnostic.message)
        .with_label(Label::new((name, place)).with_message(label).with_color(color));
    if let Some(fix) = &diagnostic.fix {
        report = report.with_help(fix);
    }
    report = report.with_note(wcf(diagnostic));
    report.finish().write((name, source), &mut *out)?;
    writeln!(out)
}

fn wcf(diagnostic: &Diagnostic) -> String {
    let mut note = format!("WCF {}", diagnostic.wcf_behavior);
    if let Some(text) = &diagnostic.wcf_text {
        note.push_str(":\n");
        note.push_str(text);
    }
    note
}

fn explanation(explanation: &Explanation, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let (bold, dim, plain) =
        if style.colors { ("\x1b[1m", "\x1b[36m", "\x1b[0m") } else { ("", "", "") };
    writeln!(out, "{bold}{}{plain}", explanation.title())?;
    let labels = explanation.facts.iter().map(|f| f.topic.as_str().len());
    let indent = labels.max().unwrap_or(0) + 4;
    let mut last: Option<Topic> = None;
    for fact in &explanation.facts {
        let label = if last == Some(fact.topic) { "" } else { fact.topic.as_str() };
        last = Some(fact.topic);
        for (i, line) in wrap(&fact.text, WIDTH - indent).iter().enumerate() {
            let label = if i == 0 { label } else { "" };
            let width = indent - 4;
            writeln!(out, "  {dim}{label:width$}{plain}  {line}")?;
        }
    }
    writeln!(out)
}

/// Whether the two ends of an address fit together.
pub(super) fn pair(pair: &Pair, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let Pair { client, client_file, service, service_file, .. } = pair;
    let ends = format!("\"{client}\" of {client_file} and \"{service}\" of {service_file}");
    if pair.disagreements.is_empty() {
        return if style.quiet { Ok(()) } else { writeln!(out, "{ends} fit together") };
    }
    match pair.is_apart() {
        true => writeln!(out, "{ends} would not understand each other:")?,
        false => writeln!(out, "whether {ends} understand each other is up to the contract:")?,
    }
    for d in &pair.disagreements {
        let (setting, of) = (d.setting, d.contracts.words());
        writeln!(out, "  {setting}{of}: the client has {}, the service {}", d.here, d.there)?;
    }
    Ok(())
}
