//! Contracts: what a client calls and a host dispatches to.
//!
//! A service contract is a Rust trait with the attribute [`service_contract`]; its parameters and results are data
//! contracts. The macro makes three things of the trait:
//!
//! * the trait itself, to be implemented by a service; its futures are `Send`;
//! * a client (`CalculatorClient`), which turns a call into an envelope for a [`RequestChannel`] and reads the reply;
//! * a service (`CalculatorService`), which implements [`Dispatch`] around an implementation of the trait.
//!
//! Both ends know no transport, no security and no reliability: a message here has a body, and application headers at most.
//!
//! ```
//! # mod samples {
//! use waxwing::contract::{
//!     BoxFuture, CallError, Dispatch, FaultOptions, OperationContext, OperationFault, Request, RequestChannel,
//!     service_contract,
//! };
//! use waxwing::soap::{Envelope, MessageVersion};
//!
//! #[service_contract(namespace = "http://Microsoft.ServiceModel.Samples", name = "ICalculator")]
//! pub trait Calculator {
//!     async fn add(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;
//! }
//!
//! struct Plain;
//!
//! impl Calculator for Plain {
//!     async fn add(&self, n1: f64, n2: f64) -> Result<f64, OperationFault> {
//!         Ok(n1 + n2)
//!     }
//! }
//!
//! /// A channel that is as short as can be: it hands every request to a service in the same process.
//! struct Local(CalculatorService<Plain>);
//!
//! impl RequestChannel for Local {
//!     fn message_version(&self) -> MessageVersion {
//!         MessageVersion::SOAP12_ADDRESSING10
//!     }
//!
//!     fn request<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Result<Envelope, CallError>> {
//!         Box::pin(async move {
//!             let Request { action, message, .. } = request;
//!             let context = OperationContext::new(action);
//!             match self.0.dispatch(&context, action, &message).await {
//!                 Ok(Some(reply)) => Ok(reply.envelope),
//!                 Ok(None) => Err(CallError::channel("the operation is one-way")),
//!                 Err(fault) => Err(CallError::Fault(fault.to_fault(message.version(), FaultOptions::default()).1)),
//!             }
//!         })
//!     }
//!
//!     fn send_one_way<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Result<(), CallError>> {
//!         Box::pin(async move { self.request(request).await.map(drop) })
//!     }
//! }
//!
//! # pub(crate) async fn run() -> Result<(), CallError> {
//! let client = CalculatorClient::new(Local(CalculatorService::new(Plain)));
//! assert_eq!(client.add(100.0, 15.99).await?, 115.99);
//! # Ok(()) }
//! # }
//! # let mut run = std::pin::pin!(samples::run());
//! # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
//! # assert!(matches!(run.as_mut().poll(&mut context), std::task::Poll::Ready(Ok(()))));
//! ```

mod body;
mod call;
mod callback;
mod caller;
mod client;
mod context;
mod delivery;
mod description;
mod error;
mod exported;
mod fault;
mod header;
mod inherit;
mod message;
mod options;
mod owned;
mod quotas;
mod raw;
mod stream;

use std::sync::Arc;

use waxwing_soap::{Envelope, MessageVersion};

pub use crate::future::BoxFuture;
pub use body::BodyError;
pub use call::{Answer, Call, MessageFormat};
pub(crate) use callback::{Behavior, DuplexChannelId, Executing, executing, would_deadlock};
pub use callback::{CallbackChannel, CallbackInstance, CallbackProxy, NoCallback};
pub use caller::{Caller, Claim, ClaimRight, ClaimValue, Identity, claim_types};
pub(crate) use context::CallFacts;
pub use context::OperationContext;
pub(crate) use delivery::Delivered;
pub use delivery::{Delivery, DeliveryKey};
pub use description::{ContractDescription, DeclaringContract, OperationDescription};
pub use error::{CallError, ContractError, FaultDetail};
pub use fault::{DELIVERY, ExceptionDetail, FaultOptions, OperationFault};
pub use header::{MessageHeader, ReplyHeaders};
pub use message::{
    BodyDescription, ElementName, FaultDescription, MessageDescription, PartDescription, PartForm,
};
pub(crate) use message::{StreamPlace, describe_raw};
pub use options::{CallOptions, Configured};
pub use owned::{OwnedContract, OwnedMessage, OwnedOperation};
pub use quotas::ObjectQuotas;
pub use raw::{RawBody, RawMessage};
pub use stream::MessageStream;
pub(crate) use stream::{MOST_HELD, into_tree, put as put_stream, take as take_stream};
pub use waxwing_binding::SessionMode;
pub use waxwing_macros::service_contract;
pub use waxwing_security::ProtectionLevel;

