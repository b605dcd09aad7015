//! Hosts with several contracts, endpoints and services on one port, and base addresses given in code.

#![allow(clippy::disallowed_methods, missing_docs)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use waxwing::binding::{
    BasicHttpBinding, BasicHttpSecurityMode, SecurityMode, ServiceBehavior, TimeSpan, WsHttpBinding,
};
use waxwing::contract::{ContractDescription, OperationFault, service_contract};
use waxwing::net::memory::Memory;
use waxwing::{
    ChannelFactory, ClientChannel, ConfigurationFile, HostError, ServiceHost, ServiceHostBuilder,
    ServiceInstances, ServiceObject,
};

#[service_contract(namespace = "urn:shop", name = "IOrders")]
pub trait Orders {
    async fn order(&self, pieces: i32) -> Result<i32, OperationFault>;
}

#[service_contract(namespace = "urn:shop", name = "IAdmin")]
pub trait Admin {
    async fn total(&self) -> Result<i32, OperationFault>;
    #[operation(one_way)]
    async fn clear(&self) -> Result<(), OperationFault>;
}

/// Has the action of `Orders::order`.
#[service_contract(namespace = "urn:shop", name = "IOrders", configuration_name = "Other.IOrders")]
pub trait OtherOrders {
    async fn order(&self, pieces: i32) -> Result<i32, OperationFault>;
}

#[derive(Default)]
struct Shop {
    total: AtomicI32,
}

impl Orders for Shop {
    async fn order(&self, pieces: i32) -> Result<i32, OperationFault> {
        Ok(self.total.fetch_add(pieces, Ordering::SeqCst) + pieces)
    }
}

impl OtherOrders for Shop {
    async fn order(&self, _: i32) -> Result<i32, OperationFault> {
        Ok(-1)
    }
}

impl Admin for Shop {
    async fn total(&self) -> Result<i32, OperationFault> {
        Ok(self.total.load(Ordering::SeqCst))
    }
    async fn clear(&self) -> Result<(), OperationFault> {
        self.total.store(0, Ordering::SeqCst);
        Ok(())
    }
}

/// One shop, by both contracts.
fn object() -> ServiceObject {
    let shop = Arc::new(Shop::default());
    ServiceObject::new()
        .contract(OrdersService::from(Arc::clone(&shop)))
        .contract(AdminService::from(shop))
}

fn plain() -> WsHttpBinding {
    WsHttpBinding::new(SecurityMode::None, true).send_timeout(TimeSpan::seconds(20))
}

async fn channel(
    host: &ServiceHost,
    path: &str,
    contract: &'static ContractDescription,
) -> ClientChannel {
    let address = format!("http://{}{path}", host.local_addresses()[0]);
    let factory = ChannelFactory::new(plain(), &address, contract).unwrap();
    factory.open_channel().await.unwrap()
}

fn file(folder: &Path, services: &str) -> ConfigurationFile {
    let text = format!(
        r#"<configuration><system.serviceModel><services>{services}</services>
          <bindings><wsHttpBinding>
            <binding name="B"><reliableSession enabled="true"/><security mode="None"/></binding>
            <binding name="Same"><reliableSession enabled="true"/><security mode="None"/></binding>
          </wsHttpBinding></bindings></system.serviceModel></configuration>"#
    );
    let path = folder.join("web.config");
    std::fs::write(&path, text).unwrap();
    ConfigurationFile::load(&path).unwrap()
}

fn endpoint(address: &str, binding: &str, contract: &str) -> String {
    format!(
        r#"<endpoint address="{address}" binding="wsHttpBinding" bindingConfiguration="{binding}" contract="{contract}"/>"#
    )
}

fn service(name: &str, base: &str, endpoints: &[String]) -> String {
    let endpoints = endpoints.concat();
    format!(
        r#"<service name="{name}"><host><baseAddresses><add baseAddress="{base}"/></baseAddresses></host>{endpoints}</service>"#
    )
}

