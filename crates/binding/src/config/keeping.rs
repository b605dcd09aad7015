//! What is kept across crashes, in the section `<waxwing>`: `<store>` and `<outbox>`; and what they cannot mean.

use crate::settings::settings;
use crate::values::Range;
use crate::word::Support::Runs;
use crate::{StoreProvider, TimeSpan};

settings! {
    /// `<store><shard>`: one of several databases that are one store together.
    pub struct Shard {
        attributes {
            /// The connection, as that of `<store>`.
            url: String = String::new(), "url" => Runs;
            /// The schema that its tables are in; absent means that of `<store>`.
            schema: Option<String> = None, "schema" => Runs;
        }
    }
}

settings! {
    /// `<store>`: where reliable sessions of services are kept, so that they go on when the process was killed, or at another
    /// node, and the calls of outboxes. One for all services of a host.
    pub struct Store {
        attributes {
            /// What keeps them: `sqlite`, a file of one process; `postgres`, a database that several nodes share. Absent means
            /// that sessions end with the process.
            provider: Option<StoreProvider> = None, "provider" => Runs;
            /// Sqlite: the file, which is made when it is not there. Relative names count from the folder of the
            /// configuration file.
            path: Option<String> = None, "path" => Runs;
            /// Postgres: the connection, as libpq has it (`postgresql://user@host/database?sslmode=verify-full`). A password does
            /// not belong into the file: PGPASSWORD, or a file of passwords.
            url: Option<String> = None, "url" => Runs;
            /// Postgres: the schema that the tables are in.
            schema: String = "waxwing".to_owned(), "schema" => Runs;
            /// Postgres: how TLS is spoken with the database, where `url` does not say so: `disable`, `require`, `verify-ca` or
            /// `verify-full`.
            sslmode: Option<String> = None, "sslmode" => Runs;
            /// The file with the keys that seal what is kept: one a line, 32 random octets in base64; the first one seals, all
            /// open. Sqlite makes one beside the store when none is named; Postgres needs one, the same at all nodes. Relative
            /// names count from the folder of the configuration file.
            key_file: Option<String> = None, "keyFile" => Runs;
            /// The environment variable with those keys, instead of a file.
            key_variable: Option<String> = None, "keyVariable" => Runs;
            /// How many octets may be kept before new sessions are refused; what is open goes on. Absent means what the provider
            /// says.
            max_octets: Option<u64> = None, "maxOctets", range Range::new(1, i64::MAX) => Runs;
            /// How many records (sessions and security contexts) may be kept before new ones are refused; absent means what the
            /// provider says.
            max_records: Option<u64> = None, "maxRecords", range Range::new(1, i64::MAX) => Runs;
            /// How often a message may have been begun when the process died, before it is given up and put among the dead
            /// letters. An end by `ServiceHost::close` does not count.
            max_attempts: u32 = 5, "maxAttempts", range Range::new(1, i32::MAX as i64) => Runs;
            /// Sqlite: how large the write-ahead log becomes before it is written back: larger is faster, and takes longer to
            /// recover. It may grow to twice that. Absent means 256 MiB.
            log_octets: Option<u64> = None, "logOctets", range Range::new(1 << 20, i64::MAX) => Runs;
            /// Postgres: settings of the database that lose what was acknowledged, and are refused unless they are named here,
            /// with commas between them: `fsync=off`, `full_page_writes=off`, `synchronous_commit=off`, `asynchronous standbys`.
            dangers: Option<String> = None, "dangers" => Runs;
            /// Postgres: how long a node may say nothing until others take its sessions, by the clock of the database. At least
            /// twice `beatEvery`; the same at all nodes.
            dead_after: TimeSpan = TimeSpan::seconds(10), "deadAfter", range Range::POSITIVE_SPAN => Runs;
            /// Postgres: how often a node says that it lives.
            beat_every: TimeSpan = TimeSpan::seconds(2), "beatEvery", range Range::POSITIVE_SPAN => Runs;
            /// Postgres: how long one statement may take until nobody waits for it any more; clients hear 503 then, and come again
            /// for 25 seconds.
            statement_timeout: TimeSpan = TimeSpan::seconds(10), "statementTimeout", range Range::POSITIVE_SPAN => Runs;
            /// Postgres: how long a connection may take to be made.
            connect_timeout: TimeSpan = TimeSpan::seconds(5), "connectTimeout", range Range::POSITIVE_SPAN => Runs;
            /// Postgres: how many connections read and claim, beside the one that commits.
            connections: u32 = 4, "connections", range Range::new(1, 1000) => Runs;
            /// Postgres: how many units may wait to be committed; more are refused, and their clients hear 503.
            max_queued: u32 = 10_000, "maxQueued", range Range::new(1, i32::MAX as i64) => Runs;
        }
        children {
            /// Postgres: one of several databases that are one store together, instead of `url`, for more sessions than one serves.
            /// Their number and their order stay what they were at the beginning.
            shards: Vec<Shard>, "shard";
        }
    }
}

