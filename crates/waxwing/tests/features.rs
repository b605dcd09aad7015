//! Credentials, instances, faults, one-way operations, concurrency, loss, versions: over loopback, through files and code.

#![allow(clippy::disallowed_methods, missing_docs, unreachable_pub)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use common::*;
use waxwing::contract::{CallError, FaultDetail, OperationFault, service_contract};
use waxwing::{ChannelFactory, DataContract, ServiceHost, ServiceHostBuilder, ServiceInstances};
use waxwing_testkit::lossy_link::{Loss, LossyLink};

/// What went wrong, typed.
#[derive(Debug, Clone, PartialEq, DataContract)]
#[data_contract(namespace = "urn:counter")]
pub struct TooMuch {
    pub limit: i32,
}

#[service_contract(namespace = "urn:counter", name = "ICounter")]
pub trait Counter {
    /// Adds, and gives the sum of this session.
    async fn count(&self, by: i32) -> Result<i32, OperationFault>;
    #[operation(one_way)]
    async fn note(&self, by: i32) -> Result<(), OperationFault>;
    #[operation(faults(TooMuch))]
    async fn limited(&self, by: i32) -> Result<i32, OperationFault>;
    async fn broken(&self) -> Result<i32, OperationFault>;
    async fn tagged(&self, #[param(header)] tag: String, by: i32)
    -> Result<String, OperationFault>;
}

#[service_contract(namespace = "urn:notes", name = "INotes")]
pub trait Notes {
    #[operation(one_way)]
    async fn note(&self, by: i32) -> Result<(), OperationFault>;
}

#[derive(Default)]
struct Sum {
    own: AtomicU64,
    noted: Arc<AtomicU64>,
}

impl Counter for Sum {
    async fn count(&self, by: i32) -> Result<i32, OperationFault> {
        let by = u64::try_from(by)?;
        Ok(i32::try_from(self.own.fetch_add(by, Ordering::SeqCst) + by)?)
    }
    async fn note(&self, by: i32) -> Result<(), OperationFault> {
        self.noted.fetch_add(u64::try_from(by)?, Ordering::SeqCst);
        Ok(())
    }
    async fn limited(&self, by: i32) -> Result<i32, OperationFault> {
        if by > 10 {
            return Err(OperationFault::new("too much").with_detail(TooMuch { limit: 10 }));
        }
        Ok(by)
    }
    async fn broken(&self) -> Result<i32, OperationFault> {
        Err(std::io::Error::other("the disk with the secret name /dev/sdx is full"))?
    }
    async fn tagged(&self, tag: String, by: i32) -> Result<String, OperationFault> {
        Ok(format!("{tag} {by}"))
    }
}

impl Notes for Sum {
    async fn note(&self, by: i32) -> Result<(), OperationFault> {
        Counter::note(self, by).await
    }
}

/// Both sides by one binding in code, at a free port.
async fn host(
    binding: &str,
    configure: impl FnOnce(ServiceHostBuilder) -> ServiceHostBuilder,
    instances: ServiceInstances,
) -> (ServiceHost, tempfile::TempDir) {
    use waxwing::contract::Dispatch;
    let _ = std::any::type_name::<dyn Dispatch>();
    let folder = stores("service", "ca", &[]);
    let contract = waxwing::service::Instances::contracts(&instances)[0];
    let text = file(binding, contract.configuration_name, "http://127.0.0.1:0/counter");
    let config = load(folder.path(), &text);
    let builder = ServiceHostBuilder::from_config(&config, "Counter", contract).unwrap();
    (configure(builder).open(instances).await.unwrap(), folder)
}

fn factory(
    binding: &str,
    host: &ServiceHost,
    contract: &'static waxwing::contract::ContractDescription,
) -> (ChannelFactory, tempfile::TempDir) {
    let folder = stores("alice", "ca", &["service"]);
    let address = format!("http://{}/counter", host.local_addresses()[0]);
    let config = load(folder.path(), &file(binding, contract.configuration_name, &address));
    (ChannelFactory::from_config(&config, "c", contract).unwrap(), folder)
}

fn load(folder: &std::path::Path, text: &str) -> waxwing::ConfigurationFile {
    let path = folder.join("app.config");
    std::fs::write(&path, text).unwrap();
    waxwing::ConfigurationFile::load(&path).unwrap_or_else(|e| panic!("{e}"))
}

/// One file for both sides. `binding` is the content of `<bindings>` with one binding named B.
fn file(binding: &str, contract: &str, address: &str) -> String {
    let section = &binding[1..binding.find('>').unwrap()];
    let check =
        r#"<authentication certificateValidationMode="ChainTrust" revocationMode="NoCheck"/>"#;
    format!(
        r#"<configuration><system.serviceModel><bindings>{binding}</bindings>
<services><service name="Counter" behaviorConfiguration="S"><host><timeouts closeTimeout="00:00:02"/></host>
  <endpoint address="{address}" binding="{section}" bindingConfiguration="B" contract="{contract}"/></service></services>
<client><endpoint name="c" address="{address}" binding="{section}" bindingConfiguration="B" behaviorConfiguration="C" contract="{contract}">
  <identity><dns value="localhost"/></identity></endpoint></client>
<behaviors><serviceBehaviors><behavior name="S"><serviceCredentials>
    <serviceCertificate findValue="CN=localhost" storeName="My" storeLocation="LocalMachine"/>
    <clientCertificate>{check}</clientCertificate><userNameAuthentication userNamePasswordValidationMode="Custom"/>
  </serviceCredentials></behavior></serviceBehaviors>
  <endpointBehaviors><behavior name="C"><clientCredentials><clientCertificate findValue="alice" x509FindType="FindBySubjectName"/>
    <serviceCertificate><defaultCertificate findValue="localhost" x509FindType="FindBySubjectName" storeName="TrustedPeople"/>{check}</serviceCertificate>
  </clientCredentials></behavior></endpointBehaviors></behaviors>
</system.serviceModel></configuration>"#
    )
}

fn ws(reliable: bool, security: &str) -> String {
    format!(
        r#"<wsHttpBinding><binding name="B" sendTimeout="00:00:30" closeTimeout="00:00:10"><reliableSession enabled="{reliable}"/><security {security}></security></binding></wsHttpBinding>"#
    )
}

fn message(credential: &str, negotiate: bool, session: bool) -> String {
    let message = format!(
        r#"mode="Message"><message clientCredentialType="{credential}" negotiateServiceCredential="{negotiate}" establishSecurityContext="{session}"/"#
    );
    message
}

fn sums() -> ServiceInstances {
    ServiceInstances::per_session(|| CounterService::new(Sum::default()))
}

#[tokio::test]
async fn user_names_and_nobody() {
    for negotiate in [false, true] {
        let binding = ws(true, &message("UserName", negotiate, true));
        let check = |builder: ServiceHostBuilder| {
            builder.user_names(|name: &str, password: Option<&str>| match (name, password) {
                ("alice", Some("secret")) => Ok(()),
                _ => Err("wrong".to_owned()),
            })
        };
        let (host, _folder) = host(&binding, check, sums()).await;
        let (factory, _files) = factory(&binding, &host, &COUNTER_CONTRACT);
        let missing = factory.create_channel().expect_err("no user name").to_string();
        assert!(
            missing.contains("The username is not provided. Specify username in ClientCredentials"),
            "{missing}"
        );
        let channel = factory.clone().user_name("alice", "secret").open_channel().await.unwrap();
        assert_eq!(CounterClient::new(&channel).count(3).await.unwrap(), 3);
        channel.close().await.unwrap();
        let wrong =
            factory.user_name("alice", "guess").open_channel().await.expect_err("wrong password");
        assert_eq!(wrong.code(), Some("wrong-password"), "{wrong}");

        let binding = ws(true, &message("None", negotiate, true));
        let (host, _folder) = self::host(&binding, |b| b, sums()).await;
        let (factory, _files) = self::factory(&binding, &host, &COUNTER_CONTRACT);
        let channel = factory.open_channel().await.unwrap();
        assert_eq!(CounterClient::new(&channel).count(4).await.unwrap(), 4);
        channel.close().await.unwrap();
    }
}

#[tokio::test]
async fn every_message_for_itself() {
    for negotiate in [false, true] {
        let binding = ws(false, &message("Certificate", negotiate, false));
        let (host, _folder) = host(&binding, |b| b, sums()).await;
        let (factory, _files) = factory(&binding, &host, &COUNTER_CONTRACT);
        let channel = factory.open_channel().await.unwrap();
        let client = CounterClient::new(&channel);
        // Without session every call has an instance of its own.
        assert_eq!(client.count(3).await.unwrap(), 3);
        assert_eq!(client.count(4).await.unwrap(), 4);
        channel.close().await.unwrap();
    }
}

#[tokio::test]
async fn instances_faults_and_one_way_operations() {
    let binding = ws(true, &message("Certificate", false, true));
    let noted = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&noted);
    let instances = ServiceInstances::per_session(move || {
        CounterService::new(Sum { own: AtomicU64::new(0), noted: Arc::clone(&counter) })
    });
    let (host, _folder) = host(&binding, |b| b, instances).await;
    let (factory, _files) = factory(&binding, &host, &COUNTER_CONTRACT);
    let (first, second) =
        (factory.open_channel().await.unwrap(), factory.open_channel().await.unwrap());
    let (one, two) = (CounterClient::new(&first), CounterClient::new(&second));
    assert_eq!(one.count(1).await.unwrap(), 1);
    assert_eq!(one.count(2).await.unwrap(), 3);
    assert_eq!(two.count(5).await.unwrap(), 5, "another session has another instance");
    one.note(7).await.unwrap();
    two.note(8).await.unwrap();
    let fault = one.limited(11).await.unwrap_err();
    let fault = fault.fault().expect("a fault");
    assert_eq!(fault.detail::<TooMuch>().unwrap(), TooMuch { limit: 10 });
    assert_eq!(fault.text(), "too much");
    let hidden = one.broken().await.unwrap_err();
    let text = hidden.fault().expect("a fault").text().to_owned();
    assert!(
        text.starts_with("The server was unable to process the request due to an internal error."),
        "{text}"
    );
    assert!(!text.contains("sdx"));
    assert_eq!(one.limited(9).await.unwrap(), 9, "the session goes on after faults");
    assert_eq!(
        one.tagged("a".to_owned(), 1).await.unwrap(),
        "a 1",
        "headers of the contract are signed and encrypted"
    );
    first.close().await.unwrap();
    second.close().await.unwrap();
    assert_eq!(
        noted.load(Ordering::SeqCst),
        15,
        "closing waits until one-way messages are executed"
    );
    assert!(host.close().await);
}

