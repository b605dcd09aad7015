//! Collecting an entity body into one buffer.
//!
//! What `hyper` hands out are slices of its read buffers: kept as they are, a peer that sends one octet in each TCP
//! segment makes every octet cost a whole buffer. Here each piece is copied and let go, and the buffer grows with what
//! has arrived, never with what a peer merely claims.

use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use hyper::body::Body;

use crate::net::room::Room;
use crate::net::transport::Progress;

/// The first piece of a buffer, in octets: most messages of reliable messaging itself fit.
const FIRST: usize = 2048;

/// What is decrypted of the headers of a message is added to its text: a large one has room for that, so that it stays where it
/// is.
const SPARE: usize = 8 << 10;

/// From so many octets on.
const LARGE: usize = 64 << 10;

/// No limit but that of the body: the other side is one that the caller has chosen.
pub(super) struct Unlimited;

impl Room for Unlimited {
    type Charge = ();
    fn charge(&self) {}
    async fn more(&self, (): &mut (), _octets: usize) {}
    fn progress(&self, _octets: usize) {}
}

/// The same of an answer, which may be so large that it is on its way for long.
pub(super) struct Arriving {
    progress: Progress,
    /// How many have come since that was told.
    octets: AtomicUsize,
}

impl Arriving {
    pub(super) fn new(progress: Progress) -> Self {
        Self { progress, octets: AtomicUsize::new(0) }
    }
}

impl Room for Arriving {
    type Charge = ();
    fn charge(&self) {}
    async fn more(&self, (): &mut (), _octets: usize) {}

    fn progress(&self, octets: usize) {
        let octets = self.octets.load(Ordering::Relaxed) + octets;
        self.octets.store(octets % LARGE, Ordering::Relaxed);
        if octets >= LARGE {
            self.progress.tell();
        }
    }
}

/// Why a body could not be collected.
#[derive(Debug)]
pub(super) enum CollectError {
    /// It is larger than the limit.
    TooLarge,
    /// The connection broke.
    Broken(Box<dyn StdError + Send + Sync>),
}

/// Collects a body of at most `limit` octets; gives it with the charge of its memory.
pub(super) async fn collect<B, R>(
    body: B,
    limit: usize,
    room: &R,
) -> Result<(Vec<u8>, R::Charge), CollectError>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn StdError + Send + Sync>>,
    R: Room,
{
    let claimed = body.size_hint();
    if claimed.lower() > limit as u64 {
        return Err(CollectError::TooLarge);
    }
    let most = claimed.exact().and_then(|octets| usize::try_from(octets).ok()).unwrap_or(limit);
    let most = most.saturating_add(if most >= LARGE { SPARE } else { 0 });
    let mut body = pin!(body);
    let mut charge = room.charge();
    let mut buffer = Vec::new();
    while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        let frame = frame.map_err(|error| CollectError::Broken(error.into()))?;
        let Ok(piece) = frame.into_data() else { continue };
        room.progress(piece.len());
        if piece.len() > limit - buffer.len() {
            return Err(CollectError::TooLarge);
        }
        let needed = buffer.len() + piece.len();
        if needed > buffer.capacity() {
            let capacity = needed.max(buffer.capacity() * 2).max(FIRST).min(most.max(needed));
            room.more(&mut charge, capacity - buffer.capacity()).await;
            buffer.reserve_exact(capacity - buffer.len());
        }
        buffer.extend_from_slice(&piece);
    }
    Ok((buffer, charge))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::body::Frame;
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    /// Counts what is asked for.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Room for Counting {
        type Charge = ();
        fn charge(&self) {}
        async fn more(&self, (): &mut (), octets: usize) {
            self.0.fetch_add(octets, Ordering::Relaxed);
        }
        fn progress(&self, _octets: usize) {}
    }

    /// A body in pieces of one octet, each pinning a buffer of 4 KiB.
    struct Trickle(usize);

    impl Body for Trickle {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let piece = || Ok(Frame::data(Bytes::from(vec![b'x'; 4096]).slice(0..1)));
            let left = self.0.checked_sub(1);
            self.0 = left.unwrap_or(0);
            Poll::Ready(left.map(|_| piece()))
        }
    }

    #[tokio::test]
    async fn memory_grows_with_what_arrives() {
        let room = Counting::default();
        let (body, ()) = collect(Trickle(5000), 1 << 30, &room).await.expect("small enough");
        assert_eq!(body.len(), 5000);
        assert!(room.0.load(Ordering::Relaxed) <= 2 * 5000 + FIRST);
        assert!(matches!(collect(Trickle(11), 10, &room).await, Err(CollectError::TooLarge)));
    }
}
