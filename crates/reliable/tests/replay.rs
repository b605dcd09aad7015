//! WCF's recorded sessions, our engine in the place of either end: it has to say what WCF said.

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use common::names::{Names, moment, name};
use common::{Captured, scenario, scenarios, version_of};
use waxwing_reliable::codec::read;
use waxwing_reliable::{
    Body, CallId, ContextTag, ExchangeId, Identifier, Initiator, InitiatorInput, InitiatorOutput,
    Listener, ListenerInput, ListenerOutput, Message, OpenRequest, ReliableMessagingVersion,
    ReliableSessionSettings, Response, Route, Shape, Time,
};

/// One recorded exchange.
struct Exchange {
    name: String,
    /// What the client sent.
    request: Message<()>,
    /// What the service got, after the recorder's hand.
    arrived: Message<()>,
    requested: u64,
    response: Option<Message<()>>,
    status: u16,
    responded: u64,
}

struct Recording {
    version: ReliableMessagingVersion,
    exchanges: Vec<Exchange>,
    /// Requests that the recorder gave to the service a second time, and what came back.
    duplicates: Vec<(usize, Message<()>)>,
    /// The same when the run was over, with the status.
    afterwards: Vec<(String, u16, Message<()>)>,
}

/// The reliable sessions of a scenario, one after the other.
fn sessions(name: &str) -> Vec<Recording> {
    let Some(Recording { version, exchanges, duplicates, afterwards }) = recording(name) else {
        return Vec::new();
    };
    let mut sessions: Vec<Recording> = Vec::new();
    let mut current = None;
    for (i, exchange) in exchanges.into_iter().enumerate() {
        if let Body::CreateSequence(create) = &exchange.request.body
            && current.as_ref() != Some(create)
        {
            current = Some(create.clone());
            let (exchanges, duplicates) = (Vec::new(), Vec::new());
            let afterwards = afterwards.clone();
            sessions.push(Recording { version, exchanges, duplicates, afterwards });
        }
        let Some(session) = sessions.last_mut() else { continue };
        let place = session.exchanges.len();
        let mine = duplicates.iter().filter(|(p, _)| *p == i);
        session.duplicates.extend(mine.map(|(_, m)| (place, m.clone())));
        session.exchanges.push(exchange);
    }
    sessions.retain(|s| {
        let created = s.exchanges.iter().find_map(|e| e.response.as_ref());
        created.is_some_and(|r| matches!(r.body, Body::CreateSequenceResponse(_)))
    });
    sessions
}

fn recording(name: &str) -> Option<Recording> {
    let messages = scenario(name);
    let version = version_of(&messages)?;
    let parse = |m: &Captured| m.envelope().and_then(|e| read(&e, version).ok());
    let (mut exchanges, mut duplicates): (Vec<Exchange>, Vec<_>) = (Vec::new(), Vec::new());
    let mut afterwards = Vec::new();
    for message in &messages {
        if message.is_afterwards() {
            let number = message.name.trim_end_matches("-response").rsplit('-').next().unwrap();
            let answer = parse(message).map(|m| (number.to_owned(), message.status.unwrap(), m));
            afterwards.extend(answer);
            continue;
        }
        let number = &message.name[..3];
        let place = exchanges.iter().position(|e| e.name == number);
        if message.is_request() {
            let Some(request) = parse(message) else { continue };
            let requested = message.millis.unwrap();
            let name = number.to_owned();
            let (response, status, responded) = (None, 0, u64::MAX);
            let arrived = request.clone();
            exchanges.push(Exchange {
                name,
                request,
                arrived,
                requested,
                response,
                status,
                responded,
            });
        } else if let Some(place) = place {
            let text = parse(message);
            if message.name.ends_with("-altered") {
                exchanges[place].arrived = text?;
            } else if message.name.ends_with("-to-duplicate") {
                duplicates.push((place, text?));
            } else {
                let found = &mut exchanges[place];
                (found.response, found.status) = (text, message.status.unwrap_or(0));
                found.responded = message.millis.unwrap();
            }
        }
    }
    Some(Recording { version, exchanges, duplicates, afterwards })
}

