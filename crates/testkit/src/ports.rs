//! Ports for those who end and are started again at the same address.
//!
//! A port that the system picks lies among those from which it serves outgoing connections: while its owner is not there yet, or
//! was just killed, somebody's connection may get it, and its owner cannot come back.

use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Below everything that Linux (32768), macOS and Windows (49152) give to outgoing connections.
const PORTS: Range<u16> = 10_240..32_768;

/// Where this process looks next; 0: it has not begun.
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// A port of the loopback at which nobody listens, which no connection gets by chance, and which this process gives only once.
///
/// # Errors
///
/// Where somebody listens at every one.
pub fn free_port() -> io::Result<u16> {
    let begin =
        usize::try_from(RandomState::new().hash_one(std::process::id()) >> 40).unwrap_or_default();
    let _ = NEXT.compare_exchange(0, begin + 1, Ordering::Relaxed, Ordering::Relaxed);
    let mut last = None;
    for _ in PORTS {
        let place = NEXT.fetch_add(1, Ordering::Relaxed) % PORTS.len();
        let port = PORTS.start + u16::try_from(place).unwrap_or_default();
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(_) => return Ok(port),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::other("no port is free")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_given_once_and_no_connection_gets_it() {
        let ports: Vec<_> = (0..20).map(|_| free_port().expect("a port")).collect();
        let mut different = ports.clone();
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), ports.len());
        assert!(ports.iter().all(|port| PORTS.contains(port)));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, ports[0])).expect("it is free");
        drop(listener);
    }
}
