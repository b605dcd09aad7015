//! Frames of a WebSocket: whatever comes, messages are bounded, the same wherever it is cut, and read or refused by the decoder of
//! the link. The first byte chooses the end, the limit and the encoding, the second the size of pieces.

#![no_main]

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use waxwing_fuzz::steps::Dice;
use waxwing::net::web_socket_fuzzing::{Came, read};
use waxwing_soap::SoapVersion;
use waxwing_soap::encoder::{BinarySession, Compression, Decoder, Text};
use waxwing_xml::Limits;

/// So many pieces are cut of an input; what is left of a long one comes at once, since thousands of pieces find no more than these.
const CUTS: usize = 256;

/// A connection on which these octets come in, in pieces, and then its end.
struct Made {
    octets: Vec<u8>,
    at: usize,
    piece: usize,
    cuts: usize,
    written: Arc<AtomicUsize>,
}

impl AsyncRead for Made {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let piece = if self.cuts > 0 { self.piece } else { self.octets.len() };
        self.cuts = self.cuts.saturating_sub(1);
        let end = self.octets.len().min(self.at + piece.min(into.remaining()));
        into.put_slice(&self.octets[self.at..end]);
        self.at = end;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Made {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.written.fetch_add(octets.len(), Ordering::Relaxed);
        Poll::Ready(Ok(octets.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

thread_local! {
    static RUNTIME: RefCell<tokio::runtime::Runtime> = RefCell::new(
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime"),
    );
}

/// What came of octets, and how many were answered.
fn came(data: &[u8], piece: usize, as_client: bool, most: usize) -> (Came, usize) {
    let written = Arc::new(AtomicUsize::new(0));
    let made = Made { octets: data.to_vec(), at: 0, piece: piece.max(1), cuts: CUTS, written: Arc::clone(&written) };
    let came = RUNTIME.with_borrow(|runtime| runtime.block_on(read(made, as_client, most)));
    (came, written.load(Ordering::Relaxed))
}

/// Every other input is made anew of frames, most of which are as they should be.
fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut dice = Dice::new(seed);
    if dice.below(2) == 0 || max_size < 64 {
        return fuzzer_mutate(data, size, max_size);
    }
    let mut made = vec![dice.byte(), dice.byte()];
    let is_masked = made[0] & 1 == 0;
    while made.len() < max_size && dice.below(12) > 0 {
        let opcodes = [0, 0, 0, 1, 2, 2, 8, 9, 10, 3];
        let fin = if dice.below(3) > 0 { 0x80 } else { 0 };
        let most = [1, 4, 40, 126, 300][dice.below(5)];
        let length = dice.below(most);
        let mask = if is_masked != (dice.below(40) == 0) { 0x80 } else { 0 };
        let opcode = opcodes[dice.below(opcodes.len())];
        made.push(fin | opcode);
        match length {
            0..126 => made.push(mask | length as u8),
            _ => made.extend([mask | 126, (length >> 8) as u8, length as u8]),
        }
        made.extend([0; 4].iter().take(if mask > 0 { 4 } else { 0 }));
        made.extend((0..length).map(|_| dice.byte()));
    }
    made.truncate(max_size);
    data[..made.len()].copy_from_slice(&made);
    made.len()
}

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| { mutate(data, size, max_size, seed) });

fuzz_target!(|data: &[u8]| {
    let [choice, piece, data @ ..] = data else { return };
    let (as_client, most) = (choice & 1 == 1, if choice & 2 == 0 { 65_536 } else { 64 });
    let (whole, written) = came(data, data.len(), as_client, most);
    let octets: usize = whole.messages.iter().map(|message| message.len()).sum();
    assert!(octets <= data.len() && whole.messages.iter().all(|message| message.len() <= most));
    // A pong for each ping, our Close, one late message.
    assert!(written <= 2 * data.len() + 200, "{written} octets are answered");
    if let Some(failure) = &whole.failure {
        assert!(!failure.reason.is_empty() && failure.reason.len() < 2000);
    }
    let (pieces, _) = came(data, usize::from(*piece), as_client, most);
    assert_eq!(pieces.messages, whole.messages, "wherever it is cut");
    assert_eq!(pieces.failure.is_none(), whole.failure.is_none(), "wherever it is cut");
    let limits = Limits { max_bytes: most, ..Limits::SOAP };
    let compression = if choice & 8 == 0 { Compression::None } else { Compression::GZip };
    let binary = BinarySession { limits, compression, max_session_size: 2048 };
    let (mut decoder, content_type): (Box<dyn Decoder>, _) = match choice & 4 {
        0 => (Box::new(binary.decoder()), binary.content_type()),
        _ => (Box::new(Text { version: SoapVersion::Soap12, limits }), "application/soap+xml; charset=utf-8"),
    };
    for message in whole.messages {
        if let Err(error) = decoder.read(content_type, &message) {
            assert!(error.to_string().len() < 4000);
        }
    }
});
