//! The buffers of documents. Documents come and go with every message: the buffers of those that are gone serve the next,
//! on the thread where they were dropped.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

use crate::arena::Arena;
use crate::node::Tag;

/// What a thread keeps of one size.
struct Size {
    /// For documents of so many nodes, as far as one can guess before they are there.
    nodes: usize,
    /// Arenas of at most so many octets.
    octets: usize,
    /// So many of them.
    kept: usize,
}

/// Small, usual, and large ones. A document that lives long (in a window of retransmissions) is mostly a small one, and must
/// not hold the room of a large one.
const SIZES: [Size; 3] = [
    Size { nodes: 48, octets: 4 << 10, kept: 16 },
    Size { nodes: 512, octets: 64 << 10, kept: 16 },
    Size { nodes: usize::MAX, octets: 1 << 20, kept: 2 },
];

#[allow(clippy::vec_box, reason = "they are lent as they are kept, and are not moved for it")]
struct Kept([Vec<Box<Arena>>; 3]);

thread_local! {
    static ARENAS: RefCell<Kept> = const { RefCell::new(Kept([const { Vec::new() }; 3])) };
}

/// An arena, for as long as a document needs it.
pub(crate) struct Lent(Option<Box<Arena>>);

impl Lent {
    /// An empty one, for so many nodes.
    pub(crate) fn new(nodes: usize) -> Self {
        let size = SIZES.iter().position(|size| nodes <= size.nodes).unwrap_or_default();
        let kept = ARENAS.try_with(|arenas| arenas.borrow_mut().0[size].pop()).ok().flatten();
        let mut arena = kept.unwrap_or_else(|| Box::new(Arena::new()));
        arena.nodes.reserve(nodes);
        arena.tags.push(Tag::default());
        Self(Some(arena))
    }
}

impl Clone for Lent {
    fn clone(&self) -> Self {
        let mut clone = Self::new(self.nodes.len());
        clone.copy(self);
        clone
    }
}

impl Deref for Lent {
    type Target = Arena;

    fn deref(&self) -> &Arena {
        self.0.as_ref().expect("there until it is dropped")
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut Arena {
        self.0.as_mut().expect("there until it is dropped")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(mut arena) = self.0.take() else { return };
        if *arena.secret.get_mut() {
            return arena.wipe();
        }
        let capacity = arena.capacity();
        let size = SIZES.iter().position(|size| capacity <= size.octets);
        let Some(size) = size else { return };
        if !arena.names.is_usual() {
            return;
        }
        arena.clear();
        // A thread that ends keeps nothing.
        let _ = ARENAS.try_with(|arenas| {
            let kept = &mut arenas.borrow_mut().0[size];
            if kept.len() < SIZES[size].kept {
                kept.push(arena);
            }
        });
    }
}

#[cfg(test)]
pub(crate) mod kept {
    //! What this thread keeps, for tests.

    /// How many arenas of each size.
    pub(crate) fn count() -> [usize; 3] {
        super::ARENAS.with_borrow(|arenas| arenas.0.each_ref().map(Vec::len))
    }

    /// How many of each size there may be.
    pub(crate) fn most() -> [usize; 3] {
        super::SIZES.each_ref().map(|size| size.kept)
    }

    pub(crate) fn octets() -> usize {
        let all = |arenas: &super::Kept| arenas.0.iter().flatten().map(|a| a.capacity()).sum();
        super::ARENAS.with_borrow(all)
    }

    /// How many octets there may be.
    pub(crate) fn most_octets() -> usize {
        super::SIZES.iter().map(|size| size.kept * size.octets).sum()
    }
}
