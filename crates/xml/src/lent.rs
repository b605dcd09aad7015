//! The buffers of documents. Documents come and go with every message: the buffers of those that are gone serve the next,
//! on the thread where they were dropped.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

use crate::arena::Arena;
use crate::node::Tag;

/// How many arenas of each size a thread keeps.
const KEPT: usize = 16;

/// Arenas up to so many octets are kept for small documents, and those up to so many for usual ones. A document that lives
/// long (in a window of retransmissions) is mostly a small one, and must not hold the room of a large one.
const SIZES: [usize; 2] = [4 << 10, 64 << 10];

/// Documents of more nodes than this are not small.
const SMALL: usize = 48;

#[allow(clippy::vec_box, reason = "they are lent as they are kept, and are not moved for it")]
struct Kept([Vec<Box<Arena>>; 2]);

thread_local! {
    static ARENAS: RefCell<Kept> = const { RefCell::new(Kept([Vec::new(), Vec::new()])) };
}

/// An arena, for as long as a document needs it.
pub(crate) struct Lent(Option<Box<Arena>>);

impl Lent {
    /// An empty one, for so many nodes.
    pub(crate) fn new(nodes: usize) -> Self {
        let size = usize::from(nodes > SMALL);
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
        let capacity = arena.capacity();
        let Some(size) = SIZES.iter().position(|most| capacity <= *most) else { return };
        if !arena.names.is_usual() {
            return;
        }
        arena.clear();
        // A thread that ends keeps nothing.
        let _ = ARENAS.try_with(|arenas| {
            let kept = &mut arenas.borrow_mut().0[size];
            if kept.len() < KEPT {
                kept.push(arena);
            }
        });
    }
}

#[cfg(test)]
pub(crate) mod kept {
    //! What this thread keeps, for tests.

    pub(crate) const MOST_OCTETS: usize = super::KEPT * (super::SIZES[0] + super::SIZES[1]);
    pub(crate) const MOST: usize = super::KEPT;

    /// How many arenas of each size.
    pub(crate) fn count() -> [usize; 2] {
        super::ARENAS.with_borrow(|arenas| [arenas.0[0].len(), arenas.0[1].len()])
    }

    pub(crate) fn octets() -> usize {
        let all = |arenas: &super::Kept| arenas.0.iter().flatten().map(|a| a.capacity()).sum();
        super::ARENAS.with_borrow(all)
    }
}
