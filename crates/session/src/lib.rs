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
//! * [`DuplexService`]: the conversations of an endpoint over links, where both ends send when they want: which link carries
//!   which session, and what answers what.
//! * [`Admission`]: the places of a host, all its endpoints together.
//! * [`record`]: what is kept of conversations that survive a crash, as octets.
//! * [`options`]: from what a binding says to what the engines take.
//!
//! Security sits next to the wire: a retransmission is protected afresh (new timestamp, new initialization vectors),
//! since a peer takes equal octets for a replay.

mod client;
mod diagnosis;
mod duplex;
mod error;
mod message;
#[cfg_attr(not(feature = "mutations"), allow(unreachable_pub, dead_code, reason = "test hooks"))]
mod mutation;
pub mod options;
pub mod record;
mod service;

pub use client::{
    Answer, AuthenticationId, CallbackId, ClientInput, ClientOutput, ClientSession,
    ClientSessionChange, ClientSettings, Leg, SavedClientSession, TransmissionId, Transmit,
};
pub use diagnosis::{Diagnosis, Situation, TransportCause, TransportFailure};
pub use duplex::{
    DuplexArrival, DuplexInput, DuplexMessage, DuplexOutput, DuplexService, DuplexSettings,
    LinkDemand, LinkId, LinkNews,
};
pub use error::{SessionError, SessionStep};
pub use message::{AppMessage, ApplicationMessage};
#[cfg(feature = "mutations")]
pub use mutation::{Mutation, break_rule};
pub use service::{
    AddressFilter, AddressFilterMode, Admission, AdmissionInput, AdmissionLimits, Arrival,
    ArrivedMessage, ClaimedNames, ConcurrencyMode, Course, Demarcation, DispatchId, DispatchModes,
    Encoded, EndpointId, Execution, InstanceContextMode, InstanceId, Origin, OutOfPlace, Peer,
    Place, RefusalKind, ReplyTo, SavedSession, ServiceAnswer, ServiceEndpoint, ServiceInput,
    ServiceOutput, ServiceResponse, ServiceSessions, ServiceSettings, SessionChange, UnknownSender,
    UnverifiedMessage, VerifiedMessage, VerifiedRequest,
};

pub use waxwing_reliable::{CallId, ExchangeId, Ticket};
pub use waxwing_soap::{Moment, Time};
