//! Layers of tower around calls, on both ends, over loopback.

#![allow(clippy::disallowed_methods)]

mod common;
#[path = "common/log.rs"]
mod log;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::*;
use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::timeout::TimeoutLayer;
use tower::util::MapRequestLayer;
use waxwing::contract::{CallError, CallOptions, OperationContext, OperationFault};
use waxwing::layer::{ClientRequest, OperationError, OperationRequest, TraceLayer};
use waxwing::service::ConcurrencyMode;
use waxwing::{ChannelFactory, ClientChannel, ServiceHost, ServiceHostBuilder, ServiceInstances};

/// What was seen, in order.
type Seen = Arc<Mutex<Vec<String>>>;

struct Pair {
    channel: ClientChannel,
    host: ServiceHost,
    service: Counting,
    _folders: [tempfile::TempDir; 2],
}

async fn pair(
    binding: &Binding,
    client: impl FnOnce(ChannelFactory) -> ChannelFactory,
    host: impl FnOnce(ServiceHostBuilder) -> ServiceHostBuilder,
) -> Pair {
    let folders = [stores("service", "ca", &[]), stores("alice", "ca", &["service"])];
    let service = Counting::default();
    let config = service_config(binding, folders[0].path());
    let builder =
        ServiceHostBuilder::from_config(&config, "CalculatorService", &CALCULATOR_CONTRACT);
    let instances = ServiceInstances::single(CalculatorService::new(service.clone()));
    let host = host(builder.unwrap()).open(instances).await.unwrap();
    let address = format!("http://{}/calc", host.local_addresses()[0]);
    let config = client_config(binding, folders[1].path(), &address, "CN=alice", "localhost");
    let factory = ChannelFactory::from_config(&config, "calc", &CALCULATOR_CONTRACT).unwrap();
    let channel = client(factory).open_channel().await.unwrap();
    Pair { channel, host, service, _folders: folders }
}

fn note(seen: &Seen, text: impl Into<String>) {
    seen.lock().unwrap().push(text.into());
}

#[tokio::test]
async fn requests_meet_layers_in_the_order_in_which_they_were_given() {
    let seen = Seen::default();
    let at_client = |name: &'static str| {
        let seen = Arc::clone(&seen);
        MapRequestLayer::new(move |request: ClientRequest| {
            note(&seen, format!("{name} {}", request.action.rsplit('/').next().unwrap()));
            request
        })
    };
    let at_service = |name: &'static str| {
        let seen = Arc::clone(&seen);
        MapRequestLayer::new(move |request: OperationRequest| {
            let operation = request.operation().unwrap().name;
            let caller = request.context().caller().unwrap().name.clone();
            assert!(request.context().session_id().is_some());
            note(&seen, format!("{name} {operation} {}", caller.split(';').next().unwrap()));
            request
        })
    };
    let client = |factory: ChannelFactory| factory.layer(at_client("1")).layer(at_client("2"));
    let host = |host: ServiceHostBuilder| host.layer(at_service("3")).layer(at_service("4"));
    let pair = pair(&Binding::certificate(true), client, host).await;
    let client = CalculatorClient::new(&pair.channel);
    assert_eq!(client.add(1.0, 2.0).await.unwrap(), 3.0);
    // Opening, closing and what belongs to sessions pass by the layers.
    let configured = client.with_options(CallOptions::new().timeout(Duration::from_secs(9)));
    assert_eq!(configured.multiply(3.0, 2.0).await.unwrap(), 6.0);
    pair.channel.close().await.unwrap();
    let all = seen.lock().unwrap().join(", ");
    assert_eq!(
        all,
        "1 Add, 2 Add, 3 Add CN=alice, 4 Add CN=alice, 1 Multiply, 2 Multiply, 3 Multiply CN=alice, \
         4 Multiply CN=alice"
    );
    pair.host.close().await;
}

/// Layers that answer without asking the operation: with a fault of their own, with a panic, with an error of tower.
#[tokio::test]
async fn what_a_layer_refuses_is_a_fault_that_the_client_can_read() {
    let number = Arc::new(AtomicU64::new(0));
    let refusing = move |host: ServiceHostBuilder| {
        host.layer(tower::layer::layer_fn(move |inner: waxwing::layer::OperationService| {
            let number = Arc::clone(&number);
            tower::service_fn(move |request: OperationRequest| {
                let (mut inner, number) = (inner.clone(), number.fetch_add(1, Ordering::SeqCst));
                async move {
                    use tower::Service;
                    match number {
                        0 => Err(OperationError::from(OperationFault::new("Not on Sundays"))),
                        1 => panic!("a layer that panics"),
                        _ => inner.call(request).await,
                    }
                }
            })
        }))
    };
    let pair = pair(&Binding::certificate(false), |factory| factory, refusing).await;
    let client = CalculatorClient::new(&pair.channel);
    let refused = client.add(1.0, 2.0).await.unwrap_err();
    assert_eq!(refused.fault().expect("a fault").text(), "Not on Sundays");
    let panicked = client.add(1.0, 2.0).await.unwrap_err();
    let code =
        panicked.fault().expect("a fault").subcodes.first().map(|code| code.local.to_string());
    assert_eq!(code.as_deref(), Some("InternalServiceFault"), "{panicked}");
    assert_eq!(pair.service.executed.load(Ordering::SeqCst), 0);
    assert_eq!(client.add(1.0, 2.0).await.unwrap(), 3.0, "the session goes on");
    pair.channel.close().await.unwrap();
    pair.host.close().await;
}

