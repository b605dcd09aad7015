//! The initiator: the client's end of a session.

mod api;

pub use api::{
    CallId, ExchangeId, Failure, FailureKind, InitiatorInput, InitiatorOutput, OpenRequest, Shape,
};
use std::collections::VecDeque;
use std::marker::PhantomData;

use crate::event::Status;
use crate::settings::{ReliableSessionSettings, SettingsError};
use crate::time::Time;
use crate::version::ReliableMessagingVersion;

/// The client's end of one session: source of the forward sequence, destination of the replies.
#[derive(Debug)]
pub struct Initiator<M> {
    outputs: VecDeque<InitiatorOutput<M>>,
    payload: PhantomData<M>,
}

impl<M: Clone> Initiator<M> {
    /// An initiator that has not begun.
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
    pub fn handle(&mut self, _input: InitiatorInput<M>, _now: Time) {}

    /// The next output.
    pub fn poll(&mut self) -> Option<InitiatorOutput<M>> {
        self.outputs.pop_front()
    }

    /// When to give a `Tick`. None: not until something else happens.
    pub fn wake_at(&self) -> Option<Time> {
        None
    }

    /// The session at this moment, for a person.
    pub fn status(&self) -> Status {
        Status::default()
    }
}
