//! What attackers do with sockets.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// A connection of an attacker, from the same address as the honest client: the harder case.
pub async fn connect(to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    // Little is taken at a time, so that an answer that is not read waits at the service.
    socket.set_recv_buffer_size(4096)?;
    let stream = socket.connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The head of a POST with a body of so many octets.
pub fn head(path: &str, octets: usize) -> String {
    format!(
        "POST /{path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/soap+xml; charset=utf-8\r\n\
         Content-Length: {octets}\r\n\r\n"
    )
}

/// Writes octets one by one, with a pause after each, until the service has enough of it.
pub async fn trickle(stream: &mut TcpStream, octets: &[u8], pause: Duration) {
    for octet in octets {
        if stream.write_all(std::slice::from_ref(octet)).await.is_err() {
            return;
        }
        tokio::time::sleep(pause).await;
    }
}

/// What comes back until the connection is closed, or nothing in time.
pub async fn answer(stream: &mut TcpStream) -> String {
    let mut answer = vec![0; 4096];
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut answer)).await;
    let length = read.ok().and_then(Result::ok).unwrap_or(0);
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

/// So many attackers at once, until something is done; then they are gone.
pub async fn many<F>(count: usize, until: impl Future<Output = ()>, attacker: impl Fn(usize) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut all = JoinSet::new();
    for index in 0..count {
        all.spawn(attacker(index));
    }
    until.await;
    all.shutdown().await;
}
