//! Messages over links each of which proves for itself who sends it, inside TLS: there is no security session. What there is of
//! one is the connection, so a reliable session ends with its own, and nobody else may speak on it.

use waxwing_reliable::{Body, Message, ReliableMessagingVersion, codec};
use waxwing_security::conversation::Step;
use waxwing_session::{DuplexInput, DuplexSettings, LinkId};
use waxwing_soap::{Addressing, Envelope, Fault};
use waxwing_xml::Limits;

use crate::kit::{ADDRESS, Ends, NOTE, Packet, Setup, VERSION, body, text_of};
use crate::random::Random;
use crate::reliable::carry_on;
use crate::secured::{Secured, Stranger};

const VERSIONS: [Option<ReliableMessagingVersion>; 3] =
    [None, Some(ReliableMessagingVersion::February2005), Some(ReliableMessagingVersion::V11)];

const ALONE: Secured =
    Secured { key_lifetime: 36_000, renewal_percent: 60, by_transport: true, alone: true };

fn open(version: Option<ReliableMessagingVersion>) -> Ends {
    let client = DuplexSettings { callbacks: true, bound: true, ..DuplexSettings::default() };
    let setup = Setup { reliable: version, client, ..Setup::new(Random::new(3)) };
    Ends::opened(Setup { security: Some(ALONE), ..setup })
}

fn reply(ends: &Ends, call: u64) -> String {
    match &ends.completed[&call] {
        Ok(Some(reply)) => text_of(&reply.envelope),
        Ok(None) => "-".to_owned(),
        Err(error) => panic!("{call}: {error}"),
    }
}

fn nothing_is_left(ends: &Ends) {
    assert_eq!((ends.sessions.session_count(), ends.duplex.conversation_count()), (0, 0));
    assert_eq!((ends.security().session_count(), ends.duplex.link_count()), (0, 0));
}

/// Somebody whom the service knows, by hand.
fn somebody(ends: &mut Ends, name: &str) -> Stranger {
    let mut security = ALONE.client(name, &mut Random::new(77));
    match ends.at(|at| security.open(at)).unwrap() {
        Step::Established => Stranger(security),
        other => panic!("nothing is asked for before the first message: {other:?}"),
    }
}

/// A one-way call that nothing protects.
fn note(text: &str) -> Envelope {
    let mut envelope = body(text);
    let (action, to) = (Some(NOTE.to_owned()), Some(ADDRESS.to_owned()));
    Addressing { action, to, ..Addressing::default() }.write(&mut envelope);
    envelope
}

/// What has gone to a link since this was asked.
fn said_to(ends: &mut Ends, link: LinkId) -> Vec<Packet> {
    ends.down.drain(..).filter(|(to, _)| *to == link).map(|(_, packet)| packet).collect()
}

#[test]
fn calls_callbacks_and_the_end() {
    for version in VERSIONS {
        let mut ends = open(version);
        ends.call(1, "one", false);
        ends.call(2, "two", true);
        ends.settle();
        let session = ends.executions[0].session.clone().unwrap().to_string();
        assert_eq!(ends.executions[0].request.caller().name(), "alice");
        carry_on(&mut ends);
        let message = crate::rules::callback(&mut ends, "ask", false);
        ends.call_back(&session, 1, message);
        carry_on(&mut ends);
        assert_eq!((reply(&ends, 1), reply(&ends, 2)), ("one".to_owned(), "-".to_owned()));
        let called = ends.called[&1].as_ref().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(text_of(&called.as_ref().unwrap().envelope), "told");
        ends.close();
        carry_on(&mut ends);
        assert!(ends.warnings.is_empty(), "{version:?}: {:?}", ends.warnings);
        assert!(matches!(ends.ended, Some(Ok(()))), "{version:?}: {:?}", ends.ended);
        nothing_is_left(&ends);
        let mut tokens = 0;
        for (_, octets) in &ends.sent {
            let text = String::from_utf8_lossy(octets);
            assert!(text.contains(":Timestamp "), "each has its time: {text}");
            assert!(!text.contains("SecurityContextToken"), "and no session: {text}");
            tokens += usize::from(text.contains(":UsernameToken "));
        }
        assert!(tokens >= 2, "{version:?}: the credential is in every message of the client");
    }
}

