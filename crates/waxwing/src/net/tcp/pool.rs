//! Connections whose sessions have ended, kept for the next ones.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::limits::TcpPoolSettings;
use super::socket::Socket;

/// Where a connection leads: sessions of every path of a host share its connections.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    /// In capital letters.
    pub(super) host: String,
    pub(super) port: u16,
}

/// A connection from the pool, or for it.
#[derive(Debug)]
pub(super) struct Pooled {
    pub(super) socket: Socket,
    /// When it was first kept.
    pub(super) since: Option<Instant>,
}

/// The connections that are kept. The raw ones: where sessions are inside of TLS, each has a handshake of its own.
#[derive(Debug)]
pub(crate) struct TcpPool {
    settings: TcpPoolSettings,
    kept: Mutex<HashMap<Place, Vec<Kept>>>,
}

#[derive(Debug)]
struct Kept {
    socket: Socket,
    since: Instant,
    /// When it was put here last.
    idle: Instant,
}

impl TcpPool {
    pub(crate) fn new(settings: TcpPoolSettings) -> Arc<Self> {
        Arc::new(Self { settings, kept: Mutex::default() })
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<Place, Vec<Kept>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection that was put back last and may still be used.
    pub(super) fn take(&self, place: &Place) -> Option<Pooled> {
        let now = Instant::now();
        let mut kept = self.kept();
        self.forget(&mut kept, now);
        let of_place = kept.get_mut(place)?;
        let found = std::iter::from_fn(|| of_place.pop()).find(|kept| kept.socket.is_quiet());
        if of_place.is_empty() {
            kept.remove(place);
        }
        found.map(|kept| Pooled { socket: kept.socket, since: Some(kept.since) })
    }

    /// Keeps a connection, if there is room.
    pub(super) fn put(self: &Arc<Self>, place: Place, pooled: Pooled) {
        let now = Instant::now();
        let begins = {
            let mut kept = self.kept();
            self.forget(&mut kept, now);
            let begins = kept.is_empty();
            let of_place = kept.entry(place).or_default();
            if of_place.len() < self.settings.max_idle {
                let since = pooled.since.unwrap_or(now);
                of_place.push(Kept { socket: pooled.socket, since, idle: now });
            }
            kept.retain(|_, of_place| !of_place.is_empty());
            begins && !kept.is_empty()
        };
        if begins {
            self.watch();
        }
    }

    /// Lets go of what was kept for too long, as long as there is something.
    fn watch(self: &Arc<Self>) {
        let (pool, pause) = (Arc::downgrade(self), self.settings.idle_timeout);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(pause.max(Duration::from_millis(10))).await;
                let Some(pool) = pool.upgrade() else { return };
                let mut kept = pool.kept();
                pool.forget(&mut kept, Instant::now());
                if kept.is_empty() {
                    return;
                }
            }
        });
    }

    fn forget(&self, kept: &mut HashMap<Place, Vec<Kept>>, now: Instant) {
        let TcpPoolSettings { idle_timeout, lease_timeout, .. } = self.settings;
        let is_good = |kept: &Kept| {
            now.saturating_duration_since(kept.idle) < idle_timeout
                && now.saturating_duration_since(kept.since) < lease_timeout
        };
        kept.retain(|_, of_place| {
            of_place.retain(is_good);
            !of_place.is_empty()
        });
    }

    /// How many connections are kept.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.kept().values().map(Vec::len).sum()
    }
}
