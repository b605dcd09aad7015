//! The body of a request, which tells when it is written.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};

use crate::net::transport::Written;

/// A whole body. `hyper` drops it when the last octet is in the buffer of its connection, which it flushes in the same
/// turn: whatever begins then on another connection comes later, unless the connection's own buffers are full.
#[derive(Debug)]
pub(super) struct ToldBody {
    body: Full<Bytes>,
    _written: Written,
}

impl ToldBody {
    /// A body; `written` is dropped when it is written or given up.
    pub(super) fn new(body: Bytes, written: Written) -> Self {
        Self { body: Full::new(body), _written: written }
    }
}

impl Body for ToldBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
