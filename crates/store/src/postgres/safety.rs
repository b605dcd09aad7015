//! Whether the server keeps what it says it kept: settings under which it does not are refused, in words.

use tokio_postgres::Client;

use super::failure::told;
use super::settings::Danger;
use crate::error::StoreError;

/// What a server says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Server {
    version: i32,
    recovering: bool,
    read_only: bool,
    fsync: bool,
    full_page_writes: bool,
    /// As the session would have it if nobody set it.
    synchronous_commit: String,
    synchronous_standby_names: String,
    /// Standbys that follow at the moment.
    standbys: i64,
}

/// The oldest version that has everything that is used.
const OLDEST: i32 = 130_000;

const SETTINGS: &str = "SELECT current_setting('server_version_num')::int4, pg_is_in_recovery(), \
    current_setting('transaction_read_only') = 'on', coalesce(current_setting('fsync', true), 'on') <> 'off', \
    coalesce(current_setting('full_page_writes', true), 'on') <> 'off', \
    coalesce((SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit'), 'on'), \
    coalesce(current_setting('synchronous_standby_names', true), '')";

/// Physical standbys. Whoever may not see more sees that they are there; then those of backups and of logical replication count
/// too.
const STANDBYS: &str = "SELECT count(*) FROM pg_stat_replication r \
    WHERE coalesce(r.application_name, '') NOT IN ('pg_receivewal', 'pg_basebackup') AND coalesce(r.state, '') <> 'backup' \
    AND NOT EXISTS (SELECT 1 FROM pg_replication_slots s WHERE s.active_pid = r.pid AND s.slot_type = 'logical')";

impl Server {
    /// Asks it.
    pub(crate) async fn ask(client: &Client) -> Result<Self, StoreError> {
        let row = client.query_one(SETTINGS, &[]).await.map_err(|e| told(&e))?;
        // An engine that speaks the protocol and replicates in its own way has no such view.
        let standbys = match client.query_one(STANDBYS, &[]).await {
            Ok(row) => row.get(0),
            Err(error) if error.as_db_error().is_some() => 0,
            Err(error) => return Err(told(&error)),
        };
        Ok(Self {
            version: row.get(0),
            recovering: row.get(1),
            read_only: row.get(2),
            fsync: row.get(3),
            full_page_writes: row.get(4),
            synchronous_commit: row.get(5),
            synchronous_standby_names: row.get(6),
            standbys,
        })
    }

    /// Refuses it, unless all that is wrong with it is named.
    pub(crate) fn refuse(&self, named: &[Danger]) -> Result<(), StoreError> {
        let wrong = |text: &str| Err(StoreError::Configuration(format!("PostgreSQL: {text}")));
        if self.version < OLDEST {
            let (major, oldest) = (self.version / 10_000, OLDEST / 10_000);
            return wrong(&format!("version {major} is too old; {oldest} or newer is needed"));
        }
        if self.recovering {
            return wrong(
                "the server is a standby: name the primary in the connection string, or all hosts of the cluster",
            );
        }
        if self.read_only {
            return wrong(
                "transactions are read-only (default_transaction_read_only): set it to off for this role or database",
            );
        }
        for danger in Danger::ALL.iter().filter(|danger| self.has(**danger)) {
            let text = words(*danger);
            if named.contains(danger) {
                tracing::warn!("PostgreSQL: {text} The store goes on all the same.");
            } else {
                let name = danger.name();
                return wrong(&format!(
                    "{text} (To go on all the same, name the danger '{name}' in the settings of the store.)"
                ));
            }
        }
        Ok(())
    }

    /// The same of a server that was good before: standbys that nobody waits for are told, and it goes on.
    pub(crate) fn refuse_again(&self, named: &[Danger]) -> Result<(), StoreError> {
        let standbys = Danger::AsynchronousStandbys;
        if self.has(standbys) && !named.contains(&standbys) {
            tracing::error!("PostgreSQL: {}", words(standbys));
        }
        self.refuse(&[named, &[standbys]].concat())
    }

