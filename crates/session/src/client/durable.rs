//! A session that survives a crash: what is to be kept of it, what waits for that, and how it goes on.
//!
//! The sequence says when something is to be durable, and holds back what depends on it. What it does not know is the key:
//! one that was renewed is kept before the first message under it leaves, since after a crash nobody would have it.

use waxwing_reliable::{
    CallId, ClientChange, ExchangeId, InitiatorInput, Message, SavedClient, Ticket, Time,
};
use waxwing_security::conversation::{ClientError, ClientSecurity, FaultOrigin};
use waxwing_soap::Moment;

use super::api::ClientOutput;
use super::keeping::{Held, What};
use super::saved::{ClientSessionChange, SavedClientSession};
use super::state::{Calls, ClientSession, Phase};
use crate::message::AppMessage;
use crate::mutation::{Mutation, broken};

impl ClientSession {
    /// The sequence wants something made durable.
    pub(super) fn persist(&mut self, ticket: Ticket, change: ClientChange<AppMessage>) {
        let Some(keeping) = &mut self.keeping else { return };
        let ClientChange { saved, completed } = change;
        let ticket = keeping.begin(What::Sequence(ticket));
        keeping.reliable = Some(saved.clone());
        self.say_persist(ticket, saved, completed);
    }

    fn say_persist(
        &mut self,
        ticket: Ticket,
        reliable: SavedClient,
        completed: Vec<(CallId, Option<AppMessage>)>,
    ) {
        let (to, security) = (self.settings.to.clone(), self.security.save());
        let saved = SavedClientSession { to, security, reliable };
        let change = Box::new(ClientSessionChange { saved, completed });
        self.outputs.push_back(ClientOutput::Persist { ticket, change });
    }

    /// The key was renewed. Gives whether it is to be kept before it is used.
    pub(super) fn keep_key(&mut self) -> bool {
        let Some(keeping) = &mut self.keeping else { return false };
        let Some(reliable) = keeping.reliable.clone() else { return false };
        let ticket = keeping.begin(What::Key);
        self.say_persist(ticket, reliable, Vec::new());
        true
    }

    /// Whether a new key is being kept: nothing is said under it before.
    pub(super) fn awaits_key(&self) -> bool {
        self.keeping.as_ref().is_some_and(|keeping| keeping.awaits_key())
            && !broken(Mutation::UseUnkeptKey)
    }

    /// A message that waits for the key.
    pub(super) fn hold(
        &mut self,
        exchange: ExchangeId,
        message: &Message<AppMessage>,
        deadline: Option<Time>,
    ) {
        if let Some(keeping) = &mut self.keeping {
            keeping.held.push(Held { exchange, message: message.clone(), deadline });
        }
    }

    /// Something is durable, and so is what was said before it.
    pub(super) fn persisted(&mut self, durable: Ticket, at: &mut Moment<'_>) {
        while let Some(keeping) = &mut self.keeping
            && let Some(first) = keeping.under_way.front()
            && first.ticket <= durable
        {
            let what = first.what;
            keeping.under_way.pop_front();
            match what {
                What::Sequence(ticket) => self.tell(InitiatorInput::Persisted(ticket), at),
                What::Key => self.key_is_kept(at),
            }
        }
    }

    fn key_is_kept(&mut self, at: &mut Moment<'_>) {
        if self.awaits_key() {
            return;
        }
        let held = self.keeping.as_mut().map(|keeping| std::mem::take(&mut keeping.held));
        if self.is_ended() {
            return;
        }
        self.outputs.push_back(ClientOutput::Renewed);
        for Held { exchange, message, deadline } in held.into_iter().flatten() {
            self.send_reliable(exchange, &message, deadline, at);
        }
        self.send_waiting(at);
    }

    /// A session that was kept goes on.
    pub(super) fn restore(
        &mut self,
        saved: SavedClientSession,
        messages: Vec<(CallId, AppMessage)>,
        at: &mut Moment<'_>,
    ) {
        if !matches!(self.phase, Phase::New) {
            return;
        }
        let SavedClientSession { to, security, reliable } = saved;
        if let Err(error) = self.take_up(&to, security.as_ref(), at) {
            return self.fault(error.into(), at);
        }
        if let Some(keeping) = &mut self.keeping {
            keeping.reliable = Some(reliable.clone());
        }
        let saved = Box::new(reliable);
        self.tell(InitiatorInput::Restore { saved, to, messages }, at);
    }

    fn take_up(
        &mut self,
        to: &str,
        security: Option<&waxwing_security::conversation::SavedClientContext>,
        at: &mut Moment<'_>,
    ) -> Result<(), ClientError> {
        if self.keeping.is_none() || !matches!(self.calls, Calls::Sequence(_)) {
            return Err(ClientError::NotRestored("the channel has no durable reliable session"));
        }
        if to != self.settings.to {
            return Err(ClientError::NotRestored("the service has another address by now"));
        }
        let needs_context =
            matches!(self.security, ClientSecurity::Conversation(_) | ClientSecurity::Cookie(_));
        match security {
            Some(saved) => self.security.restore(saved, at),
            None if needs_context => Err(ClientError::NotRestored(
                "the binding has secure conversation by now, and it had none when the session began",
            )),
            None => Ok(()),
        }
    }

    /// Whether what stopped a renewal is nobody's word, and the session goes on under the old key all the same. A durable
    /// session is worth a second question: whoever is on the way can say as much.
    pub(super) fn outlives(&self, error: &ClientError) -> bool {
        self.keeping.is_some()
            && matches!(error, ClientError::Fault { origin: FaultOrigin::Renew, .. })
    }
}