#[tokio::test]
async fn a_file_gives_each_contract_its_endpoint_on_one_port() {
    let folder = tempfile::tempdir().unwrap();
    let endpoints = [endpoint("orders", "B", "IOrders"), endpoint("admin", "Same", "IAdmin")];
    let file = file(folder.path(), &service("Shop", "http://127.0.0.1:0/shop", &endpoints));
    let builder =
        ServiceHostBuilder::from_config(&file, "Shop", [&ORDERS_CONTRACT, &ADMIN_CONTRACT]);
    let host = builder.unwrap().open(ServiceInstances::single(object())).await.unwrap();
    assert_eq!(host.local_addresses().len(), 1);
    let orders = channel(&host, "/shop/orders", &ORDERS_CONTRACT).await;
    let admin = channel(&host, "/shop/admin", &ADMIN_CONTRACT).await;
    assert_eq!(OrdersClient::new(&orders).order(3).await.unwrap(), 3);
    assert_eq!(AdminClient::new(&admin).total().await.unwrap(), 3);
    // An endpoint has its own contract only.
    let strange = channel(&host, "/shop/orders", &ADMIN_CONTRACT).await;
    let error = AdminClient::new(&strange).total().await.unwrap_err();
    assert!(error.to_string().contains("ActionNotSupported"), "{error}");
    for channel in [orders, admin, strange] {
        channel.close().await.unwrap();
    }
    assert!(host.close().await);
}

#[tokio::test]
async fn contracts_at_one_address_share_a_session_and_its_instance() {
    let builder = ServiceHostBuilder::new().base_address("http://127.0.0.1:0/shop").unwrap();
    let behavior = ServiceBehavior::default;
    let host = builder
        .endpoint(plain(), "", &ORDERS_CONTRACT, behavior())
        .and_then(|builder| builder.endpoint(plain(), "", &ADMIN_CONTRACT, behavior()))
        .unwrap()
        .open(ServiceInstances::per_session(object))
        .await
        .unwrap();
    for _ in 0..2 {
        let channel = channel(&host, "/shop", &ORDERS_CONTRACT).await;
        let (orders, admin) = (OrdersClient::new(&channel), AdminClient::new(&channel));
        assert_eq!(orders.order(3).await.unwrap(), 3);
        assert_eq!(admin.total().await.unwrap(), 3);
        admin.clear().await.unwrap();
        assert_eq!(orders.order(1).await.unwrap(), 1);
        channel.close().await.unwrap();
    }
    assert!(host.close().await);
}

#[tokio::test]
async fn two_services_of_one_file_listen_on_one_port() {
    let folder = tempfile::tempdir().unwrap();
    // A port that is free now.
    let port = waxwing_testkit::ports::free_port().unwrap();
    let base = |path| format!("http://localhost:{port}/{path}");
    let services = [
        service("Orders", &base("orders"), &[endpoint("", "B", "IOrders")]),
        service("Admin", &format!("http://127.0.0.1:{port}/admin"), &[endpoint("", "B", "IAdmin")]),
        service("Again", &base("ORDERS/"), &[endpoint("", "B", "IOrders")]),
    ];
    let file = file(folder.path(), &services.concat());
    let named = |name, contract: &'static ContractDescription| {
        ServiceHostBuilder::from_config(&file, name, contract).unwrap()
    };
    let shop = Arc::new(Shop::default());
    let orders = || ServiceInstances::single(OrdersService::from(Arc::clone(&shop)));
    let admin = ServiceInstances::single(AdminService::from(Arc::clone(&shop)));
    let host = named("Orders", &ORDERS_CONTRACT)
        .service(named("Admin", &ADMIN_CONTRACT), admin)
        .open(orders())
        .await
        .unwrap();
    assert!(host.local_addresses().iter().all(|address| address.port() == port));
    let first = channel(&host, "/orders", &ORDERS_CONTRACT).await;
    let second = channel(&host, "/admin", &ADMIN_CONTRACT).await;
    assert_eq!(OrdersClient::new(&first).order(3).await.unwrap(), 3);
    assert_eq!(AdminClient::new(&second).total().await.unwrap(), 3);
    for channel in [first, second] {
        channel.close().await.unwrap();
    }
    assert!(host.close().await);
    let twice =
        named("Orders", &ORDERS_CONTRACT).service(named("Again", &ORDERS_CONTRACT), orders());
    let error = twice.open(orders()).await.unwrap_err().to_string();
    assert!(error.contains("A registration already exists for URI"), "{error}");
}

