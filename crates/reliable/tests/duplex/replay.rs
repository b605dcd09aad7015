//! WCF's recorded duplex sessions, our engine in the place of either end: it has to say what WCF said.
//!
//! Which message an acknowledgement rides along with, or whether it goes alone, is decided at WCF by which of two threads
//! is first. So messages are compared without it, one by one and in order; and where both carry one, it is compared too.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use waxwing_reliable::{
    Body, CallId, DuplexInput, DuplexListener, DuplexListenerInput, DuplexListenerOutput,
    DuplexOpen, DuplexOutput, DuplexSession, DuplexSettings, ExchangeId, Identifier, LinkId, Links,
    Message, ReliableMessagingVersion, ReliableSessionSettings, SessionId, Time,
};

use crate::common::names::{Names, moment, name};
use crate::recorded::{Recorded, What, essence, scenario, scenarios, sessions as split};

/// Our engine at one end.
enum End {
    Client(Box<DuplexSession<()>>),
    Service(Box<DuplexListener<()>>, Option<SessionId>),
}

struct Player {
    end: End,
    names: Names,
    now: u64,
    sent: VecDeque<Message<()>>,
    links: BTreeMap<String, u64>,
    exchanges: u64,
    delivered: Vec<u64>,
    tag: Option<Identifier>,
    /// Messages that were equal, acknowledgements included; and all.
    equal: (usize, usize),
}

fn settings(name: &str) -> DuplexSettings {
    let seconds = if name == "tcp-rm-idle-keepalive" { 6 } else { 600 };
    DuplexSettings {
        reliable: ReliableSessionSettings {
            inactivity_timeout: Duration::from_secs(seconds),
            ..Default::default()
        },
        // Security below replaces connections without a word.
        links: match name.starts_with("tcp") && !name.contains("message") {
            true => Links::Replaced,
            false => Links::Unseen,
        },
        two_way: name != "tcp-rm-oneway",
        // As WCF, which waits for its timers.
        resend_on_new_link: false,
    }
}

impl Player {
    fn new(end: End, names: Names, tag: Option<Identifier>) -> Self {
        Self {
            end,
            names,
            now: 0,
            sent: VecDeque::new(),
            links: BTreeMap::new(),
            exchanges: 0,
            delivered: Vec::new(),
            tag,
            equal: (0, 0),
        }
    }

    /// One input for our end of the session.
    fn give(&mut self, input: DuplexInput<()>, at: u64) {
        self.now = self.now.max(at);
        let mut moment = moment(Time::from_millis(self.now), &mut self.names);
        let mut outputs = Vec::new();
        match &mut self.end {
            End::Client(client) => {
                client.handle(input, &mut moment);
                outputs.extend(std::iter::from_fn(|| client.poll()));
            }
            End::Service(listener, session) => {
                let input = match (input, session.clone()) {
                    (DuplexInput::Tick, _) => DuplexListenerInput::Tick,
                    (input, Some(session)) => DuplexListenerInput::Session { session, input },
                    (input, None) => panic!("no session for {input:?}"),
                };
                listener.handle(input, &mut moment);
            }
        }
        outputs.into_iter().for_each(|output| self.take(output));
        self.drain_listener();
    }

    fn drain_listener(&mut self) {
        while let End::Service(listener, session) = &mut self.end
            && let Some(output) = listener.poll()
        {
            match output {
                DuplexListenerOutput::Created { session: created, .. } => {
                    *session = Some(created.clone());
                    let accept = DuplexListenerInput::Accept(created);
                    listener
                        .handle(accept, &mut moment(Time::from_millis(self.now), &mut self.names));
                }
                DuplexListenerOutput::Session { output, .. } => self.take(output),
                DuplexListenerOutput::Answer { message, .. } => self.sent.push_back(message),
                DuplexListenerOutput::Adopted { .. } | DuplexListenerOutput::AbortLink(_) => {}
            }
        }
    }

    fn take(&mut self, output: DuplexOutput<()>) {
        let now = self.now;
        match output {
            DuplexOutput::Transmit { message, .. } => self.sent.push_back(message),
            DuplexOutput::Dial => self.give(DuplexInput::Linked, now),
            DuplexOutput::Deliver { number, .. } => {
                self.delivered.push(number);
                self.give(DuplexInput::Taken(number), now);
            }
            _ => {}
        }
    }

    /// A message of the other end comes in.
    fn arrive(&mut self, recorded: &Recorded, message: &Message<()>) {
        let message = message.clone();
        if let End::Client(_) = self.end {
            return self.give(DuplexInput::Message(message), recorded.at);
        }
        self.now = self.now.max(recorded.at);
        self.exchanges += 1;
        let next = self.links.len() as u64;
        let link = recorded.link.clone().map(|link| *self.links.entry(link).or_insert(next));
        let (exchange, link, tag) =
            (ExchangeId(self.exchanges), link.map(LinkId), self.tag.clone());
        let End::Service(listener, _) = &mut self.end else { return };
        let input = DuplexListenerInput::Message { exchange, link, message, tag };
        listener.handle(input, &mut moment(Time::from_millis(self.now), &mut self.names));
        self.drain_listener();
    }

