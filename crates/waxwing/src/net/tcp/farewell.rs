//! How a server ends a connection that it does not go on with: it says why, and lets the peer read that.

use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use waxwing_soap::framing::Refusal;

use super::socket::Wire;

/// How long a peer may take to read why, and to end the connection.
pub(super) const FAREWELL: Duration = Duration::from_secs(5);
/// The same for one that is sending a message which is too large: WCF's client reads nothing before it has sent all of it.
pub(super) const TOO_LARGE: Duration = Duration::from_secs(30);

/// Says why, closes the output, and reads what still comes, up to the limit, until the peer ends the connection too: octets
/// that nobody reads would make the operating system reset it, and the peer would not learn why. What has nothing to say is
/// reset at once, as WCF aborts it.
/// The whole may take `patience`; `moved` hears of what still comes.
pub(super) async fn farewell(
    mut wire: Wire,
    refusal: &Refusal,
    patience: Duration,
    moved: impl Fn(usize),
) {
    let said = refusal.to_octets();
    if said.is_empty() {
        wire.socket().reset_when_dropped();
        return;
    }
    let ended = tokio::time::timeout(patience, async {
        wire.write_all(&said).await?;
        wire.flush().await?;
        wire.socket().close_output();
        drain(&mut wire, refusal.drain, moved).await
    });
    if !matches!(ended.await, Ok(Ok(true))) {
        wire.socket().reset_when_dropped();
    }
}

/// Reads and drops at most so many octets; whether the end came.
async fn drain(wire: &mut Wire, most: usize, moved: impl Fn(usize)) -> std::io::Result<bool> {
    let (mut buffer, mut left) = (BytesMut::with_capacity(4 << 10), most);
    while left > 0 {
        buffer.clear();
        match wire.read_buf(&mut buffer).await? {
            0 => return Ok(true),
            read => {
                moved(read);
                left = left.saturating_sub(read);
            }
        }
    }
    Ok(false)
}
