//! Services whose type is forgotten, so that any number of layers is one type.

use std::error::Error;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_layer::Layer;
use tower_service::Service;

use crate::future::BoxFuture;

/// Any error.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// A service of whatever type, for requests `R` with responses `T` and errors `E`. As with every service, `poll_ready` comes
/// before each `call`: a layer below may have a limit.
pub struct BoxedService<R, T, E>(Box<dyn Erased<R, T, E>>);

/// A service without its type.
trait Erased<R, T, E>: Send + Sync {
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), E>>;
    fn call(&mut self, request: R) -> BoxFuture<'static, Result<T, E>>;
    fn boxed_clone(&self) -> Box<dyn Erased<R, T, E>>;
}

/// What comes of an error of a layer: its own kind of error passes through as it is.
pub(crate) trait LayerError {
    fn of(error: BoxError) -> Self;
}

impl<R, T, E> BoxedService<R, T, E> {
    pub(crate) fn new<S>(service: S) -> Self
    where
        S: Service<R, Response = T, Error: Into<BoxError>, Future: Send>,
        S: Clone + Send + Sync + 'static,
        R: Send + 'static,
        E: LayerError,
    {
        Self(Box::new(Typed(service)))
    }

    /// Gives a request to a clone, as soon as that is ready.
    pub(crate) async fn oneshot(&self, request: R) -> Result<T, E> {
        let mut service = self.clone();
        poll_fn(|context| service.poll_ready(context)).await?;
        service.call(request).await
    }
}

#[derive(Clone)]
struct Typed<S>(S);

impl<R, T, E, S> Erased<R, T, E> for Typed<S>
where
    S: Service<R, Response = T, Error: Into<BoxError>, Future: Send>,
    S: Clone + Send + Sync + 'static,
    R: Send + 'static,
    E: LayerError,
{
    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), E>> {
        self.0.poll_ready(context).map_err(|error| E::of(error.into()))
    }

    fn call(&mut self, request: R) -> BoxFuture<'static, Result<T, E>> {
        let called = self.0.call(request);
        Box::pin(async move { called.await.map_err(|error| E::of(error.into())) })
    }

    fn boxed_clone(&self) -> Box<dyn Erased<R, T, E>> {
        Box::new(self.clone())
    }
}

impl<R, T, E> Service<R> for BoxedService<R, T, E> {
    type Response = T;
    type Error = E;
    type Future = BoxFuture<'static, Result<T, E>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), E>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        self.0.call(request)
    }
}

impl<R, T, E> Clone for BoxedService<R, T, E> {
    fn clone(&self) -> Self {
        Self(self.0.boxed_clone())
    }
}

impl<R, T, E> std::fmt::Debug for BoxedService<R, T, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BoxedService").finish_non_exhaustive()
    }
}

/// A layer that fits around a [`BoxedService`]: its service can be cloned and moved between threads, and its errors are
/// errors. Implemented for every such [`Layer`].
pub trait LayerFor<R, T, E>: Send + Sync + 'static {
    #[doc(hidden)]
    fn around(&self, inner: BoxedService<R, T, E>) -> BoxedService<R, T, E>;
}

impl<L, R, T, E> LayerFor<R, T, E> for L
where
    L: Layer<BoxedService<R, T, E>> + Send + Sync + 'static,
    L::Service: Service<R, Response = T, Error: Into<BoxError>, Future: Send>,
    L::Service: Clone + Send + Sync + 'static,
    R: Send + 'static,
    E: LayerError,
{
    fn around(&self, inner: BoxedService<R, T, E>) -> BoxedService<R, T, E> {
        BoxedService::new(self.layer(inner))
    }
}

/// Layers in the order in which a request meets them.
pub(crate) struct Layers<R, T, E>(Vec<Arc<dyn LayerFor<R, T, E>>>);

impl<R: 'static, T: 'static, E: 'static> Layers<R, T, E> {
    pub(crate) fn push(&mut self, layer: impl LayerFor<R, T, E>) {
        self.0.push(Arc::new(layer));
    }

    /// All of them around `innermost`; none when there is no layer.
    pub(crate) fn around(
        &self,
        innermost: impl FnOnce() -> BoxedService<R, T, E>,
    ) -> Option<BoxedService<R, T, E>> {
        let first = (!self.0.is_empty()).then(innermost)?;
        Some(self.0.iter().rev().fold(first, |inner, layer| layer.around(inner)))
    }
}

impl<R, T, E> Default for Layers<R, T, E> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<R, T, E> Clone for Layers<R, T, E> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}
