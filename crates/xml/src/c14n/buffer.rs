//! Collects small writes so that a digest gets few, large ones.

use super::Sink;

/// How many octets are collected before the sink gets them: a multiple of every digest's block.
const CHUNK: usize = 2048;

pub(super) struct Buffer<'s, S> {
    sink: &'s mut S,
    octets: [u8; CHUNK],
    len: usize,
}

impl<'s, S: Sink> Buffer<'s, S> {
    pub(super) fn new(sink: &'s mut S) -> Self {
        Self { sink, octets: [0; CHUNK], len: 0 }
    }

    #[inline(always)]
    pub(super) fn write(&mut self, octets: &[u8]) {
        match self.octets.get_mut(self.len..self.len + octets.len()) {
            Some(free) => {
                free.copy_from_slice(octets);
                self.len += octets.len();
            }
            None => self.write_through(octets),
        }
    }

    /// Fills the buffer up, so that the sink gets whole blocks, and hands large pieces on unbuffered.
    #[cold]
    fn write_through(&mut self, octets: &[u8]) {
        let (first, rest) = octets.split_at((CHUNK - self.len).min(octets.len()));
        self.octets[self.len..self.len + first.len()].copy_from_slice(first);
        self.len += first.len();
        self.flush();
        let (whole, rest) = rest.split_at(rest.len() - rest.len() % CHUNK);
        if !whole.is_empty() {
            self.sink.write(whole);
        }
        self.octets[..rest.len()].copy_from_slice(rest);
        self.len = rest.len();
    }

    pub(super) fn flush(&mut self) {
        if self.len > 0 {
            self.sink.write(&self.octets[..self.len]);
            self.len = 0;
        }
    }
}
