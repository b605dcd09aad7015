//! Layers of tower on both ends: every call is traced, the service executes eight at a time and two altogether. Client and
//! service are one process, without sockets.
//!
//! `cargo run -p waxwing --example layers`

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tower::layer::layer_fn;
use tower::limit::ConcurrencyLimitLayer;
use tower::{Service, service_fn};
use waxwing::binding::{SecurityMode, ServiceBehavior, WsHttpBinding};
use waxwing::contract::{OperationFault, Outgoing, service_contract};
use waxwing::layer::{OperationError, OperationRequest, OperationService, TraceLayer};
use waxwing::net::memory::Memory;
use waxwing::{ChannelFactory, ServiceHostBuilder, ServiceInstances};

#[service_contract(namespace = "urn:quotes", name = "IQuotes")]
trait Quotes {
    async fn price(&self, name: String) -> Result<i32, OperationFault>;
}

struct Shop;

impl Quotes for Shop {
    async fn price(&self, name: String) -> Result<i32, OperationFault> {
        Ok(i32::try_from(name.len()).unwrap_or(i32::MAX))
    }
}

/// So many calls, no more.
fn quota(most: u32, inner: OperationService) -> impl Layered {
    let used = Arc::new(AtomicU32::new(0));
    service_fn(move |request: OperationRequest| {
        let number = used.fetch_add(1, Ordering::Relaxed);
        let mut inner = inner.clone();
        async move {
            if number >= most {
                return Err(OperationFault::new(format!("{most} prices are free")).into());
            }
            inner.call(request).await
        }
    })
}

/// What a layer of a host makes of the service below.
trait Layered:
    Service<OperationRequest, Response = Option<Outgoing>, Error = OperationError, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<S> Layered for S where
    S: Service<OperationRequest, Response = Option<Outgoing>, Error = OperationError, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static
{
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().with_target(false).init();
    let (memory, address) = (Memory::new(), "http://shop/quotes");
    let binding = WsHttpBinding::new(SecurityMode::None, true);
    let host = ServiceHostBuilder::new()
        .endpoint(binding.clone(), address, &QUOTES_CONTRACT, ServiceBehavior::default())?
        .listener(memory.clone())
        .layer(TraceLayer)
        .layer(ConcurrencyLimitLayer::new(8))
        .layer(layer_fn(|inner| quota(2, inner)))
        .open(ServiceInstances::single(QuotesService::new(Shop)))
        .await?;
    let factory = ChannelFactory::new(binding, address, &QUOTES_CONTRACT)?.layer(TraceLayer);
    let channel = factory.transport(memory).open_channel().await?;
    let client = QuotesClient::new(&channel);
    for name in ["umbrella", "hat", "boots"] {
        match client.price(name.to_owned()).await {
            Ok(price) => println!("{name}: {price}"),
            Err(error) => println!("{name}: {error}"),
        }
    }
    channel.close().await?;
    host.close().await;
    Ok(())
}
