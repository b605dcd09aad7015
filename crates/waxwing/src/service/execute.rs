//! Executing calls. Here user code runs: under no lock, and whatever it does, its caller gets an answer.

use std::future::poll_fn;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use waxwing_reliable::SessionId;
use waxwing_session::{AppMessage, Execution, InstanceId, OutOfPlace, VerifiedRequest};

use super::authorization::{self, Refusal};
use super::duplex::callback::within;
use super::endpoint::Endpoint;
use super::instances::ServiceObject;
use super::performed::{Delivering, Performed};
use super::watch::{Counters, HostEvent};
use crate::contract::{
    BoxFuture, CallFacts, Delivered, DeliveryKey, MOST_HELD, OperationContext,
    OperationDescription, OperationFault, Outgoing, SessionMode, executing, into_tree,
};
use crate::future::boxed;
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
    let Execution { call, instance, keep, request, session, number, out_of_place, .. } = execution;
    let run = async {
        endpoint.parts.throttle.settled().await;
        let object = match (out_of_place, object) {
            (Some(why), _) => Err(misplaced(why, &request)),
            (None, Some(object)) => Ok(object),
            (None, None) => endpoint.make(instance, keep),
        };
        let object = match endpoint.answered_elsewhere(session.as_ref(), &request) {
            Some(fault) => {
                object.into_iter().for_each(|object| endpoint.discard(object));
                Err(fault)
            }
            None => object,
        };
        if endpoint.cannot_answer(&request) {
            object.into_iter().for_each(|object| endpoint.discard(object));
            return None;
        }
        let durable = endpoint.parts.durability.as_ref().zip(session.as_ref()).zip(number);
        let reply = match durable {
            Some(((durability, session), number)) => {
                let message = Delivering { durability, request: &request, session, number };
                // Rare, and large.
                Box::pin(endpoint.deliver(&message, object.as_ref())).await
            }
            None => {
                let key = session.as_ref().zip(number);
                let delivered = key.map(|(session, number)| Delivered {
                    key: DeliveryKey::new(session.shared(), number),
                    attempt: 1,
                    transaction: None,
                });
                let session = session.as_ref();
                let performed = endpoint.perform(object.as_ref(), &request, session, delivered);
                Some(performed.await.reply)
            }
        };
        if let Ok(object) = object {
            // The session may be gone, and this one be the last.
            endpoint.discard(object);
        }
        reply
    };
    let mut run = pin!(within(&endpoint, call, run));
    let reply = match endpoint.is_stopped() {
        // Nothing more begins then.
        true => None,
        false => match poll_fn(|context| Poll::Ready(run.as_mut().poll(context))).await {
            Poll::Ready(reply) => reply,
            Poll::Pending => tokio::select! {
                biased;
                () = endpoint.stopped() => None,
                reply = run => reply,
            },
        },
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

/// WCF's words for a request that is to be answered and has no `MessageID`.
const NO_MESSAGE_ID: &str = "The incoming message with action could not be processed because it is targeted at a request-reply \
    operation, but cannot be replied to as the MessageId property is not set.";

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
    /// Whether a message over a link wants an answer that could not be told from others: it has no `MessageID`, which the answer
    /// would relate to. It is not executed, nobody is answered, and its session ends, as WCF ends it.
    fn cannot_answer(&self, request: &VerifiedRequest) -> bool {
        if self.parts.links.is_none() || request.addressing().message_id.is_some() {
            return false;
        }
        let action = request.action();
        let operation = self.contract(action).operation(action);
        let is_two_way = operation.is_some_and(|own| !own.one_way && own.action != "*");
        if is_two_way {
            let peer = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
            self.refused_message(request.peer().unwrap_or(peer), &NO_MESSAGE_ID);
        }
        is_two_way
    }

    /// The fault of a request whose reply would go elsewhere than its session's: it is not executed.
    fn answered_elsewhere(
        &self,
        session: Option<&SessionId>,
        request: &VerifiedRequest,
    ) -> Option<OperationFault> {
        let session = session.filter(|_| self.parts.outward.is_some())?;
        let text = {
            let sessions = self.sessions.lock();
            sessions.duplex.as_ref()?.engine.answered_elsewhere(session, request)?
        };
        let fault = OperationFault::internal(text);
        self.faulted(request.action(), &fault);
        Some(fault)
    }

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

    /// Executes one call.
    pub(super) async fn perform(
        self: &Arc<Self>,
        object: Result<&Arc<ServiceObject>, &OperationFault>,
        request: &Arc<VerifiedRequest>,
        session: Option<&SessionId>,
        delivered: Option<Delivered>,
    ) -> Performed {
        let action = request.action();
        let is_one_way = self.is_one_way(action);
        let version = request.envelope().version();
        let answered = match object {
            Ok(object) => {
                let context = self.context(request, session, delivered);
                let run = boxed(|| self.dispatch(object, context, request));
                let run = panics::caught_in_box(run);
                match session.and_then(|session| self.executing(session.as_str())) {
                    Some(operation) => executing(operation, run).await,
                    None => run.await,
                }
            }
            Err(fault) => Ok((Some(fault.to_outgoing(version, self.parts.faults)), false)),
        };
        let (outgoing, stands) = answered.unwrap_or_else(|panicked| {
            let fault = OperationFault::internal(panicked);
            self.faulted(action, &fault);
            (Some(fault.to_outgoing(version, self.parts.faults)), false)
        });
        let outgoing = outgoing.filter(|_| !is_one_way);
        let reply = outgoing.map(|Outgoing { action, envelope }| request.reply(action, envelope));
        Performed { reply, stands }
    }

    /// The fault as the reply to a request; none of a one-way operation.
    pub(super) fn refused_call(
        &self,
        request: &VerifiedRequest,
        fault: &OperationFault,
    ) -> Option<AppMessage> {
        self.faulted(request.action(), fault);
        let version = request.envelope().version();
        let Outgoing { action, envelope } = fault.to_outgoing(version, self.parts.faults);
        (!self.is_one_way(request.action())).then(|| request.reply(action, envelope))
    }

    /// All that may run code of the user: the operation, and the detail of its fault. Gives whether what it did stands, too.
    async fn dispatch(
        self: &Arc<Self>,
        object: &Arc<ServiceObject>,
        context: Box<OperationContext>,
        request: &Arc<VerifiedRequest>,
    ) -> (Option<Outgoing>, bool) {
        let action = request.action();
        let dispatched = match &self.parts.layers {
            None => self.operate(object, &context, request).await,
            Some(layers) => {
                let call = Call {
                    endpoint: Arc::clone(self),
                    object: Arc::clone(object),
                    request: Arc::clone(request),
                };
                let call = OperationRequest::new((*context).clone(), Arc::new(call));
                // Large, and not everybody's.
                Box::pin(layers.oneshot(call)).await.map_err(OperationError::into_fault)
            }
        };
        let outgoing = match dispatched {
            Ok(Some(reply)) => self.held(reply).await,
            Ok(None) if self.is_one_way(action) => return (None, true),
            Ok(None) => Err(OperationFault::internal(NoReply)),
            Err(fault) => Err(fault),
        };
        let stands = outgoing.as_ref().err().is_none_or(OperationFault::is_committed);
        let outgoing = outgoing.unwrap_or_else(|fault| {
            self.faulted(action, &fault);
            fault.to_outgoing(request.envelope().version(), self.parts.faults)
        });
        (Some(context.complete(outgoing)), stands)
    }

    /// A reply whose stream is read into memory where messages are whole, as WCF does.
    async fn held(&self, mut reply: Outgoing) -> Result<Outgoing, OperationFault> {
        if !self.parts.streamed.is_some_and(|streamed| streamed.has_replies()) {
            into_tree(&mut reply.envelope, MOST_HELD).await.map_err(OperationFault::internal)?;
        }
        Ok(reply)
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
        // Large, and not everybody's.
        let decided = Box::pin(authorization::check(&**authorization, call)).await;
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

    fn context(
        self: &Arc<Self>,
        request: &Arc<VerifiedRequest>,
        session: Option<&SessionId>,
        delivered: Option<Delivered>,
    ) -> Box<OperationContext> {
        // A contract that does not allow sessions sees none.
        let session_mode = self.contract(request.action()).session_mode;
        let facts = CallFacts {
            endpoint: Arc::clone(&self.address),
            peer: request.peer(),
            session: session.filter(|_| session_mode != SessionMode::NotAllowed),
            quotas: self.parts.object_quotas,
            callback: session.and_then(|session| self.callback_channel(session.as_str())),
            delivered,
        };
        OperationContext::at(request, facts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every call makes one of these, and moves it: what is large in it is boxed by itself.
    #[test]
    fn what_executes_a_call_is_small() {
        fn size<A, B, C, F: Future>(_: fn(A, B, C) -> F) -> usize {
            size_of::<F>()
        }
        let size = size(execute);
        assert!(size < 2048, "{size} octets");
    }
}
