//! With message security: somebody reads every POST of both directions, and posts what he likes to either end. He has no key.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use waxwing::binding::{ServiceBehavior, WsDualHttpBinding, WsDualHttpSecurityMode};
use waxwing::crypto::{Certificate, Identity};
use waxwing::jiff::Timestamp;
use waxwing::security::ExpectedIdentity;
use waxwing::service::ConcurrencyMode;
use waxwing::{ClientChannel, ServiceHost, ServiceHostBuilder, ServiceInstances};
use waxwing_testkit::http::{HttpClient, HttpReply, HttpRequest, HttpServer};
use waxwing_testkit::ports::free_port;

use crate::kit::{CHAT_CONTRACT, ChatClient, ChatService, Ear, Room, factory};

/// What went one way: the address's path, the content type, the body.
type Heard = Arc<Mutex<Vec<HttpRequest>>>;

/// Hands on what comes to this port, and keeps it.
async fn between(port: impl Fn() -> u16 + Send + Sync + 'static) -> (HttpServer, Heard) {
    let (heard, http) = (Heard::default(), HttpClient::new());
    let keeps = Arc::clone(&heard);
    let server = HttpServer::start(move |request: HttpRequest| {
        keeps.lock().unwrap().push(request.clone());
        let (http, port) = (http.clone(), port());
        async move {
            let to = format!("http://127.0.0.1:{port}{}", request.path);
            let kind = request.content_type.unwrap_or_default();
            match http.post(&to, &kind, request.body).await {
                Ok(answer) => answer.into(),
                Err(_) => HttpReply::Abort,
            }
        }
    });
    (server.await.unwrap(), heard)
}

fn identity(name: &str) -> Identity {
    let pki = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/pki");
    let read = |kind: &str| std::fs::read(pki.join(format!("{name}.{kind}.pem"))).unwrap();
    Identity::from_pem(&[read("cert"), read("key")].concat()).unwrap()
}

fn trust(_: &Certificate, _: &[Certificate], _: Timestamp) -> Result<(), String> {
    Ok(())
}

struct Scene {
    room: Room,
    ear: Ear,
    host: ServiceHost,
    channel: ClientChannel,
    service: u16,
    client: u16,
    to_service: Heard,
    to_client: Heard,
    _proxies: [HttpServer; 2],
}

async fn scene() -> Scene {
    let (room, ear) = (Room::default(), Ear::default());
    let client = free_port().unwrap();
    let (back, to_client) = between(move || client).await;
    let binding = || {
        WsDualHttpBinding::new(WsDualHttpSecurityMode::Message)
            .client_base_address(format!("http://127.0.0.1:{client}/callbacks"))
    };
    let mut of_service = binding().proxy_address(format!("http://{}", back.local_addr()));
    of_service.security.message.client_credential_type =
        waxwing::binding::MessageCredentialType::Certificate;
    of_service.http.use_default_web_proxy = false;
    let instances = ServiceInstances::per_session({
        let room = room.clone();
        move || ChatService::new(room.clone())
    });
    let behavior = ServiceBehavior::default();
    let host = ServiceHostBuilder::new()
        .endpoint(of_service, "http://127.0.0.1:0/chat", &CHAT_CONTRACT, behavior)
        .unwrap()
        .certificate(identity("service"))
        .client_trust(trust)
        .open(instances.concurrency(ConcurrencyMode::Reentrant))
        .await
        .unwrap();
    let service = host.local_addresses()[0].port();
    let (there, to_service) = between(move || service).await;
    let mut of_client = binding();
    of_client.security.message.client_credential_type =
        waxwing::binding::MessageCredentialType::Certificate;
    let address = format!("http://{}/chat", host.local_addresses()[0]);
    let factory = factory(of_client, &address, &ear)
        .via(format!("http://{}/chat", there.local_addr()))
        .identity(ExpectedIdentity::Dns("localhost".into()))
        .client_certificate(identity("alice"))
        .service_certificate(identity("service").certificate)
        .service_trust(trust);
    let channel = factory.open_channel().await.unwrap_or_else(|e| panic!("{e}"));
    let _proxies = [there, back];
    Scene { room, ear, host, channel, service, client, to_service, to_client, _proxies }
}

