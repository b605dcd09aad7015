//! How a store in PostgreSQL is set up.

use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::error::StoreError;
use crate::keys::Sealing;
use crate::store::NodeAddress;

/// What is refused at open unless it is named here: each loses what was acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Danger {
    /// `fsync=off`: a crash of the machine destroys the database.
    FsyncOff,
    /// `full_page_writes=off`: a crash of the machine in the middle of a page destroys it, where the file system does not
    /// forbid that.
    FullPageWritesOff,
    /// `synchronous_commit=off`: a crash of the server loses the last commits.
    SynchronousCommitOff,
    /// Standbys, and none that is waited for: a failover loses the last commits, and leaves sequences stuck.
    AsynchronousStandbys,
}

impl Danger {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::FsyncOff,
        Self::FullPageWritesOff,
        Self::SynchronousCommitOff,
        Self::AsynchronousStandbys,
    ];

    /// Its name in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::FsyncOff => "fsync=off",
            Self::FullPageWritesOff => "full_page_writes=off",
            Self::SynchronousCommitOff => "synchronous_commit=off",
            Self::AsynchronousStandbys => "asynchronous standbys",
        }
    }

    /// The one of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|danger| danger.name() == name)
    }
}

/// How a store in PostgreSQL is set up. The fields that are not in [`new`](Self::new) have their defaults there.
#[derive(Clone)]
#[non_exhaustive]
pub struct PostgresSettings {
    /// The connection string, as libpq has them: `postgresql://user@host/database?sslrootcert=…` or `host=… user=…`. Several
    /// hosts are tried in turn. It may have a password; better is `PGPASSWORD` or a file of passwords (`passfile`).
    pub connection: Zeroizing<String>,
    /// The node's name: unique among those that live. A process that begins under the name of another one takes its place.
    pub node: String,
    /// How the other nodes reach this one.
    pub address: NodeAddress,
    /// How what is written is sealed: under the same keys in all nodes.
    pub sealing: Sealing,
    /// The schema that the tables are in. Default: `waxwing`. Small letters, digits and `_`.
    pub schema: String,
    /// What is refused otherwise.
    pub dangers: Vec<Danger>,
    /// How long a node may say nothing until others take its groups. By the clock of the database. Default: 10 s.
    pub dead_after: Duration,
    /// How often this node says that it lives. Default: 2 s.
    pub beat_every: Duration,
    /// How long one statement may take until nobody waits for it any more. Default: 10 s: less than a WCF client's patience.
    pub statement_timeout: Duration,
    /// How long a connection may take to be made. Default: 5 s.
    pub connect_timeout: Duration,
    /// How many connections read and claim, beside the one that commits. Default: 4.
    pub connections: usize,
    /// How many units may stand in the queue; more are refused. Default: 10,000.
    pub queue: usize,
    /// How many records may be kept until new ones are refused. Default: no limit. Several nodes know of each other's with some
    /// delay.
    pub most_records: u64,
    /// How many octets states and messages may have together until new work is refused. Default: no limit. Known as
    /// [`most_records`](Self::most_records).
    pub most_octets: u64,
}

impl PostgresSettings {
    /// For a database, a node and how to seal; the rest by default.
    pub fn new(
        connection: impl Into<String>,
        node: impl Into<String>,
        address: NodeAddress,
        sealing: Sealing,
    ) -> Self {
        Self {
            connection: Zeroizing::new(connection.into()),
            node: node.into(),
            address,
            sealing,
            schema: "waxwing".to_owned(),
            dangers: Vec::new(),
            dead_after: Duration::from_secs(10),
            beat_every: Duration::from_secs(2),
            statement_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            connections: 4,
            queue: 10_000,
            most_records: u64::MAX,
            most_octets: u64::MAX,
        }
    }

    /// Whether they can be meant.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let wrong = |text: String| Err(StoreError::Configuration(text));
        let letter = |c: char| c.is_ascii_lowercase() || c == '_';
        let mut letters = self.schema.chars();
        let begins = letters.next().is_some_and(letter);
        if !begins || !letters.all(|c| letter(c) || c.is_ascii_digit()) || self.schema.len() > 63 {
            return wrong(format!(
                "the schema '{}' of the PostgreSQL store: small letters, digits and _ (at most 63, no digit first)",
                self.schema
            ));
        }
        if self.node.is_empty() || self.node.len() > 256 {
            return wrong(
                "the node of a PostgreSQL store needs a name (at most 256 octets)".into(),
            );
        }
        if self.dead_after < self.beat_every * 2 {
            return wrong(format!(
                "a node that beats every {:?} and is dead after {:?} dies of one lost beat: let it be dead after {:?} or more",
                self.beat_every,
                self.dead_after,
                self.beat_every * 2
            ));
        }
        if self.connections == 0 || self.queue == 0 {
            return wrong("a PostgreSQL store needs a connection and a queue, at least".into());
        }
        Ok(())
    }
}

impl fmt::Debug for PostgresSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresSettings")
            .field("node", &self.node)
            .field("address", &self.address)
            .field("schema", &self.schema)
            .field("sealing", &self.sealing)
            .field("dangers", &self.dangers)
            .finish_non_exhaustive()
    }
}
