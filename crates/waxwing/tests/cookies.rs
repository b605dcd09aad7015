//! Services that remember no security context (`requireSecurityContextCancellation="false"`): processes that share keys,
//! restarts, reliable sessions over them.

#![allow(clippy::disallowed_methods)]

mod common;

use std::path::Path;
use std::sync::atomic::Ordering;

use common::*;
use waxwing::binding::{Configuration, Severity};
use waxwing::check::{FileCheck, Outcome};
use waxwing::net::memory::Memory;
use waxwing::{
    ChannelFactory, ClientChannel, ConfigurationFile, ServiceHost, ServiceHostBuilder,
    ServiceInstances,
};

const ADDRESS: &str = "http://calc.example/calc";
const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const OTHER_KEY: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
const CHECK: &str =
    r#"<authentication certificateValidationMode="ChainTrust" revocationMode="NoCheck"/>"#;
const COOKIE: &str = r#"<security authenticationMode="SecureConversation" requireSecurityContextCancellation="false">
    <secureConversationBootstrap authenticationMode="MutualCertificate"/></security>"#;
const NEGOTIATED: &str = r#"<security authenticationMode="MutualSslNegotiated" requireSecurityContextCancellation="false"/>"#;
const BOTH: &str = r#"<security authenticationMode="SecureConversation" requireSecurityContextCancellation="false">
    <secureConversationBootstrap authenticationMode="MutualSslNegotiated" requireSecurityContextCancellation="false"/></security>"#;
const RELIABLE: &str = "<reliableSession/>";

fn bindings(above: &str, security: &str) -> String {
    format!(
        r#"<bindings><customBinding><binding name="B" openTimeout="00:00:20" sendTimeout="00:00:20" closeTimeout="00:00:10">
        {above}{security}<textMessageEncoding/><httpTransport/></binding></customBinding></bindings>"#
    )
}

fn service_text(binding: &str, keys: Option<&str>) -> String {
    let keys = keys.map(|name| {
        format!(
            r#"<configSections><section name="waxwing" type="System.Configuration.IgnoreSection, System.Configuration"/></configSections>
            <waxwing><cookies keyFile="{name}"/></waxwing>"#
        )
    });
    format!(
        r#"<configuration>{}<system.serviceModel>
  <services><service name="CalculatorService" behaviorConfiguration="S">
    <endpoint address="{ADDRESS}" binding="customBinding" bindingConfiguration="B" contract="Microsoft.ServiceModel.Samples.ICalculator"/>
  </service></services>{binding}
  <behaviors><serviceBehaviors><behavior name="S"><serviceCredentials>
    <serviceCertificate findValue="localhost" x509FindType="FindBySubjectName" storeName="My" storeLocation="LocalMachine"/>
    <clientCertificate>{CHECK}</clientCertificate>
  </serviceCredentials></behavior></serviceBehaviors></behaviors>
</system.serviceModel></configuration>"#,
        keys.unwrap_or_default()
    )
}

fn load(folder: &Path, name: &str, text: &str) -> ConfigurationFile {
    std::fs::write(folder.join(name), text).unwrap();
    ConfigurationFile::load(folder.join(name)).unwrap_or_else(|e| panic!("{e}"))
}

/// A service on a machine of its own, and its client.
struct World {
    memory: Memory,
    service: tempfile::TempDir,
    client: tempfile::TempDir,
    binding: String,
    keys: Option<&'static str>,
    counting: Counting,
}

impl World {
    fn new(above: &str, security: &str, keys: Option<&'static str>) -> Self {
        let service = stores("service", "ca", &[]);
        if keys.is_some() {
            std::fs::write(service.path().join("cookies.keys"), KEY).unwrap();
        }
        Self {
            memory: Memory::new(),
            service,
            client: stores("alice", "ca", &["service"]),
            binding: bindings(above, security),
            keys,
            counting: Counting::default(),
        }
    }

    /// Starts a process of the service, which knows nothing of those before.
    async fn start(&self) -> ServiceHost {
        let text = service_text(&self.binding, self.keys);
        let file = load(self.service.path(), "service.config", &text);
        let builder =
            ServiceHostBuilder::from_config(&file, "CalculatorService", &CALCULATOR_CONTRACT);
        let service = CalculatorService::new(self.counting.clone());
        builder
            .unwrap()
            .listener(self.memory.clone())
            .open(ServiceInstances::single(service))
            .await
            .unwrap()
    }

    async fn connect(&self) -> ClientChannel {
        let text = format!(
            r#"<configuration><system.serviceModel>
  <client><endpoint name="calc" address="{ADDRESS}" binding="customBinding" bindingConfiguration="B" behaviorConfiguration="C"
      contract="Microsoft.ServiceModel.Samples.ICalculator"><identity><dns value="localhost"/></identity></endpoint></client>{}
  <behaviors><endpointBehaviors><behavior name="C"><clientCredentials>
    <clientCertificate findValue="CN=" x509FindType="FindBySubjectName" storeName="My" storeLocation="CurrentUser"/>
    <serviceCertificate>
      <defaultCertificate findValue="localhost" x509FindType="FindBySubjectName" storeName="TrustedPeople" storeLocation="CurrentUser"/>
      {CHECK}
    </serviceCertificate>
  </clientCredentials></behavior></endpointBehaviors></behaviors>
</system.serviceModel></configuration>"#,
            self.binding
        );
        let file = load(self.client.path(), "client.config", &text);
        let factory = ChannelFactory::from_config(&file, "calc", &CALCULATOR_CONTRACT).unwrap();
        factory.transport(self.memory.clone()).open_channel().await.unwrap()
    }

