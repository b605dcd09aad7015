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

/// The binding of both sides: what WCF's documentation calls a reliable session with message security.
const BINDING: &str = r#"    <bindings>
      <wsHttpBinding>
        <binding name="SecureReliable" sendTimeout="00:05:00">
          <reliableSession enabled="true" ordered="true" />
          <security mode="Message">
            <message clientCredentialType="Certificate" />
          </security>
        </binding>
      </wsHttpBinding>
    </bindings>
"#;

pub(super) fn service_config(port: u16) -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <system.serviceModel>
    <services>
      <service name="{SERVICE}" behaviorConfiguration="Calculator">
        <host>
          <baseAddresses>
            <add baseAddress="http://localhost:{port}/" />
          </baseAddresses>
        </host>
        <endpoint address="calculator" binding="wsHttpBinding" bindingConfiguration="SecureReliable"
                  contract="Microsoft.ServiceModel.Samples.ICalculator" />
      </service>
    </services>
{BINDING}    <behaviors>
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

pub(super) fn client_config(port: u16, link: SocketAddr) -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <system.serviceModel>
    <client>
      <endpoint name="calculator" address="http://localhost:{port}/calculator" binding="wsHttpBinding"
                bindingConfiguration="SecureReliable" behaviorConfiguration="Alice"
                contract="Microsoft.ServiceModel.Samples.ICalculator" />
    </client>
{BINDING}    <behaviors>
      <endpointBehaviors>
        <behavior name="Alice">
          <!-- The messages go to the link, which loses some of them. -->
          <clientVia viaUri="http://{link}/calculator" />
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
</configuration>
"#
    )
}
