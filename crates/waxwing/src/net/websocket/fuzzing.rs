//! The link over frames whose octets somebody made up: for fuzz targets.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::tungstenite::protocol::Role;
use waxwing_session::TransportFailure;

use super::frames::{Shared, Terms, link};
use crate::net::link::LinkAbout;

/// What came of octets.
#[derive(Debug)]
pub struct Came {
    /// The messages, in order.
    pub messages: Vec<Bytes>,
    /// How it ended: none where the peer has closed.
    pub failure: Option<TransportFailure>,
}

/// Reads what comes over a connection, as a client or as a service does whose messages have at most so many octets.
pub async fn read<S>(stream: S, as_client: bool, most: usize) -> Came
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let role = if as_client { Role::Client } else { Role::Server };
    let about = LinkAbout::new("http://h/", "application/soap+msbinsession1");
    let hour = Duration::from_secs(3600);
    let terms = Terms { role, most, keep_alive: hour, about, held: None };
    let mut link = link(stream, terms, Shared::new(), None).await;
    let mut messages = Vec::new();
    let failure = loop {
        match link.input.receive().await {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => break None,
            Err(failure) => break Some(failure),
        }
    };
    let _ = link.output.send(Bytes::from_static(b"late")).await;
    let _ = link.output.close().await;
    drop(link);
    // Who shows signs of life sees that it is over.
    tokio::task::yield_now().await;
    Came { messages, failure }
}
