//! How an outbox is made.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};
use waxwing_binding::{Outbox as Section, TimeSpan};
use waxwing_store::application::ApplicationOutbox;
use waxwing_store::{Store, StoreError};

use super::driver::{Driver, Owned, Parts, Shelf};
use super::engine::{Engine, Settings};
use super::error::OutboxError;
use super::handle::{Inner, Outbox};
use super::hooks::{Reconcile, ResultHandler};
use super::look::OutboxStatus;
use super::relay::Relay;
use crate::client::ChannelFactory;
use crate::configuration::ConfigurationFile;
use crate::contract::OwnedContract;
use crate::events::Emitter;
use crate::store::{Configured, NodeName};

/// So many questions of the application may wait for the outbox.
const MOST_COMMANDS: usize = 256;

/// The longest name of an outbox: a store's groups have 512 octets.
const LONGEST_NAME: usize = 256;

/// Where an outbox is kept.
enum Kept {
    /// In a store that the program has.
    Given(Arc<dyn Store>),
    /// In one of a configuration file, which is opened with it; under this name among other processes.
    Configured(Box<Configured>, NodeName),
}

/// An outbox before it is opened. Made by [`ChannelFactory::durable`], or of a configuration file by
/// [`from_config`](Self::from_config).
#[must_use = "open it"]
pub struct OutboxBuilder {
    factory: ChannelFactory,
    store: Kept,
    name: String,
    settings: Settings,
    reconcile: Option<Arc<dyn Reconcile>>,
    handler: Option<Arc<dyn ResultHandler>>,
    table: Option<Arc<dyn ApplicationOutbox>>,
}

impl ChannelFactory {
    /// An outbox for this endpoint: calls are kept in `store` and delivered exactly once, over reliable sessions that survive
    /// crashes of this process. `name` is its name in the store; one process at a time has it.
    pub fn durable(&self, store: Arc<dyn Store>, name: impl Into<String>) -> OutboxBuilder {
        OutboxBuilder {
            factory: self.clone(),
            store: Kept::Given(store),
            name: name.into(),
            settings: Settings::default(),
            reconcile: None,
            handler: None,
            table: None,
        }
    }
}

impl OutboxBuilder {
    /// The `<outbox>` of this name in the section `<waxwing>` of a configuration file: for the client endpoint that it names, with
    /// its settings, in its store or in the `<store>` of the section. What is set in code afterwards goes before what the file
    /// says; credentials come by [`with_channels`](Self::with_channels).
    ///
    /// Its store is opened with it, and closed with it. A host and other outboxes of the same [`ConfigurationFile`] (and its
    /// clones) share an open store of the same section, also where it is a file, which is one process's.
    ///
    /// ```no_run
    /// # use waxwing::contract::{OperationFault, service_contract};
    /// # #[service_contract(namespace = "urn:orders", name = "IOrders")]
    /// # pub trait Orders { async fn place(&self, article: String) -> Result<i32, OperationFault>; }
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// // <waxwing><store provider="sqlite" path="outbox.db"/><outbox name="orders"/></waxwing>
    /// let file = waxwing::ConfigurationFile::load("client.config")?;
    /// let outbox = waxwing::outbox::OutboxBuilder::from_config(&file, "orders", &ORDERS_CONTRACT)?.open().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The file has no such outbox, or mistakes that concern it or its endpoint; each with its line.
    pub fn from_config(
        file: &ConfigurationFile,
        name: &str,
        contract: impl Into<OwnedContract>,
    ) -> Result<Self, OutboxError> {
        let section = file.loaded.find_outbox(name).map_err(OutboxError::Configuration)?;
        let factory = ChannelFactory::from_config(file, section.endpoint_name(), contract)?;
        let own = section.store.as_ref().unwrap_or(&file.configuration().waxwing.store);
        let opening = |error| OutboxError::Opening { outbox: name.to_owned(), error };
        let store = file.store_of(own).map_err(opening)?.ok_or_else(|| {
            let text =
                "it has no store: write <store provider=\"…\"/> in it, or in the section <waxwing>"
                    .to_owned();
            opening(StoreError::Configuration(text))
        })?;
        let node = file.node().ok().flatten();
        let node = match node {
            Some(node) => NodeName { name: node.name, address: node.address },
            None => NodeName::of_nobody(&format!("outbox {name}")),
        };
        Ok(Self {
            factory,
            store: Kept::Configured(Box::new(store), node),
            name: name.to_owned(),
            settings: Settings::of(section),
            reconcile: None,
            handler: None,
            table: None,
        })
    }

    /// The same with changes of what makes its channels: a user name and a password, a certificate, an address.
    pub fn with_channels(mut self, change: impl FnOnce(ChannelFactory) -> ChannelFactory) -> Self {
        self.factory = change(self.factory);
        self
    }

