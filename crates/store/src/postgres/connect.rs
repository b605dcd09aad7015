//! Connections: TLS, the settings of a session, and warnings that say that a commit is not where it should be.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use deadpool_postgres::Connect;
use openssl::ssl::{SslConnector, SslFiletype, SslMethod, SslVerifyMode};
use postgres_openssl::MakeTlsConnector;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::error::Severity;
use tokio_postgres::{AsyncMessage, CancelToken, Client, Config, Connection, Error, NoTls};

use super::address::{Address, Protection};
use super::failure::wrong;
use super::settings::{Danger, PostgresSettings};
use crate::error::StoreError;
use crate::store::BoxFuture;

/// Makes connections to one database.
#[derive(Clone)]
pub(crate) struct Connector {
    config: Config,
    tls: Option<MakeTlsConnector>,
    settings: Arc<str>,
    within: Duration,
    warnings: Arc<AtomicU64>,
}

impl Connector {
    pub(crate) fn new(address: &Address, session: Session) -> Result<Self, StoreError> {
        let mut config = address.config.clone();
        if config.get_application_name().is_none() {
            config.application_name("waxwing");
        }
        // Whatever the string says: a store on a standby is none.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        let within = session.connect_timeout;
        if config.get_connect_timeout().is_none() {
            // So that the next host has its turn.
            let hosts = u32::try_from(config.get_hosts().len()).unwrap_or(1).max(1);
            config.connect_timeout(within / hosts);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(session.unheard);
        }
        config.keepalives_idle(Duration::from_secs(15));
        config.keepalives_interval(Duration::from_secs(5));
        config.keepalives_retries(3);
        let tls = match address.protection {
            Protection::Disable => None,
            protection => Some(tls(address, protection)?),
        };
        Ok(Self {
            config,
            tls,
            settings: session.sql.into(),
            within,
            warnings: Arc::new(AtomicU64::new(0)),
        })
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// The same one with a count of warnings of its own.
    pub(crate) fn apart(&self) -> Self {
        Self { warnings: Arc::new(AtomicU64::new(0)), ..self.clone() }
    }

    /// How many warnings have come over its connections. A commit that is cancelled while it waits for a standby *succeeds*,
    /// with a warning: whoever commits looks whether one came meanwhile.
    pub(crate) fn warnings(&self) -> u64 {
        self.warnings.load(Ordering::Acquire)
    }

    /// A connection with its task, which ends when the client is dropped.
    pub(crate) async fn open(&self) -> Result<(Client, JoinHandle<()>), StoreError> {
        match tokio::time::timeout(self.within, self.connected()).await {
            Ok(made) => made.map_err(|e| super::failure::told(&e)),
            Err(_) => Err(StoreError::Unavailable(format!(
                "PostgreSQL: no connection was made within {:?}",
                self.within
            ))),
        }
    }

    async fn connected(&self) -> Result<(Client, JoinHandle<()>), Error> {
        let (client, task) = match &self.tls {
            None => {
                let (client, connection) = self.config.connect(NoTls).await?;
                (client, self.drive(connection))
            }
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await?;
                (client, self.drive(connection))
            }
        };
        client.batch_execute(&self.settings).await?;
        Ok((client, task))
    }

    /// Asks the server to give up what a connection does, for which nobody waits any more: one that waits for a lock or for a
    /// standby would not notice.
    pub(crate) async fn cancel(&self, token: CancelToken) {
        let cancelled = async {
            match &self.tls {
                None => token.cancel_query(NoTls).await,
                Some(tls) => token.cancel_query(tls.clone()).await,
            }
        };
        match tokio::time::timeout(self.within, cancelled).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!("PostgreSQL was not told to give up: {error}"),
            Err(_) => tracing::debug!("PostgreSQL was not told in time to give up"),
        }
    }

    fn drive<S, T>(&self, mut connection: Connection<S, T>) -> JoinHandle<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let warnings = Arc::clone(&self.warnings);
        tokio::spawn(async move {
            // A notice is seen here before the answer that comes behind it is given on.
            while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
                match message {
                    Ok(AsyncMessage::Notice(notice)) => {
                        if notice.parsed_severity() == Some(Severity::Warning) {
                            warnings.fetch_add(1, Ordering::AcqRel);
                            tracing::warn!(
                                code = notice.code().code(),
                                "PostgreSQL warns: {}",
                                notice.message()
                            );
                        }
                    }
                    Ok(_) => {}
                    Err(error) => {
                        tracing::debug!("a connection to PostgreSQL ends: {error}");
                        break;
                    }
                }
            }
        })
    }
}

