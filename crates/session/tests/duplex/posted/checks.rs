//! What must hold in every run.

use std::collections::BTreeMap;

use waxwing_session::SessionError;

use super::plan::{Class, Plan};
use crate::kit::{Outcome, text_of};

pub type Checked = Result<(), String>;

/// What was called one way, and what became of it.
#[derive(Debug, Default)]
pub struct Way {
    word: &'static str,
    /// Whether each was one-way, by its number.
    pub made: BTreeMap<u64, bool>,
    pub outcomes: BTreeMap<u64, Outcome>,
    /// Numbers, in the order in which they were executed.
    pub executed: Vec<u64>,
    /// How many run.
    pub running: usize,
    /// Whoever called has begun anew, or never will: calls of one life say nothing of those of another.
    is_gone: bool,
}

impl Way {
    pub fn new(word: &'static str) -> Self {
        Self { word, ..Self::default() }
    }

    pub fn is_done(&self) -> bool {
        self.outcomes.len() == self.made.len()
    }

    pub fn ends(&mut self, call: u64, outcome: Outcome) -> Checked {
        match self.outcomes.insert(call, outcome) {
            None => Ok(()),
            Some(_) => Err(format!("{} {call} has two outcomes", self.word)),
        }
    }

    /// Whoever called is gone: nobody hears of what has no outcome.
    pub fn caller_is_gone(&mut self) {
        for call in self.made.keys() {
            let gone = || Err(SessionError::Aborted("whoever called is gone".to_owned()));
            self.outcomes.entry(*call).or_insert_with(gone);
        }
        self.is_gone = true;
    }

    /// Something is to be executed. At most once, and only what was called, in the order in which it was.
    pub fn executes(&mut self, text: &str, is_alone: bool) -> Checked {
        let number = text.strip_prefix(self.word).and_then(|rest| rest.trim().parse().ok());
        let Some(number) = number.filter(|number| self.made.contains_key(number)) else {
            return Err(format!("'{text}' is executed, which nobody called"));
        };
        if self.executed.contains(&number) {
            return Err(format!("'{text}' is executed twice"));
        }
        if self.executed.last().is_some_and(|last| *last > number) {
            return Err(format!("'{text}' is executed after {:?}", self.executed));
        }
        self.executed.push(number);
        self.running += 1;
        match is_alone && self.running > 1 {
            true => Err(format!("{} of '{}' run at once", self.running, self.word)),
            false => Ok(()),
        }
    }

    /// Every call has an outcome that is true. `is_whole`: both ends closed in order.
    pub fn end(&self, plan: &Plan, is_whole: bool) -> Checked {
        for (call, one_way) in &self.made {
            let own = format!("{} {call}", self.word);
            let outcome = self.outcomes.get(call).ok_or(format!("{own} has no outcome"))?;
            let was_executed = self.executed.contains(call);
            match outcome {
                Ok(None) if *one_way => {
                    let gap = !self.is_gone && self.executed.iter().any(|other| other > call);
                    if !was_executed && (is_whole || gap) {
                        return Err(format!("{own} was taken and never executed; gap: {gap}"));
                    }
                }
                Ok(Some(reply)) => {
                    let text = text_of(&reply.envelope);
                    if text != format!("reply to {own}") || !was_executed {
                        return Err(format!("{own} has the reply '{text}'"));
                    }
                }
                Ok(None) => return Err(format!("{own} has no reply")),
                Err(SessionError::TimedOut { .. }) if plan.class == Class::Hasty => {}
                Err(error) if is_whole && plan.class == Class::Patient => {
                    return Err(format!("{own} failed: {error}"));
                }
                Err(_) => {}
            }
        }
        match self.running {
            0 => Ok(()),
            count => Err(format!("{count} '{}' run for ever", self.word)),
        }
    }
}
