//! The configuration files of the two programs, and where everything of a lane lies.

use std::path::{Path, PathBuf};

/// The name of the service in its file.
pub(super) const SERVICE: &str = "Waxwing.Demo.LedgerService";

/// The keys of a database and of its nodes, in the folder above those of the lanes.
pub(super) const KEYS: &str = "store.keys";

/// The folder of one client and its service: a lane. Lanes know nothing of each other.
#[derive(Clone, Debug)]
pub(super) struct LaneFolder(PathBuf);

impl LaneFolder {
    pub(super) fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// The file of a service's node.
    pub(super) fn service_config(&self, node: usize) -> PathBuf {
        self.0.join(format!("service-{node}.config"))
    }

    pub(super) fn client_config(&self) -> PathBuf {
        self.0.join("client.config")
    }

    /// What the service's application writes.
    pub(super) fn service_book(&self) -> PathBuf {
        self.0.join("service-books.db")
    }

    /// What the client's application writes.
    pub(super) fn client_book(&self) -> PathBuf {
        self.0.join("client-books.db")
    }

    /// There once everybody was killed as planned: the client's last call waits for it, so that it does not end before.
    pub(super) fn finale(&self) -> PathBuf {
        self.0.join("finale")
    }

    /// What a part has to say of its troubles.
    pub(super) fn log(&self, part: &str) -> PathBuf {
        self.0.join(format!("{part}.log"))
    }
}

/// The binding of both sides: `ws2007HttpBinding`, a reliable session in a secure conversation that begins with TLS inside SOAP.
const BINDINGS: &str = r#"    <bindings>
      <ws2007HttpBinding>
        <binding name="SecureReliable" openTimeout="00:02:00" sendTimeout="00:05:00" closeTimeout="00:02:00">
          <reliableSession enabled="true" ordered="true" />
          <security mode="Message">
            <message clientCredentialType="Certificate" />
          </security>
        </binding>
      </ws2007HttpBinding>
    </bindings>
"#;

const HEAD: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <configSections><section name="waxwing" type="System.Configuration.IgnoreSection" /></configSections>
"#;

/// Both sides have the certificates of the demonstration.
const CERTIFICATES: &str = r#"    <certificates storeRoot="../certificates" />
"#;

/// A node of several: where clients reach it, and where the other nodes do.
#[derive(Clone, Copy, Debug)]
pub(super) struct NodePorts {
    pub(super) service: u16,
    pub(super) nodes: u16,
}

/// `<node>` of a node, by which the others know it and it knows them.
fn node(number: usize, port: u16) -> String {
    let certificates = "../certificates/nodes";
    format!(
        r#"    <node name="service-{number}" address="localhost:{port}" names="localhost"
          certificate="{certificates}/node.cert.pem" key="{certificates}/node.key.pem"
          authorities="{certificates}/authority.cert.pem" keyFile="../{KEYS}" />
"#
    )
}

/// The file of the only node of a service.
pub(super) fn service(port: u16) -> String {
    service_with(port, port, "")
}

/// The file of one of several nodes: `public` is the port of the balancer before them.
pub(super) fn service_node(number: usize, ports: NodePorts, public: u16) -> String {
    service_with(ports.service, public, &node(number, ports.nodes))
}

/// The file of a service: it listens at `port`, and has the address of `public`.
fn service_with(port: u16, public: u16, node: &str) -> String {
    let endpoint = |name: &str, contract: &str| {
        let listen = match port == public {
            true => String::new(),
            false => format!(r#"listenUri="http://localhost:{port}/{name}" "#),
        };
        format!(
            r#"        <endpoint address="http://localhost:{public}/{name}" {listen}binding="ws2007HttpBinding"
                  bindingConfiguration="SecureReliable" contract="Waxwing.Demo.{contract}" />
"#
        )
    };
    format!(
        r#"{HEAD}  <system.serviceModel>
    <services>
      <service name="{SERVICE}" behaviorConfiguration="Ledger">
{}{}      </service>
    </services>
{BINDINGS}    <behaviors>
      <serviceBehaviors>
        <behavior name="Ledger">
          <serviceCredentials>
            <serviceCertificate storeLocation="LocalMachine" storeName="My"
                                x509FindType="FindBySubjectName" findValue="calc-service" />
            <clientCertificate>
              <authentication certificateValidationMode="ChainTrust" revocationMode="NoCheck" />
            </clientCertificate>
          </serviceCredentials>
        </behavior>
      </serviceBehaviors>
    </behaviors>
  </system.serviceModel>
  <waxwing>
{CERTIFICATES}{node}  </waxwing>
</configuration>
"#,
        endpoint("ledger", "ILedger"),
        endpoint("inbox", "IInbox"),
    )
}

/// The file of the client, whose service has its address at `port`.
pub(super) fn client(port: u16) -> String {
    let endpoint = |name: &str, contract: &str| {
        format!(
            r#"      <endpoint name="{name}" address="http://localhost:{port}/{name}" binding="ws2007HttpBinding"
                bindingConfiguration="SecureReliable" behaviorConfiguration="Alice" contract="Waxwing.Demo.{contract}" />
"#
        )
    };
    format!(
        r#"{HEAD}  <system.serviceModel>
    <client>
{}{}    </client>
{BINDINGS}    <behaviors>
      <endpointBehaviors>
        <behavior name="Alice">
          <clientCredentials>
            <clientCertificate storeLocation="CurrentUser" storeName="My"
                               x509FindType="FindBySubjectName" findValue="alice" />
            <serviceCertificate>
              <authentication certificateValidationMode="ChainTrust" revocationMode="NoCheck" />
            </serviceCertificate>
          </clientCredentials>
        </behavior>
      </endpointBehaviors>
    </behaviors>
  </system.serviceModel>
  <waxwing>
{CERTIFICATES}  </waxwing>
</configuration>
"#,
        endpoint("ledger", "ILedger"),
        endpoint("inbox", "IInbox"),
    )
}

#[cfg(test)]
mod tests {
    use waxwing::binding::Configuration;

    use super::*;

    #[test]
    fn a_node_listens_behind_the_balancer_and_is_found_by_the_others() {
        let text = service_node(1, NodePorts { service: 81, nodes: 82 }, 80);
        let loaded = Configuration::load(&text);
        assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
        let node = &loaded.configuration.waxwing.node;
        assert_eq!(
            (node.name.as_deref(), node.address.as_str()),
            (Some("service-1"), "localhost:82")
        );
        assert!(text.contains(
            r#"address="http://localhost:80/ledger" listenUri="http://localhost:81/ledger""#
        ));
        let alone = service(81);
        assert!(!alone.contains("<node") && !alone.contains("listenUri"));
    }
}
