//! Callbacks: the service calls its client, over the session of the call that it executes or has executed.
//!
//! A callback contract is a trait with [`service_contract`](super::service_contract) of the same name and namespace as the
//! service contract that names it (`callback = …`), because its actions are made of those. What the macro makes of the trait
//! serves both ends: the client of it is the proxy that an operation gets from its
//! [`OperationContext`](super::OperationContext::callback), the service of it goes around the object that a client gives when
//! it opens its channel ([`CallbackInstance`]).

use std::fmt;
use std::sync::Arc;

use waxwing_session::ConcurrencyMode;
use waxwing_soap::{Envelope, MessageVersion};

use super::description::ContractDescription;
use super::error::CallError;
use super::owned::OwnedContract;
use super::quotas::ObjectQuotas;
use super::{BoxFuture, Dispatch, Request, RequestChannel};

/// The channel back to a client: what a callback proxy calls over. It stays good until the session closes, after the
/// operation that got it, too, and in any task. Cheap to clone.
#[derive(Clone)]
pub struct CallbackChannel {
    channel: Arc<dyn RequestChannel>,
    contract: Option<&'static ContractDescription>,
    session: DuplexChannelId,
}

impl CallbackChannel {
    /// Over `channel`, which sends to the client. `contract` is the callback contract of the service.
    ///
    /// The host makes one for each session. An implementation of [`RequestChannel`] of one's own serves tests.
    pub fn new(
        channel: Arc<dyn RequestChannel>,
        contract: Option<&'static ContractDescription>,
    ) -> Self {
        Self::of_session(channel, contract, DuplexChannelId::new())
    }

    /// The same of a session that is known by its identifier: whoever executes its operations says so with it.
    pub(crate) fn of_session(
        channel: Arc<dyn RequestChannel>,
        contract: Option<&'static ContractDescription>,
        session: DuplexChannelId,
    ) -> Self {
        Self { channel, contract, session }
    }

    /// A proxy of this contract over the channel.
    ///
    /// # Errors
    /// The service's callback contract is another one, or it has none.
    pub fn proxy<P: CallbackProxy>(&self) -> Result<P, NoCallback> {
        let asked = P::contract();
        match self.contract {
            None => Err(NoCallback::NoContract),
            Some(own) if has_all(own, asked) => Ok(P::over(self.clone())),
            Some(own) => {
                let (own, asked) = (own.trait_path, asked.trait_path);
                Err(NoCallback::OtherContract { own, asked })
            }
        }
    }
}

/// Whether the client's contract has every operation of the proxy's: it is the same, or inherits from it.
fn has_all(own: &ContractDescription, asked: &ContractDescription) -> bool {
    let has = |action: &str| own.operations.iter().any(|operation| operation.action == action);
    asked.operations.iter().all(|operation| has(operation.action))
}

impl RequestChannel for CallbackChannel {
    fn message_version(&self) -> MessageVersion {
        self.channel.message_version()
    }

    fn quotas(&self) -> ObjectQuotas {
        self.channel.quotas()
    }

    fn request<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Result<Envelope, CallError>> {
        match would_deadlock(&self.session) {
            Some(error) => Box::pin(std::future::ready(Err(error))),
            None => self.channel.request(request),
        }
    }

    fn send_one_way<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Result<(), CallError>> {
        self.channel.send_one_way(request)
    }
}

impl fmt::Debug for CallbackChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let contract = self.contract.map(|contract| contract.name);
        f.debug_struct("CallbackChannel").field("contract", &contract).finish_non_exhaustive()
    }
}

/// A generated client that calls a client back. The macro implements it for the client of every contract.
pub trait CallbackProxy: Sized {
    /// The contract that it calls.
    fn contract() -> &'static ContractDescription;

    /// The proxy over a channel.
    fn over(channel: CallbackChannel) -> Self;
}

/// Why an operation has nobody to call back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoCallback {
    /// The call did not come over a duplex channel.
    #[error(
        "this call came over a channel on which nobody can be called back: its binding has no callbacks (netTcpBinding, \
         wsDualHttpBinding and netHttpBinding have them), or its contract has no callback contract"
    )]
    NotDuplex,
    /// The contract has no callback contract.
    #[error(
        "the contract of the service has no callback contract: write callback = … in its service_contract attribute"
    )]
    NoContract,
    /// The contract has another one.
    #[error("the callback contract of the service is {own}, and a proxy of {asked} was asked for")]
    OtherContract {
        /// The trait of the service's callback contract.
        own: &'static str,
        /// The trait of the proxy.
        asked: &'static str,
    },
}

/// What a client is called back on: the service of a callback contract, around an object of the program's.
///
/// Its operations run one at a time, in the order in which the service sent them, unless
/// [`concurrency`](Self::concurrency) says otherwise (`CallbackBehaviorAttribute.ConcurrencyMode`).
#[derive(Clone)]
pub struct CallbackInstance {
    dispatch: Arc<dyn Dispatch>,
    concurrency: ConcurrencyMode,
}

