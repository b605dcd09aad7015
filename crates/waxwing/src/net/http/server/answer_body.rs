//! The body of an answer.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

use crate::net::http::whole::Whole;
use crate::net::pieces::Pieces;
use crate::net::places::{Connection, Pause, Places};

/// The body of an answer: whole, or as it is made.
pub(super) enum AnswerBody {
    Whole(Whole),
    Pieces(Box<AnswerPieces>),
}

/// An answer that is made while it is sent. As long as there is nothing to send its peer does not make the connection slow.
pub(super) struct AnswerPieces {
    octets: Pieces,
    places: Arc<Places>,
    connection: Arc<Connection>,
    pause: Option<Pause>,
}

impl AnswerBody {
    pub(super) fn whole(octets: Bytes) -> Self {
        Self::Whole(Whole::new(octets))
    }

    pub(super) fn pieces(
        octets: Pieces,
        places: &Arc<Places>,
        connection: &Arc<Connection>,
    ) -> Self {
        let (places, connection) = (Arc::clone(places), Arc::clone(connection));
        Self::Pieces(Box::new(AnswerPieces { octets, places, connection, pause: None }))
    }
}

impl AnswerPieces {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let polled = self.octets.poll_next(context);
        match (&polled, self.pause.is_some()) {
            (Poll::Pending, false) => self.pause = Some(self.connection.pause()),
            (Poll::Ready(_), true) => {
                self.pause.take().into_iter().for_each(|pause| self.connection.go_on(pause));
            }
            _ => {}
        }
        polled.map_ok(|octets| self.places.answer(&self.connection, octets))
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.get_mut() {
            Self::Whole(body) => Pin::new(body).poll_frame(context).map_err(|never| match never {}),
            Self::Pieces(body) => body.poll(context).map_ok(Frame::data),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Pieces(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Pieces(_) => SizeHint::default(),
        }
    }
}
