//! Sequences belong to the security context that they were created in: they end with it, and take nothing of another.

use waxwing_reliable::{
    CreateSequence, Message, ReliableMessagingVersion, ReliableSessionSettings, Sequence, Shape,
};
use waxwing_security::conversation::CallerIdentity;
use waxwing_soap::{Addressing, EndpointReference, Envelope, MessageVersion, RandomSource};

use super::*;

struct Counter(u8);

impl RandomSource for Counter {
    fn fill(&mut self, octets: &mut [u8]) {
        self.0 += 1;
        octets.fill(self.0);
    }
}

/// An endpoint with one-way sequences at a host that has places for all.
struct Desk {
    engine: ServiceSessions,
    random: Counter,
    exchange: u64,
    created: Vec<SessionId>,
    executed: usize,
    gone: Vec<SessionId>,
    freed: usize,
}

impl Desk {
    fn new() -> Self {
        let reliable = ReliableSessionSettings::default();
        let settings = ServiceSettings {
            address: "http://localhost/".to_owned(),
            version: MessageVersion::SOAP12_ADDRESSING10,
            reliable: Some((ReliableMessagingVersion::V11, Shape::OneWay, reliable)),
            receive_timeout: Duration::from_secs(600),
            understood: Vec::new(),
            trace: false,
        };
        let engine = ServiceSessions::new(&settings, DispatchModes::default()).unwrap();
        let (created, gone) = (Vec::new(), Vec::new());
        Self { engine, random: Counter(0), exchange: 0, created, executed: 0, gone, freed: 0 }
    }

    fn give(&mut self, input: ServiceInput) {
        let wall = jiff::Timestamp::UNIX_EPOCH;
        let mut at = Moment { wall, time: Time::ZERO, random: &mut self.random };
        self.engine.handle(input, &mut at);
        while let Some(output) = self.engine.poll() {
            match output {
                ServiceOutput::Want(place) => self.give(ServiceInput::Granted(place)),
                ServiceOutput::Created(id) => self.created.push(id),
                ServiceOutput::Gone(id) => self.gone.push(id),
                ServiceOutput::Free(Place::Session(_)) => self.freed += 1,
                ServiceOutput::Execute(execution) => {
                    self.executed += 1;
                    if execution.make {
                        self.give(ServiceInput::Made(execution.instance));
                    }
                    self.give(ServiceInput::Finished { call: execution.call, reply: None });
                }
                ServiceOutput::Release(instance) => self.give(ServiceInput::Released(instance)),
                _ => {}
            }
        }
    }

    fn arrive(
        &mut self,
        caller: CallerIdentity,
        body: Body<()>,
        sequence: Option<Sequence>,
        context: Option<&str>,
    ) {
        self.exchange += 1;
        let caller = Arc::new(caller);
        let envelope = Envelope::new(MessageVersion::SOAP12_ADDRESSING10);
        let id = format!("urn:m:{}", self.exchange);
        let addressing = Addressing { message_id: Some(id.clone()), ..Addressing::default() };
        let request = Arc::new(VerifiedRequest::new(envelope, addressing, Arc::clone(&caller)));
        let mut message = Message::new(body).map(|()| Carried::Request(request));
        message.message_id = Some(Identifier::new(id));
        message.headers.sequence = sequence;
        let mut message = VerifiedMessage::new(message, None, caller);
        message.tag = context.map(Identifier::new);
        self.give(ServiceInput::Arrived { exchange: ExchangeId(self.exchange), message });
    }

    /// A sequence created in this context.
    fn create(&mut self, context: &str) -> SessionId {
        self.create_from(CallerIdentity::Anonymous, Some(context))
    }

    fn create_from(&mut self, caller: CallerIdentity, context: Option<&str>) -> SessionId {
        let anonymous = "http://www.w3.org/2005/08/addressing/anonymous";
        let create = CreateSequence {
            acks_to: EndpointReference::new(anonymous),
            expires: None,
            offer: None,
            tokens: Vec::new(),
            reply_to: None,
            to: None,
        };
        self.arrive(caller, Body::CreateSequence(Box::new(create)), None, context);
        self.created.last().cloned().expect("a session")
    }

