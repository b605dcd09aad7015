//! Layers around calls, on both ends: logging, limits, metrics, retries, whatever implements [`tower_layer::Layer`].
//!
//! * [`ChannelFactory::layer`](crate::ChannelFactory::layer): around each call of a generated client. The innermost
//!   service is the channel: addressing, reliability and security come below it.
//! * [`ServiceHostBuilder::layer`](crate::ServiceHostBuilder::layer): around each call that a host executes. The message is
//!   verified and the caller known; authorization and the operation are the innermost service.
//!
//! A request goes through the layers in the order in which they were given. Those of a channel are made for each channel,
//! those of a host once for each service; what is to be shared by more (a limit, for example) must be shared by the layer.
//! Without layers nothing is boxed, cloned or called in between.
//!
//! [`TraceLayer`] is ready for use, `MetricsLayer` with the feature `metrics`. The layers of `tower` are behind features of
//! its own (`cargo add tower --features limit,timeout,util`). A layer of one's own is written as the example `layers` shows.
//!
//! A layer of a client that gives a call up, as `TimeoutLayer` does, ends the waiting and nothing else: in a reliable session
//! the message keeps its number, and later calls of an ordered session are executed after it.
//!
//! ```
//! use std::time::Duration;
//! use tower::limit::ConcurrencyLimitLayer;
//! use tower::timeout::TimeoutLayer;
//! use waxwing::layer::TraceLayer;
//! use waxwing::{ChannelFactory, ServiceHostBuilder};
//!
//! fn client(factory: ChannelFactory) -> ChannelFactory {
//!     factory.layer(TraceLayer).layer(TimeoutLayer::new(Duration::from_secs(5)))
//! }
//!
//! fn service(builder: ServiceHostBuilder) -> ServiceHostBuilder {
//!     builder.layer(TraceLayer).layer(ConcurrencyLimitLayer::new(8))
//! }
//! # let _ = (client as fn(_) -> _, service as fn(_) -> _);
//! ```

mod client;
#[cfg(feature = "metrics")]
mod metrics;
mod operation;
mod stack;
mod trace;

pub use self::client::{ClientRequest, ClientService};
#[cfg(feature = "metrics")]
pub use self::metrics::{Measured, MetricsLayer};
pub(crate) use self::operation::Operation;
pub use self::operation::{OperationError, OperationRequest, OperationService};
pub(crate) use self::stack::Layers;
pub use self::stack::{BoxedService, LayerFor};
pub use self::trace::{TraceLayer, Traced};
