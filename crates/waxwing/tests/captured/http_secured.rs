//! Exchanges of HTTP with message security. Our client and our service talk to each other under keys of their own, and each
//! message is WCF's to the octet but for what is random in it, or depends on that. That they understand what WCF sent is shown
//! where keys can be those of the capture (`crates/security/tests`, `crates/session/tests`).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use waxwing::contract::BoxFuture;
use waxwing::net::memory::Memory;
use waxwing::net::{Answer, Outcome, Request, Transport};
use waxwing::security::ExpectedIdentity;
use waxwing::{ChannelFactory, ConfigurationFile, ServiceHostBuilder, ServiceInstances};

use crate::contracts::{CALCULATOR_CONTRACT, CalculatorClient, CalculatorService, Service, octets};
use crate::http::{Flow, QUOTAS, custom};
use crate::messages::{Message, envelope_of};
use crate::secured::{
    identity, knows_alice, octets_without_random, shape, text_without_random, trusts_alice,
    trusts_all,
};

/// Hands requests of our client to our service, and compares both ends' messages with those of the capture.
struct Compared {
    memory: Memory,
    flow: Arc<Flow>,
    count: Arc<AtomicUsize>,
    /// What differs: a panic in the middle of an exchange would be taken for the service's.
    differs: Arc<Mutex<Vec<String>>>,
}

impl Compared {
    fn compare(&self, place: &str, ours: &Message, theirs: &Message) {
        let mut differs = self.differs.lock().unwrap();
        let mut same = |what: &str, own: String, captured: String| {
            if own != captured {
                differs.push(format!("{place}: {what}\n{own}\n{captured}"));
            }
        };
        let (own, captured) = (envelope_of(ours), envelope_of(theirs));
        same("type", ours.content_type.clone(), theirs.content_type.clone());
        same("message", shape(&own), shape(&captured));
        match theirs.content_type.contains("msbin") {
            true => {
                let octets =
                    |m: &Message, e| format!("{:02X?}", octets_without_random(&m.octets, e));
                same("octets", octets(ours, &own), octets(theirs, &captured));
            }
            false => {
                let text = |m: &Message, e| text_without_random(&m.octets, e);
                same("text", text(ours, &own), text(theirs, &captured));
            }
        }
    }
}

impl Transport for Compared {
    fn schemes(&self) -> &[&str] {
        &["http"]
    }

    fn exchange<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Answer> {
        Box::pin(async move {
            let number = self.count.fetch_add(1, Ordering::SeqCst) + 1;
            let place = format!("{} {number:03}", self.flow.name);
            let Some((theirs, answer)) = self.flow.exchanges.get(number - 1) else {
                panic!("{place}: more is sent");
            };
            let (content_type, octets) = (request.content_type.to_owned(), request.octets.to_vec());
            self.compare(&format!("{place}-request"), &Message { content_type, octets }, theirs);
            let given = self.memory.exchange(request).await;
            if let (Outcome::Message { content_type }, Some(answer)) = (&given.outcome, answer) {
                let content_type = content_type.clone().unwrap_or_default();
                let ours = Message { content_type, octets: given.octets.to_vec() };
                self.compare(&format!("{place}-response"), &ours, answer);
            } else {
                let text = format!("{place}: {:?}", given.outcome);
                self.differs.lock().unwrap().push(text);
            }
            given
        })
    }
}

/// WCF's wsHttpBinding and ws2007HttpBinding.
fn ws(section: &str, reliable: bool, message: &str) -> String {
    format!(
        r#"<{section}><binding name="B"><reliableSession enabled="{reliable}"/><security mode="Message"><message {message}/></security></binding></{section}>"#
    )
}

/// The same with the binary encoding.
fn binary(reliable: &str, security: &str) -> String {
    custom(&format!("{reliable}{security}<binaryMessageEncoding>{QUOTAS}</binaryMessageEncoding>"))
}

const VERSION: &str = r#"messageSecurityVersion="WSSecurity11WSTrustFebruary2005WSSecureConversationFebruary2005WSSecurityPolicy11BasicSecurityProfile10""#;