    /// Message `number` of a sequence; gives whether it was executed.
    fn call(&mut self, session: &SessionId, number: u64, context: Option<&str>) -> bool {
        self.call_from(CallerIdentity::Anonymous, session, number, context)
    }

    fn call_from(
        &mut self,
        caller: CallerIdentity,
        session: &SessionId,
        number: u64,
        context: Option<&str>,
    ) -> bool {
        let before = self.executed;
        let sequence = Sequence { identifier: session.clone(), number, last_message: false };
        self.arrive(caller, Body::Application(()), Some(sequence), context);
        self.executed > before
    }
}

#[test]
fn a_sequence_takes_nothing_of_another_context() {
    let mut desk = Desk::new();
    let (own, other) = ("urn:context:1", "urn:context:2");
    let session = desk.create(own);
    desk.create(other);
    assert!(!desk.call(&session, 1, Some(other)) && !desk.call(&session, 1, None));
    assert!(desk.call(&session, 1, Some(own)));
    assert!(!desk.call(&session, 2, Some(other)) && desk.gone.is_empty(), "nor does it end by it");
}

#[test]
fn a_sequence_ends_with_its_context() {
    let mut desk = Desk::new();
    let contexts = ["urn:context:1", "urn:context:2"];
    let [lost, kept] = contexts.map(|context| desk.create(context));
    assert!(desk.call(&lost, 1, Some(contexts[0])) && desk.call(&kept, 1, Some(contexts[1])));
    desk.give(ServiceInput::ContextLost(Identifier::new(contexts[0])));
    assert_eq!((desk.engine.session_count(), &desk.gone, desk.freed), (1, &vec![lost.clone()], 1));
    assert!(!desk.call(&lost, 2, Some(contexts[0])) && desk.call(&kept, 2, Some(contexts[1])));
}

fn user(name: &str) -> CallerIdentity {
    CallerIdentity::UserName(name.into())
}

#[allow(clippy::disallowed_methods, reason = "tests read their data")]
fn holder(name: &str) -> CallerIdentity {
    let path = format!("{}/../../testdata/pki/{name}.cert.pem", env!("CARGO_MANIFEST_DIR"));
    let read = std::fs::read(path).expect("a certificate");
    let mut certificates = waxwing_crypto::Certificate::from_pem(&read).expect("a certificate");
    CallerIdentity::Certificate(certificates.remove(0))
}

/// Where every message proves for itself who sent it there is no context: the sender is what binds.
#[test]
fn a_sequence_takes_nothing_of_another_sender() {
    for (own, other) in [
        (user("alice"), user("bob")),
        (holder("alice"), holder("bob")),
        (holder("alice"), user("alice")),
        (user("alice"), user("Alice")),
    ] {
        let mut desk = Desk::new();
        let session = desk.create_from(own.clone(), None);
        let theirs = desk.create_from(other.clone(), None);
        assert_ne!(session, theirs);
        assert!(!desk.call_from(other.clone(), &session, 1, None));
        assert!(!desk.call_from(CallerIdentity::Anonymous, &session, 1, None));
        assert!(!desk.call_from(own.clone(), &theirs, 1, None));
        let named = format!("{own}");
        assert!(!desk.call(&session, 1, Some(&named)), "what a message names is no proof");
        assert!(desk.call_from(own.clone(), &session, 1, None), "{own}");
        assert!(!desk.call_from(other.clone(), &session, 2, None) && desk.gone.is_empty());
        assert!(desk.call_from(other, &theirs, 1, None));
    }
}

#[test]
fn anonymous_senders_are_not_told_apart() {
    let mut desk = Desk::new();
    let session = desk.create_from(CallerIdentity::Anonymous, None);
    assert!(desk.call_from(CallerIdentity::Anonymous, &session, 1, None));
    assert!(!desk.call_from(user("alice"), &session, 2, None));
}
