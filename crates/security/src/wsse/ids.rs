//! Identifiers of tokens and timestamps.

use waxwing_soap::RandomSource;

/// Makes the identifiers of tokens and timestamps, unique within one process. Identifiers that are
/// unique within one message only (`_0`, `_1`, …) are numbered by the message's own writer.
pub trait IdSource {
    /// The next identifier; an XML NCName.
    fn next_id(&mut self) -> String;
}

/// Identifiers of the form `uuid-<guid>-<n>`: the GUID is the source's own, `n` counts from 1.
#[derive(Debug, Clone)]
pub struct UuidIds {
    prefix: String,
    next: u64,
}

impl UuidIds {
    /// A source whose GUID is made from `random`.
    pub fn new(random: &mut dyn RandomSource) -> Self {
        Self::with_guid(&waxwing_soap::uuid_v4(random).to_string(), 1)
    }

    /// A source that goes on with number `next` under the given GUID (its 36-character form).
    pub fn with_guid(guid: &str, next: u64) -> Self {
        Self { prefix: format!("uuid-{guid}-"), next }
    }
}

impl IdSource for UuidIds {
    fn next_id(&mut self) -> String {
        let id = format!("{}{}", self.prefix, self.next);
        self.next += 1;
        id
    }
}
