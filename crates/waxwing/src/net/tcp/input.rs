//! The half that receives.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, ReadBuf};
use waxwing_session::{TransportCause, TransportFailure};
use waxwing_soap::framing::{
    ClientFailure, ClientFraming, ClientStep, FramingError, FramingProblem, Refusal, ServerFraming,
    ServerStep,
};

use super::failure;
use super::farewell::{FAREWELL, TOO_LARGE, farewell};
use super::line::{Line, aborted, broken};
use super::socket::Wire;
use crate::future::BoxFuture;
use crate::net::link::LinkInput;
use crate::net::places::{Charge, Connection, ConnectionRoom, Pause, Places, Stage};
use crate::net::room::{PIECE, Room, charged};

/// How much is read at a time.
const READ: usize = 8 << 10;

/// Receives the messages of a link.
pub(super) struct TcpInput {
    line: Arc<Line>,
    role: Role,
    /// What has come in and was not understood yet.
    buffer: BytesMut,
    is_ended: bool,
    /// What was understood while small pieces were put together, and comes next.
    understood: Option<Result<Step, Wrong>>,
    /// The place of the connection at a service.
    guest: Option<Guest>,
    /// What is held for an envelope that has come in part.
    charge: Option<Charge>,
    /// Between two pieces of a message: how it came so far. The time in which nobody asks for more is not the peer's.
    pause: Option<Pause>,
}

/// Which end of the connection this is.
pub(super) enum Role {
    Client(ClientFraming),
    Server(ServerFraming),
}

/// A connection among those of a service.
#[derive(Clone)]
pub(super) struct Guest {
    pub(super) places: Arc<Places>,
    pub(super) connection: Arc<Connection>,
}

enum Step {
    Message(Vec<u8>),
    /// Octets of a message that comes in pieces.
    Piece(Vec<u8>),
    End,
    /// Something that is no message and no end; what follows it may be there already.
    Other,
    More,
}

enum Wrong {
    Client(ClientFailure),
    Server(FramingError),
}

