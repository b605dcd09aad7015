//! A reliable session over HTTPS, in code: once with a user name and a password, once with a certificate of the caller.
//!
//! `cargo run -p waxwing --example https`
//!
//! TLS protects the messages; the credential stands in the first of them (`TransportWithMessageCredential`). Both ends run in this
//! process. The certificates are those of the tests: **never use them for anything else**. The same by configuration files is in the
//! folder `https` beside this file, for the examples `calculator_service` and `calculator_client`.
#![allow(clippy::disallowed_methods, reason = "it reads files")]

use waxwing::binding::{MessageCredentialType, SecurityMode, ServiceBehavior, WsHttpBinding};
use waxwing::contract::{OperationContext, OperationFault, service_contract};
use waxwing::crypto::{
    Certificate, CertificateValidator, Identity, RevocationMode, Usage, ValidationMode,
};
use waxwing::{ChannelFactory, ServiceHost, ServiceHostBuilder, ServiceInstances};

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[service_contract(namespace = "urn:example:greeter", name = "IGreeter")]
trait Greeter {
    async fn greet(&self, context: &OperationContext) -> Result<String, OperationFault>;
}

struct Polite;

impl Greeter for Polite {
    async fn greet(&self, context: &OperationContext) -> Result<String, OperationFault> {
        let caller = context.caller().map_or("stranger", |caller| caller.name.as_str());
        Ok(format!("Good day, {caller}!"))
    }
}

/// The same at both ends: a reliable session over HTTPS, the credential in the messages.
fn binding(credential: MessageCredentialType) -> WsHttpBinding {
    WsHttpBinding::new(SecurityMode::TransportWithMessageCredential, true)
        .mixed_credential(credential)
}

fn pki(name: &str) -> std::io::Result<Vec<u8>> {
    std::fs::read(format!("{}/../../testdata/pki/{name}", env!("CARGO_MANIFEST_DIR")))
}

fn identity(name: &str) -> Result<Identity, Failure> {
    let both = [pki(&format!("{name}.cert.pem"))?, pki(&format!("{name}.key.pem"))?].concat();
    Ok(Identity::from_pem(&both)?)
}

/// The authority of the tests.
fn authority() -> Result<Vec<Certificate>, Failure> {
    Ok(Certificate::from_pem(&pki("ca.cert.pem")?)?)
}

/// Believes callers with a certificate of that authority.
fn callers() -> Result<CertificateValidator, Failure> {
    let (mode, revocation) = (ValidationMode::ChainTrust, RevocationMode::NoCheck);
    Ok(CertificateValidator::new(mode, revocation, Usage::Client).with_roots(authority()?))
}

/// One service with an endpoint for each credential.
async fn serve() -> Result<ServiceHost, Failure> {
    let (by_name, by_certificate) =
        (binding(MessageCredentialType::UserName), binding(MessageCredentialType::Certificate));
    let behavior = ServiceBehavior::default;
    let host = ServiceHostBuilder::new()
        .base_address("https://localhost:0/greeter")?
        .endpoint(by_name, "by-name", &GREETER_CONTRACT, behavior())?
        .endpoint(by_certificate, "by-certificate", &GREETER_CONTRACT, behavior())?
        // What TLS shows…
        .https_certificate(identity("service")?)
        // …who somebody is by his password…
        .user_names(|name: &str, password: Option<&str>| match (name, password) {
            ("alice", Some("secret")) => Ok(()),
            _ => Err(format!("the password of '{name}' is wrong")),
        })
        // …and by his certificate.
        .client_trust(callers()?)
        .open(ServiceInstances::per_session(|| GreeterService::new(Polite)))
        .await?;
    Ok(host)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    tracing_subscriber::fmt().with_max_level(tracing::Level::WARN).with_target(false).init();
    let host = serve().await?;
    let address = format!("https://localhost:{}/greeter", host.local_addresses()[0].port());

    let by_name = ChannelFactory::new(
        binding(MessageCredentialType::UserName),
        &format!("{address}/by-name"),
        &GREETER_CONTRACT,
    )?
    .user_name("alice", "secret");
    let by_certificate = ChannelFactory::new(
        binding(MessageCredentialType::Certificate),
        &format!("{address}/by-certificate"),
        &GREETER_CONTRACT,
    )?
    .client_certificate(identity("alice")?);
    for factory in [by_name, by_certificate] {
        // Believed beside the system's authorities. That the certificate is the host's is checked as ever.
        let channel = factory.https_roots(authority()?).open_channel().await?;
        println!("{}: {}", channel.address(), GreeterClient::new(&channel).greet().await?);
        channel.close().await?;
    }

    println!("service: {} operations were executed", host.statistics().executed);
    host.close().await;
    Ok(())
}