    /// How many calls may be under way: numbered, and without a result. That many may be in doubt when a service forgets a
    /// session. 1 to 4096; 8 by default.
    pub fn in_flight(mut self, calls: u32) -> Self {
        self.settings.in_flight = calls;
        self
    }

    /// Whether a call in doubt holds back those behind it, so that their order is kept whatever is decided. By default it does.
    pub fn hold_in_doubt(mut self, holds: bool) -> Self {
        self.settings.hold_in_doubt = holds;
        self
    }

    /// The pauses between attempts to reach the service: the first one, which doubles, and the longest one. Each is as much as half
    /// as long by chance. 500 ms and 30 s by default: a WCF service keeps a silent session for 10 minutes.
    pub fn pauses(mut self, first: Duration, longest: Duration) -> Self {
        (self.settings.first_pause, self.settings.longest_pause) = (first, longest);
        self
    }

    /// How long it must have been said, and three times at least, that the service has forgotten the session, until that is
    /// believed without proof: whoever is on the way can say so. 2 minutes by default. A session without security has no proofs:
    /// there it is believed at once.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.settings.patience = patience;
        self
    }

    /// How long a session without calls is kept open: less than the service keeps it (`inactivityTimeout`, `receiveTimeout`). 1
    /// minute by default.
    pub fn idle(mut self, idle: Duration) -> Self {
        self.settings.idle = idle;
        self
    }

    /// How long a result waits to be taken, and how long the key of a call is remembered after that. 7 days and 1 day by default.
    pub fn retention(mut self, results: Duration, keys: Duration) -> Self {
        (self.settings.retention, self.settings.remember) = (results, keys);
        self
    }

    /// How many calls there may be, results and remembered keys included, and how many octets their messages may have. 100,000 and
    /// 256 MiB by default. Beyond that `enqueue` is refused; replies that come are kept in any case.
    pub fn quota(mut self, calls: usize, octets: u64) -> Self {
        (self.settings.max_calls, self.settings.max_octets) = (calls, octets);
        self
    }

    /// How long a hook of the program may take: whoever decides calls in doubt ([`reconcile`](Self::reconcile)), whoever takes
    /// results ([`on_result`](Self::on_result)). Then it is given up, and asked again after a pause. 5 minutes by default.
    pub fn hook_timeout(mut self, timeout: Duration) -> Self {
        self.settings.hook_timeout = timeout;
        self
    }

    /// Who is asked what became of calls in doubt.
    pub fn reconcile(mut self, hook: impl Reconcile) -> Self {
        self.settings.reconciles = true;
        self.reconcile = Some(Arc::new(hook));
        self
    }

    /// Who takes results as they come.
    pub fn on_result(mut self, handler: impl ResultHandler) -> Self {
        self.settings.handles = true;
        self.handler = Some(Arc::new(handler));
        self
    }

    /// Takes the calls out of this database of the application that were written there in its own transactions
    /// ([`Outbox::enqueue_in`]). `SqliteTransactions` and `PostgresTransactions` are such databases.
    pub fn relay(mut self, table: Arc<dyn ApplicationOutbox>) -> Self {
        self.table = Some(table);
        self
    }

    /// Opens the outbox: takes it over from a process that has died, and goes on with what that had begun. It needs no service to
    /// be there.
    ///
    /// # Errors
    /// The endpoint cannot be used, or has no reliable session; another process has the outbox; the store does not answer.
    pub async fn open(self) -> Result<Outbox, OutboxError> {
        self.check()?;
        // What of the endpoint cannot be used is told now, not when the first call is due.
        let (listener, _) = mpsc::unbounded_channel();
        let channel = self.factory.durable_channel(listener).await?;
        let format = crate::contract::MessageFormat::of(&channel);
        drop(channel);
        let (store, is_own) = self.store.open(&self.name).await?;
        let shelf = Shelf::new(store, &self.name);
        let owned: Owned = match shelf.open().await {
            Ok(owned) => owned,
            Err(error) => {
                if is_own {
                    shelf.store.close().await;
                }
                return Err(error);
            }
        };
        let engine = Engine::new(self.settings.clone(), owned.kept.clone());
        let status = OutboxStatus::of(&engine, None, None);
        let (status, seen) = watch::channel(status);
        let (commands, asked) = mpsc::channel(MOST_COMMANDS);
        let events = Arc::new(Emitter::new());
        let name = Arc::clone(&shelf.name);
        let parts = Parts {
            shelf,
            is_own_store: is_own,
            clock: self.factory.own_clock(),
            factory: self.factory,
            settings: self.settings,
            reconcile: self.reconcile,
            handler: self.handler,
            quotas: format.quotas(),
            events: Arc::clone(&events),
            status,
        };
        tokio::spawn(Driver::new(parts, owned, asked).run());
        let relayed = Arc::new(Notify::new());
        if let Some(table) = self.table {
            let (name, wake) = (Arc::clone(&name), Arc::clone(&relayed));
            let commands = commands.downgrade();
            tokio::spawn(Relay { name, table, wake, commands, refused: BTreeSet::new() }.run());
        }
        let inner = Inner { name, format, commands, events, status: seen, relayed };
        Ok(Outbox { inner: Arc::new(inner) })
    }

    fn check(&self) -> Result<(), OutboxError> {
        let Settings {
            in_flight, first_pause, longest_pause, idle, max_calls, hook_timeout, ..
        } = &self.settings;
        let wrong = if !(1..=LONGEST_NAME).contains(&self.name.len()) || self.name.contains('\0') {
            Some(format!("a name has 1 to {LONGEST_NAME} octets, and no U+0000 among them"))
        } else if !(1..=4096).contains(in_flight) {
            Some(format!("in_flight is {in_flight}, but must be 1 to 4096"))
        } else if first_pause.is_zero() || longest_pause < first_pause {
            Some("the first pause must be more than zero, the longest one not shorter".to_owned())
        } else if idle.is_zero() {
            Some("idle must be more than zero".to_owned())
        } else if hook_timeout.is_zero() {
            Some("hook_timeout must be more than zero".to_owned())
        } else if *max_calls == 0 {
            Some("there must be room for one call at least".to_owned())
        } else {
            None
        };
        match wrong {
            Some(text) => Err(OutboxError::Settings { outbox: self.name.clone(), text }),
            None => Ok(()),
        }
    }
}

