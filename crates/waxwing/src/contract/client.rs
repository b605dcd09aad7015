//! What generated clients do around the channel.

use waxwing_datacontract::WriteError;
use waxwing_soap::{Addressing, Envelope, Fault};

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
        let operation = operation.name;
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
    action_of(reply).unwrap_or_default()
}

pub(super) fn action_of(reply: &Envelope) -> Option<String> {
    Addressing::read(reply).ok().and_then(|addressing| addressing.action)
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
