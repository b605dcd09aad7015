//! Calls that are written and not sent, and answers that are read later: for who keeps both.

// Errors of calls hold a whole fault, here as in the futures of a client.
#![allow(clippy::result_large_err)]

use std::fmt;

use waxwing_datacontract::WriteError;
use waxwing_soap::{Addressing, Envelope, Fault, MessageVersion};

use super::client::{action_of, unwritable};
use super::description::OperationDescription;
use super::error::{CallError, ContractError};
use super::header::MessageHeader;
use super::quotas::ObjectQuotas;
use super::{BodyError, RequestChannel};

/// How messages are written: what a call needs to know of the channel that will take it.
#[derive(Clone, Copy, Debug)]
pub struct MessageFormat {
    version: MessageVersion,
    quotas: ObjectQuotas,
}

impl MessageFormat {
    /// In these versions.
    pub fn new(version: MessageVersion, quotas: ObjectQuotas) -> Self {
        Self { version, quotas }
    }

    /// The format of a channel.
    pub fn of<C: RequestChannel + ?Sized>(channel: &C) -> Self {
        Self { version: channel.message_version(), quotas: channel.quotas() }
    }

    /// The versions.
    pub fn version(self) -> MessageVersion {
        self.version
    }

    /// What values may hold.
    pub fn quotas(self) -> ObjectQuotas {
        self.quotas
    }
}

/// A call of an operation, written and not sent. `T` is what its reply is read to.
///
/// The macro makes them: of a contract `Calculator` `CalculatorCalls::new(format).add(1.0, 2.0)` gives one. Without a contract
/// take [`Call::raw`].
#[must_use = "a call is sent by an outbox or a channel"]
pub struct Call<T> {
    action: String,
    is_one_way: bool,
    is_idempotent: bool,
    message: Result<Envelope, CallError>,
    read: fn(&Answer) -> Result<T, CallError>,
}

/// What is kept to be sent later is all there.
fn kept(message: Envelope) -> Result<Envelope, CallError> {
    match message.attached() {
        None => Ok(message),
        Some(_) => Err(CallError::channel(
            "a call that is kept to be sent later cannot have a stream, which is read once: use a parameter of type Vec<u8>",
        )),
    }
}

impl<T> Call<T> {
    /// For generated code.
    #[doc(hidden)]
    pub fn of_operation(
        operation: &OperationDescription,
        action: &str,
        message: Result<Envelope, WriteError>,
        read: fn(&Answer) -> Result<T, CallError>,
    ) -> Self {
        Self {
            action: action.to_owned(),
            is_one_way: operation.reply_action.is_none(),
            is_idempotent: false,
            message: message.map_err(|error| unwritable(operation, error)).and_then(kept),
            read,
        }
    }

    /// The same; to execute it twice is as good as once: where nobody knows whether it was executed it is sent again.
    pub fn idempotent(mut self) -> Self {
        self.is_idempotent = true;
        self
    }

    /// The same with one more header.
    pub fn header(mut self, header: &MessageHeader) -> Self {
        if let Ok(message) = &mut self.message {
            header.write(message);
        }
        self
    }

    /// The action.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// Whether nothing answers it.
    pub fn is_one_way(&self) -> bool {
        self.is_one_way
    }

    /// Whether it may be sent again where nobody knows whether it was executed.
    pub fn is_idempotent(&self) -> bool {
        self.is_idempotent
    }

    /// The message; an argument that has no XML form is the error.
    ///
    /// # Errors
    /// [`CallError::Contract`].
    pub fn message(&self) -> Result<&Envelope, CallError> {
        self.message.as_ref().map_err(Clone::clone)
    }

    /// What reads the answer.
    pub fn reader(&self) -> fn(&Answer) -> Result<T, CallError> {
        self.read
    }
}

impl Call<Envelope> {
    /// A two-way call of any operation: its reply as it is.
    pub fn raw(action: impl Into<String>, message: Envelope) -> Self {
        let (action, message) = (action.into(), Ok(message));
        Self { action, is_one_way: false, is_idempotent: false, message, read: Answer::reply }
    }
}

