//! Where messages are addressed to and where they go: front ends that rewrite, and endpoints that know their public address.

#![allow(clippy::disallowed_methods)]

mod common;

use std::sync::atomic::Ordering;

use common::*;
use waxwing::binding::{Configuration, SecurityMode, ServiceBehavior, WsHttpBinding};
use waxwing::service::AddressFilterMode;
use waxwing::{
    ChannelError, ChannelFactory, ConfigurationFile, Diagnosis, ServiceHost, ServiceHostBuilder,
    ServiceInstances,
};

/// The service's own address; it listens elsewhere.
const INNER: &str = "http://inner.example:8080/calc";

fn plain(reliable: bool) -> WsHttpBinding {
    WsHttpBinding::new(SecurityMode::None, reliable)
}

fn builder(reliable: bool) -> ServiceHostBuilder {
    let behavior = ServiceBehavior::default();
    let builder = ServiceHostBuilder::new();
    let builder = builder.endpoint(plain(reliable), INNER, &CALCULATOR_CONTRACT, behavior);
    let mut builder = builder.expect("an endpoint");
    builder.endpoints_mut()[0].via = Some("http://127.0.0.1:0/calc".to_owned());
    builder
}

async fn open(builder: ServiceHostBuilder) -> (ServiceHost, Counting) {
    let service = Counting::default();
    let instances = ServiceInstances::single(CalculatorService::new(service.clone()));
    (builder.open(instances).await.expect("a host"), service)
}

/// A call that is addressed to `to`, as it comes in behind a front end.
async fn call(host: &ServiceHost, to: &str, reliable: bool) -> Result<f64, String> {
    let via = format!("http://{}/calc", host.local_addresses()[0]);
    let factory = ChannelFactory::new(plain(reliable), &via, &CALCULATOR_CONTRACT);
    let factory = factory.expect("a factory").address(to).via(via);
    let refused = |error: ChannelError| {
        assert_eq!(error.diagnosis(), Some(Diagnosis::EndpointNotFound), "{error}");
        error.to_string()
    };
    let channel = factory.open_channel().await.map_err(refused)?;
    let sum = CalculatorClient::new(&channel).add(1.0, 2.0).await.map_err(|e| e.to_string())?;
    channel.close().await.expect("closed");
    Ok(sum)
}

/// What a front end does to the address, and what helps.
#[tokio::test]
async fn front_ends_that_rewrite() {
    use AddressFilterMode::{Any, Exact, Prefix};
    let public = "https://shop.example/api/calc";
    for (what, to, exact, prefix) in [
        ("nothing", INNER, true, true),
        ("the host", "http://shop.example:8080/calc", true, true),
        ("the port", "http://shop.example/calc", false, false),
        (
            "the scheme, TLS ending before the service",
            "https://shop.example:8080/calc",
            false,
            false,
        ),
        ("the path, below the service's", "http://shop.example:8080/calc/v1", false, true),
        ("the path", "http://shop.example:8080/api/calc", false, false),
        ("all of it", public, false, false),
    ] {
        for (mode, works) in [(Exact, exact), (Prefix, prefix), (Any, true)] {
            for reliable in [false, true] {
                let (host, service) = open(builder(reliable).address_filter(mode)).await;
                let called = call(&host, to, reliable).await;
                match (works, called) {
                    (true, called) => assert_eq!(called, Ok(3.0), "{what}, {mode:?}"),
                    (false, Ok(_)) => panic!("{what}, {mode:?}: it went through"),
                    (false, Err(text)) => {
                        let expected = format!(
                            "The message with To '{to}' cannot be processed at the receiver, due to an AddressFilter mismatch at \
                             the EndpointDispatcher.  Check that the sender and receiver's EndpointAddresses agree."
                        );
                        assert!(text.contains(&expected), "{what}: {text}");
                    }
                }
                assert_eq!(service.executed.load(Ordering::SeqCst), u64::from(works));
            }
        }
        // Whatever it is, the service may be told.
        let (host, _) = open(builder(true).public_address(INNER, to)).await;
        assert_eq!(call(&host, to, true).await, Ok(3.0), "{what}");
        assert_eq!(call(&host, INNER, true).await, Ok(3.0));
        assert!(call(&host, "http://shop.example/other", true).await.is_err());
    }
}

#[tokio::test]
async fn public_addresses_must_be_of_an_endpoint() {
    for (own, public, text) in [
        ("http://inner.example:8081/calc", "https://shop.example/", "there is no endpoint"),
        (INNER, "shop.example/calc", "must be absolute"),
    ] {
        let service = ServiceInstances::single(CalculatorService::new(Counting::default()));
        let opened = builder(false).public_address(own, public).open(service).await;
        let error = opened.map(drop).expect_err("refused").to_string();
        assert!(error.contains(text), "{error}");
    }
}

/// The same in a file, with `listenUri`.
#[tokio::test]
async fn files_say_public_addresses() {
    let text = r#"<configuration>
  <waxwing><publicAddresses>
    <add address="http://INNER.example:8080/calc/" public="https://shop.example/api/calc"/>
    <add address="http://inner.example:8080/other" public="https://shop.example/other"/>
  </publicAddresses></waxwing>
  <system.serviceModel><services><service name="S">
    <endpoint address="http://inner.example:8080/calc" listenUri="http://127.0.0.1:0/calc" binding="wsHttpBinding"
      bindingConfiguration="B" contract="Microsoft.ServiceModel.Samples.ICalculator"/>
  </service></services>
  <bindings><wsHttpBinding><binding name="B"><reliableSession enabled="true"/><security mode="None"/></binding></wsHttpBinding></bindings>
</system.serviceModel></configuration>"#;
    let file = ConfigurationFile::of(Configuration::parse(text).expect("a file"), "");
    let builder = ServiceHostBuilder::from_config(&file, "S", &CALCULATOR_CONTRACT);
    let (host, _) = open(builder.expect("the service")).await;
    for to in [INNER, "https://shop.example/api/calc"] {
        assert_eq!(call(&host, to, true).await, Ok(3.0), "{to}");
    }
    for to in ["https://shop.example/other", "https://inner.example:8080/calc"] {
        assert!(call(&host, to, true).await.is_err(), "{to}");
    }
}
