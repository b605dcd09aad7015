//! Rules about who is trusted that ask somebody else: nobody waits for them but who is judged.

#![allow(clippy::disallowed_methods, missing_docs, unreachable_pub)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use waxwing::binding::{
    MessageCredentialType, SecurityMode, ServiceBehavior, TimeSpan, WsHttpBinding,
};
use waxwing::contract::{OperationFault, service_contract};
use waxwing::crypto::{
    Certificate, CertificateValidator, Identity, RevocationMode, Usage, ValidationMode,
};
use waxwing::security::{CertificateEvidence, Zeroizing};
use waxwing::{ChannelFactory, ServiceHost, ServiceHostBuilder, ServiceInstances};

#[service_contract(namespace = "urn:desk", name = "IDesk")]
pub trait Desk {
    async fn greet(&self, name: String) -> Result<String, OperationFault>;
}

struct Polite;

impl Desk for Polite {
    async fn greet(&self, name: String) -> Result<String, OperationFault> {
        Ok(format!("hello {name}"))
    }
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../../testdata/pki/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn identity(name: &str) -> Identity {
    let pem = [read(&format!("{name}.cert.pem")), read(&format!("{name}.key.pem"))].concat();
    Identity::from_pem(&pem).unwrap()
}

fn binding(credential: MessageCredentialType) -> WsHttpBinding {
    WsHttpBinding::new(SecurityMode::Message, true)
        .message_credential(credential)
        .send_timeout(TimeSpan::seconds(30))
}

fn host(credential: MessageCredentialType) -> ServiceHostBuilder {
    let identity = identity("service");
    let (address, behavior) = ("http://127.0.0.1:0/desk", ServiceBehavior::default());
    ServiceHostBuilder::new()
        .endpoint(binding(credential), address, &DESK_CONTRACT, behavior)
        .unwrap()
        .certificate(identity)
}

async fn open(builder: ServiceHostBuilder) -> ServiceHost {
    let instances = ServiceInstances::per_session(|| DeskService::new(Polite));
    builder.open(instances).await.unwrap()
}

fn address(host: &ServiceHost) -> String {
    format!("http://localhost:{}/desk", host.local_addresses()[0].port())
}

fn by_the_root(usage: Usage) -> CertificateValidator {
    let (mode, revocation) = (ValidationMode::ChainTrust, RevocationMode::NoCheck);
    let roots = Certificate::from_pem(&read("ca.cert.pem")).unwrap();
    CertificateValidator::new(mode, revocation, usage).with_roots(roots)
}

/// While one user is looked up, whose directory does not answer, ten others come, are looked up for 200 ms each, and are
/// served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_are_served_while_one_is_looked_up() {
    let directory = Arc::new(Semaphore::new(0));
    let asked = Arc::new(AtomicUsize::new(0));
    let (gate, count) = (Arc::clone(&directory), Arc::clone(&asked));
    let builder = host(MessageCredentialType::UserName).user_names_async(
        move |name: String, _: Option<Zeroizing<String>>| {
            let gate = Arc::clone(&gate);
            count.fetch_add(1, Ordering::SeqCst);
            async move {
                if name == "slow" {
                    gate.acquire().await.map_err(|error| error.to_string())?.forget();
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
                if name == "nobody" { Err("not in the directory".to_owned()) } else { Ok(()) }
            }
        },
    );
    let host = open(builder).await;
    let address = address(&host);
    let factory = move |name: &str| {
        let binding = binding(MessageCredentialType::UserName);
        let factory = ChannelFactory::new(binding, &address, &DESK_CONTRACT).unwrap();
        factory.user_name(name, "secret").service_trust(by_the_root(Usage::Service))
    };
    let slow = tokio::spawn({
        let factory = factory("slow");
        async move { factory.open_channel().await }
    });
    while asked.load(Ordering::SeqCst) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let others: Vec<_> = (0..10)
        .map(|number| {
            let name = format!("user{number}");
            let factory = factory(&name);
            tokio::spawn(async move {
                let channel = factory.open_channel().await.unwrap();
                let greeting = DeskClient::new(&channel).greet(name.clone()).await.unwrap();
                assert_eq!(greeting, format!("hello {name}"));
                channel.close().await.unwrap();
            })
        })
        .collect();
    for other in others {
        other.await.unwrap();
    }
    let error = factory("nobody").open_channel().await.expect_err("refused");
    assert_eq!(error.code(), Some("wrong-password"), "{error}");
    assert!(!error.to_string().contains("directory"), "the client learns no reason: {error}");
    assert!(!slow.is_finished(), "he is still looked up");
    directory.add_permits(1);
    let channel = slow.await.unwrap().unwrap();
    assert_eq!(DeskClient::new(&channel).greet("slow".to_owned()).await.unwrap(), "hello slow");
    channel.close().await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 12, "each session once, no call again");
    host.close().await;
}

/// Certificates on both ends, by rules that wait. The client's lock is free meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_are_judged_by_rules_that_wait() {
    let clients = Arc::new(by_the_root(Usage::Client));
    let builder = host(MessageCredentialType::Certificate).client_trust_async(
        move |shown: CertificateEvidence, now| {
            let rule = Arc::clone(&clients);
            async move {
                tokio::task::yield_now().await;
                let validated = rule.validate(&shown.certificate, &shown.chain, now);
                validated.map_err(|error| error.to_string())
            }
        },
    );
    let host = open(builder).await;
    let address = address(&host);
    let gate = Arc::new(Semaphore::new(0));
    let factory = |name: &str| {
        let (gate, rule) = (Arc::clone(&gate), Arc::new(by_the_root(Usage::Service)));
        let binding = binding(MessageCredentialType::Certificate);
        let factory = ChannelFactory::new(binding, &address, &DESK_CONTRACT).unwrap();
        factory.client_certificate(identity(name)).service_trust_async(
            move |shown: CertificateEvidence, now| {
                let (gate, rule) = (Arc::clone(&gate), Arc::clone(&rule));
                async move {
                    gate.acquire().await.map_err(|error| error.to_string())?.forget();
                    let validated = rule.validate(&shown.certificate, &shown.chain, now);
                    validated.map_err(|error| error.to_string())
                }
            },
        )
    };
    let channel = factory("alice").create_channel().unwrap();
    let opening = tokio::spawn({
        let channel = channel.clone();
        async move { channel.open().await }
    });
    // A channel whose service is being judged can be looked at.
    while channel.statistics().answers_received == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(channel.service_identity().is_none() && !opening.is_finished());
    gate.add_permits(2);
    opening.await.unwrap().unwrap();
    assert!(channel.service_identity().unwrap().starts_with("CN=localhost; "));
    assert_eq!(DeskClient::new(&channel).greet("alice".to_owned()).await.unwrap(), "hello alice");
    channel.close().await.unwrap();
    let error = factory("mallory").open_channel().await.expect_err("not of this root");
    let text = error.to_string();
    assert!(text.contains("credential") || text.contains("certificate"), "{text}");
    host.close().await;
}
