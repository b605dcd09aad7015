//! A program of the README; a test holds the two together.
#![allow(clippy::disallowed_methods, missing_docs, dead_code, unreachable_pub)]
#[path = "readme/contract.rs"]
mod calculator;
// README
use calculator::{CALCULATOR_CONTRACT, CalculatorClient};
use waxwing::ChannelFactory;
use waxwing::binding::{MessageCredentialType, SecurityMode, TimeSpan, WsHttpBinding};
use waxwing::crypto::{
    Certificate, CertificateValidator, Identity, RevocationMode, Usage, ValidationMode,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().init();
    let binding = WsHttpBinding::new(SecurityMode::Message, true) // a reliable session
        .message_credential(MessageCredentialType::Certificate)
        .send_timeout(TimeSpan::seconds(30));
    let roots = Certificate::from_pem(&std::fs::read("certificates/authority.cert.pem")?)?;
    let (mode, revocation) = (ValidationMode::ChainTrust, RevocationMode::NoCheck);
    let validator = CertificateValidator::new(mode, revocation, Usage::Service).with_roots(roots);
    let mut alice = std::fs::read("certificates/CurrentUser/My/alice.cert.pem")?;
    alice.extend(std::fs::read("certificates/CurrentUser/My/alice.key.pem")?);
    let alice = Identity::from_pem(&alice)?; // or Identity::from_pkcs12(octets, password)

    let address = "http://localhost:8000/calculator";
    let channel = ChannelFactory::new(binding, address, &CALCULATOR_CONTRACT)?
        .client_certificate(alice)
        .service_trust(validator)
        .open_channel()
        .await?;
    println!("Add(1,2) = {}", CalculatorClient::new(&channel).add(1.0, 2.0).await?);

    channel.close().await?;
    Ok(())
}
