//! The invariants, held after every step.

use std::collections::{BTreeMap, BTreeSet};

use waxwing_security::conversation::Protection;
use waxwing_session::{AppMessage, SessionError, VerifiedRequest};

use crate::plan::{Accident, Class, Plan};
use crate::words::CallName;

/// What is known of a call.
#[derive(Default)]
struct Call {
    one_way: bool,
    /// In which lives of the service it was executed.
    executed: BTreeSet<u32>,
    outcome: Option<Result<(), SessionError>>,
}

/// What is known of a client.
#[derive(Default)]
pub struct ClientFacts {
    pub opened: bool,
    pub closed: bool,
    pub faulted: Option<SessionError>,
    pub vanished: bool,
}

impl ClientFacts {
    pub fn is_opening(&self) -> bool {
        !self.opened && !self.closed && self.faulted.is_none() && !self.vanished
    }
}

/// What has been seen so far.
#[derive(Default)]
pub struct Checks {
    calls: BTreeMap<CallName, Call>,
    /// The last call executed of each client in each life of the service.
    last: BTreeMap<(u32, usize), usize>,
    answered: BTreeSet<u64>,
    pub clients: Vec<ClientFacts>,
    /// Reliable sessions that failed at the service, with why.
    pub failed_at_service: Vec<String>,
}

pub type Checked = Result<(), String>;

macro_rules! ensure {
    ($condition:expr, $($message:tt)*) => {
        if !$condition {
            return Err(format!($($message)*));
        }
    };
}

impl Checks {
    pub fn new(clients: usize) -> Self {
        let clients = (0..clients).map(|_| ClientFacts::default()).collect();
        Self { clients, ..Self::default() }
    }

    pub fn called(&mut self, name: CallName, one_way: bool) {
        self.calls.insert(name, Call { one_way, ..Call::default() });
    }

    /// The service answers an exchange.
    pub fn answered(&mut self, exchange: u64) -> Checked {
        ensure!(self.answered.insert(exchange), "exchange {exchange} was answered twice");
        Ok(())
    }

    /// The service begins to execute a message.
    pub fn executes(
        &mut self,
        plan: &Plan,
        life: u32,
        request: &VerifiedRequest,
        caller: (&str, impl Fn(usize) -> String),
    ) -> Result<CallName, String> {
        let name = CallName::of_request(request.envelope());
        let name = name.ok_or_else(|| format!("no call of a client: {:?}", request.action()))?;
        ensure!(plan.impostor != Some(name.client), "an impostor's {name:?} is executed");
        let call = self.calls.get_mut(&name);
        let call = call.ok_or_else(|| format!("{name:?} is executed, and was never called"))?;
        let first = call.executed.insert(life);
        ensure!(first || !plan.is_once(), "{name:?} is executed twice in one life of the service");
        let (found, expected) = (caller.0, caller.1(name.client));
        ensure!(found == expected, "{name:?} is said to come from '{found}', not '{expected}'");
        if plan.version.is_some() && plan.reliable.ordered {
            let last = self.last.insert((life, name.client), name.index);
            ensure!(last.is_none_or(|last| last < name.index), "{name:?} after {last:?}");
        }
        Ok(name)
    }

    pub fn opened(&mut self, plan: &Plan, client: usize) -> Checked {
        let proves = matches!(plan.protection, Protection::Conversation | Protection::Cookie);
        ensure!(!proves || plan.impostor != Some(client), "an impostor has a session");
        let facts = &mut self.clients[client];
        ensure!(!facts.opened && !facts.closed && facts.faulted.is_none(), "{client} opens again");
        facts.opened = true;
        Ok(())
    }

    /// A call has ended well.
    pub fn completed(&mut self, plan: &Plan, name: CallName, reply: Option<AppMessage>) -> Checked {
        let call = self.ends(name, Ok(()))?;
        let was_executed = !call.executed.is_empty();
        let (two_way, is_fault) = (!call.one_way, reply.as_ref().is_some_and(|r| r.is_fault()));
        ensure!(!is_fault, "{name:?} is answered with a fault of the application");
        let of = reply.as_ref().and_then(|reply| CallName::of_reply(&reply.envelope));
        ensure!(of == two_way.then_some(name), "{name:?} is answered with {of:?}");
        // Outside of reliable sessions an empty answer completes a one-way call, and nothing proves it.
        let is_proven = two_way || (plan.version.is_none() && plan.swaps == 0);
        ensure!(was_executed || !is_proven, "{name:?} is done, and was not executed");
        Ok(())
    }

    pub fn call_failed(&mut self, name: CallName, error: SessionError) -> Checked {
        self.ends(name, Err(error)).map(drop)
    }

    fn ends(&mut self, name: CallName, outcome: Result<(), SessionError>) -> Result<&Call, String> {
        let facts = &self.clients[name.client];
        ensure!(!facts.closed, "{name:?} ends after its session");
        let call = self.calls.get_mut(&name).ok_or_else(|| format!("{name:?} was never called"))?;
        ensure!(call.outcome.is_none(), "{name:?} ends twice: {:?}, {outcome:?}", call.outcome);
        call.outcome = Some(outcome);
        Ok(call)
    }

