//! Spans of `tracing` around calls.

use std::fmt::Display;
use std::future::Future;
use std::task::{Context, Poll};
use std::time::Instant;

use tower_layer::Layer;
use tower_service::Service;
use tracing::{Instrument, Span};
use waxwing_soap::Envelope;

use super::client::ClientRequest;
use super::operation::OperationRequest;
use crate::contract::Outgoing;
use crate::future::BoxFuture;
use crate::log::Cut;

/// A span around each call, with its action, and on a service the session and the caller; at its end an event with the
/// outcome (`reply`, `fault`, `one-way`; of a client also `error`) and the duration. Events of the operation are inside the span.
#[derive(Clone, Copy, Debug, Default)]
pub struct TraceLayer;

/// The service of [`TraceLayer`].
#[derive(Clone, Debug)]
pub struct Traced<S>(S);

impl<S> Layer<S> for TraceLayer {
    type Service = Traced<S>;

    fn layer(&self, inner: S) -> Traced<S> {
        Traced(inner)
    }
}

impl<S> Service<ClientRequest> for Traced<S>
where
    S: Service<
            ClientRequest,
            Response = Option<Envelope>,
            Error: Display + 'static,
            Future: Send + 'static,
        >,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: ClientRequest) -> Self::Future {
        let span = tracing::info_span!("call", action = %request.action);
        let call = span.in_scope(|| self.0.call(request));
        Box::pin(told(call, span, Envelope::is_fault, "error"))
    }
}

impl<S> Service<OperationRequest> for Traced<S>
where
    S: Service<
            OperationRequest,
            Response = Option<Outgoing>,
            Error: Display + 'static,
            Future: Send + 'static,
        >,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: OperationRequest) -> Self::Future {
        let context = request.context();
        // What a peer says is cut and escaped.
        let action = Cut::of(context.action());
        let caller = context.caller().map(|caller| Cut::of(&caller.name).to_string());
        let session = context.session_id().map(|session| Cut::of(session).to_string());
        let span = tracing::info_span!("operation", %action, session, caller);
        let call = span.in_scope(|| self.0.call(request));
        Box::pin(told(call, span, |reply: &Outgoing| reply.envelope.is_fault(), "fault"))
    }
}

/// Runs a call in its span and tells how it ended; `failed` is what an error is called.
fn told<T, E: Display>(
    call: impl Future<Output = Result<Option<T>, E>>,
    span: Span,
    is_fault: impl FnOnce(&T) -> bool,
    failed: &'static str,
) -> impl Future<Output = Result<Option<T>, E>> {
    let began = Instant::now();
    let run = async move {
        let result = call.await;
        let milliseconds = began.elapsed().as_secs_f64() * 1000.0;
        match &result {
            Err(error) => {
                let error = Cut::own(error);
                tracing::info!(milliseconds, outcome = failed, %error, "the call has failed");
            }
            Ok(None) => tracing::info!(milliseconds, outcome = "one-way", "the call has ended"),
            Ok(Some(reply)) => {
                let outcome = if is_fault(reply) { "fault" } else { "reply" };
                tracing::info!(milliseconds, outcome, "the call has ended");
            }
        }
        result
    };
    run.instrument(span)
}
