//! WS-ReliableMessaging 1.0 (February 2005) and 1.1 (OASIS 200702) as pure state machines.
//!
//! Two engines, one shape: give an input with the time, then drain the outputs, then give a `Tick` at
//! `wake_at`. No clock, no randomness, no IO: identifiers and times come in with the inputs.
//!
//! * [`Initiator`]: the client's end of one session.
//! * [`Listener`]: the service's end, every session of one address.
//! * [`codec`]: typed [`Message`]s to and from envelopes. The engines know no XML.
//!
//! `M` is the caller's application message. The engines keep copies of it until it is answered (requests) or
//! acknowledged (replies), so it should be cheap to clone, an `Arc<Envelope>` for example.

pub mod codec;
mod event;
mod fault;
mod initiator;
mod message;
#[cfg_attr(not(feature = "mutations"), allow(unreachable_pub, dead_code, reason = "test hooks"))]
mod mutation;
mod ranges;
mod responder;
mod settings;
mod version;

pub use event::{Counters, Event, SequenceState, Status};
pub use fault::{Blame, FaultKind, SequenceFault, SessionError};
pub use initiator::{
    CallId, ExchangeId, Failure, FailureKind, Initiator, InitiatorInput, InitiatorOutput,
    OpenRequest, Shape,
};
pub use message::{
    Body, CreateSequence, CreateSequenceResponse, Headers, Identifier, IncompleteSequenceBehavior,
    Message, Offer, Sequence, SequenceAcknowledgement, Shutdown, TokenReference,
};
#[cfg(feature = "mutations")]
pub use mutation::{Mutation, break_rule};
pub use ranges::{MAX_MESSAGE_NUMBER, MessageNumber, Ranges};
pub use responder::{ContextTag, Listener, ListenerInput, ListenerOutput, Response, SessionId};
pub use settings::{
    EarlyMessages, LossRecovery, MAX_PENDING_CHANNELS, MAX_SEQUENCE_RANGES, MAX_TRANSFER_WINDOW,
    ReliableSessionSettings, RoundTripEstimate, SettingsError,
};
pub use version::{Action, NETRM_NAMESPACE, ReliableMessagingVersion};
pub use waxwing_soap::Time;
