//! Settings of the file do what they say, over loopback.

#![allow(clippy::disallowed_methods)]

mod common;

use std::path::Path;
use std::sync::atomic::Ordering;

use common::*;
use waxwing::contract::{ContractDescription, OperationFault, service_contract};
use waxwing::{
    ChannelFactory, ConfigurationFile, ServiceHost, ServiceHostBuilder, ServiceInstances,
};

/// A service and a client's factory, each from its own folder and file.
struct Pair {
    _host: ServiceHost,
    service: Counting,
    factory: ChannelFactory,
    _folders: [tempfile::TempDir; 2],
}

/// The file that was written into the folder, with something changed.
fn changed(folder: &Path, name: &str, change: &dyn Fn(String) -> String) -> ConfigurationFile {
    let path = folder.join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, change(text)).unwrap();
    ConfigurationFile::load(&path).unwrap_or_else(|e| panic!("{e}"))
}

async fn pair(
    binding: &Binding,
    of_service: &dyn Fn(String) -> String,
    of_client: &dyn Fn(String) -> String,
) -> Pair {
    let service = Counting::default();
    let instances = ServiceInstances::single(CalculatorService::new(service.clone()));
    let pair = pair_of(binding, of_service, of_client, instances, &CALCULATOR_CONTRACT).await;
    Pair { service, ..pair }
}

async fn pair_of(
    binding: &Binding,
    of_service: &dyn Fn(String) -> String,
    of_client: &dyn Fn(String) -> String,
    instances: ServiceInstances,
    contract: &'static ContractDescription,
) -> Pair {
    let service_folder = stores("service", "ca", &[]);
    let client_folder = stores("alice", "ca", &["service"]);
    let service = Counting::default();
    service_config(binding, service_folder.path());
    let config = changed(service_folder.path(), "service.config", of_service);
    let builder = ServiceHostBuilder::from_config(&config, "CalculatorService", contract).unwrap();
    let host = builder.open(instances).await.unwrap();
    let address = format!("http://{}/calc", host.local_addresses()[0]);
    client_config(binding, client_folder.path(), &address, "CN=", "localhost");
    let config = changed(client_folder.path(), "client.config", of_client);
    let factory = ChannelFactory::from_config(&config, "calc", contract).unwrap();
    Pair { _host: host, service, factory, _folders: [service_folder, client_folder] }
}

/// Opens, adds, closes; the text of the first failure.
async fn call(pair: &Pair) -> Result<f64, String> {
    let channel = pair.factory.open_channel().await.map_err(|e| e.to_string())?;
    let sum = CalculatorClient::new(&channel).add(1.0, 2.0).await.map_err(|e| e.to_string());
    match &sum {
        Ok(_) => channel.close().await.map_err(|e| e.to_string())?,
        Err(_) => channel.abort("the test is over"),
    }
    sum
}

const TENANT: &str = r#"<headers><t:Tenant xmlns:t="urn:tenants" of="a">north</t:Tenant><Queue xmlns="">7</Queue></headers>"#;

fn with_headers(headers: &str) -> impl Fn(String) -> String {
    let headers = headers.to_owned();
    move |text| {
        let contract = "contract=\"Microsoft.ServiceModel.Samples.ICalculator\"";
        let service = format!("{contract}>{headers}</endpoint></service>");
        text.replace(&format!("{contract}/>\n  </service>"), &service)
            .replace(&format!("{contract}><identity>"), &format!("{contract}>{headers}<identity>"))
    }
}

fn every_kind() -> Vec<(&'static str, Binding)> {
    let one_shot = Binding {
        reliable: false,
        security: r#"<security mode="Message"><message clientCredentialType="Certificate" negotiateServiceCredential="true" establishSecurityContext="false"/></security>"#.to_owned(),
        ..Binding::none()
    };
    vec![
        ("plain", Binding::none()),
        ("certificate", Binding { section: "ws2007HttpBinding", ..Binding::certificate(false) }),
        ("negotiated", Binding::certificate(true)),
        ("one-shot", one_shot),
    ]
}

/// `<headers>`: every message of the client carries them, and the service takes no message without them.
#[tokio::test]
async fn the_headers_of_an_address_must_be_in_its_messages() {
    for (kind, binding) in every_kind() {
        let same = pair(&binding, &with_headers(TENANT), &with_headers(TENANT)).await;
        assert_eq!(call(&same).await, Ok(3.0), "{kind}");
        // More than the service asks for does no harm.
        let more = pair(&binding, &|text| text, &with_headers(TENANT)).await;
        assert_eq!(call(&more).await, Ok(3.0), "{kind}");
        for other in ["", &TENANT.replace("north", "south"), &TENANT.replace("of=\"a\"", "")] {
            let pair = pair(&binding, &with_headers(TENANT), &with_headers(other)).await;
            let error = call(&pair).await.expect_err(kind);
            assert!(
                error.contains("AddressFilter mismatch at the EndpointDispatcher"),
                "{kind}: {error}"
            );
            assert_eq!(pair.service.executed.load(Ordering::SeqCst), 0, "{kind}");
        }
    }
}

