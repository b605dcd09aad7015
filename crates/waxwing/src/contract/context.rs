//! What an operation can know about the call that it executes, and say beside its result.

use std::any::Any;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use waxwing_datacontract::{ContractName, DataContract, ReadError};
use waxwing_reliable::SessionId;
use waxwing_session::VerifiedRequest;
use waxwing_soap::Envelope;

use super::Outgoing;
use super::callback::{CallbackChannel, CallbackProxy, NoCallback};
use super::caller::Caller;
use super::delivery::{Delivered, DeliveryKey};
use super::header::{self, MessageHeader};
use super::quotas::ObjectQuotas;

/// The call that an operation executes. An operation that wants it takes `&OperationContext` as its first parameter.
///
/// ```
/// use waxwing::contract::{Caller, MessageHeader, OperationContext};
/// let context = OperationContext::new("urn:test/Ping")
///     .with_caller(Caller::user_name("alice"))
///     .with_session_id("urn:uuid:1");
/// assert_eq!(context.caller().map(|caller| caller.name.as_str()), Some("alice"));
/// assert_eq!(context.header::<i32>("Ticket", "urn:shop")?, None);
/// context.add_reply_header(MessageHeader::new("Status", "urn:shop", &7).unwrap());
/// # Ok::<(), waxwing::datacontract::ReadError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct OperationContext {
    /// Once somebody asks, where it is that of the request.
    caller: OnceLock<Option<Caller>>,
    session_id: Option<Arc<str>>,
    /// Where it is not that of the request.
    action: String,
    /// Where it is not that of the request.
    message_id: Option<String>,
    peer: Option<SocketAddr>,
    endpoint: Option<Arc<str>>,
    request: Option<Request>,
    quotas: ObjectQuotas,
    delivered: Option<Delivered>,
    callback: Option<CallbackChannel>,
    reply: Arc<Mutex<ReplyParts>>,
}

/// What the host knows of a call beside its request.
pub(crate) struct CallFacts<'a> {
    pub(crate) endpoint: Arc<str>,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) session: Option<&'a SessionId>,
    pub(crate) quotas: ObjectQuotas,
    pub(crate) callback: Option<CallbackChannel>,
    pub(crate) delivered: Option<Delivered>,
}

/// The request, shared with whoever else holds it.
#[derive(Clone, Debug)]
enum Request {
    Verified(Arc<VerifiedRequest>),
    /// Of a host that is not ours.
    Given(Arc<Envelope>),
}

impl Request {
    fn envelope(&self) -> &Envelope {
        match self {
            Self::Verified(request) => request.envelope(),
            Self::Given(envelope) => envelope,
        }
    }
}

/// What the operation says about its reply.
#[derive(Debug, Default)]
struct ReplyParts {
    action: Option<String>,
    headers: Vec<MessageHeader>,
}

impl OperationContext {
    /// A call with this action, by nobody known, outside any session.
    pub fn new(action: impl Into<String>) -> Self {
        Self { action: action.into(), ..Self::default() }
    }

    /// The same, called by `caller`.
    #[must_use]
    pub fn with_caller(mut self, caller: Caller) -> Self {
        self.caller = OnceLock::from(Some(caller));
        self
    }

    /// The same, inside a session.
    #[must_use]
    pub fn with_session_id(mut self, id: impl Into<String>) -> Self {
        self.session_id = Some(id.into().into());
        self
    }

    /// The same, with the identifier of the request.
    #[must_use]
    pub fn with_message_id(mut self, id: impl Into<String>) -> Self {
        self.message_id = Some(id.into());
        self
    }

    /// The same, from this address.
    #[must_use]
    pub fn with_peer_address(mut self, peer: SocketAddr) -> Self {
        self.peer = Some(peer);
        self
    }

    /// The same, at the endpoint of this address.
    #[must_use]
    pub fn with_endpoint_address(mut self, address: impl Into<Arc<str>>) -> Self {
        self.endpoint = Some(address.into());
        self
    }

