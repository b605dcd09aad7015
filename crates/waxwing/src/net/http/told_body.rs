//! The body of a request, which tells when it is written.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};

use crate::net::pieces::Pieces;
use crate::net::transport::Written;

/// A body, whole or as it is made. `hyper` drops it when the last octet is in the buffer of its connection, which it flushes in the same
/// turn: whatever begins then on another connection comes later, unless the connection's own buffers are full.
#[derive(Debug)]
pub(super) struct ToldBody {
    body: Octets,
    _written: Written,
}

#[derive(Debug)]
enum Octets {
    Whole(Full<Bytes>),
    Pieces(Pieces),
}

impl ToldBody {
    /// A body; `written` is dropped when it is written or given up.
    pub(super) fn new(body: Bytes, written: Written) -> Self {
        Self { body: Octets::Whole(Full::new(body)), _written: written }
    }

    /// The same of a body that is made while it is sent.
    pub(super) fn pieces(octets: Pieces, written: Written) -> Self {
        Self { body: Octets::Pieces(octets), _written: written }
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
                Pin::new(body).poll_frame(context).map_err(|never| match never {})
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
