//! What a channel does beside its session.

use waxwing_session::{AuthenticationId, Transmit};

use crate::authentication::Evidence;

/// What takes its time, under no lock.
pub(super) enum Job {
    /// A message goes out, and its answer comes in.
    Exchange(Box<Transmit>),
    /// It is found out whether the service is to be trusted.
    Judgment(AuthenticationId, Box<Evidence>),
}