impl TcpInput {
    pub(super) fn new(line: Arc<Line>, role: Role, buffer: BytesMut, guest: Option<Guest>) -> Self {
        let (is_ended, understood, charge, pause) = (false, None, None, None);
        Self { line, role, buffer, is_ended, understood, guest, charge, pause }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, TransportFailure> {
        if self.is_ended {
            return Ok(None);
        }
        loop {
            match self.understand() {
                Ok(Step::Message(octets)) => return Ok(Some(self.whole(octets))),
                Ok(Step::Piece(octets)) => {
                    let octets = self.with_what_follows(octets);
                    return Ok(Some(self.whole(octets)));
                }
                Ok(Step::End) => {
                    self.is_ended = true;
                    if self.charge.take().is_some()
                        && let Some(guest) = &self.guest
                    {
                        guest.connection.enter(Stage::Handling);
                    }
                    let (rest, wire) = (std::mem::take(&mut self.buffer), self.line.wire()?);
                    // Inside of TLS nothing may follow: the next session begins in the clear.
                    let is_reusable = rest.is_empty() || !wire.is_protected();
                    wire.socket().unread(rest);
                    drop(wire);
                    self.line.input_ended(is_reusable);
                    return Ok(None);
                }
                Ok(Step::Other) => continue,
                Ok(Step::More) => {}
                // Rare, and large.
                Err(wrong) => return Err(Box::pin(self.wrong(wrong)).await),
            }
            if self.read().await? == 0 {
                self.end_of_stream()?;
                self.is_ended = true;
                self.line.input_ended(false);
                return Ok(None);
            }
        }
    }

    /// A piece with those that have come behind it, as long as they are small: whoever holds pieces of one octet each would hold
    /// more than fifty for each that came.
    fn with_what_follows(&mut self, mut octets: Vec<u8>) -> Vec<u8> {
        while octets.len() < READ {
            match self.understand() {
                Ok(Step::Piece(more)) => octets.extend_from_slice(&more),
                Ok(Step::More) => break,
                other => {
                    self.understood = Some(other);
                    break;
                }
            }
        }
        octets
    }

    /// What the octets that are there say.
    fn understand(&mut self) -> Result<Step, Wrong> {
        if let Some(understood) = self.understood.take() {
            return understood;
        }
        let mut left = &self.buffer[..];
        let step = match &mut self.role {
            Role::Client(framing) => match framing.read(&mut left) {
                Ok(Some(ClientStep::Envelope(octets))) => Ok(Step::Message(octets)),
                Ok(Some(ClientStep::Piece(octets))) => Ok(Step::Piece(octets)),
                Ok(Some(ClientStep::End)) => Ok(Step::End),
                Ok(Some(_)) => Ok(Step::Other),
                Ok(None) => Ok(Step::More),
                Err(failure) => Err(Wrong::Client(failure)),
            },
            Role::Server(framing) => match framing.read(&mut left) {
                Ok(Some(ServerStep::Envelope(octets))) => Ok(Step::Message(octets)),
                Ok(Some(ServerStep::Piece(octets))) => Ok(Step::Piece(octets)),
                Ok(Some(ServerStep::End)) => Ok(Step::End),
                Ok(Some(_)) => Ok(Step::Other),
                Ok(None) => Ok(Step::More),
                Err(error) => Err(Wrong::Server(error)),
            },
        };
        let taken = self.buffer.len() - left.len();
        self.buffer.advance(taken);
        step
    }

    /// A message is complete.
    fn whole(&mut self, octets: Vec<u8>) -> Bytes {
        if self.buffer.is_empty() {
            // A link that waits holds nothing.
            self.buffer = BytesMut::new();
        }
        let Some(charge) = self.charge.take() else { return octets.into() };
        if let Some(guest) = &self.guest {
            // Within a record still: that was a piece of a message.
            match self.is_within() {
                true => self.pause = Some(guest.connection.pause()),
                false => guest.connection.enter(Stage::Handling),
            }
        }
        charged(octets, charge)
    }

    /// Reads what comes; nothing at the end of the stream.
    async fn read(&mut self) -> Result<usize, TransportFailure> {
        let mut wire = self.line.wire()?;
        let is_new = self.charge.is_none() && self.is_within();
        if is_new && let Some(guest) = &self.guest {
            match self.pause.take() {
                Some(pause) => guest.connection.go_on(pause),
                None => guest.connection.enter(Stage::Body),
            }
            self.charge = Some(guest.room().charge());
        }
        let is_silent = self.is_awaiting_message();
        if is_silent && let Some(guest) = &self.guest {
            guest.connection.enter(Stage::Silent);
        }
        let (line, buffer) = (&self.line, &mut self.buffer);
        let read = poll_fn(|context| match poll_read_more(&mut wire, buffer, context) {
            Poll::Pending => line.poll_broken_for_reader(context).map(|()| None),
            read => read.map(Some),
        });
        let Some(read) = read.await else {
            drop(wire);
            return Err(self.line.wire().map_or_else(|failure| failure, |_| aborted()));
        };
        let read = read.map_err(|error| self.line.fail(broken(&error)))?;
        if let (Some(guest), Some(charge)) = (&self.guest, &mut self.charge) {
            let room = guest.room();
            room.progress(read);
            // What is handed out takes more than its octets.
            let beside = if is_new { PIECE } else { 0 };
            room.more(charge, read + beside).await;
        }
        if is_silent && let Some(guest) = &self.guest {
            guest.connection.enter(Stage::Handling);
        }
        Ok(read)
    }

    /// Whether a record has begun that is not over.
    fn is_within(&self) -> bool {
        match &self.role {
            Role::Client(framing) => framing.is_within_record(),
            Role::Server(framing) => framing.is_within_record(),
        }
    }

    /// Whether nothing has come yet of what the connection was opened for.
    fn is_awaiting_message(&self) -> bool {
        match &self.role {
            Role::Client(_) => false,
            Role::Server(framing) => framing.is_awaiting_message(),
        }
    }

    /// The stream has ended; may it?
    fn end_of_stream(&self) -> Result<(), TransportFailure> {
        let ended = match &self.role {
            Role::Client(framing) => framing.end_of_stream().map_err(|failure| failure.text),
            Role::Server(framing) => framing.end_of_stream().map_err(|error| error.to_string()),
        };
        let lost = |reason| TransportFailure { cause: TransportCause::Broken, reason };
        ended.map_err(|reason| self.line.fail(lost(reason)))
    }

    /// What came in is wrong: the session is over, and the peer learns what WCF would tell it.
    async fn wrong(&mut self, wrong: Wrong) -> TransportFailure {
        self.charge = None;
        match wrong {
            // The server has said why, or is none: nothing is left to say.
            Wrong::Client(failure) if failure.fault.is_some() => {
                self.line.told(failure::of_client(&failure))
            }
            Wrong::Client(failure) => self.line.fail(failure::of_client(&failure)),
            Wrong::Server(error) => {
                let (refusal, failure) = (Refusal::of(&error), failure::of_server(&error));
                if let (FramingProblem::EnvelopeTooLarge(_), Ok(wire)) =
                    (&error.problem, self.line.wire())
                {
                    self.say(wire, &refusal).await;
                    return self.line.refused(failure);
                }
                self.line.fail(failure)
            }
        }
    }

    /// Says it between two messages of the other half.
    async fn say(&self, wire: Wire, refusal: &Refusal) {
        let turn = tokio::time::timeout(FAREWELL, self.line.writing.lock()).await;
        if let Ok(mut is_closed) = turn
            && !*is_closed
        {
            *is_closed = true;
            if let Some(guest) = &self.guest {
                guest.connection.enter(Stage::Body);
            }
            let moved = |octets| {
                if let Some(guest) = &self.guest {
                    guest.room().progress(octets);
                }
            };
            farewell(wire, refusal, TOO_LARGE, moved).await;
        }
    }
}

/// Reads what comes behind what is there. While nothing comes no room is held.
fn poll_read_more(
    wire: &mut Wire,
    buffer: &mut BytesMut,
    context: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let mut space = [MaybeUninit::uninit(); READ];
    let mut read = ReadBuf::uninit(&mut space);
    ready!(Pin::new(wire).poll_read(context, &mut read))?;
    buffer.extend_from_slice(read.filled());
    Poll::Ready(Ok(read.filled().len()))
}

impl Guest {
    fn room(&self) -> ConnectionRoom<'_> {
        ConnectionRoom { places: &self.places, connection: &self.connection }
    }
}

impl fmt::Debug for TcpInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut written = f.debug_struct("TcpInput");
        written.field("line", &self.line).field("is_ended", &self.is_ended).finish_non_exhaustive()
    }
}

impl LinkInput for TcpInput {
    fn receive(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportFailure>> {
        Box::pin(self.next())
    }
}

impl Drop for TcpInput {
    fn drop(&mut self) {
        if !self.is_ended {
            self.line.abort();
        }
    }
}