#[tokio::test]
async fn only_one_way_operations_need_no_return_sequence() {
    for section in ["wsHttpBinding", "ws2007HttpBinding"] {
        let binding =
            ws(true, &message("Certificate", true, true)).replace("wsHttpBinding", section);
        let noted = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&noted);
        let instances = ServiceInstances::per_session(move || {
            NotesService::new(Sum { own: AtomicU64::new(0), noted: Arc::clone(&counter) })
        });
        let (host, _folder) = host(&binding, |b| b, instances).await;
        let (factory, _files) = factory(&binding, &host, &NOTES_CONTRACT);
        let channel = factory.open_channel().await.unwrap();
        let client = NotesClient::new(&channel);
        for _ in 0..20 {
            client.note(2).await.unwrap();
        }
        channel.close().await.unwrap();
        assert_eq!(noted.load(Ordering::SeqCst), 40);
        assert!(host.close().await);
    }
}

#[tokio::test]
async fn many_sessions_and_many_calls_at_once() {
    let binding = ws(true, &message("Certificate", false, true));
    let (host, _folder) = host(&binding, |b| b, sums()).await;
    let (factory, _files) = factory(&binding, &host, &COUNTER_CONTRACT);
    let session = |calls: i32| {
        let factory = factory.clone();
        async move {
            let channel = factory.open_channel().await?;
            let calls: Vec<_> = (0..calls)
                .map(|_| {
                    let client = CounterClient::new(channel.clone());
                    tokio::spawn(async move { client.count(1).await })
                })
                .collect();
            let mut sums = Vec::new();
            for call in calls {
                sums.push(call.await.unwrap()?);
            }
            channel.close().await?;
            Ok::<_, CallError>(sums)
        }
    };
    let sessions: Vec<_> = (0..6).map(|_| tokio::spawn(session(30))).collect();
    for session in sessions {
        let mut sums = session.await.unwrap().unwrap();
        sums.sort_unstable();
        assert_eq!(sums, (1..=30).collect::<Vec<_>>(), "each call was executed once");
    }
    assert_eq!(host.statistics().executed, 180);
}

