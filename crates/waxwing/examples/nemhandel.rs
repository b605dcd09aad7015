//! A service and a client with a binding like that of NemHandel (OIORASP): reliable messaging of February 2005 over
//! certificates on both sides by WS-Security 1.0, each message signed and encrypted by itself. The files are in
//! `examples/nemhandel`.
//!
//! `cargo run --release -p waxwing --example nemhandel`
//!
//! NemHandel's own libraries add binding elements and a behavior that are .NET classes (interceptors, `signCustomHeaders`):
//! what the interceptors check a service checks in its operations or in layers, and the headers that the behavior signs
//! are signed here by `sign_header`, on both sides.

#![allow(clippy::disallowed_methods, missing_docs, unreachable_pub)]

use std::path::Path;

use waxwing::contract::{
    CallOptions, MessageHeader, OperationContext, OperationFault, service_contract,
};
use waxwing::crypto::{
    Certificate, CertificateValidator, Identity, RevocationMode, Usage, ValidationMode,
};
use waxwing::{ChannelFactory, ConfigurationFile, ServiceHostBuilder, ServiceInstances};

const HEADERS: &str = "http://example.org/rasp/2007/09/01/";

#[service_contract(
    namespace = "http://example.org/invoices",
    name = "IInvoices",
    configuration_name = "Example.IInvoices"
)]
pub trait Invoices {
    /// Takes an invoice; gives a receipt.
    async fn submit(&self, ctx: &OperationContext, invoice: &str)
    -> Result<String, OperationFault>;
}

struct Receiving;

impl Invoices for Receiving {
    async fn submit(
        &self,
        ctx: &OperationContext,
        invoice: &str,
    ) -> Result<String, OperationFault> {
        let sender: Option<String> =
            ctx.header("SenderPartyIdentifier", HEADERS).unwrap_or_default();
        let sender =
            sender.ok_or_else(|| OperationFault::new("SenderPartyIdentifier is missing"))?;
        let caller = ctx.caller().map_or("nobody", |caller| caller.name.as_str());
        Ok(format!("{} characters from {sender}, signed by {caller}", invoice.len()))
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Here the certificates are the project's test data; a program of yours leaves these lines out, and puts them into the
/// folders of the stores that the files name.
struct Pki;

impl Pki {
    fn read(name: &str) -> Result<Vec<u8>, Failure> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/pki");
        Ok(std::fs::read(Path::new(folder).join(name))?)
    }

    fn identity(name: &str) -> Result<Identity, Failure> {
        let mut pem = Self::read(&format!("{name}.cert.pem"))?;
        pem.extend(Self::read(&format!("{name}.key.pem"))?);
        Ok(Identity::from_pem(&pem)?)
    }

    fn trust(usage: Usage) -> Result<CertificateValidator, Failure> {
        let roots = Certificate::from_pem(&Self::read("ca.cert.pem")?)?;
        let (mode, revocation) = (ValidationMode::ChainTrust, RevocationMode::NoCheck);
        Ok(CertificateValidator::new(mode, revocation, usage).with_roots(roots))
    }
}

fn file(name: &str) -> Result<ConfigurationFile, Failure> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/nemhandel");
    Ok(ConfigurationFile::load(Path::new(folder).join(name))?)
}

/// Both ends, over loopback: the receipts of three invoices.
pub async fn run() -> Result<Vec<String>, Failure> {
    let config = file("service.config")?;
    let host =
        ServiceHostBuilder::from_config(&config, "Example.InvoiceService", &INVOICES_CONTRACT)?
            .certificate(Pki::identity("service")?)
            .client_trust(Pki::trust(Usage::Client)?)
            .sign_header("SenderPartyIdentifier", HEADERS)
            .open(ServiceInstances::per_session(|| InvoicesService::new(Receiving)))
            .await?;
    let address = format!("http://{}/invoices", host.local_addresses()[0]);
    let service = Certificate::from_pem(&Pki::read("service.cert.pem")?)?.remove(0);
    let channel =
        ChannelFactory::from_config(&file("client.config")?, "Invoices", &INVOICES_CONTRACT)?
            .address(address)
            .client_certificate(Pki::identity("alice")?)
            .service_certificate(service)
            .service_trust(Pki::trust(Usage::Service)?)
            .sign_header("SenderPartyIdentifier", HEADERS)
            .open_channel()
            .await?;
    let client = InvoicesClient::new(&channel);
    let mut receipts = Vec::new();
    for number in 1..=3 {
        let sender =
            MessageHeader::new("SenderPartyIdentifier", HEADERS, &"5798000416604".to_owned())?;
        let invoice = format!("<Invoice><ID>{number}</ID></Invoice>");
        receipts
            .push(client.with_options(CallOptions::new().header(sender)).submit(&invoice).await?);
    }
    channel.close().await?;
    host.close().await;
    Ok(receipts)
}

#[tokio::main]
#[allow(dead_code, reason = "a test runs it, too")]
async fn main() -> Result<(), Failure> {
    for receipt in run().await? {
        println!("{receipt}");
    }
    Ok(())
}
