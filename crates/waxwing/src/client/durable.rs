//! A channel whose session is kept by somebody else, so that it outlives the process: what he may do with it beside
//! calling (`news`: what he hears of it).

use waxwing_session::{AppMessage, CallId, ClientInput, SavedClientSession, Ticket, options};

use super::channel::ClientChannel;
use super::error::ChannelError;
use super::factory::ChannelFactory;
use super::news::{Listener, NEVER};
use super::state::Phase;
use crate::environment::Clock;
use crate::events::CommunicationState;

impl ChannelFactory {
    /// A channel whose session is kept by whoever listens. Its files are looked at each time: somebody may have mended them just now
    /// and wants the calls that they held to go on.
    ///
    /// # Errors
    /// As [`ChannelFactory::open_channel`] before it opens; the binding has no reliable session.
    pub(crate) async fn durable_channel(
        &self,
        listener: Listener,
    ) -> Result<ClientChannel, ChannelError> {
        self.refresh_now().await?;
        self.channel(Some(listener))
    }

    /// The clock of its channels.
    pub(crate) fn own_clock(&self) -> Clock {
        self.clock
    }
}

impl ClientChannel {
    /// Begins to open; what comes of it is told.
    pub(crate) fn begin_opening(&self) {
        let timeout = options::duration(self.inner.parts.timeouts.open);
        let mut state = self.inner.lock();
        if self.inner.start(&mut state, timeout).is_ok() {
            self.inner.drive(&mut state);
        }
    }

    /// Goes on with a session that was kept, instead of opening one.
    pub(crate) fn restore(
        &self,
        saved: Box<SavedClientSession>,
        messages: Vec<(CallId, AppMessage)>,
    ) {
        let mut state = self.inner.lock();
        state.phase = Phase::Active;
        state.tell(CommunicationState::Opening);
        self.inner.give(&mut state, ClientInput::Restore { saved, messages });
        self.inner.start_timer(&mut state);
    }

    /// Sends a call whose end is told by the session's changes.
    pub(crate) fn submit(&self, call: CallId, message: AppMessage) {
        let mut state = self.inner.lock();
        state.statistics.calls += 1;
        self.inner.give(&mut state, ClientInput::Call { call, message, deadline: NEVER });
    }

    /// What was to be made durable is.
    pub(crate) fn persisted(&self, ticket: Ticket) {
        let mut state = self.inner.lock();
        self.inner.give(&mut state, ClientInput::Persisted(ticket));
    }

    /// Begins to close; what comes of it is told.
    pub(crate) fn begin_closing(&self) {
        let timeout = options::duration(self.inner.parts.timeouts.close);
        let mut state = self.inner.lock();
        let deadline = self.inner.parts.clock.time() + timeout;
        self.inner.give(&mut state, ClientInput::Close { deadline });
    }

    /// Forgets the session here. Nobody is told, least of all the service: it goes on from what was kept.
    pub(crate) fn discard(&self) {
        let mut state = self.inner.lock();
        state.is_discarded = true;
        state.timer = None;
        state.listener = None;
        state.phase = Phase::Closed;
        state.tell(CommunicationState::Closed);
    }
}
