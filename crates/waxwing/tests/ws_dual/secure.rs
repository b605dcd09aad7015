//! Message security: each credential, negotiated and not, RM 1.1 by a custom binding, renewal, refusals.

use std::time::Duration;

use waxwing::binding::{
    Binding, Configuration, MessageCredentialType, ServiceBehavior, TimeSpan, WsDualHttpBinding,
    WsDualHttpSecurityMode,
};
use waxwing::crypto::{Certificate, Identity};
use waxwing::jiff::Timestamp;
use waxwing::security::ExpectedIdentity;
use waxwing::service::ConcurrencyMode;
use waxwing::{ChannelFactory, ServiceHost, ServiceHostBuilder, ServiceInstances};
use waxwing_testkit::lossy_link::{Loss, LossyLink};
use waxwing_testkit::ports::free_port;

use crate::common::pki;
use crate::kit::{CHAT_CONTRACT, ChatClient, ChatService, Ear, Room, factory};

const CREDENTIALS: [MessageCredentialType; 3] = [
    MessageCredentialType::Certificate,
    MessageCredentialType::UserName,
    MessageCredentialType::None,
];

fn binding(credential: MessageCredentialType, negotiated: bool) -> WsDualHttpBinding {
    let mut binding = WsDualHttpBinding::new(WsDualHttpSecurityMode::Message)
        .message_credential(credential)
        .client_base_address("http://127.0.0.1:0/callbacks".to_owned());
    binding.security.message.negotiate_service_credential = negotiated;
    binding
}

/// A custom binding of the same elements; `session` are attributes of the reliable session, `local` of the client's
/// settings of the secure conversation.
fn custom(session: &str, local: &str) -> Binding {
    custom_in(session, local, "<textMessageEncoding/>")
}

fn custom_in(session: &str, local: &str, encoding: &str) -> Binding {
    let version =
        "WSSecurity11WSTrustFebruary2005WSSecureConversationFebruary2005WSSecurityPolicy11";
    let text = format!(
        "<configuration><system.serviceModel><bindings><customBinding><binding name=\"B\"><reliableSession {session}/>\
         <security authenticationMode=\"SecureConversation\" messageSecurityVersion=\"{version}\">\
         <localClientSettings {local}/>\
         <secureConversationBootstrap authenticationMode=\"MutualCertificate\" messageSecurityVersion=\"{version}\"/></security>\
         <compositeDuplex clientBaseAddress=\"http://127.0.0.1:0/callbacks\"/><oneWay/>\
         {encoding}<httpTransport/></binding></customBinding></bindings></system.serviceModel></configuration>"
    );
    let file = Configuration::parse(&text).unwrap_or_else(|error| panic!("{error:?}"));
    file.binding("customBinding", "B").expect("the binding")
}

fn identity(name: &str) -> Identity {
    let read = |kind: &str| std::fs::read(pki().join(format!("{name}.{kind}.pem"))).unwrap();
    Identity::from_pem(&[read("cert"), read("key")].concat()).unwrap()
}

fn user_names(name: &str, password: Option<&str>) -> Result<(), String> {
    match (name, password) {
        ("alice", Some("secret")) => Ok(()),
        _ => Err("the password is wrong".to_owned()),
    }
}

fn client_trust(own: &Certificate, _: &[Certificate], _: Timestamp) -> Result<(), String> {
    match own.subject_windows().as_str() {
        "CN=alice" => Ok(()),
        other => Err(format!("{other} is a stranger")),
    }
}

fn service_trust(_: &Certificate, _: &[Certificate], _: Timestamp) -> Result<(), String> {
    Ok(())
}