async fn opened(
    builder: Result<ServiceHostBuilder, HostError>,
    instances: ServiceInstances,
) -> String {
    builder.unwrap().open(instances).await.unwrap_err().to_string()
}

#[tokio::test]
async fn what_cannot_share_an_address_is_told() {
    let behavior = ServiceBehavior::default;
    let one = || {
        let builder = ServiceHostBuilder::new().base_address("http://127.0.0.1:0/shop").unwrap();
        builder.endpoint(plain(), "x", &ORDERS_CONTRACT, behavior()).unwrap()
    };
    let other = plain().send_timeout(TimeSpan::seconds(7));
    let error = opened(
        one().endpoint(other, "X/", &ADMIN_CONTRACT, behavior()),
        ServiceInstances::single(object()),
    )
    .await;
    // The addresses differ in the letters only, which is told first.
    assert!(error.contains("apart by the contract only"), "{error}");
    let other = plain().send_timeout(TimeSpan::seconds(7));
    let error = opened(
        one().endpoint(other, "x", &ADMIN_CONTRACT, behavior()),
        ServiceInstances::single(object()),
    )
    .await;
    let text = "A binding instance has already been associated to listen URI 'http://127.0.0.1:0/shop/x'. If two \
                endpoints want to share the same ListenUri, they must also share the same binding object instance.";
    assert!(error.contains(text), "{error}");
    let both = object().contract(OtherOrdersService::new(Shop::default()));
    let error = opened(
        one().endpoint(plain(), "x", &OTHER_ORDERS_CONTRACT, behavior()),
        ServiceInstances::single(both),
    )
    .await;
    assert!(error.contains("'urn:shop/IOrders/Order'"), "{error}");
}

#[tokio::test]
async fn contracts_that_a_service_lacks_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let endpoints = [endpoint("orders", "B", "IOrders"), endpoint("admin", "B", "IAdmin")];
    let file = file(folder.path(), &service("My.Shop", "http://127.0.0.1:0/shop", &endpoints));
    let text = "The contract name 'IAdmin' could not be found in the list of contracts implemented by the service 'Shop'";
    let error = ServiceHostBuilder::from_config(&file, "My.Shop", &ORDERS_CONTRACT).unwrap_err();
    assert!(error.to_string().contains(text), "{error}");
    let builder =
        ServiceHostBuilder::from_config(&file, "My.Shop", [&ORDERS_CONTRACT, &ADMIN_CONTRACT]);
    let error =
        opened(builder, ServiceInstances::single(OrdersService::new(Shop::default()))).await;
    assert!(error.contains(text), "{error}");
}