/// What a proxy calls. Implemented by the client channel.
pub trait RequestChannel: Send + Sync {
    /// The versions that requests are to be written in.
    fn message_version(&self) -> MessageVersion;

    /// What the values of requests and replies may hold; without a word, as much as a message can.
    fn quotas(&self) -> ObjectQuotas {
        ObjectQuotas::default()
    }

    /// Sends a request and waits for the reply; the channel adds addressing.
    fn request<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Result<Envelope, CallError>>;

    /// Sends a message that nothing answers.
    fn send_one_way<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Result<(), CallError>>;
}

/// A request as a client gives it to its channel.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Request<'a> {
    /// The action.
    pub action: &'a str,
    /// An envelope that has only a body and application headers.
    pub message: Envelope,
    /// How long the call may take; none: as long as the channel says.
    pub timeout: Option<std::time::Duration>,
}

impl<'a> Request<'a> {
    /// A request with the time that the channel says.
    pub fn new(action: &'a str, message: Envelope) -> Self {
        Self { action, message, timeout: None }
    }
}

/// What a host dispatches to. Implemented by generated code around a user's implementation of the trait.
pub trait Dispatch: Send + Sync {
    /// Name, namespace and operations of the contract.
    fn contract(&self) -> &'static ContractDescription;

    /// Executes the operation of `action` with the parameters in the body of `message`: the reply, or none of a one-way
    /// operation.
    ///
    /// An action that the contract does not have, and a body that cannot be read, are faults, too.
    fn dispatch<'a>(
        &'a self,
        context: &'a OperationContext,
        action: &'a str,
        message: &'a Envelope,
    ) -> BoxFuture<'a, Result<Option<Outgoing>, OperationFault>>;
}

/// A message that goes out: its action, and an envelope with a body (and application headers), without addressing.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The action.
    pub action: String,
    /// Body and application headers.
    pub envelope: Envelope,
}

/// The channel behind a pointer is a channel.
macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<C: RequestChannel + ?Sized> RequestChannel for $pointer {
            fn message_version(&self) -> MessageVersion {
                (**self).message_version()
            }

            fn quotas(&self) -> ObjectQuotas {
                (**self).quotas()
            }

            fn request<'a>(
                &'a self,
                request: Request<'a>,
            ) -> BoxFuture<'a, Result<Envelope, CallError>> {
                (**self).request(request)
            }

            fn send_one_way<'a>(
                &'a self,
                request: Request<'a>,
            ) -> BoxFuture<'a, Result<(), CallError>> {
                (**self).send_one_way(request)
            }
        }
    )*};
}

forward!(Arc<C>, Box<C>, &C);

/// What generated code refers to. Not a public interface: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use super::body::{BodyError, MessageReader, MessageWriter};
    pub use super::client::{call, reply_action, send};
    pub use super::description::check_callback;
    pub use super::inherit::{Parts, count, merge};
    pub use super::message::{Items, describe_raw};
    pub use super::stream::describe_stream;
    pub use super::{
        Answer, BodyDescription, BoxFuture, Call, CallError, CallOptions, CallbackChannel,
        CallbackProxy, Configured, ContractDescription, Delivery, Dispatch, FaultDescription,
        MessageDescription, MessageFormat, MessageHeader, MessageStream, ObjectQuotas,
        OperationContext, OperationDescription, OperationFault, Outgoing, PartDescription,
        PartForm, ProtectionLevel, RawBody, RawMessage, Request, RequestChannel, SessionMode,
    };
    pub use std::sync::Arc;
    pub use waxwing_datacontract::{ContractName, DataContract, WriteError};
    pub use waxwing_soap::{Envelope, MessageVersion};
}

/// The examples of the page on contracts, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/data-contracts.md")]
mod page {}

/// The examples of the page on protection levels, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/protection.md")]
mod protection_page {}

/// The examples of the page on inheritance, sessions, headers and callers, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/contracts.md")]
mod contracts_page {}
