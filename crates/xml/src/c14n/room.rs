//! The memory that canonicalization works in, and what it writes there and hands on in large pieces.

use std::cell::Cell;

use smallvec::SmallVec;

use super::Sink;
use crate::arena::{Piece, SHORT};
use crate::intern::{EMPTY, Names};
use crate::writer::escape_attribute;

/// From so many octets on the sink gets them.
const CHUNK: usize = 2048;

/// A multiple of every digest's block: whole ones need not be copied there.
const BLOCK: usize = 128;

/// The most namespace declarations that are remembered in one piece, and the most such pieces.
const TOGETHER: usize = 4;
const SETS: usize = 8;

/// The memory: a thread keeps that of one canonicalization for the next.
#[derive(Default)]
pub(super) struct Room {
    /// What the sink has not got yet.
    out: Vec<u8>,
    /// The most octets that were in `out`.
    used: usize,
    /// Namespace declarations as text.
    declarations: Vec<u8>,
    /// Where that of each binding stands, by its index; nothing where it was not needed yet.
    places: Vec<(u32, u32)>,
    /// Where those of several bindings stand in their order: most headers of a message declare the same.
    sets: SmallVec<[(Set, (u32, u32)); SETS]>,
}

/// Bindings in the order in which a tag uses them, and then [`NOTHING`].
type Set = [u16; TOGETHER];
const NOTHING: u16 = u16::MAX;

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
        self.sets.clear();
        // (A short piece is copied with what is behind it.)
        let used = std::mem::take(&mut self.used) + SHORT;
        self.out.clear();
        self.out.resize(used.min(self.out.capacity()), 0);
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

/// Namespace declarations are sorted by their prefixes (Canonical XML 1.0 §2.2).
fn sort(bindings: &mut [u16], names: &Names) {
    bindings.sort_unstable_by_key(|binding| names.prefix(names.binding(*binding).prefix));
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

    /// A piece of a longer text.
    #[inline(always)]
    pub(super) fn write_piece(&mut self, piece: Piece<'_>) {
        if piece.len > CHUNK {
            return self.write_large(piece.octets());
        }
        piece.append_to(&mut self.room.out);
        if self.room.out.len() >= CHUNK {
            self.write_blocks();
        }
    }

    /// One octet; [`Out::write`] follows.
    #[inline(always)]
    pub(super) fn push(&mut self, octet: u8) {
        self.room.out.push(octet);
    }

    /// The declarations of bindings, which are sorted.
    pub(super) fn declare_all(&mut self, names: &Names, bindings: &mut [u16]) {
        match bindings {
            [] => {}
            [one] => {
                self.declare(names, *one);
            }
            several => {
                let mut set = [NOTHING; TOGETHER];
                let is_set = several.len() <= TOGETHER;
                if is_set {
                    set[..several.len()].copy_from_slice(several);
                    let known = self.room.sets.iter().find(|(known, _)| *known == set);
                    if let Some((_, place)) = known {
                        self.declared(*place);
                        return;
                    }
                }
                let before = self.room.out.len();
                sort(several, names);
                let octets: usize = several.iter().map(|one| self.declare(names, *one)).sum();
                // (What the sink has got meanwhile is no longer there, and is long.)
                let Room { out, declarations, sets, .. } = &mut *self.room;
                if is_set && sets.len() < SETS && out.len() == before + octets {
                    let start = declarations.len() as u32;
                    declarations.extend_from_slice(&out[before..]);
                    sets.push((set, (start, declarations.len() as u32)));
                }
            }
        }
    }

    /// The declaration of a binding; gives its length.
    pub(super) fn declare(&mut self, names: &Names, binding: u16) -> usize {
        let place = self.room.declaration(names, binding);
        self.declared(place)
    }

    fn declared(&mut self, (start, end): (u32, u32)) -> usize {
        let Room { out, declarations, .. } = &mut *self.room;
        let declared = &declarations[start as usize..end as usize];
        out.extend_from_slice(declared);
        let octets = declared.len();
        if out.len() >= CHUNK {
            self.write_blocks();
        }
        octets
    }

    /// Hands on whole blocks.
    #[cold]
    fn write_blocks(&mut self) {
        let Room { out, used, .. } = &mut *self.room;
        *used = out.len().max(*used);
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
        let Room { out, used, .. } = &mut *self.room;
        if !out.is_empty() {
            *used = out.len().max(*used);
            self.sink.write(out);
            out.clear();
        }
    }
}
