//! A recorded session of a WCF client and service over net.tcp: what both ends said, as reliable messaging sees it, and what
//! they drew at random.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use waxwing_reliable::{Body, Identifier, Message, ReliableMessagingVersion, codec};
use waxwing_session::{AppMessage, ApplicationMessage};
use waxwing_soap::{Addressing, Envelope, RandomSource};
use waxwing_xml::{Exclusive, Limits, canonicalize};

use crate::captured::{Event, Scenario, What};
use crate::kit::{Side, VERSION};
use crate::protected::{Protected, is_opening};
use crate::random::Random;
use crate::replay::{REPEATED, octets_of};

/// What was drawn at random, as our end is to draw it.
pub struct Drawn {
    /// In this order, each once.
    pub first: VecDeque<Vec<u8>>,
    /// Names of messages that come in this order, but between what nobody sees. Each is drawn until its message was sent.
    pub later: Later,
    /// What nobody sees. None: no more is drawn than was captured.
    pub rest: Option<Random>,
}

pub type Later = Rc<RefCell<VecDeque<[u8; 16]>>>;

impl RandomSource for Drawn {
    fn fill(&mut self, octets: &mut [u8]) {
        let named = self.later.borrow().front().copied().filter(|name| name.len() == octets.len());
        match (self.first.pop_front(), &mut self.rest, named) {
            (Some(next), ..) => octets.copy_from_slice(&next),
            (None, Some(_), Some(name)) => octets.copy_from_slice(&name),
            (None, Some(rest), None) => rest.fill(octets),
            (None, None, _) => panic!("no more is drawn than was captured"),
        }
    }
}

/// One recorded session.
pub struct Recorded {
    pub name: &'static str,
    /// The version of the reliable session.
    pub version: ReliableMessagingVersion,
    /// Whether there is one.
    pub reliable: bool,
    pub events: Vec<Event>,
    /// What protects the messages.
    pub protected: Option<Protected>,
}

/// An operation of WCF that ends with an error ends the session, and its client gives it up. Here the error is answered and
/// the session goes on, so that what WCF's service says then is not said.
pub const ENDS_WITH_AN_ERROR: &str = "tcp-fault-application-rm";

/// Whether this is the end that WCF's service makes after an error.
fn of_the_end(what: &What, version: ReliableMessagingVersion) -> bool {
    let What::Message { from, envelope, .. } = what else { return false };
    let message = read(envelope, version);
    let ranges = message.headers.acknowledgement.map(|a| a.ranges.contains(4));
    match from {
        Side::Service => matches!(message.body, Body::LastMessage | Body::TerminateSequence(_)),
        Side::Client => ranges == Some(true),
    }
}

/// A message that an end sent, as reliable messaging sees it. One that is outside of every sequence is the application's, or the
/// last word of an end.
pub fn read(envelope: &Envelope, version: ReliableMessagingVersion) -> Message<()> {
    codec::read(envelope, version).unwrap_or_else(|_| {
        let id = Addressing::read(envelope).unwrap().message_id;
        let message_id = id.map(Identifier::new);
        Message { message_id, ..Message::new(Body::Application(())) }
    })
}

/// The last word of an end in a security session.
pub fn is_cancel(envelope: &Envelope) -> bool {
    envelope.action().is_some_and(|action| action.ends_with("/SCT/Cancel"))
}

impl Recorded {
    pub fn read(name: &'static str, side: Side) -> Self {
        use ReliableMessagingVersion::{February2005, V11};
        let scenario = Scenario::read(name);
        let mut events = scenario.events(side);
        let version = if name == "tcp-rm11" { V11 } else { February2005 };
        if name == ENDS_WITH_AN_ERROR {
            events.retain(|event| !of_the_end(&event.what, version));
        }
        let protected = Protected::of(&scenario, &events);
        events.retain(|event| !is_opening(&event.what));
        // The connection before has carried them.
        let links = events.iter().filter(|event| matches!(event.what, What::Message { .. }));
        let first = links.map(|event| event.link).min().unwrap_or_default();
        events.retain(|event| event.link >= first);
        if let Some(protected) = &protected {
            for event in &mut events {
                let What::Message { envelope, plain, .. } = &mut event.what else { continue };
                *plain = protected.unprotected(envelope);
            }
        }
        let reliable = name.contains("-rm");
        Self { name, version, reliable, events, protected }
    }

    /// The messages of an end, as they were before they were protected.
    pub fn of(&self, side: Side) -> impl Iterator<Item = &Envelope> {
        self.events.iter().filter_map(move |event| match &event.what {
            What::Message { from, plain, .. } if *from == side => Some(plain),
            _ => None,
        })
    }

