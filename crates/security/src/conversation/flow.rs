//! How the messages of an endpoint travel, and what of message security follows from it (WCF's channel shapes).

use crate::protection::ProtectionRequirements;

/// How the messages of an endpoint travel.
///
/// In the duplex flows both ends send when they like: an answer is found by its `RelatesTo`, callbacks answer nothing, and
/// each end says by itself that it has said its last. So nothing that protects a message can hang on a request: keys
/// belong to the session, and what comes is judged by its action and by which end may send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Flow {
    /// Each request has its reply in the same exchange (HTTP). Replies are addressed to nobody.
    #[default]
    Exchanges,
    /// Both ends send over one connection (net.tcp, WebSocket). What the service sends is addressed to the anonymous
    /// endpoint. Requests for sessions and for new keys are exchanges over connections of their own.
    DuplexSession,
    /// Two directions of one-way HTTP messages (`CompositeDuplexBindingElement`): the service sends to the address that
    /// the client names as `ReplyTo`. Only the legs of a negotiation are exchanges; requests for sessions and new keys go
    /// the way of every other message. **Anybody can post to either end**, so nothing that does not verify ends anything,
    /// and the service answers nobody who has proven nothing.
    CompositeDuplex,
}

/// The header by which several channels of a client at one address are told apart; it is signed both ways.
const CHANNEL_INSTANCE: (&str, &str) =
    ("http://schemas.microsoft.com/ws/2005/02/duplex", "ChannelInstance");

impl Flow {
    /// Whether both ends send when they like.
    pub fn is_duplex(self) -> bool {
        self != Flow::Exchanges
    }

    /// What must be protected that a contract does not know of.
    pub(super) fn complete(
        self,
        session: &mut ProtectionRequirements,
        trust: &mut ProtectionRequirements,
    ) {
        if !self.is_duplex() {
            return;
        }
        session.faults_both_ways();
        if self == Flow::CompositeDuplex {
            let (namespace, local) = CHANNEL_INSTANCE;
            session.sign_header(namespace, local);
            trust.sign_header(namespace, local);
        }
    }
}
