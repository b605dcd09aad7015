//! Who sent a message, as far as the transport tells: found out before a single octet of it is read.

use std::net::SocketAddr;
use std::sync::Arc;

use waxwing_security::conversation::ProvenCaller;
use waxwing_session::RefusalKind;
use waxwing_soap::encoder::{DecodeError, Decoder};

use super::endpoint::Endpoint;
use crate::log::Cut;
use crate::net::{Incoming, Refusal, TransportCaller};

impl Endpoint {
    /// Finds out who sent a message as far as the transport asks, before a single octet of it is read.
    pub(super) async fn admit(
        &self,
        caller: TransportCaller,
        peer: SocketAddr,
    ) -> Result<ProvenCaller, Refusal> {
        let (asked, clock) = (self.parts.admittance, self.parts.clock);
        let admitted = asked.admit(caller, &self.parts.judge, peer, move || clock.wall()).await;
        admitted.map_err(|(refusal, problem)| {
            self.refused(Some(RefusalKind::Login), peer, &problem);
            if let Some(left_out) = self.log.pass() {
                let address = self.address();
                tracing::warn!(address, %peer, left_out, "a caller was refused: {}", Cut::own(&problem));
            }
            refusal
        })
    }

    /// The same of a message, where it was not found out before it came.
    pub(super) async fn admitted(&self, message: &mut Incoming) -> Result<ProvenCaller, Refusal> {
        let shown = std::mem::take(&mut message.caller);
        match message.proven.take() {
            Some(proven) => Ok(proven),
            None => self.admit(shown, message.peer).await,
        }
    }

    /// What can be said of a message before it has come.
    pub(super) async fn judge_head(
        self: Arc<Self>,
        mut head: Incoming,
    ) -> Result<Incoming, Refusal> {
        // It may go on to another node, which asks for itself.
        head.proven = Some(self.admit(head.caller.clone(), head.peer).await?);
        let content_type = head.content_type.as_deref().unwrap_or_default();
        let mut decoder = self.parts.encoding;
        match decoder.read(content_type, &[]) {
            Err(error @ DecodeError::ContentType { .. }) => {
                self.refused_request(&head, &error);
                Err(Refusal::ContentType)
            }
            // Nothing has come that could be read.
            _ => Ok(head),
        }
    }
}
