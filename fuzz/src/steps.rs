//! What targets of reliable sessions share: steps of three bytes, and the messages that they make. A made-up message names what
//! was named before more often than not, so that it comes past the first look.

use waxwing_reliable::{
    Blame, Body, CreateSequence, CreateSequenceResponse, FaultKind, Headers, Identifier, Message,
    Offer, Ranges, ReliableMessagingVersion, Sequence, SequenceAcknowledgement, SequenceFault,
    Shutdown,
};
use waxwing_soap::{AddressingVersion, EndpointReference, Fault, FaultCode, RandomSource};

/// Most steps that are taken: each is an input, and some hundreds find every state.
const MOST: usize = 300;

/// The steps of an input.
pub struct Steps<'d>(std::iter::Take<std::slice::ChunksExact<'d, u8>>);

impl<'d> Steps<'d> {
    /// Those of these bytes.
    pub fn new(data: &'d [u8]) -> Self {
        Self(data.chunks_exact(3).take(MOST))
    }
}

impl Iterator for Steps<'_> {
    type Item = [u8; 3];

    fn next(&mut self) -> Option<[u8; 3]> {
        self.0.next().map(|step| [step[0], step[1], step[2]])
    }
}

/// Small numbers that follow from a seed.
pub struct Dice(u64);

impl Dice {
    /// Those of this seed.
    pub fn new(seed: u32) -> Self {
        Self((u64::from(seed) << 1 | 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// Any number below this one.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end.max(1)
    }

    /// Any byte.
    pub fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }
}

/// An input of some bytes of choice and steps, made of a seed: it says something where nothing guides a run. Gives its length, or
/// none where another mutation is wanted or nothing fits in.
pub fn make(data: &mut [u8], choices: usize, seed: u32) -> Option<usize> {
    let mut dice = Dice::new(seed);
    if dice.below(2) == 0 || data.len() < choices + 6 {
        return None;
    }
    let steps = 1 + dice.below(((data.len() - choices) / 3).min(120));
    for octet in &mut data[..choices] {
        *octet = dice.byte();
    }
    for step in data[choices..choices + 3 * steps].chunks_exact_mut(3) {
        // The last name that was said is meant most often, and numbers are small.
        let small = dice.below(4) > 0;
        let (a, b) = (dice.byte(), dice.byte());
        step.copy_from_slice(&[
            dice.byte(),
            if small { a & 0x17 } else { a },
            if small { b & 0x23 } else { b },
        ]);
    }
    Some(choices + 3 * steps)
}

/// Runs the inputs of the first so many seeds, or of those in `WAXWING_SEEDS=FROM..TO`: the target without its engine.
///
/// # Panics
/// One of them panics: the seed is told.
pub fn each_seed(many: u32, choices: usize, run: impl Fn(&[u8]) + std::panic::RefUnwindSafe) {
    let text = std::env::var("WAXWING_SEEDS").unwrap_or_default();
    let bounds = text.split_once("..").and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    let (from, to): (u32, u32) = bounds.unwrap_or((0, many));
    let mut data = [0; 400];
    for seed in from..to {
        if let Some(size) = make(&mut data, choices, seed) {
            let ran = std::panic::catch_unwind(|| run(&data[..size]));
            assert!(ran.is_ok(), "seed {seed}");
        }
    }
}

/// Names that were said: the next ones that are drawn, and those that were sent.
#[derive(Default)]
pub struct Names {
    drawn: u64,
    /// Names of sequences that were made or offered.
    pub sequences: Vec<Identifier>,
    /// `MessageID`s of what was asked.
    pub requests: Vec<Identifier>,
}

impl Names {
    /// Remembers what a message of the engine names.
    pub fn learn<M>(&mut self, message: &Message<M>) {
        self.requests.extend(message.message_id.clone());
        match &message.body {
            Body::CreateSequence(create) => {
                self.sequences.extend(create.offer.iter().map(|offer| offer.identifier.clone()));
            }
            Body::CreateSequenceResponse(response) => {
                self.sequences.push(response.identifier.clone())
            }
            _ => {}
        }
        if let Some(sequence) = &message.headers.sequence
            && !self.sequences.contains(&sequence.identifier)
        {
            self.sequences.push(sequence.identifier.clone());
        }
        self.sequences.truncate(64);
        self.requests.truncate(64);
    }

    fn of(known: &[Identifier], choice: u8, made_up: &str) -> Identifier {
        match known.len() {
            0 => Identifier::new(made_up),
            len => match choice as usize % (len + 1) {
                at if at < len => known[len - 1 - at].clone(),
                _ => Identifier::new(made_up),
            },
        }
    }

    /// A sequence; most often the last one that was named.
    pub fn sequence(&self, choice: u8) -> Identifier {
        Self::of(&self.sequences, choice, "urn:uuid:5e000000-0000-4000-8000-000000000001")
    }