impl Kept {
    /// The store, and whether it is the outbox's to close.
    async fn open(self, outbox: &str) -> Result<(Arc<dyn Store>, bool), OutboxError> {
        match self {
            Self::Given(store) => Ok((store, false)),
            Self::Configured(configured, node) => {
                let opening = |error| OutboxError::Opening { outbox: outbox.to_owned(), error };
                let store = configured.open(&node).await.map_err(opening)?;
                // Nodes that share it must not send anything here.
                if node.address.0.is_empty()
                    && let Some(nodes) = store.nodes()
                    && let Err(error) = nodes.drain().await
                {
                    tracing::debug!(
                        outbox,
                        "the nodes are not told that this is an outbox: {error}"
                    );
                }
                Ok((store, true))
            }
        }
    }
}

impl Settings {
    /// What a configuration file says.
    fn of(section: &Section) -> Self {
        // Without an end is as long as anybody can mean.
        let length = |span: TimeSpan| span.duration().unwrap_or(Duration::from_secs(3650 * 86_400));
        Self {
            in_flight: section.in_flight,
            hold_in_doubt: section.hold_in_doubt,
            first_pause: length(section.first_pause),
            longest_pause: length(section.longest_pause),
            patience: length(section.patience),
            idle: length(section.idle),
            retention: length(section.keep_results),
            remember: length(section.keep_keys),
            max_calls: section.max_calls as usize,
            max_octets: section.max_octets,
            hook_timeout: length(section.hook_timeout),
            reconciles: false,
            handles: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_does_not_say_is_what_code_does_not_say() {
        let of_file = format!("{:?}", Settings::of(&Section::default()));
        assert_eq!(of_file, format!("{:?}", Settings::default()));
    }

    #[test]
    fn every_setting_of_a_file_is_taken() {
        let text = "<configuration><waxwing><outbox name=\"o\" inFlight=\"2\" holdInDoubt=\"false\" firstPause=\"00:00:01\" \
            longestPause=\"00:00:02\" patience=\"00:00:03\" idle=\"00:00:04\" keepResults=\"00:00:05\" keepKeys=\"00:00:06\" \
            maxCalls=\"7\" maxOctets=\"8\" hookTimeout=\"00:00:09\"/></waxwing></configuration>";
        let file = waxwing_binding::Configuration::load(text).configuration;
        let own = Settings::of(&file.waxwing.outboxes[0]);
        let seconds = |time: Duration| time.as_secs();
        assert_eq!((own.in_flight, own.hold_in_doubt), (2, false));
        let times = [
            own.first_pause,
            own.longest_pause,
            own.patience,
            own.idle,
            own.retention,
            own.remember,
            own.hook_timeout,
        ];
        assert_eq!(times.map(seconds), [1, 2, 3, 4, 5, 6, 9]);
        assert_eq!((own.max_calls, own.max_octets), (7, 8));
    }
}
