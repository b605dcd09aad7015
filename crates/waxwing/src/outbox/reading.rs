//! An outbox as its record and the notes beside it have it.

use std::collections::BTreeMap;

use waxwing_store::{Queue, Record, StoredMessage};

use super::engine::{CallState, Entry, Kept, Place, StateNow};
use super::saved;

/// What was read so far.
pub(super) struct Reading {
    state: StateNow,
    entries: BTreeMap<Place, Entry>,
}

impl Reading {
    /// The record, with the calls that may have to be sent.
    ///
    /// # Errors
    /// It cannot be read; what, and why.
    pub(super) fn of(record: &Record) -> Result<Self, String> {
        let state = saved::read_state(&record.state).map_err(|e| format!("its state: {e}"))?;
        let mut entries = BTreeMap::new();
        for call in record.messages.iter().filter(|call| call.queue == Queue::Outgoing) {
            let entry = saved::read_call(&call.body);
            let entry = entry.map_err(|e| format!("the call at place {}: {e}", call.number))?;
            entries.insert(Place(call.number), entry);
        }
        Ok(Self { state, entries })
    }

    /// What is known of calls: messages of [`Queue::Results`].
    ///
    /// # Errors
    /// As for [`of`](Self::of).
    pub(super) fn notes(&mut self, notes: &[StoredMessage]) -> Result<(), String> {
        for note in notes {
            let noted = saved::read_note(&note.body);
            let what = |e| format!("what is known of the call at place {}: {e}", note.number);
            let mut noted = noted.map_err(what)?;
            if let Some(call) = self.entries.get(&Place(note.number)) {
                noted.octets += call.octets;
            }
            if matches!(noted.state, CallState::Taken { .. } | CallState::Cancelled { .. }) {
                noted.octets = 0;
            }
            self.entries.insert(Place(note.number), noted);
        }
        Ok(())
    }

    /// All of it.
    pub(super) fn kept(self) -> Kept {
        Kept { state: self.state, entries: self.entries.into_iter().collect() }
    }
}
