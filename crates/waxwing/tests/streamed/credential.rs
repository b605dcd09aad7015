//! Streams with the client's credential in the SOAP header (`TransportWithMessageCredential`), or in HTTP (Basic, Digest): who it is
//! stands before the body, and is verified before an operation is given the stream.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use waxwing::binding::{Binding, Configuration, ServiceBehavior};
use waxwing::contract::{MessageStream, OperationContext};
use waxwing::crypto::{Certificate, Identity};
use waxwing::jiff::{SignedDuration, Timestamp};
use waxwing::security::{DigestSecret, ExpectedIdentity};
use waxwing::{ChannelFactory, ServiceHost, ServiceHostBuilder, ServiceInstances};

use crate::common::pki;
use crate::kit::*;

const STREAMED: &str = "transferMode=\"Streamed\" maxReceivedMessageSize=\"1000000000\"";

/// A binding, and whether the credential is a certificate.
struct Case {
    section: &'static str,
    inside: String,
    scheme: &'static str,
    certificate: bool,
}

impl Case {
    fn binding(&self) -> Binding {
        let Self { section, inside, .. } = self;
        let text = format!(
            "<configuration><system.serviceModel><bindings><{section}>{inside}</{section}></bindings></system.serviceModel>\
             </configuration>"
        );
        let file = Configuration::parse(&text).unwrap_or_else(|error| panic!("{error:?}"));
        file.binding(section, "B").expect("the binding")
    }

    /// One of the system's bindings.
    fn of(section: &'static str, more: &str, certificate: bool) -> Self {
        let credential = if certificate { "Certificate" } else { "UserName" };
        let (scheme, transport) = match section {
            "netTcpBinding" => ("net.tcp", "<transport clientCredentialType=\"None\"/>"),
            _ => ("https", ""),
        };
        let inside = format!(
            "<binding name=\"B\" {STREAMED} {more}><security mode=\"TransportWithMessageCredential\">{transport}<message \
             clientCredentialType=\"{credential}\"/></security></binding>"
        );
        Self { section, inside, scheme, certificate }
    }

    /// Security and encoding of a custom binding.
    fn custom(elements: &str, transport: &str, scheme: &'static str, certificate: bool) -> Self {
        let inside = format!("<binding name=\"B\">{elements}<{transport} {STREAMED}/></binding>");
        Self { section: "customBinding", inside, scheme, certificate }
    }
}

const OLDER: &str = "WSSecurity11WSTrustFebruary2005WSSecureConversationFebruary2005WSSecurityPolicy11BasicSecurityProfile10";

fn conversation(mode: &str) -> String {
    format!(
        "<security authenticationMode=\"SecureConversation\" messageSecurityVersion=\"{OLDER}\"><secureConversationBootstrap \
         authenticationMode=\"{mode}\" messageSecurityVersion=\"{OLDER}\"/></security>"
    )
}

/// Each way that a credential goes with streams: in each message, and in a conversation.
fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for certificate in [false, true] {
        let mode = match certificate {
            true => "CertificateOverTransport",
            false => "UserNameOverTransport",
        };
        all.push(Case::of("basicHttpsBinding", "", certificate));
        all.push(Case::of("basicHttpsBinding", "messageEncoding=\"Mtom\"", certificate));
        all.push(Case::of("netHttpsBinding", "", certificate));
        all.push(Case::of("netTcpBinding", "", certificate));
        let one_shot = format!("<security authenticationMode=\"{mode}\"/>");
        let text = format!("{one_shot}<textMessageEncoding/>");
        all.push(Case::custom(&text, "httpsTransport", "https", certificate));
        let tcp = format!("{one_shot}<mtomMessageEncoding/><sslStreamSecurity/>");
        all.push(Case::custom(&tcp, "tcpTransport", "net.tcp", certificate));
        let session = format!("{}<mtomMessageEncoding/>", conversation(mode));
        all.push(Case::custom(&session, "httpsTransport", "https", certificate));
    }
    all
}

fn pem(name: &str) -> Vec<u8> {
    std::fs::read(pki().join(name)).unwrap()
}

fn identity(name: &str) -> Identity {
    let read = |kind: &str| pem(&format!("{name}.{kind}.pem"));
    Identity::from_pem(&[read("cert"), read("key")].concat()).unwrap()
}

type Callers = Arc<Mutex<Vec<String>>>;

