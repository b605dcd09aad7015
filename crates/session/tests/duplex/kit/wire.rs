//! The wire between the ends of a kit: what crosses it, is lost, or is changed on its way.

use std::collections::VecDeque;

use waxwing_security::PeerTag;
use waxwing_security::conversation::LinkSecurity;
use waxwing_session::{
    Answer, Arrival, ArrivedMessage, ClientInput, DuplexArrival, DuplexInput, Encoded, LinkId,
    LinkNews, Peer, ServiceAnswer,
};
use waxwing_soap::Envelope;
use waxwing_xml::Limits;

use super::{Ends, Packet, reset};

impl Ends {
    /// What the client has sent arrives at the service.
    pub fn deliver_up(&mut self) -> bool {
        if self.exchange(true) {
            return true;
        }
        let Some((link, packet)) = self.up.pop_front() else { return false };
        match packet {
            Packet::Dial => self.service(DuplexInput::Offered(link)),
            Packet::Message(octets) => self.arrives(link, &octets),
            Packet::End => self.service(DuplexInput::End(link)),
            Packet::Abort => self.service(DuplexInput::Lost { link, failure: reset() }),
            Packet::Accept => panic!("a client accepts no links"),
        }
        true
    }

    /// A message arrives at the service.
    pub fn arrives(&mut self, link: LinkId, octets: &[u8]) {
        let mut known = self.links.remove(&link).unwrap_or_default();
        let arrival = self.verified(&mut known, octets);
        self.links.insert(link, known);
        match arrival {
            Arrival::Message(_) | Arrival::Answer(_) if self.left.contains(&link) => {}
            Arrival::Message(arrived) => {
                let ArrivedMessage { message, reply, .. } = *arrived;
                let arrival = DuplexArrival { message, reply };
                self.service(DuplexInput::Arrived { link, arrival });
            }
            Arrival::Answer(encoded)
                if matches!(encoded.answer, ServiceAnswer::NoAnswer | ServiceAnswer::Refused) =>
            {
                self.left.insert(link);
                self.down.push_back((link, Packet::Abort));
                self.service(DuplexInput::Lost { link, failure: reset() });
            }
            Arrival::Answer(encoded) => {
                let ends_link = encoded.ends_link;
                self.send_down(link, *encoded);
                if ends_link {
                    self.left.insert(link);
                    self.down.push_back((link, Packet::End));
                    self.service(DuplexInput::Lost { link, failure: reset() });
                }
            }
            Arrival::Authenticate(sender) => panic!("{sender:?}"),
            Arrival::Ended(security) => self.service(DuplexInput::SecurityEnded { link, security }),
        }
    }

    pub(super) fn verified(&mut self, known: &mut LinkSecurity, octets: &[u8]) -> Arrival {
        let peer = Peer::from(PeerTag::UNKNOWN).over(true);
        self.with(|ends, at| {
            let envelope = match Envelope::parse(octets, &Limits::SOAP) {
                Ok(envelope) => envelope,
                Err(error) => {
                    return Arrival::Answer(Box::new(Encoded::refused(error.to_string())));
                }
            };
            let mut arrival = ends.endpoint.receive_on(known, envelope, peer, at);
            while let Arrival::Authenticate(sender) = arrival {
                arrival = ends.endpoint.authenticated_on(known, sender, Ok(()), at);
            }
            arrival
        })
    }

    /// The next message of the security protocol has its answer, or is lost. Gives whether there was one.
    pub fn exchange(&mut self, is_answered: bool) -> bool {
        let Some((id, octets)) = self.exchanges.pop_front() else { return false };
        let arrival = is_answered.then(|| self.verified(&mut LinkSecurity::default(), &octets));
        let answer = match arrival {
            None => Answer::Failed(reset()),
            Some(Arrival::Answer(encoded)) => match encoded.into_envelope() {
                Some(envelope) => Answer::Message(Box::new(envelope)),
                None => Answer::Empty,
            },
            // A last word that is said over a link of its own: nobody waits for the answer.
            Some(Arrival::Ended(security)) => {
                self.service(DuplexInput::SecurityEnded { link: LinkId(u64::MAX), security });
                Answer::Empty
            }
            Some(other) => panic!("{other:?}"),
        };
        self.client(ClientInput::Answer { id, answer });
        true
    }

    /// What the service has sent arrives at the client.
    pub fn deliver_down(&mut self) -> bool {
        let Some((link, packet)) = self.down.pop_front() else { return false };
        let news = match packet {
            Packet::Accept => {
                self.last_open = Some(link);
                LinkNews::Open
            }
            Packet::Message(octets) => match Envelope::parse(octets, &Limits::SOAP) {
                Ok(envelope) => LinkNews::Message(Box::new(envelope)),
                Err(_) => {
                    self.service(DuplexInput::Lost { link, failure: reset() });
                    LinkNews::Lost(reset())
                }
            },
            Packet::End => LinkNews::End,
            Packet::Abort => LinkNews::Lost(reset()),
            Packet::Dial => panic!("a service dials nobody"),
        };
        self.client(ClientInput::Link { link, news });
        true
    }

    /// The connections break: what is under way is lost, and both ends notice.
    pub fn break_links(&mut self) {
        self.cut_links(|| LinkNews::Lost(reset()));
    }

    /// The same, but to the client it looks as if the service had ended them.
    pub fn end_links(&mut self) {
        self.cut_links(|| LinkNews::End);
    }

    fn cut_links(&mut self, told: impl Fn() -> LinkNews) {
        let mut links: Vec<LinkId> =
            self.up.drain(..).chain(self.down.drain(..)).map(|p| p.0).collect();
        links.extend(self.last_open);
        links.sort_unstable();
        links.dedup();
        self.held = [false; 2];
        for link in links {
            self.service(DuplexInput::Lost { link, failure: reset() });
            let was_open = self.last_open.is_some_and(|last| link <= last);
            let news = if was_open { told() } else { LinkNews::Unreachable(reset()) };
            self.client(ClientInput::Link { link, news });
        }
    }

    /// A client that acknowledges nothing: takes it out of what is on its way to the service.
    pub fn strip_acknowledgements(&mut self) {
        Self::strip(&mut self.up);
    }

    /// The same of a service.
    pub fn strip_acknowledgements_down(&mut self) {
        Self::strip(&mut self.down);
    }

    fn strip(way: &mut VecDeque<(LinkId, Packet)>) {
        let strip = |octets: &[u8]| {
            let text = String::from_utf8(octets.to_vec()).unwrap();
            let named = text.find(":SequenceAcknowledgement").map(|at| (at, text[..at].rfind('<')));
            let Some((at, Some(start))) = named else { return Some(text) };
            let prefix = &text[start + 1..at];
            let end = format!("</{prefix}:SequenceAcknowledgement>");
            let end_at = text.find(&end)? + end.len();
            Some(format!("{}{}", &text[..start], &text[end_at..]))
        };
        for (link, packet) in std::mem::take(way) {
            match packet {
                Packet::Message(octets) => {
                    let text =
                        strip(&octets).filter(|text| !text.contains("/SequenceAcknowledgement<"));
                    let packet = text.map(|text| (link, Packet::Message(text.into_bytes())));
                    way.extend(packet);
                }
                packet => way.push_back((link, packet)),
            }
        }
    }

    /// Everything that is under way arrives.
    pub fn settle(&mut self) {
        while self.deliver_up() || self.deliver_down() {}
    }
}
