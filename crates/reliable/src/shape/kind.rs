//! What a session is for, and so how its two sequences work together.

/// What the session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A contract with request-reply operations: CreateSequence carries an Offer, replies are a sequence too.
    RequestReply,
    /// A contract of only one-way operations: no Offer.
    OneWay,
}
