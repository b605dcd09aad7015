//! The body of a request, which tells when it is written.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use super::whole::Whole;
use crate::net::pieces::Pieces;
use crate::net::transport::Written;

/// A body, whole or as it is made. `hyper` drops it when the last octet is in the buffer of its connection, which it flushes in the same
/// turn: whatever begins then on another connection comes later, unless the connection's own buffers are full.
#[derive(Debug)]
pub(super) struct ToldBody {
    body: Octets,
    has_begun: bool,
    written: Written,
}

#[derive(Debug)]
enum Octets {
    Whole(Whole),
    Pieces(Pieces),
}

impl ToldBody {
    /// A body; `written` is dropped when it is written or given up.
    pub(super) fn new(body: Bytes, written: Written) -> Self {
        Self { body: Octets::Whole(Whole::new(body)), has_begun: false, written }
    }

    /// The same of a body that is made while it is sent.
    pub(super) fn pieces(octets: Pieces, written: Written) -> Self {
        Self { body: Octets::Pieces(octets), has_begun: false, written }
    }
}

impl Body for ToldBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match &mut self.body {
            Octets::Whole(body) => {
                let piece = Pin::new(body).poll_frame(context).map_err(|never| match never {});
                // The one before is on its way. Of a message in one piece there is none.
                if std::mem::replace(&mut self.has_begun, true) {
                    self.written.progress().tell();
                }
                piece
            }
            Octets::Pieces(octets) => octets.poll_next(context).map_ok(Frame::data),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.body {
            Octets::Whole(body) => body.is_end_stream(),
            Octets::Pieces(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Octets::Whole(body) => body.size_hint(),
            Octets::Pieces(_) => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::poll_fn;
    use std::pin::pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Arc, Weak};

    use http_body_util::StreamBody;

    use super::*;
    use crate::net::http::body::{Arriving, collect};
    use crate::net::transport::WhenWritten;

    /// Counts what it is told.
    #[derive(Default)]
    struct Told {
        goes_on: AtomicUsize,
        written: AtomicUsize,
    }

    impl WhenWritten for Told {
        fn written(self: Arc<Self>, exchange: u64) {
            assert_eq!(exchange, 7);
            self.written.fetch_add(1, Ordering::SeqCst);
        }

        fn goes_on(self: Arc<Self>, exchange: u64) {
            assert_eq!(exchange, 7);
            self.goes_on.fetch_add(1, Ordering::SeqCst);
        }
    }

    impl Told {
        fn count(&self) -> (usize, usize) {
            (self.goes_on.load(Ordering::SeqCst), self.written.load(Ordering::SeqCst))
        }
    }

    #[tokio::test]
    async fn a_message_in_several_pieces_tells_that_it_goes_on() {
        for (octets, pieces) in [(0, 0), (1, 1), (64 << 10, 1), ((64 << 10) + 1, 2), (1 << 20, 16)]
        {
            let told = Arc::new(Told::default());
            let sender: Weak<Told> = Arc::downgrade(&told);
            let body = ToldBody::new(Bytes::from(vec![b'x'; octets]), Written::told(sender, 7));
            let mut body = Box::pin(body);
            for piece in 1..=pieces {
                let frame = poll_fn(|context| body.as_mut().poll_frame(context)).await;
                frame.expect("a piece").expect("octets");
                assert_eq!(told.count(), (piece - 1, 0), "the one before is on its way");
            }
            assert!(body.is_end_stream());
            drop(body);
            assert_eq!(told.count(), (pieces.max(1) - 1, 1));
        }
    }

    #[tokio::test]
    async fn a_large_answer_tells_that_it_comes() {
        for (octets, times) in [(0, 0), (100, 0), (64 << 10, 1), (1 << 20, 16)] {
            let told = Arc::new(Told::default());
            let sender: Weak<Told> = Arc::downgrade(&told);
            let written = Written::told(sender, 7);
            let arriving = Arriving::new(written.progress());
            drop(written);
            let pieces = vec![Bytes::from(vec![b'x'; 1000]); octets / 1000 + 1];
            let pieces = pieces.into_iter().map(|piece| Ok::<_, Infallible>(Frame::data(piece)));
            let body = StreamBody::new(futures_util::stream::iter(pieces));
            collect(pin!(body), 2 << 20, &arriving).await.expect("a body");
            assert_eq!(told.count(), (times, 1), "{octets}");
        }
        let nobody = Written::by_nobody();
        nobody.progress().tell();
    }
}
