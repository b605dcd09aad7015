//! Two users, and one of them may: who calls is proven by message security, what he may do is decided before each call.
//!
//! `cargo run -p waxwing --example authorization`
//!
//! Both ends run in this process. The certificates are those of the tests: **never use them for anything else**.
#![allow(clippy::disallowed_methods, reason = "it reads files")]

use std::sync::Mutex;

use waxwing::binding::{MessageCredentialType, SecurityMode, ServiceBehavior, WsHttpBinding};
use waxwing::contract::{OperationContext, OperationFault, service_contract};
use waxwing::crypto::{
    Certificate, CertificateValidator, Identity, RevocationMode, Usage, ValidationMode,
};
use waxwing::{ChannelFactory, ServiceHost, ServiceHostBuilder, ServiceInstances};

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[service_contract(namespace = "urn:example:bank", name = "IAccount")]
trait Account {
    async fn balance(&self) -> Result<i64, OperationFault>;
    async fn pay(&self, context: &OperationContext, cents: i64) -> Result<i64, OperationFault>;
}

/// One account for everybody.
struct Shared(Mutex<i64>);

impl Account for Shared {
    async fn balance(&self) -> Result<i64, OperationFault> {
        Ok(*self.0.lock().expect("nobody panics with it"))
    }

    async fn pay(&self, context: &OperationContext, cents: i64) -> Result<i64, OperationFault> {
        let who = context.caller().map_or("nobody", |caller| caller.name.as_str());
        println!("service: {who} pays {cents}");
        let mut balance = self.0.lock().expect("nobody panics with it");
        *balance -= cents;
        Ok(*balance)
    }
}

/// The same at both ends: a reliable session with message security, users with passwords.
fn binding() -> WsHttpBinding {
    WsHttpBinding::new(SecurityMode::Message, true)
        .message_credential(MessageCredentialType::UserName)
}

fn pki(name: &str) -> std::io::Result<Vec<u8>> {
    std::fs::read(format!("{}/../../testdata/pki/{name}", env!("CARGO_MANIFEST_DIR")))
}

async fn serve() -> Result<ServiceHost, Failure> {
    let identity = [pki("service.cert.pem")?, pki("service.key.pem")?].concat();
    let host = ServiceHostBuilder::new()
        .base_address("http://127.0.0.1:0/bank")?
        .endpoint(binding(), "account", &ACCOUNT_CONTRACT, ServiceBehavior::default())?
        .certificate(Identity::from_pem(&identity)?)
        // Who somebody is…
        .user_names(|_: &str, password: Option<&str>| match password {
            Some("secret") => Ok(()),
            _ => Err("the password is wrong".to_owned()),
        })
        // …and what he may do.
        .authorize(|call: &OperationContext| {
            let caller = call.caller().map(|caller| caller.name.clone()).unwrap_or_default();
            let only_reads = call.action().ends_with("/Balance");
            async move {
                // A database may be asked here.
                match only_reads || caller == "alice" {
                    true => Ok(()),
                    false => Err(format!("{caller} may only look")),
                }
            }
        })
        .open(ServiceInstances::single(AccountService::new(Shared(Mutex::new(10_000)))))
        .await?;
    Ok(host)
}

async fn call(host: &ServiceHost, user: &str) -> Result<(), Failure> {
    let address = format!("http://localhost:{}/bank/account", host.local_addresses()[0].port());
    let roots = Certificate::from_pem(&pki("ca.cert.pem")?)?;
    let (mode, revocation) = (ValidationMode::ChainTrust, RevocationMode::NoCheck);
    let channel = ChannelFactory::new(binding(), &address, &ACCOUNT_CONTRACT)?
        .user_name(user, "secret")
        .service_trust(
            CertificateValidator::new(mode, revocation, Usage::Service).with_roots(roots),
        )
        .open_channel()
        .await?;
    let client = AccountClient::new(&channel);
    println!("{user}: the balance is {}", client.balance().await?);
    match client.pay(250).await {
        Ok(rest) => println!("{user}: paid, {rest} are left"),
        Err(error) => println!("{user}: {error}"),
    }
    // A refusal does not end the session.
    println!("{user}: the balance is {}", client.balance().await?);
    channel.close().await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    // The service's log says why somebody was refused.
    tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_target(false).init();
    let host = serve().await?;
    for user in ["alice", "bob"] {
        call(&host, user).await?;
    }
    println!("service: {} operations were executed", host.statistics().executed);
    host.close().await;
    Ok(())
}