    /// The same with this request, whose headers the operation can read.
    #[must_use]
    pub fn with_request(mut self, request: Envelope) -> Self {
        self.request = Some(Request::Given(Arc::new(request)));
        self
    }

    /// The same, with what the values of its messages may hold.
    #[must_use]
    pub fn with_quotas(mut self, quotas: ObjectQuotas) -> Self {
        self.quotas = quotas;
        self
    }

    /// The same, executing this message for so many a time (from 1), in an open transaction of the application, if there is one:
    /// what [`transaction`](Self::transaction) gives by its type.
    #[must_use]
    pub fn with_delivery(
        self,
        key: DeliveryKey,
        attempt: u32,
        transaction: Option<Arc<dyn Any + Send + Sync>>,
    ) -> Self {
        Self { delivered: Some(Delivered { key, attempt, transaction }), ..self }
    }

    /// The same, called over a channel on which its caller can be called back.
    #[must_use]
    pub fn with_callback(mut self, channel: CallbackChannel) -> Self {
        self.callback = Some(channel);
        self
    }

    /// A call by this request, which the session delivered; of nobody whom the operation could ask for.
    pub(crate) fn of(request: &Arc<VerifiedRequest>) -> Self {
        let (request, nobody) = (Request::Verified(Arc::clone(request)), OnceLock::from(None));
        Self { request: Some(request), caller: nobody, ..Self::default() }
    }

    /// The same at the endpoint of a host. It is large, and futures hold it: by a pointer.
    pub(crate) fn at(request: &Arc<VerifiedRequest>, facts: CallFacts<'_>) -> Box<Self> {
        let CallFacts { endpoint, peer, session, quotas, callback, delivered } = facts;
        Box::new(Self {
            caller: OnceLock::new(),
            session_id: session.map(SessionId::shared),
            action: String::new(),
            message_id: None,
            peer,
            endpoint: Some(endpoint),
            request: Some(Request::Verified(Arc::clone(request))),
            quotas,
            delivered,
            callback,
            reply: Arc::default(),
        })
    }

    fn verified(&self) -> Option<&VerifiedRequest> {
        match &self.request {
            Some(Request::Verified(request)) => Some(request),
            Some(Request::Given(_)) | None => None,
        }
    }

    /// Who calls; none without authentication.
    pub fn caller(&self) -> Option<&Caller> {
        let proven = || self.verified().map(VerifiedRequest::caller);
        let caller =
            || proven().filter(|own| own.is_authenticated()).map(|own| Caller::from(&**own));
        self.caller.get_or_init(caller).as_ref()
    }

    /// The session; none without one.
    pub fn session_id(&self) -> Option<&str> {
        self.session_id.as_deref()
    }

    /// Which message of a reliable session is executed: the same key whenever the same message is executed again. None outside of
    /// reliable sessions.
    pub fn delivery(&self) -> Option<&DeliveryKey> {
        self.delivered.as_ref().map(|delivered| &delivered.key)
    }

    /// How often the message was begun to be executed, this time included, as far as that was recorded: 1 unless the process died
    /// while it was executed. An endpoint without a store always says 1.
    pub fn attempt(&self) -> u32 {
        self.delivered.as_ref().map_or(1, |delivered| delivered.attempt)
    }

