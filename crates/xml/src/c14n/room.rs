//! The memory that canonicalization works in, and what it writes there and hands on in large pieces.

use std::cell::Cell;

use super::Sink;
use crate::intern::{EMPTY, Names};
use crate::writer::escape_attribute;

/// From so many octets on the sink gets them.
const CHUNK: usize = 2048;

/// A multiple of every digest's block: whole ones need not be copied there.
const BLOCK: usize = 128;

/// The memory: a thread keeps that of one canonicalization for the next.
#[derive(Default)]
pub(super) struct Room {
    /// What the sink has not got yet.
    out: Vec<u8>,
    /// Namespace declarations as text.
    declarations: Vec<u8>,
    /// Where that of each binding stands, by its index; nothing where it was not needed yet.
    places: Vec<(u32, u32)>,
}

thread_local! {
    static KEPT: Cell<Option<Box<Room>>> = const { Cell::new(None) };
}

impl Room {
    pub(super) fn take() -> Box<Self> {
        let mut room = KEPT.try_with(Cell::take).ok().flatten().unwrap_or_default();
        room.out.reserve(2 * CHUNK);
        room
    }

    /// Gives it to the next. What was written may be secret, and what declarations there were is the peer's choice.
    pub(super) fn give_back(mut self: Box<Self>) {
        let texts = self.declarations.capacity().max(self.out.capacity());
        if texts > 4 * CHUNK || self.places.capacity() > CHUNK {
            return;
        }
        self.declarations.clear();
        self.places.clear();
        self.out.clear();
        self.out.resize(self.out.capacity(), 0);
        self.out.clear();
        let _ = KEPT.try_with(|kept| kept.set(Some(self)));
    }

    /// The text of a namespace declaration, in front of which a blank is.
    fn declaration(&mut self, names: &Names, index: u16) -> (u32, u32) {
        let at = usize::from(index);
        if at >= self.places.len() {
            self.places.resize(at + 1, (0, 0));
        }
        if self.places[at] == (0, 0) {
            let binding = names.binding(index);
            let (start, out) = (self.declarations.len(), &mut self.declarations);
            out.extend_from_slice(b" xmlns");
            if binding.prefix != EMPTY {
                out.push(b':');
                out.extend_from_slice(names.prefix(binding.prefix).as_bytes());
            }
            out.extend_from_slice(b"=\"");
            let namespace = names.namespace(binding.namespace).as_bytes();
            escape_attribute(namespace, |piece| out.extend_from_slice(piece));
            out.push(b'"');
            self.places[at] = (start as u32, out.len() as u32);
        }
        self.places[at]
    }
}

/// What is written to a sink.
pub(super) struct Out<'a, S> {
    pub(super) room: &'a mut Room,
    pub(super) sink: &'a mut S,
}

impl<S: Sink> Out<'_, S> {
    #[inline(always)]
    pub(super) fn write(&mut self, octets: &[u8]) {
        if octets.len() > CHUNK {
            return self.write_large(octets);
        }
        self.room.out.extend_from_slice(octets);
        if self.room.out.len() >= CHUNK {
            self.write_blocks();
        }
    }

    /// One octet; [`Out::write`] follows.
    #[inline(always)]
    pub(super) fn push(&mut self, octet: u8) {
        self.room.out.push(octet);
    }

    /// The declaration of a binding.
    pub(super) fn declare(&mut self, names: &Names, binding: u16) {
        let (start, end) = self.room.declaration(names, binding);
        let Room { out, declarations, .. } = &mut *self.room;
        out.extend_from_slice(&declarations[start as usize..end as usize]);
        if out.len() >= CHUNK {
            self.write_blocks();
        }
    }

    /// Hands on whole blocks.
    #[cold]
    fn write_blocks(&mut self) {
        let out = &mut self.room.out;
        let whole = out.len() - out.len() % BLOCK;
        self.sink.write(&out[..whole]);
        out.copy_within(whole.., 0);
        out.truncate(out.len() - whole);
    }

    /// Hands a large piece on where it is, but for what fills the block at hand and what fills none.
    #[cold]
    fn write_large(&mut self, octets: &[u8]) {
        let out = &mut self.room.out;
        let (first, rest) = octets.split_at(out.len().next_multiple_of(BLOCK) - out.len());
        out.extend_from_slice(first);
        self.flush();
        let (whole, rest) = rest.split_at(rest.len() - rest.len() % BLOCK);
        self.sink.write(whole);
        self.room.out.extend_from_slice(rest);
    }

    /// Hands on what there is.
    pub(super) fn flush(&mut self) {
        if !self.room.out.is_empty() {
            self.sink.write(&self.room.out);
            self.room.out.clear();
        }
    }
}
