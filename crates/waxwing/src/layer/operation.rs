//! The service's end.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_service::Service;

use super::stack::{BoxError, BoxedService, LayerError};
use crate::contract::{OperationContext, OperationDescription, OperationFault, Outgoing};
use crate::future::BoxFuture;

/// What the layers of a host are around. The response is the reply; none of a one-way operation.
pub type OperationService = BoxedService<OperationRequest, Option<Outgoing>, OperationError>;

/// What comes of an operation.
type Executed = Result<Option<Outgoing>, OperationError>;

/// A call that a host is about to execute: verified, decrypted and in its turn.
#[derive(Clone)]
pub struct OperationRequest {
    context: OperationContext,
    operation: Arc<dyn Operation>,
}

/// What is executed in the end.
pub(crate) trait Operation: Send + Sync {
    /// What the contract says of it; none of an action that no operation takes.
    fn description(&self) -> Option<&'static OperationDescription>;

    /// Executes it.
    fn run(
        self: Arc<Self>,
        context: OperationContext,
    ) -> BoxFuture<'static, Result<Option<Outgoing>, OperationFault>>;
}

impl OperationRequest {
    pub(crate) fn new(context: OperationContext, operation: Arc<dyn Operation>) -> Self {
        Self { context, operation }
    }

    /// Who calls what, in which session; headers of the request, and of the reply.
    pub fn context(&self) -> &OperationContext {
        &self.context
    }

    /// What the contract says of the operation; none of an action that no operation takes.
    pub fn operation(&self) -> Option<&'static OperationDescription> {
        self.operation.description()
    }
}

impl fmt::Debug for OperationRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperationRequest").field("action", &self.context.action()).finish()
    }
}

/// The fault of an operation, as an error that layers can pass on. A layer refuses a call with one:
/// `Err(OperationFault::new("too many calls").into())`. Any other error of a layer is an internal error to the client.
pub struct OperationError(OperationFault);

impl OperationError {
    /// The fault.
    pub fn fault(&self) -> &OperationFault {
        &self.0
    }

    /// The fault.
    pub fn into_fault(self) -> OperationFault {
        self.0
    }
}

impl From<OperationFault> for OperationError {
    fn from(fault: OperationFault) -> Self {
        Self(fault)
    }
}

impl fmt::Display for OperationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for OperationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for OperationError {}

impl LayerError for OperationError {
    fn of(error: BoxError) -> Self {
        match error.downcast() {
            Ok(own) => *own,
            Err(other) => Self(OperationFault::internal(other)),
        }
    }
}

/// Executes the operation.
#[derive(Clone, Copy)]
struct Innermost;

impl Service<OperationRequest> for Innermost {
    type Response = Option<Outgoing>;
    type Error = OperationError;
    type Future = BoxFuture<'static, Executed>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), OperationError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: OperationRequest) -> Self::Future {
        let OperationRequest { context, operation } = request;
        Box::pin(async move { Ok(operation.run(context).await?) })
    }
}

impl OperationService {
    /// The operations themselves.
    pub(crate) fn innermost() -> Self {
        Self::new(Innermost)
    }
}
