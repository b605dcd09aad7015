//! A PostgreSQL for tests: one server for all that run at the same time, a schema for each.

// Each file of tests uses of it what it can.
#![allow(dead_code)]

pub(crate) mod history;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tempfile::TempDir;
use tokio_postgres::NoTls;
use waxwing_store::postgres::{PostgresSettings, PostgresStore};
use waxwing_store::{NodeAddress, Sealing};
use waxwing_testkit::postgres::{MISSING, Postgres, programs};

/// Whether there is no PostgreSQL here. Says so, and fails where the environment says that there must be one.
pub(crate) fn missing() -> bool {
    if programs().is_some() {
        return false;
    }
    assert!(std::env::var_os("WAXWING_NEEDS_POSTGRES").is_none(), "{MISSING}");
    eprintln!("SKIPPED: {MISSING}");
    true
}

/// A server with its folder.
pub(crate) struct Server {
    postgres: Mutex<Postgres>,
    pub(crate) address: String,
    folder: TempDir,
}

static SERVER: Mutex<Weak<Server>> = Mutex::new(Weak::new());
static SCHEMAS: AtomicU32 = AtomicU32::new(0);

impl Server {
    /// One of one's own.
    pub(crate) fn start() -> Arc<Self> {
        Self::start_with(&[])
    }

    /// The same with settings.
    pub(crate) fn start_with(settings: &[&str]) -> Arc<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let postgres = Postgres::start_with(&folder.path().join("postgres"), settings);
        let postgres = postgres.expect("PostgreSQL starts");
        let address = postgres.address();
        Arc::new(Self { postgres: Mutex::new(postgres), address, folder })
    }

    /// The one that those share who run at the same time. It ends with the last of them.
    pub(crate) fn shared() -> Arc<Self> {
        let mut server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = server.upgrade() {
            return server;
        }
        let started = Self::start();
        *server = Arc::downgrade(&started);
        started
    }

    /// Where its data is.
    pub(crate) fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("postgres/data")
    }

    /// It crashes.
    pub(crate) fn crash(&self) {
        self.postgres.lock().unwrap().crash();
    }

    /// One of the processes that serve clients is killed (-9), which the server takes for a crash. Which: by a number.
    pub(crate) fn kill_a_backend(&self, which: u64) {
        let file = std::fs::read_to_string(self.data().join("postmaster.pid")).expect("its pid");
        let postmaster = file.lines().next().expect("a line").to_owned();
        let mut backends = Vec::new();
        for entry in std::fs::read_dir("/proc").expect("/proc").flatten() {
            let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
            let Ok(command) = std::fs::read_to_string(entry.path().join("cmdline")) else {
                continue;
            };
            let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1));
            if parent == Some(&postmaster) && command.contains("127.0.0.1") {
                backends.push(entry.file_name().into_string().expect("a number"));
            }
        }
        backends.sort();
        if let Some(pid) = backends.get(which as usize % backends.len().max(1)) {
            let _ = std::process::Command::new("kill").args(["-9", pid]).status();
        }
    }

    /// It speaks TLS from now on, with this certificate and key (PEM).
    pub(crate) async fn secure(&self, certificate: &[u8], key: &[u8]) {
        let data = self.data();
        for (name, octets) in [("server.crt", certificate), ("server.key", key)] {
            let path = data.join(name);
            std::fs::write(&path, octets).expect("it is written");
            let like = format!("--reference={}", data.join("PG_VERSION").display());
            for program in ["chown", "chmod"] {
                let _ = std::process::Command::new(program).arg(&like).arg(&path).status();
            }
        }
        let client = self.client().await;
        client.batch_execute("ALTER SYSTEM SET ssl = on").await.expect("it may");
        client.batch_execute("SELECT pg_reload_conf()").await.expect("it may");
    }

    /// A standby of it.
    pub(crate) fn standby(&self) -> Arc<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let standby = self.postgres.lock().unwrap().standby(&folder.path().join("postgres"), &[]);
        let postgres = standby.expect("the standby starts");
        let address = postgres.address();
        Arc::new(Self { postgres: Mutex::new(postgres), address, folder })
    }

    /// The standby becomes the primary.
    pub(crate) fn promote(&self) {
        self.postgres.lock().unwrap().promote().expect("it is promoted");
    }

    pub(crate) fn port(&self) -> u16 {
        self.postgres.lock().unwrap().port()
    }

    /// It comes back.
    pub(crate) fn begin(&self) {
        self.postgres.lock().unwrap().begin().expect("PostgreSQL comes back");
    }

    /// For statements of the test's own.
    pub(crate) async fn client(&self) -> tokio_postgres::Client {
        let (client, connection) =
            tokio_postgres::connect(&self.address, NoTls).await.expect("a connection");
        tokio::spawn(connection);
        client
    }
}

/// A schema that nobody uses.
pub(crate) fn schema() -> String {
    format!("w{}", SCHEMAS.fetch_add(1, Ordering::Relaxed))
}

/// 32 octets that no key of a product has.
pub(crate) const KEY: &str = "d2F4d2luZyB3YXh3aW5nIHdheHdpbmcgd2F4d2luZzE=";

struct Fixed;

impl waxwing_store::KeySource for Fixed {
    fn keys(&self, _: bool) -> Result<waxwing_crypto::KeyRing, waxwing_store::StoreError> {
        Ok(waxwing_crypto::KeyRing::parse(KEY).expect("a key"))
    }

    fn describe(&self) -> String {
        "a key of the tests".into()
    }
}

/// Settings of a node that is never held for dead by time alone.
pub(crate) fn settings(address: &str, schema: &str, node: &str) -> PostgresSettings {
    let own = NodeAddress(format!("{node}:1"));
    let mut settings = PostgresSettings::new(address, node, own, Sealing::under(Fixed));
    settings.schema = schema.to_owned();
    settings.beat_every = Duration::from_secs(600);
    settings.dead_after = Duration::from_secs(3600);
    settings
}

/// The same with short times.
pub(crate) fn brisk(address: &str, schema: &str, node: &str) -> PostgresSettings {
    let mut settings = settings(address, schema, node);
    settings.beat_every = Duration::from_millis(50);
    settings.dead_after = Duration::from_millis(400);
    settings
}

pub(crate) async fn open(settings: PostgresSettings) -> Arc<PostgresStore> {
    Arc::new(PostgresStore::open(settings).await.expect("the store opens"))
}
