//! Executing calls, with or without a reliable session around them. Here user code runs: under no lock, and whatever
//! it does, its caller gets an answer.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::OwnedSemaphorePermit;
use waxwing_session::{AppMessage, ApplicationMessage, ArrivedMessage, Encoded};

use super::authorization::{self, Refusal};
use super::endpoint::{Counters, Endpoint, caller_of};
use super::instances::ServiceObject;
use crate::contract::{Caller, OperationContext, OperationFault, Outgoing};
use crate::environment::SystemRandom;
use crate::log::Cut;
use crate::panics;

/// An object that executes calls, with its place among `maxConcurrentInstances`.
#[derive(Clone)]
pub(super) struct Instance {
    object: Arc<ServiceObject>,
    _place: Option<Arc<OwnedSemaphorePermit>>,
}

/// Counts a call as one that is executed outside of any reliable session, as long as it lives.
struct UnderWay(Arc<Endpoint>);

impl UnderWay {
    fn of(endpoint: &Arc<Endpoint>) -> Self {
        endpoint.direct.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(endpoint))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.direct.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An instance lacks a contract that its service says it has.
#[derive(Debug, thiserror::Error)]
#[error("the instance does not implement the contract {0}, which its service names")]
struct NotImplemented(&'static str);

impl Endpoint {
    /// Executes a call that stands outside of any reliable session. One that has begun is carried through, whether its
    /// caller waits for it or not, as in WCF: it must not stop in the middle of what it does. One that waits for its
    /// place is forgotten with its connection.
    pub(super) async fn execute_direct(self: &Arc<Self>, arrived: ArrivedMessage) -> Encoded {
        let ArrivedMessage { message, session, caller, reply, .. } = arrived;
        let waxwing_reliable::Body::Application(message) = message.body else {
            // Without reliable session the endpoint makes no other messages.
            return Encoded::refused("a message of a reliable session that does not exist");
        };
        let instance = self.instance().await;
        let place = self.parts.throttle.call().await;
        let identifier = session.as_ref().map(|session| session.identifier().to_owned());
        let under_way = UnderWay::of(self);
        let begun = tokio::spawn(async move {
            let UnderWay(endpoint) = &under_way;
            let (caller, session) = (caller_of(&caller), identifier.as_deref());
            let call = endpoint.perform(instance.as_ref(), &message, caller, session);
            let answer = tokio::select! {
                answer = call => answer,
                () = endpoint.stopped() => return None,
            };
            if let Ok(instance) = instance {
                endpoint.discard(instance);
            }
            // The place goes along: the next call begins when this answer counts among those that wait for their
            // readers, not before.
            Some((answer, place))
        });
        let Ok(Some((answer, _place))) = begun.await else {
            return Encoded::no_answer("the host was closed");
        };
        self.parts.endpoint.encode_direct(
            &reply,
            answer.as_deref(),
            &mut self.parts.clock.moment(&mut SystemRandom),
        )
    }

    /// An instance; waits while there are `maxConcurrentInstances`.
    ///
    /// # Errors
    /// It could not be made: what its callers hear, an internal error.
    pub(super) async fn instance(&self) -> Result<Instance, OperationFault> {
        let place = match self.parts.instances.is_shared() {
            true => None,
            false => self.parts.throttle.instance().await.map(Arc::new),
        };
        let made = panics::catch(|| self.parts.instances.instance());
        let object = made.map_err(|panicked| {
            self.failed("an instance of the service could not be made", &panicked);
            OperationFault::internal(panicked)
        })?;
        Ok(Instance { object, _place: place })
    }

    /// Drops an instance that is not used any more, which may run code of the user.
    pub(super) fn discard(&self, instance: Instance) {
        if let Err(panicked) = panics::catch(move || drop(instance)) {
            self.failed("an instance of the service could not be dropped", &panicked);
        }
    }

    /// Executes one call: its reply, or its fault as a reply; none of a one-way operation.
    pub(super) async fn execute(
        &self,
        instance: Result<&Instance, &OperationFault>,
        message: &AppMessage,
        caller: Option<Caller>,
        session: Option<&str>,
    ) -> Option<AppMessage> {
        let _place = self.parts.throttle.call().await;
        self.perform(instance, message, caller, session).await
    }

    /// The same for a caller that has its place already.
    async fn perform(
        &self,
        instance: Result<&Instance, &OperationFault>,
        message: &AppMessage,
        caller: Option<Caller>,
        session: Option<&str>,
    ) -> Option<AppMessage> {
        let is_one_way = self.is_one_way(&message.action);
        let version = message.envelope.version();
        let answered = match instance {
            Ok(instance) => {
                let context = self.context(message, caller, session);
                panics::caught(self.dispatch(&instance.object, context, message)).await
            }
            Err(fault) => Ok(Some(fault.to_outgoing(version, self.parts.faults))),
        };
        let outgoing = answered.unwrap_or_else(|panicked| {
            self.failed(&format!("the operation {} failed", Cut::of(&message.action)), &panicked);
            Some(OperationFault::internal(panicked).to_outgoing(version, self.parts.faults))
        });
        let Outgoing { action, envelope } = outgoing.filter(|_| !is_one_way)?;
        Some(AppMessage::new(ApplicationMessage::reply(action, envelope, message)))
    }

    /// All that may run code of the user: the operation, and the detail of its fault.
    async fn dispatch(
        &self,
        object: &ServiceObject,
        context: OperationContext,
        message: &AppMessage,
    ) -> Option<Outgoing> {
        let contract = self.contract(&message.action);
        let dispatched = match (self.allowed(&context).await, object.dispatcher(contract)) {
            (Err(refusal), _) => Err(refusal.fault()),
            (Ok(()), Some(dispatcher)) => {
                Counters::add(&self.counters.executed);
                dispatcher.dispatch(&context, &message.action, &message.envelope).await
            }
            (Ok(()), None) => Err(OperationFault::internal(NotImplemented(contract.name))),
        };
        let outgoing = match dispatched {
            Ok(reply) => reply?,
            Err(fault) => {
                if let Some(error) = fault.internal_error() {
                    self.failed(
                        &format!("the operation {} failed", Cut::of(&message.action)),
                        error,
                    );
                }
                fault.to_outgoing(message.envelope.version(), self.parts.faults)
            }
        };
        Some(context.complete(outgoing))
    }

    /// Asks the program whether the call may be executed.
    async fn allowed(&self, call: &OperationContext) -> Result<(), Refusal> {
        let Some(authorization) = &self.parts.authorization else { return Ok(()) };
        let decided = authorization::check(&**authorization, call).await;
        if let (Err(refusal), Some(left_out)) = (&decided, self.log.pass()) {
            let (address, action) = (self.address(), Cut::of(call.action()));
            let caller = call.caller().map_or("somebody", |caller| caller.name.as_str());
            let caller = Cut::of(caller);
            tracing::warn!(address, left_out, %caller, %action, "a call was refused: {refusal}");
        }
        decided
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
        &self,
        message: &AppMessage,
        caller: Option<Caller>,
        session: Option<&str>,
    ) -> OperationContext {
        let mut context = OperationContext::new(message.action.as_str())
            .with_endpoint_address(self.address())
            .with_message(message);
        if let Some(caller) = caller {
            context = context.with_caller(caller);
        }
        if let Some(session) = session {
            context = context.with_session_id(session);
        }
        if let Some(id) = &message.message_id {
            context = context.with_message_id(id.as_str());
        }
        context
    }
}