async fn replay(folder: &str, name: &'static str, binding: &str, calls: &[&str]) {
    let flow = Arc::new(Flow::read(folder, name));
    let (section, address) = (&binding[1..binding.find('>').unwrap()], &flow.address);
    let endpoint = format!(
        r#"address="{address}" binding="{section}" bindingConfiguration="B" contract="ICalculator""#
    );
    let text = format!(
        r#"<configuration><system.serviceModel><bindings>{binding}</bindings>
        <services><service name="S"><endpoint {endpoint}/></service></services>
        <client><endpoint name="c" {endpoint}/></client></system.serviceModel></configuration>"#
    );
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("app.config");
    std::fs::write(&path, text).unwrap();
    let config = ConfigurationFile::load(&path).unwrap_or_else(|e| panic!("{name}: {e}"));
    let memory = Memory::new();
    let host = ServiceHostBuilder::from_config(&config, "S", &CALCULATOR_CONTRACT).unwrap();
    let host = host
        .listener(memory.clone())
        .certificate(identity("service"))
        .client_trust(trusts_alice)
        .user_names(knows_alice)
        .open(ServiceInstances::single(CalculatorService::new(Service)))
        .await
        .unwrap_or_else(|e| panic!("{name}: {e}"));
    let (count, differs) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<Vec<String>>>::default());
    let transport = Compared {
        memory,
        flow: Arc::clone(&flow),
        count: Arc::clone(&count),
        differs: Arc::clone(&differs),
    };
    let channel = ChannelFactory::from_config(&config, "c", &CALCULATOR_CONTRACT)
        .unwrap_or_else(|e| panic!("{name}: {e}"))
        .identity(ExpectedIdentity::Dns("localhost".into()))
        .client_certificate(identity("alice"))
        .user_name("alice", "secret")
        .service_certificate(identity("service").certificate)
        .service_trust(trusts_all)
        .transport(transport)
        .open_channel()
        .await
        .unwrap_or_else(|e| panic!("{name}: {e}"));
    let client = CalculatorClient::new(channel.clone());
    for call in calls {
        match *call {
            "Add" => assert_eq!(client.add(100.0, 15.99).await.unwrap(), 115.99, "{name}"),
            "Subtract" => assert_eq!(client.subtract(145.0, 76.54).await.unwrap(), 68.46, "{name}"),
            "Multiply" => assert_eq!(client.multiply(9.0, 81.25).await.unwrap(), 731.25, "{name}"),
            "Divide" => assert_eq!(client.divide(22.0, 7.0).await.unwrap(), 22.0 / 7.0, "{name}"),
            _ => assert_eq!(client.echo_bytes(octets(5000)).await.unwrap(), octets(5000), "{name}"),
        }
    }
    channel.close().await.unwrap_or_else(|e| panic!("{name}: {e}"));
    host.close().await;
    let differs = differs.lock().unwrap();
    assert!(
        differs.is_empty(),
        "{name}: {} differences, the first:\n{}",
        differs.len(),
        differs[0]
    );
    assert_eq!(count.load(Ordering::SeqCst), flow.exchanges.len(), "{name}: every exchange");
}

const FOUR: [&str; 4] = ["Add", "Subtract", "Multiply", "Divide"];

/// Sessions and messages that stand for themselves, by certificate and user name, negotiated and not.
#[tokio::test]
async fn protected_text() {
    let known = r#"clientCredentialType="Certificate" negotiateServiceCredential="false""#;
    let user = r#"clientCredentialType="UserName" negotiateServiceCredential="false""#;
    let alone = format!(r#"{known} establishSecurityContext="false""#);
    let user_alone = r#"clientCredentialType="UserName" establishSecurityContext="false""#;
    let negotiated = r#"clientCredentialType="Certificate""#;
    for (name, binding) in [
        ("rm10-sc-cert", ws("wsHttpBinding", true, known)),
        ("rm10-sc-username", ws("wsHttpBinding", true, user)),
        ("oneshot-cert", ws("wsHttpBinding", false, &alone)),
        ("rm11-sc13-cert", ws("ws2007HttpBinding", true, known)),
        ("tlsnego-rm10-sc-cert", ws("wsHttpBinding", true, negotiated)),
        ("tlsnego-oneshot-username", ws("wsHttpBinding", false, user_alone)),
    ] {
        replay("wcf", name, &binding, &FOUR).await;
    }
    let basic = r#"<basicHttpBinding><binding name="B"><security mode="Message"><message clientCredentialType="Certificate"/></security></binding></basicHttpBinding>"#;
    replay("wcf-basic", "basic-message-cert", basic, &FOUR[..2]).await;
}

#[tokio::test]
async fn protected_binary() {
    let session = format!(
        r#"<security authenticationMode="SecureConversation" {VERSION}><secureConversationBootstrap authenticationMode="MutualCertificate" {VERSION} requireSignatureConfirmation="true"/></security>"#
    );
    let alone = format!(
        r#"<security authenticationMode="MutualCertificate" {VERSION} requireSignatureConfirmation="true"/>"#
    );
    let reliable = binary("<reliableSession/>", &session);
    replay("wcf-binary", "binary-rm10-sc-cert", &reliable, &["Add", "EchoBytes"]).await;
    replay("wcf-binary", "binary-oneshot-cert", &binary("", &alone), &FOUR[..2]).await;
}