#[tokio::test]
async fn base_addresses_of_code() {
    let builder = || ServiceHostBuilder::new().base_address("http://127.0.0.1:0/shop").unwrap();
    let error = builder().base_address("http://127.0.0.1:1/other").unwrap_err().to_string();
    let text = "This collection already contains an address with scheme http.  There can be at most one address per \
                scheme in this collection.";
    assert!(error.contains(text), "{error}");
    let error = ServiceHostBuilder::new().base_address("shop").unwrap_err().to_string();
    assert!(error.contains("Only an absolute Uri can be used as a base address."), "{error}");
    // The base address may come after the endpoint.
    let late = ServiceHostBuilder::new()
        .endpoint(plain(), "x", &ORDERS_CONTRACT, ServiceBehavior::default())
        .unwrap();
    let without = ServiceHostBuilder::new()
        .base_address("net.tcp://127.0.0.1/shop")
        .unwrap()
        .endpoint(plain(), "x", &ORDERS_CONTRACT, ServiceBehavior::default());
    let host = late.base_address("http://127.0.0.1:0/shop").unwrap();
    let host = host.open(ServiceInstances::single(object())).await.unwrap();
    assert_eq!(host.addresses(), ["http://127.0.0.1:0/shop/x"]);
    let channel = channel(&host, "/shop/x", &ORDERS_CONTRACT).await;
    assert_eq!(OrdersClient::new(&channel).order(3).await.unwrap(), 3);
    channel.close().await.unwrap();
    assert!(host.close().await);
    let error = opened(without, ServiceInstances::single(object())).await;
    let text = "Could not find a base address that matches scheme http for the endpoint with binding WSHttpBinding. \
                Registered base address schemes are [net.tcp].";
    assert!(error.contains(text), "{error}");
    // Without endpoints it has those that WCF would make: basicHttpBinding, one for each contract, at one address, whose
    // contracts are told apart by the action.
    let host = builder().open(ServiceInstances::single(object())).await.unwrap();
    assert_eq!(host.addresses().first().map(String::as_str), Some("http://127.0.0.1:0/shop"));
    let address = format!("http://{}/shop", host.local_addresses()[0]);
    let basic = BasicHttpBinding::new(BasicHttpSecurityMode::None);
    let factory = ChannelFactory::new(basic, &address, &ORDERS_CONTRACT).unwrap();
    let channel = factory.open_channel().await.unwrap();
    assert_eq!(OrdersClient::new(&channel).order(3).await.unwrap(), 3);
    channel.close().await.unwrap();
    assert!(host.close().await);
}

/// The second of two addresses is taken: that is told, and the first one is free again.
#[test]
fn a_network_in_memory_gives_back_what_it_took_in_vain() {
    let memory = Memory::new();
    let builder = |address: &str, contract: &'static ContractDescription| {
        let builder = ServiceHostBuilder::new().listener(memory.clone());
        builder.endpoint(plain(), address, contract, ServiceBehavior::default()).unwrap()
    };
    let instances = || ServiceInstances::single(object());
    let other = builder("http://shop/a", &ORDERS_CONTRACT).endpoint(
        plain(),
        "http://shop/b",
        &ADMIN_CONTRACT,
        ServiceBehavior::default(),
    );
    let (taken, free) =
        (builder("http://shop/b", &ADMIN_CONTRACT), builder("http://shop/a", &ORDERS_CONTRACT));
    let (sender, receiver) = std::sync::mpsc::channel();
    // A thread of its own: who waits for a lock that he holds waits for ever.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let _host = taken.open(instances()).await.unwrap();
            let error = other.unwrap().open(instances()).await.unwrap_err().to_string();
            let again = free.open(instances()).await.map(|host| host.addresses());
            sender.send((error, again.map_err(|e| e.to_string()))).unwrap();
        });
    });
    let (error, again) = receiver.recv_timeout(Duration::from_secs(30)).expect("no deadlock");
    assert!(error.contains("cannot listen on http://shop/b"), "{error}");
    assert_eq!(again.unwrap(), ["http://shop/a"]);
}

/// Two names of one machine are one place to listen on: what has one path there would be told apart by nobody, and the
/// second endpoint would never get a message.
#[tokio::test]
async fn one_path_at_two_names_of_one_machine_is_refused() {
    let port = waxwing_testkit::ports::free_port().unwrap();
    let builder = |path: &str| {
        let behavior = ServiceBehavior::default;
        let (one, other) =
            (format!("http://127.0.0.1:{port}/shop"), format!("http://localhost:{port}/{path}"));
        let builder = ServiceHostBuilder::new();
        let builder = builder.endpoint(plain(), &one, &ORDERS_CONTRACT, behavior()).unwrap();
        builder.endpoint(plain(), &other, &ADMIN_CONTRACT, behavior()).unwrap()
    };
    let open = |path| builder(path).open(ServiceInstances::single(object()));
    let error = open("S%68OP/").await.expect_err("one path twice").to_string();
    assert!(error.contains(&format!(":{port}/shop")), "{error}");
    assert!(error.contains("two endpoints have this place and path"), "{error}");
    assert_eq!(open("admin").await.unwrap().addresses().len(), 2);
}
