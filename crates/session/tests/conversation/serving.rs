//! Which sessions are served, and what of them runs.

use std::collections::{BTreeMap, BTreeSet};

use waxwing_reliable::SessionId;
use waxwing_session::{ConcurrencyMode, DispatchId};

use crate::checks::Checked;
use crate::plan::Plan;

#[derive(Default)]
pub struct Serving {
    /// Sessions of which something was executed, and that are not gone.
    served: BTreeSet<SessionId>,
    running: BTreeMap<DispatchId, Option<SessionId>>,
}

impl Serving {
    /// A call begins.
    pub fn begins(&mut self, plan: &Plan, job: DispatchId, session: Option<SessionId>) -> Checked {
        let is_serial = plan.modes.concurrency == ConcurrencyMode::Single;
        if let Some(id) = &session {
            let runs = self.running.values().any(|other| other.as_ref() == Some(id));
            if runs && is_serial {
                return Err(format!("two calls of the session {id} at once"));
            }
            self.served.insert(id.clone());
        }
        self.running.insert(job, session);
        let (served, running) = (self.served.len(), self.running.len());
        if served > plan.places {
            return Err(format!("{served} sessions are served, {} may be", plan.places));
        }
        if running > plan.calls_at_once {
            return Err(format!("{running} calls run, {} may", plan.calls_at_once));
        }
        Ok(())
    }

    pub fn ends(&mut self, job: DispatchId) {
        self.running.remove(&job);
    }

    pub fn gone(&mut self, session: &SessionId) {
        self.served.remove(session);
    }
}
