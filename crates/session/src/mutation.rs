//! Test hooks that break one rule each, so that the simulation of whole conversations can show that it would notice.

/// A rule that can be broken. Only a build with the feature `mutations` breaks any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// The service executes calls of sessions that wait for a place.
    ExecuteUnaccepted,
    /// The service executes the calls of a session side by side where they must be one after another.
    ExecuteAtOnce,
    /// The service forgets to take a closed session off the list of those that wait.
    ForgetAccept,
    /// The service drops what was acknowledged and not executed when a session is closed.
    LoseQueue,
    /// The service does not give the place of a session back.
    ForgetPlace,
    /// The client takes whatever comes on an exchange for the reply, whichever request it relates to.
    TakeAnyReply,
    /// The client sends a one-way message again when somebody demands a new key.
    SendNotesAgain,
    /// The service takes into a sequence what comes from anybody that it trusts.
    IgnoreSender,
    /// The client forgets calls that are not answered when the time to close is up.
    ForgetCalls,
    /// The service answers messages of sessions that are not loaded as if there were none.
    FaultWhenUnsure,
    /// The service takes what a former life of a session executed for the present one.
    TakeFormerCalls,
    /// The client uses a new key before it is kept.
    UseUnkeptKey,
    /// Over a link, it is forgotten that a reply may still come to a request whose time was over.
    ForgetLate,
    /// The client believes what comes over a link whether it verifies or not.
    BelieveUnverified,
    /// What answers nothing goes out over a link as it is.
    SendUnprotected,
}

impl Mutation {
    /// Those of durable sessions.
    pub const DURABLE: [Self; 3] =
        [Self::FaultWhenUnsure, Self::TakeFormerCalls, Self::UseUnkeptKey];

    /// Those of conversations over links.
    pub const DUPLEX: [Self; 3] = [Self::ForgetLate, Self::TakeAnyReply, Self::ExecuteAtOnce];

    /// Those of secured conversations over links.
    pub const SECURE_DUPLEX: [Self; 2] = [Self::BelieveUnverified, Self::SendUnprotected];

    /// All the others.
    pub const ALL: [Self; 9] = [
        Self::ExecuteUnaccepted,
        Self::ExecuteAtOnce,
        Self::ForgetAccept,
        Self::LoseQueue,
        Self::ForgetPlace,
        Self::TakeAnyReply,
        Self::SendNotesAgain,
        Self::IgnoreSender,
        Self::ForgetCalls,
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