    /// A request.
    pub fn request(&self, choice: u8) -> Identifier {
        Self::of(&self.requests, choice, "urn:uuid:5e000000-0000-4000-8000-000000000002")
    }
}

impl RandomSource for Names {
    fn fill(&mut self, out: &mut [u8]) {
        self.drawn += 1;
        let drawn = self.drawn.to_be_bytes();
        for (at, octet) in out.iter_mut().enumerate() {
            *octet = drawn[at % drawn.len()];
        }
    }
}

fn ranges(a: u8) -> Ranges {
    let mut ranges = Ranges::new();
    for number in 1..=u64::from(a >> 4) {
        if a & (1 << (number % 4)) == 0 || number == u64::from(a >> 4) {
            ranges.insert(number);
        }
    }
    ranges
}

fn body_of(kind: u8, a: u8, b: u8, is_11: bool, sequence: &Identifier) -> Body<u8> {
    let shutdown = Shutdown {
        identifier: sequence.clone(),
        last_message_number: (is_11 && a & 1 == 0).then_some(u64::from(a >> 1)),
        reply_to: None,
    };
    let anonymous = EndpointReference::anonymous(AddressingVersion::Addressing10);
    match kind {
        0..=4 => Body::Application(b),
        5 => Body::LastMessage,
        6 => Body::AckRequested,
        7 => Body::SequenceAcknowledgement,
        8 => Body::CreateSequence(Box::new(CreateSequence {
            acks_to: anonymous.clone(),
            expires: None,
            offer: (a & 1 == 0).then(|| Offer {
                identifier: Identifier::new(format!(
                    "urn:uuid:0ffe0000-0000-4000-8000-{:012x}",
                    a >> 1
                )),
                endpoint: is_11.then(|| anonymous.clone()),
                expires: None,
                incomplete_sequence_behavior: None,
            }),
            tokens: Vec::new(),
            reply_to: None,
            to: Some("net.tcp://h/s".to_owned()),
        })),
        9 => Body::CreateSequenceResponse(Box::new(CreateSequenceResponse {
            identifier: Identifier::new(format!(
                "urn:uuid:ab000000-0000-4000-8000-{:012x}",
                a >> 4
            )),
            expires: None,
            incomplete_sequence_behavior: None,
            accept: (a & 1 == 0).then(|| EndpointReference::new("net.tcp://h/s")),
        })),
        10 => Body::CloseSequence(shutdown),
        11 => Body::CloseSequenceResponse(sequence.clone()),
        12 => Body::TerminateSequence(shutdown),
        13 => Body::TerminateSequenceResponse(sequence.clone()),
        14 => {
            let kind = match a % 5 {
                0 => FaultKind::UnknownSequence(sequence.clone()),
                1 => FaultKind::SequenceTerminated(sequence.clone()),
                2 => FaultKind::SequenceClosed(sequence.clone()),
                3 => FaultKind::CreateSequenceRefused { connection_limit: b & 1 == 1 },
                _ => FaultKind::WsrmRequired,
            };
            Body::Fault(Box::new(SequenceFault {
                blame: Blame::Sender,
                kind,
                reason: "so".to_owned(),
            }))
        }
        _ => Body::SoapFault(Box::new(Fault::new(FaultCode::Sender, "so"))),
    }
}

/// A message of the peer.
pub fn message(
    kind: u8,
    a: u8,
    b: u8,
    version: ReliableMessagingVersion,
    names: &Names,
) -> Message<u8> {
    let is_11 = version == ReliableMessagingVersion::V11;
    let sequence = names.sequence(b >> 5);
    let body = body_of(kind, a, b, is_11, &sequence);
    let in_sequence = matches!(body, Body::Application(_) | Body::LastMessage);
    let headers = Headers {
        sequence: in_sequence.then(|| Sequence {
            identifier: sequence,
            number: 1 + u64::from(a & 0x0F),
            last_message: !is_11 && kind == 5,
        }),
        acknowledgement: (b & 1 == 1 || kind == 7).then(|| SequenceAcknowledgement {
            is_final: is_11 && b & 2 == 2,
            buffer_remaining: (b & 4 == 4).then_some(u32::from(b >> 4)),
            ..SequenceAcknowledgement::new(names.sequence(b >> 3 & 3), ranges(a))
        }),
        ack_requested: (b & 8 == 8 || kind == 6).then(|| names.sequence(b >> 4 & 3)),
        ..Headers::default()
    };
    let asks = matches!(kind, 8 | 10 | 12);
    let message_id =
        asks.then(|| Identifier::new(format!("urn:uuid:a5000000-0000-4000-8000-{a:012x}")));
    let answers = matches!(kind, 9 | 11 | 13..);
    Message { headers, body, message_id, relates_to: answers.then(|| names.request(b >> 6)) }
}
