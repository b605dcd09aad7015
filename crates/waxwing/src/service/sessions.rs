//! What an endpoint keeps for its sessions: their engine under one lock, and what the engine knows by names.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};
use waxwing_reliable::SettingsError;
use waxwing_session::{
    Demarcation, DispatchModes, ExchangeId, InstanceId, ServiceResponse, ServiceSessions,
    ServiceSettings, Time,
};

use super::instances::ServiceObject;
use super::throttle::CallPlace;

/// The sessions of one endpoint, and its calls outside of sessions.
pub(super) struct Sessions {
    state: Mutex<State>,
    /// Told when the timer is to look again.
    pub(super) timer: Notify,
}

pub(super) struct State {
    pub(super) engine: ServiceSessions,
    /// Those who wait for an answer.
    pub(super) waiting: HashMap<ExchangeId, oneshot::Sender<Answered>>,
    /// The instances of sessions.
    pub(super) instances: HashMap<InstanceId, Arc<ServiceObject>>,
    pub(super) exchanges: u64,
    pub(super) timer_at: Option<Time>,
}

/// An answer of the engine. The place of its call goes along: the next call begins when this answer counts among those
/// that wait for their readers, not before.
pub(super) struct Answered {
    pub(super) response: ServiceResponse,
    pub(super) place: Option<CallPlace>,
}

impl Sessions {
    pub(super) fn new(
        settings: &ServiceSettings,
        modes: DispatchModes,
        demarcation: Demarcation,
    ) -> Result<Self, SettingsError> {
        let state = State {
            engine: ServiceSessions::new(settings, modes)?.demarcated(demarcation),
            waiting: HashMap::new(),
            instances: HashMap::new(),
            exchanges: 0,
            timer_at: None,
        };
        Ok(Self { state: Mutex::new(state), timer: Notify::new() })
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

    /// How many calls outside of reliable sessions run.
    pub(super) fn running_alone(&self) -> usize {
        self.lock().engine.running_alone()
    }
}
