//! Executing calls. Here user code runs: under no lock, and whatever it does, its caller gets an answer.

use std::sync::Arc;

use waxwing_session::{AppMessage, Execution, InstanceId, OutOfPlace, VerifiedRequest};

use super::authorization::{self, Refusal};
use super::endpoint::{Endpoint, caller_of};
use super::instances::ServiceObject;
use super::watch::{Counters, HostEvent};
use crate::contract::{
    BoxFuture, OperationContext, OperationDescription, OperationFault, Outgoing, SessionMode,
};
use crate::layer::{Operation, OperationError, OperationRequest};
use crate::log::Cut;
use crate::panics;

/// Executes one call, on its instance or on one that is made for it. One that has begun is carried through, whether its
/// caller waits for it or not, as in WCF: it must not stop in the middle of what it does.
pub(super) async fn execute(
    endpoint: Arc<Endpoint>,
    execution: Execution,
    object: Option<Arc<ServiceObject>>,
) {
    let Execution { call, instance, keep, request, session, out_of_place, .. } = execution;
    let run = async {
        endpoint.parts.throttle.settled().await;
        let object = match (out_of_place, object) {
            (Some(why), _) => Err(misplaced(why, &request)),
            (None, Some(object)) => Ok(object),
            (None, None) => endpoint.make(instance, keep),
        };
        let session = session.as_ref().map(|session| session.as_str());
        let reply = endpoint.perform(object.as_ref(), &request, session).await;
        if let Ok(object) = object {
            // The session may be gone, and this one be the last.
            endpoint.discard(object);
        }
        reply
    };
    let reply = tokio::select! {
        // Nothing more begins then.
        biased;
        () = endpoint.stopped() => None,
        reply = run => Some(reply),
    };
    match reply {
        Some(reply) => endpoint.finished(call, reply),
        None => endpoint.given_up(call),
    }
}

/// The fault of a call that does not stand in its place in the session, as WCF's.
fn misplaced(why: OutOfPlace, request: &VerifiedRequest) -> OperationFault {
    match (why, request.not_understood()) {
        (OutOfPlace::NotUnderstood, Some(fault)) => OperationFault::not_understood(fault),
        (OutOfPlace::NotInitiating | OutOfPlace::NotUnderstood, _) => {
            OperationFault::action_not_supported(request.action())
        }
        (OutOfPlace::Terminated, _) => OperationFault::session_terminated(),
    }
}

/// An instance lacks a contract that its service says it has.
#[derive(Debug, thiserror::Error)]
#[error("the instance does not implement the contract {0}, which its service names")]
struct NotImplemented(&'static str);

/// Nothing came of a call whose client waits for a reply: without one it would ask again until its timeout.
#[derive(Debug, thiserror::Error)]
#[error("the operation or a layer around it gave no reply, and its contract has one")]
struct NoReply;

/// A call under layers.
struct Call {
    endpoint: Arc<Endpoint>,
    object: Arc<ServiceObject>,
    request: Arc<VerifiedRequest>,
}

impl Operation for Call {
    fn description(&self) -> Option<&'static OperationDescription> {
        let action = self.request.action();
        self.endpoint.contract(action).operation(action)
    }

    fn run(
        self: Arc<Self>,
        context: OperationContext,
    ) -> BoxFuture<'static, Result<Option<Outgoing>, OperationFault>> {
        Box::pin(async move { self.endpoint.operate(&self.object, &context, &self.request).await })
    }
}

impl Endpoint {
    /// The object that executes a call; the one of a session is kept for its further calls.
    ///
    /// # Errors
    /// It could not be made: what the caller hears, an internal error.
    fn make(
        self: &Arc<Self>,
        instance: InstanceId,
        keep: bool,
    ) -> Result<Arc<ServiceObject>, OperationFault> {
        let made = panics::catch(|| self.parts.instances.instance());
        if keep {
            self.made(instance, made.as_ref().ok());
        }
        made.map_err(|panicked| {
            self.failed("an instance of the service could not be made", &panicked);
            OperationFault::internal(panicked)
        })
    }

    /// Drops an instance that is not used any more, which may run code of the user.
    pub(super) fn discard(&self, object: Arc<ServiceObject>) {
        if let Err(panicked) = panics::catch(move || drop(object)) {
            self.failed("an instance of the service could not be dropped", &panicked);
        }
    }

    /// Executes one call: its reply, or its fault as a reply; none of a one-way operation.
    async fn perform(
        self: &Arc<Self>,
        object: Result<&Arc<ServiceObject>, &OperationFault>,
        request: &Arc<VerifiedRequest>,
        session: Option<&str>,
    ) -> Option<AppMessage> {
        let action = request.action();
        let is_one_way = self.is_one_way(action);
        let version = request.envelope().version();
        let answered = match object {
            Ok(object) => {
                let context = self.context(request, session);
                panics::caught(self.dispatch(object, context, request)).await
            }
            Err(fault) => Ok(Some(fault.to_outgoing(version, self.parts.faults))),
        };
        let outgoing = answered.unwrap_or_else(|panicked| {
            let fault = OperationFault::internal(panicked);
            self.faulted(action, &fault);
            Some(fault.to_outgoing(version, self.parts.faults))
        });
        let Outgoing { action, envelope } = outgoing.filter(|_| !is_one_way)?;
        Some(request.reply(action, envelope))
    }

