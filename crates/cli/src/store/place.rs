//! Which store is meant, a file or a database; looking into it, and changing something while no program has that.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use waxwing::environment::SystemRandom;
use waxwing::jiff::Timestamp;
use waxwing::soap::uuid_v4;
use waxwing_store::postgres::{Danger, PostgresLook, PostgresSettings, PostgresStore};
use waxwing_store::sqlite::admin::SqliteFile;
use waxwing_store::sqlite::{SqliteOptions, SqliteStore};
use waxwing_store::{
    Group, Kind, NodeAddress, Queue, Record, RecordId, Sealing, Store, StoredMessage,
};

use super::keys::Keys;
use crate::authority::Failure;

/// Records that are read at once.
const PAGE: usize = 1000;

/// How often this program says that it lives: half as long as it must have before it judges others.
const BEAT: Duration = Duration::from_millis(500);

/// How to get into the store.
#[derive(clap::Args)]
pub(crate) struct Access {
    #[command(flatten)]
    keys: Keys,
    /// PostgreSQL: the schema that the tables are in (schema of the store)
    #[arg(long, value_name = "NAME", default_value = "waxwing")]
    schema: String,
    /// PostgreSQL: a setting of the database that would be refused, as dangers of the store names it; may be repeated
    #[arg(long = "danger", value_name = "NAME")]
    dangers: Vec<String>,
    /// PostgreSQL: how many seconds a node may be silent until it is dead (deadAfter of the store)
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    dead_after: u64,
}

/// A store that is only looked at, also while somebody has it.
pub(crate) enum Look {
    File(Box<SqliteFile>),
    Database(Box<PostgresLook>, Runtime),
}

/// What there is of a record, without its state.
pub(crate) struct Info {
    pub(crate) id: RecordId,
    pub(crate) octets: u64,
    pub(crate) expires_at: Timestamp,
}

/// A store that is this program's for a moment, or of which it is a node.
pub(crate) struct Open {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) runtime: Runtime,
}

/// Whether a connection is meant and not a file.
pub(crate) fn is_database(store: &Path) -> bool {
    let text = store.to_string_lossy();
    text.starts_with("postgresql://")
        || text.starts_with("postgres://")
        || (text.contains('=') && !store.exists())
}

fn runtime() -> Result<Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?)
}

impl Access {
    fn settings(&self, store: &Path, needs_keys: bool) -> Result<PostgresSettings, Failure> {
        let sealing = match (self.keys.of_database(), needs_keys) {
            (Some(sealing), _) => sealing,
            (None, false) => Sealing::off_so_that_keys_and_messages_can_be_read(),
            (None, true) => {
                let text = "the keys of a store in PostgreSQL are those of its nodes: name them with --key-file or --key-variable";
                return Err(text.into());
            }
        };
        // Numbers of processes are those of a container: two of one name would take each other's place.
        let random = uuid_v4(&mut SystemRandom);
        let name = format!("waxwing program {} ({random})", std::process::id());
        let url = store.to_string_lossy();
        let mut settings = PostgresSettings::new(url, name, NodeAddress(String::new()), sealing);
        settings.schema.clone_from(&self.schema);
        settings.dead_after = Duration::from_secs(self.dead_after);
        settings.beat_every = BEAT;
        settings.connections = 2;
        for name in &self.dangers {
            let known = || {
                let all: Vec<_> = Danger::ALL.iter().map(|danger| danger.name()).collect();
                format!("'{name}' is none of the dangers {}", all.join(", "))
            };
            settings.dangers.push(Danger::of_name(name).ok_or_else(known)?);
        }
        Ok(settings)
    }

    /// For looking. Without `needs_keys` nothing can be opened.
    pub(crate) fn look(&self, store: &Path, needs_keys: bool) -> Result<Look, Failure> {
        if is_database(store) {
            let runtime = runtime()?;
            let settings = self.settings(store, needs_keys)?;
            let look = runtime.block_on(PostgresLook::open(settings, needs_keys))?;
            return Ok(Look::Database(Box::new(look), runtime));
        }
        let file = SqliteFile::open(store)?;
        let file = if needs_keys { file.with_keys(&self.keys.sealing(store))? } else { file };
        Ok(Look::File(Box::new(file)))
    }

    /// For looking with keys, where they are at hand.
    pub(crate) fn look_with_keys_if_any(&self, store: &Path) -> Option<Look> {
        self.look(store, true).ok()
    }

