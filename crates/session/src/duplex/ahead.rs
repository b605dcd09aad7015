//! How far the peer of a link may be ahead of this end.

/// How many messages of a peer are taken that are not done yet. WCF takes one; a few more keep the link busy.
const MESSAGES: usize = 32;
/// In octets of memory: more is taken when some of it is done. One message is always taken, however large.
const OCTETS: usize = 1 << 20;

/// The same while this end waits for replies of the peer, which stand behind those messages on the link.
const MESSAGES_BEFORE_REPLIES: usize = 1024;
/// So much of memory a peer has at most then: whoever calls it while it sends more may wait for its reply in vain.
const OCTETS_BEFORE_REPLIES: usize = 16 << 20;

/// What was taken of a peer and is not done yet.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ahead {
    messages: usize,
    octets: usize,
}

impl Ahead {
    /// A message of so many octets of memory was taken.
    pub(crate) fn take(&mut self, octets: usize) {
        self.messages += 1;
        self.octets += octets;
    }

    /// It is done.
    pub(crate) fn done(&mut self, octets: usize) {
        self.messages -= 1;
        self.octets -= octets;
    }

    /// Whether it is more than any peer may have taken, whatever is waited for.
    pub(crate) fn is_beyond(&self) -> bool {
        self.octets >= OCTETS_BEFORE_REPLIES
    }

    /// Whether it is as much as may be; `untaken`: so many of the messages are bounded otherwise.
    pub(crate) fn is_full(&self, awaits_replies: bool, untaken: usize) -> bool {
        let (messages, octets) = match awaits_replies {
            true => (MESSAGES_BEFORE_REPLIES, OCTETS_BEFORE_REPLIES),
            false => (MESSAGES, OCTETS),
        };
        self.messages.saturating_sub(untaken) >= messages || self.octets >= octets
    }
}