    /// All that may run code of the user: the operation, and the detail of its fault.
    async fn dispatch(
        self: &Arc<Self>,
        object: &Arc<ServiceObject>,
        context: OperationContext,
        request: &Arc<VerifiedRequest>,
    ) -> Option<Outgoing> {
        let action = request.action();
        let dispatched = match &self.parts.layers {
            None => self.operate(object, &context, request).await,
            Some(layers) => {
                let call = Call {
                    endpoint: Arc::clone(self),
                    object: Arc::clone(object),
                    request: Arc::clone(request),
                };
                let call = OperationRequest::new(context.clone(), Arc::new(call));
                layers.oneshot(call).await.map_err(OperationError::into_fault)
            }
        };
        let outgoing = match dispatched {
            Ok(Some(reply)) => Ok(reply),
            Ok(None) if self.is_one_way(action) => return None,
            Ok(None) => Err(OperationFault::internal(NoReply)),
            Err(fault) => Err(fault),
        };
        let outgoing = outgoing.unwrap_or_else(|fault| {
            self.faulted(action, &fault);
            fault.to_outgoing(request.envelope().version(), self.parts.faults)
        });
        Some(context.complete(outgoing))
    }

    /// Executes the operation, if the caller may have it executed.
    async fn operate(
        &self,
        object: &ServiceObject,
        context: &OperationContext,
        request: &VerifiedRequest,
    ) -> Result<Option<Outgoing>, OperationFault> {
        let contract = self.contract(request.action());
        match (self.allowed(context).await, object.dispatcher(contract)) {
            (Err(refusal), _) => Err(refusal.fault()),
            (Ok(()), Some(dispatcher)) => {
                if let Some(Err(exceeded)) = self.parts.quotas.map(|q| q.check(request.envelope()))
                {
                    return Err(OperationFault::not_deserialized(&exceeded));
                }
                let is_known = contract.operation(request.action()).is_some();
                let _running = is_known.then(|| self.counters.begun());
                dispatcher.dispatch(context, request.action(), request.envelope()).await
            }
            (Ok(()), None) => Err(OperationFault::internal(NotImplemented(contract.name))),
        }
    }

    /// Asks the program whether the call may be executed.
    async fn allowed(&self, call: &OperationContext) -> Result<(), Refusal> {
        let Some(authorization) = &self.parts.authorization else { return Ok(()) };
        let decided = authorization::check(&**authorization, call).await;
        if let Err(refusal) = &decided {
            Counters::add(&self.counters.denied);
            self.tell(|address| HostEvent::CallRefused {
                address,
                caller: call.caller().map(|caller| Cut::of(&caller.name).to_string()),
                action: Cut::of(call.action()).to_string(),
                reason: refusal.to_string(),
            });
        }
        if let (Err(refusal), Some(left_out)) = (&decided, self.log.pass()) {
            let (address, action) = (self.address(), Cut::of(call.action()));
            let caller = call.caller().map_or("somebody", |caller| caller.name.as_str());
            let caller = Cut::of(caller);
            tracing::warn!(address, left_out, %caller, %action, "a call was refused: {refusal}");
        }
        decided
    }

    /// An operation gave a fault, or there is none for the message.
    fn faulted(&self, action: &str, fault: &OperationFault) {
        if fault.is_unsupported() {
            Counters::add(&self.counters.unknown);
            let action = Cut::of(action).to_string();
            self.tell(|address| HostEvent::UnknownMessage { address, action });
            return;
        }
        Counters::add(&self.counters.faults);
        let Some(error) = fault.internal_error() else { return };
        Counters::add(&self.counters.failures);
        self.failed(&format!("the operation {} failed", Cut::of(action)), error);
        self.tell(|address| HostEvent::OperationFailed {
            address,
            action: Cut::of(action).to_string(),
            reason: Cut::own(error).to_string(),
        });
    }

    fn failed(&self, what: &str, error: &dyn std::error::Error) {
        if let Some(left_out) = self.log.pass() {
            let address = self.address();
            tracing::error!(address, left_out, "{what}: {}", Cut::own(error));
        }
    }

    fn is_one_way(&self, action: &str) -> bool {
        self.contract(action).operation(action).is_some_and(|operation| operation.one_way)
    }

    fn context(&self, request: &Arc<VerifiedRequest>, session: Option<&str>) -> OperationContext {
        let mut context = OperationContext::new(request.action())
            .with_endpoint_address(Arc::clone(&self.address))
            .with_quotas(self.parts.object_quotas)
            .with_verified(request);
        if let Some(peer) = request.peer() {
            context = context.with_peer_address(peer);
        }
        if let Some(caller) = caller_of(request.caller()) {
            context = context.with_caller(caller);
        }
        // A contract that does not allow sessions sees none.
        let session_mode = self.contract(request.action()).session_mode;
        if let Some(session) = session.filter(|_| session_mode != SessionMode::NotAllowed) {
            context = context.with_session_id(session);
        }
        if let Some(id) = &request.addressing().message_id {
            context = context.with_message_id(id.as_str());
        }
        context
    }
}
