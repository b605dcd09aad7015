//! Why an exchange over HTTP brought no answer.

use std::error::Error as StdError;
use std::io;

/// Why an exchange brought no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    /// The address cannot be asked over this transport.
    #[error("the address {address} cannot be used: {reason}")]
    Address {
        /// The address as it was given.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// No connection came about: nobody listens, the name has no address, the network is down.
    #[error("there was no endpoint listening at {address} that could accept the message: {error}")]
    Connect {
        /// The address that was asked.
        address: String,
        /// What the operating system said.
        error: Box<dyn StdError + Send + Sync>,
    },
    /// The name of the host has no address.
    #[error("the remote name '{host}' of {address} could not be resolved: {error}")]
    UnknownHost {
        /// The address that was asked.
        address: String,
        /// Its host.
        host: String,
        /// What the operating system said.
        error: io::Error,
    },
    /// The certificate of the server is not trusted.
    #[error("{text}")]
    Untrusted {
        /// The whole text, which names the authority.
        text: String,
    },
    /// TLS failed: the two sides did not agree.
    #[error("{text}")]
    Tls {
        /// The whole text, which names the authority.
        text: String,
    },
    /// The proxy on the way cannot be reached, or does not connect to the server.
    #[error("{text}")]
    Proxy {
        /// The whole text, which names the proxy.
        text: String,
    },
    /// The proxy on the way wants credentials, and has not got the right ones.
    #[error("{text}")]
    ProxyAuthentication {
        /// The whole text, which names the proxy.
        text: String,
    },
    /// The answer is compressed in a way that was not asked for, or is not what it says.
    #[error("the answer of {address} cannot be decompressed: {text}")]
    Coding {
        /// The address that was asked.
        address: String,
        /// What is wrong with it.
        text: String,
    },
    /// The connection broke before the whole answer was there.
    #[error("the connection to {address} was closed before the answer came: {error}")]
    Broken {
        /// The address that was asked.
        address: String,
        /// What happened to the connection.
        error: Box<dyn StdError + Send + Sync>,
    },
    /// What answers does not speak HTTP: a server with TLS, or of another protocol.
    #[error(
        "what listens at {address} does not answer with HTTP (a port for https, or another service?): {text}"
    )]
    NotHttp {
        /// The address that was asked.
        address: String,
        /// What is wrong with its answer.
        text: String,
    },
    /// The answer is larger than the caller takes.
    #[error(
        "the answer of {address} is larger than {limit} bytes; \
         raise maxReceivedMessageSize of the binding if that is expected"
    )]
    TooLarge {
        /// The address that was asked.
        address: String,
        /// The limit in bytes.
        limit: usize,
    },
}
