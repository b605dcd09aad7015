//! A key in use.

use std::sync::Arc;

use super::super::Dialect;
use super::super::ids::Id;
use super::super::key::MessageKey;
use super::super::text::TokenReference;

/// A key in use and how the message refers to it.
pub(super) struct KeyUse<'a> {
    pub(super) key: Arc<MessageKey>,
    pub(super) source: KeySource<'a>,
}

/// Where a key in use comes from.
pub(super) enum KeySource<'a> {
    Derived { id: Id, dialect: Dialect },
    Direct(TokenReference<'a>),
}

impl KeyUse<'_> {
    /// Whether it is derived from a token's key.
    pub(super) fn is_derived(&self) -> bool {
        matches!(self.source, KeySource::Derived { .. })
    }

    pub(super) fn reference(&self) -> TokenReference<'_> {
        match &self.source {
            KeySource::Derived { id, dialect } => {
                TokenReference::Local { id, value_type: dialect.derived_key_type() }
            }
            KeySource::Direct(reference) => *reference,
        }
    }
}
