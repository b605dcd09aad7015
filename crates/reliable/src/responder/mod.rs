//! The responder: the service's end, all sessions of one listening address.

mod api;

use std::collections::VecDeque;
use std::marker::PhantomData;

pub use api::{ContextTag, ListenerInput, ListenerOutput, Response, SessionId};

use crate::event::Status;
use crate::initiator::Shape;
use crate::settings::{ReliableSessionSettings, SettingsError};
use crate::time::Time;
use crate::version::ReliableMessagingVersion;

/// All sessions of one listening address.
#[derive(Debug)]
pub struct Listener<M> {
    outputs: VecDeque<ListenerOutput<M>>,
    payload: PhantomData<M>,
}

impl<M: Clone> Listener<M> {
    /// A listener without sessions.
    ///
    /// # Errors
    ///
    /// A setting is out of its range.
    pub fn new(
        _version: ReliableMessagingVersion,
        _shape: Shape,
        settings: ReliableSessionSettings,
    ) -> Result<Self, SettingsError> {
        settings.validate()?;
        Ok(Self { outputs: VecDeque::new(), payload: PhantomData })
    }

    /// Takes one input. Then drain [`poll`](Self::poll).
    pub fn handle(&mut self, _input: ListenerInput<M>, _now: Time) {}

    /// The next output.
    pub fn poll(&mut self) -> Option<ListenerOutput<M>> {
        self.outputs.pop_front()
    }

    /// When to give a `Tick`. None: not until something else happens.
    pub fn wake_at(&self) -> Option<Time> {
        None
    }

    /// One session at this moment, for a person.
    pub fn status(&self, _session: &SessionId) -> Option<Status> {
        None
    }

    /// The live sessions.
    pub fn sessions(&self) -> impl Iterator<Item = &SessionId> {
        std::iter::empty()
    }
}