settings! {
    /// `<outbox>`: calls of a client that are kept durably and delivered exactly once across restarts. A program opens it by its
    /// name (`OutboxBuilder::from_config`).
    pub struct Outbox {
        attributes {
            /// Its name in the store, unique there. It stays what it is: by it the calls are found after a restart.
            name: String = String::new(), "name" => Runs;
            /// The client endpoint that calls go to, by its name; absent means the endpoint with the name of the outbox.
            endpoint: Option<String> = None, "endpoint" => Runs;
            /// How many calls may be under way, so how many may be in doubt when the service forgets the session.
            in_flight: u32 = 8, "inFlight", range Range::new(1, 4096) => Runs;
            /// Whether a call in doubt holds back those behind it, so that their order is kept whatever is decided.
            hold_in_doubt: bool = true, "holdInDoubt" => Runs;
            /// The pause after the first attempt to reach the service that failed; it doubles.
            first_pause: TimeSpan = TimeSpan::milliseconds(500), "firstPause", range Range::POSITIVE_SPAN => Runs;
            /// The longest pause between two attempts.
            longest_pause: TimeSpan = TimeSpan::seconds(30), "longestPause", range Range::POSITIVE_SPAN => Runs;
            /// How long it must have been said that the service has forgotten the session until that is believed without proof.
            patience: TimeSpan = TimeSpan::minutes(2), "patience" => Runs;
            /// How long a session without calls is kept open: less than the service keeps it (`inactivityTimeout`,
            /// `receiveTimeout`).
            idle: TimeSpan = TimeSpan::minutes(1), "idle", range Range::POSITIVE_SPAN => Runs;
            /// How long a result waits to be taken.
            keep_results: TimeSpan = TimeSpan::hours(7 * 24), "keepResults", range Range::POSITIVE_SPAN => Runs;
            /// How long the key of a call is remembered after its result was taken: later the same key is a new call.
            keep_keys: TimeSpan = TimeSpan::hours(24), "keepKeys", range Range::POSITIVE_SPAN => Runs;
            /// How many calls there may be, results and remembered keys included; more are refused.
            max_calls: u32 = 100_000, "maxCalls", range Range::new(1, i32::MAX as i64) => Runs;
            /// How many octets their messages may have.
            max_octets: u64 = 256 << 20, "maxOctets", range Range::new(1, i64::MAX) => Runs;
            /// How long a hook of the program (who decides calls in doubt, who takes results) may take until it is asked again.
            hook_timeout: TimeSpan = TimeSpan::minutes(5), "hookTimeout", range Range::POSITIVE_SPAN => Runs;
        }
        children {
            /// A store of its own; absent means the `<store>` of the section, which its services share.
            store: Option<Store>, "store";
        }
    }
}

