//! SOAP over HTTP/1.1 (SOAP 1.1 §6, SOAP 1.2 Part 2 §7): a request with one message, its answer with another.

mod body;
mod client;
mod coding;
mod connect;
mod cookies;
mod error;
mod login;
mod maybe_tls;
mod pool;
mod proxy;
mod server;
mod socket;
mod status;
mod streamed;
mod tls;
mod told_body;
mod transport;
mod web_socket;
mod whole;

pub(crate) use self::connect::HttpSettings;
pub(crate) use self::cookies::Cookies;
pub use self::login::{HttpCredentials, HttpScheme};
pub(crate) use self::proxy::{HttpProxy, ProxyLogin, is_own};
pub use self::server::HttpLimits;
pub(crate) use self::server::HttpListener;
pub(crate) use self::tls::ClientTls;
pub(crate) use self::transport::{Fetched, HTTP_SCHEMES, HttpTransport};
pub(crate) use self::web_socket::WebSocketDialer;