    /// The open transaction of the application, of an operation with `delivery = "transaction"`:
    /// [`SqliteTransaction`](crate::store::application::SqliteTransaction), or the type that one's own
    /// [`ApplicationTransactions`](crate::store::application::ApplicationTransactions) hands out. The host commits it, with a mark
    /// of the message and its reply, when the operation has given a result; it is rolled back when it gives an error, unless the
    /// error is an answer that stands ([`OperationFault::committed`](super::OperationFault::committed)). None of another
    /// type, and of operations that have none.
    pub fn transaction<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let transaction = self.delivered.as_ref()?.transaction.clone()?;
        transaction.downcast().ok()
    }

    /// A proxy that calls the caller back (`OperationContext.GetCallbackChannel<T>`), of the callback contract that the
    /// service contract names: `context.callback::<ListenerClient<_>>()?`. It stays good until the session closes, after this
    /// operation, too: keep it to tell the client later.
    ///
    /// A two-way call of it waits for the client's reply, which is processed only after this operation, unless the service
    /// says [`ConcurrencyMode::Reentrant`](crate::service::ConcurrencyMode) or `Multiple`: without that it is an error at
    /// once. One-way calls go in any mode.
    ///
    /// # Errors
    /// See [`NoCallback`]; it converts into an [`OperationFault`](super::OperationFault) with `?`.
    pub fn callback<P: CallbackProxy>(&self) -> Result<P, NoCallback> {
        self.callback.as_ref().ok_or(NoCallback::NotDuplex)?.proxy()
    }

    /// The channel on which the caller can be called back; none on one without.
    pub fn callback_channel(&self) -> Option<&CallbackChannel> {
        self.callback.as_ref()
    }

    /// The action of the request.
    pub fn action(&self) -> &str {
        self.verified().map_or(&*self.action, VerifiedRequest::action)
    }

    /// The `MessageID` of the request; none when it has none.
    pub fn message_id(&self) -> Option<&str> {
        let own = self.verified().and_then(|request| request.addressing().message_id.as_deref());
        own.or(self.message_id.as_deref())
    }

    /// What the values of the request and of the reply may hold.
    pub fn quotas(&self) -> ObjectQuotas {
        self.quotas
    }

    /// The address that the request came from (`RemoteEndpointMessageProperty`): the last one on the way, a proxy's perhaps.
    /// None where the transport does not tell.
    pub fn peer_address(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// The address of the endpoint that took the request (`EndpointDispatcher.EndpointAddress`).
    pub fn endpoint_address(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// The first header of this name in the request that is for the service (`IncomingMessageHeaders.GetHeader`); none
    /// without one.
    ///
    /// **What the contract does not declare is not protected**, as in WCF: anybody on the way can have written it. Declare a
    /// header that decides anything (`#[param(header)]`).
    ///
    /// # Errors
    /// Content that is not of the data contract `T`.
    pub fn header<T: DataContract>(
        &self,
        local: &str,
        namespace: &str,
    ) -> Result<Option<T>, ReadError> {
        match &self.request {
            Some(request) => header::read(request.envelope(), local, namespace),
            None => Ok(None),
        }
    }

    /// The names of all headers of the request, those of the protocols included.
    pub fn header_names(&self) -> Vec<ContractName> {
        self.request.as_ref().map(|request| header::names(request.envelope())).unwrap_or_default()
    }

    /// Adds a header to the reply, or to the fault that goes out in its place (`OutgoingMessageHeaders.Add`). A one-way
    /// operation has no reply: there it does nothing.
    pub fn add_reply_header(&self, header: MessageHeader) {
        self.reply().headers.push(header);
    }

    /// Gives the reply another action than the contract says (`OutgoingMessageHeaders.Action`). A client whose contract
    /// says another one refuses it; the action of a fault is [`OperationFault::with_action`](super::OperationFault).
    pub fn set_reply_action(&self, action: impl Into<String>) {
        self.reply().action = Some(action.into());
    }

    /// The reply, or the fault, with what the operation said about it: what a host does with the message that comes of
    /// [`Dispatch::dispatch`](super::Dispatch::dispatch). The action of a fault stays as it is.
    #[must_use]
    pub fn complete(&self, mut outgoing: Outgoing) -> Outgoing {
        let ReplyParts { action, headers } = std::mem::take(&mut *self.reply());
        if let Some(action) = action.filter(|_| !outgoing.envelope.is_fault()) {
            outgoing.action = action;
        }
        for header in headers {
            header.write(&mut outgoing.envelope);
        }
        outgoing
    }

    fn reply(&self) -> MutexGuard<'_, ReplyParts> {
        self.reply.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
