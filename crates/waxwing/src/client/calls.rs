//! Calls of generated clients: through the layers of the channel, if there are any, to its session.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::Either;
use tower_service::Service;
use waxwing_session::{AppMessage, SessionError, Situation};
use waxwing_soap::{Envelope, MessageVersion};

use super::channel::ClientChannel;
use super::duplex::reentrance::CalledOut;
use super::error::ChannelError;
use crate::contract::{
    BoxFuture, CallError, ObjectQuotas, Request, RequestChannel, would_deadlock,
};
use crate::future::boxed;
use crate::layer::{ClientRequest, ClientService, Layers};

/// The layers of a factory's channels.
pub(super) type ClientLayers = Layers<ClientRequest, Option<Envelope>, CallError>;

/// The channel itself.
#[derive(Clone)]
struct Innermost(ClientChannel);

impl ClientChannel {
    /// The same channel, whose calls go through these layers.
    pub(super) fn within(self, layers: &ClientLayers) -> Self {
        let innermost = || ClientService::new(Innermost(self.clone()));
        Self { layers: layers.around(innermost), ..self }
    }

    /// What the session brings.
    async fn bare(
        &self,
        request: Request<'_>,
        is_one_way: bool,
    ) -> Result<Option<Envelope>, CallError> {
        if !is_one_way && let Some(error) = would_deadlock(&self.inner.duplex_id) {
            return Err(error);
        }
        let out = if is_one_way { None } else { CalledOut::begin(&self.inner) };
        let reply = self.call(request, is_one_way).await;
        if let Some(out) = out {
            out.back().await;
        }
        let reply = reply?;
        let own =
            |reply| Arc::try_unwrap(reply).unwrap_or_else(|shared: AppMessage| (*shared).clone());
        Ok(reply.map(|reply: AppMessage| own(reply).envelope))
    }

    /// A call, by way of the layers if there are any.
    fn layered<'a>(
        &'a self,
        request: Request<'a>,
        is_one_way: bool,
    ) -> impl Future<Output = Result<Option<Envelope>, CallError>> + 'a {
        // Each function that is `async` would hold the request once more.
        match &self.layers {
            None => Either::Left(self.bare(request, is_one_way)),
            Some(layers) => Either::Right(within(layers, request, is_one_way)),
        }
    }
}

/// Not everybody's.
fn within<'a>(
    layers: &'a ClientService,
    request: Request<'a>,
    is_one_way: bool,
) -> BoxFuture<'a, Result<Option<Envelope>, CallError>> {
    Box::pin(async move {
        let Request { action, message, timeout } = request;
        let request = ClientRequest::new(action, message, is_one_way);
        layers.oneshot(ClientRequest { timeout, ..request }).await
    })
}

impl Service<ClientRequest> for Innermost {
    type Response = Option<Envelope>;
    type Error = CallError;
    type Future = BoxFuture<'static, Result<Option<Envelope>, CallError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), CallError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: ClientRequest) -> Self::Future {
        let Self(channel) = self.clone();
        Box::pin(async move {
            let ClientRequest { action, message, timeout, is_one_way } = request;
            let request = Request { timeout, ..Request::new(&action, message) };
            channel.bare(request, is_one_way).await
        })
    }
}

impl RequestChannel for ClientChannel {
    fn message_version(&self) -> MessageVersion {
        self.inner.parts.version
    }

    fn quotas(&self) -> ObjectQuotas {
        self.inner.parts.object_quotas
    }

    fn request<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Result<Envelope, CallError>> {
        boxed(move || async move {
            let no_reply = || {
                let (error, address) = (SessionError::NoReply, &self.inner.parts.address);
                let diagnosis = error.diagnosis(&Situation::default());
                ChannelError::session(error, address, diagnosis, Vec::new()).into()
            };
            self.layered(request, false).await?.ok_or_else(no_reply)
        })
    }

    fn send_one_way<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Result<(), CallError>> {
        boxed(move || async move { self.layered(request, true).await.map(drop) })
    }
}
