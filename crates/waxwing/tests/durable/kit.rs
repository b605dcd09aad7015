//! A service whose process can be killed, and a client that never notices.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use waxwing::binding::{
    Binding, MessageCredentialType, SecurityMode, ServiceBehavior, TimeSpan, Ws2007HttpBinding,
    WsHttpBinding,
};
use waxwing::contract::{ContractDescription, OperationContext, OperationFault, service_contract};
use waxwing::crypto::{
    Certificate, CertificateValidator, Identity, RevocationMode, Usage, ValidationMode,
};
use waxwing::net::memory::Memory;
use waxwing::{ChannelFactory, ServiceHost, ServiceHostBuilder, ServiceInstances};
use waxwing_store::MemoryStore;

pub(crate) const ADDRESS: &str = "http://ledger.example/ledger";

/// Two-way, with a one-way operation in it.
#[service_contract(namespace = "urn:ledger", name = "ILedger")]
pub(crate) trait Ledger {
    async fn add(&self, ctx: &OperationContext, entry: i32) -> Result<i32, OperationFault>;
    #[operation(one_way)]
    async fn note(&self, ctx: &OperationContext, entry: i32) -> Result<(), OperationFault>;
    async fn slow(
        &self,
        ctx: &OperationContext,
        entry: i32,
        millis: u64,
    ) -> Result<i32, OperationFault>;
    #[operation(delivery = "once")]
    async fn once(
        &self,
        ctx: &OperationContext,
        entry: i32,
        millis: u64,
    ) -> Result<i32, OperationFault>;
}

/// One-way only.
#[service_contract(namespace = "urn:tape", name = "ITape")]
pub(crate) trait Tape {
    #[operation(one_way)]
    async fn put(&self, ctx: &OperationContext, entry: i32) -> Result<(), OperationFault>;
    #[operation(one_way)]
    async fn slow_put(
        &self,
        ctx: &OperationContext,
        entry: i32,
        millis: u64,
    ) -> Result<(), OperationFault>;
}

/// What was executed: outlives the process, as a database does.
#[derive(Clone, Default)]
pub(crate) struct Effects {
    entries: Arc<Mutex<Vec<i32>>>,
    /// Keys of deliveries with the attempts.
    keys: Arc<Mutex<Vec<(String, u32)>>>,
    pub(crate) begun: Arc<AtomicU64>,
}

impl Effects {
    pub(crate) fn entries(&self) -> Vec<i32> {
        self.entries.lock().unwrap().clone()
    }

    pub(crate) fn keys(&self) -> Vec<(String, u32)> {
        self.keys.lock().unwrap().clone()
    }

    fn begin(&self, context: &OperationContext) {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let key = context.delivery().expect("a reliable session").to_string();
        self.keys.lock().unwrap().push((key, context.attempt()));
    }

    fn end(&self, entry: i32) -> i32 {
        let mut entries = self.entries.lock().unwrap();
        entries.push(entry);
        entries.iter().sum()
    }
}

impl Ledger for Effects {
    async fn add(&self, ctx: &OperationContext, entry: i32) -> Result<i32, OperationFault> {
        self.begin(ctx);
        Ok(self.end(entry))
    }
    async fn note(&self, ctx: &OperationContext, entry: i32) -> Result<(), OperationFault> {
        self.begin(ctx);
        self.end(entry);
        Ok(())
    }
    async fn slow(
        &self,
        ctx: &OperationContext,
        entry: i32,
        millis: u64,
    ) -> Result<i32, OperationFault> {
        self.begin(ctx);
        tokio::time::sleep(Duration::from_millis(millis)).await;
        Ok(self.end(entry))
    }
    async fn once(
        &self,
        ctx: &OperationContext,
        entry: i32,
        millis: u64,
    ) -> Result<i32, OperationFault> {
        self.slow(ctx, entry, millis).await
    }
}

impl Tape for Effects {
    async fn put(&self, ctx: &OperationContext, entry: i32) -> Result<(), OperationFault> {
        self.begin(ctx);
        self.end(entry);
        Ok(())
    }
    async fn slow_put(
        &self,
        ctx: &OperationContext,
        entry: i32,
        millis: u64,
    ) -> Result<(), OperationFault> {
        self.begin(ctx);
        tokio::time::sleep(Duration::from_millis(millis)).await;
        self.end(entry);
        Ok(())
    }
}

fn pki(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/pki");
    std::fs::read(folder.join(name)).unwrap()
}

