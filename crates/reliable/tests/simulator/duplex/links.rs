//! Datagrams that get lost, come twice and overtake each other; connections that keep the order, break and are replaced.

use std::collections::BTreeMap;

use waxwing_reliable::{
    DuplexInput, DuplexListenerInput, Failure, FailureKind, LinkId, Message, Transmission,
};

use super::checks::End;
use super::plan::Class;
use super::world::{Happening, Payload, World};
use crate::lies;
use crate::plan::{MS, Micros};

#[derive(Debug, Default)]
pub struct Links {
    last: u64,
    connections: BTreeMap<u64, Connection>,
    /// The client's.
    of_client: Option<u64>,
    /// The service's session's.
    of_service: Option<u64>,
    /// On which connections the last messages came.
    asked: BTreeMap<u64, Option<u64>>,
    /// No message gets through any more.
    is_cut: bool,
}

/// When the last message arrives in each direction: to the client, to the service.
#[derive(Debug, Default)]
struct Connection {
    to_client: Micros,
    to_service: Micros,
    /// It takes nothing more, but what is under way arrives.
    ends: bool,
}

impl Links {
    pub fn made(&self) -> u64 {
        self.last
    }

    pub fn of_client(&self) -> Option<u64> {
        self.of_client
    }

    pub fn is_alive(&self, link: u64) -> bool {
        self.connections.contains_key(&link)
    }

    pub fn adopted(&mut self, link: Option<u64>) {
        self.of_service = link;
    }

    pub fn cut(&mut self) {
        self.is_cut = true;
    }

    pub fn asked(&mut self, exchange: u64, link: Option<u64>) {
        self.asked.clear();
        self.asked.insert(exchange, link);
    }

    /// A connection of somebody else.
    pub fn strange(&mut self) -> u64 {
        self.last += 1;
        self.connections.insert(self.last, Connection::default());
        self.last
    }
}

impl World {
    fn delay(&mut self) -> Micros {
        self.random.between(self.plan.delay.0, self.plan.delay.1)
    }

    /// The client wants a connection.
    pub fn dial(&mut self) {
        let fails = self.links.is_cut || self.random.permille(self.plan.dial_failures);
        let link = (!fails).then(|| self.links.strange());
        let delay = self.delay();
        self.timeline.later(delay, Happening::Dialled(link));
    }

    pub fn dialled(&mut self, link: Option<u64>) -> Result<(), String> {
        match link.filter(|_| !self.links.is_cut) {
            Some(link) => {
                self.links.of_client = Some(link);
                self.client_input(DuplexInput::Linked)
            }
            None => {
                let reason = "refused".to_owned();
                let failure = Failure { kind: FailureKind::Retryable, reason };
                self.client_input(DuplexInput::LinkFailed(failure))
            }
        }
    }

    pub fn transmit(
        &mut self,
        from: End,
        transmission: Transmission,
        message: Message<Payload>,
    ) -> Result<(), String> {
        let message = self.over_the_wire(message)?;
        let lies =
            self.plan.class == Class::Lying && self.plan.service_lies == (from == End::Service);
        let forged = match lies {
            true => lies::forge(message, &mut self.random),
            false => Some(message),
        };
        let Some(message) = forged else { return Ok(()) };
        match self.plan.is_stream() {
            true => self.stream(from, message),
            false => {
                self.datagram(from, transmission, message);
                Ok(())
            }
        }
    }

    fn datagram(&mut self, from: End, transmission: Transmission, message: Message<Payload>) {
        let (to, tag) = (from.other(), self.tag.clone());
        if self.links.is_cut || self.random.permille(self.plan.loss) {
            if self.random.permille(500) {
                let delay = self.delay();
                self.timeline.later(delay, Happening::Failed { from, transmission });
            }
            return;
        }
        if self.random.permille(self.plan.duplicates) {
            let (delay, message, tag) = (self.delay(), message.clone(), tag.clone());
            self.timeline.later(delay, Happening::Arrive { to, link: None, message, tag });
        }
        let delay = self.delay();
        self.timeline.later(delay, Happening::Arrive { to, link: None, message, tag });
    }

