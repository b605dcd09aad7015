//! What a service says of itself: pages for GET, WS-MetadataExchange, files. Off unless somebody says so.

#![allow(clippy::disallowed_methods)]

mod common;
#[path = "common/log.rs"]
mod log;

use std::net::SocketAddr;
use std::time::Duration;

use common::*;
use log::Log;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use waxwing::binding::{
    MexHttpBinding, PolicyVersion, SecurityMode, ServiceBehavior, WsHttpBinding,
};
use waxwing::service::MetadataOptions;
use waxwing::xml::{Document, Element, Limits};
use waxwing::{ConfigurationFile, ServiceHost, ServiceHostBuilder, ServiceInstances};

const BASE: &str = "http://127.0.0.1:0/calc";
const WSDL: &str = "http://schemas.xmlsoap.org/wsdl/";

fn instances() -> ServiceInstances {
    ServiceInstances::single(CalculatorService::new(Counting::default()))
}

fn plain() -> WsHttpBinding {
    WsHttpBinding::new(SecurityMode::None, true)
}

fn builder() -> ServiceHostBuilder {
    let builder = ServiceHostBuilder::new().base_address(BASE).unwrap();
    builder.endpoint(plain(), "", &CALCULATOR_CONTRACT, ServiceBehavior::default()).unwrap()
}

async fn open(builder: ServiceHostBuilder) -> (ServiceHost, SocketAddr) {
    let host = builder.open(instances()).await.unwrap();
    let address = host.local_addresses()[0];
    (host, address)
}

/// A service of a configuration file with this inside its behavior, and these endpoints beside that of the calculator.
fn configured(behavior: &str, endpoints: &str) -> ServiceHostBuilder {
    let text = format!(
        r#"<configuration><system.serviceModel><services><service name="Samples.CalculatorService" behaviorConfiguration="S">
  <host><baseAddresses><add baseAddress="{BASE}"/></baseAddresses></host>
  <endpoint address="" binding="wsHttpBinding" bindingConfiguration="B" contract="Microsoft.ServiceModel.Samples.ICalculator"/>{endpoints}
</service></services>
<bindings><wsHttpBinding><binding name="B"><security mode="None"/></binding></wsHttpBinding></bindings>
<behaviors><serviceBehaviors><behavior name="S">{behavior}</behavior></serviceBehaviors></behaviors></system.serviceModel></configuration>"#
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("service.config");
    std::fs::write(&path, text).unwrap();
    let file = ConfigurationFile::load(&path).unwrap_or_else(|e| panic!("{e}"));
    ServiceHostBuilder::from_config(&file, "Samples.CalculatorService", &CALCULATOR_CONTRACT)
        .unwrap()
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn xml(&self) -> Document {
        assert_eq!(self.status, 200, "{}", self.head);
        assert_eq!(self.header("content-type"), Some("text/xml; charset=UTF-8"));
        parse(&self.body)
    }
}

fn parse(text: &str) -> Document {
    Document::parse(text.as_bytes().to_vec(), &Limits::default())
        .unwrap_or_else(|e| panic!("{e}: {text}"))
}

async fn exchange(to: SocketAddr, request: &str) -> Answer {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut all = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut all));
    read.await.expect("an answer in time").unwrap();
    let text = String::from_utf8(all).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

async fn ask(to: SocketAddr, method: &str, target: &str, headers: &str) -> Answer {
    let host = if headers.contains("Host:") { String::new() } else { format!("Host: {to}\r\n") };
    exchange(to, &format!("{method} {target} HTTP/1.1\r\n{host}{headers}Connection: close\r\n\r\n"))
        .await
}

async fn get(to: SocketAddr, target: &str) -> Answer {
    ask(to, "GET", target, "").await
}

fn all<'a>(root: Element<'a>, local: &'a str) -> impl Iterator<Item = Element<'a>> {
    root.descendants_and_self().filter(move |element| element.local_name() == local)
}

#[tokio::test]
async fn nothing_is_published_unless_somebody_says_so() {
    let (host, to) = open(builder()).await;
    for target in ["/calc", "/calc?wsdl", "/calc?singleWsdl", "/calc?xsd=xsd0", "/calc/mex"] {
        assert_eq!(get(to, target).await.status, 405, "{target}");
    }
    host.close().await;
    // A file without the two elements, too; and `<serviceMetadata>` alone opens the way for endpoints only.
    for behavior in ["", r#"<serviceMetadata/>"#] {
        let (host, to) = open(configured(behavior, "")).await;
        assert_eq!(get(to, "/calc").await.status, 405, "{behavior}");
        assert_eq!(get(to, "/calc?wsdl").await.status, 405, "{behavior}");
        host.close().await;
    }
}