/// What of a message is ours to say: an application's message has its own addressing headers, and the text
/// of a reason is free.
fn essence(message: &Message<()>) -> Message<()> {
    let mut message = message.clone();
    match &mut message.body {
        Body::Application(()) => (message.message_id, message.relates_to) = (None, None),
        Body::Fault(fault) => fault.reason.clear(),
        // What the responder needs to know of the addressing headers is not the initiator's to repeat.
        Body::CreateSequence(create) => create.to = None,
        _ => {}
    }
    message
}

fn recordings() -> impl Iterator<Item = (String, Recording)> {
    scenarios()
        .into_iter()
        .flat_map(|name| sessions(&name).into_iter().map(move |s| (name.clone(), s)))
}

// ---- the service's place ----

struct Service {
    listener: Listener<()>,
    responses: BTreeMap<u64, Message<()>>,
    delivered: Vec<u64>,
    session: Option<Identifier>,
    tag: Option<ContextTag>,
    /// What WCF called the sequence.
    names: Names,
}

impl Service {
    fn drain(&mut self) {
        while let Some(output) = self.listener.poll() {
            match output {
                ListenerOutput::Transmit { route: Route::Answer(exchange), response } => {
                    let Response::Message(message) = *response else {
                        panic!("empty {exchange:?}")
                    };
                    let before = self.responses.insert(exchange.0, message);
                    assert!(before.is_none(), "{exchange:?} answered twice");
                }
                ListenerOutput::Created { session, .. } => self.session = Some(session),
                ListenerOutput::Deliver { number, .. } => self.delivered.push(number),
                _ => {}
            }
        }
    }

    fn give(&mut self, input: ListenerInput<()>, at: u64) {
        self.listener.handle(input, &mut moment(Time::from_millis(at), &mut self.names));
        self.drain();
    }

    fn request(&mut self, id: u64, message: &Message<()>, fresh: &Identifier, at: u64) {
        let (exchange, tag) = (ExchangeId(id), self.tag.clone());
        self.names = Names::new([fresh.clone()]);
        let message = message.clone();
        self.give(ListenerInput::Request { exchange, message, tag }, at);
    }
}

impl Service {
    /// A service for a recorded session.
    fn of(name: &str, version: ReliableMessagingVersion, tag: Option<Identifier>) -> Self {
        let seconds = if name.starts_with("idle-service") { 3 } else { 600 };
        let settings = ReliableSessionSettings {
            inactivity_timeout: Duration::from_secs(seconds),
            ordered: !name.contains("unordered"),
            ..Default::default()
        };
        Self {
            listener: Listener::new(version, Shape::RequestReply, settings).unwrap(),
            responses: BTreeMap::new(),
            delivered: Vec::new(),
            session: None,
            tag,
            names: Names::new([]),
        }
    }

    /// The recorded service answered this exchange now: what had happened before it could.
    fn before_answer(&mut self, i: usize, exchange: &Exchange, done: &mut Vec<u64>, place: &str) {
        let session = self.session.clone().unwrap();
        let at = exchange.responded;
        let expected = exchange.response.as_ref().unwrap();
        match (&exchange.request.body, &exchange.request.headers.sequence) {
            (Body::Application(()), Some(sequence)) if !done.contains(&sequence.number) => {
                let number = sequence.number;
                if self.delivered.contains(&number) {
                    let early = self.responses.contains_key(&(i as u64));
                    assert!(!early, "{place}: answered too early");
                    done.push(number);
                    let reply = expected.headers.sequence.is_some().then_some(());
                    self.give(ListenerInput::Taken { session: session.clone(), number }, at);
                    self.give(ListenerInput::Done { session, number, reply }, at);
                }
            }
            (Body::LastMessage | Body::CloseSequence(_), _) => {
                self.give(ListenerInput::Close(session), at);
            }
            _ => {}
        }
    }
}

/// When requests came and answers went (true), in their order. What the recorder dropped never arrived; what security
/// refused did not come this far.
fn moments_of(exchanges: &[Exchange]) -> Vec<(u64, bool, usize)> {
    let mut moments = Vec::new();
    for (i, exchange) in exchanges.iter().enumerate() {
        let answer = exchange.response.as_ref().map(|r| &r.body);
        if answer.is_some_and(|body| !matches!(body, Body::SoapFault(_))) {
            moments.push((exchange.requested, false, i));
            moments.push((exchange.responded, true, i));
        }
    }
    moments.sort();
    moments
}

