//! A link that waits to be accepted.

use std::sync::Arc;

use bytes::BytesMut;
use tokio::io::AsyncWriteExt;
use tokio::sync::oneshot;
use waxwing_session::TransportFailure;
use waxwing_soap::framing::{Record, Refusal, ServerFraming};

use super::farewell::{FAREWELL, farewell};
use super::input::{Guest, Role, TcpInput};
use super::line::{Line, aborted, broken};
use super::opening::Opened;
use super::output::TcpOutput;
use super::socket::Socket;
use crate::future::BoxFuture;
use crate::net::link::{Link, LinkAbort, LinkAbout, LinkRefusal, OfferedLink};

/// A session whose preamble is not acknowledged yet.
pub(super) struct Offered {
    line: Arc<Line>,
    about: LinkAbout,
    /// None when it was accepted or refused.
    parts: Option<(ServerFraming, BytesMut)>,
    guest: Guest,
    is_streamed: bool,
}

impl Offered {
    /// What is to be offered, and what aborts it; `after` gets the connection when the link has ended well.
    pub(super) fn new(
        opened: Opened,
        guest: Guest,
        after: oneshot::Sender<Socket>,
    ) -> (Self, LinkAbort) {
        let Opened { receiver, about, wire, framing, buffer } = opened;
        let is_streamed = receiver.streamed().is_some();
        let line = Line::new(wire, Box::new(move |socket| drop(after.send(socket))));
        let abort = line.aborter();
        (Self { line, about, parts: Some((framing, buffer)), guest, is_streamed }, abort)
    }
}

impl OfferedLink for Offered {
    fn about(&self) -> &LinkAbout {
        &self.about
    }

    fn accept(mut self: Box<Self>) -> BoxFuture<'static, Result<Link, TransportFailure>> {
        Box::pin(async move {
            let Some((framing, buffer)) = self.parts.take() else { return Err(aborted()) };
            let (line, guest) = (Arc::clone(&self.line), self.guest.clone());
            // From here on, whoever drops them aborts.
            let output = TcpOutput::new(Arc::clone(&line), self.is_streamed);
            let input =
                TcpInput::new(Arc::clone(&line), Role::Server(framing), buffer, Some(guest));
            let mut wire = line.wire()?;
            let written = async {
                wire.write_all(&Record::PreambleAck.to_octets()).await?;
                wire.flush().await
            };
            written.await.map_err(|error| line.fail(broken(&error)))?;
            drop(wire);
            let (about, abort) = (self.about.clone(), line.aborter());
            Ok(Link { about, output: Box::new(output), input: Box::new(input), abort })
        })
    }

    fn refuse(mut self: Box<Self>, why: LinkRefusal) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            self.parts = None;
            let Ok(wire) = self.line.wire() else { return };
            let refusal = match why {
                LinkRefusal::Busy => Refusal::busy(),
                LinkRefusal::NotFound => Refusal::unavailable(),
                // The protocol has no word for it: WCF aborts.
                LinkRefusal::Forbidden => {
                    drop(wire);
                    return self.line.abort();
                }
            };
            farewell(wire, &refusal, FAREWELL, |_| ()).await;
            self.line.refused(aborted());
        })
    }
}

impl Drop for Offered {
    fn drop(&mut self) {
        if self.parts.is_some() {
            self.line.abort();
        }
    }
}
