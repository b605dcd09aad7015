//! Who is between the ends of a protected conversation, and who else speaks to its service.

use waxwing_reliable::{Body, Identifier, Message, Shutdown, codec};
use waxwing_session::{DuplexInput, LinkId};
use waxwing_soap::{Addressing, Envelope};

use super::{Class, World};
use crate::kit::{ADDRESS, ECHO, Packet, VERSION, body, reset};

impl World {
    /// Renewals are lost; somebody on the way changes messages and adds some; another client claims the session.
    pub(super) fn meddle(&mut self) {
        let is_open = self.ends.ended.is_none() && !self.is_closing;
        if self.class == Class::Replaced && self.random.permille(5) {
            self.ends.exchange(false);
        }
        if !self.secured.is_some_and(|(_, by_strangers)| by_strangers) || !is_open {
            return;
        }
        match self.random.between(0, 999) {
            0..5 => self.alter(),
            5..10 => {
                let forged = addressed("back 999");
                let link = self.ends.last_open.unwrap_or(LinkId(1));
                self.ends.down.push_back((link, Packet::Message(forged)));
            }
            10..13 if self.is_carried() => {
                let forged = addressed("call 999");
                let link = self.ends.last_open.unwrap_or(LinkId(1));
                self.ends.up.push_back((link, Packet::Message(forged)));
            }
            13..18 => self.claim(),
            18..28 => self.smuggle(),
            _ => {}
        }
    }

    /// Whether the service has verified something on the last link: of what does not verify before, it says so, which ends the
    /// client's session as at WCF.
    fn is_carried(&self) -> bool {
        let last = self.ends.last_open.and_then(|link| self.ends.links.get(&link));
        let waits = self.ends.up.iter().any(|(_, packet)| *packet == Packet::Dial);
        !waits && last.is_some_and(|link| link.session().is_some())
    }

    /// One octet of a message is another.
    fn alter(&mut self) {
        let queue = match self.is_carried() && self.random.permille(500) {
            true => &mut self.ends.up,
            false => &mut self.ends.down,
        };
        if let Some((_, Packet::Message(octets))) = queue.back_mut() {
            let at = self.random.between(0, octets.len() as u64 - 1) as usize;
            octets[at] ^= 1 << self.random.between(0, 6);
        }
    }

    /// Another client ends the session of the first, as if it were his.
    fn claim(&mut self) {
        let (Some(session), true) = (self.session.clone(), self.reliable) else { return };
        let ends = &mut self.ends;
        let stranger = self.stranger.get_or_insert_with(|| crate::secured_rules::stranger(ends));
        let identifier = Identifier::new(session);
        let end = Shutdown { identifier, last_message_number: None, reply_to: None };
        let mut message = Message::new(Body::TerminateSequence(end));
        message.message_id = Some(Identifier::new("urn:uuid:of-a-stranger"));
        let Some(version) = ends.version else { return };
        let plain = codec::write::<Envelope>(&message, version, VERSION, Some(ADDRESS)).unwrap();
        let octets = ends.at(|at| stranger.protect(plain, at).to_bytes());
        self.strange_links += 1;
        let link = LinkId(self.strange_links);
        ends.service(DuplexInput::Offered(link));
        ends.arrives(link, &octets);
        ends.service(DuplexInput::Lost { link, failure: reset() });
        // What he is told is not for the client.
        ends.down.retain(|(to, _)| *to != link);
    }

    /// Somebody on the way, who has a session of his own, hands in a message of the first over his connection before it comes
    /// over hers. What the service would answer would go to him.
    fn smuggle(&mut self) {
        let Some((_, Packet::Message(octets))) = self.ends.up.front().cloned() else { return };
        let ends = &mut self.ends;
        let stranger = self.stranger.get_or_insert_with(|| crate::secured_rules::stranger(ends));
        let own = addressed_envelope("call 999");
        let own = ends.at(|at| stranger.protect(own, at).to_bytes());
        // Once his key is too old nobody listens to him.
        let Some(carries) = ends.carrying(&own) else { return };
        self.strange_links += 1;
        let link = LinkId(self.strange_links);
        ends.service(DuplexInput::Offered(link));
        ends.links.insert(link, carries);
        let executed = ends.executions.len();
        ends.arrives(link, &octets);
        self.smuggled |= ends.executions.len() > executed;
        ends.service(DuplexInput::Lost { link, failure: reset() });
        ends.down.retain(|(to, _)| *to != link);
    }
}

/// A call that nobody protected.
fn addressed(text: &str) -> Vec<u8> {
    addressed_envelope(text).to_bytes()
}

fn addressed_envelope(text: &str) -> Envelope {
    let mut envelope = body(text);
    let to = if text.starts_with("call") { ADDRESS } else { VERSION.addressing.anonymous() };
    let (action, to) = (Some(ECHO.to_owned()), Some(to.to_owned()));
    Addressing { action, to, ..Addressing::default() }.write(&mut envelope);
    envelope
}
