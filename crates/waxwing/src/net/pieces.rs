//! Messages whose octets come one after the other in an exchange (chunked, in HTTP): what is sent goes through a pipe, what comes
//! in is an input like that of a link.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::mpsc;
use waxwing_session::{TransportCause, TransportFailure};

use super::link::{LinkInput, LinkOutput};
use crate::future::BoxFuture;

/// How many pieces wait in a pipe, beside the one that is written.
const WAITING: usize = 1;

enum Piece {
    Octets(Bytes),
    End,
}

/// The octets of a message that is sent, as a transport takes them. Dropped, whoever writes them is told.
#[derive(Debug)]
pub struct Pieces {
    pieces: mpsc::Receiver<Piece>,
    is_over: bool,
}

/// Where they are written. Dropped before it is closed, it breaks the message off: the peer must not take a part for the whole.
#[derive(Debug)]
pub(crate) struct PieceOutput {
    pieces: mpsc::Sender<Piece>,
}

/// A pipe for one message.
pub(crate) fn pieces() -> (PieceOutput, Pieces) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (PieceOutput { pieces: sender }, Pieces { pieces: receiver, is_over: false })
}

impl Pieces {
    /// The next octets; none when the message is over.
    ///
    /// # Errors
    /// The message breaks off: its exchange must be seen to break, too.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        self.pieces.poll_recv(context).map(|piece| match piece {
            Some(Piece::Octets(octets)) => Some(Ok(octets)),
            Some(Piece::End) => {
                self.is_over = true;
                None
            }
            None => {
                self.is_over = true;
                Some(Err(io::Error::other("a message that was being sent broke off")))
            }
        })
    }

    /// All octets, at most so many.
    ///
    /// # Errors
    /// The message breaks off, or is larger.
    pub async fn collect(mut self, most: usize) -> io::Result<Bytes> {
        let mut all = Vec::new();
        while let Some(piece) = poll_fn(|context| self.poll_next(context)).await {
            let piece = piece?;
            if piece.len() > most - all.len() {
                return Err(io::Error::from(io::ErrorKind::FileTooLarge));
            }
            all.extend_from_slice(&piece);
        }
        Ok(all.into())
    }
}

fn not_taken() -> TransportFailure {
    let reason = "the peer broke off the exchange before the message was sent".to_owned();
    TransportFailure { cause: TransportCause::Broken, reason }
}

impl LinkOutput for PieceOutput {
    fn send(&mut self, message: Bytes) -> BoxFuture<'_, Result<(), TransportFailure>> {
        Box::pin(async move {
            if message.is_empty() {
                return Ok(());
            }
            self.pieces.send(Piece::Octets(message)).await.map_err(|_| not_taken())
        })
    }

    fn close(&mut self) -> BoxFuture<'_, Result<(), TransportFailure>> {
        Box::pin(async move { self.pieces.send(Piece::End).await.map_err(|_| not_taken()) })
    }
}

/// How long is read what somebody still sends who was refused: so long he has to come to his answer.
const REFUSED: Duration = Duration::from_secs(30);

/// And so long when nothing comes.
const REFUSED_SILENT: Duration = Duration::from_secs(5);

/// Reads on what nobody wants, at most so many octets: if it is soon over the connection goes on, and an answer that is on its way is
/// not taken along by a connection that breaks off with octets that nobody has read.
pub(crate) async fn drain(mut input: Box<dyn LinkInput>, most: usize) {
    let mut left = most;
    while let Ok(Some(piece)) = input.receive().await {
        left = left.saturating_sub(piece.len());
        if left == 0 {
            break;
        }
    }
}

/// Who was refused hears it, though he is still sending: what he sends is read for a while.
pub(crate) fn drain_refused(mut input: Box<dyn LinkInput>) {
    tokio::spawn(tokio::time::timeout(REFUSED, async move {
        while let Ok(Ok(Some(_))) = tokio::time::timeout(REFUSED_SILENT, input.receive()).await {}
    }));
}

/// All octets of a message, for whoever reads pieces.
#[derive(Debug)]
pub(crate) struct Whole(Option<Bytes>);

impl Whole {
    pub(crate) fn new(octets: Bytes) -> Self {
        Self(Some(octets).filter(|octets| !octets.is_empty()))
    }
}

impl LinkInput for Whole {
    fn receive(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, TransportFailure>> {
        Box::pin(async { Ok(self.0.take()) })
    }
}

/// How long is waited for the octets of a message that comes in pieces: for each, and for all of them. What its reader takes
/// counts for nobody.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// How long it may stand still.
    pub(crate) stall: Duration,
    /// How long all of it may take whatever its rate.
    pub(crate) grace: Duration,
    /// The slowest that it may come in, in octets per second on average.
    pub(crate) min_rate: u32,
    octets: u64,
    waited: Duration,
}

impl Pace {
    pub(crate) fn new(stall: Duration, grace: Duration, min_rate: u32) -> Self {
        Self { stall, grace, min_rate, octets: 0, waited: Duration::ZERO }
    }

    /// How long the next octets may take.
    fn patience(&self) -> Duration {
        let by_rate = self.octets as f64 / f64::from(self.min_rate.max(1));
        let by_rate = Duration::try_from_secs_f64(by_rate).unwrap_or(Duration::MAX);
        self.stall.min(self.grace.saturating_add(by_rate).saturating_sub(self.waited))
    }

    /// What comes, in its time.
    ///
    /// # Errors
    /// It does not; how long it was waited for.
    pub(crate) async fn within<T>(
        &mut self,
        coming: impl Future<Output = T>,
    ) -> Result<T, Duration> {
        let (patience, begun) = (self.patience(), Instant::now());
        let came = tokio::time::timeout(patience, coming).await;
        self.waited += begun.elapsed();
        came.map_err(|_| patience)
    }

    /// So many octets have come. Gives how many in all.
    pub(crate) fn came(&mut self, octets: usize) -> u64 {
        self.octets += octets as u64;
        self.octets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_dropped_before_its_end_breaks_off() {
        let (mut output, octets) = pieces();
        let writing = tokio::spawn(async move {
            output.send(Bytes::from_static(b"ab")).await.unwrap();
            output.send(Bytes::new()).await.unwrap();
            output.send(Bytes::from_static(b"c")).await.unwrap();
            output.close().await.unwrap();
        });
        assert_eq!(octets.collect(3).await.unwrap(), "abc");
        writing.await.unwrap();
        let (mut output, octets) = pieces();
        let writing = tokio::spawn(async move { output.send(Bytes::from_static(b"ab")).await });
        assert!(octets.collect(3).await.is_err());
        writing.await.unwrap().unwrap();
        let (mut output, octets) = pieces();
        drop(octets);
        assert!(output.send(Bytes::from_static(b"ab")).await.is_err(), "nobody takes it");
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_too_slow_on_average_is_not_waited_for() {
        let second = Duration::from_secs(1);
        let mut pace = Pace::new(5 * second, 10 * second, 100);
        assert_eq!(pace.within(std::future::pending::<()>()).await, Err(5 * second));
        pace.waited = 9 * second;
        assert_eq!(pace.patience(), second);
        assert_eq!(pace.came(200), 200);
        assert_eq!(pace.patience(), 3 * second);
        pace.waited = 60 * second;
        assert_eq!(pace.patience(), Duration::ZERO);
    }
}
