//! A log that a test reads.
#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

use std::io::Write;
use std::sync::{Arc, Mutex};

/// What was logged so far.
#[derive(Clone, Default)]
pub struct Log(pub Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(octets);
        Ok(octets.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