/// A layer that gives no reply where the client waits for one: the client hears of it, and not by its timeout.
#[tokio::test]
async fn a_reply_that_a_layer_swallows_is_an_internal_error() {
    for binding in [Binding::none(), Binding { reliable: false, ..Binding::none() }] {
        let swallowing =
            |host: ServiceHostBuilder| host.layer(tower::util::MapResponseLayer::new(|_| None));
        let pair = pair(&binding, |factory| factory, swallowing).await;
        let error = CalculatorClient::new(&pair.channel).add(1.0, 2.0).await.unwrap_err();
        let codes = error.fault().map(|fault| format!("{:?}", fault.subcodes)).unwrap_or_default();
        assert!(codes.contains("InternalServiceFault"), "{error}");
        pair.channel.close().await.expect("the session goes on");
        pair.host.close().await;
    }
}

/// Tower's own: a service that has one call at a time and sends others away.
#[tokio::test]
async fn a_limit_sends_away_what_is_too_much() {
    let binding = Binding { reliable: false, ..Binding::none() };
    let limited = |host: ServiceHostBuilder| {
        host.layer(LoadShedLayer::new())
            .layer(ConcurrencyLimitLayer::new(1))
            .layer(tower::util::MapRequestLayer::new(|request: OperationRequest| request))
    };
    // With a service whose calls take their time.
    let folders = [stores("service", "ca", &[]), stores("alice", "ca", &["service"])];
    let config = service_config(&binding, folders[0].path());
    let builder =
        ServiceHostBuilder::from_config(&config, "CalculatorService", &CALCULATOR_CONTRACT);
    let instances = ServiceInstances::single(CalculatorService::new(Slow));
    let instances = instances.concurrency(ConcurrencyMode::Multiple);
    let host = limited(builder.unwrap()).open(instances).await.unwrap();
    let address = format!("http://{}/calc", host.local_addresses()[0]);
    let config = client_config(&binding, folders[1].path(), &address, "CN=alice", "localhost");
    let factory = ChannelFactory::from_config(&config, "calc", &CALCULATOR_CONTRACT).unwrap();
    let channel = factory.open_channel().await.unwrap();
    let client = CalculatorClient::new(&channel);
    let (first, second) = tokio::join!(client.add(1.0, 2.0), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        client.add(1.0, 2.0).await
    });
    assert_eq!(first.unwrap(), 3.0);
    assert!(second.unwrap_err().fault().is_some(), "sent away with a fault");
    assert_eq!(client.add(2.0, 2.0).await.unwrap(), 4.0, "there is room again");
    // A client that does not wait so long.
    let hasty = factory.layer(TimeoutLayer::new(Duration::from_millis(50)));
    let hasty = hasty.open_channel().await.unwrap();
    let error = CalculatorClient::new(&hasty).add(1.0, 2.0).await.unwrap_err();
    assert!(matches!(error, CallError::Channel(_)), "{error}");
    host.close().await;
}

struct Slow;

impl Calculator for Slow {
    async fn add(&self, _: &OperationContext, n1: f64, n2: f64) -> Result<f64, OperationFault> {
        tokio::time::sleep(Duration::from_millis(400)).await;
        Ok(n1 + n2)
    }
    async fn subtract(&self, n1: f64, n2: f64) -> Result<f64, OperationFault> {
        Ok(n1 - n2)
    }
    async fn multiply(&self, n1: f64, n2: f64) -> Result<f64, OperationFault> {
        Ok(n1 * n2)
    }
    async fn divide(&self, n1: f64, n2: f64) -> Result<f64, OperationFault> {
        Ok(n1 / n2)
    }
}

#[tokio::test]
async fn spans_tell_of_calls_on_both_ends() {
    let log = log::Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false);
    let _on = tracing::subscriber::set_default(subscriber.finish());
    let pair = pair(
        &Binding::certificate(false),
        |factory| factory.layer(TraceLayer),
        |host| host.layer(TraceLayer),
    )
    .await;
    let client = CalculatorClient::new(&pair.channel);
    client.add(1.0, 2.0).await.unwrap();
    client.divide(1.0, 0.0).await.unwrap_err();
    pair.channel.close().await.unwrap();
    pair.host.close().await;
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let line = |parts: &[&str]| {
        let found = text.lines().any(|line| parts.iter().all(|part| line.contains(part)));
        assert!(found, "{parts:?} is not in: {text}");
    };
    line(&["operation{", "ICalculator/Add", "CN=alice", "urn:uuid:", "outcome=\"reply\""]);
    line(&["operation{", "ICalculator/Divide", "outcome=\"fault\"", "Division by zero"]);
    line(&["call{", "ICalculator/Add", "outcome=\"reply\""]);
    line(&["call{", "ICalculator/Divide", "outcome=\"fault\""]);
}
