//! Two sources and two destinations on a link, with nothing of either end around them: what callbacks are made of.
//! Messages, acknowledgements among them, go out on their own, get lost, come twice and overtake each other.

use std::collections::BTreeMap;
use std::time::Duration;

use waxwing_soap::Time;

use super::one_way;
use crate::destination::Destination;
use crate::headers::SequenceAcknowledgement;
use crate::message::{Body, Message};
use crate::names::{CallId, ExchangeId, Identifier};
use crate::settings::ReliableSessionSettings;
use crate::source::{Outgoing, Sending, Source};

const MESSAGES: u32 = 40;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % most
    }
}

/// One end: it sends one sequence and receives the other.
struct End {
    source: Source<u32>,
    destination: Destination<u32>,
    transmissions: u64,
    out: Vec<Message<u32>>,
    /// Delivered and not taken.
    queue: Vec<u64>,
    delivered: Vec<u32>,
    completed: Vec<u64>,
}

impl End {
    fn new(sends: &str, receives: &str, settings: &ReliableSessionSettings) -> Self {
        let mut source = Source::new(settings, false);
        source.window.numbering.name(Identifier::new(sends));
        source.window.measured_open(Duration::from_millis(50), Duration::from_millis(50));
        let window = settings.max_transfer_window_size;
        Self {
            source,
            destination: Destination::new(Identifier::new(receives), settings.ordered, window),
            transmissions: 0,
            out: Vec::new(),
            queue: Vec::new(),
            delivered: Vec::new(),
            completed: Vec::new(),
        }
    }

    fn acknowledgement(&self) -> SequenceAcknowledgement {
        let mut acknowledgement = self.destination.received.acknowledgement();
        acknowledgement.buffer_remaining = Some(self.destination.room(0));
        acknowledgement
    }

    fn call(&mut self, payload: u32) {
        let (call, body) = (Some(CallId(payload.into())), Body::Application(payload));
        self.source.enqueue(Outgoing { call, message_id: None, body, deadline: None });
    }

    fn send(&mut self, sending: &Sending) {
        for _ in 0..sending.copies {
            let mut message = self.source.message(sending.number).expect("it is in the window");
            message.headers.acknowledgement = Some(self.acknowledgement());
            self.transmissions += 1;
            self.source.sent(sending.number, ExchangeId(self.transmissions));
            self.out.push(message);
        }
    }

    fn advance(&mut self, now: Time) {
        while let Some(sending) = self.source.again() {
            self.send(&sending);
        }
        while let Some(sending) = self.source.begin(now).expect("numbers") {
            self.send(&sending);
        }
    }

    fn receive(&mut self, message: Message<u32>, now: Time) {
        if let Some(acknowledgement) = message.headers.acknowledgement {
            let ranges = &acknowledgement.ranges;
            assert_eq!(one_way::breach(&self.source, ranges), None);
            let (_, calls) = one_way::acknowledged(&mut self.source, ranges, now);
            self.completed.extend(calls.iter().map(|call| call.0));
            self.source.acknowledged(&acknowledgement, now, &mut |_| {});
        }
        if let Some(sequence) = message.headers.sequence {
            let Body::Application(payload) = message.body else { panic!("{:?}", message.body) };
            self.take(sequence.number, payload);
            self.acknowledge();
        }
        self.advance(now);
    }

    fn take(&mut self, number: u64, payload: u32) {
        if self.destination.received.contains(number) || !self.destination.has_room(number) {
            return;
        }
        self.destination.accept(number, false);
        self.destination.keep(number, Some(payload));
        let upto = self.destination.may_give(number);
        while let Some((number, payload)) = self.destination.next(upto) {
            self.destination.given(number);
            self.queue.push(number);
            self.delivered.push(payload);
        }
    }

    /// An acknowledgement on its own.
    fn acknowledge(&mut self) {
        let mut message = Message::new(Body::SequenceAcknowledgement);
        message.headers.acknowledgement = Some(self.acknowledgement());
        self.out.push(message);
    }
}

struct World {
    random: Random,
    now: u64,
    ends: [End; 2],
    /// By the time of their arrival: to whom.
    link: BTreeMap<(u64, u64), (usize, Message<u32>)>,
    posted: u64,
}

impl World {
    fn new(seed: u64, ordered: bool) -> Self {
        let settings =
            ReliableSessionSettings { ordered, max_retry_count: 64, ..Default::default() };
        let ends = [("urn:a", "urn:b"), ("urn:b", "urn:a")].map(|(a, b)| End::new(a, b, &settings));
        Self { random: Random(seed), now: 0, ends, link: BTreeMap::new(), posted: 0 }
    }

    fn post(&mut self) {
        for from in 0..2 {
            for message in std::mem::take(&mut self.ends[from].out) {
                let copies = match self.random.below(10) {
                    0..2 => 0,
                    2 => 2,
                    _ => 1,
                };
                for _ in 0..copies {
                    self.posted += 1;
                    let arrival = (self.now + 1 + self.random.below(80), self.posted);
                    self.link.insert(arrival, (1 - from, message.clone()));
                }
            }
        }
    }

    fn run(&mut self) {
        for _ in 0..100_000 {
            self.post();
            let timer = |end: &End| end.source.window.timer().map(|at| at.elapsed().as_millis());
            let timers = self.ends.each_ref().map(timer);
            let timers = timers.into_iter().flatten().map(|at| at as u64 + 1);
            let arrival = self.link.keys().next().map(|(at, _)| *at);
            let Some(next) = timers.chain(arrival).min() else { return };
            self.now = self.now.max(next);
            let now = Time::from_millis(self.now);
            if let Some(entry) = self.link.first_entry().filter(|e| e.key().0 <= self.now) {
                let (to, message) = entry.remove();
                self.ends[to].receive(message, now);
            }
            for end in &mut self.ends {
                if end.source.window.timer().is_some_and(|at| now >= at) {
                    end.source.expire(now, &mut |_| {}).expect("few enough attempts");
                }
                // The application takes its time; an acknowledgement says that there is room again.
                let was_full = end.destination.room(0) == 0;
                for number in end.queue.drain(..) {
                    end.destination.taken(number);
                }
                if was_full {
                    end.acknowledge();
                }
                end.advance(now);
            }
        }
        panic!("it does not end");
    }
}

#[test]
fn two_sequences_on_one_link_each_once_and_in_order() {
    for seed in 0..400 {
        let ordered = seed % 2 == 0;
        let mut world = World::new(seed, ordered);
        for end in &mut world.ends {
            (0..MESSAGES).for_each(|payload| end.call(payload));
            end.advance(Time::ZERO);
        }
        world.run();
        for end in &mut world.ends {
            assert!(end.source.is_drained(), "seed {seed}");
            if !ordered {
                end.delivered.sort_unstable();
            }
            assert_eq!(end.delivered, Vec::from_iter(0..MESSAGES), "seed {seed}");
            end.completed.sort_unstable();
            assert_eq!(end.completed, Vec::from_iter(0..u64::from(MESSAGES)), "seed {seed}");
            assert_eq!(end.source.all_sent().highest(), u64::from(MESSAGES));
        }
    }
}
