//! `waxwing outbox list`: what is in outboxes.

use std::path::PathBuf;

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Value, json};
use waxwing::jiff::Timestamp;
use waxwing::kept::OutboxLook;
use waxwing::outbox::{CallState, KeptCall};

use super::{DONE, look, names, no_such_outbox};
use crate::authority::Failure;
use crate::print::{line, tame};
use crate::store::place::Access;
use crate::store::words;

/// Columns of the table.
const WIDTH: u16 = 140;

/// What the command takes.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The file of the store, or the connection to its database (postgresql://user@host/database)
    #[arg(value_name = "STORE")]
    store: PathBuf,
    /// The name of an outbox, whose calls are listed; without it all outboxes are
    #[arg(value_name = "OUTBOX")]
    outbox: Option<String>,
    /// List calls in this state only
    #[arg(long, value_name = "STATE", requires = "outbox")]
    state: Option<StateWord>,
    /// List at most so many calls: those in doubt first, then those that are under way, the last that are over at the end
    #[arg(long, value_name = "COUNT", default_value_t = 100, requires = "outbox")]
    limit: usize,
    #[command(flatten)]
    access: Access,
    /// Print JSON for machines
    #[arg(long)]
    json: bool,
}

/// States as arguments and in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum StateWord {
    /// Waits to be sent
    Queued,
    /// Has its number, and may have been sent
    Sent,
    /// Has its result, which nobody took
    Answered,
    /// Nobody knows whether the service has executed it
    InDoubt,
    /// Was cancelled before it was sent
    Cancelled,
    /// Was in doubt, and somebody has given it up
    GivenUp,
    /// Its result was taken; the key is remembered for a while
    Taken,
}

impl StateWord {
    fn of(state: &CallState) -> Option<Self> {
        Some(match state {
            CallState::Queued => Self::Queued,
            CallState::Sent { .. } => Self::Sent,
            CallState::Answered { .. } => Self::Answered,
            CallState::InDoubt { .. } => Self::InDoubt,
            CallState::Cancelled { .. } => Self::Cancelled,
            CallState::GivenUp { .. } => Self::GivenUp,
            CallState::Taken { .. } => Self::Taken,
            _ => return None,
        })
    }

