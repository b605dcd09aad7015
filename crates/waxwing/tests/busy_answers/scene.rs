//! A service over a store, a tap before it that knows at which step a client is, and what becomes of the service there.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use waxwing::binding::TimeSpan;
use waxwing::store::MemoryStore;
use waxwing::{ChannelFactory, ClientChannel, ServiceHost, ServiceHostBuilder, ServiceInstances};
use waxwing_testkit::http::{HttpClient, HttpReply, HttpRequest, HttpServer};
use waxwing_testkit::steps::Step;

use crate::common::*;

pub(crate) const SECTIONS: [&str; 2] = ["wsHttpBinding", "ws2007HttpBinding"];

/// What becomes of the service at the first message of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Its store is down until the message is answered.
    Down,
    /// Its process was killed before: another one answers, which knows nothing but what is kept.
    Replaced,
    /// Both.
    ReplacedAndDown,
    /// Its store takes what it is told and says nothing, until the message is answered.
    Frozen,
    /// Both that and another process.
    ReplacedAndFrozen,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The status with the octets of the body; none: the connection was closed.
    pub(crate) said: Option<(u16, usize)>,
    /// How long it took.
    pub(crate) took: Duration,
}

impl Answer {
    /// Harmless to every client, at every step.
    pub(crate) fn is_harmless(&self) -> bool {
        matches!(self.said, None | Some((503, 0)))
    }

    /// An answer, and no fault.
    pub(crate) fn is_right(&self) -> bool {
        matches!(self.said, Some((200 | 202, _)))
    }
}

/// A message that came through, with its answer.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) step: Step,
    pub(crate) request: Bytes,
    pub(crate) answer: Option<(u16, Bytes)>,
}

pub(crate) struct Tap {
    server: HttpServer,
    pub(crate) state: Arc<TapState>,
}

pub(crate) struct TapState {
    client: HttpClient,
    service: tokio::sync::Mutex<Service>,
    armed: Mutex<Option<(Step, Trouble)>>,
    answer: Mutex<Option<Answer>>,
    pub(crate) exchanges: Mutex<Vec<Exchange>>,
}

/// The machine of the service: its process may die, its store does not.
pub(crate) struct Service {
    binding: Binding,
    folder: tempfile::TempDir,
    pub(crate) store: MemoryStore,
    pub(crate) counting: Counting,
    pub(crate) host: Option<ServiceHost>,
    address: SocketAddr,
}

/// A process of the service.
async fn host(
    binding: &Binding,
    folder: &Path,
    store: &MemoryStore,
    counting: &Counting,
) -> ServiceHost {
    let config = service_config(binding, folder);
    let builder =
        ServiceHostBuilder::from_config(&config, "CalculatorService", &CALCULATOR_CONTRACT);
    let instances = ServiceInstances::single(CalculatorService::new(counting.clone()));
    let builder = builder.unwrap().store(store.clone());
    builder.open(instances).await.unwrap_or_else(|error| panic!("{error}"))
}

impl Service {
    async fn start(binding: &Binding) -> Self {
        let (folder, store) = (stores("service", "ca", &[]), MemoryStore::new("node:1"));
        let counting = Counting::default();
        let host = host(binding, folder.path(), &store, &counting).await;
        let address = host.local_addresses()[0];
        Self { binding: binding.clone(), folder, store, counting, host: Some(host), address }
    }

    /// The process is gone without a word, and another one is there.
    pub(crate) async fn replace(&mut self) {
        self.host = None;
        self.store = self.store.restarted();
        let host = host(&self.binding, self.folder.path(), &self.store, &self.counting).await;
        self.address = host.local_addresses()[0];
        self.host = Some(host);
    }

    async fn strike(&mut self, trouble: Trouble) {
        use Trouble::*;
        if matches!(trouble, Replaced | ReplacedAndDown | ReplacedAndFrozen) {
            self.replace().await;
        }
        match trouble {
            Replaced => {}
            Down | ReplacedAndDown => self.store.go_down(),
            Frozen | ReplacedAndFrozen => {
                self.store.hold();
                self.store.read_slowly(Duration::from_secs(3600));
            }
        }
    }

    fn is_over(&self) {
        self.store.heal();
        self.store.let_go();
    }
}