    fn caller(&self) -> String {
        let caller = self.counting.caller.lock().unwrap().take().expect("somebody called");
        caller.split(';').next().unwrap().to_owned()
    }
}

/// A client goes on with another process of the service, or with one that started anew, as if nothing were.
#[tokio::test]
async fn a_restart_is_not_noticed_where_the_keys_are_shared() {
    for security in [COOKIE, NEGOTIATED, BOTH] {
        let world = World::new("", security, Some("cookies.keys"));
        let first = world.start().await;
        let channel = world.connect().await;
        let calculator = CalculatorClient::new(&channel);
        assert_eq!(calculator.add(1.0, 2.0).await.unwrap(), 3.0);
        assert_eq!(world.caller(), "CN=alice");
        assert_eq!(first.statistics().security_sessions, 0);
        first.close().await;
        // The key is changed meanwhile; the old one still opens.
        let keys = world.service.path().join("cookies.keys");
        std::fs::write(&keys, format!("{OTHER_KEY}\n{KEY}\n")).unwrap();
        let second = world.start().await;
        assert_eq!(calculator.add(2.0, 2.0).await.unwrap(), 4.0);
        assert_eq!(world.caller(), "CN=alice");
        assert_eq!(second.statistics().messages, 1, "no handshake: {security}");
        channel.close().await.unwrap();
        second.close().await;
    }
}

/// Without keys that outlast the process one call fails, and the next has a context of the new one.
#[tokio::test]
async fn a_restart_costs_a_call_where_the_key_is_the_process_s_own() {
    let world = World::new("", COOKIE, None);
    let first = world.start().await;
    let channel = world.connect().await;
    let calculator = CalculatorClient::new(&channel);
    calculator.add(1.0, 2.0).await.unwrap();
    first.close().await;
    let second = world.start().await;
    let error = calculator.add(2.0, 2.0).await.unwrap_err().to_string();
    assert!(error.contains("BadContextToken"), "{error}");
    assert_eq!(calculator.add(2.0, 3.0).await.unwrap(), 5.0);
    assert_eq!(world.counting.executed.load(Ordering::SeqCst), 2);
    channel.close().await.unwrap();
    second.close().await;
}

/// A reliable session stands over messages that each stand for themselves: it names no security context.
#[tokio::test]
async fn reliable_sessions_go_over_contexts_in_cookies() {
    for security in [COOKIE, BOTH] {
        let world = World::new(RELIABLE, security, Some("cookies.keys"));
        let host = world.start().await;
        let channel = world.connect().await;
        let calculator = CalculatorClient::new(&channel);
        for n in 0..5 {
            assert_eq!(calculator.add(f64::from(n), 2.0).await.unwrap(), f64::from(n) + 2.0);
        }
        assert_eq!(world.caller(), "CN=alice");
        let now = host.statistics();
        assert_eq!((now.sessions, now.security_sessions), (1, 0));
        channel.close().await.unwrap();
        assert_eq!(host.statistics().sessions_closed, 1);
        host.close().await;
    }
}

#[test]
fn the_check_looks_at_the_keys() {
    let folder = stores("service", "ca", &[]);
    let binding = bindings("", COOKIE);
    let check = |keys: Option<&str>| {
        let loaded = Configuration::load(&service_text(&binding, keys));
        let now = "2026-12-01T12:00:00Z".parse().unwrap();
        let check = FileCheck::of(loaded, folder.path(), now);
        let found = check.findings().find(|found| found.code.starts_with("cookie-keys"));
        (check.outcome(), found.map(|found| (found.severity, found.code, found.message.clone())))
    };
    let (outcome, found) = check(None);
    assert_eq!(outcome, Outcome::AllRun);
    assert!(matches!(found, Some((Severity::Note, "cookie-keys-of-process", _))), "{found:?}");
    let (outcome, found) = check(Some("missing.keys"));
    assert_ne!(outcome, Outcome::AllRun);
    assert!(matches!(found, Some((Severity::Error, "cookie-keys", _))), "{found:?}");
    let path = folder.path().join("some.keys");
    std::fs::write(&path, "no key").unwrap();
    let Some((Severity::Error, _, text)) = check(Some("some.keys")).1 else { panic!() };
    assert!(text.contains("line 1 is no key"), "{text}");
    waxwing::files::create_private(&path).unwrap();
    std::fs::write(&path, KEY).unwrap();
    assert_eq!(check(Some("some.keys")), (Outcome::AllRun, None));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let (outcome, found) = check(Some("some.keys"));
        assert_eq!(outcome, Outcome::AllRun);
        assert!(matches!(found, Some((Severity::Warning, "cookie-keys-readable", _))), "{found:?}");
    }
}
