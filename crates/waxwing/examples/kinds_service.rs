//! A service with every kind of data contract, which describes itself: for those who read WSDL.
//!
//! `cargo run -p waxwing --example kinds_service -- http://localhost:8000/kinds`
//!
//! Everything is given back as it came. Runs until it is interrupted, or until its standard input ends when `UNTIL_EOF` is set.

#![allow(clippy::disallowed_methods, missing_docs, unreachable_pub, dead_code)]

#[path = "../tests/schemas/kinds.rs"]
mod kinds;

use kinds::*;
use tokio::io::AsyncReadExt;
use waxwing::binding::{
    BasicHttpBinding, MexHttpBinding, SecurityMode, ServiceBehavior, WsHttpBinding,
};
use waxwing::contract::{OperationFault, RawBody};
use waxwing::datacontract::{DateTime, Shared};
use waxwing::service::MetadataOptions;
use waxwing::{ServiceHostBuilder, ServiceInstances};

struct Echo;

impl Kinds for Echo {
    async fn echo_everything(
        &self,
        value: Option<Everything>,
    ) -> Result<Option<Everything>, OperationFault> {
        Ok(value)
    }
    async fn echo_party(
        &self,
        value: Option<AnyParty>,
    ) -> Result<Option<AnyParty>, OperationFault> {
        Ok(value)
    }
    async fn echo_node(
        &self,
        value: Option<Shared<Node>>,
    ) -> Result<Option<Shared<Node>>, OperationFault> {
        Ok(value)
    }
    async fn echo_pair(
        &self,
        value: Option<Pair<Option<String>, Option<Vec<Address>>>>,
    ) -> Result<Option<Pair<Option<String>, Option<Vec<Address>>>>, OperationFault> {
        Ok(value)
    }
    async fn echo_generic(
        &self,
        value: Option<Generic<Option<Pair<i32, Option<Generic<Option<String>>>>>>>,
    ) -> Result<Option<Generic<Option<Pair<i32, Option<Generic<Option<String>>>>>>>, OperationFault>
    {
        Ok(value)
    }
    async fn echo_phones(&self, value: Option<Phones>) -> Result<Option<Phones>, OperationFault> {
        Ok(value)
    }
    async fn echo_prices(&self, value: Option<Prices>) -> Result<Option<Prices>, OperationFault> {
        Ok(value)
    }
    async fn echo_legacy(&self, value: Option<Legacy>) -> Result<Option<Legacy>, OperationFault> {
        Ok(value)
    }
    async fn echo_bag(&self, value: Option<Bag>) -> Result<Option<Bag>, OperationFault> {
        Ok(value)
    }
    async fn echo_poco(&self, value: Poco) -> Result<Poco, OperationFault> {
        Ok(value)
    }
    async fn echo_unwrapped(
        &self,
        party: Option<AnyParty>,
        destination: Option<Address>,
        session: &str,
        tags: &[String],
    ) -> Result<(AnyParty, Address, String, Vec<String>), OperationFault> {
        let missing = |what| OperationFault::new(format!("{what} is missing"));
        let party = party.ok_or_else(|| missing("the party"))?;
        let destination = destination.ok_or_else(|| missing("the address"))?;
        Ok((party, destination, session.to_owned(), tags.to_vec()))
    }
    async fn mix(
        &self,
        a: Colours,
        more: &[Colours],
    ) -> Result<(Colours, Colours, Size), OperationFault> {
        Ok((a, more.first().copied().unwrap_or(a), Size::Large))
    }
    async fn fire(&self, _at: DateTime) -> Result<(), OperationFault> {
        Ok(())
    }
    async fn nothing(&self) -> Result<(), OperationFault> {
        Ok(())
    }
    async fn echo_xml(&self, value: Option<XmlThing>) -> Result<Option<XmlThing>, OperationFault> {
        Ok(value)
    }
    async fn raw(&self, m: RawBody) -> Result<RawBody, OperationFault> {
        Ok(m)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = std::env::args().nth(1).ok_or("usage: kinds_service URL")?;
    let behavior = ServiceBehavior::default;
    let host = ServiceHostBuilder::new()
        .base_address(&base)?
        .metadata(MetadataOptions::new().addresses_of_host_header())
        .metadata_endpoint(MexHttpBinding::default(), "mex", behavior())?
        .endpoint(WsHttpBinding::new(SecurityMode::None, false), "", &KINDS_CONTRACT, behavior())?
        .endpoint(BasicHttpBinding::default(), "basic", &KINDS_CONTRACT, behavior())?
        .open(ServiceInstances::single(KindsService::new(Echo)))
        .await?;
    println!("READY {}", host.addresses().join(" "));
    if std::env::var_os("UNTIL_EOF").is_some() {
        let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
    } else {
        tokio::signal::ctrl_c().await?;
    }
    host.close().await;
    Ok(())
}
