//! The store that a configuration file names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use waxwing_binding::{Mistake, Store as Section, StoreProvider};
use waxwing_soap::uuid_v4;

use super::shared::OpenStores;
use super::{KeyFile, KeySource as _, NodeAddress, Store, StoreError};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
use super::{KeyVariable, Sealing};
#[cfg(feature = "postgres")]
use waxwing_store::ShardedStore;

use crate::environment::SystemRandom;

/// A store of a configuration file, not opened yet.
#[derive(Clone, Debug)]
pub(crate) struct Configured {
    section: Section,
    folder: PathBuf,
    provider: StoreProvider,
    open: OpenStores,
}

impl PartialEq for Configured {
    /// Whether they are one store.
    fn eq(&self, other: &Self) -> bool {
        self.section == other.section && self.folder == other.folder
    }
}

/// What a process is called among those that share its store.
#[derive(Clone, Debug)]
#[cfg_attr(
    not(feature = "postgres"),
    allow(dead_code, reason = "only stores of several nodes want it")
)]
pub(crate) struct NodeName {
    pub(crate) name: String,
    pub(crate) address: NodeAddress,
}

impl NodeName {
    /// A process that the others do not send anything to, under a name of its own: whoever had the name of another one would take
    /// its place, and both would do so in turn. A part of it is random, since processes of two machines or containers have one
    /// number, and a program may open a store twice.
    pub(crate) fn of_nobody(what: &str) -> Self {
        let name = format!("{what} ({})", uuid_v4(&mut SystemRandom));
        Self { name, address: NodeAddress(String::new()) }
    }
}

impl Default for NodeName {
    /// A host that is no node of a cluster. The nodes that share its store find its sessions there, and cannot reach it: the
    /// address says why, and is one that never exists (RFC 2606 §2).
    fn default() -> Self {
        let address = NodeAddress("host-without-node.invalid:1".to_owned());
        Self { address, ..Self::of_nobody("alone") }
    }
}

impl Configured {
    /// That of the section `<store>` in a file of this folder; none where it names none.
    ///
    /// # Errors
    /// Attributes without a provider, or of another one: what they were meant for would not happen.
    pub(crate) fn of(section: &Section, folder: &Path) -> Result<Option<Self>, StoreError> {
        if let Some(Mistake { message, fix, .. }) = section.mistakes().into_iter().next() {
            return Err(StoreError::Configuration(format!("{message}: {fix}")));
        }
        let Some(provider) = section.provider else { return Ok(None) };
        let (section, folder) = (section.clone(), folder.to_owned());
        Ok(Some(Self { section, folder, provider, open: OpenStores::default() }))
    }

    /// The same, among the stores of its file that are open: it is one with those of the same section.
    pub(crate) fn among(self, open: &OpenStores) -> Self {
        Self { open: open.clone(), ..self }
    }

    /// How often a message may have been begun.
    pub(crate) fn max_attempts(&self) -> u32 {
        self.section.max_attempts
    }

    /// The keys of the file that it names, if it names one: to be looked at before it is opened.
    ///
    /// # Errors
    /// The file cannot be read, others can read it, or it is none of keys.
    pub(crate) fn check_key_file(&self) -> Result<(), StoreError> {
        let Some(name) = &self.section.key_file else { return Ok(()) };
        KeyFile::new(self.folder.join(name)).keys(false).map(drop)
    }

    /// The file that it is in.
    fn path(&self) -> PathBuf {
        self.folder.join(self.section.path.as_deref().unwrap_or_default())
    }

    /// Whether there is, or can be made, a store where it says, as far as that is seen without opening it.
    ///
    /// # Errors
    /// There is no such folder, or something else stands there.
    pub(crate) fn check_place(&self) -> Result<(), StoreError> {
        if self.provider != StoreProvider::Sqlite {
            return Ok(());
        }
        let path = self.path();
        let place = path.display();
        let wrong = |text: String| Err(StoreError::Configuration(text));
        if path.is_dir() {
            return wrong(format!("{place} is a folder, and a store is a file"));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            let folder = folder.display();
            return wrong(format!("there is no folder {folder}, and it is not made for the store"));
        }
        match std::fs::metadata(&path) {
            Ok(file) if file.len() > 0 => check_sqlite(&path),
            _ => Ok(()),
        }
    }

    /// Whether several nodes can share it.
    pub(crate) fn is_shared(&self) -> bool {
        self.provider == StoreProvider::Postgres
    }

