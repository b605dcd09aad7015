//! WS-ReliableMessaging 1.0 (February 2005) and 1.1 (OASIS 200702) as pure state machines.
//!
//! Engines of one shape: give an input with its [`Moment`], then drain the outputs, then give a `Tick` at
//! `wake_at`. No clock, no random source, no IO: time and randomness come in with the inputs, and identifiers are
//! made from that. Where a message goes is a [`Route`]; an exchange is a name, whatever transport stands below.
//!
//! * [`Initiator`]: the client's end of one session.
//! * [`Listener`]: the service's end, every session of one address.
//! * [`DuplexSession`]: either end of one session that has no exchanges, and [`DuplexListener`]: the service's end of all
//!   such sessions of one address (net.tcp, WebSocket, composite duplex).
//! * [`codec`]: typed [`Message`]s to and from envelopes. The engines know no XML.
//!
//! Inside, a session is composed: `source` is what sends a sequence, `destination` what receives one, `shape` how the two
//! work together in request/reply and one-way sessions, `initiator` and `responder` the two ends over them, `duplex` both
//! ends where each has a source and a destination.
//!
//! `M` is the caller's application message. The engines keep copies of it until it is answered (requests) or
//! acknowledged (replies), so it should be cheap to clone, an `Arc<Envelope>` for example.

mod address;
mod ascending;
pub mod codec;
mod contexts;
mod creation;
mod destination;
mod duplex;
mod error;
mod event;
mod fault;
mod gate;
mod headers;
mod initiator;
mod keep_alive;
mod message;
#[cfg_attr(not(feature = "mutations"), allow(unreachable_pub, dead_code, reason = "test hooks"))]
mod mutation;
mod names;
mod queue;
mod ranges;
mod responder;
mod saved;
mod settings;
mod shape;
mod source;
mod version;

pub use ascending::Ascending;
pub use duplex::{
    DuplexInput, DuplexListener, DuplexListenerInput, DuplexListenerOutput, DuplexOpen,
    DuplexOutput, DuplexSession, DuplexSettings, Links, Transmission,
};
pub use error::{Failure, FailureKind, SessionError, Step};
pub use event::{Counters, Event, SequenceState, Status};
pub use fault::{Blame, FaultKind, SequenceFault};
pub use headers::{Headers, Sequence, SequenceAcknowledgement};
pub use initiator::{Initiator, InitiatorInput, InitiatorOutput, OpenRequest};
pub use message::{
    Body, CreateSequence, CreateSequenceResponse, IncompleteSequenceBehavior, Message, Offer,
    Response, Shutdown, TokenReference,
};
#[cfg(feature = "mutations")]
pub use mutation::{Mutation, break_rule};
pub use names::{CallId, ContextTag, ExchangeId, Identifier, LinkId, Route, SessionId};
pub use queue::next_output;
pub use ranges::{MAX_MESSAGE_NUMBER, MessageNumber, Ranges};
pub use responder::{Listener, ListenerInput, ListenerOutput};
pub use saved::{
    ClientChange, SavedCall, SavedClient, SavedEnd, SavedReply, SavedService, ServiceChange, Ticket,
};
pub use settings::{
    EarlyMessages, LossRecovery, MAX_PENDING_CHANNELS, MAX_SEQUENCE_RANGES, MAX_TRANSFER_WINDOW,
    ReliableSessionSettings, RoundTripEstimate, SettingsError,
};
pub use shape::Shape;
pub use version::{Action, NETRM_NAMESPACE, ReliableMessagingVersion};
pub use waxwing_soap::{Moment, Time};
