//! What the readers of assertions share.

use waxwing_binding::AuthenticationSchemes;

use super::class::Class;
use super::draft::{Draft, Layer};
use super::record::Record;
use crate::policy::{Assertion, Normal};

/// Reads the policy of a bootstrap: tokens hold layers, and layers tokens.
pub(super) type BootstrapReader = fn(&mut Reader<'_, '_>, &Normal<'_>) -> Layer;

/// The reader of an alternative.
pub(super) struct Reader<'r, 'o> {
    pub(super) record: &'r mut Record<'o>,
    pub(super) draft: &'r mut Draft,
    pub(super) bootstrap: BootstrapReader,
}

impl Reader<'_, '_> {
    pub(super) fn log_in(&mut self, scheme: AuthenticationSchemes, assertion: &Assertion) {
        match self.draft.schemes {
            AuthenticationSchemes::ANONYMOUS => self.draft.schemes = scheme,
            same if same == scheme => {}
            _ => self.record.block(
                assertion,
                Class::Conflict,
                "two ways to log in at once",
                "ask the service to choose one: <transport clientCredentialType=\"Basic\" />",
            ),
        }
    }
}
