//! What the messages of an operation do to it.

use crate::contract::schema::Types;
use crate::contract::types::{Fall, Member, Tier};
use crate::location::At;

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
