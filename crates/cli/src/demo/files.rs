//! The configuration files of the demonstration, and the folder that they live in.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The name of the service in its configuration file.
pub(super) const SERVICE: &str = "Microsoft.ServiceModel.Samples.CalculatorService";

/// A folder that is thrown away at the end, or kept.
pub(super) struct Folder {
    path: PathBuf,
    kept: bool,
}

impl Folder {
    pub(super) fn new(keep: Option<&Path>) -> std::io::Result<Self> {
        let path = match keep {
            Some(path) => {
                std::fs::create_dir_all(path)?;
                path.to_owned()
            }
            None => {
                let path =
                    std::env::temp_dir().join(format!("waxwing-demo-{}", std::process::id()));
                // Not one that somebody else has laid there.
                std::fs::create_dir(&path)?;
                path
            }
        };
        Ok(Self { path, kept: keep.is_some() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn write(&self, name: &str, text: &str) -> std::io::Result<PathBuf> {
        let path = self.path.join(name);
        std::fs::write(&path, text)?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.kept {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// The client's certificate, where that is its credential.
const CLIENT_CERTIFICATE: &str = r#"            <clientCertificate storeLocation="CurrentUser" storeName="My"
                               x509FindType="FindBySubjectName" findValue="alice" />
"#;

/// The bindings that the demonstration can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Binding {
    /// wsHttpBinding with message security
    WsHttp,
    /// wsHttpBinding over HTTPS, the credential in the messages (TransportWithMessageCredential)
    WsHttps,
    /// The same as ws2007HttpBinding
    Ws2007Https,
    /// netHttpsBinding: binary messages over HTTPS; TLS asks for the certificate, a user name goes in the messages
    NetHttp,
    /// netTcpBinding: binary messages over TCP, connections that break are replaced; secured as --security says
    NetTcp,
    /// wsDualHttpBinding: the service posts its answers to the client, which listens; secured as --security says
    WsDual,
}

/// How netTcpBinding and wsDualHttpBinding are secured. The other bindings have it in their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Security {
    /// Not at all
    None,
    /// By TLS, which asks for the certificate; the session ends with its connection, so none is cut (Transport)
    Transport,
    /// In the messages, in a secure conversation that outlives its connections (Message)
    Message,
    /// By TLS, the credential in the messages (TransportWithMessageCredential)
    Mixed,
}

/// What the client shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Credential {
    /// A certificate
    Certificate,
    /// A user name and a password
    #[value(name = "username")]
    UserName,
}

/// What the configuration files of both sides say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    pub(super) binding: Binding,
    pub(super) credential: Credential,
    /// Of netTcpBinding and wsDualHttpBinding.
    pub(super) security: Security,
}

/// Where the two ends listen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) service: u16,
    /// Of a client that listens, too.
    pub(super) client: u16,
}

impl Binding {
    /// Whether somebody says how it is secured.
    pub(super) fn is_told(self) -> bool {
        matches!(self, Self::NetTcp | Self::WsDual)
    }
}

impl Shown {
    /// Whether connections are in TLS.
    pub(super) fn over_tls(self) -> bool {
        match self.binding {
            Binding::WsHttp | Binding::WsDual => false,
            Binding::NetTcp => matches!(self.security, Security::Transport | Security::Mixed),
            Binding::WsHttps | Binding::Ws2007Https | Binding::NetHttp => true,
        }
    }

    /// Whether anybody has to say who he is.
    pub(super) fn is_secured(self) -> bool {
        !self.binding.is_told() || self.security != Security::None
    }

    /// Whether its session ends with its connection: there is nothing to show when that is cut.
    pub(super) fn is_bound(self) -> bool {
        self.binding == Binding::NetTcp && self.security == Security::Transport
    }

    pub(super) fn scheme(self) -> &'static str {
        match self.binding {
            Binding::WsHttp | Binding::WsDual => "http",
            Binding::NetTcp => "net.tcp",
            _ => "https",
        }
    }

