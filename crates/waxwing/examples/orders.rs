//! Orders: data contracts, declared faults, and a session that has a first and a last operation. Both ends run in this
//! process, on a free port of 127.0.0.1, without security: `calculator_service` and the README show certificates.
//!
//! ```text
//! cargo run -p waxwing --example orders
//! ```
#![allow(clippy::disallowed_methods, missing_docs)]

use std::sync::{Mutex, PoisonError};

use waxwing::binding::{SecurityMode, ServiceBehavior, WsHttpBinding};
use waxwing::contract::{CallError, FaultDetail, OperationFault, SessionMode, service_contract};
use waxwing::datacontract::Decimal;
use waxwing::{ChannelFactory, DataContract, ServiceHostBuilder, ServiceInstances};

/// One line of an order.
#[derive(Clone, Debug, DataContract)]
#[data_contract(namespace = "urn:example:orders")]
pub struct Item {
    article: String,
    number: i32,
    /// A decimal keeps the cents that a floating-point number loses.
    price: Decimal,
}

/// What the customer gets when he has submitted.
#[derive(Clone, Debug, DataContract)]
#[data_contract(namespace = "urn:example:orders")]
pub struct Receipt {
    customer: String,
    items: Vec<Item>,
}

/// The detail of a fault: there are not that many.
#[derive(Clone, Debug, DataContract)]
#[data_contract(namespace = "urn:example:orders")]
pub struct OutOfStock {
    article: String,
    left: i32,
}

/// A session is one order: it begins with `begin` and ends with `submit`.
#[service_contract(namespace = "urn:example:orders", name = "IOrders", session_mode = Required)]
pub trait Orders {
    async fn begin(&self, customer: &str) -> Result<(), OperationFault>;

    #[operation(is_initiating = false, faults(OutOfStock))]
    async fn add(&self, item: &Item) -> Result<i32, OperationFault>;

    #[operation(is_initiating = false, is_terminating)]
    async fn submit(&self) -> Result<Receipt, OperationFault>;
}

/// One order: an instance of its own for each session.
struct Desk(Mutex<Receipt>);

impl Desk {
    fn new() -> Self {
        Self(Mutex::new(Receipt { customer: String::new(), items: Vec::new() }))
    }
}

impl Orders for Desk {
    async fn begin(&self, customer: &str) -> Result<(), OperationFault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).customer = customer.to_owned();
        Ok(())
    }

    async fn add(&self, item: &Item) -> Result<i32, OperationFault> {
        const LEFT: i32 = 10;
        if item.number > LEFT {
            let detail = OutOfStock { article: item.article.clone(), left: LEFT };
            return Err(OperationFault::new("There are not that many.").with_detail(detail));
        }
        let mut order = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        order.items.push(item.clone());
        Ok(i32::try_from(order.items.len())?)
    }

    async fn submit(&self) -> Result<Receipt, OperationFault> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let binding = || WsHttpBinding::new(SecurityMode::None, true); // a reliable session
    let host = ServiceHostBuilder::new()
        .endpoint(
            binding(),
            "http://127.0.0.1:0/orders",
            &ORDERS_CONTRACT,
            ServiceBehavior::default(),
        )?
        .open(ServiceInstances::per_session(|| OrdersService::new(Desk::new())))
        .await?;

    assert_eq!(ORDERS_CONTRACT.session_mode, SessionMode::Required);
    let address = format!("http://{}/orders", host.local_addresses()[0]);
    let factory = ChannelFactory::new(binding(), &address, &ORDERS_CONTRACT)?;
    let order = OrdersClient::new(factory.create_channel()?);
    let item = |article: &str, number, price: &str| -> Result<Item, Box<dyn std::error::Error>> {
        Ok(Item { article: article.to_owned(), number, price: price.parse()? })
    };

    // A session cannot begin in the middle.
    let refused = order.add(&item("boots", 1, "89.00")?).await.unwrap_err();
    println!("{refused}\n");

    order.begin("Ann").await?;
    println!("{} item", order.add(&item("umbrella", 2, "12.50")?).await?);
    match order.add(&item("hat", 50, "20.00")?).await {
        Err(CallError::Fault(fault)) => {
            let OutOfStock { article, left } = fault.detail()?;
            println!("fault: {} Of '{article}' {left} are left.", fault.text());
        }
        other => println!("{other:?}"),
    }
    let receipt = order.submit().await?;
    println!("{} has ordered:", receipt.customer);
    for Item { article, number, price } in &receipt.items {
        println!("  {number} × {article} at {price}");
    }

    // After the last operation the channel has closed itself.
    println!("\n{}", order.begin("Bob").await.unwrap_err());
    host.close().await;
    Ok(())
}
