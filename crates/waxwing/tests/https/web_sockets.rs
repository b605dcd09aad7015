//! `netHttpsBinding`: binary messages over TLS, each for itself and over WebSockets (wss), with callbacks, with certificates of
//! clients, and with certificates that nobody trusts.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use waxwing::contract::{CallbackInstance, OperationContext, OperationFault, service_contract};
use waxwing::service::ConcurrencyMode;
use waxwing::{ChannelFactory, ServiceHostBuilder, ServiceInstances};

use crate::common::{self, Counting};
use crate::kit::{Wire, builder, call, client_file, factory, host, instances, service_file};
use crate::pki::Wish;

#[service_contract(
    namespace = "urn:chat",
    name = "IChat",
    configuration_name = "Microsoft.ServiceModel.Samples.ICalculator",
    callback = Listener
)]
pub trait Chat {
    /// Tells the client, and asks it.
    async fn tell(&self, ctx: &OperationContext, text: String) -> Result<String, OperationFault>;
}

#[service_contract(namespace = "urn:chat", name = "IChat")]
pub trait Listener {
    async fn question(&self, number: i32) -> Result<String, OperationFault>;
    #[operation(one_way)]
    async fn heard(&self, text: String) -> Result<(), OperationFault>;
}

struct Room;

impl Chat for Room {
    async fn tell(&self, ctx: &OperationContext, text: String) -> Result<String, OperationFault> {
        let client = ctx.callback::<ListenerClient<_>>()?;
        client.heard(text).await?;
        Ok(client.question(7).await?)
    }
}

#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Vec<String>>>);

impl Listener for Ear {
    async fn question(&self, number: i32) -> Result<String, OperationFault> {
        Ok(format!("{number} of {}", self.0.lock().unwrap().join(",")))
    }

    async fn heard(&self, text: String) -> Result<(), OperationFault> {
        self.0.lock().unwrap().push(text);
        Ok(())
    }
}

/// How messages go: by the usage of WebSockets, with or without a reliable session.
fn wire(usage: &str, reliable: bool, credential: &str) -> Wire {
    let binding = format!(
        r#"<reliableSession enabled="{reliable}"/><webSocketSettings transportUsage="{usage}"/>
        <security mode="Transport"><transport clientCredentialType="{credential}"/></security>"#
    );
    Wire { section: "netHttpsBinding", binding }
}

/// Of the first three the last goes over WebSockets.
fn wires(credential: &str) -> [Wire; 4] {
    [("Never", false), ("Never", true), ("Always", false), ("Always", true)]
        .map(|(usage, reliable)| wire(usage, reliable, credential))
}

#[tokio::test]
async fn calls_go_over_tls_each_for_itself_and_over_web_sockets() {
    for credential in ["None", "Certificate"] {
        for wire in wires(credential) {
            let (own, peer) =
                (common::stores("service", "ca", &[]), common::stores("alice", "ca", &[]));
            let calculator = Counting::default();
            let host = host(&service_file(&wire, own.path()), &calculator).await;
            let to = host.local_addresses()[0];
            let sum = call(&factory(&client_file(&wire, peer.path(), to, ""))).await;
            assert_eq!(sum.unwrap_or_else(|e| panic!("{}: {e}", wire.binding)), 3.0);
            let seen = calculator.caller.lock().unwrap().clone();
            let caller = (credential == "Certificate").then_some("CN=alice");
            let seen = seen.as_deref().map(|name| name.split(';').next().unwrap());
            assert_eq!(seen, caller, "{}", wire.binding);
            assert!(host.close().await, "{}", wire.binding);
        }
    }
}

