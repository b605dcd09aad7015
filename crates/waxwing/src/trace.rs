//! Every message, encrypted and decrypted, as text that anyone can read.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use waxwing_soap::Envelope;

mod legible;

/// Which way a message went, seen from who traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceDirection {
    /// It was sent.
    Sent,
    /// It came in.
    Received,
}

/// Where messages are written to. Cheap to clone. **A trace with decrypted messages holds secrets.**
///
/// A trace that cannot be written (a full disk) does not stop the messages: it is told once at WARN, and when it can be
/// written again it says itself how many messages it lacks.
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
    /// What it is called in the log.
    name: String,
    number: u64,
    /// Messages that could not be written since the last one that could.
    lost: u64,
}

impl Trace {
    /// A trace that is written to a new file, which only its owner can read (mode 0600).
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn file(path: &Path, decrypted: bool) -> io::Result<Self> {
        let file = io::BufWriter::new(crate::files::create_private(path)?);
        Ok(Self::named(path.display().to_string(), file, decrypted))
    }

    /// The same, appended to what the file holds: `<waxwing><trace file="…"/>` is read by every client and service of
    /// the file.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn append(path: &Path, decrypted: bool) -> io::Result<Self> {
        let file = io::BufWriter::new(crate::files::append_private(path)?);
        Ok(Self::named(path.display().to_string(), file, decrypted))
    }

    /// A trace that is written to anything. It is flushed after every message.
    pub fn new(out: impl Write + Send + 'static, decrypted: bool) -> Self {
        Self::named("of the messages".to_owned(), out, decrypted)
    }

    fn named(name: String, out: impl Write + Send + 'static, decrypted: bool) -> Self {
        let sink = Sink { out: Box::new(out), name, number: 0, lost: 0 };
        Self { inner: Arc::new(Inner { out: Mutex::new(sink), decrypted }) }
    }

    /// Whether decrypted messages are wanted.
    pub fn is_decrypted(&self) -> bool {
        self.inner.decrypted
    }

    /// Writes a message as it is on the wire. `note` says with what it belongs together.
    ///
    /// `read` is what the octets hold, where that is known: of binary XML and of what is compressed, which nobody could read,
    /// it is written instead of them, as text. What is no text otherwise, like the attachments of MTOM, is escaped (`\x1b`).
    pub fn wire(
        &self,
        at: Timestamp,
        direction: TraceDirection,
        note: &str,
        octets: &[u8],
        read: Option<&Envelope>,
    ) {
        let is_legible = legible::is_text(octets) || legible::is_mime(octets);
        let (how, shown) = match (is_legible, read) {
            (false, Some(envelope)) => (", shown as text", Cow::Owned(envelope.to_bytes())),
            _ => ("", legible::escaped(octets)),
        };
        self.write(at, direction, note, ("on the wire", octets.len(), how), &shown);
    }

    /// Writes a message as it is without security.
    pub fn plain(&self, at: Timestamp, direction: TraceDirection, note: &str, envelope: &Envelope) {
        if self.inner.decrypted {
            let octets = envelope.to_bytes();
            self.write(at, direction, note, ("without security", octets.len(), ""), &octets);
        }
    }

    fn write(
        &self,
        at: Timestamp,
        direction: TraceDirection,
        note: &str,
        (what, length, how): (&str, usize, &str),
        shown: &[u8],
    ) {
        let mut sink = self.inner.out.lock().unwrap_or_else(PoisonError::into_inner);
        sink.number += 1;
        let arrow = match direction {
            TraceDirection::Sent => "-->",
            TraceDirection::Received => "<--",
        };
        let number = sink.number;
        let head = format!("#{number} {at:.3} {arrow} {note} ({what}, {length} bytes{how})\n");
        let written = sink.write(&head, shown);
        sink.told(written);
    }

    /// Writes what is still in memory.
    pub fn flush(&self) {
        let mut sink = self.inner.out.lock().unwrap_or_else(PoisonError::into_inner);
        let written = sink.out.flush();
        sink.told(written);
    }
}

impl Sink {
    /// All of a message at once, so that a failure is told with the message that it concerns.
    fn write(&mut self, head: &str, octets: &[u8]) -> io::Result<()> {
        if self.lost > 0 {
            let (lost, before) = (self.lost, self.number);
            writeln!(self.out, "\n({lost} messages before #{before} could not be written)\n")?;
        }
        self.out.write_all(head.as_bytes())?;
        self.out.write_all(octets)?;
        self.out.write_all(b"\n\n")?;
        self.out.flush()
    }

    /// Whether the trace is whole: told when it changes.
    fn told(&mut self, written: io::Result<()>) {
        let (name, number, lost) = (&self.name, self.number, self.lost);
        match written {
            Ok(()) if lost > 0 => {
                tracing::warn!(
                    "the trace {name} can be written again from #{number} on; it lacks {lost} messages"
                );
                self.lost = 0;
            }
            Ok(()) => {}
            Err(error) => {
                if lost == 0 {
                    tracing::warn!(
                        "the trace {name} cannot be written from #{number} on: {error}. The messages go on without it"
                    );
                }
                self.lost += 1;
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let sink = self.out.get_mut().unwrap_or_else(PoisonError::into_inner);
        let written = sink.out.flush();
        sink.told(written);
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").field("decrypted", &self.inner.decrypted).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tracing_subscriber::fmt::MakeWriter;

    /// A disk that is full after so many octets, until somebody makes room.
    #[derive(Clone, Default)]
    struct Disk {
        content: Arc<Mutex<Vec<u8>>>,
        room: Arc<AtomicUsize>,
    }

    impl Write for Disk {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            if self.room.load(Ordering::Relaxed) < octets.len() {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.room.fetch_sub(octets.len(), Ordering::Relaxed);
            self.content.lock().unwrap().extend_from_slice(octets);
            Ok(octets.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Disk {
        type Writer = Self;
        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn a_full_disk_is_told_once_and_the_gap_is_marked() {
        let (disk, log) = (Disk::default(), Disk::default());
        log.room.store(usize::MAX, Ordering::Relaxed);
        let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false);
        let text = |disk: &Disk| String::from_utf8(disk.content.lock().unwrap().clone()).unwrap();
        tracing::subscriber::with_default(subscriber.finish(), || {
            let trace = Trace::new(disk.clone(), true);
            let write = |note| {
                trace.wire(Timestamp::UNIX_EPOCH, TraceDirection::Sent, note, b"<message/>", None);
            };
            disk.room.store(1000, Ordering::Relaxed);
            write("first");
            disk.room.store(3, Ordering::Relaxed);
            write("second");
            write("third");
            disk.room.store(1000, Ordering::Relaxed);
            write("fourth");
            write("fifth");
        });
        let (trace, log) = (text(&disk), text(&log));
        assert!(trace.contains("#1 ") && trace.contains("#4 ") && trace.contains("#5 "), "{trace}");
        assert!(!trace.contains("second") && !trace.contains("third"));
        assert!(trace.contains("(2 messages before #4 could not be written)"), "{trace}");
        assert_eq!(log.matches("cannot be written from #2 on").count(), 1, "{log}");
        assert!(log.contains("from #4 on; it lacks 2 messages"), "{log}");
    }
}
