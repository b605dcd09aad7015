//! What TLS needs, below HTTP and inside net.tcp; which sessions are kept.

use waxwing::binding::{Configuration, Severity};
use waxwing::check::Outcome;

use crate::{AUTHORITY, Kind, LEAF, Stores, make, sound};

/// A service over HTTPS alone, with what stands in its section, credentials and `<transport>`.
fn https_service(section: &str, credentials: &str, transport: &str) -> String {
    format!(
        r#"<configuration>
  <configSections><section name="waxwing" type="System.Configuration.IgnoreSection" /></configSections>
  <system.serviceModel>
    <services><service name="S" behaviorConfiguration="B">
      <endpoint address="https://calc:8443/calc" binding="wsHttpBinding" bindingConfiguration="H" contract="I" />
    </service></services>
    <bindings><wsHttpBinding><binding name="H"><security mode="Transport"><transport clientCredentialType="{transport}"/></security>
    </binding></wsHttpBinding></bindings>
    <behaviors><serviceBehaviors><behavior name="B"><serviceCredentials>{credentials}<clientCertificate>
      <authentication certificateValidationMode="ChainTrust" revocationMode="Online" trustedStoreLocation="LocalMachine" />
    </clientCertificate></serviceCredentials></behavior></serviceBehaviors></behaviors>
  </system.serviceModel>
  <waxwing>{section}</waxwing>
</configuration>"#
    )
}

/// TLS is looked at as messages are: the certificate that a service shows, its suites, whom it trusts.
#[test]
fn what_https_needs_is_looked_for() {
    let root = make("Root", AUTHORITY, None);
    let stores = Stores::new();
    stores.identity("LocalMachine/My", "calc", &make("calc", LEAF, Some(&root)));
    stores.identity("LocalMachine/My", "other", &make("other", LEAF, Some(&root)));
    stores.identity(
        "LocalMachine/My",
        "late",
        &make("late", Kind { until: -2, ..LEAF }, Some(&root)),
    );
    stores.certificate("LocalMachine/Root", "root", &root);
    std::fs::write(stores.0.path().join("file"), "").unwrap();
    let named = |name: &str| {
        format!("<serviceCertificate findValue=\"{name}\" x509FindType=\"FindBySubjectName\" />")
    };
    let codes = |section: &str, credentials: &str, transport: &str| {
        let check = stores.check(&https_service(section, credentials, transport));
        let found: Vec<_> = check.certificates.iter().map(|d| (d.severity, d.code)).collect();
        (found, check.outcome() == Outcome::AllRun)
    };
    let (error, warning) = (Severity::Error, Severity::Warning);
    assert_eq!(codes("", &named("calc"), "None"), (vec![], true));
    assert_eq!(codes(&format!("<https>{}</https>", named("calc")), "", "None"), (vec![], true));
    // Behind a front end it is of whatever name that one asks for.
    let public = "<publicAddresses><add address=\"https://calc:8443/calc\" public=\"https://shop.example/calc\"/></publicAddresses>";
    for name in ["calc", "other"] {
        assert_eq!(codes(public, &named(name), "None"), (vec![], true));
    }
    // That of the section is shown, whatever the behavior names.
    let https = |name: &str| format!("<https>{}</https>", named(name));
    assert_eq!(codes(&https("calc"), &named("late"), "None"), (vec![], true));
    for (section, credentials, severity, code, runs) in [
        ("", "", warning, "https-certificate-missing", true),
        ("", &*named("nobody"), error, "certificate-missing", false),
        (&*https("nobody"), &named("calc"), error, "certificate-missing", false),
        ("", &named("late"), warning, "certificate-expired", true),
        ("", &named("other"), warning, "certificate-host", true),
        ("<https cipherSuites=\"NONSENSE\"/>", &named("calc"), error, "tls-suites", false),
    ] {
        let (found, all_run) = codes(section, credentials, "None");
        assert!(
            found.contains(&(severity, code)) && all_run == runs,
            "{section}{credentials}: {found:?}"
        );
    }
    assert_eq!(
        codes("<revocation cacheFolder=\"file/x\"/>", &named("calc"), "Certificate").0,
        [(warning, "revocation-cache"), (Severity::Note, "revocation-online")]
    );
    std::fs::remove_dir_all(stores.0.path().join("certificates/LocalMachine/Root")).unwrap();
    let (found, all_run) = codes("", &named("calc"), "Certificate");
    assert!(found.contains(&(error, "nobody-trusted")) && !all_run, "{found:?}");
}

