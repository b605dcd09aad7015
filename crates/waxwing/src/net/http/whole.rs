//! The body of a message that is there as a whole.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// So many octets are handed over at a time.
///
/// Over TLS `hyper` copies what it is given into a buffer, which the connection keeps: a large message would be held once more. And
/// it asks for the next piece when the one before is on its way, so that somebody can tell how far a message has come.
const PIECE: usize = 64 << 10;

/// Octets that are all there.
#[derive(Debug)]
pub(super) struct Whole(Bytes);

impl Whole {
    pub(super) fn new(octets: Bytes) -> Self {
        Self(octets)
    }
}

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.0.is_empty() {
            return Poll::Ready(None);
        }
        let next = self.0.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.0.split_to(next)))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test]
    async fn all_octets_come_in_their_order_and_nothing_behind_them() {
        for len in [0, 1, PIECE, PIECE + 1, 3 * PIECE - 1] {
            let octets: Vec<u8> = (0..len).map(|place| (place % 251) as u8).collect();
            let mut body = Whole::new(Bytes::from(octets.clone()));
            let mut came = Vec::new();
            loop {
                assert_eq!(body.size_hint().exact(), Some((len - came.len()) as u64));
                assert_eq!(body.is_end_stream(), came.len() == len);
                match poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
                    None => break,
                    Some(Ok(frame)) => {
                        let piece = frame.into_data().expect("octets");
                        assert!((1..=PIECE).contains(&piece.len()));
                        came.extend_from_slice(&piece);
                    }
                    Some(Err(never)) => match never {},
                }
            }
            assert_eq!(came, octets);
        }
    }
}