    /// The same as they came.
    pub fn wholes(&self, side: Side) -> impl Iterator<Item = &Envelope> {
        self.events.iter().filter_map(move |event| match &event.what {
            What::Message { from, envelope, .. } if *from == side => Some(envelope),
            _ => None,
        })
    }

    /// A message as it was before it was protected.
    pub fn unprotected(&self, envelope: &Envelope) -> Envelope {
        match &self.protected {
            Some(protected) => protected.unprotected(envelope),
            None => envelope.clone(),
        }
    }

    pub fn address(&self) -> String {
        let first = self.of(Side::Client).next().unwrap();
        Addressing::read(first).unwrap().to.unwrap()
    }

    /// What this end drew in the session: the names of its sequence, and of its requests that are not the application's.
    pub fn drawn(&self, side: Side) -> (VecDeque<Vec<u8>>, Later) {
        let messages = || self.of(side).map(|envelope| read(envelope, self.version));
        let id_of = |wanted: fn(&Body<()>) -> bool| {
            messages().find(|m| wanted(&m.body)).and_then(|m| m.message_id)
        };
        let mut names: Vec<Identifier> = Vec::new();
        match messages().next().unwrap().body {
            Body::CreateSequence(create) => {
                names.extend(id_of(|b| matches!(b, Body::CreateSequence(_))));
                names.extend(create.offer.map(|offer| offer.identifier));
            }
            Body::CreateSequenceResponse(response) => names.push(response.identifier),
            other => assert!(!self.reliable, "a session begins with {other:?}"),
        }
        let mut later: Vec<Identifier> = Vec::new();
        later.extend(id_of(|b| matches!(b, Body::CloseSequence(_))));
        later.extend(id_of(|b| matches!(b, Body::TerminateSequence(_))));
        let last = self.of(side).find(|envelope| is_cancel(envelope));
        later.extend(last.and_then(|last| read(last, self.version).message_id));
        let names = names.iter().map(|name| octets_of(name.as_str()).to_vec()).collect();
        let later = later.iter().map(|name| octets_of(name.as_str())).collect();
        (names, Rc::new(RefCell::new(later)))
    }

    /// The application's messages of an end by their numbers.
    pub fn application(&self, side: Side) -> BTreeMap<u64, &Envelope> {
        let own = self.of(side).filter(|envelope| !is_cancel(envelope)).filter_map(|envelope| {
            let message = read(envelope, self.version);
            let is_own = matches!(message.body, Body::Application(()));
            is_own.then(|| (message.headers.sequence.map(|of| of.number), envelope))
        });
        let numbered =
            own.zip(1..).map(|((number, envelope), at)| (number.unwrap_or(at), envelope));
        numbered.collect()
    }
}

/// An acknowledgement, or what asks for one: it may go alone or ride along.
pub fn is_alone(message: &Message<()>) -> bool {
    matches!(message.body, Body::SequenceAcknowledgement | Body::AckRequested)
}

/// The application's part of a captured message: its body.
pub fn application(captured: &Envelope, addressing: &Addressing) -> AppMessage {
    let mut envelope = Envelope::new(VERSION);
    let body = envelope.body().id();
    for element in captured.body().elements() {
        let mut octets = Vec::new();
        captured.document().write_element_to(element.id(), &mut octets);
        envelope.document_mut().append_fragment(body, &octets, &Limits::SOAP).unwrap();
    }
    let Addressing { action, message_id, relates_to, reply_to, .. } = addressing.clone();
    // The service says itself where its requests come from.
    let reply_to = reply_to.filter(|to| to.address.ends_with("anonymous"));
    let action = action.unwrap();
    AppMessage::new(ApplicationMessage { action, message_id, relates_to, reply_to, envelope })
}

/// A message without acknowledgement, and without asking for one where it rides along: it asks when the window is full,
/// before or after an acknowledgement has come.
pub fn bare(envelope: &Envelope, version: ReliableMessagingVersion) -> String {
    let rides = read(envelope, version).headers.sequence.is_some();
    let mut envelope = envelope.clone();
    let own = envelope.headers().filter(|header| {
        header.namespace() == version.namespace()
            && (header.local_name() == "SequenceAcknowledgement"
                || rides && header.local_name() == "AckRequested")
    });
    for id in own.map(|header| header.id()).collect::<Vec<_>>() {
        envelope.document_mut().detach(id);
    }
    let mut octets = Vec::new();
    canonicalize(envelope.document().root(), &Exclusive::default(), &mut octets);
    without_language(octets)
}

/// A message as it goes out.
pub fn text(envelope: &Envelope) -> String {
    without_language(envelope.to_bytes()).replace(REPEATED, "<s:Fault>")
}

/// The captured process has no language.
fn without_language(octets: Vec<u8>) -> String {
    String::from_utf8(octets).unwrap().replace("xml:lang=\"en-US\"", "xml:lang=\"\"")
}