    fn stream(&mut self, from: End, message: Message<Payload>) -> Result<(), String> {
        let link = match from {
            End::Client => self.links.of_client,
            End::Service => self.links.of_service,
        };
        let Some(link) = link else {
            return Err(format!("{from:?} sends without a connection: {message:?}"));
        };
        let delay = self.delay();
        let (now, to, tag) = (self.timeline.now(), from.other(), self.tag.clone());
        let Some(connection) = self.links.connections.get_mut(&link) else { return Ok(()) };
        if connection.ends {
            return Ok(());
        }
        let last = match to {
            End::Client => &mut connection.to_client,
            End::Service => &mut connection.to_service,
        };
        *last = (now + delay).max(*last);
        let delay = *last - now;
        self.timeline.later(delay, Happening::Arrive { to, link: Some(link), message, tag });
        if self.random.permille(self.plan.breaks) {
            // What is under way is lost, this message too or not.
            match self.random.permille(500) {
                true => self.break_link(Some(link)),
                false => self.end_link(link, false),
            }
        } else if self.random.permille(self.plan.ends) {
            self.end_link(link, true);
        }
        Ok(())
    }

    /// A connection is no more. Each end hears of it, sooner or later.
    pub fn break_link(&mut self, link: Option<u64>) {
        let Some(link) = link else { return };
        if self.links.connections.remove(&link).is_none() {
            return;
        }
        for at in [End::Client, End::Service] {
            let delay = self.random.pick(&[0, MS, 200 * MS]);
            self.timeline.later(delay, Happening::Gone { at, link, ended: false });
        }
    }

    /// A connection takes nothing more; what is under way arrives before the ends hear of that.
    fn end_link(&mut self, link: u64, ended: bool) {
        let now = self.timeline.now();
        let Some(connection) = self.links.connections.get_mut(&link) else { return };
        connection.ends = true;
        let (client, service) = (connection.to_client, connection.to_service);
        let to_client = client.saturating_sub(now) + 1;
        let to_service = service.saturating_sub(now) + 1;
        self.timeline.later(to_client, Happening::Gone { at: End::Client, link, ended });
        self.timeline.later(to_service, Happening::Gone { at: End::Service, link, ended });
    }

    /// An end has ended, and needs its connection no more.
    pub fn leave_link(&mut self, end: End) {
        let link = match end {
            End::Client => self.links.of_client,
            End::Service => self.links.of_service,
        };
        if let Some(link) = link {
            self.end_link(link, true);
        }
    }

    pub fn gone(&mut self, at: End, link: u64, ended: bool) -> Result<(), String> {
        match at {
            End::Client if self.links.of_client == Some(link) => {
                self.links.of_client = None;
                self.client_input(match ended {
                    true => DuplexInput::LinkEnded,
                    false => DuplexInput::LinkBroken { reason: "reset".to_owned() },
                })
            }
            End::Client => Ok(()),
            End::Service => {
                if self.links.of_service == Some(link) {
                    self.links.of_service = None;
                }
                let link = LinkId(link);
                self.service_input(match ended {
                    true => DuplexListenerInput::LinkEnded(link),
                    false => DuplexListenerInput::LinkBroken { link, reason: "reset".to_owned() },
                })
            }
        }
    }

    /// What the service says to a message that belongs to no session: to the client, if it was its message.
    /// A datagram that names no address for it is not answered.
    pub fn answer(&mut self, exchange: u64, is_addressed: bool, message: Message<Payload>) {
        let link = self.links.asked.get(&exchange).copied().flatten();
        let is_strange = link.is_some() && link != self.links.of_client;
        if is_strange || message.relates_to == Some("urn:stranger".into()) {
            return;
        }
        let is_addressed = is_addressed || message.relates_to.is_some();
        if link.is_none() && !is_addressed {
            return;
        }
        if link.is_none() && (self.links.is_cut || self.random.permille(self.plan.loss)) {
            return;
        }
        let (delay, tag) = (self.delay(), self.tag.clone());
        let to = End::Client;
        self.timeline.later(delay, Happening::Arrive { to, link, message, tag });
        if let Some(connection) = link.and_then(|link| self.links.connections.get_mut(&link)) {
            connection.to_client = connection.to_client.max(self.timeline.now() + delay);
        }
        if let Some(link) = link {
            self.end_link(link, true);
        }
    }
}