/// How the two speak with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// February 2005 without security, and 1.1 without security.
    Plain,
    Plain11,
    /// Secure conversation; the service's certificate is known, or negotiated.
    Secure,
    Secure11,
    Negotiated,
    Negotiated11,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] = [
        Self::Plain,
        Self::Plain11,
        Self::Secure,
        Self::Secure11,
        Self::Negotiated,
        Self::Negotiated11,
    ];

    pub(crate) fn is_secure(self) -> bool {
        !matches!(self, Self::Plain | Self::Plain11)
    }

    pub(crate) fn binding(self) -> Binding {
        let negotiates = matches!(self, Self::Negotiated | Self::Negotiated11);
        let (user, time) = (MessageCredentialType::UserName, TimeSpan::seconds(30));
        let (none, message) = (SecurityMode::None, SecurityMode::Message);
        match self {
            Self::Plain => WsHttpBinding::new(none, true).send_timeout(time).into(),
            Self::Plain11 => Ws2007HttpBinding::new(none, true).send_timeout(time).into(),
            Self::Secure | Self::Negotiated => WsHttpBinding::new(message, true)
                .message_credential(user)
                .negotiate_service_credential(negotiates)
                .send_timeout(time)
                .into(),
            Self::Secure11 | Self::Negotiated11 => Ws2007HttpBinding::new(message, true)
                .message_credential(user)
                .negotiate_service_credential(negotiates)
                .send_timeout(time)
                .into(),
        }
    }
}

/// A service's machine: its process may die, its store and its database do not.
pub(crate) struct World {
    pub(crate) kind: Kind,
    pub(crate) memory: Memory,
    pub(crate) store: MemoryStore,
    pub(crate) effects: Effects,
    pub(crate) host: Option<ServiceHost>,
    contract: &'static ContractDescription,
}

impl World {
    pub(crate) async fn ledger(kind: Kind) -> Self {
        Self::of(kind, &LEDGER_CONTRACT).await
    }

    pub(crate) async fn tape(kind: Kind) -> Self {
        Self::of(kind, &TAPE_CONTRACT).await
    }

    async fn of(kind: Kind, contract: &'static ContractDescription) -> Self {
        let (store, effects) = (MemoryStore::default(), Effects::default());
        let memory = Memory::new();
        let mut world = Self { kind, memory, store, effects, host: None, contract };
        world.start().await;
        world
    }

    /// One of several nodes, which does not run yet.
    #[allow(dead_code, reason = "the tests of nodes are in another program")]
    pub(crate) fn node(kind: Kind, store: MemoryStore, effects: Effects) -> Self {
        let (memory, contract) = (Memory::new(), &LEDGER_CONTRACT);
        Self { kind, memory, store, effects, host: None, contract }
    }

    /// Over stores that the test opens by itself.
    #[allow(dead_code, reason = "used by one of the programs")]
    pub(crate) fn not_started(kind: Kind, contract: &'static ContractDescription) -> Self {
        let (store, effects, memory) = (MemoryStore::default(), Effects::default(), Memory::new());
        Self { kind, memory, store, effects, host: None, contract }
    }

    pub(crate) fn builder(&self) -> ServiceHostBuilder {
        self.builder_with(ServiceBehavior::default()).store(self.store.clone())
    }

    /// Without a store.
    pub(crate) fn builder_with(&self, behavior: ServiceBehavior) -> ServiceHostBuilder {
        let identity =
            Identity::from_pem(&[pki("service.cert.pem"), pki("service.key.pem")].concat());
        ServiceHostBuilder::new()
            .endpoint(self.kind.binding(), ADDRESS, self.contract, behavior)
            .unwrap()
            .certificate(identity.unwrap())
            .user_names(|name: &str, _: Option<&str>| match name {
                "alice" => Ok(()),
                other => Err(format!("{other} is not known")),
            })
            .listener(self.memory.clone())
    }

    pub(crate) fn instances(&self) -> ServiceInstances {
        let effects = self.effects.clone();
        match self.contract.name {
            "ILedger" => ServiceInstances::per_session(move || LedgerService::new(effects.clone())),
            _ => ServiceInstances::per_session(move || TapeService::new(effects.clone())),
        }
    }

    pub(crate) async fn start(&mut self) {
        self.host = Some(self.builder().open(self.instances()).await.unwrap());
    }

    /// The process is gone without a word.
    pub(crate) fn kill(&mut self) {
        self.host = None;
        self.store = self.store.restarted();
    }

    pub(crate) async fn restart(&mut self) {
        self.kill();
        self.start().await;
    }

    pub(crate) fn host(&self) -> &ServiceHost {
        self.host.as_ref().expect("it runs")
    }

    pub(crate) fn factory(&self) -> ChannelFactory {
        let roots = Certificate::from_pem(&pki("ca.cert.pem")).unwrap();
        let service = Certificate::from_pem(&pki("service.cert.pem")).unwrap();
        let factory = ChannelFactory::new(self.kind.binding(), ADDRESS, self.contract).unwrap();
        let factory = factory.transport(self.memory.clone());
        if !self.kind.is_secure() {
            return factory;
        }
        let validator = CertificateValidator::new(
            ValidationMode::ChainTrust,
            RevocationMode::NoCheck,
            Usage::Service,
        )
        .with_roots(roots);
        factory
            .user_name("alice", "secret")
            .identity(waxwing::security::ExpectedIdentity::Dns("localhost".into()))
            .service_certificate(service.into_iter().next().unwrap())
            .service_trust(move |certificate: &Certificate, chain: &[Certificate], now| {
                validator.validate(certificate, chain, now).map_err(|e| e.to_string())
            })
    }
}

/// Waits until something has become so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not within 10 s: {what}");
}