#[tokio::test]
async fn exactly_once_over_a_link_that_loses_messages() {
    let binding = ws(true, &message("Certificate", true, true));
    let (host, _folder) = host(&binding, |b| b, sums()).await;
    let (factory, _files) = factory(&binding, &host, &COUNTER_CONTRACT);
    let loss = Loss { requests: 0.1, responses: 0.1, seed: 7 };
    let link = LossyLink::start(host.local_addresses()[0], loss).await.unwrap();
    let channel =
        factory.via(format!("http://{}/counter", link.local_addr())).open_channel().await.unwrap();
    let client = CounterClient::new(&channel);
    for number in 1..=40 {
        assert_eq!(client.count(1).await.unwrap(), number);
    }
    channel.close().await.unwrap();
    assert_eq!(host.statistics().executed, 40);
    assert!(channel.statistics().retransmissions > 0);
}

#[tokio::test]
async fn every_algorithm_suite_and_layout() {
    for suite in waxwing::crypto::AlgorithmSuite::all() {
        let security = message("Certificate", false, true)
            .replace("<message ", &format!("<message algorithmSuite=\"{suite}\" "));
        let binding = ws(true, &security);
        let (host, _folder) = host(&binding, |b| b, sums()).await;
        let (factory, _files) = factory(&binding, &host, &COUNTER_CONTRACT);
        let channel = factory.open_channel().await.unwrap_or_else(|e| panic!("{suite}: {e}"));
        assert_eq!(CounterClient::new(&channel).count(3).await.unwrap(), 3, "{suite}");
        channel.close().await.unwrap_or_else(|e| panic!("{suite}: {e}"));
    }
}

