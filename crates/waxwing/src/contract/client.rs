//! What generated clients do around the channel.

use std::borrow::Cow;

use waxwing_datacontract::WriteError;
use waxwing_soap::{AddressingVersion, Envelope, Fault};

use super::body::BodyError;
use super::description::OperationDescription;
use super::error::{CallError, ContractError};
use super::{Request, RequestChannel};

/// Sends a request and gives the reply, which is not a fault and has the action of the operation's reply.
///
/// # Errors
/// See [`CallError`].
pub async fn call<C: RequestChannel + ?Sized>(
    channel: &C,
    operation: &OperationDescription,
    action: &str,
    request: Result<Envelope, WriteError>,
) -> Result<Envelope, CallError> {
    let request = request.map_err(|error| unwritable(operation, error))?;
    let reply = channel.request(Request::new(action, request)).await?;
    if let Some(fault) = Fault::read(&reply) {
        return Err(CallError::Fault(fault));
    }
    let expected = operation.reply_action.filter(|expected| *expected != "*");
    if let (Some(expected), Some(found)) = (expected, action_of(&reply))
        && found != expected
    {
        let (operation, found) = (operation.name, found.into_owned());
        return Err(ContractError::ReplyAction { operation, found, expected }.into());
    }
    Ok(reply)
}

/// Sends a message that nothing answers.
///
/// # Errors
/// See [`CallError`].
pub async fn send<C: RequestChannel + ?Sized>(
    channel: &C,
    operation: &OperationDescription,
    action: &str,
    message: Result<Envelope, WriteError>,
) -> Result<(), CallError> {
    let message = message.map_err(|error| unwritable(operation, error))?;
    channel.send_one_way(Request::new(action, message)).await
}

/// The action of a reply; empty when the channel keeps no addressing headers.
pub fn reply_action(reply: &Envelope) -> String {
    action_of(reply).unwrap_or_default().into_owned()
}

/// The action of a message whose headers its channel has read, so that there is one at most.
pub(super) fn action_of(reply: &Envelope) -> Option<Cow<'_, str>> {
    let has_headers = reply.version().addressing != AddressingVersion::None;
    reply.action().filter(|_| has_headers)
}

pub(super) fn unwritable(operation: &OperationDescription, error: WriteError) -> CallError {
    ContractError::Argument { operation: operation.name, error }.into()
}

impl BodyError {
    /// The error of the call whose reply this is about.
    #[doc(hidden)]
    pub fn in_reply(self, operation: &OperationDescription) -> CallError {
        ContractError::Reply { operation: operation.name, error: self }.into()
    }
}
