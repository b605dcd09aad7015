//! A one-way feed: prices that nobody answers, in order, each once. Both ends run in this process, on a free port of
//! 127.0.0.1, without security.
//!
//! A one-way call is over when its message has a place in the window of the reliable session; closing the channel waits
//! until the service has acknowledged all of them.
//!
//! ```text
//! cargo run -p waxwing --example feed
//! ```
#![allow(clippy::disallowed_methods, missing_docs)]

use std::sync::{Arc, Mutex, PoisonError};

use waxwing::binding::{SecurityMode, ServiceBehavior, WsHttpBinding};
use waxwing::contract::{OperationFault, service_contract};
use waxwing::datacontract::Decimal;
use waxwing::{ChannelFactory, ServiceHostBuilder, ServiceInstances};

#[service_contract(namespace = "urn:example:feed", name = "IFeed")]
pub trait Feed {
    #[operation(one_way)]
    async fn price(&self, number: i32, value: Decimal) -> Result<(), OperationFault>;
}

/// Keeps what comes.
#[derive(Clone, Default)]
struct Board(Arc<Mutex<Vec<(i32, Decimal)>>>);

impl Feed for Board {
    async fn price(&self, number: i32, value: Decimal) -> Result<(), OperationFault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((number, value));
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let binding = || WsHttpBinding::new(SecurityMode::None, true); // a reliable session: in order, each once
    let board = Board::default();
    let host = ServiceHostBuilder::new()
        .endpoint(binding(), "http://127.0.0.1:0/feed", &FEED_CONTRACT, ServiceBehavior::default())?
        .open(ServiceInstances::single(FeedService::new(board.clone())))
        .await?;

    let address = format!("http://{}/feed", host.local_addresses()[0]);
    let factory = ChannelFactory::new(binding(), &address, &FEED_CONTRACT)?;
    let feed = FeedClient::new(factory.open_channel().await?);
    for number in 1..=100 {
        feed.price(number, Decimal::new(i128::from(9_900 + number), 2)?).await?;
    }
    feed.channel().close().await?;
    host.close().await;

    let prices = board.0.lock().unwrap_or_else(PoisonError::into_inner);
    let in_order = prices.iter().map(|(number, _)| *number).eq(1..=100);
    println!("{} prices, in order: {in_order}", prices.len());
    for (number, value) in prices.iter().step_by(33) {
        println!("  {number:>3}: {value}");
    }
    Ok(())
}