    fn cut(&mut self, recorded: &Recorded, reset: bool) {
        let reason = "the recorder cut it".to_owned();
        let link = recorded.link.as_ref().and_then(|link| self.links.get(link)).copied();
        match (&mut self.end, link.map(LinkId)) {
            (End::Client(_), _) if reset => {
                self.give(DuplexInput::LinkBroken { reason }, recorded.at)
            }
            (End::Client(_), _) => self.give(DuplexInput::LinkEnded, recorded.at),
            (End::Service(listener, _), Some(link)) => {
                let input = match reset {
                    true => DuplexListenerInput::LinkBroken { link, reason },
                    false => DuplexListenerInput::LinkEnded(link),
                };
                listener.handle(input, &mut moment(Time::from_millis(self.now), &mut self.names));
                self.drain_listener();
            }
            (End::Service(..), None) => {}
        }
    }

    fn wake_at(&self) -> Option<u64> {
        let at = match &self.end {
            End::Client(client) => client.wake_at(),
            End::Service(listener, _) => listener.wake_at(),
        };
        at.map(|at| at.elapsed().as_nanos().div_ceil(1_000_000) as u64)
    }

    /// Our end says what WCF said.
    fn expect(&mut self, place: &str, expected: &Message<()>, at: u64) {
        // The answer to a request of the protocol and what this end says of itself are two threads' at WCF, too.
        let kind = |m: &Message<()>| {
            (std::mem::discriminant(&m.body), m.headers.sequence.as_ref().map(|s| s.number))
        };
        let wants_alone = is_alone(expected);
        let patience = if wants_alone { at + 300 } else { at + 15_000 };
        let found = loop {
            let mut same = self.sent.iter().enumerate().filter(|(_, m)| is_alone(m) == wants_alone);
            let first = same.clone().next();
            if let Some((place, _)) = same.find(|(_, m)| kind(m) == kind(expected)).or(first) {
                break self.sent.remove(place);
            }
            match self.wake_at().filter(|at| *at <= patience) {
                Some(at) => self.give(DuplexInput::Tick, at),
                None => break None,
            }
        };
        self.equal.1 += 1;
        let Some(ours) = found else {
            assert!(wants_alone, "{place}: nothing is sent");
            return;
        };
        let bare = |message: &Message<()>| {
            let mut message = essence(message);
            message.headers.acknowledgement = None;
            if matches!(message.body, Body::Application(())) {
                // It asks when the window is full: before or after an acknowledgement has come.
                message.headers.ack_requested = None;
            }
            message
        };
        assert_eq!(bare(&ours), bare(expected), "{place}");
        let acknowledged = (&ours.headers.acknowledgement, &expected.headers.acknowledgement);
        if let (Some(ours), Some(theirs)) = acknowledged {
            assert_eq!(ours.identifier, theirs.identifier, "{place}");
            assert_eq!(ours.is_final, theirs.is_final, "{place}");
            assert_eq!(
                ours.buffer_remaining.is_some(),
                theirs.buffer_remaining.is_some(),
                "{place}"
            );
            assert!(ours.ranges.contains_all(&theirs.ranges), "{place}: {ours:?} {theirs:?}");
        }
        self.equal.0 += usize::from(essence(&ours) == essence(expected));
    }
}

/// One recorded session, one of its ends replaced.
struct Part<'a> {
    name: &'a str,
    version: ReliableMessagingVersion,
    messages: &'a [Recorded],
    is_client: bool,
}

