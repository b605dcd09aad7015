//! Transports: how the octets of a message travel.
//!
//! A transport knows neither SOAP nor sessions. It moves octets with their content type and says in words, and by kind,
//! why it could not. Each has two ends:
//!
//! * [`Transport`], the client's: one [`Request`] out, one [`Answer`] back;
//! * [`Listener`], the service's: it hands each message that comes in to the [`Receiver`] of its address and sends what
//!   that [replies](Reply).
//!
//! HTTP/1.1 is built in; [`HttpLimits`] says what its peers may take. [`memory`] joins a client and a service of one
//! process without sockets. Another one is given to [`ChannelFactory::transport`](crate::ChannelFactory::transport) and
//! [`ServiceHostBuilder::listener`](crate::ServiceHostBuilder::listener).

mod authentication;
mod http;
mod listener;
pub mod memory;
mod page;
mod parameters;
mod paths;
mod place;
mod sockets;
mod tls;
mod transport;

pub use self::authentication::{HttpAuthentication, Shown};
pub(crate) use self::http::{
    ClientTls, Cookies, Distrust, Fetched, HTTP_SCHEMES, HttpListener, HttpProxy, HttpSettings,
    HttpTransport, ProxyLogin, ServerTrust, is_own,
};
pub use self::http::{HttpCredentials, HttpLimits, HttpScheme};
pub use self::listener::{
    HostNames, Incoming, ListenError, Listener, Listening, Receiver, Refusal, Reply, Route,
    TransportCaller,
};
pub use self::page::{Page, PageRequest};
pub(crate) use self::place::{place_of, wrong_scheme};
pub use self::tls::ServiceTls;
pub use self::transport::{Answer, Outcome, Request, Transport, Written};
pub(crate) use self::transport::{first_bytes, written};
pub use crate::digest::DigestClaim;
pub use waxwing_session::{TransportCause, TransportFailure};