impl Call<Envelope> {
    /// The same, whose reply may be a fault, which whoever asks reads.
    pub(crate) fn raw_with_fault(action: impl Into<String>, message: Envelope) -> Self {
        Self { read: Answer::any, ..Self::raw(action, message) }
    }
}

impl Call<()> {
    /// A one-way call of any operation.
    pub fn raw_one_way(action: impl Into<String>, message: Envelope) -> Self {
        let (action, message) = (action.into(), Ok(message));
        Self { action, is_one_way: true, is_idempotent: false, message, read: Answer::nothing }
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is in the message is the application's.
        let Self { action, is_one_way, is_idempotent, .. } = self;
        f.debug_struct("Call")
            .field("action", action)
            .field("is_one_way", is_one_way)
            .field("is_idempotent", is_idempotent)
            .finish_non_exhaustive()
    }
}

/// What came of a call: the reply or the fault of the service; nothing of a one-way call.
#[derive(Clone)]
pub struct Answer {
    envelope: Option<Envelope>,
    quotas: ObjectQuotas,
}

impl Answer {
    /// An answer with this message, whose values may hold so much.
    pub fn new(envelope: Option<Envelope>, quotas: ObjectQuotas) -> Self {
        Self { envelope, quotas }
    }

    /// The message; none of a one-way call.
    pub fn envelope(&self) -> Option<&Envelope> {
        self.envelope.as_ref()
    }

    /// The fault, if the service answered with one.
    pub fn fault(&self) -> Option<Fault> {
        self.envelope.as_ref().and_then(Fault::read)
    }

    /// The reply as it is.
    ///
    /// # Errors
    /// The service's fault; there is no reply.
    pub fn reply(&self) -> Result<Envelope, CallError> {
        let envelope = self.envelope.as_ref().ok_or_else(no_reply)?;
        match Fault::read(envelope) {
            Some(fault) => Err(CallError::Fault(fault)),
            None => Ok(envelope.clone()),
        }
    }

    fn any(&self) -> Result<Envelope, CallError> {
        self.envelope.clone().ok_or_else(no_reply)
    }

    /// Nothing, of a one-way call.
    ///
    /// # Errors
    /// The service's fault: it refused the message.
    pub fn nothing(&self) -> Result<(), CallError> {
        match self.fault() {
            Some(fault) => Err(CallError::Fault(fault)),
            None => Ok(()),
        }
    }

    /// For generated code: the reply of an operation, read.
    ///
    /// # Errors
    /// The service's fault; a reply that is not what the contract says.
    #[doc(hidden)]
    pub fn read<T>(
        &self,
        operation: &OperationDescription,
        read: impl FnOnce(&Envelope, ObjectQuotas) -> Result<T, BodyError>,
    ) -> Result<T, CallError> {
        let reply = self.envelope.as_ref().ok_or_else(no_reply)?;
        if let Some(fault) = Fault::read(reply) {
            return Err(CallError::Fault(fault));
        }
        let expected = operation.reply_action.filter(|expected| *expected != "*");
        if let (Some(expected), Some(found)) = (expected, action_of(reply))
            && found != expected
        {
            let (operation, found) = (operation.name, found.into_owned());
            return Err(ContractError::ReplyAction { operation, found, expected }.into());
        }
        read(reply, self.quotas).map_err(|error| error.in_reply(operation))
    }

    /// The action of the answer, where it says one.
    pub fn action(&self) -> Option<String> {
        let envelope = self.envelope.as_ref()?;
        Addressing::read(envelope).ok().and_then(|addressing| addressing.action)
    }
}

fn no_reply() -> CallError {
    CallError::channel(
        "the call was executed, and there is no reply: it was acknowledged without one, or somebody decided so after it was in \
         doubt",
    )
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_fault = self.envelope.as_ref().is_some_and(Envelope::is_fault);
        let has_message = self.envelope.is_some();
        f.debug_struct("Answer")
            .field("has_message", &has_message)
            .field("is_fault", &is_fault)
            .finish_non_exhaustive()
    }
}