#[tokio::test]
async fn a_service_calls_its_client_back_over_tls() {
    for reliable in [false, true] {
        let wire = wire("WhenDuplex", reliable, "None");
        let (own, peer) =
            (common::stores("service", "ca", &[]), common::stores("alice", "ca", &[]));
        let file = service_file(&wire, own.path());
        let host = ServiceHostBuilder::from_config(&file, "CalculatorService", &CHAT_CONTRACT);
        let instances = ServiceInstances::per_session(|| ChatService::new(Room));
        let instances = instances.concurrency(ConcurrencyMode::Reentrant);
        let host = host.unwrap_or_else(|e| panic!("{e}")).open(instances).await;
        let host = host.unwrap_or_else(|e| panic!("{e}"));
        let file = client_file(&wire, peer.path(), host.local_addresses()[0], "");
        let factory = ChannelFactory::from_config(&file, "calc", &CHAT_CONTRACT).unwrap();
        let ear = Ear::default();
        let factory = factory.callback(CallbackInstance::new(ListenerService::new(ear.clone())));
        let channel = factory.open_channel().await.unwrap_or_else(|e| panic!("{e}"));
        let client = ChatClient::new(&channel);
        assert_eq!(client.tell("a".to_owned()).await.unwrap(), "7 of a");
        assert_eq!(client.tell("b".to_owned()).await.unwrap(), "7 of a,b");
        channel.close().await.unwrap_or_else(|e| panic!("{e}"));
        assert!(host.close().await);
    }
}

/// A service of another name, and one that nobody vouches for: WCF's words, and no message goes there.
#[tokio::test]
async fn certificates_that_are_not_trusted() {
    let authority = Wish::authority("Own Authority").make(None);
    let elsewhere = Wish { hosts: &["elsewhere.example"], ..Wish::default() };
    let (elsewhere, stranger) = (elsewhere.make(Some(&authority)), Wish::default().make(None));
    for (made, why) in
        [(&elsewhere, "is not that of the host 'localhost'"), (&stranger, "localhost")]
    {
        for wire in wires("None") {
            let (service, client) =
                (tempfile::tempdir().unwrap(), common::stores("alice", "ca", &[]));
            made.put(service.path(), "My", "service");
            authority.put(client.path(), "Root", "own");
            let calculator = Counting::default();
            let host = host(&service_file(&wire, service.path()), &calculator).await;
            let to = host.local_addresses()[0];
            let error = call(&factory(&client_file(&wire, client.path(), to, ""))).await;
            let error = error.expect_err("it is not trusted");
            let wcf = "Could not establish trust relationship for the SSL/TLS secure channel with authority";
            assert!(error.contains(wcf) && error.contains(why), "{}: {error}", wire.binding);
            assert_eq!(host.statistics().sessions, 0);
            assert!(host.close().await);
        }
    }
}

/// A client whose certificate nobody trusts, under the name of another: it is refused before anything is executed.
#[tokio::test]
async fn clients_that_are_not_trusted() {
    for wire in wires("Certificate") {
        let own = common::stores("service", "ca", &[]);
        let calculator = Counting::default();
        let host = host(&service_file(&wire, own.path()), &calculator).await;
        let to = host.local_addresses()[0];
        let impostor = common::stores("mallory", "ca", &[]);
        let file = client_file(&wire, impostor.path(), to, "");
        let refused = call(&factory(&file)).await.expect_err("nobody trusts it");
        assert!(refused.contains("localhost"), "{}: {refused}", wire.binding);
        let executed = calculator.executed.load(Ordering::SeqCst);
        assert_eq!(executed, 0, "{}", wire.binding);
        assert!(host.close().await, "{}", wire.binding);
    }
}

/// The client's name and password in the SOAP header: in each message, and in a conversation.
fn credential_wires(usage: &str) -> Vec<Wire> {
    let own = [false, true].map(|reliable| Wire {
        section: "netHttpsBinding",
        binding: format!(
            r#"<reliableSession enabled="{reliable}"/><webSocketSettings transportUsage="{usage}"/>
            <security mode="TransportWithMessageCredential"/>"#
        ),
    });
    let conversations = ["", "<reliableSession/>"].map(|reliable| Wire {
        section: "customBinding",
        binding: format!(
            r#"{reliable}<security authenticationMode="SecureConversation"><secureConversationBootstrap
            authenticationMode="UserNameOverTransport"/></security><binaryMessageEncoding/>
            <httpsTransport><webSocketSettings transportUsage="{usage}"/></httpsTransport>"#
        ),
    });
    // A conversation goes with WebSockets alone.
    own.into_iter().chain(conversations.into_iter().filter(|_| usage == "Always")).collect()
}

