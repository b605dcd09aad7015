//! The link: what it loses, delays, repeats, swaps and alters. It knows octets only.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use waxwing_security::conversation::Protection;
use waxwing_session::{Answer, TransmissionId, TransportCause, TransportFailure};
use waxwing_soap::Envelope;
use waxwing_xml::Limits;

use crate::plan::{Micros, Plan, SECOND};
use crate::random::Random;

/// A message as it crosses.
pub type Octets = Rc<[u8]>;

/// What comes of an exchange.
#[derive(Clone, Debug)]
pub enum Outcome {
    Message(Octets),
    Empty,
    Failed(TransportCause),
}

/// Answers that whoever swaps them remembers.
const SEEN: usize = 16;

pub struct Link {
    random: Random,
    /// Nothing comes through before this time.
    cut_until: Micros,
    seen: VecDeque<(usize, Outcome)>,
    /// When each exchange of each client is given up.
    deadlines: BTreeMap<(usize, TransmissionId), Micros>,
}

/// What becomes of a request.
pub struct Sent {
    /// When it is written; None: no connection came about.
    pub written: Option<Micros>,
    /// Each time that it arrives, with whether an answer goes back.
    pub arrivals: Vec<(Micros, Octets, bool)>,
    /// When the exchange fails for sure, and as what.
    pub fails: (Micros, TransportCause),
}

impl Link {
    pub fn new(random: Random) -> Self {
        let deadlines = BTreeMap::new();
        Self { random, cut_until: 0, seen: VecDeque::new(), deadlines }
    }

    /// Nothing comes through until then.
    pub fn cut(&mut self, until: Micros) {
        self.cut_until = self.cut_until.max(until);
    }

    /// A client sends a request and waits for the answer until `deadline`.
    pub fn send(
        &mut self,
        plan: &Plan,
        exchange: (usize, TransmissionId),
        octets: Octets,
        now: Micros,
        deadline: Micros,
    ) -> Sent {
        self.deadlines.insert(exchange, deadline);
        let mut arrivals = Vec::new();
        let lost = self.is_lost(plan, now);
        let mut fails = (deadline, TransportCause::NoAnswer);
        let mut first = now;
        if !lost && self.random.permille(plan.held) {
            fails = (now + self.delay(plan), TransportCause::Broken);
            let late = now + self.random.between(10 * SECOND, 250 * SECOND);
            return Sent { written: None, arrivals: vec![(late, octets, false)], fails };
        }
        if lost {
            fails = self.lost(plan, now, deadline);
        } else {
            first = now + self.delay(plan);
            arrivals.push((first, self.altered(plan, &octets), true));
        }
        if now >= self.cut_until && self.random.permille(plan.duplicates) {
            // Whoever repeats a message and is first draws the answer: then the message itself is the replay.
            let from = if plan.may_overtake() { now } else { first };
            arrivals.push((from + self.delay(plan), self.altered(plan, &octets), false));
        }
        let unreachable = lost && self.random.permille(200);
        let written = (!unreachable).then(|| now + self.random.between(0, 1000));
        Sent { written, arrivals, fails }
    }

    /// An answer on its way back: when it arrives, and as what.
    pub fn answer(
        &mut self,
        plan: &Plan,
        exchange: (usize, TransmissionId),
        outcome: Outcome,
        now: Micros,
        may_be_swapped: bool,
    ) -> (Micros, Outcome) {
        let deadline = self.deadlines.get(&exchange).copied().unwrap_or(now);
        if self.is_lost(plan, now) {
            let (when, cause) = self.lost(plan, now, deadline);
            return (when, Outcome::Failed(cause));
        }
        let arrives = now + self.delay(plan);
        let outcome = match outcome {
            Outcome::Message(octets) => Outcome::Message(self.altered(plan, &octets)),
            other => other,
        };
        match may_be_swapped {
            true => (arrives, self.swap(plan, exchange.0, outcome)),
            false => (arrives, outcome),
        }
    }

    /// Whether somebody still waits on this exchange; from now on nobody does.
    pub fn ends(&mut self, exchange: (usize, TransmissionId)) -> bool {
        self.deadlines.remove(&exchange).is_some()
    }

    /// The client is gone.
    pub fn forget(&mut self, client: usize) {
        self.deadlines.retain(|(waiting, _), _| *waiting != client);
    }

    fn delay(&mut self, plan: &Plan) -> Micros {
        self.random.between(plan.delay.0, plan.delay.1)
    }

    fn is_lost(&mut self, plan: &Plan, now: Micros) -> bool {
        self.random.permille(plan.loss) || now < self.cut_until
    }

    /// When a loss is noticed.
    fn lost(&mut self, plan: &Plan, now: Micros, deadline: Micros) -> (Micros, TransportCause) {
        match self.random.permille(plan.resets) {
            true => (now + self.delay(plan), TransportCause::Broken),
            false => (deadline, TransportCause::NoAnswer),
        }
    }

    fn altered(&mut self, plan: &Plan, octets: &Octets) -> Octets {
        if octets.is_empty() || !self.random.permille(plan.altered) {
            return Rc::clone(octets);
        }
        let mut octets = octets.to_vec();
        let place = self.random.between(0, octets.len() as u64 - 1) as usize;
        octets[place] ^= 1 << self.random.between(0, 7);
        octets.into()
    }

    /// Whoever holds the wire gives another answer out: swapped, from an earlier exchange, or once more. Without security
    /// only one of the same client: an answer of another session ends a session that nothing protects.
    fn swap(&mut self, plan: &Plan, client: usize, outcome: Outcome) -> Outcome {
        if plan.swaps == 0 {
            return outcome;
        }
        self.seen.push_back((client, outcome.clone()));
        if self.seen.len() > SEEN {
            self.seen.pop_front();
        }
        if !self.random.permille(plan.swaps) {
            return outcome;
        }
        let place = self.random.between(0, self.seen.len() as u64 - 1) as usize;
        match &self.seen[place] {
            (other, _) if *other != client && plan.protection == Protection::None => outcome,
            (_, instead) => instead.clone(),
        }
    }
}

impl Outcome {
    /// What the client's transport makes of it.
    pub fn read(self) -> Answer {
        match self {
            Outcome::Empty => Answer::Empty,
            Outcome::Failed(cause) => {
                let reason = format!("{cause:?}");
                Answer::Failed(TransportFailure { cause, reason })
            }
            Outcome::Message(octets) => match Envelope::parse(&octets[..], &Limits::SOAP) {
                Ok(envelope) => Answer::Message(Box::new(envelope)),
                Err(error) => {
                    let (cause, reason) = (TransportCause::NotSoap, error.to_string());
                    Answer::Failed(TransportFailure { cause, reason })
                }
            },
        }
    }
}
