//! The link that loses messages: between HTTP messages, below TLS, or in a connection of net.tcp.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use waxwing_testkit::lossy_link::{LinkCounts, Loss, LossyLink};
use waxwing_testkit::tcp_link::LossyTcpLink;
use waxwing_testkit::tls_link::LossyTlsLink;

use super::files::{Binding, Shown};

/// The messages of wsDualHttpBinding that open a session, those of its security among them.
const CALM: u64 = 6;

/// A running link.
pub(super) enum Link {
    /// Loses HTTP requests and responses.
    Http(LossyLink),
    /// Passes TLS on, and cuts connections.
    Tls(LossyTlsLink),
    /// Passes octets on, and cuts connections.
    Tcp(LossyTcpLink),
}

impl Link {
    pub(super) async fn start(service: SocketAddr, loss: Loss, shown: Shown) -> io::Result<Self> {
        Ok(match shown.scheme() {
            "net.tcp" => {
                let opening = if shown.over_tls() { 4 } else { 1 };
                Self::Tcp(LossyTcpLink::start_calm(service, loss, opening).await?)
            }
            "https" => Self::Tls(LossyTlsLink::start(service, loss, 0).await?),
            // What is posted to the client does not come this way; CreateSequence is repeated after ten seconds only.
            _ if shown.binding == Binding::WsDual => {
                Self::Http(LossyLink::start_after(service, loss, CALM).await?)
            }
            _ => Self::Http(LossyLink::start(service, loss).await?),
        })
    }

    /// What it does beside losing messages, for people.
    pub(super) fn how(&self) -> &'static str {
        match self {
            Self::Http(_) => "",
            Self::Tls(_) => ", by cutting the TLS connection",
            Self::Tcp(_) => ", by cutting the connection",
        }
    }

    /// The session is open: in a connection of net.tcp the loss begins.
    pub(super) fn begins(&self) {
        if let Self::Tcp(link) = self {
            link.begin();
        }
    }

    pub(super) fn local_addr(&self) -> SocketAddr {
        match self {
            Self::Http(link) => link.local_addr(),
            Self::Tls(link) => link.local_addr(),
            Self::Tcp(link) => link.local_addr(),
        }
    }

    pub(super) fn counts(&self) -> LinkCounts {
        match self {
            Self::Http(link) => link.counts(),
            Self::Tls(link) => link.counts(),
            Self::Tcp(link) => link.counts(),
        }
    }

    pub(super) async fn shutdown(self, patience: Duration) {
        if let Self::Http(link) = self {
            link.shutdown(patience).await;
        }
    }
}
