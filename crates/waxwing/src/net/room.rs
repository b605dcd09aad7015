//! The memory that what comes in may take.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

/// Whoever counts the memory of buffered messages.
pub(super) trait Room {
    /// What holds the memory that was granted; it is free again when this is dropped.
    type Charge: Send + 'static;

    /// Nothing is held yet.
    fn charge(&self) -> Self::Charge;

    /// Waits until so many octets more may be held, and holds them.
    fn more(&self, charge: &mut Self::Charge, octets: usize) -> impl Future<Output = ()> + Send;

    /// So many octets have come in.
    fn progress(&self, octets: usize);
}

/// A charge beside the octets that it is for.
#[derive(Clone, Default)]
pub(crate) struct Hold(Option<Arc<dyn Send + Sync>>);

impl Hold {
    /// Holds a charge until this and its copies are dropped.
    pub(super) fn new(charge: impl Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(charge)))
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hold").field(&self.0.is_some()).finish()
    }
}

/// What a piece takes beside its octets, about: its charge, who owns both, and its place among those that are held. A peer chooses how
/// small pieces are.
pub(super) const PIECE: usize = 160;

/// Octets that hold their charge as long as they live.
pub(super) fn charged<O, C>(octets: O, charge: C) -> Bytes
where
    O: AsRef<[u8]> + Send + 'static,
    C: Send + 'static,
{
    struct Charged<O, C> {
        octets: O,
        _charge: C,
    }
    impl<O: AsRef<[u8]>, C> AsRef<[u8]> for Charged<O, C> {
        fn as_ref(&self) -> &[u8] {
            self.octets.as_ref()
        }
    }
    Bytes::from_owner(Charged { octets, _charge: charge })
}
