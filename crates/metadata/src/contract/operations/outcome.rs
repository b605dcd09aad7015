//! What the messages of an operation do to it.

use crate::contract::schema::Types;
use crate::contract::types::{Fall, Member, Tier};
use crate::location::At;

/// All parts of all messages together, those of one element counted for each message that has it. The largest public services
/// have 20,000.
const MAX_PARTS: usize = 200_000;

/// How many parts messages may still have, against many that share one large element.
pub(in crate::contract) struct Budget(usize);

impl Budget {
    pub(in crate::contract) fn new() -> Self {
        Self(MAX_PARTS)
    }

    /// Nothing is left: what comes is not even looked at.
    pub(super) fn is_spent(&self) -> bool {
        self.0 == 0
    }

    /// Takes these members; false when there are too many, and then nothing is left.
    pub(super) fn take<'m>(&mut self, members: impl IntoIterator<Item = &'m Member>) -> bool {
        let count: usize = members.into_iter().map(|member| 1 + member.substitutes.len()).sum();
        let left = self.0.checked_sub(count);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }
}

/// The tier of an operation as its messages are read.
pub(super) struct Outcome {
    /// The worst so far.
    pub(super) tier: Tier,
    /// Why it is not the first: the first cause of the worst.
    pub(super) fall: Option<Fall>,
    /// Why it cannot be called at all.
    pub(super) blocked: Option<Fall>,
}

impl Outcome {
    pub(super) fn new() -> Self {
        Self { tier: Tier::DataContract, fall: None, blocked: None }
    }

    /// An element that takes the operation to the tier of its type.
    pub(super) fn take(&mut self, types: &Types, member: &Member, role: &str) {
        let of = types.table.get(member.type_id);
        if of.tier <= self.tier {
            return;
        }
        self.tier = of.tier;
        self.fall = of.fall.as_ref().map(|fall| {
            let name = of.name.as_ref().map(|name| format!(" of type {name}")).unwrap_or_default();
            Fall { reason: format!("{role}{name}: {}", fall.reason), at: fall.at.clone() }
        });
    }

    /// XML as it is.
    pub(super) fn fall(&mut self, reason: impl Into<String>, at: &At) {
        if self.tier < Tier::Raw {
            self.tier = Tier::Raw;
            self.fall = Some(Fall { reason: reason.into(), at: at.clone() });
        }
    }

    /// Nothing that can be called. The first reason stays.
    pub(super) fn block(&mut self, reason: impl Into<String>, at: &At) {
        let fall = || Fall { reason: reason.into(), at: at.clone() };
        self.blocked.get_or_insert_with(fall);
    }
}
