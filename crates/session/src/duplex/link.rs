//! Links as the engines know them: names, what happens at one, what is wanted of one.

/// A link, by a number that is used once: given by the engine that has it dialed, or by the owner that was dialed.
pub use waxwing_reliable::LinkId;
use waxwing_soap::{EndpointReference, Envelope, Time};

use crate::diagnosis::TransportFailure;

/// What happened at a link of a client.
#[derive(Debug)]
pub enum LinkNews {
    /// It was dialed, and is open.
    Open,
    /// Composite duplex: the client listens, and messages for it go to this address.
    Listening(EndpointReference),
    /// It could not be dialed.
    Unreachable(TransportFailure),
    /// A message came in.
    Message(Box<Envelope>),
    /// The peer sends nothing more. Messages can still be sent.
    End,
    /// It broke: what was under way is lost.
    Lost(TransportFailure),
}

/// What is wanted of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkDemand {
    /// It is to be dialed before this time: [`LinkNews::Open`] or [`LinkNews::Unreachable`] follows. Of composite duplex: the
    /// client is to listen, and [`LinkNews::Listening`] follows.
    Dial {
        /// When dialing gives up.
        deadline: Time,
    },
    /// It was offered, and there is a place: it may be opened.
    Accept,
    /// No message of it is to be read for the time being.
    Hold,
    /// Messages are to be read again.
    Resume,
    /// When everything is sent that was handed out, the peer is told that nothing more comes.
    Close,
    /// It ends at once, both ways.
    Abort,
}
