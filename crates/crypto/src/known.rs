//! What was read before of the same octets: a memory of bounded size.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::digest::{Digest, DigestAlgorithm};
use crate::latest::Latest;

/// What is larger is read each time: so many octets are all that the memory can hold of each.
const LARGEST: usize = 16 << 10;

/// SHA-256 of the octets that were read.
type Print = [u8; 32];

/// Remembers what octets were read as, the latest of them. Nothing is decided by it: what comes out is what reading gives.
pub(crate) struct Known<T> {
    /// None before the first: the memory is made where it is a static.
    kept: Mutex<Option<Latest<Print, T>>>,
    most: usize,
}

impl<T: Clone> Known<T> {
    /// Nothing yet, and at most so many.
    pub(crate) const fn new(most: usize) -> Self {
        Self { kept: Mutex::new(None), most }
    }

    /// What these octets are: from memory, or read and remembered. Errors are not.
    pub(crate) fn read<E>(
        &self,
        octets: &[u8],
        read: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        if octets.len() > LARGEST {
            return read();
        }
        let mut digest = Digest::new(DigestAlgorithm::Sha256);
        digest.update(octets);
        let mut print = [0; 32];
        print.copy_from_slice(&digest.finish());
        if let Some(known) = self.lock().as_ref().and_then(|kept| kept.get(&print)) {
            return Ok(known.clone());
        }
        // Nobody waits while it is read.
        let value = read()?;
        self.lock().get_or_insert_with(|| Latest::new(self.most)).keep(print, value.clone());
        Ok(value)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Latest<Print, T>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_remembered_and_errors_are_not() {
        let known = Known::new(2);
        let mut reads = Vec::new();
        let mut read = |octets: &[u8]| {
            known.read(octets, || {
                reads.push(octets[0]);
                if octets[0] == 9 { Err("not read") } else { Ok(octets[0]) }
            })
        };
        for octet in [1, 1, 2, 1, 9, 9, 3, 2, 3, 1] {
            let expected = if octet == 9 { Err("not read") } else { Ok(octet) };
            assert_eq!(read(&[octet]), expected);
        }
        assert_eq!(reads, [1, 2, 9, 9, 3, 1]);
        assert_eq!(known.lock().as_ref().map(Latest::lengths), Some([2; 2]));
    }

    #[test]
    fn what_is_large_is_not_remembered() {
        let (known, mut reads) = (Known::new(2), 0);
        for _ in 0..2 {
            let read = || {
                reads += 1;
                Ok::<_, ()>(reads)
            };
            assert_eq!(known.read(&[0; LARGEST + 1], read), Ok(reads));
        }
        assert_eq!((reads, known.lock().as_ref().map(Latest::lengths)), (2, None));
    }
}