/// Looks again and again.
async fn seen<T>(look: impl Fn() -> Option<T>) -> T {
    let seen = async {
        loop {
            match look() {
                Some(seen) => return seen,
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), seen).await.expect("the step was seen")
}

impl Tap {
    async fn start(binding: &Binding) -> Self {
        let state = Arc::new(TapState {
            client: HttpClient::new(),
            service: tokio::sync::Mutex::new(Service::start(binding).await),
            armed: Mutex::default(),
            answer: Mutex::default(),
            exchanges: Mutex::default(),
        });
        let own = Arc::clone(&state);
        let handler = move |request: HttpRequest| {
            let own = Arc::clone(&own);
            async move { own.pass(request).await }
        };
        Self { server: HttpServer::start(handler).await.unwrap(), state }
    }

    fn address(&self) -> String {
        format!("http://{}/calc", self.server.local_addr())
    }

    pub(crate) fn arm(&self, step: Step, trouble: Trouble) {
        *self.state.answer.lock().unwrap() = None;
        *self.state.armed.lock().unwrap() = Some((step, trouble));
    }

    pub(crate) fn answer(&self) -> Option<Answer> {
        self.state.answer.lock().unwrap().clone()
    }

    /// The step has come, and its trouble with it.
    pub(crate) async fn struck(&self) {
        seen(|| self.state.armed.lock().unwrap().is_none().then_some(())).await;
    }

    pub(crate) async fn answered(&self) -> Answer {
        seen(|| self.answer()).await
    }

    pub(crate) async fn service(&self) -> tokio::sync::MutexGuard<'_, Service> {
        self.state.service.lock().await
    }
}

impl TapState {
    async fn pass(&self, request: HttpRequest) -> HttpReply {
        let step = Step::of_message(&request.body).unwrap();
        let trouble = {
            let mut armed = self.armed.lock().unwrap();
            let is_it = armed.is_some_and(|(at, _)| at == step);
            if is_it { armed.take().map(|(_, trouble)| trouble) } else { None }
        };
        let service = {
            let mut service = self.service.lock().await;
            if let Some(trouble) = trouble {
                service.strike(trouble).await;
            }
            service.address
        };
        let address = format!("http://{service}{}", request.path);
        let content_type = request.content_type.unwrap_or_default();
        let (octets, begun) = (request.body.clone(), Instant::now());
        let answered = self.client.post(&address, &content_type, request.body).await.ok();
        let took = begun.elapsed();
        if trouble.is_some() {
            self.service.lock().await.is_over();
            let said = answered.as_ref().map(|a| (a.status.as_u16(), a.body.len()));
            *self.answer.lock().unwrap() = Some(Answer { said, took });
        }
        let answer = answered.as_ref().map(|a| (a.status.as_u16(), a.body.clone()));
        self.exchanges.lock().unwrap().push(Exchange { step, request: octets, answer });
        answered.map_or(HttpReply::Abort, HttpReply::from)
    }
}

/// The service, the tap, and a client that calls through it.
pub(crate) struct Scene {
    pub(crate) tap: Tap,
    pub(crate) factory: ChannelFactory,
    _folder: tempfile::TempDir,
}

impl Scene {
    pub(crate) async fn new(section: &'static str, negotiate: bool) -> Self {
        Self::of(Binding { section, ..Binding::certificate(negotiate) }).await
    }

    pub(crate) async fn of(binding: Binding) -> Self {
        let extra = r#"openTimeout="00:00:50" sendTimeout="00:00:50""#;
        let binding = Binding { extra, ..binding };
        let folder = stores("alice", "ca", &["service"]);
        let tap = Tap::start(&binding).await;
        let address = format!("http://{}/calc", tap.service().await.address);
        let config = client_config(&binding, folder.path(), &address, "CN=", "localhost");
        let factory = ChannelFactory::from_config(&config, "calc", &CALCULATOR_CONTRACT).unwrap();
        let mut factory = factory.via(tap.address());
        // CloseSequence is repeated after 10 s, as WCF does it.
        factory.endpoint_mut().timeouts.close = TimeSpan::seconds(50);
        Self { tap, factory, _folder: folder }
    }

    /// Keys of its sessions are renewed when they are so old.
    pub(crate) fn renewing_after(mut self, age: TimeSpan) -> Self {
        let security = self.factory.endpoint_mut().security.as_mut().expect("message security");
        let session = security.secure_conversation.as_mut().expect("secure conversation");
        session.local_client_settings.session_key_renewal_interval = age;
        self
    }

    /// Its client gives a silent service up after this time, and asks after half of it.
    pub(crate) fn inactive_after(mut self, time: TimeSpan) -> Self {
        let session = self.factory.endpoint_mut().reliable_session.as_mut().expect("reliable");
        session.inactivity_timeout = time;
        self
    }

    pub(crate) async fn open(&self) -> ClientChannel {
        self.factory.open_channel().await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// How many calls were executed.
    pub(crate) async fn executed(&self) -> u64 {
        let service = self.tap.service().await;
        service.counting.executed.load(std::sync::atomic::Ordering::SeqCst)
    }
}
