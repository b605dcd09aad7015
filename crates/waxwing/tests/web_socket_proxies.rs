//! A WebSocket through an HTTP proxy: in a tunnel, of plain HTTP too (RFC 6455 §4.1).

#![allow(clippy::disallowed_methods)]

mod common;

use std::collections::HashMap;

use common::*;
use waxwing::binding::{
    NetHttpBinding, ServiceBehavior, WebSocketSettings, WebSocketTransportUsage,
};
use waxwing::{ChannelFactory, ServiceHostBuilder, ServiceInstances};
use waxwing_testkit::proxy::{HttpProxy, ProxyRules};

/// A host that only the proxy knows.
const NAME: &str = "calc.example";

fn binding() -> NetHttpBinding {
    let settings = WebSocketSettings::default().transport_usage(WebSocketTransportUsage::Always);
    NetHttpBinding::default().web_socket_settings(settings)
}

#[tokio::test]
async fn a_web_socket_goes_through_a_plain_proxy_in_a_tunnel() {
    let (address, behavior) = ("http://127.0.0.1:0/calc", ServiceBehavior::default());
    let host = ServiceHostBuilder::new()
        .endpoint(binding(), address, &CALCULATOR_CONTRACT, behavior)
        .unwrap()
        .open(ServiceInstances::single(CalculatorService::new(Counting::default())))
        .await
        .unwrap();
    let own = host.local_addresses()[0];
    let pair = "Basic YWxpY2U6c2VjcmV0";
    for (authorization, login) in [(None, ""), (Some(pair.to_owned()), "alice:secret@")] {
        let proxy = HttpProxy::start(ProxyRules {
            authorization,
            challenge: "Basic realm=\"here\"".to_owned(),
            hosts: HashMap::from([(NAME.to_owned(), own)]),
            ..ProxyRules::default()
        });
        let proxy = proxy.await.unwrap();
        let address = format!("http://{own}/calc");
        let factory = ChannelFactory::new(binding(), &address, &CALCULATOR_CONTRACT).unwrap();
        let through = format!("http://{login}{}", proxy.local_addr());
        let factory = factory.via(format!("http://{NAME}/calc")).proxy_address(through);
        let channel = factory.open_channel().await.unwrap();
        let client = CalculatorClient::new(&channel);
        for number in 0..3 {
            assert_eq!(client.add(f64::from(number), 1.0).await.unwrap(), f64::from(number) + 1.0);
        }
        channel.close().await.unwrap();
        let heads = proxy.heads();
        let asked =
            heads.iter().all(|head| head.starts_with("CONNECT calc.example:80 HTTP/1.1\r\n"));
        assert!(asked && !heads.is_empty(), "{heads:?}");
    }
    assert!(host.close().await);
}
