//! State for each session, and several contracts on one host: a cart is filled and paid by two contracts at one address,
//! and a third contract counts what all sessions did.
//!
//! `cargo run -p waxwing --example sessions`
//!
//! Both ends run in this process, without security so that nothing must be set up.
#![allow(clippy::disallowed_methods, reason = "it looks for a free port")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use waxwing::binding::{SecurityMode, ServiceBehavior, WsHttpBinding};
use waxwing::contract::{ContractDescription, OperationContext, OperationFault, service_contract};
use waxwing::{
    ChannelFactory, ClientChannel, ServiceHost, ServiceHostBuilder, ServiceInstances, ServiceObject,
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[service_contract(namespace = "urn:example:shop", name = "ICart")]
trait Cart {
    async fn put(
        &self,
        context: &OperationContext,
        article: String,
        pieces: i32,
    ) -> Result<i32, OperationFault>;
}

#[service_contract(namespace = "urn:example:shop", name = "ICheckout")]
trait Checkout {
    async fn pay(&self) -> Result<Vec<String>, OperationFault>;
}

#[service_contract(namespace = "urn:example:shop", name = "ITill")]
trait Till {
    async fn sold(&self) -> Result<i32, OperationFault>;
}

/// What one client has in his cart. Each session has its own (`InstanceContextMode.PerSession`), for both contracts.
struct Customer {
    lines: Mutex<Vec<(String, i32)>>,
    sold: Arc<AtomicU32>,
}

impl Cart for Customer {
    async fn put(
        &self,
        context: &OperationContext,
        article: String,
        pieces: i32,
    ) -> Result<i32, OperationFault> {
        if pieces < 1 {
            return Err(OperationFault::new("There must be at least one piece."));
        }
        println!("service: {pieces} {article} in {}", context.session_id().unwrap_or("no session"));
        let mut lines = self.lines.lock().expect("nobody panics with it");
        lines.push((article, pieces));
        Ok(lines.iter().map(|(_, pieces)| pieces).sum())
    }
}

impl Checkout for Customer {
    async fn pay(&self) -> Result<Vec<String>, OperationFault> {
        let lines = std::mem::take(&mut *self.lines.lock().expect("nobody panics with it"));
        let pieces: i32 = lines.iter().map(|(_, pieces)| pieces).sum();
        self.sold.fetch_add(pieces.unsigned_abs(), Ordering::SeqCst);
        Ok(lines.into_iter().map(|(article, pieces)| format!("{pieces} {article}")).collect())
    }
}

/// What all customers share.
struct Counter(Arc<AtomicU32>);

impl Till for Counter {
    async fn sold(&self) -> Result<i32, OperationFault> {
        i32::try_from(self.0.load(Ordering::SeqCst)).map_err(Into::into)
    }
}

fn binding() -> WsHttpBinding {
    WsHttpBinding::new(SecurityMode::None, true)
}

/// A port that is free at the moment: both services are to have the same one.
fn free_port() -> std::io::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

async fn serve(port: u16) -> Result<ServiceHost, Failure> {
    let sold = Arc::new(AtomicU32::new(0));
    let behavior = ServiceBehavior::default;
    // Another service in the same host, on the same port.
    let till = ServiceHostBuilder::new().endpoint(
        binding(),
        &format!("http://127.0.0.1:{port}/till"),
        &TILL_CONTRACT,
        behavior(),
    )?;
    let counter = ServiceInstances::single(TillService::new(Counter(Arc::clone(&sold))));
    let host = ServiceHostBuilder::new()
        .base_address(&format!("http://127.0.0.1:{port}/shop"))?
        .endpoint(binding(), "", &CART_CONTRACT, behavior())?
        .endpoint(binding(), "", &CHECKOUT_CONTRACT, behavior())?
        .service(till, counter)
        .open(ServiceInstances::per_session(move || {
            let customer = Arc::new(Customer { lines: Mutex::default(), sold: Arc::clone(&sold) });
            ServiceObject::new()
                .contract(CartService::from(Arc::clone(&customer)))
                .contract(CheckoutService::from(customer))
        }))
        .await?;
    Ok(host)
}

async fn channel(
    port: u16,
    path: &str,
    contract: &'static ContractDescription,
) -> Result<ClientChannel, Failure> {
    let address = format!("http://127.0.0.1:{port}{path}");
    Ok(ChannelFactory::new(binding(), &address, contract)?.open_channel().await?)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let port = free_port()?;
    let host = serve(port).await?;
    // Two sessions at a time, each with a cart of its own. Both contracts are called on one channel.
    let (first, second) = (
        channel(port, "/shop", &CART_CONTRACT).await?,
        channel(port, "/shop", &CART_CONTRACT).await?,
    );
    for (name, channel, pieces) in [("first", &first, 2), ("second", &second, 3)] {
        let cart = CartClient::new(channel);
        cart.put("tea".to_owned(), pieces).await?;
        let all = cart.put("cups".to_owned(), 1).await?;
        println!("{name} client: {all} pieces are in my cart");
    }
    if let Err(error) = CartClient::new(&first).put("air".to_owned(), 0).await {
        println!("first client: {error}");
    }
    for (name, channel) in [("first", &first), ("second", &second)] {
        let bought = CheckoutClient::new(channel).pay().await?;
        println!("{name} client: I have bought {}", bought.join(", "));
        channel.close().await?;
    }
    let till = channel(port, "/till", &TILL_CONTRACT).await?;
    println!("till: {} pieces were sold", TillClient::new(&till).sold().await?);
    till.close().await?;
    host.close().await;
    Ok(())
}
