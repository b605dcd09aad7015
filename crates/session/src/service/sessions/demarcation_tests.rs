//! Sessions whose operations have their places: what is refused, and when a session that is over ends.

use waxwing_reliable::Message;
use waxwing_security::conversation::CallerIdentity;
use waxwing_soap::{Addressing, Envelope, MessageVersion, RandomSource};

use super::*;
use crate::service::demarcation::OutOfPlace;

const PATIENCE: Duration = Duration::from_secs(10);
const RECEIVE: Duration = Duration::from_secs(600);

struct Zero;

impl RandomSource for Zero {
    fn fill(&mut self, octets: &mut [u8]) {
        octets.fill(0);
    }
}

/// One endpoint without reliable sessions: a security session is the session.
struct Desk {
    engine: ServiceSessions,
    now: Time,
    exchange: u64,
    /// The host has no place for a call: they wait.
    is_full: bool,
    waiting: Vec<Place>,
    executed: Vec<(String, Option<OutOfPlace>)>,
    made: usize,
    failed: Vec<String>,
}

impl Desk {
    fn new() -> Self {
        let settings = ServiceSettings {
            address: "http://localhost/".to_owned(),
            version: MessageVersion::SOAP12_ADDRESSING10,
            reliable: None,
            receive_timeout: RECEIVE,
            understood: Vec::new(),
            trace: false,
        };
        let mut demarcation = Demarcation::new(PATIENCE);
        demarcation.add("urn:begin", true, false);
        demarcation.add("urn:add", false, false);
        demarcation.add("urn:submit", false, true);
        let engine = ServiceSessions::new(&settings, DispatchModes::default()).unwrap();
        let engine = engine.demarcated(demarcation);
        Self {
            engine,
            now: Time::ZERO,
            exchange: 0,
            is_full: false,
            waiting: Vec::new(),
            executed: Vec::new(),
            made: 0,
            failed: Vec::new(),
        }
    }

    fn give(&mut self, input: ServiceInput) {
        let mut random = Zero;
        let wall = jiff::Timestamp::UNIX_EPOCH;
        self.engine.handle(input, &mut Moment { wall, time: self.now, random: &mut random });
        while let Some(output) = self.engine.poll() {
            match output {
                ServiceOutput::Want(place @ Place::Call { .. }) if self.is_full => {
                    self.waiting.push(place);
                }
                ServiceOutput::Free(place) => self.waiting.retain(|other| *other != place),
                ServiceOutput::Want(place) => self.give(ServiceInput::Granted(place)),
                ServiceOutput::Execute(execution) => {
                    let action = execution.request.action().to_owned();
                    self.executed.push((action, execution.out_of_place));
                    if execution.make {
                        self.made += 1;
                        self.give(ServiceInput::Made(execution.instance));
                    }
                    self.give(ServiceInput::Finished { call: execution.call, reply: None });
                }
                ServiceOutput::Release(instance) => self.give(ServiceInput::Released(instance)),
                ServiceOutput::Failed { error, .. } => self.failed.push(error.to_string()),
                _ => {}
            }
        }
    }

    /// A call of the session `tag`: why it is not executed.
    fn call(&mut self, tag: Option<&str>, action: &str) -> Option<OutOfPlace> {
        self.send(tag, action);
        let (executed, out_of_place) = self.executed.last().expect("it was answered");
        assert_eq!(executed, action);
        *out_of_place
    }

    /// A call comes in; gives the exchange that waits for its answer.
    fn send(&mut self, tag: Option<&str>, action: &str) -> ExchangeId {
        let caller = Arc::new(CallerIdentity::Anonymous);
        let addressing = Addressing { action: Some(action.to_owned()), ..Addressing::default() };
        let envelope = Envelope::new(MessageVersion::SOAP12_ADDRESSING10);
        let request = Arc::new(VerifiedRequest::new(envelope, addressing, Arc::clone(&caller)));
        let message = Message::new(Body::Application(())).map(|()| Carried::Request(request));
        let mut message = VerifiedMessage::new(message, None, caller);
        message.tag = tag.map(Identifier::new);
        self.exchange += 1;
        let exchange = ExchangeId(self.exchange);
        self.give(ServiceInput::Arrived { exchange, message });
        exchange
    }

    /// A call comes in while the host has no place for it, and its client hangs up; then there are places again.
    fn call_and_hang_up(&mut self, tag: &str, action: &str) {
        self.is_full = true;
        let exchange = self.send(Some(tag), action);
        self.give(ServiceInput::Abandoned(exchange));
        self.is_full = false;
        for place in std::mem::take(&mut self.waiting) {
            self.give(ServiceInput::Granted(place));
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
        self.give(ServiceInput::Tick);
    }
}

#[test]
fn a_session_has_a_first_and_a_last_operation() {
    let mut desk = Desk::new();
    let session = Some("urn:session");
    for action in ["urn:add", "urn:submit"] {
        assert_eq!(desk.call(session, action), Some(OutOfPlace::NotInitiating), "{action}");
    }
    assert_eq!(desk.made, 0, "what is not executed needs no instance");
    for action in ["urn:begin", "urn:add", "urn:unknown", "urn:begin", "urn:submit"] {
        assert_eq!(desk.call(session, action), None, "{action}");
    }
    for action in ["urn:add", "urn:begin", "urn:submit"] {
        assert_eq!(desk.call(session, action), Some(OutOfPlace::Terminated), "{action}");
    }
    assert_eq!(desk.made, 1);
    // Another session stands where it stands; a call without a session has no place to miss.
    assert_eq!(desk.call(Some("urn:other"), "urn:begin"), None);
    assert_eq!(desk.call(None, "urn:add"), None);
}

#[test]
fn a_session_that_is_over_ends_when_its_client_does_not_close_it() {
    let mut desk = Desk::new();
    let session = Some("urn:session");
    desk.call(session, "urn:begin");
    desk.pass(PATIENCE * 2);
    assert_eq!((desk.engine.session_count(), desk.failed.len()), (1, 0), "it is not over");
    desk.call(session, "urn:submit");
    desk.pass(PATIENCE - Duration::from_millis(1));
    // What is refused does not keep it.
    desk.call(session, "urn:add");
    assert_eq!(desk.engine.session_count(), 1);
    desk.pass(Duration::from_millis(1));
    assert_eq!(desk.engine.session_count(), 0);
    assert!(desk.failed[0].contains("IsTerminating"), "{:?}", desk.failed);
}

/// A client that hangs up at the right moment must not get past the operation that begins the session (it may be the one
/// that looks who it is), nor lose the one that ends it: what has moved the session is executed, whoever waits for it.
#[test]
fn a_session_is_not_moved_by_calls_that_are_never_executed() {
    let mut desk = Desk::new();
    desk.call_and_hang_up("urn:session", "urn:begin");
    assert_eq!(desk.call(Some("urn:session"), "urn:add"), None);
    desk.call_and_hang_up("urn:session", "urn:add");
    desk.call_and_hang_up("urn:session", "urn:submit");
    assert_eq!(desk.call(Some("urn:session"), "urn:add"), Some(OutOfPlace::Terminated));
    let executed: Vec<_> = desk.executed.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(executed, ["urn:begin", "urn:add", "urn:submit", "urn:add"]);
    assert_eq!(desk.engine.call_count(), 0);
    desk.pass(PATIENCE);
    assert_eq!(desk.engine.session_count(), 0, "it is over, and ends");
}