fn user_names(name: &str, password: Option<&str>) -> Result<(), String> {
    match (name, password) {
        ("alice", Some("secret")) => Ok(()),
        _ => Err("the password is wrong".to_owned()),
    }
}

#[tokio::test]
async fn a_message_credential_goes_over_web_sockets() {
    for wire in credential_wires("Always") {
        let (own, peer) =
            (common::stores("service", "ca", &[]), common::stores("alice", "ca", &[]));
        let calculator = Counting::default();
        let host = builder(&service_file(&wire, own.path())).user_names(user_names);
        let host = host.open(instances(&calculator)).await.unwrap_or_else(|e| panic!("{e}"));
        let to = host.local_addresses()[0];
        let own = factory(&client_file(&wire, peer.path(), to, ""));
        let sum = call(&own.clone().user_name("alice", "secret")).await;
        assert_eq!(sum.unwrap_or_else(|e| panic!("{}: {e}", wire.binding)), 3.0);
        assert_eq!(calculator.caller.lock().unwrap().as_deref(), Some("alice"), "{}", wire.binding);
        let executed = calculator.executed.load(Ordering::SeqCst);
        // A wrong password, and no header at all: nothing is executed, and nothing is told.
        let error = call(&own.user_name("alice", "wrong")).await.expect_err("a wrong password");
        assert!(!error.contains("the password is wrong"), "{}: {error}", wire.binding);
        let bare = Wire {
            section: "netHttpsBinding",
            binding: r#"<webSocketSettings transportUsage="Always" subProtocol="SUB"/><security mode="Transport"/>"#.replace(
                "SUB",
                if wire.section == "customBinding" { "" } else { "soap" },
            ),
        };
        let error = call(&factory(&client_file(&bare, peer.path(), to, ""))).await;
        error.expect_err("it does not say who it is");
        assert_eq!(calculator.executed.load(Ordering::SeqCst), executed, "{}", wire.binding);
        assert!(host.close().await, "{}", wire.binding);
    }
}

/// Callbacks carry a timestamp, which the client wants to see; who calls is known at both ends.
#[tokio::test]
async fn a_service_calls_back_who_has_a_message_credential() {
    for wire in credential_wires("WhenDuplex") {
        let (own, peer) =
            (common::stores("service", "ca", &[]), common::stores("alice", "ca", &[]));
        let file = service_file(&wire, own.path());
        let host = ServiceHostBuilder::from_config(&file, "CalculatorService", &CHAT_CONTRACT);
        let instances = ServiceInstances::per_session(|| ChatService::new(Room));
        let instances = instances.concurrency(ConcurrencyMode::Reentrant);
        let host = host.unwrap_or_else(|e| panic!("{e}")).user_names(user_names);
        let host = host.open(instances).await.unwrap_or_else(|e| panic!("{e}"));
        let file = client_file(&wire, peer.path(), host.local_addresses()[0], "");
        let factory = ChannelFactory::from_config(&file, "calc", &CHAT_CONTRACT).unwrap();
        let ear = Ear::default();
        let factory = factory.callback(CallbackInstance::new(ListenerService::new(ear.clone())));
        let channel = factory.user_name("alice", "secret").open_channel().await;
        let channel = channel.unwrap_or_else(|e| panic!("{}: {e}", wire.binding));
        let client = ChatClient::new(&channel);
        assert_eq!(client.tell("a".to_owned()).await.unwrap(), "7 of a", "{}", wire.binding);
        channel.close().await.unwrap_or_else(|e| panic!("{e}"));
        assert!(host.close().await);
    }
}
