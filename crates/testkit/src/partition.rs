//! A TCP link that can be cut as a network is: nothing is refused and nothing is closed, octets just do not come. When it is whole
//! again they go on where they stood, as TCP sends them again.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What does not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Everything comes.
    Nothing,
    /// What is sent arrives, and no answer comes back.
    Answers,
    /// Nothing comes, either way.
    Everything,
}

/// A running link. Dropping it closes all its connections.
#[derive(Debug)]
pub struct Partition {
    address: SocketAddr,
    cut: watch::Sender<Cut>,
    task: JoinHandle<()>,
}

impl Partition {
    /// A link to this place, whole at first.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start(to: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (cut, seen) = watch::channel(Cut::Nothing);
        let task = tokio::spawn(run(listener, to, seen));
        Ok(Self { address, cut, task })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Cuts it, or makes it whole again.
    pub fn cut(&self, cut: Cut) {
        self.cut.send_replace(cut);
    }
}

impl Drop for Partition {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(listener: TcpListener, to: SocketAddr, cut: watch::Receiver<Cut>) {
    // They end with this task.
    let mut links = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                links.spawn(link(stream, to, cut.clone()));
            }
            Some(_) = links.join_next() => {}
        }
    }
}

async fn link(near: TcpStream, to: SocketAddr, mut cut: watch::Receiver<Cut>) {
    if cut.wait_for(|cut| *cut != Cut::Everything).await.is_err() {
        return;
    }
    let Ok(far) = TcpStream::connect(to).await else { return };
    let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
    let there = forward(from_near, to_far, cut.clone(), |cut| cut != Cut::Everything);
    let back = forward(from_far, to_near, cut, |cut| cut == Cut::Nothing);
    tokio::join!(there, back);
}

async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut cut: watch::Receiver<Cut>,
    passes: fn(Cut) -> bool,
) {
    let mut octets = vec![0; 16 << 10];
    loop {
        let read = from.read(&mut octets).await.unwrap_or(0);
        // The end of a connection does not come either.
        if cut.wait_for(|cut| passes(*cut)).await.is_err() || read == 0 {
            return;
        }
        if to.write_all(&octets[..read]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn what_is_cut_comes_later() {
        let echo = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let to = echo.local_addr().expect("an address");
        let (heard, mut hears) = tokio::sync::mpsc::unbounded_channel();
        tokio::spawn(async move {
            let (mut stream, _) = echo.accept().await.expect("a connection");
            let mut octet = [0];
            while stream.read_exact(&mut octet).await.is_ok() {
                let _ = heard.send(octet[0]);
                let _ = stream.write_all(&octet).await;
            }
        });
        let link = Partition::start(to).await.expect("a port");
        let mut own = TcpStream::connect(link.local_addr()).await.expect("it listens");
        let mut octet = [0];
        own.write_all(b"a").await.expect("sent");
        own.read_exact(&mut octet).await.expect("it comes back");
        assert_eq!(hears.recv().await, Some(b'a'));
        let late = Duration::from_millis(100);
        link.cut(Cut::Answers);
        own.write_all(b"b").await.expect("sent");
        assert_eq!(hears.recv().await, Some(b'b'));
        assert!(tokio::time::timeout(late, own.read_exact(&mut octet)).await.is_err());
        link.cut(Cut::Everything);
        own.write_all(b"c").await.expect("sent");
        assert!(tokio::time::timeout(late, hears.recv()).await.is_err());
        link.cut(Cut::Nothing);
        for expected in [b'b', b'c'] {
            own.read_exact(&mut octet).await.expect("it comes back");
            assert_eq!(octet[0], expected);
        }
    }
}
