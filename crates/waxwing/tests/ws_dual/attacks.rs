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

use crate::kit::{CHAT_CONTRACT, ChatClient, ChatService, Ear, Room, factory, hosted, plain};

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

/// Everything that is posted to this server.
async fn listening() -> (HttpServer, Heard) {
    let heard = Heard::default();
    let keeps = Arc::clone(&heard);
    let server = HttpServer::start(move |request: HttpRequest| {
        keeps.lock().unwrap().push(request);
        async { HttpReply::Empty(202.try_into().unwrap()) }
    });
    (server.await.unwrap(), heard)
}

const ADDRESSING: &str = "http://www.w3.org/2005/08/addressing";
const RELIABLE: &str = "http://schemas.xmlsoap.org/ws/2005/02/rm";

fn written(headers: &str, body: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:a=\"{ADDRESSING}\"><s:Header>{headers}\
         </s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )
}

/// The first message that says this, as soon as there is one.
async fn said(heard: &Heard, what: &str) -> String {
    let found = async {
        loop {
            let texts: Vec<_> = {
                let all = heard.lock().unwrap();
                all.iter().map(|own| String::from_utf8_lossy(&own.body).into_owned()).collect()
            };
            if let Some(text) = texts.into_iter().find(|text| text.contains(what)) {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let found = tokio::time::timeout(Duration::from_secs(30), found).await;
    found.unwrap_or_else(|_| panic!("nothing says {what}"))
}

/// A client with a session of his own asks for a reply, and for a fault, at somebody else's address: that is not executed, and
/// nothing goes there.
#[tokio::test]
async fn a_reply_is_wanted_at_somebody_elses_address() {
    let room = Room::default();
    let (host, address) = hosted(plain(), &room).await;
    let ((own, heard), (victim, victims)) = (listening().await, listening().await);
    let here = format!("<a:Address>http://{}/cb</a:Address>", own.local_addr());
    let there = format!("<a:Address>http://{}/</a:Address>", victim.local_addr());
    let http = HttpClient::new();
    let post = |headers: String, body: String| {
        let (http, address) = (http.clone(), address.clone());
        async move {
            let text = written(&headers, &body);
            let answer = http.post(&address, "application/soap+xml; charset=utf-8", text).await;
            assert_eq!(answer.unwrap().status, 202);
        }
    };
    let create = format!(
        "<a:Action s:mustUnderstand=\"1\">{RELIABLE}/CreateSequence</a:Action><a:MessageID>urn:uuid:c8718533-3d8f-4c35-b159-fc0d89210438\
         </a:MessageID><a:ReplyTo>{here}</a:ReplyTo><a:To s:mustUnderstand=\"1\">{address}</a:To>"
    );
    let body = format!(
        "<CreateSequence xmlns=\"{RELIABLE}\"><AcksTo>{here}</AcksTo><Offer><Identifier>\
         urn:uuid:fafc6404-16b9-4d10-8c3f-9fdc25035b4b</Identifier></Offer></CreateSequence>"
    );
    post(create, body).await;
    let created = said(&heard, "CreateSequenceResponse").await;
    let sequence = created.split("Identifier>").nth(1).unwrap().split('<').next().unwrap();
    let echo = |number: u32, answered: String, text: &str| {
        // What he was told, he acknowledges: otherwise he is told no more.
        let before = match number {
            1 => String::new(),
            _ => format!(
                "<r:SequenceAcknowledgement xmlns:r=\"{RELIABLE}\"><r:Identifier>urn:uuid:fafc6404-16b9-4d10-8c3f-9fdc25035b4b\
                 </r:Identifier><r:AcknowledgementRange Lower=\"1\" Upper=\"{}\"/></r:SequenceAcknowledgement>",
                number - 1
            ),
        };
        let headers = format!(
            "{before}<r:Sequence xmlns:r=\"{RELIABLE}\" s:mustUnderstand=\"1\"><r:Identifier>{sequence}</r:Identifier><r:MessageNumber>{number}\
             </r:MessageNumber></r:Sequence><a:Action s:mustUnderstand=\"1\">urn:chat/IChat/Echo</a:Action>\
             <a:MessageID>urn:uuid:00000000-0000-4000-8000-00000000000{number}</a:MessageID>{answered}\
             <a:To s:mustUnderstand=\"1\">{address}</a:To>"
        );
        (headers, format!("<Echo xmlns=\"urn:chat\"><text>{text}</text></Echo>"))
    };
    let reply_to = |to: &str| format!("<a:ReplyTo>{to}</a:ReplyTo>");
    for (number, answered) in [
        reply_to(&there),
        format!("{}<a:FaultTo>{there}</a:FaultTo>", reply_to(&here)),
        reply_to(&format!(
            "{here}<a:ReferenceParameters><x xmlns=\"urn:x\">1</x></a:ReferenceParameters>"
        )),
    ]
    .into_iter()
    .enumerate()
    {
        let number = number as u32 + 1;
        let (headers, body) = echo(number, answered, "elsewhere");
        post(headers, body).await;
        let fault = said(&heard, &format!(">{number}</r:MessageNumber>")).await;
        assert!(fault.contains("InternalServiceFault"), "{fault}");
    }
    // As WCF's clients ask, with another spelling of the same, and in the two ways that say nothing.
    let anonymous = format!("<a:Address>{ADDRESSING}/anonymous</a:Address>");
    let same = here.replace("http://", "HTTP://");
    let usual = [reply_to(&here), reply_to(&same), reply_to(&anonymous), String::new()];
    for (number, answered) in (4..).zip(usual) {
        let (headers, body) = echo(number, answered, "here");
        post(headers, body).await;
        let reply = said(&heard, &format!(">{number}</r:MessageNumber>")).await;
        assert!(reply.contains(">here<"), "{reply}");
    }
    let texts = heard.lock().unwrap().iter().map(|own| own.body.clone()).collect::<Vec<_>>();
    assert!(!texts.iter().any(|text| String::from_utf8_lossy(text).contains(">elsewhere<")));
    assert_eq!(victims.lock().unwrap().len(), 0, "nothing goes to whom he names");
    host.close().await;
}

/// A service that calls back at some hosts only posts nowhere else, whoever asks; those there are served as ever.
#[tokio::test]
async fn clients_listen_where_the_service_may_call_back() {
    let (room, ear) = (Room::default(), Ear::default());
    let instances = ServiceInstances::per_session({
        let room = room.clone();
        move || ChatService::new(room.clone())
    });
    let host = ServiceHostBuilder::new()
        .endpoint(plain(), "http://127.0.0.1:0/chat", &CHAT_CONTRACT, ServiceBehavior::default())
        .unwrap()
        .callback_hosts("localhost 10.0.0.0/8".parse().unwrap())
        .open(instances.concurrency(ConcurrencyMode::Reentrant))
        .await
        .unwrap();
    let address = format!("http://{}/chat", host.local_addresses()[0]);
    let named = plain().client_base_address("http://localhost:0/callbacks".to_owned());
    let channel = factory(named, &address, &ear).open_channel().await.unwrap();
    assert_eq!(ChatClient::new(&channel).ask(1).await.unwrap(), "0;");
    channel.close().await.unwrap();
    let (victim, victims) = listening().await;
    let there = format!("<a:Address>http://{}/cb</a:Address>", victim.local_addr());
    let headers = format!(
        "<a:Action s:mustUnderstand=\"1\">{RELIABLE}/CreateSequence</a:Action><a:MessageID>urn:uuid:c8718533-3d8f-4c35-b159-fc0d89210438\
         </a:MessageID><a:ReplyTo>{there}</a:ReplyTo><a:To s:mustUnderstand=\"1\">{address}</a:To>"
    );
    let body = format!(
        "<CreateSequence xmlns=\"{RELIABLE}\"><AcksTo>{there}</AcksTo><Offer><Identifier>\
         urn:uuid:fafc6404-16b9-4d10-8c3f-9fdc25035b4b</Identifier></Offer></CreateSequence>"
    );
    let answer = HttpClient::new()
        .post(&address, "application/soap+xml; charset=utf-8", written(&headers, &body))
        .await
        .unwrap();
    assert_eq!(answer.status, 202);
    // Whoever comes behind him is served: by then he would have been.
    let named = plain().client_base_address("http://localhost:0/callbacks".to_owned());
    let channel = factory(named, &address, &ear).open_channel().await.unwrap();
    assert_eq!(host.statistics().sessions, 1, "there is no session for him");
    channel.close().await.unwrap();
    host.close().await;
    assert_eq!(victims.lock().unwrap().len(), 0, "nothing goes there");
}