#[tokio::test]
async fn older_envelopes_and_addressing_in_a_reliable_session() {
    let versions = [
        "Soap11WSAddressing10",
        "Soap12WSAddressingAugust2004",
        "Soap11WSAddressingAugust2004",
        "Soap12WSAddressing10",
    ];
    for version in versions {
        for rm in ["WSReliableMessagingFebruary2005", "WSReliableMessaging11"] {
            let binding = format!(
                r#"<customBinding><binding name="B"><reliableSession ordered="false" reliableMessagingVersion="{rm}"/>
                   <textMessageEncoding messageVersion="{version}"/><httpTransport/></binding></customBinding>"#
            );
            let (host, _folder) = host(&binding, |b| b, sums()).await;
            let (factory, _files) = factory(&binding, &host, &COUNTER_CONTRACT);
            let channel =
                factory.open_channel().await.unwrap_or_else(|e| panic!("{version} {rm}: {e}"));
            let client = CounterClient::new(&channel);
            assert_eq!(client.count(3).await.unwrap_or_else(|e| panic!("{version} {rm}: {e}")), 3);
            let fault = client.limited(11).await.unwrap_err();
            assert_eq!(
                fault.fault().expect("a fault").detail::<TooMuch>().unwrap().limit,
                10,
                "{version}"
            );
            channel.close().await.unwrap_or_else(|e| panic!("{version} {rm}: {e}"));
        }
    }
}

#[tokio::test]
async fn messages_as_mime_parts() {
    for negotiate in [false, true] {
        let binding = ws(true, &message("Certificate", negotiate, true))
            .replace("name=\"B\"", "name=\"B\" messageEncoding=\"Mtom\"");
        let (host, _folder) = host(&binding, |b| b, sums()).await;
        let (factory, _files) = factory(&binding, &host, &COUNTER_CONTRACT);
        let channel = factory.open_channel().await.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(CounterClient::new(&channel).count(3).await.unwrap(), 3);
        channel.close().await.unwrap();
        // A service that speaks text does not take parts.
        let text = binding.replace("Mtom", "Text");
        let (host, _folder) = self::host(&text, |b| b, sums()).await;
        let (factory, _files) = self::factory(&binding, &host, &COUNTER_CONTRACT);
        let error = factory.open_channel().await.unwrap_err().to_string();
        assert!(error.contains("content type"), "{error}");
    }
}