#[test]
fn in_the_services_place() {
    let (mut count, mut again) = (0, 0);
    for (name, recording) in recordings() {
        let Recording { version, exchanges, duplicates, afterwards } = recording;
        count += 1;
        let Body::CreateSequence(create) = &exchanges[0].request.body else { unreachable!() };
        let created = exchanges.iter().find_map(|e| match &e.response.as_ref()?.body {
            Body::CreateSequenceResponse(created) => Some(created),
            _ => None,
        });
        let fresh = &created.expect("an answer to CreateSequence").identifier;
        let tag = create.tokens.first().map(|t| t.identifier.clone());
        let mut service = Service::of(&name, version, tag);
        let mut done = Vec::new();
        for (at, is_response, i) in moments_of(&exchanges) {
            let exchange = &exchanges[i];
            if !is_response {
                service.give(ListenerInput::Tick, at);
                service.request(i as u64, &exchange.arrived, fresh, at);
                continue;
            }
            let place = format!("{name} {}", exchange.name);
            service.before_answer(i, exchange, &mut done, &place);
            let ours = service.responses.get(&(i as u64));
            let ours = ours.unwrap_or_else(|| panic!("{place}: no answer"));
            assert_eq!(essence(ours), essence(exchange.response.as_ref().unwrap()), "{place}");
            let is_fault = Response::Message(ours.clone()).is_fault();
            assert!(!is_fault || exchange.status == 500, "{place}: status");
            for (j, (_, answer)) in duplicates.iter().enumerate().filter(|(_, (p, _))| *p == i) {
                let id = 1000 + j as u64;
                service.request(id, &exchange.arrived, fresh, at + 1);
                let ours = essence(&service.responses[&id]);
                assert_eq!(ours, essence(answer), "{name}: duplicate of {}", exchange.name);
            }
        }
        // Sent again when all was over: there is no such sequence any more. With security nothing comes so far.
        let end = exchanges.last().map_or(0, |exchange| exchange.responded);
        for (number, status, answer) in afterwards.iter().filter(|_| create.tokens.is_empty()) {
            let exchange = exchanges.iter().find(|e| e.name == *number).unwrap();
            service.request(2000, &exchange.arrived, fresh, end + 1);
            let ours = service.responses.remove(&2000).unwrap();
            assert_eq!(essence(&ours), essence(answer), "{name}: {number} afterwards");
            assert_eq!((*status, Response::Message(ours).is_fault()), (500, true), "{name}");
            again += 1;
        }
    }
    println!("{count} sessions");
    assert_eq!(again, 4, "messages sent again afterwards");
    assert!(count >= 60, "{count}");
}

// ---- the client's place ----

struct Client {
    initiator: Initiator<()>,
    sent: Vec<(u64, Message<()>)>,
    now: u64,
    /// What WCF called its messages and the return sequence.
    names: Names,
}

impl Client {
    fn handle(&mut self, input: InitiatorInput<()>) {
        self.initiator.handle(input, &mut moment(Time::from_millis(self.now), &mut self.names));
    }

    fn drain(&mut self) {
        while let Some(output) = self.initiator.poll() {
            if let InitiatorOutput::Transmit { route, message, .. } = output {
                let exchange = route.exchange();
                self.handle(InitiatorInput::Written { exchange });
                self.sent.push((exchange.0, message));
            }
        }
    }

    fn give(&mut self, input: InitiatorInput<()>, at: u64) {
        self.now = self.now.max(at);
        self.handle(input);
        self.drain();
    }

    /// Lets time pass until something is sent.
    fn wait(&mut self, until: u64) {
        while self.sent.is_empty() {
            let Some(at) = self.initiator.wake_at() else { return };
            let at = at.elapsed().as_millis() as u64 + 1;
            if at > until {
                return;
            }
            self.give(InitiatorInput::Tick, at);
        }
    }
}

fn open(recording: &Recording) -> OpenRequest {
    let first = &recording.exchanges[0];
    let Body::CreateSequence(create) = &first.request.body else { unreachable!() };
    let now = Time::from_millis(first.requested);
    OpenRequest {
        to: create.to.clone().unwrap(),
        token: create.tokens.first().cloned(),
        started: now,
        deadline: now + Duration::from_secs(60),
    }
}

