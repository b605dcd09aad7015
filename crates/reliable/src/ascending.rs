//! A table of few things whose names ascend.

use std::mem;

/// Things under names that are given in ascending order, as those of exchanges are. Mostly there is one, or none: a session that rests
/// holds no room for more, where a `BTreeMap` keeps a node for eleven.
#[derive(Clone, Debug)]
pub struct Ascending<K, V>(Vec<(K, V)>);

/// So much room stays when it is empty.
const KEPT: usize = 1;

impl<K, V> Default for Ascending<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Copy + Ord, V> Ascending<K, V> {
    /// Adds something. What is there under this name already is given back.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        if self.0.len() == self.0.capacity() {
            self.0.reserve_exact(self.0.len().max(KEPT));
        }
        if self.0.last().is_none_or(|(last, _)| *last < key) {
            self.0.push((key, value));
            return None;
        }
        match self.at(key) {
            Ok(at) => Some(mem::replace(&mut self.0[at].1, value)),
            Err(at) => {
                self.0.insert(at, (key, value));
                None
            }
        }
    }

    /// What has this name.
    pub fn get(&self, key: K) -> Option<&V> {
        self.at(key).ok().map(|at| &self.0[at].1)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, key: K) -> Option<&mut V> {
        self.at(key).ok().map(|at| &mut self.0[at].1)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes out the first, if its name is not above this one.
    pub fn take_first_upto(&mut self, key: K) -> Option<(K, V)> {
        self.0.first().filter(|(first, _)| *first <= key)?;
        let first = self.0.remove(0);
        self.shrink();
        Some(first)
    }

    /// Takes out what has this name.
    pub fn remove(&mut self, key: K) -> Option<V> {
        let at = self.at(key).ok()?;
        let (_, value) = self.0.remove(at);
        self.shrink();
        Some(value)
    }

    /// Takes out what has a smaller name.
    pub fn take_below(&mut self, key: K) -> Vec<(K, V)> {
        let (Ok(at) | Err(at)) = self.at(key);
        self.0.drain(..at).collect()
    }

    /// Leaves only what `keeps` says.
    pub fn retain(&mut self, mut keeps: impl FnMut(K, &V) -> bool) {
        self.0.retain(|(key, value)| keeps(*key, value));
        self.shrink();
    }

    /// Takes out everything.
    pub fn clear(&mut self) {
        self.0.clear();
        self.shrink();
    }

    /// All of it, in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (K, &V)> {
        self.0.iter().map(|(key, value)| (*key, value))
    }

    /// Those with a smaller name, in the order of the names.
    pub fn iter_below(&self, key: K) -> impl Iterator<Item = (K, &V)> {
        let (Ok(at) | Err(at)) = self.at(key);
        self.0[..at].iter().map(|(key, value)| (*key, value))
    }

    /// The things alone, in the order of their names.
    pub fn into_values(self) -> impl Iterator<Item = V> {
        self.0.into_iter().map(|(_, value)| value)
    }

    /// Bytes on the heap, without those inside of the things.
    pub fn heap_size(&self) -> usize {
        self.0.capacity() * size_of::<(K, V)>()
    }

    fn at(&self, key: K) -> Result<usize, usize> {
        self.0.binary_search_by_key(&key, |(own, _)| *own)
    }

    /// A burst is over.
    fn shrink(&mut self) {
        if self.0.is_empty() && self.0.capacity() > KEPT {
            self.0.shrink_to(KEPT);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever is done with it, it is a map.
        #[test]
        fn it_is_a_map(steps in prop::collection::vec((0..8_u8, 0..12_u64), 0..60)) {
            let (mut own, mut map) = (Ascending::default(), BTreeMap::new());
            for (value, (step, key)) in steps.into_iter().enumerate() {
                assert_eq!((own.len(), own.is_empty()), (map.len(), map.is_empty()));
                let below: Vec<_> = own.iter_below(key).map(|(key, value)| (key, *value)).collect();
                assert_eq!(below, map.range(..key).map(|(k, v)| (*k, *v)).collect::<Vec<_>>());
                match step {
                    0 | 1 => assert_eq!(own.insert(key, value), map.insert(key, value)),
                    2 => assert_eq!(own.remove(key), map.remove(&key)),
                    3 => {
                        let rest = map.split_off(&key);
                        let below = mem::replace(&mut map, rest);
                        assert_eq!(own.take_below(key), below.into_iter().collect::<Vec<_>>());
                    }
                    4 => {
                        own.retain(|name, _| name % 3 != key % 3);
                        map.retain(|name, _| name % 3 != key % 3);
                    }
                    5 => {
                        let first = map.first_entry().filter(|first| *first.key() <= key);
                        assert_eq!(own.take_first_upto(key), first.map(|first| first.remove_entry()));
                    }
                    6 => assert_eq!(own.get_mut(key), map.get_mut(&key)),
                    _ => assert_eq!(own.get(key), map.get(&key)),
                }
                let held: Vec<_> = own.iter().map(|(key, value)| (key, *value)).collect();
                assert_eq!(held, map.iter().map(|(key, value)| (*key, *value)).collect::<Vec<_>>());
            }
            assert!(own.clone().into_values().eq(map.into_values()));
        }
    }

    #[test]
    fn a_burst_leaves_no_room_behind() {
        let mut own = Ascending::default();
        for key in 0..100_u64 {
            own.insert(key, [0_u64; 8]);
        }
        for key in (0..100).rev() {
            own.remove(key);
        }
        assert_eq!(own.heap_size(), size_of::<(u64, [u64; 8])>());
    }
}
