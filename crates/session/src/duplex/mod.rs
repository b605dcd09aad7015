//! Conversations over links: both ends send when they have something to say (net.tcp, WebSocket), and `RelatesTo` says what
//! answers what, in both directions.
//!
//! * [`LinkId`], [`LinkNews`], [`LinkDemand`]: what engines and their owners tell each other about links.
//! * `ahead`: how far a peer may be ahead of the other end.
//! * `outstanding`: the requests of one end of a conversation that are not answered yet.
//! * [`DuplexService`]: the service's end of all conversations of an endpoint. The client's is
//!   [`ClientSession`](crate::ClientSession), whose phases are the same whatever its messages go over.
//!
//! The rule of dispatch (of both ends): a message whose `RelatesTo` names a request that waits is its reply; one whose
//! request waited too long is dropped; whatever else comes is a request: to the service, or to the callback contract of the
//! client.

mod ahead;
mod link;
mod outstanding;
mod service;
mod settings;

pub(crate) use self::ahead::Ahead;
pub use self::link::{LinkDemand, LinkId, LinkNews};
pub(crate) use self::outstanding::{Outstanding, Related, TooMany};
pub(crate) use self::service::Outbound;
pub use self::service::{DuplexArrival, DuplexInput, DuplexMessage, DuplexOutput, DuplexService};
pub use self::settings::DuplexSettings;