/// Everything once more, to the end that it was for and to the other: nothing is executed again, and the session goes on.
#[tokio::test]
async fn everything_is_posted_again_to_both_ends() {
    let scene = scene().await;
    let client = ChatClient::new(&scene.channel);
    client.note("once".to_owned()).await.unwrap();
    assert_eq!(client.ask(2).await.unwrap(), "0;1;");
    assert_eq!(scene.ear.has_heard(1).await, ["once"]);
    let (there, back) =
        (scene.to_service.lock().unwrap().clone(), scene.to_client.lock().unwrap().clone());
    let callbacks = back[0].path.clone();
    let http = HttpClient::new();
    for message in there.iter().chain(&back) {
        for to in [
            format!("http://127.0.0.1:{}/chat", scene.service),
            format!("http://127.0.0.1:{}{callbacks}", scene.client),
        ] {
            let kind = message.content_type.clone().unwrap_or_default();
            let _ = http.post(&to, &kind, message.body.clone()).await;
        }
    }
    client.note("twice".to_owned()).await.unwrap();
    assert_eq!(client.ask(2).await.unwrap(), "0;1;");
    assert_eq!(scene.ear.has_heard(2).await, ["once", "twice"]);
    assert_eq!(*scene.room.noted.lock().unwrap(), ["once", "twice"]);
    scene.channel.close().await.unwrap();
    assert!(scene.host.close().await);
}

/// What nobody secured ends nothing at either end, and the service posts to no address that it names.
#[tokio::test]
async fn what_a_stranger_posts_is_said_to_nobody() {
    let scene = scene().await;
    let client = ChatClient::new(&scene.channel);
    client.note("heard".to_owned()).await.unwrap();
    assert_eq!(scene.ear.has_heard(1).await, ["heard"]);
    let callbacks = scene.to_client.lock().unwrap()[0].path.clone();
    let own = Arc::new(Mutex::new(0));
    let counts = Arc::clone(&own);
    let stranger = HttpServer::start(move |_| {
        *counts.lock().unwrap() += 1;
        async { HttpReply::Empty(202.try_into().unwrap()) }
    });
    let stranger = stranger.await.unwrap();
    let sequences = {
        let all = scene.to_service.lock().unwrap();
        let texts = all.iter().map(|r| String::from_utf8_lossy(&r.body).into_owned());
        let of =
            |text: String| Some(text.split("Identifier>").nth(1)?.split('<').next()?.to_owned());
        texts.filter(|text| text.contains("Sequence")).filter_map(of).collect::<Vec<_>>()
    };
    let envelope = |action: &str, to: &str, body: &str| {
        format!(
            "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
             xmlns:a=\"http://www.w3.org/2005/08/addressing\"><s:Header><a:Action s:mustUnderstand=\"1\">{action}</a:Action>\
             <a:MessageID>urn:uuid:{}</a:MessageID><a:ReplyTo><a:Address>http://{}/x</a:Address></a:ReplyTo>\
             <a:To s:mustUnderstand=\"1\">{to}</a:To></s:Header><s:Body>{body}</s:Body></s:Envelope>",
            "11111111-2222-4333-8444-555555555555",
            stranger.local_addr(),
        )
    };
    let at_service = format!("http://127.0.0.1:{}/chat", scene.service);
    let at_client = format!("http://127.0.0.1:{}{callbacks}", scene.client);
    let rm = "http://schemas.xmlsoap.org/ws/2005/02/rm";
    let mut bodies = vec![
        ("urn:chat/IChat/heard".to_owned(), "<heard xmlns=\"urn:chat\"><text>false</text></heard>".to_owned()),
        ("http://schemas.xmlsoap.org/ws/2005/02/trust/RST/SCT".to_owned(), String::new()),
        (
            "http://www.w3.org/2005/08/addressing/fault".to_owned(),
            "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value \
             xmlns:c=\"http://schemas.xmlsoap.org/ws/2005/02/sc\">c:BadContextToken</s:Value></s:Subcode></s:Code><s:Reason>\
             <s:Text xml:lang=\"en\">no</s:Text></s:Reason></s:Fault>"
                .to_owned(),
        ),
    ];
    for id in &sequences {
        let end = format!(
            "<TerminateSequence xmlns=\"{rm}\"><Identifier>{id}</Identifier></TerminateSequence>"
        );
        bodies.push((format!("{rm}/TerminateSequence"), end));
    }
    let http = HttpClient::new();
    for (action, body) in &bodies {
        for to in [&at_service, &at_client] {
            let text = envelope(action, to, body);
            let kind = "application/soap+xml; charset=utf-8";
            let answer = http.post(to, kind, text).await.unwrap();
            assert!(answer.body.is_empty(), "{action}: {:?}", answer.body);
        }
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(*own.lock().unwrap(), 0, "nothing was posted to the stranger");
    assert_eq!(client.ask(1).await.unwrap(), "0;");
    assert_eq!(scene.ear.has_heard(1).await, ["heard"]);
    scene.channel.close().await.unwrap();
    assert!(scene.host.close().await);
}