impl CallbackInstance {
    /// Calls go to `service`: what the macro made of the callback trait, around its implementation.
    pub fn new(service: impl Dispatch + 'static) -> Self {
        Self { dispatch: Arc::new(service), concurrency: ConcurrencyMode::Single }
    }

    /// How many operations run at a time. An operation that calls the service in turn, and waits for the reply, needs
    /// [`ConcurrencyMode::Reentrant`] or [`ConcurrencyMode::Multiple`].
    #[must_use]
    pub fn concurrency(mut self, concurrency: ConcurrencyMode) -> Self {
        self.concurrency = concurrency;
        self
    }

    /// The contract.
    pub fn contract(&self) -> &'static ContractDescription {
        self.dispatch.contract()
    }

    /// What executes its operations.
    pub fn dispatch(&self) -> &Arc<dyn Dispatch> {
        &self.dispatch
    }

    /// How many run at a time.
    pub fn mode(&self) -> ConcurrencyMode {
        self.concurrency
    }
}

impl<D: Dispatch + 'static> From<D> for CallbackInstance {
    fn from(service: D) -> Self {
        Self::new(service)
    }
}

impl fmt::Debug for CallbackInstance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackInstance")
            .field("contract", &self.contract().name)
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}

impl OwnedContract {
    /// Why a channel of this contract cannot be made with this callback object, or without one.
    pub(crate) fn refuses_callback(&self, instance: Option<&CallbackInstance>) -> Option<String> {
        match (self.callback(), instance) {
        (None, None) => None,
        (Some(_), None) => Some(
            "This CreateChannel overload cannot be called on this instance of DuplexChannelFactory, as the \
             DuplexChannelFactory was not initialized with an InstanceContext.  Please call the CreateChannel overload that \
             takes an InstanceContext. (the contract has callbacks: give ChannelFactory::callback what they call)"
                .to_owned(),
        ),
        (None, Some(_)) => Some(format!(
            "The callback contract of contract {} either does not exist or does not define any operations.  If this is not a \
             duplex contract, consider using ChannelFactory instead of DuplexChannelFactory. (leave ChannelFactory::callback \
             out, or write callback = … in the contract's service_contract attribute)",
            self.name()
        )),
        (Some(callback), Some(instance)) => {
            let own = instance.contract();
            let lacking = callback.operations().iter().find(|o| own.operation(o.action()).is_none())?;
            Some(format!(
                "the callback object is of the contract {}, which lacks the operation {} of the contract's callback contract",
                own.trait_path,
                lacking.name()
            ))
        }
    }
    }
}

/// One end of a duplex channel in this process.
#[derive(Clone, Debug)]
pub(crate) struct DuplexChannelId(Arc<()>);

impl DuplexChannelId {
    pub(crate) fn new() -> Self {
        // Each has an allocation of its own: one address is one channel.
        Self(Arc::new(()))
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Which attribute of WCF says how many operations run at a time: the service's, or the callback object's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behavior {
    Service,
    Callback,
}

impl Behavior {
    fn attribute(self) -> &'static str {
        match self {
            Self::Service => "ServiceBehaviorAttribute",
            Self::Callback => "CallbackBehaviorAttribute",
        }
    }

    /// What that is here.
    fn setting(self) -> &'static str {
        match self {
            Self::Service => {
                "here: .concurrency(ConcurrencyMode::Reentrant) of the ServiceInstances that the host opens with"
            }
            Self::Callback => {
                "here: .callback(CallbackInstance::new(…).concurrency(ConcurrencyMode::Reentrant)) of the ChannelFactory"
            }
        }
    }
}

/// An operation that is executed: what came over which channel, and how many run beside it.
#[derive(Clone, Debug)]
pub(crate) struct Executing {
    pub(crate) channel: DuplexChannelId,
    pub(crate) concurrency: ConcurrencyMode,
    pub(crate) behavior: Behavior,
}

tokio::task_local! {
    static EXECUTING: Executing;
}

/// Runs an operation of a duplex channel, which is then known while it runs, in its own task.
pub(crate) async fn executing<F: Future>(operation: Executing, run: F) -> F::Output {
    EXECUTING.scope(operation, run).await
}

/// The error of a call that waits for a reply over `channel`, if the operation that makes it holds the channel up until it is
/// done (WCF's `SFxCallbackRequestReplyInOrder1`).
pub(crate) fn would_deadlock(channel: &DuplexChannelId) -> Option<CallError> {
    EXECUTING
        .try_with(|operation| {
            let waits = operation.concurrency == ConcurrencyMode::Single;
            (waits && operation.channel.is(channel))
                .then(|| CallError::channel(Deadlock(operation.behavior)))
        })
        .ok()
        .flatten()
}

