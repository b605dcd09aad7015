//! What `check` says of these endpoints before anything is opened: each certificate is looked up as for HTTP.

use waxwing::binding::Configuration;
use waxwing::check::{FileCheck, Outcome};
use waxwing::jiff::Timestamp;

use crate::common::stores;

/// Both ends in one file.
fn file(security: &str, credential: &str, client: &str, service: &str) -> String {
    format!(
        r#"<configuration><system.serviceModel>
  <client><endpoint name="c" address="net.tcp://localhost:808/calc" binding="netTcpBinding" bindingConfiguration="T"
                    behaviorConfiguration="C" contract="I"/></client>
  <services><service name="S" behaviorConfiguration="B">
    <endpoint address="net.tcp://localhost:808/calc" binding="netTcpBinding" bindingConfiguration="T" contract="I"/>
  </service></services>
  <bindings><netTcpBinding><binding name="T"><reliableSession enabled="true"/><security mode="{security}">
    <message clientCredentialType="{credential}"/></security></binding></netTcpBinding></bindings>
  <behaviors>
    <endpointBehaviors><behavior name="C"><clientCredentials>
      <clientCertificate findValue="{client}" x509FindType="FindBySubjectName" storeLocation="CurrentUser"/>
      <serviceCertificate><authentication certificateValidationMode="None" revocationMode="NoCheck"/></serviceCertificate>
    </clientCredentials></behavior></endpointBehaviors>
    <serviceBehaviors><behavior name="B"><serviceCredentials>
      <serviceCertificate findValue="{service}" x509FindType="FindBySubjectName" storeLocation="CurrentUser"/>
      <clientCertificate><authentication certificateValidationMode="None" revocationMode="NoCheck"/></clientCertificate>
    </serviceCredentials></behavior></serviceBehaviors>
  </behaviors>
</system.serviceModel></configuration>"#
    )
}

#[test]
fn certificates_are_looked_up() {
    let folder = stores("alice", "ca", &[]);
    for (security, credential) in [
        ("Message", "Certificate"),
        ("Message", "UserName"),
        ("TransportWithMessageCredential", "Certificate"),
        ("TransportWithMessageCredential", "UserName"),
    ] {
        let check = |client: &str, service: &str| {
            let text = file(security, credential, client, service);
            let check = FileCheck::of(Configuration::load(&text), folder.path(), Timestamp::now());
            let missing = check.certificates.iter().filter(|d| d.code == "certificate-missing");
            (missing.count(), check.outcome())
        };
        let (missing, outcome) = check("alice", "alice");
        assert_eq!((missing, outcome), (0, Outcome::AllRun), "{security} {credential}");
        let (missing, outcome) = check("alice", "nobody");
        assert_eq!((missing, outcome), (1, Outcome::SomeRun), "{security} {credential}");
        // It stands in the file, whether the credential needs it or not.
        let (missing, _) = check("nobody", "alice");
        assert_eq!(missing, 1, "{security} {credential}");
    }
}