    /// A client's session is over.
    pub fn over(&mut self, client: usize, error: Option<SessionError>) -> Checked {
        let open = self.without_outcome(client);
        ensure!(open.is_empty(), "the session of {client} ends ({error:?}) without {open:?}");
        let facts = &mut self.clients[client];
        ensure!(!facts.closed && facts.faulted.is_none(), "the session of {client} ends twice");
        match error {
            None => facts.closed = true,
            Some(error) => facts.faulted = Some(error),
        }
        Ok(())
    }

    fn without_outcome(&self, client: usize) -> Vec<CallName> {
        let of_client = self.calls.iter().filter(|(name, _)| name.client == client);
        of_client.filter(|(_, call)| call.outcome.is_none()).map(|(name, _)| *name).collect()
    }

    /// When nothing happens any more. `lives` counts those of the service.
    pub fn end(&self, plan: &Plan, lives: u32) -> Checked {
        for (client, facts) in self.clients.iter().enumerate() {
            if facts.vanished {
                continue;
            }
            let open = self.without_outcome(client);
            ensure!(open.is_empty(), "calls without outcome: {open:?}");
            ensure!(facts.closed || facts.faulted.is_some(), "the session of {client} never ends");
            if plan.is_safe() && plan.impostor != Some(client) {
                let why = &facts.faulted;
                ensure!(why.is_none(), "the session of {client} failed for no reason: {why:?}");
            }
        }
        for (name, call) in &self.calls {
            let outcome = &call.outcome;
            if plan.is_safe() && plan.impostor != Some(name.client) {
                let went_well = matches!(outcome, Some(Ok(())));
                ensure!(went_well, "{name:?} failed for no reason: {outcome:?}");
                ensure!(call.executed.len() == 1, "{name:?} was not executed");
            }
            self.not_lost(plan, lives, *name, call)?;
        }
        let waits = plan.places.min(plan.calls_at_once) < plan.clients.len();
        if plan.class == Class::Plain && plan.loss + plan.swaps + plan.held == 0 && !waits {
            let honest = self.calls.iter().filter(|(name, _)| plan.impostor != Some(name.client));
            let failed = honest.clone().find(|(_, call)| !matches!(call.outcome, Some(Ok(()))));
            let failed = failed.map(|(name, call)| (name, &call.outcome));
            ensure!(failed.is_none(), "a call failed for no reason: {failed:?}");
        }
        self.after_accident(plan)
    }

    /// Nothing that was reported done is lost, unless the session failed at the service, too.
    fn not_lost(&self, plan: &Plan, lives: u32, name: CallName, call: &Call) -> Checked {
        let is_done = matches!(call.outcome, Some(Ok(())));
        let may_be_lost = lives > 1 || !self.failed_at_service.is_empty();
        let is_proven = plan.version.is_some() || plan.swaps == 0;
        let is_kept = !call.executed.is_empty() || may_be_lost || !is_proven;
        ensure!(!is_done || is_kept, "{name:?} was acknowledged and never executed");
        Ok(())
    }

    /// What a service has forgotten is in the cookies of its clients, where the keys are still there.
    fn survives(&self, plan: &Plan) -> Checked {
        for (client, facts) in self.clients.iter().enumerate() {
            let honest = plan.impostor != Some(client) && facts.opened && !facts.vanished;
            let faulted = facts.faulted.as_ref().filter(|_| honest && plan.version.is_none());
            ensure!(faulted.is_none(), "client {client} has lost what it needs: {faulted:?}");
        }
        for (name, call) in self.calls.iter().filter(|_| plan.ring) {
            let Some(Err(error)) = &call.outcome else { continue };
            let refused = error.to_string().contains("BadContextToken");
            ensure!(!refused || plan.impostor == Some(name.client), "{name:?}: {error}");
        }
        Ok(())
    }

    /// A client whose service has come back without memory hears of it in words that say so.
    fn after_accident(&self, plan: &Plan) -> Checked {
        let by_cookie = plan.protection == Protection::Cookie;
        if by_cookie && matches!(plan.accident, Some((_, Accident::ServiceRestarts(_)))) {
            self.survives(plan)?;
        }
        let Some((_, Accident::ServiceRestarts(0))) = plan.accident else { return Ok(()) };
        if plan.version.is_none() || plan.loss > 0 || plan.duplicates > 0 {
            return Ok(());
        }
        for (client, facts) in self.clients.iter().enumerate() {
            let Some(error) = facts.faulted.as_ref().filter(|_| plan.impostor != Some(client))
            else {
                continue;
            };
            ensure!(
                is_forgotten(error) || !facts.opened,
                "client {client} does not hear that the service forgot it: {error:?}"
            );
        }
        Ok(())
    }
}

/// Whether an error says that the service does not know the session, or that nothing came of it for too long, as may be
/// before the service died.
fn is_forgotten(error: &SessionError) -> bool {
    use waxwing_reliable::SessionError as Reliable;
    if let SessionError::Reliable(
        Reliable::RetriesExceeded { .. } | Reliable::Inactivity(_) | Reliable::TimedOut { .. },
    ) = error
    {
        return true;
    }
    let text = error.to_string();
    let names = ["BadContextToken", "UnknownSequence", "InvalidSecurityToken"];
    names.iter().any(|name| text.contains(name)) || text.contains("sequence")
}
