//! How large a message may be: what counts is what came over the network, not what it is decrypted to.

#![allow(clippy::disallowed_methods, reason = "a test reads its certificates from files")]

use waxwing::binding::{MessageCredentialType, SecurityMode, ServiceBehavior, WsHttpBinding};
use waxwing::contract::{OperationFault, service_contract};
use waxwing::crypto::{
    Certificate, CertificateValidator, Identity, RevocationMode, Usage, ValidationMode,
};
use waxwing::net::memory::Memory;
use waxwing::{ChannelFactory, ClientChannel, ServiceHost, ServiceHostBuilder, ServiceInstances};

#[service_contract(namespace = "urn:sizes", name = "ISizes")]
trait Sizes {
    async fn echo(&self, text: String) -> Result<String, OperationFault>;
    async fn repeated(&self, letter: String, times: u32) -> Result<String, OperationFault>;
}

struct Echo;

impl Sizes for Echo {
    async fn echo(&self, text: String) -> Result<String, OperationFault> {
        Ok(text)
    }

    async fn repeated(&self, letter: String, times: u32) -> Result<String, OperationFault> {
        Ok(letter.repeat(times as usize))
    }
}

/// The most octets of a message at both ends.
const MOST: u64 = 100_000;

/// Encrypted it is 80,000 characters of base64: with everything else less than allowed, with what it is decrypted to more.
const FITS: usize = 60_000;

/// Encrypted it is more than allowed by itself.
const TOO_LARGE: usize = 80_000;

fn pki(name: &str) -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/pki");
    std::fs::read(format!("{path}/{name}")).unwrap()
}

fn identity(name: &str) -> Identity {
    let mut pem = pki(&format!("{name}.cert.pem"));
    pem.extend(pki(&format!("{name}.key.pem")));
    Identity::from_pem(&pem).unwrap()
}

fn trust(usage: Usage) -> CertificateValidator {
    let roots = Certificate::from_pem(&pki("ca.cert.pem")).unwrap();
    let (mode, revocation) = (ValidationMode::ChainTrust, RevocationMode::NoCheck);
    CertificateValidator::new(mode, revocation, usage).with_roots(roots)
}

/// A service, and a channel to it: with a secure conversation, or with security in each message.
async fn both(conversation: bool) -> (ServiceHost, ClientChannel) {
    let binding = WsHttpBinding::new(SecurityMode::Message, conversation)
        .message_credential(MessageCredentialType::Certificate)
        .negotiate_service_credential(false)
        .establish_security_context(conversation)
        .max_received_message_size(MOST);
    let (memory, address) = (Memory::new(), "http://localhost/sizes");
    let host = ServiceHostBuilder::new()
        .endpoint(binding.clone(), address, &SIZES_CONTRACT, ServiceBehavior::default())
        .unwrap()
        .certificate(identity("service"))
        .client_trust(trust(Usage::Client))
        .listener(memory.clone())
        .open(ServiceInstances::single(SizesService::new(Echo)))
        .await
        .unwrap();
    let channel = ChannelFactory::new(binding, address, &SIZES_CONTRACT)
        .unwrap()
        .client_certificate(identity("alice"))
        .service_certificate(identity("service").certificate)
        .service_trust(trust(Usage::Service))
        .transport(memory)
        .open_channel()
        .await
        .unwrap();
    (host, channel)
}

#[tokio::test]
async fn an_encrypted_message_may_be_as_large_as_one_in_clear() {
    for conversation in [true, false] {
        let (host, channel) = both(conversation).await;
        let client = SizesClient::new(&channel);
        let text = "sixty thousand ".repeat(FITS / 15);
        assert_eq!(client.echo(text.clone()).await.unwrap(), text);
        channel.close().await.unwrap();
        host.close().await;
    }
}

#[tokio::test]
async fn what_is_larger_than_allowed_is_refused_all_the_same() {
    for conversation in [true, false] {
        let (host, channel) = both(conversation).await;
        let client = SizesClient::new(&channel);
        assert_eq!(client.repeated("a".to_owned(), 1).await.unwrap(), "a");
        let error = client.repeated("a".to_owned(), TOO_LARGE as u32).await.unwrap_err();
        assert!(error.to_string().contains("larger than the limit"), "{error}");
        channel.abort("it is over");
        host.close().await;
    }
}