/// The names that WCF's client made, in their order. One that it did not need has none in the recording.
fn names(recording: &Recording) -> Names {
    let exchanges = &recording.exchanges;
    let Body::CreateSequence(create) = &exchanges[0].request.body else { unreachable!() };
    let mut names = vec![
        exchanges[0].request.message_id.clone().unwrap(),
        create.offer.as_ref().unwrap().identifier.clone(),
    ];
    if recording.version == ReliableMessagingVersion::V11 {
        let close = exchanges.iter().find(|e| matches!(e.request.body, Body::CloseSequence(_)));
        names.push(close.and_then(|e| e.request.message_id.clone()).unwrap_or(name(0, 1)));
    }
    let mut last = exchanges.iter().rev();
    let terminate = last.find(|e| matches!(e.request.body, Body::TerminateSequence(_)));
    names.push(terminate.and_then(|e| e.request.message_id.clone()).unwrap_or(name(0, 2)));
    Names::new(names)
}

#[test]
fn in_the_clients_place() {
    let mut count = 0;
    for (name, recording) in recordings() {
        count += 1;
        let settings = ReliableSessionSettings {
            inactivity_timeout: Duration::from_secs(if name.starts_with("idle-keepalive") {
                4
            } else {
                600
            }),
            ordered: !name.contains("unordered"),
            ..Default::default()
        };
        let initiator = Initiator::new(recording.version, Shape::RequestReply, settings).unwrap();
        let mut client = Client { initiator, sent: Vec::new(), now: 0, names: names(&recording) };
        let exchanges = &recording.exchanges;
        let mut moments: Vec<(u64, bool, usize)> = Vec::new();
        for (i, exchange) in exchanges.iter().enumerate() {
            moments.push((exchange.requested, false, i));
            moments.push((exchange.responded, true, i));
        }
        moments.sort();
        let mut ids = BTreeMap::new();
        let mut highest = 0;
        for (at, is_response, i) in moments {
            let exchange = &exchanges[i];
            let label = format!("{name} {}", exchange.name);
            if is_response {
                let was_lost = exchange.response.is_none()
                    || (name.contains("-drop-") && is_repeated(exchanges, i));
                if let (false, Some(id)) = (was_lost, ids.get(&i)) {
                    let message = exchange.response.clone();
                    let exchange = ExchangeId(*id);
                    client.give(InitiatorInput::Response { exchange, message }, at);
                }
                continue;
            }
            match (&exchange.request.body, &exchange.request.headers.sequence) {
                (Body::CreateSequence(_), _) if i == 0 => {
                    client.give(InitiatorInput::Open(open(&recording)), at);
                }
                (Body::Application(()), Some(sequence)) if sequence.number > highest => {
                    highest = sequence.number;
                    let (call, message, deadline) = (CallId(highest), (), None);
                    let message_id = exchange.request.message_id.clone();
                    let send = InitiatorInput::Send { call, message, message_id, deadline };
                    client.give(send, at);
                }
                (Body::LastMessage | Body::CloseSequence(_), _) if client.sent.is_empty() => {
                    let deadline = Time::from_millis(at) + Duration::from_secs(60);
                    client.give(InitiatorInput::Close { deadline }, at);
                }
                _ => {}
            }
            client.wait(at + 15_000);
            assert!(!client.sent.is_empty(), "{label}: nothing is sent");
            let (id, ours) = client.sent.remove(0);
            assert_eq!(essence(&ours), essence(&exchange.request), "{label}");
            ids.insert(i, id);
        }
        assert!(client.sent.is_empty(), "{name}: more is sent: {:?}", client.sent);
    }
    println!("{count} sessions");
    assert!(count >= 60, "{count}");
}

/// Whether the same message is sent again later, so that its first answer was lost.
fn is_repeated(exchanges: &[Exchange], i: usize) -> bool {
    let same = |a: &Message<()>, b: &Message<()>| match (&a.headers.sequence, &b.headers.sequence) {
        (Some(a), Some(b)) => a == b,
        _ => a.message_id.is_some() && a.message_id == b.message_id,
    };
    exchanges[i + 1..].iter().any(|later| same(&exchanges[i].request, &later.request))
}
