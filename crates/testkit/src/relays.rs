//! Connections that are passed on, each by a task of its own.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// A port of the loopback whose connections are passed on. Dropped, it is closed, with the connections through it.
#[derive(Debug)]
pub(crate) struct Relays {
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Relays {
    /// Opens a free port; `relay` passes a connection on until it is cut.
    ///
    /// # Errors
    ///
    /// What the operating system says when no port can be had.
    pub(crate) async fn start<R>(
        relay: impl Fn(TcpStream) -> R + Send + 'static,
    ) -> io::Result<Self>
    where
        R: Future<Output = io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                // A connection that breaks says so to both of its ends.
                connections.spawn(relay(client));
                while connections.try_join_next().is_some() {}
            }
        });
        Ok(Self { address, accepting })
    }

    /// Where the port is.
    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Relays {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
