//! Both ends by their configuration files, with `revocationMode="Online"`.

use std::path::Path;

use jiff::Timestamp;
use waxwing::binding::{Configuration, Severity};
use waxwing::check::FileCheck;
use waxwing::contract::{OperationFault, service_contract};
use waxwing::service::HostEvent;
use waxwing::{
    ChannelFactory, ConfigurationFile, ServiceHost, ServiceHostBuilder, ServiceInstances,
};
use waxwing_testkit::authority::{Holder, ListWish, Wish};

use super::responder::{Answer, Responder};

#[service_contract(namespace = "urn:desk", name = "IDesk", configuration_name = "IDesk")]
pub trait Desk {
    async fn greet(&self, name: String) -> Result<String, OperationFault>;
}

struct Polite;

impl Desk for Polite {
    async fn greet(&self, name: String) -> Result<String, OperationFault> {
        Ok(format!("hello {name}"))
    }
}

const BINDINGS: &str = r#"<bindings><wsHttpBinding><binding name="B" openTimeout="00:00:20" sendTimeout="00:00:20">
  <reliableSession enabled="true"/><security><message clientCredentialType="Certificate"/></security>
</binding></wsHttpBinding></bindings>"#;

/// A machine's folder: certificates as stores, and a file.
fn machine(own: &Holder, root: &Holder, text: &str) -> (tempfile::TempDir, ConfigurationFile) {
    let folder = tempfile::tempdir().unwrap();
    let put = |store: &str, name: &str, octets: Vec<u8>| {
        let to = folder.path().join("certificates").join(store);
        std::fs::create_dir_all(&to).unwrap();
        std::fs::write(to.join(name), octets).unwrap();
    };
    put("My", "own.pem", own.pem());
    put("Root", "root.cer", root.der());
    let file = write(folder.path(), text);
    (folder, file)
}

fn write(folder: &Path, text: &str) -> ConfigurationFile {
    let path = folder.join("app.config");
    std::fs::write(&path, text).unwrap();
    ConfigurationFile::load(&path).unwrap_or_else(|e| panic!("{e}"))
}

fn service(own: &Holder, root: &Holder) -> (tempfile::TempDir, ConfigurationFile) {
    let text = format!(
        r#"<configuration><system.serviceModel>
  <services><service name="DeskService" behaviorConfiguration="S">
    <host><baseAddresses><add baseAddress="http://127.0.0.1:0"/></baseAddresses></host>
    <endpoint address="/desk" binding="wsHttpBinding" bindingConfiguration="B" contract="IDesk"/>
  </service></services>{BINDINGS}
  <behaviors><serviceBehaviors><behavior name="S"><serviceCredentials>
    <serviceCertificate findValue="localhost" x509FindType="FindBySubjectName"/>
    <clientCertificate><authentication revocationMode="Online"/></clientCertificate>
  </serviceCredentials></behavior></serviceBehaviors></behaviors>
</system.serviceModel><waxwing><revocation cacheFolder="cache"/></waxwing></configuration>"#
    );
    machine(own, root, &text)
}

fn client(own: &Holder, root: &Holder, host: &ServiceHost) -> (tempfile::TempDir, ChannelFactory) {
    let port = host.local_addresses()[0].port();
    let text = format!(
        r#"<configuration><system.serviceModel>
  <client><endpoint name="desk" address="http://localhost:{port}/desk" binding="wsHttpBinding" bindingConfiguration="B"
      behaviorConfiguration="C" contract="IDesk"/></client>{BINDINGS}
  <behaviors><endpointBehaviors><behavior name="C"><clientCredentials>
    <clientCertificate findValue="alice" x509FindType="FindBySubjectName"/>
    <serviceCertificate><authentication revocationMode="Online"/></serviceCertificate>
  </clientCredentials></behavior></endpointBehaviors></behaviors>
</system.serviceModel><waxwing><revocation cacheFolder="" timeout="00:00:09"/></waxwing></configuration>"#
    );
    let (folder, file) = machine(own, root, &text);
    let factory = ChannelFactory::from_config(&file, "desk", &DESK_CONTRACT).unwrap();
    (folder, factory)
}

