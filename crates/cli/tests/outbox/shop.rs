//! A client with an outbox by its configuration file, a service that forgets everything, and the program beside them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use waxwing::binding::{SecurityMode, ServiceBehavior, WsHttpBinding};
use waxwing::contract::{OperationFault, service_contract};
use waxwing::outbox::{Outbox, OutboxBuilder};
use waxwing::store::KeyFile;
use waxwing::{ConfigurationFile, ServiceHost, ServiceHostBuilder, ServiceInstances};
use waxwing_testkit::ports::free_port;
use waxwing_testkit::postgres::{MISSING, Postgres, programs};

#[service_contract(namespace = "urn:orders", name = "IOrders", session_mode = Required)]
pub trait Orders {
    async fn place(&self, article: String) -> Result<i32, OperationFault>;
}

struct Shop {
    never_ends: bool,
    begun: Arc<AtomicBool>,
}

impl Orders for Shop {
    async fn place(&self, article: String) -> Result<i32, OperationFault> {
        self.begun.store(true, Ordering::SeqCst);
        if self.never_ends {
            std::future::pending::<()>().await;
        }
        Ok(article.len() as i32)
    }
}

/// Where the outbox is kept.
pub struct Place {
    // It ends before its folder.
    _postgres: Option<Postgres>,
    pub folder: tempfile::TempDir,
    port: u16,
    /// The `<store>` of the file.
    store: String,
    /// STORE of the program, and what it needs beside it.
    pub arguments: Vec<String>,
}

/// Whether there is no PostgreSQL here. Says so, and fails where the environment says that there must be one.
pub fn missing() -> bool {
    if programs().is_some() {
        return false;
    }
    assert!(std::env::var_os("WAXWING_NEEDS_POSTGRES").is_none(), "{MISSING}");
    eprintln!("SKIPPED: {MISSING}");
    true
}

impl Place {
    pub fn file() -> Self {
        let store = "<store provider=\"sqlite\" path=\"orders.db\"/>".to_owned();
        let folder = tempfile::tempdir().unwrap();
        Self {
            folder,
            port: free_port().unwrap(),
            store,
            arguments: vec!["orders.db".to_owned()],
            _postgres: None,
        }
    }

    pub fn database() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let postgres = Postgres::start(&folder.path().join("postgres")).unwrap();
        KeyFile::make(&folder.path().join("keys")).unwrap();
        let url = postgres.address();
        let store = format!("<store provider=\"postgres\" url=\"{url}\" keyFile=\"keys\"/>");
        let arguments = vec![url, "--key-file".to_owned(), "keys".to_owned()];
        Self { folder, port: free_port().unwrap(), store, arguments, _postgres: Some(postgres) }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn config(&self) -> PathBuf {
        let path = self.path().join("client.config");
        let text = format!(
            r#"<configuration><configSections><section name="waxwing" type="System.Configuration.IgnoreSection"/></configSections>
<system.serviceModel><client><endpoint name="shop" address="http://127.0.0.1:{}/orders" binding="wsHttpBinding"
  bindingConfiguration="plain" contract="IOrders"/></client>
<bindings><wsHttpBinding><binding name="plain"><reliableSession enabled="true"/><security mode="None"/></binding></wsHttpBinding></bindings>
</system.serviceModel>
<waxwing>{}<outbox name="orders" endpoint="shop" inFlight="1" firstPause="00:00:00.05" longestPause="00:00:00.2"/></waxwing>
</configuration>"#,
            self.port, self.store
        );
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The outbox as a program opens it that has its configuration file.
    pub async fn open(&self) -> Outbox {
        let file = ConfigurationFile::load(self.config()).unwrap();
        OutboxBuilder::from_config(&file, "orders", &ORDERS_CONTRACT).unwrap().open().await.unwrap()
    }

    async fn host(&self, never_ends: bool, begun: &Arc<AtomicBool>) -> ServiceHost {
        let begun = Arc::clone(begun);
        let address = format!("http://127.0.0.1:{}/orders", self.port);
        let binding = WsHttpBinding::new(SecurityMode::None, true);
        let shop = move || OrdersService::new(Shop { never_ends, begun: Arc::clone(&begun) });
        for _ in 0..100 {
            let builder = ServiceHostBuilder::new()
                .endpoint(binding.clone(), &address, &ORDERS_CONTRACT, ServiceBehavior::default())
                .unwrap();
            if let Ok(host) = builder.open(ServiceInstances::per_session(shop.clone())).await {
                return host;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the port is not free");
    }

    /// The service answers.
    pub async fn answering(&self) -> ServiceHost {
        self.host(false, &Arc::default()).await
    }

    /// An outbox with a call in doubt, and one behind it. The service that has forgotten the first is there.
    pub async fn in_doubt(&self) -> (Outbox, ServiceHost) {
        let begun = Arc::default();
        let first = self.host(true, &begun).await;
        let outbox = self.open().await;
        for (key, article) in [("first", "umbrella"), ("second", "boots")] {
            outbox.enqueue(key, OrdersCalls::new(&outbox).place(article.to_owned())).await.unwrap();
        }
        while !begun.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        drop(first);
        let second = self.answering().await;
        let waited = outbox.wait_for(|status| status.in_doubt == 1);
        tokio::time::timeout(Duration::from_secs(30), waited).await.expect("it is in doubt");
        (outbox, second)
    }

    /// Runs a command on the store: `["outbox", "list"]`, then what stands behind STORE. Gives the code and both outputs.
    pub fn said(&self, command: &[&str], rest: &[&str]) -> (i32, String) {
        let output = self.run(command, rest);
        let text = [&output.stdout[..], &output.stderr].concat();
        (output.status.code().expect("ended"), String::from_utf8(text).unwrap())
    }

    pub fn json(&self, command: &[&str], rest: &[&str]) -> Value {
        let output = self.run(command, &[rest, &["--json"]].concat());
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    fn run(&self, command: &[&str], rest: &[&str]) -> Output {
        let (store, access) = self.arguments.split_first().unwrap();
        let mut program = Command::new(env!("CARGO_BIN_EXE_waxwing"));
        program.args(command).arg(store).args(rest).args(access).current_dir(self.path());
        program.output().expect("the program runs")
    }
}
