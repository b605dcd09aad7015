//! The findings for machines.

use std::io::{self, Write};

use serde_json::{Value, json};
use waxwing::binding::{Diagnostic, Explanation};
use waxwing::check::{EndpointVerdict, Outcome as Judgement, Reason, Verdict};

use super::pair::Pair;
use super::{Checked, Outcome};

pub(super) fn print(checked: &[Checked], pairs: &[Pair], out: &mut dyn Write) -> io::Result<()> {
    let files: Vec<Value> = checked.iter().map(file).collect();
    let pairs: Vec<Value> = pairs.iter().map(pair).collect();
    serde_json::to_writer_pretty(&mut *out, &json!({ "files": files, "pairs": pairs }))?;
    writeln!(out)
}

fn file(checked: &Checked) -> Value {
    match &checked.outcome {
        Outcome::Unread(why) => json!({ "file": checked.name, "good": false, "error": why }),
        Outcome::Live(live) => json!({
            "file": checked.name,
            "good": true,
            "ports": live.ports.iter().map(port).collect::<Vec<_>>(),
            "endpoints": live.explanations.iter().map(explanation).collect::<Vec<_>>(),
        }),
        Outcome::Read { check, explanations, .. } => json!({
            "file": checked.name,
            "good": checked.is_good(),
            "outcome": outcome(check.outcome()),
            "closedOutboxes": check.closed_outboxes,
            "verdicts": check.endpoints.iter().map(verdict).collect::<Vec<_>>(),
            "diagnostics": check.findings().map(diagnostic).collect::<Vec<_>>(),
            "endpoints": explanations.iter().map(explanation).collect::<Vec<_>>(),
        }),
    }
}

/// A port of a service; `waxwing inspect --json` says more.
fn port(port: &waxwing_metadata::judge::PortVerdict) -> Value {
    json!({
        "service": port.service.to_string(),
        "name": port.port,
        "address": port.address,
        "binding": port.configuration.as_ref().map(|binding| binding.section().to_owned()),
        "verdict": port.talk.as_str(),
        "needs": port.classes().into_iter().map(|class| class.as_str()).collect::<Vec<_>>(),
        "because": port.because(),
    })
}

/// Stable words for machines.
fn outcome(outcome: Judgement) -> &'static str {
    match outcome {
        Judgement::AllRun => "all-run",
        Judgement::SomeRun => "some-run",
        Judgement::NoneRuns => "none-runs",
        Judgement::Broken => "broken",
        Judgement::NoEndpoints => "no-endpoints",
    }
}

fn verdict(endpoint: &EndpointVerdict) -> Value {
    let in_code: &[&str] = match &endpoint.verdict {
        Verdict::Runs { in_code } => in_code,
        _ => &[],
    };
    let word = match &endpoint.verdict {
        Verdict::Runs { .. } => "runs",
        Verdict::CannotRun(_) => "cannot-run",
        Verdict::Broken(_) => "broken",
    };
    let reason = |reason: &Reason| {
        json!({
            "code": reason.code,
            "text": reason.what,
            "fix": reason.fix,
            "wcf": reason.wcf_text,
        })
    };
    json!({
        "role": endpoint.role.to_string(),
        "service": endpoint.service,
        "name": endpoint.name,
        "contract": endpoint.contract,
        "binding": endpoint.binding,
        "address": endpoint.address,
        "line": endpoint.line,
        "verdict": word,
        "in_code": in_code,
        "reasons": endpoint.verdict.reasons().iter().map(reason).collect::<Vec<_>>(),
    })
}

fn pair(pair: &Pair) -> Value {
    let disagreements: Vec<Value> = pair
        .disagreements
        .iter()
        .map(|d| {
            let setting = format!("{}{}", d.setting, d.contracts.words());
            json!({ "setting": setting, "client": d.here, "service": d.there })
        })
        .collect();
    json!({
        "address": pair.address,
        "client": { "name": pair.client, "file": pair.client_file },
        "service": { "name": pair.service, "file": pair.service_file },
        "disagreements": disagreements,
    })
}

fn diagnostic(d: &Diagnostic) -> Value {
    json!({
        "severity": d.severity.as_str(),
        "code": d.code,
        "scope": d.scope.to_string(),
        "file": d.file,
        "line": d.line,
        "column": d.column,
        "start": d.span.start,
        "end": d.span.end,
        "path": d.path,
        "message": d.message,
        "source": { "text": d.excerpt.text, "start": d.excerpt.start, "length": d.excerpt.length },
        "suggestion": d.suggestion,
        "fix": d.fix,
        "wcf": { "behavior": d.wcf_behavior, "text": d.wcf_text },
    })
}

fn explanation(e: &Explanation) -> Value {
    let facts: Vec<Value> =
        e.facts.iter().map(|f| json!({ "topic": f.topic.as_str(), "text": f.text })).collect();
    json!({
        "role": e.role.to_string(),
        "name": e.name,
        "service": e.service,
        "contract": e.contract,
        "address": e.address,
        "binding": e.binding,
        "facts": facts,
    })
}
