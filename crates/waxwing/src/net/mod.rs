//! Transports: how the octets of a message travel.
//!
//! A transport knows neither SOAP nor sessions. It moves octets with their content type and says in words, and by kind,
//! why it could not. Each has two ends:
//!
//! * [`Transport`], the client's: one [`Request`] out, one [`Answer`] back;
//! * [`Listener`], the service's: it hands each message that comes in to the [`Receiver`] of its address and sends what
//!   that [replies](Reply).
//!
//! Where both ends speak whenever they have something to say, messages go over a [`Link`]: a client [dials](LinkDialer) it, a
//! service's listener offers it to the [`LinkReceiver`] of its address.
//!
//! HTTP/1.1 is built in; [`HttpLimits`] says what its peers may take. [`memory`] joins a client and a service of one
//! process without sockets. Another one is given to [`ChannelFactory::transport`](crate::ChannelFactory::transport) and
//! [`ServiceHostBuilder::listener`](crate::ServiceHostBuilder::listener).

mod accepting;
mod authentication;
mod caller;
mod http;
mod link;
mod listener;
pub mod memory;
mod page;
mod parameters;
mod paths;
mod pieces;
mod place;
mod places;
mod room;
mod shared_port;
mod sockets;
mod tcp;
mod tls;
mod transport;
mod trust;
mod websocket;

pub use self::authentication::{HttpAuthentication, Shown};
pub use self::caller::TransportCaller;
pub(crate) use self::http::{
    ClientTls, Cookies, Fetched, HTTP_SCHEMES, HttpListener, HttpProxy, HttpSettings,
    HttpTransport, ProxyLogin, WebSocketDialer, is_own,
};
pub use self::http::{HttpCredentials, HttpLimits, HttpScheme};
pub use self::link::{
    Dial, Link, LinkAbort, LinkAbout, LinkDialer, LinkInput, LinkLimits, LinkOutput, LinkReceiver,
    LinkRefusal, OfferedLink,
};
pub use self::listener::{
    HostNames, Incoming, ListenError, Listener, Listening, Receiver, Refusal, Reply, Route,
    StreamedReply,
};
pub use self::page::{Page, PageRequest};
pub use self::pieces::Pieces;
pub(crate) use self::pieces::{Whole, drain, drain_refused, pieces};
pub(crate) use self::place::{place_of, wrong_scheme};
pub(crate) use self::room::Hold;
pub(crate) use self::shared_port::{SharedPath, listen_at};
pub(crate) use self::tcp::{TcpDialer, TcpListener, TcpPool, TcpTls};
pub use self::tcp::{TcpLimits, TcpPoolSettings};
pub use self::tls::ServiceTls;
pub use self::transport::{
    Answer, Outcome, Request, StreamedAnswer, StreamedTransport, Transport, Written,
};
pub(crate) use self::transport::{MOST_FIRST_BYTES, WhenWritten, first_bytes, written};
pub(crate) use self::trust::{Distrust, ServerTrust};
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub use self::websocket::fuzzing as web_socket_fuzzing;
pub use crate::digest::DigestClaim;
pub use waxwing_session::{TransportCause, TransportFailure};