async fn greet(factory: &ChannelFactory) -> Result<String, String> {
    let channel = factory.open_channel().await.map_err(|error| error.to_string())?;
    let said = DeskClient::new(&channel).greet("alice".to_owned()).await;
    let _ = channel.close().await;
    said.map_err(|error| error.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_ends_ask_about_the_other() {
    let (server, now) = (Responder::start().await, Timestamp::now().as_second());
    let root = Wish::new("root", 1, now).authority().by_itself();
    let list = |revoked: &[u32]| Answer::Octets(root.list(&ListWish::of(now, revoked)));
    let (of_clients, of_services) = (server.url("/clients.crl"), server.url("/services.crl"));
    let leaf = |name: &str, serial, url: &str| Wish::new(name, serial, now).list(url).by(&root);
    let own = Wish::new("localhost", 5, now).dns("localhost").list(&of_services).by(&root);
    let alice = leaf("alice", 3, &of_clients);
    server.set("/clients.crl", list(&[4]));
    server.set("/services.crl", list(&[]));

    let (folder, file) = service(&own, &root);
    let host = ServiceHostBuilder::from_config(&file, "DeskService", &DESK_CONTRACT).unwrap();
    let host = host.open(ServiceInstances::per_session(|| DeskService::new(Polite))).await.unwrap();
    let mut events = host.events();
    let (_folder, factory) = client(&alice, &root, &host);
    assert_eq!(greet(&factory).await.unwrap(), "hello alice");
    assert_eq!(greet(&factory).await.unwrap(), "hello alice");
    let asked = (server.asked("/clients.crl").len(), server.asked("/services.crl").len());
    assert_eq!(asked, (1, 1), "each end has asked once");
    let kept = std::fs::read_dir(folder.path().join("cache")).unwrap().count();
    assert_eq!(kept, 1, "the service keeps it beside its file");

    // A client whose certificate was revoked: the service knows why, the client does not.
    let (_folder, factory) = client(&leaf("alice", 4, &of_clients), &root, &host);
    let error = greet(&factory).await.unwrap_err();
    assert!(!error.contains("is revoked"), "{error}");
    let reason = loop {
        let event = events.next().await.expect("the host is open").expect("nothing was missed");
        if let HostEvent::LoginRefused { reason, .. } = event {
            break reason;
        }
    };
    assert!(reason.contains("The certificate is revoked."), "{reason}");

    // A service whose certificate was revoked.
    server.set("/services.crl", list(&[5]));
    let (_folder, factory) = client(&alice, &root, &host);
    let error = greet(&factory).await.unwrap_err();
    assert!(error.contains("'CN=localhost' was revoked by its issuer 'CN=root'"), "{error}");
    // And one whose list cannot be had.
    server.set("/services.crl", Answer::Status("503 Down"));
    let (_folder, factory) = client(&alice, &root, &host);
    let error = greet(&factory).await.unwrap_err();
    assert!(error.contains("/services.crl: it answered HTTP 503"), "{error}");
    assert!(error.contains("because the revocation server was offline."), "{error}");
    host.close().await;
}

/// `check` tells whom a certificate that is known beforehand will ask, and of one that names nobody that it is refused.
/// Nobody is asked.
#[test]
fn a_check_tells_who_will_be_asked() {
    let now = Timestamp::now();
    let seconds = now.as_second();
    let root = Wish::new("root", 1, seconds).authority().by_itself();
    let own = Wish::new("alice", 3, seconds).by(&root);
    let text = |mode: &str| {
        format!(
            r#"<configuration><system.serviceModel>
  <client><endpoint name="desk" address="http://localhost/desk" binding="wsHttpBinding" bindingConfiguration="B"
      behaviorConfiguration="C" contract="IDesk"/></client>
  <bindings><wsHttpBinding><binding name="B"><security>
    <message clientCredentialType="Certificate" negotiateServiceCredential="false"/></security></binding></wsHttpBinding></bindings>
  <behaviors><endpointBehaviors><behavior name="C"><clientCredentials>
    <clientCertificate findValue="alice" x509FindType="FindBySubjectName"/>
    <serviceCertificate><defaultCertificate storeName="TrustedPeople" findValue="localhost" x509FindType="FindBySubjectName"/>
      <authentication revocationMode="{mode}"/></serviceCertificate>
  </clientCredentials></behavior></endpointBehaviors></behaviors>
</system.serviceModel><waxwing><revocation cacheFolder="cache"/></waxwing></configuration>"#
        )
    };
    let service = Wish::new("localhost", 5, seconds).dns("localhost");
    let place = "http://ca.example/services.crl";
    for (mode, service, severity, code, words) in [
        (
            "Online",
            service.clone().list(place).by(&root),
            Severity::Note,
            "revocation-online",
            place,
        ),
        (
            "Online",
            service.clone().by(&root),
            Severity::Error,
            "certificate-not-trusted",
            "it names neither",
        ),
        (
            "Offline",
            service.list(place).by(&root),
            Severity::Error,
            "certificate-not-trusted",
            "Online",
        ),
    ] {
        let (folder, _) = machine(&own, &root, &text(mode));
        let people = folder.path().join("certificates/TrustedPeople");
        std::fs::create_dir_all(&people).unwrap();
        std::fs::write(people.join("service.cer"), service.der()).unwrap();
        let check = FileCheck::of(Configuration::load(&text(mode)), folder.path(), now);
        let found =
            check.certificates.iter().find(|found| found.message.contains("'CN=localhost'"));
        let found = found.unwrap_or_else(|| panic!("{mode}: {:?}", check.certificates));
        assert_eq!((found.severity, found.code), (severity, code), "{}", found.message);
        assert!(found.message.contains(words), "{}", found.message);
    }
}
