//! Which prefixes are bound where a document is read, and names that occur twice.

use std::cell::Cell;
use std::collections::HashSet;
use std::hash::Hash;

use crate::intern::{EMPTY, XML};

/// Up to this many attributes of an element are compared in pairs.
const PAIRWISE: usize = 12;

/// What every prefix stands for at the place at hand.
pub(crate) struct Scope {
    /// By index of the prefix.
    pub(crate) bound: Vec<Bound>,
    /// What declarations replaced, innermost last: index of the prefix and what it was bound to.
    pub(crate) undo: Vec<(u16, Bound)>,
}

/// The lists of a scope.
type Lists = (Vec<Bound>, Vec<(u16, Bound)>);

thread_local! {
    /// Those of a scope that is gone, for the next.
    static KEPT: Cell<Lists> = const { Cell::new((Vec::new(), Vec::new())) };
}

/// So many prefixes have their places at once: most documents have fewer.
const USUAL: usize = 16;
/// The most entries of a list that is kept.
const KEPT_ENTRIES: usize = 64;

#[derive(Clone, Copy)]
pub(crate) struct Bound {
    /// Index of the binding.
    pub(crate) binding: u16,
    /// Number of the start tag that declared it.
    pub(crate) tag: u32,
}

/// A prefix that is known but not declared here.
pub(crate) const UNBOUND: Bound = Bound { binding: u16::MAX, tag: 0 };

impl Scope {
    pub(crate) fn new() -> Self {
        let (mut bound, undo) = KEPT.try_with(Cell::take).unwrap_or_default();
        bound.resize(USUAL, UNBOUND);
        bound[usize::from(EMPTY)].binding = EMPTY;
        bound[usize::from(XML)].binding = XML;
        Self { bound, undo }
    }

    #[inline]
    pub(crate) fn bind(&mut self, prefix: u16, bound: Bound) {
        let index = prefix as usize;
        if index >= self.bound.len() {
            self.bound.resize(index + 1, UNBOUND);
        }
        let old = std::mem::replace(&mut self.bound[index], bound);
        self.undo.push((prefix, old));
    }

    #[inline]
    pub(crate) fn of(&self, prefix: u16) -> Bound {
        self.bound.get(prefix as usize).copied().unwrap_or(UNBOUND)
    }

    #[inline]
    pub(crate) fn close(&mut self, len: usize) {
        while self.undo.len() > len {
            if let Some((prefix, old)) = self.undo.pop() {
                self.bound[prefix as usize] = old;
            }
        }
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        if self.bound.capacity().max(self.undo.capacity()) <= KEPT_ENTRIES {
            self.bound.clear();
            self.undo.clear();
            let lists = (std::mem::take(&mut self.bound), std::mem::take(&mut self.undo));
            // A thread that ends keeps nothing.
            let _ = KEPT.try_with(|kept| kept.set(lists));
        }
    }
}

/// The index of the first item that is the same as an earlier one, by `same`, or by their keys, which say the same. Up to
/// [`PAIRWISE`] are compared in pairs, more by a hash set: the number is the peer's choice.
#[inline]
pub(crate) fn first_repeated<'i, T, K: Eq + Hash>(
    items: &'i [T],
    same: impl Fn(&T, &T) -> bool,
    key: impl Fn(&'i T) -> K,
) -> Option<usize> {
    match items {
        // What most elements have.
        [one, other] => same(one, other).then_some(1),
        _ if items.len() <= PAIRWISE => {
            let is_repeated = |at: &usize| items[..*at].iter().any(|item| same(item, &items[*at]));
            (1..items.len()).find(is_repeated)
        }
        _ => first_repeated_of_many(items, key),
    }
}

#[inline(never)]
fn first_repeated_of_many<'i, T, K: Eq + Hash>(
    items: &'i [T],
    key: impl Fn(&'i T) -> K,
) -> Option<usize> {
    let mut seen = HashSet::with_capacity(items.len());
    items.iter().position(|item| !seen.insert(key(item)))
}

#[cfg(test)]
mod tests {
    use std::hash::Hasher;

    use super::*;

    /// A key that counts how often it is compared.
    struct Counted<'c>(usize, &'c Cell<usize>);

    impl PartialEq for Counted<'_> {
        fn eq(&self, other: &Self) -> bool {
            self.1.set(self.1.get() + 1);
            self.0 == other.0
        }
    }

    impl Eq for Counted<'_> {}

    impl Hash for Counted<'_> {
        fn hash<H: Hasher>(&self, state: &mut H) {
            self.0.hash(state);
        }
    }

    #[test]
    fn comparisons_grow_with_the_number_of_attributes_and_not_with_its_square() {
        for (count, at_most) in [(PAIRWISE, PAIRWISE * PAIRWISE), (20_000, 20_000)] {
            let compared = Cell::new(0);
            let items: Vec<_> = (0..count).collect();
            let key = |item: &usize| Counted(*item, &compared);
            let same = |one: &usize, other: &usize| key(one) == key(other);
            assert_eq!(first_repeated(&items, same, key), None);
            assert!(compared.get() <= at_most, "{} comparisons for {count}", compared.get());
        }
    }

    #[test]
    fn the_first_repeated_key_is_found_at_every_count() {
        for count in [2, PAIRWISE, PAIRWISE + 1, 300] {
            for twice in 1..count {
                for first in [0, twice / 2, twice - 1] {
                    let mut items: Vec<_> = (0..count).collect();
                    items[twice] = first;
                    assert_eq!(first_repeated(&items, usize::eq, |item| *item), Some(twice));
                }
            }
            let items: Vec<_> = (0..count).collect();
            assert_eq!(first_repeated(&items, usize::eq, |item| *item), None);
        }
    }
}