    /// For changing something: of a file no other process has it meanwhile.
    pub(crate) fn open(&self, store: &Path) -> Result<Open, Failure> {
        let runtime = runtime()?;
        if !is_database(store) {
            // None is made.
            SqliteFile::open(store)?;
            let options = SqliteOptions::new(store).sealing(self.keys.sealing(store));
            let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&options)?);
            return Ok(Open { store, runtime });
        }
        let settings = self.settings(store, true)?;
        let store = runtime.block_on(async {
            // Neither made nor brought up to date here.
            PostgresLook::open(settings.clone(), true).await?;
            let store = PostgresStore::open(settings).await?;
            if let Some(nodes) = Store::nodes(&store) {
                // The others are to send nothing here.
                nodes.drain().await?;
            }
            Ok::<_, Failure>(store)
        })?;
        Ok(Open { store: Arc::new(store), runtime })
    }
}

impl Open {
    /// Gives the store back.
    pub(crate) fn close(self) {
        self.runtime.block_on(self.store.close());
    }
}

impl Look {
    /// The records of a kind: all, or that of one group.
    pub(crate) fn infos(&self, kind: Kind, group: Option<&Group>) -> Result<Vec<Info>, Failure> {
        let mut all: Vec<Info> = Vec::new();
        loop {
            let after = all.last().map(|info| info.id.clone());
            let page: Vec<Info> = match self {
                Self::File(file) => {
                    let page = file.records(Some(kind), group, after.as_ref(), PAGE)?;
                    let info = |record: waxwing_store::sqlite::admin::RecordInfo| Info {
                        octets: record.octets
                            + record.queues.iter().map(|queue| queue.octets).sum::<u64>(),
                        id: record.id,
                        expires_at: record.expires_at,
                    };
                    page.into_iter().map(info).collect()
                }
                Self::Database(look, runtime) => {
                    let after = after.as_ref().map(|id| &id.group);
                    let page = runtime.block_on(look.infos(kind, group, after, PAGE))?;
                    let info = |record: waxwing_store::postgres::RecordInfo| Info {
                        octets: record.octets,
                        id: record.id,
                        expires_at: record.expires_at,
                    };
                    page.into_iter().map(info).collect()
                }
            };
            let is_last = page.len() < PAGE;
            all.extend(page);
            if is_last {
                return Ok(all);
            }
        }
    }

    /// The record of this kind in a group, opened.
    pub(crate) fn record(&self, kind: Kind, group: &Group) -> Result<Option<Record>, Failure> {
        match self {
            Self::File(file) => {
                let records = file.group(group)?;
                Ok(records.into_iter().find(|record| record.id.kind == kind))
            }
            Self::Database(look, runtime) => Ok(runtime.block_on(look.record(kind, group))?),
        }
    }

    /// Messages of a record, opened: those after `after`, at most `limit`.
    pub(crate) fn messages(
        &self,
        record: &RecordId,
        queue: Queue,
        after: u64,
        limit: usize,
    ) -> Result<Vec<StoredMessage>, Failure> {
        match self {
            Self::File(file) => Ok(file.messages(record, queue, after, limit)?),
            Self::Database(look, runtime) => {
                Ok(runtime.block_on(look.messages(record, queue, after, limit))?)
            }
        }
    }

    /// All messages of a queue, opened.
    pub(crate) fn all_messages(
        &self,
        record: &RecordId,
        queue: Queue,
    ) -> Result<Vec<StoredMessage>, Failure> {
        let mut all: Vec<StoredMessage> = Vec::new();
        loop {
            let after = all.last().map_or(0, |message| message.number);
            let page = self.messages(record, queue, after, PAGE)?;
            let is_last = page.len() < PAGE;
            all.extend(page);
            if is_last {
                return Ok(all);
            }
        }
    }

    /// The numbers and sizes of all messages of a queue.
    pub(crate) fn numbers(
        &self,
        record: &RecordId,
        queue: Queue,
    ) -> Result<Vec<(u64, u64)>, Failure> {
        let mut all: Vec<(u64, u64)> = Vec::new();
        loop {
            let after = all.last().map_or(0, |(number, _)| *number);
            let page = match self {
                Self::File(file) => file.numbers(record, queue, after, PAGE)?,
                Self::Database(look, runtime) => {
                    runtime.block_on(look.numbers(record, queue, after, PAGE))?
                }
            };
            let is_last = page.len() < PAGE;
            all.extend(page);
            if is_last {
                return Ok(all);
            }
        }
    }
}