/// What cannot be meant in an element, or says nothing there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mistake {
    /// The attribute that it is about; empty for the element.
    pub attribute: &'static str,
    /// What is wrong, in plain words.
    pub message: String,
    /// How to mend it.
    pub fix: String,
}

/// Settings of PostgreSQL that lose what was acknowledged, by the names that `dangers` has for them.
pub const DANGERS: [&str; 4] =
    ["fsync=off", "full_page_writes=off", "synchronous_commit=off", "asynchronous standbys"];

/// The longest name of an outbox in octets: a store's groups have 512.
const LONGEST_NAME: usize = 256;

fn mistake(attribute: &'static str, message: impl Into<String>, fix: impl Into<String>) -> Mistake {
    Mistake { attribute, message: message.into(), fix: fix.into() }
}

impl Store {
    /// The attributes that say something, but the provider.
    fn written(&self) -> Vec<&'static str> {
        let unsaid = Self::default();
        let all = [
            ("path", self.path.is_some()),
            ("url", self.url.is_some()),
            ("schema", self.schema != unsaid.schema),
            ("sslmode", self.sslmode.is_some()),
            ("keyFile", self.key_file.is_some()),
            ("keyVariable", self.key_variable.is_some()),
            ("maxOctets", self.max_octets.is_some()),
            ("maxRecords", self.max_records.is_some()),
            ("maxAttempts", self.max_attempts != unsaid.max_attempts),
            ("logOctets", self.log_octets.is_some()),
            ("dangers", self.dangers.is_some()),
            ("deadAfter", self.dead_after != unsaid.dead_after),
            ("beatEvery", self.beat_every != unsaid.beat_every),
            ("statementTimeout", self.statement_timeout != unsaid.statement_timeout),
            ("connectTimeout", self.connect_timeout != unsaid.connect_timeout),
            ("connections", self.connections != unsaid.connections),
            ("maxQueued", self.max_queued != unsaid.max_queued),
            ("shard", !self.shards.is_empty()),
        ];
        all.into_iter().filter(|(_, is_written)| *is_written).map(|(name, _)| name).collect()
    }

    /// What it cannot mean: attributes without a provider or of another one, what is missing, what contradicts. Nothing is
    /// opened for it, and a database is not asked.
    pub fn mistakes(&self) -> Vec<Mistake> {
        let written = self.written();
        let Some(provider) = self.provider else {
            let says = |name: &&'static str| {
                mistake(
                    name,
                    format!("{name} of <store> says nothing without a provider"),
                    "write provider=\"sqlite\" or provider=\"postgres\"",
                )
            };
            return written.iter().take(1).map(says).collect();
        };
        let of_the_other: &[&str] = match provider {
            StoreProvider::Sqlite => &[
                "url",
                "schema",
                "sslmode",
                "dangers",
                "deadAfter",
                "beatEvery",
                "statementTimeout",
                "connectTimeout",
                "connections",
                "maxQueued",
                "shard",
            ],
            StoreProvider::Postgres => &["path", "logOctets"],
        };
        let foreign = written.iter().filter(|name| of_the_other.contains(name));
        let foreign = foreign.map(|name| {
            let message = format!("{name} of <store> is not of the provider {provider}");
            mistake(name, message, format!("leave {name} out, or name the other provider"))
        });
        let mut found: Vec<_> = foreign.collect();
        if self.key_file.is_some() && self.key_variable.is_some() {
            let message = "keyFile and keyVariable of <store> both say where the keys are";
            found.push(mistake("keyVariable", message, "write one of them"));
        }
        match provider {
            StoreProvider::Sqlite if self.path.as_deref().is_none_or(str::is_empty) => {
                let message = "the provider sqlite of <store> needs path";
                found.push(mistake(
                    "provider",
                    message,
                    "write path=\"sessions.db\", the name of a file",
                ));
            }
            StoreProvider::Sqlite => {}
            StoreProvider::Postgres => self.mistakes_of_postgres(&mut found),
        }
        found
    }

    fn mistakes_of_postgres(&self, found: &mut Vec<Mistake>) {
        let url = "write url=\"postgresql://user@host/database\"";
        match (self.url.as_deref().unwrap_or_default(), self.shards.is_empty()) {
            ("", true) => {
                found.push(mistake("provider", "the provider postgres of <store> needs url", url))
            }
            ("", false) | (_, true) => {}
            (_, false) => {
                let message = "url and <shard> of <store> both say where it is";
                found.push(mistake(
                    "url",
                    message,
                    "write the first database as a <shard>, too, and leave url out",
                ));
            }
        }
        if self.shards.iter().any(|shard| shard.url.is_empty()) {
            found.push(mistake("shard", "a <shard> of <store> needs url", url));
        }
        let places: Vec<_> =
            self.shards.iter().map(|shard| (&shard.url, self.schema_of(shard))).collect();
        if places.iter().enumerate().any(|(at, place)| places[..at].contains(place)) {
            let message = "two <shard> of <store> are the same schema of the same database";
            found.push(mistake(
                "shard",
                message,
                "give each shard a database or a schema of its own",
            ));
        }
        if let Some(mode) = self.sslmode.as_deref() {
            let urls = self.url.iter().chain(self.shards.iter().map(|shard| &shard.url));
            if urls.into_iter().any(|url| url.contains("sslmode")) {
                found.push(mistake(
                    "sslmode",
                    "sslmode of <store> stands in url, too",
                    "write it once",
                ));
            } else if !["disable", "require", "verify-ca", "verify-full"].contains(&mode) {
                let message = format!(
                    "sslmode=\"{mode}\" of <store> is no way to speak TLS that is safe to say"
                );
                let fix = "write sslmode=\"verify-full\" (or disable, require, verify-ca)";
                found.push(mistake("sslmode", message, fix));
            }
        }
        if self.key_file.is_none() && self.key_variable.is_none() {
            found.push(mistake(
                "provider",
                "the provider postgres of <store> needs keys that are the same at all nodes",
                "write keyFile=\"…\" or keyVariable=\"…\" ('openssl rand -base64 32' makes a key)",
            ));
        }
        let names = self.dangers.iter().flat_map(|all| all.split(',')).map(str::trim);
        for name in names.filter(|name| !DANGERS.contains(name)) {
            let message =
                format!("'{name}' of <store> is none of the dangers {}", DANGERS.join(", "));
            found.push(mistake("dangers", message, "write the names with commas between them"));
        }
        let (dead, beat) = (self.dead_after.ticks(), self.beat_every.ticks());
        if dead / 2 < beat {
            let message = format!(
                "a node that beats every {} and is dead after {} dies of one lost beat",
                self.beat_every, self.dead_after
            );
            found.push(mistake(
                "deadAfter",
                message,
                "write deadAfter twice as long as beatEvery, or longer",
            ));
        }
    }

    /// The schema of one of its shards.
    pub fn schema_of<'a>(&'a self, shard: &'a Shard) -> &'a str {
        shard.schema.as_deref().unwrap_or(&self.schema)
    }
}

impl Outbox {
    /// The name of the client endpoint that its calls go to.
    pub fn endpoint_name(&self) -> &str {
        self.endpoint.as_deref().unwrap_or(&self.name)
    }

    /// What it cannot mean, but what its store cannot.
    pub fn mistakes(&self) -> Vec<Mistake> {
        let mut found = Vec::new();
        if self.name.is_empty() || self.name.len() > LONGEST_NAME {
            let message = format!("an <outbox> needs a name, of at most {LONGEST_NAME} octets");
            found.push(mistake("name", message, "write name=\"orders\""));
        }
        if self.longest_pause.ticks() < self.first_pause.ticks() {
            let message = "longestPause of <outbox> is shorter than firstPause";
            found.push(mistake(
                "longestPause",
                message,
                "write a longer one, or leave it out (30 s)",
            ));
        }
        found
    }
}
