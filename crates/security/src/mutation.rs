//! Test hooks that break one rule each, so that the simulation of whole conversations can show that it would notice.

/// A rule that can be broken. Only a build with the feature `mutations` breaks any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// The service takes a message that it has received before.
    ForgetMessages,
    /// The service takes messages under a former key for ever.
    KeepFormerKeys,
    /// The service drops renewed keys that it issued after the one that is used.
    DropPendingKeys,
    /// The service never forgets a negotiation that was not completed.
    KeepNegotiations,
    /// The service never forgets a session that is idle or was done with.
    KeepSessions,
    /// The client takes a demand to renew, whichever request drew it, for one that its own request drew.
    TakeAnyDemand,
    /// The service takes everybody for who he says to be.
    TakeAnybody,
    /// The service takes a message that no transport protected, although it leaves that to the transport.
    TakeUnprotected,
    /// The service takes over a connection what belongs to another one's session.
    MixLinks,
}

impl Mutation {
    /// Those of connections on which both ends send.
    pub const DUPLEX: [Self; 1] = [Self::MixLinks];

    /// All the others.
    pub const ALL: [Self; 8] = [
        Self::ForgetMessages,
        Self::KeepFormerKeys,
        Self::DropPendingKeys,
        Self::KeepNegotiations,
        Self::KeepSessions,
        Self::TakeAnyDemand,
        Self::TakeAnybody,
        Self::TakeUnprotected,
    ];
}

#[cfg(feature = "mutations")]
thread_local! {
    static BROKEN: std::cell::Cell<Option<Mutation>> = const { std::cell::Cell::new(None) };
}

/// Breaks a rule for everything of this thread; None mends it.
#[cfg(feature = "mutations")]
pub fn break_rule(mutation: Option<Mutation>) {
    BROKEN.set(mutation);
}

/// Whether a rule is broken.
#[cfg(feature = "mutations")]
pub(crate) fn broken(mutation: Mutation) -> bool {
    BROKEN.get() == Some(mutation)
}

/// Whether a rule is broken: never, in an ordinary build.
#[cfg(not(feature = "mutations"))]
#[inline(always)]
pub(crate) const fn broken(_mutation: Mutation) -> bool {
    false
}