async fn hosted(binding: impl Into<Binding>, room: &Room) -> (ServiceHost, String) {
    let instances = ServiceInstances::per_session({
        let room = room.clone();
        move || ChatService::new(room.clone())
    });
    let host = ServiceHostBuilder::new()
        .endpoint(binding, "http://127.0.0.1:0/chat", &CHAT_CONTRACT, ServiceBehavior::default())
        .unwrap_or_else(|error| panic!("{error}"))
        .certificate(identity("service"))
        .client_trust(client_trust)
        .user_names(user_names)
        .open(instances.concurrency(ConcurrencyMode::Reentrant))
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    let address = format!("http://{}/chat", host.local_addresses()[0]);
    (host, address)
}

fn alice(binding: impl Into<Binding>, address: &str, ear: &Ear) -> ChannelFactory {
    factory(binding, address, ear)
        .identity(ExpectedIdentity::Dns("localhost".into()))
        .client_certificate(identity("alice"))
        .user_name("alice", "secret")
        .service_certificate(identity("service").certificate)
        .service_trust(service_trust)
}

/// Calls both ways, and both ends close.
async fn talk(binding: impl Into<Binding>, what: &str) {
    let binding = binding.into();
    let (room, ear) = (Room::default(), Ear::default());
    let (host, address) = hosted(binding.clone(), &room).await;
    let channel = alice(binding, &address, &ear).open_channel().await;
    let channel = channel.unwrap_or_else(|error| panic!("{what}: {error}"));
    let client = ChatClient::new(&channel);
    assert_eq!(client.echo("one".to_owned()).await.unwrap(), "one", "{what}");
    client.note("note".to_owned()).await.unwrap();
    assert_eq!(ear.has_heard(1).await, ["note"], "{what}");
    assert_eq!(client.ask(2).await.unwrap(), "0;1;", "{what}");
    let began = std::time::Instant::now();
    channel.close().await.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(began.elapsed() < Duration::from_secs(20), "{what}: {:?}", began.elapsed());
    assert!(host.close().await, "{what}");
}

#[tokio::test]
async fn each_credential_negotiated() {
    for credential in CREDENTIALS {
        talk(binding(credential, true), &format!("{credential:?}, negotiated")).await;
    }
}

#[tokio::test]
async fn each_credential_without_negotiation() {
    for credential in CREDENTIALS {
        talk(binding(credential, false), &format!("{credential:?}")).await;
    }
}

#[tokio::test]
async fn reliable_messaging_1_1_by_a_custom_binding() {
    talk(custom("reliableMessagingVersion=\"WSReliableMessaging11\"", ""), "1.1").await;
}

#[tokio::test]
async fn binary_messages_by_a_custom_binding() {
    for encoding in
        ["<binaryMessageEncoding/>", "<binaryMessageEncoding compressionFormat=\"GZip\"/>"]
    {
        for version in ["WSReliableMessagingFebruary2005", "WSReliableMessaging11"] {
            let session = format!("reliableMessagingVersion=\"{version}\"");
            talk(custom_in(&session, "", encoding), &format!("{encoding} {version}")).await;
            let plain = format!(
                "<configuration><system.serviceModel><bindings><customBinding><binding name=\"B\"><reliableSession {session}/>\
                 <compositeDuplex clientBaseAddress=\"http://127.0.0.1:0/callbacks\"/><oneWay/>{encoding}<httpTransport/></binding>\
                 </customBinding></bindings></system.serviceModel></configuration>"
            );
            let file = Configuration::parse(&plain).unwrap_or_else(|error| panic!("{error:?}"));
            let plain = file.binding("customBinding", "B").expect("the binding");
            talk(plain, &format!("{encoding} {version} without security")).await;
        }
    }
}

/// Two channels of one address, whose instance is signed.
#[tokio::test]
async fn two_channels_of_a_factory() {
    let (room, ear) = (Room::default(), Ear::default());
    let binding = binding(MessageCredentialType::Certificate, false);
    let (host, address) = hosted(binding.clone(), &room).await;
    let factory = alice(binding, &address, &ear);
    let (one, other) =
        (factory.open_channel().await.unwrap(), factory.open_channel().await.unwrap());
    for channel in [&one, &other] {
        assert_eq!(ChatClient::new(channel).ask(2).await.unwrap(), "0;1;");
    }
    one.close().await.unwrap();
    assert_eq!(ChatClient::new(&other).ask(1).await.unwrap(), "0;");
    other.close().await.unwrap();
    assert!(host.close().await);
}

