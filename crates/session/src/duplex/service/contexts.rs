//! Protected conversations: a security session, and what is said in it, goes over one link; without a reliable session it is
//! the conversation, and ends with its link. The handshakes of security are links of their own, and end before anything
//! comes here.

use std::sync::Arc;

use waxwing_reliable::{DuplexListenerInput, Identifier, SessionId};
use waxwing_security::conversation::{ReplyContext, SecuritySession};
use waxwing_soap::{EndpointReference, Moment};

use super::DuplexService;
use super::api::{DuplexArrival, DuplexOutput, Outbound};
use super::conversation::{Conversation, Secured};
use super::over::SessionOver;
use crate::duplex::link::{LinkDemand, LinkId};
use crate::mutation::{Mutation, broken};
use crate::service::ServiceInput;

impl DuplexService {
    /// What protects what goes out in a conversation and answers nothing.
    pub(super) fn context_of(&self, session: &SessionId) -> Option<ReplyContext> {
        let context = self.conversations.get(session).and_then(Conversation::context);
        context.filter(|_| !broken(Mutation::SendUnprotected))
    }

    /// A link is accepted at once: what comes over it says what it is for.
    pub(super) fn offered_free(&mut self, link: LinkId) {
        self.free.insert(link);
        self.demand(link, LinkDemand::Accept);
    }

    /// A message in a security session, which is the conversation.
    pub(super) fn arrived_in_context(&mut self, link: LinkId, arrival: DuplexArrival) {
        let tag = arrival.message.tag.clone();
        // A message that proves for itself who sent it is of no session: the link is one.
        let tag = tag.unwrap_or_else(|| Identifier::new(format!("{};link={}", self.name, link.0)));
        if self.free.remove(&link) {
            if self.conversations.contains_key(&tag) {
                // As at WCF, nothing goes on elsewhere without a reliable session.
                self.warn(&tag, ELSEWHERE);
                return self.demand(link, LinkDemand::Abort);
            }
            let conversation = Conversation::new(link, Some(Secured::of(&arrival)));
            self.links.insert(link, tag.clone());
            self.conversations.insert(tag.clone(), conversation);
            self.sessions(ServiceInput::Connected(tag.clone()));
        }
        // On a link that was left, or of another session, nothing is taken.
        if self.links.get(&link) == Some(&tag) {
            self.arrived(link, arrival);
        }
    }

    /// The client has said its last in a security session. What it had said before is executed and answered.
    pub(super) fn security_ended(
        &mut self,
        link: LinkId,
        security: SecuritySession,
        at: &mut Moment<'_>,
    ) {
        let context = Identifier::new(security.identifier());
        if self.sequences.is_some() {
            // Sequences that have not ended lose what protects them.
            self.sequence(DuplexListenerInput::ContextLost(context), at);
            return self.end_security(security, Some(link), None);
        }
        if let Some(conversation) = self.conversations.get_mut(&context) {
            conversation.is_ended = true;
            self.no_replies(&context, || SessionOver::ByPeer.error());
            return self.sessions(ServiceInput::ContextLost(context));
        }
        // Nothing was ever said in it.
        if self.free.remove(&link) {
            self.end_security(security, Some(link), None);
            self.demand(link, LinkDemand::Close);
        }
    }

    /// The conversation in a security session is over. The client is told over the link, if there is one, or where it listens.
    pub(super) fn end_security(
        &mut self,
        security: SecuritySession,
        link: Option<LinkId>,
        to: Option<Arc<EndpointReference>>,
    ) {
        if let Some(link) = link {
            self.transmit_to(link, to, Outbound::End(security.clone()));
        }
        let is_kept = link.is_some() || self.sequences.is_some();
        self.outputs.push_back(match is_kept {
            true => DuplexOutput::ReleaseSecurity(security),
            false => DuplexOutput::EndSecurity(security),
        });
    }
}

/// What the log says of a client that goes on in a session over another link.
const ELSEWHERE: &str = "a client goes on over another connection in a session whose connection is there: without a reliable \
                         session there is one";