    /// The element of the binding.
    fn element(self) -> &'static str {
        match self.binding {
            Binding::WsHttp | Binding::WsHttps => "wsHttpBinding",
            Binding::Ws2007Https => "ws2007HttpBinding",
            Binding::NetHttp => "netHttpsBinding",
            Binding::NetTcp => "netTcpBinding",
            Binding::WsDual => "wsDualHttpBinding",
        }
    }

    /// How messages are secured, and what the client shows.
    fn security(self) -> String {
        let credential = match self.credential {
            Credential::Certificate => "Certificate",
            Credential::UserName => "UserName",
        };
        let (mode, child) = match (self.binding, self.credential) {
            (Binding::NetTcp | Binding::WsDual, _) => match self.security {
                Security::None => return r#"<security mode="None" />"#.to_owned(),
                Security::Transport => ("Transport", "transport"),
                Security::Message => ("Message", "message"),
                Security::Mixed => ("TransportWithMessageCredential", "message"),
            },
            (Binding::WsHttp, _) => ("Message", "message"),
            // It has no secure conversation: a certificate is shown to TLS.
            (Binding::NetHttp, Credential::Certificate) => ("Transport", "transport"),
            _ => ("TransportWithMessageCredential", "message"),
        };
        format!(
            r#"<security mode="{mode}">
            <{child} clientCredentialType="{credential}" />
          </security>"#
        )
    }

    /// The binding of both sides: what WCF's documentation calls a reliable session with message security, or with
    /// security of the transport and a credential in the messages.
    fn bindings(self, ports: Ports) -> String {
        let (element, security) = (self.element(), self.security());
        // It has a reliable session always.
        let (address, enabled) = match self.binding {
            Binding::WsDual => {
                (format!(r#" clientBaseAddress="http://localhost:{}/""#, ports.client), "")
            }
            _ => (String::new(), r#"enabled="true" "#),
        };
        format!(
            r#"    <bindings>
      <{element}>
        <binding name="SecureReliable" sendTimeout="00:05:00"{address}>
          <reliableSession {enabled}ordered="true" />
          {security}
        </binding>
      </{element}>
    </bindings>
"#
        )
    }

    pub(super) fn service_config(self, ports: Ports) -> String {
        let (scheme, element, bindings) = (self.scheme(), self.element(), self.bindings(ports));
        let port = ports.service;
        format!(
            r#"<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <system.serviceModel>
    <services>
      <service name="{SERVICE}" behaviorConfiguration="Calculator">
        <host>
          <baseAddresses>
            <add baseAddress="{scheme}://localhost:{port}/" />
          </baseAddresses>
        </host>
        <endpoint address="calculator" binding="{element}" bindingConfiguration="SecureReliable"
                  contract="Microsoft.ServiceModel.Samples.ICalculator" />
      </service>
    </services>
{bindings}    <behaviors>
      <serviceBehaviors>
        <behavior name="Calculator">
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
</configuration>
"#
        )
    }

    pub(super) fn client_config(self, ports: Ports, link: SocketAddr) -> String {
        let (scheme, element, bindings) = (self.scheme(), self.element(), self.bindings(ports));
        let port = ports.service;
        // A user name and its password are not for a file: the program says them.
        let certificate = match self.credential {
            Credential::Certificate => CLIENT_CERTIFICATE,
            Credential::UserName => "",
        };
        // TLS looks for the host name in the service's certificate.
        let via = match self.over_tls() {
            true => format!("{scheme}://localhost:{}/calculator", link.port()),
            false => format!("{scheme}://{link}/calculator"),
        };
        format!(
            r#"<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <system.serviceModel>
    <client>
      <endpoint name="calculator" address="{scheme}://localhost:{port}/calculator" binding="{element}"
                bindingConfiguration="SecureReliable" behaviorConfiguration="Alice"
                contract="Microsoft.ServiceModel.Samples.ICalculator" />
    </client>
{bindings}    <behaviors>
      <endpointBehaviors>
        <behavior name="Alice">
          <!-- The messages go to the link, which loses some of them. -->
          <clientVia viaUri="{via}" />
          <clientCredentials>
{certificate}            <serviceCertificate>
              <authentication certificateValidationMode="ChainTrust" revocationMode="NoCheck" />
            </serviceCertificate>
          </clientCredentials>
        </behavior>
      </endpointBehaviors>
    </behaviors>
  </system.serviceModel>
</configuration>
"#
        )
    }
}
