//! What is between the ends: every message is a post of its own, which is lost, comes twice, is overtaken, is taken and not
//! heard of; and strangers, who read everything and post what they like.

use std::sync::Arc;

use waxwing_reliable::{Body, Identifier, Message, Shutdown, codec};
use waxwing_security::PeerTag;
use waxwing_session::{
    Arrival, ArrivedMessage, ClientInput, DuplexArrival, DuplexInput, LinkId, LinkNews, Peer,
    TransmissionId, TransportCause, TransportFailure,
};
use waxwing_soap::{Addressing, EndpointReference, Envelope};
use waxwing_xml::Limits;

use super::checks::Checked;
use super::world::{CLIENT, Happening, SERVICE, World};
use crate::kit::{ECHO, Side, VERSION, body};

/// How long a post is waited for of which nothing is heard.
const SILENCE: u64 = 10_000;

/// Where strangers would like to be answered.
const STRANGER: &str = "http://stranger:1/x";

fn failure() -> TransportFailure {
    TransportFailure {
        cause: TransportCause::Broken,
        reason: "the connection was reset".to_owned(),
    }
}

fn is_of_trust(octets: &[u8]) -> bool {
    let action = b"/trust/RST";
    let text = b"http://schemas.xmlsoap.org/ws/2005/02";
    octets
        .windows(text.len() + action.len())
        .any(|own| own.starts_with(text) && own.ends_with(action))
}

impl World {
    /// Posts a message. `of`: who hears how it fared.
    pub fn post(
        &mut self,
        from: Side,
        of: Option<(LinkId, TransmissionId)>,
        to: &str,
        octets: Arc<[u8]>,
    ) {
        let at = match to {
            SERVICE => Side::Service,
            CLIENT => Side::Client,
            _ => {
                self.to_strangers += 1;
                return self.hears(from, of, 1, true);
            }
        };
        self.posted.push((at, Arc::clone(&octets)));
        let is_down = |outage: &super::plan::Outage| {
            outage.is_at(self.now) && outage.of_client == (at == Side::Client)
        };
        let is_opening = self.plan.security.is_some() && !self.opened;
        if self.plan.outages.iter().any(is_down) && !is_opening {
            return self.hears(from, of, 2, false);
        }
        let (there, back) = (self.delay(), self.delay());
        // Nothing sends a request for a security session again, as with WCF: its client says that it got no answer.
        let is_request = !self.opened && is_of_trust(&octets);
        if self.random.permille(self.plan.lost) && !is_request {
            // Somebody on the way took it, or nobody did.
            let is_taken = self.random.permille(300);
            return self.hears(from, of, if is_taken { there } else { SILENCE }, is_taken);
        }
        if self.random.permille(self.plan.doubled) {
            let again = there + self.delay();
            self.later(again, Happening::Arrive { at, octets: Arc::clone(&octets) });
        }
        self.later(there, Happening::Arrive { at, octets });
        match self.random.permille(self.plan.unheard) {
            true => self.hears(from, of, SILENCE, false),
            false => self.hears(from, of, there + back, true),
        }
    }

    fn delay(&mut self) -> u64 {
        let (least, most) = self.plan.delay;
        self.random.between(least, most)
    }

    fn hears(&mut self, from: Side, of: Option<(LinkId, TransmissionId)>, after: u64, well: bool) {
        let Some((link, id)) = of else { return };
        let life = if from == Side::Service { self.service.life } else { 0 };
        self.later(after, Happening::Fared { from, link, id, well, life });
    }

    pub fn fared(
        &mut self,
        from: Side,
        (link, id): (LinkId, TransmissionId),
        well: bool,
        life: u32,
    ) -> Checked {
        match (from, well) {
            (Side::Client, _) => {
                self.under_way -= 1;
                self.client(match well {
                    true => ClientInput::Written(id),
                    false => ClientInput::NotSent { id, failure: failure() },
                })?;
                self.has_left()
            }
            (Side::Service, _) if life != self.service.life => Ok(()),
            (Side::Service, true) => self.service(DuplexInput::Written { link, id }),
            (Side::Service, false) => {
                self.service(DuplexInput::NotSent { link, id, failure: failure() })
            }
        }
    }

    /// As the listener of the runtime: what is for another address or nobody is dropped.
    pub fn arrives_at_client(&mut self, octets: &[u8]) -> Checked {
        let Some(link) = self.listens else { return Ok(()) };
        let Ok(envelope) = Envelope::parse(octets, &Limits::SOAP) else { return Ok(()) };
        let to = Addressing::read(&envelope).ok().and_then(|addressing| addressing.to);
        if to.as_deref() != Some(CLIENT) {
            return Ok(());
        }
        let news = LinkNews::Message(Box::new(envelope));
        self.client(ClientInput::Link { link, news })
    }