/// The key is renewed by messages of the same two directions, while calls go on.
#[tokio::test]
async fn keys_are_renewed() {
    let binding = custom("", "sessionKeyRenewalInterval=\"00:00:02\"");
    let (room, ear) = (Room::default(), Ear::default());
    let (host, address) = hosted(binding.clone(), &room).await;
    let channel = alice(binding, &address, &ear).open_channel().await.unwrap();
    let client = ChatClient::new(&channel);
    let began = std::time::Instant::now();
    while channel.statistics().renewals < 2 {
        assert_eq!(client.ask(1).await.unwrap(), "0;");
        assert!(began.elapsed() < Duration::from_secs(60), "no renewal");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    channel.close().await.unwrap();
    assert!(host.close().await);
}

/// A service says nothing to whom it does not believe, and the client says why that may be.
#[tokio::test]
async fn a_wrong_password_is_met_with_silence() {
    let mut binding = binding(MessageCredentialType::UserName, true);
    binding.timeouts.open_timeout = TimeSpan::seconds(5);
    let (host, address) = hosted(binding.clone(), &Room::default()).await;
    let factory = alice(binding, &address, &Ear::default()).user_name("alice", "wrong");
    let error = factory.open_channel().await.map(drop).unwrap_err().to_string();
    assert!(error.contains("says nothing to whom it does not believe"), "{error}");
    assert_eq!(host.statistics().sessions, 0);
    assert!(host.close().await);
}

/// What the service says of the session never reaches the client, or what the client says never reaches the service: opening it ends
/// in words, and no session is left open. WCF sends neither again.
#[tokio::test]
async fn a_session_whose_beginning_is_lost_is_not_waited_for() {
    let all = Loss { requests: 1.0, responses: 0.0, seed: 3 };
    for of_client in [true, false] {
        let mut own = binding(MessageCredentialType::Certificate, false);
        own.timeouts.open_timeout = TimeSpan::seconds(4);
        let client_port = free_port().unwrap();
        let back = LossyLink::start(([127, 0, 0, 1], client_port).into(), all).await.unwrap();
        let mut of_service = own.clone().proxy_address(format!("http://{}", back.local_addr()));
        of_service.http.use_default_web_proxy = false;
        let (host, address) = match of_client {
            true => hosted(own.clone(), &Room::default()).await,
            false => hosted(of_service, &Room::default()).await,
        };
        let there = LossyLink::start(host.local_addresses()[0], all).await.unwrap();
        let base = format!("http://127.0.0.1:{client_port}/callbacks");
        let factory = alice(own.client_base_address(base), &address, &Ear::default());
        let factory = match of_client {
            true => factory.via(format!("http://{}/chat", there.local_addr())),
            false => factory,
        };
        let error = factory.open_channel().await.map(drop).unwrap_err().to_string();
        let lost = if of_client { there.counts() } else { back.counts() };
        assert_eq!(lost.lost_requests, 1, "{lost:?}");
        let words = if of_client { "broke" } else { "says nothing to whom it does not believe" };
        assert!(error.contains(words), "{error}");
        assert_eq!(host.statistics().sessions, 0);
        assert!(host.close().await);
    }
}

/// In a negotiation it is said at once, in the response.
#[tokio::test]
async fn an_untrusted_certificate_is_told_in_the_negotiation() {
    let binding = binding(MessageCredentialType::Certificate, true);
    let (host, address) = hosted(binding.clone(), &Room::default()).await;
    let factory = alice(binding, &address, &Ear::default()).client_certificate(identity("bob"));
    let began = std::time::Instant::now();
    let error = factory.open_channel().await.map(drop).unwrap_err().to_string();
    assert!(error.contains("authentica"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    assert!(host.close().await);
}
