//! The link that loses messages: between HTTP messages, or below TLS.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use waxwing_testkit::lossy_link::{LinkCounts, Loss, LossyLink};
use waxwing_testkit::tls_link::LossyTlsLink;

/// A running link.
pub(super) enum Link {
    /// Loses HTTP requests and responses.
    Http(LossyLink),
    /// Passes TLS on, and cuts connections.
    Tls(LossyTlsLink),
}

impl Link {
    pub(super) async fn start(service: SocketAddr, loss: Loss, tls: bool) -> io::Result<Self> {
        Ok(match tls {
            true => Self::Tls(LossyTlsLink::start(service, loss, 0).await?),
            false => Self::Http(LossyLink::start(service, loss).await?),
        })
    }

    pub(super) fn local_addr(&self) -> SocketAddr {
        match self {
            Self::Http(link) => link.local_addr(),
            Self::Tls(link) => link.local_addr(),
        }
    }

    pub(super) fn counts(&self) -> LinkCounts {
        match self {
            Self::Http(link) => link.counts(),
            Self::Tls(link) => link.counts(),
        }
    }

    pub(super) async fn shutdown(self, patience: Duration) {
        if let Self::Http(link) = self {
            link.shutdown(patience).await;
        }
    }
}
