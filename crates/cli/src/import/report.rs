//! What was done, in words and as JSON.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::files::State;
use super::plan::Plan;
use crate::print::{Paint, Rows};

/// Rows for people.
pub(super) fn text(
    out: &mut dyn Write,
    plan: &Plan,
    states: &[State],
    check: bool,
    paint: Paint,
) -> io::Result<()> {
    let mut rows = Rows::default();
    rows.add("read", plan.read.as_str());
    for [name, binding, address, given] in &plan.ports {
        rows.add("port", format!("{name}, {binding}, {address}: can talk"));
        if !given.is_empty() {
            rows.add("you need", given.as_str());
        }
    }
    for (file, state) in plan.files.iter().zip(states) {
        let label = match (check, state) {
            (true, State::Same) if plan.differs && file.is_configuration() => "differs",
            (_, State::Same) => "same",
            (true, State::New) => "missing",
            (true, State::Changed) => "differs",
            (false, _) => "wrote",
        };
        let what = if file.what.is_empty() { String::new() } else { format!("  {}", file.what) };
        rows.add(label, format!("{}{what}", file.path.display()));
    }
    for note in &plan.notes {
        rows.add("note", note.as_str());
    }
    rows.write(out, paint, 0)
}

/// One object for machines.
pub(super) fn json(out: &mut dyn Write, plan: &Plan, states: &[State]) -> io::Result<()> {
    let files = plan.files.iter().zip(states).map(|(file, state)| {
        let state = match state {
            State::New => "new",
            State::Changed => "changed",
            State::Same if plan.differs && file.is_configuration() => "differs",
            State::Same => "same",
        };
        json!({ "path": file.path.display().to_string(), "state": state })
    });
    let ports = plan.ports.iter().map(|[name, binding, address, _]| {
        json!({ "name": name, "binding": binding, "address": address })
    });
    let report = json!({
        "ports": ports.collect::<Vec<Value>>(),
        "files": files.collect::<Vec<Value>>(),
        "notes": plan.notes,
    });
    writeln!(out, "{report:#}")
}
