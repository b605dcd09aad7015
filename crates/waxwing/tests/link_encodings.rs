//! Text and MTOM over net.tcp and over WebSockets: custom bindings, with and without reliable session.

#![allow(clippy::disallowed_methods, missing_docs, reason = "a test")]

use std::sync::{Arc, Mutex};

use waxwing::contract::{CallbackInstance, OperationContext, OperationFault, service_contract};
use waxwing::{
    ChannelFactory, ConfigurationFile, ServiceHost, ServiceHostBuilder, ServiceInstances,
};

#[service_contract(namespace = "urn:store", name = "IStore", callback = Watcher)]
pub trait Store {
    async fn put(&self, ctx: &OperationContext, data: Vec<u8>) -> Result<i32, OperationFault>;
    async fn echo(&self, data: Vec<u8>) -> Result<Vec<u8>, OperationFault>;
}

#[service_contract(namespace = "urn:store", name = "IStore")]
pub trait Watcher {
    #[operation(one_way)]
    async fn stored(&self, data: Vec<u8>) -> Result<(), OperationFault>;
}

struct Shelf;

impl Store for Shelf {
    async fn put(&self, ctx: &OperationContext, data: Vec<u8>) -> Result<i32, OperationFault> {
        let length = i32::try_from(data.len())?;
        ctx.callback::<WatcherClient<_>>()?.stored(data).await?;
        Ok(length)
    }

    async fn echo(&self, data: Vec<u8>) -> Result<Vec<u8>, OperationFault> {
        Ok(data)
    }
}

#[derive(Clone, Default)]
struct Eye(Arc<Mutex<Vec<usize>>>);

impl Watcher for Eye {
    async fn stored(&self, data: Vec<u8>) -> Result<(), OperationFault> {
        self.0.lock().unwrap().push(data.len());
        Ok(())
    }
}

struct Case {
    folder: tempfile::TempDir,
    elements: String,
    scheme: &'static str,
}

impl Case {
    fn new(elements: &str, scheme: &'static str) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), elements: elements.to_owned(), scheme }
    }

    fn file(&self, name: &str, inner: &str) -> ConfigurationFile {
        let path = self.folder.path().join(name);
        let text = format!(
            "<configuration><system.serviceModel>{inner}<bindings><customBinding><binding name=\"B\" sendTimeout=\"00:00:20\">\
             {}</binding></customBinding></bindings></system.serviceModel></configuration>",
            self.elements
        );
        std::fs::write(&path, text).unwrap();
        ConfigurationFile::load(&path).unwrap_or_else(|error| panic!("{error}"))
    }

    async fn host(&self) -> ServiceHost {
        let inner = format!(
            "<services><service name=\"Store\"><endpoint address=\"{}://127.0.0.1:0/store\" binding=\"customBinding\" \
             bindingConfiguration=\"B\" contract=\"IStore\"/></service></services>",
            self.scheme
        );
        let file = self.file("service.config", &inner);
        let builder = ServiceHostBuilder::from_config(&file, "Store", &STORE_CONTRACT).unwrap();
        builder.open(ServiceInstances::per_session(|| StoreService::new(Shelf))).await.unwrap()
    }

    fn factory(&self, host: &ServiceHost) -> ChannelFactory {
        let inner = format!(
            "<client><endpoint name=\"E\" address=\"{}://{}/store\" binding=\"customBinding\" bindingConfiguration=\"B\" \
             contract=\"IStore\"/></client>",
            self.scheme,
            host.local_addresses()[0]
        );
        let file = self.file("client.config", &inner);
        ChannelFactory::from_config(&file, "E", &STORE_CONTRACT).unwrap()
    }
}

async fn calls(elements: &str, scheme: &'static str) {
    let case = Case::new(elements, scheme);
    let host = case.host().await;
    let eye = Eye::default();
    let instance = CallbackInstance::from(WatcherService::new(eye.clone()));
    let channel = case.factory(&host).callback(instance).open_channel().await.unwrap();
    let client = StoreClient::new(&channel);
    let data: Vec<u8> = (0..20_000_u32).map(|n| n as u8).collect();
    assert_eq!(client.echo(data.clone()).await.unwrap(), data, "{elements}");
    assert_eq!(client.echo(vec![1, 2, 3]).await.unwrap(), [1, 2, 3]);
    assert_eq!(client.put(data).await.unwrap(), 20_000);
    channel.close().await.unwrap();
    assert_eq!(*eye.0.lock().unwrap(), [20_000]);
    assert!(host.close().await, "{elements}");
}

const ENCODINGS: [&str; 2] = ["<textMessageEncoding/>", "<mtomMessageEncoding/>"];

#[tokio::test]
async fn over_net_tcp() {
    for encoding in ENCODINGS {
        for session in ["", "<reliableSession/>"] {
            calls(&format!("{session}{encoding}<tcpTransport/>"), "net.tcp").await;
        }
    }
}

#[tokio::test]
async fn over_web_sockets() {
    let transport = "<httpTransport><webSocketSettings transportUsage=\"Always\"/></httpTransport>";
    for encoding in ENCODINGS {
        for session in ["", "<reliableSession/>"] {
            calls(&format!("{session}{encoding}{transport}"), "http").await;
        }
    }
}

/// Who has another encoding is told so.
#[tokio::test]
async fn other_encodings_are_told_apart() {
    let text = Case::new("<textMessageEncoding/><tcpTransport/>", "net.tcp");
    let mtom = Case::new("<mtomMessageEncoding/><tcpTransport/>", "net.tcp");
    let host = text.host().await;
    let factory =
        mtom.factory(&host).callback(CallbackInstance::from(WatcherService::new(Eye::default())));
    let error = factory.open_channel().await.expect_err("another encoding").to_string();
    assert!(error.contains("Compare the encodings of the two bindings"), "{error}");
    host.close().await;
}
