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
}

impl Shown {
    pub(super) fn over_tls(self) -> bool {
        self.binding != Binding::WsHttp
    }

    pub(super) fn scheme(self) -> &'static str {
        if self.over_tls() { "https" } else { "http" }
    }

    /// The element of the binding.
    fn element(self) -> &'static str {
        match self.binding {
            Binding::WsHttp | Binding::WsHttps => "wsHttpBinding",
            Binding::Ws2007Https => "ws2007HttpBinding",
        }
    }

    /// The binding of both sides: what WCF's documentation calls a reliable session with message security, or with
    /// security of the transport and a credential in the messages.
    fn bindings(self) -> String {
        let element = self.element();
        let mode = if self.over_tls() { "TransportWithMessageCredential" } else { "Message" };
        let credential = match self.credential {
            Credential::Certificate => "Certificate",
            Credential::UserName => "UserName",
        };
        format!(
            r#"    <bindings>
      <{element}>
        <binding name="SecureReliable" sendTimeout="00:05:00">
          <reliableSession enabled="true" ordered="true" />
          <security mode="{mode}">
            <message clientCredentialType="{credential}" />
          </security>
        </binding>
      </{element}>
    </bindings>
"#
        )
    }

    pub(super) fn service_config(self, port: u16) -> String {
        let (scheme, element, bindings) = (self.scheme(), self.element(), self.bindings());
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

    pub(super) fn client_config(self, port: u16, link: SocketAddr) -> String {
        let (scheme, element, bindings) = (self.scheme(), self.element(), self.bindings());
        // A user name and its password are not for a file: the program says them.
        let certificate = match self.credential {
            Credential::Certificate => CLIENT_CERTIFICATE,
            Credential::UserName => "",
        };
        // TLS looks for the host name in the service's certificate.
        let via = match self.over_tls() {
            true => format!("https://localhost:{}/calculator", link.port()),
            false => format!("http://{link}/calculator"),
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
