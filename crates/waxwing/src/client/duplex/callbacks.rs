//! Executing what the service calls. Here user code runs: under no lock, and whatever it does, the service gets an answer.

use std::sync::Arc;

use waxwing_session::{AppMessage, CallbackId, ClientInput, VerifiedRequest};

use super::reentrance::within;
use crate::client::channel::Inner;
use crate::contract::{
    Behavior, Dispatch, Executing, MOST_HELD, OperationContext, OperationFault, Outgoing,
    executing, into_tree,
};
use crate::log::Cut;
use crate::panics;

impl Inner {
    /// Executes one callback and says what came of it.
    pub(in crate::client) async fn execute(
        self: Arc<Self>,
        callback: CallbackId,
        request: Arc<VerifiedRequest>,
    ) {
        let instance = self.parts.callback.clone();
        let reply = match instance {
            Some(instance) => {
                let (channel, behavior) = (self.duplex_id.clone(), Behavior::Callback);
                let operation = Executing { channel, concurrency: instance.mode(), behavior };
                let run = perform(&self, &**instance.dispatch(), &request);
                executing(operation, within(&self, callback, run)).await
            }
            None => None,
        };
        let mut state = self.lock();
        self.give(&mut state, ClientInput::Executed { callback, reply });
    }
}

async fn perform(
    channel: &Arc<Inner>,
    object: &dyn Dispatch,
    request: &Arc<VerifiedRequest>,
) -> Option<AppMessage> {
    let action = request.action();
    let operation = object.contract().operation(action);
    let is_one_way = operation.is_some_and(|operation| operation.one_way);
    if operation.is_some_and(|own| !own.one_way) && request.addressing().message_id.is_none() {
        // The reply could not be told from others.
        let (address, action) = (&channel.parts.address, Cut::of(action));
        tracing::warn!(
            address,
            "the callback {action} is to be answered and has no MessageID: it is not executed"
        );
        return None;
    }
    let context = context(channel, request);
    let dispatched = match request.not_understood() {
        Some(fault) => Err(OperationFault::not_understood(fault)),
        None => {
            let dispatching = object.dispatch(&context, action, request.envelope());
            let run = async { held(dispatching.await?).await };
            panics::caught(run).await.unwrap_or_else(|e| Err(OperationFault::internal(e)))
        }
    };
    let outgoing = dispatched.unwrap_or_else(|fault| {
        if let Some(error) = fault.internal_error() {
            let (address, action) = (&channel.parts.address, Cut::of(action));
            tracing::error!(address, "the callback {action} failed: {}", Cut::own(error));
        }
        Some(fault.to_outgoing(request.envelope().version(), channel.parts.callback_faults))
    });
    let outgoing = outgoing.filter(|_| !is_one_way)?;
    let Outgoing { action, envelope } = context.complete(outgoing);
    Some(request.reply(action, envelope))
}

/// A reply with its stream in memory: messages of links are whole.
async fn held(reply: Option<Outgoing>) -> Result<Option<Outgoing>, OperationFault> {
    let Some(mut reply) = reply else { return Ok(None) };
    into_tree(&mut reply.envelope, MOST_HELD).await.map_err(OperationFault::internal)?;
    Ok(Some(reply))
}

fn context(channel: &Arc<Inner>, request: &Arc<VerifiedRequest>) -> OperationContext {
    OperationContext::of(request)
        .with_endpoint_address(channel.parts.address.as_str())
        .with_quotas(channel.parts.object_quotas)
}
