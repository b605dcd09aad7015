//! netHttpBinding over WebSockets: for contracts with callbacks, and for every contract where the binding says so.

#![allow(clippy::disallowed_methods, missing_docs, reason = "a test")]

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::*;
use waxwing::contract::{CallbackInstance, OperationContext, OperationFault, service_contract};
use waxwing::service::ConcurrencyMode;
use waxwing::{
    ChannelFactory, ConfigurationFile, ServiceHost, ServiceHostBuilder, ServiceInstances,
};

#[service_contract(namespace = "urn:chat", name = "IChat", callback = Listener)]
pub trait Chat {
    /// Tells the client, and asks it.
    async fn tell(&self, ctx: &OperationContext, text: String) -> Result<String, OperationFault>;
}

#[service_contract(namespace = "urn:chat", name = "IChat")]
pub trait Listener {
    async fn question(&self, number: i32) -> Result<String, OperationFault>;
    #[operation(one_way)]
    async fn heard(&self, text: String) -> Result<(), OperationFault>;
}

struct Room;

impl Chat for Room {
    async fn tell(&self, ctx: &OperationContext, text: String) -> Result<String, OperationFault> {
        let client = ctx.callback::<ListenerClient<_>>()?;
        client.heard(text).await?;
        Ok(client.question(7).await?)
    }
}

#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Vec<String>>>);

impl Listener for Ear {
    async fn question(&self, number: i32) -> Result<String, OperationFault> {
        Ok(format!("{number} of {}", self.0.lock().unwrap().join(",")))
    }

    async fn heard(&self, text: String) -> Result<(), OperationFault> {
        self.0.lock().unwrap().push(text);
        Ok(())
    }
}

const BINDINGS: &str = r#"<bindings><netHttpBinding><binding name="B" sendTimeout="00:00:20">
    <webSocketSettings transportUsage="USAGE" keepAliveInterval="00:00:01"/></binding></netHttpBinding></bindings>"#;

struct Files {
    folder: tempfile::TempDir,
    usage: &'static str,
    contract: &'static str,
}

impl Files {
    fn new(usage: &'static str, contract: &'static str) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), usage, contract }
    }

    fn file(&self, name: &str, inner: &str) -> ConfigurationFile {
        let path = self.folder.path().join(name);
        let bindings = BINDINGS.replace("USAGE", self.usage);
        let text = format!(
            "<configuration><system.serviceModel>{inner}{bindings}</system.serviceModel></configuration>"
        );
        std::fs::write(&path, text).unwrap();
        ConfigurationFile::load(&path).unwrap_or_else(|error| panic!("{error}"))
    }

    fn service(&self) -> ConfigurationFile {
        let contract = self.contract;
        let inner = format!(
            r#"<services><service name="S"><host><baseAddresses><add baseAddress="http://127.0.0.1:0/s"/></baseAddresses></host>
            <endpoint address="" binding="netHttpBinding" bindingConfiguration="B" contract="{contract}"/></service></services>"#
        );
        self.file("service.config", &inner)
    }

    fn client(&self, host: &ServiceHost) -> ConfigurationFile {
        let (contract, address) = (self.contract, host.local_addresses()[0]);
        let inner = format!(
            r#"<client><endpoint name="c" address="http://{address}/s" binding="netHttpBinding" bindingConfiguration="B"
            contract="{contract}"/></client>"#
        );
        self.file("client.config", &inner)
    }
}

#[tokio::test]
async fn a_service_calls_its_client_back() {
    let files = Files::new("WhenDuplex", "IChat");
    let host = ServiceHostBuilder::from_config(&files.service(), "S", &CHAT_CONTRACT).unwrap();
    let host = host.open(
        ServiceInstances::per_session(|| ChatService::new(Room))
            .concurrency(ConcurrencyMode::Reentrant),
    );
    let host = host.await.unwrap_or_else(|error| panic!("{error}"));
    let ear = Ear::default();
    let factory = ChannelFactory::from_config(&files.client(&host), "c", &CHAT_CONTRACT).unwrap();
    let factory = factory.callback(CallbackInstance::new(ListenerService::new(ear.clone())));
    let channel = factory.open_channel().await.unwrap_or_else(|error| panic!("{error}"));
    let client = ChatClient::new(&channel);
    assert_eq!(client.tell("a".to_owned()).await.unwrap(), "7 of a");
    // A sign of life in between disturbs nobody.
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(client.tell("b".to_owned()).await.unwrap(), "7 of a,b");
    channel.close().await.unwrap();
    assert!(host.close().await, "everything has ended by itself");
}

#[tokio::test]
async fn every_contract_where_the_binding_says_so() {
    let files = Files::new("Always", "Microsoft.ServiceModel.Samples.ICalculator");
    let service = Counting::default();
    let host =
        ServiceHostBuilder::from_config(&files.service(), "S", &CALCULATOR_CONTRACT).unwrap();
    let host = host.open(ServiceInstances::single(CalculatorService::new(service)));
    let host = host.await.unwrap_or_else(|error| panic!("{error}"));
    let client = files.client(&host);
    let factory = ChannelFactory::from_config(&client, "c", &CALCULATOR_CONTRACT).unwrap();
    for _ in 0..2 {
        let channel = factory.open_channel().await.unwrap_or_else(|error| panic!("{error}"));
        let client = CalculatorClient::new(&channel);
        assert_eq!(client.add(100.0, 15.99).await.unwrap(), 115.99);
        assert_eq!(client.add(1.5, 1.0).await.unwrap(), 2.5);
        channel.close().await.unwrap();
    }
    // Who sends messages in exchanges is another kind of client.
    let never = Files::new("Never", "Microsoft.ServiceModel.Samples.ICalculator").client(&host);
    let factory = ChannelFactory::from_config(&never, "c", &CALCULATOR_CONTRACT).unwrap();
    let channel = factory.open_channel().await.unwrap();
    let refused = CalculatorClient::new(&channel).add(1.0, 1.0).await.unwrap_err().to_string();
    assert!(refused.contains("400"), "{refused}");
    drop(channel);
    assert!(host.close().await);
}