    pub(crate) fn has(&self, danger: Danger) -> bool {
        match danger {
            Danger::FsyncOff => !self.fsync,
            Danger::FullPageWritesOff => !self.full_page_writes,
            Danger::SynchronousCommitOff => self.synchronous_commit == "off",
            Danger::AsynchronousStandbys => {
                self.standbys > 0 && self.synchronous_standby_names.trim().is_empty()
            }
        }
    }
}

/// What it costs, and what to do.
pub(crate) fn words(danger: Danger) -> &'static str {
    match danger {
        Danger::FsyncOff => {
            "fsync is off: a crash of the machine destroys the database, and every acknowledged call with it. Set fsync = on in \
             postgresql.conf."
        }
        Danger::FullPageWritesOff => {
            "full_page_writes is off: a crash of the machine in the middle of a page destroys it, unless the file system writes \
             whole pages only. Set full_page_writes = on in postgresql.conf."
        }
        Danger::SynchronousCommitOff => {
            "synchronous_commit is off: a crash of the server loses calls that were acknowledged, and effects of the \
             application. Set it to on in postgresql.conf, or for this role: ALTER ROLE … SET synchronous_commit = on."
        }
        Danger::AsynchronousStandbys => {
            "it has standbys and waits for none of them (synchronous_standby_names is empty): a failover loses calls that were \
             acknowledged. Set synchronous_standby_names = 'ANY 1 (*)' in postgresql.conf. (A receiver of backups or of logical \
             replication is told from a standby when the role has pg_monitor: GRANT pg_monitor TO ….)"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Server {
        Server {
            version: 150_004,
            recovering: false,
            read_only: false,
            fsync: true,
            full_page_writes: true,
            synchronous_commit: "on".into(),
            synchronous_standby_names: String::new(),
            standbys: 0,
        }
    }

    #[test]
    fn each_danger_is_refused_by_name_and_goes_on_when_it_is_named() {
        let cases = [
            (Server { fsync: false, ..good() }, Danger::FsyncOff),
            (Server { full_page_writes: false, ..good() }, Danger::FullPageWritesOff),
            (Server { synchronous_commit: "off".into(), ..good() }, Danger::SynchronousCommitOff),
            (Server { standbys: 1, ..good() }, Danger::AsynchronousStandbys),
        ];
        for (server, danger) in cases {
            let said = server.refuse(&[]).unwrap_err().to_string();
            assert!(said.contains(danger.name()) && said.contains("Set "), "{said}");
            let others: Vec<_> = Danger::ALL.iter().copied().filter(|d| *d != danger).collect();
            assert!(server.refuse(&others).is_err());
            server.refuse(&[danger]).unwrap();
            assert_eq!(Danger::of_name(danger.name()), Some(danger));
        }
    }

    #[test]
    fn what_waits_for_a_standby_or_has_none_is_good() {
        good().refuse(&[]).unwrap();
        let named = "ANY 1 (*)".to_owned();
        // After a failover nobody is to be stopped by what is left.
        let left = Server { standbys: 1, ..good() };
        left.refuse_again(&[]).unwrap();
        Server { fsync: false, ..left }.refuse_again(&[]).unwrap_err();
        // The standby may be away at the moment: then commits wait.
        Server { synchronous_standby_names: named.clone(), ..good() }.refuse(&[]).unwrap();
        Server { synchronous_standby_names: named, standbys: 2, ..good() }.refuse(&[]).unwrap();
        // Less than `on` is made `on` for the session.
        Server { synchronous_commit: "local".into(), ..good() }.refuse(&[]).unwrap();
    }

    #[test]
    fn a_server_that_cannot_be_written_is_refused_whatever_is_named() {
        for server in [
            Server { recovering: true, ..good() },
            Server { read_only: true, ..good() },
            Server { version: 120_009, ..good() },
        ] {
            server.refuse(Danger::ALL).unwrap_err();
        }
    }
}
