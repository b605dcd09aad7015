//! One secure reliable conversation: addressing, reliability and security composed.
//!
//! The only crate that knows both [`waxwing_reliable`] and [`waxwing_security`]. Engines without IO, one shape:
//! give an input with the moment, then drain the outputs.
//!
//! * [`ClientSession`]: what a client channel does. [`ClientInput::Open`] runs the security handshake, then creates the
//!   sequence; `Call` numbers, protects and hands out messages to post; `Close` ends the sequence, then the security
//!   session.
//! * [`ServiceEndpoint`]: what a service does with one message that came in ([`ServiceEndpoint::receive`]) and with the
//!   answer ([`ServiceEndpoint::encode`]), shared by all threads.
//! * [`ServiceSessions`]: the sessions of an endpoint: what is accepted, executed, answered and ended.
//! * [`Admission`]: the places of a host, all its endpoints together.
//! * [`options`]: from what a binding says to what the engines take.
//!
//! Security sits next to the wire: a retransmission is protected afresh (new timestamp, new initialization vectors),
//! since a peer takes equal octets for a replay.

mod client;
mod diagnosis;
mod error;
mod message;
#[cfg_attr(not(feature = "mutations"), allow(unreachable_pub, dead_code, reason = "test hooks"))]
mod mutation;
pub mod options;
mod service;

pub use client::{
    Answer, AuthenticationId, ClientInput, ClientOutput, ClientSession, ClientSettings,
    TransmissionId, Transmit,
};
pub use diagnosis::{Diagnosis, Situation, TransportCause, TransportFailure};
pub use error::{SessionError, SessionStep};
pub use message::{AppMessage, ApplicationMessage};
#[cfg(feature = "mutations")]
pub use mutation::{Mutation, break_rule};
pub use service::{
    AddressFilter, AddressFilterMode, Admission, AdmissionInput, AdmissionLimits, Arrival,
    ArrivedMessage, ConcurrencyMode, Demarcation, DispatchId, DispatchModes, Encoded, EndpointId,
    Execution, InstanceContextMode, InstanceId, Origin, OutOfPlace, Peer, Place, RefusalKind,
    ReplyTo, ServiceAnswer, ServiceEndpoint, ServiceInput, ServiceOutput, ServiceResponse,
    ServiceSessions, ServiceSettings, UnknownSender, UnverifiedMessage, VerifiedMessage,
    VerifiedRequest,
};

pub use waxwing_reliable::{CallId, ExchangeId};
pub use waxwing_soap::{Moment, Time};