/// A prefix that the element itself does not declare would be lost on the way: such a file is not opened.
#[tokio::test]
async fn headers_that_do_not_stand_alone_are_refused_by_name() {
    let folder = stores("alice", "ca", &["service"]);
    client_config(&Binding::none(), folder.path(), "http://127.0.0.1:1/calc", "CN=", "localhost");
    let outside = |text: String| {
        let text = text.replace("<configuration>", "<configuration xmlns:t=\"urn:tenants\">");
        with_headers("<headers><t:Tenant/></headers>")(text)
    };
    let path = folder.path().join("client.config");
    let text = outside(std::fs::read_to_string(&path).unwrap());
    std::fs::write(&path, text).unwrap();
    let error = match ConfigurationFile::load(&path) {
        Err(error) => error.to_string(),
        Ok(config) => {
            let factory = ChannelFactory::from_config(&config, "calc", &CALCULATOR_CONTRACT);
            match factory {
                Err(error) => error.to_string(),
                Ok(factory) => factory.open_channel().await.expect_err("refused").to_string(),
            }
        }
    };
    assert!(error.contains("prefix") || error.contains("namespace"), "{error}");
}

#[service_contract(
    namespace = "urn:echo",
    name = "IEcho",
    configuration_name = "Microsoft.ServiceModel.Samples.ICalculator"
)]
trait Echo {
    /// Gives the text so many times.
    async fn echo(&self, text: String, times: i32) -> Result<String, OperationFault>;
}

struct Mirror;

impl Echo for Mirror {
    async fn echo(&self, text: String, times: i32) -> Result<String, OperationFault> {
        Ok(text.repeat(usize::try_from(times)?))
    }
}

fn with_quotas(quotas: &str) -> impl Fn(String) -> String {
    let end = format!("<readerQuotas {quotas}/></binding>");
    move |text| text.replace("</binding>", &end)
}

async fn echo_pair(binding: &Binding, service: &str, client: &str) -> Pair {
    let instances = ServiceInstances::single(EchoService::new(Mirror));
    pair_of(binding, &with_quotas(service), &with_quotas(client), instances, &ECHO_CONTRACT).await
}

const STRING: &str = "The maximum string content length quota (300) has been exceeded while reading XML data. This quota may \
                      be increased by changing the MaxStringContentLength property on the XmlDictionaryReaderQuotas object \
                      used when creating the XML reader.";

/// `readerQuotas` of the service: a message that exceeds one is answered with a fault, and the session goes on.
#[tokio::test]
async fn a_service_reads_no_more_than_its_quotas() {
    let full = "x".repeat(300);
    for (kind, binding) in every_kind() {
        let pair = echo_pair(&binding, "maxStringContentLength=\"300\"", "").await;
        let channel = pair.factory.open_channel().await.unwrap();
        let client = EchoClient::new(&channel);
        assert_eq!(client.echo(full.clone(), 2).await.unwrap().len(), 600, "{kind}");
        let error = client.echo(format!("{full}x"), 1).await.expect_err(kind);
        let text = error.fault().expect(kind).text().to_owned();
        assert!(text.starts_with("The formatter threw an exception while trying to deserialize"));
        assert!(text.contains(STRING), "{kind}: {text}");
        assert_eq!(client.echo(full.clone(), 1).await.unwrap(), full, "{kind}");
        channel.close().await.unwrap();
    }
}

/// Each quota has its text; what is not exceeded does not matter.
#[tokio::test]
async fn every_quota_is_told_in_its_own_words() {
    let binding = Binding::none();
    for (quotas, text) in [
        ("maxBytesPerRead=\"12\"", "The maximum read length quota (12) has been exceeded"),
        ("maxNameTableCharCount=\"60\"", "The maximum nametable character count quota (60)"),
    ] {
        let pair = echo_pair(&binding, quotas, "").await;
        let channel = pair.factory.open_channel().await.unwrap();
        let error = EchoClient::new(&channel).echo("a".to_owned(), 1).await.expect_err(quotas);
        assert!(error.to_string().contains(text), "{error}");
        channel.close().await.unwrap();
    }
    let wide =
        "maxBytesPerRead=\"4096\" maxNameTableCharCount=\"16384\" maxStringContentLength=\"8192\"";
    let pair = echo_pair(&binding, wide, wide).await;
    let channel = pair.factory.open_channel().await.unwrap();
    assert_eq!(EchoClient::new(&channel).echo("a".to_owned(), 3).await.unwrap(), "aaa");
    channel.close().await.unwrap();
}

