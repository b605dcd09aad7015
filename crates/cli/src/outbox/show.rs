//! `waxwing outbox show`: one call.

use waxwing::outbox::{CallState, KeptCall};
use waxwing_store::{Kind, Name, Queue, RecordId};

use super::list::of_call;
use super::{DONE, NOT_SO, Place, look, no_such_outbox};
use crate::authority::Failure;
use crate::print::{line, tame};
use crate::store::open;
use crate::store::place::{Access, Look};
use waxwing::kept::OutboxLook;

/// What the command takes.
#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// The key of the call
    #[arg(value_name = "KEY")]
    key: String,
    /// Show its message and its result, too, as XML
    #[arg(long)]
    show_messages: bool,
    #[command(flatten)]
    access: Access,
    /// Print JSON for machines
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<u8, Failure> {
    let Arguments { place: Place { store, outbox }, key, access, .. } = arguments;
    let from = access.look(store, true)?;
    let Some(own) = look(&from, outbox)? else {
        return no_such_outbox(access, store, outbox);
    };
    let Some(call) = own.calls.iter().find(|call| call.key == *key) else {
        let text = format!(
            "the outbox '{outbox}' has no call with the key '{key}': it was never kept, or its result was taken and its time is over"
        );
        eprintln!("error: {}", line(&text));
        return Ok(NOT_SO);
    };
    let texts = match arguments.show_messages {
        true => messages(&from, outbox, call)?,
        false => Vec::new(),
    };
    let mut out = tame(arguments.json);
    if arguments.json {
        let mut value = of_call(call);
        for (what, text) in texts {
            value[what] = text.into();
        }
        writeln!(out, "{value:#}")?;
    } else {
        for (label, text) in facts(call) {
            writeln!(out, "{label:<10} {}", line(&text))?;
        }
        for (what, text) in texts {
            writeln!(out, "\n{what}:\n{text}")?;
        }
    }
    out.flush()?;
    Ok(DONE)
}

fn facts(call: &KeptCall) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("key", call.key.clone()),
        ("place", call.place.to_string()),
        ("action", call.action.clone()),
        ("enqueued", format!("{:.0}", call.enqueued_at)),
        ("state", call.state.to_string()),
    ];
    if call.is_one_way {
        facts.push(("one-way", "nothing answers it".to_owned()));
    }
    if call.is_idempotent {
        facts.push(("idempotent", "it is sent again where nobody knows".to_owned()));
    }
    if let CallState::InDoubt { why, .. } = &call.state {
        facts.push(("why", why.clone()));
        let text = "look up at the service whether it was executed, then 'waxwing outbox resolve' while no program has the outbox";
        facts.push(("to do", text.to_owned()));
    }
    facts
}

/// The message of a call, and its result, as far as they are kept.
fn messages(
    from: &Look,
    outbox: &str,
    call: &KeptCall,
) -> Result<Vec<(&'static str, String)>, Failure> {
    let group = OutboxLook::group(outbox);
    let record = RecordId { group, kind: Kind::Outbox, name: Name::new("") };
    let mut texts = Vec::new();
    for (what, queue) in [("message", Queue::Outgoing), ("result", Queue::Results)] {
        let found = from.messages(&record, queue, call.place.saturating_sub(1), 1)?;
        let found = found.iter().find(|found| found.number == call.place);
        let text = found.map(|found| open::message(Kind::Outbox, found).1);
        texts.extend(text.filter(|text| !text.is_empty()).map(|text| (what, text)));
    }
    Ok(texts)
}
