//! Test hooks that break one central rule each, so that the simulator can show that it would notice.

/// A rule that can be broken. Only a build with the feature `mutations` breaks any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// The responder delivers a message that it has delivered before.
    DeliverDuplicates,
    /// The responder of an ordered session delivers whatever number comes.
    DeliverOutOfOrder,
    /// The responder answers a message that it refused with an acknowledgement that covers it.
    AcknowledgeRefused,
    /// The responder throws the reply away once it was written.
    ForgetReply,
    /// The responder numbers a repeated reply anew.
    RenumberReply,
    /// The responder keeps any number of unacknowledged replies.
    UnboundedReplies,
    /// The responder answers LastMessage or CloseSequence before its operations are done.
    CloseEarly,
    /// The responder acknowledges every number up to the highest one, gaps included.
    AcknowledgeGaps,
    /// The responder ignores the secured context of a message.
    IgnoreContext,
    /// The initiator takes an acknowledgement on any exchange for the answer of every message in it.
    CompleteByAcknowledgement,
    /// The initiator takes whatever comes on an exchange for the answer to its message.
    CompleteByExchange,
    /// The initiator sends whatever it has, whatever the window.
    IgnoreWindow,
    /// The initiator never sends a message again.
    NeverRetransmit,
    /// The initiator does not wait for replies before it closes.
    CloseWithoutWaiting,
    /// The initiator never asks a silent peer whether it is there.
    NoKeepAlive,
    /// Neither end gives a silent peer up.
    NoInactivity,
    /// A durable responder acknowledges what is not durable yet.
    AcknowledgeBeforeDurable,
    /// A durable responder acknowledges messages whose operations still run.
    AcknowledgeRunning,
    /// A durable responder sends a reply that is not durable yet.
    ReplyBeforeDurable,
    /// A durable responder that is restored does not deliver what was received and not executed.
    NoRedelivery,
    /// A durable responder goes on with a session that is to be discarded.
    IgnoreDiscard,
    /// A durable initiator sends a message before its number is durable.
    NumberAfterSend,
    /// A durable initiator acknowledges a reply that is not durable yet.
    AcknowledgeReplyBeforeDurable,
    /// A durable initiator gives messages other numbers when it is restored.
    RenumberAfterRestart,
    /// An end of a duplex session never acknowledges with a message of its own.
    NoAcknowledgement,
    /// A duplex session does not go on over the connection that its peer has opened for it.
    KeepOldLink,
}

impl Mutation {
    /// Those of durable sessions.
    pub const DURABLE: [Self; 8] = [
        Self::AcknowledgeBeforeDurable,
        Self::AcknowledgeRunning,
        Self::ReplyBeforeDurable,
        Self::NoRedelivery,
        Self::IgnoreDiscard,
        Self::NumberAfterSend,
        Self::AcknowledgeReplyBeforeDurable,
        Self::RenumberAfterRestart,
    ];

    /// Those that are rules of duplex sessions.
    pub const DUPLEX: [Self; 12] = [
        Self::DeliverDuplicates,
        Self::DeliverOutOfOrder,
        Self::AcknowledgeRefused,
        Self::AcknowledgeGaps,
        Self::IgnoreContext,
        Self::IgnoreWindow,
        Self::NeverRetransmit,
        Self::CloseWithoutWaiting,
        Self::NoKeepAlive,
        Self::NoInactivity,
        Self::NoAcknowledgement,
        Self::KeepOldLink,
    ];

    /// Those of sessions whose messages are exchanges.
    pub const ALL: [Self; 16] = [
        Self::DeliverDuplicates,
        Self::DeliverOutOfOrder,
        Self::AcknowledgeRefused,
        Self::ForgetReply,
        Self::RenumberReply,
        Self::UnboundedReplies,
        Self::CloseEarly,
        Self::AcknowledgeGaps,
        Self::IgnoreContext,
        Self::CompleteByAcknowledgement,
        Self::CompleteByExchange,
        Self::IgnoreWindow,
        Self::NeverRetransmit,
        Self::CloseWithoutWaiting,
        Self::NoKeepAlive,
        Self::NoInactivity,
    ];
}

#[cfg(feature = "mutations")]
thread_local! {
    static BROKEN: std::cell::Cell<Option<Mutation>> = const { std::cell::Cell::new(None) };
}

/// Breaks a rule for every engine of this thread; None mends it.
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
