//! A service with a bit of everything, and the program beside it.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use waxwing::contract::{OperationFault, service_contract};
use waxwing::{ConfigurationFile, DataContract, ServiceHost, ServiceHostBuilder, ServiceInstances};

/// What was wrong with a division.
#[derive(Clone, Debug, DataContract)]
#[data_contract(namespace = "urn:shop")]
pub(crate) struct MathFault {
    pub(crate) operation: Option<String>,
    pub(crate) problem_type: Option<String>,
}

#[service_contract(namespace = "urn:shop", name = "IShop")]
pub(crate) trait Shop {
    async fn add(&self, n1: f64, n2: f64) -> Result<f64, OperationFault>;
    async fn echo(&self, number: i64) -> Result<i64, OperationFault>;
    #[operation(faults(MathFault))]
    async fn divide(&self, n1: i32, n2: i32) -> Result<i32, OperationFault>;
    #[operation(one_way)]
    async fn note(&self, text: &str) -> Result<(), OperationFault>;
    async fn words(&self, words: Vec<String>) -> Result<Vec<String>, OperationFault>;
    async fn ticket(&self, #[param(header)] ticket: i64) -> Result<i64, OperationFault>;
}

#[derive(Default)]
struct Counter(Arc<AtomicU64>);

impl Shop for Counter {
    async fn add(&self, n1: f64, n2: f64) -> Result<f64, OperationFault> {
        Ok(n1 + n2)
    }
    async fn echo(&self, number: i64) -> Result<i64, OperationFault> {
        Ok(number)
    }
    async fn divide(&self, n1: i32, n2: i32) -> Result<i32, OperationFault> {
        if n2 == 0 {
            let detail = MathFault {
                operation: Some("Divide".to_owned()),
                problem_type: Some("zero".to_owned()),
            };
            return Err(OperationFault::new("Division by zero").with_detail(detail));
        }
        Ok(n1 / n2)
    }
    async fn note(&self, text: &str) -> Result<(), OperationFault> {
        assert_eq!(text, "hello");
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
    async fn words(&self, mut words: Vec<String>) -> Result<Vec<String>, OperationFault> {
        words.sort();
        Ok(words)
    }
    async fn ticket(&self, ticket: i64) -> Result<i64, OperationFault> {
        Ok(ticket)
    }
}

/// A service that runs, with certificates beside it.
pub(crate) struct Running {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) address: String,
    /// How many notes came.
    pub(crate) notes: Arc<AtomicU64>,
    pub(crate) host: ServiceHost,
}

/// Opens the service: `security` is what is in the binding.
pub(crate) async fn open(security: &str) -> Running {
    open_at("http", security).await
}

/// The same over `http` or `https`.
pub(crate) async fn open_at(scheme: &str, security: &str) -> Running {
    open_below(scheme, security, "").await
}

/// The same with the endpoint at a path below the base address, where the metadata are.
pub(crate) async fn open_below(scheme: &str, security: &str, path: &str) -> Running {
    let folder = tempfile::tempdir().expect("folder");
    let made =
        waxwing(folder.path(), &["certs", "make", "--service", "shop", "--client", "alice"]).await;
    assert_eq!(made.code, 0, "{}", made.stderr);
    let port = waxwing_testkit::ports::free_port().expect("a port");
    let base = format!("{scheme}://localhost:{port}/shop");
    let address = if path.is_empty() { base.clone() } else { format!("{base}/{path}") };
    let text = format!(
        r#"<configuration><system.serviceModel><services><service name="Shop" behaviorConfiguration="S">
  <host><baseAddresses><add baseAddress="{base}"/></baseAddresses></host>
  <endpoint address="{path}" binding="wsHttpBinding" bindingConfiguration="B" contract="IShop"/>
</service></services>
<bindings><wsHttpBinding><binding name="B">{security}</binding></wsHttpBinding></bindings>
<behaviors><serviceBehaviors><behavior name="S"><serviceMetadata {scheme}GetEnabled="true"/><serviceCredentials>
  <serviceCertificate storeLocation="LocalMachine" storeName="My" x509FindType="FindBySubjectName" findValue="shop"/>
  <clientCertificate><authentication certificateValidationMode="ChainTrust" revocationMode="NoCheck"/></clientCertificate>
</serviceCredentials></behavior></serviceBehaviors></behaviors></system.serviceModel></configuration>"#
    );
    let path = folder.path().join("service.config");
    std::fs::write(&path, text).expect("written");
    let file = ConfigurationFile::load(&path).unwrap_or_else(|error| panic!("{error}"));
    let notes = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&notes);
    let builder = ServiceHostBuilder::from_config(&file, "Shop", &SHOP_CONTRACT);
    let builder = builder.unwrap_or_else(|error| panic!("{error}")).user_names(
        |name: &str, password: Option<&str>| match (name, password) {
            ("ann", Some("sesame")) => Ok(()),
            _ => Err("wrong".to_owned()),
        },
    );
    let instances =
        ServiceInstances::per_session(move || ShopService::new(Counter(Arc::clone(&counted))));
    let host = builder.open(instances).await.unwrap_or_else(|error| panic!("{error}"));
    Running { folder, address, notes, host }
}

/// What the program said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Said {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |octets: Vec<u8>| String::from_utf8(octets).expect("UTF-8");
        let code = output.status.code().expect("ended");
        Self { code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

/// Runs the program in a folder, while the service of the test goes on.
pub(crate) async fn waxwing(folder: &Path, arguments: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waxwing"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command.env_remove("WAXWING_PASSWORD").env("SESAME", "sesame");
    let run = tokio::task::spawn_blocking(move || command.output().expect("the program runs"));
    run.await.expect("no panic").into()
}

impl Running {
    /// `waxwing call` of an operation of it.
    pub(crate) async fn call(&self, arguments: &[&str]) -> Said {
        let all = [&["call", self.address.as_str()], arguments].concat();
        waxwing(self.folder.path(), &all).await
    }
}