/// What HTTP says must fit the message; a client that is no SOAP client gets an answer, too.
#[tokio::test]
async fn requests_over_http_that_do_not_fit() {
    use waxwing_testkit::http::HttpClient;
    let binding = ws(false, "mode=\"None\"");
    let (host, _folder) = host(&binding, |b| b, sums()).await;
    let address = format!("http://{}/counter", host.local_addresses()[0]);
    let message = format!(
        r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header>
<a:Action s:mustUnderstand="1">urn:counter/ICounter/Count</a:Action><a:MessageID>urn:x</a:MessageID><a:To s:mustUnderstand="1">{address}</a:To>
</s:Header><s:Body><Count xmlns="urn:counter"><by>3</by></Count></s:Body></s:Envelope>"#
    );
    let post = |content_type: &'static str, path: &'static str, body: String| {
        let address = address.replace("/counter", path);
        async move { HttpClient::new().post(&address, content_type, body).await }
    };
    let soap = "application/soap+xml; charset=utf-8";
    let right = "application/soap+xml; charset=utf-8; action=\"urn:counter/ICounter/Count\"";
    let wrong = "application/soap+xml; charset=utf-8; action=\"urn:counter/ICounter/Note\"";
    for content_type in [soap, right] {
        let answer = post(content_type, "/counter", message.clone()).await.unwrap();
        assert_eq!(answer.status, 200);
        assert!(String::from_utf8_lossy(&answer.body).contains("<CountResult>3</CountResult>"));
    }
    let aborted = post(wrong, "/counter", message.clone()).await;
    assert!(aborted.is_err(), "the connection is closed without an answer: {aborted:?}");
    assert_eq!(post("text/plain", "/counter", message.clone()).await.unwrap().status, 415);
    assert_eq!(post(soap, "/nowhere", message.clone()).await.unwrap().status, 404);
    assert_eq!(post(soap, "/counter", "<a/>".to_owned()).await.unwrap().status, 400);
    assert_eq!(post(soap, "/counter", " ".repeat(70_000)).await.unwrap().status, 413);
    let elsewhere =
        post(soap, "/counter", message.replace("/counter</a:To>", "/other</a:To>")).await.unwrap();
    assert_eq!(elsewhere.status, 500);
    assert!(String::from_utf8_lossy(&elsewhere.body).contains("AddressFilter mismatch"));
    let unknown = message.replace("ICounter/Count<", "ICounter/Modulo<");
    let unknown = post(soap, "/counter", unknown).await.unwrap();
    assert!(String::from_utf8_lossy(&unknown.body).contains("ContractFilter mismatch"));
    let header = message
        .replace("</s:Header>", "<x:Y xmlns:x=\"urn:x\" s:mustUnderstand=\"1\"/></s:Header>");
    let header = post(soap, "/counter", header).await.unwrap();
    assert!(
        String::from_utf8_lossy(&header.body)
            .contains("The header 'Y' from the namespace 'urn:x' was not understood")
    );
}

#[tokio::test]
async fn the_life_of_a_channel() {
    let binding = ws(true, &message("Certificate", false, true));
    let (host, _folder) = host(&binding, |b| b, sums()).await;
    let (factory, _files) = factory(&binding, &host, &COUNTER_CONTRACT);
    let unopened = factory.create_channel().unwrap();
    unopened.close().await.unwrap();
    let channel = factory.create_channel().unwrap();
    let client = CounterClient::new(&channel);
    assert_eq!(client.count(1).await.unwrap(), 1, "the first call opens the channel");
    channel.open().await.unwrap();
    assert!(channel.service_identity().is_some_and(|name| name.starts_with("CN=localhost; ")));
    channel.close().await.unwrap();
    channel.close().await.unwrap();
    let closed = client.count(1).await.unwrap_err().to_string();
    assert!(closed.contains("the channel is closed"), "{closed}");
    let aborted = factory.open_channel().await.unwrap();
    aborted.abort("enough");
    let error = CounterClient::new(&aborted).count(1).await.unwrap_err().to_string();
    assert!(error.contains("enough"), "{error}");
}

#[tokio::test]
async fn a_service_that_goes_away_is_told_to_the_caller() {
    let binding = ws(true, &message("Certificate", false, true)).replace("00:00:30", "00:00:03");
    let (host, _folder) = host(&binding, |b| b, sums()).await;
    let (factory, _files) = factory(&binding, &host, &COUNTER_CONTRACT);
    let channel = factory.open_channel().await.unwrap();
    let client = CounterClient::new(&channel);
    assert_eq!(client.count(1).await.unwrap(), 1);
    assert!(!host.close().await, "a session was still open");
    let begun = tokio::time::Instant::now();
    let error = client.count(1).await.expect_err("nobody is there");
    assert!(begun.elapsed() < Duration::from_secs(9));
    println!("{error}");
    channel.abort("the service is gone");
}
