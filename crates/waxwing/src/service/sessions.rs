//! What an endpoint keeps for its sessions: their engine under one lock, and what the engine knows by names.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustc_hash::FxHashMap;
use tokio::sync::{Notify, oneshot};
use waxwing_reliable::SettingsError;
use waxwing_session::{
    Demarcation, DispatchId, DispatchModes, DuplexService, ExchangeId, InstanceId, ServiceResponse,
    ServiceSessions, ServiceSettings, Time,
};

use super::duplex::conversations::Conversations;
use super::instances::ServiceObject;
use super::throttle::CallPlace;
use crate::environment::SystemRandom;

/// The sessions of one endpoint, and its calls outside of sessions.
pub(super) struct Sessions {
    state: Mutex<State>,
    /// Told when the timer is to look again.
    pub(super) timer: Arc<Notify>,
}

pub(super) struct State {
    pub(super) engine: ServiceSessions,
    /// Those who wait for an answer.
    pub(super) waiting: FxHashMap<ExchangeId, oneshot::Sender<Answered>>,
    /// The instances of sessions.
    pub(super) instances: FxHashMap<InstanceId, Arc<ServiceObject>>,
    pub(super) exchanges: u64,
    pub(super) timer_at: Option<Time>,
    /// Calls that wait to go on after they have called their clients.
    pub(super) returning: FxHashMap<DispatchId, oneshot::Sender<()>>,
    /// The conversations over links; none at an endpoint of exchanges.
    pub(super) duplex: Option<Conversations>,
}

impl State {
    /// When the timer is to look.
    pub(super) fn wake_at(&self) -> Option<Time> {
        let duplex = self.duplex.as_ref().and_then(Conversations::wake_at);
        self.engine.wake_at().into_iter().chain(duplex).min()
    }
}

/// An answer of the engine. The place of its call goes along: the next call begins when this answer counts among those
/// that wait for their readers, not before.
pub(super) struct Answered {
    pub(super) response: ServiceResponse,
    pub(super) place: Option<CallPlace>,
}

impl Drop for Sessions {
    fn drop(&mut self) {
        self.timer.notify_one();
    }
}

impl Sessions {
    pub(super) fn new(
        settings: &ServiceSettings,
        modes: DispatchModes,
        demarcation: Demarcation,
    ) -> Result<Self, SettingsError> {
        let state = State {
            engine: ServiceSessions::new(settings, modes)?.demarcated(demarcation),
            waiting: FxHashMap::default(),
            instances: FxHashMap::default(),
            exchanges: 0,
            timer_at: None,
            returning: FxHashMap::default(),
            duplex: None,
        };
        Ok(Self { state: Mutex::new(state), timer: Arc::default() })
    }

    /// The same of an endpoint whose messages go over links.
    pub(super) fn over_links(
        settings: &ServiceSettings,
        (bound, secured): (bool, bool),
        close_timeout: Duration,
        modes: DispatchModes,
        demarcation: Demarcation,
    ) -> Result<Self, SettingsError> {
        let engine = DuplexService::new(settings, bound, &mut SystemRandom)?;
        let engine = engine.closing_within(close_timeout);
        Self::of_conversations(settings, (engine, secured), modes, demarcation)
    }

    /// The same of an endpoint of composite duplex.
    pub(super) fn composite(
        settings: &ServiceSettings,
        secured: bool,
        close_timeout: Duration,
        modes: DispatchModes,
        demarcation: Demarcation,
    ) -> Result<Self, SettingsError> {
        let engine = DuplexService::composite(settings, &mut SystemRandom)?;
        let engine = engine.closing_within(close_timeout);
        Self::of_conversations(settings, (engine, secured), modes, demarcation)
    }

    fn of_conversations(
        settings: &ServiceSettings,
        (engine, secured): (DuplexService, bool),
        modes: DispatchModes,
        demarcation: Demarcation,
    ) -> Result<Self, SettingsError> {
        // The sequences are the conversations'; to who executes them their messages are calls.
        let calls = ServiceSettings { reliable: None, ..settings.clone() };
        let mut sessions = Self::new(&calls, modes, demarcation)?;
        let engine = if secured { engine.secured() } else { engine };
        let state = sessions.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        state.duplex = Some(Conversations::new(engine));
        Ok(sessions)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many sessions there are, those that wait to be accepted included.
    pub(super) fn count(&self) -> usize {
        self.lock().engine.session_count()
    }

    /// How many sessions wait to be accepted.
    pub(super) fn waiting(&self) -> usize {
        self.lock().engine.waiting_count()
    }

    /// Whether nothing of sessions that outlive the host is under way.
    pub(super) fn is_quiet(&self) -> bool {
        self.lock().engine.is_quiet()
    }

    /// How many calls outside of reliable sessions run.
    pub(super) fn running_alone(&self) -> usize {
        self.lock().engine.running_alone()
    }
}
