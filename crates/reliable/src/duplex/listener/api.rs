//! What goes into a [`DuplexListener`](super::DuplexListener) and what comes out.

use waxwing_soap::EndpointReference;

use crate::duplex::api::{DuplexInput, DuplexOutput};
use crate::message::Message;
use crate::names::{ContextTag, ExchangeId, LinkId, SessionId};

/// Input of the listener.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "messages are the common case")]
pub enum DuplexListenerInput<M> {
    /// A message came in.
    Message {
        /// The message's name, given by the owner: by it what belongs to no session is
        /// [answered](DuplexListenerOutput::Answer).
        exchange: ExchangeId,
        /// The connection that it came on. None: a datagram ([`Links::Unseen`](crate::Links)).
        link: Option<LinkId>,
        /// The message.
        message: Message<M>,
        /// The secured context that it came in by; None without security.
        tag: Option<ContextTag>,
    },
    /// A connection broke.
    LinkBroken {
        /// Which.
        link: LinkId,
        /// How.
        reason: String,
    },
    /// The peer ended a connection as it should.
    LinkEnded(LinkId),
    /// Something for one session: `Send`, `Taken`, `Close`, `Abort`, `Failed`. Messages and connections come by the other
    /// inputs. For a session that has ended, a `Send` fails and the rest is ignored.
    Session {
        /// Which.
        session: SessionId,
        /// What.
        input: DuplexInput<M>,
    },
    /// The service takes the session off the queue of pending ones. What was delivered is not to be executed
    /// before. A session that was closed as it should still waits for this: its messages were acknowledged.
    Accept(SessionId),
    /// The service takes no new sessions any more; those that there are go on.
    Shutdown,
    /// The secured context is gone; its sessions end without a word.
    ContextLost(ContextTag),
    /// Time has passed ([`wake_at`](super::DuplexListener::wake_at)).
    Tick,
}

/// Output of the listener.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "messages are the common case")]
pub enum DuplexListenerOutput<M> {
    /// A session was made; it waits for `Accept`.
    Created {
        /// Its forward sequence.
        session: SessionId,
        /// The secured context that it is bound to.
        tag: Option<ContextTag>,
        /// The connection that it has. None: its messages go to `remote`, each for itself.
        link: Option<LinkId>,
        /// Where its messages go.
        remote: EndpointReference,
    },
    /// A session goes on over another connection.
    Adopted {
        /// Which session.
        session: SessionId,
        /// Its connection from now on.
        link: LinkId,
        /// The one that it had, which is to be aborted.
        replaced: Option<LinkId>,
    },
    /// A message belongs to no session, and is answered with this: on its connection, which is closed then; without one
    /// at the address that it names for that (`FaultTo`, `ReplyTo`), or nowhere when that is anonymous.
    Answer {
        /// Which.
        exchange: ExchangeId,
        /// Where the answer goes, when that is known of a session that has ended.
        remote: Option<EndpointReference>,
        /// The answer.
        message: Message<M>,
    },
    /// A message does not belong on its connection: that is aborted without a word.
    AbortLink(LinkId),
    /// What a session has to say. `Transmit` goes out on its [link](super::DuplexListener::link), or to its
    /// [remote](super::DuplexListener::remote) address. After `Closed` and `Faulted` the session is gone.
    Session {
        /// Which.
        session: SessionId,
        /// What.
        output: DuplexOutput<M>,
    },
}