    /// How it is sealed, if it says so.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    fn sealing(&self) -> Option<Sealing> {
        let Section { key_file, key_variable, .. } = &self.section;
        let of_file =
            key_file.as_ref().map(|name| Sealing::under(KeyFile::new(self.folder.join(name))));
        of_file.or_else(|| key_variable.as_ref().map(|name| Sealing::under(KeyVariable::new(name))))
    }

    /// Opens it, as the process that has this name among those that share it.
    ///
    /// # Errors
    /// It cannot be opened, or this program was built without the provider.
    pub(crate) async fn open(&self, node: &NodeName) -> Result<Arc<dyn Store>, StoreError> {
        let opens = async {
            match self.provider {
                StoreProvider::Sqlite => self.open_sqlite().await,
                StoreProvider::Postgres => self.open_postgres(node).await,
            }
        };
        self.open.lease(&self.section, &self.folder, opens).await
    }

    #[cfg(feature = "sqlite")]
    async fn open_sqlite(&self) -> Result<Arc<dyn Store>, StoreError> {
        use super::sqlite::{SqliteOptions, SqliteStore};
        let mut options = SqliteOptions::new(self.path());
        if let Some(sealing) = self.sealing() {
            options = options.sealing(sealing);
        }
        if let Some(octets) = self.section.max_octets {
            options = options.octets(octets);
        }
        if let Some(records) = self.section.max_records {
            options = options.records(records);
        }
        if let Some(octets) = self.section.log_octets {
            options = options.log_octets(octets);
        }
        let opened = tokio::task::spawn_blocking(move || SqliteStore::open(&options)).await;
        let opened = opened.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        opened.map(|store| Arc::new(store) as Arc<dyn Store>)
    }

    #[cfg(not(feature = "sqlite"))]
    async fn open_sqlite(&self) -> Result<Arc<dyn Store>, StoreError> {
        Err(built_without("sqlite"))
    }

    #[cfg(feature = "postgres")]
    async fn open_postgres(&self, node: &NodeName) -> Result<Arc<dyn Store>, StoreError> {
        use super::postgres::PostgresStore;
        let mut shards: Vec<Arc<dyn Store>> = Vec::new();
        for settings in self.postgres(node)? {
            match PostgresStore::open(settings).await {
                Ok(store) => shards.push(Arc::new(store)),
                Err(error) => {
                    for opened in &shards {
                        opened.close().await;
                    }
                    return Err(error);
                }
            }
        }
        match self.section.shards.is_empty() {
            true => shards
                .pop()
                .ok_or_else(|| StoreError::Configuration("<store> has no url".to_owned())),
            false => Ok(Arc::new(ShardedStore::new(shards, shard_of)?)),
        }
    }

    /// The settings of each of its databases.
    #[cfg(feature = "postgres")]
    fn postgres(
        &self,
        node: &NodeName,
    ) -> Result<Vec<super::postgres::PostgresSettings>, StoreError> {
        use super::postgres::{Danger, PostgresSettings};
        let section = &self.section;
        let sealing = self.sealing();
        let sealing =
            sealing.ok_or_else(|| StoreError::Configuration("<store> has no keys".to_owned()))?;
        let names = section.dangers.iter().flat_map(|all| all.split(',')).map(str::trim);
        let dangers: Vec<_> = names.filter_map(Danger::of_name).collect();
        let places =
            section.shards.iter().map(|shard| (shard.url.as_str(), section.schema_of(shard)));
        let url = section.url.iter().map(|url| (url.as_str(), section.schema.as_str()));
        let settings = places.chain(url).map(|(url, schema)| {
            let NodeName { name, address } = node.clone();
            let mut settings =
                PostgresSettings::new(self.with_sslmode(url), name, address, sealing.clone());
            settings.schema = schema.to_owned();
            settings.dangers.clone_from(&dangers);
            settings.most_octets = section.max_octets.unwrap_or(settings.most_octets);
            settings.most_records = section.max_records.unwrap_or(settings.most_records);
            settings.dead_after = length(section.dead_after);
            settings.beat_every = length(section.beat_every);
            settings.statement_timeout = length(section.statement_timeout);
            settings.connect_timeout = length(section.connect_timeout);
            settings.connections = section.connections as usize;
            settings.queue = section.max_queued as usize;
            settings
        });
        Ok(settings.collect())
    }

    #[cfg(feature = "postgres")]
    fn with_sslmode(&self, url: &str) -> String {
        let Some(mode) = &self.section.sslmode else { return url.to_owned() };
        let between = match (url.contains("://"), url.contains('?')) {
            (true, true) => "&",
            (true, false) => "?",
            (false, _) => " ",
        };
        format!("{url}{between}sslmode={mode}")
    }

    #[cfg(not(feature = "postgres"))]
    async fn open_postgres(&self, _: &NodeName) -> Result<Arc<dyn Store>, StoreError> {
        Err(built_without("postgres"))
    }
}

/// Whether a file is a store. What cannot be said now (somebody writes it) is not said.
#[cfg(feature = "sqlite")]
fn check_sqlite(path: &Path) -> Result<(), StoreError> {
    match waxwing_store::sqlite::admin::SqliteFile::open(path) {
        Err(error @ StoreError::Configuration(_)) => Err(error),
        _ => Ok(()),
    }
}

#[cfg(not(feature = "sqlite"))]
fn check_sqlite(_: &Path) -> Result<(), StoreError> {
    Ok(())
}

