//! What goes out, as the tasks that write it are given it.

use std::sync::Arc;

use tokio::sync::mpsc;
use waxwing_session::{DuplexMessage, Encoded, LinkId, TransmissionId};
use waxwing_soap::EndpointReference;

use crate::backlog::{Backlog, Weight};

/// What a link's task is to write.
pub(super) enum Outgoing {
    Message(TransmissionId, Box<DuplexMessage>),
    /// An answer of the layers below: of the security, or a refusal.
    Encoded(Box<Encoded>),
    /// Nothing more comes.
    Close,
}

impl Outgoing {
    /// Whether something waits until it is written.
    pub(super) fn is_awaited(&self) -> bool {
        matches!(self, Self::Message(_, message) if !message.is_answer())
    }
}

/// A client that is posted to.
pub(in crate::service) struct Posting {
    pub(super) link: LinkId,
    pub(super) to: Arc<EndpointReference>,
    pub(super) outgoing: mpsc::UnboundedReceiver<(Outgoing, Weight)>,
    pub(super) backlog: Backlog,
    /// Whether it is a session's; otherwise it is one answer to somebody who has none.
    pub(super) of_session: bool,
}