/// Both ends of net.tcp over TLS: what stands in their credentials, and in the client's identity.
fn stream(client: &str, identity: &str, service: &str) -> String {
    format!(
        r#"<configuration>
  <system.serviceModel>
    <client><endpoint name="c" address="net.tcp://calc:808/calc" binding="netTcpBinding" bindingConfiguration="T"
                      behaviorConfiguration="C" contract="I">{identity}</endpoint></client>
    <services><service name="S" behaviorConfiguration="B">
      <endpoint address="net.tcp://calc:808/calc" binding="netTcpBinding" bindingConfiguration="T" contract="I" />
    </service></services>
    <bindings><netTcpBinding><binding name="T"><security mode="Transport"><transport clientCredentialType="Certificate"/></security>
    </binding></netTcpBinding></bindings>
    <behaviors>
      <endpointBehaviors><behavior name="C"><clientCredentials>
        <clientCertificate findValue="{client}" x509FindType="FindBySubjectName" />
        <serviceCertificate><authentication certificateValidationMode="ChainTrust" revocationMode="NoCheck" /></serviceCertificate>
      </clientCredentials></behavior></endpointBehaviors>
      <serviceBehaviors><behavior name="B"><serviceCredentials>
        <serviceCertificate findValue="{service}" x509FindType="FindBySubjectName" />
        <clientCertificate><authentication certificateValidationMode="ChainTrust" revocationMode="NoCheck"
                                           trustedStoreLocation="LocalMachine" /></clientCertificate>
      </serviceCredentials></behavior></serviceBehaviors>
    </behaviors>
  </system.serviceModel>
</configuration>"#
    )
}

/// TLS inside net.tcp is looked at as that below HTTP is, at both ends.
#[test]
fn what_tls_over_net_tcp_needs_is_looked_for() {
    let (stores, root) = sound();
    stores.certificate("LocalMachine/Root", "root", &root);
    let soon = Kind { until: 9, ..LEAF };
    for (store, client) in [("CurrentUser/My", "alice"), ("LocalMachine/My", "calc")] {
        stores.identity(store, client, &make(client, LEAF, Some(&root)));
    }
    stores.identity("CurrentUser/My", "soon", &make("soon", soon, Some(&root)));
    stores.identity("LocalMachine/My", "soon", &make("soon", soon, Some(&root)));
    let codes = |client: &str, identity: &str, service: &str| {
        let check = stores.check(&stream(client, identity, service));
        let found: Vec<_> = check.certificates.iter().map(|d| (d.severity, d.code)).collect();
        (found, check.outcome())
    };
    let (error, note) = (Severity::Error, Severity::Note);
    let missing = vec![(error, "certificate-missing")];
    assert_eq!(codes("alice", "", "calc"), (vec![], Outcome::AllRun));
    assert_eq!(codes("nobody", "", "calc"), (missing.clone(), Outcome::SomeRun));
    assert_eq!(codes("alice", "", "nobody"), (missing.clone(), Outcome::SomeRun));
    let late = (note, "certificate-expires-soon");
    assert_eq!(codes("soon", "", "calc"), (vec![late], Outcome::AllRun));
    // Its name is another one than the address has.
    let named = (note, "certificate-name");
    assert_eq!(codes("alice", "", "soon"), (vec![late, named], Outcome::AllRun));
    let identity = "<identity><certificateReference storeName=\"My\" storeLocation=\"CurrentUser\" \
                    findValue=\"nobody\" x509FindType=\"FindBySubjectName\" /></identity>";
    assert_eq!(codes("alice", identity, "calc"), (missing, Outcome::SomeRun));
    // Each end trusts by the roots of its own store.
    for (location, client) in [("CurrentUser", true), ("LocalMachine", false)] {
        let folder = stores.0.path().join("certificates").join(location).join("Root");
        std::fs::remove_dir_all(folder).unwrap();
        let (found, outcome) = codes("alice", "", "calc");
        assert!(found.contains(&(error, "nobody-trusted")), "{location}: {found:?}");
        assert_eq!(outcome, if client { Outcome::SomeRun } else { Outcome::NoneRuns });
    }
}

/// Sessions over connections are not kept: whoever asks for it is told, and nothing else is said.
#[test]
fn sessions_over_connections_are_not_said_to_be_kept() {
    let endpoint = "address=\"net.tcp://calc:808/calc\" binding=\"netTcpBinding\" bindingConfiguration=\"T\" contract=\"I\"";
    let text = format!(
        r#"<configuration>
  <configSections><section name="waxwing" type="System.Configuration.IgnoreSection" /></configSections>
  <system.serviceModel>
    <client><endpoint name="c" {endpoint} /></client>
    <services><service name="S"><endpoint {endpoint} /></service></services>
    <bindings><netTcpBinding><binding name="T"><reliableSession enabled="true"/><security mode="None"/></binding></netTcpBinding></bindings>
  </system.serviceModel>
  <waxwing><store provider="sqlite" path="a.db"/><outbox name="c"/></waxwing>
</configuration>"#
    );
    let check = Stores::new().check(&text);
    let links = check.certificates.iter().filter(|d| d.code == "store-links");
    let links: Vec<_> = links.map(|d| d.severity).collect();
    assert_eq!(
        (links, check.outcome()),
        (vec![Severity::Error, Severity::Warning], Outcome::SomeRun)
    );
    for explained in Configuration::load(&text).configuration.explain() {
        assert!(!explained.to_string().contains("kept in"), "{explained}");
    }
}