/// `readerQuotas` of the client: the call fails, and the session goes on.
#[tokio::test]
async fn a_client_reads_no_more_than_its_quotas() {
    for (kind, binding) in every_kind() {
        let pair = echo_pair(&binding, "", "maxStringContentLength=\"300\"").await;
        let channel = pair.factory.open_channel().await.unwrap();
        let client = EchoClient::new(&channel);
        assert_eq!(client.echo("x".repeat(300), 1).await.unwrap().len(), 300, "{kind}");
        let error = client.echo("x".repeat(301), 1).await.expect_err(kind).to_string();
        assert!(error.contains("The maximum string content length quota (300)"), "{kind}: {error}");
        assert_eq!(client.echo("y".to_owned(), 9).await.unwrap().len(), 9, "{kind}");
        channel.close().await.unwrap();
    }
}

#[service_contract(
    namespace = "urn:lists",
    name = "ILists",
    configuration_name = "Microsoft.ServiceModel.Samples.ICalculator"
)]
trait Lists {
    /// Gives the octets so many times.
    async fn octets(&self, octets: Vec<u8>, times: i32) -> Result<Vec<u8>, OperationFault>;
    /// Gives the numbers so many times.
    async fn numbers(&self, numbers: Vec<i32>, times: i32) -> Result<Vec<i32>, OperationFault>;
    /// Gives the words so many times.
    async fn words(&self, words: Vec<String>, times: i32) -> Result<Vec<String>, OperationFault>;
}

impl Lists for Mirror {
    async fn octets(&self, octets: Vec<u8>, times: i32) -> Result<Vec<u8>, OperationFault> {
        Ok(octets.repeat(usize::try_from(times)?))
    }

    async fn numbers(&self, numbers: Vec<i32>, times: i32) -> Result<Vec<i32>, OperationFault> {
        Ok(numbers.repeat(usize::try_from(times)?))
    }

    async fn words(&self, words: Vec<String>, times: i32) -> Result<Vec<String>, OperationFault> {
        Ok(vec![words; usize::try_from(times)?].concat())
    }
}

fn words(count: usize) -> Vec<String> {
    vec!["word".to_owned(); count]
}

async fn lists(
    binding: &Binding,
    service: &dyn Fn(String) -> String,
    client: &dyn Fn(String) -> String,
) -> Pair {
    let instances = ServiceInstances::single(ListsService::new(Mirror));
    pair_of(binding, service, client, instances, &LISTS_CONTRACT).await
}

/// The quota of strings, which many files have as svcutil wrote it, says nothing of octets in base64.
#[tokio::test]
async fn octets_are_no_string() {
    let quotas = with_quotas("maxStringContentLength=\"300\"");
    for (kind, binding) in every_kind() {
        let pair = lists(&binding, &quotas, &quotas).await;
        let channel = pair.factory.open_channel().await.unwrap();
        let octets = vec![7; 1000];
        assert_eq!(
            ListsClient::new(&channel).octets(octets.clone(), 1).await.unwrap(),
            octets,
            "{kind}"
        );
        channel.close().await.unwrap();
    }
}

const OCTETS: &str = "The maximum array length quota (5) has been exceeded while reading XML data. This quota may be \
                      increased by changing the MaxArrayLength property on the XmlDictionaryReaderQuotas object used when \
                      creating the XML reader.";
const ARRAY: &str = "The maximum array length quota (5) or the maximum items in object graph quota has been exceeded";

/// `maxArrayLength` bounds the octets of base64 and the items of an array of values where they are read, not where they are
/// written, and not the items of other lists.
#[tokio::test]
async fn arrays_are_no_longer_than_whoever_reads_them_says() {
    let quotas = with_quotas("maxArrayLength=\"5\"");
    for (kind, binding) in every_kind() {
        let pair = lists(&binding, &quotas, &|text| text).await;
        let channel = pair.factory.open_channel().await.unwrap();
        let client = ListsClient::new(&channel);
        for size in 3..=5 {
            assert_eq!(client.octets(vec![7; size], 2).await.unwrap(), vec![7; 2 * size], "{kind}");
        }
        let error = client.octets(vec![7; 6], 1).await.expect_err(kind);
        let text = error.fault().expect(kind).text().to_owned();
        assert!(text.contains("urn:lists:octets") && text.contains(OCTETS), "{kind}: {text}");
        assert_eq!(client.numbers(vec![7; 5], 2).await.unwrap(), [7; 10], "{kind}");
        let error = client.numbers(vec![7; 6], 1).await.expect_err(kind);
        assert!(error.fault().expect(kind).text().contains(ARRAY), "{kind}: {error}");
        assert_eq!(client.words(words(6), 1).await.unwrap(), words(6), "{kind}");
        channel.close().await.unwrap();

        let pair = lists(&binding, &|text| text, &quotas).await;
        let channel = pair.factory.open_channel().await.unwrap();
        let client = ListsClient::new(&channel);
        assert_eq!(client.octets(vec![7; 5], 1).await.unwrap(), [7; 5], "{kind}");
        let error = client.octets(vec![7; 3], 2).await.expect_err(kind);
        assert!(error.fault().is_none() && error.to_string().contains(OCTETS), "{kind}: {error}");
        let error = client.numbers(vec![7; 3], 2).await.expect_err(kind);
        assert!(error.fault().is_none() && error.to_string().contains(ARRAY), "{kind}: {error}");
        assert_eq!(client.words(words(3), 2).await.unwrap(), words(6), "{kind}");
        channel.close().await.unwrap();
    }
}

