//! To whom the service's own answers are addressed. In an exchange that is nobody.

use waxwing_soap::{Addressing, Envelope};

use super::super::flow::Flow;
use super::request::Request;
use super::{Incoming, ReplyKind, ServiceSecurity};

impl ServiceSecurity {
    /// Says for whom an answer is, which has no more than `Action` and `RelatesTo` yet.
    pub(super) fn address(&self, mut envelope: Envelope, request: &Request) -> Envelope {
        match self.options.flow {
            Flow::Exchanges => {}
            Flow::DuplexSession => {
                let to = Some(envelope.version().addressing.anonymous().to_owned());
                Addressing { to, ..Addressing::default() }.write(&mut envelope);
            }
            // The legs of a negotiation are exchanges.
            Flow::CompositeDuplex if self.negotiates(request) => {}
            Flow::CompositeDuplex => {
                if let Some(reply_to) = request.reply_to() {
                    let to = Some(reply_to.address.clone());
                    Addressing { to, ..Addressing::default() }.write(&mut envelope);
                    reply_to.headers().write(&mut envelope);
                }
            }
        }
        envelope
    }

    /// Nothing is said to a message that names no address for its answer, where answers are posted.
    pub(super) fn to_somebody(&self, mut incoming: Incoming, request: &Request) -> Incoming {
        if self.is_posted_nowhere(request)
            && let Incoming::Reply(reply) = &mut incoming
        {
            reply.kind = ReplyKind::Silent;
        }
        incoming
    }

    /// Whether an answer would be posted, and the message names no address for it.
    pub(super) fn is_posted_nowhere(&self, request: &Request) -> bool {
        let posts = self.options.flow == Flow::CompositeDuplex && !self.negotiates(request);
        posts && request.reply_to().is_none()
    }

    /// Whether an answer that nothing protects is said at all. Where anybody can post, and name any address for the answer,
    /// only who has proven something gets one (WCF: `SendUnsecuredFaults` of its listeners).
    pub(super) fn says_unsecured(&self, request: &Request) -> bool {
        self.options.flow != Flow::CompositeDuplex || self.negotiates(request)
    }
}