    /// For JSON.
    pub(super) fn text(state: &CallState) -> &'static str {
        match Self::of(state) {
            Some(Self::Queued) => "queued",
            Some(Self::Sent) => "sent",
            Some(Self::Answered) => "answered",
            Some(Self::InDoubt) => "in-doubt",
            Some(Self::Cancelled) => "cancelled",
            Some(Self::GivenUp) => "given-up",
            Some(Self::Taken) => "taken",
            None => "other",
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let Arguments { store, outbox, access, .. } = arguments;
    let from = access.look(store, true)?;
    let mut out = tame(arguments.json);
    let Some(name) = outbox else {
        let mut all = Vec::new();
        for name in names(&from)? {
            all.extend(look(&from, &name)?);
        }
        match arguments.json {
            true => writeln!(
                out,
                "{:#}",
                json!({ "outboxes": all.iter().map(of_outbox).collect::<Vec<_>>() })
            )?,
            false if all.is_empty() => writeln!(out, "no outboxes")?,
            false => writeln!(out, "{}", outboxes(&all))?,
        }
        out.flush()?;
        return Ok(DONE);
    };
    let Some(own) = look(&from, name)? else {
        return no_such_outbox(access, store, name);
    };
    let wanted = |call: &&KeptCall| {
        arguments.state.is_none_or(|state| StateWord::of(&call.state) == Some(state))
    };
    let mut calls: Vec<&KeptCall> = own.calls.iter().filter(wanted).collect();
    calls.sort_by_key(|call| urgency(&call.state, call.place));
    let shown = &calls[..calls.len().min(arguments.limit)];
    if arguments.json {
        let mut value = of_outbox(&own);
        value["list"] = shown.iter().map(|call| of_call(call)).collect();
        writeln!(out, "{value:#}")?;
    } else {
        for (label, text) in facts(&own) {
            writeln!(out, "{label:<10} {}", line(&text))?;
        }
        if calls.is_empty() {
            writeln!(out, "\nno such calls")?;
        } else {
            writeln!(out, "\n{}", table(shown))?;
        }
        if shown.len() < calls.len() {
            writeln!(out, "and {} more (--limit)", calls.len() - shown.len())?;
        }
    }
    out.flush()?;
    Ok(DONE)
}

/// What somebody looks for first: what is in doubt, then what is under way, in the order of their places; the last that are over first.
fn urgency(state: &CallState, place: u64) -> (u8, u64) {
    let rank = match state {
        CallState::InDoubt { .. } => 0,
        CallState::Sent { .. } => 1,
        CallState::Queued => 2,
        CallState::Answered { .. } => 3,
        _ => return (4, u64::MAX - place),
    };
    (rank, place)
}

fn of_outbox(own: &OutboxLook) -> Value {
    let status = &own.status;
    json!({
        "name": own.name,
        "paused": status.is_paused,
        "queued": status.queued,
        "sent": status.in_flight,
        "inDoubt": status.in_doubt,
        "answered": status.answered,
        "calls": status.calls,
        "octets": status.octets,
        "oldest": status.oldest.map(|at| at.to_string()),
        "service": own.service,
        "sequence": status.sequence,
    })
}

/// A call, for machines.
pub(super) fn of_call(call: &KeptCall) -> Value {
    let mut value = json!({
        "key": call.key,
        "place": call.place,
        "action": call.action,
        "oneWay": call.is_one_way,
        "idempotent": call.is_idempotent,
        "enqueued": call.enqueued_at.to_string(),
        "octets": call.octets,
        "state": StateWord::text(&call.state),
        "known": call.state.to_string(),
    });
    if let CallState::Sent { sequence, number } | CallState::InDoubt { sequence, number, .. } =
        &call.state
    {
        value["sequence"] = sequence.as_str().into();
        value["number"] = (*number).into();
    }
    if let CallState::InDoubt { why, .. } | CallState::GivenUp { why, .. } = &call.state {
        value["why"] = why.as_str().into();
    }
    value
}

fn facts(own: &OutboxLook) -> Vec<(&'static str, String)> {
    let status = &own.status;
    let mut facts = vec![(
        "calls",
        format!(
            "{} wait to be sent, {} sent, {} in doubt, {} with a result that nobody took; {} with those that are over",
            status.queued, status.in_flight, status.in_doubt, status.answered, status.calls
        ),
    )];
    facts.push(("size", words::octets(status.octets)));
    if let Some(oldest) = status.oldest {
        let now = Timestamp::now();
        facts.push(("oldest", format!("enqueued {} ({oldest:.0})", words::until(oldest, now))));
    }
    if status.is_paused {
        facts.push(("paused", "nothing is sent until it is resumed".to_owned()));
    }
    if status.in_doubt > 0 {
        let text = "calls in doubt hold those behind them, unless its program lets the order go: 'waxwing outbox resolve'";
        facts.push(("held", text.to_owned()));
    }
    facts.extend(own.service.clone().map(|to| ("service at", to)));
    facts.extend(status.sequence.clone().map(|name| ("sequence", name)));
    facts
}

fn outboxes(all: &[OutboxLook]) -> Table {
    let mut table = empty();
    table.set_header(["outbox", "waiting", "sent", "in doubt", "results", "size", "oldest", ""]);
    let now = Timestamp::now();
    for own in all {
        let status = &own.status;
        table.add_row([
            line(&own.name),
            status.queued.to_string(),
            status.in_flight.to_string(),
            status.in_doubt.to_string(),
            status.answered.to_string(),
            words::octets(status.octets),
            status.oldest.map(|at| words::until(at, now)).unwrap_or_default(),
            if status.is_paused { "paused" } else { "" }.to_owned(),
        ]);
    }
    table
}

fn table(calls: &[&KeptCall]) -> Table {
    let mut table = empty();
    table.set_header(["place", "key", "action", "enqueued", "size", "state"]);
    for call in calls {
        table.add_row([
            call.place.to_string(),
            line(&call.key),
            line(&call.action),
            format!("{:.0}", call.enqueued_at),
            words::octets(call.octets),
            line(&call.state.to_string()),
        ]);
    }
    table
}

fn empty() -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_looks_for_stands_first() {
        let at = Timestamp::UNIX_EPOCH;
        let (sequence, number, why) = ("urn:s".to_owned(), 1, "lost".to_owned());
        let states = [
            CallState::Taken { at },
            CallState::Taken { at },
            CallState::Answered { at, is_fault: false, by_decision: false },
            CallState::InDoubt { sequence: sequence.clone(), number, since: at, why },
            CallState::Sent { sequence, number },
            CallState::Queued,
            CallState::Queued,
        ];
        let mut ranked: Vec<_> =
            (1..).zip(&states).map(|(place, state)| (urgency(state, place), place)).collect();
        ranked.sort_unstable();
        let places: Vec<u64> = ranked.into_iter().map(|(_, place)| place).collect();
        assert_eq!(places, [4, 5, 6, 7, 3, 2, 1]);
    }
}
