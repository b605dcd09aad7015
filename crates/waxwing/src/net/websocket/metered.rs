//! What the messages of a WebSocket cost a service while they come in: memory that all peers share, and the time of slow ones.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::future::BoxFuture;
use crate::net::places::{Charge, Connection, ConnectionRoom, Places, Stage};
use crate::net::room::{Room, charged};

/// The place of a connection among those of a service.
#[derive(Clone)]
pub(in crate::net) struct Meter {
    pub(in crate::net) places: Arc<Places>,
    pub(in crate::net) connection: Arc<Connection>,
}

impl Meter {
    fn room(&self) -> ConnectionRoom<'_> {
        ConnectionRoom { places: &self.places, connection: &self.connection }
    }

    async fn more(self, mut charge: Charge, octets: usize) -> Charge {
        self.room().more(&mut charge, octets).await;
        charge
    }
}

/// What holds the memory of messages that have come in and were not taken yet, in their order; none of those that came at
/// once, which nobody had to wait for.
#[derive(Clone, Default)]
pub(in crate::net) struct Held(Arc<Mutex<VecDeque<Option<Charge>>>>);

impl Held {
    fn put(&self, charge: Option<Charge>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(charge);
    }

    /// The next message, which holds its memory as long as it lives.
    pub(super) fn with(&self, message: Bytes) -> Bytes {
        let charge = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        match charge.flatten() {
            Some(charge) => charged(message, charge),
            None => message,
        }
    }
}

/// A connection over whose incoming frames is watched: a message that has begun must come fast enough, and waits where there is
/// no memory for it.
pub(in crate::net) struct Metered<S> {
    stream: S,
    meter: Meter,
    frames: Frames,
    charge: Option<Charge>,
    /// More memory is waited for.
    waiting: Option<BoxFuture<'static, Charge>>,
    held: Held,
}

impl<S> Metered<S> {
    /// A connection on which frames begin, with what holds the memory of its messages.
    pub(in crate::net) fn new(stream: S, meter: Meter) -> (Self, Held) {
        let held = Held::default();
        let frames = Frames::default();
        let own = held.clone();
        (Self { stream, meter, frames, charge: None, waiting: None, held: own }, held)
    }

    /// So much has come in.
    fn came(&mut self, octets: &[u8]) {
        let ended = self.frames.take(octets);
        let Some(charge) = self.charge.take() else {
            return (0..ended).for_each(|_| self.held.put(None));
        };
        self.meter.room().progress(octets.len());
        if ended == 0 && self.frames.is_within() {
            let more = self.meter.clone().more(charge, octets.len());
            self.waiting = Some(Box::pin(more));
            return;
        }
        // What has begun behind the end begins to be watched with the next octets.
        self.meter.connection.enter(Stage::Handling);
        if ended > 0 {
            self.held.put(Some(charge));
            (1..ended).for_each(|_| self.held.put(None));
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(waiting) = &mut this.waiting {
            this.charge = Some(ready!(waiting.as_mut().poll(context)));
            this.waiting = None;
        }
        if this.frames.is_within() && this.charge.is_none() {
            this.meter.connection.enter(Stage::Body);
            this.charge = Some(this.meter.room().charge());
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
        this.came(&buffer.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, octets)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}

/// The longest head of a frame (RFC 6455 §5.2).
const MOST_HEAD: usize = 14;

/// Where frames and messages begin and end in octets that come (RFC 6455 §5.2); what is wrong with them, the library says.
#[derive(Default)]
struct Frames {
    head: [u8; MOST_HEAD],
    /// How much of the head has come.
    have: usize,
    /// Octets of the frame that are still to come.
    left: u64,
    /// A message has begun and is not over.
    in_message: bool,
    /// What the end of this frame ends.
    ends_message: bool,
}

impl Frames {
    /// Whether something has begun and is not over.
    fn is_within(&self) -> bool {
        self.in_message || self.have > 0 || self.left > 0
    }

    /// Takes octets. Gives how many messages have ended in them.
    fn take(&mut self, mut octets: &[u8]) -> usize {
        let mut ended = 0;
        while let Some((first, rest)) = octets.split_first() {
            if self.left > 0 {
                let taken = octets.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
                self.left -= taken as u64;
                octets = &octets[taken..];
            } else {
                self.head[self.have] = *first;
                self.have += 1;
                octets = rest;
                if !self.begin() {
                    continue;
                }
            }
            if self.left == 0 && std::mem::take(&mut self.ends_message) {
                self.in_message = false;
                ended += 1;
            }
        }
        ended
    }

    /// Whether the head has come, and a frame begins.
    fn begin(&mut self) -> bool {
        if self.have < 2 {
            return false;
        }
        let (kind, size) = (self.head[0] & 0x0f, self.head[1] & 0x7f);
        let extended = match size {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mask = if self.head[1] & 0x80 != 0 { 4 } else { 0 };
        if self.have < 2 + extended + mask {
            return false;
        }
        let octets = self.head[2..2 + extended].iter();
        self.left = match extended {
            0 => u64::from(size),
            _ => octets.fold(0, |size, octet| (size << 8) | u64::from(*octet)),
        };
        self.have = 0;
        let is_control = kind >= 8;
        if !is_control {
            self.in_message = true;
            self.ends_message = self.head[0] & 0x80 != 0;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two messages, the second one in two frames with a ping between them, cut anywhere.
    #[test]
    fn frames_and_messages_are_told_apart_wherever_they_are_cut() {
        let long = [&[0x82, 126, 1, 0][..], &[7; 256]].concat();
        let masked = [0x02, 0x83, 1, 2, 3, 4, 9, 9, 9];
        let (ping, last) = ([0x89, 1, b'p'], [0x80, 0x80, 1, 2, 3, 4]);
        let all = [&long[..], &masked, &ping, &last].concat();
        for cut in 0..=all.len() {
            let mut frames = Frames::default();
            let ended = frames.take(&all[..cut]) + frames.take(&all[cut..]);
            assert_eq!((ended, frames.is_within()), (2, false), "cut at {cut}");
            let mut frames = Frames::default();
            let ended = frames.take(&all[..cut]);
            let expected = usize::from(cut >= long.len()) + usize::from(cut == all.len());
            assert_eq!(ended, expected, "up to {cut}");
            let is_between = cut == 0 || cut == long.len() || cut == all.len();
            assert_eq!(frames.is_within(), !is_between, "up to {cut}");
        }
        // A size of 64 bits costs nothing.
        let mut frames = Frames::default();
        assert_eq!(frames.take(&[0x82, 127, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]), 0);
        assert!(frames.is_within());
    }
}