    pub fn arrives_at_service(&mut self, octets: &[u8]) -> Checked {
        let Ok(envelope) = Envelope::parse(octets, &Limits::SOAP) else { return Ok(()) };
        let arrival = self.with(|world, at| {
            let endpoint = &world.service.endpoint;
            let mut arrival = endpoint.receive(envelope, Peer::from(PeerTag::UNKNOWN), at);
            while let Arrival::Authenticate(sender) = arrival {
                arrival = endpoint.authenticated(sender, Ok(()), at);
            }
            arrival
        });
        match arrival {
            Arrival::Message(arrived) => {
                let ArrivedMessage { message, reply, .. } = *arrived;
                self.service(DuplexInput::Posted(DuplexArrival { message, reply }))
            }
            Arrival::Ended(session) => self.service(DuplexInput::PostedEnd(session)),
            Arrival::Answer(mut encoded) => {
                let to = encoded.to.take();
                if let (Some(to), Some(envelope)) = (to, encoded.into_envelope()) {
                    self.post(Side::Service, None, &to.address, envelope.to_bytes().into());
                }
                Ok(())
            }
            Arrival::Authenticate(_) => Err("it was judged".to_owned()),
        }
    }

    /// Somebody posts what he likes, where he likes. He has no key.
    pub fn stranger(&mut self) -> Checked {
        let at = self.random.pick(&[Side::Client, Side::Service]);
        let octets = match self.random.between(0, 3) {
            0 | 1 if !self.posted.is_empty() => self.again(),
            2 if self.plan.security.is_some() && !self.posted.is_empty() => self.altered(),
            3 if self.plan.security.is_some() => self.end_of_sequence(at),
            _ => self.forged(at),
        };
        match at {
            Side::Client => self.arrives_at_client(&octets),
            Side::Service => self.arrives_at_service(&octets),
        }
    }

    fn some_posted(&mut self) -> Arc<[u8]> {
        let last = self.posted.len() as u64 - 1;
        let at = self.random.between(last.saturating_sub(20), last) as usize;
        Arc::clone(&self.posted[at].1)
    }

    /// What was posted before, to this end or the other.
    fn again(&mut self) -> Arc<[u8]> {
        self.some_posted()
    }

    /// The same with another octet.
    fn altered(&mut self) -> Arc<[u8]> {
        let mut octets = self.some_posted().to_vec();
        let at = self.random.between(0, octets.len() as u64 - 1) as usize;
        octets[at] ^= 1 << self.random.between(0, 6);
        octets.into()
    }

    /// A call of his own, in no sequence.
    fn forged(&mut self, at: Side) -> Arc<[u8]> {
        let (text, to) = match at {
            Side::Service => ("call 999", SERVICE),
            Side::Client => ("back 999", CLIENT),
        };
        let mut envelope = body(text);
        let addressing = Addressing {
            action: Some(ECHO.to_owned()),
            message_id: Some("urn:uuid:11111111-2222-4333-8444-555555555555".to_owned()),
            reply_to: Some(EndpointReference::new(STRANGER)),
            to: Some(to.to_owned()),
            ..Addressing::default()
        };
        addressing.write(&mut envelope);
        envelope.to_bytes().into()
    }

    /// The end of a sequence whose name he knows, since it can be read where nobody encrypts headers.
    fn end_of_sequence(&mut self, at: Side) -> Arc<[u8]> {
        let texts = self.posted.iter().rev().map(|(_, octets)| String::from_utf8_lossy(octets));
        let names = texts.filter_map(|text| {
            let from = text.find("Sequence ").and_then(|at| text.get(at..))?;
            Some(from.split("Identifier>").nth(1)?.split('<').next()?.to_owned())
        });
        let name = names.take(1).next().unwrap_or_else(|| "urn:uuid:nobody".to_owned());
        let identifier = Identifier::new(name);
        let end = Shutdown { identifier, last_message_number: None, reply_to: None };
        let mut message = Message::<Envelope>::new(Body::TerminateSequence(end));
        message.message_id = Some(Identifier::new("urn:uuid:of-a-stranger"));
        let to = if at == Side::Service { SERVICE } else { CLIENT };
        let envelope = codec::write(&message, self.plan.version, VERSION, Some(to));
        envelope.expect("a message").to_bytes().into()
    }
}
