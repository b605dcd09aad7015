//! What a unit may hold: the same for every store, so that one that passes here passes there.

use crate::error::StoreError;
use crate::model::{MessageChange, NameChange, Step, Unit};

/// The longest group or name in octets: identifiers of peers are shorter by far, and an index holds them.
pub(crate) const LONGEST_NAME: usize = 512;
/// The largest state or body in octets: what SQLite and PostgreSQL take as one value without being changed, with room for
/// the seal; messages are limited to less by the host.
pub(crate) const LARGEST_VALUE: usize = 256 * 1024 * 1024;
/// The greatest number of a message, an epoch or a version: those of WS-ReliableMessaging end here, and so do the integers of
/// SQL.
pub(crate) const GREATEST_NUMBER: u64 = i64::MAX as u64;
/// The most messages or groups in one answer: whoever wants more asks again.
pub(crate) const PAGE: usize = 4096;

/// Whether any store could keep it.
///
/// # Errors
/// A name that is too long or a value that is too large, in words.
pub(crate) fn check(unit: &Unit) -> Result<(), StoreError> {
    let wrong = |text: String| Err(StoreError::Configuration(text));
    let messages = unit.messages.iter().filter_map(|change| match change {
        MessageChange::Put(message) => Some(message),
        MessageChange::Remove(..) => None,
    });
    let names = unit.names.iter().map(|change| match change {
        NameChange::Add(name) | NameChange::Remove(name) => name.as_str(),
    });
    let texts = [unit.record.group.as_str(), unit.record.name.as_str()].into_iter().chain(names);
    let texts = texts.chain(messages.clone().filter_map(|m| m.name.as_ref().map(|n| n.as_str())));
    if let Some(text) = texts.into_iter().find(|text| text.len() > LONGEST_NAME) {
        let begin: String = text.chars().take(40).collect();
        return wrong(format!(
            "the name '{begin}…' has {} octets; a store takes {LONGEST_NAME} at most",
            text.len()
        ));
    }
    let state = match &unit.step {
        Step::Create(state) | Step::Write(_, state) => state.len(),
        Step::Keep | Step::Remove => 0,
    };
    let largest = messages.clone().map(|message| message.body.len()).chain([state]).max();
    if let Some(octets) = largest.filter(|octets| *octets > LARGEST_VALUE) {
        return wrong(format!(
            "a state or message has {octets} octets; a store takes {LARGEST_VALUE} at most"
        ));
    }
    let version = match &unit.step {
        Step::Write(version, _) => version.0,
        _ => 0,
    };
    let greatest = messages.map(|message| message.number).chain([version, unit.epoch.0]).max();
    match greatest.filter(|number| *number > GREATEST_NUMBER) {
        Some(number) => wrong(format!("{number} is greater than any number that a store keeps")),
        None => Ok(()),
    }
}

/// Whether it brings new work, which a store that is full refuses: a new record, or one more message to be delivered. What is
/// open goes on.
pub(crate) fn brings_work(unit: &Unit) -> bool {
    let outgoing = |change: &MessageChange| matches!(change, MessageChange::Put(message) if message.queue == crate::model::Queue::Outgoing);
    matches!(unit.step, Step::Create(_)) || unit.messages.iter().any(outgoing)
}