fn with_items(most: u32) -> impl Fn(String) -> String {
    let end = format!("<dataContractSerializer maxItemsInObjectGraph=\"{most}\"/></behavior>");
    move |text| text.replacen("</behavior>", &end, 1)
}

const ITEMS: &str = "Maximum number of items that can be serialized or deserialized in an object graph is '7'. Change the \
                     object graph or increase the MaxItemsInObjectGraph quota.";

/// `maxItemsInObjectGraph` bounds the values of each parameter and result, where they are read and where they are written:
/// a list is a value, and so is each of its items.
#[tokio::test]
async fn a_graph_has_no_more_items_than_the_behavior_says() {
    for (kind, binding) in every_kind() {
        let pair = lists(&binding, &with_items(7), &|text| text).await;
        let channel = pair.factory.open_channel().await.unwrap();
        let client = ListsClient::new(&channel);
        assert_eq!(client.words(words(6), 1).await.unwrap(), words(6), "{kind}");
        let error = client.words(words(7), 1).await.expect_err(kind);
        assert!(error.fault().expect(kind).text().contains(ITEMS), "{kind}: {error}");
        client.words(words(4), 2).await.expect_err("the result is too large to be written");
        assert_eq!(client.octets(vec![7; 99], 1).await.unwrap(), [7; 99], "{kind}");
        channel.close().await.unwrap();

        let pair = lists(&binding, &|text| text, &with_items(7)).await;
        let channel = pair.factory.open_channel().await.unwrap();
        let client = ListsClient::new(&channel);
        assert_eq!(client.numbers(vec![7; 6], 1).await.unwrap(), [7; 6], "{kind}");
        for (count, times) in [(7, 1), (4, 2)] {
            let error = client.words(words(count), times).await.expect_err(kind);
            assert!(
                error.fault().is_none() && error.to_string().contains(ITEMS),
                "{kind}: {error}"
            );
        }
        assert_eq!(client.words(words(3), 2).await.unwrap(), words(6), "{kind}");
        channel.close().await.unwrap();
    }
}

/// The head of the first request that a client makes with this transport of a custom binding.
async fn first_head(transport: &str) -> String {
    use tokio::io::AsyncReadExt as _;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/calc", listener.local_addr().unwrap());
    let text = format!(
        r#"<configuration><system.serviceModel>
  <client><endpoint name="calc" address="{address}" binding="customBinding" bindingConfiguration="B"
    contract="Microsoft.ServiceModel.Samples.ICalculator"/></client>
  <bindings><customBinding><binding name="B" sendTimeout="00:00:05" openTimeout="00:00:05">
    <textMessageEncoding/>{transport}</binding></customBinding></bindings>
</system.serviceModel></configuration>"#
    );
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("client.config"), text).unwrap();
    let config = changed(folder.path(), "client.config", &|text| text);
    let factory = ChannelFactory::from_config(&config, "calc", &CALCULATOR_CONTRACT).unwrap();
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.windows(4).any(|end| end == b"\r\n\r\n") {
            assert_ne!(stream.read_buf(&mut head).await.unwrap(), 0, "a head");
        }
        String::from_utf8_lossy(&head).to_ascii_lowercase()
    });
    let channel = factory.open_channel().await.unwrap();
    assert!(CalculatorClient::new(&channel).add(1.0, 2.0).await.is_err(), "nobody answers");
    channel.abort("the test is over");
    heard.await.unwrap()
}

/// `keepAliveEnabled="false"`: each request says that its connection is not used again.
#[tokio::test]
async fn connections_are_kept_unless_the_transport_says_no() {
    let head = first_head("<httpTransport keepAliveEnabled=\"false\"/>").await;
    assert!(head.contains("\r\nconnection: close\r\n"), "{head}");
    let head = first_head("<httpTransport/>").await;
    assert!(head.starts_with("post /calc ") && !head.contains("connection: close"), "{head}");
}