impl Part<'_> {
    fn all(&self) -> impl Iterator<Item = (bool, &Message<()>)> {
        self.messages.iter().filter_map(Recorded::message)
    }

    /// What WCF's end called its requests, in order; a name that it did not need has none in the recording.
    fn names(&self) -> Names {
        let ours = || self.all().filter(|(by, _)| *by == self.is_client).map(|(_, m)| m);
        let id_of = |wanted: fn(&Body<()>) -> bool| {
            let mut found = ours().filter(|m| wanted(&m.body));
            found.next().and_then(|m| m.message_id.clone())
        };
        let mut names = Vec::new();
        for (by_client, message) in self.all() {
            match &message.body {
                Body::CreateSequence(create) if self.is_client && by_client => {
                    names.extend(message.message_id.clone());
                    names.extend(create.offer.as_ref().map(|offer| offer.identifier.clone()));
                    break;
                }
                Body::CreateSequenceResponse(response) if !self.is_client => {
                    names.push(response.identifier.clone());
                    break;
                }
                _ => {}
            }
        }
        if self.version == ReliableMessagingVersion::V11 {
            let close = id_of(|b| matches!(b, Body::CloseSequence(_)));
            let terminate = id_of(|b| matches!(b, Body::TerminateSequence(_)));
            names.extend([close.unwrap_or(name(0, 1)), terminate.unwrap_or(name(0, 2))]);
        }
        Names::new(names)
    }

    fn player(&self) -> Player {
        let created = self.all().find_map(|(_, m)| match &m.body {
            Body::CreateSequence(create) => Some(create.clone()),
            _ => None,
        });
        let tag = created.unwrap().tokens.first().map(|token| token.identifier.clone());
        let settings = settings(self.name);
        let end = match self.is_client {
            true => End::Client(Box::new(DuplexSession::new(self.version, settings).unwrap())),
            false => {
                let listener = DuplexListener::new(self.version, settings).unwrap();
                End::Service(Box::new(listener), None)
            }
        };
        Player::new(end, self.names(), tag)
    }

    /// Whatever made WCF's end send this.
    fn cause(&self, player: &mut Player, message: &Message<()>, highest: &mut u64, at: u64) {
        let deadline = Time::from_millis(at) + Duration::from_secs(60);
        match (&message.body, &message.headers.sequence) {
            (Body::CreateSequence(create), _) if player.equal.1 == 0 => {
                let open = DuplexOpen {
                    to: create.to.clone().unwrap(),
                    from: create.reply_to.clone(),
                    token: create.tokens.first().cloned(),
                    started: Time::from_millis(at),
                    deadline,
                };
                player.give(DuplexInput::Open(open), at);
            }
            (Body::Application(()), Some(sequence)) if sequence.number > *highest => {
                // Two threads of WCF may put two messages on a connection in the other order.
                while *highest < sequence.number {
                    *highest += 1;
                    let call = CallId(*highest);
                    player.give(DuplexInput::Send { call, message: (), deadline: None }, at);
                }
            }
            (Body::LastMessage | Body::CloseSequence(_), _) => {
                player.give(DuplexInput::Close { deadline }, at);
            }
            // 1.1: the peer has not acknowledged everything when this end begins to close.
            (Body::AckRequested, _) if self.closes_next(message) => {
                player.give(DuplexInput::Close { deadline }, at);
            }
            (Body::Fault(fault), _) if fault.kind.local_name() == "SequenceTerminated" => {
                let reason = "the user".to_owned();
                player.give(DuplexInput::Abort { reason }, at);
            }
            _ => {}
        }
    }

    /// Whether the next thing that this end sends of itself is CloseSequence.
    fn closes_next(&self, message: &Message<()>) -> bool {
        let ours: Vec<_> = self.all().filter(|(by, _)| *by == self.is_client).collect();
        let place = ours.iter().position(|(_, m)| std::ptr::eq(*m, message));
        ours.iter()
            .skip(place.map_or(0, |place| place + 1))
            .any(|(_, m)| matches!(m.body, Body::CloseSequence(_)))
            && self.version == ReliableMessagingVersion::V11
    }

    fn play(&self) -> (usize, usize) {
        let mut player = self.player();
        let mut highest = 0;
        for recorded in self.messages {
            let place = format!("{} {}", self.name, recorded.name);
            match &recorded.what {
                What::Cut { reset } => player.cut(recorded, *reset),
                What::Message { by_client, message, .. } if *by_client == self.is_client => {
                    self.cause(&mut player, message, &mut highest, recorded.at);
                    player.expect(&place, message, recorded.at);
                }
                What::Message { message, lost, .. } => {
                    if !*lost {
                        player.arrive(recorded, message);
                    }
                }
            }
        }
        let more: Vec<_> = player.sent.iter().filter(|m| !is_alone(m)).collect();
        assert!(more.is_empty(), "{}: more is sent: {more:?}", self.name);
        player.equal
    }
}

fn is_alone(message: &Message<()>) -> bool {
    matches!(message.body, Body::SequenceAcknowledgement)
}

fn play(is_client: bool) {
    let (mut sessions, mut equal, mut all) = (0, 0, 0);
    for name in &scenarios() {
        let Some((version, messages)) = scenario(name) else { continue };
        for messages in split(messages) {
            let part = Part { name, version, messages: &messages, is_client };
            let (same, of) = part.play();
            println!("{name}: {same} of {of} equal with their acknowledgements");
            (sessions, equal, all) = (sessions + 1, equal + same, all + of);
        }
    }
    println!("{sessions} sessions, {equal} of {all} messages equal with their acknowledgements");
    assert!(sessions >= 26, "{sessions} sessions");
    assert!(equal * 10 >= all * 8, "only {equal} of {all}");
}

#[test]
fn in_the_clients_place() {
    play(true);
}

#[test]
fn in_the_services_place() {
    play(false);
}
