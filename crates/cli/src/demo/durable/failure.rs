//! Why a demonstration cannot go on.

/// In words.
pub(super) type Failure = Box<dyn std::error::Error + Send + Sync>;
