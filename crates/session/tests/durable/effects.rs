//! The application of the service, which keeps in its own database what it did: by this is judged what was lost and what was
//! done twice.

use std::collections::BTreeMap;

use waxwing_session::{AppMessage, ConcurrencyMode, VerifiedRequest, record};

use crate::plan::Plan;
use crate::words::{self, CallName};

/// The mark of an operation, with what it answered.
type Marks = BTreeMap<(String, u64), Option<Vec<u8>>>;

#[derive(Default)]
pub struct Effects {
    marks: Marks,
    done: BTreeMap<CallName, usize>,
    /// The last call of each client that had an effect.
    last: BTreeMap<usize, usize>,
    pub repeated: usize,
}

impl Effects {
    /// The transaction of an operation: its effect and its mark, or neither. What it answers.
    pub fn transaction(
        &mut self,
        plan: &Plan,
        key: (String, u64),
        request: &VerifiedRequest,
    ) -> Result<Option<AppMessage>, String> {
        if let Some(reply) = self.marks.get(&key) {
            self.repeated += 1;
            let read = |octets: &Vec<u8>| record::read_message(octets).expect("it was written");
            return Ok(reply.as_ref().map(read));
        }
        let name = CallName::of_request(request.envelope()).ok_or("no call of a client")?;
        let count = self.done.entry(name).or_default();
        *count += 1;
        if *count > 1 {
            return Err(format!("{name:?} was done twice: as {key:?} too"));
        }
        // Calls that run side by side are begun in order.
        if plan.reliable.ordered && plan.modes.concurrency == ConcurrencyMode::Single {
            let last = self.last.insert(name.client, name.index);
            if last.is_some_and(|last| last > name.index) {
                return Err(format!("{name:?} was done after {last:?}"));
            }
        }
        let reply = words::reply(request);
        let kept = reply.as_ref().map(|reply| record::write_message(reply).to_vec());
        self.marks.insert(key, kept);
        Ok(reply)
    }

    pub fn was_done(&self, name: CallName) -> bool {
        self.done.contains_key(&name)
    }

    pub fn count(&self) -> usize {
        self.done.len()
    }
}
