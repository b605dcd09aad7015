//! Every message, encrypted and decrypted, as text that anyone can read.

use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use waxwing_soap::Envelope;

/// Which way a message went, seen from who traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceDirection {
    /// It was sent.
    Sent,
    /// It came in.
    Received,
}

/// Where messages are written to. Cheap to clone. **A trace with decrypted messages holds secrets.**
#[derive(Clone)]
pub struct Trace {
    inner: Arc<Inner>,
}

struct Inner {
    out: Mutex<Sink>,
    decrypted: bool,
}

struct Sink {
    out: Box<dyn Write + Send>,
    number: u64,
}

impl Trace {
    /// A trace that is written to a new file.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn file(path: &Path, decrypted: bool) -> io::Result<Self> {
        let file = std::fs::File::create(path)?;
        Ok(Self::new(io::BufWriter::new(file), decrypted))
    }

    /// A trace that is written to anything.
    pub fn new(out: impl Write + Send + 'static, decrypted: bool) -> Self {
        let sink = Sink { out: Box::new(out), number: 0 };
        Self { inner: Arc::new(Inner { out: Mutex::new(sink), decrypted }) }
    }

    /// Whether decrypted messages are wanted.
    pub fn is_decrypted(&self) -> bool {
        self.inner.decrypted
    }

    /// Writes a message as it is on the wire. `note` says with what it belongs together.
    pub fn wire(&self, at: Timestamp, direction: TraceDirection, note: &str, octets: &[u8]) {
        self.write(at, direction, note, "on the wire", octets);
    }

    /// Writes a message as it is without security.
    pub fn plain(&self, at: Timestamp, direction: TraceDirection, note: &str, envelope: &Envelope) {
        if self.inner.decrypted {
            self.write(at, direction, note, "without security", &envelope.to_bytes());
        }
    }

    fn write(
        &self,
        at: Timestamp,
        direction: TraceDirection,
        note: &str,
        what: &str,
        octets: &[u8],
    ) {
        let mut sink = self.inner.out.lock().unwrap_or_else(PoisonError::into_inner);
        sink.number += 1;
        let arrow = match direction {
            TraceDirection::Sent => "-->",
            TraceDirection::Received => "<--",
        };
        let number = sink.number;
        // A trace that cannot be written must not stop the messages.
        let _ =
            writeln!(sink.out, "#{number} {at:.3} {arrow} {note} ({what}, {} bytes)", octets.len());
        let _ = sink.out.write_all(octets);
        let _ = sink.out.write_all(b"\n\n");
    }

    /// Writes what is still in memory.
    pub fn flush(&self) {
        let _ = self.inner.out.lock().unwrap_or_else(PoisonError::into_inner).out.flush();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let _ = self.out.lock().unwrap_or_else(PoisonError::into_inner).out.flush();
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").field("decrypted", &self.inner.decrypted).finish_non_exhaustive()
    }
}
