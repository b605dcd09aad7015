//! A program of the README; a test holds the two together.
#![allow(clippy::disallowed_methods, missing_docs, dead_code, unreachable_pub)]
#[path = "readme/contract.rs"]
mod calculator;
// README
use calculator::{CALCULATOR_CONTRACT, CalculatorClient};
use waxwing::{ChannelFactory, ConfigurationFile};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().init();
    let config = ConfigurationFile::load("client.config")?;
    let factory = ChannelFactory::from_config(&config, "calculator", &CALCULATOR_CONTRACT)?;
    let channel = factory.open_channel().await?;

    let calculator = CalculatorClient::new(&channel);
    println!("Add(100,15.99) = {}", calculator.add(100.0, 15.99).await?);

    channel.close().await?;
    Ok(())
}