/// As at WCF, whose connection with TLS is a security session (`ISecuritySession`): what is above it is over with it.
#[test]
fn everything_ends_with_the_connection() {
    for version in VERSIONS {
        let mut ends = open(version);
        ends.call(1, "one", false);
        ends.deliver_up();
        ends.break_links();
        carry_on(&mut ends);
        assert!(matches!(ends.ended, Some(Err(_))), "{version:?}: {:?}", ends.ended);
        assert!(ends.completed[&1].is_err());
        nothing_is_left(&ends);
    }
}

/// Somebody who is trusted as well has his message on the connection of the first: a proxy that ends TLS and mixes up its
/// clients, say. The service's callbacks would go to the first, so nothing is taken.
#[test]
fn nobody_else_speaks_on_a_connection() {
    for version in VERSIONS {
        let mut ends = open(version);
        ends.call(1, "one", false);
        carry_on(&mut ends);
        let link = ends.last_open.unwrap();
        let mut bob = somebody(&mut ends, "bob");
        let octets = ends.at(|at| bob.protect(note("mine"), at).to_bytes());
        ends.down.clear();
        ends.arrives(link, &octets);
        assert!(ends.executions.is_empty(), "{version:?}: nothing of it is executed");
        let said = said_to(&mut ends, link);
        assert!(matches!(said.last(), Some(Packet::End | Packet::Abort)), "{version:?}: {said:?}");
        nothing_is_left(&ends);
    }
}

/// A message without a credential on a connection whose first message had one.
#[test]
fn every_message_must_prove_its_sender() {
    for version in VERSIONS {
        let mut ends = open(version);
        ends.call(1, "one", false);
        carry_on(&mut ends);
        let link = ends.last_open.unwrap();
        ends.arrives(link, &note("bare").to_bytes());
        assert!(ends.executions.is_empty(), "{version:?}");
        nothing_is_left(&ends);
    }
}

/// Somebody has heard the name of a sequence, and names it over a connection of his own. Who is trusted as well is told that
/// there is none, as of every other name; the first herself is bound to her connection.
#[test]
fn a_sequence_stays_with_its_connection() {
    for version in VERSIONS.into_iter().flatten() {
        let mut ends = open(Some(version));
        ends.call(1, "one", false);
        ends.settle();
        let session = ends.executions[0].session.clone().unwrap();
        carry_on(&mut ends);
        for (name, link) in [("bob", LinkId(98)), ("alice", LinkId(99))] {
            let mut somebody = somebody(&mut ends, name);
            let mut asks = Message::new(Body::AckRequested);
            asks.headers.ack_requested = Some(session.clone());
            let plain = codec::write::<Envelope>(&asks, version, VERSION, Some(ADDRESS)).unwrap();
            ends.service(DuplexInput::Offered(link));
            let octets = ends.at(|at| somebody.protect(plain, at).to_bytes());
            ends.down.clear();
            ends.arrives(link, &octets);
            match (name, &said_to(&mut ends, link)[..]) {
                ("bob", [Packet::Message(fault), Packet::End]) => {
                    let fault = Envelope::parse(&fault[..], &Limits::SOAP).unwrap();
                    let fault = Fault::read(&fault).expect("a fault");
                    assert_eq!(fault.subcode().map(|code| &*code.local), Some("UnknownSequence"));
                }
                ("alice", [Packet::Abort]) => {}
                (name, said) => panic!("{version:?}, {name}: {said:?}"),
            }
        }
        ends.call(2, "two", false);
        carry_on(&mut ends);
        assert_eq!(reply(&ends, 2), "two", "the first has its connection");
        ends.close();
        carry_on(&mut ends);
        assert!(matches!(ends.ended, Some(Ok(()))), "{:?}", ends.ended);
        nothing_is_left(&ends);
    }
}
