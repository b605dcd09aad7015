//! One secure reliable conversation: addressing, reliability and security composed.
//!
//! The only crate that knows both [`waxwing_reliable`] and [`waxwing_security`]. Two engines without IO, one shape:
//! give an input with the moment, then drain the outputs.
//!
//! * [`ClientSession`]: what a client channel does. `open` runs the security handshake, then creates the sequence;
//!   `call` numbers, protects and hands out messages to post; `close` ends the sequence, then the security session.
//! * [`Acceptance`]: which sessions of a host are served and which wait for a place.
//! * [`Backlog`]: the messages of an endpoint's sessions that wait to be executed.
//! * [`options`]: from what a binding says to what the engines take.
//! * [`ServiceEndpoint`]: what a service does with one message that came in ([`ServiceEndpoint::receive`]) and with the
//!   answer ([`ServiceEndpoint::encode`]), shared by all threads. Its sequences are in a [`waxwing_reliable::Listener`].
//!
//! Security sits next to the wire: a retransmission is protected afresh (new timestamp, new initialization vectors),
//! since a peer takes equal octets for a replay.

mod acceptance;
mod backlog;
mod client;
mod diagnosis;
mod error;
mod message;
pub mod options;
mod service;

pub use acceptance::Acceptance;
pub use backlog::{Backlog, BacklogInput, BacklogOutput};
pub use client::{Answer, ClientOutput, ClientSession, ClientSettings, TransmissionId, Transmit};
pub use diagnosis::{Diagnosis, Situation, TransportCause, TransportFailure};
pub use error::SessionError;
pub use message::{AppMessage, ApplicationMessage};
pub use service::{
    Arrival, ArrivedMessage, Encoded, ReplyTo, ServiceAnswer, ServiceEndpoint, ServiceSettings,
};

pub use waxwing_reliable::{CallId, ExchangeId};
pub use waxwing_soap::{Moment, Time};