/// A host, and who its callers were.
async fn host(binding: Binding, scheme: &str, own: &Service) -> (ServiceHost, Callers) {
    let (address, own) = (format!("{scheme}://127.0.0.1:0/streams"), own.clone());
    let callers = Callers::default();
    let builder = ServiceHostBuilder::new()
        .endpoint(binding, &address, &STREAMS_CONTRACT, ServiceBehavior::default())
        .unwrap_or_else(|error| panic!("{error}"))
        .certificate(identity("service"))
        .user_names(|name: &str, password: Option<&str>| match (name, password) {
            ("alice", Some("secret")) => Ok(()),
            _ => Err("the password is wrong".to_owned()),
        })
        .digest_store(|name: &str, _: &str| {
            Ok((name == "alice").then(|| DigestSecret::password("secret")))
        })
        .client_trust(|own: &Certificate, _: &[Certificate], _: Timestamp| {
            match own.subject_windows().as_str() {
                "CN=alice" => Ok(()),
                other => Err(format!("{other} is a stranger")),
            }
        })
        .authorize({
            let callers = Arc::clone(&callers);
            move |call: &OperationContext| {
                let name = call.caller().map(|caller| caller.name.clone()).unwrap_or_default();
                callers.lock().unwrap().push(name);
                async { Ok(()) }
            }
        });
    let instances = ServiceInstances::per_session(move || StreamsService::new(own.clone()));
    (builder.open(instances).await.unwrap_or_else(|error| panic!("{error}")), callers)
}

/// A client who is alice, unless told otherwise.
fn factory(case: &Case, host: &ServiceHost) -> ChannelFactory {
    let address =
        format!("{}://localhost:{}/streams", case.scheme, host.local_addresses()[0].port());
    let factory = ChannelFactory::new(case.binding(), &address, &STREAMS_CONTRACT)
        .unwrap_or_else(|error| panic!("{}: {error}", case.inside))
        .https_roots(Certificate::from_pem(&pem("ca.cert.pem")).unwrap())
        .service_trust(|_: &Certificate, _: &[Certificate], _: Timestamp| Ok(()))
        .identity(ExpectedIdentity::Dns("localhost".into()));
    match case.certificate {
        true => factory.client_certificate(identity("alice")),
        false => factory.user_name("alice", "secret"),
    }
}

#[tokio::test]
async fn each_credential_goes_with_streams() {
    for case in cases() {
        let service = Service::default();
        let (host, callers) = host(case.binding(), case.scheme, &service).await;
        everything(&factory(&case, &host), &service).await;
        let callers = std::mem::take(&mut *callers.lock().unwrap());
        let expected = if case.certificate { "CN=alice; " } else { "alice" };
        assert!(callers.len() > 20, "{}", case.inside);
        for caller in callers {
            assert!(caller.starts_with(expected), "{}: {caller}", case.inside);
        }
        assert!(host.close().await, "{}: everything has ended by itself", case.inside);
    }
}

/// Who is not who he says: no octet of his stream gets to an operation.
#[tokio::test]
async fn strangers_are_given_no_operation() {
    for case in cases() {
        let service = Service::default();
        let (host, callers) = host(case.binding(), case.scheme, &service).await;
        let stranger = match case.certificate {
            true => factory(&case, &host).client_certificate(identity("bob")),
            false => factory(&case, &host).user_name("alice", "wrong"),
        };
        let put = async {
            let channel = stranger.open_channel().await.map_err(|error| error.to_string())?;
            let client = StreamsClient::new(&channel);
            let data = MessageStream::new(sevens(300_000));
            client.put(data).await.map_err(|error| error.to_string())
        };
        let error = put.await.expect_err("nobody knows it");
        assert!(
            !error.contains("stranger") && !error.contains("the password is wrong"),
            "{}: {error}",
            case.inside
        );
        assert!(callers.lock().unwrap().is_empty(), "{}", case.inside);
        assert!(service.failures.lock().unwrap().is_empty(), "{}", case.inside);
        assert!(host.close().await, "{}", case.inside);
    }
}

/// HTTP's own logins. A stream is sent once, so that an operation without one is called first.
#[tokio::test]
async fn logins_of_http_go_with_streams() {
    for scheme in ["Basic", "Digest"] {
        for encoding in ["<textMessageEncoding/>", "<mtomMessageEncoding/>"] {
            let inside = format!(
                "<binding name=\"B\">{encoding}<httpTransport authenticationScheme=\"{scheme}\" {STREAMED}/></binding>"
            );
            let case =
                Case { section: "customBinding", inside, scheme: "http", certificate: false };
            let service = Service::default();
            let (host, callers) = host(case.binding(), case.scheme, &service).await;
            let factory = factory(&case, &host);
            let client = StreamsClient::new(factory.open_channel().await.unwrap());
            let early = client.put(MessageStream::new(sevens(300_000))).await;
            let early = early.expect_err("a stream is sent once").to_string();
            assert!(early.contains("A stream is sent once"), "{early}");
            assert!(callers.lock().unwrap().is_empty(), "{scheme}");
            everything(&factory, &service).await;
            assert!(callers.lock().unwrap().iter().all(|caller| caller == "alice"), "{scheme}");
            let wrong = factory.user_name("alice", "wrong");
            let client = StreamsClient::new(wrong.open_channel().await.unwrap());
            client.double(vec![1]).await.expect_err("a wrong password");
            assert!(host.close().await, "{scheme}");
        }
    }
}

