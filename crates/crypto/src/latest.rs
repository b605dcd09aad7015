//! A table that keeps the latest of what it is given.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Values by keys, a bounded number: then the oldest makes way.
pub(crate) struct Latest<K, V> {
    values: HashMap<K, V>,
    /// The oldest first.
    order: VecDeque<K>,
    most: usize,
}

impl<K: Copy + Eq + Hash, V> Latest<K, V> {
    /// Nothing yet, and at most so many.
    pub(crate) fn new(most: usize) -> Self {
        Self { values: HashMap::new(), order: VecDeque::new(), most }
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.values.get(key)
    }

    /// Keeps a value, in the place of another of this key.
    pub(crate) fn keep(&mut self, key: K, value: V) {
        if self.values.insert(key, value).is_none() {
            self.order.push_back(key);
        }
        while self.order.len() > self.most {
            if let Some(oldest) = self.order.pop_front() {
                self.values.remove(&oldest);
            }
        }
    }

    /// How many there are, and how many have a place in the order: the same.
    #[cfg(test)]
    pub(crate) fn lengths(&self) -> [usize; 2] {
        [self.values.len(), self.order.len()]
    }
}
