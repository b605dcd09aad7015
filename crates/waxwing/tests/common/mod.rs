//! The calculator of WCF's samples, the test PKI and configuration files for both sides.
#![allow(dead_code, unreachable_pub)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use waxwing::ConfigurationFile;
use waxwing::contract::{OperationContext, OperationFault, service_contract};

#[service_contract(
    namespace = "http://Microsoft.ServiceModel.Samples",
    name = "ICalculator",
    configuration_name = "Microsoft.ServiceModel.Samples.ICalculator"
)]
pub trait Calculator {
    async fn add(&self, ctx: &OperationContext, n1: f64, n2: f64) -> Result<f64, OperationFault>;
    async fn subtract(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;
    async fn multiply(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;
    async fn divide(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;
}

/// Counts what it executes and remembers who called.
#[derive(Clone, Default)]
pub struct Counting {
    pub executed: Arc<AtomicU64>,
    pub caller: Arc<std::sync::Mutex<Option<String>>>,
}

impl Calculator for Counting {
    async fn add(&self, ctx: &OperationContext, n1: f64, n2: f64) -> Result<f64, OperationFault> {
        self.executed.fetch_add(1, Ordering::SeqCst);
        *self.caller.lock().unwrap() = ctx.caller().map(|caller| caller.name.clone());
        Ok(n1 + n2)
    }
    async fn subtract(&self, n1: f64, n2: f64) -> Result<f64, OperationFault> {
        self.executed.fetch_add(1, Ordering::SeqCst);
        Ok(n1 - n2)
    }
    async fn multiply(&self, n1: f64, n2: f64) -> Result<f64, OperationFault> {
        self.executed.fetch_add(1, Ordering::SeqCst);
        Ok(n1 * n2)
    }
    async fn divide(&self, n1: f64, n2: f64) -> Result<f64, OperationFault> {
        self.executed.fetch_add(1, Ordering::SeqCst);
        if n2 == 0.0 {
            return Err(OperationFault::new("Division by zero"));
        }
        Ok(n1 / n2)
    }
}

pub fn pki() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/pki")
}

/// Certificate stores as a service or client on a machine of its own has them.
pub fn stores(own: &str, root: &str, trusted: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let copy = |store: &str, name: &str| {
        let to = folder.path().join("certificates").join(store);
        std::fs::create_dir_all(&to).unwrap();
        std::fs::copy(pki().join(name), to.join(name)).unwrap();
    };
    copy("My", &format!("{own}.cert.pem"));
    copy("My", &format!("{own}.key.pem"));
    copy("Root", &format!("{root}.cert.pem"));
    for name in trusted {
        copy("TrustedPeople", &format!("{name}.cert.pem"));
    }
    folder
}

/// What of the binding differs between tests.
#[derive(Clone)]
pub struct Binding {
    pub section: &'static str,
    pub reliable: bool,
    pub security: String,
    pub extra: &'static str,
}

impl Binding {
    pub fn certificate(negotiate: bool) -> Self {
        let security = format!(
            r#"<security mode="Message"><message clientCredentialType="Certificate" negotiateServiceCredential="{negotiate}"/></security>"#
        );
        Self { section: "wsHttpBinding", reliable: true, security, extra: "" }
    }

    pub fn none() -> Self {
        let security = r#"<security mode="None"/>"#.to_owned();
        Self { section: "wsHttpBinding", reliable: true, security, extra: "" }
    }

    fn xml(&self) -> String {
        let Self { section, reliable, security, extra } = self;
        let own = extra.contains("openTimeout");
        let open = if own { "" } else { r#"openTimeout="00:00:20" sendTimeout="00:00:20""# };
        format!(
            r#"<bindings><{section}><binding name="B" {open} closeTimeout="00:00:10" {extra}>
                 <reliableSession enabled="{reliable}" ordered="true"/>{security}</binding></{section}></bindings>"#
        )
    }
}

const PLAIN_CHECK: &str =
    r#"<authentication certificateValidationMode="ChainTrust" revocationMode="NoCheck"/>"#;

pub fn service_config(binding: &Binding, folder: &Path) -> ConfigurationFile {
    let text = format!(
        r#"<configuration><system.serviceModel>
  <services><service name="CalculatorService" behaviorConfiguration="S">
    <host><baseAddresses><add baseAddress="http://127.0.0.1:0"/></baseAddresses><timeouts closeTimeout="00:00:05"/></host>
    <endpoint address="/calc" binding="{}" bindingConfiguration="B" contract="Microsoft.ServiceModel.Samples.ICalculator"/>
  </service></services>{}
  <behaviors><serviceBehaviors><behavior name="S"><serviceCredentials>
    <serviceCertificate findValue="localhost" x509FindType="FindBySubjectName" storeName="My" storeLocation="LocalMachine"/>
    <clientCertificate>{PLAIN_CHECK}</clientCertificate>
  </serviceCredentials></behavior></serviceBehaviors></behaviors>
</system.serviceModel></configuration>"#,
        binding.section,
        binding.xml()
    );
    write(folder, "service.config", &text)
}

/// `address` is where the messages say that they go.
pub fn client_config(
    binding: &Binding,
    folder: &Path,
    address: &str,
    own: &str,
    service: &str,
) -> ConfigurationFile {
    let text = format!(
        r#"<configuration><system.serviceModel>
  <client><endpoint name="calc" address="{address}" binding="{}" bindingConfiguration="B" behaviorConfiguration="C"
      contract="Microsoft.ServiceModel.Samples.ICalculator"><identity><dns value="localhost"/></identity></endpoint></client>{}
  <behaviors><endpointBehaviors><behavior name="C"><clientCredentials>
    <clientCertificate findValue="{own}" x509FindType="FindBySubjectName" storeName="My" storeLocation="CurrentUser"/>
    <serviceCertificate>
      <defaultCertificate findValue="{service}" x509FindType="FindBySubjectName" storeName="TrustedPeople" storeLocation="CurrentUser"/>
      {PLAIN_CHECK}
    </serviceCertificate>
  </clientCredentials></behavior></endpointBehaviors></behaviors>
</system.serviceModel></configuration>"#,
        binding.section,
        binding.xml()
    );
    write(folder, "client.config", &text)
}

fn write(folder: &Path, name: &str, text: &str) -> ConfigurationFile {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    ConfigurationFile::load(&path).unwrap_or_else(|e| panic!("{e}"))
}
