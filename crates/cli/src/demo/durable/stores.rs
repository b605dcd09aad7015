//! Where the sessions of the demonstration are kept.

use std::path::Path;
use std::sync::Arc;

use waxwing::ServiceHostBuilder;
use waxwing::store::postgres::{PostgresSettings, PostgresStore};
use waxwing::store::sqlite::{SqliteOptions, SqliteStore};
use waxwing::store::{KeyFile, NodeAddress, Sealing, Store};
use waxwing_testkit::postgres::Postgres;

use super::failure::Failure;
use super::files::{KEYS, LaneFolder};

/// What keeps sessions and outboxes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum StoreKind {
    /// A file of each process
    Sqlite,
    /// A database of several nodes, which the demonstration starts
    Postgres,
}

impl StoreKind {
    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

/// A server of PostgreSQL notices late that a killed process has left its connections, and the next one comes at once.
const MANY: &str = "max_connections=1000";

/// What is started for all lanes together.
pub(super) struct Stores(Option<Postgres>);

impl Stores {
    pub(super) fn begin(kind: StoreKind, folder: &Path) -> Result<Self, Failure> {
        Ok(Self(match kind {
            StoreKind::Sqlite => None,
            StoreKind::Postgres => {
                KeyFile::make(&folder.join(KEYS))?;
                Some(Postgres::start_with(&folder.join("postgres"), &[MANY])?)
            }
        }))
    }

    /// The arguments by which the processes of a lane find their stores. Each lane has a database of its own: nodes of different
    /// services do not know each other.
    pub(super) fn arguments(&self, lane: u64) -> Result<Vec<String>, Failure> {
        let Some(postgres) = &self.0 else { return Ok(Vec::new()) };
        Ok(vec!["--database".to_owned(), postgres.create_database(&format!("lane_{lane}"))?])
    }
}

/// Where a process keeps what must survive it.
#[derive(clap::Args)]
pub(super) struct Place {
    /// The database; a file in the folder without one
    #[arg(long)]
    database: Option<String>,
}

/// A store that is open.
pub(super) enum Opened {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

impl Opened {
    /// The store of an outbox.
    pub(super) fn shared(self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => Arc::new(store),
            Self::Postgres(store) => Arc::new(store),
        }
    }

    /// The host keeps its sessions here.
    pub(super) fn of_host(self, builder: ServiceHostBuilder) -> ServiceHostBuilder {
        match self {
            Self::Sqlite(store) => builder.store(store),
            Self::Postgres(store) => builder.store(store),
        }
    }
}

impl Place {
    /// The store of a process with this name, which other nodes reach at `address`.
    pub(super) async fn open(
        &self,
        folder: &LaneFolder,
        name: &str,
        address: String,
    ) -> Result<Opened, Failure> {
        let Some(database) = &self.database else {
            let options = SqliteOptions::new(folder.path().join(format!("{name}-store.db")));
            return Ok(Opened::Sqlite(SqliteStore::open(&options)?));
        };
        let keys = folder.path().parent().unwrap_or(folder.path()).join(KEYS);
        let sealing = Sealing::under(KeyFile::new(keys));
        let settings = PostgresSettings::new(database, name, NodeAddress(address), sealing);
        Ok(Opened::Postgres(PostgresStore::open(settings).await?))
    }
}
