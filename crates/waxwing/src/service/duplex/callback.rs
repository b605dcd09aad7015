//! The channel back to the client of one session.

use std::sync::{Arc, Weak};

use tokio::sync::oneshot;
use waxwing_session::{
    AppMessage, ApplicationMessage, CallId, ConcurrencyMode, DispatchId, DuplexInput, ServiceInput,
    SessionError,
};
use waxwing_soap::{Envelope, MessageVersion};

use super::conversations::CallResult;
use crate::contract::{
    Behavior, CallError, CallbackChannel, DuplexChannelId, Executing, MOST_HELD, ObjectQuotas,
    Request, RequestChannel, into_tree,
};
use crate::environment::SystemRandom;
use crate::future::BoxFuture;
use crate::service::endpoint::Endpoint;

/// The channel back to the client of one session. It outlives the operation that got it.
pub(in crate::service) struct SessionChannel {
    endpoint: Weak<Endpoint>,
    session: Arc<str>,
    version: MessageVersion,
    quotas: ObjectQuotas,
}

/// Somebody who waits for a callback; the engine hears it when he goes.
struct Waits<'a> {
    endpoint: &'a Arc<Endpoint>,
    call: CallId,
    has_ended: bool,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.endpoint.drive(|state, at| {
                if let Some(duplex) = &mut state.duplex {
                    duplex.given_up(self.call, at);
                }
            });
        }
    }
}

tokio::task_local! {
    /// The call that this task executes, and where; none of a service that is not reentrant.
    static EXECUTES: Option<(usize, DispatchId)>;
}

/// Which endpoint it is, among those that live.
fn name_of(endpoint: &Arc<Endpoint>) -> usize {
    Arc::as_ptr(endpoint).addr()
}

/// Executes a call that may call clients in turn. No function that is `async`: its future would have room for each way.
pub(in crate::service) fn within<F: Future>(
    endpoint: &Arc<Endpoint>,
    call: DispatchId,
    run: F,
) -> impl Future<Output = F::Output> + use<F> {
    let executes = is_reentrant(endpoint).then(|| (name_of(endpoint), call));
    EXECUTES.scope(executes, run)
}

fn is_reentrant(endpoint: &Endpoint) -> bool {
    let modes = endpoint.parts.instances.modes();
    endpoint.parts.is_duplex() && modes.concurrency == ConcurrencyMode::Reentrant
}

/// A call that waits for a client: others may run meanwhile.
struct CalledOut<'a> {
    endpoint: &'a Arc<Endpoint>,
    call: DispatchId,
    is_back: bool,
}

impl<'a> CalledOut<'a> {
    /// The call that this task executes, if it is one of a reentrant service.
    fn begin(endpoint: &'a Arc<Endpoint>) -> Option<Self> {
        let (at, call) = EXECUTES.try_with(|own| *own).ok().flatten()?;
        if at != name_of(endpoint) {
            return None;
        }
        endpoint.give(ServiceInput::CallsOut(call));
        Some(Self { endpoint, call, is_back: false })
    }

    /// Waits until nobody else runs.
    async fn back(mut self) {
        let (sender, receiver) = oneshot::channel();
        let call = self.call;
        self.endpoint.drive(|state, at| {
            state.returning.insert(call, sender);
            state.engine.handle(ServiceInput::Returns(call), at);
        });
        self.is_back = true;
        let _ = receiver.await;
    }
}

impl Drop for CalledOut<'_> {
    fn drop(&mut self) {
        if !self.is_back {
            self.endpoint.give(ServiceInput::Returns(self.call));
        }
    }
}

impl SessionChannel {
    pub(in crate::service) fn new(endpoint: &Arc<Endpoint>, session: &str) -> Self {
        Self {
            version: endpoint.parts.endpoint.settings().version,
            quotas: endpoint.parts.object_quotas,
            endpoint: Arc::downgrade(endpoint),
            session: session.into(),
        }
    }

    async fn call(
        &self,
        request: Request<'_>,
        one_way: bool,
    ) -> Result<Option<Envelope>, CallError> {
        let gone = || CallError::channel("the host that this client called is closed");
        let endpoint = self.endpoint.upgrade().ok_or_else(gone)?;
        let Request { action, mut message, timeout, .. } = request;
        // Messages of links are whole.
        into_tree(&mut message, MOST_HELD).await.map_err(CallError::channel)?;
        let timeout = timeout.unwrap_or(endpoint.parts.send_timeout);
        let message = ApplicationMessage::request(action, message, one_way, &mut SystemRandom);
        let (message, session) = (AppMessage::new(message), (&*self.session).into());
        let (sender, receiver) = oneshot::channel::<CallResult>();
        let call = endpoint.drive(|state, at| {
            let duplex = state.duplex.as_mut()?;
            let call = duplex.calls(sender);
            let deadline = at.time + timeout;
            duplex.engine.handle(DuplexInput::Call { session, call, message, deadline }, at);
            Some(call)
        });
        let call = call.ok_or_else(gone)?;
        let out = if one_way { None } else { CalledOut::begin(&endpoint) };
        let mut waits = Waits { endpoint: &endpoint, call, has_ended: false };
        let result = receiver.await;
        waits.has_ended = true;
        if let Some(out) = out {
            out.back().await;
        }
        let result = result.unwrap_or_else(|_| {
            Err(SessionError::Aborted("the session of the client was given up".to_owned()))
        });
        let own =
            |reply| Arc::try_unwrap(reply).unwrap_or_else(|shared: AppMessage| (*shared).clone());
        match result {
            Ok(reply) => Ok(reply.map(|reply| own(reply).envelope)),
            Err(error) => Err(CallError::channel(error)),
        }
    }
}

impl RequestChannel for SessionChannel {
    fn message_version(&self) -> MessageVersion {
        self.version
    }

    fn quotas(&self) -> ObjectQuotas {
        self.quotas
    }

    fn request<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Result<Envelope, CallError>> {
        Box::pin(async move {
            let reply = self.call(request, false).await?;
            reply.ok_or_else(|| CallError::channel(SessionError::NoReply))
        })
    }

    fn send_one_way<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Result<(), CallError>> {
        Box::pin(async move { self.call(request, true).await.map(drop) })
    }
}

impl Endpoint {
    /// Which channel a session over links is to the operations that it executes.
    fn duplex_id(&self, session: &str) -> Option<DuplexChannelId> {
        let mut state = self.sessions.lock();
        state.duplex.as_mut()?.id_of(session)
    }

    /// The operation that a session over links executes: known while it runs, so that it does not wait for itself.
    pub(in crate::service) fn executing(&self, session: &str) -> Option<Executing> {
        self.parts.callback()?;
        let (channel, behavior) = (self.duplex_id(session)?, Behavior::Service);
        let concurrency = self.parts.instances.modes().concurrency;
        Some(Executing { channel, concurrency, behavior })
    }

    /// The channel back to the client of a session over links, where the contract has callbacks.
    pub(in crate::service) fn callback_channel(
        self: &Arc<Self>,
        session: &str,
    ) -> Option<CallbackChannel> {
        let callback = self.parts.callback()?;
        let id = self.duplex_id(session)?;
        let channel = Arc::new(SessionChannel::new(self, session));
        Some(CallbackChannel::of_session(channel, Some(callback), id))
    }
}
