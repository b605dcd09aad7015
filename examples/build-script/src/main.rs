//! A service and a client of the contract that the build script made. The client would be the same for a service of WCF.

use waxwing::binding::{SecurityMode, ServiceBehavior, WsHttpBinding};
use waxwing::contract::{CallError, FaultDetail, OperationFault};
use waxwing::{ChannelFactory, ServiceHostBuilder, ServiceInstances};

/// What the build script has written.
mod orders {
    #![allow(dead_code)]
    waxwing::include_contract!("orders");
}

use orders::{ORDERS_CONTRACT, Orders, OrdersClient, OrdersService, OutOfStock, Receipt, State};

/// The service: an implementation of the trait.
struct Desk;

impl Orders for Desk {
    async fn place(
        &self,
        article: Option<String>,
        number: i32,
    ) -> Result<Option<Receipt>, OperationFault> {
        const LEFT: i32 = 10;
        if number > LEFT {
            let detail = OutOfStock { article, left: LEFT };
            return Err(OperationFault::new("There are not that many.").with_detail(detail));
        }
        Ok(Some(Receipt { article, number, state: State::Confirmed }))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let binding = || WsHttpBinding::new(SecurityMode::None, false);
    let host = ServiceHostBuilder::new()
        .endpoint(
            binding(),
            "http://127.0.0.1:0/orders",
            &ORDERS_CONTRACT,
            ServiceBehavior::default(),
        )?
        .open(ServiceInstances::single(OrdersService::new(Desk)))
        .await?;
    let address = format!("http://{}/orders", host.local_addresses()[0]);
    let factory = ChannelFactory::new(binding(), &address, &ORDERS_CONTRACT)?;
    let client = OrdersClient::new(factory.create_channel()?);

    let receipt = client.place(Some("umbrella".to_owned()), 2).await?;
    println!("{receipt:?}");
    match client.place(Some("hat".to_owned()), 50).await {
        Err(CallError::Fault(fault)) => {
            let OutOfStock { left, .. } = fault.detail()?;
            println!("fault: {} {left} are left.", fault.text());
        }
        other => println!("{other:?}"),
    }
    host.close().await;
    Ok(())
}
