//! Two programs with the same outbox in one database.

use std::path::Path;

use waxwing::contract::{OperationFault, service_contract};
use waxwing::net::memory::Memory;
use waxwing::outbox::{Outbox, OutboxBuilder, OutboxError};
use waxwing::store::KeyFile;
use waxwing::{ConfigurationFile, ServiceHost, ServiceHostBuilder, ServiceInstances};
use waxwing_testkit::postgres::Postgres;

use crate::kit::missing;

#[service_contract(namespace = "urn:orders", name = "IOrders", session_mode = Required)]
pub trait Orders {
    async fn place(&self, article: String) -> Result<i32, OperationFault>;
}

struct Shop;

impl Orders for Shop {
    async fn place(&self, article: String) -> Result<i32, OperationFault> {
        Ok(article.len() as i32)
    }
}

const FILE: &str = r#"<configuration><configSections><section name="waxwing" type="System.Configuration.IgnoreSection"/></configSections>
<system.serviceModel>
<client><endpoint name="orders" address="http://shop.example/orders" binding="wsHttpBinding" bindingConfiguration="plain" contract="IOrders"/></client>
<bindings><wsHttpBinding><binding name="plain"><reliableSession enabled="true"/><security mode="None"/></binding></wsHttpBinding></bindings>
</system.serviceModel>
<waxwing><store provider="postgres" url="URL" keyFile="keys"/><outbox name="orders"/></waxwing></configuration>"#;

/// Loads the file, as each of several processes does.
async fn open(folder: &Path, memory: &Memory) -> Result<Outbox, OutboxError> {
    let file = ConfigurationFile::load(folder.join("client.config")).unwrap();
    let builder = OutboxBuilder::from_config(&file, "orders", &ORDERS_CONTRACT).unwrap();
    builder.with_channels(|channels| channels.transport(memory.clone())).open().await
}

async fn host(memory: &Memory) -> ServiceHost {
    let binding = waxwing::binding::WsHttpBinding::new(waxwing::binding::SecurityMode::None, true);
    ServiceHostBuilder::new()
        .endpoint(binding, "http://shop.example/orders", &ORDERS_CONTRACT, Default::default())
        .unwrap()
        .listener(memory.clone())
        .open(ServiceInstances::per_session(|| OrdersService::new(Shop)))
        .await
        .unwrap()
}

async fn order(outbox: &Outbox, key: &str) -> i32 {
    let call = OrdersCalls::new(outbox).place("boots".to_owned());
    outbox.enqueue(key, call).await.unwrap().result().await.unwrap()
}

/// Without `<node>` neither takes the other's place: the second one is told, and gets the outbox when the first one ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_programs_with_one_outbox_do_not_fence_each_other() {
    if missing() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let postgres = Postgres::start(&folder.path().join("postgres")).unwrap();
    KeyFile::make(&folder.path().join("keys")).unwrap();
    let text = FILE.replace("URL", &postgres.address());
    std::fs::write(folder.path().join("client.config"), text).unwrap();
    let memory = Memory::new();
    let _host = host(&memory).await;
    let first = open(folder.path(), &memory).await.unwrap();
    assert_eq!(order(&first, "one").await, 5);
    let second = {
        let (folder, memory) = (folder.path().to_owned(), memory.clone());
        tokio::spawn(async move { open(&folder, &memory).await })
    };
    // The first one goes on meanwhile.
    for key in 0..8 {
        assert_eq!(order(&first, &format!("meanwhile {key}")).await, 5);
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    }
    let Err(refused) = second.await.unwrap() else { panic!("another process has it") };
    let text = refused.to_string();
    assert!(matches!(refused, OutboxError::InUse { .. }), "{text}");
    assert!(text.contains("another process has the outbox 'orders', and lives"), "{text}");
    assert_eq!(order(&first, "two").await, 5);
    first.close().await;
    let third = open(folder.path(), &memory).await.unwrap();
    assert_eq!(order(&third, "three").await, 5);
    third.close().await;
}