#[cfg(not(all(feature = "sqlite", feature = "postgres")))]
fn built_without(feature: &str) -> StoreError {
    let text = format!("this program was built without the feature {feature} of waxwing");
    StoreError::Configuration(text)
}

/// The shard of an identifier that was made for a store of several.
#[cfg(feature = "postgres")]
fn shard_of(identifier: &str) -> Option<u16> {
    waxwing_soap::Origin::of(identifier).map(|origin| origin.shard)
}

/// Without an end is as long as anybody can mean.
#[cfg(feature = "postgres")]
fn length(span: waxwing_binding::TimeSpan) -> std::time::Duration {
    span.duration().unwrap_or(std::time::Duration::from_secs(24 * 3600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_have_one_name() {
        let (one, other) = (NodeName::of_nobody("outbox o"), NodeName::of_nobody("outbox o"));
        assert_ne!(one.name, other.name);
        assert!(one.name.starts_with("outbox o ("), "{}", one.name);
        assert_ne!(NodeName::default().name, NodeName::default().name);
    }

    /// The rules are those of the file (`waxwing_binding`); a model that was made in code has no places.
    #[test]
    fn what_cannot_be_meant_is_refused_by_name() {
        let text = |text: &str| Some(text.to_owned());
        let of = |section: Section| Configured::of(&section, Path::new(""));
        let (sqlite, postgres) = (StoreProvider::Sqlite, StoreProvider::Postgres);
        assert!(of(Section::default()).unwrap().is_none());
        assert!(of(Section::default().provider(sqlite).path(text("a.db"))).unwrap().is_some());
        let server =
            || Section::default().provider(postgres).url(text("host=h")).key_file(text("k"));
        assert!(of(server()).unwrap().is_some());
        let wrong = [
            (
                Section::default().path(text("a.db")),
                "path of <store> says nothing without a provider",
            ),
            (server().key_file(None), "needs keys"),
            (
                server().dangers(text("fsync=of")),
                "'fsync=of' of <store> is none of the dangers fsync=off",
            ),
            (server().path(text("a.db")), "path of <store> is not of the provider postgres"),
        ];
        for (section, says) in wrong {
            let text = of(section).unwrap_err().to_string();
            assert!(text.contains(says), "{text}");
        }
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn what_a_file_says_of_postgres_is_what_is_opened() {
        use super::super::postgres::Danger;
        use std::time::Duration;
        use waxwing_binding::{Configuration, DANGERS};

        let of_store: Vec<_> = Danger::ALL.iter().map(|danger| danger.name()).collect();
        assert_eq!(of_store, DANGERS);
        let settings = |store: &str| {
            let text = format!("<configuration><waxwing>{store}</waxwing></configuration>");
            let store = Configuration::load(&text).configuration.waxwing.store;
            let configured = Configured::of(&store, Path::new("")).unwrap().unwrap();
            configured.postgres(&NodeName::default()).unwrap()
        };
        // What is not said is what the store has by itself.
        let [plain] =
            &settings("<store provider=\"postgres\" url=\"host=h\" keyVariable=\"K\"/>")[..]
        else {
            panic!()
        };
        let unsaid = super::super::postgres::PostgresSettings::new(
            "host=h",
            "alone",
            NodeAddress(String::new()),
            Sealing::under(KeyVariable::new("K")),
        );
        let times = |s: &super::super::postgres::PostgresSettings| {
            (s.dead_after, s.beat_every, s.statement_timeout, s.connect_timeout)
        };
        assert_eq!(times(plain), times(&unsaid));
        let rest = |s: &super::super::postgres::PostgresSettings| {
            (s.connections, s.queue, s.most_records, s.most_octets, s.schema.clone())
        };
        assert_eq!(rest(plain), rest(&unsaid));
        let all = settings(
            "<store provider=\"postgres\" keyVariable=\"K\" sslmode=\"require\" deadAfter=\"00:00:20\" beatEvery=\"00:00:03\" \
             statementTimeout=\"00:00:07\" connectTimeout=\"00:00:01\" connections=\"9\" maxQueued=\"77\" maxRecords=\"5\" \
             maxOctets=\"6\" dangers=\"fsync=off\"><shard url=\"host=a\"/><shard url=\"postgresql://b/d\" schema=\"two\"/></store>",
        );
        assert_eq!(all.len(), 2);
        let seconds = Duration::from_secs;
        for (own, url, schema) in [
            (&all[0], "host=a sslmode=require", "waxwing"),
            (&all[1], "postgresql://b/d?sslmode=require", "two"),
        ] {
            assert_eq!((own.connection.as_str(), own.schema.as_str()), (url, schema));
            assert_eq!(times(own), (seconds(20), seconds(3), seconds(7), seconds(1)));
            assert_eq!(
                (own.connections, own.queue, own.most_records, own.most_octets),
                (9, 77, 5, 6)
            );
            assert_eq!(own.dangers, [Danger::FsyncOff]);
        }
    }
}