/// Who sends when he is told to (RFC 9110 §10.1.1) is asked who he is before, and sends nothing in vain.
#[tokio::test]
async fn who_waits_before_he_sends_is_asked_at_once() {
    let inside = format!(
        "<binding name=\"B\"><textMessageEncoding messageVersion=\"Soap11\"/><httpTransport authenticationScheme=\"Basic\" \
         {STREAMED}/></binding>"
    );
    let case = Case { section: "customBinding", inside, scheme: "http", certificate: false };
    let (host, callers) = host(case.binding(), case.scheme, &Service::default()).await;
    let mut peer = TcpStream::connect(host.local_addresses()[0]).await.unwrap();
    let head = format!(
        "POST /streams HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml; charset=utf-8\r\nSOAPAction: \"{PUT}\"\r\nExpect: \
         100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    peer.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 12];
    let read = peer.read_exact(&mut answer);
    tokio::time::timeout(Duration::from_secs(30), read).await.unwrap().unwrap();
    assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 401");
    assert!(callers.lock().unwrap().is_empty());
    drop(peer);
    assert!(host.close().await);
}

const PUT: &str = "http://Microsoft.ServiceModel.Samples/IStreams/Put";
const UTILITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const WSSE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const TEXT: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText";

fn timestamp(created: Timestamp) -> String {
    let expires = created + SignedDuration::from_mins(5);
    format!(
        "<u:Timestamp><u:Created>{created:.3}</u:Created><u:Expires>{expires:.3}</u:Expires></u:Timestamp>"
    )
}

fn security(timestamp: &str, name: &str, password: &str) -> String {
    format!(
        "<o:Security s:mustUnderstand=\"1\" xmlns:o=\"{WSSE}\" xmlns:u=\"{UTILITY}\">{timestamp}<o:UsernameToken><o:Username>{name}\
         </o:Username><o:Password Type=\"{TEXT}\">{password}</o:Password></o:UsernameToken></o:Security>"
    )
}

/// What somebody sends by hand, over a connection that somebody in front of the service would protect; `behind`: headers that stand
/// behind the body.
async fn by_hand(to: SocketAddr, header: &str, behind: &str) -> String {
    let body = format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Header>{header}</s:Header><s:Body><Put \
         xmlns=\"http://Microsoft.ServiceModel.Samples\"><data>AAcO</data></Put></s:Body>{behind}</s:Envelope>"
    );
    let request = format!(
        "POST /streams HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml; charset=utf-8\r\nSOAPAction: \"{PUT}\"\r\nConnection: \
         close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut peer = TcpStream::connect(to).await.unwrap();
    peer.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = peer.read_to_end(&mut answer);
    tokio::time::timeout(Duration::from_secs(30), read).await.unwrap().unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Headers that are missing, late, of another, twice, too old, or behind the body: the operation never begins.
#[tokio::test]
async fn headers_by_hand() {
    let inside = format!(
        "<binding name=\"B\"><security authenticationMode=\"UserNameOverTransport\" allowInsecureTransport=\"true\"/>\
         <textMessageEncoding messageVersion=\"Soap11\"/><httpTransport {STREAMED}/></binding>"
    );
    let case = Case { section: "customBinding", inside, scheme: "http", certificate: false };
    let service = Service::default();
    let (host, callers) = host(case.binding(), case.scheme, &service).await;
    let (to, now) = (host.local_addresses()[0], Timestamp::now());
    let fresh = timestamp(now);
    let good = security(&fresh, "alice", "secret");
    let answer = by_hand(to, &good, "").await;
    assert!(answer.contains("<PutResult>3<"), "{answer}");
    assert_eq!(*callers.lock().unwrap(), ["alice"]);
    let old = timestamp(now - SignedDuration::from_hours(1));
    let behind = format!("<s:Header>{good}</s:Header>");
    for (header, behind) in [
        (String::new(), ""),
        (String::new(), &*behind),
        (security(&fresh, "alice", "wrong"), ""),
        (security(&fresh, "nobody", "secret"), ""),
        (security("", "alice", "secret"), ""),
        (security(&old, "alice", "secret"), ""),
        (good.clone() + &good, ""),
        (good.replace("UsernameToken", "OtherToken"), ""),
    ] {
        let answer = by_hand(to, &header, behind).await;
        assert!(!answer.contains("PutResult"), "{header}: {answer}");
        assert_eq!(callers.lock().unwrap().len(), 1, "{header} {behind}");
    }
    assert!(service.failures.lock().unwrap().is_empty());
    assert!(host.close().await);
}
