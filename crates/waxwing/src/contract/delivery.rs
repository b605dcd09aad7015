//! How often an operation is executed where the process may be killed in the middle of it, and what it knows of that.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// What an endpoint whose sessions are kept in a store ([`ServiceHostBuilder::store`](crate::ServiceHostBuilder::store)) promises of
/// the execution of an operation when the process is killed in the middle of it. While the process lives, and at other endpoints,
/// every message of a reliable session is executed once, whatever stands here.
///
/// In every case the operation can ask for its [delivery](super::OperationContext::delivery): a key that is the same whenever the
/// same message is executed again, and how often that was tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// At least once: a message whose execution was not recorded before the crash is executed again. The operation must not
    /// mind, or know repetitions by the key. What holds where nothing is said.
    #[default]
    Idempotent,
    /// Exactly once: the host begins a transaction of the application's database
    /// ([`ServiceHostBuilder::application_transactions`](crate::ServiceHostBuilder::application_transactions)), the operation writes
    /// in it ([`OperationContext::transaction`](super::OperationContext::transaction)), and the host adds a mark with the reply
    /// and commits. Executed again, it finds the mark, and the stored reply is answered.
    Transaction,
    /// At most once: the start is recorded before the operation begins. When the process dies in the middle, the message is not
    /// executed again: its caller gets a fault that says that the outcome is in doubt, and it is put among the dead letters.
    Once,
}

/// Which message an operation executes: the same whenever the same message is executed again, and no other message's. What an
/// operation that must not do its work twice writes beside its effects, where no transaction does it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryKey {
    session: Arc<str>,
    number: u64,
}

impl DeliveryKey {
    /// The message with this number of a session.
    pub fn new(session: impl Into<Arc<str>>, number: u64) -> Self {
        Self { session: session.into(), number }
    }

    /// The reliable session: the identifier of its first sequence.
    pub fn session(&self) -> &str {
        &self.session
    }

    /// The number of the message in it, from 1.
    pub fn number(&self) -> u64 {
        self.number
    }
}

/// As one text: session and number.
impl fmt::Display for DeliveryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.session, self.number)
    }
}

/// What an operation knows of its delivery.
#[derive(Clone)]
pub(crate) struct Delivered {
    pub(crate) key: DeliveryKey,
    /// From 1.
    pub(crate) attempt: u32,
    /// The open transaction of the application.
    pub(crate) transaction: Option<Arc<dyn Any + Send + Sync>>,
}

impl fmt::Debug for Delivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (attempt {})", self.key, self.attempt)
    }
}
