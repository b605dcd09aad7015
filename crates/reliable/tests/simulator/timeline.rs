//! Virtual time: what happens later, in the order in which it happens.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fmt::{Arguments, Debug};
use std::time::Duration;

use waxwing_reliable::Time;

use crate::plan::{MS, Micros};

/// The engines' time.
pub fn time(at: Micros) -> Time {
    Time::since_start(Duration::from_micros(at))
}

/// The simulation's time, rounded up, so that a timer has run out when it is called.
pub fn micros(at: Time) -> Micros {
    u64::try_from(at.elapsed().as_nanos().div_ceil(1000)).unwrap_or(u64::MAX)
}

/// The clock of a run and what is still to happen. What is due at the same moment happens in the order in which it was said.
pub struct Timeline<H> {
    now: Micros,
    order: u64,
    heap: BinaryHeap<Reverse<(Micros, u64)>>,
    details: BTreeMap<u64, H>,
    steps: usize,
    /// Print what happens (`WAXWING_TRACE=1`).
    is_traced: bool,
}

impl<H: Debug> Timeline<H> {
    pub fn new() -> Self {
        Self {
            now: 0,
            order: 0,
            heap: BinaryHeap::new(),
            details: BTreeMap::new(),
            steps: 0,
            is_traced: std::env::var_os("WAXWING_TRACE").is_some(),
        }
    }

    pub fn now(&self) -> Micros {
        self.now
    }

    /// How often the clock was moved.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Something happens after a time.
    pub fn later(&mut self, delay: Micros, happening: H) {
        let order = self.serial();
        self.heap.push(Reverse((self.now.saturating_add(delay), order)));
        self.details.insert(order, happening);
    }

    /// A number that nothing else has.
    pub fn serial(&mut self) -> u64 {
        self.order += 1;
        self.order
    }

    fn first(&self) -> Option<Micros> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// When the next of all this happens, or one of the engines wants to wake.
    pub fn next(&self, engines: [Option<Micros>; 2]) -> Option<Micros> {
        engines.into_iter().chain([self.first()]).flatten().min()
    }

    /// It is as late as that.
    ///
    /// # Errors
    /// After so many steps the run counts as endless.
    pub fn advance(&mut self, at: Micros, most_steps: usize) -> Result<(), String> {
        self.steps += 1;
        if self.steps > most_steps {
            return Err(format!("the run does not end; it is {} ms", self.now / MS));
        }
        self.now = self.now.max(at);
        Ok(())
    }

    /// Whether an engine that wants to wake then is to wake.
    pub fn is_due(&self, wake: Option<Micros>) -> bool {
        wake.is_some_and(|at| at <= self.now)
    }

    /// The next thing that is due.
    pub fn take_due(&mut self) -> Option<H> {
        self.first().filter(|at| *at <= self.now)?;
        let Reverse((_, order)) = self.heap.pop()?;
        let happening = self.details.remove(&order)?;
        self.tell(format_args!("{happening:?}"));
        Some(happening)
    }

    /// Prints what happens now, for whoever looks at one run.
    pub fn tell(&self, what: Arguments<'_>) {
        if self.is_traced {
            println!("{:12} {what}", self.now);
        }
    }
}