/// An operation waits for a reply that cannot come before it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "This operation would deadlock because the reply cannot be received until the current Message completes processing. If you \
     want to allow out-of-order message processing, specify ConcurrencyMode of Reentrant or Multiple on {}. ({}; or make the \
     callback one-way, or call from another task)",
    .0.attribute(), .0.setting()
)]
struct Deadlock(Behavior);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{OperationFault, service_contract};

    /// Answers at once.
    struct Echo;

    impl RequestChannel for Echo {
        fn message_version(&self) -> MessageVersion {
            MessageVersion::SOAP12_ADDRESSING10
        }

        fn request<'a>(
            &'a self,
            request: Request<'a>,
        ) -> BoxFuture<'a, Result<Envelope, CallError>> {
            Box::pin(async move { Ok(request.message) })
        }

        fn send_one_way<'a>(&'a self, _: Request<'a>) -> BoxFuture<'a, Result<(), CallError>> {
            Box::pin(async { Ok(()) })
        }
    }

    fn message() -> Request<'static> {
        Request::new("urn:x", Envelope::new(MessageVersion::SOAP12_ADDRESSING10))
    }

    /// A two-way and a one-way call over `channel`, from within an operation of the channel `of`.
    async fn within(
        channel: &CallbackChannel,
        of: &DuplexChannelId,
        concurrency: ConcurrencyMode,
        behavior: Behavior,
    ) -> (Result<(), String>, bool) {
        let operation = Executing { channel: of.clone(), concurrency, behavior };
        executing(operation, async {
            let request = channel.request(message()).await;
            let one_way = channel.send_one_way(message()).await;
            (request.map(drop).map_err(|error| error.to_string()), one_way.is_ok())
        })
        .await
    }

    #[tokio::test]
    async fn a_call_that_waits_for_itself_is_an_error_at_once() {
        let id = DuplexChannelId::new();
        let channel = CallbackChannel::of_session(Arc::new(Echo), None, id.clone());
        let single = ConcurrencyMode::Single;
        let (two_way, one_way) = within(&channel, &id, single, Behavior::Service).await;
        let expected = "This operation would deadlock because the reply cannot be received until the current Message completes \
                        processing. If you want to allow out-of-order message processing, specify ConcurrencyMode of \
                        Reentrant or Multiple on ServiceBehaviorAttribute.";
        let (told, is_sent) = (two_way.unwrap_err(), one_way);
        assert!(told.starts_with(expected) && told.contains("ServiceInstances"), "{told}");
        assert!(is_sent);
        let (two_way, _) = within(&channel, &id, single, Behavior::Callback).await;
        let told = two_way.unwrap_err();
        assert!(
            told.contains("on CallbackBehaviorAttribute. (") && told.contains("CallbackInstance")
        );
        for mode in [ConcurrencyMode::Reentrant, ConcurrencyMode::Multiple] {
            assert_eq!(within(&channel, &id, mode, Behavior::Service).await, (Ok(()), true));
        }
        // Another client waits for nothing of this one.
        let other = DuplexChannelId::new();
        assert_eq!(within(&channel, &other, single, Behavior::Service).await, (Ok(()), true));
    }

    /// What a task of its own waits for holds up nobody.
    #[tokio::test]
    #[allow(clippy::async_yields_async, reason = "the operation ends before its task does")]
    async fn a_call_from_another_task_waits_its_turn() {
        let id = DuplexChannelId::new();
        let channel = CallbackChannel::of_session(Arc::new(Echo), None, id.clone());
        let operation = Executing {
            channel: id,
            concurrency: ConcurrencyMode::Single,
            behavior: Behavior::Service,
        };
        let spawned = executing(operation, async {
            let channel = channel.clone();
            tokio::spawn(async move { channel.request(message()).await.is_ok() })
        });
        assert!(spawned.await.await.expect("not cancelled"));
        assert!(channel.request(message()).await.is_ok());
    }

    #[service_contract(crate = "crate", namespace = "urn:c", name = "IChat", callback = Listener)]
    trait Chat {
        async fn say(&self) -> Result<(), OperationFault>;
    }

    #[service_contract(crate = "crate", namespace = "urn:c", name = "IChat")]
    trait Listener {
        #[operation(one_way)]
        async fn heard(&self) -> Result<(), OperationFault>;
    }

    #[service_contract(crate = "crate", namespace = "urn:o", name = "IOther")]
    trait Other {
        async fn other(&self) -> Result<(), OperationFault>;
    }

    struct Ear;

    impl Listener for Ear {
        async fn heard(&self) -> Result<(), OperationFault> {
            Ok(())
        }
    }

    impl Other for Ear {
        async fn other(&self) -> Result<(), OperationFault> {
            Ok(())
        }
    }

    #[test]
    fn a_callback_object_belongs_to_a_contract_with_callbacks() {
        let chat = OwnedContract::from(&CHAT_CONTRACT);
        let other = OwnedContract::from(&OTHER_CONTRACT);
        let ear = CallbackInstance::from(ListenerService::new(Ear));
        let wrong = CallbackInstance::from(OtherService::new(Ear));
        assert_eq!(other.refuses_callback(None), None);
        assert_eq!(chat.refuses_callback(Some(&ear)), None);
        assert!(
            chat.refuses_callback(None).unwrap().starts_with("This CreateChannel overload cannot")
        );
        let text = other.refuses_callback(Some(&ear)).unwrap();
        assert!(text.starts_with("The callback contract of contract IOther either"), "{text}");
        let text = chat.refuses_callback(Some(&wrong)).unwrap();
        assert!(text.contains("lacks the operation Heard"), "{text}");
    }
}