#[tokio::test]
async fn wsdl_is_split_or_single() {
    let (host, to) = open(configured(r#"<serviceMetadata httpGetEnabled="true"/>"#, "")).await;
    let first = get(to, "/calc?wsdl").await.xml();
    assert!(first.root().is(WSDL, "definitions"));
    assert_eq!(first.root().attribute("name"), Some("CalculatorService"));
    let address = all(first.root(), "address").next().unwrap().attribute("location");
    assert_eq!(address, Some(&*format!("http://{to}/calc")));
    // Every place that it names is there.
    let mut places: Vec<String> = Vec::new();
    for import in all(first.root(), "import") {
        let place = import.attribute("location").or(import.attribute("schemaLocation"));
        places.extend(place.map(str::to_owned));
    }
    assert!(places.contains(&format!("http://{to}/calc?wsdl=wsdl0")), "{places:?}");
    for place in places {
        let target = place.strip_prefix(&format!("http://{to}")).unwrap();
        get(to, target).await.xml();
    }
    let second = get(to, "/calc?WSDL=WSDL0").await.xml();
    assert_eq!(
        all(second.root(), "operation").filter(|e| e.attribute("soapAction").is_some()).count(),
        4
    );
    let single = get(to, "/calc?singleWsdl").await.xml();
    assert_eq!(all(single.root(), "port").count(), 1);
    assert_eq!(single.root().child(WSDL, "import"), None);
    let disco = get(to, "/calc?disco").await.xml();
    assert_eq!(
        all(disco.root(), "contractRef").next().unwrap().attribute("ref"),
        Some(&*format!("http://{to}/calc?wsdl"))
    );
    host.close().await;
}

#[tokio::test]
async fn what_else_get_is_answered() {
    let (host, to) = open(configured(r#"<serviceMetadata httpGetEnabled="true"/>"#, "")).await;
    let help = get(to, "/calc").await;
    assert_eq!((help.status, help.header("content-type")), (200, Some("text/html; charset=UTF-8")));
    assert!(help.body.contains(&format!("http://{to}/calc?wsdl")), "{}", help.body);
    // Any other query is answered with it, too.
    assert_eq!(get(to, "/calc?nonsense").await.body, help.body);
    assert_eq!(get(to, "/calc?wsdl=wsdl9").await.body, help.body);
    let long = "x".repeat(2049);
    assert_eq!(get(to, &format!("/calc?{long}")).await.status, 414);
    // Not below the address.
    assert_eq!(get(to, "/calc/more?wsdl").await.status, 405);
    let wsdl = get(to, "/calc?wsdl").await;
    let head = ask(to, "HEAD", "/calc?wsdl", "").await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(head.header("content-length"), Some(&*wsdl.body.len().to_string()));
    let tag = wsdl.header("etag").unwrap();
    for tags in [tag.to_owned(), format!("\"other\", W/{tag}"), "*".to_owned()] {
        let again = ask(to, "GET", "/calc?wsdl", &format!("If-None-Match: {tags}\r\n")).await;
        assert_eq!((again.status, again.body.as_str()), (304, ""), "{tags}");
        assert_eq!(again.header("etag"), Some(tag));
    }
    let other = ask(to, "GET", "/calc?wsdl", "If-None-Match: \"other\"\r\n").await;
    assert_eq!((other.status, &other.body), (200, &wsdl.body));
    assert_eq!(ask(to, "DELETE", "/calc?wsdl", "").await.status, 405);
    host.close().await;
    // Without help page.
    let behavior =
        r#"<serviceMetadata httpGetEnabled="true"/><serviceDebug httpHelpPageEnabled="false"/>"#;
    let (host, to) = open(configured(behavior, "")).await;
    assert_eq!(get(to, "/calc").await.body, get(to, "/calc?wsdl").await.body);
    assert_eq!(get(to, "/calc?nonsense").await.status, 405);
    host.close().await;
    // A help page alone tells how to switch metadata on, and no more.
    let (host, to) = open(configured("<serviceDebug/>", "")).await;
    let help = get(to, "/calc?wsdl").await;
    assert!(
        help.body.contains("serviceMetadata") && !help.body.contains("WSHttpBinding"),
        "{}",
        help.body
    );
    host.close().await;
}

#[tokio::test]
async fn pages_have_addresses_of_their_own_or_lead_elsewhere() {
    let behavior = r#"<serviceMetadata httpGetEnabled="true" httpGetUrl="about" externalMetadataLocation="http://elsewhere.example/calc.wsdl"/>"#;
    let (host, to) = open(configured(behavior, "")).await;
    let away = get(to, "/calc/about?wsdl").await;
    assert_eq!(away.status, 307);
    assert_eq!(away.header("location"), Some("http://elsewhere.example/calc.wsdl"));
    assert_eq!(get(to, "/calc?wsdl").await.status, 200, "the help page stays at the base address");
    assert_eq!(get(to, "/calc/about?wsdl=wsdl0").await.xml().root().local_name(), "definitions");
    host.close().await;
    let options = MetadataOptions::new()
        .at("about")
        .without_help_page()
        .policy_version(PolicyVersion::Policy15);
    let (host, to) = open(builder().metadata(options)).await;
    assert_eq!(get(to, "/calc").await.status, 405);
    let wsdl = get(to, "/calc/about?wsdl=wsdl0").await;
    assert!(wsdl.body.contains("http://www.w3.org/ns/ws-policy"), "{}", wsdl.body);
    // Messages are not taken there.
    let posted = ask(to, "POST", "/calc/about", "Content-Length: 0\r\n").await;
    assert_eq!(posted.status, 404);
    host.close().await;
}

#[tokio::test]
async fn addresses_are_those_of_the_caller_where_that_is_wanted() {
    let location = |answer: &Answer| {
        let document = answer.xml();
        all(document.root(), "address").next().unwrap().attribute("location").unwrap().to_owned()
    };
    let host_header = "Host: calc.example\r\n";
    let forwarded =
        "Host: 10.0.0.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: calc.example\r\n";
    let (host, to) = open(builder().metadata(MetadataOptions::new())).await;
    for headers in [host_header, forwarded] {
        let answer = ask(to, "GET", "/calc?wsdl", headers).await;
        assert_eq!(location(&answer), format!("http://{to}/calc"), "{headers}");
        assert_eq!(answer.header("vary"), None);
    }
    host.close().await;
    let (host, to) =
        open(builder().metadata(MetadataOptions::new().addresses_of_host_header())).await;
    let answer = ask(to, "GET", "/calc?wsdl", host_header).await;
    assert_eq!(location(&answer), "http://calc.example/calc");
    assert!(answer.body.contains("http://calc.example/calc?wsdl=wsdl0"), "{}", answer.body);
    assert!(answer.header("vary").is_some());
    // Hosts without end cost no memory without end.
    for number in 0..40 {
        let headers = format!("Host: h{number}.example\r\n");
        let answer = ask(to, "GET", "/calc?wsdl", &headers).await;
        assert_eq!(location(&answer), format!("http://h{number}.example/calc"));
    }
    host.close().await;
    let options = MetadataOptions::new().addresses_of_forwarded_headers();
    let (host, to) = open(builder().metadata(options)).await;
    let answer = ask(to, "GET", "/calc?wsdl", forwarded).await;
    assert_eq!(location(&answer), "https://calc.example/calc");
    host.close().await;
    // In a file; and the address that clients know goes before the own one.
    let behavior =
        r#"<serviceMetadata httpGetEnabled="true"/><useRequestHeadersForMetadataAddress/>"#;
    let (host, to) = open(configured(behavior, "")).await;
    assert_eq!(
        location(&ask(to, "GET", "/calc?wsdl", host_header).await),
        "http://calc.example/calc"
    );
    host.close().await;
    let public = builder().public_address("", "https://calc.example/api/calc");
    let (host, to) = open(public.metadata(MetadataOptions::new())).await;
    assert_eq!(location(&get(to, "/calc?wsdl").await), "https://calc.example/api/calc");
    host.close().await;
}

fn mex_request(action: &str, to: &str, body: &str) -> String {
    let message = format!(
        r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing"><s:Header><a:Action s:mustUnderstand="1">{action}</a:Action><a:MessageID>urn:uuid:1</a:MessageID><a:To>{to}</a:To></s:Header><s:Body>{body}</s:Body></s:Envelope>"#
    );
    format!(
        "POST /calc/mex HTTP/1.1\r\nHost: x\r\nContent-Type: application/soap+xml; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{message}",
        message.len()
    )
}

/// Dialect and identifier of each section.
fn sections(answer: &Answer) -> Vec<(String, String)> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let document = parse(&answer.body);
    let text = |e: Element<'_>, name| e.attribute(name).unwrap_or_default().to_owned();
    all(document.root(), "MetadataSection")
        .map(|e| (text(e, "Dialect"), text(e, "Identifier")))
        .collect()
}

#[tokio::test]
async fn metadata_endpoints_answer() {
    const GET: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Get";
    const GET_METADATA: &str = "http://schemas.xmlsoap.org/ws/2004/09/mex/GetMetadata/Request";
    let mex = r#"<endpoint address="mex" binding="mexHttpBinding" contract="IMetadataExchange"/>"#;
    let (host, to) = open(configured("<serviceMetadata/>", mex)).await;
    let address = "http://127.0.0.1:0/calc/mex";
    let answer = exchange(to, &mex_request(GET, address, "")).await;
    assert!(answer.body.contains("transfer/GetResponse"), "{}", answer.body);
    let found = sections(&answer);
    let samples = "http://Microsoft.ServiceModel.Samples";
    assert_eq!(found[0], (WSDL.to_owned(), samples.to_owned()));
    assert_eq!(found[1], (WSDL.to_owned(), "http://tempuri.org/".to_owned()));
    assert!(answer.body.contains(&format!("http://{to}/calc")), "the port that was chosen");
    let one = r#"<x:GetMetadata xmlns:x="http://schemas.xmlsoap.org/ws/2004/09/mex"><x:Dialect>http://schemas.xmlsoap.org/wsdl/</x:Dialect><x:Identifier>http://tempuri.org/</x:Identifier></x:GetMetadata>"#;
    let answer = exchange(to, &mex_request(GET_METADATA, address, one)).await;
    assert_eq!(sections(&answer), [(WSDL.to_owned(), "http://tempuri.org/".to_owned())]);
    let answer = exchange(to, &mex_request("urn:other", address, "")).await;
    assert!(answer.body.contains("ActionNotSupported"), "{}", answer.body);
    host.close().await;
    // In code.
    let options = MetadataOptions::at_endpoints_only();
    let builder = builder().metadata(options);
    let builder = builder
        .metadata_endpoint(MexHttpBinding::default(), "mex", ServiceBehavior::default())
        .unwrap();
    let (host, to) = open(builder).await;
    assert_eq!(sections(&exchange(to, &mex_request(GET, address, "")).await)[..2], found[..2]);
    host.close().await;
    // Not without the behavior, in WCF's words.
    let alone = self::builder().metadata_endpoint(
        MexHttpBinding::default(),
        "mex",
        ServiceBehavior::default(),
    );
    let error = alone.unwrap().open(instances()).await.unwrap_err().to_string();
    assert!(
        error.contains("The contract name 'IMetadataExchange' could not be found in the list of contracts implemented by the service")
            && error.contains("Add a ServiceMetadataBehavior"),
        "{error}"
    );
}

#[tokio::test]
async fn open_metadata_of_a_service_that_hides_is_told_of() {
    let folder = stores("service", "ca", &[]);
    let log = Log::default();
    let written = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(move || written.clone())
        .init();
    let text = || String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    for warned in [false, true] {
        let file = service_config(&Binding::certificate(false), folder.path());
        let builder =
            ServiceHostBuilder::from_config(&file, "CalculatorService", &CALCULATOR_CONTRACT);
        let mut builder = builder.unwrap();
        if warned {
            builder = builder.metadata(MetadataOptions::new());
        }
        let host = builder.open(instances()).await.unwrap();
        assert_eq!(text().contains("[metadata-open]"), warned, "{}", text());
        // Where to look is told: the page is not always at the address of the endpoint.
        assert_eq!(text().contains("(http://127.0.0.1:0/?wsdl), while"), warned, "{}", text());
        host.close().await;
    }
}

#[tokio::test]
async fn a_program_writes_the_metadata_of_its_host_to_files() {
    let (host, _) = open(builder()).await;
    let folder = tempfile::tempdir().unwrap();
    let metadata = host.metadata();
    let files = metadata[0].write_to(folder.path()).unwrap();
    let wsdl = std::fs::read_to_string(&files[0]).unwrap();
    assert!(files[0].ends_with("Microsoft.ServiceModel.Samples.wsdl"), "{files:?}");
    assert!(wsdl.contains(r#"location="tempuri.org.wsdl""#), "{wsdl}");
    for file in &files {
        parse(&std::fs::read_to_string(file).unwrap());
    }
    assert_eq!(metadata[0].name(), "CalculatorService");
    parse(&metadata[0].single().unwrap());
    host.close().await;
}
