//! The captures of a WCF client and service over net.tcp, replayed in both roles at once: our client writes what WCF's
//! wrote, our service what WCF's did, to the octet.

use std::collections::VecDeque;

use waxwing_session::{AppMessage, ApplicationMessage};
use waxwing_soap::{Addressing, Envelope, RandomSource};
use waxwing_xml::Limits;

use crate::captured::{Scenario, What};
use crate::kit::{Ends, Setup, Side};

/// One captured message.
struct Captured {
    from: Side,
    envelope: Envelope,
    addressing: Addressing,
}

/// The messages of each session of a capture, in the order in which they were sent.
fn capture(name: &str) -> Vec<Vec<Captured>> {
    let mut sessions: Vec<Vec<Captured>> = Vec::new();
    for event in Scenario::read(name).events(Side::Client) {
        let What::Message { from, envelope, .. } = event.what else { continue };
        let addressing = Addressing::read(&envelope).unwrap();
        sessions.resize_with(sessions.len().max(event.link + 1), Vec::new);
        sessions[event.link].push(Captured { from, envelope, addressing });
    }
    sessions
}

/// The `MessageID`s of the capture, as the octets of which they were made.
struct Recorded(VecDeque<[u8; 16]>);

impl RandomSource for Recorded {
    fn fill(&mut self, octets: &mut [u8]) {
        let next = self.0.pop_front().expect("no more identifiers than were captured");
        octets.copy_from_slice(&next);
    }
}

pub fn octets_of(id: &str) -> [u8; 16] {
    let hex: String = id.trim_start_matches("urn:uuid:").chars().filter(|c| *c != '-').collect();
    std::array::from_fn(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap())
}

/// What taking the body out of the captured envelope adds.
pub const REPEATED: &str = "<s:Fault xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\">";

/// The application's part of a captured message: its body.
fn application(captured: &Captured, random: &mut dyn RandomSource) -> AppMessage {
    let mut envelope = Envelope::new(captured.envelope.version());
    let body = envelope.body().id();
    for element in captured.envelope.body().elements() {
        let mut octets = Vec::new();
        captured.envelope.document().write_element_to(element.id(), &mut octets);
        envelope.document_mut().append_fragment(body, &octets, &Limits::SOAP).unwrap();
    }
    let addressing = &captured.addressing;
    let action = addressing.action.clone().unwrap();
    AppMessage::new(match &addressing.relates_to {
        Some(id) => ApplicationMessage {
            action,
            message_id: None,
            relates_to: Some(id.clone()),
            reply_to: None,
            envelope,
        },
        None => {
            let one_way = addressing.message_id.is_none();
            ApplicationMessage::request(&action, envelope, one_way, random)
        }
    })
}

/// Runs the sessions of a capture through both ends. Gives how many messages were compared.
fn replay(name: &str) -> usize {
    capture(name).into_iter().map(|session| replay_session(name, &session)).sum()
}

fn replay_session(name: &str, captured: &[Captured]) -> usize {
    let to = captured[0].addressing.to.clone().unwrap();
    // What the service calls itself, behind the recorder.
    let own = captured.iter().filter(|m| m.from == Side::Service);
    let own = own.filter_map(|m| m.addressing.reply_to.as_ref()).map(|r| r.address.clone()).next();
    let ids = captured.iter().filter_map(|message| message.addressing.message_id.as_deref());
    let mut ids = Recorded(ids.map(octets_of).collect());
    let mut setup = Setup::new(crate::random::Random::new(5));
    setup.to = to.clone();
    setup.address = own.unwrap_or(to);
    setup.any_address = true;
    let mut ends = Ends::opened(setup);
    let mut session: Option<String> = None;
    let mut callbacks: Vec<(_, std::sync::Arc<waxwing_session::VerifiedRequest>)> = Vec::new();
    let mut running = Vec::new();
    for (at, message) in captured.iter().enumerate() {
        let application = application(message, &mut ids);
        let is_reply = message.addressing.relates_to.is_some();
        let is_for = |request: &waxwing_session::VerifiedRequest| {
            request.addressing().message_id == message.addressing.relates_to
        };
        match (message.from, is_reply) {
            (Side::Client, false) => ends.send(at as u64, application),
            (Side::Client, true) => {
                let found = callbacks.iter().position(|(_, request)| is_for(request)).unwrap();
                let (callback, _) = callbacks.remove(found);
                ends.executed(callback, Some(application));
            }
            (Side::Service, false) => {
                ends.call_back(session.as_ref().unwrap(), at as u64, application);
            }
            (Side::Service, true) => {
                let found =
                    running.iter().position(|e: &waxwing_session::Execution| is_for(&e.request));
                let execution = running.remove(found.expect("the call runs"));
                ends.finished(&execution, Some(application));
            }
        }
        ends.settle();
        let (side, octets) = ends.sent.last().unwrap();
        assert_eq!((*side, ends.sent.len()), (message.from, at + 1), "{name} {at}");
        // WCF's text writer closes empty elements with a tag of their own; nothing of that is in binary messages.
        let expected = String::from_utf8(message.envelope.to_bytes()).unwrap();
        let sent = String::from_utf8_lossy(octets).replace(REPEATED, "<s:Fault>");
        assert_eq!(sent, expected, "{name} message {at}");
        // One-way operations end at once.
        for execution in std::mem::take(&mut ends.executions) {
            session = Some(execution.session.clone().unwrap().to_string());
            match execution.request.addressing().message_id {
                Some(_) => running.push(execution),
                None => ends.finished(&execution, None),
            }
        }
        for (callback, request) in std::mem::take(&mut ends.callbacks) {
            match request.addressing().message_id {
                Some(_) => callbacks.push((callback, request)),
                None => ends.executed(callback, None),
            }
        }
    }
    ends.close();
    ends.settle();
    assert!(matches!(ends.ended, Some(Ok(()))), "{name}: {:?}", ends.ended);
    assert_eq!((ends.sessions.session_count(), ends.duplex.conversation_count()), (0, 0));
    assert!(ends.completed.values().chain(ends.called.values()).all(Result::is_ok), "{name}");
    assert!(ends.warnings.is_empty(), "{:?}", ends.warnings);
    captured.len()
}

/// Every session of net.tcp without reliable messaging or security in its messages.
const FLOWS: [(&str, usize); 13] = [
    ("tcp-plain", 4),
    ("tcp-oneway", 2),
    ("tcp-duplex", 14),
    ("tcp-fault-application", 6),
    ("tcp-bytes", 2),
    ("tcp-large", 2),
    ("tcp-text", 4),
    ("tcp-binary-gzip", 6),
    ("tcp-two-sessions", 4),
    ("tcp-two-channels-at-once", 4),
    ("tcp-tls", 4),
    ("tcp-tls-cert", 4),
    ("tcp-tls-two-sessions", 4),
];

#[test]
fn both_ends_write_what_wcf_wrote() {
    for (name, messages) in FLOWS {
        assert_eq!(replay(name), messages, "{name}");
    }
}