impl Connect for Connector {
    fn connect(&self, _: &Config) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), Error>> {
        Box::pin(self.connected())
    }
}

/// How a connection is made, and what its session is set to.
pub(crate) struct Session {
    connect_timeout: Duration,
    /// How long octets may stand unacknowledged.
    unheard: Duration,
    sql: String,
}

impl Session {
    /// Of a store.
    pub(crate) fn of_store(settings: &PostgresSettings) -> Self {
        let sql = format!("{}; {}", planned(settings), synchronous(&settings.dangers));
        let unheard = settings.statement_timeout * 2;
        Self { connect_timeout: settings.connect_timeout, unheard, sql }
    }

    /// Of an application: its statements are planned and limited as the database says.
    pub(crate) fn of_application(connect_timeout: Duration, dangers: &[Danger]) -> Self {
        Self { connect_timeout, unheard: UNHEARD, sql: synchronous(dangers) }
    }
}

/// How long a connection of the application may be dead until it is noticed.
const UNHEARD: Duration = Duration::from_secs(30);

/// `off` is refused at open or named; what is less than `on` is made `on`, what is more stays.
fn synchronous(dangers: &[Danger]) -> String {
    let dangerous = dangers.contains(&Danger::SynchronousCommitOff);
    let weak = if dangerous { "'local', 'remote_write'" } else { "'off', 'local', 'remote_write'" };
    format!(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ({weak})"
    )
}

/// What the sessions of a store are set to, as far as the server knows the setting. No limit of time interrupts a commit that
/// waits for a standby: the server ends it before it commits.
fn planned(settings: &PostgresSettings) -> String {
    let milliseconds = settings.statement_timeout.as_millis().to_string();
    let lock = (settings.statement_timeout.as_millis() / 4).max(1).to_string();
    let wanted = [
        ("statement_timeout", milliseconds.as_str()),
        ("lock_timeout", lock.as_str()),
        ("idle_in_transaction_session_timeout", milliseconds.as_str()),
        ("default_transaction_isolation", "read committed"),
        ("default_transaction_deferrable", "off"),
        ("client_min_messages", "warning"),
        // Every statement finds rows by an index, however old the statistics are; plans are made once.
        ("plan_cache_mode", "force_generic_plan"),
        ("enable_seqscan", "off"),
        ("enable_hashjoin", "off"),
        ("enable_mergejoin", "off"),
        ("jit", "off"),
        ("max_parallel_workers_per_gather", "0"),
    ];
    let rows: Vec<_> =
        wanted.iter().map(|(name, value)| format!("('{name}', '{value}')")).collect();
    format!(
        "SELECT set_config(s.name, w.value, false) FROM (VALUES {}) AS w(name, value) JOIN pg_settings s ON s.name = w.name",
        rows.join(", ")
    )
}

fn tls(address: &Address, protection: Protection) -> Result<MakeTlsConnector, StoreError> {
    let failed = |e: openssl::error::ErrorStack| wrong(&format!("TLS cannot be set up: {e}"));
    let mut builder = SslConnector::builder(SslMethod::tls_client()).map_err(failed)?;
    if protection == Protection::Require {
        builder.set_verify(SslVerifyMode::NONE);
    } else {
        let roots = address.roots()?;
        builder.set_ca_file(&roots).map_err(|e| {
            wrong(&format!("the trusted certificates {} cannot be read: {e}", roots.display()))
        })?;
    }
    if let Some((certificate, key)) = &address.identity {
        builder.set_certificate_chain_file(certificate).map_err(|e| {
            wrong(&format!("the certificate {} cannot be read: {e}", certificate.display()))
        })?;
        builder
            .set_private_key_file(key, SslFiletype::PEM)
            .and_then(|()| builder.check_private_key())
            .map_err(|e| wrong(&format!("the key {} cannot be used: {e}", key.display())))?;
    }
    let mut connector = MakeTlsConnector::new(builder.build());
    let full = protection == Protection::VerifyFull;
    connector.set_callback(move |ssl, _| {
        ssl.set_verify_hostname(full);
        Ok(())
    });
    Ok(connector)
}
